"""`python -m tests.bench.engines [CONNECTIONS]`: windows, counts and filters on both engines, over the same fleet.

The fleet is made by the engines themselves, from one statement that both understand. The quickest of some looks, at one
engine and the other by turns, in milliseconds, and how many times PostgreSQL's is SQLite's (DESIGN §10, issue "Acting":
within three). The middle look would tell of the machine's other work instead: a question to a server waits for its turn
on a processor twice, one within the process not at all. The first line is what it costs to ask anything: over a socket
and back, against a call within the process. What reads a row or two cannot be nearer to SQLite than that.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

from backend.model.filters import Filter
from backend.rules.assess import assess
from backend.rules.filters import parse
from backend.store import Store, open_store
from tests.fakes import NOON, HandClock
from tests.postgres import running

LOOKS = 100
MOST = 2.0
"""Seconds after which a query is not looked at again."""
_DAY = 86_400_000
_NUMBERS = "WITH RECURSIVE n(i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < {size})"
_NAME = "'kunde ' || (i * 7919 % 999983) || ' ' || CASE i % 3 WHEN 0 THEN 'aps' WHEN 1 THEN 'cykler' ELSE 'vvs' END"
_BANK = "CASE WHEN i % 5 = 0 THEN 'Danske Bank' WHEN i % 7 = 0 THEN 'Nordea' ELSE 'Sparekasse ' || (i % 37) END"
_BAD = "i % 50 = 0"
_TRIED = "{now} - (i * 7901 % 7200) * 1000 - i % 997"  # hardly two at the same millisecond, as in life

FLEET = (
    f"{_NUMBERS} INSERT INTO customers (agreement, name, email) SELECT '' || (100000 + i), {_NAME}, '' FROM n",
    f"{_NUMBERS} INSERT INTO connections (agreement, provider, bank, customer, name_fold, haystack, said, expires_at,"
    " connected_at, last_fetched, last_attempt_at, last_outcome, status, consent_axis, fetch_axis, transfer_axis,"
    " verdict, severity, situation, pending, queued, next_fetch_at)"
    f" SELECT '' || (100000 + i), 'aiia', {_BANK}, {_NAME}, {_NAME}, {_NAME} || ' ' || (100000 + i) || ' dk' ||"
    f" (5000000000000000 + i), 'valid', {{now}} + (i * 7907 % 180) * {_DAY}, {{now}} - 9 * {_DAY},"
    f" {_TRIED}, {_TRIED}, 'ok', 'AKTIV', 'valid', 'ok', 'idle',"
    f" CASE WHEN {_BAD} THEN 'operator' ELSE 'fine' END, CASE WHEN {_BAD} THEN 0 ELSE 4 END,"
    f" CASE WHEN {_BAD} THEN 'no_rows' END, CASE WHEN i % 10 = 0 THEN 3 ELSE 0 END, 0, {{now}} + i FROM n",
)

FILTERS = (
    *("kunde", "cykler", "777", "sparekasse 3", "bank:danske", "bank:nordea", "expires<14d", "!aps"),
    *("verdict:operator", "is:pending", "pending>2", "/^kunde 1.*vvs/", "cykler bank:danske", "findes-ikke"),
)


def main() -> None:
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder, running(durable=True) as server:
        sys.stderr.write(f"{size:,} connections\n")
        stores = [
            open_store(place, assess=assess, clock=HandClock())
            for place in (Path(folder) / "forny.db", server.url(server.new()))
        ]
        for store in stores:
            began = time.perf_counter()
            _fill(store, size)
            sys.stderr.write(f"{store.about()[0].kind}: {time.perf_counter() - began:.0f} s to make\n")
        sys.stdout.write(f"{'':42}{'SQLite':>10}{'PostgreSQL':>12}{'ratio':>8}\n")
        for name, ask in _questions(size):
            one, other = _quickest(ask, stores)
            sys.stdout.write(f"{name:42}{one:10.3f}{other:12.3f}{other / one:8.2f}\n")
            sys.stdout.flush()
        for store in stores:
            store.close()


def _fill(store: Store, size: int) -> None:
    now = int(NOON.timestamp() * 1000)
    with store.db.write():
        for statement in FLEET:
            store.db.run(statement.format(size=size, now=now))
    store.db.run("VACUUM ANALYZE" if store.db.shared else "ANALYZE")  # as the server does by itself, a little later


def _questions(size: int) -> list[tuple[str, Callable[[Store], object]]]:
    everything = Filter(())
    asked: list[tuple[str, Callable[[Store], object]]] = [("an empty query", lambda store: store.db.value("SELECT 1"))]

    def window(name: str, query: Filter, sort: str, descending: bool, offset: int) -> None:
        asked.append((name, lambda store: store.fleet(query, sort, descending, offset, 50, NOON)))

    for sort in ("customer", "verdict", "expires", "fetched", "pending", "id", "bank"):
        window(f"window by {sort}", everything, sort, False, 0)
        window(f"window by {sort}, descending", everything, sort, True, 0)
    window("window by customer, in the middle", everything, "customer", False, size // 2)
    asked.append(("count of all, the first in a process", lambda store: _anew(store).fleet_count(everything, NOON)))
    asked.append(("count of all, again", lambda store: store.fleet_count(everything, NOON)))
    asked.append(
        ("place of one by customer", lambda store: store.fleet_position("c777", everything, "customer", False, NOON))
    )
    for text in FILTERS:
        query = parse(text, NOON)
        window(f"{text}: window", query, "customer", False, 0)
        asked.append((f"{text}: count", lambda store, query=query: store.fleet_count(query, NOON)))  # type: ignore[misc]
    asked.append(("ids of all, to mark them", lambda store: store.fleet_ids(everything, NOON)))
    asked.append(("one whole connection", lambda store: store.connection("c777", NOON)))
    asked.append(("totals of the status line", lambda store: store.pending_totals(NOON)))
    asked.append(("due to fetch, 500", lambda store: store.due(NOON + timedelta(days=1), 7200, 500)))
    return asked


def _anew(store: Store) -> Store:
    """The same store, for one who has counted nothing yet."""
    return Store(store.db, store.assess, store.clock, stale_after=store.stale_after)


def _quickest(ask: Callable[[Store], object], stores: Sequence[Store]) -> list[float]:
    """Milliseconds of the quickest look at each."""
    taken: list[list[float]] = [[] for _ in stores]
    end = time.perf_counter() + MOST
    while len(taken[0]) < LOOKS and (time.perf_counter() < end or len(taken[0]) < 2):
        for store, times in zip(stores, taken, strict=True):
            began = time.perf_counter()
            ask(store)
            times.append((time.perf_counter() - began) * 1000)
    return [min(times) for times in taken]


if __name__ == "__main__":
    main()

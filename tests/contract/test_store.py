"""The store's contract: one suite for every engine that keeps it (DESIGN §4)."""

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from backend.model.facts import Act, Tokens
from backend.model.filters import EVERYTHING, Compare, Filter, Not, Pattern, Word
from backend.model.plans import ActionState, Plan, PlanItem
from backend.rules.assess import assess
from backend.store import AgentBusy, Store, StoreError, open_store, schema
from backend.store.sqlite import wal_is_safe
from tests.conftest import NewPlace, Place
from tests.fakes import NOON, HandClock, claim, confirm, import_account, record, records


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    opened = open_store(place, assess=assess, clock=HandClock())
    yield opened
    opened.close()


def plan_for(*connections: str, act: Act = Act.SYNC, operator: str = "eva") -> Plan:
    items = tuple(PlanItem(connection=c, agreement_number="", customer="", bank="", fate="run") for c in connections)
    return Plan(act=act, operator=operator, created_at=NOON, items=items)


# -- import ----------------------------------------------------------------------------------------------------


def test_importing_the_same_lines_twice_changes_nothing(store: Store) -> None:
    first = store.import_records(records(range(5)), NOON, "eva")
    audit = store.verify_audit().checked
    second = store.import_records(records(range(5)), NOON, "eva")
    assert (first.added, second.added, second.changed, second.unchanged) == (5, 0, 0, 5)
    assert store.verify_audit().checked == audit


def test_an_old_file_never_brings_back_an_old_token(store: Store) -> None:
    store.import_records([record(1)], NOON, "eva")
    asyncio.run(store.end_refresh(1, Tokens(refresh_token="rotated")))
    store.import_records([record(1, customer="Nyt Navn", fingerprint="other")], NOON, "eva")
    tokens = asyncio.run(store.read(1))
    assert tokens is not None and tokens.refresh_token == "rotated"
    assert store.rows(["c1"], NOON)[0].customer == "Nyt Navn"


def test_a_file_with_another_token_is_taken(store: Store) -> None:
    store.import_records([record(1)], NOON, "eva")
    store.import_records([record(1, refresh_token="brand-new", fingerprint="other")], NOON, "eva")
    tokens = asyncio.run(store.read(1))
    assert tokens is not None and tokens.refresh_token == "brand-new"


def test_export_gives_the_lines_back_without_tokens(store: Store) -> None:
    store.import_records([record(1)], NOON, "eva")
    (line,) = list(store.export())
    assert line["agreement_number"] == "1001" and line["consent_id"] == "consent-1"
    assert line["refresh_token"] is None
    assert line["expires_at"] == "2026-05-01T12:00:00Z"


def test_tokens_are_not_readable_where_they_are_kept(store: Store, tmp_path: Path) -> None:
    store.import_records([record(1, refresh_token="canary-token-value")], NOON, "eva")
    store.close()
    assert not [f for f in tmp_path.iterdir() if f.is_file() and b"canary-token-value" in f.read_bytes()]


def test_a_ledger_account_once_given_releases_the_rows_that_waited(store: Store) -> None:
    store.import_records([record(1, accounts=(import_account(1, None),))], NOON, "eva")
    assert store.connection("c1", NOON).facts.unmapped == 1  # type: ignore[union-attr]
    store.import_records([record(1, fingerprint="mapped")], NOON, "eva")
    view = store.connection("c1", NOON)
    assert view is not None and view.accounts[0].ledger_account == "5820"


# -- reading the fleet -----------------------------------------------------------------------------------------


def ids(store: Store, *terms: object) -> list[str]:
    return store.fleet_ids(Filter(tuple(terms)), NOON)  # type: ignore[arg-type]


def test_filters_find_what_they_say(store: Store) -> None:
    store.import_records(
        [
            record(1, customer="Ærø Færgefart", bank="Danske Bank"),
            record(2, customer="Nordhavn Cykler", expires_at=NOON + timedelta(days=3)),
            record(3, customer="Nordhavn Kaffe", expires_at=None),
        ],
        NOON,
        "eva",
    )
    soon = int((NOON + timedelta(days=14)).timestamp())
    assert ids(store, Word("aeroe")) == ["c1"]
    assert ids(store, Word("nordhavn")) == ["c2", "c3"]
    assert ids(store, Word("nordhavn"), Not(Word("kaffe"))) == ["c2"]
    assert ids(store, Compare("expires", "<", soon)) == ["c2"]
    assert ids(store, Not(Compare("expires", "<", soon))) == ["c3", "c1"]
    assert ids(store, Compare("bank", "=", "danske")) == ["c1"]
    assert ids(store, Pattern("^(nordhavn k|ÆRØ)")) == ["c3", "c1"]
    assert ids(store, Word("'; drop table connections; --")) == []


def test_windows_and_positions_agree_in_every_order(store: Store) -> None:
    store.import_records([record(n, customer=f"Kunde {n % 4}") for n in range(1, 24)], NOON, "eva")
    for sort in ("customer", "expires", "fetched", "verdict", "pending", "bank", "id", "agreement"):
        for descending in (False, True):
            whole = store.fleet(EVERYTHING, sort, descending, 0, 99, NOON)
            parts = [r for at in range(0, 23, 5) for r in store.fleet(EVERYTHING, sort, descending, at, 5, NOON)]
            assert [r.id for r in parts] == [r.id for r in whole]
            for place in (0, 7, 22):
                assert store.fleet_position(whole[place].id, EVERYTHING, sort, descending, NOON) == place
                assert store.fleet(EVERYTHING, sort, descending, place, 3, NOON) == whole[place : place + 3]
            assert store.fleet_count(EVERYTHING, NOON) == 23, "from here on the second half is read from its end"
            assert store.fleet(EVERYTHING, sort, descending, 0, 99, NOON) == whole
            assert store.fleet(EVERYTHING, sort, descending, 23, 5, NOON) == []
            assert store.fleet(EVERYTHING, sort, descending, 99, 5, NOON) == []


def test_the_count_of_all_follows_what_comes_and_what_is_undone(store: Store) -> None:
    store.import_records(records(range(3)), NOON, "eva")
    assert store.fleet_count(EVERYTHING, NOON) == 3
    with pytest.raises(ZeroDivisionError), store.db.write():
        store.import_records(records(range(3, 5)), NOON, "eva")
        assert store.fleet_count(EVERYTHING, NOON) == 5
        raise ZeroDivisionError
    store.import_records(records(range(5, 9)), NOON, "eva")
    assert store.fleet_count(EVERYTHING, NOON) == 7
    with store.db.write():
        store.db.run(
            "INSERT INTO connections (agreement, provider, customer, name_fold) SELECT agreement, 'aiia', name, name"
            " FROM customers LIMIT 1"
        )
    assert store.fleet_count(EVERYTHING, NOON) == 8
    with store.db.write():
        store.db.run("DELETE FROM connections WHERE id = (SELECT max(id) FROM connections)")
    assert store.fleet_count(EVERYTHING, NOON) == 7, "as after a restore, or a standby that was behind"


def test_a_negative_window_reads_nothing(store: Store) -> None:
    store.import_records(records(range(3)), NOON, "eva")
    assert store.fleet(EVERYTHING, "customer", False, -5, -3, NOON) == []


def test_time_alone_moves_a_connection_in_filters_and_rows(store: Store) -> None:
    store.import_records([record(1, expires_at=NOON + timedelta(days=30))], NOON, "eva")
    expired = Filter((Compare("consent", "=", "expired"),))
    assert store.fleet_ids(expired, NOON) == []
    later = NOON + timedelta(days=31)
    assert store.rows(["c1"], later)[0].consent == "expired"
    assert store.fleet_ids(expired, later) == ["c1"]


def test_references_are_ids_or_agreement_numbers(store: Store) -> None:
    store.import_records([record(1), record(2, agreement_number="1001", consent_id="second")], NOON, "eva")
    assert store.resolve("c2") == ["c2"]
    assert store.resolve("1001") == ["c1", "c2"]
    assert store.resolve("nobody") == store.resolve("c99") == store.resolve("c") == store.resolve("c²") == []


# -- the journal -----------------------------------------------------------------------------------------------


def test_one_live_act_per_connection_and_the_other_operator_is_told_who(store: Store) -> None:
    store.import_records(records(range(2)), NOON, "eva")
    first = confirm(store, plan_for("c1"), "host-a")
    second = confirm(store, plan_for("c1", "c2", operator="ole"), "host-b")
    assert [action.connection for action in first.actions] == ["c1"]
    assert [action.connection for action in second.actions] == ["c2"]
    ((blocked, why),) = second.refused
    assert blocked == "c1" and why.startswith("in_work:sync:eva:2026-03-02T12:00")


def test_an_act_keeps_its_key_and_is_told_before_and_after(store: Store) -> None:
    store.import_records(records(range(1)), NOON, "eva")
    (intent,) = confirm(store, plan_for("c1"), "h").actions
    (claimed,) = claim(store, NOON)
    assert claimed.key == intent.key and claim(store, NOON) == []
    assert store.mark_sent(claimed.id, NOON)
    store.settle_action(claimed.id, ActionState.DONE, NOON, result={"new_postings": "3"})
    assert not store.mark_sent(claimed.id, NOON)
    view = store.plan(intent.plan)
    assert view is not None and view.settled and view.actions[0].result == {"new_postings": "3"}
    kinds = [event.kind for event in store.events(0, 99, "c1")]
    assert kinds.index("sync.intent") < kinds.index("sync.sent") < kinds.index("sync.done")


_CLAIM_AND_DIE = """
import os, sys
from pathlib import Path
from backend.rules.assess import assess
from backend.store import open_store
from tests.fakes import NOON, HandClock, claim, place_of
store = open_store(place_of(sys.argv[1]), assess=assess, clock=HandClock())
action = claim(store, NOON)[0]
if sys.argv[2] == "sent":
    assert store.mark_sent(action.id, NOON)
print(action.id, flush=True)
if sys.argv[2] == "live":
    sys.stdin.read()
os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize(("died", "state"), [("intent", ActionState.INTENT), ("sent", ActionState.UNKNOWN)])
def test_what_a_killed_process_left_is_taken_over(place: Place, store: Store, died: str, state: ActionState) -> None:
    store.import_records(records(range(1)), NOON, "eva")
    (intent,) = confirm(store, plan_for("c1"), "h").actions
    killed = subprocess.run([sys.executable, "-c", _CLAIM_AND_DIE, str(place), died], capture_output=True)
    assert killed.returncode == -9, killed.stderr
    (taken,) = claim(store, NOON)
    assert (taken.id, taken.state, taken.key) == (intent.id, state, intent.key)


def test_work_of_a_living_process_is_left_to_it(place: Place, store: Store) -> None:
    store.import_records(records(range(1)), NOON, "eva")
    confirm(store, plan_for("c1"), "h")
    with subprocess.Popen(
        [sys.executable, "-c", _CLAIM_AND_DIE, str(place), "live"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout is not None and other.stdin is not None
        other.stdout.readline()
        assert claim(store, NOON) == []
        other.stdin.close()
        other.wait()
    assert len(claim(store, NOON)) == 1


def test_only_one_process_is_the_agent(place: Place, store: Store) -> None:
    other = open_store(place, assess=assess, clock=HandClock())
    with store.become_agent("agent"):
        with pytest.raises(AgentBusy) as busy, other.become_agent("once"):
            pass
        assert busy.value.status is not None and busy.value.status.pid == os.getpid() and busy.value.status.alive
    status = other.agent_status()
    assert status is not None and not status.alive
    with other.become_agent("once"):
        assert store.agent_status().kind == "once"  # type: ignore[union-attr]
    other.close()


# -- tokens ----------------------------------------------------------------------------------------------------


def test_a_refresh_that_was_cut_off_is_asked_again_under_the_same_id(store: Store) -> None:
    store.import_records(records([1]), NOON, "eva")
    assert asyncio.run(store.begin_refresh(1, "refresh-1", "first")) == "first"
    assert asyncio.run(store.begin_refresh(1, "refresh-1", "second")) == "first"
    asyncio.run(store.end_refresh(1, Tokens(refresh_token="rotated")))
    assert asyncio.run(store.begin_refresh(1, "refresh-1", "third")) is None, "somebody has spent it already"
    assert asyncio.run(store.begin_refresh(1, "rotated", "fourth")) == "fourth"


def test_tokens_sealed_with_another_key_say_so(place: Place, store: Store) -> None:
    store.import_records(records([1]), NOON, "eva")
    store.close()
    store.db.key_file.unlink()
    again = open_store(place, key=b"A" * 43 + b"=", assess=assess, clock=HandClock())
    with pytest.raises(StoreError, match="another key"):
        asyncio.run(again.read(1))
    again.close()


# -- the file --------------------------------------------------------------------------------------------------


def test_the_file_and_its_key_are_private(store: Store) -> None:
    store.import_records(records([1]), NOON, "eva")
    for path in filter(Path.exists, (Path(store.db.name), store.db.key_file)):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_store_of_a_newer_program_is_left_alone(new_place: NewPlace) -> None:
    place = new_place(bare=True)
    store = open_store(place, assess=assess, clock=HandClock())
    store.db.migrate([*schema.MIGRATIONS, ("later", "CREATE TABLE later (one INTEGER);\n")])
    store.close()
    with pytest.raises(StoreError, match="newer forny"):
        open_store(place, assess=assess, clock=HandClock())


def test_a_file_that_is_no_store_is_left_alone(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("these are my notes, not a database, and they are long enough to look like one\n" * 40)
    with pytest.raises(StoreError, match="damaged or not a store"):
        open_store(text, assess=assess, clock=HandClock())
    assert text.read_text().startswith("these are my notes")
    foreign = tmp_path / "other.db"
    connection = sqlite3.connect(foreign)
    connection.execute("CREATE TABLE recipes (name)")
    connection.close()
    with pytest.raises(StoreError, match="some other program"):
        open_store(foreign, assess=assess, clock=HandClock())


@pytest.mark.parametrize(
    ("version", "safe"),
    [
        ((3, 40, 1), False),
        ((3, 51, 2), False),
        ((3, 51, 3), True),
        ((3, 53, 4), True),
        ((3, 50, 7), True),
        ((3, 44, 5), False),
    ],
)
def test_wal_is_used_only_without_the_known_bug(version: tuple[int, int, int], safe: bool) -> None:
    assert wal_is_safe(version) is safe


def test_two_processes_can_make_the_same_store_at_once(new_place: NewPlace) -> None:
    path = new_place(bare=True)
    script = (
        "import sys; from backend.rules.assess import assess\n"
        "from backend.store import open_store; from tests.fakes import *\n"
        "s = open_store(place_of(sys.argv[1]), assess=assess, clock=HandClock())\n"
        "s.import_records(records(range(int(sys.argv[2]), int(sys.argv[2]) + 50)), NOON, 'x'); s.close()\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", script, str(path), str(n * 50)]) for n in range(3)]
    assert [process.wait() for process in running] == [0, 0, 0]
    store = open_store(path, assess=assess, clock=HandClock())
    assert store.fleet_count(EVERYTHING, NOON) == 150
    assert store.verify_audit().whole
    store.close()


# -- group commit ----------------------------------------------------------------------------------------------


def test_writes_that_wait_together_succeed_and_fail_alone(store: Store) -> None:
    store.import_records(records(range(2)), NOON, "eva")

    def bad() -> None:
        store.say("lost", None, {}, NOON)
        raise RuntimeError("this one fails")

    before = store.verify_audit().checked
    good = [store.enqueue(lambda: store.say("kept", None, {}, NOON)) for _ in range(20)]
    broken = store.enqueue(bad)
    more = [store.enqueue(lambda: store.say("kept", None, {}, NOON)) for _ in range(20)]
    with pytest.raises(RuntimeError):
        broken.result()
    for future in (*good, *more):
        future.result()
    kinds = [event.kind for event in store.events(0, 999)]
    assert kinds.count("kept") == 40 and "lost" not in kinds
    assert store.verify_audit().checked == before + 40


def test_things_that_wait_for_the_same_work_are_given_to_it_together_and_fail_alone(store: Store) -> None:
    held, given = threading.Event(), list[Sequence[int]]()

    def double(numbers: Sequence[int]) -> list[int]:
        given.append(numbers)
        for number in numbers:
            store.say("lost" if 3 in numbers else "kept", None, {"number": number}, NOON)
        if 3 in numbers:
            raise RuntimeError("no threes")
        return [2 * number for number in numbers]

    store.enqueue(held.wait)
    futures = [store.db.enqueue_among(double, number) for number in range(5)]
    held.set()
    assert [future.exception() is None for future in futures] == [True, True, True, False, True]
    assert [future.result() for future in futures if future.exception() is None] == [0, 2, 4, 8]
    assert given == [[0, 1, 2, 3, 4], [0], [1], [2], [3], [4]]
    assert [event.data["number"] for event in store.events(0, 99) if event.kind in ("kept", "lost")] == [0, 1, 2, 4]


def test_a_loop_hears_of_each_of_its_writes_and_of_none_that_it_gave_up(store: Store) -> None:
    async def go() -> None:
        held = threading.Event()
        store.enqueue(held.wait)
        given_up = asyncio.create_task(store.soon(lambda: store.say("lost", None, {}, NOON)))
        waiting = [asyncio.create_task(store.soon(lambda number=number: number)) for number in range(3)]  # type: ignore[misc]
        broken = asyncio.create_task(store.soon(lambda: store.email("c9999" * 9)[0]))
        await asyncio.sleep(0)
        given_up.cancel()
        await asyncio.sleep(0)
        held.set()
        assert await asyncio.gather(*waiting) == [0, 1, 2]
        with pytest.raises(IndexError):
            await broken
        assert given_up.cancelled() and not [event for event in store.events(0, 99) if event.kind == "lost"]

    asyncio.run(go())

"""The audit log: lines that are only ever added, each chained to the one before, and the seals upon them.

The database refuses to change or delete a line (triggers), the chain shows who got around that, and the seals and the
anchor outside show who wrote the chain anew (`backend.model.audit`).
"""

import base64
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from backend.model.audit import (
    AGENT,
    EVERY_EVENT,
    GENESIS,
    AuditReport,
    Damage,
    EventFilter,
    Finding,
    Witness,
    chain,
    seal,
    verify,
)
from backend.model.facts import Event
from backend.store.codec import at, ms, number, public
from backend.store.engine import Engine, StoreError

_BATCH = 5_000
"""Lines of one read while the whole log is gone through."""

SEAL_LINES = 1_000
SEAL_AFTER = timedelta(minutes=5)
"""A seal is due when so many lines have come since the last one, or when so much time has passed since."""

_COLUMNS = "seq, at, kind, connection, operator, host, data, prev, hash"

Entry = tuple[str, int | None, dict[str, Any]]
"""Kind, connection and data of a line."""


class AuditLog:
    """Base of `Tables`. `operator`, `host` and `terminal` are of this process: who acts here, and from where.

    While the process is the agent it also writes what others have asked for: then its own terminal says nothing.
    `key` gives the tokens' key, of which the key of the seals is derived.
    """

    key: Callable[[], bytes]

    def __init__(self, engine: Engine) -> None:
        self.db = engine
        self.operator = ""
        self.host = ""
        self.terminal = ""

    # -- writing -----------------------------------------------------------------------------------------------

    def log(
        self,
        kind: str,
        connection: int | None,
        data: dict[str, Any],
        now: datetime,
        *,
        operator: str | None = None,
        host: str | None = None,
    ) -> None:
        """Append one line to the chain, in the transaction of what it tells of (law 10).

        `operator` is who asked for it, at `host` (None: this one); without one the program did or saw it by itself.
        """
        self.log_many([(kind, connection, data)], now, operator=operator, host=host)

    def log_many(
        self, entries: Iterable[Entry], now: datetime, *, operator: str | None = None, host: str | None = None
    ) -> None:
        """The same for many lines of one operator at once, in their order."""
        who, where = operator or AGENT, host or self.host
        here = bool(operator) and operator == self.operator and where == self.host and self.db.acting is None
        last = self.db.row("SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1")
        seq, prev = (last["seq"], last["hash"]) if last else (0, GENESIS)
        origin = {"terminal": self.terminal} if here and self.terminal else {}
        if operator and self.db.login and self.db.acting is None:
            origin["login"] = self.db.login
        rows = []
        for kind, connection, data in entries:
            seq += 1
            text = json.dumps(data | origin, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
            line = (seq, ms(now), kind, connection, who, where, text)
            rows.append((*line, prev, prev := chain(prev, line)))
        self.db.many(f"INSERT INTO events ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def say(self, kind: str, connection: str | None, data: dict[str, object], now: datetime) -> None:
        with self.db.write():
            self.log(kind, None if connection is None else number(connection), data, now)

    def seal_audit(self, now: datetime, *, at_once: bool = False) -> Witness | None:
        """Seal the last line when a seal is due, or `at_once` when any line came since; gives the new seal."""
        with self.db.write():
            last = self.db.row("SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1")
            if last is None:
                return None
            # One beyond the last line is none of ours: it would keep us from sealing until the log has got there.
            before = self.db.row(
                "SELECT seq, at FROM checkpoints WHERE seq <= ? ORDER BY seq DESC LIMIT 1", (last["seq"],)
            )
            if before is not None and before["seq"] == last["seq"]:
                return None
            new = last["seq"] - (before["seq"] if before else 0)
            young = before is not None and at(before["at"]) + SEAL_AFTER > now
            if young and new < SEAL_LINES and not at_once:
                return None
            moment = at(ms(now) or 0)
            made = Witness(last["seq"], moment, last["hash"], seal(self.audit_key(), last["seq"], moment, last["hash"]))
            self.db.run(
                "INSERT INTO checkpoints (seq, at, hash, seal) VALUES (?, ?, ?, ?)",
                (made.seq, ms(made.at), made.hash, made.seal),
            )
        return made

    def audit_key(self) -> bytes:
        """The tokens' key, as bytes: the key of the seals comes from it (`backend.model.audit.seal`)."""
        return key_bytes(self.key())

    # -- reading -----------------------------------------------------------------------------------------------

    def events(
        self,
        after: int,
        limit: int,
        connection: str | None = None,
        *,
        newest_first: bool = False,
        only: EventFilter = EVERY_EVENT,
    ) -> list[Event]:
        """Lines after a sequence number, in their order; with `newest_first` the last ones, backwards."""
        condition, values = _where(only)
        if connection is not None:
            condition, values = f"{condition} AND connection = ?", [*values, number(connection)]
        order = "DESC" if newest_first else "ASC"
        rows = self.db.rows(
            f"SELECT {_COLUMNS} FROM events WHERE seq > ? {condition} ORDER BY seq {order} LIMIT ?",
            (after, *values, limit),
        )
        return list(map(event_of, rows))

    def audit_head(self) -> int:
        """The number of the last line; 0 when there is none."""
        return int(self.db.value("SELECT COALESCE(MAX(seq), 0) FROM events"))

    def audit_rows(self, head: int) -> Iterator[list[Sequence[Any]]]:
        """All lines up to `head` as they stand (seq, ms, kind, connection, operator, host, data, prev, hash), in
        batches that are small beside the whole."""
        after = 0
        while rows := self.db.rows(
            f"SELECT {_COLUMNS} FROM events WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT {_BATCH}", (after, head)
        ):
            yield rows
            after = rows[-1]["seq"]

    def audit_seals(self, head: int | None = None) -> list[Witness]:
        """The seals on lines up to `head`, or all."""
        rows = self.db.rows("SELECT seq, at, hash, seal FROM checkpoints ORDER BY seq")
        return [_witness(row) for row in rows if head is None or row["seq"] <= head]

    def same_login(self, plan: int) -> bool:
        """Whether this plan's approval was asked for by the login that this process has (`ports.Door`)."""
        if not self.db.login:
            return False
        asked = self.events(0, 1, newest_first=True, only=EventFilter(kind="plan.approval_asked", plan=plan))
        return bool(asked) and asked[0].data.get("login") == self.db.login

    def last_seal(self) -> Witness | None:
        """The last seal on a line that is there."""
        row = self.db.row(
            "SELECT seq, at, hash, seal FROM checkpoints WHERE seq <= ? ORDER BY seq DESC LIMIT 1", (self.audit_head(),)
        )
        return row and _witness(row)

    def seal_stands(self, known: Witness) -> bool:
        """Whether a line and the seal on it still are what somebody remembers of them."""
        line = self.db.value("SELECT hash FROM events WHERE seq = ?", (known.seq,))
        kept = self.db.row("SELECT seq, at, hash, seal FROM checkpoints WHERE seq = ?", (known.seq,))
        return bool(line == known.hash and kept is not None and _witness(kept) == known)

    def verify_audit(
        self, anchors: Sequence[Witness] = (), progress: Callable[[int], None] = lambda checked: None
    ) -> AuditReport:
        """Check chain and seals, and the lines that `anchors` vouch for; `progress` hears how many lines were checked.

        What is added meanwhile is left to the next check.
        """
        seals = self.audit_seals()  # before the last line is looked up: it is never behind a seal, unless cut off
        head = self.audit_head()
        report = verify(self.audit_rows(head), seals, self.audit_key(), anchors=anchors, progress=progress)
        if not report.checked and report.whole and self.db.value("SELECT id FROM connections LIMIT 1"):
            return replace(report, findings=(Finding(Damage.DELETED, 1, 1),))  # a connection has left a line
        return report


def event_of(row: Any) -> Event:
    """A row of `events`."""
    return Event(
        seq=row["seq"],
        at=instant(row["at"]),
        kind=row["kind"],
        connection=None if row["connection"] is None else public(row["connection"]),
        operator=row["operator"],
        host=row["host"],
        data=_data(row["data"]),
        hash=row["hash"],
    )


def _witness(row: Any) -> Witness:
    return Witness(row["seq"], instant(row["at"]), str(row["hash"]), str(row["seal"]))


def instant(milliseconds: Any) -> datetime:
    """The time of a line or seal; 1970 where somebody has put what is no time, so that it can still be looked at."""
    try:
        return at(milliseconds)
    except (TypeError, ValueError, OverflowError, OSError):
        return at(0)


def key_bytes(text: bytes) -> bytes:
    """The tokens' key as its file or setting has it, decoded. Raises StoreError."""
    try:
        return base64.urlsafe_b64decode(text.strip())
    except ValueError as error:
        raise StoreError("The token key is not 32 bytes in base64. Check token_key.") from error


def _where(only: EventFilter) -> tuple[str, list[Any]]:
    """The conditions, each after an AND, and their values."""
    conditions: list[tuple[str, list[Any]]] = []
    if only.operator:
        begin, end = f"{only.operator} (", f"({only.operator})"  # not LIKE: the engines' own differ in capital letters
        ends = "substr(operator, length(operator) - ? + 1, ?) = ?"
        either = f"(operator = ? OR substr(operator, 1, ?) = ? OR {ends})"
        conditions.append((either, [only.operator, len(begin), begin, len(end), len(end), end]))
    if only.kind:
        conditions.append(("(kind = ? OR substr(kind, 1, ?) = ?)", [only.kind, len(only.kind) + 1, f"{only.kind}."]))
    if only.plan is not None:
        conditions.append(("(data LIKE ? OR data LIKE ?)", [f'%"plan":{only.plan},%', f'%"plan":{only.plan}}}%']))
    if only.since is not None:
        conditions.append(("at >= ?", [ms(only.since)]))
    if only.until is not None:
        conditions.append(("at < ?", [ms(only.until)]))
    if only.before is not None:
        conditions.append(("seq < ?", [only.before]))
    return "".join(f" AND {one}" for one, _ in conditions), [value for _, values in conditions for value in values]


def _data(text: str) -> dict[str, object]:
    """A line's data; of a line that was tampered with whatever stands there."""
    try:
        found = json.loads(text)
    except ValueError:
        return {"?": text}
    return found if isinstance(found, dict) else {"?": found}

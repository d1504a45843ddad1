"""The fleet as it was known at an earlier moment, over the same tables: every list, filter and screen works on it.

What changes in place (connections, open cases, membership of incidents) is rebuilt from the log of facts into a few
private tables, and judged as of that moment. What is only ever added (attempts, postings, events, ...) is read from the
store itself through views that end at the moment. Nothing can be written through either.

Where no log tells better, what stands today is shown: customers' addresses, an account's name and ledger account, why
a row was held, and how often a problem was seen. Tokens are not there at all.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from backend.model.handover import HandoverFacts
from backend.model.text import fold, searchable
from backend.model.views import AgentStatus
from backend.store import Store
from backend.store.causes import judged
from backend.store.codec import at as instant
from backend.store.codec import facts_of, ms, number
from backend.store.engine import Aside
from backend.store.history import known

OWN = ("connections", "cases", "incidents")
"""Tables that are rebuilt; the others are views."""

_NEVER = ("tokens", "spent", "gates")

_RUNNING = (
    "coalesce((SELECT substr(e.kind, instr(e.kind, '.') + 1) FROM live.events e WHERE e.connection = t.connection"
    " AND e.kind LIKE t.act || '.%' AND e.data ->> 'plan' = CAST(t.plan AS TEXT) AND e.at <= :at"
    " ORDER BY e.seq DESC LIMIT 1),"
    " CASE WHEN t.state = 'refused' AND t.finished_at IS NULL THEN 'refused' ELSE 'planned' END)"
)
"""How an act that ended later, or never, stood then, by the audit log.

Whatever began has a line there from its intent on: what has none was only shown, or refused before it could begin.
"""


def _last(then: str, kinds: str, of: str = "problem") -> str:
    """`then` of the last event of these kinds that the audit log has of a problem, or of its cause, at the moment."""
    return (
        f"(SELECT {then} FROM live.events e WHERE e.connection = t.connection AND e.kind IN ({kinds})"
        f" AND e.data ->> '{of}' = CAST(t.{'id' if of == 'problem' else of} AS TEXT) AND e.at <= :at"
        " ORDER BY e.seq DESC LIMIT 1)"
    )


def _handled(now: str, then: str, kinds: str, of: str = "problem", default: str = "NULL") -> str:
    """What operators had made of a problem: as it stands if nothing happened since, else by the audit log."""
    since = f"{kinds}, 'problem.closed'"
    return (
        f"CASE WHEN EXISTS (SELECT 1 FROM live.events e WHERE e.connection = t.connection AND e.kind IN ({since})"
        f" AND e.data ->> 'problem' = CAST(t.id AS TEXT) AND e.at > :at)"
        f" THEN coalesce({_last(then, kinds, of)}, {default}) ELSE {now} END"
    )


_MUTES = "'problem.muted', 'problem.unmuted', 'problem.worse'"
_SNOOZES = "'problem.snoozed', 'problem.woken'"
_JOINED = "JOIN main.connections c ON c.id = t.connection"

_ASKED = "t.approved_at > :at"
"""A plan was to be approved, and nobody had done so yet: it was asked for about when it was kept."""

VIEWS: dict[str, tuple[str, str, dict[str, str]]] = {
    "customers": ("", "agreement IN (SELECT agreement FROM main.connections)", {}),
    "accounts": (
        _JOINED,
        "(SELECT count(*) FROM live.accounts b WHERE b.connection = t.connection AND b.id <= t.id) <= c.accounts",
        {
            "orphaned": "iif(c.orphaned = 0, 0, t.orphaned)",
            "last_fetched": "min(t.last_fetched, coalesce(c.last_fetched, 0))",
            "last_synchronized": "iif(t.last_synchronized > :at, c.last_synchronized, t.last_synchronized)",
            "booked_balance": "iif(t.last_synchronized > :at, NULL, t.booked_balance)",
            "ledger_account": "iif(c.unmapped >= c.accounts - c.orphaned, NULL, t.ledger_account)",
        },
    ),
    "postings": (
        "",
        "t.fetched_at <= :at",
        {
            "state": "CASE WHEN t.decided_at > :at THEN 'held' WHEN t.acknowledged_at > :at THEN 'queued'"
            " ELSE t.state END",
            "acknowledged_at": "iif(t.acknowledged_at > :at, NULL, t.acknowledged_at)",
            "change": "iif(t.changed_at > :at, NULL, t.change)",
            "changed_at": "iif(t.changed_at > :at, NULL, t.changed_at)",
            "decided_at": "iif(t.decided_at > :at, NULL, t.decided_at)",
            "decided_by": "iif(t.decided_at > :at, NULL, t.decided_by)",
        },
    ),
    "attempts": ("", "t.ended_at <= :at", {}),
    "events": ("", "t.at <= :at", {}),
    "checkpoints": ("", "t.at <= :at", {}),
    "history": ("", "t.at <= :at", {}),
    "notes": ("", "t.at <= :at", {}),
    "plans": (
        "",
        "t.created_at <= :at",
        {
            "state": f"CASE WHEN t.ended_at <= :at THEN t.state WHEN {_ASKED} THEN 'approval'"
            " WHEN t.run_at IS NULL OR t.run_at > :at THEN 'draft' WHEN t.ended_at IS NULL THEN t.state"
            " ELSE 'running' END",
            "note": "iif(t.run_at <= :at AND (t.ended_at IS NULL OR t.ended_at <= :at), t.note, '')",
            "run_at": f"CASE WHEN {_ASKED} THEN t.created_at WHEN t.run_at <= :at THEN t.run_at END",
            "run_by": f"iif(t.run_at <= :at OR {_ASKED}, t.run_by, '')",
            "run_host": f"iif(t.run_at <= :at OR {_ASKED}, t.run_host, '')",
            "approved_by": "iif(t.approved_at > :at, '', t.approved_by)",
            "approved_at": "iif(t.approved_at > :at, NULL, t.approved_at)",
            "ended_at": "iif(t.ended_at > :at, NULL, t.ended_at)",
        },
    ),
    "actions": (
        "",
        "t.created_at <= :at",
        {
            "state": f"iif(t.finished_at IS NULL OR t.finished_at > :at, {_RUNNING}, t.state)",
            "reason": "iif(t.finished_at > :at, '', t.reason)",
            "result": "iif(t.finished_at > :at, '{}', t.result)",
            "sent_at": "iif(t.sent_at > :at, NULL, t.sent_at)",
            "finished_at": "iif(t.finished_at > :at, NULL, t.finished_at)",
        },
    ),
    "consents": (
        "",
        "coalesce(t.granted_at, 0) <= :at",
        {
            "state": "iif(t.ended_at > :at, 'live', t.state)",
            "ended_at": "iif(t.ended_at > :at, NULL, t.ended_at)",
        },
    ),
    "problems": (
        "",
        "t.opened_at <= :at",
        {
            # One that comes back soon is the same again, and was closed in between.
            "closed_at": "iif(t.closed_at <= :at, t.closed_at, "
            + _last("iif(e.kind = 'problem.closed', e.at, NULL)", "'problem.opened', 'problem.closed'")
            + ")",
            "last_at": "iif(t.last_at <= :at, t.last_at, coalesce((SELECT max(a.ended_at) FROM live.attempts a WHERE"
            " a.connection = t.connection AND a.ended_at BETWEEN t.opened_at AND :at AND a.outcome <> 'ok'),"
            " t.opened_at))",
            # A mute outlives its problem: the next one of the same cause inherits it.
            "muted_by": _handled("t.muted_by", "iif(e.kind = 'problem.muted', e.operator, NULL)", _MUTES, "cause"),
            "snoozed_until": _handled("t.snoozed_until", "unixepoch(e.data ->> 'until') * 1000", _SNOOZES),
            "snoozed_for": _handled("t.snoozed_for", "e.data ->> 'condition'", _SNOOZES, default="''"),
            "snoozed_mark": _handled("t.snoozed_mark", "e.data ->> 'mark'", _SNOOZES, default="''"),
            "snoozed_by": _handled("t.snoozed_by", "e.operator", _SNOOZES),
            "assigned_to": _handled("t.assigned_to", "nullif(e.data ->> 'to', '')", "'problem.assigned'"),
        },
    ),
    "webhooks": (
        "",
        "t.received_at <= :at",
        {
            "applied_at": "iif(t.applied_at > :at, NULL, t.applied_at)",
            "effect": "iif(t.applied_at > :at, '', t.effect)",
        },
    ),
    "reminders": ("", "t.created_at <= :at", {"settled_at": "iif(t.settled_at > :at, NULL, t.settled_at)"}),
    "deliveries": ("", "t.created_at <= :at", {"settled_at": "iif(t.settled_at > :at, NULL, t.settled_at)"}),
    "bank_words": ("", "t.since <= :at", {}),
}
"""For a table `t` of the store: what it is joined with, which of its rows were there, and what its columns were.

`:at` stands for the moment. A table without an entry is shown as it is.
"""


class Past(Store):
    """What `past` gives; `at` is its moment, which a caller's `now` should be too."""

    at: datetime
    live: Store
    db: Aside

    def catch_up(self, now: datetime, limit: int = 1000) -> int:
        """Everything was judged as of the moment already."""
        return 0

    def agent_status(self) -> AgentStatus | None:
        return self.live.agent_status()

    def handover(self, since: datetime | None, now: datetime) -> HandoverFacts:
        """As it would have been written then; whether an agent ran at that moment is not known."""
        return replace(super().handover(since, now), past=True)


def past(store: Store, at: datetime, connections: Sequence[str] | None = None) -> Past:
    """The fleet (or only these connections) as `store` knew it at `at`. Close it to remove what is rebuilt.

    A connection of which nothing was known yet is not there. Reads the log only: nothing in `store` changes.
    """
    db, moment = store.db.aside(), ms(at) or 0
    try:
        with db.write():
            _fill(db, store, moment, connections)
        db.seal(
            _views(db, moment),
            f"This is the fleet as it was known at {at:%Y-%m-%d %H:%M} UTC: nothing can be changed there. "
            "Nothing was written. Leave out --at to act.",
        )
    except BaseException:
        db.close()
        raise
    found = Past(db, store.assess, store.clock, stale_after=store.stale_after)
    found.at, found.live = at, store
    found.operator, found.host, found.silence_after = store.operator, store.host, store.silence_after
    found.key = store.key
    return found


def _fill(db: Aside, store: Store, at: int, connections: Sequence[str] | None) -> None:
    db.copy(OWN)
    db.run(f"INSERT INTO {db.own}.incidents SELECT * FROM {db.live}.incidents WHERE opened_at <= ?", (at,))
    _forget(db, "incidents", ("closed_at", "canary_at"), at)
    db.run(f"INSERT INTO {db.own}.cases SELECT * FROM {db.live}.cases WHERE created_at <= ?", (at,))
    _forget(db, "cases", ("opened_at", "sent_at", "authorised_at", "accepted_at", "closed_at"), at)
    _Rebuild(db, store, at).all(connections)


def _forget(db: Aside, table: str, moments: Sequence[str], at: int) -> None:
    """What happened after the moment had not happened."""
    db.run(
        f"UPDATE {db.own}.{table} SET "
        + ", ".join(f"{name} = CASE WHEN {name} <= ?1 THEN {name} END" for name in moments),
        (at,),
    )


class _Rebuild:
    """Puts connections into the private tables, with their cases and incidents, judged as of the moment."""

    def __init__(self, db: Aside, store: Store, at: int) -> None:
        self._db, self._store, self._at = db, store, at
        self._incidents = db.rows(f"SELECT id, scope, key, opened_at FROM {db.own}.incidents")
        self._columns = db.columns("connections")

    def all(self, connections: Sequence[str] | None) -> None:
        only = "" if connections is None else f"AND c.id IN ({','.join('?' * len(connections))})"
        values = () if connections is None else tuple(map(number, connections))
        last = -1
        live, own = self._db.live, self._db.own
        while rows := self._db.rows(
            "SELECT c.*,"
            f" (SELECT facts FROM {live}.history h WHERE h.connection = c.id AND h.at <= ?1 AND h.whole = 1"
            "   ORDER BY h.at DESC, h.seq DESC LIMIT 1) AS whole_row,"
            f" (SELECT h.at || ' ' || facts FROM {live}.history h WHERE h.connection = c.id AND h.at <= ?1"
            "   ORDER BY h.at DESC, h.seq DESC LIMIT 1) AS newest_row"
            f" FROM {live}.connections c WHERE c.id > ?2 {only} ORDER BY c.id LIMIT 2000",
            (self._at, last, *values),
        ):
            last = rows[-1]["id"]
            marks = ",".join("?" * len(self._columns))
            self._db.many(
                f"INSERT INTO {own}.connections ({','.join(self._columns)}) VALUES ({marks})",
                [self._row(row) for row in rows if row["whole_row"] is not None],
            )

    def _row(self, row: Any) -> list[Any]:
        moved_at, _, moved = row["newest_row"].partition(" ")
        then = known(row["whole_row"], int(moved_at), moved)
        found = self._store.assess(facts_of(then, self._store.stale_after), instant(self._at))
        values: dict[str, Any] = {name: row[name] for name in self._columns}
        values |= {name: then[name] for name in then if name in values}
        if then["customer"] != row["customer"]:
            values["name_fold"] = fold(then["customer"])
            values["haystack"] = f"{row['haystack']} {searchable(then['customer'])}"
        values |= {
            "pending": then["queued"] + then["held"] + then["rejected"],
            "open_case": self._case(row["id"], then),
            "incident": self._incident(row, then),
            **judged(found),
            "running_since": None,
        }
        return list(values.values())

    def _case(self, connection: int, then: dict[str, Any]) -> int | None:
        """The case that was open then, brought back to the stage that it had."""
        if then["case_stage"] is None:
            return None
        own = self._db.own
        case: int | None = self._db.value(
            f"UPDATE {own}.cases SET stage = ?, note = ? WHERE id = (SELECT id FROM {own}.cases WHERE connection = ?"
            " AND created_at = ? ORDER BY id DESC LIMIT 1) RETURNING id",
            (then["case_stage"], then["case_note"] or "", connection, then["case_opened_at"]),
        )
        return case

    def _incident(self, row: Any, then: dict[str, Any]) -> int | None:
        if then["incident_scope"] is None:
            return None
        same = [
            incident
            for incident in self._incidents
            if (incident["scope"], incident["opened_at"]) == (then["incident_scope"], then["incident_since"])
        ]
        mine = (incident for incident in same if incident["key"] in (then["bank"], row["provider"]))
        found = next(mine, same[0] if same else None)
        return None if found is None else found["id"]


def _views(db: Aside, at: int) -> dict[str, str]:
    """The queries that show the other tables as they were; `at` is a number, so that it may stand in them."""
    made = {}
    for name in db.tables():
        if name in OWN or name in _NEVER:
            continue
        joined, condition, changed = VIEWS.get(name, ("", "TRUE", {}))
        shown = ", ".join(f"{changed.get(column, f't.{column}')} AS {column}" for column in db.columns(name))
        query = f"SELECT {shown} FROM live.{name} t {joined} WHERE {condition}"
        made[name] = query.replace(":at", str(at)).replace("main.", f"{db.own}.").replace("live.", f"{db.live}.")
    return made


def began(store: Store, connection: str | None = None) -> datetime | None:
    """Since when anything is known (of one connection); None when nothing is."""
    condition, values = ("AND connection = ?", (number(connection),)) if connection else ("", ())
    first = store.db.value(f"SELECT min(at) FROM history WHERE whole = 1 {condition}", values)
    return None if first is None else instant(first)

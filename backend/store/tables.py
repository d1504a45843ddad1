"""What all parts of the store share: the engine, the audit log, and health that is kept up to date."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import datetime
from typing import Any, TypeVar

from backend.model.clock import Clock
from backend.model.facts import Verdict
from backend.model.health import Assessment, HealthFacts
from backend.store.audit import AuditLog
from backend.store.causes import judged, note_cause
from backend.store.codec import facts_of, ms
from backend.store.engine import Engine
from backend.store.history import remember
from backend.store.liveness import Sessions

A = TypeVar("A")
T = TypeVar("T")

BEGAN = "nullif(max(coalesce(renewed_at, 0), coalesce(healed_at, 0)), 0)"
"""When the live consent began, where that was seen: of an imported one nobody knows it."""

_LEARNT = f"""FROM usual_lives u WHERE u.bank = connections.bank AND {BEGAN} IS NOT NULL
  AND (connections.expires_at IS NULL OR u.wrong = 1)"""

USUAL_END = f"(SELECT max({BEGAN} + u.day * 86400000) {_LEARNT})"
USUAL = f"usual_end_at = {USUAL_END}, usual_cases = (SELECT coalesce(max(u.cases), 0) {_LEARNT})"
"""When a connection's consent ends by experience, and over how many cases: only where the bank has stated no day or
its days have proved wrong (`backend.rules.lifetimes.counts_for`)."""

Assess = Callable[[HealthFacts, datetime], Assessment]

CONNECTION_COLUMNS = """
c.*, k.kind AS case_kind, k.stage AS case_stage, k.note AS case_note, k.created_at AS case_opened_at,
  i.scope AS incident_scope, i.opened_at AS incident_since,
  (SELECT a.act || ':' || a.state FROM actions a
    WHERE a.connection = c.id AND a.state IN ('intent', 'sent', 'unknown')) AS running
"""
CONNECTION_TABLES = "connections c LEFT JOIN cases k ON k.id = c.open_case LEFT JOIN incidents i ON i.id = c.incident"
SELECT_CONNECTION = f"SELECT {CONNECTION_COLUMNS} FROM {CONNECTION_TABLES}"
"""A connection with all that its health needs."""


class Tables(AuditLog):
    """Base of the store's parts."""

    def __init__(self, engine: Engine, assess: Assess, clock: Clock, *, stale_after: int) -> None:
        super().__init__(engine)
        self.assess = assess
        self.clock = clock
        self.read_only = False
        """Reading writes nothing either: what time has changed is left to the agent, which looks all the time."""
        self.stale_after = stale_after
        self.sessions = Sessions(engine)

    def enqueue(self, work: Callable[[], T]) -> "Future[T]":
        """Run `work` on the writer thread, in one commit with what else waits there."""
        return self.db.enqueue(work)

    async def soon(self, work: Callable[[], T]) -> T:
        """`enqueue`, and wait for it."""
        return await self.db.soon(work)

    async def among(self, work: Callable[[Sequence[A]], Sequence[T] | None], one: A) -> T:
        """Run `work` for this one and all others that wait for it (`Engine.enqueue_among`), and wait for it."""
        return await self.db.among(work, one)

    # -- health ------------------------------------------------------------------------------------------------

    def reassess(self, connection: int, now: datetime) -> None:
        """Bring a connection's counts, axes, verdict and open problem up to what its facts say now."""
        self._count(connection)
        row = self.db.row(SELECT_CONNECTION + " WHERE c.id = ?", (connection,))
        if row is not None:
            self.keep(row, self.assess(facts_of(row, self.stale_after), now), now)
            remember(self.db, row, now)

    def _count(self, connection: int) -> None:
        self.db.run(
            f"""
            UPDATE connections SET (queued, oldest_queued_at, oldest_due_at, held, rejected, pending, held_reason) = (
              SELECT count(*) FILTER (WHERE state = 'queued'), min(CASE WHEN state = 'queued' THEN fetched_at END),
                min(CASE WHEN state = 'queued' THEN due_at END), count(*) FILTER (WHERE state = 'held'),
                count(*) FILTER (WHERE state = 'rejected'), count(*),
                max(CASE WHEN state = 'held' AND reason <> 'reserved' THEN reason END)
              FROM postings p WHERE p.connection = ?1 AND p.state IN ('held', 'queued', 'rejected')),
            (accounts, orphaned, unmapped, doubted, last_synchronized, unseen, silent, rows_missing, balance_off) = (
              SELECT count(*), coalesce(sum(orphaned), 0),
                count(*) FILTER (WHERE ledger_account IS NULL AND orphaned = 0), count(*) FILTER (WHERE doubt <> ''),
                min(CASE WHEN orphaned = 0 THEN last_synchronized END),
                count(*) FILTER (WHERE seen = -1 AND orphaned = 0),
                count(*) FILTER (WHERE silent_since IS NOT NULL AND orphaned = 0),
                count(*) FILTER (WHERE missing_on IS NOT NULL AND orphaned = 0),
                count(*) FILTER (WHERE off_by IS NOT NULL AND orphaned = 0) FROM accounts WHERE connection = ?1),
            (gap_from, gap_to) = (
              SELECT gap_from, gap_to FROM accounts WHERE connection = ?1 AND gap_from IS NOT NULL AND orphaned = 0
                ORDER BY julianday(gap_to) - julianday(gap_from) DESC LIMIT 1),
            changed_rows = (
              SELECT count(*) FROM postings WHERE connection = ?1 AND change IS NOT NULL AND decided_at IS NULL),
            {USUAL}
            WHERE id = ?1
            """,
            (connection,),
        )

    def keep(self, row: Any, found: Assessment, now: datetime) -> None:
        """Write an assessment beside its facts, and open, renew or close the connection's problem."""
        told = judged(found)
        # Only what has changed is written: an index is moved for every column that is named, changed or not.
        if moved := {name: value for name, value in told.items() if row[name] != value}:
            columns = ", ".join(f"{name} = ?" for name in moved)
            self.db.run(f"UPDATE connections SET {columns} WHERE id = ?", (*moved.values(), row["id"]))
        before = (row["consent_axis"], row["fetch_axis"], row["verdict"], row["situation"])
        after = (found.consent, found.fetch, found.verdict, found.situation)
        if before != after:
            data = {"consent": found.consent, "fetch": found.fetch, "verdict": found.verdict}
            was = {"was": row["verdict"], "was_situation": row["situation"]}
            self.log("health", row["id"], {**data, "situation": found.situation, **was}, now)
        if row["incident"] is None and (before != after or found.verdict != Verdict.FINE):
            # Inside an incident nothing is counted against the connection (law 5): its problem rests as it is.
            note_cause(self, row["id"], found, now, again=before != after)

    def catch_up(self, now: datetime, limit: int = 1000) -> int:
        """Reassess the connections whose answer time alone has changed; gives how many. Costs nothing when none has."""
        if self.read_only:
            return 0
        due = self.db.rows(
            "SELECT id FROM connections WHERE next_change_at IS NOT NULL AND next_change_at <= ? LIMIT ?",
            (ms(now), limit),
        )
        if due:
            with self.db.write():
                for row in due:
                    self.reassess(row["id"], now)
        return len(due)

"""What a handover is made from: the audit log of a period, what is open at its end, and the marks that shifts leave."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Any

from backend.model.facts import Event, Verdict
from backend.model.handover import NEXT_SHIFT, SHIFT, TOLD, HandoverFacts, Mark, Moved, Standing
from backend.model.plans import Action, PlanView
from backend.store.audit import event_of
from backend.store.causes import SEVERITY
from backend.store.codec import action_of, at, ms, number, public
from backend.store.fleet import SELECT_ACTION
from backend.store.problems import Problems
from backend.store.records import Records
from backend.store.registry import Registry
from backend.store.reminders import Reminders

_MANY = 500
"""Incidents, plans and single lines that are looked through; a shift has fewer."""

_UNKNOWN = "a.state IN ('intent', 'sent', 'unknown') AND a.owner IS NOT NULL AND a.state = 'unknown'"
"""Said so that the index of what somebody works on serves; whoever left an act unknown had it."""


class Handovers(Reminders, Registry, Problems, Records):
    """Implements the handing over of `ports.FleetReader` and `ports.Door`."""

    def handover(self, since: datetime | None, now: datetime) -> HandoverFacts:
        """What changed from `since` to `now`; None: since the last mark, or else over the length of one shift."""
        self.catch_up(now)
        head = self.audit_head()  # before all else is read: what comes meanwhile is the next handover's too
        mark = self._last_mark()
        if since is None and mark is not None:
            since, first = mark.until, mark.seen + 1
        else:
            since = since or now - SHIFT
            first = self._first_event(since)
        told, counts = self._told(first)
        plans = self._plans_since(since)
        waking = self.waking(now, now + NEXT_SHIFT, _MANY)
        return HandoverFacts(
            since=since,
            until=now,
            mark=mark,
            standing=self._standing(now),
            moved=self._moved(first),
            incidents=tuple(
                view for view in self.incidents(_MANY) if view.closed_at is None or view.closed_at >= since
            ),
            plans=plans,
            waits_until=self._waits_until([view.id for view in plans if view.waits]),
            unknown=self._unknown(),
            unknowns=int(self.db.value(f"SELECT count(*) FROM actions a WHERE {_UNKNOWN}")),
            waking=tuple(waking),
            wakings=len(waking) if len(waking) < _MANY else self.wakings(now, now + NEXT_SHIFT),
            cases=tuple(self.open_cases()),
            told=told,
            counts=counts,
            names=self._names([event.connection for event in told if event.connection is not None]),
            head=head,
            agent=self.agent_status(),
        )

    def hand_over(
        self, note: str, operator: str, host: str, now: datetime, told: tuple[datetime, int] | None = None
    ) -> Mark:
        """Note in the audit log that this shift was handed over, and how the fleet stands (`ports.Door`)."""
        standing = self._standing(now)
        with self.db.write():
            until, seen = told or (now, self.audit_head())
            data = {"note": note, "standing": asdict(standing), "until": ms(until), "seen": seen}
            self.log("handover", None, data, now, operator=operator, host=host)
        return Mark(at=now, operator=operator, note=note, standing=standing, until=until, seen=seen)

    # -- the log -----------------------------------------------------------------------------------------------

    def _last_mark(self) -> Mark | None:
        row = self.db.row("SELECT * FROM events WHERE kind = 'handover' ORDER BY seq DESC LIMIT 1")
        if row is None:
            return None
        data = json.loads(row["data"])
        return Mark(
            at=at(row["at"]),
            operator=row["operator"],
            note=data["note"],
            standing=Standing(**data["standing"]),
            until=at(data.get("until", row["at"])),
            seen=data.get("seen", row["seq"]),
        )

    def _first_event(self, since: datetime) -> int:
        """The first line of the audit log at or after `since`, by bisection: its order is that of time."""
        low, high = 1, int(self.db.value("SELECT coalesce(max(seq), 0) FROM events")) + 1
        while low < high:
            middle = (low + high) // 2
            found = self.db.value("SELECT at FROM events WHERE seq >= ? ORDER BY seq LIMIT 1", (middle,))
            if found is not None and found < (ms(since) or 0):
                low = middle + 1
            else:
                high = middle
        return low

    def _told(self, first: int) -> tuple[tuple[Event, ...], dict[str, int]]:
        """The newest of each kind since that line, in their order, and how many there are of each."""
        kinds = ",".join("?" * len(TOLD))
        rows = self.db.rows(
            "SELECT * FROM (SELECT e.*, row_number() OVER (PARTITION BY kind ORDER BY seq DESC) AS place,"
            f" count(*) OVER (PARTITION BY kind) AS many FROM events e WHERE seq >= ? AND kind IN ({kinds})) told"
            " WHERE place <= ? ORDER BY seq",
            (first, *TOLD, _MANY),
        )
        return tuple(map(event_of, rows)), {row["kind"]: row["many"] for row in rows}

    def _moved(self, first: int) -> tuple[Moved, ...]:
        """Connections whose health changed since that line, with what it was before the first change.

        Which line is a connection's first is found here: grouping in SQL would read the log by connection, all of it.
        """
        before: dict[int, str] = {}
        for row in self.db.rows(
            "SELECT connection, data FROM events WHERE seq >= ? AND kind = 'health' ORDER BY seq", (first,)
        ):
            before.setdefault(row["connection"], row["data"])
        moved = []
        for row in self._customers(list(before)):
            if row["removed_at"] is None:
                told = json.loads(before[row["id"]])
                moved.append(
                    Moved(
                        connection=public(row["id"]),
                        customer=row["customer"],
                        bank=row["bank"],
                        before=told.get("was") or "",
                        before_situation=told.get("was_situation") or "",
                        verdict=row["verdict"],
                        situation=row["situation"] or "",
                    )
                )
        return tuple(moved)

    # -- how it stands -----------------------------------------------------------------------------------------

    def _standing(self, now: datetime) -> Standing:
        rows = self.db.rows("SELECT severity, count(*) AS n FROM connections GROUP BY severity")
        counted = {row["severity"]: row["n"] for row in rows}
        totals = self.pending_totals(now)
        return Standing(
            operator=counted.get(SEVERITY[Verdict.OPERATOR], 0),
            customer=counted.get(SEVERITY[Verdict.CUSTOMER], 0),
            incident=counted.get(SEVERITY[Verdict.INCIDENT], 0),
            incidents=int(self.db.value("SELECT count(*) FROM incidents WHERE closed_at IS NULL")),
            queued=totals.queued,
            held=totals.held,
            late=totals.late,
        )

    def _plans_since(self, since: datetime) -> tuple[PlanView, ...]:
        """Plans that are not over, all of them, and those that were run since then; newest first."""
        is_open = "state IN ('approval', 'running', 'paused')"
        rows = self.db.rows(
            f"SELECT id FROM plans WHERE {is_open} UNION ALL"
            " SELECT id FROM (SELECT id FROM plans WHERE state <> 'draft'"
            f" AND NOT {is_open} AND coalesce(run_at, created_at) >= ? ORDER BY id DESC LIMIT ?) over",
            (ms(since), _MANY),
        )
        known = sorted((row["id"] for row in rows), reverse=True)
        return tuple(view for plan in known if (view := self.plan(plan, whole=False)) is not None)

    def _waits_until(self, plans: list[int]) -> dict[int, datetime]:
        """By plan, when the last of its acts that wait for a time begins."""
        rows = self.db.rows(
            "SELECT plan, max(not_before) AS until FROM actions WHERE state = 'intent' AND not_before IS NOT NULL"
            f" AND plan IN ({','.join('?' * len(plans))}) GROUP BY plan",
            plans,
        )
        return {row["plan"]: at(row["until"]) for row in rows}

    def _unknown(self) -> tuple[Action, ...]:
        """Acts whose outcome is not known, oldest first."""
        rows = self.db.rows(f"{SELECT_ACTION} WHERE {_UNKNOWN} ORDER BY a.id LIMIT ?", (_MANY,))
        return tuple(map(action_of, rows))

    def _names(self, connections: list[str]) -> dict[str, str]:
        """Their customers, by connection."""
        wanted = list(dict.fromkeys(map(number, connections)))
        return {public(row["id"]): row["customer"] for row in self._customers(wanted)}

    def _customers(self, wanted: list[int]) -> Iterator[Any]:
        """Rows of these connections, by number."""
        wanted.sort()
        for start in range(0, len(wanted), _MANY):
            some = wanted[start : start + _MANY]
            yield from self.db.rows(
                "SELECT id, customer, bank, verdict, situation, removed_at FROM connections"
                f" WHERE id IN ({','.join('?' * len(some))}) ORDER BY id",
                some,
            )

"""How plans stand: with their counts, by outcome, act by act, and how fast they go."""

from datetime import datetime
from typing import Any

from backend.model.facts import Act
from backend.model.plans import (
    LEFT_TO_HUMANS,
    OUTCOMES,
    Action,
    ActionState,
    PlanError,
    PlanGroup,
    PlanState,
    PlanView,
)
from backend.store.codec import action_of, at, ms, when
from backend.store.fleet import SELECT_ACTION, Fleet

LEFT = "state = 'unknown' AND reason IN (?, ?)"
"""Acts of which nobody can find out what became; bound to `LEFT_TO_HUMANS`."""

_LATER = "CASE WHEN a.state = 'intent' AND a.not_before > ? THEN 1 ELSE 0 END"


class PlanViews(Fleet):
    """Reads plans; nothing of them changes by it."""

    def plan(self, plan: int, *, whole: bool = True) -> PlanView | None:
        row = self.db.row("SELECT * FROM plans WHERE id = ?", (plan,))
        return None if row is None else self._plan_view(row, whole)

    def plans(self, limit: int, *, drafts: bool = False) -> list[PlanView]:
        """Newest first, with their counts only; those that nobody has run when `drafts` are asked for."""
        shown = "" if drafts else "WHERE state <> 'draft'"
        rows = self.db.rows(f"SELECT * FROM plans {shown} ORDER BY id DESC LIMIT ?", (limit,))
        return [self._plan_view(row, whole=False) for row in rows]

    def plan_groups(self, plan: int, now: datetime) -> list[PlanGroup]:
        """By outcome and reason, those that need somebody first (`OUTCOMES`), then the largest."""
        rows = self.db.rows(
            "SELECT state, reason, later, count(*) AS many, min(not_before) AS begins, max(not_before) AS until FROM"
            f" (SELECT a.state, a.reason, a.not_before, {_LATER} AS later FROM actions a WHERE a.plan = ?) AS told"
            " GROUP BY state, reason, later",
            (ms(now), plan),
        )
        found = [
            PlanGroup(
                state=ActionState(row["state"]),
                reason=row["reason"],
                many=row["many"],
                later=bool(row["later"]),
                begins=when(row["begins"]),
                until=when(row["until"]),
            )
            for row in rows
        ]
        return sorted(found, key=lambda one: (OUTCOMES.index(one.state), one.later, -one.many, one.reason))

    def plan_actions(self, plan: int, group: PlanGroup | None, offset: int, limit: int, now: datetime) -> list[Action]:
        """A window of them, in the plan's own order, in which nothing moves while it runs."""
        only, values = "", list[object]()
        if group is not None:
            only = f" AND a.state = ? AND a.reason = ? AND {_LATER} = ?"
            values = [group.state, group.reason, ms(now), int(group.later)]
        rows = self.db.rows(
            f"{SELECT_ACTION} WHERE a.plan = ?{only} ORDER BY a.position, a.id LIMIT ? OFFSET ?",
            (plan, *values, limit, offset),
        )
        return list(map(action_of, rows))

    def open_plans(self) -> list[PlanView]:
        """Those that run, are paused or wait for approval, the oldest first, with their counts only."""
        rows = self.db.rows("SELECT * FROM plans WHERE state IN ('approval', 'running', 'paused') ORDER BY id")
        return [self._plan_view(row, whole=False) for row in rows]

    def _plan_view(self, row: Any, whole: bool) -> PlanView:
        plan, now = row["id"], self.clock.now()
        counts = {
            ActionState(r["state"]): int(r["many"])
            for r in self.db.rows("SELECT state, count(*) AS many FROM actions WHERE plan = ? GROUP BY state", (plan,))
        }
        waits = counts.get(ActionState.INTENT) and self.db.value(
            "SELECT count(*) FROM actions WHERE plan = ? AND state = 'intent' AND not_before > ?", (plan, ms(now))
        )
        told: list[Action] = []
        if whole:
            told = list(map(action_of, self.db.rows(f"{SELECT_ACTION} WHERE a.plan = ? ORDER BY a.id", (plan,))))
        refused = [action for action in told if action.state == ActionState.REFUSED]
        return PlanView(
            id=plan,
            act=Act(row["act"]),
            operator=row["operator"],
            host=row["host"],
            created_at=at(row["created_at"]),
            counts=counts,
            actions=tuple(action for action in told if action.state != ActionState.REFUSED),
            refused=tuple((action.connection, action.reason) for action in refused),
            state=PlanState(row["state"]),
            then_sync=bool(row["then_sync"]),
            digest=row["digest"],
            note=row["note"],
            allowed=row["allowed"],
            waits=int(waits or 0),
            left=self._left(plan) if counts.get(ActionState.UNKNOWN) else 0,
            run_at=when(row["run_at"]),
            run_by=row["run_by"],
            ended_at=when(row["ended_at"]),
            undo_until=self._undo_until(plan, row["act"], now) if waits else None,
            approved_by=row["approved_by"],
        )

    def pace(self, act: Act) -> float | None:
        """Acts of that kind that one second began, by the newest plans that had enough of them; None: not known."""
        row = self.db.row(
            "SELECT sum(many) AS many, sum(took) AS took FROM (SELECT count(*) AS many,"
            " max(a.sent_at) - min(a.sent_at) AS took FROM plans p JOIN actions a ON a.plan = p.id"
            " WHERE p.act = ? AND p.state = 'ended' AND a.sent_at IS NOT NULL AND p.id IN"
            " (SELECT id FROM plans WHERE act = ? AND state = 'ended' ORDER BY id DESC LIMIT 5)"
            " GROUP BY p.id HAVING count(*) > 6) AS paces",
            (act, act),
        )
        return float(row["many"]) / (row["took"] / 1000) if row is not None and row["took"] else None

    def _row(self, plan: int) -> Any:
        if (row := self.db.row("SELECT * FROM plans WHERE id = ?", (plan,))) is None:
            raise PlanError("plan.unknown", plan=plan)
        return row

    def _left(self, plan: int) -> int:
        """How many acts of it have an outcome that nobody knows and nobody looks at any more."""
        return int(self.db.value(f"SELECT count(*) FROM actions WHERE plan = ? AND {LEFT}", (plan, *LEFT_TO_HUMANS)))

    def _undo_until(self, plan: int, act: str, now: datetime) -> datetime | None:
        """Until when a removal can be taken back whole: its first act has not begun and none of it has."""
        if act != Act.REMOVE:
            return None
        row = self.db.row(
            "SELECT min(not_before) AS until, sum(CASE WHEN state = 'intent' THEN 0 ELSE 1 END) AS begun FROM actions"
            " WHERE plan = ? AND state NOT IN ('planned', 'refused', 'cancelled')",
            (plan,),
        )
        until = None if row is None or row["begun"] else when(row["until"])
        return until if until is not None and until > now else None

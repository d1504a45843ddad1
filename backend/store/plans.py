"""The door for operators' acts: plans are kept as shown, run as confirmed, and steered (laws 9 and 10)."""

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from backend.model.audit import AGENT
from backend.model.facts import Act
from backend.model.people import user_of
from backend.model.plans import (
    APPROVAL_LIFE,
    DRAFT_LIFE,
    LEFT_TO_HUMANS,
    OUTCOMES,
    Action,
    ActionState,
    Order,
    Plan,
    PlanError,
    PlanGroup,
    PlanItem,
    PlanState,
    PlanView,
    Submitted,
)
from backend.ports.door import Judge, Weigh
from backend.store.codec import action_of, at, ms, number, public, when
from backend.store.fleet import SELECT_ACTION, Fleet

LIVE = "('intent', 'sent', 'unknown')"

_LEFT = "state = 'unknown' AND reason IN (?, ?)"

_LATER = "CASE WHEN a.state = 'intent' AND a.not_before > ? THEN 1 ELSE 0 END"

REMEMBERED = timedelta(days=1)
"""So long a user's removals are added up: many small plans are one large one."""

_CHUNK = 500
"""Connections that are judged together."""


class Plans(Fleet):
    """Keeps plans, runs and steers them, and tells how they stand."""

    # -- keeping -----------------------------------------------------------------------------------------------

    def save_plan(self, plan: Plan, host: str) -> int:
        """Keep a plan as it was shown; nothing of it happens. Gives its number."""
        now = ms(plan.created_at)
        with self.db.write():
            plan_id = int(
                self.db.value(
                    "INSERT INTO plans (act, operator, host, created_at, then_sync, state, digest)"
                    " VALUES (?, ?, ?, ?, ?, 'draft', ?) RETURNING id",
                    (plan.act, plan.operator, host, now, plan.then_sync, plan.digest),
                )
            )
            self.db.many(
                "INSERT INTO actions (plan, connection, act, state, key, reason, then_sync, created_at, position,"
                " not_before, calls, note, seen) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        *(plan_id, number(item.connection), plan.act),
                        "refused" if item.fate == "refused" else "planned",
                        *(str(uuid.uuid4()), item.reason, plan.then_sync, now, place),
                        ms(item.until) if item.fate == "wait" else None,
                        *(item.calls, item.note, item.seen),
                    )
                    for place, item in enumerate((*plan.acts, *plan.with_fate("refused")))
                ],
            )
            told = {"plan": plan_id, "act": plan.act, "acts": len(plan.acts), "digest": plan.digest}
            self.log("plan.kept", None, told, plan.created_at, operator=plan.operator, host=host)
        return plan_id

    # -- running -----------------------------------------------------------------------------------------------

    def run_plan(
        self,
        plan: int,
        judge: Judge,
        now: datetime,
        *,
        operator: str,
        host: str,
        undo: timedelta = timedelta(0),
        allowed: int | None = None,
        approval: bool = False,
        weigh: Weigh | None = None,
    ) -> Submitted:
        """Write what was confirmed as intents, all in one transaction; what has changed since is refused, and told.

        A removal begins after `undo` only, so that it can be taken back. `allowed` is how many may begin at the first
        stage (None: all); with `approval`, or when `weigh` says so, nothing begins before a second operator agrees.
        Raises PlanError for a plan that is unknown, too old, or not a draft any more, and what `weigh` raises.
        """
        with self.db.write():
            row = self._row(plan)
            if row["state"] != PlanState.DRAFT:
                raise PlanError("plan.not_a_draft", plan=plan, by=row["run_by"], at=when(row["run_at"]))
            if now - at(row["created_at"]) > DRAFT_LIFE:
                raise PlanError("plan.too_old", plan=plan)
            if weigh is not None and weigh(*self._removals_of_late(operator, now)):
                approval = True
            if approval:
                self._to_approval(plan, now, operator, host)
                return self._submitted(plan, ())
            return self._begin(row, judge, now, operator, host, undo, allowed)

    def approve_plan(
        self,
        plan: int,
        digest: str,
        judge: Judge,
        now: datetime,
        *,
        operator: str,
        host: str,
        agreed: bool,
        undo: timedelta = timedelta(0),
        allowed: int | None = None,
    ) -> Submitted:
        """The second operator's word on a plan that waits for it: run it as it was shown, or leave it.

        Whether he may is the gate's to say. Raises PlanError when nothing waits, or it is not the plan that he saw.
        """
        with self.db.write():
            row = self._row(plan)
            if row["state"] != PlanState.APPROVAL:
                raise PlanError("plan.no_approval_asked", plan=plan)
            if row["digest"] != digest:
                raise PlanError("plan.not_what_was_seen", plan=plan)
            told = {"plan": plan, "digest": digest}
            self.log("plan.approved" if agreed else "plan.declined", None, told, now, operator=operator, host=host)
            if not agreed:
                self._close(plan, PlanState.CANCELLED, "plan.note.declined", now, operator=operator, host=host)
                return self._submitted(plan, ())
            self.db.run("UPDATE plans SET approved_by = ?, approved_at = ? WHERE id = ?", (operator, ms(now), plan))
            return self._begin(row, judge, now, row["run_by"], row["run_host"], undo, allowed)

    def _to_approval(self, plan: int, now: datetime, operator: str, host: str) -> None:
        self.db.run(
            "UPDATE plans SET state = 'approval', run_at = ?, run_by = ?, run_host = ? WHERE id = ?",
            (ms(now), operator, host, plan),
        )
        self.log("plan.approval_asked", None, {"plan": plan}, now, operator=operator, host=host)

    def _removals_of_late(self, operator: str, now: datetime) -> tuple[int, int]:
        """This user's removals of the last day and those still open, and how many of them nobody else has seen."""
        rows = self.db.rows(
            "SELECT p.run_by, p.state, p.approved_by, count(a.id) AS n"
            " FROM plans p JOIN actions a ON a.plan = p.id WHERE p.act = 'remove' AND (p.run_at >= ?"
            " OR p.state IN ('approval', 'running', 'paused')) AND p.state <> 'draft'"
            " AND a.state NOT IN ('refused', 'cancelled', 'failed') GROUP BY p.run_by, p.state, p.approved_by",
            (ms(now - REMEMBERED),),
        )
        mine = [row for row in rows if user_of(row["run_by"]) == user_of(operator)]
        unseen = (row["n"] for row in mine if not row["approved_by"] and row["state"] != PlanState.APPROVAL)
        return sum(row["n"] for row in mine), sum(unseen)

    def _begin(
        self,
        row: Any,
        judge: Judge,
        now: datetime,
        operator: str,
        host: str,
        undo: timedelta,
        allowed: int | None,
    ) -> Submitted:
        plan, act = row["id"], Act(row["act"])
        held = ms(now + undo) if act == Act.REMOVE and undo else None
        changed: list[tuple[str, str]] = []
        planned = self.db.rows(
            "SELECT id, connection, reason, not_before, seen FROM actions WHERE plan = ? AND state = 'planned'"
            " ORDER BY position",
            (plan,),
        )
        intents: list[tuple[object, ...]] = []
        refused: list[tuple[object, ...]] = []
        for start in range(0, len(planned), _CHUNK):
            some = planned[start : start + _CHUNK]
            items = judge(self.health([public(item["connection"]) for item in some], now))
            known = {item.connection: item for item in items}
            busy = self._busy([p["connection"] for p in some])
            for item in some:
                connection = public(item["connection"])
                fresh = known[connection]
                if (reason := busy.get(item["connection"]) or _refusal(item, fresh)) is not None:
                    refused.append((reason, item["id"]))
                    changed.append((connection, reason))
                else:
                    waits = ms(fresh.until) if fresh.fate == "wait" else held
                    intents.append((waits, fresh.reason, item["id"]))
        self.db.many("UPDATE actions SET state = 'intent', not_before = ?, reason = ? WHERE id = ?", intents)
        self.db.many("UPDATE actions SET state = 'refused', reason = ?, not_before = NULL WHERE id = ?", refused)
        self.db.run(
            "UPDATE plans SET state = ?, allowed = ?, run_at = ?, run_by = ?, run_host = ? WHERE id = ?",
            ("running" if intents else "ended", allowed, ms(now), operator, host, plan),
        )
        submitted = self._submitted(plan, changed)
        told = {"plan": plan}
        if intents:
            self.log("plan.run", None, told | {"acts": len(intents)}, now, operator=operator, host=host)
        lines = [(f"{act}.intent", number(action.connection), told) for action in submitted.actions]
        self.log_many(lines, now, operator=operator, host=host)
        return submitted

    def _busy(self, connections: Sequence[int]) -> dict[int, str]:
        """By connection: the act that is under way there, who asked for it, and since when."""
        marks = ",".join("?" * len(connections))
        rows = self.db.rows(f"{SELECT_ACTION} WHERE a.connection IN ({marks}) AND a.state IN {LIVE}", connections)
        return {row["connection"]: _held_by(row) for row in rows}

    def _submitted(self, plan: int, changed: Iterable[tuple[str, str]]) -> Submitted:
        view = self.plan(plan)
        assert view is not None
        return Submitted(
            plan=plan, actions=view.actions, refused=view.refused, changed=tuple(changed), state=view.state
        )

    # -- steering ----------------------------------------------------------------------------------------------

    def steer_plan(self, plan: int, order: Order, now: datetime, *, operator: str, host: str) -> PlanView:
        """Pause, resume, cancel or undo; what has been sent runs to its end and stays told.

        Raises PlanError when the plan is not in a state for it, or when an undo comes too late.
        """
        with self.db.write():
            row = self._row(plan)
            state = PlanState(row["state"])
            late = order is Order.CANCEL and state is PlanState.CANCELLED and self._left(plan)
            if state not in _FROM[order] and not late:
                raise PlanError(f"plan.cannot.{order}", plan=plan, state=state)
            match order:
                case Order.PAUSE:
                    self.db.run("UPDATE plans SET state = 'paused', note = 'plan.note.paused' WHERE id = ?", (plan,))
                case Order.RESUME:
                    self.db.run("UPDATE plans SET state = 'running', note = '' WHERE id = ?", (plan,))
                case Order.UNDO:
                    if self._undo_until(plan, row["act"], now) is None:
                        raise PlanError("plan.too_late_to_undo", plan=plan)
                    self._close(plan, PlanState.CANCELLED, "plan.note.undone", now, operator=operator, host=host)
                case Order.CANCEL:
                    self._close(plan, PlanState.CANCELLED, "plan.note.cancelled", now, operator=operator, host=host)
            self.log(f"plan.{order}", None, {"plan": plan}, now, operator=operator, host=host)
        view = self.plan(plan)
        assert view is not None
        return view

    def _close(self, plan: int, state: PlanState, note: str, now: datetime, *, operator: str, host: str) -> None:
        """Nothing more of the plan begins, and a human lets go of what nobody knows; each has a line in the audit log.

        That it failed is said with the reason that tells that it may have happened (law 10).
        """
        rows = self.db.rows(
            "UPDATE actions SET state = 'cancelled', reason = ?, finished_at = ?, not_before = NULL"
            " WHERE plan = ? AND state IN ('planned', 'intent') RETURNING connection, act",
            (note, ms(now), plan),
        )
        given_up = self.db.rows(
            f"UPDATE actions SET state = 'failed', finished_at = ? WHERE plan = ? AND {_LEFT}"
            " RETURNING connection, act, reason",
            (ms(now), plan, *LEFT_TO_HUMANS),
        )
        self.db.run("UPDATE plans SET state = ?, note = ?, ended_at = ? WHERE id = ?", (state, note, ms(now), plan))
        told = {"plan": plan, "reason": note}
        lines = [(f"{row['act']}.cancelled", row["connection"], told) for row in rows]
        lines += [(f"{row['act']}.failed", row["connection"], told | {"reason": row["reason"]}) for row in given_up]
        self.log_many(lines, now, operator=operator, host=host)

    def _left(self, plan: int) -> int:
        """How many acts of it have an outcome that nobody knows and nobody looks at any more."""
        return int(self.db.value(f"SELECT count(*) FROM actions WHERE plan = ? AND {_LEFT}", (plan, *LEFT_TO_HUMANS)))

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

    def prune_drafts(self, now: datetime) -> int:
        """Delete plans that were shown and never run, once they are too old to be run; gives how many.

        Those that asked for an approval that nobody gave in its time are over too, and stay on record.
        """
        with self.db.write():
            lapsed = self.db.rows(
                "SELECT id FROM plans WHERE state = 'approval' AND run_at <= ? ORDER BY id LIMIT 100",
                (ms(now - APPROVAL_LIFE),),
            )
            for row in lapsed:
                self.log("plan.lapsed", None, {"plan": row["id"]}, now)
                self._close(row["id"], PlanState.CANCELLED, "plan.note.lapsed", now, operator=AGENT, host=self.host)
            old = [
                r["id"]
                for r in self.db.rows(
                    "SELECT id FROM plans WHERE state = 'draft' AND created_at < ? LIMIT 100", (ms(now - DRAFT_LIFE),)
                )
            ]
            self.db.many("DELETE FROM actions WHERE plan = ?", [(plan,) for plan in old])
            self.db.many("DELETE FROM plans WHERE id = ?", [(plan,) for plan in old])
        return len(old)

    # -- reading -----------------------------------------------------------------------------------------------

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


_FROM = {
    Order.PAUSE: (PlanState.RUNNING,),
    Order.RESUME: (PlanState.PAUSED,),
    Order.CANCEL: (PlanState.DRAFT, PlanState.APPROVAL, PlanState.RUNNING, PlanState.PAUSED),
    Order.UNDO: (PlanState.RUNNING, PlanState.PAUSED),
}
"""From which states a plan can be steered so."""


def _refusal(item: Any, fresh: PlanItem) -> str | None:
    """Why an item that was confirmed is not touched after all; None when it is."""
    if item["seen"] != fresh.seen:
        return "changed_since"
    return fresh.reason if fresh.fate == "refused" else None


def _held_by(row: Any) -> str:
    return f"in_work:{row['act']}:{row['operator']}:{at(row['created_at']).isoformat()}"

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
    Order,
    Plan,
    PlanError,
    PlanItem,
    PlanState,
    PlanView,
    Submitted,
)
from backend.ports.door import Judge, Weigh
from backend.store.codec import at, ms, number, public, when
from backend.store.plan_views import LEFT, PlanViews

LIVE = "('intent', 'sent', 'unknown')"

REMEMBERED = timedelta(days=1)
"""So long a user's removals are added up: many small plans are one large one."""

_CHUNK = 500
"""Connections that are judged together."""


class Plans(PlanViews):
    """Keeps plans, runs and steers them."""

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
            if weigh is not None and weigh(*self.removals_of_late(operator, now)):
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

    def removals_of_late(self, operator: str, now: datetime) -> tuple[int, int]:
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
        rows = self.db.rows(
            "SELECT a.connection, a.act, p.run_by, coalesce(p.run_at, a.created_at) AS since"
            f" FROM actions a JOIN plans p ON p.id = a.plan WHERE a.connection IN ({marks}) AND a.state IN {LIVE}",
            connections,
        )
        return {
            row["connection"]: f"in_work:{row['act']}:{row['run_by']}:{at(row['since']).isoformat()}" for row in rows
        }

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
            if order is Order.UNDO and (row["act"] != Act.REMOVE or row["note"] == "plan.note.undone"):
                key = "undone_already" if row["act"] == Act.REMOVE else "only_removals_are_undone"
                raise PlanError(f"plan.{key}", plan=plan)
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
            f"UPDATE actions SET state = 'failed', finished_at = ? WHERE plan = ? AND {LEFT}"
            " RETURNING connection, act, reason",
            (ms(now), plan, *LEFT_TO_HUMANS),
        )
        self.db.run("UPDATE plans SET state = ?, note = ?, ended_at = ? WHERE id = ?", (state, note, ms(now), plan))
        told = {"plan": plan, "reason": note}
        lines = [(f"{row['act']}.cancelled", row["connection"], told) for row in rows]
        lines += [(f"{row['act']}.failed", row["connection"], told | {"reason": row["reason"]}) for row in given_up]
        self.log_many(lines, now, operator=operator, host=host)

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

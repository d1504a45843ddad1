"""The guarded door: every change that an operator can cause is weighed here before it comes to the store's own door."""

import grp
import os
import pwd
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from backend.model.facts import Act
from backend.model.handover import Mark
from backend.model.people import NotAllowed, Person, Role, user_of
from backend.model.plans import Order, Plan, PlanError, PlanState, PlanView, Submitted
from backend.model.postings import Decided, Decision
from backend.model.problems import Handled, Note
from backend.model.renewals import Accepted
from backend.model.views import ImportRecord, ImportReport
from backend.ports import Door
from backend.ports.door import Judge, Weigh
from backend.rules.roles import approval_refused, needs_approval, refusal


def whoami() -> Person:
    """Who runs this process: the user and all his groups, by number where the system has no name for one."""
    groups = {os.getgid(), *os.getgroups()}
    return Person(_name_of_user(os.getuid()), frozenset(map(_name_of_group, groups)))


def _name_of_user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _name_of_group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


class GuardedDoor:
    """`ports.Door`, with each call weighed by the table of rights first. Everything raises NotAllowed.

    What only says what would happen (`dry_run`) is weighed too: an answer that cannot be had is no answer.
    """

    def __init__(self, door: Door, role: Role, *, read_only: bool = False, second_pair_from: int = 0) -> None:
        """`role` is that of the operator behind this process; nothing passes a door that is `read_only`.

        `second_pair_from`: so many removals in one plan wait until another operator has approved them (0: none do).
        """
        self._door, self.role, self.read_only, self._second_pair_from = door, role, read_only, second_pair_from

    def may(self, right: str, count: int = 1) -> NotAllowed | None:
        """Why this operator may not do this to so many at once; None when he may."""
        return refusal(right, count, self.role, read_only=self.read_only)

    def need(self, right: str, count: int = 1) -> None:
        """Raise NotAllowed when he may not."""
        if (refused := self.may(right, count)) is not None:
            raise refused

    def awaits_approval(self, act: Act, count: int, operator: str, now: datetime) -> bool:
        """Whether a plan of so many will wait for a second operator, by its size or by what he has removed of late."""
        if self._needs_approval(act, count):
            return True
        if act is not Act.REMOVE or not count or not self._second_pair_from:
            return False
        return self._needs_approval(act, self.removals_of_late(operator, now)[1] + count)

    def _needs_approval(self, act: Act, count: int) -> bool:
        return needs_approval(act, count, self._second_pair_from)

    def approvable(self, plan: int, operator: str, now: datetime) -> None:
        """Raise NotAllowed or PlanError when this operator cannot approve: it is his own, or was asked for long ago."""
        self.need("approve")
        view = self._door.plan(plan, whole=False)
        if view is None or view.run_at is None or view.state != PlanState.APPROVAL:
            raise PlanError("plan.no_approval_asked", plan=plan)
        if (reason := approval_refused(operator, view.run_by, view.run_at, now)) is not None:
            raise PlanError(reason, plan=plan, by=view.run_by)
        if self._door.same_login(plan):
            raise PlanError("plan.own_login", plan=plan, by=view.run_by)

    def same_login(self, plan: int) -> bool:
        return self._door.same_login(plan)

    def removals_of_late(self, operator: str, now: datetime) -> tuple[int, int]:
        return self._door.removals_of_late(operator, now)

    def plan(self, plan: int, *, whole: bool = True) -> PlanView | None:
        return self._door.plan(plan, whole=whole)

    def save_plan(self, plan: Plan, host: str) -> int:
        self.need(plan.act, len(plan.acts))
        return self._door.save_plan(plan, host)

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
        if (view := self._door.plan(plan, whole=False)) is not None:
            act, size = view.act, view.size
            self.need(act, size)
            approval = approval or self._needs_approval(act, size)
            if act is Act.REMOVE:

                def weigh(of_late: int, unseen: int) -> bool:
                    """Many small removals are a large one."""
                    self.need(act, of_late + size)
                    return self._needs_approval(act, unseen + size)

        return self._door.run_plan(
            plan, judge, now, operator=operator, host=host, undo=undo, allowed=allowed, approval=approval, weigh=weigh
        )

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
        self.need("approve")
        if agreed:
            self.approvable(plan, operator, now)
        return self._door.approve_plan(
            plan, digest, judge, now, operator=operator, host=host, agreed=agreed, undo=undo, allowed=allowed
        )

    def steer_plan(self, plan: int, order: Order, now: datetime, *, operator: str, host: str) -> PlanView:
        view = self._door.plan(plan, whole=False)
        mine = view is None or user_of(view.run_by or view.operator) == user_of(operator)
        self.need("steer" if mine else "steer_others")
        if view is not None and order is Order.RESUME:  # to let it go on is to do it
            self.need(view.act, view.size)
        return self._door.steer_plan(plan, order, now, operator=operator, host=host)

    def decide(
        self,
        postings: Sequence[str],
        decision: Decision,
        *,
        operator: str,
        host: str,
        now: datetime,
        dry_run: bool = False,
    ) -> Decided:
        self.need(f"{decision}_posting", len(postings))
        return self._door.decide(postings, decision, operator=operator, host=host, now=now, dry_run=dry_run)

    def add_connection(
        self, agreement: str, bank: str, provider: str, now: datetime, *, operator: str, host: str
    ) -> str:
        self.need("connect")
        return self._door.add_connection(agreement, bank, provider, now, operator=operator, host=host)

    def accept_renewal(
        self, connection: str, carry: Sequence[tuple[str, str]], now: datetime, *, operator: str, host: str
    ) -> Accepted:
        self.need("accept_renewal")
        return self._door.accept_renewal(connection, carry, now, operator=operator, host=host)

    def import_records(self, records: Iterable[ImportRecord], now: datetime, operator: str) -> ImportReport:
        self.need("import")
        return self._door.import_records(records, now, operator)

    def export(self) -> Iterable[dict[str, object]]:
        return self._door.export()

    def add_note(self, connection: str, text: str, operator: str, host: str, now: datetime) -> Note:
        self.need("note")
        return self._door.add_note(connection, text, operator, host, now)

    def snooze(
        self, connection: str, until: datetime | None, condition: str, operator: str, host: str, now: datetime
    ) -> Handled:
        self.need("snooze")
        return self._door.snooze(connection, until, condition, operator, host, now)

    def wake(self, connection: str, operator: str, host: str, now: datetime) -> Handled:
        self.need("snooze")
        return self._door.wake(connection, operator, host, now)

    def mute(self, connection: str, operator: str, host: str, now: datetime, *, muted: bool = True) -> Handled:
        self.need("mute")
        return self._door.mute(connection, operator, host, now, muted=muted)

    def assign(self, connection: str, to: str, operator: str, host: str, now: datetime) -> Handled:
        self.need("assign")
        return self._door.assign(connection, to, operator, host, now)

    def hand_over(
        self, note: str, operator: str, host: str, now: datetime, told: tuple[datetime, int] | None = None
    ) -> Mark:
        self.need("hand_over")
        return self._door.hand_over(note, operator, host, now, told)

    def replay_webhooks(self, ids: Sequence[str], since: datetime | None, now: datetime) -> int:
        self.need("replay")
        return self._door.replay_webhooks(ids, since, now)

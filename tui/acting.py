"""From a key to an act: plan, question, door, and what became of it. Every screen acts through this."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from backend.model.facts import Act
from backend.model.plans import Action, ActionState, Order, Plan, PlanState, PlanView, Submitted
from tui.actions import key_of
from tui.pace import Pace
from tui.proposal import RENEW_FIRST, Proposal, groups_of
from tui.wording import act_word, number, state_word, until

if TYPE_CHECKING:
    from tui.app import Console

ENDED_WELL = (ActionState.DONE, ActionState.AWAITING_CUSTOMER, ActionState.WAITING)
"""States in which the act has done its part; the others keep their mark for another try."""

FOLLOW_REST = 0.2
"""Least seconds between two looks at plans that are on their way."""

Begun = Callable[[Submitted], None] | None
"""Who wants to know that a plan has been confirmed and written."""


class Acting:
    """One plan at a time is asked for; any number of submitted ones is followed until they settle."""

    def __init__(self, console: "Console") -> None:
        self._console = console
        self._following: set[int] = set()
        self.pace = Pace(console.set_timer, self._look, rest=FOLLOW_REST)
        self.planning = False

    # -- the plan ---------------------------------------------------------------------------------------------

    def propose(
        self,
        act: Act,
        ids: Sequence[str],
        *,
        then_sync: bool = False,
        begun: Begun = None,
    ) -> None:
        """Have a plan made for these connections (their ids are frozen now) and ask about it.

        `begun` is called when it has been confirmed and written.
        """
        desk, query = self._console.desk, self._console.fleet_filter()
        frozen = tuple(ids)

        def work() -> Proposal:
            ordered = sorted(frozen, key=lambda one: (len(one), one))
            plan = desk.operations.plan(act, ordered, then_sync=then_sync)
            unseen = set(frozen) - set(desk.reader.fleet_ids(query, desk.clock.now())) if query.terms else ()
            return self._proposal(desk.operations.keep(plan) if plan.acts else plan, hidden=len(unseen))

        self._make(work, begun)

    def again(self, plan: int) -> None:
        """Have a plan made of what failed or was cancelled in another, and ask about it."""
        operations = self._console.desk.operations

        def work() -> Proposal:
            made = operations.again(plan)
            return self._proposal(operations.keep(made) if made.acts else made)

        self._make(work, None)

    def resume_draft(self, plan: int) -> None:
        """Ask about a plan that was kept and not run."""
        operations = self._console.desk.operations
        self._make(lambda: self._proposal(operations.kept(plan), kept=True), None)

    def _proposal(self, plan: Plan, *, hidden: int = 0, kept: bool = False) -> Proposal:
        """Beside the loop: what a question about the plan needs to know."""
        desk = self._console.desk
        ids = [item.connection for item in plan.items]
        rows = desk.reader.rows(ids, desk.clock.now()) if plan.act == Act.REMOVE else ()
        expires = {row.id: row.expires_at for row in rows}
        waits = desk.operations.awaits_approval(plan)
        return Proposal(plan, groups_of(plan), hidden, expires, kept, waits)

    def ask_connect(self, agreement: str, begun: Begun = None) -> None:
        """Ask for agreement and bank of a new connection, then for its plan."""
        from tui.screens.connect import ConnectScreen

        def answered(answer: tuple[str, str] | None) -> None:
            if answer is not None:
                operations = self._console.desk.operations

                def work() -> Proposal:
                    plan = operations.connect(*answer)
                    return Proposal(plan, groups_of(plan))

                self._make(work, begun, agreement=answer[0])

        self._console.push_screen(ConnectScreen(agreement), answered)

    def drop(self) -> None:
        """The operator does not want the plan that is being made."""
        self.planning = False
        self._console.lanes.forget("plan")
        self._tell("console.dropped")

    def _make(self, work: Callable[[], Proposal], begun: Begun, agreement: str | None = None) -> None:
        """Have it made beside the loop; `agreement` is one that perhaps nobody has."""
        self.planning = True
        self._tell("console.planning")
        failed = partial(self._not_planned, agreement)
        self._console.lanes.ask("plans", "plan", work, partial(self._planned, begun), failed)

    def _planned(self, begun: Begun, proposal: Proposal) -> None:
        from tui.screens.question import Question

        self.planning = False
        self._console.quieten()
        self._console.push_screen(Question(proposal), lambda answer: self._answered(proposal.plan, begun, answer))

    def _not_planned(self, agreement: str | None, error: Exception) -> None:
        self.planning = False
        if type(error) is LookupError and agreement is not None:
            self._tell("console.plan_unknown", "warn", agreement=agreement)
        else:
            self._console.tell(*self._console.trouble(error, "console.plan_failed"))

    # -- the answer -------------------------------------------------------------------------------------------

    def _answered(self, plan: Plan, begun: Begun, answer: str | None) -> None:
        if answer == "run":
            operations = self._console.desk.operations
            self._tell("console.submitting")
            done = partial(self._submitted, plan, begun)
            self._console.lanes.act(lambda: operations.submit(plan), done, self._console.not_done)
        elif answer == RENEW_FIRST:
            refused = [item.connection for item in plan.items if item.reason == RENEW_FIRST]
            self.propose(Act.RENEW, refused, then_sync=True, begun=begun)
        elif plan.id is not None and plan.acts:
            self._tell("console.kept", plan=plan.id)
        else:
            self._tell("console.cancelled")

    def _submitted(self, plan: Plan, begun: Begun, submitted: Submitted) -> None:
        if submitted.actions:
            self._following.add(submitted.plan)
        told = self._begun(submitted)
        names = {item.connection: item.customer for item in plan.items}
        if submitted.changed:
            connection, reason = submitted.changed[0]
            who, why = names.get(connection, connection), self._console.reason(reason)
            n = number(len(submitted.changed))
            told.append(self._console.desk.say("console.submit_changed", n=n, who=who, why=why))
        doubtful = submitted.changed or submitted.state == PlanState.APPROVAL
        self._console.tell(". ".join(told), "warn" if doubtful else "text")
        if begun is not None:
            begun(submitted)
        self._console.data_changed()

    def _begun(self, submitted: Submitted) -> list[str]:
        """What was begun, what waits for its time, and until when it can be taken back."""
        say, now = self._console.desk.say, self._console.now()
        if submitted.state == PlanState.APPROVAL:
            return [say("console.approval_asked", plan=submitted.plan)]
        if not submitted.actions:
            return []
        act = submitted.actions[0].act
        times = [one.not_before for one in submitted.actions if one.not_before is not None and one.not_before > now]
        values = {"plan": submitted.plan, "act": act_word(act, say), "n": number(len(submitted.actions))}
        told = [say("console.submitted", **values)]
        if times and act == Act.REMOVE:
            told.append(say("console.submit_undo", press=key_of("undo"), at=until(min(times), now)))
        elif times:
            told.append(say("console.submit_waits", n=number(len(times)), at=until(max(times), now)))
        return told

    # -- orders -----------------------------------------------------------------------------------------------

    def steer(self, plan: int, order: Order) -> None:
        """Pause, resume, cancel or undo a plan, and say how it stands then."""
        operations, say = self._console.desk.operations, self._console.desk.say

        def done(view: PlanView) -> None:
            if order == Order.RESUME:
                self._following.add(plan)
            elif order != Order.CANCEL:  # what a cancelled plan has sent is still followed to its outcome
                self._following.discard(plan)
            self._console.tell(say("console.steered", plan=plan, state=say(f"console.steered.{order}")), "good")
            self._console.data_changed()

        self._console.lanes.act(lambda: operations.steer(plan, order), done, self.not_steered)

    def approve(self, view: PlanView, *, agreed: bool) -> None:
        """The second operator's word on a plan as he saw it."""
        operations = self._console.desk.operations

        def done(submitted: Submitted) -> None:
            if agreed:
                self._following.add(view.id)
                told = [self._console.desk.say("console.approved", plan=view.id), *self._begun(submitted)]
                self._console.tell(". ".join(told), "good")
            else:
                self._tell("console.declined", "good", plan=view.id)
            self._console.data_changed()

        work = partial(operations.approve, view.id, agreed=agreed, digest=view.digest)
        self._console.lanes.act(work, done, self.not_steered)

    def not_steered(self, error: Exception) -> None:
        """An order to a plan was not taken: why, and what is so instead."""
        self._console.tell(*self._console.trouble(error, "console.steer_failed"))
        self._console.data_changed()

    # -- the outcome ------------------------------------------------------------------------------------------

    def data_changed(self) -> None:
        """Look what has become of the plans that are on their way."""
        if self._following:
            self.pace.want()

    def _look(self) -> None:
        desk, plans = self._console.desk, tuple(self._following)

        def work() -> tuple[float, list[PlanView]]:
            begun = desk.monotonic()
            seen = [plan for number in plans if (plan := desk.reader.plan(number, whole=False)) is not None]
            ended = [plan for view in seen if over(view) and (plan := desk.reader.plan(view.id)) is not None]
            halted = [view for view in seen if view.state == PlanState.PAUSED and view.settled]
            return desk.monotonic() - begun, [*ended, *halted]

        self._console.lanes.ask("plans", "outcomes", work, self._seen, self._not_seen)

    def _not_seen(self, error: Exception) -> None:
        self.pace.done(0.0)
        self._console.store_failed("outcomes", error)

    def _seen(self, outcomes: tuple[float, list[PlanView]]) -> None:
        took, plans = outcomes
        self._console.store_answered("outcomes")
        self.pace.done(took)
        for plan in plans:
            if plan.id in self._following:
                self._following.discard(plan.id)
                self._ended(plan)

    def _ended(self, plan: PlanView) -> None:
        say = self._console.desk.say
        counts = ", ".join(f"{number(many)} {state_word(state, say)}" for state, many in plan.counts.items() if many)
        text = say("console.settled", plan=plan.id, act=act_word(plan.act, say), counts=counts)
        if plan.state == PlanState.PAUSED:
            text += f". {self._console.reason(plan.note)}"
        elif len(plan.actions) == sum(plan.counts.values()) == 1:
            text = say("console.settled_one", plan=plan.id, outcome=outcome(plan.actions[0], self._console))
        good = all(state in (*ENDED_WELL, ActionState.REFUSED) for state, many in plan.counts.items() if many)
        self._console.tell(text, "good" if good else "warn")
        self._console.unmark([action.connection for action in plan.actions if action.state in ENDED_WELL])

    def _tell(self, key: str, level: str = "text", **values: object) -> None:
        self._console.tell(self._console.desk.say(key, **values), level)


def over(plan: PlanView) -> bool:
    """Whether nothing of the plan is still to come, now or at a later time."""
    if plan.state in (PlanState.ENDED, PlanState.CANCELLED):
        return plan.settled
    return plan.state == PlanState.RUNNING and plan.settled and not plan.waits


def outcome(action: Action, console: "Console") -> str:
    """One act's outcome in words: who, what, the state, and the reason when there is one."""
    say = console.desk.say
    reason = f": {console.reason(action.reason)}" if action.reason else ""
    return f"{act_word(action.act, say)} {action.customer}: {state_word(action.state, say)}{reason}"

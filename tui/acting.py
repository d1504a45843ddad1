"""From a key to an act: plan, question, door, and what became of it. Every screen acts through this."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from backend.model.facts import Act
from backend.model.plans import Action, ActionState, Plan, PlanState, PlanView, Submitted
from tui.pace import Pace
from tui.proposal import RENEW_FIRST, Proposal, groups_of
from tui.wording import act_word, number, state_word

if TYPE_CHECKING:
    from tui.app import Console

ENDED_WELL = (ActionState.DONE, ActionState.AWAITING_CUSTOMER, ActionState.WAITING)
"""States in which the act has done its part; the others keep their mark for another try."""

FOLLOW_REST = 0.2
"""Least seconds between two looks at plans that are on their way."""

Begun = Callable[[Submitted], None] | None
"""Who wants to know that a plan has been confirmed and written."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """The plans that are followed, as the store knows them now, and the seconds that it took to read them."""

    plans: tuple[PlanView, ...]
    took: float


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
            now = desk.clock.now()
            unseen = set(frozen) - set(desk.reader.fleet_ids(query, now)) if query.terms else ()
            rows = desk.reader.rows(ordered, now) if act == Act.REMOVE else ()
            return Proposal(plan, groups_of(plan), len(unseen), {row.id: row.expires_at for row in rows})

        self._make(work, begun)

    def ask_connect(self, agreement: str, begun: Begun = None) -> None:
        """Ask for agreement and bank of a new connection, then for its plan."""
        from tui.screens.connect import ConnectScreen

        def answered(answer: tuple[str, str] | None) -> None:
            if answer is not None:
                operations = self._console.desk.operations

                def work() -> Proposal:
                    plan = operations.connect(*answer)
                    return Proposal(plan, groups_of(plan))

                self._make(work, begun)

        self._console.push_screen(ConnectScreen(agreement), answered)

    def drop(self) -> None:
        """The operator does not want the plan that is being made."""
        self.planning = False
        self._console.lanes.forget("plan")
        self._tell("console.dropped")

    def _make(self, work: Callable[[], Proposal], begun: Begun) -> None:
        self.planning = True
        self._tell("console.planning")
        self._console.lanes.ask("plans", "plan", work, partial(self._planned, begun), self._not_planned)

    def _planned(self, begun: Begun, proposal: Proposal) -> None:
        from tui.screens.question import Question

        self.planning = False
        self._console.quieten()
        self._console.push_screen(Question(proposal), lambda answer: self._answered(proposal.plan, begun, answer))

    def _not_planned(self, error: Exception) -> None:
        self.planning = False
        if isinstance(error, LookupError):
            self._tell("console.plan_unknown", "warn", agreement=str(error.args[0]) if error.args else "")
        else:
            self._tell("console.plan_failed", "bad", error=f"{type(error).__name__}: {error}")

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
        else:
            self._tell("console.cancelled")

    def _submitted(self, plan: Plan, begun: Begun, submitted: Submitted) -> None:
        self._following.add(submitted.plan)
        names = {item.connection: item.customer for item in plan.items}
        told_before = {item.connection for item in plan.items if item.fate != "run"}
        blocked = [(who, why) for who, why in submitted.refused if who not in told_before]
        if submitted.state == PlanState.APPROVAL:
            self._tell("console.approval_asked", "warn", plan=submitted.plan)
        elif submitted.actions:
            act = act_word(submitted.actions[0].act, self._console.desk.say)
            self._tell("console.submitted", plan=submitted.plan, act=act, n=number(len(submitted.actions)))
        if blocked:
            who, why = names.get(blocked[0][0], blocked[0][0]), self._console.reason(blocked[0][1])
            self._tell("console.submit_refused", "warn", n=number(len(blocked)), who=who, why=why)
        if begun is not None:
            begun(submitted)
        self._console.data_changed()

    # -- the outcome ------------------------------------------------------------------------------------------

    def data_changed(self) -> None:
        """Look what has become of the plans that are on their way."""
        if self._following:
            self.pace.want()

    def _look(self) -> None:
        desk, plans = self._console.desk, tuple(self._following)

        def work() -> Outcomes:
            begun = desk.monotonic()
            seen = tuple(plan for number in plans if (plan := desk.reader.plan(number)) is not None)
            return Outcomes(seen, desk.monotonic() - begun)

        self._console.lanes.ask("plans", "outcomes", work, self._seen, self._console.store_failed)

    def _seen(self, outcomes: Outcomes) -> None:
        self.pace.done(outcomes.took)
        for plan in outcomes.plans:
            if plan.settled and plan.state != PlanState.APPROVAL and plan.id in self._following:
                self._following.discard(plan.id)
                self._ended(plan)

    def _ended(self, plan: PlanView) -> None:
        failed = any(action.state not in ENDED_WELL for action in plan.actions)
        say = self._console.desk.say
        counts = ", ".join(f"{number(many)} {state_word(state, say)}" for state, many in plan.counts.items() if many)
        text = say("console.settled", plan=plan.id, act=act_word(plan.act, say), counts=counts)
        if len(plan.actions) == 1:
            text = say("console.settled_one", plan=plan.id, outcome=outcome(plan.actions[0], self._console))
        self._console.tell(text, "warn" if failed else "good")
        self._console.unmark([action.connection for action in plan.actions if action.state in ENDED_WELL])

    def _tell(self, key: str, level: str = "text", **values: object) -> None:
        self._console.tell(self._console.desk.say(key, **values), level)


def outcome(action: Action, console: "Console") -> str:
    """One act's outcome in words: who, what, the state, and the reason when there is one."""
    say = console.desk.say
    reason = f": {console.reason(action.reason)}" if action.reason else ""
    return f"{act_word(action.act, say)} {action.customer}: {state_word(action.state, say)}{reason}"

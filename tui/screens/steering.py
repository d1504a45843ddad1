"""What can be said to a plan, on every screen that shows one: orders, a second operator's word, another try."""

from collections.abc import Callable

from backend.model.facts import Act
from backend.model.people import NotAllowed, user_of
from backend.model.plans import ActionState, Order, PlanError, PlanState, PlanView
from tui.actions import Action
from tui.screens.base import ConsoleScreen
from tui.screens.panel import Choose
from tui.wording import act_word, number, until

OPEN = (PlanState.APPROVAL, PlanState.RUNNING, PlanState.PAUSED)
"""States of plans that still want something, or do something."""


class SteersPlan(ConsoleScreen):
    """Subclasses say which plan. What only stops things is done at once; the rest asks first."""

    @property
    def plan(self) -> PlanView | None:
        """The plan that is meant; None when there is none."""
        raise NotImplementedError

    def why_no_plan(self) -> str | None:
        return None if self.plan is not None else self.say("console.plans.none_here")

    def asks_for(self, action: Action) -> tuple[str, int] | None:
        view = self.plan
        if view is None or action.id == "run_again":  # what becomes of a new plan is weighed when it is made
            return None
        if action.id in ("approve", "decline"):
            return "approve", 1
        mine = user_of(view.run_by or view.operator) == user_of(self.console.desk.operator)
        return "steer" if mine else "steer_others", 1

    # -- pause, resume, cancel, undo --------------------------------------------------------------------------

    def why_not_pause(self) -> str | None:
        view = self.plan
        if view is None or view.state in (PlanState.RUNNING, PlanState.PAUSED):
            return self.why_no_plan()
        return self.say("plan.cannot.pause", plan=view.id)

    def do_pause(self) -> None:
        """Pause at once; to resume is to do the rest, and is asked about."""
        view = self.plan
        assert view is not None
        if view.state == PlanState.RUNNING:
            self.console.acting.steer(view.id, Order.PAUSE)
        else:
            left = number(view.counts.get(ActionState.INTENT, 0))
            why = self.console.reason(view.note)
            self._ask("resume", view, lambda: self.console.acting.steer(view.id, Order.RESUME), n=left, why=why)

    def why_not_cancel(self) -> str | None:
        view = self.plan
        if view is None or view.state in (*OPEN, PlanState.DRAFT):
            return self.why_no_plan()
        return self.say("plan.cannot.cancel", plan=view.id)

    def do_cancel(self) -> None:
        view = self.plan
        assert view is not None
        left = view.counts.get(ActionState.INTENT, 0) + view.counts.get(ActionState.PLANNED, 0)
        cancel = lambda: self.console.acting.steer(view.id, Order.CANCEL)  # noqa: E731
        self._ask("cancel", view, cancel, n=number(left), danger=True)

    def why_not_undo(self) -> str | None:
        view = self.plan
        if view is None or (view.undo_until is not None and view.undo_until > self.console.now()):
            return self.why_no_plan()
        if view.act != Act.REMOVE:
            return self.say("console.undo.only_removals")
        return self.say("console.undo.too_late" if view.state in OPEN else "plan.cannot.undo", plan=view.id)

    def do_undo(self) -> None:
        assert self.plan is not None
        self.console.acting.steer(self.plan.id, Order.UNDO)

    # -- a draft, and what failed -----------------------------------------------------------------------------

    def why_not_again(self) -> str | None:
        view = self.plan
        if view is None or view.state == PlanState.DRAFT:
            return self.why_no_plan()
        tried = sum(view.counts.get(s, 0) for s in (ActionState.FAILED, ActionState.CANCELLED, ActionState.REFUSED))
        return None if tried else self.say("plan.nothing_to_repeat", plan=view.id)

    def do_again(self) -> None:
        """The question of a draft, or a new plan of what failed."""
        view = self.plan
        assert view is not None
        if view.state == PlanState.DRAFT:
            self.console.acting.resume_draft(view.id)
        else:
            self.console.acting.again(view.id)

    # -- a second pair of eyes --------------------------------------------------------------------------------

    def why_not_approve(self) -> str | None:
        view = self.plan
        if view is None or view.state == PlanState.APPROVAL:
            return self.why_no_plan()
        return self.say("plan.no_approval_asked", plan=view.id)

    def do_approve(self) -> None:
        """Ask, when this operator is one who can approve it; whether he is the guarded door knows."""
        view, operations = self.plan, self.console.desk.operations
        assert view is not None
        approve = lambda: self.console.acting.approve(view, agreed=True)  # noqa: E731

        def refused(error: Exception) -> None:
            if isinstance(error, NotAllowed | PlanError):
                self.console.acting.not_steered(error)
            else:
                self.console.store_failed(error)

        self.console.lanes.act(
            lambda: operations.approvable(view.id),
            lambda _: self._ask("approve", view, approve, n=number(view.size), danger=view.act == Act.REMOVE),
            refused,
        )

    def do_decline(self) -> None:
        view = self.plan
        assert view is not None
        self._ask("decline", view, lambda: self.console.acting.approve(view, agreed=False), n=number(view.size))

    def _ask(self, what: str, view: PlanView, then: Callable[[], None], *, danger: bool = False, **said: str) -> None:
        values = {"plan": view.id, "act": act_word(view.act, self.console.desk.say), "who": view.run_by, **said}

        def answered(answer: str | None) -> None:
            if answer is not None:
                then()

        title = self.say(f"console.order.{what}", **values)
        about = self.say(f"console.order.{what}.about", **values)
        do = [(what, self.say(f"console.order.{what}.do", **values))]
        self.console.push_screen(Choose(title, about, do, danger=danger), answered)

    # -- going on ---------------------------------------------------------------------------------------------

    def list_filter(self) -> str:
        """What of the plan is shown in the list."""
        assert self.plan is not None
        return f"plan:{self.plan.id}"

    def do_in_list(self) -> None:
        self.console.show_in_fleet(self.list_filter())

    def undo_words(self, view: PlanView) -> str:
        """Until when the plan can be undone, and for how many minutes yet; empty when it cannot."""
        now = self.console.now()
        if view.undo_until is None or view.undo_until <= now:
            return ""
        left = int((view.undo_until - now).total_seconds() // 60) + 1
        return self.say("console.undo.until", at=until(view.undo_until, now), n=left)

"""What can be said to a plan, on every screen that shows one: orders, a second operator's word, another try."""

from collections.abc import Callable
from functools import partial

from backend.model.facts import Act
from backend.model.people import user_of
from backend.model.plans import ActionState, Order, PlanState, PlanView
from tui.actions import Action, key_of
from tui.screens.base import ConsoleScreen
from tui.wording import act_word, number, until

OPEN = (PlanState.APPROVAL, PlanState.RUNNING, PlanState.PAUSED)
"""States of plans that still want something, or do something."""


class SteersPlan(ConsoleScreen):
    """Subclasses say which plan. Every order asks first, but to undo what the header tells of."""

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
        view = self._to_undo() or view if action.id == "undo" else view
        mine = user_of(view.run_by or view.operator) == user_of(self.console.desk.operator)
        return "steer" if mine else "steer_others", 1

    # -- pause, resume, cancel, undo --------------------------------------------------------------------------

    def why_not_pause(self) -> str | None:
        view = self.plan
        if view is None or view.state in (PlanState.RUNNING, PlanState.PAUSED):
            return self.why_no_plan()
        return self.say("plan.cannot.pause", plan=view.id)

    def do_pause(self) -> None:
        """Pause what runs; to resume is to do the rest, and a removal's wants its number typed as when it began."""
        view = self.plan
        assert view is not None
        left, why = view.counts.get(ActionState.INTENT, 0), self.console.reason(view.note)
        order = Order.PAUSE if view.state == PlanState.RUNNING else Order.RESUME
        wanted = left if order == Order.RESUME and view.act == Act.REMOVE else 0
        self._ask(order, view, partial(self.console.acting.steer, view.id, order), wanted, n=number(left), why=why)

    def why_not_cancel(self) -> str | None:
        view = self.plan
        if view is None or view.state in (*OPEN, PlanState.DRAFT):
            return self.why_no_plan()
        return self.say("plan.cannot.cancel", plan=view.id)

    def do_cancel(self) -> None:
        view = self.plan
        assert view is not None
        left = view.counts.get(ActionState.INTENT, 0) + view.counts.get(ActionState.PLANNED, 0)
        cancel = partial(self.console.acting.steer, view.id, Order.CANCEL)
        self._ask(Order.CANCEL, view, cancel, n=number(left))

    def _to_undo(self) -> PlanView | None:
        """The plan under the cursor where it can be undone, else the one that the header tells of."""
        view, now = self.plan, self.console.now()
        return view if view is not None and view.undo_until is not None and view.undo_until > now else self.announced

    @property
    def announced(self) -> PlanView | None:
        return self.console.undoable()

    def why_not_undo(self) -> str | None:
        view = self.plan
        if view is None or self._to_undo() is not None:
            return self.why_no_plan() if self._to_undo() is None else None
        if view.act != Act.REMOVE:
            return self.say("console.undo.only_removals", press=key_of("cancel"))
        late = view.state in OPEN
        return self.say("console.undo.too_late" if late else "plan.cannot.undo", plan=view.id, press=key_of("cancel"))

    def do_undo(self) -> None:
        """At once where the header has told of it; another one, perhaps somebody else's, is asked about."""
        view = self._to_undo()
        assert view is not None
        undo = partial(self.console.acting.steer, view.id, Order.UNDO)
        if self.announced is not None and self.announced.id == view.id:
            undo()
        else:
            self._ask(Order.UNDO, view, undo, n=number(view.size))

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
        approve = partial(self.console.acting.approve, view, agreed=True)

        wanted = view.size if view.act == Act.REMOVE else 0
        self.console.lanes.act(
            lambda: operations.approvable(view.id),
            lambda _: self._ask("approve", view, approve, wanted, n=number(view.size)),
            self.console.acting.not_steered,
        )

    def do_decline(self) -> None:
        view = self.plan
        assert view is not None
        self._ask("decline", view, lambda: self.console.acting.approve(view, agreed=False), n=number(view.size))

    def _ask(self, what: str, view: PlanView, then: Callable[[], None], wanted: int = 0, **said: str) -> None:
        """Ask about an order; `wanted` is a number that must be typed for it."""
        values = {"plan": view.id, "act": act_word(view.act, self.console.desk.say), "who": view.run_by, **said}
        title = self.say(f"console.order.{what}", **values)
        about = self.say(f"console.order.{what}.about", **values)
        do = [(what, self.say(f"console.order.{what}.do", **values))]
        danger = what == Order.CANCEL or wanted > 0
        expected = str(wanted) if wanted else ""
        self.choose(title, about, do, lambda _: then(), danger=danger, expected=expected)

    # -- going on ---------------------------------------------------------------------------------------------

    def list_filter(self) -> str:
        """What of the plan is shown in the list."""
        assert self.plan is not None
        return f"plan:{self.plan.id}"

    def do_in_list(self) -> None:
        self.console.show_in_fleet(self.list_filter())

    def undo_words(self, view: PlanView) -> str:
        """Until when the plan can be undone; empty when it cannot."""
        now = self.console.now()
        if view.undo_until is None or view.undo_until <= now:
            return ""
        return self.say("console.undo.until", press=key_of("undo"), at=until(view.undo_until, now))

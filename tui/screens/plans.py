"""Plans: those that run or wait for somebody, then those that are over, and on a key those that nobody has run."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from backend.model.plans import PlanState, PlanView
from tui.actions import PLAN, PLANS
from tui.cells import Line, Span
from tui.screens.moving import WIDE, Column, ListScreen
from tui.screens.steering import OPEN, SteersPlan
from tui.widgets.bars import fitting
from tui.widgets.roster import Keyed, Window
from tui.wording import act_word, outcome_counts, plan_state, short_moment

SHOWN = 100
"""Plans that are read, the newest; `forny plans --limit` lists older ones."""


class PlansScreen(ListScreen[Keyed[PlanView]], SteersPlan):
    """One line a plan. Enter opens one; orders are for the one under the cursor."""

    scope: ClassVar[str] = PLANS
    titles = "console.plans"
    rest = 0.5

    def __init__(self) -> None:
        super().__init__()
        self.plans: tuple[PlanView, ...] = ()
        self.drafts = False

    @property
    def plan(self) -> PlanView | None:
        row = self.roster.current
        return row.item if row is not None else None

    def crumb(self, width: int) -> tuple[Line, Line]:
        is_open = sum(view.state in OPEN for view in self.plans)
        left: list[Span] = [(self.say("console.plans.title", n=is_open), "strong")]
        if self.drafts:
            left.append((f"   {self.say('console.plans.with_drafts')}", "accent"))
        return left, []

    # -- painting ---------------------------------------------------------------------------------------------

    def ident(self, row: Keyed[PlanView]) -> str:
        return str(row.item.id)

    def empty(self) -> str:
        return self.say("console.plans.none")

    def columns(self, width: int) -> Sequence[Column]:
        """How it went takes what is left."""
        rest = [
            ("plan", 5),
            ("state", 12),
            ("act", 14 if width >= WIDE else 8),
            ("who", 20 if width >= WIDE else 8),
            ("at", 8),
        ]
        if width < 70:
            rest = [one for one in rest if one[0] not in ("who", "at")]
        rest.append(("outcome", max(10, width - sum(cells + 1 for _, cells in rest))))
        return [Column(name, cells) for name, cells in rest]

    def cells(self, row: Keyed[PlanView], width: int) -> Mapping[str, Span]:
        view, say = row.item, self.console.desk.say
        return {
            "plan": (str(view.id), "strong"),
            "state": plan_state(view.state, say, self.console.glyphs),
            "act": (act_word(view.act, say) if width >= WIDE else say(f"console.action.{view.act}.short"), "text"),
            "who": (view.run_by or view.operator, "text"),
            "at": (short_moment(view.run_at or view.created_at, self.console.now()), "dim"),
            "outcome": ("", "text"),
        }

    def paint(self, row: Keyed[PlanView], width: int) -> Line:
        """The last cell is several words, of which those that fit are told."""
        line = list(super().paint(row, width))[:-2]
        return [*line, *fitting(self._outcome(row.item), self.columns(width)[-1].cells, "  ")]

    def _outcome(self, view: PlanView) -> list[Span]:
        """What an operator must know first, then the counts."""
        first: list[Span] = []
        if words := self.undo_words(view):
            first.append((words, "warn"))
        if view.state == PlanState.PAUSED:
            first.append((self.console.reason(view.note), "warn"))
        return [*first, *outcome_counts(view, self.console.desk.say, self.console.glyphs)]

    # -- reading ----------------------------------------------------------------------------------------------

    def read(self) -> None:
        reader, drafts = self.console.desk.reader, self.drafts

        def work() -> tuple[PlanView, ...]:
            found = {view.id: view for view in (*reader.open_plans(), *reader.plans(SHOWN, drafts=drafts))}
            return tuple(sorted(found.values(), key=_place))

        self.ask("plans", work, self._read, pace=self.pace)

    def _read(self, found: tuple[PlanView, ...]) -> None:
        self.plans = found
        rows = tuple(Keyed((view.id, *_said(view), self.undo_words(view)), view) for view in found)
        self.show(Window(0, rows, len(rows)))

    # -- going on ---------------------------------------------------------------------------------------------

    def do_drafts(self) -> None:
        self.drafts = not self.drafts
        self.pace.want_now()

    def why_not_open(self) -> str | None:
        return self.why_no_plan()

    def do_open(self) -> None:
        assert self.plan is not None
        self.go(PLAN, self.plan.id)


def _place(view: PlanView) -> tuple[bool, int]:
    """Open plans first, in the order in which they began; then the newest."""
    return (False, view.id) if view.state in OPEN else (True, -view.id)


def _said(view: PlanView) -> tuple[object, ...]:
    """What of a plan is on its line and can change."""
    return view.state, view.note, view.run_by, view.waits, tuple(sorted(view.counts.items()))

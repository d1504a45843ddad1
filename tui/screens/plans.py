"""Plans: those that run or wait for somebody, then those that are over, and on a key those that nobody has run."""

from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult

from backend.model.plans import PlanState, PlanView
from tui.actions import PLANS
from tui.cells import Line, Span, fit
from tui.pace import Pace
from tui.screens.moving import MovesRoster
from tui.screens.steering import OPEN, SteersPlan
from tui.widgets.bars import fitting
from tui.widgets.roster import Keyed, Roster, Wanted, Window
from tui.wording import act_word, outcome_counts, plan_state, short_moment

SHOWN = 100
"""Plans that are read, the newest; `forny plans --limit` lists older ones."""

REST = 0.5
"""Least seconds between two readings."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Plans as they stand, and the seconds that it took to read them."""

    plans: tuple[PlanView, ...]
    took: float


class PlansScreen(MovesRoster, SteersPlan):
    """One line a plan. Enter opens one; orders are for the one under the cursor."""

    scope: ClassVar[str] = PLANS

    def __init__(self) -> None:
        super().__init__()
        self.known: tuple[PlanView, ...] | None = None
        self.drafts = False
        self.pace = Pace(self.set_timer, self._look, rest=REST)

    @property
    def plan(self) -> PlanView | None:
        row = self.roster.current
        return row.item if row is not None else None

    def body(self) -> ComposeResult:
        app = self.console
        self.roster: Roster[Keyed[PlanView]] = Roster(
            app.palette,
            app.glyphs,
            ident=lambda row: str(row.item.id),
            paint=self._paint,
            heading=self._heading,
            empty=lambda: self.say("console.reading" if self.known is None else "console.plans.none"),
            id="roster",
        )
        yield self.roster

    def on_mount(self) -> None:
        self.pace.want_now()

    def crumb(self, width: int) -> tuple[Line, Line]:
        is_open = sum(view.state in OPEN for view in self.known or ())
        left: list[Span] = [(self.say("console.plans.title", n=is_open), "strong")]
        if self.drafts:
            left.append((f"   {self.say('console.plans.with_drafts')}", "accent"))
        return left, []

    # -- painting ---------------------------------------------------------------------------------------------

    def _columns(self, width: int) -> tuple[tuple[str, int], ...]:
        """Title and cells; how it went takes what is left."""
        rest = [("plan", 5), ("state", 12), ("act", 11), ("who", 20 if width >= 110 else 8), ("at", 8)]
        if width < 70:
            rest = [one for one in rest if one[0] not in ("who", "at")]
        return (*rest, ("outcome", max(10, width - sum(cells + 1 for _, cells in rest))))

    def _heading(self, width: int) -> Line:
        line: list[Span] = []
        for title, cells in self._columns(width):
            line += [(fit(self.say(f"console.plans.{title}"), cells), "head"), (" ", "head")]
        return line

    def _paint(self, row: Keyed[PlanView], width: int) -> Line:
        view, say, glyphs = row.item, self.console.desk.say, self.console.glyphs
        cells = {
            "plan": (str(view.id), "strong"),
            "state": plan_state(view.state, say, glyphs),
            "act": (act_word(view.act, say), "text"),
            "who": (view.run_by or view.operator, "text"),
            "at": (short_moment(view.run_at or view.created_at, self.console.now()), "dim"),
        }
        line: list[Span] = []
        for title, room in self._columns(width):
            if title == "outcome":
                return [*line, *fitting(self._outcome(view), room, "  ")]
            text, role = cells[title]
            line += [(fit(text, room), role), (" ", "text")]
        return line

    def _outcome(self, view: PlanView) -> list[Span]:
        """What an operator must know first, then the counts."""
        first: list[Span] = []
        if words := self.undo_words(view):
            first.append((words, "warn"))
        if view.state == PlanState.PAUSED:
            first.append((self.console.reason(view.note), "warn"))
        return [*first, *outcome_counts(view, self.console.desk.say, self.console.glyphs)]

    # -- reading ----------------------------------------------------------------------------------------------

    def data_changed(self) -> None:
        self.pace.want()

    def quiet_tick(self) -> None:
        self.pace.want()

    @on(Wanted)
    def _wanted(self) -> None:
        self.pace.want()

    def _look(self) -> None:
        reader, drafts, desk = self.console.desk.reader, self.drafts, self.console.desk

        def work() -> Reading:
            begun = desk.monotonic()
            found = {view.id: view for view in (*reader.open_plans(), *reader.plans(SHOWN, drafts=drafts))}
            return Reading(tuple(sorted(found.values(), key=_place)), desk.monotonic() - begun)

        self.ask("plans", work, self._read)

    def _read(self, reading: Reading) -> None:
        self.pace.done(reading.took)
        first, self.known = self.known is None, reading.plans
        rows = tuple(Keyed((view.id, *_said(view), self.undo_words(view)), view) for view in reading.plans)
        if self.roster.show(Window(0, rows, len(rows)), fresh=first) and not first:
            self.console.seen_change()
        self.repaint_bars()

    # -- going on ---------------------------------------------------------------------------------------------

    def do_drafts(self) -> None:
        self.drafts = not self.drafts
        self.pace.want_now()

    def do_open(self) -> None:
        from tui.screens.plan import PlanScreen

        assert self.plan is not None
        self.console.push_screen(PlanScreen(self.plan.id))


def _place(view: PlanView) -> tuple[bool, int]:
    """Open plans first, in the order in which they began; then the newest."""
    return (False, view.id) if view.state in OPEN else (True, -view.id)


def _said(view: PlanView) -> tuple[object, ...]:
    """What of a plan is on its line and can change."""
    return view.state, view.note, view.run_by, view.waits, tuple(sorted(view.counts.items()))

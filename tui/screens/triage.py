"""Triage: one problem at a time, its one key, and on to the next."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult

from backend.model.facts import Act
from backend.model.filters import Filter
from backend.model.problems import Note
from backend.model.views import ConnectionView, ProblemView
from tui.actions import TRIAGE, Action
from tui.cells import Line, Span, folded
from tui.pace import Pace
from tui.pages import TO_LOOK_AT, primary, problem_lines
from tui.screens.handling import THEN_SYNC, HandlingScreen
from tui.sections import Page
from tui.widgets.bars import fitting
from tui.widgets.doc import Doc
from tui.wording import number

MOST = 2_000
"""Problems of one queue; more than that is a bank's outage, or no work for a person."""

READ_REST = 0.5
"""Least seconds between two readings of the queue."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The queue, the problem that was meant when it was read, its connection, and what the reading cost (s)."""

    queue: tuple[ProblemView, ...]
    hidden: tuple[ProblemView, ...]
    present: ProblemView | None
    view: ConnectionView | None
    note: Note | None
    took: float


class TriageScreen(HandlingScreen):
    """Holds one problem until the operator moves on: news change the queue behind it, never what he looks at."""

    scope: ClassVar[str] = TRIAGE

    def __init__(self, query: Filter, *, start: str | None = None) -> None:
        """The open problems of the connections that `query` matches, from connection `start` on if it has one."""
        super().__init__()
        self.filter = query
        self.start = start
        self.queue: tuple[ProblemView, ...] = ()
        self.hidden: tuple[ProblemView, ...] = ()
        self.present: ProblemView | None = None
        self.view: ConnectionView | None = None
        self.note: Note | None = None
        self.place = 0
        self.known = False
        self.over = False
        self.pace = Pace(self.set_timer, self.read, rest=READ_REST)

    @property
    def problem(self) -> ProblemView | None:
        return self.present

    @property
    def subject(self) -> ConnectionView | None:
        return self.view

    def body(self) -> ComposeResult:
        self.doc = Doc(self.console.palette, self.console.glyphs, self._text, id="doc")
        yield self.doc

    def on_mount(self) -> None:
        self.pace.want_now()

    # -- painting ---------------------------------------------------------------------------------------------

    def crumb(self, width: int) -> tuple[Line, Line]:
        if not self.known:
            return [(self.say("console.reading"), "dim")], []
        parts: list[Span] = [(self._position(), "strong")]
        if self.filter.terms:
            parts.append((f"/{self.filter.text}", "accent"))
        return fitting([*parts, *self._hidden()], width, "   "), []

    def _position(self) -> str:
        if self.present is None:
            return self.say("console.triage.none")
        of = number(len(self.queue)) + ("+" if len(self.queue) == MOST else "")
        if self.over:
            return self.say("console.triage.over", of=of)
        return self.say("console.triage.position", n=number(self.place + 1), of=of)

    def _hidden(self) -> list[Span]:
        """How many the queue leaves out, and why."""
        why = Counter("muted" if one.muted_by else "in_incidents" if one.incident else "snoozed" for one in self.hidden)
        return [(self.say(f"console.triage.{kind}", n=number(many)), "dim") for kind, many in sorted(why.items())]

    def _text(self, width: int) -> Sequence[Line]:
        if not self.known:
            return [[], [(self.say("console.reading"), "dim")]]
        page = self._page(width)
        if self.present is None:
            return self._nothing(page)
        over = self._over(page) if self.over else ""
        return folded(problem_lines(page, self.present, self.view, over, self.note), width)

    def _over(self, page: Page) -> str:
        """Why the problem on screen is in the queue no more."""
        resting = next((one for one in self.hidden if _ident(one) == _ident(self.present)), None)
        if resting is None:
            return self.say("console.triage.is_over")
        rests = ", ".join(page.rests(resting)) or self.say("console.triage.in_incident")
        return self.say("console.triage.rests", how=rests)

    def _page(self, width: int) -> Page:
        return Page(self.console.now(), self.console.desk.say, self.console.reason, self.console.glyphs, width)

    def _nothing(self, page: Page) -> list[Line]:
        key = "console.triage.empty_filter" if self.filter.terms else "console.triage.empty"
        lines = [[], *page.wrapped(self.say(key), "good")]
        return [*lines, [], *([("  ", "text"), part] for part in self._hidden())]

    # -- reading ----------------------------------------------------------------------------------------------

    def data_changed(self) -> None:
        self.pace.want()

    def quiet_tick(self) -> None:
        self.pace.want()

    def read(self) -> None:
        """Read the queue and the connection of the problem on screen."""
        desk, query, present, start = self.console.desk, self.filter, self.present, self.start

        def work() -> Reading:
            begun, now = desk.monotonic(), desk.clock.now()
            queue = tuple(desk.reader.problems(query, MOST))
            shown = {one.id for one in queue}
            hidden = tuple(one for one in desk.reader.problems(query, MOST, hidden=True) if one.id not in shown)
            meant = present or next((one for one in queue if one.connection == start), queue[0] if queue else None)
            view = desk.reader.connection(meant.connection, now) if meant is not None else None
            notes = desk.reader.notes(meant.connection, 1) if meant is not None else []
            return Reading(queue, hidden, meant, view, notes[0] if notes else None, desk.monotonic() - begun)

        self.ask("triage", work, self._read)

    def _read(self, reading: Reading) -> None:
        self.pace.done(reading.took)
        if self.known and _ident(reading.present) != _ident(self.present) and self.present is not None:
            self.pace.want_now()  # the operator has moved on meanwhile
            return
        before = (self.queue, self.view, self.note)
        self.queue, self.hidden, self.known = reading.queue, reading.hidden, True
        self.view, self.note = reading.view, reading.note
        self.present = reading.present
        here = next((n for n, one in enumerate(self.queue) if _ident(one) == _ident(self.present)), None)
        self.over = here is None and self.present is not None
        if here is not None:
            self.place, self.present = here, self.queue[here]
        if before != (self.queue, self.view, self.note):
            self.console.seen_change()
        self.doc.repaint()
        self.repaint_bars()

    # -- moving -----------------------------------------------------------------------------------------------

    def _go(self, place: int) -> None:
        """Look at the problem at this place of the queue; at its ends say so."""
        if not self.queue:
            self.present, self.view, self.over = None, None, False
        elif 0 <= place < len(self.queue):
            self.present, self.view, self.note, self.over = self.queue[place], None, None, False
            self.place = place
            self.doc.top = 0
        else:
            self.console.tell(self.say("console.triage.first" if place < 0 else "console.triage.last"))
            return
        self.doc.repaint()
        self.repaint_bars()
        self.pace.want_now()

    def do_down(self) -> None:
        self._go(self.place if self.over else self.place + 1)

    def do_up(self) -> None:
        self._go(self.place - 1)

    def do_first(self) -> None:
        self._go(0)

    def do_last(self) -> None:
        self._go(len(self.queue) - 1)

    def do_page_up(self) -> None:
        self.doc.scroll_lines(1 - self.doc.size.height)

    def do_page_down(self) -> None:
        self.doc.scroll_lines(self.doc.size.height - 1)

    # -- acting -----------------------------------------------------------------------------------------------

    def handled(self, connection: str) -> None:
        """Done with this one: on to the next, unless the operator has moved on already."""
        if self.present is not None and self.present.connection == connection and len(self.queue) > 1:
            self._go(self.place if self.over else min(self.place + 1, len(self.queue) - 1))

    def why_not_act(self) -> str | None:
        if self.view is not None:
            return None
        return self.say("console.reading" if self.present is not None or not self.known else "console.triage.empty")

    def why_no_problem(self) -> str | None:
        return self.say("console.triage.is_over") if self.over else self.why_not_act()

    def why_no_primary(self) -> str | None:
        """Why Enter does nothing: there is nothing to press, or it is too early for it."""
        if (missing := self.why_no_problem()) is not None:
            return missing
        assert self.view is not None
        if self.view.row.running:
            return self.say("in_work")
        return None if primary(self.view, self._page(0))[0] else self.say("console.triage.no_key")

    def asks_for(self, action: Action) -> tuple[str, int] | None:
        if action.id != "primary" or self.view is None:
            return super().asks_for(action)
        act = "accept_renewal" if self.view.facts.doubted else self.view.row.action
        return None if act is None else (act, 1)

    def do_primary(self) -> None:
        assert self.view is not None
        row = self.view.row
        if self.view.facts.doubted:
            self.do_accept()
        elif row.action is None:
            self.look_at_postings(TO_LOOK_AT[str(row.situation)])
        elif row.action == Act.CONNECT:
            self.console.acting.ask_connect(row.agreement_number, lambda _: self.handled(row.id))
        else:
            self.propose(Act(str(row.action)), then_sync=row.situation == THEN_SYNC)

    def do_open(self) -> None:
        from tui.screens.connection import ConnectionScreen

        assert self.view is not None
        self.console.push_screen(ConnectionScreen(self.view.row.id))


def _ident(problem: ProblemView | None) -> int | None:
    return problem.id if problem is not None else None

"""Triage: one problem at a time, its one key, and on to the next."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from backend.model.facts import Act
from backend.model.filters import Filter
from backend.model.problems import Note
from backend.model.views import ConnectionView, ProblemView
from tui.actions import CONNECTION, POSTINGS, TRIAGE, Action
from tui.cells import Line, Span, folded
from tui.pace import Pace
from tui.pages import TO_LOOK_AT, primary, problem_lines
from tui.screens.handling import THEN_SYNC, HandlingScreen
from tui.screens.moving import MovesDoc
from tui.sections import Page
from tui.widgets.bars import fitting
from tui.wording import number

MOST = 2_000
"""Problems of one queue; more than that is a bank's outage, or no work for a person."""

READ_REST = 0.5
"""Least seconds between two readings of the queue."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The queue, the problem that was meant when it was read, and its connection."""

    queue: tuple[ProblemView, ...]
    hidden: tuple[ProblemView, ...]
    present: ProblemView | None
    view: ConnectionView | None
    note: Note | None


class TriageScreen(MovesDoc, HandlingScreen):
    """Holds one problem until the operator moves on: news change the queue behind it, never what he looks at."""

    scope: ClassVar[str] = TRIAGE

    def __init__(self, query: Filter, start: str | None = None) -> None:
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
        more = "+" if len(self.hidden) + len(self.queue) >= MOST else ""
        return [
            (self.say(f"console.triage.{kind}", n=f"{number(many)}{more}"), "dim") for kind, many in sorted(why.items())
        ]

    def _text(self, width: int) -> Sequence[Line]:
        if not self.known:
            return [[], [(self.say("console.reading"), "dim")]]
        page = self.sheet(width)
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

    def _nothing(self, page: Page) -> list[Line]:
        key = "console.triage.empty_filter" if self.filter.terms else "console.triage.empty"
        lines = [[], *page.wrapped(self.say(key), "good")]
        return [*lines, [], *([("  ", "text"), part] for part in self._hidden())]

    # -- reading ----------------------------------------------------------------------------------------------

    def data_changed(self) -> None:
        self.pace.want()

    def quiet_tick(self) -> None:
        super().quiet_tick()
        self.pace.want()

    def read(self) -> None:
        """Read the queue and the connection of the problem on screen."""
        desk, query, present, start = self.console.desk, self.filter, self.present, self.start

        def work() -> Reading:
            now = desk.clock.now()
            queue = tuple(desk.reader.problems(query, MOST))
            shown = {one.id for one in queue}
            hidden = tuple(one for one in desk.reader.problems(query, MOST, hidden=True) if one.id not in shown)
            meant = present or next((one for one in queue if one.connection == start), queue[0] if queue else None)
            view = desk.reader.connection(meant.connection, now) if meant is not None else None
            notes = desk.reader.notes(meant.connection, 1) if meant is not None else []
            return Reading(queue, hidden, meant, view, notes[0] if notes else None)

        self.ask("triage", work, self._read, pace=self.pace)

    def _read(self, reading: Reading) -> None:
        if self.known and _ident(reading.present) != _ident(self.present) and self.present is not None:
            self.pace.want_now()  # the operator has moved on meanwhile
            return
        before = self._shown()
        self.queue, self.hidden, self.known = reading.queue, reading.hidden, True
        self.view, self.note = reading.view, reading.note
        self.present = reading.present
        here = next((n for n, one in enumerate(self.queue) if _ident(one) == _ident(self.present)), None)
        self.over = here is None and self.present is not None
        if here is not None:
            self.place, self.present = here, self.queue[here]
        if before != self._shown():
            self.console.seen_change()
            self.seen_at = self.console.now()
            self.doc.repaint()
        self.repaint_bars()

    def _shown(self) -> tuple[object, ...]:
        """All that the page is about, and whether its time to wait has come."""
        until = self.view.row.wait_until if self.view is not None else None
        waits = until is not None and until > self.console.now()
        return self.known, self.queue, self.hidden, self.present, self.view, self.note, self.over, waits

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
        return None if primary(self.view, self.sheet(0))[0] else self.say("console.triage.no_key")

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
            self.go(POSTINGS, row.id, TO_LOOK_AT[str(row.situation)])
        elif row.action == Act.CONNECT:
            self.console.acting.ask_connect(row.agreement_number, lambda _: self.handled(row.id))
        else:
            self.propose(Act(str(row.action)), then_sync=row.situation == THEN_SYNC)

    def do_open(self) -> None:
        assert self.view is not None
        self.go(CONNECTION, self.view.row.id)


def _ident(problem: ProblemView | None) -> int | None:
    return problem.id if problem is not None else None

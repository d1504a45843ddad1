"""One connection: why it is as it is, what to tell the customer, its accounts, renewal, acts, postings and attempts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from backend.model.facts import Attempt, Event
from backend.model.filters import Compare, Filter
from backend.model.lifetimes import Lifespan
from backend.model.problems import Note
from backend.model.reminders import Reminder
from backend.model.views import ConnectionView, PostingFilter, PostingLine, ProblemView
from backend.rules.renewals import stalled
from tui.actions import AUDIT, CONNECTION, TRIAGE
from tui.cells import Line, folded
from tui.screens.handling import HandlingScreen
from tui.screens.moving import ReadsDoc
from tui.sections import Page
from tui.timeline import attempts_section, events_section, reminders_section

SHOWN = 30
"""Attempts and postings that are read for one connection."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What the store knows of one connection, read at one moment."""

    view: ConnectionView | None
    attempts: tuple[Attempt, ...]
    postings: tuple[PostingLine, ...]
    usual: Lifespan | None = None
    notes: tuple[Note, ...] = ()
    problem: ProblemView | None = None
    reminders: tuple[Reminder, ...] = ()
    events: tuple[Event, ...] = ()


class ConnectionScreen(ReadsDoc[Reading], HandlingScreen):
    """A page of sections that scrolls. It is read again when the store changes, and holds its place."""

    scope: ClassVar[str] = CONNECTION

    def __init__(self, connection: str) -> None:
        super().__init__()
        self.connection = connection
        self.places: tuple[int, ...] = ()

    @property
    def problem(self) -> ProblemView | None:
        return self.reading.problem if self.reading else None

    @property
    def subject(self) -> ConnectionView | None:
        return self.reading.view if self.reading else None

    def crumb(self, width: int) -> tuple[Line, Line]:
        view = self.reading.view if self.reading else None
        if view is None:
            return [(self.connection, "dim")], []
        row, dot = view.row, self.console.glyphs.dot
        right = [(f"{self.say('console.agreement')} {row.agreement_number} {dot} {row.id} ", "dim")]
        return [(row.customer, "title"), (f" {dot} {row.bank}", "text")], right

    def page(self, reading: Reading, width: int) -> Sequence[Line]:
        if reading.view is None:
            return [[], [(self.say("console.connection.gone"), "warn")]]
        return self._whole(self.sheet(width), reading, reading.view)

    def _whole(self, page: Page, read: Reading, view: ConnectionView) -> list[Line]:
        """All sections in their order; `places` remembers on which lines they begin."""
        sections = [
            [*page.verdict(view, read.usual), *self._rests(page, read)],
            page.case(view.case) if view.case is not None else [],
            page.accounts(view),
            page.notes(read.notes),
            page.acts(view.actions),
            reminders_section(page, read.reminders),
            page.postings(read.postings),
            attempts_section(page, read.attempts),
            events_section(page, read.events),
        ]
        lines: list[Line] = []
        places = []
        for section in sections:
            if section:
                places.append(len(lines) + 1 if lines else 0)  # the blank line before a title stays above
                lines += folded(section, page.width)
        self.places = tuple(places)
        return lines

    def _rests(self, page: Page, read: Reading) -> list[Line]:
        """Whose the problem is, and why it is not in the queue."""
        told = f" {page.glyphs.dot} ".join(page.rests(read.problem)) if read.problem is not None else ""
        return [[], [("  ", "text"), (told, "warn")]] if told else []

    # -- reading ----------------------------------------------------------------------------------------------

    def reader(self) -> Callable[[], Reading]:
        reader, clock, connection = self.console.desk.reader, self.console.desk.clock, self.connection

        def work() -> Reading:
            view = reader.connection(connection, clock.now())
            if view is None:
                return Reading(None, (), ())
            postings = reader.postings(PostingFilter(connection=connection), SHOWN, newest_first=True)
            usual = reader.usual(view.row.bank).get(view.row.bank)
            attempts, notes = reader.attempts(connection, SHOWN), reader.notes(connection, SHOWN)
            mine = reader.problems(Filter((Compare("id", "=", connection),), ""), 1, hidden=True)
            problem = mine[0] if mine else None
            reminders = reader.reminders(connection, SHOWN)
            events = reader.events(0, SHOWN, connection, newest_first=True)
            lists = (tuple(notes), problem, tuple(reminders), tuple(events))
            return Reading(view, tuple(attempts), tuple(postings), usual, *lists)

        return work

    def turns(self, reading: Reading) -> object:
        """A renewal that has begun to hang, rows that are late now, a time to wait until that has come."""
        view, now = reading.view, self.console.now()
        if view is None:
            return None
        late = [line.posting.due_at is not None and line.posting.due_at <= now for line in reading.postings]
        waits = view.row.wait_until is not None and view.row.wait_until > now
        return stalled(view.case, now) if view.case is not None else None, late, waits

    def quiet_tick(self) -> None:
        super().quiet_tick()
        self.data_changed()

    # -- sections ---------------------------------------------------------------------------------------------

    def do_next_section(self) -> None:
        """To the next title; from the last one, or where nothing more is below, to the top."""
        before = self.doc.top
        self.doc.scroll_to_line(next((place for place in self.places if place > before), 0))
        if self.doc.top == before:
            self.doc.scroll_to_line(0)

    def do_previous_section(self) -> None:
        above = [place for place in self.places if place < self.doc.top]
        self.doc.scroll_to_line(above[-1] if above else self.places[-1] if self.places else 0)

    # -- acting -----------------------------------------------------------------------------------------------

    def why_not_act(self) -> str | None:
        if self.subject is not None:
            return None
        return self.say("console.reading" if self.reading is None else "console.connection.gone")

    def do_connect(self) -> None:
        self.console.acting.ask_connect(self.subject.row.agreement_number if self.subject else "")

    def going(self, scope: str) -> tuple[object, ...]:
        if scope == TRIAGE:
            return self.console.fleet_filter(), self.connection
        return (self.connection,) if scope == AUDIT else super().going(scope)

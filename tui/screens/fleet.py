"""The fleet: every connection, which of them are stuck, who must act, and the key that does it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from backend.model.facts import Act, Verdict
from backend.model.filters import EVERYTHING, Compare, Filter
from backend.model.views import FleetRow
from tui.actions import CONNECTION, FLEET, TRIAGE, Action
from tui.cells import Line, Span
from tui.columns import SORTS, Look, heading, row_line
from tui.pace import Pace
from tui.screens.filtering import FilteredList
from tui.widgets.bars import fitting
from tui.widgets.roster import Window
from tui.wording import VERDICT_ROLE, number, verdict_glyph, verdict_word

COUNTED = (Verdict.OPERATOR, Verdict.CUSTOMER, Verdict.INCIDENT, Verdict.WAIT)
"""The verdicts that the header counts, in the order of the triage."""


COUNT_REST = 0.5
"""Least seconds between two counts."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One answer of the store: `of` which list, a window of it, and where the cursor's row is if it is not there."""

    of: tuple[Filter, str, bool]
    window: Window[FleetRow]
    cursor_at: int | None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many there are in all, how many the filter shows, and how many of those wait for whom."""

    query: Filter
    everything: int
    shown: int
    verdicts: tuple[tuple[Verdict, int], ...]


class FleetScreen(FilteredList[FleetRow]):
    """The list. What is read comes in a lane; the cursor and the marks are ids."""

    scope: ClassVar[str] = FLEET

    def __init__(self) -> None:
        super().__init__()
        self.filter: Filter = EVERYTHING
        self.sort = "verdict"
        self.descending = False
        self.counts: Counts | None = None
        self.counting = Pace(self.set_timer, self.count, rest=COUNT_REST)
        self._marking = False

    def on_mount(self) -> None:
        self.counting.want_now()

    def crumb(self, width: int) -> tuple[Line, Line]:
        counts, parts = self.counts, list[Span]()
        if self.roster.marks:
            parts.append((self.say("console.marked", n=number(len(self.roster.marks))), "mark"))
        if counts is None or self.fresh:  # a count beside the rows of another filter would tell of the wrong list
            return fitting([*parts, (self.say("console.reading"), "dim")], width, "   "), []
        if self.filter.terms:
            shown = self.say("console.fleet.shown", shown=number(counts.shown), all=number(counts.everything))
            parts += [(f"/{self.filter.text}", "accent"), (shown, "text")]
        else:
            parts.append((self.say("console.fleet.all", all=number(counts.everything)), "text"))
        for verdict, many in counts.verdicts:
            if many:
                glyph = verdict_glyph(verdict, self.console.glyphs)
                word = verdict_word(verdict, self.console.desk.say)
                parts.append((f"{glyph} {number(many)} {word}", VERDICT_ROLE[verdict]))
        return fitting(parts, width, "   "), []

    # -- painting ---------------------------------------------------------------------------------------------

    def _look(self) -> Look:
        return Look(self.console.now(), self.console.desk.say, self.console.glyphs, self.console.reason)

    def ident(self, row: FleetRow) -> str:
        return row.id

    def empty(self) -> str:
        return self.say("console.fleet.no_match" if self.filter.terms else "console.fleet.empty")

    def paint(self, row: FleetRow, width: int) -> Line:
        return row_line(row, width, self._look())

    def heading(self, width: int) -> Line:
        return heading(width, self.sort, self.descending, self.console.desk.say, self.console.glyphs)

    # -- reading ----------------------------------------------------------------------------------------------

    def data_changed(self) -> None:
        super().data_changed()
        self.counting.want()

    def another(self) -> None:
        """The operator asked for another list."""
        self.fresh = True
        self.pace.want_now()

    def read(self) -> None:
        """Read the window around what is on screen."""
        fresh = self.fresh
        reader, clock = self.console.desk.reader, self.console.desk.clock
        query, sort, descending = self.filter, self.sort, self.descending
        roster = self.roster
        (offset, limit), cursor_id, line = roster.wanted(), roster.cursor_id, roster.cursor - roster.top

        def work() -> Reading:
            now = clock.now()
            rows = reader.fleet(query, sort, descending, offset, limit, now)
            start, place = offset, None
            if cursor_id is not None and all(row.id != cursor_id for row in rows):
                place = reader.fleet_position(cursor_id, query, sort, descending, now)
                if fresh:
                    start = 0 if place is None else max(0, place - line - limit // 3)
                    rows = reader.fleet(query, sort, descending, start, limit, now)
            total = start + len(rows) if len(rows) < limit else None
            if not rows and start:
                total = reader.fleet_count(query, now)
            return Reading((query, sort, descending), Window(start, tuple(rows), total), place)

        self.ask("rows", work, self._read, pace=self.pace)

    def _read(self, reading: Reading) -> None:
        if reading.of != (self.filter, self.sort, self.descending):
            self.pace.want_now()  # another list was asked for meanwhile: these rows are not the ones it shows
            return
        window = reading.window
        if window.total is None and self.counts is not None and not self.fresh:
            window = Window(window.offset, window.rows, max(self.counts.shown, window.offset + len(window.rows)))
        self.show(window, cursor_at=reading.cursor_at)

    def count(self) -> None:
        """Count what the filter shows, in the lane of slow reads."""
        reader, desk, query = self.console.desk.reader, self.console.desk, self.filter

        def work() -> Counts:
            now = desk.clock.now()
            shown = reader.fleet_count(query, now)
            everything = reader.fleet_count(EVERYTHING, now) if query.terms else shown
            verdicts = tuple((verdict, reader.fleet_count(_only(query, verdict), now)) for verdict in COUNTED)
            return Counts(query, everything, shown, verdicts)

        self.ask("count", work, self._counted, lane="slow", pace=self.counting)

    def _counted(self, counts: Counts) -> None:
        if counts.query != self.filter:
            self.counting.want_now()
        elif counts != self.counts:
            self.counts = counts
            self.roster.counted(counts.shown)
            self.repaint_bars()

    # -- filter -----------------------------------------------------------------------------------------------

    def filter_text(self) -> str:
        return self.filter.text

    def look_at(self, text: str) -> None:
        """Show what another screen has found."""
        self.use_filter(text)

    def use_filter(self, text: str) -> None:
        from backend.rules.filters import FilterError, parse

        try:
            found = parse(text, self.console.now(), self.console.desk.operator)
        except FilterError as error:
            self.prompt.complain(error.sentence(self.console.desk.say))
            return
        self.prompt.complain("")
        if found != self.filter:
            self.filter, self.counts = found, None
            self.another()
            self.counting.want_now()

    # -- order ------------------------------------------------------------------------------------------------

    def do_order(self) -> None:
        self.sort = SORTS[(SORTS.index(self.sort) + 1) % len(SORTS)]
        self.descending = False
        self._reorder()

    def do_order_turn(self) -> None:
        self.descending = not self.descending
        self._reorder()

    def _reorder(self) -> None:
        self.roster.repaint()
        self.another()
        way = self.say("console.descending" if self.descending else "console.ascending")
        self.console.tell(self.say("console.ordered", by=self.say(f"console.sort.{self.sort}"), way=way))

    # -- marks ------------------------------------------------------------------------------------------------

    def do_mark_all(self) -> None:
        reader, clock, query = self.console.desk.reader, self.console.desk.clock, self.filter

        def done(ids: Sequence[str]) -> None:
            self._marking = False
            self.roster.set_marks(self.roster.marks | set(ids))
            self.repaint_bars()
            self.console.tell(self.say("console.marked_all", n=number(len(ids))))

        self._marking = True
        self.ask_once("mark all", lambda: reader.fleet_ids(query, clock.now()), done, lane="slow")

    # -- acting -----------------------------------------------------------------------------------------------

    def targets(self) -> tuple[str, ...]:
        """What an act is for: the marked ones, else the one under the cursor."""
        if self.roster.marks:
            return tuple(self.roster.marks)
        return (self.roster.cursor_id,) if self.roster.cursor_id is not None else ()

    def why_not_act(self) -> str | None:
        if self.fresh and not self.roster.marks:
            return self.say("console.reading")  # the row under the cursor belongs to the list before
        return None if self.targets() else self.why_not_open()

    def why_not_open(self) -> str | None:
        if self.roster.current is not None:
            return None
        return self.say("console.why.left_the_list" if self.roster.total else "console.why.nothing_here")

    def asks_for(self, action: Action) -> tuple[str, int] | None:
        if action.id == Act.CONNECT or action.right:
            return super().asks_for(action)
        return action.id, len(self.targets())

    def do_renew(self) -> None:
        self._propose(Act.RENEW)

    def do_sync(self) -> None:
        self._propose(Act.SYNC)

    def do_remove(self) -> None:
        self._propose(Act.REMOVE)

    def _propose(self, act: Act) -> None:
        """Ask about the targets; marks that are still on their way from the store are waited for, never passed over."""
        if not self._marking:
            self.console.acting.propose(act, self.targets())
            return

        def marked(_: None) -> None:
            if self._marking:  # the marks could not be read, which has been told: an act on the cursor was not meant
                self._marking = False
            else:
                self.console.acting.propose(act, self.targets())

        self.ask_once("act on marks", lambda: None, marked, lane="slow")

    def do_connect(self) -> None:
        row = self.roster.current
        self.console.acting.ask_connect(row.agreement_number if row else "")

    def settled(self, done: Sequence[str]) -> None:
        """These acts came to a good end: their marks go, those of failed ones stay."""
        self.roster.set_marks(self.roster.marks - set(done))
        self.repaint_bars()

    # -- going ------------------------------------------------------------------------------------------------

    def why_not_look(self) -> None:
        """The whole fleet's postings can be looked at whatever is under the cursor."""

    def do_open(self) -> None:
        self.go(CONNECTION, self.roster.cursor_id)

    def going(self, scope: str) -> tuple[object, ...]:
        return (self.filter,) if scope == TRIAGE else ()

    def go_back(self) -> None:
        if self.filter.terms:
            self.use_filter("")


def _only(query: Filter, verdict: Verdict) -> Filter:
    return Filter((*query.terms, Compare("verdict", "=", verdict.value)), query.text)

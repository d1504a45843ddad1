"""The handover: what the next shift must know, as a text to read, to jump from, and to copy."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import ClassVar

from backend.model.handover import HandoverFacts, Mark
from backend.rules.handover import handover_text, heading, headlines, sections
from backend.rules.memo import Section
from tui.actions import HANDOVER
from tui.cells import Line
from tui.memo import Places, memo_lines
from tui.screens.moving import ReadsDoc

PERIODS: dict[str, timedelta | None] = {
    "last": None,
    "shift": timedelta(hours=8),
    "day": timedelta(hours=24),
    "weekend": timedelta(hours=72),
    "week": timedelta(days=7),
}
"""What can be looked back on; `last` is since the last handover, or one shift where there was none."""


class HandoverScreen(ReadsDoc[HandoverFacts]):
    """A text that scrolls. Tab goes from entry to entry that somebody stands behind; Enter shows them in the list."""

    scope: ClassVar[str] = HANDOVER

    def __init__(self) -> None:
        super().__init__()
        self.period = "last"
        self.chosen: tuple[str, int] | None = None
        """The filter of the entry that the cursor stands on, and how many before it have the same: entries come and
        go, and the cursor stays with its own."""
        self.places: Places = ()
        self.idents: list[tuple[str, int]] = []
        self._of: HandoverFacts | None = None
        self._made: tuple[list[str], list[str], tuple[Section, ...]] = ([], [], ())
        """Heading, headlines and sections of a reading: made once for it, and not for each key."""
        self._changed = False

    def crumb(self, width: int) -> tuple[Line, Line]:
        title: Line = [(self.say("console.handover.title"), "strong")]
        return [*title, (f"   {self.say(f'console.handover.period.{self.period}')}", "dim")], []

    # -- the text ---------------------------------------------------------------------------------------------

    def page(self, reading: HandoverFacts, width: int) -> Sequence[Line]:
        """All of it; `places` remembers the entries that can be opened, and on which lines they begin."""
        say, page = self.console.desk.say, self.sheet(min(width, 110))
        lines: list[Line] = [[]]
        if reading is not self._of:
            made = sections(reading, say, self.console.desk.warnings)
            self._of, self._made = reading, (heading(reading, say), headlines(reading, say), made)
        head, first, made = self._made
        for text in head:
            lines += page.wrapped(text, "dim", 0)
        lines.append([])
        for text in first:
            lines += page.wrapped(text, "strong", 0)
        filters = [entry.filter for section in made for entry in section.entries if entry.filter]
        self.idents = [(name, filters[:n].count(name)) for n, name in enumerate(filters)]
        told, places = memo_lines(page, made, self._place())
        self.places = tuple((len(lines) + place, entry) for place, entry in places)
        return [*lines, *told]

    # -- reading ----------------------------------------------------------------------------------------------

    def data_changed(self) -> None:
        """Read at once when there is nothing to show yet, else with the next quiet tick: it reads much."""
        if self.reading is None:
            super().data_changed()
        self._changed = True

    def quiet_tick(self) -> None:
        super().quiet_tick()
        if self._changed:
            self._look()

    def _look(self) -> None:
        self._changed = False
        super().data_changed()

    def reader(self) -> Callable[[], HandoverFacts]:
        reader, clock, span = self.console.desk.reader, self.console.desk.clock, PERIODS[self.period]

        def work() -> HandoverFacts:
            now = clock.now()
            return reader.handover(None if span is None else now - span, now)

        return work

    # -- the period -------------------------------------------------------------------------------------------

    def do_period(self) -> None:
        """Ask how far to look back."""
        options = [(name, self.say(f"console.handover.period.{name}")) for name in PERIODS]

        def answered(name: str) -> None:
            self.period, self.chosen = name, None
            self.doc.scroll_to_line(0)
            self._look()
            self.repaint_bars()

        self.choose(self.say("console.handover.period"), "", options, answered)

    # -- going on ---------------------------------------------------------------------------------------------

    def do_next_section(self) -> None:
        self._choose(1)

    def do_previous_section(self) -> None:
        self._choose(-1)

    def _choose(self, by: int) -> None:
        """To the next entry that can be opened, around the ends, and have it on screen."""
        if self.places:
            here = (self._place() + by) % len(self.places)
            self.chosen, line, height = self.idents[here], self.places[here][0], self.doc.size.height
            if not self.doc.top <= line < self.doc.top + height - 1:
                self.doc.scroll_to_line(line - height // 2)
            self.doc.repaint()

    def _place(self) -> int:
        """Where among the entries that can be opened the chosen one is; the first, when it is gone."""
        return self.idents.index(self.chosen) if self.chosen in self.idents else 0

    def why_not_open(self) -> str | None:
        if (missing := self.why_not_read()) is not None:
            return missing
        return None if self.places else self.say("console.handover.nobody")

    def do_open(self) -> None:
        _, entry = self.places[self._place()]
        self.console.show_in_fleet(entry.filter)

    # -- handing over -----------------------------------------------------------------------------------------

    def why_not_read(self) -> str | None:
        return None if self.reading is not None else self.say("console.reading")

    def why_not_copy(self) -> str | None:
        return self.why_not_read()

    def do_copy(self) -> None:
        assert self.reading is not None
        text = handover_text(self.reading, self.console.desk.say, self.console.desk.warnings)
        self.console.copy(text, self.say("console.handover.text"))

    def do_hand_over(self) -> None:
        """Ask for a note, and put on record that this shift ends here."""
        operations, told = self.console.desk.operations, self.reading
        assert told is not None

        def done(mark: Mark) -> None:
            self.console.tell(self.say("console.handover.done"), "good")
            self._look()

        def written(note: str) -> None:
            self.console.lanes.act(lambda: operations.hand_over(note, told), done, self.console.not_done)

        title, about = self.say("console.handover.mark"), self.say("console.handover.mark.about")
        self.write(title, about, written, may_be_empty=True)

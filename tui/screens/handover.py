"""The handover: what the next shift must know, as a text to read, to jump from, and to copy."""

from collections.abc import Sequence
from datetime import timedelta
from typing import ClassVar

from backend.model.handover import HandoverFacts, Mark
from backend.model.problems import ProblemError
from backend.rules.handover import handover_text, heading, headlines, sections
from tui.actions import HANDOVER
from tui.cells import Line
from tui.memo import Places, memo_lines
from tui.screens.moving import MovesDoc
from tui.screens.panel import Choose, Write
from tui.sections import Page

PERIODS: dict[str, timedelta | None] = {
    "last": None,
    "shift": timedelta(hours=8),
    "day": timedelta(hours=24),
    "weekend": timedelta(hours=72),
    "week": timedelta(days=7),
}
"""What can be looked back on; `last` is since the last handover, or one shift where there was none."""


class HandoverScreen(MovesDoc):
    """A text that scrolls. Tab goes from entry to entry that somebody stands behind; Enter shows them in the list."""

    scope: ClassVar[str] = HANDOVER

    def __init__(self) -> None:
        super().__init__()
        self.facts: HandoverFacts | None = None
        self.period = "last"
        self.chosen = 0
        self.places: Places = ()
        self._changed = False

    def crumb(self, width: int) -> tuple[Line, Line]:
        title: Line = [(self.say("console.handover.title"), "strong")]
        return [*title, (f"   {self.say(f'console.handover.period.{self.period}')}", "dim")], []

    # -- the text ---------------------------------------------------------------------------------------------

    def _text(self, width: int) -> Sequence[Line]:
        """All of it; `places` remembers the entries that can be opened, and on which lines they begin."""
        if self.facts is None:
            return [[], [(self.say("console.reading"), "dim")]]
        say, glyphs = self.console.desk.say, self.console.glyphs
        page = Page(self.console.now(), say, self.console.reason, glyphs, min(width, 110))
        lines: list[Line] = [[]]
        for text in heading(self.facts, say):
            lines += page.wrapped(text, "dim", 0)
        lines.append([])
        for text in headlines(self.facts, say):
            lines += page.wrapped(text, "strong", 0)
        made = sections(self.facts, say, self.console.desk.warnings)
        behind = sum(bool(entry.filter) for section in made for entry in section.entries)
        self.chosen = max(0, min(self.chosen, behind - 1))
        told, places = memo_lines(page, made, self.chosen)
        self.places = tuple((len(lines) + place, entry) for place, entry in places)
        return [*lines, *told]

    # -- reading ----------------------------------------------------------------------------------------------

    def data_changed(self) -> None:
        """Read at once when there is nothing to show yet, else with the next quiet tick: it reads much."""
        if self.facts is None:
            self._look()
        self._changed = True

    def quiet_tick(self) -> None:
        if self._changed:
            self._look()

    def _look(self) -> None:
        self._changed = False
        reader, clock, span = self.console.desk.reader, self.console.desk.clock, PERIODS[self.period]

        def work() -> HandoverFacts:
            now = clock.now()
            return reader.handover(None if span is None else now - span, now)

        self.ask("handover", work, self._read)

    def _read(self, facts: HandoverFacts) -> None:
        self.facts = facts
        self.doc.repaint()
        self.repaint_bars()

    # -- the period -------------------------------------------------------------------------------------------

    def do_period(self) -> None:
        """Ask how far to look back."""
        options = [(name, self.say(f"console.handover.period.{name}")) for name in PERIODS]

        def answered(name: str | None) -> None:
            if name is not None:
                self.period, self.chosen = name, 0
                self.doc.scroll_to_line(0)
                self._look()
                self.repaint_bars()

        self.console.push_screen(Choose(self.say("console.handover.period"), "", options), answered)

    # -- going on ---------------------------------------------------------------------------------------------

    def do_next_section(self) -> None:
        self._choose(1)

    def do_previous_section(self) -> None:
        self._choose(-1)

    def _choose(self, by: int) -> None:
        """To the next entry that can be opened, around the ends, and have it on screen."""
        if self.places:
            self.chosen = (self.chosen + by) % len(self.places)
            line, height = self.places[self.chosen][0], self.doc.size.height
            if not self.doc.top <= line < self.doc.top + height - 1:
                self.doc.scroll_to_line(line - height // 2)
            self.doc.repaint()

    def why_not_open(self) -> str | None:
        if (missing := self.why_not_read()) is not None:
            return missing
        return None if self.places else self.say("console.handover.nobody")

    def do_open(self) -> None:
        _, entry = self.places[self.chosen]
        self.console.show_in_fleet(entry.filter)

    # -- handing over -----------------------------------------------------------------------------------------

    def why_not_read(self) -> str | None:
        return None if self.facts is not None else self.say("console.reading")

    def do_copy(self) -> None:
        assert self.facts is not None
        text = handover_text(self.facts, self.console.desk.say, self.console.desk.warnings)
        self.console.copy(text, self.say("console.handover.text"))

    def do_hand_over(self) -> None:
        """Ask for a note, and put on record that this shift ends here."""
        operations = self.console.desk.operations

        def answered(note: str | None) -> None:
            if note is not None:
                self.console.lanes.act(lambda: operations.hand_over(note), done, failed)

        def done(mark: Mark) -> None:
            self.console.tell(self.say("console.handover.done"), "good")
            self._look()

        def failed(error: Exception) -> None:
            if isinstance(error, ProblemError):
                self.console.tell(error.sentence(self.console.desk.say), "warn")
            else:
                self.console.not_done(error)

        self.console.push_screen(
            Write(self.say("console.handover.mark"), self.say("console.handover.mark.about")), answered
        )

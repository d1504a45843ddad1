"""Why: the whole chain of facts behind a verdict, with times and sources, and the newest answer as it was given."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from backend.model.facts import Attempt
from backend.model.views import ConnectionView
from tui.actions import WHY
from tui.cells import Line, folded
from tui.pages import why
from tui.screens.moving import MovesDoc
from tui.sections import Page

LOOKED = 50
"""Attempts among which the newest answer is looked for."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One connection and its attempts, read at one moment."""

    view: ConnectionView | None
    attempts: tuple[Attempt, ...]


class WhyScreen(MovesDoc):
    """A text that scrolls; it is read again when the store changes."""

    scope: ClassVar[str] = WHY

    def __init__(self, connection: str) -> None:
        super().__init__()
        self.connection = connection
        self.reading: Reading | None = None

    def crumb(self, width: int) -> tuple[Line, Line]:
        view = self.reading.view if self.reading else None
        title: Line = [(self.say("console.why.title"), "strong")]
        if view is None:
            return [*title, (f"   {self.connection}", "dim")], []
        return [*title, (f"   {view.row.customer}", "text"), (f"   {view.row.bank}", "dim")], []

    def _text(self, width: int) -> Sequence[Line]:
        if self.reading is None:
            return [[], [(self.say("console.reading"), "dim")]]
        if self.reading.view is None:
            return [[], [(self.say("console.connection.gone"), "warn")]]
        page = Page(self.console.now(), self.console.desk.say, self.console.reason, self.console.glyphs, width)
        return folded(why(page, self.reading.view, self.reading.attempts), width)

    def data_changed(self) -> None:
        reader, clock, connection = self.console.desk.reader, self.console.desk.clock, self.connection

        def work() -> Reading:
            view = reader.connection(connection, clock.now())
            return Reading(view, tuple(reader.attempts(connection, LOOKED)))

        self.ask("why", work, self._read)

    def quiet_tick(self) -> None:
        self.data_changed()

    def _read(self, reading: Reading) -> None:
        self.reading = reading
        self.doc.repaint()
        self.repaint_bars()

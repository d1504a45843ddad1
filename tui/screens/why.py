"""Why: the whole chain of facts behind a verdict, with times and sources, and the newest answer as it was given."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from backend.model.facts import Attempt
from backend.model.views import ConnectionView
from tui.actions import WHY
from tui.cells import Line, folded
from tui.pages import why
from tui.screens.moving import ReadsDoc

LOOKED = 50
"""Attempts among which the newest answer is looked for."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One connection and its attempts, read at one moment."""

    view: ConnectionView | None
    attempts: tuple[Attempt, ...]


class WhyScreen(ReadsDoc[Reading]):
    """A text that scrolls; it is read again when the store changes."""

    scope: ClassVar[str] = WHY

    def __init__(self, connection: str) -> None:
        super().__init__()
        self.connection = connection

    def crumb(self, width: int) -> tuple[Line, Line]:
        view = self.reading.view if self.reading else None
        title: Line = [(self.say("console.why.title"), "strong")]
        if view is None:
            return [*title, (f"   {self.connection}", "dim")], []
        return [*title, (f"   {view.row.customer}", "text"), (f"   {view.row.bank}", "dim")], []

    def page(self, reading: Reading, width: int) -> Sequence[Line]:
        if reading.view is None:
            return [[], [(self.say("console.connection.gone"), "warn")]]
        return folded(why(self.sheet(width), reading.view, reading.attempts), width)

    def reader(self) -> Callable[[], Reading]:
        reader, clock, connection = self.console.desk.reader, self.console.desk.clock, self.connection
        return lambda: Reading(reader.connection(connection, clock.now()), tuple(reader.attempts(connection, LOOKED)))

    def quiet_tick(self) -> None:
        super().quiet_tick()
        self.data_changed()

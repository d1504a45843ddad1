"""One line of the audit log, whole."""

from collections.abc import Sequence
from typing import ClassVar

from backend.model.facts import Event
from tui.actions import CONNECTION, EVENT
from tui.cells import Line, fit, wrap
from tui.screens.moving import MovesDoc
from tui.wording import moment

_NAMES = 16
"""Cells for what a value is called."""


class EventScreen(MovesDoc):
    """A text that never changes: no line of the log does."""

    scope: ClassVar[str] = EVENT

    def __init__(self, event: Event) -> None:
        super().__init__()
        self.event = event

    def crumb(self, width: int) -> tuple[Line, Line]:
        return [(self.say("console.event.title", seq=self.event.seq), "strong"), (f"   {self.event.kind}", "text")], []

    def _text(self, width: int) -> Sequence[Line]:
        event = self.event
        told = {
            "at": moment(event.at),
            "who": event.operator,
            "from": f"{event.host} {event.data.get('terminal', '')}".strip(),
            "what": event.kind,
            "connection": event.connection or "–",
        }
        lines: list[Line] = [[]]
        for name, value in told.items():
            lines += self._pair(self.say(f"console.audit.{name}"), value, width)
        lines += [[], [(self.say("console.audit.data"), "accent")]]
        for name, said in event.data.items():
            if name != "terminal":
                lines += self._pair(name, str(said), width)
        return [*lines, [], [(self.say("console.event.hash"), "accent")], [(event.hash, "dim")]]

    def _pair(self, name: str, value: str, width: int) -> list[Line]:
        first, *rest = wrap(value, max(20, width - _NAMES))
        made: list[Line] = [[(fit(name, _NAMES - 1), "dim"), (" ", "text"), (first, "text")]]
        return [*made, *([(" " * _NAMES, "text"), (part, "text")] for part in rest)]

    def why_no_connection(self) -> str | None:
        return None if self.event.connection is not None else self.say("console.audit.no_connection")

    def do_open_connection(self) -> None:
        self.go(CONNECTION, self.event.connection)

"""What the console has said: messages pass, this list stays."""

from collections.abc import Sequence
from typing import ClassVar

from tui.actions import MESSAGES
from tui.cells import Line, wrap
from tui.screens.moving import MovesDoc
from tui.wording import moment


class MessagesScreen(MovesDoc):
    """The history of messages, newest first."""

    scope: ClassVar[str] = MESSAGES

    def crumb(self, width: int) -> tuple[Line, Line]:
        return [(self.say("console.messages.title", n=len(self.console.messages)), "strong")], []

    def _text(self, width: int) -> Sequence[Line]:
        lines: list[Line] = []
        for told in reversed(self.console.messages):
            first, *rest = wrap(told.text, width - 17)
            lines.append([(f"{moment(told.at)}  ", "dim"), (first, told.level)])
            lines += [[(" " * 17, "dim"), (text, told.level)] for text in rest]
        return lines or [[(self.say("console.messages.none"), "dim")]]

    def repaint_bars(self) -> None:
        """A message has come, perhaps: it stands here too."""
        super().repaint_bars()
        if self.is_attached:
            self.doc.repaint()

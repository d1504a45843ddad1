"""A new connection: for which agreement, and at which bank. It changes nothing by itself; a question follows."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import events
from textual.app import ComposeResult
from textual.screen import ModalScreen

from tui.cells import Line
from tui.widgets.bars import Bar
from tui.widgets.painted import Painted
from tui.widgets.prompt import Entry

if TYPE_CHECKING:
    from tui.app import Console

HEIGHT = 7


class ConnectScreen(ModalScreen[tuple[str, str] | None]):
    """Two lines to fill in. Answers (agreement, bank), or None."""

    AUTO_FOCUS = None

    def __init__(self, agreement: str) -> None:
        super().__init__()
        self.entries = [Entry(agreement), Entry("")]
        self.at = 1 if agreement else 0
        self.complaint = ""

    @property
    def console(self) -> "Console":
        from tui.app import Console

        app = self.app
        assert isinstance(app, Console)
        return app

    def compose(self) -> ComposeResult:
        panel = Bar(self.console.palette, self.console.glyphs, self._lines, base="panel", id="question")
        panel.styles.height = HEIGHT
        panel.styles.width = "100%"
        yield panel

    def _lines(self, width: int) -> Sequence[Line]:
        say, glyphs = self.console.desk.say, self.console.glyphs
        titles = (say("console.connect.agreement"), say("console.connect.bank"))
        made: list[Line] = [
            [(glyphs.rule * width, "rule")],
            [("  ", "panel"), (say("console.connect.title"), "panel_strong")],
            [("  ", "panel"), (say("console.connect.about"), "panel_dim")],
        ]
        for place, (title, entry) in enumerate(zip(titles, self.entries, strict=True)):
            on = place == self.at
            spans = entry.spans(28, "button", "button_on" if on else "button")
            made.append([("  ", "panel"), (f"{glyphs.pointer if on else ' '}{title:<14}", "panel"), *spans])
        hint = (self.complaint, "panel_bad") if self.complaint else (say("console.connect.keys"), "panel_dim")
        return [*made, [("", "panel")], [("  ", "panel"), hint]]

    def on_paste(self, event: events.Paste) -> None:
        event.stop()
        self.entries[self.at].insert(event.text)
        self._repaint()

    def on_key(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        self.complaint = ""
        match event.key:
            case "escape":
                self.dismiss(None)
                return
            case "tab" | "shift+tab" | "up" | "down":
                self.at = 1 - self.at
            case "enter":
                self._enter()
                return
            case _:
                self.entries[self.at].key(event)
        self._repaint()

    def _enter(self) -> None:
        agreement, bank = (entry.value.strip() for entry in self.entries)
        if not agreement:
            self.at, self.complaint = 0, self.console.desk.say("console.connect.missing")
            self._repaint()
        else:
            self.dismiss((agreement, bank))

    def _repaint(self) -> None:
        self.query_one("#question", Painted).repaint()

"""A new connection: for which agreement, and at which bank. It changes nothing by itself; a question follows."""

from collections.abc import Sequence

from textual import events

from tui.cells import Line
from tui.screens.panel import Panel
from tui.widgets.prompt import Entry


class ConnectScreen(Panel[tuple[str, str] | None]):
    """Two lines to fill in. Answers (agreement, bank), or None."""

    def __init__(self, agreement: str) -> None:
        super().__init__()
        self.entries = [Entry(agreement), Entry("")]
        self.at = 1 if agreement else 0
        self.complaint = ""

    def panel_lines(self, width: int) -> Sequence[Line]:
        say, glyphs = self.console.desk.say, self.console.glyphs
        titles = (say("console.connect.agreement"), say("console.connect.bank"))
        made: list[Line] = [
            [(say("console.connect.title"), "panel_strong")],
            [(say("console.connect.about"), "panel_dim")],
        ]
        for place, (title, entry) in enumerate(zip(titles, self.entries, strict=True)):
            on = place == self.at
            spans = entry.spans(28, "button", "button_on" if on else "button")
            made.append([(f"{glyphs.pointer if on else ' '}{title:<14}", "panel"), *spans])
        hint = (self.complaint, "panel_bad") if self.complaint else (say("console.connect.keys"), "panel_dim")
        return [*made, [("", "panel")], [hint]]

    def on_paste(self, event: events.Paste) -> None:
        event.stop()
        self.entries[self.at].insert(event.text)
        self.repaint()

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
                if not self.too_early(event):
                    self._enter()
                return
            case _:
                self.entries[self.at].key(event)
        self.repaint()

    def _enter(self) -> None:
        agreement, bank = (entry.value.strip() for entry in self.entries)
        if not agreement:
            self.at, self.complaint = 0, self.console.desk.say("console.connect.missing")
            self.repaint()
        else:
            self.dismiss((agreement, bank))

"""A list with a filter line below it, which takes the keys while it is open."""

from typing import TypeVar

from textual import events
from textual.app import ComposeResult

from tui.screens.moving import ListScreen
from tui.widgets.prompt import Prompt

Row = TypeVar("Row")


class FilteredList(ListScreen[Row]):
    """Subclasses say what their filter is now (`filter_text`) and take another."""

    prompt: Prompt
    _typed_before = ""

    def body(self) -> ComposeResult:
        yield from super().body()
        self.prompt = Prompt(self.console.palette, self.console.glyphs, id="prompt")
        yield self.prompt

    def filter_text(self) -> str:
        """The filter as the operator wrote it."""
        raise NotImplementedError

    def use_filter(self, text: str) -> None:
        """Show what this text means, or complain in the prompt."""
        raise NotImplementedError

    def do_filter(self) -> None:
        self._typed_before = self.filter_text()
        self.query_one("#message").display = False
        self.prompt.open(self._typed_before)

    def typed(self, event: events.Key) -> bool:
        """While the filter line is open the keys are its own; those that move still move the list.

        A text that means nothing keeps the line open: else the list would show what the text before it meant.
        """
        if not self.prompt.is_open:
            return False
        if event.key == "enter" and self.prompt.complaint:
            self.app.bell()
        elif event.key in ("escape", "enter"):
            self.prompt.close()
            self.query_one("#message").display = True
            if event.key == "escape":
                self.use_filter(self._typed_before)
        elif event.key in ("up", "down", "pageup", "pagedown"):
            return False
        elif self.prompt.entry.key(event):
            self.use_filter(self.prompt.entry.value)
        return True

    def on_paste(self, event: events.Paste) -> None:
        """Pasted text is text for the filter line, and nothing anywhere else."""
        event.stop()
        if self.prompt.is_open:
            self.prompt.entry.insert(event.text)
            self.use_filter(self.prompt.entry.value)

"""Screens around a list and screens around a text, with the keys that move in them."""

from collections.abc import Sequence
from typing import Any

from textual.app import ComposeResult

from tui.cells import Line
from tui.screens.base import ConsoleScreen
from tui.widgets.doc import Doc
from tui.widgets.roster import Roster


class MovesRoster(ConsoleScreen):
    """Arrow keys and their kin for a screen with a `roster`, and its marks."""

    roster: Roster[Any]

    def do_up(self) -> None:
        self.roster.move(-1)

    def do_down(self) -> None:
        self.roster.move(1)

    def do_page_up(self) -> None:
        self.roster.move_page(-1)

    def do_page_down(self) -> None:
        self.roster.move_page(1)

    def do_first(self) -> None:
        self.roster.move_to(0)

    def do_last(self) -> None:
        self.roster.move_to(self.roster.total - 1)

    def do_mark(self) -> None:
        self.roster.toggle_mark()
        self.roster.move(1)
        self.repaint_bars()

    def do_unmark(self) -> None:
        self.roster.set_marks(set())
        self.repaint_bars()


class MovesDoc(ConsoleScreen):
    """A screen that is one text, and the same keys to scroll it. Subclasses give `_text`."""

    doc: Doc

    def body(self) -> ComposeResult:
        self.doc = Doc(self.console.palette, self.console.glyphs, self._text, id="doc")
        yield self.doc

    def _text(self, width: int) -> Sequence[Line]:
        """The lines of the text in so many cells."""
        raise NotImplementedError

    def on_mount(self) -> None:
        self.data_changed()

    def do_up(self) -> None:
        self.doc.scroll_lines(-1)

    def do_down(self) -> None:
        self.doc.scroll_lines(1)

    def do_page_up(self) -> None:
        self.doc.scroll_lines(1 - self.doc.size.height)

    def do_page_down(self) -> None:
        self.doc.scroll_lines(self.doc.size.height - 1)

    def do_first(self) -> None:
        self.doc.scroll_to_line(0)

    def do_last(self) -> None:
        self.doc.scroll_to_line(1 << 30)

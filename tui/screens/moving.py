"""The movement keys, for screens around a list and for screens around a text."""

from typing import Any

from tui.widgets.doc import Doc
from tui.widgets.roster import Roster


class MovesRoster:
    """Arrow keys and their kin for a screen with a `roster`."""

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


class MovesDoc:
    """The same keys for a screen with a `doc` that scrolls."""

    doc: Doc

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

"""Screens around a list and screens around a text, with the keys that move in them and how they are read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from textual import on
from textual.app import ComposeResult

from tui.cells import Line, Span, fit
from tui.pace import Pace
from tui.screens.base import ConsoleScreen
from tui.widgets.doc import Doc
from tui.widgets.roster import Roster, Wanted, Window

if TYPE_CHECKING:
    from tui.sections import Page

Row = TypeVar("Row")
Reading = TypeVar("Reading")


WIDE = 110
"""Cells from which there is room for long words."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a list: the name of its title and of its cell, its width in cells, and on which side it stands."""

    name: str
    cells: int
    right: bool = False


class ListScreen(ConsoleScreen, Generic[Row]):
    """A list: its columns, its cells, its keys. It is read at most every `rest` seconds, whatever happens.

    Subclasses give `ident`, `columns`, `cells` and `read`, which ends in `show`.
    """

    titles: ClassVar[str]
    """What the keys of the columns' titles begin with."""
    rest: ClassVar[float] = 0.25

    roster: Roster[Row]

    def __init__(self) -> None:
        super().__init__()
        self.known = self.fresh = False
        self.pace = Pace(self.set_timer, self.read, rest=self.rest)

    def body(self) -> ComposeResult:
        app = self.console
        self.roster = Roster(
            app.palette,
            app.glyphs,
            ident=self.ident,
            paint=self.paint,
            heading=self.heading,
            empty=lambda: self.empty() if self.known else self.say("console.reading"),
            id="roster",
        )
        yield self.roster  # which asks for its rows as soon as it knows how many it has room for

    # -- painting ---------------------------------------------------------------------------------------------

    def ident(self, row: Row) -> str:
        """What the row is known by, however it changes."""
        raise NotImplementedError

    def columns(self, width: int) -> Sequence[Column]:
        """The columns that there is room for."""
        raise NotImplementedError

    def cells(self, row: Row, width: int) -> Mapping[str, Span]:
        """The row's texts and roles by the names of its columns, for so wide a list."""
        raise NotImplementedError

    def empty(self) -> str:
        """What a list without rows says."""
        raise NotImplementedError

    def heading(self, width: int) -> Line:
        line: list[Span] = []
        for column in self.columns(width):
            title = self.say(f"{self.titles}.{column.name}")
            line += [(fit(title, column.cells, right=column.right), "head"), (" ", "head")]
        return line

    def paint(self, row: Row, width: int) -> Line:
        line, cells = list[Span](), self.cells(row, width)
        for column in self.columns(width):
            text, role = cells[column.name]
            line += [(fit(text, column.cells, right=column.right), role), (" ", "text")]
        return line

    # -- reading ----------------------------------------------------------------------------------------------

    def read(self) -> None:
        """Ask for the rows that are wanted."""
        raise NotImplementedError

    def show(self, window: Window[Row], *, cursor_at: int | None = None) -> None:
        """What was read is on screen from now on."""
        fresh, self.fresh, self.known = self.fresh, False, True
        if self.roster.show(window, cursor_at=cursor_at, fresh=fresh) or self.console.changed_at is None:
            self.console.seen_change()
        self.repaint_bars()

    def data_changed(self) -> None:
        self.pace.want()

    def quiet_tick(self) -> None:
        super().quiet_tick()
        self.pace.want()

    @on(Wanted)
    def _wanted(self) -> None:
        self.pace.want_now()

    # -- keys -------------------------------------------------------------------------------------------------

    def why_not_open(self) -> str | None:
        return None if self.roster.current is not None else self.say("console.why.no_row")

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

    def sheet(self, width: int) -> "Page":
        """What writes sections about a connection in so many cells."""
        from tui.sections import Page

        app = self.console
        return Page(self.seen_at or app.now(), app.desk.say, app.reason, app.glyphs, width)

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


class ReadsDoc(MovesDoc, Generic[Reading]):
    """A text about one reading of the store. Subclasses give `reader` and `page`."""

    lane: ClassVar[str] = "look"

    def __init__(self) -> None:
        super().__init__()
        self.reading: Reading | None = None

    def reader(self) -> Callable[[], Reading]:
        """The work beside the loop."""
        raise NotImplementedError

    def page(self, reading: Reading, width: int) -> Sequence[Line]:
        """What was read, as lines."""
        raise NotImplementedError

    def turns(self, reading: Reading) -> object:
        """What time alone changes in the text, beside ages and what the reading tells."""
        return None

    def on_mount(self) -> None:
        self.data_changed()

    def data_changed(self) -> None:
        self.ask("page", self.reader(), self.take, lane=self.lane)

    def take(self, reading: Reading) -> None:
        """What was read is on screen from now on; the same as before paints nothing."""
        turned = self.turns(reading)
        if reading != self.reading or turned != self._turned:
            if self.reading is not None:
                self.console.seen_change()
            self.reading, self._turned, self.seen_at = reading, turned, self.console.now()
            self.doc.repaint()
        self.repaint_bars()

    _turned: object = None

    def _text(self, width: int) -> Sequence[Line]:
        if self.reading is None:
            return [[], [(self.say("console.reading"), "dim")]]
        return self.page(self.reading, width)

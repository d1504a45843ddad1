"""The one list: as long as the fleet, holding no more of it than a few screens, its cursor and marks being ids."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from textual.message import Message
from textual.strip import Strip
from textual.timer import Timer

from tui.cells import Line, Span
from tui.palette import Glyphs, Palette
from tui.widgets.painted import Painted, strip_of

Row = TypeVar("Row")

GUTTER = 3
"""Cells before each row: the cursor, the mark, and air."""

LATE = 0.12
"""Seconds after which rows that are still being read are shown as such; before that the old screen stands."""


@dataclass(frozen=True, slots=True)
class Window(Generic[Row]):
    """Some rows of the whole: the first one's place, and how many there are in all.

    `total` may be None (not counted yet) only while there are as many rows as were asked for.
    """

    offset: int
    rows: Sequence[Row]
    total: int | None


@dataclass(frozen=True, slots=True)
class Keyed(Generic[Row]):
    """A row whose item cannot be hashed; `said` is all of it that is painted and can change."""

    said: tuple[object, ...]
    item: Row = field(compare=False)


def _news(before: Window[Row], after: Window[Row]) -> bool:
    """Whether one of the places that both have holds another row now, or the list another number of them."""
    if None not in (before.total, after.total) and before.total != after.total:
        return True
    first = max(before.offset, after.offset)
    last = min(before.offset + len(before.rows), after.offset + len(after.rows))
    shared = range(first, last)
    return any(before.rows[place - before.offset] != after.rows[place - after.offset] for place in shared)


class Wanted(Message):
    """The rows around here are needed and not at hand."""

    def __init__(self, offset: int, limit: int) -> None:
        super().__init__()
        self.offset = offset
        self.limit = limit


class Roster(Painted, Generic[Row]):
    """A list on the Line API with its own `top`, over a window of rows that somebody else reads.

    `paint(row, width)` and `heading(width)` give lines of roles. The cursor is `cursor_id`: it stays with its row
    through refresh, sort and filter. When its row leaves the list the cursor stands on nothing (`cursor_id` None)
    until the operator moves it: an act can then not hit the row that slid under it (`facts/console.md` T6).
    """

    def __init__(
        self,
        palette: Palette,
        glyphs: Glyphs,
        *,
        ident: Callable[[Row], str],
        paint: Callable[[Row, int], Line],
        heading: Callable[[int], Line],
        empty: Callable[[], str],
        id: str | None = None,
    ) -> None:
        super().__init__(palette, glyphs, id=id)
        self._ident, self._paint, self._heading, self._empty = ident, paint, heading, empty
        self.window: Window[Row] = Window(0, (), None)
        self.top = 0
        self.cursor = 0
        self.cursor_id: str | None = None
        self._painted: str | None = None
        self.marks: set[str] = set()
        self._settled = False
        self._known = False
        self._cache: dict[tuple[Row, bool, bool], Strip] = {}
        self._late: Timer | None = None

    # -- what is where ---------------------------------------------------------------------------------------

    @property
    def page(self) -> int:
        """Rows that fit on screen; keys may come before the size is known, so at least one."""
        return max(1, self.size.height - 1)

    @property
    def total(self) -> int:
        """How many rows there are, as far as is known."""
        known = self.window.offset + len(self.window.rows)
        return known if self.window.total is None else max(self.window.total, 0)

    def row_at(self, index: int) -> Row | None:
        """The row at a place of the whole list, when it is at hand."""
        here = index - self.window.offset
        return self.window.rows[here] if 0 <= here < len(self.window.rows) else None

    @property
    def current(self) -> Row | None:
        """The row under the cursor; None when it stands on nothing."""
        row = self.row_at(self.cursor)
        return row if row is not None and self._ident(row) == self.cursor_id else None

    def on_screen(self) -> list[Row]:
        """The rows on screen that are at hand."""
        rows = (self.row_at(index) for index in range(self.top, min(self.top + self.page, self.total)))
        return [row for row in rows if row is not None]

    def wanted(self) -> tuple[int, int]:
        """Offset and limit of what should be at hand: the screen, and one before and after it."""
        offset = max(0, self.top - self.page)
        return offset, self.top + 2 * self.page - offset

    # -- moving ----------------------------------------------------------------------------------------------

    def move(self, by: int) -> None:
        self.move_to(self.cursor + by)

    def move_page(self, pages: int) -> None:
        """Move the view by whole pages, the cursor with it."""
        top = max(0, min(self.top + pages * self.page, self.total - self.page))
        step = top - self.top
        self.move_to(self.cursor + step if step else (self.total - 1 if pages > 0 else 0), top=top)

    def move_to(self, index: int, *, top: int | None = None) -> None:
        """Put the cursor on a place of the list, and bring it into view."""
        index = max(0, min(index, self.total - 1) if self._known else index)
        before = self.top
        if top is not None:
            self.top = top
        if index < self.top:
            self.top = index
        elif index >= self.top + self.page:
            self.top = index - self.page + 1
        self.cursor = index
        row = self.row_at(index)
        self.cursor_id = None if row is None else self._ident(row)
        self._settled = row is not None
        if not self._known:
            return
        if self.top != before and not self._at_hand():
            self._want()
        else:
            self.repaint()

    def _at_hand(self) -> bool:
        last = self.top + self.page
        if self.window.total is not None:
            last = min(last, self.window.total)
        return self.window.offset <= self.top and last <= self.window.offset + len(self.window.rows)

    def _want(self) -> None:
        self.post_message(Wanted(*self.wanted()))
        if self._late is None:
            self._late = self.set_timer(LATE, self._show_late)

    def _show_late(self) -> None:
        self._late = None
        self.repaint()

    # -- what is shown ---------------------------------------------------------------------------------------

    def show(self, window: Window[Row], *, cursor_at: int | None = None, fresh: bool = False) -> bool:
        """Take a window of rows; true when something in it is news: another part or order of the list is not.

        `cursor_at` is where the cursor's row is now, when it is not in the window itself. `fresh`: the operator
        asked for another list, so that a cursor whose row is not in it goes to the first row.
        """
        if self._late is not None:
            self._late.stop()
            self._late = None
        before, self.window, self._known = self.window, window, True
        place = self._place_of_cursor(cursor_at)
        if place is not None:
            self._follow(place)
        elif fresh:
            self.top = self.cursor = 0
            self.cursor_id, self._settled = None, False
            self._settle()
        elif self.cursor_id is not None:
            self.cursor_id, self._settled = None, True
        elif not self._settled:
            self._settle()
        self.top = max(0, min(self.top, self.total - self.page))
        self.cursor = max(0, min(self.cursor, self.total - 1))
        if self._at_hand():
            self.repaint()
        else:
            self._want()
        return not fresh and _news(before, window)

    def _place_of_cursor(self, cursor_at: int | None) -> int | None:
        if self.cursor_id is None:
            return None
        for index, row in enumerate(self.window.rows, self.window.offset):
            if self._ident(row) == self.cursor_id:
                return index
        return cursor_at

    def _follow(self, place: int) -> None:
        """The cursor's row is elsewhere now: keep it on its line, or at the top keep the list's beginning in view."""
        if place != self.cursor and not (self.top == 0 and place < self.page):
            self.top = max(0, place - (self.cursor - self.top))
        self.cursor = place

    def _settle(self) -> None:
        self.cursor = max(0, min(self.cursor, self.total - 1))
        row = self.row_at(self.cursor)
        if row is not None:
            self.cursor_id, self._settled = self._ident(row), True

    def counted(self, total: int) -> None:
        """The exact number has become known."""
        if total != self.window.total:
            self.window = Window(self.window.offset, self.window.rows, total)
            self.repaint()

    def toggle_mark(self) -> None:
        """Mark the cursor's row, or take its mark away."""
        if self.cursor_id is not None:
            self.marks ^= {self.cursor_id}
            self.repaint()

    def set_marks(self, ids: set[str]) -> None:
        self.marks = ids
        self.repaint()

    def render_line(self, y: int) -> Strip:
        if y == self.cursor - self.top + 1:
            self._painted = self.cursor_id
        return super().render_line(y)

    def aim(self) -> None:
        """The operator has put the cursor where it is: that row is meant, drawn or not."""
        self._painted = self.cursor_id

    def back_to_painted(self) -> None:
        """Put the cursor on the row that was under it when it was last drawn, where a list moves it by itself."""
        place = next((n for n, row in enumerate(self.window.rows) if self._ident(row) == self._painted), None)
        if place is not None:
            self.move_to(self.window.offset + place)

    def afresh(self) -> None:
        """Something that `paint` depends on beside the row has changed."""
        self._cache.clear()
        self.repaint()

    def repalette(self, palette: Palette) -> None:
        self._cache.clear()
        super().repalette(palette)

    def on_resize(self) -> None:
        self._cache.clear()
        if self.cursor >= self.top + self.page:
            self.top = self.cursor - self.page + 1
        super().on_resize()
        if not self._at_hand() or self.window.total is None:
            self._want()

    def strips(self, width: int, height: int) -> list[Strip]:
        if len(self._cache) > 2000:
            self._cache.clear()
        inner = width - 1
        head: list[Span] = [(" " * GUTTER, "head"), *self._heading(inner - GUTTER)]
        made = [strip_of(head, width, self.palette, base="head")]
        if not self.total:
            return made + self._nothing(width, height)
        for line, index in enumerate(range(self.top, self.top + height - 1)):
            edge = self.edge(line, height - 1, self.top, self.total)
            if index >= self.total:
                made.append(Strip([*strip_of((), inner, self.palette), edge], width))
                continue
            made.append(Strip([*self._row_strip(index, inner), edge], width))
        return made

    def _nothing(self, width: int, height: int) -> list[Strip]:
        blank = strip_of((), width, self.palette)
        if self.window.total is None:
            return [blank]
        words = strip_of([(" " * GUTTER + self._empty(), "dim")], width, self.palette)
        return [blank] * min(2, height - 2) + [words]

    def _row_strip(self, index: int, width: int) -> Strip:
        row = self.row_at(index)
        on = index == self.cursor
        if row is None:
            return strip_of([(self._gutter(on, False, False), "dim"), ("…", "dim")], width, self.palette)
        ident = self._ident(row)
        marked, held = ident in self.marks, on and ident == self.cursor_id
        key = (row, held, marked)
        if on and not held:
            return self._draw(row, width, on=True, held=False, marked=marked)
        if key not in self._cache:
            self._cache[key] = self._draw(row, width, on=on, held=held, marked=marked)
        return self._cache[key]

    def _draw(self, row: Row, width: int, *, on: bool, held: bool, marked: bool) -> Strip:
        gutter = self._gutter(on, held, marked)
        line: list[Span] = [(gutter, "mark"), *self._paint(row, width - GUTTER)]
        return strip_of(line, width, self.palette, selected=held)

    def _gutter(self, on: bool, held: bool, marked: bool) -> str:
        cursor = self.glyphs.cursor if held else self.glyphs.lost if on else " "
        return cursor + (self.glyphs.mark if marked else " ") + " "

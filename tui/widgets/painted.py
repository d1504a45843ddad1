"""The base of every widget here: it makes lines of roles, and only lines that changed are drawn again."""

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tui.cells import Line, head_of, shown, width_of
from tui.palette import Glyphs, Palette


class Painted(Widget):
    """Subclasses give `lines(width, height)`; `repaint()` draws what differs from what is on screen.

    Nothing is ever given to Textual as a `str` to be parsed: lines become segments here (law 13).
    """

    base = "text"

    def __init__(self, palette: Palette, glyphs: Glyphs, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.palette = palette
        self.glyphs = glyphs
        self._strips: list[Strip] = []

    def lines(self, width: int, height: int) -> Sequence[Line]:
        """The content; at most `height` lines are used."""
        raise NotImplementedError

    def strips(self, width: int, height: int) -> list[Strip]:
        """The content as strips of exactly `width` cells; overridden where a line is more than roles."""
        made = [strip_of(line, width, self.palette, base=self.base) for line in self.lines(width, height)[:height]]
        return made

    def repaint(self) -> None:
        """Work the lines out again and draw those that changed."""
        width, height = self.size
        if width <= 0 or height <= 0:
            return
        old, self._strips = self._strips, self._padded(self.strips(width, height), width, height)
        if len(old) != len(self._strips):
            self.refresh()
            return
        changed = [y for y, (was, now) in enumerate(zip(old, self._strips, strict=True)) if was != now]
        if changed:
            self.refresh(*[Region(0, y, width, 1) for y in changed])

    def afresh(self) -> None:
        """Draw what has changed, also where only the time has."""
        self.repaint()

    def _padded(self, strips: list[Strip], width: int, height: int) -> list[Strip]:
        blank = strip_of((), width, self.palette, base=self.base)
        return strips[:height] + [blank] * (height - len(strips))

    def edge(self, line: int, height: int, top: int, total: int) -> Segment:
        """The last cell of a line: where in the whole the screen stands, or nothing when all of it is seen."""
        if total <= height or height <= 0:
            return Segment(" ", self.palette.style(self.base))
        size = max(1, height * height // total)
        begin = top * (height - size) // max(1, total - height)
        on = begin <= line < begin + size
        return Segment(self.glyphs.thumb if on else self.glyphs.track, self.palette.style("dim" if on else "rule"))

    def repalette(self, palette: Palette) -> None:
        """Wear another palette."""
        self.palette = palette
        self._strips = []
        self.repaint()

    def on_resize(self) -> None:
        self._strips = []
        self.repaint()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        if y < len(self._strips):
            return self._strips[y]
        return Strip.blank(self.size.width, Style())


def strip_of(line: Line, width: int, palette: Palette, *, selected: bool = False, base: str = "text") -> Strip:
    """The line as exactly `width` cells in the palette's styles; what is too long is cut.

    Neighbours of one style become one segment: each segment costs its colours on the wire.
    """
    merged: list[tuple[str, Style]] = []
    left = width
    for text, role in (*line, (" " * width, base)):
        text = shown(text)
        cells = width_of(text)
        if cells > left:
            text, cells = head_of(text, left), left
        if not text:
            continue
        style = palette.style(role, selected)
        if merged and merged[-1][1] == style:
            merged[-1] = (merged[-1][0] + text, style)
        else:
            merged.append((text, style))
        left -= cells
    return Strip([Segment(text, style) for text, style in merged], width)

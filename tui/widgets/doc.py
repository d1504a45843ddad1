"""A text of lines that scrolls: one connection, the messages, the help."""

from collections.abc import Callable, Sequence

from textual.strip import Strip

from tui.cells import Line
from tui.palette import Glyphs, Palette
from tui.widgets.painted import Painted, strip_of


class Doc(Painted):
    """Shows what `make(width)` gives, from line `top` on. It holds its place when the text changes."""

    def __init__(
        self, palette: Palette, glyphs: Glyphs, make: Callable[[int], Sequence[Line]], *, id: str | None = None
    ) -> None:
        super().__init__(palette, glyphs, id=id)
        self._make = make
        self.top = 0
        self._length = 0

    def strips(self, width: int, height: int) -> list[Strip]:
        whole = self._make(width - 3)
        self._length = len(whole)
        self.top = max(0, min(self.top, self._length - height))
        seen = [*whole[self.top : self.top + height], *[()] * height][:height]
        return [
            Strip(
                [
                    *strip_of([(" ", "text"), *line], width - 1, self.palette),
                    self.edge(place, height, self.top, self._length),
                ],
                width,
            )
            for place, line in enumerate(seen)
        ]

    def scroll_lines(self, by: int) -> None:
        self.scroll_to_line(self.top + by)

    def scroll_to_line(self, line: int) -> None:
        self.top = max(0, min(line, self._length - self.size.height))
        self.repaint()

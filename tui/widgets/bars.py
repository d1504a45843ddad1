"""The fixed lines of every screen: the header with the environment in words, the message line, the footer."""

from collections.abc import Callable, Sequence

from tui.actions import Action, label
from tui.cells import Line, Span, fit, width_of
from tui.palette import Glyphs, Palette
from tui.widgets.painted import Painted


def spread(left: Line, right: Line, width: int, role: str) -> list[Span]:
    """`left` at the left and `right` at the right; the right one goes when there is no room for both."""
    used = sum(width_of(text) for text, _ in left)
    wanted = sum(width_of(text) for text, _ in right)
    if used + wanted + 1 > width:
        return list(left)
    return [*left, (" " * (width - used - wanted), role), *right]


class Bar(Painted):
    """A few lines that somebody else makes."""

    def __init__(
        self, palette: Palette, glyphs: Glyphs, make: Callable[[int], Sequence[Line]], *, base: str, id: str
    ) -> None:
        super().__init__(palette, glyphs, id=id)
        self._make = make
        self.base = base

    def lines(self, width: int, height: int) -> Sequence[Line]:
        return self._make(width)


def footer_line(actions: Sequence[Action], titles: Callable[[Action], str], width: int) -> list[Span]:
    """Keys and what they do, as many as fit, the last one (help) always."""
    parts = [(f" {label(action.keys[0])} ", f"{titles(action)} ") for action in actions]
    while len(parts) > 1 and sum(width_of(key) + width_of(title) for key, title in parts) > width:
        parts.pop(-2)
    line: list[Span] = []
    for key, title in parts:
        line += [(key, "bar_key"), (title, "bar")]
    return line


def fitting(parts: Sequence[Span], width: int, between: str, role: str = "text", *, least: int = 1) -> list[Span]:
    """As many parts as fit whole, in their order; the first `least` always."""
    line: list[Span] = []
    for place, (text, look) in enumerate(parts):
        cells = width_of(text) + (width_of(between) if line else 0)
        if place >= least and cells > width:
            continue
        line += [(between, role), (text, look)] if line else [(text, look)]
        width -= cells
    return line


def cut(line: Line, width: int) -> list[Span]:
    """The line within `width` cells, ending in an ellipsis when it is cut."""
    made: list[Span] = []
    for text, role in line:
        cells = width_of(text)
        if cells > width:
            made.append((fit(text, width), role))
            break
        made.append((text, role))
        width -= cells
    return made

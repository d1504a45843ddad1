"""What the writer leaves on a terminal is what writing every cell would leave, whatever was there before."""

from collections.abc import Sequence

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style

from tui.writer import Writer, in_a_row

WIDTH, HEIGHT = 24, 9

Row = list[Segment]

STYLES = [
    None,
    Style(),
    Style(bold=True),
    Style(color="red"),
    Style(bgcolor="blue"),
    Style(color="#123456", bgcolor="#654321", underline=True),
    Style(color="red", bold=True, reverse=True),
    Style(color="default", bgcolor="blue"),
]

WORDS = ["Ærø Byg", "x", "        ", "─●─", "漢字", "한", "e\u0301te\u0301", "1.200,00", ""]

segments = st.builds(lambda text, style: Segment(text, style), st.sampled_from(WORDS), st.sampled_from(STYLES))
rows: st.SearchStrategy[Row] = st.lists(segments, max_size=6)
frames = st.lists(rows, min_size=HEIGHT, max_size=HEIGHT)


def width_of(row: Row) -> int:
    return sum(segment.cell_length for segment in row)


def filled(row: Row) -> Row:
    """A row that is as wide as the terminal, as Textual's are."""
    fitted = list(Segment.adjust_line_length(row, WIDTH))
    assert width_of(fitted) == WIDTH
    return fitted


class Shown:
    """A terminal that understands what it is sent."""

    def __init__(self) -> None:
        self.screen = pyte.Screen(WIDTH, HEIGHT)
        self.stream = pyte.Stream(self.screen)
        self.stream.feed("\x1b[?7l")

    def cells(self) -> list[list[tuple[object, ...]]]:
        lines = [[tuple(self.screen.buffer[y][x]) for x in range(WIDTH)] for y in range(HEIGHT)]
        return lines


def painted(frame: Sequence[Row]) -> list[list[tuple[object, ...]]]:
    """What the terminal shows when each line is written whole, as Textual writes it."""
    fresh = Shown()
    for y, row in enumerate(frame):
        fresh.stream.feed(f"\x1b[{y + 1};1H")
        for text, style, _ in row:
            fresh.stream.feed(style.render(text, color_system=ColorSystem.TRUECOLOR) if style else text)
    return fresh.cells()


def writer(erases_in_colour: bool = True) -> Writer:
    return Writer(WIDTH, HEIGHT, ColorSystem.TRUECOLOR, erases_in_colour=erases_in_colour)


@given(st.lists(frames, min_size=1, max_size=4), st.booleans(), st.data())
def test_any_frames_are_shown_as_if_written_whole(many: list[list[Row]], coloured: bool, data: st.DataObject) -> None:
    one, shown = writer(coloured), Shown()
    now: list[Row] = []
    for frame in many:
        now = [filled(row) for row in frame]
        shown.stream.feed(one.frame({y: in_a_row(0, [row]) for y, row in enumerate(now)}))
        assert shown.cells() == painted(now)
    by = data.draw(st.integers(1 - HEIGHT, HEIGHT - 1))
    moved = [now[(y + by) % HEIGHT] for y in range(HEIGHT)]
    shown.stream.feed(one.frame({y: in_a_row(0, [row]) for y, row in enumerate(moved)}))
    assert shown.cells() == painted(moved)


@given(frames, st.integers(0, HEIGHT - 1), st.integers(0, WIDTH - 5), st.sampled_from(STYLES))
def test_a_part_of_a_line_leaves_the_rest(frame: list[Row], y: int, x: int, style: Style | None) -> None:
    one, shown = writer(), Shown()
    now = [filled(row) for row in frame]
    shown.stream.feed(one.frame({line: in_a_row(0, [row]) for line, row in enumerate(now)}))
    part = Segment("abcde", style)
    shown.stream.feed(one.frame({y: in_a_row(x, [[part]])}))
    before, _ = _split(now[y], x)
    _, after = _split(now[y], x + 5)
    now[y] = [*before, part, *after]
    assert shown.cells() == painted(now)


def _split(row: Row, at: int) -> tuple[Row, Row]:
    parts = [*Segment.divide(row, [at, WIDTH]), [], []]
    return list(parts[0]), list(parts[1])


def test_nothing_new_writes_nothing() -> None:
    one = writer()
    lines = {y: in_a_row(0, [filled([Segment(f"line {y}", STYLES[5])])]) for y in range(HEIGHT)}
    assert one.frame(lines)
    assert one.frame(lines) == ""


@pytest.mark.parametrize("by", [1, -1, 3, -3])
def test_a_list_that_moves_is_scrolled_by_the_terminal(by: int) -> None:
    one, shown = writer(), Shown()
    names = [filled([Segment(f"Customer number {n}", STYLES[n % 3])]) for n in range(30)]
    shown.stream.feed(one.frame({y: in_a_row(0, [names[10 + y]]) for y in range(HEIGHT)}))
    moved = names[10 + by : 10 + by + HEIGHT]
    sent = one.frame({y: in_a_row(0, [row]) for y, row in enumerate(moved)})
    shown.stream.feed(sent)
    assert shown.cells() == painted(moved)
    kept = [n for n in range(10, 10 + HEIGHT) if 10 + by <= n < 10 + by + HEIGHT]
    assert len(kept) == HEIGHT - abs(by) and not any(f"number {n}" in sent for n in kept)


def test_a_line_whose_width_terminals_do_not_agree_on_is_written_whole() -> None:
    one = writer()
    first = {0: in_a_row(0, [filled([Segment("👍🏽 Tommel 1")])])}
    one.frame(first)
    sent = one.frame({0: in_a_row(0, [filled([Segment("👍🏽 Tommel 2")])])})
    assert "👍🏽 Tommel 2" in sent and sent.startswith("\x1b[1;1H")
    back = one.frame({0: in_a_row(0, [filled([Segment("Tommel 2")])])})
    assert "Tommel 2" in back and back.startswith("\x1b[1;1H")

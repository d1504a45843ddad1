"""Whatever is done, the terminal shows the same with our writer as with Textual's own, and gets far fewer bytes."""

from pathlib import Path

import pytest

from tests.terminal.harness import ENTER, Terminal
from tests.terminal.test_ends import start

ESCAPE, DOWN, UP, PAGE_DOWN, PAGE_UP, END, HOME = "\x1b", "\x1b[B", "\x1b[A", "\x1b[6~", "\x1b[5~", "\x1b[F", "\x1b[H"

KEYS: list[str | bytes] = [
    *(DOWN, DOWN, UP, PAGE_DOWN, DOWN, PAGE_UP, END, UP, UP, HOME),
    *(" ", " ", "/", "v", "e", ESCAPE, "s", DOWN, ESCAPE),
    *(ENTER, DOWN, PAGE_DOWN, ESCAPE, "p", DOWN, PAGE_DOWN, ESCAPE, "e", DOWN, ESCAPE, "w", ESCAPE),
    *("d", ESCAPE, "L", PAGE_DOWN, ESCAPE, "?", DOWN, PAGE_DOWN, ESCAPE),
]


def cells(it: Terminal) -> list[list[tuple[object, ...]]]:
    screen = it.screen
    return [[tuple(screen.buffer[y][x]) for x in range(screen.columns)] for y in range(screen.lines)]


@pytest.mark.parametrize(("mode", "cols", "rows"), [("plain", 80, 24), ("hostile", 120, 40)])
def test_each_key_shows_the_same_as_with_whole_frames(tmp_path: Path, mode: str, cols: int, rows: int) -> None:
    with (
        start(mode, tmp_path, cols=cols, rows=rows) as ours,
        start(mode, tmp_path, cols=cols, rows=rows, env={"FORNY_WHOLE_FRAMES": "1"}) as theirs,
    ):
        for it in (ours, theirs):
            it.see("▌")
            it.quiet(0.3)
        written = [len(it.written) for it in (ours, theirs)]
        for key in KEYS:
            for it in (ours, theirs):
                it.send(key)
            ours.until(lambda: theirs.quiet(0.05) is not None and cells(ours) == cells(theirs))
        few, many = (len(it.written) - before for it, before in zip((ours, theirs), written, strict=True))
        assert few * 2 < many


def test_a_terminal_that_was_small_for_a_moment_shows_all_again(tmp_path: Path) -> None:
    with start("plain", tmp_path) as it:
        it.see("▌")
        it.quiet(0.3)
        before = cells(it)
        it.resize(10, 3)
        it.resize(80, 24)
        it.until(lambda: cells(it) == before)

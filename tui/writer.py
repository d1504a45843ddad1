"""Writes to the terminal only what has changed on it.

Textual writes whole widgets: a list that scrolls by one line costs 20 to 40 KB at 200x50, which a line over SSH feels
(`facts/speed.md` §D). This remembers what every cell shows, and writes cells that differ, scrolls by the terminal's
own scrolling, and of a style only what is new in it. Plain values and strings; who asks for it: `tui.terminal_guard`.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import repeat
from typing import NamedTuple

from rich.cells import cell_len, split_graphemes
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.strip import SGR_STYLES

from tui.cells import NARROW

_AGREED = re.compile(
    "[ -~\xa0-\u02ff\u0300-\u052f\u2010-\u2027\u2190-\u21ff\u2500-\u25ff\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7a3]*"
).fullmatch
"""Texts that terminals and we measure alike; of many other scripts and of emoji some terminals think otherwise."""

_GAP = 4
"""So many unchanged cells of the same style are written again rather than jumped over: a jump costs as much."""

_TAIL = 5
"""A blank end of a line longer than this is erased instead of written: erasing costs three bytes."""

_SCROLL = 5
"""Fewer lines than this are never scrolled."""


class Pen(NamedTuple):
    """How a cell is written, as parameters of SGR: attributes, ink, ground. Empty: the terminal's own."""

    attributes: str = ""
    ink: str = ""
    ground: str = ""


PLAIN = Pen()


class Line(NamedTuple):
    """What one line of the terminal shows. The right half of a wide character is an empty text."""

    texts: tuple[str, ...]
    pens: tuple[Pen, ...]
    sure: bool = True
    """Whether every terminal agrees how wide its characters are; else it is only ever written whole."""


Pieces = Iterable[tuple[int, Iterable[Segment]]]
"""Parts of a line from left to right: the cell where each begins, and its segments."""


class Writer:
    """What a terminal of one size shows, and how to bring it to show something else."""

    def __init__(self, width: int, height: int, colours: ColorSystem, *, erases_in_colour: bool) -> None:
        """`erases_in_colour`: what is erased takes the ground that is set (terminfo's `bce`)."""
        self.size, self.colours = (width, height), colours
        self._in_colour = erases_in_colour
        self._blank = Line((" ",) * width, (PLAIN,) * width)
        self._shown: list[Line | None] = [None] * height

    def frame(self, lines: Mapping[int, Pieces]) -> str:
        """The sequence after which these lines show this; empty when they do already. Ends in a plain pen."""
        new = {y: self._line(pieces, self._shown[y]) for y, pieces in lines.items() if 0 <= y < self.size[1]}
        out: list[str] = []
        changed = [y for y, line in new.items() if line != self._shown[y]]
        if len(changed) >= _SCROLL:
            changed = self._scroll(sorted(changed), new, out)
        pen: Pen | None = PLAIN if out else None
        for y in sorted(changed):
            pen = self._write(out, y, new[y], self._shown[y], pen)
            self._shown[y] = new[y]
        if pen is not None and pen != PLAIN:
            out.append("\x1b[m")
        return "".join(out)

    def _line(self, pieces: Pieces, old: Line | None) -> Line:
        """The line with these pieces put in. What they leave out stays as it is shown."""
        old = old or self._blank
        width = self.size[0]
        texts, pens, sure = list(old.texts), list(old.pens), old.sure
        for x, segments in pieces:
            for text, style, control in segments:
                if control:
                    continue
                pen = _pen(style, self.colours)
                if NARROW(text):
                    end = x + len(text)
                    texts[x:end], pens[x:end] = text, repeat(pen, len(text))
                    x = end
                    continue
                sure = sure and _AGREED(text) is not None
                for start, stop, cells in split_graphemes(text)[0]:
                    if cells == 0:  # belongs to what stands before it, at a line's beginning to nothing
                        continue
                    texts[x : x + cells] = [text[start:stop], *repeat("", cells - 1)]
                    pens[x : x + cells] = repeat(pen, cells)
                    x += cells
        del texts[width:], pens[width:]
        if "" in old.texts:
            _mend(texts)
        return Line(tuple(texts), tuple(pens), sure or all(map(_AGREED, texts)))

    def _scroll(self, changed: list[int], new: dict[int, Line], out: list[str]) -> list[int]:
        """Move lines that are shown elsewhere by scrolling a region; gives the lines that differ after it."""
        where: dict[Line, int] = {}
        for y in range(changed[0], changed[-1] + 1):
            if (line := self._shown[y]) is not None and line != self._blank:
                where.setdefault(line, y)
        moved = Counter(where[new[y]] - y for y in changed if new[y] in where)
        if not moved:
            return changed
        (by, many), *_ = moved.most_common(1)
        found = [y for y in changed if where.get(new[y], y) - y == by]
        first, last = (found[0], found[-1] + by) if by > 0 else (found[0] + by, found[-1])
        if by == 0 or many < max(_SCROLL, (last - first + 1) // 3) or None in self._shown[first : last + 1]:
            return changed
        # A line feed at the end of a region scrolls it up, its opposite at the beginning scrolls it down: what comes
        # in is blank and plain, since nothing but a plain pen is left after a frame.
        step = f"\x1b[{last + 1};1H" + "\x1bD" * by if by > 0 else f"\x1b[{first + 1};1H" + "\x1bM" * -by
        out.append(f"\x1b[{first + 1};{last + 1}r{step}\x1b[r")
        kept = self._shown[first : last + 1]
        blanks: list[Line | None] = [self._blank] * abs(by)
        self._shown[first : last + 1] = kept[by:] + blanks if by > 0 else blanks + kept[:by]
        for y in range(first, last + 1):
            # A line inside the region that nobody meant to change stays what it was.
            new.setdefault(y, kept[y - first] or self._blank)
        return [y for y, line in new.items() if line != self._shown[y]]

    def _write(self, out: list[str], y: int, line: Line, old: Line | None, pen: Pen | None) -> Pen | None:
        """Append what turns the old line into the new one; gives the pen that is left."""
        if old is not None and not (line.sure and old.sure):
            old = None
        texts, pens, _ = line
        end = self._tail(line)
        at, x = -1, 0
        while (run := self._run(line, old, x, end)) is not None:
            start, x = run
            out.append(_jump(y, at, start))
            while start < x:
                stop, mine = start + 1, pens[start]
                while stop < x and pens[stop] == mine:
                    stop += 1
                out.append(_turn(pen, mine))
                out.extend(texts[start:stop])
                pen, start = mine, stop
            at = x
        if end < len(texts) and (old is None or old.texts[end:] != texts[end:] or old.pens[end:] != pens[end:]):
            out += (_jump(y, at, end), _turn(pen, pens[-1]), "\x1b[K")
            pen = pens[-1]
        return pen

    def _tail(self, line: Line) -> int:
        """Where the blank end of a line begins that can be erased; its width when none can."""
        texts, pens, _ = line
        last = pens[-1]
        end = len(texts)
        if last.attributes or (last.ground and not self._in_colour):
            return end
        while end and texts[end - 1] == " " and pens[end - 1] == last:
            end -= 1
        return end if len(texts) - end > _TAIL else len(texts)

    @staticmethod
    def _run(line: Line, old: Line | None, x: int, end: int) -> tuple[int, int] | None:
        """The next cells from `x` on that must be written: from, to before. Never half of a wide character."""
        if x >= end:
            return None
        if old is None:
            return x, end
        texts, pens, _ = line
        before, earlier, _ = old

        def same(cell: int) -> bool:
            return texts[cell] == before[cell] and pens[cell] == earlier[cell]

        while x < end and same(x):
            x += 1
        if x == end:
            return None
        start = x
        while texts[start] == "" and start:
            start -= 1
        stop = x + 1
        while stop < end:
            if texts[stop] == "" or not same(stop):
                stop += 1
                continue
            ahead = stop
            while ahead < min(end, stop + _GAP) and same(ahead) and pens[ahead] == pens[stop - 1]:
                ahead += 1
            if ahead == end or same(ahead):
                break
            stop = ahead
        return start, stop


def _mend(texts: list[str]) -> None:
    """Where one half of a wide character was overwritten, the other one is blank."""
    for x, text in enumerate(texts):
        halved = cell_len(text) == 2 and texts[x + 1 : x + 2] != [""]
        if halved or (text == "" and not (x and cell_len(texts[x - 1]) == 2)):
            texts[x] = " "


def _jump(y: int, at: int, x: int) -> str:
    """The way to a cell from another one of its line; `at` -1: from anywhere."""
    if at == x:
        return ""
    return f"\x1b[{y + 1};{x + 1}H" if at < 0 or x < at else f"\x1b[{x - at}C"


def _turn(pen: Pen | None, new: Pen) -> str:
    """From one pen to another; None: nobody knows what is set."""
    if pen == new:
        return ""
    if new == PLAIN:
        return "\x1b[m"
    taken = (
        pen is None
        or pen.attributes != new.attributes
        or any(was and not now for was, now in zip(pen, new, strict=True))
    )
    if taken or pen is None:
        # What is set can only be taken back together with all the rest.
        start = "" if pen == PLAIN else "0;"
        return f"\x1b[{start}{';'.join(filter(None, new))}m"
    return f"\x1b[{';'.join(part for part, known in zip(new, pen, strict=True) if part != known)}m"


@lru_cache(4096)
def _pen(style: Style | None, colours: ColorSystem) -> Pen:
    """A style as Textual would write it (`Strip.render`)."""
    if style is None:
        return PLAIN
    bits = (style.bold, style.dim, style.italic, style.underline, style.blink, style.blink2, style.reverse)
    more = (style.conceal, style.strike, style.underline2, style.frame, style.encircle, style.overline)
    return Pen(
        ";".join(code for code, on in zip(SGR_STYLES, (*bits, *more), strict=True) if on),
        ";".join(style.color.downgrade(colours).get_ansi_codes()) if style.color else "",
        ";".join(style.bgcolor.downgrade(colours).get_ansi_codes(foreground=False)) if style.bgcolor else "",
    )


def in_a_row(x: int, strips: Iterable[Iterable[Segment]]) -> Pieces:
    """A line's strips, one behind the other from a cell on, as one piece."""
    return [(x, [segment for strip in strips for segment in strip])]

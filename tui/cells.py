"""Text measured in terminal cells, and lines made of roles instead of colours."""

import re
from collections.abc import Sequence
from functools import lru_cache

Span = tuple[str, str]
"""Some text and the role that it plays (`tui.palette`)."""

Line = Sequence[Span]

NARROW = re.compile("[ -~\xa0-\u02ff\u2010-\u2027\u2190-\u21ff\u2500-\u25ff]*").fullmatch
"""Texts in which each character is a cell: nearly all of ours. What is left needs the tables, which load slowly."""

HOSTILE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e0fff]"
)
"""What a terminal could obey, or what would turn or hide text. None of it takes a cell."""


@lru_cache(4096)
def _visible(text: str) -> str:
    return HOSTILE.sub("\ufffd", text)


def shown(text: str) -> str:
    """The text with every character that a terminal could obey replaced visibly (law 13; it was cleaned before)."""
    return text if text.isprintable() else _visible(text)


def width_of(text: str) -> int:
    """Cells that the text takes on screen."""
    if text.isascii() or NARROW(text):
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def head_of(text: str, width: int) -> str:
    """The beginning of a text that takes more: exactly `width` cells, a blank for half of a wide character."""
    if NARROW(text):
        return text[:width]
    from rich.cells import set_cell_size

    return set_cell_size(text, width)


def fit(text: str, width: int, *, right: bool = False) -> str:
    """Exactly `width` cells: padded, or cut with an ellipsis; a wide character is never halved."""
    if width <= 0:
        return ""
    text = shown(text)
    have = width_of(text)
    if have > width:
        return head_of(text, width - 1) + "…"
    padding = " " * (width - have)
    return padding + text if right else text + padding


def wrap(text: str, width: int) -> list[str]:
    """The text in lines of at most `width` cells, broken at spaces where there are some; never an empty list."""
    lines: list[str] = []
    line = ""
    for word in shown(text).split(" "):
        while width_of(word) > width > 0:
            head = _head(word, width - width_of(line) - bool(line)) if line else _head(word, width)
            if not head:
                lines.append(line)
                line = ""
                continue
            lines.append(f"{line} {head}" if line else head)
            word, line = word[len(head) :], ""
        if line and width_of(line) + 1 + width_of(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    lines.append(line)
    return lines


def _head(word: str, width: int) -> str:
    head = ""
    for char in word:
        if width_of(head) + width_of(char) > width:
            break
        head += char
    return head


def folded(lines: Sequence[Line], width: int) -> list[Line]:
    """The lines, those wider than `width` cells broken at spaces; what goes on is indented two cells more."""
    made: list[Line] = []
    if width < 4:  # room for an indent and one wide character
        return list(lines)
    for line in lines:
        text = "".join(part for part, _ in line).rstrip()
        indent = min(len(text) - len(text.lstrip(" ")) + 2, width // 2)
        made += [line] if width_of(text) <= width else _fold(line, width, indent)
    return made


def _fold(line: Line, width: int, indent: int) -> list[Line]:
    made: list[Line] = []
    now, left, fresh = list[Span](), width, True
    for text, role in line:
        for part in re.findall(" +|[^ ]+", shown(text)):
            gap, word = part[0] == " ", part
            if width_of(word) > left and (gap or not fresh):
                made.append(now)
                now, left, fresh = [(" " * indent, "text")], width - indent, True
            if gap and fresh and made:
                continue  # what goes on begins with its word
            while width_of(word) > left:
                head = _head(word, left)
                made.append([*now, (head, role)])
                now, left, word = [(" " * indent, "text")], width - indent, word[len(head) :]
            now.append((word, role))
            left, fresh = left - width_of(word), fresh and gap
    return made if fresh else [*made, now]

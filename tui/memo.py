"""A memo (`backend.rules.memo`) as lines of roles: titles and entries, with a sign at the one that is chosen."""

from collections.abc import Sequence

from backend.rules.memo import Entry, Section
from tui.cells import Line, folded
from tui.sections import Page

Places = tuple[tuple[int, Entry], ...]
"""Entries that somebody stands behind, each with the line on which it begins."""


def memo_lines(page: Page, sections: Sequence[Section], chosen: int | None = None) -> tuple[list[Line], Places]:
    """The sections in the page's width, and the places of the entries that can be opened, of which one is `chosen`."""
    lines: list[Line] = []
    places: list[tuple[int, Entry]] = []
    for section in sections:
        lines += page.heading(section.title)
        for entry in section.entries:
            on = bool(entry.filter) and len(places) == chosen
            if entry.filter:
                places.append((len(lines), entry))
            sign = page.glyphs.pointer if on else page.glyphs.dot
            told: Line = [(f"  {sign} ", "accent" if on else "dim"), (entry.text, "title" if on else "text")]
            lines += folded([told], page.width)
    return lines, tuple(places)

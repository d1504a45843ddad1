"""The line in which something is typed, with what is wrong about it beside it.

It takes its keys from the screen, not from the focus: focus moves a moment later than the key that asks for it, and
what is typed in that moment would run as keys of the list (`facts/console.md` T10).
"""

from collections.abc import Sequence

from textual import events

from tui.cells import Line, Span, fit, width_of
from tui.palette import Glyphs, Palette
from tui.widgets.painted import Painted

LONGEST = 200
"""Characters of a name or a number."""

FILTER_ROOM = 1000
"""Characters of a filter: more than one may have, so that what is too long is complained of and not cut."""


class Entry:
    """A text being typed: value, place of the cursor, and the usual keys of a shell line."""

    def __init__(self, value: str = "", longest: int = LONGEST) -> None:
        """At most `longest` characters are taken; `cut` tells that there were more."""
        self.value = value
        self.at = len(value)
        self.longest = longest
        self.cut = False

    def set(self, value: str) -> None:
        self.value, self.at, self.cut = value, len(value), False

    def insert(self, text: str) -> None:
        """Put printable text in at the cursor; a break between two pasted lines becomes a space."""
        clean = "".join(char for char in " ".join(text.splitlines()) if char.isprintable())
        room = max(0, self.longest - len(self.value))
        self.cut, clean = len(clean) > room, clean[:room]
        self.value = self.value[: self.at] + clean + self.value[self.at :]
        self.at += len(clean)

    def key(self, event: events.Key) -> bool:
        """Take one key; false when it means nothing here."""
        before, self.cut = self.value[: self.at], False
        match event.key:
            case "left":
                self.at = max(0, self.at - 1)
            case "right":
                self.at = min(len(self.value), self.at + 1)
            case "home" | "ctrl+a":
                self.at = 0
            case "end" | "ctrl+e":
                self.at = len(self.value)
            case "backspace":
                self.value, self.at = before[:-1] + self.value[self.at :], max(0, self.at - 1)
            case "delete":
                self.value = before + self.value[self.at + 1 :]
            case "ctrl+u":
                self.value, self.at = self.value[self.at :], 0
            case "ctrl+w":
                kept = before.rstrip().rpartition(" ")
                left = kept[0] + kept[1]
                self.value, self.at = left + self.value[self.at :], len(left)
            case _:
                if event.character is None or not event.character.isprintable():
                    return False
                self.insert(event.character)
        return True

    def spans(self, width: int, role: str, cursor: str) -> list[Span]:
        """The text with its cursor, scrolled so that the cursor is within `width` cells."""
        left, here, right = self.value[: self.at], self.value[self.at : self.at + 1] or " ", self.value[self.at + 1 :]
        while left and width_of(left) + width_of(here) > width:
            left = left[1:]
        room = max(0, width - width_of(left) - width_of(here))
        return [(left, role), (here, cursor), (fit(right, room), role)]


class Prompt(Painted):
    """One line: a sign, the text, and the complaint. Shown only while it is open."""

    def __init__(self, palette: Palette, glyphs: Glyphs, *, id: str) -> None:
        super().__init__(palette, glyphs, id=id)
        self.entry = Entry("", FILTER_ROOM)
        self.is_open = False
        self.complaint = ""

    def open(self, text: str) -> None:
        """Show the line with this text in it."""
        self.entry.set(text)
        self.complaint = ""
        self.is_open = self.display = True
        self.repaint()

    def close(self) -> None:
        self.is_open = self.display = False

    def complain(self, text: str) -> None:
        """Say what is wrong with the text, in place."""
        self.complaint = text
        self.repaint()

    def lines(self, width: int, height: int) -> Sequence[Line]:
        room = width - 3
        shown = fit(self.complaint, min(width_of(self.complaint), room * 3 // 5)) if self.complaint else ""
        text = self.entry.spans(room - width_of(shown) - (2 if shown else 0), "strong", "button_on")
        return [[(" /", "accent"), *text, ("  ", "text"), (shown, "bad")]]

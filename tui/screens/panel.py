"""A panel at the bottom of a screen that wants an answer: what all questions share.

What was typed or pasted before it stood on screen, or within a moment after, does not answer it
(`facts/console.md` rule 3): keys carry the time at which they arrived, and that is compared.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from textual import events
from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen

from backend.model.problems import MAX_NOTE
from tui.cells import Line, width_of, wrap
from tui.widgets.bars import Bar
from tui.widgets.painted import Painted
from tui.widgets.prompt import Entry
from tui.wording import number

if TYPE_CHECKING:
    from tui.app import Console

Answer = TypeVar("Answer")

DEAD_TIME = 0.3
"""Seconds after its first appearance in which a question takes no answer."""


class Panel(ModalScreen[Answer]):
    """Docked at the bottom, over the screen it asks about. Subclasses give `panel_lines` and take keys."""

    AUTO_FOCUS = None

    def __init__(self) -> None:
        super().__init__()
        self.drawn_at: float | None = None
        self._left = False

    def dismiss(self, result: Answer | None = None) -> AwaitComplete:
        """Once: a second key of the same packet must not take the screen below with it."""
        if self._left:
            over: AwaitComplete = AwaitComplete.nothing()  # type: ignore[no-untyped-call]
            return over
        self._left = True
        return super().dismiss(result)

    @property
    def console(self) -> "Console":
        """The app, by its own type."""
        from tui.app import Console

        app = self.app
        assert isinstance(app, Console)
        return app

    def say(self, key: str, **values: object) -> str:
        """A text in the operator's language."""
        return self.console.desk.say(key, **values)

    def panel_lines(self, width: int) -> Sequence[Line]:
        """The panel's lines without the rule above it; each is indented by two cells."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        yield Bar(self.console.palette, self.console.glyphs, self._lines, base="panel", id="question")

    def _lines(self, width: int) -> Sequence[Line]:
        band = self.console.band()
        rule: Line = [band, (self.console.glyphs.rule * max(0, width - width_of(band[0])), "rule")]
        return [rule, *([("  ", "panel"), *line] for line in self.panel_lines(width - 4))]

    def on_mount(self) -> None:
        self._fit()
        self.call_after_refresh(self._drawn)

    def on_resize(self) -> None:
        self._fit()

    def _fit(self) -> None:
        panel = self.query_one("#question")
        panel.styles.height = min(len(self._lines(self.app.size.width)), max(3, self.app.size.height - 3))
        panel.styles.width = "100%"

    def _drawn(self) -> None:
        self.drawn_at = self.console.desk.monotonic()

    def repaint(self) -> None:
        """Draw what has changed."""
        self._fit()
        self.query_one("#question", Painted).repaint()

    def too_early(self, event: events.Event) -> bool:
        """Whether the key or paste came before the question could have been read."""
        return self.drawn_at is None or event.time < self.drawn_at + DEAD_TIME

    def on_paste(self, event: events.Paste) -> None:
        """What is pasted answers nothing."""
        event.stop()


class Guarded(Panel[str | None]):
    """A question that may want a number typed before anything but leaving it is taken (DESIGN §6)."""

    expected = ""
    typed = ""

    def number_line(self, key: str) -> list[Line]:
        """What must be typed and what was, where something must."""
        if not self.expected:
            return []
        look = "button_on" if self.typed == self.expected else "button"
        return [[(self.say(key, number=self.expected) + " ", "panel"), (f" {self.typed} ", look)]]

    def type_number(self, event: events.Key) -> bool:
        """Take a key that belongs to the number; false when it means something else."""
        if not self.expected:
            return False
        if event.key == "backspace":
            self.typed = self.typed[:-1]
            return True
        if event.character is None or not event.character.isprintable():
            return False
        self.typed = (self.typed + event.character)[: len(self.expected) + 4]
        return True

    def answer(self, answer: str | None) -> None:
        """Give it; the bell says that the number is missing."""
        if answer is not None and self.typed != self.expected:
            self.app.bell()
        else:
            self.dismiss(answer)


class Choose(Guarded):
    """One of a few answers, one a line; to leave it is the first one and chosen. Answers None when left."""

    def __init__(
        self,
        title: str,
        about: str,
        options: Sequence[tuple[str, str]],
        *,
        danger: bool = False,
        expected: str = "",
    ) -> None:
        """`options` are what is answered and how it is told; `expected` must be typed for any of them."""
        super().__init__()
        self.title_text, self.about, self.options, self.danger = title, about, tuple(options), danger
        self.expected = expected
        self.chosen = 0

    def panel_lines(self, width: int) -> Sequence[Line]:
        lines: list[Line] = [[(text, "panel_strong")] for text in wrap(self.title_text, width)]
        lines += [[(text, "panel_dim")] for text in wrap(self.about, width)] if self.about else []
        lines += self.number_line("console.choose.type")
        for place, (_, text) in enumerate((("", self.say("console.question.cancel")), *self.options)):
            on = place == self.chosen
            look = "button_danger" if self.danger and place else "button_on"
            mark = self.console.glyphs.pointer if on else " "
            lines.append([(f"{mark}{text} ", look if on else "panel")])
        return [*lines, [(self.say("console.choose.keys"), "panel_dim")]]

    def on_key(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        if self.too_early(event):
            return
        if not self.type_number(event):
            match event.key:
                case "escape":
                    self.dismiss(None)
                    return
                case "up" | "k" | "left" | "shift+tab":
                    self.chosen = max(0, self.chosen - 1)
                case "down" | "j" | "right" | "tab":
                    self.chosen = min(len(self.options), self.chosen + 1)
                case "enter":
                    self.answer(self.options[self.chosen - 1][0] if self.chosen else None)
                    return
        self.repaint()


class Write(Panel[str | None]):
    """One line of text. Answers it, or None when it is left; an empty one only where that says something."""

    def __init__(self, title: str, about: str, *, may_be_empty: bool = False) -> None:
        super().__init__()
        self.title_text, self.about, self.may_be_empty = title, about, may_be_empty
        self.entry = Entry("", MAX_NOTE)

    def panel_lines(self, width: int) -> Sequence[Line]:
        hint = (self.say("console.write.keys"), "panel_dim")
        if self.entry.cut:
            hint = (self.say("console.write.cut", n=number(self.entry.longest)), "panel_warn")
        return [
            *([(text, "panel_strong")] for text in wrap(self.title_text, width)),
            *([(text, "panel_dim")] for text in wrap(self.about, width)),
            self.entry.spans(max(1, width), "button", "button_on"),
            [hint],
        ]

    def on_paste(self, event: events.Paste) -> None:
        """Here pasted text is text."""
        event.stop()
        self.entry.insert(event.text)
        self.repaint()

    def on_key(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        if event.key == "escape":
            self.dismiss(None)
        elif event.key == "enter":
            if not self.too_early(event):
                text = self.entry.value.strip()
                self.dismiss(text if text or self.may_be_empty else None)
        else:
            self.entry.key(event)
            self.repaint()

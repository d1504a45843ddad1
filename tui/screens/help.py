"""The help: every key of the screen it was asked on, from the registry, and what the signs mean."""

from collections.abc import Sequence
from typing import ClassVar

from tui.actions import HELP, actions_in, label
from tui.cells import Line, Span, fit, wrap
from tui.screens.moving import MovesDoc
from tui.wording import VERDICT_ROLE, verdict_glyph, verdict_word


class HelpScreen(MovesDoc):
    """Keys, signs and the filter language of one screen."""

    scope: ClassVar[str] = HELP

    def __init__(self, about: str) -> None:
        super().__init__()
        self.about = about

    def crumb(self, width: int) -> tuple[Line, Line]:
        return [(self.say(f"console.help.title.{self.about}"), "strong")], []

    def _text(self, width: int) -> Sequence[Line]:
        lines: list[Line] = [[]]
        for text in wrap(self.say(f"console.help.intro.{self.about}"), min(width, 96)):
            lines.append([(text, "text")])
        lines += [[], [(self.say("console.help.keys"), "accent")]]
        actions = actions_in(self.about)
        for action in actions:
            keys = " ".join(label(key) for key in action.keys)
            lines.append([(fit(keys, 14), "strong"), (self.say(action.title(self.about)), "text")])
        lines += [[], [(self.say("console.help.signs"), "accent")]]
        for verdict, role in VERDICT_ROLE.items():
            sign: list[Span] = [(fit(verdict_glyph(verdict, self.console.glyphs), 3), role)]
            word = fit(verdict_word(verdict, self.console.desk.say), 11)
            lines.append([*sign, (word, role), (self.say(f"console.help.verdict.{verdict}"), "text")])
        if any(action.id == "filter" for action in actions):
            lines += [[], [(self.say("console.help.filter"), "accent")]]
            lines += [[(line, "text")] for line in self.say(f"console.help.filter.{self.about}").split("\n")]
        lines += [[], [(self.say("console.help.ssh"), "accent")]]
        lines += [[(text, "text")] for text in wrap(self.say("console.help.ssh.text"), min(width, 96))]
        return lines

    def do_help(self) -> None:
        self.go_back()

"""The question before an act: what will run, what waits, what is refused and why. Cancel is first and focused."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from textual import events

from backend.model.facts import Act
from backend.model.plans import PlanItem
from tui.actions import key_of
from tui.cells import Line, Span, fit, width_of, wrap
from tui.proposal import RENEW_FIRST, Group, Proposal
from tui.screens.panel import Guarded
from tui.widgets.bars import cut
from tui.wording import consent_until, moment, number, until

NAMED = 5
"""Names shown before "and n more"."""

MOST = 100
"""Names shown when all of them are asked for; no screen has more lines."""

FATE_ROLE = {"run": "panel", "wait": "panel_warn", "refused": "panel_bad"}


@dataclass(frozen=True, slots=True)
class Choice:
    """One button: what the question answers, its text, and how it looks when chosen."""

    answer: str | None
    text: str
    look: str = "button_on"


class Question(Guarded):
    """Docked at the bottom, over the list. Answers `run`, `renew_first` or None (cancelled)."""

    def __init__(self, proposal: Proposal) -> None:
        super().__init__()
        self.proposal = proposal
        self.plan = proposal.plan
        self.acts = self.plan.acts
        self.chosen = 0
        self.whole = False
        self.top = 0
        if self.plan.act == Act.REMOVE and self.acts:
            self.expected = self.acts[0].agreement_number if len(self.acts) == 1 else str(len(self.acts))

    def choices(self) -> list[Choice]:
        """Cancel first; what can be done after it."""
        if not self.acts:
            found = [Choice(None, self.say("console.question.close"))]
        else:
            found = [Choice(None, self.say("console.question.cancel"))]
            look = "button_danger" if self.plan.act == Act.REMOVE else "button_on"
            text = self.say(f"console.question.do.{self.plan.act}", n=number(len(self.acts)))
            found.append(Choice("run", text, look))
        again = self.proposal.renew_first
        if self.plan.act == Act.SYNC and again:
            found.append(Choice(RENEW_FIRST, self.say("console.question.do.renew_first", n=number(again))))
        return found

    # -- drawing ----------------------------------------------------------------------------------------------

    def panel_lines(self, width: int) -> Sequence[Line]:
        below = [[("", "panel")], *self.number_line("console.question.type"), self._buttons()]
        body = self._seen(width, max(1, self.app.size.height - 4 - len(below)))
        return [*(cut(line, width) for line in body), *below]

    def _seen(self, width: int, room: int) -> list[Line]:
        """What of the question stands on screen: fewer names first, so that every reason does, then a part of it."""
        body = self._body(width, MOST if self.whole else NAMED)
        for named in range(NAMED - 1, -1, -1):
            if not self.whole and len(body) > room:
                body = self._body(width, named)
        if len(body) <= room:
            self.top = 0
            return body
        self.top = max(0, min(self.top, len(body) - room + 1))
        rest = len(body) - self.top - room + 1
        more = self.say("console.question.more_lines", n=number(rest)) if rest else ""
        return [*body[self.top : self.top + room - 1], [(more, "panel_dim")]]

    def _body(self, width: int, named: int) -> list[Line]:
        lines: list[Line] = [[(text, "panel_strong")] for text in wrap(self._title(), width)]
        lines += [[(text, "panel_dim")] for text in wrap(self.say(f"console.question.about.{self.plan.act}"), width)]
        for text, role in self._terms():
            lines += [[(part, role)] for part in wrap(text, width)]
        for group in self.proposal.groups:
            lines += self._group(group, width, named)
        if not named and self.proposal.groups:
            lines.append([(self.say("console.question.names"), "panel_dim")])
        return lines

    def _title(self) -> str:
        act, n = self.plan.act, len(self.acts)
        if not n:
            return self.say("console.question.nothing")
        key = f"console.question.title.{act}" + ("_then_sync" if self.plan.then_sync else "")
        title = self.say(key if n == 1 else f"{key}.many", n=number(n), who=self.acts[0].customer)
        return title if self.plan.id is None else self.say("console.question.plan", plan=self.plan.id, title=title)

    def _terms(self) -> list[Span]:
        """What it costs, when it ends, whether it can be taken back, and what was shown when and to whom."""
        plan, now, told = self.plan, self.console.now(), list[Span]()
        if self.proposal.hidden:
            told.append((self.say("console.question.hidden", n=number(self.proposal.hidden)), "panel_warn"))
        if not self.acts:
            return told
        if self.proposal.kept:
            shown = self.say("console.question.shown", who=plan.operator, at=moment(plan.created_at))
            told.append((shown, "panel_warn"))
        if plan.calls:
            told.append((self.say("console.question.calls", n=number(plan.calls), left=number(plan.left)), "panel"))
        if plan.ends_at is not None:
            told.append((self.say("console.question.ends", at=until(plan.ends_at, now)), "panel"))
        if self.proposal.needs_approval:
            told.append((self.say("plan.awaits_approval"), "panel_warn"))
        if plan.act == Act.REMOVE:
            told.append(self._undo(self.console.desk.settings.undo_window))
        return told

    def _undo(self, seconds: int) -> Span:
        """How long a removal can be taken back, and by which key."""
        key = key_of("undo")
        if seconds <= 0:
            return self.say("console.question.no_undo"), "panel_warn"
        if seconds < 60:
            return self.say("console.question.undo_seconds", n=seconds, press=key), "panel"
        return self.say("console.question.undo", n=seconds // 60, press=key), "panel"

    def _group(self, group: Group, width: int, named: int) -> list[Line]:
        """One paragraph a reason: it is said once and whole, then the first names."""
        title = self.say(f"console.question.{group.fate}", n=number(len(group.items)))
        if group.until is not None and group.begins is not None:
            title += f" {self._until(group.begins, group.until)}"
        if group.reason:
            title += f": {self.console.reason(group.reason)}"
        if group.fate == "wait":
            title += f". {self.say('console.question.by_itself')}"
        lines: list[Line] = [[(text, FATE_ROLE[group.fate])] for text in wrap(title, width)]
        shown = group.items[:named]
        for item in shown:
            lines.append(self._item(item, width))
            if item.note:
                lines += [[("    ", "panel"), (text, "panel_warn")] for text in wrap(item.note, width - 4)]
        if len(group.items) > len(shown) > 0:
            lines.append([(self.say("console.question.more", n=number(len(group.items) - len(shown))), "panel_dim")])
        return lines

    def _until(self, begins: datetime, ends: datetime) -> str:
        first, last = (until(at, self.console.now()) for at in (begins, ends))
        key = "console.question.until" if first == last else "console.question.until_between"
        return self.say(key, at=first, last=last)

    def _item(self, item: PlanItem, width: int) -> Line:
        """Who it is; how long the consent outlives a removal comes before the bank's name, where room is short."""
        expires = self.proposal.expires.get(item.connection)
        lives = f" {consent_until(expires, self.console.now(), self.console.desk.say)}" if expires is not None else ""
        room = width - 2 - 10 - width_of(lives)
        bank = min(26, room * 2 // 5) if room >= 38 else 0
        line: list[Span] = [
            ("  ", "panel"),
            (fit(item.customer, min(40, room - bank)), "panel"),
            (f" {fit(item.agreement_number, 9)}", "panel_dim"),
            (fit(item.bank, bank), "panel_dim"),
        ]
        return [*line, (lives, "panel_dim")]

    def _buttons(self) -> Line:
        line: list[Span] = []
        for place, choice in enumerate(self.choices()):
            on = place == self.chosen
            mark = self.console.glyphs.pointer if on else " "
            line.append((f"{mark}{choice.text} ", choice.look if on else "button"))
            line.append(("  ", "panel"))
        hint = self.say("console.question.keys")
        used = sum(width_of(text) for text, _ in line)
        if used + width_of(hint) + 4 < self.app.size.width:
            line.append((hint, "panel_dim"))
        return line

    # -- answering --------------------------------------------------------------------------------------------

    def on_key(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        if self.too_early(event):
            return
        choices = self.choices()
        if self.type_number(event):
            self.repaint()
            return
        match event.key:
            case "escape":
                self.dismiss(None)
                return
            case "left" | "shift+tab":
                self.chosen = max(0, self.chosen - 1)
            case "right" | "tab":
                self.chosen = min(len(choices) - 1, self.chosen + 1)
            case "question_mark":
                self.whole, self.top = not self.whole, 0
            case "down" | "pagedown":
                step = 1 if event.key == "down" else max(1, self.app.size.height - 10)
                self.top += step if self.whole else 0
                self.whole = True
            case "up" | "pageup":
                step = 1 if event.key == "up" else max(1, self.app.size.height - 10)
                self.whole = self.whole and self.top > 0
                self.top = max(0, self.top - step)
            case "enter":
                self.answer(choices[self.chosen].answer)
                return
        self.repaint()

"""One plan: how it stands, its acts by outcome and reason, and each act with what became of it, live."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from textual.app import ComposeResult

from backend.model.plans import Action, ActionState, PlanGroup, PlanState, PlanView
from backend.rules.report import report
from tui.actions import CONNECTION, PLAN, key_of
from tui.cells import Line, Span, wrap
from tui.screens.moving import WIDE, Column, ListScreen
from tui.screens.steering import SteersPlan
from tui.widgets.bars import Bar, cut
from tui.widgets.roster import Keyed, Window
from tui.wording import act_word, number, outcome_glyph, outcome_role, plan_state, short_moment, state_word, until


@dataclass(frozen=True, slots=True)
class Reading:
    """The plan's counts, its groups, and a window of its acts."""

    view: PlanView | None
    groups: tuple[PlanGroup, ...]
    group: PlanGroup | None
    offset: int
    actions: tuple[Action, ...]


class PlanScreen(ListScreen[Keyed[Action]], SteersPlan):
    """Groups above, acts below, in the plan's own order: nothing moves by itself while it runs."""

    scope: ClassVar[str] = PLAN
    titles = "console.plans"

    def __init__(self, plan: int) -> None:
        super().__init__()
        self.number = plan
        self.view: PlanView | None = None
        self.groups: tuple[PlanGroup, ...] = ()
        self.group: tuple[ActionState, str, bool] | None = None

    @property
    def plan(self) -> PlanView | None:
        return self.view

    def body(self) -> ComposeResult:
        app = self.console
        self.summary = Bar(app.palette, app.glyphs, self._summary, base="text", id="summary")
        yield self.summary
        yield from super().body()

    def on_mount(self) -> None:
        self._make_room()

    def on_resize(self) -> None:
        self._make_room()

    def _make_room(self) -> None:
        """A third of the screen for the groups, whatever becomes of them: the list below never jumps."""
        self.summary.styles.height = max(4, min(14, self.app.size.height // 3))

    # -- how it stands ----------------------------------------------------------------------------------------

    def crumb(self, width: int) -> tuple[Line, Line]:
        say, view = self.console.desk.say, self.view
        if view is None:
            return [(self.say("console.plans.one", plan=self.number), "dim")], []
        left: list[Span] = [
            (self.say("console.plans.one", plan=view.id), "title"),
            (f"  {act_word(view.act, say)}  ", "text"),
            plan_state(view.state, say, self.console.glyphs),
        ]
        who, at = view.run_by or view.operator, short_moment(view.run_at or view.created_at, self.console.now())
        return left, [(f"{who} {at} ", "dim")]

    def _summary(self, width: int) -> Sequence[Line]:
        """What an operator must know of the whole, then the groups around the chosen one."""
        if self.view is None:
            return [[], [(f" {self.say('console.plans.gone' if self.known else 'console.reading')}", "dim")]]
        told = self._standing(self.view)
        head: list[Line] = [[(f" {part}", role)] for text, role in told for part in wrap(text, width - 2)]
        total = number(sum(group.many for group in self.groups))
        lines: list[Line] = [self._group_line(None, self.say("console.plans.all", n=total), "text")]
        for group in self.groups:
            glyph = outcome_glyph(group.state, self.console.glyphs)
            lines.append(self._group_line(group, f"{glyph} {self._group_words(group)}", outcome_role(group.state)))
        room = max(1, self.summary.size.height - len(head))
        chosen = next((i for i, one in enumerate(self.groups, 1) if _key(one) == self.group), 0)
        top = max(0, min(chosen - room + 1, len(lines) - room))
        if len(lines) > room:
            hidden = number(len(lines) - room)
            lines[top + room - 1] = [*lines[top + room - 1], (f"  {self.say('console.plans.more', n=hidden)}", "dim")]
        return [cut(line, width) for line in (*head, *lines[top : top + room])]

    def _standing(self, view: PlanView) -> list[Span]:
        told: list[Span] = []
        if view.note:
            told.append((self.console.reason(view.note), "warn"))
        if words := self.undo_words(view):
            told.append((words, "warn"))
        if view.state == PlanState.APPROVAL:
            told.append(
                (
                    self.say("console.plans.approval", who=view.run_by, yes=key_of("approve"), no=key_of("decline")),
                    "warn",
                )
            )
        elif view.state == PlanState.DRAFT:
            told.append((self.say("console.plans.draft", press=key_of("run_again")), "info"))
        elif view.state == PlanState.RUNNING and view.allowed is not None:
            told.append((self.say("console.plans.stage", n=number(view.allowed), all=number(view.size)), "info"))
        if view.approved_by:
            told.append((self.say("console.plans.approved_by", who=view.approved_by), "dim"))
        return told[:2]

    def _group_line(self, group: PlanGroup | None, words: str, role: str) -> Line:
        on = self.group == (None if group is None else _key(group))
        return [(f" {self.console.glyphs.pointer if on else ' '} ", "accent"), (words, "title" if on else role)]

    def _group_words(self, group: PlanGroup) -> str:
        say = self.console.desk.say
        words = f"{number(group.many)} {state_word(group.state, say)}"
        if group.later:
            assert group.until is not None
            words = say("console.plans.later", n=number(group.many), at=until(group.until, self.console.now()))
        return f"{words}: {self.console.reason(group.reason)}" if group.reason else words

    # -- the acts ---------------------------------------------------------------------------------------------

    def ident(self, row: Keyed[Action]) -> str:
        return str(row.item.id)

    def columns(self, width: int) -> Sequence[Column]:
        wide = width >= WIDE
        rest = [("outcome", 32 if wide else 20), ("customer", 36 if wide else 20), ("agreement", 9), ("bank", 20)]
        rest = rest if wide else rest[:3] if width >= 70 else rest[:2]
        rest.append(("reason", max(8, width - sum(cells + 1 for _, cells in rest))))
        return [Column(name, cells) for name, cells in rest]

    def cells(self, row: Keyed[Action], width: int) -> Mapping[str, Span]:
        action = row.item
        return {
            "outcome": (self._outcome(action, width), outcome_role(action.state)),
            "customer": (action.customer, "strong"),
            "agreement": (action.agreement_number, "dim"),
            "bank": (action.bank, "text"),
            "reason": (self.console.reason(action.reason) if action.reason else action.note, "dim"),
        }

    def _outcome(self, action: Action, width: int) -> str:
        now, say = self.console.now(), self.console.desk.say
        words = state_word(action.state, say) if width >= WIDE else say(f"console.outcome.{action.state}")
        if _later(action, now) and action.not_before is not None:
            words = say("console.outcome.until", at=until(action.not_before, now))
        elif action.finished_at is not None:
            words = f"{words} {short_moment(action.finished_at, now)}"
        return f"{outcome_glyph(action.state, self.console.glyphs)} {words}"

    def empty(self) -> str:
        return self.say("console.plans.no_acts")

    # -- reading ----------------------------------------------------------------------------------------------

    def read(self) -> None:
        desk, plan, chosen = self.console.desk, self.number, self.group
        offset, limit = self.roster.wanted()

        def work() -> Reading:
            now = desk.clock.now()
            groups = tuple(desk.reader.plan_groups(plan, now))
            group = next((one for one in groups if _key(one) == chosen), None)
            gone = chosen is not None and group is None
            actions = () if gone else tuple(desk.reader.plan_actions(plan, group, offset, limit, now))
            view = desk.reader.plan(plan, whole=False)
            return Reading(view, groups, group, offset, actions)

        self.ask("plan", work, self._read, pace=self.pace)

    def _read(self, reading: Reading) -> None:
        self.view, self.groups = reading.view, reading.groups
        if self.group not in (None, None if reading.group is None else _key(reading.group)):
            total = 0
        else:
            total = sum(group.many for group in ([reading.group] if reading.group else reading.groups))
        now = self.console.now()
        rows = tuple(Keyed((one.id, one.state, one.reason, _later(one, now)), one) for one in reading.actions)
        self.show(Window(reading.offset, rows, total))

    # -- groups -----------------------------------------------------------------------------------------------

    def do_group(self) -> None:
        self._choose(1)

    def do_group_back(self) -> None:
        self._choose(-1)

    def _choose(self, by: int) -> None:
        """The acts of the next group, or of all."""
        keys = [None, *(_key(group) for group in self.groups)]
        here = keys.index(self.group) if self.group in keys else 0
        self.group, self.fresh = keys[(here + by) % len(keys)], True
        self.roster.move_to(0)
        self.pace.want_now()
        self.repaint_bars()

    # -- going on ---------------------------------------------------------------------------------------------

    def list_filter(self) -> str:
        state = f" state:{self.group[0]}" if self.group is not None else ""
        return f"{super().list_filter()}{state}"

    def do_open(self) -> None:
        row = self.roster.current
        assert row is not None
        self.go(CONNECTION, row.item.connection)

    def why_not_copy(self) -> str | None:
        return self.why_no_plan()

    def do_copy(self) -> None:
        """The report of the whole plan, as text for a ticket."""
        desk, plan = self.console.desk, self.number

        def work() -> str:
            now, view = desk.clock.now(), desk.reader.plan(plan)
            if view is None:
                return ""
            refused = desk.reader.rows([connection for connection, _ in view.refused], now)
            customers = {row.id: row.customer for row in refused}
            return report(view, desk.say, now, customers, self.console.reason)

        self.ask_once("report", work, lambda text: self.console.copy(text, self.say("console.plans.report")))


def _key(group: PlanGroup) -> tuple[ActionState, str, bool]:
    return group.state, group.reason, group.later


def _later(action: Action, now: datetime) -> bool:
    return action.state == ActionState.INTENT and action.not_before is not None and action.not_before > now

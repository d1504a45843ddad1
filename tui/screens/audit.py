"""The audit log on screen: who did what, newest first, and whether the log was checked."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from backend.model.audit import EVERY_EVENT, AuditReport, EventFilter
from backend.model.facts import Event
from backend.rules.audit import parse_events, told
from backend.rules.filters import FilterError
from tui.actions import AUDIT, CONNECTION, EVENT, key_of
from tui.cells import Line, Span
from tui.screens.filtering import FilteredList
from tui.screens.moving import WIDE, Column
from tui.widgets.roster import Window
from tui.wording import clock_time, number, short_moment

SHOWN = 500
"""Lines that are read: a filter finds older ones."""

TOLD = 5
"""Findings of a check that are said as messages; `forny audit --verify` tells all."""


class AuditScreen(FilteredList[Event]):
    """A list that a filter narrows. Checking the whole log takes seconds, and is done when it is asked for."""

    scope: ClassVar[str] = AUDIT
    titles = "console.audit"

    def __init__(self, text: str = "") -> None:
        """`text` is the filter that it begins with."""
        super().__init__()
        self._text = text
        self._only: EventFilter = EVERY_EVENT
        self._connection: str | None = None
        self._checking = False

    def on_mount(self) -> None:
        self.use_filter(self._text)

    def crumb(self, width: int) -> tuple[Line, Line]:
        left: list[Span] = [(self.say("console.audit.title"), "strong")]
        if self._text:
            left.append((f"   /{self._text}", "accent"))
        if self.known and self.roster.total == SHOWN:
            left.append((f"   {self.say('console.audit.newest', n=number(SHOWN))}", "dim"))
        return left, [self._standing()]

    def _standing(self) -> Span:
        """When the log was checked last from this console, and what came of it."""
        if self._checking:
            return self.say("console.audit.checking"), "info"
        if self.console.audit_checked is None:
            return self.say("console.audit.unchecked", press=key_of("verify")), "warn"
        at, report = self.console.audit_checked
        if not report.whole:
            return self.say("console.audit.broken", at=clock_time(at), n=number(len(report.findings))), "bad"
        key = "console.audit.whole" if report.sealed else "console.audit.whole_unsealed"
        return self.say(key, at=clock_time(at), n=number(report.checked)), "good" if report.sealed else "warn"

    # -- painting ---------------------------------------------------------------------------------------------

    def ident(self, row: Event) -> str:
        return str(row.seq)

    def empty(self) -> str:
        return self.say("console.audit.none")

    def columns(self, width: int) -> Sequence[Column]:
        """The data takes what is left; from where one acted needs a wide screen, and the plan one of some width."""
        wide = width >= WIDE
        rest = [("at", 8), ("who", 20 if wide else 12), *([("from", 30)] if wide else []), ("what", 18)]
        rest += [*([("plan", 5)] if width >= 66 else []), ("connection", 7)]
        rest.append(("data", max(7, width - sum(cells + 1 for _, cells in rest) - 1)))
        return [Column(name, cells) for name, cells in rest]

    def cells(self, row: Event, width: int) -> Mapping[str, Span]:
        return {
            "at": (short_moment(row.at, self.console.now()), "dim"),
            "who": (row.operator, "strong"),
            "from": (f"{row.host} {row.data.get('terminal', '')}", "dim"),
            "what": (row.kind, "bad" if self._damaged(row.seq) else "text"),
            "plan": (str(row.data.get("plan", "")), "text"),
            "connection": (row.connection or "", "accent"),
            "data": (short_data(row), "dim"),
        }

    def _damaged(self, seq: int) -> bool:
        """Whether the last check found something at this line."""
        checked = self.console.audit_checked
        return checked is not None and any(one.first <= seq <= one.last for one in checked[1].findings)

    # -- reading ----------------------------------------------------------------------------------------------

    def read(self) -> None:
        reader, only, connection = self.console.desk.reader, self._only, self._connection

        def work() -> tuple[Event, ...]:
            return tuple(reader.events(0, SHOWN, connection, newest_first=True, only=only))

        self.ask("audit", work, lambda found: self.show(Window(0, found, len(found))), pace=self.pace)

    def filter_text(self) -> str:
        return self._text

    def use_filter(self, text: str) -> None:
        try:
            only, connection = parse_events(text, self.console.now())
        except FilterError as error:
            self.prompt.complain(error.sentence(self.console.desk.say))
            return
        self.prompt.complain("")
        self._text = text
        if (only, connection) != (self._only, self._connection):
            self._only, self._connection, self.fresh = only, connection, True
            self.pace.want_now()
        self.repaint_bars()

    # -- checking ---------------------------------------------------------------------------------------------

    def why_not_verify(self) -> str | None:
        return self.say("console.audit.checking") if self._checking else None

    def do_verify(self) -> None:
        self._checking = True
        self.console.lanes.ask("slow", "verify", self.console.desk.verify_audit, self._verified, self._not_verified)
        self.repaint_bars()

    def _not_verified(self, error: Exception) -> None:
        self._checking = False
        self.console.tell(str(error), "bad")

    def _verified(self, report: AuditReport) -> None:
        console = self.console
        self._checking, console.audit_checked = False, (console.now(), report)
        for found in reversed(report.findings[:TOLD]):  # the first one last: it is the one that stands there
            console.tell(told(found, console.desk.say), "bad")
        if self.is_attached:
            self.roster.afresh()
            self.repaint_bars()

    # -- going on ---------------------------------------------------------------------------------------------

    def why_no_connection(self) -> str | None:
        event = self.roster.current
        if event is None or event.connection is None:
            return self.say("console.audit.no_connection")
        return None

    def do_open(self) -> None:
        self.go(EVENT, self.roster.current)

    def do_open_connection(self) -> None:
        event = self.roster.current
        assert event is not None
        self.go(CONNECTION, event.connection)


def short_data(event: Event) -> str:
    """What a line tells beside who, where and of which plan."""
    apart = ("terminal", "plan")
    told = (f"{name} {value}" for name, value in event.data.items() if name not in apart and value not in (None, ""))
    return ", ".join(told)

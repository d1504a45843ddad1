"""The audit log on screen: who did what, newest first, and whether the log was checked."""

from typing import ClassVar

from textual.app import ComposeResult

from backend.model.audit import EVERY_EVENT, AuditReport, EventFilter
from backend.model.facts import Event
from backend.rules.audit import parse_events, told
from backend.rules.filters import FilterError
from tui.actions import AUDIT
from tui.cells import Line, Span, fit
from tui.screens.filtering import FilteredRoster
from tui.widgets.prompt import Prompt
from tui.widgets.roster import Roster, Window
from tui.wording import clock_time, number, short_moment

SHOWN = 500
"""Lines that are read: a filter finds older ones."""

TOLD = 5
"""Findings of a check that are said as messages; `forny audit --verify` tells all."""


class AuditScreen(FilteredRoster):
    """A list that a filter narrows. Checking the whole log takes seconds, and is done when it is asked for."""

    scope: ClassVar[str] = AUDIT

    def __init__(self, text: str = "") -> None:
        """`text` is the filter that it begins with."""
        super().__init__()
        self._text = text
        self._only: EventFilter = EVERY_EVENT
        self._connection: str | None = None
        self._known: tuple[Event, ...] | None = None
        self._checking = False
        self._fresh = True

    def body(self) -> ComposeResult:
        app = self.console
        self.roster: Roster[Event] = Roster(
            app.palette,
            app.glyphs,
            ident=lambda event: str(event.seq),
            paint=self._paint,
            heading=self._heading,
            empty=lambda: self.say("console.reading" if self._known is None else "console.audit.none"),
            id="roster",
        )
        yield self.roster
        self.prompt = Prompt(app.palette, app.glyphs, id="prompt")
        yield self.prompt

    def on_mount(self) -> None:
        self.use_filter(self._text)
        self.data_changed()

    def crumb(self, width: int) -> tuple[Line, Line]:
        left: list[Span] = [(self.say("console.audit.title"), "strong")]
        if self._text:
            left.append((f"   /{self._text}", "accent"))
        if self._known is not None and len(self._known) == SHOWN:
            left.append((f"   {self.say('console.audit.newest', n=number(SHOWN))}", "dim"))
        return left, [self._standing()]

    def _standing(self) -> Span:
        """When the log was checked last from this console, and what came of it."""
        if self._checking:
            return self.say("console.audit.checking"), "info"
        if self.console.audit_checked is None:
            return self.say("console.audit.unchecked"), "warn"
        at, report = self.console.audit_checked
        if not report.whole:
            return self.say("console.audit.broken", at=clock_time(at), n=number(len(report.findings))), "bad"
        key = "console.audit.whole" if report.sealed else "console.audit.whole_unsealed"
        return self.say(key, at=clock_time(at), n=number(report.checked)), "good" if report.sealed else "warn"

    # -- painting ---------------------------------------------------------------------------------------------

    def _columns(self, width: int) -> tuple[tuple[str, int], ...]:
        """Title and cells; the data takes what is left, and from where one acted needs a wide screen."""
        wide = width >= 110
        rest = [("at", 8), ("who", 20 if wide else 12), *([("from", 30)] if wide else []), ("what", 18)]
        rest += [("plan", 5), ("connection", 7)]
        return (*rest, ("data", max(8, width - sum(cells + 1 for _, cells in rest) - 1)))

    def _heading(self, width: int) -> Line:
        line: list[Span] = []
        for title, cells in self._columns(width):
            line += [(fit(self.say(f"console.audit.{title}"), cells), "head"), (" ", "head")]
        return line

    def _paint(self, event: Event, width: int) -> Line:
        data = event.data
        cells = {
            "at": (short_moment(event.at, self.console.now()), "dim"),
            "who": (event.operator, "strong"),
            "from": (f"{event.host} {data.get('terminal', '')}", "dim"),
            "what": (event.kind, "bad" if self._damaged(event.seq) else "text"),
            "plan": (str(data.get("plan", "")), "text"),
            "connection": (event.connection or "", "accent"),
            "data": (short_data(event), "dim"),
        }
        line: list[Span] = []
        for title, room in self._columns(width):
            text, role = cells[title]
            line += [(fit(text, room), role), (" ", "text")]
        return line

    def _damaged(self, seq: int) -> bool:
        """Whether the last check found something at this line."""
        checked = self.console.audit_checked
        return checked is not None and any(one.first <= seq <= one.last for one in checked[1].findings)

    # -- reading ----------------------------------------------------------------------------------------------

    def data_changed(self) -> None:
        reader, only, connection = self.console.desk.reader, self._only, self._connection
        self.ask("audit", lambda: tuple(reader.events(0, SHOWN, connection, newest_first=True, only=only)), self._read)

    def _read(self, found: tuple[Event, ...]) -> None:
        fresh, self._fresh, self._known = self._fresh, False, found
        if self.roster.show(Window(0, found, len(found)), fresh=fresh):
            self.console.seen_change()
        self.repaint_bars()

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
            self._only, self._connection, self._fresh = only, connection, True
            self.data_changed()
        self.repaint_bars()

    # -- checking ---------------------------------------------------------------------------------------------

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
            self.roster.refresh_rows()
            self.repaint_bars()

    # -- going on ---------------------------------------------------------------------------------------------

    def why_not_open(self) -> str | None:
        return None if self.roster.current is not None else self.say("console.why.nothing_here")

    def why_no_connection(self) -> str | None:
        event = self.roster.current
        if event is None or event.connection is None:
            return self.say("console.audit.no_connection")
        return None

    def do_open(self) -> None:
        from tui.screens.event import EventScreen

        event = self.roster.current
        assert event is not None
        self.console.push_screen(EventScreen(event))

    def do_open_connection(self) -> None:
        from tui.screens.connection import ConnectionScreen

        event = self.roster.current
        assert event is not None and event.connection is not None
        self.console.push_screen(ConnectionScreen(event.connection))


def short_data(event: Event) -> str:
    """What a line tells beside who, where and of which plan."""
    apart = ("terminal", "plan")
    told = (f"{name} {value}" for name, value in event.data.items() if name not in apart and value not in (None, ""))
    return ", ".join(told)

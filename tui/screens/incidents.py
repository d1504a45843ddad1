"""Incidents by bank: who is hit, how bad against what is usual, what waits behind it, and since when."""

from typing import ClassVar

from textual.app import ComposeResult

from backend.model.incidents import IncidentView, Scope
from backend.rules.incidents import members_filter
from tui.actions import INCIDENTS
from tui.cells import Line, Span, fit
from tui.screens.moving import MovesRoster
from tui.widgets.roster import Roster, Window
from tui.wording import age, number, short_moment

SHOWN = 200
"""Incidents that are read: all that are open in any life, and the newest of those that are over."""


class IncidentsScreen(MovesRoster):
    """Open incidents first, then those that are over. Enter shows an incident's connections in the list."""

    scope: ClassVar[str] = INCIDENTS

    def __init__(self) -> None:
        super().__init__()
        self.known: tuple[IncidentView, ...] | None = None

    def body(self) -> ComposeResult:
        app = self.console
        self.roster: Roster[IncidentView] = Roster(
            app.palette,
            app.glyphs,
            ident=lambda view: str(view.id),
            paint=self._paint,
            heading=self._heading,
            empty=lambda: self.say("console.reading" if self.known is None else "console.incidents.none"),
            id="roster",
        )
        yield self.roster

    def on_mount(self) -> None:
        self.data_changed()

    def crumb(self, width: int) -> tuple[Line, Line]:
        is_open = [view for view in self.known or () if view.closed_at is None]
        left: list[Span] = [(self.say("console.incidents.title", n=len(is_open)), "strong")]
        if is_open:
            hit = sum(view.connections for view in is_open)
            pending = sum(view.pending for view in is_open)
            behind = self.say("console.incidents.behind", n=number(hit), pending=number(pending))
            left.append((f"   {behind}", "text"))
        return left, []

    # -- painting ---------------------------------------------------------------------------------------------

    def _columns(self, width: int) -> tuple[tuple[str, int, bool], ...]:
        """Title, cells and whether it stands to the right; the name takes what is left."""
        rest = [("cause", 14, False), ("since", 9, False), ("hit", 6, True), ("share", 11, True)]
        rest += [("pending", 6, True), ("oldest", 6, True)]
        for name in ("share", "oldest"):  # what there is no room for goes, the least needed first
            if sum(cells + 1 for _, cells, _ in rest) + 14 > width:
                rest = [one for one in rest if one[0] != name]
        used = sum(cells + 1 for _, cells, _ in rest)
        return (("name", max(14, min(40, width - used)), False), *rest)

    def _heading(self, width: int) -> Line:
        line: list[Span] = []
        for title, cells, right in self._columns(width):
            line += [(fit(self.say(f"console.incidents.{title}"), cells, right=right), "head"), (" ", "head")]
        return line

    def _paint(self, view: IncidentView, width: int) -> Line:
        glyphs, now, is_open = self.console.glyphs, self.console.now(), view.closed_at is None
        name = view.key if view.scope in (Scope.BANK, Scope.CLUSTER) else self.say(f"console.scope.{view.scope.value}")
        over = self.say("console.incidents.over")
        cells = {
            "name": (f"{glyphs.incident if is_open else glyphs.fine} {name}", "strong" if is_open else "dim"),
            "cause": (self.say(f"console.cause.{view.cause}"), "bad" if is_open else "dim"),
            "since": (short_moment(view.opened_at, now), "text"),
            "hit": (number(view.connections), "strong" if is_open else "dim"),
            "share": (self._share(view), "text"),
            "pending": (number(view.pending) if is_open else over, "text" if is_open else "good"),
            "oldest": (age(now - view.oldest_at, self.console.desk.say) if view.oldest_at else "", "warn"),
        }
        line: list[Span] = []
        for title, room, right in self._columns(width):
            text, role = cells[title]
            line += [(fit(text, room, right=right), role), (" ", "text")]
        said = (f"Aiia: {view.health}" if view.health else "", view.note if view.note != view.key else "")
        if is_open and any(said):
            line.append((f" {self.console.glyphs.dot} ".join(part for part in said if part), "dim"))
        return line

    def _share(self, view: IncidentView) -> str:
        """Failed now against usual; where only the aggregator says so there is no such number."""
        if not view.tried:
            return self.say("console.incidents.heard") if view.scope in (Scope.BANK, Scope.CLUSTER) else ""
        return f"{round(100 * view.failed / view.tried)}% ({round(100 * view.usual)}%)"

    # -- reading ----------------------------------------------------------------------------------------------

    def data_changed(self) -> None:
        reader = self.console.desk.reader
        self.ask("incidents", lambda: tuple(reader.incidents(SHOWN)), self._read)

    def quiet_tick(self) -> None:
        self.roster.refresh_rows()
        self.data_changed()

    def _read(self, found: tuple[IncidentView, ...]) -> None:
        first, self.known = self.known is None, found
        if self.roster.show(Window(0, found, len(found)), cursor_at=None, fresh=first):
            self.console.seen_change()
        self.repaint_bars()

    # -- going on ---------------------------------------------------------------------------------------------

    def do_triage(self) -> None:
        from tui.screens.triage import TriageScreen

        self.console.push_screen(TriageScreen(self.console.fleet_filter()))

    def why_not_open(self) -> str | None:
        return None if self.roster.current is not None else self.say("console.incidents.none_here")

    def do_open(self) -> None:
        view = self.roster.current
        assert view is not None
        self.console.show_in_fleet(members_filter(view))

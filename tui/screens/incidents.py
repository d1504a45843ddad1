"""Incidents by bank: who is hit, how bad against what is usual, what waits behind it, and since when."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from backend.model.incidents import IncidentView, Scope
from backend.rules.incidents import members_filter
from tui.actions import INCIDENTS, TRIAGE
from tui.cells import Line, Span
from tui.screens.moving import Column, ListScreen
from tui.widgets.roster import Window
from tui.wording import age, number, short_moment

SHOWN = 200
"""Incidents that are read: all that are open in any life, and the newest of those that are over."""


class IncidentsScreen(ListScreen[IncidentView]):
    """Open incidents first, then those that are over. Enter shows an incident's connections in the list."""

    scope: ClassVar[str] = INCIDENTS
    titles = "console.incidents"

    def crumb(self, width: int) -> tuple[Line, Line]:
        is_open = [view for view in self.roster.window.rows if view.closed_at is None]
        left: list[Span] = [(self.say("console.incidents.title", n=len(is_open)), "strong")]
        if is_open:
            hit = sum(view.connections for view in is_open)
            pending = sum(view.pending for view in is_open)
            behind = self.say("console.incidents.behind", n=number(hit), pending=number(pending))
            left.append((f"   {behind}", "text"))
        return left, []

    # -- painting ---------------------------------------------------------------------------------------------

    def ident(self, row: IncidentView) -> str:
        return str(row.id)

    def empty(self) -> str:
        return self.say("console.incidents.none")

    def columns(self, width: int) -> Sequence[Column]:
        """The name takes what is left."""
        rest = [("cause", 14, False), ("since", 9, False), ("hit", 6, True), ("share", 11, True)]
        rest += [("pending", 6, True), ("oldest", 6, True)]
        for name in ("share", "oldest"):  # what there is no room for goes, the least needed first
            if sum(cells + 1 for _, cells, _ in rest) + 14 > width:
                rest = [one for one in rest if one[0] != name]
        used = sum(cells + 1 for _, cells, _ in rest)
        rest.insert(0, ("name", max(14, min(40, width - used)), False))
        return [Column(*one) for one in rest]

    def cells(self, row: IncidentView, width: int) -> Mapping[str, Span]:
        view, glyphs, now, is_open = row, self.console.glyphs, self.seen_at or self.console.now(), row.closed_at is None
        name = view.key if view.scope in (Scope.BANK, Scope.CLUSTER) else self.say(f"console.scope.{view.scope.value}")
        over = self.say("console.incidents.over")
        return {
            "name": (f"{glyphs.incident if is_open else glyphs.fine} {name}", "strong" if is_open else "dim"),
            "cause": (self.say(f"console.cause.{view.cause}"), "bad" if is_open else "dim"),
            "since": (short_moment(view.opened_at, now), "text"),
            "hit": (number(view.connections), "strong" if is_open else "dim"),
            "share": (self._share(view), "text"),
            "pending": (number(view.pending) if is_open else over, "text" if is_open else "good"),
            "oldest": (age(now - view.oldest_at, self.console.desk.say) if view.oldest_at else "", "warn"),
        }

    def paint(self, row: IncidentView, width: int) -> Line:
        """Behind the columns, where there is room, what the aggregator says and what is noted."""
        line, view, is_open = list(super().paint(row, width)), row, row.closed_at is None
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

    def read(self) -> None:
        reader = self.console.desk.reader
        self.ask("incidents", lambda: tuple(reader.incidents(SHOWN)), self._read, pace=self.pace)

    def _read(self, found: tuple[IncidentView, ...]) -> None:
        if found != self.roster.window.rows or not self.known:
            self.seen_at = self.console.now()
            self.roster.afresh()
        self.show(Window(0, found, len(found)))

    # -- going on ---------------------------------------------------------------------------------------------

    def going(self, scope: str) -> tuple[object, ...]:
        return (self.console.fleet_filter(),) if scope == TRIAGE else ()

    def why_not_open(self) -> str | None:
        return None if self.roster.current is not None else self.say("console.incidents.none_here")

    def do_open(self) -> None:
        view = self.roster.current
        assert view is not None
        self.console.show_in_fleet(members_filter(view))

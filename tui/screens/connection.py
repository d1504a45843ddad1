"""One connection: why it is as it is, what to tell the customer, its accounts, renewal, acts, postings and attempts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult

from backend.model.facts import Act, Attempt
from backend.model.lifetimes import Lifespan
from backend.model.views import ConnectionView, PostingFilter, PostingLine
from backend.rules.lifetimes import usual_life
from tui.actions import CONNECTION
from tui.cells import Line
from tui.screens.base import ConsoleScreen
from tui.screens.moving import MovesDoc
from tui.sections import Page
from tui.widgets.doc import Doc

SHOWN = 30
"""Attempts and postings that are read for one connection."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What the store knows of one connection, read at one moment."""

    view: ConnectionView | None
    attempts: tuple[Attempt, ...]
    postings: tuple[PostingLine, ...]
    usual: Lifespan | None = None


class ConnectionScreen(MovesDoc, ConsoleScreen):
    """A page of sections that scrolls. It is read again when the store changes, and holds its place."""

    scope: ClassVar[str] = CONNECTION

    def __init__(self, connection: str) -> None:
        super().__init__()
        self.connection = connection
        self.reading: Reading | None = None

    def body(self) -> ComposeResult:
        self.doc = Doc(self.console.palette, self.console.glyphs, self._text, id="doc")
        yield self.doc

    def on_mount(self) -> None:
        self.data_changed()

    def crumb(self, width: int) -> tuple[Line, Line]:
        view = self.reading.view if self.reading else None
        if view is None:
            return [(self.connection, "dim")], []
        row, dot = view.row, self.console.glyphs.dot
        right = [(f"{self.say('console.agreement')} {row.agreement_number} {dot} {row.id} ", "dim")]
        return [(row.customer, "title"), (f" {dot} {row.bank}", "text")], right

    def _text(self, width: int) -> Sequence[Line]:
        if self.reading is None:
            return [[], [(self.say("console.reading"), "dim")]]
        if self.reading.view is None:
            return [[], [(self.say("console.connection.gone"), "warn")]]
        page = Page(self.console.now(), self.console.desk.say, self.console.reason, self.console.glyphs, width)
        return page.whole(self.reading.view, self.reading.attempts, self.reading.postings, self.reading.usual)

    # -- reading ----------------------------------------------------------------------------------------------

    def data_changed(self) -> None:
        reader, clock, connection = self.console.desk.reader, self.console.desk.clock, self.connection

        def work() -> Reading:
            view = reader.connection(connection, clock.now())
            if view is None:
                return Reading(None, (), ())
            postings = reader.postings(PostingFilter(connection=connection), SHOWN, newest_first=True)
            usual = usual_life(reader.lives(view.row.bank).get(view.row.bank, ()))
            return Reading(view, tuple(reader.attempts(connection, SHOWN)), tuple(postings), usual)

        self.ask("connection", work, self._read)

    def quiet_tick(self) -> None:
        self.data_changed()

    def _read(self, reading: Reading) -> None:
        if reading != self.reading:
            self.reading = reading
            self.console.seen_change()
        self.doc.repaint()
        self.repaint_bars()

    # -- acting -----------------------------------------------------------------------------------------------

    def why_not_act(self) -> str | None:
        gone = self.reading is not None and self.reading.view is None
        return self.say("console.connection.gone") if gone else None

    def do_renew(self) -> None:
        self.console.acting.propose(Act.RENEW, (self.connection,))

    def do_sync(self) -> None:
        self.console.acting.propose(Act.SYNC, (self.connection,))

    def do_remove(self) -> None:
        self.console.acting.propose(Act.REMOVE, (self.connection,))

    def do_connect(self) -> None:
        view = self.reading.view if self.reading else None
        self.console.acting.ask_connect(view.row.agreement_number if view else "")

    def do_postings(self) -> None:
        from tui.screens.postings import PostingsScreen

        self.console.push_screen(PostingsScreen(self.connection))

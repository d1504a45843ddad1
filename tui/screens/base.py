"""What all screens share: header, message line, footer, keys from the registry, and reads that never block."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import Screen

from tui.actions import Action, footer, keymap
from tui.cells import Line, Span, width_of
from tui.widgets.bars import Bar, cut, fitting, footer_line, spread
from tui.widgets.painted import Painted
from tui.wording import clock_time, moment

if TYPE_CHECKING:
    from tui.app import Console

Answer = TypeVar("Answer")

CALM = frozenset({"up", "down", "page_up", "page_down", "first", "last", "help", "messages", "back", "leave", "quit"})
"""What may be done while a plan is being made: the Enter that comes too early for its question opens nothing."""


class ConsoleScreen(Screen[None]):
    """One screen of the console. Subclasses name their `scope`, give a `body` and the methods the registry names."""

    scope: ClassVar[str]
    BINDINGS: ClassVar[list[Binding]] = []  # type: ignore[assignment]
    AUTO_FOCUS = None

    def __init__(self) -> None:
        super().__init__()
        self._keys = keymap(self.scope)
        self._stale = False

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

    # -- composition ------------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        app = self.console
        yield Bar(app.palette, app.glyphs, self._header, base="bar", id="header")
        yield from self.body()
        yield Bar(app.palette, app.glyphs, self._message, base="text", id="message")
        yield Bar(app.palette, app.glyphs, self._footer, base="bar", id="footer")

    def body(self) -> ComposeResult:
        """What stands between header and message line."""
        raise NotImplementedError

    def crumb(self, width: int) -> tuple[Line, Line]:
        """The header's second line in so many cells: what is shown, and at the right how."""
        raise NotImplementedError

    def _header(self, width: int) -> Sequence[Line]:
        app = self.console
        settings = app.desk.settings
        left: list[Span] = [
            app.band(),
            *([(f" {self.say('console.read_only')} ", "bar_key")] if settings.read_only else []),
            (f" forny {app.glyphs.dot} {settings.profile} ", "bar"),
        ]
        words = app.agent_words()
        if app.changed_at is not None:
            words.append((self.say("console.changed", at=clock_time(app.changed_at)), "bar_dim"))
        room = width - sum(width_of(text) for text, _ in left) - 2
        right = [*fitting(words, room, "  ", "bar_dim"), (" ", "bar_dim")] if words else []
        one, two = self.crumb(width - 2)
        return [
            spread(left, right, width, "bar"),
            spread(cut([(" ", "text"), *one, ("", "text")], width), [*two, ("", "text")], width, "text"),
        ]

    def _message(self, width: int) -> Sequence[Line]:
        line: Line = [(" ", "text"), *self.console.message_line()]
        if sum(width_of(text) for text, _ in line) <= width or "m" not in self._keys:
            return [line]
        more = f" m {self.say('console.message.more')}"
        return [[*cut(line, width - width_of(more)), (more, "accent")]]

    def _footer(self, width: int) -> Sequence[Line]:
        return [footer_line(footer(self.scope), self.title_of, width)]

    def title_of(self, action: Action) -> str:
        """What the footer calls an action."""
        return self.say(f"{action.title}.short")

    def repaint_bars(self) -> None:
        """Header, message line or footer may say something else now."""
        for bar in self.query(Bar):
            bar.repaint()

    def repalette(self) -> None:
        """Wear the app's palette."""
        for widget in self.query(Painted):
            widget.repalette(self.console.palette)

    # -- keys -------------------------------------------------------------------------------------------------

    def on_key(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        if self.console.screen is not self:
            return  # typed before the screen that is on top now: not meant for what lies under it
        if self.typed(event):
            return
        action = self._keys.get(event.key)
        if action is not None:
            self.console.quieten()
            if self.console.acting.planning and action.id not in CALM:
                self.console.tell(self.say("console.planning"))
            else:
                self.perform(action)

    def typed(self, event: events.Key) -> bool:
        """Whether the key was text for a line that is open on this screen."""
        return False

    def perform(self, action: Action) -> None:
        """Do it, or say why not."""
        reason: str | None = getattr(self, action.why)() if action.why else None
        if reason is None and action.danger:
            wanted = self.asks_for(action)
            refused = self.console.desk.operations.may(*wanted) if wanted is not None else None
            reason = refused.sentence(self.console.desk.say) if refused is not None else None
        if action.danger and (past := self.console.desk.as_of) is not None:
            reason = self.say("console.why.past", at=moment(past))
        if reason is None:
            getattr(self, action.handler)()
        else:
            self.console.tell(reason, "warn")

    def asks_for(self, action: Action) -> tuple[str, int] | None:
        """The right that the action needs, and for how many at once; None when it only looks after all."""
        return action.right or action.id, 1

    # -- reading ----------------------------------------------------------------------------------------------

    def ask(
        self, topic: str, work: Callable[[], Answer], done: Callable[[Answer], None], *, lane: str = "look"
    ) -> None:
        """Read in a lane; the answer comes to `done` on the loop, unless the screen has gone or asked again."""

        def arrived(answer: Answer) -> None:
            self.console.store_answered()
            if self.is_attached:
                done(answer)

        self.console.lanes.ask(lane, f"{id(self)} {topic}", work, arrived, self.console.store_failed)

    def data_changed(self) -> None:
        """The store holds something new."""

    def mark_stale(self) -> None:
        """The same, while another screen is on top: read when this one comes up."""
        self._stale = True

    def on_screen_resume(self) -> None:
        if self._stale:
            self._stale = False
            self.data_changed()
        self.repaint_bars()

    def quiet_tick(self) -> None:
        """Some seconds have gone by: what time alone changes may be read again. Must write nothing if nothing did."""

    # -- what every screen can do -----------------------------------------------------------------------------

    def do_help(self) -> None:
        from tui.screens.help import HelpScreen

        self.console.push_screen(HelpScreen(self.scope))

    def do_messages(self) -> None:
        from tui.screens.messages import MessagesScreen

        self.console.push_screen(MessagesScreen())

    def do_handover(self) -> None:
        from tui.screens.handover import HandoverScreen

        self.console.push_screen(HandoverScreen())

    def do_plans(self) -> None:
        from tui.screens.plans import PlansScreen

        self.console.push_screen(PlansScreen())

    def do_audit(self) -> None:
        from tui.screens.audit import AuditScreen

        self.console.push_screen(AuditScreen())

    def do_theme(self) -> None:
        self.console.next_palette()

    def do_back(self) -> None:
        if self.console.acting.planning:
            self.console.acting.drop()
        else:
            self.go_back()

    def go_back(self) -> None:
        """Esc, when it is about this screen."""
        self.console.pop_screen()

    def do_quit(self) -> None:
        self.console.exit(return_code=0)

"""What all screens share: header, message line, footer, keys from the registry, and reads that never block."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import Screen

from backend.model.plans import Order
from backend.rules.danish import local
from tui.actions import HELP, Action, footer, key_of, keymap
from tui.cells import Line, Span, width_of
from tui.screens.panel import Choose, Write
from tui.widgets.bars import Bar, cut, fitting, footer_line, spread
from tui.widgets.painted import Painted
from tui.wording import clock_time, moment

if TYPE_CHECKING:
    from tui.app import Console
    from tui.pace import Pace

Answer = TypeVar("Answer")

CALM = frozenset({"up", "down", "page_up", "page_down", "first", "last", "help", "messages", "back", "quit"})
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
        self._today: date | None = None
        self.seen_at: datetime | None = None
        """The time to which ages are counted; None where none are shown. That of the newest change, day or key: a
        greater age alone is no change, and an idle screen paints nothing."""

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
        left: list[Span] = [app.band()]
        if settings.read_only:
            left.append((f" {self.say('console.read_only')} ", "bar_key"))
        name = (f" forny {app.glyphs.dot} {settings.profile} ", "bar")
        words = app.agent_words()
        if app.changed_at is not None:
            words.append((self.say("console.changed", at=clock_time(app.changed_at)), "bar_dim"))
        room = width - sum(width_of(text) for text, _ in left) - 2
        if sum(width_of(text) + 2 for text, _ in words) + width_of(name[0]) <= room:
            left.append(name)  # the least of what stands here: it goes before a word about the work does
            room -= width_of(name[0])
        right = [*fitting(words, room, "  ", "bar_dim", least=0), (" ", "bar_dim")] if words else []
        one, two = self.crumb(width - 2)
        free = width - sum(width_of(text) for text, _ in two) - bool(two)
        return [
            spread(left, right, width, "bar"),
            spread(cut([(" ", "text"), *one, ("", "text")], free), [*two, ("", "text")], width, "text"),
        ]

    def _message(self, width: int) -> Sequence[Line]:
        line: Line = [(" ", "text"), *self.console.message_line()]
        if sum(width_of(text) for text, _ in line) <= width or "m" not in self._keys:
            return [line]
        more = f" {key_of('messages')} {self.say('console.message.more')}"
        return [[*cut(line, width - width_of(more)), (more, "accent")]]

    def _footer(self, width: int) -> Sequence[Line]:
        return [footer_line(footer(self.scope), self.title_of, width)]

    def title_of(self, action: Action) -> str:
        """What the footer calls an action."""
        return self.say(f"{action.title(self.scope)}.short")

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
            if self.seen_at is not None and self.console.now() - self.seen_at >= timedelta(minutes=1):
                self.age()
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
        if reason is None and action.opens:
            self.go(action.opens, *self.going(action.opens))
        elif reason is None:
            getattr(self, action.handler)()
        else:
            self.console.tell(reason, "warn")

    def asks_for(self, action: Action) -> tuple[str, int] | None:
        """The right that the action needs, and for how many at once; None when it only looks after all."""
        return action.right or action.id, 1

    # -- reading ----------------------------------------------------------------------------------------------

    def ask(
        self,
        topic: str,
        work: Callable[[], Answer],
        done: Callable[[Answer], None],
        *,
        lane: str = "look",
        pace: "Pace | None" = None,
    ) -> None:
        """Read in a lane; the answer comes to `done` on the loop, unless the screen has gone or asked again.

        A reading that failed is told until one of the same topic works. `pace` hears how long the reading took, and
        that it has ended whatever came of it: else a failure would keep it from being wanted again.
        """
        console, topic = self.console, f"{id(self)} {topic}"

        def timed() -> tuple[Answer, float]:
            begun = console.desk.monotonic()
            return work(), console.desk.monotonic() - begun

        def arrived(timed: tuple[Answer, float]) -> None:
            console.store_answered(topic)
            if self.is_attached:
                if pace is not None:
                    pace.done(timed[1])
                done(timed[0])

        def failed(error: Exception) -> None:
            if self.is_attached:
                console.store_failed(topic, error)
                if pace is not None:
                    pace.done(0.0)

        console.lanes.ask(lane, topic, timed, arrived, failed)

    def ask_once(
        self, topic: str, work: Callable[[], Answer], done: Callable[[Answer], None], *, lane: str = "look"
    ) -> None:
        """The same for what a key has asked for: nobody reads it again, so that a failure is a message."""
        console = self.console

        def arrived(answer: Answer) -> None:
            if self.is_attached:
                done(answer)

        def failed(error: Exception) -> None:
            console.tell(*console.trouble(error, "console.warning.store"))

        console.lanes.ask(lane, f"{id(self)} {topic}", work, arrived, failed)

    def on_unmount(self) -> None:
        self.console.forget_failures(f"{id(self)} ")

    def data_changed(self) -> None:
        """The store holds something new."""

    def mark_stale(self) -> None:
        """The same, while another screen is on top: read when this one comes up."""
        self._stale = True

    def on_screen_resume(self) -> None:
        self._turn_day()
        if self._stale:
            self._stale = False
            self.data_changed()
        self.repaint_bars()

    def quiet_tick(self) -> None:
        """Some seconds have gone by: what time alone changes may be read again. Must write nothing if nothing did."""
        self._turn_day()
        if self.console.fails(f"{id(self)} "):
            self.data_changed()

    def _turn_day(self) -> None:
        """At Danish midnight what was "23:58" becomes yesterday's, and days that are left become fewer."""
        before, self._today = self._today, local(self.console.now()).date()
        if before not in (None, self._today):
            self.age()

    def age(self) -> None:
        """Paint everything anew, by the time that it is now."""
        if self.seen_at is not None:
            self.seen_at = self.console.now()
        for widget in self.query(Painted):
            widget.afresh()

    # -- asking -----------------------------------------------------------------------------------------------

    def choose(
        self,
        title: str,
        about: str,
        options: Sequence[tuple[str, str]],
        then: Callable[[str], None],
        *,
        danger: bool = False,
        expected: str = "",
    ) -> None:
        """Ask for one of a few answers; nothing follows when the question is left."""
        self.console.push_screen(
            Choose(title, about, options, danger=danger, expected=expected),
            lambda answer: then(answer) if answer is not None else None,
        )

    def write(self, title: str, about: str, then: Callable[[str], None], *, may_be_empty: bool = False) -> None:
        """Ask for a line of text; nothing follows when it is left."""
        self.console.push_screen(
            Write(title, about, may_be_empty=may_be_empty), lambda text: then(text) if text is not None else None
        )

    # -- what every screen can do -----------------------------------------------------------------------------

    def go(self, scope: str, *about: object) -> None:
        """Open another screen; `about` is what its class wants to know."""
        from tui.going import SCREENS

        self.console.push_screen(SCREENS[scope](*about))

    def going(self, scope: str) -> tuple[object, ...]:
        """What a screen that a key opens is about."""
        return ()

    def do_help(self) -> None:
        self.go(HELP, self.scope)

    def why_not_undo(self) -> str | None:
        if self.console.undoable() is not None:
            return None
        return self.say("console.undo.none", press=key_of("plans"))

    def do_undo(self) -> None:
        """Take back the removal that the header tells of: this operator's newest that can be."""
        view = self.console.undoable()
        assert view is not None
        self.console.acting.steer(view.id, Order.UNDO)

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

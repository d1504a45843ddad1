"""The console: wiring only. Screens draw, lanes read, the desk knows the rest."""

import os
import sys
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual.binding import Binding
from textual.filter import LineFilter
from textual.message import Message
from textual.screen import Screen

from backend.model.audit import AuditReport
from backend.model.filters import EVERYTHING, Filter
from backend.model.people import NotAllowed, user_of
from backend.model.plans import PlanError, PlanView, in_work
from backend.model.problems import ProblemError
from backend.model.text import clean
from backend.model.views import QUIET_AGENT, AgentStatus
from tui.acting import Acting
from tui.cells import Line, Span, shown
from tui.clipboard import sequence
from tui.desk import Desk
from tui.lanes import Lanes
from tui.palette import ASCII, PALETTES, Palette, choose, choose_glyphs
from tui.screens.base import ConsoleScreen
from tui.screens.fleet import FleetScreen
from tui.terminal_guard import PLAIN, Farewell, GuardedApp, terminal_gone
from tui.wording import act_word, clock_time, environment, moment, number, plan_words, short_moment

POLL = 0.25
"""Seconds between two looks at the store's change number; a look costs microseconds."""

QUIET_TICKS = 20
"""Looks between two readings of what time alone changes (days left, the agent's state)."""

KEPT_MESSAGES = 500

MOST_INCIDENTS = 100
"""Incidents that are looked at for the header: those that are open come first."""


@dataclass(frozen=True, slots=True)
class Told:
    """One message to the operator. `level` is a role: `text`, `good`, `warn` or `bad`."""

    at: datetime
    text: str
    level: str


class Delivered(Message):
    """A lane has an answer; the call is made on the loop."""

    def __init__(self, call: Callable[[], None]) -> None:
        super().__init__()
        self.call = call


class Console(GuardedApp):
    """Textual's app around a desk. `exit(return_code=…)` ends it; `return_code` is the process's."""

    TITLE = "forny"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[Binding]] = [  # type: ignore[assignment]
        Binding("ctrl+c", "how_to_quit", show=False, priority=True),
        Binding("ctrl+q", "how_to_quit", show=False, priority=True),
    ]
    CSS = """
    Screen { layers: base; background: $background; overflow: hidden; }
    #header { height: 2; }
    #roster, #doc { height: 1fr; }
    #message, #footer { height: 1; }
    #prompt { height: 1; display: none; }
    ModalScreen { background: transparent; align: left bottom; }
    """

    def __init__(self, desk: Desk, *, environ: dict[str, str] | None = None, encoding: str = "utf-8") -> None:
        environ = dict(os.environ) if environ is None else environ
        super().__init__()
        self._environ = environ
        self.desk = desk
        self.palette: Palette = choose(environ)
        self.glyphs = choose_glyphs(environ, encoding)
        for palette in PALETTES.values():
            self.register_theme(palette.theme())
        self.theme = f"forny-{self.palette.name}"
        self.lanes = Lanes(self._deliver)
        self.acting = Acting(self)
        self.messages: deque[Told] = deque(maxlen=KEPT_MESSAGES)
        self.changed_at: datetime | None = None
        self.audit_checked: tuple[datetime, AuditReport] | None = None
        self._fresh_message = False
        self._version: int | None = None
        self._agent: AgentStatus | None = None
        self._agent_known = False
        self._incidents = 0
        self.open_plans: tuple[PlanView, ...] = ()
        self._failures: dict[str, str] = {}
        """What could not be read and why, by topic: the answer to one reading says nothing about another."""
        self._ticks = 0
        self.farewell: Farewell | None = None

    def get_default_screen(self) -> Screen[None]:
        return FleetScreen()

    def get_line_filters(self) -> Sequence[LineFilter]:
        found = super().get_line_filters()
        return [*found, PLAIN] if self.glyphs == ASCII else found

    def on_mount(self) -> None:
        self._poll()
        self._read_agent()
        self.set_interval(POLL, self._poll)

    def on_unmount(self) -> None:
        self.lanes.stop()

    # -- time and messages ------------------------------------------------------------------------------------

    def now(self) -> datetime:
        """The desk's time."""
        return self.desk.clock.now()

    def tell(self, text: str, level: str = "text") -> None:
        """Say something in the message line, and keep it in the history."""
        self.messages.append(Told(self.now(), clean(text), level))
        self._fresh_message = True
        self._repaint_bars()

    def quieten(self) -> None:
        """A key was pressed: the message has been seen, what still holds shows again."""
        if self._fresh_message:
            self._fresh_message = False
            self._repaint_bars()

    def message_line(self) -> Line:
        """The newest message, else what is wrong at present, else nothing."""
        if self._fresh_message and self.messages:
            told = self.messages[-1]
            return [(clock_time(told.at), "dim"), ("  ", "text"), (told.text, told.level)]
        warning = self.warning()
        return [(f"{self.glyphs.operator} {warning}", "bad")] if warning else []

    def warning(self) -> str:
        """What makes the whole screen doubtful; empty when nothing does."""
        say = self.desk.say
        if failures := [error for topic, error in self._failures.items() if self._on_screen(topic)]:
            return say("console.warning.store", error=failures[-1])
        if not self._agent_known or self.desk.as_of is not None:
            return ""
        if self._agent is None or not self._agent.alive:
            return say("console.warning.no_agent")
        if self._agent.trouble:
            return say("console.warning.agent_trouble", trouble=self.reason(self._agent.trouble))
        if self._agent.quiet_for(self.desk.clock) > QUIET_AGENT:
            return say("console.warning.agent_quiet", at=clock_time(self._agent.last_sign))
        return ""

    def agent_words(self) -> list[Span]:
        """What stands at the right of every header, the most important first: plans, incidents, webhooks, the agent."""
        say, words = self.desk.say, list[Span]()
        if self.desk.as_of is not None:
            return [(say("console.as_of", at=moment(self.desk.as_of)), "bar_key")]
        if not self._agent_known:
            return []
        words += plan_words(self.open_plans, self.undoable(), self.now(), say)
        if self._incidents:
            words.append((say("console.incidents.open", n=number(self._incidents)), "bar_key"))
        if self._agent is not None and self._agent.silent_since is not None:
            at = short_moment(self._agent.silent_since, self.now())
            words.append((say("console.webhooks.silent", at=at), "bar_key"))
        if self._agent is None or not self._agent.alive:
            return [*words, (say("console.agent.none"), "bar_dim")]
        return [*words, (say("console.agent.since", at=f"{clock_time(self._agent.started_at)[:5]}"), "bar_dim")]

    def band(self) -> Span:
        """The environment, in words and in a colour of its own; no setting and no size takes it away."""
        settings = self.desk.settings
        role = "band_production" if settings.production else "band_sandbox"
        return f" {environment(settings, self.desk.say)} ", role

    # -- what the store says ----------------------------------------------------------------------------------

    def _deliver(self, call: Callable[[], None]) -> None:
        with suppress(RuntimeError):
            self.post_message(Delivered(call))

    def on_delivered(self, message: Delivered) -> None:
        message.stop()
        message.call()

    def _poll(self) -> None:
        failed = partial(self.store_failed, "version")
        self.lanes.ask("watch", "version", self.desk.reader.data_version, self._version_is, failed)
        self._ticks += 1
        if self._ticks % 4 == 0 and self.farewell is not None and terminal_gone():
            self.farewell.hurry(1)
        if self._ticks % QUIET_TICKS == 0:
            self._read_agent()
            self.acting.data_changed()
            if isinstance(self.screen, ConsoleScreen):
                self.screen.quiet_tick()

    def _version_is(self, version: int) -> None:
        back = self.store_answered("version")
        changed, self._version = back or (self._version is not None and version != self._version), version
        if changed:
            self.data_changed()

    def data_changed(self) -> None:
        """Read again what is on screen; the screens beneath do so when they come up."""
        if not self.screen_stack:
            return  # an answer that comes while the console closes
        self._read_agent()
        self.acting.data_changed()
        *beneath, top = self.screen_stack
        for screen in beneath:
            if isinstance(screen, ConsoleScreen):
                screen.mark_stale()
        if isinstance(top, ConsoleScreen):
            top.data_changed()

    def _read_agent(self) -> None:
        desk = self.desk

        def work() -> tuple[AgentStatus | None, int, tuple[PlanView, ...]]:
            incidents = sum(view.closed_at is None for view in desk.reader.incidents(MOST_INCIDENTS))
            return desk.agent_status(), incidents, tuple(desk.reader.open_plans())

        self.lanes.ask("watch", "agent", work, self._agent_is, partial(self.store_failed, "agent"))

    def _agent_is(self, known: tuple[AgentStatus | None, int, tuple[PlanView, ...]]) -> None:
        self.store_answered("agent")
        (self._agent, self._incidents, self.open_plans), self._agent_known = known, True
        self._repaint_bars()

    def undoable(self) -> PlanView | None:
        """This operator's newest plan that can still be undone."""
        me, now = user_of(self.desk.operator), self.now()
        mine = [view for view in self.open_plans if user_of(view.run_by) == me]
        return next((view for view in reversed(mine) if view.undo_until is not None and view.undo_until > now), None)

    def store_answered(self, topic: str) -> bool:
        """A reading worked; true when the last one of the topic had not."""
        back = self._failures.pop(topic, None) is not None
        if back:
            self._repaint_bars()
        return back

    def store_failed(self, topic: str, error: Exception) -> None:
        """A reading did not work: what is shown is old, and the screen says so until one of the same topic does."""
        self._failures.pop(topic, None)
        self._failures[topic] = clean(_told(error), 400)
        self._repaint_bars()

    def fails(self, owner: str) -> bool:
        """Whether a reading of this screen (its topics begin with `owner`) has not worked."""
        return any(topic.startswith(owner) for topic in self._failures)

    def forget_failures(self, owner: str) -> None:
        """The screen has gone, and what it could not read with it."""
        self._failures = {topic: told for topic, told in self._failures.items() if not topic.startswith(owner)}

    def _on_screen(self, topic: str) -> bool:
        """Whether the topic is the console's own or the uppermost screen's, not one of a screen beneath."""
        shown = next((one for one in reversed(self.screen_stack) if isinstance(one, ConsoleScreen)), None)
        return not topic[:1].isdigit() or topic.startswith(f"{id(shown)} ")

    def seen_change(self) -> None:
        """What is shown has changed just now."""
        self.changed_at = self.now()

    def _repaint_bars(self) -> None:
        if self.is_running and isinstance(self.screen, ConsoleScreen):
            self.screen.repaint_bars()

    # -- between screens --------------------------------------------------------------------------------------

    def reason(self, key: str) -> str:
        """A reason as words: a text key where there is such a text, else as it was given."""
        if key.startswith("in_work:"):
            act, operator, since = in_work(key)
            at = short_moment(since, self.now())
            return self.desk.say("console.in_work", act=act_word(act, self.desk.say), operator=operator, since=at)
        try:
            return self.desk.say(key)
        except (KeyError, IndexError):
            return clean(key, 120)

    def _fleet(self) -> FleetScreen | None:
        return next((screen for screen in self.screen_stack if isinstance(screen, FleetScreen)), None)

    def fleet_filter(self) -> Filter:
        """What the list shows at present."""
        fleet = self._fleet()
        return fleet.filter if fleet is not None else EVERYTHING

    def show_in_fleet(self, text: str) -> None:
        """Back to the list, filtered by this text."""
        fleet = self._fleet()
        if fleet is not None:
            while self.screen is not fleet:
                self.pop_screen()
            fleet.look_at(text)

    def unmark(self, ids: Sequence[str]) -> None:
        """These have done what they were marked for."""
        fleet = self._fleet()
        if fleet is not None:
            fleet.settled(ids)

    # -- looks ------------------------------------------------------------------------------------------------

    def next_palette(self) -> None:
        """Wear the next palette, on every screen."""
        names = list(PALETTES)
        self.palette = PALETTES[names[(names.index(self.palette.name) + 1) % len(names)]]
        self.theme = f"forny-{self.palette.name}"
        for screen in self.screen_stack:
            if isinstance(screen, ConsoleScreen):
                screen.repalette()
        self.tell(self.desk.say("console.themed", name=self.palette.name))

    def not_done(self, error: Exception) -> None:
        """An act could not be written: say so, and that nothing has changed."""
        self.tell(*self.trouble(error, "console.submit_failed"))

    def trouble(self, error: Exception, key: str) -> tuple[str, str]:
        """Why something was not done, in a sentence, and its level; `key` is the text for any other `error`."""
        if isinstance(error, NotAllowed):
            return error.sentence(self.desk.say), "warn"
        if isinstance(error, ProblemError):
            return error.sentence(self.desk.say), "warn"
        if isinstance(error, PlanError):
            return self.desk.say(error.key, **error.values), "warn"
        return self.desk.say(key, error=_told(error)), "bad"

    def copy(self, text: str, what: str) -> None:
        """Copy at the operator's own terminal; `what` says in the message line what that was."""
        try:
            done = self.write_raw(sequence("\n".join(map(shown, text.split("\n"))), self._environ))
        except ValueError:
            self.tell(self.desk.say("console.copy.too_long", what=what), "warn")
            return
        if done:
            self.tell(self.desk.say("console.copy.done", what=what, n=len(text)))
        else:
            self.tell(self.desk.say("console.copy.no_terminal"), "warn")

    # -- ends -------------------------------------------------------------------------------------------------

    def action_how_to_quit(self) -> None:
        """Ctrl-C is not an accident that should end a shift: it says how to leave."""
        self.tell(self.desk.say("console.how_to_quit"))

    def crash_folder(self) -> Path:
        if self.desk.crash_dir is not None:
            return self.desk.crash_dir
        from platformdirs import user_state_path

        return user_state_path("forny")


def _told(error: Exception) -> str:
    """What the store says of itself is a sentence already; of anything else its kind helps whoever is asked."""
    from backend.store import StoreError

    return str(error) if isinstance(error, StoreError) else f"{type(error).__name__}: {error}"


def run_console(desk: Desk) -> int:
    """Open the console on this terminal and return the exit code: 0 quit, 1 crashed, 2 no terminal to draw on.

    128 + n when signal n ended it (a terminal that hung up, somebody's kill).
    """
    if os.environ.get("TERM", "") in ("", "dumb") or not (sys.stdin.isatty() and sys.stdout.isatty()):
        sys.stderr.write(desk.say("console.no_terminal") + "\n")
        return 2
    app = Console(desk, encoding=getattr(sys.stdout, "encoding", None) or "utf-8")
    farewell = app.farewell = Farewell(app.leave_from_signal)
    try:
        app.run(mouse=False)
    finally:
        farewell.done()
    if app.crashed:
        where = str(app.crash_file) if app.crash_file else desk.say("console.crash.nowhere")
        sys.stderr.write(desk.say("console.crash", file=where) + "\n")
        return 1
    return app.return_code or farewell.code

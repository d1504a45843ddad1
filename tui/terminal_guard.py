"""Everything that leans on Textual's insides, in one place (Textual 8.2; the version is pinned).

- the last line filter before the terminal (`facts/reliability.md` §3.1, layer 3),
- no traceback with local variables, but a redacted crash file and an exit code (§3.2),
- of a frame only what changes the terminal is written (`tui.writer`),
- a terminal that goes away ends the program: Textual would spin on it (`facts/console.md` rule 12).
"""

import os
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from functools import cache, lru_cache
from pathlib import Path
from threading import Timer
from types import FrameType
from typing import Any

from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.app import App, SystemCommand
from textual.color import Color
from textual.drivers.linux_driver import LinuxDriver
from textual.filter import ANSIToTruecolor, LineFilter, Monochrome, NoColor
from textual.screen import Screen

from tui.cells import HOSTILE
from tui.crash import write_crash
from tui.writer import Pieces, Writer, in_a_row

LEAVE = "\x1b[?2004l\x1b[?7h\x1b[<u\x1b[?1049l\x1b[?25h\x1b[?1004l\x1b[0m"
"""What brings a terminal back: paste, wrapping, key protocol, main screen, cursor, focus reports, plain style."""

SIGNALS = (signal.SIGHUP, signal.SIGTERM)
PATIENCE = 3.0
"""Seconds that an orderly end may take after a signal before the process ends by itself."""


@lru_cache(1024)
def _without_link(style: Style) -> Style:
    return style.update_link(None) if style.link else style


class Guard(LineFilter):
    """Stands between every widget and the terminal: no control character passes, and no link."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        if not any(map(_suspect, segments)):
            return segments
        return [
            Segment(
                text if text.isprintable() else HOSTILE.sub("", text),
                _without_link(style) if style is not None else None,
                None,
            )
            for text, style, _ in segments
        ]


def _suspect(segment: Segment) -> bool:
    text, style, control = segment
    return not text.isprintable() or control is not None or (style is not None and style.link is not None)


GUARD, COLOURLESS = Guard(), NoColor()
"""One of each for ever: Textual remembers what a filter made of a line, by the filter itself."""


class Plain(LineFilter):
    """Puts a plain letter of the same width where a sign of ours is beyond ASCII; names stay as they are."""

    SIGNS = str.maketrans("…↑↓←→⇧·–─█░▒▓", ".^v<>^--" + "-####")

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [
            segment if segment.text.isascii() else Segment(segment.text.translate(self.SIGNS), *segment[1:])
            for segment in segments
        ]


PLAIN = Plain()


def guarded(filters: Sequence[LineFilter]) -> list[LineFilter]:
    """Textual's filters behind ours. NO_COLOR means no colour, not grey; and there are no colours to translate."""
    kept = [COLOURLESS if isinstance(found, Monochrome) else found for found in filters]
    return [GUARD, *(found for found in kept if not isinstance(found, ANSIToTruecolor))]


class StdoutDriver(LinuxDriver):
    """Draws on standard output; Textual's own uses standard error, which operators send to a file (`2>log`)."""

    def __init__(self, app: App[object], **options: Any) -> None:
        super().__init__(app, **options)
        assert sys.__stdout__ is not None
        self._file = sys.__stdout__

    def start_application_mode(self) -> None:
        """At the start and after a stop (SIGTSTP, `fg`): the terminal shows something of others', or nothing."""
        super().start_application_mode()  # type: ignore[no-untyped-call]
        assert isinstance(self._app, GuardedApp)
        if self._app._loop is not None:
            self._app._loop.call_soon_threadsafe(self._app.draw_anew)


class GuardedApp(App[None]):
    """An app that lets no control character out, prints no local variable, and can be ended by a signal."""

    ENABLE_COMMAND_PALETTE = False
    crash_file: Path | None = None
    crashed = False
    _writer: Writer | None = None

    def __init__(self) -> None:
        super().__init__(driver_class=StdoutDriver)
        self._writes_changes = not os.environ.get("FORNY_WHOLE_FRAMES")

    def now(self) -> datetime:
        raise NotImplementedError

    def crash_folder(self) -> Path:
        """Where a crash file goes."""
        raise NotImplementedError

    def get_line_filters(self) -> Sequence[LineFilter]:
        return guarded(super().get_line_filters())

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """None: the palette's screenshot would write customers' data to a file (DESIGN §11)."""
        return ()

    def write_raw(self, data: str) -> bool:
        """Give the terminal a sequence of our own, in turn with what is drawn; False when there is no terminal."""
        if self._driver is None or self.is_headless:
            return False
        self._driver.write(data)
        return True

    def forget_terminal(self) -> None:
        """What the terminal shows is not known any more; the next frame is written whole."""
        self._writer = None

    def on_resize(self) -> None:
        """A terminal that was narrow for a moment has cut off what it showed, also when it is as wide again."""
        self.draw_anew()

    def draw_anew(self) -> None:
        """Draw everything, whatever the terminal shows."""
        self.forget_terminal()
        if self._screen_stack:
            self.screen.refresh()

    def _display(self, screen: Screen[object], renderable: Any) -> None:
        """A frame of Textual's: of it only what the terminal does not show already is written."""
        idle = self._batch_count or not self._running or self._closed or self.is_headless or self._driver is None
        if idle or not self._writes_changes or not isinstance(renderable, LayoutUpdate | ChopsUpdate):
            super()._display(screen, renderable)
            return
        if screen._compositor.size != self.size:
            # Between two sizes: whatever comes of it, nobody knows what the terminal shows.
            self.forget_terminal()
            super()._display(screen, renderable)
            return
        if self._writer is None or self._writer.size != self.size:
            colours = self.console._color_system or ColorSystem.TRUECOLOR
            self._writer = Writer(*self.size, colours, erases_in_colour=_erases_in_colour())
            renderable = screen._compositor.render_full_update()
        if frame := self._writer.frame(_lines(renderable)):
            assert self._driver is not None
            self._begin_update()
            self._driver.write(frame)
            self._end_update()
            self._driver.flush()
        self.post_display_hook()

    def leave_from_signal(self, code: int) -> None:
        """End with this exit code; may be called from a signal handler."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed already: the end is near anyway
                self._loop.call_soon_threadsafe(lambda: self.exit(return_code=code))

    def _handle_exception(self, error: Exception) -> None:
        """Instead of Textual's traceback with local variables: a redacted file, one sentence, exit code 1."""
        if not self.crashed:
            self.crashed = True
            self.crash_file = write_crash(error, self.crash_folder(), self.now())
        if self._exception is None:
            self._exception = error
            self._exception_event.set()
        self._return_code = 1
        self._close_messages_no_wait()

    def _set_pointer_shape(self, shape: str) -> None:
        """No mouse, no pointer: the sequence for it (OSC 22) is unknown to many terminals."""

    def panic(self, *renderables: object) -> None:
        """Textual's input thread calls this with a traceback when the terminal breaks under it: show nothing."""
        self.exit(return_code=1)

    def _print_error_renderables(self) -> None:
        self._exit_renderables.clear()


def _lines(frame: LayoutUpdate | ChopsUpdate) -> dict[int, Pieces]:
    """The lines that a frame brings, each in pieces."""
    if isinstance(frame, LayoutUpdate):
        return {y: in_a_row(frame.region.x, strips) for y, strips in enumerate(frame.strips, frame.region.y)}
    rows = {y for y, _, _ in frame.spans}
    return {y: [(x, strip) for x, strip in frame.chops[y].items() if strip is not None] for y in rows}


@cache
def _erases_in_colour() -> bool:
    """Whether the terminal fills what it erases with the ground that is set: screen does not, tmux and xterm do."""
    import curses

    try:
        curses.setupterm(os.environ.get("TERM", "dumb"), 1)
        return curses.tigetflag("bce") > 0
    except curses.error:
        return False


class Farewell:
    """Ends the program in order when the terminal hangs up or somebody asks it to end.

    The handler asks the app to leave; if that has not worked within `PATIENCE` (a thread that writes to a dead
    terminal may block the loop for ever), the terminal is brought back as well as it can be and the process ends.
    """

    def __init__(self, leave: Callable[[int], None]) -> None:
        self._leave = leave
        self._timer: Timer | None = None
        self._before = {number: signal.getsignal(number) for number in SIGNALS}
        self._attributes = _terminal_attributes()
        self.code = 0
        for number in SIGNALS:
            signal.signal(number, self._caught)

    def _caught(self, number: int, _frame: FrameType | None) -> None:
        self.hurry(128 + number)

    def hurry(self, code: int) -> None:
        """Leave now with this exit code, and be gone in `PATIENCE` seconds whatever happens."""
        if self._timer is None:
            self.code = code
            self._timer = Timer(PATIENCE, self._vanish)
            self._timer.daemon = True
            self._timer.start()
            self._leave(code)

    def _vanish(self) -> None:
        with suppress(OSError, ValueError):
            os.set_blocking(1, False)
            os.write(1, LEAVE.encode())
        _restore(self._attributes)
        os._exit(self.code)

    def done(self) -> None:
        """The program ends by itself: signals mean what they meant before."""
        if self._timer is not None:
            self._timer.cancel()
        for number, before in self._before.items():
            signal.signal(number, before)


def terminal_gone() -> bool:
    """Whether there is nobody at the other end any more, also when no signal told us."""
    import termios

    try:
        termios.tcgetattr(0)
    except (termios.error, OSError, ValueError):
        return True
    return False


def _terminal_attributes() -> list[object] | None:
    import termios

    try:
        return termios.tcgetattr(0)
    except (termios.error, OSError, ValueError):
        return None


def _restore(attributes: list[object] | None) -> None:
    import termios

    if attributes is not None:
        with suppress(termios.error, OSError, ValueError):
            termios.tcsetattr(0, termios.TCSANOW, attributes)  # type: ignore[arg-type]

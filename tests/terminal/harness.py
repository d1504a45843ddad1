"""A console in a real pseudo-terminal: what it writes, what stands on screen, how it ends.

Everything waits for a condition with a limit; nothing sleeps. Queries of the terminal are answered as an xterm would.
"""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
from collections.abc import Callable
from time import monotonic
from types import TracebackType

import pyte

LIMIT = 30.0
"""Seconds after which something that should have happened counts as missing."""

_NOT_FOR_PYTE = re.compile(
    rb"\x1b\[[<>=?][0-9;]*[uqmn]|\x1b\[\?[0-9;]*\$p|\x1b\[[0-9]*t|\x1bP.*?\x1b\\|\x1b\[>[0-9]*c", re.S
)
"""Sequences that pyte does not know and would print."""

ARROW_DOWN, ARROW_RIGHT, ESCAPE, ENTER = b"\x1b[B", b"\x1b[C", b"\x1b", b"\r"


class Terminal:
    """A child process on a pty of its own session, and a screen that shows what it writes."""

    def __init__(self, *argv: str, cols: int = 80, rows: int = 24, env: dict[str, str] | None = None) -> None:
        self.written = b""
        self.screen = pyte.Screen(cols, rows)
        self._stream = pyte.ByteStream(self.screen)
        self.code: int | None = None
        given = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "LC_ALL": "C.UTF-8", **(env or {})}
        for name in ("COLUMNS", "LINES", "NO_COLOR", "FORNY_THEME", "TMUX"):
            if name not in (env or {}):
                given.pop(name, None)
        self.pid, self.fd = pty.fork()
        if self.pid == 0:  # pragma: no cover - the child becomes another program at once
            try:
                os.execvpe(sys.executable, [sys.executable, *argv], given)
            finally:
                os._exit(127)
        self.resize(cols, rows)

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self.code is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        self.hang_up()

    # -- towards the program ----------------------------------------------------------------------------------

    def send(self, keys: bytes | str) -> None:
        """Type; all in one packet."""
        os.write(self.fd, keys if isinstance(keys, bytes) else keys.encode())

    def resize(self, cols: int, rows: int) -> None:
        """Give the terminal another size; the program is told by the system."""
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))
        self.screen.resize(rows, cols)

    def kill(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def hang_up(self) -> None:
        """Close our end, as when an SSH line drops."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    # -- from the program -------------------------------------------------------------------------------------

    def _read(self, seconds: float) -> bool:
        if self.fd < 0 or not select.select([self.fd], [], [], max(0.0, seconds))[0]:
            return False
        try:
            some = os.read(self.fd, 1 << 16)
        except OSError:
            return False
        self.written += some
        if b"\x1b[?2026$p" in some:
            self.send(b"\x1b[?2026;2$y")
        self._stream.feed(_NOT_FOR_PYTE.sub(b"", some))
        return bool(some)

    def lines(self) -> list[str]:
        """What stands on screen; a wide character counts once."""
        buffer, width = self.screen.buffer, self.screen.columns
        return ["".join(buffer[y][x].data for x in range(width)) for y in range(self.screen.lines)]

    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self.lines())

    def until(self, what: Callable[[], object]) -> None:
        """Read until it is true; fails with the screen as it stands."""
        deadline = monotonic() + LIMIT
        while not what():
            left = deadline - monotonic()
            assert left > 0, f"it never came about; code {self.code}\n{self.text()}"
            self._read(min(left, 0.05))

    def see(self, words: str) -> None:
        """Read until these words stand on screen."""
        self.until(lambda: words in self.text())

    def quiet(self, seconds: float) -> bytes:
        """What is written until nothing came for so long."""
        start = len(self.written)
        while self._read(seconds):
            pass
        return self.written[start:]

    def end(self, limit: float = LIMIT) -> int:
        """Wait for the end of the process and give its exit code (negative: the signal that killed it)."""
        deadline = monotonic() + limit
        while self.code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
                break
            assert monotonic() < deadline, f"it is still there after {limit} s\n{self.text()}"
            if not self._read(0.02):
                select.select([], [], [], 0.01)
        while self._read(0):
            pass
        return self.code

    # -- what is left behind ----------------------------------------------------------------------------------

    def left_clean(self) -> bool:
        """The main screen is back, the cursor shows, paste brackets, wrapping and mouse are as before."""
        tail = self.written
        for mode, last in ((b"?1049", b"l"), (b"?25", b"h"), (b"?2004", b"l"), (b"?7", b"h")):
            on, off = (tail.rfind(b"\x1b[" + mode + end) for end in (b"h", b"l"))
            if max(on, off) >= 0 and (on > off) != (last == b"h"):
                return False
        return b"\x1b[?1000h" not in tail and b"\x1b[?1003h" not in tail

    def echoes(self) -> bool:
        """Whether the line discipline is a shell's again (echo and line mode)."""
        flags = termios.tcgetattr(self.fd)[3]
        return bool(flags & termios.ECHO) and bool(flags & termios.ICANON)

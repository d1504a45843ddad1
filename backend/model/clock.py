"""Time is injected everywhere; this is the only module that reads it from the machine."""

import asyncio
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def millis(instant: datetime) -> int:
    """Whole milliseconds since 1970 UTC."""
    return (instant - _EPOCH) // timedelta(milliseconds=1)


def moment(milliseconds: int) -> datetime:
    """The instant that `millis` has counted. Raises OverflowError beyond the year 9999."""
    return _EPOCH + timedelta(milliseconds=milliseconds)


class Clock(Protocol):
    """Where the rest of the program gets its time from."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait for so many seconds *of this clock*."""
        ...

    async def nap(self, seconds: float) -> None:
        """Wait for so many seconds of the machine's own time: for polling, which no fast clock may hasten."""
        ...


class ScaledClock:
    """A clock that runs `speed` times faster than the machine's, from an agreed pair of instants.

    Processes that are given the same three numbers agree on the time, which is how a demo's sandbox,
    agent and console share one fast clock. Speed 1 with equal instants is the machine's own clock.
    """

    def __init__(self, real: float = 0.0, virtual: float = 0.0, speed: float = 1.0) -> None:
        """`real` and `virtual` are Unix seconds that denote the same moment."""
        if speed <= 0:
            raise ValueError("the speed of a clock must be above 0")
        self._real, self._virtual, self.speed = real, virtual, speed

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._virtual + (time.time() - self._real) * self.speed, UTC)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds) / self.speed)

    async def nap(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def spec(self) -> str:
        """The three numbers as text, for `parse_clock` in another process."""
        return f"{self._real}:{self._virtual}:{self.speed}"


_LOOK_EVERY = 0.02
"""Seconds of the machine's time between two looks at a clock's file."""


class SharedClock(ScaledClock):
    """A `ScaledClock` whose three numbers stand in a file: who changes the file lets time pass for all who read it.

    That is how a sandbox skips days while its agent and console run. Nothing but a sandbox writes such a file.
    """

    def __init__(self, path: Path) -> None:
        """Raises ValueError when the file holds no clock."""
        self._path, self._seen, self._look_at = path, (0, 0), 0.0
        super().__init__()
        self._look()

    @classmethod
    def start(cls, path: Path, clock: ScaledClock) -> "SharedClock":
        """Write a clock to a file and share it from there."""
        _write(path, clock.spec())
        return cls(path)

    def now(self) -> datetime:
        if time.monotonic() >= self._look_at:
            self._look()
        return super().now()

    def skip(self, seconds: float) -> None:
        """Let so many seconds pass at once, for everybody. Raises ValueError for less than none."""
        if seconds < 0:
            raise ValueError("time does not go back")
        self._look()
        _write(self._path, ScaledClock(self._real, self._virtual + seconds, self.speed).spec())
        self._look()

    def spec(self) -> str:
        return f"@{self._path}"

    def _look(self) -> None:
        self._look_at = time.monotonic() + _LOOK_EVERY
        try:
            found = self._path.stat()
            seen = (found.st_ino, found.st_mtime_ns)
            if seen == self._seen:
                return
            self._real, self._virtual, self.speed = _numbers(self._path.read_text())
            self._seen = seen
        except OSError as error:
            if self._seen == (0, 0):
                raise ValueError(f"no clock at {self._path}") from error


class StandingClock:
    """A clock that stands at one instant: who looks back at the past stays there."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def now(self) -> datetime:
        return self._at

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))

    async def nap(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def starting_now(speed: float) -> ScaledClock:
    """A clock that agrees with the machine's at this moment and runs `speed` times as fast from here."""
    here = time.time()
    return ScaledClock(here, here, speed)


def parse_clock(spec: str | None) -> ScaledClock:
    """The clock that `spec()` describes: three numbers, or `@` and a file that holds them; the machine's own for None.

    Raises ValueError when the text, or what the file holds, is not three numbers.
    """
    if not spec:
        return ScaledClock()
    return SharedClock(Path(spec[1:])) if spec.startswith("@") else ScaledClock(*_numbers(spec))


def _numbers(text: str) -> tuple[float, float, float]:
    real, virtual, speed = (float(part) for part in text.split(":"))
    if speed <= 0:
        raise ValueError("the speed of a clock must be above 0")
    return real, virtual, speed


def _write(path: Path, text: str) -> None:
    """At once: who reads finds the old clock or the new one."""
    fresh = path.with_suffix(f".{os.getpid()}")
    fresh.write_text(text)
    fresh.replace(path)

"""Time is injected everywhere; this is the only module that reads it from the machine."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


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
        elapsed = (time.time() - self._real) * self.speed
        return datetime.fromtimestamp(self._virtual, UTC) + timedelta(seconds=elapsed)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds) / self.speed)

    async def nap(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def spec(self) -> str:
        """The three numbers as text, for `parse_clock` in another process."""
        return f"{self._real}:{self._virtual}:{self.speed}"


def starting_now(speed: float) -> ScaledClock:
    """A clock that agrees with the machine's at this moment and runs `speed` times as fast from here."""
    here = time.time()
    return ScaledClock(here, here, speed)


def parse_clock(spec: str | None) -> ScaledClock:
    """The clock that `ScaledClock.spec` describes; the machine's own clock for None or an empty text.

    Raises ValueError when the text is not three numbers.
    """
    if not spec:
        return ScaledClock()
    real, virtual, speed = (float(part) for part in spec.split(":"))
    return ScaledClock(real, virtual, speed)

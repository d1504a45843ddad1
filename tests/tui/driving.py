"""Driving the console in tests: press keys and wait for what they should bring, never for time."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from time import monotonic

from textual.events import Key
from textual.pilot import Pilot

from tests.tui.fakes import make_desk
from tui.app import Console
from tui.desk import Desk

LIMIT = 20.0
"""Seconds after which something that should have happened counts as missing."""


class Driver:
    """A running console and its operator."""

    def __init__(self, app: Console, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot

    async def until(self, what: Callable[[], object]) -> None:
        """Wait until it is true; fails with the screen as it stands."""
        deadline = monotonic() + LIMIT
        while not what():
            assert monotonic() < deadline, "it never came about:\n" + self.text()
            await self.pilot.pause()

    async def see(self, words: str) -> None:
        """Wait until these words are on screen."""
        await self.until(lambda: words in self.text())

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def type(self, text: str) -> None:
        """Type on one screen without waiting between the keys, as a fast typist or a slow line does."""
        for char in text:
            self.app.post_message(Key({" ": "space", "/": "slash"}.get(char, char), char))
        await self.pilot.pause()

    def lines(self) -> list[str]:
        """What stands on the terminal, line by line."""
        strips = self.app.screen._compositor.render_strips()
        return ["".join(segment.text for segment in strip) for strip in strips]

    def text(self) -> str:
        return "\n".join(self.lines())

    def line_with(self, words: str) -> str:
        """The first line with these words."""
        return next(line for line in self.lines() if words in line)


@asynccontextmanager
async def console(
    desk: Desk | None = None, size: tuple[int, int] = (80, 24), environ: dict[str, str] | None = None
) -> AsyncIterator[Driver]:
    """A console without a terminal, over the fakes."""
    app = Console(desk or make_desk(), environ={"COLORTERM": "truecolor"} if environ is None else environ)
    async with app.run_test(size=size, notifications=True) as pilot:
        yield Driver(app, pilot)

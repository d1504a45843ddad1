"""Driving the console in tests: press keys and wait for what they should bring, never for time."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from time import monotonic

from textual.events import Key, Paste
from textual.pilot import Pilot

from tests.tui.fakes import make_desk
from tui.app import Console
from tui.desk import Desk
from tui.screens.panel import Panel

NAMES = {" ": "space", "/": "slash", "?": "question_mark"}
CHARACTERS = {name: char for char, name in NAMES.items()}

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
            await self._turn()

    async def _turn(self) -> None:
        """Let the loop and the lanes work for a moment."""
        loop = asyncio.get_running_loop()
        moment = loop.create_future()
        loop.call_later(0.01, moment.set_result, None)
        await moment

    async def see(self, words: str) -> None:
        """Wait until these words are on screen."""
        await self.until(lambda: words in self.text())

    async def answerable(self) -> None:
        """Wait until a question stands on screen and takes answers."""
        await self.until(lambda: isinstance(self.app.screen, Panel) and self.app.screen.drawn_at is not None)

    async def press(self, *keys: str) -> None:
        """Press keys one after another; each has been taken when the next one comes."""
        for key in keys:
            self.app.post_message(Key(key, key if len(key) == 1 else CHARACTERS.get(key)))
            await self.taken()

    async def type(self, text: str) -> None:
        """Type on one screen without waiting between the keys, as a fast typist or a slow line does."""
        for char in text:
            self.app.post_message(Key(NAMES.get(char, char), char))
        await self.taken()

    async def paste(self, text: str) -> None:
        """Paste, with brackets, as a terminal does."""
        self.app.post_message(Paste(text))
        await self.taken()

    async def taken(self) -> None:
        """Everything posted so far has gone through the app, through its screen, and back."""
        for _ in range(2):
            for pump in (self.app, self.app.screen, self.app):
                done = asyncio.get_running_loop().create_future()
                pump.call_later(done.set_result, None)
                await asyncio.wait_for(done, LIMIT)

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

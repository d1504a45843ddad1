"""Whose turn it is: many connections fetched at once, with no bank's trouble in the way of another bank's customers."""

import asyncio
from collections import Counter
from collections.abc import Callable

from backend.agent.fetch import fetch_connection
from backend.agent.tools import RoundReport, Tools
from backend.model.errors import OutsideError, RefusedCredentials

_IN_FLIGHT = 256
"""Fetches begun or waiting for their lane."""

_PER_BANK = 48
"""Of these, at most so many of one bank while others are due."""

_LOOK = 512
"""Due connections that are looked at together, so that other banks are seen behind a slow one."""


class Turns:
    """Begins fetches and counts how they end. A fault of our own credentials stops all that has not begun."""

    def __init__(self, tools: Tools, report: Callable[[], RoundReport]) -> None:
        self._tools, self._report = tools, report
        self._running: dict[str, asyncio.Task[None]] = {}
        self._banks: Counter[str] = Counter()

    async def all(self, stop: asyncio.Event) -> None:
        """Every connection that may be asked, once. Returns when the last has ended."""
        after: str | None = None
        while not stop.is_set() and not self._report().trouble:
            page = await self._tools.write(self._tools.books.due, self._tools.now(), 0, _LOOK, after)
            if not page:
                break
            for connection, bank in page:
                while len(self._running) >= _IN_FLIGHT:
                    await asyncio.wait(self._running.values(), return_when=asyncio.FIRST_COMPLETED)
                if stop.is_set():
                    break
                self._begin(connection, bank)
            after = page[-1][0]
        await self.ended()

    async def due(self) -> int:
        """Begin what is due and has room; gives how many have begun."""
        tools = self._tools
        if self._report().trouble and not await self._let_in():
            return 0
        if len(self._running) >= _IN_FLIGHT:
            return 0
        begun = 0
        for connection, bank in await tools.write(tools.books.due, tools.now(), tools.fetch_every, _LOOK):
            room = len(self._running) < _IN_FLIGHT and self._banks[bank] < _PER_BANK
            if room and connection not in self._running:
                self._begin(connection, bank)
                begun += 1
        return begun

    async def ended(self) -> None:
        """Wait for what has begun."""
        while self._running:
            await asyncio.wait(self._running.values())

    async def _let_in(self) -> bool:
        """Whether our credentials work again."""
        try:
            await self._tools.provider.banks()
        except OutsideError:
            return False
        self._report().trouble = ""
        return True

    def _begin(self, connection: str, bank: str) -> None:
        self._banks[bank] += 1
        task = asyncio.create_task(self._one(connection))
        self._running[connection] = task

        def end(ended: asyncio.Task[None]) -> None:
            del self._running[connection]
            self._banks[bank] -= 1
            self._failed = self._failed or (None if ended.cancelled() else ended.exception())

        task.add_done_callback(end)

    _failed: BaseException | None = None

    def check(self) -> None:
        """Raise what ended a fetch although no fetch may end so: the store is gone, or the program is wrong."""
        if self._failed is not None:
            raise self._failed

    async def _one(self, connection: str) -> None:
        report = self._report()
        try:
            harvest = await fetch_connection(self._tools, connection, called_off=lambda: report.trouble)
        except RefusedCredentials as error:
            report.trouble = error.kind
            report.failed += 1
            return
        if harvest is not None:
            report.count_fetch(harvest.outcome)
            report.new_postings += harvest.new

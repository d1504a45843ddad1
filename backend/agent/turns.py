"""Whose turn it is: many connections fetched at once, with no bank's trouble in the way of another bank's customers."""

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping

from backend.agent.fetch import fetch_connection
from backend.agent.tools import RoundReport, Tools
from backend.model.errors import OutsideError, RefusedCredentials

_PER_BANK = 48
"""Fetches of one bank that are begun or wait at its gate; more of them would only wait there too."""

_LOOK = 512
"""Due connections that are looked at together."""

_WAITING = 20_000
"""Connections of one round that may wait for their banks while others are looked for."""


class Turns:
    """Begins fetches and counts how they end. A fault of our own credentials stops all that has not begun."""

    def __init__(self, tools: Tools, report: Callable[[], RoundReport]) -> None:
        self._tools, self._report = tools, report
        self._running: dict[str, asyncio.Task[None]] = {}
        self._banks: Counter[str] = Counter()

    async def all(self, stop: asyncio.Event) -> None:
        """Every connection that may be asked, once. Returns when the last has ended."""
        after: str | None = None
        later: defaultdict[str, deque[str]] = defaultdict(deque)
        while not stop.is_set() and not self._report().trouble:
            page = await self._tools.write(self._tools.books.due, self._tools.now(), 0, _LOOK, after)
            for connection, bank in page:
                later[bank].append(connection)
            after = page[-1][0] if page else None
            while not stop.is_set():
                waiting = self._begin_where_there_is_room(later)
                if not self._running or (page and waiting < _WAITING):
                    break
                await asyncio.wait(self._running.values(), return_when=asyncio.FIRST_COMPLETED)
            if not page:
                break
        await self.ended()

    def _begin_where_there_is_room(self, later: Mapping[str, deque[str]]) -> int:
        """Each bank gets what it has room for; gives how many still wait."""
        for bank, connections in later.items():
            while connections and self._banks[bank] < _PER_BANK:
                self._begin(connections.popleft(), bank)
        return sum(map(len, later.values()))

    async def due(self) -> int:
        """Begin what is due and has room; gives how many have begun."""
        tools = self._tools
        if self._report().trouble and not await self._let_in():
            return 0
        if tools.gates.shut("") is not None:
            return 0
        busy = [bank for bank, many in self._banks.items() if many >= _PER_BANK]
        without = {*busy, *tools.gates.shut_banks()}
        begun = 0
        due = await tools.write(tools.books.due, tools.now(), tools.fetch_every, _LOOK, without=tuple(without))
        for connection, bank in due:
            if self._banks[bank] < _PER_BANK and connection not in self._running:
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
            error = None if ended.cancelled() else ended.exception()
            self._failed = self._failed or error

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

"""The agent alone talks to the outside: it does what was asked, fetches what is due and moves postings on."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from urllib.parse import urlsplit

from backend.agent.acts import follow_sync, perform
from backend.agent.fetch import fetch_connection
from backend.agent.receiver import address, application, receiving
from backend.agent.renewals import advance, login_finished
from backend.agent.tools import RoundReport, Tools
from backend.agent.transfer import transfer, transfer_all
from backend.model.clock import Clock
from backend.model.errors import OutsideError, RefusedCredentials
from backend.model.facts import Act, Action
from backend.ports import Books, Ledger, Mailer, Provider
from backend.texts import Say

__all__ = ["Agent", "RoundReport"]

_IDLE = 0.5
"""Seconds of the machine's time between two looks for work."""

_PAGE = 64
"""Connections that are looked up at once."""

_SYNC_LOOK = 20.0
"""Seconds between two looks whether a queued sync is done."""


class Agent:
    """One engine over one store. The caller holds the right to act (`become_agent`) while it runs."""

    def __init__(
        self,
        *,
        books: Books,
        provider: Provider,
        ledger: Ledger,
        mailer: Mailer,
        clock: Clock,
        say: Say,
        fetch_every: int = 2 * 3600,
        stale_after: int = 36 * 3600,
        redirect_url: str = "",
        listen: str = "",
    ) -> None:
        """`fetch_every` and `stale_after` are in seconds.

        `listen` is `host:port`; empty to follow a `redirect_url` on this machine.
        """
        self.tools = Tools(
            books=books,
            provider=provider,
            ledger=ledger,
            mailer=mailer,
            clock=clock,
            say=say,
            fetch_every=fetch_every,
            stale_after=timedelta(seconds=stale_after),
        )
        self.report = RoundReport()
        self._stop = asyncio.Event()
        self._redirect_url, self._listen = redirect_url, listen

    # -- one round ---------------------------------------------------------------------------------------------

    async def once(self, stop: asyncio.Event | None = None) -> RoundReport:
        """One full round: acts, every connection, transfers, cases. Reports what happened; raises only StoreError.

        Once `stop` is set, what is under way is finished and the rest is left to the next round.
        """
        self.report, self._stop = RoundReport(), stop or asyncio.Event()
        steps: tuple[Callable[[], Awaitable[object]], ...] = (
            self._catch_up,
            lambda: self._acts(at_once=True),
            self._fetch_all,
            lambda: advance(self.tools, self.report, at_once=True),
            lambda: self._acts(at_once=True),
            lambda: transfer_all(self.tools, self.report),
            lambda: advance(self.tools, self.report),
        )
        async with self._receiver():
            for step in steps:
                if not self._stop.is_set():
                    await step()
            await self._note()
        return self.report

    async def settle(self, plan: int, *, patience: float) -> None:
        """Work until a plan is settled, or `patience` seconds of the clock are over. For a command without an agent."""
        tools = self.tools
        until = tools.now().timestamp() + patience
        async with self._receiver():
            while True:
                await self._acts(at_once=True)
                view = await tools.write(tools.books.plan, plan)
                waiting = view is not None and any(action.state == "waiting" for action in view.actions)
                if view is None or (view.settled and not waiting) or tools.now().timestamp() >= until:
                    return
                await tools.clock.nap(_IDLE)
                await self._follow_syncs()

    async def _fetch_all(self) -> None:
        after: str | None = None
        while not self.report.trouble and not self._stop.is_set():
            page = await self.tools.write(self.tools.books.due, self.tools.now(), 0, _PAGE, after)
            if not page:
                return
            await asyncio.gather(*map(self._fetch, page))
            after = page[-1]

    async def _fetch(self, connection: str) -> None:
        if self.report.trouble:
            return
        try:
            harvest = await fetch_connection(self.tools, connection)
        except RefusedCredentials as error:
            self.report.trouble = error.kind
            self.report.failed += 1
            return
        if harvest is not None:
            self.report.count_fetch(harvest.outcome)
            self.report.new_postings += harvest.new

    async def _acts(self, *, at_once: bool = False) -> int:
        """Do what was asked for, and look again at what is not known."""
        tools = self.tools
        todo: list[Action] = await tools.write(tools.books.claim_actions, _PAGE, tools.now())
        if at_once:
            claimed = {action.id for action in todo}
            unknown = await tools.write(tools.books.unknown_actions, _PAGE)
            todo += [action for action in unknown if action.id not in claimed]
        await asyncio.gather(*(perform(tools, action, self.report) for action in todo))
        return len(todo)

    async def _follow_syncs(self) -> int:
        waiting = await self.tools.write(self.tools.books.waiting_actions, Act.SYNC, _PAGE)
        await asyncio.gather(*(self._follow(action) for action in waiting))
        return 0

    async def _follow(self, action: Action) -> None:
        try:
            await follow_sync(self.tools, action, self.report)
        except RefusedCredentials as error:
            self.report.trouble = error.kind

    async def _catch_up(self) -> int:
        return await self.tools.write(self.tools.books.catch_up, self.tools.now())

    async def _note(self) -> None:
        trouble = self.report.trouble
        await self.tools.write(self.tools.books.note_round, self.tools.now(), trouble)

    # -- standing ----------------------------------------------------------------------------------------------

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; what is under way then is finished first."""
        async with self._receiver(), asyncio.TaskGroup() as group:
            group.create_task(self._loop(stop, self._acts_step))
            group.create_task(self._loop(stop, self._fetch_step))
            group.create_task(self._loop(stop, lambda: transfer(self.tools, self.report)))
            group.create_task(self._loop(stop, lambda: advance(self.tools, self.report)))
            group.create_task(self._loop(stop, self._catch_up))
            group.create_task(self._loop(stop, self._follow_syncs, pause=_SYNC_LOOK))

    async def _loop(self, stop: asyncio.Event, step: Callable[[], Awaitable[int]], pause: float = _IDLE) -> None:
        while not stop.is_set():
            if await step():
                continue
            nap = asyncio.create_task(self.tools.clock.nap(pause))
            stopped = asyncio.create_task(stop.wait())
            _, pending = await asyncio.wait((nap, stopped), return_when=asyncio.FIRST_COMPLETED)
            for task in pending:
                task.cancel()

    async def _acts_step(self) -> int:
        return await self._acts()

    async def _fetch_step(self) -> int:
        """One page of what is due; a fault of our own credentials stops the whole fleet until they work again."""
        tools = self.tools
        if self.report.trouble:
            try:
                await tools.provider.banks()
            except OutsideError:
                await self._note()
                return 0
            self.report.trouble = ""
        page = await tools.write(tools.books.due, tools.now(), tools.fetch_every, _PAGE)
        await asyncio.gather(*map(self._fetch, page))
        await self._note()
        return len(page)

    # -- the customer's way back -------------------------------------------------------------------------------

    @asynccontextmanager
    async def _receiver(self) -> AsyncIterator[None]:
        where = address(self._listen, self._redirect_url)
        async with AsyncExitStack() as stack:
            if where is not None:
                app = application(urlsplit(self._redirect_url).path, self._arrive, self.tools.say)
                await stack.enter_async_context(receiving(*where, app))
            yield

    async def _arrive(self, code: str | None, consent_id: str | None, state: str | None) -> str:
        try:
            return await login_finished(self.tools, code=code, consent_id=consent_id, state=state, report=self.report)
        except OutsideError as error:
            detail = {"error": error.kind, "detail": str(error)}
            await self.tools.write(self.tools.books.say, "login.failed", None, dict(detail), self.tools.now())
            return "failed"

"""The agent alone talks to the outside: it does what was asked, fetches what is due and moves postings on."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from backend.agent.acts import follow_sync
from backend.agent.doing import Doing
from backend.agent.hearing import Hearing
from backend.agent.incidents import Watch
from backend.agent.receiver import CannotListen, address, application, receiving
from backend.agent.reminders import Reminders
from backend.agent.renewals import advance, login_finished
from backend.agent.sealing import Sealing
from backend.agent.tools import RoundReport, Tools
from backend.agent.transfer import transfer, transfer_all
from backend.agent.turns import Turns
from backend.agent.webhooks import Key
from backend.model.audit import Witness
from backend.model.clock import Clock
from backend.model.errors import OutsideError, RefusedCredentials
from backend.model.facts import Act
from backend.model.limits import ALLOWANCE
from backend.model.plans import ActionState
from backend.ports import Books, Ledger, Mailer, Provider
from backend.rules.clusters import CLUSTERS, Clusters
from backend.rules.retries import look_due
from backend.texts import Say

__all__ = ["Agent", "CannotListen", "RoundReport"]

_IDLE = 0.5
"""Seconds of the machine's time between two looks for work."""

_PAGE = 64
"""Acts of unknown outcome that are looked at together."""

_FOLLOWED = 256
"""Queued syncs that are looked at together."""

_LOOK_AGAIN = 10.0
"""Seconds between two looks at what depends on others: queued syncs, unknown outcomes, open cases."""

_BANKS_TIME = 5.0
"""Seconds between two looks of a command that waits for nothing but a bank."""

_NOTE = 60.0
"""Seconds between two signs of life in the store."""

Step = Callable[[], Awaitable[int]]


class Agent:
    """One engine over one store. The caller holds the right to act (`become_agent`) while it runs."""

    def __init__(
        self,
        *,
        books: Books,
        provider: Provider,
        ledger: Ledger,
        mailer: Mailer | None,
        clock: Clock,
        say: Say,
        fetch_every: int = 2 * 3600,
        stale_after: int = 36 * 3600,
        clusters: Clusters = CLUSTERS,
        redirect_url: str = "",
        listen: str = "",
        public_url: str = "",
        webhook_secret: str = "",
        webhook_legacy: bool = False,
        reminders: tuple[int, ...] = (),
        anchor: Callable[[Witness], None] | None = None,
        allowance: tuple[int, int] = ALLOWANCE,
        most_at_once: int = 64,
        calls_per_second: int = 100,
    ) -> None:
        """`fetch_every` and `stale_after` are in seconds; `clusters` says which banks share a data centre.

        `listen` is `host:port`; empty to follow a `redirect_url` on this machine. `public_url` is where customers reach
        it from outside: links in mails go by way of it (empty: straight to the provider). Without a `webhook_secret` no
        webhook is taken; `webhook_legacy` also takes those that are signed in the old form. `reminders` are seconds
        before a consent ends. `allowance`: see `Operations`. The provider is asked for at most
        `most_at_once` connections at a time, with about `calls_per_second`. `anchor` tells the audit log's anchor of a
        seal.
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
            clusters=clusters,
            public_url=public_url if address(listen, redirect_url) else "",
            allowance=allowance,
            most_at_once=most_at_once,
            calls_per_second=calls_per_second,
        )
        self.report = RoundReport()
        self._stop = asyncio.Event()
        self._doing = Doing(self.tools, lambda: self.report)
        self._followed = 0
        self._looked: dict[int, datetime] = {}
        self._turns = Turns(self.tools, lambda: self.report)
        self._watch = Watch(self.tools, lambda: self.report)
        self._reminders = Reminders(self.tools, reminders, lambda: self.report)
        self._hearing = Hearing(self.tools, Key(webhook_secret, webhook_legacy) if webhook_secret else None)
        self._sealing = Sealing(self.tools, anchor)
        self._redirect_url, self._listen = redirect_url, listen

    # -- one round ---------------------------------------------------------------------------------------------

    async def once(self, stop: asyncio.Event | None = None) -> RoundReport:
        """One full round: acts, every connection, transfers, cases, reminders. Reports; raises only StoreError.

        Once `stop` is set, what is under way is finished and the rest is left to the next round.
        """
        self.report, self._stop = RoundReport(), stop or asyncio.Event()
        steps: tuple[Callable[[], Awaitable[object]], ...] = (
            self._catch_up,
            self._hear,
            self._acts_again,
            self._acts,
            self._watch.canaries,
            self._fetch_all,
            self._follow_syncs,
            lambda: advance(self.tools, self.report, at_once=True),
            self._acts,
            lambda: transfer_all(self.tools, self.report),
            lambda: advance(self.tools, self.report),
            self._watch.look,
            self._reminders.look,
        )
        async with self._receiver():
            for step in steps:
                if not self._stop.is_set():
                    await step()
            await self._note()
            await self._sealing.seal(at_once=True)
        return self.report

    async def settle(self, plan: int, *, patience: float) -> None:
        """Work until a plan is settled, or `patience` seconds of the clock are over. For a command without an agent."""
        tools = self.tools
        until = tools.now().timestamp() + patience
        async with self._receiver():
            while True:
                await self._acts()
                await self._follow_syncs()
                view = await tools.write(tools.books.plan, plan, whole=False)
                if self.report.trouble:
                    return
                waiting = view is not None and view.counts.get(ActionState.WAITING)
                if view is None or (view.settled and not waiting) or tools.now().timestamp() >= until:
                    break
                await tools.clock.nap(_IDLE if not view.settled else _BANKS_TIME)
                await self._acts_again()
        await self._sealing.seal(at_once=True)

    async def _fetch_all(self) -> None:
        await self._turns.all(self._stop)
        self._turns.check()

    async def _acts(self) -> None:
        """Do what was asked for, until nothing new is ready."""
        await self._doing.all(self._stop)

    async def _acts_again(self) -> int:
        """Look at what is not known, with the same key, the more rarely the older it is; gives how much there was."""
        tools, now = self.tools, self.tools.now()
        await tools.write(tools.books.orphaned_actions, _PAGE, now)
        looked: dict[int, datetime] = {}
        after = done = 0
        while not self.report.trouble and (page := await tools.write(tools.books.unknown_actions, _PAGE, after)):
            after = page[-1].id
            todo = [a for a in page if look_due(a.sent_at or a.created_at, self._looked.get(a.id), now)]
            looked |= {a.id: self._looked.get(a.id, now) for a in page} | {a.id: now for a in todo}
            await asyncio.gather(*map(self._doing.perform, todo))
            done += len(todo)
        self._looked = looked
        return done

    async def _follow_syncs(self) -> int:
        """See whether queued syncs are done, some at a time: one that takes an hour holds up no other."""
        tools = self.tools
        waiting = await tools.write(tools.books.waiting_actions, Act.SYNC, _FOLLOWED, self._followed)
        self._followed = waiting[-1].id if len(waiting) == _FOLLOWED else 0
        follow = (follow_sync(tools, action, self.report) for action in waiting)
        await asyncio.gather(*map(self._minding_credentials, follow))
        return len(waiting)

    async def _minding_credentials(self, work: Awaitable[None]) -> None:
        try:
            await work
        except RefusedCredentials as error:
            self.report.trouble = error.kind

    async def _catch_up(self) -> int:
        return await self.tools.write(self.tools.books.catch_up, self.tools.now())

    async def _hear(self) -> int:
        """Apply the events that have arrived; what they make due is fetched by the loop for that."""
        return await self._hearing.apply(self.report)

    async def _note(self) -> int:
        """Say that we are alive and how it goes."""
        await self._hearing.listen_for_silence()
        await self.tools.gates.keep()
        await self.tools.write(self.tools.books.thin_history, self.tools.now())
        await self.tools.write(self.tools.books.prune_drafts, self.tools.now())
        await self._sealing.seal()
        trouble = self.report.trouble or self._sealing.trouble
        await self.tools.write(self.tools.books.note_round, self.tools.now(), trouble)
        return 0

    # -- standing ----------------------------------------------------------------------------------------------

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; what is under way then is finished first. Raises CannotListen."""
        async with self._receiver(needed=True), self._finishing():
            async with asyncio.TaskGroup() as group:
                group.create_task(self._doing.run(stop, _IDLE))
                group.create_task(self._loop(stop, self._hear))
                group.create_task(self._loop(stop, self._fetch_step))
                group.create_task(self._loop(stop, lambda: transfer(self.tools, self.report)))
                group.create_task(self._loop(stop, self._catch_up))
                again = (
                    self._acts_again,
                    self._follow_syncs,
                    self._watch.look,
                    lambda: advance(self.tools, self.report),
                )
                for step in again:
                    group.create_task(self._loop(stop, step, pause=_LOOK_AGAIN, always=True))
                for step in (self._note, self._reminders.look):
                    group.create_task(self._loop(stop, step, pause=_NOTE, always=True))
            await self._turns.ended()
            await self._doing.ended()
            await self._sealing.seal(at_once=True)

    @asynccontextmanager
    async def _finishing(self) -> AsyncIterator[None]:
        """When it cannot go on, what has begun ends first: another agent must not speak for a customer meanwhile."""
        try:
            yield
        except BaseExceptionGroup:
            with suppress(Exception):
                await self._turns.ended()
            with suppress(Exception):
                await self._doing.ended()
            raise

    async def _loop(self, stop: asyncio.Event, step: Step, pause: float = _IDLE, *, always: bool = False) -> None:
        """Take one step after another; pause when there was nothing to do, or `always`."""
        while not stop.is_set():
            if await step() and not always:
                continue
            nap = asyncio.create_task(self.tools.clock.nap(pause))
            stopped = asyncio.create_task(stop.wait())
            _, pending = await asyncio.wait((nap, stopped), return_when=asyncio.FIRST_COMPLETED)
            for task in pending:
                task.cancel()

    async def _fetch_step(self) -> int:
        """Begin what is due; a fault of our own credentials stops the whole fleet until they work again."""
        trouble = self.report.trouble
        begun = await self._turns.due()
        self._turns.check()
        if trouble != self.report.trouble:
            await self._note()
        return begun

    # -- the customer's way back -------------------------------------------------------------------------------

    @asynccontextmanager
    async def _receiver(self, *, needed: bool = False) -> AsyncIterator[None]:
        """Be there for returning customers; a short round does without when somebody else has the address."""
        where = address(self._listen, self._redirect_url)
        async with AsyncExitStack() as stack:
            if where is not None:
                public = self.tools.public_url
                app = application(
                    urlsplit(self._redirect_url).path,
                    self._arrive,
                    self.tools.say,
                    self._hearing.arrive,
                    public=public,
                    lead=self._lead if public else None,
                )
                try:
                    await stack.enter_async_context(receiving(*where, app))
                except CannotListen:
                    if needed:
                        raise
            yield

    async def _lead(self, state: str, seen: bool) -> str | None:
        return await self.tools.write(self.tools.books.follow_link, state, self.tools.now(), seen=seen)

    async def _arrive(self, code: str | None, consent_id: str | None, state: str | None) -> str:
        try:
            return await login_finished(self.tools, code=code, consent_id=consent_id, state=state, report=self.report)
        except OutsideError as error:
            detail = {"error": error.kind, "detail": str(error)}
            await self.tools.write(self.tools.books.say, "login.failed", None, dict(detail), self.tools.now())
            return "failed"

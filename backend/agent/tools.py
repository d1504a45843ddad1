"""What every part of the agent works with."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ParamSpec, TypeVar
from weakref import WeakValueDictionary

from backend.model.clock import Clock
from backend.ports import Books, Ledger, Mailer, Provider
from backend.rules.clusters import CLUSTERS, Clusters
from backend.texts import Say

P = ParamSpec("P")
T = TypeVar("T")

WORKERS = 16
"""Connections that are spoken for at once."""

PER_BANK = 8
"""Of these, at most so many at one bank: a slow bank never holds up another bank's customers."""


@dataclass
class Tools:
    """Ports, clock and settings of one agent. `fetch_every` is in seconds; older news than `stale_after` is no news.

    `public_url` is the address by way of which links in mails go (empty: straight to the provider).
    `proved` says when a case's candidate may be put to the test again, and whether the bank has stated that time.
    """

    books: Books
    provider: Provider
    ledger: Ledger
    mailer: Mailer | None
    clock: Clock
    say: Say
    fetch_every: int = 2 * 3600
    stale_after: timedelta = timedelta(hours=36)
    clusters: Clusters = field(default_factory=lambda: CLUSTERS)
    public_url: str = ""
    proved: dict[int, tuple[datetime, bool]] = field(default_factory=dict)
    _busy: "WeakValueDictionary[str, asyncio.Lock]" = field(default_factory=WeakValueDictionary)
    _banks: defaultdict[str, asyncio.Semaphore] = field(
        default_factory=lambda: defaultdict(lambda: asyncio.Semaphore(PER_BANK))
    )
    _workers: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(WORKERS))

    async def write(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run one method of the books on the store's writer thread; it is on disk when this returns."""
        return await self.books.soon(lambda: work(*args, **kwargs))

    def now(self) -> datetime:
        return self.clock.now()

    @asynccontextmanager
    async def alone(self, connection: str) -> AsyncIterator[None]:
        """Nothing else on the connection meanwhile; takes no place among those that ask banks."""
        mine = self._busy.setdefault(connection, asyncio.Lock())
        async with mine:
            yield

    @asynccontextmanager
    async def lane(self, connection: str, bank: str) -> AsyncIterator[None]:
        """One piece of work at a time on a connection, few at a bank, not too many in all."""
        async with self._banks[bank], self._workers, self.alone(connection):
            yield


@dataclass
class RoundReport:
    """What one round did: connections by outcome, postings by fate, and the trouble that stopped it, if one did.

    `events` counts the webhooks that were applied, `reminded` the customers who were mailed before their consent ends.
    """

    fetched: int = 0
    needs_customer: int = 0
    waiting: int = 0
    failed: int = 0
    new_postings: int = 0
    delivered: int = 0
    rejected: int = 0
    deliveries_failed: int = 0
    actions_done: int = 0
    actions_failed: int = 0
    awaiting_customer: int = 0
    events: int = 0
    reminded: int = 0
    reminders_failed: int = 0
    trouble: str = ""

    def count_fetch(self, outcome: str) -> None:
        """Sort one fetch into its heap."""
        if outcome in ("ok", "ok_empty"):
            self.fetched += 1
        elif outcome == "needs_customer":
            self.needs_customer += 1
        elif outcome == "rate_limited":
            self.waiting += 1
        else:
            self.failed += 1

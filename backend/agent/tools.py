"""What every part of the agent works with."""

import random
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ParamSpec, TypeVar

from backend.agent.gates import Gates, Turn
from backend.model.clock import Clock
from backend.model.limits import ALLOWANCE
from backend.model.plans import Action
from backend.model.views import FetchContext
from backend.ports import Books, Ledger, Mailer, Provider
from backend.rules.clusters import CLUSTERS, Clusters
from backend.texts import Say

P = ParamSpec("P")
T = TypeVar("T")


@dataclass
class Tools:
    """Ports, clock and settings of one agent. `fetch_every` is in seconds; older news than `stale_after` is no news.

    `public_url` is the address by way of which links in mails go (empty: straight to the provider).
    `proved` says when a case's candidate may be put to the test again, and whether the bank has stated that time.
    `allowance`: unattended look-ups that a bank allows in 24 hours, and how many of them are not for operators' acts.
    The provider is asked for `most_at_once` connections at a time, with about `calls_per_second`; `dice` gives numbers
    from 0 to below 1.
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
    allowance: tuple[int, int] = ALLOWANCE
    most_at_once: int = 64
    calls_per_second: int = 100
    dice: Callable[[], float] = random.random

    def __post_init__(self) -> None:
        self.gates = Gates(
            self.provider.name,
            self.clock,
            lambda gates: self.write(self.books.keep_gates, gates, self.now()),
            known=self.books.gates(),
            ceiling=self.most_at_once,
            rate=self.calls_per_second,
            dice=self.dice,
        )

    async def write(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run one method of the books on the store's writer thread; it is on disk when this returns."""
        return await self.books.soon(lambda: work(*args, **kwargs))

    def now(self) -> datetime:
        return self.clock.now()

    def alone(self, connection: str) -> AbstractAsyncContextManager[None]:
        """Nothing else on the connection meanwhile; takes no place among those that ask banks."""
        return self.gates.alone(connection)

    def lane(
        self, work: FetchContext | Action, *, calls: int = 1, probe: bool = False
    ) -> AbstractAsyncContextManager[Turn]:
        """A turn to ask for one connection, alone on it and in its customer's session. Raises GateClosed.

        `calls`: about how many will be made; `probe`: it asks for all, and may although the bank's breaker is open.
        """
        keys = (work.connection, f"login {work.login}")
        return self.gates.enter(work.bank, *keys, calls=calls, probe=probe)


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

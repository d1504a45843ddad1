"""An outside for simulations: it answers as it is told, and its own book is the judge of what really happened."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

from backend.model.errors import (
    BankDown,
    LimitOf,
    Malformed,
    NeedsCustomer,
    OutsideError,
    ProviderDown,
    RateLimited,
    Unreachable,
)
from backend.model.facts import Account, Session, SyncAnswer
from tests.fakes import FakeProvider, HandClock, account

KEY_LIFE = timedelta(hours=24)
"""For so long the outside knows an idempotency key again (`facts/reliability.md` §1)."""

LIMIT = timedelta(minutes=30)

QUEUED = SyncAnswer(queued=True, status="AllQueued")
SUPERVISED = SyncAnswer(queued=False, auth_url="https://hub.example.test/login", status="SupervisedLoginRequired")

TURNED_AWAY: dict[str, Callable[[datetime], OutsideError]] = {
    "limited": lambda now: RateLimited("429", until=now + LIMIT, of=LimitOf.CONNECTION),
    "all_limited": lambda now: RateLimited("429", until=now + LIMIT, of=LimitOf.PROVIDER),
    "503": lambda now: ProviderDown("503", http_status=503),
    "bank_down": lambda now: BankDown("bank"),
    "not_sent": lambda now: Unreachable("no way there", sent=False),
    "timeout": lambda now: Unreachable("timeout on the way there", sent=True),
}
"""Nothing happened; after a timeout we cannot know."""

LOST: dict[str, Callable[[], OutsideError]] = {
    "lost": lambda: Unreachable("timeout on the way back", sent=True),
    "500": lambda: ProviderDown("500", http_status=500),
    "garbage": lambda: Malformed("half an answer"),
}
"""It happened, and we cannot know."""

DEATHS = ("dies_before", "dies_after", "sleeps_after")
ANSWERS = ("queued", "queued", "supervised", "needs_customer", *TURNED_AWAY, *LOST, *DEATHS)


class Died(BaseException):
    """The process is gone in the middle of a call."""


class Slept(BaseException):
    """The process stands still between an answer and writing it down."""


class Outside(FakeProvider):
    """Does what a key asks for once in the key's life. `may_call` says what is wrong with a call, if anything is."""

    def __init__(self, clock: HandClock, may_call: Callable[[str, str], str]) -> None:
        super().__init__()
        self.clock, self._may_call = clock, may_call
        self.answers: list[str] = []
        self.effects: Counter[str] = Counter()
        self.called: dict[str, int] = {}
        self.wrong: list[str] = []
        self.synced: dict[str, datetime] = {}
        self._known: dict[str, datetime] = {}
        self._inside: set[str] = set()

    async def sync(self, session: Session, request_id: str) -> SyncAnswer:
        if wrong := self._may_call(session.connection, request_id):
            self.wrong.append(wrong)
        if session.connection in self._inside:
            self.wrong.append(f"two calls at once for {session.connection}")
        self._inside.add(session.connection)
        self.called[request_id] = self.called.get(request_id, 0) + 1
        answer = self.answers.pop(0) if self.answers else "queued"
        try:
            await asyncio.sleep(0)
            return self._answer(answer, request_id, session.connection)
        finally:
            self._inside.discard(session.connection)

    def _answer(self, answer: str, key: str, connection: str) -> SyncAnswer:
        now = self.clock.now()
        if answer == "dies_before":
            raise Died
        if answer in TURNED_AWAY:
            raise TURNED_AWAY[answer](now)
        repeated = key in self._known and now - self._known[key] <= KEY_LIFE
        if not repeated:
            if answer == "needs_customer":
                raise NeedsCustomer("log in")
            if answer == "supervised":
                return SUPERVISED
            self._known[key] = now
            self.effects[key] += 1
            self.synced[connection] = now
        if answer == "dies_after":
            raise Died
        if answer == "sleeps_after":
            raise Slept
        if answer in LOST:
            raise LOST[answer]()
        return QUEUED

    async def accounts(self, session: Session, group: str | None = None) -> list[Account]:
        number = int(session.connection[1:])
        return [account(number, last_synchronized=self.synced.get(session.connection))]

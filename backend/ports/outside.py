"""What adapters are for: the aggregator, bank reconciliation, mail."""

from collections.abc import Callable
from datetime import date
from typing import Protocol

from backend.model.facts import (
    Account,
    Attempt,
    Bank,
    Delivery,
    Grant,
    Mail,
    Receipt,
    Session,
    Statement,
    SyncAnswer,
)

Recorder = Callable[[Attempt], None]
"""Takes one attempt as it ends. Must not block."""


class Provider(Protocol):
    """An aggregator. Every method raises `OutsideError`s only; every call to the outside leaves an attempt."""

    name: str

    def connect_link(
        self, *, state: str, email: str, group: str, group_name: str, consent_id: str | None, culture: str
    ) -> str:
        """The address where the customer logs in; with `consent_id` it continues that consent (renewal)."""
        ...

    async def exchange(self, code: str, connection: str | None) -> Grant:
        """Trade the code of a finished login for tokens. The code lives for a minute and works once."""
        ...

    async def accounts(self, session: Session, group: str | None = None) -> list[Account]:
        """All accounts behind the session, orphaned ones too; `group` narrows to one integrator-chosen group."""
        ...

    async def transactions(self, session: Session, account: Account, since: date | None) -> Statement:
        """All rows dated `since` or later (None: all there are), deleted ones too, in the provider's order."""
        ...

    async def sync(self, session: Session, request_id: str) -> SyncAnswer:
        """Ask for a fresh fetch at the bank. Queued is not done. The same `request_id` never asks twice."""
        ...

    async def all_accounts_selected(self, session: Session) -> bool | None:
        """Whether the customer ticked every account; None when we may not ask."""
        ...

    async def banks(self) -> list[Bank]:
        """The banks that can be connected. Client-level: it also proves that our credentials work."""
        ...

    async def aclose(self) -> None: ...


class Ledger(Protocol):
    """Where postings go. Raises `OutsideError`s only."""

    async def deliver(self, delivery: Delivery) -> Receipt:
        """Hand over a batch under its idempotency key; the same key with the same rows is never booked twice."""
        ...

    async def check(self) -> None:
        """Prove that the other side is there and lets us in; returns or raises."""
        ...

    async def aclose(self) -> None: ...


class Mailer(Protocol):
    """Sends mail to customers."""

    async def send(self, mail: Mail) -> None:
        """Hand the mail to the server. Raises `OutsideError`s only."""
        ...

    async def check(self) -> None:
        """Prove that the server answers; returns or raises."""
        ...

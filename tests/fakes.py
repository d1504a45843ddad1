"""Stand-ins for the outside: a clock that is set by hand and ports that are scripted."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from backend.model.errors import OutsideError
from backend.model.facts import (
    Account,
    Bank,
    BankRow,
    Delivery,
    Grant,
    Mail,
    Receipt,
    Session,
    Statement,
    SyncAnswer,
    Tokens,
)
from backend.model.health import HealthFacts
from backend.model.plans import Action, Plan, PlanItem, Submitted
from backend.model.views import FleetRow, ImportAccount, ImportRecord
from backend.store import Store

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
"""Where hand-set clocks begin: a Monday."""


class HandClock:
    """Time stands still until somebody sleeps or moves it."""

    def __init__(self, now: datetime = NOON) -> None:
        self.time = now

    def now(self) -> datetime:
        return self.time

    def move(self, **delta: float) -> None:
        self.time += timedelta(**delta)

    async def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)
        await asyncio.sleep(0)

    async def nap(self, seconds: float) -> None:
        await self.sleep(seconds)


def record(number: int = 1, **changes: object) -> ImportRecord:
    """An import line; `number` makes it another customer's."""
    fields: dict[str, object] = {
        "line": number,
        "agreement_number": str(1000 + number),
        "customer": f"Kunde {number}",
        "email": f"kunde{number}@example.test",
        "provider": "aiia",
        "consent_id": f"consent-{number}",
        "refresh_token": f"refresh-{number}",
        "bank": "Nordea",
        "data_from": date(2026, 1, 1),
        "expires_at": NOON + timedelta(days=60),
        "accounts": (import_account(number),),
        "fingerprint": f"print-{number}",
    }
    return ImportRecord(**(fields | changes))  # type: ignore[arg-type]


def import_account(number: int = 1, ledger_account: str | None = "5820") -> ImportAccount:
    return ImportAccount(
        account_id=f"old-{number}",
        iban=iban(number),
        bban=None,
        name="Driftskonto",
        ledger_account=ledger_account,
    )


def iban(number: int = 1) -> str:
    return f"DK69{9999:04}{number:010}"


def account(number: int = 1, **changes: object) -> Account:
    """An account as the provider reports it."""
    fields: dict[str, object] = {
        "provider_account_id": f"acc-{number}",
        "iban": iban(number),
        "bban": None,
        "name": "Driftskonto",
        "bank_id": "Nordea",
        "bank_name": "Nordea",
        "last_synchronized": NOON - timedelta(hours=1),
    }
    return Account(**(fields | changes))  # type: ignore[arg-type]


def row(source_id: str, day: str = "2026-03-01", amount: str = "-291.00", text: str = "DSB", **more: object) -> BankRow:
    return BankRow(
        source_id=source_id,
        date=date.fromisoformat(day),
        amount=Decimal(amount),
        currency="DKK",
        text=text,
        **more,  # type: ignore[arg-type]
    )


@dataclass
class FakeProvider:
    """Answers from its tables, by consent id; `trouble` may raise before any answer."""

    shown: dict[str, list[Account]] = field(default_factory=dict)
    rows: dict[str, list[BankRow]] = field(default_factory=dict)
    syncs: list[str] = field(default_factory=list)
    sync_answer: SyncAnswer = field(default_factory=lambda: SyncAnswer(queued=True, status="AllQueued"))
    grants: dict[str, str] = field(default_factory=dict)
    trouble: Callable[[str, Session | None], OutsideError | None] = lambda _what, _session: None
    calls: list[tuple[str, str]] = field(default_factory=list)
    name: str = "aiia"

    def _call(self, what: str, session: Session | None) -> None:
        self.calls.append((what, session.consent_id if session else ""))
        if (error := self.trouble(what, session)) is not None:
            raise error

    def connect_link(
        self, *, state: str, email: str, group: str, group_name: str, consent_id: str | None, culture: str
    ) -> str:
        return f"https://hub.example.test/connect?consentId={consent_id or ''}&state={state}"

    async def exchange(self, code: str, connection: str | None) -> Grant:
        self._call("exchange", None)
        return Grant(tokens=Tokens(refresh_token=f"fresh-{code}"), consent_id=self.grants[code])

    async def accounts(self, session: Session, group: str | None = None) -> list[Account]:
        self._call("accounts", session)
        return self.shown[session.consent_id]

    async def transactions(self, session: Session, account: Account, since: date | None) -> Statement:
        self._call("transactions", session)
        rows = self.rows.get(account.provider_account_id, [])
        return Statement(rows=tuple(r for r in rows if since is None or r.date >= since))

    async def sync(self, session: Session, request_id: str) -> SyncAnswer:
        self.syncs.append(request_id)
        self._call("sync", session)
        return self.sync_answer

    async def all_accounts_selected(self, session: Session) -> bool | None:
        return None

    async def banks(self) -> list[Bank]:
        self._call("banks", None)
        return []

    async def aclose(self) -> None:
        return None


@dataclass
class FakeLedger:
    """Keeps books as bank reconciliation would: a key is answered once, a posting is booked once."""

    booked: dict[str, int] = field(default_factory=dict)
    bodies: dict[str, tuple[str, ...]] = field(default_factory=dict)
    changed_bodies: int = 0
    trouble: list[OutsideError] = field(default_factory=list)
    lose_answers: int = 0
    lost: Callable[[], OutsideError] | None = None
    reject: dict[str, str] = field(default_factory=dict)

    async def deliver(self, delivery: Delivery) -> Receipt:
        if self.trouble:
            raise self.trouble.pop(0)
        body = tuple(f"{p.id} {p.text} {p.amount} {p.date}" for p in delivery.postings)
        if self.bodies.setdefault(delivery.key, body) != body:
            self.changed_bodies += 1
        taken: list[str] = []
        twice: list[str] = []
        for posting in delivery.postings:
            if posting.id in self.reject:
                continue
            (twice if posting.id in self.booked else taken).append(posting.id)
            self.booked.setdefault(posting.id, 0)
            self.booked[posting.id] += posting.id in taken
        if self.lose_answers and self.lost:
            self.lose_answers -= 1
            raise self.lost()
        rejected = tuple((p.id, self.reject[p.id]) for p in delivery.postings if p.id in self.reject)
        return Receipt(acknowledged=tuple(taken), duplicates=tuple(twice), rejected=rejected)

    async def check(self) -> None:
        return None

    async def aclose(self) -> None:
        return None


@dataclass
class FakeMailer:
    sent: list[Mail] = field(default_factory=list)
    trouble: list[OutsideError] = field(default_factory=list)

    async def send(self, mail: Mail) -> None:
        if self.trouble:
            raise self.trouble.pop(0)
        self.sent.append(mail)

    async def check(self) -> None:
        return None


def records(numbers: Iterable[int]) -> list[ImportRecord]:
    return [record(number) for number in numbers]


def willing(known: Sequence[tuple[FleetRow, HealthFacts]]) -> list[PlanItem]:
    """A judge that lets everything run."""
    return [
        PlanItem(
            connection=row.id, agreement_number=row.agreement_number, customer=row.customer, bank=row.bank, fate="run"
        )
        for row, _ in known
    ]


def confirm(store: Store, plan: Plan, host: str = "host") -> Submitted:
    """Keep a plan and run it at once, whatever the connections are like."""
    kept = store.save_plan(plan, host)
    return store.run_plan(kept, willing, plan.created_at, operator=plan.operator, host=host)


def claim(store: Store, now: datetime = NOON) -> list[Action]:
    """Everything that is ready, made this session's own, and what a dead session had sent."""
    lost = store.orphaned_actions(64, now)
    ready = [action for action, _ in store.ready_actions(64, now)]
    return [*lost, *store.claim_actions(ready, lambda _: willing, now)]


def place_of(text: str) -> Path | str:
    """A store's place as one process tells it to another: an address, or else a path."""
    return text if "://" in text else Path(text)

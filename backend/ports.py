"""The protocols between the rooms: adapters and the store implement them; agent, console and commands use them."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from datetime import date, datetime
from typing import Protocol, TypeVar

from backend.model.facts import (
    Account,
    Act,
    Action,
    ActionState,
    Attempt,
    Bank,
    Case,
    Delivery,
    Event,
    Grant,
    Mail,
    Plan,
    Posting,
    Receipt,
    Session,
    Stage,
    Statement,
    SyncAnswer,
    Tokens,
)
from backend.model.filters import Filter
from backend.model.forecast import Answers, Expiries
from backend.model.health import HealthFacts
from backend.model.incidents import (
    BankWord,
    Count,
    IncidentView,
    OpenIncident,
    Opening,
    Restart,
    Usual,
)
from backend.model.lifetimes import Lives
from backend.model.views import (
    AgentStatus,
    AuditReport,
    ConnectionView,
    FetchContext,
    FleetRow,
    ImportRecord,
    ImportReport,
    PendingTotals,
    PlanView,
    PostingFilter,
    PostingLine,
    ProblemView,
    Submitted,
)
from backend.model.webhooks import Arrived, Effect, Notice

T = TypeVar("T")

Recorder = Callable[[Attempt], None]
"""Takes one attempt as it ends. Must not block."""


class Vault(Protocol):
    """Where a customer's tokens live, and the one door through which they are refreshed (DESIGN §11)."""

    async def read(self, consent: int) -> Tokens | None:
        """The tokens as last stored; None when there are none (removed, or never granted)."""
        ...

    async def begin_refresh(self, consent: int, used: str, request_id: str) -> str | None:
        """Ask to spend the refresh token `used`. Gives the request id to send, or None when another process spent it.

        The id is on disk before this returns. After a crash or a lost answer it is the *old* id, so that the
        provider repeats its answer instead of burning the token twice. Waits while another living process
        is refreshing the same consent.
        """
        ...

    async def end_refresh(self, consent: int, tokens: Tokens | None) -> None:
        """Store what the refresh gave and open the door; None when it was answered and gave nothing."""
        ...


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


class FleetReader(Protocol):
    """What a console or command reads. Never waits for the network; safe from any thread."""

    def fleet(
        self, query: Filter, sort: str, descending: bool, offset: int, limit: int, now: datetime
    ) -> list[FleetRow]: ...

    def fleet_count(self, query: Filter, now: datetime) -> int: ...

    def fleet_ids(self, query: Filter, now: datetime) -> list[str]: ...

    def fleet_position(self, connection: str, query: Filter, sort: str, descending: bool, now: datetime) -> int | None:
        """Where the connection stands in that list, from 0; None when the filter hides it."""
        ...

    def resolve(self, reference: str) -> list[str]:
        """Connection ids that an operator may mean: an id, or an agreement number (perhaps several connections)."""
        ...

    def rows(self, ids: Sequence[str], now: datetime) -> list[FleetRow]:
        """These connections, in this order; unknown ids are left out."""
        ...

    def health(self, ids: Sequence[str], now: datetime) -> list[tuple[FleetRow, HealthFacts]]:
        """These connections with the facts that acts are judged by, in this order; unknown ids are left out."""
        ...

    def connection(self, connection: str, now: datetime) -> ConnectionView | None: ...

    def accounts(self, ids: Sequence[str]) -> dict[str, tuple[Account, ...]]:
        """The accounts of these connections, by connection; one without accounts is left out."""
        ...

    def attempts(self, connection: str, limit: int) -> list[Attempt]:
        """Newest first."""
        ...

    def postings(self, query: PostingFilter, limit: int, *, newest_first: bool = False) -> list[PostingLine]:
        """In the order of `seq`, after `query.after`; with `newest_first` the last ones."""
        ...

    def pending_totals(self, now: datetime) -> PendingTotals: ...

    def lives(self, bank: str | None = None) -> dict[str, tuple[Lives, ...]]:
        """By bank: how long consents lived there and how they ended; of one bank, or of all."""
        ...

    def expiries(self, now: datetime, until: datetime) -> list[Expiries]:
        """Live connections by bank, stated end and beginning, to the hour; ends after `until` only where we learn."""
        ...

    def answers(self, since: datetime, settled_before: datetime) -> list[Answers]:
        """By bank: customers that got a renewal link since then, and how many of them logged in."""
        ...

    def problems(self, query: Filter, limit: int) -> list[ProblemView]:
        """Open problems of the connections that match: those an operator can act on first, then the oldest."""
        ...

    def incidents(self, limit: int) -> list[IncidentView]:
        """Those that are open, oldest first, then those that are over, newest first."""
        ...

    def events(self, after: int, limit: int, connection: str | None = None) -> list[Event]: ...

    def verify_audit(self) -> AuditReport: ...

    def plan(self, plan: int) -> PlanView | None: ...

    def plans(self, limit: int) -> list[PlanView]: ...

    def agent_status(self) -> AgentStatus | None: ...

    def data_version(self) -> int:
        """A number that changes when another connection has written; costs microseconds."""
        ...


class Door(Protocol):
    """The one door through which operators change anything (DESIGN §4)."""

    def submit(self, plan: Plan, host: str) -> Submitted:
        """Write the plan's runnable items as intents, on disk before this returns; names what stood in the way."""
        ...

    def add_connection(self, agreement: str, bank: str, provider: str, now: datetime) -> str:
        """A connection that is yet to be made; one that waits already is taken again. LookupError: no such customer."""
        ...

    def import_records(self, records: Iterable[ImportRecord], now: datetime, operator: str) -> ImportReport: ...

    def export(self) -> Iterable[dict[str, object]]:
        """The fleet as import lines (DESIGN §8), without tokens."""
        ...


class Books(Vault, Protocol):
    """What the agent reads and writes. Each method is one transaction; `enqueue` puts several into one commit."""

    def enqueue(self, work: Callable[[], T]) -> "Future[T]":
        """Run `work` on the store's writer thread; the future ends when it is on disk."""
        ...

    def catch_up(self, now: datetime, limit: int = 1000) -> int:
        """Reassess the connections whose answer time alone has changed; gives how many."""
        ...

    def note_round(self, now: datetime, trouble: str = "") -> None:
        """The agent has been round once more; `trouble` is the kind of the error that stopped it, if one did."""
        ...

    def claim_actions(self, limit: int, now: datetime) -> list[Action]:
        """Intents, and actions that a dead agent left behind (`sent` becomes `unknown`), now owned by this agent."""
        ...

    def mark_sent(self, action: int, now: datetime) -> bool:
        """On disk before the call is made; False when the action is no longer ours to send."""
        ...

    def settle_action(
        self, action: int, state: ActionState, now: datetime, *, reason: str = "", result: dict[str, str] | None = None
    ) -> None: ...

    def waiting_actions(self, act: Act, limit: int) -> list[Action]:
        """Actions of one kind in state `waiting`, oldest first."""
        ...

    def unknown_actions(self, limit: int) -> list[Action]:
        """This agent's actions whose outcome is not known."""
        ...

    def follow_up(self, action: int, now: datetime) -> None:
        """The second step of "renew first, then synchronise", once the first is done."""
        ...

    def plan(self, plan: int) -> PlanView | None: ...

    def due(self, now: datetime, fetch_every: int, limit: int, after: str | None = None) -> list[tuple[str, str]]:
        """Connections to fetch now and their banks, longest untried first; with `fetch_every` 0 all, by id."""
        ...

    def fetch_context(self, connection: str) -> FetchContext | None: ...

    def known_rows(self, agreement_number: str, account_keys: Sequence[str], since: date | None) -> list[Posting]:
        """Postings of one bank account of a customer, whatever connection brought them; dropped ones too."""
        ...

    def start_fetch(self, connection: str, now: datetime) -> None: ...

    def save_fetch(
        self,
        connection: str,
        now: datetime,
        *,
        outcome: str,
        detail: str = "",
        until: datetime | None = None,
        accounts: Sequence[Account] = (),
        upserts: Sequence[Posting] = (),
        dropped: Sequence[str] = (),
        fetch_every: int = 7200,
    ) -> None:
        """The end of one fetch, in one transaction: accounts, postings, outcome, health, and when to come again."""
        ...

    def spend(self, connection: str, scope: str, now: datetime) -> None:
        """One unattended call against the bank's daily allowance."""
        ...

    def open_deliveries(self, limit: int, now: datetime, *, at_once: bool = False) -> list[Delivery]:
        """Deliveries whose answer is not known first (same key, same rows), then new ones from what is queued.

        `at_once` does not wait out our own pauses between tries; a time that the other side stated always counts.
        """
        ...

    def settle_delivery(self, key: str, receipt: Receipt, now: datetime) -> str | None:
        """Book the answer; gives the new key under which rows that it did not name travel on, if there are any."""
        ...

    def fail_delivery(self, key: str, outcome: str, detail: str, until: datetime | None, now: datetime) -> None:
        """The delivery did not come to an answer: it stays open under its key and is tried again after `until`."""
        ...

    def open_case(self, case: Case, now: datetime) -> Case: ...

    def open_cases(self) -> list[Case]: ...

    def move_case(
        self, case: int, stage: Stage, now: datetime, *, note: str = "", consent_id: str | None = None
    ) -> None: ...

    def grant(self, case: int, grant: Grant, now: datetime) -> Session:
        """Keep a fresh grant beside the live consent, as a candidate; the live one is untouched (law 6)."""
        ...

    def regrant(self, session: Session, case: int, now: datetime) -> Session:
        """The candidate turned out to belong to another case."""
        ...

    def drop_grant(self, session: Session, now: datetime) -> None:
        """The candidate belongs to nobody we know: its keys are thrown away."""
        ...

    def candidate(self, case: int) -> Session | None:
        """How to speak to the provider for a case's candidate."""
        ...

    def complete_case(
        self,
        case: int,
        now: datetime,
        *,
        accounts: Sequence[Account],
        upserts: Sequence[Posting],
        dropped: Sequence[str],
        outcome: str,
        fetch_every: int = 7200,
    ) -> None:
        """The candidate has proved itself: consent, accounts and first rows change over in one transaction."""
        ...

    def released(self, connection: str) -> bool:
        """Whether none of the connection's rows waits in the queue any more."""
        ...

    def email(self, connection: str) -> str:
        """Where the connection's customer gets mail; empty when nobody told."""
        ...

    def expires_at(self, connection: str) -> datetime | None:
        """The day the live consent is said to end."""
        ...

    def remove(self, connection: str, now: datetime) -> None: ...

    def tries(self, since: datetime, least: int) -> list[Count]:
        """How the newest tries since then ended, at the banks (or aggregators) that fail; none below `least`."""
        ...

    def calm(self, since: datetime, until: datetime) -> dict[str, Usual]:
        """By bank: tries and failures between two instants, without those inside incidents."""
        ...

    def delivery_tries(self, since: datetime) -> list[Count]:
        """How the newest tries to deliver ended: open ones by outcome, those settled since then as `ok`."""
        ...

    def hear(self, banks: Sequence[Bank], now: datetime) -> None:
        """Keep the aggregator's word on each bank, and since when it says so."""
        ...

    def bank_words(self) -> list[BankWord]: ...

    def members(self, banks: Sequence[str]) -> dict[str, int]:
        """How many connections of these banks could stand in an incident."""
        ...

    def last_closed(self) -> dict[str, datetime]:
        """By bank: when its newest incident was over."""
        ...

    def open_incidents(self) -> list[OpenIncident]: ...

    def open_incident(self, opening: Opening, now: datetime, *, heard: bool = False) -> int | None:
        """Open it and take its members in; None when one is open already. `heard`: on the aggregator's word alone."""
        ...

    def next_canary(self, incident: int, now: datetime) -> str | None:
        """The member whose turn it is to be asked for all; None when none can serve."""
        ...

    def ask_canary(self, incident: int, connection: str, now: datetime) -> None:
        """On disk before the member is asked (law 10)."""
        ...

    def close_incident(self, incident: int, now: datetime, restart: Restart, *, note: str = "") -> None:
        """It is over: members stand for themselves again and are due in stages."""

    def keep_webhook(self, arrived: Arrived, notice: Notice, now: datetime) -> bool:
        """An event on disk; False when it was there before."""
        ...

    def open_webhooks(self, limit: int) -> list[Arrived]:
        """Events that are yet to be applied, in the order in which they were sent."""
        ...

    def apply_webhook(self, event_id: str, notice: Notice, now: datetime) -> Effect | None:
        """What the event says changes what is known, unless something newer is known. None: it was applied before."""
        ...

    def mind_silence(self, now: datetime) -> None:
        """Note when events have stopped coming, and when they come again."""
        ...

    def say(self, kind: str, connection: str | None, data: dict[str, object], now: datetime) -> None:
        """Append one line to the audit log."""
        ...


__all__ = ["Books", "Door", "FleetReader", "Ledger", "Mailer", "Provider", "Recorder", "Vault"]

"""The nouns of the field (the table of words in the README), as frozen records.

Instants are aware datetimes in UTC; days are dates as the bank wrote them; money is Decimal in the
account's currency. Ids of connections are texts like `c1042`.
"""

from dataclasses import dataclass, field
from datetime import date as Day
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from backend.model.findings import NOTHING_FOUND, Found
from backend.model.renewals import RenewalDiff

PROMISE = timedelta(hours=6)
"""Rows reach bank reconciliation at most so long after a renewal (`facts/help-page.da.txt`)."""


class Consent(StrEnum):
    """May we fetch?"""

    NONE = "none"
    AWAITING_CUSTOMER = "awaiting_customer"
    VALID = "valid"
    EXPIRING = "expiring"
    EXPIRED = "expired"
    REVOKED_BY_CUSTOMER = "revoked_by_customer"
    REVOKED_BY_BANK = "revoked_by_bank"
    SUPERSEDED = "superseded"
    REJECTED = "rejected"
    REMOVED = "removed"


class Fetch(StrEnum):
    """Did the last fetch work?"""

    NEVER = "never"
    RUNNING = "running"
    OK = "ok"
    OK_EMPTY = "ok_empty"
    PARTIAL = "partial"
    RATE_LIMITED = "rate_limited"
    CUSTOMER_ACTION = "customer_action"
    BANK_DOWN = "bank_down"
    PROVIDER_DOWN = "provider_down"
    SUSPENDED = "suspended"
    INTERNAL_ERROR = "internal_error"


class Transfer(StrEnum):
    """Did the rows arrive in bank reconciliation?"""

    IDLE = "idle"
    QUEUED = "queued"
    LATE = "late"
    HELD = "held"


class Verdict(StrEnum):
    """Who must act."""

    CUSTOMER = "customer"
    WAIT = "wait"
    OPERATOR = "operator"
    INCIDENT = "incident"
    FINE = "fine"


class Act(StrEnum):
    """The four operations of the help page."""

    CONNECT = "connect"
    RENEW = "renew"
    SYNC = "sync"
    REMOVE = "remove"


class Status(StrEnum):
    """The word that the accounting product shows. It proves nothing (law 1)."""

    AKTIV = "AKTIV"
    INAKTIV = "INAKTIV"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A bank account under a connection. `key` is what survives renewals: IBAN, else BBAN, else the provider's id.

    `doubt` is a text key: why a renewal left it unsure which account this is; its rows wait (empty: no doubt).
    `seen`: the provider shows it, or has once; one that an import named may never have been.
    """

    id: int | None = None
    provider_account_id: str
    iban: str | None
    bban: str | None
    name: str
    currency: str = "DKK"
    ledger_account: str | None = None
    orphaned: bool = False
    doubt: str = ""
    bank_id: str = ""
    bank_name: str = ""
    owner: str = ""
    kind: str = ""
    booked_balance: Decimal | None = None
    last_synchronized: datetime | None = None
    last_fetched: datetime | None = None
    seen: bool = True
    found: Found = NOTHING_FOUND

    @property
    def shown(self) -> bool:
        """The provider gives access to it."""
        return self.seen and not self.orphaned

    @property
    def key(self) -> str:
        """The stable join key (`facts/aiia-economic.md` §7): never the provider's id while there is another."""
        return account_key(self.iban, self.bban, self.provider_account_id)


def account_key(iban: str | None, bban: str | None, provider_account_id: str) -> str:
    """IBAN without spaces, upper case; else the BBAN's digits and letters; else the provider's own id."""
    if iban and (bare := "".join(iban.split()).upper()):
        return bare
    if bban and (bare := "".join(c for c in bban if c.isalnum()).upper()):
        return f"bban:{bare}"
    return f"id:{provider_account_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BankRow:
    """One row as the provider reports it, already cleaned. `state` is the provider's own word."""

    source_id: str
    date: Day
    value_date: Day | None = None
    amount: Decimal
    currency: str
    text: str
    balance: Decimal | None = None
    state: str = "Booked"
    booked: bool = True
    deleted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What a provider said of one account's rows; `unread` tells what of it could not be read (empty: all could)."""

    rows: tuple[BankRow, ...] = ()
    unread: str = ""


class PostingState(StrEnum):
    """Where a posting is on its way to bank reconciliation.

    `DROPPED`: the bank took it back before it was delivered, or (reason `DISCARDED`) an operator called it a duplicate.
    """

    HELD = "held"
    QUEUED = "queued"
    ACKNOWLEDGED = "acknowledged"
    REJECTED = "rejected"
    DROPPED = "dropped"


class HeldReason(StrEnum):
    """Why a posting waits instead of being delivered (DESIGN §9)."""

    RESERVED = "reserved"
    NO_LEDGER_ACCOUNT = "no_ledger_account"
    SUSPECTED_DUPLICATE = "suspected_duplicate"
    RENEWAL_NOT_ACCEPTED = "renewal_not_accepted"


DISCARDED = "discarded"
"""The reason of a dropped posting that an operator has called a duplicate: it stays so for good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """One bank row on its way to bank reconciliation, or there already.

    `change` is what the bank did to it after it had left here: `deleted`, or `changed` (amount or day). `decided_at`
    and `decided_by` tell of the operator's decision, about a held posting or about that change.
    """

    id: str
    connection: str
    agreement_number: str
    account_id: int
    account_key: str
    iban: str | None
    ledger_account: str | None
    source_id: str
    date: Day
    value_date: Day | None
    amount: Decimal
    currency: str
    text: str
    balance: Decimal | None
    position: int
    state: PostingState
    reason: str | None = None
    fetched_at: datetime
    due_at: datetime | None = None
    acknowledged_at: datetime | None = None
    change: str | None = None
    changed_at: datetime | None = None
    decided_at: datetime | None = None
    decided_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One recorded call to the outside, with its outcome (`ok` or an error's kind).

    `answer` is what came back: of a call that failed its status, telling headers and body, redacted, cleaned and cut;
    of one that worked a few words with its size. Empty when nothing came back.
    """

    connection: str | None
    operation: str
    started_at: datetime
    ended_at: datetime
    outcome: str
    http_status: int | None = None
    request_id: str | None = None
    correlation_id: str | None = None
    user_present: bool = False
    detail: str = ""
    answer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """One customer's keys to the provider. Never printed, logged or stored in the clear."""

    refresh_token: str = field(repr=False)
    refresh_expires_at: datetime | None = None
    access_token: str | None = field(default=None, repr=False)
    access_expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What a provider needs to speak for one customer. `customer` is the unit of "one call at a time".

    `tokens`: the customer's keys where they were read just now together with the rest; else they are looked up.
    """

    connection: str
    consent: int
    consent_id: str
    customer: str
    tokens: Tokens | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What the customer's login gave us: fresh keys and the consent they belong to (None: not said)."""

    tokens: Tokens
    consent_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bank:
    """A bank as the provider lists it; `health` is the provider's own word, verbatim, or empty.

    `audiences` are whom the entry is for, in lower case (`private`, `business`); empty when that is not said.
    """

    id: str
    name: str
    country: str = ""
    health: str = ""
    message: str = ""
    try_again: datetime | None = None
    audiences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncAnswer:
    """A manual update's two outcomes. `auth_url` is for the customer; an operator can never complete it (law 11)."""

    queued: bool
    auth_url: str | None = None
    status: str = ""


class Stage(StrEnum):
    """How far a renewal (or a new connection) has come; where it stalls is the remedy."""

    LINK_MADE = "link_made"
    SENT = "sent"
    OPENED = "opened"
    AT_BANK = "at_bank"
    AUTHORISED = "authorised"
    MATCHED = "matched"
    FETCHED = "fetched"
    RELEASED = "released"
    FAILED = "failed"
    ABANDONED = "abandoned"

    @property
    def open(self) -> bool:
        """The case still needs somebody or something."""
        return self not in (Stage.RELEASED, Stage.FAILED, Stage.ABANDONED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A renewal, or a new connection, followed from link to rows (law 6). `state` is the nonce in its link.

    `diff` is known once the new consent has proved itself; `accepted_at` and `accepted_by` only when it needed that.
    """

    id: int
    kind: Act
    connection: str
    agreement_number: str
    customer: str
    email: str
    action: int | None
    state: str
    stage: Stage
    link: str
    consent_id: str | None = None
    consent: int | None = None
    note: str = ""
    created_at: datetime
    sent_at: datetime | None = None
    opened_at: datetime | None = None
    authorised_at: datetime | None = None
    closed_at: datetime | None = None
    diff: RenewalDiff | None = None
    accepted_at: datetime | None = None
    accepted_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A batch of postings for one ledger account under one idempotency key; resent whole, never changed (law 7)."""

    key: str
    agreement_number: str
    ledger_account: str
    postings: tuple[Posting, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What bank reconciliation said of a delivery: ids taken now, ids it already had, ids refused with the reason."""

    acknowledged: tuple[str, ...] = ()
    duplicates: tuple[str, ...] = ()
    rejected: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail to a customer. `message_id` is fixed per mail so that a repeat can be recognised.

    `connection` is the one that it is about.
    """

    to: str
    subject: str
    text: str
    message_id: str
    connection: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of the audit log. `hash` chains it to the line before."""

    seq: int
    at: datetime
    kind: str
    connection: str | None
    operator: str
    host: str
    data: dict[str, object] = field(hash=False)
    hash: str

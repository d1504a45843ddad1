"""What the store hands to consoles and commands: rows ready to be shown, ids that can be acted on."""

from dataclasses import dataclass
from datetime import date, datetime

from backend.model.clock import Clock
from backend.model.facts import Account, Case, Posting, PostingState
from backend.model.health import Assessment, HealthFacts
from backend.model.plans import Action, ActionState


@dataclass(frozen=True, slots=True, kw_only=True)
class LastAct:
    """The act that is under way on a connection, or ended there lately, at `at`. An intent may wait until `until`."""

    plan: int
    act: str
    state: ActionState
    reason: str
    until: datetime | None
    at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetRow:
    """One connection in the list. Axes and verdict are true at the moment of reading."""

    id: str
    agreement_number: str
    customer: str
    bank: str
    provider: str
    status: str
    consent: str
    fetch: str
    transfer: str
    verdict: str
    situation: str | None
    action: str | None
    wait_until: datetime | None
    expires_at: datetime | None
    data_from: date | None
    last_fetched: datetime | None
    pending: int
    running: str = ""
    last: LastAct | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionView:
    """One connection whole: its row, accounts, the assessment with its reasons and the facts they rest on."""

    row: FleetRow
    email: str
    consent_id: str | None
    accounts: tuple[Account, ...]
    assessment: Assessment
    facts: HealthFacts
    case: Case | None
    actions: tuple[Action, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PostingFilter:
    """Which postings: of one connection, of some states (empty: all but dropped), newer than a sequence number.

    `changed`: only those that the bank changed or deleted after delivery and that nobody has looked at yet.
    """

    connection: str | None = None
    states: tuple[PostingState, ...] = ()
    text: str = ""
    after: int = 0
    changed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PostingLine:
    """A posting with its place in the log. `seq` grows with every change of the row, so a log can follow it."""

    seq: int
    posting: Posting
    customer: str
    bank: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingTotals:
    """How much waits for bank reconciliation, over the whole fleet."""

    queued: int = 0
    held: int = 0
    late: int = 0
    oldest_at: datetime | None = None


QUIET_AGENT = 300.0
"""Seconds of the machine without a sign of life, which an agent gives each minute, until it is called quiet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentStatus:
    """The agent that may act on this store, if one lives (proof of death, not a lease).

    `silent_since`: the last webhook, when they have stopped coming although there is news.
    """

    pid: int
    host: str
    kind: str
    started_at: datetime
    last_round_at: datetime | None
    alive: bool
    trouble: str = ""
    silent_since: datetime | None = None

    @property
    def last_sign(self) -> datetime:
        """When it last showed that it works."""
        return self.last_round_at or self.started_at

    def quiet_for(self, clock: Clock) -> float:
        """Seconds of the machine since then: it gives its sign by the machine's time, however fast `clock` runs."""
        speed = float(getattr(clock, "speed", 1.0))
        return (clock.now() - self.last_sign).total_seconds() / speed


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportAccount:
    """An account as an import line names it."""

    account_id: str
    iban: str | None
    bban: str | None
    name: str
    ledger_account: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRecord:
    """One good line of an import (DESIGN §8). `fingerprint` is a hash of the line, to recognise it unchanged."""

    line: int
    agreement_number: str
    customer: str
    email: str
    provider: str
    consent_id: str | None
    refresh_token: str | None
    bank: str
    data_from: date | None
    expires_at: datetime | None
    accounts: tuple[ImportAccount, ...]
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """How many lines were new, changed something, or said what is known already."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchContext:
    """What the agent needs to fetch one connection. `elsewhere`: keys of accounts that the customer's other
    connections hold. `lapsed`: of these, at the same bank, the ones whose consent is over, with their ledger account.
    `odd`: by account key the newest day with a row that ledger and bank do not both have.
    `selected_at`: when the provider was last asked whether all accounts are ticked. `login`: whose session at the
    provider it is, the unit of "one call at a time": an agreement's, or that of one mail address with several.
    A `removed` connection has no `consent`: it is not fetched any more.
    """

    connection: str
    login: str
    agreement_number: str
    customer: str
    provider: str
    bank: str
    consent: int | None
    consent_id: str
    data_from: date | None
    last_fetched: datetime | None
    renewed_at: datetime | None
    expires_at: datetime | None
    usual_end_at: datetime | None
    accounts: tuple[Account, ...]
    elsewhere: frozenset[str]
    lapsed: dict[str, str | None]
    odd: dict[str, date]
    selected_at: datetime | None = None
    removed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemView:
    """One open cause on one connection. It came `times` times, last at `last_at`; `incident` is one it stands in.

    While it is snoozed, `snoozed_until` is when it comes back at the latest, and `snoozed_for` the condition that
    brings it back before (`backend.model.problems.Condition`); otherwise both are empty.
    """

    id: int
    connection: str
    agreement_number: str
    customer: str
    bank: str
    cause: str
    verdict: str
    action: str | None
    since: datetime
    last_at: datetime
    times: int
    incident: int | None
    snoozed_until: datetime | None = None
    snoozed_for: str = ""
    snoozed_by: str = ""
    muted_by: str | None = None
    assigned_to: str | None = None

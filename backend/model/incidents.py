"""Incidents and what they are seen from: many connections of one bank (or provider, or ours) failing for one cause."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

CAUSES = {
    "bank_down": "bank_down",
    "provider_down": "provider_down",
    "unreachable": "provider_down",
    "malformed": "internal",
    "outside_error": "internal",
    "refused": "internal",
    "in_progress": "internal",
}
"""Outcome to cause. Who must log in, is rate limited or gone tells nothing about the bank, so it is not here."""


class Scope(StrEnum):
    """Whose trouble it is: one bank's, a data centre's with several banks, one aggregator's, our own, or bank
    reconciliation's."""

    BANK = "bank"
    CLUSTER = "cluster"
    PROVIDER = "provider"
    OWN = "own"
    LEDGER = "ledger"


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """So many connections of one bank whose newest try inside a window ended with `outcome`."""

    provider: str
    bank: str
    outcome: str
    connections: int


TOKENS = "tokens"
"""The key of the incident that our own care for customers' tokens is in (`facts/aiia-economic.md` §4 no. 23)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenCount:
    """Connections whose consent holds and whose refresh was `refused` inside a window, of how many that were `tried`.

    They are of so many `banks`, and so many of the tokens were `past` their own end.
    """

    refused: int = 0
    tried: int = 0
    banks: int = 0
    past: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Usual:
    """What a bank's tries came to in calmer times: how many there were, and how many of them failed for a cause."""

    tries: int = 0
    failures: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BankWord:
    """What the aggregator publishes of a bank's health (`facts/aiia-economic.md` §1.9), and since when it says so."""

    bank: str
    health: str
    message: str
    since: datetime
    audiences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """An incident that ought to be open. `share` of the tries failed where `usual` is the share in calmer times.

    `banks` are those of a data centre, all that we have connections at.
    """

    scope: Scope
    key: str
    cause: str
    failed: int
    tried: int
    usual: float
    note: str = ""
    banks: tuple[str, ...] = ()

    @property
    def share(self) -> float:
        """Failed among tried, 0 to 1."""
        return self.failed / self.tried if self.tried else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenIncident:
    """What the agent needs of an open incident. `canary` is the member that was asked last, and when.

    `banks` are those whose trouble it is: one, or those of a data centre.
    """

    id: int
    scope: Scope
    key: str
    cause: str
    opened_at: datetime
    canary: str | None
    canary_at: datetime | None
    heard: bool
    banks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Restart:
    """How the members of an incident that is over are fetched again: a few, some more, then the others evenly."""

    few: int
    some: int
    pause: timedelta
    spread: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentView:
    """One incident with its blast radius: all that stands behind it. `failed` of `tried` when it was opened.

    `oldest_at` is when the oldest posting that waits behind it was fetched; `health` the aggregator's own word.
    """

    id: int
    scope: Scope
    key: str
    cause: str
    opened_at: datetime
    closed_at: datetime | None
    note: str
    failed: int
    tried: int
    usual: float
    canary_at: datetime | None
    connections: int
    customers: int
    failing: int
    pending: int
    oldest_at: datetime | None
    health: str = ""
    banks: tuple[str, ...] = ()

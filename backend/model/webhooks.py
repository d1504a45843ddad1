"""What an aggregator tells by itself: events as they came, and what they say."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

KEPT = timedelta(days=30)
"""Applied events are kept so long, to be looked at and applied again; those about a live consent longer."""


class Said(StrEnum):
    """The events that concern data, in the aggregator's own words (`facts/aiia-economic.md` §1.10)."""

    ACCOUNTS_UPDATED = "AccountsUpdated"
    SYNC_PROGRESS_UPDATE = "SyncProgressUpdate"
    SYNC_DONE = "SyncDone"
    CONNECTION_UPDATE_REQUIRED = "ConnectionUpdateRequired"
    CONNECTION_RATE_LIMITED = "ConnectionRateLimited"
    CONNECTION_REMOVED = "ConnectionRemoved"
    ACCOUNTS_ORPHANED = "AccountsOrphaned"
    ACCOUNTS_UNORPHANED = "AccountsUnorphaned"
    CONSENT_NEEDS_UPDATE = "ConsentNeedsUpdate"
    CONSENT_REVOKED = "ConsentRevoked"


class Effect(StrEnum):
    """What came of an event when it was applied."""

    APPLIED = "applied"
    UNKNOWN_EVENT = "unknown_event"
    UNKNOWN_CONSENT = "unknown_consent"
    CANDIDATE = "candidate"
    ENDED_CONSENT = "ended_consent"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """An event whose signature was right. `at` is the sender's time; `body` is as it came, byte by byte."""

    event_id: str
    event: str
    at: datetime
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What an event says. `until` is its `expiresAt` or `rateLimitedUntil`; what it does not say is empty or None."""

    event: str
    consent_id: str
    accounts: tuple[str, ...] = ()
    until: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookView:
    """One event on record. `repeats` counts how often it came again; `effect` is empty until it was applied."""

    event_id: str
    event: str
    consent_id: str
    connection: str | None
    at: datetime
    received_at: datetime
    applied_at: datetime | None
    effect: str
    repeats: int
    reason: str
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Events came and have stopped: the last one at `since`, while polling found news on so many connections."""

    since: datetime
    connections: int

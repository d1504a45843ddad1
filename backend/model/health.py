"""What health is computed from, and what comes out (laws 1 to 5). The rule is `backend.rules.assess`."""

from dataclasses import dataclass
from datetime import datetime

from backend.model.facts import Act, Consent, Fetch, Stage, Status, Transfer, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthFacts:
    """All that `assess` may look at for one connection. Absent knowledge is None or 0, never a guess.

    `consent` is what the provider or the customer last *said* of the consent (`valid` until told otherwise);
    dates may overrule it. `last_outcome` is `ok`, `ok_empty`, `partial` or the `kind` of an `OutsideError`.
    `last_synchronized` is when the provider last had fresh data from the bank, by its own word, on the account where
    that is longest ago. `stale_after` is in seconds. `incident` is the scope (`bank`, `cluster` or `provider`) of the
    open incident that the connection stands in.

    Of the accounts: `unseen` were named by the import and never shown by the provider; `silent` always have rows and
    now have none; `rows_missing` have a balance that does not follow from the rows before it; `balance_off` have a
    bank balance that what was delivered and what waits do not add up to; `unselected`: the customer has not ticked
    all. `gap_from` to `gap_to` (days, ISO) is the longest span that a lapse has left without rows. `changed_rows`
    were changed or deleted by the bank after they had been delivered, and nobody has looked at them yet. `doubted`
    accounts came new or vanished with a renewal that nobody has accepted yet. `mail_refused`: the customer's mail
    server takes nothing for his address. `twin` is another connection of the same customer that brings the same
    account; `superseded_by` is one whose new consent ended this one. `healed_at`: a consent that was over works again
    by the customer's own doing. `usual_end_at` is when consents of this bank die by experience, over `usual_cases`
    cases. `events_silent_since`: the last event, when they ought to come and do not. `next_fetch_at`: when the next
    fetch is planned.
    """

    consent: Consent = Consent.NONE
    expires_at: datetime | None = None
    connected_at: datetime | None = None
    renewed_at: datetime | None = None
    removed_at: datetime | None = None
    data_from: str | None = None
    last_fetched: datetime | None = None
    last_synchronized: datetime | None = None
    last_attempt_at: datetime | None = None
    last_outcome: str | None = None
    last_detail: str = ""
    last_until: datetime | None = None
    failing_since: datetime | None = None
    running_since: datetime | None = None
    sync_failed: bool = False
    case_kind: Act | None = None
    case_stage: Stage | None = None
    case_note: str = ""
    case_opened_at: datetime | None = None
    accounts: int = 0
    orphaned: int = 0
    unmapped: int = 0
    queued: int = 0
    oldest_queued_at: datetime | None = None
    oldest_due_at: datetime | None = None
    held: int = 0
    held_reason: str | None = None
    rejected: int = 0
    delivery_outcome: str | None = None
    incident: str | None = None
    incident_since: datetime | None = None
    unseen: int = 0
    silent: int = 0
    rows_missing: int = 0
    balance_off: int = 0
    unselected: bool = False
    gap_from: str | None = None
    gap_to: str | None = None
    changed_rows: int = 0
    doubted: int = 0
    mail_refused: bool = False
    twin: str | None = None
    superseded_by: str | None = None
    healed_at: datetime | None = None
    usual_end_at: datetime | None = None
    usual_cases: int = 0
    events_silent_since: datetime | None = None
    next_fetch_at: datetime | None = None
    stale_after: int = 36 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One link in the chain behind a verdict: a text key with its values, when it was true and who said so."""

    key: str
    values: tuple[tuple[str, str], ...] = ()
    at: datetime | None = None
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """Three axes, who must act, what to press or until when to wait, why, and when time alone changes it."""

    status: Status
    consent: Consent
    fetch: Fetch
    transfer: Transfer
    verdict: Verdict
    action: Act | None
    wait_until: datetime | None
    situation: str | None
    reasons: tuple[Reason, ...]
    next_change_at: datetime | None

"""The chain of facts behind a verdict, in order: consent, fetch, transfer, what is open, and what follows (law 2).

Values are ready to be put into the text of their key. Nothing in a chain counts time from the present, so a chain
stays true until a fact or the verdict changes.
"""

from datetime import datetime

from backend.model.facts import Consent, Fetch, Transfer
from backend.model.health import HealthFacts, Reason
from backend.rules import axes
from backend.rules.danish import moment

PROVIDER, FORNY, LEDGER, MAIL = "provider", "forny", "ledger", "mail"
"""Who said so; the text of it is `source.…`."""

NOTES = ("wrong_entry", "no_accounts", "no_account_matched", "accounts_elsewhere")
"""What a login may have been wrong about."""

_COUNTS = (
    ("doubted", FORNY),
    ("rows_missing", FORNY),
    ("changed_rows", PROVIDER),
    ("balance_off", FORNY),
    ("silent", FORNY),
    ("unseen", PROVIDER),
)
"""Facts that are counts, with who says so; each is told as `why.<name>` when there is any."""

_HELD = ("reserved", "no_ledger_account", "suspected_duplicate", "renewal_not_accepted")


def chain(
    facts: HealthFacts,
    consent: Consent,
    fetch: Fetch,
    transfer: Transfer,
    situation: str | None,
    until: datetime | None,
) -> tuple[Reason, ...]:
    """The facts that decided, and last the situation that they add up to."""
    return (
        *_consent(facts, consent),
        *_fetch(facts, fetch),
        *_transfer(facts, transfer),
        *_found(facts),
        *_open(facts),
        *_incident(facts),
        *_situation(facts, situation, until),
    )


def _consent(facts: HealthFacts, consent: Consent) -> list[Reason]:
    at = {
        Consent.REMOVED: facts.removed_at,
        Consent.EXPIRED: facts.expires_at,
        Consent.AWAITING_CUSTOMER: facts.case_opened_at,
    }.get(consent, axes.began_at(facts))
    source = FORNY if consent in (Consent.REMOVED, Consent.AWAITING_CUSTOMER, Consent.NONE) else PROVIDER
    found = [Reason(key=f"why.consent.{consent.value}", at=at, source=source)]
    if facts.expires_at is not None and consent in (*axes.LIVE, Consent.REMOVED):
        found.append(Reason(key="why.forecast", values=(("at", moment(facts.expires_at)),), source=PROVIDER))
    if facts.usual_end_at is not None and consent in (*axes.LIVE, Consent.EXPIRED):
        values = (("at", moment(facts.usual_end_at)), ("n", str(facts.usual_cases)))
        found.append(Reason(key="why.usual_end", values=values, source=FORNY))
    if facts.healed_at is not None and consent in axes.LIVE:
        found.append(Reason(key="why.healed", at=facts.healed_at, source=PROVIDER))
    if facts.superseded_by is not None:
        other = (("connection", facts.superseded_by),)
        found.append(Reason(key="why.superseded_by", values=other, source=FORNY))
    if facts.twin is not None:
        found.append(Reason(key="why.twin", values=(("connection", facts.twin),), source=FORNY))
    return found


def _fetch(facts: HealthFacts, fetch: Fetch) -> list[Reason]:
    at = {Fetch.RUNNING: facts.running_since, Fetch.OK: facts.last_fetched, Fetch.NEVER: None}.get(
        fetch, facts.last_attempt_at
    )
    found = [Reason(key=f"why.fetch.{fetch.value}", at=at, source=PROVIDER)]
    if fetch is Fetch.RATE_LIMITED:
        found.append(Reason(key="why.limit", values=(("at", moment(axes.limited_until(facts))),), source=PROVIDER))
    if facts.last_detail and facts.last_outcome not in (None, "ok", "ok_empty"):
        found.append(Reason(key="why.detail", values=(("detail", facts.last_detail),), source=PROVIDER))
    if facts.failing_since is not None:
        found.append(Reason(key="why.failing_since", at=facts.failing_since, source=FORNY))
    if facts.last_fetched is not None and fetch is not Fetch.OK:
        found.append(Reason(key="why.last_fetched", at=facts.last_fetched, source=FORNY))
    if facts.last_synchronized is not None and facts.last_synchronized != facts.last_fetched:
        found.append(Reason(key="why.last_synchronized", at=facts.last_synchronized, source=PROVIDER))
    if facts.sync_failed:
        found.append(Reason(key="why.sync_failed", source=FORNY))
    if facts.orphaned:
        values = (("n", str(facts.orphaned)), ("of", str(max(facts.accounts, facts.orphaned))))
        found.append(Reason(key="why.orphaned", values=values, source=PROVIDER))
    return found


def _transfer(facts: HealthFacts, transfer: Transfer) -> list[Reason]:
    found: list[Reason] = []
    if facts.queued:
        key = "why.transfer.late" if transfer is Transfer.LATE else "why.transfer.queued"
        at = facts.oldest_due_at if transfer is Transfer.LATE else facts.oldest_queued_at
        found.append(Reason(key=key, values=(("n", str(facts.queued)),), at=at, source=FORNY))
        if facts.delivery_outcome not in (None, "ok"):
            values = (("outcome", str(facts.delivery_outcome)),)
            found.append(Reason(key="why.delivery", values=values, source=LEDGER))
    if facts.held:
        known = facts.held_reason if facts.held_reason in _HELD else "reserved"
        found.append(Reason(key=f"why.held.{known}", values=(("n", str(facts.held)),), source=FORNY))
    if facts.rejected:
        found.append(Reason(key="why.rejected", values=(("n", str(facts.rejected)),), source=LEDGER))
    return found


def _found(facts: HealthFacts) -> list[Reason]:
    """What looking at the accounts and their rows has brought to light."""
    found: list[Reason] = []
    if facts.gap_from is not None and facts.gap_to is not None:
        values = (("first", _written(facts.gap_from)), ("last", _written(facts.gap_to)))
        found.append(Reason(key="why.gap", values=values, source=FORNY))
    for name, source in _COUNTS:
        if n := getattr(facts, name):
            found.append(Reason(key=f"why.{name}", values=(("n", str(n)),), source=source))
    if facts.unselected:
        found.append(Reason(key="why.unselected", source=PROVIDER))
    if facts.events_silent_since is not None:
        found.append(Reason(key="why.events_silent", at=facts.events_silent_since, source=FORNY))
    return found


def _open(facts: HealthFacts) -> list[Reason]:
    found: list[Reason] = []
    if facts.case_stage is not None and facts.case_stage.open:
        found.append(Reason(key=f"why.case.{facts.case_stage.value}", at=facts.case_opened_at, source=FORNY))
        if facts.case_note in NOTES:
            found.append(Reason(key=facts.case_note, source=PROVIDER))
    if facts.mail_refused:
        found.append(Reason(key="why.mail_refused", source=MAIL))
    return found


def _incident(facts: HealthFacts) -> list[Reason]:
    if facts.incident not in ("bank", "cluster", "provider", "own"):
        return []
    return [Reason(key=f"why.incident.{facts.incident}", at=facts.incident_since, source=FORNY)]


def _situation(facts: HealthFacts, situation: str | None, until: datetime | None) -> list[Reason]:
    found: list[Reason] = []
    if situation == "starved":
        found.append(Reason(key="why.starved", at=facts.next_fetch_at, source=FORNY))
    if situation is not None:
        found.append(Reason(key=f"situation.{situation}", source=FORNY))
    if until is not None:
        found.append(Reason(key="why.wait", values=(("at", moment(until)),), source=FORNY))
    return found


def _written(day: str) -> str:
    """An ISO day as Danes write it: `12.04.22`."""
    year, month, number = [*day.split("-"), "", ""][:3]
    return f"{number}.{month}.{year[-2:]}"

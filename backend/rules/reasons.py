"""The chain of facts behind a verdict, in order: consent, fetch, transfer, what is open, and what follows (law 2).

Values are ready to be put into the text of their key. Nothing in a chain counts time from the present, so a chain
stays true until a fact or the verdict changes.
"""

from datetime import datetime

from backend.model.facts import Consent, Fetch, Transfer
from backend.model.health import HealthFacts, Reason
from backend.rules import axes
from backend.rules.danish import moment

PROVIDER, FORNY, LEDGER = "Aiia", "forny", "bankafstemning"
"""Who said so."""

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
        *_open(facts),
        *_incident(facts),
        *_situation(situation, until),
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


def _open(facts: HealthFacts) -> list[Reason]:
    if facts.case_stage is None or not facts.case_stage.open:
        return []
    found = [Reason(key=f"why.case.{facts.case_stage.value}", at=facts.case_opened_at, source=FORNY)]
    if facts.case_note in ("no_accounts", "no_account_matched"):
        found.append(Reason(key=facts.case_note, source=PROVIDER))
    return found


def _incident(facts: HealthFacts) -> list[Reason]:
    if facts.incident not in ("bank", "provider"):
        return []
    return [Reason(key=f"why.incident.{facts.incident}", at=facts.incident_since, source=FORNY)]


def _situation(situation: str | None, until: datetime | None) -> list[Reason]:
    found = [] if situation is None else [Reason(key=f"situation.{situation}", source=FORNY)]
    if until is not None:
        found.append(Reason(key="why.wait", values=(("at", moment(until)),), source=FORNY))
    return found

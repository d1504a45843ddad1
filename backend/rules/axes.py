"""The three axes of a connection, each from its own facts (law 1), and the instants at which time moves them."""

from datetime import UTC, datetime, timedelta

from backend.model.facts import PROMISE, Consent, Fetch, Stage, Transfer
from backend.model.health import HealthFacts

EXPIRING_LEAD = timedelta(days=7)
"""How long before its forecast end a consent is called expiring (`facts/aiia-economic.md` §4, tail)."""

RUNNING_LIMIT = timedelta(minutes=15)
"""A fetch that has not ended by then was cut off, and the outcome before it stands."""

RATE_LIMIT_UNSAID = timedelta(hours=1)
"""How long a rate limit counts that comes without a time."""

RETRY_GRACE = timedelta(minutes=30)
"""After a stated wait the next fetch comes by itself; until it should have, nobody has to act."""

LINK_LIFE = timedelta(days=3)
"""A link that the customer has not used for so long may be replaced."""

STARVED_AFTER = timedelta(hours=12)
"""A fetch that is so late waits for no bank's turn: nobody comes (`facts/operations.md` §0.12)."""

HEALED_FOR = timedelta(days=1)
"""How long it is told that a customer has mended his connection himself."""

LIVE = (Consent.VALID, Consent.EXPIRING)
WITH_CUSTOMER = (Stage.LINK_MADE, Stage.SENT, Stage.OPENED, Stage.AT_BANK)
"""Stages of a case in which the customer has yet to finish."""

_BY_OUTCOME = {
    "ok": Fetch.OK,
    "ok_empty": Fetch.OK_EMPTY,
    "partial": Fetch.PARTIAL,
    "needs_customer": Fetch.CUSTOMER_ACTION,
    "suspended": Fetch.SUSPENDED,
    "bank_down": Fetch.BANK_DOWN,
    "provider_down": Fetch.PROVIDER_DOWN,
    "unreachable": Fetch.PROVIDER_DOWN,
}


_FIRST = datetime.min.replace(tzinfo=UTC)
_LAST = datetime.max.replace(tzinfo=UTC)


def plus(at: datetime, span: timedelta) -> datetime:
    """`at + span`, kept inside what a datetime can hold."""
    try:
        return at + span
    except OverflowError:
        return _LAST if span > timedelta(0) else _FIRST


def consent_of(facts: HealthFacts, now: datetime) -> Consent:
    """Removed beats what was said, what was said beats the forecast (`facts/operations.md` §0 rule 2).

    A live consent stays live while its renewal is open (law 6); without one the open case is what there is. A customer
    who came back from his bank with a no has rejected it, until he uses the link again.
    """
    found = _consent(facts, now)
    if found in LIVE or found is Consent.REMOVED:
        return found
    if facts.case_stage is Stage.AT_BANK and facts.case_note == "cancelled":
        return Consent.REJECTED
    return Consent.AWAITING_CUSTOMER if facts.case_stage in WITH_CUSTOMER else found


def _consent(facts: HealthFacts, now: datetime) -> Consent:
    if facts.removed_at is not None:
        return Consent.REMOVED
    if facts.consent not in LIVE or facts.expires_at is None:
        return facts.consent
    if facts.expires_at <= now:
        return Consent.EXPIRED
    return Consent.EXPIRING if plus(facts.expires_at, -EXPIRING_LEAD) <= now else facts.consent


def outcome_of(facts: HealthFacts, now: datetime) -> Fetch:
    """How the last ended fetch came out. A rate limit counts until its time; then the success before it stands.

    An aggregator's store answers readily long after the consent is dead; that brings nothing new and is no success,
    because only the customer can make it one (law 3).
    """
    if facts.last_outcome is None:
        return Fetch.NEVER
    if facts.last_outcome == "rate_limited":
        if now < limited_until(facts):
            return Fetch.RATE_LIMITED
        return Fetch.NEVER if facts.last_fetched is None else Fetch.OK
    found = _BY_OUTCOME.get(facts.last_outcome, Fetch.INTERNAL_ERROR)
    if found in (Fetch.OK, Fetch.OK_EMPTY) and _consent(facts, now) not in LIVE:
        fresh = fresh_until(facts)
        if fresh is None or fresh <= now:
            return Fetch.CUSTOMER_ACTION
    return found


def is_running(facts: HealthFacts, now: datetime) -> bool:
    """A fetch has begun and is still young; it hides how the last one came out, but decides nothing."""
    return facts.running_since is not None and now < plus(facts.running_since, RUNNING_LIMIT)


def transfer_of(facts: HealthFacts, now: datetime) -> Transfer:
    """The transfer axis: late outranks queued outranks held. Rejected rows count as held: they wait for somebody."""
    if facts.queued:
        return Transfer.LATE if facts.oldest_due_at is not None and facts.oldest_due_at <= now else Transfer.QUEUED
    return Transfer.HELD if facts.held or facts.rejected else Transfer.IDLE


def limited_until(facts: HealthFacts) -> datetime:
    """When a rate limit ends; the time of the attempt when nothing is known."""
    if facts.last_until is not None:
        return facts.last_until
    if facts.last_attempt_at is not None:
        return plus(facts.last_attempt_at, RATE_LIMIT_UNSAID)
    return _FIRST


def fresh_until(facts: HealthFacts) -> datetime | None:
    """Until when the data count as fresh; None when nothing was ever fetched.

    The provider's own last synchronisation counts too: a fetch from its store may be fine while the bank gives it
    nothing (`facts/aiia-economic.md` §4 no. 21).
    """
    if facts.last_fetched is None:
        return None
    oldest = facts.last_fetched
    if facts.last_synchronized is not None:
        oldest = min(oldest, facts.last_synchronized)
    return plus(oldest, timedelta(seconds=facts.stale_after))


def tried_until(facts: HealthFacts) -> datetime | None:
    """Until when the last attempt counts as recent; None when there was none."""
    return None if facts.last_attempt_at is None else plus(facts.last_attempt_at, timedelta(seconds=facts.stale_after))


def began_at(facts: HealthFacts) -> datetime | None:
    """When the present consent began, as far as that is known."""
    return facts.renewed_at or facts.connected_at


def promised_until(facts: HealthFacts) -> datetime | None:
    """Six hours after the renewal: until then the rows may be under way (`facts/help-page.da.txt`)."""
    return None if facts.renewed_at is None else plus(facts.renewed_at, PROMISE)


def case_young_until(facts: HealthFacts) -> datetime | None:
    """Until when an open case is worth waiting for; None when there is no open case."""
    if facts.case_stage is None or not facts.case_stage.open or facts.case_opened_at is None:
        return None
    return plus(facts.case_opened_at, LINK_LIFE)


def case_is_young(facts: HealthFacts, now: datetime) -> bool:
    """A link is out and may still be used: no second one beside it; one that led to the wrong entry is used up.

    A link whose mail nobody took (its case's note says why) is not out.
    """
    if facts.case_stage is Stage.AUTHORISED and facts.case_note == "wrong_entry":
        return False
    if facts.case_stage is Stage.LINK_MADE and facts.case_note:
        return False
    until = case_young_until(facts)
    return until is not None and now < until


def usual_from(facts: HealthFacts) -> datetime | None:
    """From when a consent is near its end by experience; None where a stated day comes before that."""
    usual = facts.usual_end_at
    if usual is None or (facts.expires_at is not None and facts.expires_at <= usual):
        return None
    return plus(usual, -EXPIRING_LEAD)


def starved_from(facts: HealthFacts) -> datetime | None:
    """When a fetch that has not come is no mere delay any more."""
    return None if facts.next_fetch_at is None else plus(facts.next_fetch_at, STARVED_AFTER)


def healed_until(facts: HealthFacts) -> datetime | None:
    """Until when it is worth telling that the customer's own doing has mended a consent that was over."""
    return None if facts.healed_at is None else plus(facts.healed_at, HEALED_FOR)


def turning_points(facts: HealthFacts) -> list[datetime]:
    """Every instant at which time alone may change a predicate over these facts."""
    began = began_at(facts)
    found = [
        facts.expires_at,
        facts.oldest_due_at,
        facts.last_until,
        promised_until(facts),
        case_young_until(facts),
        fresh_until(facts),
        tried_until(facts),
        starved_from(facts),
        healed_until(facts),
    ]
    if facts.usual_end_at is not None:
        found.append(plus(facts.usual_end_at, -EXPIRING_LEAD))
    if facts.expires_at is not None:
        found.append(plus(facts.expires_at, -EXPIRING_LEAD))
    if facts.running_since is not None:
        found.append(plus(facts.running_since, RUNNING_LIMIT))
    if facts.last_outcome == "rate_limited":
        found += [limited_until(facts), plus(limited_until(facts), RETRY_GRACE)]
    if facts.case_opened_at is not None:
        found.append(plus(facts.case_opened_at, PROMISE))
    if began is not None:
        found += [plus(began, PROMISE), plus(began, timedelta(seconds=facts.stale_after))]
    return [at for at in found if at is not None]

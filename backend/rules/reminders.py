"""Whether a customer is reminded now that his consent ends: once a step, of the consent that counts, never in vain."""

from datetime import UTC, datetime, timedelta

from backend.model.facts import Consent, Stage
from backend.model.reminders import Mailing, Outlook, Past, ReminderFacts
from backend.rules.axes import LIVE
from backend.rules.danish import local
from backend.rules.lifetimes import next_end
from backend.rules.reasons import NOTES

CALM = timedelta(days=1)
"""A customer who got a link, or began to log in, so lately is not asked again: that would be nagging."""

RETRY = timedelta(hours=1)
"""A mail that surely did not go out is tried again after this."""

_SAME_END = timedelta(days=1, hours=1)
"""An end that moves to the next day at most is the same end, told more exactly; the hour is that of a long day."""

ADDRESS_REFUSED = "refused_address"
"""The one failure after which the same mail is not tried again."""

_MAY_HAVE_ARRIVED = (Mailing.INTENT, Mailing.SENT, Mailing.UNKNOWN)


def outlook(facts: ReminderFacts, schedule: tuple[int, ...], now: datetime) -> Outlook:
    """Judge one connection at `now`. `schedule` holds seconds before the end.

    Only the step nearest to the end that time has reached counts: those before it that were missed (a late import, an
    agent that stood still) are not made up for, so that nobody gets a burst.
    """
    if (reason := _never(facts, schedule)) or (reason := _not_now(facts)):
        return Outlook(reason=reason)
    end, learnt = next_end(facts.expires_at, facts.usual_end_at, now)
    if end is None:
        return Outlook(reason="no_end")
    reached = [step for step in schedule if end - timedelta(seconds=step) <= now]
    ahead = [end - timedelta(seconds=step) for step in schedule if step not in reached]
    planned = min(ahead, default=None)
    if not reached:
        return Outlook(reason="early", at=planned, end=end, learnt=learnt)
    step = min(reached)
    mine = [past for past in facts.past if past.step == step and abs(past.end - day_of(end)) <= _SAME_END]
    if any(map(_settled, mine)) or _covered(facts.past, end - timedelta(seconds=step)):
        return Outlook(reason="done", at=planned, end=end, learnt=learnt)
    day = mine[0].end if mine else day_of(end)
    found = Outlook(due=step, end=end, learnt=learnt, day=day)
    if not facts.email:
        return Outlook(due=step, reason="no_email", end=end, learnt=learnt, day=day)
    rests = [("young_link", facts.link_at, CALM), *(("retry", past.at, RETRY) for past in mine)]
    rests += [("young_link", past.at, CALM) for past in facts.past if past.state in _MAY_HAVE_ARRIVED]
    for reason, since, pause in rests:
        if since is not None and now < since + pause:
            return Outlook(reason=reason, at=since + pause, end=end, learnt=learnt)
    return found


def day_of(end: datetime) -> datetime:
    """The beginning of the Danish day on which a consent ends: corrections of minutes make no other end."""
    return local(end).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


def _never(facts: ReminderFacts, schedule: tuple[int, ...]) -> str:
    """Why this consent is not reminded of at all (`facts/operations.md` T21: the current consent only)."""
    if not schedule:
        return "off"
    if facts.removed:
        return "removed"
    if facts.consent is None or facts.said not in LIVE:
        return "superseded" if facts.said is Consent.SUPERSEDED else "not_live"
    return "twin" if facts.twin else ""


def _not_now(facts: ReminderFacts) -> str:
    """What has to be over first: law 5, a renewal that the customer has begun, an operator's own act.

    A login that only another login can mend (no accounts, the wrong entry) has renewed nothing, and once the new
    consent has proved itself its own end counts, whatever its rows wait for.
    """
    if facts.incident:
        return "incident"
    if facts.case_stage is Stage.AUTHORISED and facts.case_note not in NOTES:
        return "under_way"
    return "acting" if facts.acting else ""


def _settled(past: Past) -> bool:
    """Nothing more is sent for this step: it went out, may have, or never can."""
    return past.state is not Mailing.FAILED or past.reason == ADDRESS_REFUSED


def _covered(past: tuple[Past, ...], since: datetime) -> bool:
    """A mail that went out after the step's moment has said what it would say, whichever end it spoke of."""
    return any(one.state in _MAY_HAVE_ARRIVED and one.at >= since for one in past)

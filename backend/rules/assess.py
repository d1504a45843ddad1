"""Health is computed, with its reasons (laws 1 to 5). The rows that decide stand in `backend.rules.table`."""

from datetime import datetime

from backend.model.facts import Act, Fetch, Status
from backend.model.health import Assessment, HealthFacts
from backend.rules import axes
from backend.rules.reasons import chain
from backend.rules.table import Rule, View, rules_for

_Decision = tuple[View, Rule, Act | None, datetime | None]


def assess(facts: HealthFacts, now: datetime) -> Assessment:
    """What is true of a connection at `now` (aware): three axes, who must act, what to press or until when to wait.

    The answer stays the same until `next_change_at` as long as the facts do.
    """
    view, rule, act, until = found = _decide(facts, now)
    told = _told(found)
    later = sorted({at for at in axes.turning_points(facts) if at > now})
    return Assessment(
        status=Status.AKTIV if view.live else Status.INAKTIV,
        consent=view.consent,
        fetch=view.fetch,
        transfer=view.transfer,
        verdict=rule.verdict,
        action=act,
        wait_until=until,
        situation=rule.situation,
        reasons=chain(facts, view.consent, view.fetch, view.transfer, rule.situation, until),
        next_change_at=next((at for at in later if _told(_decide(facts, at)) != told), None),
    )


def _decide(facts: HealthFacts, now: datetime) -> _Decision:
    """The row of the table that holds, and what it says: all of the answer but its words."""
    outcome = axes.outcome_of(facts, now)
    view = View(
        facts=facts,
        now=now,
        consent=axes.consent_of(facts, now),
        outcome=outcome,
        fetch=Fetch.RUNNING if axes.is_running(facts, now) else outcome,
        transfer=axes.transfer_of(facts, now),
    )
    for rule in rules_for(view.consent, outcome):
        if rule.holds is None or rule.holds(view):
            break
    return view, rule, rule.act(view) if rule.act else None, rule.until(view) if rule.until else None


def _told(decision: _Decision) -> tuple[object, ...]:
    """What two moments have to have in common to be told alike."""
    view, rule, act, until = decision
    return view.consent, view.fetch, view.transfer, rule.situation, rule.verdict, act, until

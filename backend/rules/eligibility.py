"""What an act would do on one connection: run, wait until a time, or be refused with the reason (DESIGN §6)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from backend.model.facts import Act, Consent, Fetch
from backend.model.health import HealthFacts
from backend.model.limits import Budget
from backend.model.plans import Plan, PlanItem
from backend.model.renewals import Rival
from backend.model.views import FleetRow
from backend.rules import axes
from backend.rules.allowance import policy_of
from backend.texts import Say

CALLS = {Act.SYNC: 1, Act.RENEW: 0, Act.CONNECT: 0, Act.REMOVE: 0}
"""Unattended look-ups at the bank that an act spends of the day's allowance (`facts/aiia-economic.md` §1.11)."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """One connection in front of one act; `many` when others are in the same plan."""

    row: FleetRow
    facts: HealthFacts
    now: datetime
    consent: Consent
    outcome: Fetch
    budget: Budget | None
    many: bool


@dataclass(frozen=True, slots=True)
class Hurdle:
    """One row of the table: for these acts, when it holds, the act does not run. With `until` it waits."""

    reason: str
    acts: tuple[Act, ...]
    holds: Callable[[_Asked], bool]
    until: Callable[[_Asked], datetime | None] | None = None


_ALL = tuple(Act)
_OUTSIDE = (Act.CONNECT, Act.RENEW, Act.SYNC)


def _just_renewed(asked: _Asked) -> bool:
    until = axes.promised_until(asked.facts)
    return asked.consent in axes.LIVE and until is not None and asked.now < until


def _promised(asked: _Asked) -> datetime | None:
    return axes.promised_until(asked.facts)


def _limit(asked: _Asked) -> datetime | None:
    return axes.limited_until(asked.facts)


def _lately(asked: _Asked) -> bool:
    """The last attempt is recent enough to believe in; an old failure must not bar the way out of itself."""
    until = axes.tried_until(asked.facts)
    return until is not None and asked.now < until


def _live_but(asked: _Asked, outcome: Fetch) -> bool:
    return asked.consent in axes.LIVE and asked.outcome is outcome and _lately(asked)


def _spent(asked: _Asked) -> bool:
    return asked.budget is not None and not asked.budget.left


def _freed(asked: _Asked) -> datetime | None:
    return None if asked.budget is None else asked.budget.next_at


def _young_link(asked: _Asked) -> bool:
    return axes.case_is_young(asked.facts, asked.now)


HURDLES: tuple[Hurdle, ...] = (
    Hurdle("in_work", _ALL, lambda a: bool(a.row.running)),
    Hurdle("already_removed", (Act.RENEW, Act.SYNC, Act.REMOVE), lambda a: a.consent is Consent.REMOVED),
    Hurdle("refused_credentials", _OUTSIDE, lambda a: _lately(a) and a.facts.last_outcome == "refused_credentials"),
    # A second link beside a young one confuses the customer, and either may supersede the other (law 6).
    Hurdle("renewal_open", (Act.RENEW, Act.CONNECT), _young_link),
    Hurdle("no_consent", (Act.SYNC,), lambda a: a.consent in (Consent.NONE, Consent.AWAITING_CUSTOMER)),
    Hurdle("renew_first", (Act.SYNC,), lambda a: a.consent not in axes.LIVE),
    Hurdle("renew_first", (Act.SYNC,), lambda a: a.outcome in (Fetch.CUSTOMER_ACTION, Fetch.SUSPENDED)),
    Hurdle("rate_limited", (Act.SYNC,), lambda a: a.outcome is Fetch.RATE_LIMITED, _limit),
    Hurdle("incident_open", (Act.SYNC,), lambda a: a.consent in axes.LIVE and a.facts.incident is not None),
    # Tokens that we have lost are got again by a renewal alone (`facts/aiia-economic.md` §4 no. 23).
    Hurdle("incident_open", (Act.RENEW,), lambda a: a.consent in axes.LIVE and a.facts.incident not in (None, "own")),
    # The customer would meet the same outage, and an outage never sends him a mail (law 5). A consent that has
    # ended needs the customer all the same, and his link outlives the outage.
    Hurdle("bank_down", (Act.SYNC, Act.RENEW), lambda a: _live_but(a, Fetch.BANK_DOWN)),
    Hurdle("provider_down", (Act.SYNC, Act.RENEW), lambda a: _live_but(a, Fetch.PROVIDER_DOWN)),
    Hurdle("provider_forbids_bulk", (Act.SYNC,), lambda a: a.many and not policy_of(a.row.provider).bulk_sync),
    Hurdle("renewed_wait", (Act.SYNC,), _just_renewed, _promised),
    Hurdle("renewed_wait", (Act.RENEW,), _just_renewed),
    # An operator's act is unattended: it counts towards the bank's four (`facts/operations.md` §6).
    Hurdle("allowance_spent", (Act.SYNC,), _spent, _freed),
)
"""The first row that holds decides; none means that the act runs. `reason` is a text key."""


def supersedes(rivals: Sequence[Rival], say: Say) -> str:
    """The warning that a new consent may end those of other customers on the same bank user.

    The customer gives one consent at a time to one aggregator (`facts/operations.md` §0 rule 10).
    """
    named = [
        say(f"renewal.rival.{r.how}", connection=r.connection, customer=r.customer, bank=r.bank) for r in rivals[:3]
    ]
    return say("renewal.supersedes", rivals=", ".join([*named, "…"] if len(rivals) > 3 else named))


def judge(
    act: Act, row: FleetRow, facts: HealthFacts, now: datetime, *, budget: Budget | None = None, many: bool = False
) -> PlanItem:
    """One line of a plan. `until` also stands on a refusal that ends by itself; `calls` is what a run will spend.

    `budget` is what is left of the day's allowance (None: nothing counts it); `many`: the plan has other lines too.
    """
    asked = _Asked(row, facts, now, axes.consent_of(facts, now), axes.outcome_of(facts, now), budget, many)
    hurdle = next((h for h in HURDLES if act in h.acts and h.holds(asked)), None)
    until = None
    if hurdle is not None:
        until = _promised(asked) if hurdle.reason == "renewed_wait" else hurdle.until(asked) if hurdle.until else None
    waits = hurdle is not None and hurdle.until is not None and until is not None
    return PlanItem(
        connection=row.id,
        agreement_number=row.agreement_number,
        customer=row.customer,
        bank=row.bank,
        fate="run" if hurdle is None else "wait" if waits else "refused",
        reason="" if hurdle is None else hurdle.reason,
        until=until,
        calls=CALLS[act] if hurdle is None or waits else 0,
        left=None if budget is None or not CALLS[act] else budget.left,
        seen=_seen(facts),
    )


def _seen(facts: HealthFacts) -> str:
    """Stands for the facts that an act rests on: a consent that was renewed or removed since is another matter."""
    told = (facts.consent, facts.connected_at, facts.renewed_at, facts.removed_at)
    return " ".join("-" if one is None else str(one) for one in told)


def ends_at(plan: Plan, pace: float | None, now: datetime) -> datetime | None:
    """When the last act of a plan will probably have begun: by the `pace` (acts a second) of those before it.

    None when nothing tells: no pace is known yet, and nothing waits for a time.
    """
    runs = len(plan.with_fate("run"))
    began = [now + timedelta(seconds=runs / pace)] if runs and pace else []
    return max([*began, *(item.until for item in plan.with_fate("wait") if item.until)], default=None)

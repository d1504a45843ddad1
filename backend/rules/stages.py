"""In what stages a plan runs, and when it stops by itself: one canary, then five, then the rest (DESIGN §6)."""

from backend.model.plans import Progress, Step

STAGES = (1, 6)
"""How many may have begun at each stage; after the last all may (`facts/reliability.md` §1, as Ansible does it)."""

MOST_FAILURES = 3
"""More failures than this stop a plan once they are also more than `SHARE` of what has an answer."""

SHARE = 0.05

MOST_UNKNOWN = 3
"""Acts of which nobody knows whether they happened, at one time; one more stops the plan."""

OWN_MATTERS = frozenset(
    {
        "allowance_spent",
        "gone",
        "needs_customer",
        "no_consent",
        "no_email",
        "rate_limited",
        "refused_address",
        "renew_first",
        "supervised_login",
        "suspended",
        "sync_timeout",
    }
)
"""Reasons that say something about one connection, and nothing about those that have not been tried."""


def first_stage(size: int) -> int | None:
    """How many of a plan of that size may begin at once."""
    return STAGES[0] if size > STAGES[0] else None


def step(now: Progress) -> Step:
    """Whether the plan stops, goes to its next stage, or stays where it is until its acts have been answered."""
    failed = now.failed - now.forgiven
    if now.unknown - now.forgiven_unknown > MOST_UNKNOWN:
        return Step(allowed=now.allowed, stop="plan.stop.unknown")
    if now.allowed is not None and failed > (0 if now.allowed == STAGES[0] else 1):
        return Step(allowed=now.allowed, stop="plan.stop.canary")
    if failed > MOST_FAILURES and failed > SHARE * (now.good + now.failed):
        return Step(allowed=now.allowed, stop="plan.stop.failures")
    answered = now.good + now.failed
    if now.allowed is None or now.open or now.unknown or answered < now.allowed:
        return Step(allowed=now.allowed)
    return Step(allowed=next((stage for stage in STAGES if stage > now.allowed and stage < now.size), None))

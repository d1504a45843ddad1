"""What the fleet has learnt of a bank's consents: when they usually die, and whether its dates hold (law 12)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from backend.model.lifetimes import Ending, Lifespan, Lives

LEAST_CASES = 3
"""Fewer deaths than this are chance."""

_SLACK = 1
"""A death so many days before the stated one may be the same day in another zone, or a late look."""


def usual_life(lives: Sequence[Lives]) -> Lifespan | None:
    """The median day of death with the number of deaths behind it; None while too few have died to say.

    A consent that was renewed in time has lived at least so long, and counts as that (Kaplan and Meier's estimate):
    else the few that die early would speak for the many that never get to.
    """
    alive = sum(item.n for item in lives)
    dead = [item for item in lives if item.how is not Ending.RENEWED]
    cases = sum(item.n for item in dead)
    if cases < LEAST_CASES:
        return None
    surviving = 1.0
    for day in sorted({item.days for item in lives}):
        deaths = sum(item.n for item in dead if item.days == day)
        surviving *= 1.0 - deaths / alive
        if surviving <= 0.5 + 1e-9:
            return Lifespan(day=day, cases=cases, wrong=_proved_wrong(dead))
        alive -= sum(item.n for item in lives if item.days == day)
    return None


def _proved_wrong(dead: Sequence[Lives]) -> bool:
    """Most deaths for which the bank had stated a day came before it."""
    told = [item for item in dead if item.stated is not None]
    early = sum(item.n for item in told if item.stated is not None and item.days < item.stated - _SLACK)
    return early >= LEAST_CASES and 2 * early > sum(item.n for item in told)


def counts_for(life: Lifespan | None, stated: datetime | None) -> Lifespan | None:
    """What is worth telling beside the bank's own date: nothing, unless there is none or it has proved wrong."""
    return life if life is not None and (stated is None or life.wrong) else None


def forecast_end(
    life: Lifespan | None, stated: datetime | None, began: datetime | None
) -> tuple[datetime | None, bool]:
    """When a consent is expected to end, and whether that was learnt (else it is the bank's word, or nothing)."""
    if (learnt := counts_for(life, stated)) is not None and began is not None:
        end = began + timedelta(days=learnt.day)
        return (end, True) if stated is None or end < stated else (stated, False)
    return stated, False


def next_end(stated: datetime | None, usual: datetime | None, now: datetime) -> tuple[datetime | None, bool]:
    """The end that is nearest ahead of a live consent, and whether it was learnt; None when none is ahead.

    `usual` is there only where experience counts (`counts_for`). A consent that has outlived it has its stated day.
    """
    ahead = [(end, learnt) for end, learnt in ((stated, False), (usual, True)) if end is not None and end > now]
    return min(ahead, default=(None, False), key=lambda one: one[0])

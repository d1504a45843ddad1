"""Does a quiet stretch fit an account's own rhythm? Silence and gaps, judged by what the account itself has done.

For each weekday the account's history tells on what share of such days it had rows. How unlikely a quiet stretch is,
is the product over its days of the shares *without* rows. Bank holidays count neither here nor there. A stretch is
improbable when that product is small and no quiet stretch of the history was as unlikely: an account that is quiet
every other month is not called silent. Too short a history says nothing.
"""

from collections.abc import Collection
from datetime import date as Day
from datetime import timedelta
from functools import lru_cache
from itertools import pairwise
from math import log

HISTORY = timedelta(weeks=12)
"""How much of its past an account is judged by: that much before its last row."""

ENOUGH_DAYS, ENOUGH_SPAN = 15, timedelta(weeks=8)
"""Fewer days with rows than this, or over a shorter time, are no history."""

LAPSE = timedelta(days=7)
"""So long without a fetch is a lapse; a gap is longer than that too (`facts/aiia-economic.md` §4 no. 8)."""

_SILENCE, _GAP = -log(1e-4), -log(1e-3)
"""How unlikely a stretch must be. After a lapse something may well be missing, so less is asked of it."""

_BANKING_DAYS = 3
"""Fewer quiet banking days than this are never silence: a bank may be late."""

_DAY = timedelta(days=1)


def lively(newest: Day | None, lapsed: Day | None, as_of: Day) -> bool:
    """No question of silence or of a gap arises, so no history needs to be read: that is nearly always so."""
    young = newest is not None and as_of - newest <= timedelta(days=_BANKING_DAYS)
    return young and (lapsed is None or as_of - lapsed <= LAPSE)


def silent_since(days: Collection[Day], as_of: Day) -> Day | None:
    """The first day of an improbable silence, or None. `days` have rows; `as_of` is the day of the bank's last news."""
    if not days:
        return None
    first, last = max(days) + _DAY, as_of - _DAY
    return first if _improbable(days, first, last, _SILENCE) else None


def gap(days: Collection[Day], lapsed: Day, as_of: Day) -> tuple[Day, Day] | None:
    """The days (first and last) that a lapse has left without rows, or None.

    `lapsed` is the day of the last fetch before the lapse, `as_of` that of the bank's newest word.
    """
    before = max((day for day in days if day <= lapsed), default=None)
    if before is None or as_of - lapsed <= LAPSE:
        return None
    after = min((day for day in days if day > before), default=as_of)
    first, last = before + _DAY, after - _DAY
    known = [day for day in days if day <= before]
    return (first, last) if after - before > LAPSE and _improbable(known, first, last, _GAP) else None


def _improbable(days: Collection[Day], first: Day, last: Day, bar: float) -> bool:
    """Whether no row from `first` to `last` is improbable by the days before `first`."""
    if last - first + _DAY < timedelta(days=_BANKING_DAYS):
        return False
    newest = max(days)
    known = sorted({day for day in days if day > newest - HISTORY})
    if len(known) < ENOUGH_DAYS or known[-1] - known[0] < ENOUGH_SPAN:
        return False
    surprise = _surprises(known)
    stretch = [day for day in _between(first, last) if not is_holiday(day)]
    if sum(day.weekday() < 5 for day in stretch) < _BANKING_DAYS:
        return False
    quiet = sum(surprise[day.weekday()] for day in stretch)
    return quiet > bar and quiet > _worst(known, surprise)


def _surprises(known: list[Day]) -> list[float]:
    """By weekday: how surprising one such day without rows is, as the negative logarithm of how often that was so."""
    with_rows, of = [0] * 7, [0] * 7
    for day in known:
        with_rows[day.weekday()] += not is_holiday(day)
    for day in _between(known[0], known[-1]):
        of[day.weekday()] += not is_holiday(day)
    # One day more without rows than were seen: what has always been may still end.
    return [-log(1 - had / (all_ + 1)) for had, all_ in zip(with_rows, of, strict=True)]


def _worst(known: list[Day], surprise: list[float]) -> float:
    """The most surprising quiet stretch that the history itself holds."""
    return max(
        sum(surprise[day.weekday()] for day in _between(one + _DAY, other - _DAY) if not is_holiday(day))
        for one, other in pairwise(known)
    )


def _between(first: Day, last: Day) -> list[Day]:
    return [first + timedelta(days=step) for step in range((last - first).days + 1)]


def is_holiday(day: Day) -> bool:
    """Danish banks are closed, other than for a weekend."""
    return day in _holidays(day.year)


@lru_cache(64)
def _holidays(year: int) -> frozenset[Day]:
    """The closed days of Danish banks: the church's, and 5 June, 24 and 31 December, the Friday after Ascension."""
    easter = _easter(year)
    moving = (easter + timedelta(days=offset) for offset in (-3, -2, 1, 39, 40, 50))
    fixed = ((1, 1), (6, 5), (12, 24), (12, 25), (12, 26), (12, 31))
    return frozenset([*moving, *(Day(year, month, number) for month, number in fixed)])


def _easter(year: int) -> Day:
    """Easter Sunday (Gauss's rule in the form of Meeus, Jones and Butcher)."""
    a, b, c = year % 19, year // 100, year % 100
    d, e = divmod(b, 4)
    f = (b + 8) // 25
    g = (b - f + 1) // 3
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    ell = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * ell) // 451
    month, number = divmod(h + ell - 7 * m + 114, 31)
    return Day(year, month, number + 1)

"""How many renewals fall due on which day at which bank, and how many connections are likely to go dark.

`facts/operations.md` §4 no. 6: finds the cliff after a mass onboarding, or an outage that reset consents together.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from backend.model.forecast import Answers, Expiries
from backend.model.lifetimes import Lifespan
from backend.rules.danish import local
from backend.rules.lifetimes import forecast_end

WEEKS = 12
"""How far a forecast looks when nobody says otherwise."""

LEAST_ASKED = 5
"""A rate of fewer customers than this is chance; the whole fleet's stands in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayLoad:
    """Renewals due on one Danish day at one bank; `learnt` of them on a day that the fleet has taught."""

    day: date
    bank: str
    due: int
    learnt: int
    dark: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BankLoad:
    """One bank over the whole forecast. `rate`: the share (0 to 1) that answered last cycle, its own or the fleet's."""

    bank: str
    due: int
    asked: int
    answered: int
    rate: float | None
    own_rate: bool
    dark: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """From `first` on for `weeks` weeks. `unknown`: live connections whose end nobody knows."""

    first: date
    weeks: int
    days: tuple[DayLoad, ...]
    banks: tuple[BankLoad, ...]
    unknown: int

    @property
    def due(self) -> int:
        return sum(load.due for load in self.banks)

    @property
    def dark(self) -> float | None:
        """Expected to go dark; None where no bank's customers were ever asked."""
        known = [load.dark for load in self.banks if load.dark is not None]
        return sum(known) if known else None


def forecast(
    expiries: Iterable[Expiries],
    answers: Iterable[Answers],
    lives: Mapping[str, Lifespan | None],
    now: datetime,
    weeks: int = WEEKS,
) -> Forecast:
    """Due per Danish day and bank. One that has outlived what is usual at its bank is due today."""
    first = local(now).date()
    last = first + timedelta(days=7 * weeks)
    due: Counter[tuple[date, str]] = Counter()
    learnt: Counter[tuple[date, str]] = Counter()
    unknown = 0
    for item in expiries:
        end, was_learnt = forecast_end(lives.get(item.bank), item.stated, item.began)
        if end is None:
            unknown += item.connections
            continue
        day = local(end).date()
        if day < first and not was_learnt:
            continue
        day = max(day, first)
        if day < last:
            due[day, item.bank] += item.connections
            learnt[day, item.bank] += item.connections if was_learnt else 0
    asked = {item.bank: item for item in answers}
    banks = tuple(_bank(bank, due, asked) for bank in sorted({bank for (_, bank), n in due.items() if n > 0}))
    rates = {load.bank: load.rate for load in banks}
    days = tuple(
        DayLoad(day=day, bank=bank, due=n, learnt=learnt[day, bank], dark=_dark(n, rates[bank]))
        for (day, bank), n in sorted(due.items())
        if n > 0
    )
    ordered = tuple(sorted(banks, key=lambda load: (-load.due, load.bank)))
    return Forecast(first=first, weeks=weeks, days=days, banks=ordered, unknown=unknown)


def _bank(bank: str, due: Mapping[tuple[date, str], int], asked: Mapping[str, Answers]) -> BankLoad:
    total = sum(n for (_, name), n in due.items() if name == bank)
    mine = asked.get(bank)
    own = mine is not None and mine.asked >= LEAST_ASKED
    rate = _rate([mine]) if mine is not None and own else _rate(asked.values())
    return BankLoad(
        bank=bank,
        due=total,
        asked=mine.asked if mine else 0,
        answered=mine.answered if mine else 0,
        rate=rate,
        own_rate=own,
        dark=_dark(total, rate),
    )


def _rate(answers: Iterable[Answers]) -> float | None:
    some = list(answers)
    asked = sum(item.asked for item in some)
    return min(1.0, sum(item.answered for item in some) / asked) if asked >= LEAST_ASKED else None


def _dark(due: int, rate: float | None) -> float | None:
    return None if rate is None else due * (1.0 - rate)

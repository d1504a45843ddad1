"""How fast we may be: concurrency that finds its width, a bucket of calls, a breaker for each bank, and stated pauses.

Pure values: each answer of the outside gives the next value. Who holds them and when: `backend.agent.gates`.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

BEGIN = 16
"""Connections that are spoken for at once while nothing is known."""

BEGIN_AT_BANK = 8
"""The same at one bank."""

SLOW = timedelta(seconds=5)
"""Work that takes longer speaks of a bank that is slow, and holds no place among those at other banks meanwhile."""

WINDOW = timedelta(seconds=30)
ANSWERS, SHARE = 20, 0.5
"""A breaker opens when so much of at least so many answers in `WINDOW` was trouble (`facts/reliability.md` F4)."""

BREAK, LONGEST_BREAK = timedelta(seconds=30), timedelta(minutes=15)
"""How long a breaker stays open at first and at most; each opening that finds no cure doubles it."""

LONGEST_PAUSE = timedelta(minutes=15)
"""No limit of a provider stops the whole fleet for longer than this before we look again (F2)."""

UNSAID_PAUSE = timedelta(seconds=30)
"""How long a provider's limit stops us that names no time, at first; each further one doubles it."""

JITTER = timedelta(seconds=10)
"""At most so much is added to a pause, so that several of us do not come back in the same moment."""

OVERLOAD = 0.05
"""A share of trouble that well banks do not have; more of it at several of them is the provider's own."""

TROUBLE = frozenset({"bank_down", "provider_down", "unreachable"})
"""Kinds of errors that say the other side cannot keep up. Everything else it answers is an answer."""

AT_THE_BANK = frozenset({"bank_down"})
"""Of these, the kinds that name the bank: they are never the provider's."""


@dataclass(frozen=True, slots=True)
class Width:
    """How many may be at work at once: more with every success, half with every trouble (AIMD, `facts` §1 Netflix).

    Below `gentle` it grows by one for each success, above it by one for each round of them. It never falls below 1.
    """

    size: float
    ceiling: int
    gentle: float
    cut_at: datetime | None = None

    @property
    def room(self) -> int:
        """How many may be at work."""
        return max(1, int(self.size))

    def good(self, busy: int) -> "Width":
        """After a success with `busy` at work: a width that is not used proves nothing about a larger one."""
        if busy * 2 < self.size or self.size >= self.ceiling:
            return self
        step = 1.0 if self.size < self.gentle else 1.0 / self.size
        return replace(self, size=min(float(self.ceiling), self.size + step))

    def trouble(self, began: datetime, now: datetime) -> "Width":
        """After trouble of work that `began` then: what had begun before the last cut says nothing new."""
        if self.cut_at is not None and began <= self.cut_at:
            return self
        size = max(1.0, self.size / 2)
        return replace(self, size=size, gentle=size, cut_at=now)


def width(begin: float, ceiling: int) -> Width:
    """A width that begins there, below its ceiling."""
    return Width(size=min(begin, float(ceiling)), ceiling=ceiling, gentle=float(ceiling))


@dataclass(frozen=True, slots=True)
class Bucket:
    """Calls that may be made now: `rate` come in a second, and at most a second's worth is kept."""

    rate: float
    tokens: float
    at: datetime

    def _filled(self, now: datetime) -> float:
        return min(self.rate, self.tokens + self.rate * max(0.0, (now - self.at).total_seconds()))

    def wait(self, calls: int, now: datetime) -> float:
        """Seconds until so many calls may be made; more than the bucket holds may be made when it is full."""
        return max(0.0, min(float(calls), self.rate) - self._filled(now)) / self.rate

    def take(self, calls: int, now: datetime) -> "Bucket":
        """The bucket after so many calls; it may owe some, when they were more than it holds."""
        return replace(self, tokens=self._filled(now) - calls, at=max(self.at, now))


@dataclass(frozen=True, slots=True)
class Tally:
    """Answers of the last `WINDOW`, by second: (second, answers, trouble)."""

    seconds: tuple[tuple[int, int, int], ...] = ()

    def add(self, now: datetime, *, trouble: bool) -> "Tally":
        """With one answer more."""
        second = int(now.timestamp())
        if self.seconds and self.seconds[-1][0] == second:
            _, answers, bad = self.seconds[-1]
            return Tally((*self.seconds[:-1], (second, answers + 1, bad + trouble)))
        first = int((now - WINDOW).timestamp())
        return Tally((*(entry for entry in self.seconds if entry[0] > first), (second, 1, int(trouble))))

    def count(self, now: datetime) -> tuple[int, int]:
        """Answers and trouble in the window that ends now."""
        first = int((now - WINDOW).timestamp())
        inside = [entry for entry in self.seconds if entry[0] > first]
        return sum(entry[1] for entry in inside), sum(entry[2] for entry in inside)


@dataclass(frozen=True, slots=True)
class Breaker:
    """Whether a bank is asked. Closed: yes. Open: not before `until`. After that one probe decides.

    `tally` counts while it is closed; `times`: how often in a row it has opened without a cure.
    """

    tally: Tally = Tally()
    until: datetime | None = None
    times: int = 0

    def is_open(self, now: datetime) -> bool:
        """Nobody may be asked."""
        return self.until is not None and now < self.until

    def answered(self, now: datetime, *, trouble: bool, probe: bool = False) -> "Breaker":
        """After an answer. What was under way when it opened changes nothing; the probe closes it or opens it again."""
        if self.until is not None:
            if not probe:
                return self
            return self._opened(now) if trouble else Breaker()
        counted = Breaker(tally=self.tally.add(now, trouble=trouble), times=self.times)
        if trouble:
            answers, bad = counted.tally.count(now)
            if answers >= ANSWERS and bad >= SHARE * answers:
                return counted._opened(now)
        return counted

    def _opened(self, now: datetime) -> "Breaker":
        # Two to the tenth is beyond the longest; a larger exponent would only overflow.
        longer = min(BREAK * 2 ** min(self.times, 10), LONGEST_BREAK)
        return Breaker(until=now + longer, times=self.times + 1)


def is_providers(tallies: Collection[tuple[int, int]]) -> bool:
    """Whether trouble is the provider's own and not that of some banks; by bank: answers and trouble of late.

    Banks that mostly fail are sick themselves, so that a dead bank narrows nobody else's way; unless they are most.
    A provider that is overloaded fails a part of everybody's calls. One bank alone says nothing of the provider.
    """
    heard = [(answers, bad) for answers, bad in tallies if answers]
    well = [(answers, bad) for answers, bad in heard if bad < SHARE * answers]
    if len(heard) > 1 and len(heard) - len(well) > len(heard) / 2:
        return True
    touched = sum(bad > 0 for _, bad in well)
    return touched > 1 and sum(bad for _, bad in well) >= OVERLOAD * sum(answers for answers, _ in well)


def pause_until(now: datetime, stated: datetime | None, again: int, dice: float) -> datetime:
    """When a provider that has limited us may be asked again: as stated, else the later the more often it does.

    `again`: how many such limits came before without an answer between; `dice`: from 0 to below 1.
    """
    unsaid = UNSAID_PAUSE * 2 ** min(again, 10)
    wait = min(max(unsaid if stated is None else stated - now, timedelta(seconds=1)), LONGEST_PAUSE)
    return now + wait + JITTER * dice

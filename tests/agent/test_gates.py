"""The gates, with a clock that jumps to whatever is waited for next: a minute of work costs no time."""

import asyncio
import heapq
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import count

import pytest

from backend.agent.gates import GateClosed, Gates
from backend.model.errors import BankDown, LimitOf, NeedsCustomer, OutsideError, ProviderDown, RateLimited, Unreachable
from backend.model.limits import Gate
from tests.fakes import NOON

BANKS = tuple(f"Bank {number}" for number in range(8))
SICK = BANKS[0]


class JumpingClock:
    """Time moves when nobody has anything else to do, to the next moment that somebody waits for."""

    def __init__(self) -> None:
        self.time = NOON
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._order = count()

    def now(self) -> datetime:
        return self.time

    async def sleep(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.time + timedelta(seconds=seconds), next(self._order), future))
        await future

    nap = sleep

    async def until(self, end: datetime) -> None:
        """Let everything happen that happens before `end`."""
        while True:
            for _ in range(12):  # more steps than any chain of wake-ups here has
                await asyncio.sleep(0)
            if not self._sleepers or self._sleepers[0][0] > end:
                self.time = end
                return
            self.time, _, sleeper = heapq.heappop(self._sleepers)
            if not sleeper.done():
                sleeper.set_result(None)


class Stage:
    """Gates, what they wrote down, and how many were at work at once."""

    def __init__(self, *, known: Sequence[Gate] = (), ceiling: int = 64, rate: int = 10_000, dice: float = 0.0) -> None:
        self.clock = JumpingClock()
        self.written: list[Gate] = []
        self.gates = Gates("aiia", self.clock, self._write, known=known, ceiling=ceiling, rate=rate, dice=lambda: dice)
        self.inside: Counter[str] = Counter()
        self.most: Counter[str] = Counter()

    async def _write(self, gates: Sequence[Gate]) -> None:
        self.written += gates

    async def work(
        self,
        bank: str,
        customer: str,
        seconds: float = 0.1,
        error: OutsideError | None = None,
        *,
        calls: int = 1,
        probe: bool = False,
    ) -> None:
        """One piece of work for one customer, that ends so."""
        async with self.gates.enter(bank, customer, calls=calls, probe=probe) as turn:
            for what in (bank, customer, "all"):
                self.inside[what] += 1
                self.most[what] = max(self.most[what], self.inside[what])
            await self.clock.sleep(seconds)
            for what in (bank, customer, "all"):
                self.inside[what] -= 1
            turn.answered(*([] if error is None else [error]))

    async def fail(self, bank: str, error: OutsideError, times: int) -> None:
        """So many customers of a bank meet this, one after the other."""
        for number in range(times):
            with suppress(GateClosed):
                await self.work(bank, f"{bank}/{number}", 0, error)


def play(stage: Stage, story: Coroutine[object, object, None], seconds: float = 10_000) -> None:
    """Run a story to its end, which must come in so many seconds of its clock."""

    async def run() -> None:
        task = asyncio.create_task(story)
        end = stage.clock.now() + timedelta(seconds=seconds)
        while not task.done() and stage.clock.now() < end:
            await stage.clock.until(min(end, stage.clock.now() + timedelta(seconds=1)))
        assert task.done(), "the story hangs"
        await task

    asyncio.run(run())


# -- one at a time, and how many at once ---------------------------------------------------------------------------


def test_one_customers_session_is_never_used_twice_at_once_and_costs_no_place_while_it_is_waited_for() -> None:
    stage = Stage()

    async def story() -> None:
        same = [stage.work(bank, "eva@example.test", 2) for bank in BANKS[:4] for _ in range(10)]
        others = [stage.work("Bank 0", f"c{number}", 1) for number in range(100)]
        both = asyncio.gather(*same, *others)
        await asyncio.sleep(0)
        await stage.clock.sleep(30)
        assert stage.most["c99"] == 1, "who waits for his own turn is in nobody's way"
        await both

    play(stage, story())
    assert stage.most["eva@example.test"] == 1


def test_nothing_else_touches_a_connection_that_somebody_has_alone() -> None:
    stage = Stage()
    seen: list[str] = []

    async def alone() -> None:
        async with stage.gates.alone("c1"):
            seen.append("alone")
            await stage.clock.sleep(5)
            seen.append("left")

    async def story() -> None:
        async def fetch() -> None:
            await stage.work("Nordea", "c1", 1)
            seen.append("fetched")

        await asyncio.gather(alone(), fetch(), alone())

    play(stage, story())
    assert seen in (["alone", "left", "alone", "left", "fetched"], ["alone", "left", "fetched", "alone", "left"])


def test_the_width_grows_with_success_to_its_ceiling_and_no_further() -> None:
    stage = Stage(ceiling=40)
    play(stage, all_of(stage.work(BANKS[n % 8], f"c{n}") for n in range(2_000)))
    assert stage.most["all"] == 40


def test_trouble_everywhere_narrows_the_way_to_one_and_success_widens_it_again() -> None:
    stage = Stage()

    async def story() -> None:
        for round_ in range(8):
            errors = [stage.work(bank, f"{bank}/{round_}", 0.1, Unreachable("no", sent=True)) for bank in BANKS]
            await asyncio.gather(*errors)
        assert stage.gates.standing()[0].width == 1
        await all_of(stage.work(BANKS[n % 8], f"c{n}") for n in range(400))
        assert (stage.gates.standing()[0].width or 0) > 16

    play(stage, story())


def test_the_bucket_spreads_calls_over_time() -> None:
    stage = Stage(rate=10)
    play(stage, all_of(stage.work(BANKS[n % 8], f"c{n}", 0, calls=2) for n in range(50)))
    assert stage.clock.now() - NOON >= timedelta(seconds=9 - 0.001), "100 calls, of which 10 at once"


async def all_of(work: "Sequence[Awaitable[None]] | object") -> None:
    await asyncio.gather(*work)  # type: ignore[misc]


def test_who_gives_up_waiting_leaves_no_trace() -> None:
    stage = Stage()

    async def story() -> None:
        first = asyncio.create_task(stage.work("Nordea", "c1", 5))
        await asyncio.sleep(0)
        second = asyncio.create_task(stage.work("Nordea", "c1", 5))
        third = asyncio.create_task(stage.work("Nordea", "c1", 5))
        await asyncio.sleep(0)
        second.cancel()
        await asyncio.gather(first, third)

    play(stage, story())
    assert stage.clock.now() - NOON <= timedelta(seconds=11)


# -- what is shut --------------------------------------------------------------------------------------------------

UNTIL = NOON + timedelta(seconds=60)


def limited(of: LimitOf, until: datetime | None = UNTIL) -> RateLimited:
    return RateLimited("429", until=until or NOON, of=of, stated=until is not None)


@pytest.mark.parametrize("of", [LimitOf.CONNECTION, LimitOf.UNSAID])
def test_one_connections_limit_stops_nobody_else(of: LimitOf) -> None:
    stage = Stage()

    async def story() -> None:
        await stage.work("Nordea", "c1", 0, limited(of))
        await stage.work("Nordea", "c2", 0, limited(of))
        await stage.work("Nordea", "c3")
        await stage.work("Lunar", "c4")

    play(stage, story())
    assert stage.gates.shut("Nordea") is None and stage.written == []


def test_a_limit_of_all_our_calls_stops_all_of_them_until_its_time() -> None:
    stage = Stage(dice=0.5)

    async def story() -> None:
        waiting = [asyncio.create_task(stage.work("Lunar", "shared", 1)) for _ in range(3)]
        await asyncio.sleep(0)
        await stage.work("Nordea", "c1", 0, limited(LimitOf.PROVIDER))
        ended = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(one) for one in ended] == [type(None), GateClosed, GateClosed], "what had begun ends as it ends"
        with pytest.raises(GateClosed) as closed:
            await stage.work("Danske Bank", "c9")
        assert (closed.value.until, closed.value.reason) == (UNTIL + timedelta(seconds=5), "provider_limited")
        with pytest.raises(GateClosed):
            await stage.work("Danske Bank", "c9", probe=True)
        await stage.clock.sleep(65)
        await stage.work("Danske Bank", "c9")

    play(stage, story())
    assert [(gate.bank, gate.until) for gate in stage.written] == [("", UNTIL + timedelta(seconds=5))]


def test_a_limit_that_names_nobody_is_the_providers_when_a_second_bank_meets_it() -> None:
    stage = Stage()

    async def story() -> None:
        await stage.work("Nordea", "c1", 0, limited(LimitOf.UNSAID))
        await stage.work("Lunar", "c2", 0, limited(LimitOf.UNSAID))

    play(stage, story())
    assert (closed := stage.gates.shut("Jyske Bank")) is not None and closed.until == UNTIL


def test_a_bank_that_limits_several_in_a_row_is_asked_by_one_after_its_time_and_others_go_on() -> None:
    stage = Stage()

    async def story() -> None:
        for number in range(3):
            assert stage.gates.shut("Nordea") is None
            await stage.work("Nordea", f"c{number}", 0, limited(LimitOf.UNSAID))
        with pytest.raises(GateClosed) as closed:
            await stage.work("Nordea", "c9")
        assert (closed.value.until, closed.value.reason) == (UNTIL, "rate_limited")
        await stage.work("Lunar", "c4")
        await stage.clock.sleep(60)
        await asyncio.gather(*(stage.work("Nordea", f"c{number}") for number in range(5, 15)))

    play(stage, story())
    assert stage.most["Nordea"] > 1 and stage.gates.shut("Nordea") is None
    assert [(gate.bank, gate.until) for gate in stage.written] == [("Nordea", UNTIL), ("Nordea", None)]


def test_a_bank_whose_limit_still_holds_is_left_alone_again_after_one_question() -> None:
    stage = Stage()

    async def story() -> None:
        await stage.fail("Nordea", limited(LimitOf.UNSAID), 3)
        await stage.clock.sleep(61)
        later = limited(LimitOf.UNSAID, UNTIL + timedelta(minutes=5))
        await asyncio.gather(*(stage.fail("Nordea", later, 1) for _ in range(5)))

    play(stage, story())
    closed = stage.gates.shut("Nordea")
    assert closed is not None and closed.until == UNTIL + timedelta(minutes=5)


def test_places_that_a_hanging_bank_holds_are_given_to_others_without_anybody_coming_or_going() -> None:
    stage = Stage(ceiling=4)
    ended: list[datetime] = []

    async def quick() -> None:
        await stage.clock.sleep(0.1)
        await stage.work("Lunar", "quick", 0)
        ended.append(stage.clock.now())

    async def story() -> None:
        hanging = [stage.work(f"Bank {number}", f"c{number}", 600) for number in range(4)]
        await asyncio.gather(quick(), *hanging)

    play(stage, story())
    assert ended == [NOON + timedelta(seconds=5)]


def test_much_work_that_takes_its_time_does_not_narrow_its_banks_lane() -> None:
    stage = Stage()

    async def story() -> None:
        await stage.work("Nordea", "c1", 12, calls=10)
        await stage.work("Lunar", "c2", 12)

    play(stage, story())
    width = {gate.bank: gate.width for gate in stage.gates.standing()}
    assert width["Nordea"] is not None and width["Lunar"] is not None and width["Nordea"] > width["Lunar"]


def test_limits_that_name_no_time_stop_us_for_longer_each_time() -> None:
    stage = Stage()
    pauses: list[float] = []

    async def story() -> None:
        for _ in range(3):
            await stage.work("Nordea", "c1", 0.1, limited(LimitOf.PROVIDER, None))
            closed = stage.gates.shut("Nordea")
            assert closed is not None
            pauses.append((closed.until - stage.clock.now()).total_seconds())
            await stage.clock.sleep(pauses[-1] + 0.1)

    play(stage, story())
    assert pauses == [30, 60, 120]


def test_many_that_were_under_way_meet_one_limit_together() -> None:
    stage = Stage()
    play(stage, all_of(stage.work(bank, bank, 1, limited(LimitOf.PROVIDER, None)) for bank in BANKS))
    closed = stage.gates.shut("Nordea")
    assert closed is not None and closed.until == NOON + timedelta(seconds=31)


def test_a_sick_bank_is_shut_alone_and_one_probe_opens_it() -> None:
    stage = Stage()

    async def story() -> None:
        await stage.fail("Nordea", BankDown("503"), 25)
        closed = stage.gates.shut("Nordea")
        assert closed is not None and (closed.until, closed.reason) == (NOON + timedelta(seconds=30), "bank_down")
        assert stage.gates.shut("Lunar") is None and stage.gates.shut_banks() == ["Nordea"]
        await stage.clock.sleep(30)
        stage.most.clear()
        later = [asyncio.create_task(stage.work("Nordea", f"c{n}", 1)) for n in range(6)]
        await stage.clock.sleep(0.5)
        assert stage.most["Nordea"] == 1, "one goes ahead"
        await asyncio.gather(*later)
        assert stage.most["Nordea"] > 1

    play(stage, story())
    assert [(gate.bank, gate.until is None) for gate in stage.written] == [("Nordea", False), ("Nordea", True)]


def test_a_probe_that_fails_sends_away_those_who_waited_for_it() -> None:
    stage = Stage()

    async def story() -> None:
        await stage.fail("Nordea", BankDown("503"), 20)
        await stage.clock.sleep(30)
        first = asyncio.create_task(stage.work("Nordea", "c1", 1, BankDown("503")))
        await asyncio.sleep(0)
        with pytest.raises(GateClosed) as closed:
            await stage.work("Nordea", "c2")
        await first
        assert closed.value.until == NOON + timedelta(seconds=91)

    play(stage, story())


def test_a_canary_may_ask_a_bank_that_is_shut() -> None:
    stage = Stage()

    async def story() -> None:
        await stage.fail("Nordea", BankDown("503"), 20)
        await stage.work("Nordea", "canary", probe=True)
        await stage.work("Nordea", "c2")

    play(stage, story())


def test_answers_that_say_no_are_answers() -> None:
    stage = Stage()
    play(stage, stage.fail("Nordea", NeedsCustomer("log in"), 100))
    assert stage.gates.shut("Nordea") is None


def test_what_was_shut_is_shut_for_the_next_agent() -> None:
    stage = Stage()

    async def story() -> None:
        await stage.fail("Nordea", ProviderDown("503"), 20)
        await stage.gates.keep()

    play(stage, story())
    kept = {gate.bank: gate for gate in stage.written}
    again = Stage(known=list(kept.values()))
    closed = again.gates.shut("Nordea")
    assert closed is not None and (closed.until, closed.reason) == (NOON + timedelta(seconds=30), "provider_down")
    assert {gate.bank: gate.width for gate in again.gates.standing()} == {bank: g.width for bank, g in kept.items()}
    assert Stage(known=[Gate(provider="another", until=UNTIL, reason="rate_limited")]).gates.shut("Nordea") is None


# -- slow lanes (`facts/reliability.md` F4, F5) --------------------------------------------------------------------

Trouble = tuple[float, Callable[[], OutsideError | None]]

SICKNESS: dict[str, Trouble] = {
    "the bank says 503": (0.1, lambda: BankDown("503")),
    "503 without a name": (0.1, lambda: ProviderDown("503")),
    "no answer for 60 seconds": (60, lambda: Unreachable("timed out", sent=True)),
    "30 seconds for each answer": (30, lambda: None),
}


@pytest.mark.parametrize("queue", [20, 200], ids=["as many as others", "a long queue"])
@pytest.mark.parametrize("sickness", SICKNESS)
def test_one_banks_trouble_costs_the_others_nothing(sickness: str, queue: int) -> None:
    healthy = throughput((0.1, lambda: None), 20)
    sick = throughput(SICKNESS[sickness], queue)
    assert sum(sick[bank] for bank in BANKS[1:]) >= 0.95 * sum(healthy[bank] for bank in BANKS[1:])
    assert min(sick[bank] for bank in BANKS[1:]) >= 0.9 * min(healthy[bank] for bank in BANKS[1:])
    assert sick[SICK] >= 1, "and it is not given up"


def throughput(sick: Trouble, queue: int, seconds: float = 120) -> Counter[str]:
    """Answers by bank in two minutes, with work enough for all; the first bank answers as `sick` says."""
    stage, answers = Stage(ceiling=16), Counter[str]()

    async def customer(bank: str, name: str) -> None:
        while True:
            took, error = sick if bank == SICK else (0.1, lambda: None)
            try:
                await stage.work(bank, name, took, error())
            except GateClosed as closed:
                await stage.clock.sleep((closed.until - stage.clock.now()).total_seconds())
            else:
                answers[bank] += 1

    async def run() -> None:
        work = [
            asyncio.create_task(customer(bank, f"{bank}/{number}"))
            for bank in BANKS
            for number in range(queue if bank == SICK else 20)
        ]
        await stage.clock.until(NOON + timedelta(seconds=seconds))
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)

    asyncio.run(run())
    return answers

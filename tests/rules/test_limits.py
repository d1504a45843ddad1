"""Widths, buckets, breakers and pauses, as tables and properties."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.rules.limits import (
    ANSWERS,
    BREAK,
    JITTER,
    LONGEST_BREAK,
    LONGEST_PAUSE,
    UNSAID_PAUSE,
    Breaker,
    Bucket,
    Width,
    is_providers,
    pause_until,
    width,
)
from tests.fakes import NOON

SECOND = timedelta(seconds=1)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


# -- width ---------------------------------------------------------------------------------------------------------


@given(st.integers(1, 64), st.lists(st.tuples(st.booleans(), st.integers(0, 80)), max_size=200))
def test_a_width_stays_between_one_and_its_ceiling_and_moves_the_right_way(
    ceiling: int, answers: list[tuple[bool, int]]
) -> None:
    now = width(16, ceiling)
    for number, (good, busy) in enumerate(answers):
        then = now.good(busy) if good else now.trouble(after(number), after(number))
        assert 1 <= then.size <= ceiling and 1 <= then.room <= ceiling
        assert then.size >= now.size if good else then.size == max(1, now.size / 2)
        now = then


def test_one_round_of_trouble_halves_once_and_what_began_later_halves_again() -> None:
    cut = width(64, 64).trouble(after(0), after(1))
    assert (cut.room, cut.trouble(after(1), after(2)).room, cut.trouble(after(1.1), after(2)).room) == (32, 32, 16)


def test_a_width_doubles_a_round_until_its_first_trouble_and_grows_by_one_a_round_after_it() -> None:
    fresh = width(16, 64)
    for _ in range(16):
        fresh = fresh.good(16)
    assert fresh.room == 32
    cut = fresh.trouble(NOON, NOON)
    for _ in range(17):
        cut = cut.good(16)
    assert cut.room == 17


def test_a_width_that_is_not_used_does_not_grow() -> None:
    assert width(16, 64).good(7) == width(16, 64)


# -- bucket --------------------------------------------------------------------------------------------------------


@given(st.integers(1, 500), st.lists(st.tuples(st.floats(0, 3), st.integers(1, 50)), min_size=1, max_size=60))
def test_no_stretch_of_time_gets_more_than_its_rate_and_one_second_more(
    rate: int, asked: list[tuple[float, int]]
) -> None:
    bucket, now, taken = Bucket(float(rate), float(rate), NOON), NOON, []
    for pause, calls in asked:
        now += timedelta(seconds=pause)
        if (wait := bucket.wait(calls, now)) > 0:
            now += timedelta(seconds=wait) + SECOND / 1000
            assert bucket.wait(calls, now) == 0, "it says for how long to wait"
        bucket = bucket.take(calls, now)
        taken.append((now, calls))
    for start in range(len(taken)):
        for end in range(start, len(taken)):
            calls = sum(many for _, many in taken[start : end + 1])
            span = (taken[end][0] - taken[start][0]).total_seconds()
            # One piece of work may be larger than a second's worth; the next one pays for it.
            assert calls <= rate * (span + 1) + max(0, taken[end][1] - rate) + 1e-3


# -- breaker -------------------------------------------------------------------------------------------------------


def fed(breaker: Breaker, answers: str, began: float = 0, every: float = 1) -> Breaker:
    """`x` is trouble, `.` an answer, one each `every` seconds."""
    for place, answer in enumerate(answers):
        breaker = breaker.answered(after(began + place * every), trouble=answer == "x")
    return breaker


@pytest.mark.parametrize(
    ("answers", "every", "opens"),
    [
        ("x" * 19, 1, False),
        ("x" * 20, 1, True),
        ("." * 10 + "x" * 10, 1, True),
        ("." * 11 + "x" * 9, 1, False),
        ("x" * 10 + "." * 10, 1, False),
        ("x" * 20, 2, False),
        ("x" * 40, 1.5, True),
    ],
)
def test_it_opens_at_half_of_twenty_in_thirty_seconds(answers: str, every: float, opens: bool) -> None:
    assert (fed(Breaker(), answers, every=every).until is not None) == opens


def test_one_probe_closes_it_or_opens_it_for_twice_as_long() -> None:
    open_ = fed(Breaker(), "x" * 20)
    assert open_.until == after(19) + BREAK
    assert open_.is_open(after(48.9)) and not open_.is_open(after(49))
    assert open_.answered(after(50), trouble=True) == open_, "what was under way changes nothing"
    assert open_.answered(after(50), trouble=False) == open_
    again = open_.answered(after(50), trouble=True, probe=True)
    assert again.until == after(50) + 2 * BREAK
    assert again.answered(after(120), trouble=False, probe=True) == Breaker()


@given(st.lists(st.floats(0, 10_000), min_size=1, max_size=40))
def test_it_is_never_open_for_longer_than_the_longest(pauses: list[float]) -> None:
    breaker, now = fed(Breaker(), "x" * ANSWERS), after(19)
    for pause in pauses:
        assert breaker.until is not None
        now = max(now + timedelta(seconds=pause), breaker.until)
        before = breaker.times
        breaker = breaker.answered(now, trouble=True, probe=True)
        assert breaker.until is not None and breaker.times == before + 1
        assert BREAK <= breaker.until - now <= LONGEST_BREAK


# -- whose trouble -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("banks", "providers"),
    [
        ([], False),
        ([(40, 40)], False),
        ([(40, 40), (100, 1), (100, 1)], False),
        ([(40, 40), (100, 0), (100, 0)], False),
        ([(40, 40), (40, 40), (100, 0)], True),
        ([(40, 40), (40, 40), (100, 0), (100, 0)], False),
        ([(100, 10), (100, 10), (100, 10)], True),
        ([(100, 10), (100, 0), (100, 0)], False),
        ([(100, 2), (100, 2), (100, 2)], False),
        ([(0, 0), (5, 5), (5, 5)], True),
    ],
)
def test_a_sick_bank_is_not_a_sick_provider(banks: list[tuple[int, int]], providers: bool) -> None:
    assert is_providers(banks) == providers


# -- pauses --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stated", "again", "seconds"),
    [(60, 0, 60), (60, 5, 60), (3600, 0, 900), (-5, 0, 1), (None, 0, 30), (None, 1, 60), (None, 99, 900)],
)
def test_a_pause_is_as_stated_within_reason(stated: int | None, again: int, seconds: int) -> None:
    until = None if stated is None else after(stated)
    assert pause_until(NOON, until, again, 0.0) == after(seconds)


@given(st.none() | st.integers(-(10**6), 10**6), st.integers(0, 10**6), st.floats(0, 1, exclude_max=True))
def test_a_pause_is_never_shorter_than_stated_nor_longer_than_the_longest(
    stated: int | None, again: int, dice: float
) -> None:
    until = pause_until(NOON, None if stated is None else after(stated), again, dice)
    assert timedelta(0) < until - NOON <= LONGEST_PAUSE + JITTER
    if stated is not None:
        assert until >= min(after(stated), NOON + LONGEST_PAUSE)
    else:
        assert until - NOON >= UNSAID_PAUSE


def test_a_width_can_be_read_back_from_what_was_written() -> None:
    assert width(5, 64) == Width(size=5, ceiling=64, gentle=64)
    assert width(500, 64).room == 64

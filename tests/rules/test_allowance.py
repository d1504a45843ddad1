"""The day's allowance of unattended look-ups (RTS art. 36(5)(b)): a rolling day, and a reserve for the night."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.rules.allowance import POLICIES, WINDOW, budget, policy_of
from tests.fakes import NOON

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("hours_ago", "left", "free_in"),
    [
        ((), 3, None),
        ((1,), 2, None),
        ((1, 2), 1, None),
        ((1, 2, 3), 0, 21),
        ((1, 2, 3, 4), 0, 21),
        ((1, 2, 3, 24), 0, 21),
        ((1, 2, 24), 1, None),
        ((1, 1, 1, 1, 1), 0, 23),
    ],
)
def test_four_a_day_and_one_of_them_for_the_night(hours_ago: tuple[int, ...], left: int, free_in: int | None) -> None:
    found = budget([NOON - hours * HOUR for hours in hours_ago], NOON, (4, 1))
    assert (found.left, found.next_at) == (left, None if free_in is None else NOON + free_in * HOUR)


def test_the_reserve_is_what_the_round_may_still_use() -> None:
    times = [NOON - HOUR] * 3
    assert budget(times, NOON, (4, 1)).left == 0
    assert budget(times, NOON, (4, 0)).left == 1


@given(st.lists(st.integers(0, 60 * 48), max_size=12), st.integers(0, 9), st.integers(0, 9))
def test_at_the_time_that_it_names_exactly_one_is_free_and_none_before(
    minutes: list[int], allowed: int, reserve: int
) -> None:
    times = [NOON - timedelta(minutes=one) for one in minutes]
    now = budget(times, NOON, (allowed, reserve))
    assert 0 <= now.left <= max(0, allowed - reserve)
    if now.next_at is None:
        assert now.left or allowed <= reserve
        return
    assert NOON < now.next_at <= NOON + WINDOW
    assert budget(times, now.next_at, (allowed, reserve)).left >= 1
    before = now.next_at - timedelta(microseconds=1)
    assert budget(times, before, (allowed, reserve)).left == 0


def test_the_terms_of_a_provider_that_nobody_has_written_down_are_the_strictest() -> None:
    assert not policy_of("nobody").bulk_sync
    assert {name for name, policy in POLICIES.items() if policy.bulk_sync} == {"aiia"}

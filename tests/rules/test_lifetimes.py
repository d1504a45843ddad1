"""What the fleet teaches of a bank's consents, and what it does not."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.model.lifetimes import Ending, Lifespan, Lives
from backend.rules.lifetimes import LEAST_CASES, counts_for, forecast_end, usual_life
from tests.fakes import NOON

DIED, EXPIRED, RENEWED = Ending.DIED, Ending.EXPIRED, Ending.RENEWED


def lives(*items: tuple[int, Ending, int | None, int]) -> list[Lives]:
    return [Lives(days=days, how=how, stated=stated, n=n) for days, how, stated, n in items]


@pytest.mark.parametrize(("n", "known"), [(LEAST_CASES - 1, False), (LEAST_CASES, True), (LEAST_CASES + 1, True)])
def test_too_few_deaths_teach_nothing(n: int, known: bool) -> None:
    assert (usual_life(lives((62, DIED, None, n))) is not None) is known
    assert usual_life([]) is None


def test_the_median_day_with_the_cases_behind_it() -> None:
    seen = usual_life(lives((40, DIED, None, 4), (62, DIED, None, 6), (80, EXPIRED, None, 4)))
    assert seen == Lifespan(day=62, cases=14, wrong=False)


def test_the_few_that_die_early_do_not_speak_for_the_many_that_were_renewed_in_time() -> None:
    assert usual_life(lives((20, DIED, None, 3), (80, RENEWED, None, 100))) is None
    seen = usual_life(lives((20, DIED, None, 3), (80, RENEWED, None, 100), (90, DIED, None, 4)))
    assert seen is not None and (seen.day, seen.cases) == (90, 7)


@pytest.mark.parametrize(("stated", "wrong"), [(62, False), (63, False), (64, True), (90, True)])
def test_a_bank_is_proved_wrong_by_deaths_before_its_stated_day(stated: int, wrong: bool) -> None:
    seen = usual_life(lives((62, DIED, stated, 14)))
    assert seen is not None and seen.wrong is wrong


def test_a_minority_of_early_deaths_proves_nothing() -> None:
    seen = usual_life(lives((60, DIED, 90, 5), (90, EXPIRED, 90, 5)))
    assert seen is not None and not seen.wrong


def test_the_banks_date_stands_unless_it_is_missing_or_wrong() -> None:
    right, wrong = Lifespan(day=62, cases=14, wrong=False), Lifespan(day=62, cases=14, wrong=True)
    stated = NOON + timedelta(days=90)
    assert counts_for(right, stated) is None and counts_for(right, None) is right and counts_for(wrong, stated) is wrong
    assert forecast_end(right, stated, NOON) == (stated, False)
    assert forecast_end(wrong, stated, NOON) == (NOON + timedelta(days=62), True)
    assert forecast_end(right, None, NOON) == (NOON + timedelta(days=62), True)
    assert forecast_end(right, None, None) == forecast_end(None, None, NOON) == (None, False)
    assert forecast_end(wrong, NOON + timedelta(days=9), NOON) == (NOON + timedelta(days=9), False)


LIVES = st.lists(
    st.builds(
        lambda d, h, s, n: Lives(days=d, how=h, stated=s, n=n),
        st.integers(0, 200),
        st.sampled_from(Ending),
        st.none() | st.integers(0, 200),
        st.integers(1, 30),
    ),
    max_size=12,
)


@given(LIVES, st.data())
def test_it_is_total_lies_among_the_deaths_and_order_means_nothing(known: list[Lives], data: st.DataObject) -> None:
    seen = usual_life(known)
    assert usual_life(data.draw(st.permutations(known))) == seen
    if seen is not None:
        assert seen.day in {life.days for life in known if life.how is not RENEWED}

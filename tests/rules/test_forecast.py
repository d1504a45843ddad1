"""Renewals due per day and bank: whose day counts, who is expected to go dark, and what nobody knows."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.model.forecast import Answers, Expiries
from backend.model.lifetimes import Lifespan
from backend.rules.forecast import LEAST_ASKED, forecast
from tests.fakes import NOON

WRONG = Lifespan(day=62, cases=14, wrong=True)
RIGHT = Lifespan(day=62, cases=14, wrong=False)


def due(stated: datetime | None, n: int = 1, bank: str = "Nordea", began: datetime | None = None) -> Expiries:
    return Expiries(bank=bank, stated=stated, began=began, connections=n)


@pytest.mark.parametrize(("days", "counted"), [(-1, False), (0, True), (83, True), (84, False)])
def test_the_forecast_has_its_first_and_last_day(days: int, counted: bool) -> None:
    seen = forecast([due(NOON + timedelta(days=days))], [], {}, NOON)
    assert (seen.due == 1) is counted and seen.weeks == 12


def test_a_day_is_a_danish_day_across_summer_time() -> None:
    late = datetime(2026, 3, 28, 23, 30, tzinfo=UTC)
    later = datetime(2026, 3, 29, 22, 30, tzinfo=UTC)
    seen = forecast([due(late), due(later)], [], {}, NOON)
    assert [load.day for load in seen.days] == [date(2026, 3, 29), date(2026, 3, 30)]


def test_what_was_learnt_counts_where_there_is_no_date_or_a_wrong_one() -> None:
    began = NOON - timedelta(days=60)
    stated = began + timedelta(days=90)
    seen = forecast(
        [due(stated, 3, "Right", began), due(stated, 5, "Wrong", began), due(None, 7, "None", began)],
        [],
        {"Right": RIGHT, "Wrong": WRONG, "None": RIGHT},
        NOON,
    )
    told = {load.bank: ((load.day - seen.first).days, load.due, load.learnt) for load in seen.days}
    assert told == {"Right": (30, 3, 0), "Wrong": (2, 5, 5), "None": (2, 7, 7)}


def test_who_has_outlived_what_is_usual_is_due_today_and_who_has_no_end_is_unknown() -> None:
    seen = forecast([due(None, 2, began=NOON - timedelta(days=99)), due(None, 4)], [], {"Nordea": RIGHT}, NOON)
    assert [(load.day, load.due) for load in seen.days] == [(NOON.date(), 2)] and seen.unknown == 4


@pytest.mark.parametrize(("asked", "own"), [(LEAST_ASKED - 1, False), (LEAST_ASKED, True), (LEAST_ASKED + 1, True)])
def test_a_banks_own_rate_counts_when_enough_were_asked(asked: int, own: bool) -> None:
    answers = [Answers(bank="Nordea", asked=asked, answered=asked), Answers(bank="Lunar", asked=100, answered=0)]
    (load,) = forecast([due(NOON, 10)], answers, {}, NOON).banks
    assert load.own_rate is own and load.rate is not None and (load.rate == 1.0) is own
    assert load.dark is not None and (load.dark == 0.0) is own


def test_nothing_is_expected_where_nobody_was_ever_asked() -> None:
    seen = forecast([due(NOON, 10)], [], {}, NOON)
    assert seen.dark is None and seen.banks[0].rate is None and seen.days[0].dark is None


ENDS = st.none() | st.integers(-200, 200).map(lambda days: NOON + timedelta(days=days))


@given(
    st.lists(st.builds(due, ENDS, st.integers(0, 9), st.sampled_from(["Nordea", "Lunar", ""]), ENDS), max_size=12),
    st.lists(
        st.builds(
            lambda b, a, n: Answers(bank=b, asked=a, answered=n),
            st.sampled_from(["Nordea", "Lunar"]),
            st.integers(0, 20),
            st.integers(0, 30),
        ),
        max_size=2,
        unique_by=lambda a: a.bank,
    ),
    st.sampled_from([{}, {"Nordea": WRONG, "Lunar": RIGHT}, {"Nordea": None}]),
    st.integers(1, 30),
    st.data(),
)
def test_it_is_total_adds_up_and_order_means_nothing(
    expiries: list[Expiries], answers: list[Answers], lives: dict[str, Lifespan | None], weeks: int, data: st.DataObject
) -> None:
    seen = forecast(expiries, answers, lives, NOON, weeks)
    assert forecast(data.draw(st.permutations(expiries)), answers, lives, NOON, weeks) == seen
    assert seen.due == sum(load.due for load in seen.days) and seen.due + seen.unknown <= sum(
        e.connections for e in expiries
    )
    assert all(seen.first <= load.day < seen.first + timedelta(days=7 * weeks) for load in seen.days)
    assert all(load.dark is None or 0 <= load.dark <= load.due for load in seen.banks)
    assert all(load.dark is None or 0 <= load.dark <= load.due for load in seen.days)

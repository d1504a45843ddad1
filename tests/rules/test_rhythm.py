"""Silence and gaps are judged by an account's own rhythm (DESIGN §9; `facts/aiia-economic.md` §4 no. 8 and 16)."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.model.facts import BankRow
from backend.model.findings import NOTHING_FOUND, Found
from backend.rules.findings import FOLLOWED, back_to, look
from backend.rules.rhythm import gap, is_holiday, lively, silent_since
from tests.fakes import row

DAY = timedelta(days=1)
MONDAY = date(2026, 6, 8)
"""The day after which the quiet begins; no holiday follows for months."""


def busy(until: date, weeks: int = 12, weekdays: tuple[int, ...] = (0, 1, 2, 3, 4)) -> set[date]:
    """Rows on each of these weekdays, up to `until`."""
    days = {until - step * DAY for step in range(7 * weeks)}
    return {day for day in days if day.weekday() in weekdays and not is_holiday(day)} | {until}


@pytest.mark.parametrize(("quiet", "silent"), [(1, False), (3, False), (4, True), (8, True), (400, True)])
def test_an_account_with_rows_each_day_is_silent_after_some_banking_days(quiet: int, silent: bool) -> None:
    as_of = MONDAY
    for _ in range(quiet + 1):
        as_of += DAY
        while as_of.weekday() > 4:
            as_of += DAY
    assert silent_since(busy(MONDAY), as_of) == (MONDAY + DAY if silent else None)


def test_a_weekend_and_easter_are_no_silence() -> None:
    wednesday = date(2026, 4, 1)
    assert silent_since(busy(wednesday), wednesday + 7 * DAY) is None
    assert silent_since(busy(wednesday), wednesday + 14 * DAY) == wednesday + DAY


def test_each_weekday_is_judged_by_itself() -> None:
    mondays_only = busy(MONDAY, weeks=20, weekdays=(0,))
    assert silent_since(mondays_only, MONDAY + 13 * DAY) is None
    assert silent_since(busy(MONDAY, weekdays=(0, 1)), MONDAY + 13 * DAY) is None
    assert silent_since(busy(MONDAY, weekdays=(0, 1)), MONDAY + 36 * DAY) == MONDAY + DAY


def test_an_account_that_was_as_quiet_before_is_not_silent() -> None:
    days = busy(MONDAY)
    holiday = {MONDAY - step * DAY for step in range(20, 35)}
    assert silent_since(days - holiday, MONDAY + 10 * DAY) is None
    assert silent_since(days, MONDAY + 10 * DAY) is not None


@pytest.mark.parametrize("days", [set(), busy(MONDAY, weeks=2), {MONDAY - 10 * n * DAY for n in range(9)}])
def test_too_short_a_history_says_nothing(days: set[date]) -> None:
    assert silent_since(days, MONDAY + 300 * DAY) is None
    assert gap(days, MONDAY, MONDAY + 300 * DAY) is None


@given(st.sets(st.integers(-120, 0), max_size=90), st.integers(0, 60), st.integers(0, 60))
def test_a_row_ends_the_silence_and_more_quiet_never_does(past: set[int], quiet: int, more: int) -> None:
    days = {MONDAY + step * DAY for step in past}
    as_of = MONDAY + quiet * DAY
    found = silent_since(days, as_of)
    if found is not None:
        assert found == max(days) + DAY <= as_of - 3 * DAY
        assert silent_since(days, as_of + more * DAY) == found
        assert silent_since(days | {as_of}, as_of) is None
    if lively(max(days, default=None), None, as_of):
        assert found is None, "what needs no history is never silent"


@pytest.mark.parametrize(("away", "found"), [(6, False), (7, False), (8, True), (60, True)])
def test_days_that_a_lapse_has_left_without_rows_are_a_gap(away: int, found: bool) -> None:
    back = MONDAY + away * DAY
    expected = (MONDAY + DAY, back - DAY) if found else None
    assert gap(busy(MONDAY) | {back}, MONDAY, back + DAY) == expected


def test_without_rows_since_the_gap_ends_at_the_banks_newest_word() -> None:
    assert gap(busy(MONDAY), MONDAY, MONDAY + 30 * DAY) == (MONDAY + DAY, MONDAY + 29 * DAY)


def test_a_quiet_account_has_no_gap() -> None:
    fortnightly = busy(MONDAY, weeks=12) - {MONDAY - step * DAY for step in range(1, 84) if step % 14}
    assert gap(fortnightly | {MONDAY + 12 * DAY}, MONDAY, MONDAY + 13 * DAY) is None


@given(st.sets(st.integers(-120, 60), max_size=120), st.integers(0, 60))
def test_a_gap_is_longer_than_a_week_and_holds_no_row(past: set[int], away: int) -> None:
    days = {MONDAY + step * DAY for step in past}
    found = gap(days, MONDAY, MONDAY + away * DAY)
    if found is not None:
        first, last = found
        assert last - first >= 7 * DAY - DAY
        assert not any(first <= day <= last for day in days)
        assert first - DAY in days and first <= MONDAY + DAY


# -- over several fetches --------------------------------------------------------------------------------------


def fetched(before: Found, *days: date, history: set[date] | None = None, lapsed: date, as_of: date) -> Found:
    rows: list[BankRow] = [row(str(day), day.isoformat()) for day in days]
    known = None if history is None else history | set(days)
    return look(before, rows, currency="DKK", days=known, lapsed=lapsed, as_of=as_of)


def test_a_gap_is_kept_until_rows_arrive_inside_it() -> None:
    back = MONDAY + 30 * DAY
    found = fetched(NOTHING_FOUND, back, history=busy(MONDAY), lapsed=MONDAY, as_of=back)
    assert (found.gap_from, found.gap_to) == (MONDAY + DAY, back - DAY)
    assert back_to(found) == MONDAY + DAY
    later = fetched(found, back, back + DAY, lapsed=back, as_of=back + DAY)
    assert later == found
    filled = fetched(found, back, MONDAY + 9 * DAY, lapsed=back, as_of=back + DAY)
    assert filled == NOTHING_FOUND and back_to(filled) is None


def test_a_gap_is_looked_for_no_longer_than_makes_sense() -> None:
    found = Found(gap_from=MONDAY, gap_to=MONDAY + 9 * DAY)
    late = MONDAY + 10 * DAY + FOLLOWED
    assert fetched(found, late, lapsed=late, as_of=late) == NOTHING_FOUND


def test_silence_ends_with_the_first_row() -> None:
    as_of = MONDAY + 15 * DAY
    found = fetched(NOTHING_FOUND, history=busy(MONDAY), lapsed=as_of, as_of=as_of)
    assert found == Found(silent_since=MONDAY + DAY)
    assert fetched(found, as_of, lapsed=as_of, as_of=as_of) == NOTHING_FOUND

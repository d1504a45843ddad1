"""Time alone: the right rows change at the right moment, on both nights on which a Danish clock jumps."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.model.facts import Consent, Verdict
from backend.model.health import HealthFacts
from backend.rules.assess import assess
from backend.rules.axes import EXPIRING_LEAD, HEALED_FOR, STARVED_AFTER
from backend.rules.danish import clock, moment
from backend.rules.explain import next_step, sentence
from backend.texts import LANGUAGES, texts_in
from tests.rules.test_assess import ANY, DAY, HOUR, NOW, failed, well

SPRING = datetime(2026, 3, 29, 1, tzinfo=UTC)
"""A Danish clock goes from 02:00 to 03:00."""

AUTUMN = datetime(2026, 10, 25, 1, tzinfo=UTC)
"""A Danish clock goes from 03:00 back to 02:00."""

MINUTE, TICK = timedelta(minutes=1), timedelta(minutes=10)
NIGHTS = pytest.mark.parametrize("night", [SPRING, AUTUMN], ids=["spring", "autumn"])
SAY = {language: texts_in(language) for language in LANGUAGES}


def moved(facts: HealthFacts, by: timedelta) -> HealthFacts:
    """The same facts at another time of the year."""
    known = ((name, getattr(facts, name)) for name in HealthFacts.__dataclass_fields__)
    times: dict[str, Any] = {name: at + by for name, at in known if isinstance(at, datetime)}
    return replace(facts, **times)


# -- each rule of time at its moment ---------------------------------------------------------------------------


@NIGHTS
@pytest.mark.parametrize(
    ("facts", "after", "situation"),
    [
        (well(next_fetch_at=NOW), STARVED_AFTER, "starved"),
        (well(usual_end_at=NOW + 8 * DAY), 8 * DAY - EXPIRING_LEAD, "early_death"),
        (well(usual_end_at=NOW + 8 * DAY, expires_at=None), 8 * DAY - EXPIRING_LEAD, "renewal_due"),
        (well(healed_at=NOW), HEALED_FOR, None),
        (well(expires_at=NOW + 8 * DAY), 8 * DAY - EXPIRING_LEAD, "renewal_due"),
        (well(queued=1, oldest_due_at=NOW + 6 * HOUR), 6 * HOUR, "transfer_late"),
        (well(renewed_at=NOW, last_fetched=NOW - HOUR), 6 * HOUR, None),
        (failed("rate_limited", last_until=NOW + 2 * HOUR), 2 * HOUR + HOUR / 2, "stuck_in_error"),
        (well(consent=Consent.EXPIRED, usual_end_at=NOW + 8 * DAY, expires_at=None), DAY, "renewal_due"),
    ],
)
def test_each_rule_of_time_holds_from_its_moment_on(
    night: datetime, facts: HealthFacts, after: timedelta, situation: str | None
) -> None:
    """The clock of the wall jumps between the two; what was promised in hours still takes as many."""
    by = night - NOW - after / 2
    there = replace(moved(facts, by), stale_after=60 * 86_400)
    turn = NOW + by + after
    assert assess(there, turn - timedelta(microseconds=1)).situation != situation
    assert assess(there, turn).situation == situation
    changes, at = [], NOW + by
    while (change := assess(there, at).next_change_at) is not None and change <= turn:
        changes.append(at := change)
    assert changes[-1] == turn


def test_six_hours_are_six_hours_when_the_clock_jumps() -> None:
    """Renewed half an hour after midnight: 07:30 in spring, 05:30 in autumn."""
    for midnight, until in ((SPRING - 2 * HOUR, "29.03.26, 07:30"), (AUTUMN - 3 * HOUR, "25.10.26, 05:30")):
        renewed = midnight + HOUR / 2
        found = assess(well(renewed_at=renewed, last_fetched=renewed - HOUR, expires_at=None), renewed)
        assert found.verdict is Verdict.WAIT and found.wait_until == renewed + 6 * HOUR
        assert until in sentence(found, SAY["da"], bank="Nordea")


# -- words in local time ---------------------------------------------------------------------------------------


@NIGHTS
def test_no_two_instants_of_the_night_read_the_same_and_none_is_left_out(night: datetime) -> None:
    instants = [night - 4 * HOUR + place * TICK for place in range(8 * 6)]
    words = [moment(at) for at in instants]
    assert len(set(words)) == len(words)
    hours = [clock(night - HOUR / 2), clock(night), clock(night + HOUR)]
    assert hours == (["01:30", "03:00", "04:00"] if night == SPRING else ["02:30 CEST", "02:00 CET", "03:00"])
    offsets = {"CEST": timedelta(hours=2), "CET": timedelta(hours=1)}
    for at, word in zip(instants, words, strict=True):
        day, hour, *zone = word.replace(",", "").split()
        summer = night == SPRING if at >= night else night == AUTUMN
        offset = offsets[zone[0]] if zone else offsets["CEST" if summer else "CET"]
        assert datetime.strptime(f"{day} {hour}", "%d.%m.%y %H:%M").replace(tzinfo=UTC) - offset == at


@NIGHTS
@given(st.integers(-300, 300), st.integers(1, 3000))
def test_a_time_to_wait_for_fits_its_column_all_night(night: datetime, minutes: int, ahead: int) -> None:
    until = night + minutes * MINUTE
    now = until - ahead * MINUTE
    found = assess(failed("rate_limited", last_until=until, expires_at=None), now)
    assert found.wait_until == until
    for say in SAY.values():
        assert clock(until) in next_step(found, say, now)
        assert len(next_step(found, say, now)) <= 28


# -- nothing is skipped ----------------------------------------------------------------------------------------


@NIGHTS
@settings(max_examples=12)
@given(facts=ANY, start=st.integers(0, 28 * 24 * 60))
def test_stepping_along_the_changes_is_as_good_as_asking_every_ten_minutes(
    night: datetime, facts: HealthFacts, start: int
) -> None:
    """A month around the night, from any minute: what `catch_up` does is what a look at every row would find."""
    now = night - start * MINUTE
    there = moved(facts, now - NOW)
    told = assess(there, now)
    for tick in range(1, 31 * 24 * 6):
        at = now + tick * TICK
        while told.next_change_at is not None and told.next_change_at <= at:
            told = assess(there, told.next_change_at)
        assert assess(there, at) == told

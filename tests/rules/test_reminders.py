"""Whether a customer is reminded now: as a table, and under any order of rounds, crashes and news."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.model.facts import Consent, Stage
from backend.model.reminders import Mailing, Past, ReminderFacts, schedule_text, steps
from backend.rules.reminders import ADDRESS_REFUSED, day_of, outlook
from tests.fakes import NOON

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
SCHEDULE = steps("7d,3d,1d")
END = NOON + 7 * DAY
FACTS = ReminderFacts(
    connection="c1",
    agreement_number="1001",
    customer="Kunde 1",
    bank="Nordea",
    email="kunde1@example.test",
    consent=1,
    said=Consent.VALID,
    expires_at=END,
    usual_end_at=None,
)


def past(
    step: str = "7d", at: datetime = NOON, state: Mailing = Mailing.SENT, end: datetime = END, reason: str = ""
) -> Past:
    return Past(end=day_of(end), step=steps(step)[0], state=state, reason=reason, at=at)


@pytest.mark.parametrize(
    ("change", "later", "due", "reason"),
    [
        ({}, timedelta(0), "7d", ""),
        ({}, -timedelta(seconds=1), None, "early"),
        ({}, 3.9 * DAY, "7d", ""),
        ({}, 4 * DAY, "3d", ""),
        ({}, 6.5 * DAY, "1d", ""),
        ({}, 7 * DAY, None, "no_end"),
        ({"expires_at": None}, timedelta(0), None, "no_end"),
        ({"removed": True}, timedelta(0), None, "removed"),
        ({"consent": None}, timedelta(0), None, "not_live"),
        ({"said": Consent.EXPIRED}, timedelta(0), None, "not_live"),
        ({"said": Consent.REVOKED_BY_CUSTOMER}, timedelta(0), None, "not_live"),
        ({"said": Consent.SUPERSEDED}, timedelta(0), None, "superseded"),
        ({"said": Consent.EXPIRING}, timedelta(0), "7d", ""),
        ({"twin": True}, timedelta(0), None, "twin"),
        ({"incident": True}, timedelta(0), None, "incident"),
        ({"acting": True}, timedelta(0), None, "acting"),
        ({"case_stage": Stage.AUTHORISED}, timedelta(0), None, "under_way"),
        ({"case_stage": Stage.AUTHORISED, "case_note": "bank_down"}, timedelta(0), None, "under_way"),
        ({"case_stage": Stage.AUTHORISED, "case_note": "no_accounts"}, timedelta(0), "7d", ""),
        ({"case_stage": Stage.FETCHED}, timedelta(0), "7d", ""),
        ({"case_stage": Stage.LINK_MADE}, timedelta(0), "7d", ""),
        ({"case_stage": Stage.SENT, "link_at": NOON - 23 * HOUR}, timedelta(0), None, "young_link"),
        ({"case_stage": Stage.SENT, "link_at": NOON - 24 * HOUR}, timedelta(0), "7d", ""),
        ({"email": ""}, timedelta(0), "7d", "no_email"),
        ({"past": (past(),)}, HOUR, None, "done"),
        ({"past": (past(),)}, 4 * DAY, "3d", ""),
        ({"past": (past(at=NOON + 3.5 * DAY),)}, 4 * DAY, None, "young_link"),
        ({"past": (past(state=Mailing.UNKNOWN),)}, HOUR, None, "done"),
        ({"past": (past(state=Mailing.INTENT),)}, HOUR, None, "done"),
        ({"past": (past(state=Mailing.SKIPPED),)}, HOUR, None, "done"),
        ({"past": (past(state=Mailing.FAILED, reason="unreachable"),)}, 0.9 * HOUR, None, "retry"),
        ({"past": (past(state=Mailing.FAILED, reason="unreachable"),)}, HOUR, "7d", ""),
        ({"past": (past(state=Mailing.FAILED, reason=ADDRESS_REFUSED),)}, DAY, None, "done"),
        ({"past": (past(state=Mailing.FAILED, reason=ADDRESS_REFUSED),)}, 4 * DAY, "3d", ""),
        ({"past": (past(end=END - 20 * HOUR),)}, HOUR, None, "done"),
        ({"past": (past(at=NOON - 30 * DAY, end=END - 30 * DAY),)}, timedelta(0), "7d", ""),
        ({"usual_end_at": NOON + 3 * DAY}, timedelta(0), "3d", ""),
        ({"usual_end_at": NOON - DAY}, timedelta(0), "7d", ""),
        ({"usual_end_at": NOON + DAY, "expires_at": None}, timedelta(0), "1d", ""),
    ],
)
def test_the_rule(change: dict[str, object], later: timedelta, due: str | None, reason: str) -> None:
    facts = replace(FACTS, **change)  # type: ignore[arg-type]
    seen = outlook(facts, SCHEDULE, NOON + later)
    assert (seen.due, seen.reason) == (steps(due)[0] if due else None, reason)
    assert outlook(facts, (), NOON + later).reason == "off"


def test_what_is_planned_next_is_told() -> None:
    assert outlook(FACTS, SCHEDULE, NOON - DAY).at == NOON
    assert outlook(replace(FACTS, past=(past(),)), SCHEDULE, NOON + HOUR).at == NOON + 4 * DAY
    assert outlook(replace(FACTS, past=(past("1d", NOON + 6 * DAY),)), SCHEDULE, NOON + 6 * DAY).at is None
    young = replace(FACTS, case_stage=Stage.SENT, link_at=NOON - HOUR)
    assert outlook(young, SCHEDULE, NOON).at == NOON + 23 * HOUR
    learnt = outlook(replace(FACTS, usual_end_at=NOON + 2 * DAY), SCHEDULE, NOON)
    assert (learnt.end, learnt.learnt) == (NOON + 2 * DAY, True)


@pytest.mark.parametrize(
    "night", [datetime(2026, 3, 28, 23, 30, tzinfo=UTC), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)]
)
def test_an_end_that_is_told_more_exactly_is_the_same_end_across_summer_time(night: datetime) -> None:
    known = (past(end=night, at=night - 7 * DAY),)
    for minutes in (-600, -40, 40, 600):
        moved = replace(FACTS, expires_at=night + timedelta(minutes=minutes), past=known)
        assert outlook(moved, SCHEDULE, night - 6 * DAY).reason == "done"


def test_a_schedule_is_read_as_it_is_written() -> None:
    assert steps("1d, 7D,36h,7d") == (7 * 86_400, 36 * 3_600, 86_400)
    assert schedule_text(steps("36h,1d")) == "36h,1d" and schedule_text(steps("OFF")) == "off"
    for wrong in ("", "7", "7d,", "0d", "-1d", "1w", "7d off", "1000d"):
        with pytest.raises(ValueError):
            steps(wrong)


MOVES = st.sampled_from(["round", "crash", "down", "lost", "refused", "hours", "half", "days", "minutes", "incident"])


@given(st.lists(MOVES, max_size=60), st.sampled_from([SCHEDULE, steps("5d,4d,3d,2d,1d"), steps("30d,12h")]))
def test_no_step_is_mailed_twice_under_any_order_of_rounds_failures_and_crashes(
    moves: list[str], schedule: tuple[int, ...]
) -> None:
    now, facts, mailed = NOON - 2 * DAY, FACTS, []
    for move in moves:
        now += {"hours": 5 * HOUR, "half": HOUR / 2, "days": 1.5 * DAY}.get(move, timedelta(minutes=7))
        if move == "minutes":
            assert facts.expires_at is not None
            facts = replace(facts, expires_at=END + (END - facts.expires_at) + timedelta(minutes=9))
        facts = replace(facts, incident=facts.incident != (move == "incident"))
        # What was left as intent is unknown to the next process.
        kept = tuple(replace(p, state=Mailing.UNKNOWN) if p.state is Mailing.INTENT else p for p in facts.past)
        facts = replace(facts, past=kept)
        if move not in ("round", "crash", "down", "lost", "refused"):
            continue
        seen = outlook(facts, schedule, now)
        if seen.due is None or seen.day is None:
            continue
        assert not facts.incident and now < END + HOUR
        state = {"crash": Mailing.INTENT, "down": Mailing.FAILED, "refused": Mailing.FAILED, "lost": Mailing.UNKNOWN}
        one = Past(
            end=seen.day,
            step=seen.due,
            state=state.get(move, Mailing.SENT),
            reason={"refused": ADDRESS_REFUSED, "down": "unreachable"}.get(move, ""),
            at=now,
        )
        others = tuple(p for p in facts.past if (p.end, p.step) != (one.end, one.step))
        assert all(p.state is Mailing.FAILED for p in facts.past if p not in others)
        facts = replace(facts, past=(*others, one))
        if move != "down":
            mailed.append((seen.due, now))
    assert len({step for step, _ in mailed}) == len(mailed)
    if "refused" not in moves:
        assert all(later - earlier >= DAY for (_, earlier), (_, later) in pairwise(mailed)), "that would be nagging"


@given(
    st.sampled_from(list(Stage)), st.booleans(), st.booleans(), st.integers(-200, 200), st.sampled_from(list(Consent))
)
def test_never_in_an_incident_and_never_while_the_customers_login_is_being_tried(
    stage: Stage, incident: bool, removed: bool, hours: int, said: Consent
) -> None:
    facts = replace(FACTS, case_stage=stage, incident=incident, removed=removed, said=said)
    seen = outlook(facts, SCHEDULE, NOON + hours * HOUR)
    if seen.due is not None:
        assert not incident and not removed and said in (Consent.VALID, Consent.EXPIRING)
        # Once the new consent has proved itself its own end counts, whatever its rows wait for.
        assert stage is not Stage.AUTHORISED

"""What an act would do: run, wait until a time, or be refused with the reason."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.model.facts import Act, Consent, Fetch, Stage
from backend.model.health import HealthFacts
from backend.model.limits import Budget
from backend.model.views import FleetRow
from backend.rules.allowance import budget
from backend.rules.assess import assess
from backend.rules.axes import LIVE
from backend.rules.eligibility import HURDLES, judge
from backend.texts import table
from tests.rules.test_assess import FACTS, NOW, WELL

HOUR, DAY = timedelta(hours=1), timedelta(days=1)

ROW = FleetRow(
    id="c1",
    agreement_number="1234567",
    customer="Nordhavn Cykler ApS",
    bank="Nordea",
    provider="aiia",
    status="AKTIV",
    consent="valid",
    fetch="ok",
    transfer="idle",
    verdict="fine",
    situation=None,
    action=None,
    wait_until=None,
    expires_at=None,
    data_from=None,
    last_fetched=None,
    pending=0,
)

LINK: dict[str, Any] = {"case_kind": Act.RENEW, "case_stage": Stage.SENT, "case_opened_at": NOW - DAY}
RENEWED: dict[str, Any] = {"renewed_at": NOW - HOUR}
RUN = ("run", "", None)
PROMISED = NOW + 5 * HOUR


def facts(**changes: Any) -> HealthFacts:
    return replace(WELL, **changes)


@pytest.mark.parametrize(
    ("known", "connect", "renew", "sync", "remove"),
    [
        (WELL, RUN, RUN, RUN, RUN),
        (
            facts(last_outcome="rate_limited", last_until=NOW + HOUR),
            *(RUN, RUN, ("wait", "rate_limited", NOW + HOUR), RUN),
        ),
        (facts(last_outcome="rate_limited", last_until=NOW), RUN, RUN, RUN, RUN),
        (facts(last_outcome="bank_down"), RUN, *[("refused", "bank_down", None)] * 2, RUN),
        (facts(last_outcome="unreachable"), RUN, *[("refused", "provider_down", None)] * 2, RUN),
        (facts(last_outcome="bank_down", expires_at=NOW), RUN, RUN, ("refused", "renew_first", None), RUN),
        (facts(last_outcome="bank_down", last_attempt_at=NOW - 3 * DAY), RUN, RUN, RUN, RUN),
        (facts(last_outcome="refused_credentials"), *[("refused", "refused_credentials", None)] * 3, RUN),
        (facts(last_outcome="malformed"), RUN, RUN, RUN, RUN),
        (facts(**LINK), ("refused", "renewal_open", None), ("refused", "renewal_open", None), RUN, RUN),
        (facts(**{**LINK, "case_opened_at": NOW - 3 * DAY}), RUN, RUN, RUN, RUN),
        (facts(**{**LINK, "case_stage": Stage.RELEASED}), RUN, RUN, RUN, RUN),
        (facts(**RENEWED), RUN, ("refused", "renewed_wait", PROMISED), ("wait", "renewed_wait", PROMISED), RUN),
        (facts(**RENEWED, consent=Consent.REVOKED_BY_BANK), RUN, RUN, ("refused", "renew_first", None), RUN),
        (facts(expires_at=NOW), RUN, RUN, ("refused", "renew_first", None), RUN),
        (facts(last_outcome="needs_customer"), RUN, RUN, ("refused", "renew_first", None), RUN),
        (facts(last_outcome="suspended"), RUN, RUN, ("refused", "renew_first", None), RUN),
        (facts(**{**LINK, "case_stage": Stage.AUTHORISED}, case_note="wrong_entry"), RUN, RUN, RUN, RUN),
        (HealthFacts(), RUN, RUN, ("refused", "no_consent", None), RUN),
        (facts(removed_at=NOW - DAY), RUN, *[("refused", "already_removed", None)] * 3),
    ],
)
def test_each_hurdle(known: HealthFacts, connect: object, renew: object, sync: object, remove: object) -> None:
    found = [judge(act, ROW, known, NOW) for act in (Act.CONNECT, Act.RENEW, Act.SYNC, Act.REMOVE)]
    assert [(item.fate, item.reason, item.until) for item in found] == [connect, renew, sync, remove]


def test_an_item_names_its_connection_and_what_it_spends() -> None:
    item = judge(Act.SYNC, ROW, WELL, NOW)
    assert (item.connection, item.agreement_number, item.customer, item.bank) == (
        *("c1", "1234567", "Nordhavn Cykler ApS", "Nordea"),
    )
    assert item.calls == 1
    assert [judge(act, ROW, WELL, NOW).calls for act in (Act.RENEW, Act.CONNECT, Act.REMOVE)] == [0, 0, 0]
    assert judge(Act.SYNC, ROW, HealthFacts(), NOW).calls == 0


SPENT = Budget(used=3, left=0, next_at=NOW + 2 * HOUR)


def test_a_sync_waits_for_the_day_to_free_a_look_up_and_no_other_act_does() -> None:
    item = judge(Act.SYNC, ROW, WELL, NOW, budget=SPENT)
    assert (item.fate, item.reason, item.until, item.left) == ("wait", "allowance_spent", NOW + 2 * HOUR, 0)
    assert judge(Act.SYNC, ROW, WELL, NOW, budget=Budget(used=2, left=1)).left == 1
    for act in (Act.CONNECT, Act.RENEW, Act.REMOVE):
        item = judge(act, ROW, WELL, NOW, budget=SPENT)
        assert (item.fate, item.calls, item.left) == ("run", 0, None)


def test_an_allowance_that_is_all_reserve_refuses_for_good() -> None:
    item = judge(Act.SYNC, ROW, WELL, NOW, budget=Budget(used=0, left=0))
    assert (item.fate, item.reason, item.calls) == ("refused", "allowance_spent", 0)


@pytest.mark.parametrize(
    ("provider", "many", "reason"),
    [
        *[("aiia", True, ""), ("aiia", False, "")],
        *[("powens", True, "provider_forbids_bulk"), ("powens", False, "")],
        *[("mastercard_us", True, "provider_forbids_bulk"), ("a provider of tomorrow", True, "provider_forbids_bulk")],
    ],
)
def test_who_forbids_bulk_is_asked_for_one_at_a_time(provider: str, many: bool, reason: str) -> None:
    row = replace(ROW, provider=provider)
    assert judge(Act.SYNC, row, WELL, NOW, many=many).reason == reason
    assert judge(Act.RENEW, row, WELL, NOW, many=many).reason == ""


@pytest.mark.parametrize("act", list(Act))
def test_two_acts_at_once_on_one_connection_are_refused(act: Act) -> None:
    assert judge(act, replace(ROW, running="sync:sent"), WELL, NOW).reason == "in_work"


def test_every_reason_has_its_words() -> None:
    assert {hurdle.reason for hurdle in HURDLES} <= table().keys()


BUDGETS = st.none() | st.builds(
    budget,
    st.lists(st.integers(0, 30).map(lambda hours: NOW - hours * HOUR), max_size=8),
    st.just(NOW),
    st.tuples(st.integers(0, 6), st.integers(0, 6)),
)


@given(FACTS, st.sampled_from(Act), BUDGETS)
def test_a_plan_never_does_what_the_laws_forbid(known: HealthFacts, act: Act, left: Budget | None) -> None:
    item = judge(act, ROW, known, NOW, budget=left)
    found = assess(known, NOW)
    assert (item.fate == "run") == (item.reason == "")
    if item.fate == "wait":
        assert item.until is not None
        assert item.until > NOW
    if act is Act.SYNC and item.fate == "run":
        assert found.consent in LIVE
        assert found.fetch not in (Fetch.RATE_LIMITED, Fetch.CUSTOMER_ACTION)
        assert left is None or item.calls <= left.left
    if act is Act.REMOVE:
        assert (item.fate == "run") == (found.consent is not Consent.REMOVED)


@given(FACTS)
def test_what_is_offered_as_the_primary_action_is_not_refused(known: HealthFacts) -> None:
    action = assess(known, NOW).action
    if action is not None:
        assert judge(action, ROW, known, NOW).fate == "run"


def test_the_clock_is_the_callers() -> None:
    later = datetime(2030, 1, 1, tzinfo=UTC)
    assert judge(Act.SYNC, ROW, facts(expires_at=None), later).fate == "run"
    assert judge(Act.SYNC, ROW, WELL, later).reason == "renew_first"

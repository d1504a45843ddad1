"""Health: the laws as properties over all facts there can be, and what is said of them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.model.facts import Act, Consent, Fetch, Stage, Status, Transfer, Verdict
from backend.model.health import Assessment, HealthFacts
from backend.rules.assess import assess
from backend.rules.axes import LIVE, STARVED_AFTER, fresh_until
from backend.rules.catalogue import IDS
from backend.rules.danish import moment
from backend.rules.eligibility import judge
from backend.rules.explain import explain, next_step, sentence
from backend.texts import LANGUAGES, texts_in
from tests.rules.test_assess import ALIVE, ANY, DAY, HOUR, LATER, NOW, OPEN, failed, well
from tests.rules.test_eligibility import ROW

SAY = {language: texts_in(language) for language in LANGUAGES}


def same(one: Assessment, other: Assessment) -> bool:
    return replace(one, next_change_at=None) == replace(other, next_change_at=None)


@settings(max_examples=500)
@given(ANY, LATER)
def test_nothing_changes_before_the_next_change_and_something_does_at_it(facts: HealthFacts, later: timedelta) -> None:
    found = assess(facts, NOW)
    change = found.next_change_at
    if change is not None:
        assert change > NOW
        assert not same(found, assess(facts, change))
        assert same(found, assess(facts, change - timedelta(microseconds=1)))
    if change is None or NOW + later < change:
        assert same(found, assess(facts, NOW + later))


@settings(max_examples=500)
@given(ANY)
def test_the_laws_hold(facts: HealthFacts) -> None:
    found = assess(facts, NOW)
    live = found.consent in LIVE
    assert (found.status is Status.AKTIV) == live
    assert found.situation is None or found.situation in IDS
    if found.verdict is Verdict.FINE and found.consent is not Consent.REMOVED:
        # Law 3: nothing is fine that fetched nothing, or nothing in time, or whose rows are late.
        assert live
        assert facts.last_outcome in ("ok", "ok_empty")
        fresh, due = fresh_until(facts), facts.next_fetch_at
        assert fresh is not None and fresh > NOW
        assert due is None or due + STARVED_AFTER > NOW
        assert found.transfer is not Transfer.LATE
    if found.fetch is Fetch.RATE_LIMITED and live and facts.last_outcome == "rate_limited":
        # Law 4: no remedy before the clock ends.
        assert (found.verdict, found.action) == (Verdict.WAIT, None)
    if live and facts.last_outcome in ("bank_down", "provider_down", "unreachable"):
        # Law 5: an outage is never the customer's.
        assert found.verdict is not Verdict.CUSTOMER
    if found.wait_until is not None:
        assert found.verdict is Verdict.WAIT
        assert found.wait_until > NOW
    if found.verdict in (Verdict.WAIT, Verdict.FINE, Verdict.INCIDENT):
        assert found.action is None
    assert found.reasons


@given(ALIVE, st.sampled_from([stage for stage in Stage if stage.open]))
def test_an_open_renewal_never_harms_a_live_consent(facts: HealthFacts, stage: Stage) -> None:
    without = assess(replace(facts, case_kind=None, case_stage=None, case_opened_at=None), NOW)
    opened = replace(facts, case_kind=Act.RENEW, case_stage=stage, case_opened_at=NOW - HOUR)
    during = assess(opened, NOW)
    assert (during.consent, during.status) == (without.consent, without.status)
    if not facts.mail_refused and (stage is not Stage.AUTHORISED or not facts.case_note):
        assert during.verdict == without.verdict


@given(ALIVE)
def test_renewing_is_never_offered_within_six_hours_of_a_renewal_that_lives(facts: HealthFacts) -> None:
    found = assess(replace(facts, renewed_at=NOW - HOUR), NOW)
    assert found.action is not Act.RENEW


@given(ANY)
def test_every_assessment_can_be_told_in_both_languages(facts: HealthFacts) -> None:
    found = assess(facts, NOW)
    for say in SAY.values():
        lines = explain(found, say)
        assert len(lines) == len(found.reasons)
        told = sentence(found, say, bank="Nordea {x}")
        assert "{bank}" not in told
        step = next_step(found, say)
        assert 0 < len(step) <= 28
        assert "{" not in step


@pytest.mark.parametrize("latest", [datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)])
def test_the_ends_of_the_calendar_are_times_too(latest: datetime) -> None:
    names = {n for n in HealthFacts.__dataclass_fields__ if n.endswith(("_at", "_since", "_until"))} - {"removed_at"}
    facts = well(**dict.fromkeys(names, latest), last_outcome="rate_limited", last_fetched=latest)
    assert explain(assess(facts, NOW), SAY["da"])


def test_times_are_written_as_danes_write_them() -> None:
    limited = assess(failed("rate_limited", last_until=NOW + 2 * HOUR), NOW)
    assert next_step(limited, SAY["da"], NOW) == "vent til 15:00"
    assert next_step(limited, SAY["da"], NOW - 2 * DAY) == "vent til 11.02. 15:00"
    assert "11.02.26, 15:00" in sentence(limited, SAY["da"], bank="Nordea")
    assert moment(datetime(2022, 4, 12, 7, 58, tzinfo=UTC)) == "12.04.22, 09:58"


def test_the_customer_is_told_of_the_link_that_is_out() -> None:
    waiting = assess(well(expires_at=NOW - DAY, **OPEN), NOW)
    assert sentence(waiting, SAY["da"], bank="Nordea").endswith("Vi har sendt dig en mail med et link.")
    assert next_step(waiting, SAY["da"]) == "afvent kunden"
    assert next_step(assess(well(expires_at=NOW), NOW), SAY["da"]) == "r forny"
    assert next_step(assess(failed("needs_customer", sync_failed=True), NOW), SAY["da"]) == "r forny, så synkroniser"


def test_ready_answers_for_a_dead_consent_are_no_success() -> None:
    """Law 3: the aggregator's store was read, but nothing new can come until the customer renews."""
    facts = HealthFacts(
        consent=Consent.VALID,
        expires_at=NOW - timedelta(days=20),
        connected_at=NOW - timedelta(days=110),
        last_fetched=NOW - timedelta(days=20),
        last_synchronized=NOW - timedelta(days=20),
        last_attempt_at=NOW,
        last_outcome="ok",
        accounts=1,
    )
    found = assess(facts, NOW)
    assert (found.consent, found.fetch, found.action) == (Consent.EXPIRED, Fetch.CUSTOMER_ACTION, Act.RENEW)


# -- what is offered and what would run ------------------------------------------------------------------------


@settings(max_examples=500)
@given(ANY)
def test_the_key_that_is_offered_is_one_that_would_run(facts: HealthFacts) -> None:
    found = assess(facts, NOW)
    fates = {act: judge(act, ROW, facts, NOW) for act in Act}
    if found.action is not None:
        assert fates[found.action].fate == "run"
    if found.verdict is Verdict.CUSTOMER:
        # The customer's way is a link: it is offered exactly when one may be made.
        assert found.action in (Act.RENEW, Act.CONNECT, None)
        assert (found.action is not None) == (fates[Act.RENEW].fate == "run")
    if found.verdict is Verdict.WAIT and fates[Act.SYNC].fate == "wait":
        assert found.wait_until == fates[Act.SYNC].until
    if fates[Act.SYNC].reason in ("incident_open", "bank_down", "provider_down"):
        # Law 5: neither the customer nor a key can do anything about an outage.
        assert found.verdict is not Verdict.CUSTOMER and found.action is None


@given(ANY, st.sampled_from(["bank", "cluster", "provider"]))
def test_inside_an_incident_only_a_consent_that_is_over_asks_the_customer(facts: HealthFacts, scope: str) -> None:
    found = assess(replace(facts, incident=scope), NOW)
    if found.consent in LIVE:
        assert found.verdict in (Verdict.INCIDENT, Verdict.WAIT)
    else:
        without = assess(replace(facts, incident=None), NOW)
        assert (found.verdict, found.situation, found.action) == (without.verdict, without.situation, without.action)


BREAKAGE = {
    "transfer_late",
    "ledger_refuses",
    "rate_limited",
    "bank_outage",
    "provider_fault",
    "suspended",
    "own_credentials",
    "stale_silent",
    "starved",
    "renewed_wait",
}
AT_LEISURE: dict[str, Any] = {
    "unselected": True,
    "unseen": 1,
    "silent": 1,
    "balance_off": 1,
    "changed_rows": 1,
    "rows_missing": 1,
    "gap_from": "2026-01-03",
    "gap_to": "2026-01-20",
    "events_silent_since": NOW - DAY,
    "healed_at": NOW - HOUR,
}


@given(ANY)
def test_what_is_looked_at_at_leisure_hides_nothing_that_is_broken(facts: HealthFacts) -> None:
    before = assess(facts, NOW)
    after = assess(replace(facts, **AT_LEISURE), NOW)
    if before.situation in BREAKAGE or before.consent not in LIVE:
        assert (after.situation, after.verdict, after.action) == (before.situation, before.verdict, before.action)

"""Health: the table row by row, then the laws as properties over all facts there can be."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.model.facts import Act, Consent, Fetch, Stage, Status, Transfer, Verdict
from backend.model.health import Assessment, HealthFacts
from backend.rules.assess import RULES, assess
from backend.rules.axes import EXPIRING_LEAD, LIVE
from backend.rules.catalogue import CATALOGUE, IDS, OWN
from backend.rules.danish import moment
from backend.rules.explain import explain, next_step, sentence
from backend.texts import LANGUAGES, texts_in

NOW = datetime(2026, 2, 11, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

WELL = HealthFacts(
    consent=Consent.VALID,
    expires_at=NOW + 40 * DAY,
    connected_at=NOW - 200 * DAY,
    renewed_at=NOW - 50 * DAY,
    last_fetched=NOW - HOUR,
    last_synchronized=NOW - HOUR,
    last_attempt_at=NOW - HOUR,
    last_outcome="ok",
    accounts=2,
)
"""A connection with nothing to say about it; the tables below change single facts."""


def well(**changes: Any) -> HealthFacts:
    return replace(WELL, **changes)


def failed(outcome: str, **changes: Any) -> HealthFacts:
    return well(last_outcome=outcome, failing_since=NOW - HOUR, **changes)


OPEN: dict[str, Any] = {"case_kind": Act.RENEW, "case_stage": Stage.SENT, "case_opened_at": NOW - DAY}
OLD_OPEN: dict[str, Any] = {**OPEN, "case_opened_at": NOW - 4 * DAY}
C, W, O, I, F = Verdict.CUSTOMER, Verdict.WAIT, Verdict.OPERATOR, Verdict.INCIDENT, Verdict.FINE  # noqa: E741

TABLE: list[tuple[HealthFacts, Verdict, str | None, Act | None, datetime | None]] = [
    (WELL, F, None, None, None),
    (well(last_outcome="ok_empty"), F, None, None, None),
    (well(running_since=NOW - timedelta(minutes=1)), F, None, None, None),
    (well(unmapped=1, orphaned=0), F, None, None, None),
    (well(held=3), F, None, None, None),
    (well(queued=2, oldest_due_at=NOW + HOUR), F, None, None, None),
    # 1, 2: renewal
    (well(expires_at=NOW), C, "renewal_due", Act.RENEW, None),
    (well(expires_at=NOW + 6 * DAY), C, "renewal_due", Act.RENEW, None),
    (well(expires_at=NOW + 6 * DAY, **OPEN), C, "renewal_due", None, None),
    (well(expires_at=NOW + 6 * DAY, **OLD_OPEN), C, "renewal_due", Act.RENEW, None),
    (failed("needs_customer", expires_at=None), C, "renewal_due", Act.RENEW, None),
    (failed("needs_customer"), C, "renewal_early", Act.RENEW, None),
    (failed("needs_customer", **OPEN), C, "renewal_early", None, None),
    # 3, 4: the bank wants the customer
    (well(sync_failed=True, last_synchronized=NOW - 50 * DAY + HOUR), C, "supervised_only", Act.RENEW, None),
    (well(sync_failed=True), C, "sync_before_renew", Act.RENEW, None),
    (failed("needs_customer", sync_failed=True), C, "sync_before_renew", Act.RENEW, None),
    (well(expires_at=NOW - DAY, sync_failed=True), C, "sync_before_renew", Act.RENEW, None),
    # 5: patience after a renewal
    (well(renewed_at=NOW - HOUR, last_fetched=NOW - 9 * DAY), W, "renewed_wait", None, NOW + 5 * HOUR),
    (well(renewed_at=NOW - HOUR, last_outcome="ok_empty"), W, "renewed_wait", None, NOW + 5 * HOUR),
    (well(renewed_at=NOW - 2 * HOUR, last_synchronized=NOW - 3 * HOUR), W, "renewed_wait", None, NOW + 4 * HOUR),
    (well(renewed_at=NOW - HOUR, sync_failed=True), W, "renewed_wait", None, NOW + 5 * HOUR),
    (well(renewed_at=NOW - HOUR, orphaned=1), C, "account_vanished", None, None),
    (failed("needs_customer", renewed_at=NOW - HOUR), W, "renewed_wait", None, NOW + 5 * HOUR),
    (well(renewed_at=NOW - 2 * HOUR), F, None, None, None),
    # 6: a rate limit has its own clock
    (failed("rate_limited", last_until=NOW + 2 * HOUR), W, "rate_limited", None, NOW + 2 * HOUR),
    (failed("rate_limited", last_until=NOW), W, "rate_limited", None, NOW + HOUR / 2),
    (failed("rate_limited", last_until=NOW - HOUR), O, "stuck_in_error", Act.SYNC, None),
    (failed("rate_limited", last_attempt_at=NOW - HOUR / 2), W, "rate_limited", None, NOW + HOUR / 2),
    # 7: outages
    (failed("bank_down"), I, "bank_outage", None, None),
    (failed("bank_down", renewed_at=NOW - HOUR), I, "bank_outage", None, None),
    (failed("provider_down"), I, "provider_fault", None, None),
    (failed("unreachable"), I, "provider_fault", None, None),
    # 9, 14, 15: accounts and rows
    (well(orphaned=1), C, "account_vanished", Act.RENEW, None),
    (well(held=2, held_reason="no_ledger_account", unmapped=1), O, "no_ledger_account", None, None),
    (well(held=2, held_reason="suspected_duplicate"), O, "suspected_duplicates", None, None),
    (well(rejected=1), O, "rows_rejected", None, None),
    # 19, 20: consents that ended otherwise
    (well(consent=Consent.REVOKED_BY_CUSTOMER), C, "consent_revoked", Act.RENEW, None),
    (well(consent=Consent.REVOKED_BY_BANK), C, "consent_revoked", Act.RENEW, None),
    (well(consent=Consent.REJECTED), C, "renewal_refused", Act.RENEW, None),
    (well(consent=Consent.SUPERSEDED), O, "second_connection", None, None),
    (well(removed_at=NOW - DAY), F, "removed_consent_alive", None, None),
    (well(removed_at=NOW - DAY, expires_at=NOW), F, None, None, None),
    (well(removed_at=NOW - DAY, expires_at=None, queued=3, oldest_due_at=NOW - DAY), F, None, None, None),
    # 21, 22: silence
    (well(last_fetched=NOW - 36 * HOUR), O, "stale_silent", Act.SYNC, None),
    (well(last_synchronized=NOW - 40 * HOUR), O, "stale_silent", Act.SYNC, None),
    (failed("bank_down", last_attempt_at=NOW - 36 * HOUR), O, "stuck_in_error", Act.SYNC, None),
    # 23, 26, 27: faults of ours and of the ledger
    (failed("refused_credentials"), I, "own_credentials", None, None),
    (failed("refused"), O, "unexplained_error", Act.SYNC, None),
    (failed("malformed"), O, "unexplained_error", Act.SYNC, None),
    (failed("something new"), O, "unexplained_error", Act.SYNC, None),
    (failed("gone"), O, "consent_gone", Act.RENEW, None),
    (failed("partial"), O, "partly_fetched", Act.SYNC, None),
    (well(queued=1, delivery_outcome="refused"), O, "ledger_refuses", None, None),
    (well(queued=1, delivery_outcome="refused_credentials"), I, "ledger_refuses", None, None),
    (well(queued=1, oldest_due_at=NOW, delivery_outcome="provider_down"), I, "transfer_late", None, None),
    (well(queued=1, oldest_due_at=NOW + HOUR, delivery_outcome="provider_down"), F, None, None, None),
    (well(queued=1, oldest_due_at=NOW), O, "transfer_late", None, None),
    # beginnings
    (HealthFacts(), O, "not_connected", Act.CONNECT, None),
    (HealthFacts(consent=Consent.VALID), W, "first_fetch", None, None),
    (HealthFacts(consent=Consent.VALID, connected_at=NOW - HOUR), W, "first_fetch", None, NOW + 5 * HOUR),
    (HealthFacts(consent=Consent.VALID, connected_at=NOW - 2 * DAY), O, "stale_silent", Act.SYNC, None),
    (HealthFacts(**{**OPEN, "case_kind": Act.CONNECT}), C, "awaiting_customer", None, None),
    (HealthFacts(**{**OLD_OPEN, "case_kind": Act.CONNECT}), C, "awaiting_customer", Act.CONNECT, None),
    (well(expires_at=NOW - DAY, **OPEN), C, "awaiting_customer", None, None),
    (well(expires_at=NOW - DAY, **OLD_OPEN), C, "awaiting_customer", Act.RENEW, None),
    (
        well(expires_at=NOW - DAY, case_stage=Stage.AUTHORISED, case_opened_at=NOW - HOUR),
        *(W, "first_fetch", None, NOW + 5 * HOUR),
    ),
    (
        well(expires_at=NOW - DAY, case_stage=Stage.AUTHORISED, case_opened_at=NOW - DAY),
        O,
        "renewal_unproven",
        None,
        None,
    ),
    (well(expires_at=NOW - DAY, case_stage=Stage.ABANDONED), C, "renewal_due", Act.RENEW, None),
]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row[2]}-{row[1]}")
def test_each_situation(row: tuple[HealthFacts, Verdict, str | None, Act | None, datetime | None]) -> None:
    facts, verdict, situation, action, until = row
    found = assess(facts, NOW)
    assert (found.verdict, found.situation, found.action, found.wait_until) == (verdict, situation, action, until)


def test_the_table_names_all_that_the_catalogue_promises_and_the_examples_reach_them() -> None:
    named = {situation.id for situation in (*CATALOGUE, *OWN) if situation.named}
    assert {rule.situation for rule in RULES} - {None} == named
    assert {row[2] for row in TABLE} - {None} == named


@pytest.mark.parametrize(
    ("facts", "consent", "status"),
    [
        (WELL, Consent.VALID, Status.AKTIV),
        (well(expires_at=None), Consent.VALID, Status.AKTIV),
        (well(expires_at=NOW + EXPIRING_LEAD), Consent.EXPIRING, Status.AKTIV),
        (well(consent=Consent.EXPIRING, expires_at=None), Consent.EXPIRING, Status.AKTIV),
        (well(expires_at=NOW), Consent.EXPIRED, Status.INAKTIV),
        (well(consent=Consent.EXPIRED), Consent.EXPIRED, Status.INAKTIV),
        (well(consent=Consent.REVOKED_BY_BANK, **OPEN), Consent.AWAITING_CUSTOMER, Status.INAKTIV),
        (well(removed_at=NOW, **OPEN), Consent.REMOVED, Status.INAKTIV),
        (well(**OPEN), Consent.VALID, Status.AKTIV),
        (well(expires_at=NOW + DAY, **OPEN), Consent.EXPIRING, Status.AKTIV),
    ],
)
def test_the_consent_axis(facts: HealthFacts, consent: Consent, status: Status) -> None:
    found = assess(facts, NOW)
    assert (found.consent, found.status) == (consent, status)


@pytest.mark.parametrize(
    ("facts", "fetch"),
    [
        (well(last_outcome=None), Fetch.NEVER),
        (well(last_outcome="ok"), Fetch.OK),
        (well(last_outcome="ok_empty"), Fetch.OK_EMPTY),
        (well(last_outcome="partial"), Fetch.PARTIAL),
        (failed("needs_customer"), Fetch.CUSTOMER_ACTION),
        (failed("bank_down"), Fetch.BANK_DOWN),
        (failed("provider_down"), Fetch.PROVIDER_DOWN),
        (failed("unreachable"), Fetch.PROVIDER_DOWN),
        (failed("refused"), Fetch.INTERNAL_ERROR),
        (failed("refused_credentials"), Fetch.INTERNAL_ERROR),
        (failed("rate_limited", last_until=NOW + HOUR), Fetch.RATE_LIMITED),
        (failed("rate_limited", last_until=NOW), Fetch.OK),
        (failed("rate_limited", last_until=NOW, last_fetched=None), Fetch.NEVER),
        (well(running_since=NOW - HOUR / 6), Fetch.RUNNING),
        (well(running_since=NOW - HOUR), Fetch.OK),
    ],
)
def test_the_fetch_axis(facts: HealthFacts, fetch: Fetch) -> None:
    assert assess(facts, NOW).fetch is fetch


@pytest.mark.parametrize(
    ("facts", "transfer"),
    [
        (WELL, Transfer.IDLE),
        (well(queued=1), Transfer.QUEUED),
        (well(queued=1, oldest_due_at=NOW + HOUR, held=1), Transfer.QUEUED),
        (well(queued=1, oldest_due_at=NOW), Transfer.LATE),
        (well(oldest_due_at=NOW), Transfer.IDLE),
        (well(held=1), Transfer.HELD),
        (well(rejected=1), Transfer.HELD),
    ],
)
def test_the_transfer_axis(facts: HealthFacts, transfer: Transfer) -> None:
    assert assess(facts, NOW).transfer is transfer


def test_the_next_change_is_the_first_that_time_brings() -> None:
    assert assess(WELL, NOW).next_change_at == NOW + 35 * HOUR
    soon = assess(well(expires_at=NOW + EXPIRING_LEAD + HOUR), NOW)
    assert soon.next_change_at == NOW + HOUR
    assert assess(HealthFacts(), NOW).next_change_at is None
    limited = failed("rate_limited", last_until=NOW + 2 * HOUR)
    assert assess(limited, NOW).next_change_at == NOW + 2 * HOUR


# -- the laws over all facts ---------------------------------------------------------------------------------------

STEPS = [-1000, -72, -40, -36, -7, -6, -5, -1, 0, 1, 3, 5, 6, 7, 35, 100, 168, 170, 2000]
INSTANTS = st.none() | st.sampled_from(STEPS).map(lambda hours: NOW + hours * HOUR)
OUTCOMES = st.sampled_from(
    [
        *(None, "ok", "ok_empty", "partial", "needs_customer", "rate_limited", "bank_down", "provider_down"),
        *("unreachable", "refused", "refused_credentials", "gone", "in_progress", "malformed", "new kind"),
    ]
)
COUNTS = st.integers(0, 2)
FACTS = st.builds(
    HealthFacts,
    consent=st.sampled_from(Consent),
    expires_at=INSTANTS,
    connected_at=INSTANTS,
    renewed_at=INSTANTS,
    removed_at=st.none() | INSTANTS,
    last_fetched=INSTANTS,
    last_synchronized=INSTANTS,
    last_attempt_at=INSTANTS,
    last_outcome=OUTCOMES,
    last_detail=st.sampled_from(["", "HTTP 503 {x} [b]"]),
    last_until=INSTANTS,
    failing_since=INSTANTS,
    running_since=INSTANTS,
    sync_failed=st.booleans(),
    case_kind=st.none() | st.sampled_from(Act),
    case_stage=st.none() | st.sampled_from(Stage),
    case_opened_at=INSTANTS,
    accounts=COUNTS,
    orphaned=COUNTS,
    unmapped=COUNTS,
    queued=COUNTS,
    oldest_queued_at=INSTANTS,
    oldest_due_at=INSTANTS,
    held=COUNTS,
    held_reason=st.sampled_from([None, "reserved", "no_ledger_account", "suspected_duplicate", "new reason"]),
    rejected=COUNTS,
    delivery_outcome=OUTCOMES,
)
ALIVE = st.builds(
    lambda facts, expires: replace(facts, consent=Consent.VALID, removed_at=None, expires_at=expires),
    FACTS,
    st.none() | st.sampled_from([hours for hours in STEPS if hours > 0]).map(lambda hours: NOW + hours * HOUR),
)
LATER = st.sampled_from([timedelta(0), *(hours * HOUR for hours in STEPS if hours > 0), HOUR / 60, HOUR / 4, 90 * DAY])


SAY = {language: texts_in(language) for language in LANGUAGES}


def same(one: Assessment, other: Assessment) -> bool:
    return replace(one, next_change_at=None) == replace(other, next_change_at=None)


@settings(max_examples=400)
@given(FACTS, LATER)
def test_nothing_changes_before_the_next_change_and_something_does_at_it(facts: HealthFacts, later: timedelta) -> None:
    found = assess(facts, NOW)
    change = found.next_change_at
    if change is not None:
        assert change > NOW
        assert not same(found, assess(facts, change))
        assert same(found, assess(facts, change - timedelta(microseconds=1)))
    if change is None or NOW + later < change:
        assert same(found, assess(facts, NOW + later))


@settings(max_examples=400)
@given(FACTS)
def test_the_laws_hold(facts: HealthFacts) -> None:
    found = assess(facts, NOW)
    live = found.consent in LIVE
    assert (found.status is Status.AKTIV) == live
    assert found.situation is None or found.situation in IDS
    if found.verdict is Verdict.FINE and found.consent is not Consent.REMOVED:
        # Law 3: nothing is fine that fetched nothing.
        assert live
        assert facts.last_outcome in ("ok", "ok_empty")
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
    assert (during.consent, during.status, during.verdict) == (without.consent, without.status, without.verdict)


@given(ALIVE)
def test_renewing_is_never_offered_within_six_hours_of_a_renewal_that_lives(facts: HealthFacts) -> None:
    found = assess(replace(facts, renewed_at=NOW - HOUR), NOW)
    assert found.action is not Act.RENEW


@given(FACTS)
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

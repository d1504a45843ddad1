"""Health: the table row by row, with what the laws of the other modules draw their facts from."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import strategies as st

from backend.model.facts import Act, Consent, Fetch, HeldReason, Stage, Status, Transfer, Verdict
from backend.model.health import HealthFacts
from backend.rules.assess import assess
from backend.rules.axes import EXPIRING_LEAD
from backend.rules.catalogue import CATALOGUE, OWN
from backend.rules.table import RULES, rules_for

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

DEAD: dict[str, Any] = {"expires_at": NOW - DAY}
LOGGED_IN: dict[str, Any] = {"case_kind": Act.RENEW, "case_stage": Stage.AUTHORISED, "case_opened_at": NOW - HOUR}
FIRST_LOGIN: dict[str, Any] = {**LOGGED_IN, "case_kind": Act.CONNECT}
LATE: dict[str, Any] = {"queued": 1, "oldest_due_at": NOW}
GAP: dict[str, Any] = {"gap_from": "2026-01-03", "gap_to": "2026-01-20"}
USUAL: dict[str, Any] = {"usual_end_at": NOW + 6 * DAY, "usual_cases": 12}

NEW: list[tuple[HealthFacts, Verdict, str | None, Act | None, datetime | None]] = [
    # 2: early by the bank's word, by its date or by experience
    (well(consent=Consent.EXPIRED), C, "renewal_early", Act.RENEW, None),
    (well(consent=Consent.EXPIRED, expires_at=None), C, "renewal_due", Act.RENEW, None),
    (well(consent=Consent.EXPIRED, expires_at=None, usual_end_at=NOW + 20 * DAY), C, "renewal_early", Act.RENEW, None),
    (well(consent=Consent.EXPIRED, expires_at=None, usual_end_at=NOW + DAY), C, "renewal_due", Act.RENEW, None),
    (failed("needs_customer", expires_at=None, usual_end_at=NOW + 20 * DAY), C, "renewal_early", Act.RENEW, None),
    # 8: a gap is looked at when nothing worse is there
    (well(**GAP), O, "gap_after_lapse", None, None),
    (well(gap_from="2026-01-03"), F, None, None, None),
    (well(**GAP, **LATE), O, "transfer_late", None, None),
    (well(**GAP, **DEAD), C, "renewal_due", Act.RENEW, None),
    # 10: a note only
    (well(unselected=True), C, "new_account_absent", Act.RENEW, None),
    (well(unselected=True, **OPEN), C, "new_account_absent", None, None),
    (well(unselected=True, silent=1), O, "ok_empty", None, None),
    # 11, 12: a login that went wrong; only the wrong entry uses its link up
    (well(**DEAD, **LOGGED_IN, case_note="wrong_entry"), C, "wrong_connector", Act.RENEW, None),
    (HealthFacts(**FIRST_LOGIN, case_note="wrong_entry"), C, "wrong_connector", Act.CONNECT, None),
    (well(**LOGGED_IN, case_note="wrong_entry"), C, "wrong_connector", Act.RENEW, None),
    (well(**LOGGED_IN, case_note="wrong_entry", **LATE), O, "transfer_late", None, None),
    (failed("needs_customer", **LOGGED_IN, case_note="wrong_entry"), C, "wrong_connector", Act.RENEW, None),
    (failed("bank_down", **LOGGED_IN, case_note="wrong_entry"), I, "bank_outage", None, None),
    (well(**DEAD, **LOGGED_IN, case_note="no_accounts"), C, "missing_rights", None, None),
    (well(**LOGGED_IN, case_note="no_accounts"), C, "missing_rights", None, None),
    (well(orphaned=2), C, "missing_rights", Act.RENEW, None),
    (failed("partial", orphaned=2, last_fetched=NOW - 3 * DAY), C, "missing_rights", Act.RENEW, None),
    (well(**DEAD, **LOGGED_IN, case_note="no_account_matched"), O, "renewal_unproven", None, None),
    (well(**LOGGED_IN, case_note="no_account_matched"), O, "renewal_unproven", None, None),
    # 13, 16, 17, 25: what has come, looked at closely
    (well(unseen=1), O, "account_not_offered", None, None),
    (failed("partial", unseen=1), O, "partly_fetched", Act.SYNC, None),
    (well(rows_missing=1), O, "rows_missing", Act.SYNC, None),
    (well(rows_missing=1, renewed_at=NOW - 2 * HOUR), O, "rows_missing", None, None),
    (well(changed_rows=1), O, "row_changed", None, None),
    (well(balance_off=1), O, "balance_differs", None, None),
    (well(balance_off=1, rows_missing=1), O, "rows_missing", Act.SYNC, None),
    # 18: no mail reaches the customer, and he has to log in
    (well(mail_refused=True), F, None, None, None),
    (well(mail_refused=True, **OPEN), O, "hub_locked_out", None, None),
    (well(mail_refused=True, **DEAD), O, "hub_locked_out", None, None),
    (well(mail_refused=True, **DEAD, **OPEN), O, "hub_locked_out", None, None),
    (well(mail_refused=True, expires_at=NOW + DAY), O, "hub_locked_out", None, None),
    (well(mail_refused=True, expires_at=NOW + DAY, **LATE), O, "transfer_late", None, None),
    (failed("needs_customer", mail_refused=True), O, "hub_locked_out", None, None),
    (well(mail_refused=True, **DEAD, **LOGGED_IN), W, "first_fetch", None, NOW + 5 * HOUR),
    (failed("needs_customer", mail_refused=True, incident="bank"), I, "bank_outage", None, None),
    # 20: another connection brings it already
    (well(twin="c2"), O, "second_connection", None, None),
    (well(twin="c2", **DEAD), O, "second_connection", None, None),
    (failed("needs_customer", twin="c2"), O, "second_connection", None, None),
    (well(twin="c2", **LATE), O, "transfer_late", None, None),
    # 24: events that do not come, when nothing is worse
    (well(events_silent_since=NOW - DAY), O, "events_missed", None, None),
    (well(events_silent_since=NOW - DAY, orphaned=1), C, "account_vanished", Act.RENEW, None),
    # 7: a data centre is a bank's; a dead consent needs the customer inside an incident too
    (well(incident="bank"), I, "bank_outage", None, None),
    (well(incident="cluster"), I, "bank_outage", None, None),
    (well(incident="provider"), I, "provider_fault", None, None),
    (well(incident="cluster", **DEAD), C, "renewal_due", Act.RENEW, None),
    # 39 to 45
    (well(silent=1), O, "ok_empty", None, None),
    (failed("partial", silent=1), O, "partly_fetched", Act.SYNC, None),
    (well(next_fetch_at=NOW - 12 * HOUR), O, "starved", None, None),
    (well(next_fetch_at=NOW - 11 * HOUR), F, None, None, None),
    (well(next_fetch_at=NOW - 40 * HOUR, last_fetched=NOW - 42 * HOUR), O, "starved", None, None),
    (well(next_fetch_at=NOW - DAY, incident="bank"), I, "bank_outage", None, None),
    (well(next_fetch_at=NOW - DAY, **DEAD), C, "renewal_due", Act.RENEW, None),
    (failed("rate_limited", last_until=NOW + HOUR, next_fetch_at=NOW - DAY), W, "rate_limited", None, NOW + HOUR),
    (failed("bank_down", next_fetch_at=NOW - 12 * HOUR), O, "starved", None, None),
    (failed("needs_customer", next_fetch_at=NOW - 12 * HOUR), C, "renewal_early", Act.RENEW, None),
    (HealthFacts(consent=Consent.VALID, next_fetch_at=NOW - DAY), W, "first_fetch", None, None),
    (failed("suspended"), C, "suspended", Act.RENEW, None),
    (failed("suspended", **OPEN), C, "suspended", None, None),
    (failed("suspended", sync_failed=True), C, "suspended", Act.RENEW, None),
    (failed("suspended", mail_refused=True), O, "hub_locked_out", None, None),
    (well(**USUAL), C, "early_death", Act.RENEW, None),
    (well(**{**USUAL, "usual_end_at": NOW - DAY}), C, "early_death", Act.RENEW, None),
    (well(**{**USUAL, "usual_end_at": NOW + 8 * DAY}), F, None, None, None),
    (well(**{**USUAL, "expires_at": NOW + 5 * DAY}), C, "renewal_due", Act.RENEW, None),
    (well(**USUAL, **OPEN), C, "early_death", None, None),
    (well(**USUAL, **LATE), O, "transfer_late", None, None),
    (well(**{**USUAL, "expires_at": None}), C, "renewal_due", Act.RENEW, None),
    (well(healed_at=NOW - HOUR), F, "self_healed", None, None),
    (well(healed_at=NOW - DAY), F, None, None, None),
    (well(healed_at=NOW - HOUR, silent=1), O, "ok_empty", None, None),
    (well(healed_at=NOW - HOUR, last_fetched=NOW - 40 * HOUR), O, "stale_silent", Act.SYNC, None),
    (well(doubted=1), O, "renewal_doubted", None, None),
    (well(held=2, held_reason="renewal_not_accepted"), O, "renewal_doubted", None, None),
    (well(doubted=1, **LATE), O, "transfer_late", None, None),
]

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
    (well(consent=Consent.SUPERSEDED), C, "superseded", Act.RENEW, None),
    (well(consent=Consent.SUPERSEDED, twin="c2"), O, "second_connection", None, None),
    (well(consent=Consent.SUPERSEDED, **OPEN), C, "awaiting_customer", None, None),
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
    *NEW,
]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row[2]}-{row[1]}")
def test_each_situation(row: tuple[HealthFacts, Verdict, str | None, Act | None, datetime | None]) -> None:
    facts, verdict, situation, action, until = row
    found = assess(facts, NOW)
    assert (found.verdict, found.situation, found.action, found.wait_until) == (verdict, situation, action, until)


def test_the_table_names_all_that_the_catalogue_promises_and_the_examples_reach_them() -> None:
    promised = {(situation.id, verdict) for situation in (*CATALOGUE, *OWN) for verdict in situation.verdicts}
    assert {(rule.situation, rule.verdict) for rule in RULES if rule.situation} == promised
    assert {(row[2], row[1]) for row in TABLE if row[2]} == promised


def test_the_table_is_total_for_every_consent_and_outcome_and_each_row_can_be_reached() -> None:
    kept = [rules_for(consent, outcome) for consent in Consent for outcome in Fetch]
    assert all(rules[-1].holds is None for rules in kept)
    assert {id(rule) for rules in kept for rule in rules} == {id(rule) for rule in RULES}


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


# -- all facts there can be --------------------------------------------------------------------------------------

STEPS = [-1000, -72, -40, -36, -7, -6, -5, -1, 0, 1, 3, 5, 6, 7, 35, 100, 168, 170, 2000]
INSTANTS = st.none() | st.sampled_from(STEPS).map(lambda hours: NOW + hours * HOUR)
OUTCOMES = st.sampled_from(
    [
        *(None, "ok", "ok_empty", "partial", "needs_customer", "rate_limited", "bank_down", "provider_down"),
        *("unreachable", "refused", "refused_credentials", "gone", "in_progress", "malformed", "new kind"),
        "suspended",
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
    case_note=st.sampled_from(["", "wrong_entry", "no_accounts", "no_account_matched", "new note"]),
    case_opened_at=INSTANTS,
    accounts=COUNTS,
    orphaned=COUNTS,
    unmapped=COUNTS,
    queued=COUNTS,
    oldest_queued_at=INSTANTS,
    oldest_due_at=INSTANTS,
    held=COUNTS,
    held_reason=st.none() | st.sampled_from([*HeldReason, "new reason"]),
    rejected=COUNTS,
    delivery_outcome=OUTCOMES,
    incident=st.sampled_from([None, None, None, "bank", "cluster", "provider"]),
    incident_since=INSTANTS,
    unseen=COUNTS,
    silent=COUNTS,
    rows_missing=COUNTS,
    balance_off=COUNTS,
    unselected=st.booleans(),
    gap_from=st.sampled_from([None, "2026-01-03", "?"]),
    gap_to=st.sampled_from([None, "2026-01-20", "?"]),
    changed_rows=COUNTS,
    doubted=COUNTS,
    mail_refused=st.booleans(),
    twin=st.sampled_from([None, None, "c7"]),
    healed_at=INSTANTS,
    usual_end_at=INSTANTS,
    usual_cases=COUNTS,
    events_silent_since=INSTANTS,
    next_fetch_at=INSTANTS,
)
ALIVE = st.builds(
    lambda facts, expires: replace(facts, consent=Consent.VALID, removed_at=None, expires_at=expires),
    FACTS,
    st.none() | st.sampled_from([hours for hours in STEPS if hours > 0]).map(lambda hours: NOW + hours * HOUR),
)
SPARSE = st.builds(
    lambda drawn, names: replace(WELL, **{name: getattr(drawn, name) for name in names}),
    FACTS,
    st.sets(st.sampled_from(sorted(HealthFacts.__dataclass_fields__)), max_size=5),
)
"""A connection that is well but for a few things: what most of a fleet is, and where rules meet in pairs."""

ANY = FACTS | ALIVE | SPARSE
LATER = st.sampled_from([timedelta(0), *(hours * HOUR for hours in STEPS if hours > 0), HOUR / 60, HOUR / 4, 90 * DAY])

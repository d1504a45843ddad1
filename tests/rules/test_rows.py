"""A bank row becomes a posting exactly once (law 7)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from backend.model.facts import Account, BankRow, Posting, PostingState
from backend.model.findings import Change
from backend.rules.rows import (
    RowChanges,
    RowContext,
    fetch_since,
    known_since,
    match_rows,
    posting_id,
)

NOW = datetime(2026, 2, 11, 12, tzinfo=UTC)
DAY = date(2026, 2, 10)
ACCOUNT = Account(
    id=4, provider_account_id="a1", iban="DK6999990001234567", bban=None, name="Drift", ledger_account="5820"
)
CONTEXT = RowContext(connection="c1", agreement_number="1234567", account=ACCOUNT, since=DAY - timedelta(days=7))


def row(source: str, amount: str = "-291.00", text: str = "DSB Kastrup", day: date = DAY, **more: Any) -> BankRow:
    return replace(BankRow(source_id=source, date=day, amount=Decimal(amount), currency="DKK", text=text), **more)


def reserved(source: str, amount: str = "-291.00", text: str = "DSB Kastrup", day: date = DAY) -> BankRow:
    return row(source, amount, text, day, state="Reserved", booked=False)


def fetch(known: list[Posting], *rows: BankRow, context: RowContext = CONTEXT) -> RowChanges:
    return match_rows(known, rows, context=context, now=NOW)


def first(*rows: BankRow, state: PostingState | None = None) -> list[Posting]:
    """The postings that a first fetch of these rows makes."""
    made = fetch([], *rows).upserts
    return [posting if state is None else replace(posting, state=state) for posting in made]


def apply(known: list[Posting], changes: RowChanges) -> list[Posting]:
    """What the store holds afterwards."""
    held = {posting.id: posting for posting in known} | {posting.id: posting for posting in changes.upserts}
    for name in changes.dropped:
        held[name] = replace(held[name], state=PostingState.DROPPED)
    return list(held.values())


NOTHING = RowChanges()


def test_a_new_booked_row_is_queued_with_a_promise() -> None:
    (posting,) = first(row("r1"))
    assert (posting.state, posting.reason, posting.ledger_account) == (PostingState.QUEUED, None, "5820")
    assert posting.due_at == NOW + timedelta(hours=6)
    assert posting.id.startswith("p_")


@pytest.mark.parametrize(
    ("renewed", "due"),
    [
        (NOW - timedelta(hours=2), NOW + timedelta(hours=4)),
        (NOW - timedelta(hours=7), NOW + timedelta(hours=6)),
        (NOW + timedelta(hours=1), NOW + timedelta(hours=6)),
        (None, NOW + timedelta(hours=6)),
    ],
)
def test_the_promise_runs_from_the_renewal_or_else_from_the_fetch(renewed: datetime | None, due: datetime) -> None:
    (posting,) = fetch([], row("r1"), context=replace(CONTEXT, renewed_at=renewed)).upserts
    assert posting.due_at == due


def test_what_cannot_be_delivered_yet_is_held_with_its_reason_and_no_promise() -> None:
    unmapped = replace(CONTEXT, account=replace(ACCOUNT, ledger_account=None))
    cases = [
        fetch([], reserved("r1")),
        fetch([], row("r1"), context=unmapped),
        fetch([], row("r1"), context=replace(unmapped, accepted=False)),
    ]
    found = [(c.upserts[0].state.value, c.upserts[0].reason, c.upserts[0].due_at) for c in cases]
    assert found == [
        ("held", "reserved", None),
        ("held", "no_ledger_account", None),
        ("held", "renewal_not_accepted", None),
    ]


def test_rows_before_the_first_day_are_ignored() -> None:
    context = replace(CONTEXT, data_from=DAY)
    assert fetch([], row("r1", day=DAY - timedelta(days=1)), context=context) == NOTHING
    assert fetch([], row("r1", day=DAY - timedelta(days=8))) == NOTHING


@pytest.mark.parametrize("state", [s for s in PostingState if s is not PostingState.DROPPED])
def test_the_same_row_again_changes_nothing(state: PostingState) -> None:
    known = first(row("r1"), state=state)
    assert fetch(known, row("r1")) == NOTHING


def test_a_reworded_row_is_the_same_row() -> None:
    known = first(row("r1"), state=PostingState.ACKNOWLEDGED)
    (changed,) = fetch(known, row("r1", text="DSB KASTRUP AUT 23228", day=DAY + timedelta(days=1))).upserts
    assert (changed.id, changed.state, changed.text) == (known[0].id, known[0].state, "DSB KASTRUP AUT 23228")


def test_case_and_spacing_are_not_identity() -> None:
    known = first(row("r1", text="DSB  Kastrup"), state=PostingState.ACKNOWLEDGED)
    changes = fetch(known, row("x9", text="dsb kastrup"))
    assert [(p.id, p.state) for p in changes.upserts] == [(known[0].id, PostingState.ACKNOWLEDGED)]
    assert changes.new == 0


def test_renumbered_rows_are_recognised() -> None:
    rows = [row("1", "-1"), row("2", "-2"), row("3", "-3")]
    known = first(*rows, state=PostingState.ACKNOWLEDGED)
    changes = fetch(known, row("2", "-1"), row("3", "-2"), row("1", "-3"))
    assert {p.id: p.source_id for p in changes.upserts} == dict(zip((p.id for p in known), "231", strict=True))
    assert {p.state for p in changes.upserts} == {PostingState.ACKNOWLEDGED}
    assert (changes.new, changes.dropped) == (0, ())


def test_two_equal_rows_are_two_postings_and_stay_two() -> None:
    known = first(row("r1"), row("r2"))
    assert sorted(p.position for p in known) == [0, 1]
    assert fetch(known, row("r2"), row("r1")) == NOTHING
    renumbered = fetch(known, row("z"), row("y"))
    assert (renumbered.new, {p.id for p in renumbered.upserts}) == (0, {p.id for p in known})
    third = fetch(known, row("z"), row("y"), row("x"))
    assert third.new == 1
    assert [p.position for p in third.upserts if p.id not in {k.id for k in known}] == [2]


def test_equal_rows_booked_and_reserved_do_not_change_places() -> None:
    known = first(row("r1"), state=PostingState.ACKNOWLEDGED)
    known = apply(known, fetch(known, row("r1"), reserved("r2")))
    changes = fetch(known, reserved("n1"), row("n2"))
    assert {(p.state.value, p.source_id) for p in changes.upserts} == {("acknowledged", "n2"), ("held", "n1")}


def test_a_reservation_that_is_booked_is_delivered() -> None:
    known = first(reserved("r1"))
    (changed,) = fetch(known, row("r1", text="DSB", day=DAY + timedelta(days=1))).upserts
    assert (changed.id, changed.state, changed.reason) == (known[0].id, PostingState.QUEUED, None)
    assert changed.due_at == NOW + timedelta(hours=6)


def test_a_reservation_booked_under_another_name_is_dropped_and_the_row_is_new() -> None:
    known = first(reserved("r1"))
    changes = fetch(known, row("b1", text="DSB 23228", day=DAY + timedelta(days=1)))
    assert changes.dropped == (known[0].id,)
    assert [p.state for p in changes.upserts] == [PostingState.QUEUED]


def test_a_reservation_outside_the_fetched_days_is_not_missed() -> None:
    known = first(reserved("r1"))
    assert fetch(known, context=replace(CONTEXT, since=DAY + timedelta(days=1))) == NOTHING


def test_a_dropped_reservation_that_comes_back_is_the_same_posting() -> None:
    known = first(reserved("r1"))
    known = apply(known, fetch(known))
    (changed,) = fetch(known, row("r2")).upserts
    assert (changed.id, changed.state) == (known[0].id, PostingState.QUEUED)


@pytest.mark.parametrize(
    ("state", "dropped", "after"),
    [
        (PostingState.HELD, True, False),
        (PostingState.QUEUED, True, False),
        (PostingState.ACKNOWLEDGED, False, True),
        (PostingState.REJECTED, False, False),
        (PostingState.DROPPED, False, False),
    ],
)
@pytest.mark.parametrize("source", ["r1", "renumbered", ""])
def test_a_row_that_the_bank_deletes(state: PostingState, dropped: bool, after: bool, source: str) -> None:
    known = first(row("r1"), state=state)
    changes = fetch(known, row(source, deleted=True))
    assert changes.upserts == ()
    assert changes.dropped == ((known[0].id,) if dropped else ())
    assert changes.after_delivery == ((Change(posting=known[0].id, kind="deleted"),) if after else ())
    told = [replace(posting, change="deleted") for posting in known]
    assert fetch(told, row(source, deleted=True)).after_delivery == (), "it is told once"


def test_a_deleted_row_that_is_there_again_is_not_deleted() -> None:
    known = first(row("r1"), state=PostingState.ACKNOWLEDGED)
    changes = fetch(known, row("r1", deleted=True), row("r2"))
    assert (changes.after_delivery, changes.new) == ((), 0)


@pytest.mark.parametrize("state", [PostingState.QUEUED, PostingState.ACKNOWLEDGED])
def test_another_amount_under_the_id_of_a_delivered_row_is_held_and_told(state: PostingState) -> None:
    known = first(row("r1"), row("r2", "-50.00"), state=state)
    changes = fetch(known, row("r1", "-292.00"), row("r2", "-50.00"))
    (held,) = changes.upserts
    assert (held.state, held.reason) == (PostingState.HELD, "suspected_duplicate")
    assert changes.after_delivery == (Change(posting=known[0].id, kind="changed", date=DAY, amount=Decimal("-292.00")),)
    later = fetch(apply(known, changes), row("r1", "-292.00"), row("r2", "-50.00"))
    assert later == NOTHING


@pytest.mark.parametrize("days", [1, 3, 5])
def test_a_delivered_row_on_another_day_is_told(days: int) -> None:
    known = first(row("r1"), state=PostingState.ACKNOWLEDGED)
    moved = DAY + timedelta(days=days)
    changes = fetch(known, row("r1", day=moved))
    told = Change(posting=known[0].id, kind="changed", date=moved, amount=Decimal("-291.00"))
    assert changes.after_delivery == (told,)
    assert not [posting for posting in changes.upserts if posting.state is PostingState.QUEUED]


def test_a_row_on_another_day_that_was_not_delivered_is_no_news() -> None:
    known = first(row("r1"), state=PostingState.QUEUED)
    assert fetch(known, row("r1", day=DAY + timedelta(days=1))).after_delivery == ()


def test_a_reservation_booked_with_another_amount_is_a_row_like_any_other() -> None:
    known = first(reserved("r1", "-500.00"))
    changes = fetch(known, row("r1", "-312.50"))
    assert changes.upserts[0].state is PostingState.QUEUED
    assert (changes.dropped, changes.after_delivery) == ((known[0].id,), ())


def test_a_deleted_row_that_we_never_had_is_nothing() -> None:
    assert fetch([], row("r1", deleted=True)) == NOTHING


@pytest.mark.parametrize("state", [PostingState.QUEUED, PostingState.ACKNOWLEDGED])
@pytest.mark.parametrize("days", [-3, 0, 3])
def test_a_row_like_one_that_is_no_longer_reported_is_held(state: PostingState, days: int) -> None:
    known = first(row("r1"), state=state)
    changes = fetch(known, row("x", text="Something else", day=DAY + timedelta(days=days)))
    assert changes.dropped == ()
    assert [(p.state.value, p.reason) for p in changes.upserts] == [("held", "suspected_duplicate")]
    after = apply(known, changes)
    assert fetch(after, row("x", text="Something else", day=DAY + timedelta(days=days))) == NOTHING
    assert fetch(after, row("r1"), row("x", text="Something else", day=DAY + timedelta(days=days))) == NOTHING


def test_a_suspect_explains_one_missing_row_only_once() -> None:
    known = first(row("r1"), state=PostingState.ACKNOWLEDGED)
    known = apply(known, fetch(known, row("x", text="Other")))
    changes = fetch(known, row("x", text="Other"), row("y", text="A third"))
    assert [p.state for p in changes.upserts] == [PostingState.QUEUED]


@pytest.mark.parametrize(
    "fresh",
    [
        row("x", text="Other", day=DAY + timedelta(days=4)),
        row("x", "-292.00", text="Other"),
        row("x", text="Other", currency="EUR"),
    ],
)
def test_a_row_that_is_not_like_the_missing_one_is_delivered(fresh: BankRow) -> None:
    known = first(row("r1"), state=PostingState.ACKNOWLEDGED)
    assert [p.state for p in fetch(known, fresh).upserts] == [PostingState.QUEUED]


def test_a_row_like_one_that_is_still_reported_is_delivered() -> None:
    known = first(row("r1"), state=PostingState.ACKNOWLEDGED)
    assert [p.state for p in fetch(known, row("r1"), row("x", text="Other")).upserts] == [PostingState.QUEUED]


def test_a_reservation_that_is_booked_in_place_of_a_missing_row_is_held() -> None:
    known = first(row("r1"), state=PostingState.ACKNOWLEDGED)
    known = apply(known, fetch(known, reserved("x", text="Other")))
    changes = fetch(known, row("x", text="Other"))
    assert [(p.state.value, p.reason) for p in changes.upserts] == [("held", "suspected_duplicate")]


def test_the_same_row_on_two_pages_is_one() -> None:
    assert len(first(row("r1"), row("r1"), reserved("r1"))) == 1
    assert first(reserved("r1"), row("r1"))[0].state is PostingState.QUEUED


def test_rows_without_an_id_count_each() -> None:
    known = first(row(""), row(""))
    assert len(known) == 2
    assert fetch(known, row(""), row("")) == NOTHING


def test_an_account_that_gains_its_iban_keeps_its_postings() -> None:
    before = replace(CONTEXT, account=replace(ACCOUNT, iban=None, bban="9999-0001234567"))
    known = list(fetch([], row("r1"), context=before).upserts)
    changes = fetch(known, row("r1"))
    assert [(p.id, p.account_key, p.iban) for p in changes.upserts] == [(known[0].id, ACCOUNT.key, ACCOUNT.iban)]
    assert changes.new == 0


def test_a_held_row_is_queued_by_the_first_fetch_after_its_account_is_mapped() -> None:
    context = replace(CONTEXT, account=replace(ACCOUNT, ledger_account=None))
    known = list(fetch([], row("r1"), reserved("r2", "-5"), context=context).upserts)
    (changed,) = fetch(known, row("r1"), reserved("r2", "-5")).upserts
    assert (changed.state, changed.reason, changed.ledger_account) == (PostingState.QUEUED, None, "5820")
    assert changed.due_at == NOW + timedelta(hours=6)


def test_a_moved_row_across_the_edge_of_the_fetched_days_is_the_same() -> None:
    known = first(row("r1"), state=PostingState.ACKNOWLEDGED)
    changes = fetch(known, row("r1", day=DAY + timedelta(days=1)), context=replace(CONTEXT, since=DAY + timedelta(1)))
    assert (changes.new, [p.id for p in changes.upserts]) == (0, [known[0].id])


def test_an_id_is_not_given_twice_after_its_row_was_reworded() -> None:
    known = first(row("r1"), state=PostingState.ACKNOWLEDGED)
    known = apply(known, fetch(known, row("r1", text="Reworded")))
    changes = fetch(known, row("r1", text="Reworded"), row("r2"))
    assert changes.new == 1
    assert changes.upserts[0].id != known[0].id


def test_ids_do_not_depend_on_how_an_amount_is_written() -> None:
    def name(amount: str) -> str:
        return posting_id("1", "k", DAY, Decimal(amount), "DKK", "x", 0)

    assert name("100") == name("100.00") == name("1E+2")
    assert name("0") == name("-0.00")
    assert len({name("100"), name("10"), name("1"), name("-1"), name("0.1")}) == 5


@pytest.mark.parametrize(
    ("data_from", "last", "since"),
    [
        (None, None, None),
        (date(2026, 1, 1), None, date(2026, 1, 1)),
        (None, NOW - timedelta(hours=2), date(2026, 2, 4)),
        (None, NOW - timedelta(days=40), date(2025, 12, 26)),
        (date(2026, 2, 8), NOW, date(2026, 2, 8)),
        (None, NOW + timedelta(days=40), date(2026, 2, 4)),
    ],
)
def test_a_fetch_goes_a_week_back_from_the_last_success(
    data_from: date | None, last: datetime | None, since: date | None
) -> None:
    assert fetch_since(data_from, last, NOW) == since
    assert known_since(since) == (None if since is None else since - timedelta(days=3))

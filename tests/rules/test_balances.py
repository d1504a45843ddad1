"""Balances tell of missing rows and of a ledger that cannot agree, and in doubt say nothing (§4 no. 16 and 25)."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.model.facts import Account, BankRow, Posting, PostingState
from backend.model.findings import Found
from backend.rules.balances import missing_on, off_by
from backend.rules.findings import back_to, look
from backend.rules.rows import RowContext, match_rows
from tests.fakes import NOON

FIRST = date(2026, 3, 1)


def statement(amounts: list[int], per_day: int = 2, start: int = 5000) -> list[BankRow]:
    """Rows with a running balance, so many on a day, oldest first."""
    rows, balance = [], start
    for place, amount in enumerate(amounts):
        balance += amount
        rows.append(
            BankRow(
                source_id=f"r{place}",
                date=FIRST + timedelta(days=place // per_day),
                amount=Decimal(amount),
                currency="DKK",
                text=f"row {place}",
                balance=Decimal(balance),
            )
        )
    return rows


AMOUNTS = st.lists(st.integers(-500, 500), min_size=0, max_size=40)


@given(AMOUNTS, st.integers(1, 5), st.randoms(use_true_random=False), st.integers(0, 3))
def test_a_whole_statement_misses_nothing_however_it_is_told(
    amounts: list[int], per_day: int, random: Random, cut: int
) -> None:
    rows = statement(amounts, per_day)
    since = FIRST + timedelta(days=cut)
    told = [row for row in rows if row.date >= since]
    told += random.choices(told, k=3) if told else []
    random.shuffle(told)
    assert missing_on(told, "DKK") is None


@given(st.lists(st.integers(1, 400), min_size=16, max_size=40, unique=True), st.data())
def test_a_single_missing_row_is_found(amounts: list[int], data: st.DataObject) -> None:
    rows = statement(amounts, per_day=2)
    place = data.draw(st.integers(10, len(rows) - 2))
    left = rows[:place] + rows[place + 1 :]
    assert missing_on(left, "DKK") == rows[place + 1].date
    assert missing_on([*left, rows[place]], "DKK") is None


MANY = [100 + 7 * step for step in range(20)]


def test_a_row_without_a_balance_between_leaves_it_open() -> None:
    rows = statement(MANY)
    for hidden in (
        replace(rows[12], balance=None),
        replace(rows[12], booked=False, balance=None, state="Reserved"),
        replace(rows[12], currency="EUR"),
    ):
        assert missing_on([*rows[:12], hidden, *rows[13:]], "DKK") is None
    assert missing_on([*rows[:12], *rows[13:]], "DKK") == rows[13].date


def test_balances_that_are_no_running_ones_say_nothing() -> None:
    rows = statement(MANY)
    assert missing_on([replace(row, balance=Decimal(7)) for row in rows], "DKK") is None
    closing = {row.date: row.balance for row in rows}
    assert missing_on([replace(row, balance=closing[row.date]) for row in rows], "DKK") is None
    single = statement(MANY, per_day=1)
    single[10] = replace(single[10], date=single[11].date, balance=single[11].balance)
    assert missing_on(single, "DKK") is None, "one day with two rows, both with the day's closing balance"
    assert missing_on(rows[:3] + rows[4:6], "DKK") is None, "too few to prove anything"


def test_the_first_days_prove_nothing_because_a_bank_may_date_a_row_earlier() -> None:
    rows = statement(MANY)
    assert missing_on([*rows[:3], *rows[4:]], "DKK") is None


def test_what_was_missing_long_ago_is_history() -> None:
    rows = statement(MANY)
    old = look(
        Found(), [*rows[:12], *rows[13:]], currency="DKK", days=None, lapsed=None, as_of=FIRST + timedelta(days=90)
    )
    assert old == Found()


def test_a_missing_row_is_kept_in_mind_until_the_rows_around_it_fit() -> None:
    rows = statement(MANY)
    as_of = rows[-1].date
    left = [*rows[:12], *rows[13:]]

    def looked(before: Found, told: list[BankRow]) -> Found:
        return look(before, told, currency="DKK", days=None, lapsed=None, as_of=as_of)

    found = looked(Found(), left)
    assert found.missing_on == rows[13].date and back_to(found) == rows[13].date - timedelta(days=14)
    assert looked(found, left) == looked(found, rows[14:]) == found, "what is not seen again is not mended"
    assert looked(found, rows) == Found()


# -- against the ledger ----------------------------------------------------------------------------------------

ACCOUNT = Account(id=4, provider_account_id="a1", iban="DK6999990001234567", bban=None, name="D", ledger_account="5820")
CONTEXT = RowContext(connection="c1", agreement_number="1", account=ACCOUNT)


def postings(rows: list[BankRow]) -> list[Posting]:
    made = match_rows([], rows, context=CONTEXT, now=NOON).upserts
    return [replace(posting, state=PostingState.ACKNOWLEDGED) for posting in made]


def told(known: list[Posting], odd: int, booked: Decimal | None = None) -> tuple[bool, Decimal | None]:
    return off_by(known, known[odd].date, booked)


@given(AMOUNTS.filter(lambda amounts: len(amounts) > 8), st.integers(1, 4), st.data())
def test_what_was_all_delivered_agrees(amounts: list[int], per_day: int, data: st.DataObject) -> None:
    rows = statement(amounts, per_day)
    known = postings(rows)
    known = [replace(p, state=data.draw(st.sampled_from(["acknowledged", "queued"]))) for p in known]  # type: ignore[arg-type]
    _, difference = told(known, data.draw(st.integers(0, len(known) - 1)), rows[-1].balance)
    assert difference is None


@pytest.mark.parametrize(
    ("change", "off"),
    [
        ({"state": PostingState.REJECTED, "reason": "spærret"}, Decimal(170)),
        ({"state": PostingState.DROPPED, "reason": "discarded"}, Decimal(170)),
        ({"state": PostingState.DROPPED, "reason": "reserved"}, None),
        ({"state": PostingState.HELD, "reason": "no_ledger_account"}, None),
    ],
)
def test_a_row_that_only_the_bank_has_is_the_difference(change: dict[str, object], off: Decimal | None) -> None:
    rows = statement(MANY, per_day=1)
    known = postings(rows)
    known[10] = replace(known[10], **change)  # type: ignore[arg-type]
    if change["reason"] == "reserved":
        rows = [*rows[:10], *(replace(row, balance=row.balance and row.balance - 170) for row in rows[11:])]
        known = [p for place, p in enumerate(postings([*rows])) if place >= 0]
    assert told(known, 10, rows[-1].balance) == (True, off)


def test_a_row_that_only_the_ledger_has_is_the_difference_until_somebody_has_seen_to_it() -> None:
    rows = statement(MANY, per_day=1)
    known = postings([*rows[:10], *(replace(row, balance=row.balance and row.balance - 170) for row in rows[11:])])
    gone = replace(postings(rows)[10], change="deleted")
    booked = known[-1].balance
    assert told([*known, gone], -1, booked) == (True, Decimal(-170))
    assert told([*known, replace(gone, decided_at=NOON)], -1, booked) == (True, None)


def test_a_duplicate_that_was_rightly_discarded_is_no_difference() -> None:
    rows = statement(MANY, per_day=1)
    known = postings(rows)
    copy = replace(known[10], id="copy", text="again", state=PostingState.DROPPED, reason="discarded")
    assert told([*known, copy], 10, rows[-1].balance) == (True, None)


def test_while_anything_is_open_nothing_is_told() -> None:
    rows = statement(MANY, per_day=1)
    known = postings(rows)
    rejected = [*known[:10], replace(known[10], state=PostingState.REJECTED), *known[11:]]
    assert told(rejected, 10, Decimal(1)) == (False, None), "the balance is of another moment than the rows"
    held = replace(known[12], state=PostingState.HELD, reason="suspected_duplicate")
    assert told([*rejected[:12], held, *rejected[13:]], 10, rows[-1].balance) == (False, None)
    bare = [replace(posting, balance=None) for posting in rejected]
    assert told(bare, 10, rows[-1].balance) == (False, None)

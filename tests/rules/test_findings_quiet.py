"""A bank where nothing is wrong gives no findings: the sandbox's own books, fetched every day for eight months."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from backend.model.facts import BankRow
from backend.model.findings import NOTHING_FOUND
from backend.rules.findings import look
from backend.rules.rhythm import lively
from backend.sandbox.fleet import AccountKind
from backend.sandbox.statement import BankAccount, Link, views

START = datetime(2025, 11, 1, 12, tzinfo=UTC)
WEEK = timedelta(days=7)


def link(key: int) -> Link:
    kind = AccountKind(
        key=key, iban=None, bban=None, name="", currency="DKK", type="", opened=date(2010, 1, 1), owner=""
    )
    return Link(account=BankAccount(kind=kind))


def statement(where: Link, seen: datetime, since: date) -> list[BankRow]:
    """What Aiia shows of the account, newest first."""
    rows = []
    for view in views(where, seen, deleted=True):
        if view.day < since - timedelta(days=4):
            break
        if view.day >= since:
            rows.append(
                BankRow(
                    source_id=view.id,
                    date=view.day,
                    amount=Decimal(view.ore) / 100,
                    currency="DKK",
                    text=view.text,
                    balance=None if view.balance is None else Decimal(view.balance) / 100,
                    booked=view.state == "Booked",
                    deleted=view.deleted,
                )
            )
    return rows


@pytest.mark.parametrize("key", range(10))
def test_the_months_of_an_ordinary_account_raises_nothing(key: int) -> None:
    where = link(key * 7919 + 1)
    days = {row.date for row in statement(where, START, START.date() - 26 * WEEK) if not row.deleted}
    found, lapsed = NOTHING_FOUND, START.date()
    for step in range(250):
        seen = START + timedelta(days=step)
        rows = statement(where, seen, seen.date() - WEEK)
        days |= {row.date for row in rows if not row.deleted}
        newest = max((row.date for row in rows if not row.deleted), default=None)
        known = None if lively(newest, lapsed, seen.date()) else days
        found = look(found, rows, currency="DKK", days=known, lapsed=lapsed, as_of=seen.date())
        assert found == NOTHING_FOUND, seen
        lapsed = seen.date()


@pytest.mark.parametrize("key", range(12))
@pytest.mark.parametrize("away", [10, 45])
def test_a_lapse_over_which_the_bank_kept_its_rows_leaves_no_gap(key: int, away: int) -> None:
    where = link(key * 104729 + 3)
    lapsed = START.date()
    seen = START + timedelta(days=away)
    days = {row.date for row in statement(where, seen, lapsed - 26 * WEEK) if not row.deleted}
    rows = statement(where, seen, lapsed - WEEK)
    assert look(NOTHING_FOUND, rows, currency="DKK", days=days, lapsed=lapsed, as_of=seen.date()) == NOTHING_FOUND

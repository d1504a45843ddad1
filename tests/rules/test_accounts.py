"""Accounts are recognised by their number, whatever ids a renewal gives them."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.model.facts import Account
from backend.rules.accounts import match_accounts

IBAN = "DK6999990001234567"


def account(ident: str, iban: str | None = None, bban: str | None = None, **more: Any) -> Account:
    return replace(Account(provider_account_id=ident, iban=iban, bban=bban, name="Drift"), **more)


KNOWN = account("old-1", IBAN, id=7, ledger_account="5820")


@pytest.mark.parametrize(
    "now",
    [
        account("new-1", IBAN),
        account("new-1", "DK69 9999 0001 2345 67"),
        account("new-1", None, "9999-0001234567"),
        account("new-1", None, "9999 1234567"),
        account("new-1", None, "99990001234567"),
    ],
)
def test_the_same_number_is_the_same_account_and_keeps_its_mapping(now: Account) -> None:
    match = match_accounts([KNOWN], [now])
    assert [(a.id, a.ledger_account, a.provider_account_id) for a in match.matched] == [(7, "5820", "new-1")]
    assert (match.new, match.vanished, match.rekeyed) == ((), (), ())
    assert match.matched[0].key == IBAN


@pytest.mark.parametrize(
    "now",
    [
        account("old-1", "DK6999990001234568"),
        account("new-1", None, "9999-0001234568"),
        account("new-1", "NO9386011117947"),
        account("new-1"),
    ],
)
def test_another_number_is_another_account_even_under_the_same_id(now: Account) -> None:
    match = match_accounts([KNOWN], [now])
    assert match.matched == ()
    assert match.new == (now,)
    assert match.vanished == (replace(KNOWN, orphaned=True),)


def test_an_account_without_a_number_is_known_by_its_id_and_gains_the_number() -> None:
    known = account("a1", id=3, ledger_account="5830")
    match = match_accounts([known], [account("a1", IBAN)])
    assert (match.matched[0].id, match.matched[0].iban) == (3, IBAN)
    assert match.rekeyed == (("id:a1", IBAN),)


def test_a_bban_that_becomes_an_iban_names_both_keys() -> None:
    match = match_accounts([account("a1", None, "9999-0001234567", id=3)], [account("b1", IBAN)])
    assert match.matched[0].id == 3
    assert match.rekeyed == (("bban:99990001234567", IBAN),)


def test_of_two_reports_of_one_number_the_one_with_access_is_kept() -> None:
    match = match_accounts([KNOWN], [account("dead", IBAN, orphaned=True), account("alive", IBAN)])
    assert [a.provider_account_id for a in match.matched] == ["alive"]
    assert match.new == ()


def test_of_two_known_rows_with_one_number_the_mapped_one_goes_on() -> None:
    twin = account("twin", IBAN, id=9)
    match = match_accounts([twin, KNOWN], [account("new", IBAN)])
    assert match.matched[0].id == 7
    assert [a.id for a in match.vanished] == [9]


def test_an_account_that_the_bank_gives_back_is_not_orphaned_any_more() -> None:
    match = match_accounts([replace(KNOWN, orphaned=True)], [account("new", IBAN)])
    assert not match.matched[0].orphaned


NUMBERS = st.integers(0, 12).map(lambda n: f"DK50{4000 + n}{n:010}")


@given(st.lists(NUMBERS, unique=True), st.lists(NUMBERS, unique=True))
def test_every_account_has_exactly_one_fate(old: list[str], new: list[str]) -> None:
    before = [account(f"o{n}", iban, id=n, ledger_account=str(n)) for n, iban in enumerate(old)]
    now = [account(f"n{n}", iban) for n, iban in enumerate(new)]
    match = match_accounts(before, now)
    both = set(old) & set(new)
    assert {a.iban for a in match.matched} == both
    assert {a.iban for a in match.new} == set(new) - both
    assert {a.iban for a in match.vanished} == set(old) - both
    assert all(before[a.id or 0].ledger_account == a.ledger_account for a in match.matched)

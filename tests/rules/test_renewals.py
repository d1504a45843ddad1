"""What a renewal leaves in doubt, where its case hangs, and that every word for it exists in both languages."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.model.facts import Account, Act, Case, Stage
from backend.model.renewals import RenewalDiff, Shown
from backend.rules.accounts import diff_of, in_doubt, match_accounts
from backend.rules.renewals import diff_lines, stalled, suggestion
from backend.texts import texts_in
from tests.fakes import NOON, account

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CASE = Case(
    id=1,
    kind=Act.RENEW,
    connection="c1",
    agreement_number="1001",
    customer="Kunde 1",
    email="",
    action=None,
    state="s",
    stage=Stage.SENT,
    link="",
    created_at=NOON,
    sent_at=NOON,
)
DOUBTED = RenewalDiff(
    matched=(Shown(key="A", name="Drift", was="B", doubt="only_by_id"),),
    new=(Shown(key="DK1", name="Ny", doubt="maybe_renumbered"),),
    vanished=(Shown(key="DK2", name="Gammel", ledger_account="5820"),),
)


@pytest.mark.parametrize(
    ("changes", "after", "hangs"),
    [
        ({"stage": Stage.LINK_MADE}, HOUR, None),
        ({"stage": Stage.LINK_MADE}, 2 * HOUR, "stalled.not_sent"),
        ({"stage": Stage.LINK_MADE, "note": "unreachable"}, HOUR, "stalled.not_sent"),
        ({}, 2 * DAY, None),
        ({}, 4 * DAY, "stalled.not_used"),
        ({"stage": Stage.OPENED, "opened_at": NOON + 4 * DAY}, 4 * DAY + HOUR, None),
        ({"stage": Stage.OPENED, "opened_at": NOON}, 2 * DAY, "stalled.not_at_bank"),
        ({"stage": Stage.AT_BANK, "note": "cancelled"}, HOUR, "stalled.at_bank"),
        ({"stage": Stage.AUTHORISED, "note": "no_accounts"}, HOUR, "stalled.no_accounts"),
        ({"stage": Stage.AUTHORISED, "note": "wrong_entry"}, HOUR, "stalled.wrong_entry"),
        ({"stage": Stage.AUTHORISED, "note": "bank_down"}, HOUR, None),
        ({"stage": Stage.AUTHORISED, "note": "bank_down"}, 7 * HOUR, "stalled.unproven"),
        ({"stage": Stage.FETCHED, "diff": RenewalDiff()}, HOUR, None),
        ({"stage": Stage.FETCHED, "diff": DOUBTED}, HOUR, "stalled.not_accepted"),
        ({"stage": Stage.FETCHED, "diff": DOUBTED, "accepted_at": NOON}, HOUR, None),
        ({"stage": Stage.FETCHED, "diff": DOUBTED, "accepted_at": NOON}, 7 * HOUR, "stalled.not_released"),
        ({"stage": Stage.RELEASED}, 99 * DAY, None),
        ({"stage": Stage.ABANDONED}, 99 * DAY, None),
    ],
)
def test_where_a_case_hangs(changes: dict[str, object], after: timedelta, hangs: str | None) -> None:
    assert stalled(replace(CASE, **changes), NOON + after) == hangs  # type: ignore[arg-type]


@pytest.mark.parametrize("language", ["da", "en"])
def test_a_diff_in_words_names_every_account_that_changed(language: str) -> None:
    say = texts_in(language)
    told = "\n".join(diff_lines(DOUBTED, say))
    assert all(word in told for word in ("A Drift", "B", "DK1 Ny", "DK2 Gammel", "5820"))
    assert "DK1" in suggestion(DOUBTED, say) and "DK2" in suggestion(DOUBTED, say)
    assert suggestion(RenewalDiff(), say) == ""


ACCOUNTS = st.lists(st.integers(1, 6), unique=True, max_size=5)


@given(known=ACCOUNTS, gone=ACCOUNTS, shown=ACCOUNTS, orphans=ACCOUNTS)
def test_every_known_account_is_matched_or_vanished_and_doubt_needs_one_that_vanished(
    known: list[int], gone: list[int], shown: list[int], orphans: list[int]
) -> None:
    before = [account(n, id=n, orphaned=n in gone) for n in known]
    after = [account(n, provider_account_id=f"x{n}", orphaned=n in orphans) for n in shown]
    match = match_accounts(before, after)
    match = replace(match, new=tuple(a for a in match.new if not a.orphaned))
    doubts = in_doubt(before, match, renewed=True)
    diff = diff_of(before, match, doubts)
    alive = {a.key for a in after if not a.orphaned}
    assert {s.key for s in diff.matched} | {s.key for s in diff.new} == alive
    assert {s.key for s in diff.matched} | {s.key for s in diff.vanished} == {a.key for a in before}
    assert {s.key for s in diff.doubted} == doubts.keys() <= {s.key for s in diff.new}
    if not {s.key for s in diff.vanished} - {account(n).key for n in gone}:
        assert not doubts, "nothing has vanished that was there, and nothing that did is mapped"
    elif diff.new:
        assert doubts


def test_an_account_that_vanished_earlier_and_is_still_mapped_raises_doubt() -> None:
    before = [account(1, id=1), account(2, id=2, orphaned=True, ledger_account="5830")]
    match = match_accounts(before, [account(1), account(3)])
    assert list(in_doubt(before, match, renewed=True).values()) == ["maybe_renumbered"]
    assert in_doubt(before, match_accounts(before, [account(1)]), renewed=True) == {}


def test_doubt_that_nobody_has_settled_stays() -> None:
    before: list[Account] = [account(1, id=1), account(3, id=3, doubt="maybe_renumbered")]
    match = match_accounts(before, [account(1), account(3)])
    assert in_doubt(before, match, renewed=True) == {account(3).key: "maybe_renumbered"}

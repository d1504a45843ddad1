"""What operators decide about postings, and what a fetch finds beside its rows: the store's part of it (DESIGN §9)."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from backend.model.facts import DISCARDED, Account, BankRow, Posting, PostingState, Receipt
from backend.model.postings import Decision
from backend.model.views import PostingFilter
from backend.rules.assess import assess
from backend.rules.rows import RowContext, known_since, match_rows
from backend.store import SqliteStore, open_store
from tests.fakes import NOON, HandClock, account, import_account, record, row

LATER = NOON + timedelta(hours=2)
SINCE = date(2026, 2, 20)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = open_store(tmp_path / "forny.db", assess=assess, clock=HandClock())
    opened.import_records([record(1)], NOON, "eva")
    yield opened
    opened.close()


def shown(store: SqliteStore) -> Account:
    context = store.fetch_context("c1")
    assert context is not None
    (known,) = context.accounts
    return account(1, id=known.id, ledger_account=known.ledger_account, last_fetched=NOON)


def fetch(store: SqliteStore, *rows: BankRow) -> None:
    """One fetch as the agent does it: what is known, what the bank shows, what follows."""
    bank = shown(store)
    known = store.known_rows("1001", [bank.key], known_since(SINCE))
    context = RowContext(connection="c1", agreement_number="1001", account=bank, since=SINCE)
    changes = match_rows(known, rows, context=context, now=NOON)
    store.save_fetch("c1", NOON, outcome="ok", accounts=[bank], upserts=changes.upserts, dropped=changes.dropped)


def deliver(store: SqliteStore) -> list[str]:
    """Everything that is queued reaches the ledger; gives the source ids."""
    sent: list[str] = []
    for delivery in store.open_deliveries(99, NOON):
        store.settle_delivery(delivery.key, Receipt(acknowledged=tuple(p.id for p in delivery.postings)), NOON)
        sent += [posting.source_id for posting in delivery.postings]
    return sent


def postings(store: SqliteStore, *states: PostingState) -> dict[str, Posting]:
    query = PostingFilter(states=states or tuple(PostingState))
    return {line.posting.source_id: line.posting for line in store.postings(query, 999)}


def decide(store: SqliteStore, decision: Decision, *ids: str, operator: str = "eva", dry_run: bool = False) -> object:
    found = store.decide(ids, decision, operator=operator, host="bastion", now=LATER, dry_run=dry_run)
    return [posting.id for posting in found.done], [refusal.reason for refusal in found.refused]


OLD, NEW = row("old", text="DSB"), row("new", text="DSB Kastrup", day="2026-03-02")
"""A delivered row, and one that the bank shows in its place under another id, day and text."""


@pytest.fixture
def suspected(store: SqliteStore) -> Posting:
    """A row that is held because it may be one that has been delivered."""
    fetch(store, OLD)
    assert deliver(store) == ["old"]
    fetch(store, NEW)
    held = postings(store, PostingState.HELD)["new"]
    assert held.reason == "suspected_duplicate" and store.connection("c1", NOON).facts.held == 1  # type: ignore[union-attr]
    return held


def test_what_is_accepted_goes_out_once_and_is_promised_from_then_on(store: SqliteStore, suspected: Posting) -> None:
    assert decide(store, Decision.ACCEPT, suspected.id) == ([suspected.id], [])
    queued = postings(store)["new"]
    assert (queued.state, queued.reason, queued.ledger_account) == (PostingState.QUEUED, None, "5820")
    assert (queued.due_at, queued.decided_at, queued.decided_by) == (LATER + timedelta(hours=6), LATER, "eva")
    fetch(store, NEW)
    assert deliver(store) == ["new"]
    fetch(store, NEW)
    assert deliver(store) == []


def test_what_is_discarded_never_comes_back_and_is_never_delivered(store: SqliteStore, suspected: Posting) -> None:
    assert decide(store, Decision.DISCARD, suspected.id) == ([suspected.id], [])
    again = row("renumbered", text="DSB Kastrup", day="2026-03-02")
    for shown_now in ([NEW], [again], [], [again], [row("renumbered", text="DSB reworded", day="2026-03-02")]):
        fetch(store, *shown_now)
        assert deliver(store) == []
        assert {p.state for p in postings(store).values()} == {PostingState.ACKNOWLEDGED, PostingState.DROPPED}
    (dropped,) = postings(store, PostingState.DROPPED).values()
    assert (dropped.id, dropped.reason, dropped.decided_by) == (suspected.id, DISCARDED, "eva")


def test_a_second_row_that_equals_a_discarded_one_is_another_row(store: SqliteStore, suspected: Posting) -> None:
    decide(store, Decision.DISCARD, suspected.id)
    fetch(store, NEW, row("twin", text="DSB Kastrup", day="2026-03-02"))
    assert deliver(store) == ["twin"]


def test_each_decision_is_one_line_of_the_audit_log(store: SqliteStore, suspected: Posting) -> None:
    before = store.verify_audit().checked
    decide(store, Decision.DISCARD, suspected.id)
    lines = [event for event in store.events(before, 99) if event.kind.startswith("posting.")]
    (line,) = lines
    assert (line.kind, line.connection, line.operator, line.host, line.at) == (
        "posting.discarded",
        "c1",
        "eva",
        "bastion",
        LATER,
    )
    assert line.data == {
        "posting": suspected.id,
        "amount": "-291.00",
        "currency": "DKK",
        "from": "held",
        "to": "dropped",
        "reason": "suspected_duplicate",
    }
    assert store.verify_audit().broken_at is None


def test_a_dry_run_changes_nothing(store: SqliteStore, suspected: Posting) -> None:
    before = store.verify_audit().checked
    assert decide(store, Decision.ACCEPT, suspected.id, dry_run=True) == ([suspected.id], [])
    assert postings(store)["new"] == suspected and store.verify_audit().checked == before


def test_what_has_changed_meanwhile_is_told_and_not_overruled(store: SqliteStore, suspected: Posting) -> None:
    decide(store, Decision.ACCEPT, suspected.id, operator="ole")
    found = store.decide([suspected.id], Decision.DISCARD, operator="eva", host="bastion", now=LATER)
    (told,) = found.refused
    assert (told.reason, told.by, told.at) == ("decision.already", "ole", LATER)
    delivered = postings(store)["old"]
    assert decide(store, Decision.DISCARD, delivered.id) == ([], ["decision.acknowledged"])
    assert deliver(store) == ["new"]


def test_ids_may_be_cut_short_but_not_guessed(store: SqliteStore, suspected: Posting) -> None:
    assert decide(store, Decision.ACCEPT, "p_", "c1", "p_00000000") == ([], ["decision.unknown"] * 3)
    assert decide(store, Decision.ACCEPT, suspected.id[:10], suspected.id, dry_run=True) == ([suspected.id], [])


def test_a_reservation_and_a_row_without_a_ledger_account_are_refused(store: SqliteStore) -> None:
    store.import_records([record(2, accounts=(import_account(2, None),))], NOON, "eva")
    fetch(store, row("r", booked=False, state="Reserved"))
    reserved = postings(store)["r"]
    bank = account(2, id=2, last_fetched=NOON)
    context = RowContext(connection="c2", agreement_number="1002", account=bank, since=SINCE)
    unmapped = match_rows([], [row("u", amount="-12.50")], context=context, now=NOON).upserts
    store.save_fetch("c2", NOON, outcome="ok", accounts=[bank], upserts=unmapped)
    wanted = (reserved.id, unmapped[0].id)
    assert decide(store, Decision.ACCEPT, *wanted) == ([], ["decision.reserved", "decision.no_ledger_account"])
    assert decide(store, Decision.DISCARD, *wanted) == ([unmapped[0].id], ["decision.reserved"])
    assert postings(store)["u"].amount == Decimal("-12.50")


def test_a_fetch_that_began_before_a_decision_does_not_undo_it(store: SqliteStore, suspected: Posting) -> None:
    bank = shown(store)
    context = RowContext(connection="c1", agreement_number="1001", account=bank, since=SINCE)
    reworded = row("new", text="DSB Kastrup Lufthavn", day="2026-03-02")
    for decision, state in ((Decision.ACCEPT, PostingState.QUEUED), (Decision.DISCARD, PostingState.DROPPED)):
        stale = match_rows([suspected], [reworded], context=context, now=NOON).upserts
        assert [posting.state for posting in stale] == [PostingState.HELD]
        decide(store, decision, suspected.id)
        before = postings(store)["new"]
        store.save_fetch("c1", NOON, outcome="ok", accounts=[bank], upserts=stale)
        after = postings(store)["new"]
        assert (after.state, after.ledger_account, after.due_at) == (state, before.ledger_account, before.due_at)
        store.db.raw.execute("UPDATE postings SET state = 'held', reason = 'suspected_duplicate', decided_at = NULL")

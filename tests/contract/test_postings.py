"""What operators decide about postings, and what a fetch finds beside its rows: the store's part of it (DESIGN §9)."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

import pytest

from backend.model.facts import DISCARDED, Account, BankRow, Posting, PostingState, Receipt
from backend.model.findings import Findings, Found
from backend.model.health import HealthFacts
from backend.model.postings import Decision
from backend.model.views import PostingFilter
from backend.rules.accounts import match_accounts
from backend.rules.assess import assess
from backend.rules.rows import RowContext, known_since, match_rows
from backend.store import Store, open_store
from tests.conftest import Place
from tests.fakes import NOON, HandClock, account, import_account, record, row

LATER = NOON + timedelta(hours=2)
SINCE = date(2026, 2, 20)


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    opened = open_store(place, assess=assess, clock=HandClock())
    opened.import_records([record(1)], NOON, "eva")
    yield opened
    opened.close()


def shown(store: Store) -> Account:
    context = store.fetch_context("c1")
    assert context is not None
    (known,) = context.accounts
    return account(1, id=known.id, ledger_account=known.ledger_account, last_fetched=NOON)


def fetch(store: Store, *rows: BankRow) -> None:
    """One fetch as the agent does it: what is known, what the bank shows, what follows."""
    bank = shown(store)
    known = store.known_rows("1001", [bank.key], known_since(SINCE))
    context = RowContext(connection="c1", agreement_number="1001", account=bank, since=SINCE)
    changes = match_rows(known, rows, context=context, now=NOON)
    store.save_fetch(
        "c1",
        NOON,
        outcome="ok",
        accounts=[bank],
        upserts=changes.upserts,
        dropped=changes.dropped,
        findings=Findings(changes=changes.after_delivery),
    )


def deliver(store: Store) -> list[str]:
    """Everything that is queued reaches the ledger; gives the source ids."""
    sent: list[str] = []
    for delivery in store.open_deliveries(99, NOON):
        store.settle_delivery(delivery.key, Receipt(acknowledged=tuple(p.id for p in delivery.postings)), NOON)
        sent += [posting.source_id for posting in delivery.postings]
    return sent


def postings(store: Store, *states: PostingState) -> dict[str, Posting]:
    query = PostingFilter(states=states or tuple(PostingState))
    return {line.posting.source_id: line.posting for line in store.postings(query, 999)}


def decide(store: Store, decision: Decision, *ids: str, operator: str = "eva", dry_run: bool = False) -> object:
    found = store.decide(ids, decision, operator=operator, host="bastion", now=LATER, dry_run=dry_run)
    return [posting.id for posting in found.done], [refusal.reason for refusal in found.refused]


OLD, NEW = row("old", text="DSB"), row("new", text="DSB Kastrup", day="2026-03-02")
"""A delivered row, and one that the bank shows in its place under another id, day and text."""


@pytest.fixture
def suspected(store: Store) -> Posting:
    """A row that is held because it may be one that has been delivered."""
    fetch(store, OLD)
    assert deliver(store) == ["old"]
    fetch(store, NEW)
    held = postings(store, PostingState.HELD)["new"]
    assert held.reason == "suspected_duplicate" and store.connection("c1", NOON).facts.held == 1  # type: ignore[union-attr]
    return held


def test_what_is_accepted_goes_out_once_and_is_promised_from_then_on(store: Store, suspected: Posting) -> None:
    assert decide(store, Decision.ACCEPT, suspected.id) == ([suspected.id], [])
    queued = postings(store)["new"]
    assert (queued.state, queued.reason, queued.ledger_account) == (PostingState.QUEUED, None, "5820")
    assert (queued.due_at, queued.decided_at, queued.decided_by) == (LATER + timedelta(hours=6), LATER, "eva")
    fetch(store, NEW)
    assert deliver(store) == ["new"]
    fetch(store, NEW)
    assert deliver(store) == []


def test_what_is_discarded_never_comes_back_and_is_never_delivered(store: Store, suspected: Posting) -> None:
    assert decide(store, Decision.DISCARD, suspected.id) == ([suspected.id], [])
    again = row("renumbered", text="DSB Kastrup", day="2026-03-02")
    for shown_now in ([NEW], [again], [], [again], [row("renumbered", text="DSB reworded", day="2026-03-02")]):
        fetch(store, *shown_now)
        assert deliver(store) == []
        assert {p.state for p in postings(store).values()} == {PostingState.ACKNOWLEDGED, PostingState.DROPPED}
    (dropped,) = postings(store, PostingState.DROPPED).values()
    assert (dropped.id, dropped.reason, dropped.decided_by) == (suspected.id, DISCARDED, "eva")


def test_a_second_row_that_equals_a_discarded_one_is_another_row(store: Store, suspected: Posting) -> None:
    decide(store, Decision.DISCARD, suspected.id)
    fetch(store, NEW, row("twin", text="DSB Kastrup", day="2026-03-02"))
    assert deliver(store) == ["twin"]


def test_each_decision_is_one_line_of_the_audit_log(store: Store, suspected: Posting) -> None:
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
    # A database knows its user by his login, too.
    assert {name: value for name, value in line.data.items() if name != "login"} == {
        "posting": suspected.id,
        "amount": "-291.00",
        "currency": "DKK",
        "from": "held",
        "to": "dropped",
        "reason": "suspected_duplicate",
    }
    assert store.verify_audit().whole


def test_a_rejected_row_can_be_sent_again_or_left_out(store: Store) -> None:
    fetch(store, row("a"), row("b", text="SKAT"))
    (delivery,) = store.open_deliveries(9, NOON)
    refused = tuple((posting.id, "barred") for posting in delivery.postings)
    store.settle_delivery(delivery.key, Receipt(rejected=refused), NOON)
    rejected = postings(store, PostingState.REJECTED)
    assert decide(store, Decision.ACCEPT, rejected["a"].id) == ([rejected["a"].id], [])
    assert decide(store, Decision.DISCARD, rejected["b"].id) == ([rejected["b"].id], [])
    (again,) = store.open_deliveries(9, LATER)
    assert again.key != delivery.key and [posting.source_id for posting in again.postings] == ["a"]
    store.settle_delivery(again.key, Receipt(rejected=((rejected["a"].id, "barred"),)), LATER)
    assert decide(store, Decision.ACCEPT, rejected["a"].id) == ([rejected["a"].id], []), "and once more"
    fetch(store, row("a"), row("b", text="SKAT"))
    assert postings(store, PostingState.DROPPED)["b"].reason == DISCARDED


def test_a_dry_run_changes_nothing(store: Store, suspected: Posting) -> None:
    before = store.verify_audit().checked
    assert decide(store, Decision.ACCEPT, suspected.id, dry_run=True) == ([suspected.id], [])
    assert postings(store)["new"] == suspected and store.verify_audit().checked == before


def test_what_has_changed_meanwhile_is_told_and_not_overruled(store: Store, suspected: Posting) -> None:
    decide(store, Decision.ACCEPT, suspected.id, operator="ole")
    found = store.decide([suspected.id], Decision.DISCARD, operator="eva", host="bastion", now=LATER)
    (told,) = found.refused
    assert (told.reason, told.by, told.at) == ("decision.already", "ole", LATER)
    delivered = postings(store)["old"]
    assert decide(store, Decision.DISCARD, delivered.id) == ([], ["decision.acknowledged"])
    assert deliver(store) == ["new"]


def test_ids_may_be_cut_short_but_not_guessed(store: Store, suspected: Posting) -> None:
    assert decide(store, Decision.ACCEPT, "p_", "c1", "p_00000000") == (
        [],
        ["decision.ambiguous", "decision.unknown", "decision.unknown"],
    ), "too little of an id says so, and not that there is none"
    assert decide(store, Decision.ACCEPT, suspected.id[:10], suspected.id, dry_run=True) == ([suspected.id], [])


def test_a_reservation_and_a_row_without_a_ledger_account_are_refused(store: Store) -> None:
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


def test_a_fetch_that_began_before_a_decision_does_not_undo_it(store: Store, suspected: Posting) -> None:
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


# -- what a fetch finds ----------------------------------------------------------------------------------------


def facts(store: Store) -> HealthFacts:
    view = store.connection("c1", NOON)
    assert view is not None
    return view.facts


def test_a_delivered_row_that_the_bank_deletes_waits_until_somebody_has_seen_it(store: Store) -> None:
    fetch(store, OLD)
    deliver(store)
    for _ in range(2):
        fetch(store, row("old", text="DSB", deleted=True))
    (told,) = postings(store).values()
    assert (told.state, told.change, told.changed_at) == (PostingState.ACKNOWLEDGED, "deleted", NOON)
    assert facts(store).changed_rows == 1
    assert [line.posting.id for line in store.postings(PostingFilter(changed=True), 9)] == [told.id]
    assert [event.kind for event in store.events(0, 99)].count("posting.deleted") == 1
    assert decide(store, Decision.DISCARD, told.id) == ([], ["decision.delivered"])
    assert decide(store, Decision.ACCEPT, told.id) == ([told.id], [])
    assert facts(store).changed_rows == 0 and store.postings(PostingFilter(changed=True), 9) == []
    seen = postings(store)["old"]
    assert (seen.state, seen.due_at, seen.decided_by) == (told.state, told.due_at, "eva")
    fetch(store, row("old", text="DSB", deleted=True))
    assert facts(store).changed_rows == 0, "it is told once"


def test_another_amount_under_a_delivered_id_is_held_and_the_delivered_row_stays(store: Store) -> None:
    fetch(store, OLD)
    deliver(store)
    fetch(store, row("old", text="DSB", amount="-300.00"))
    assert facts(store).changed_rows == 1 and facts(store).held == 1 and deliver(store) == []
    lines = {line.posting.amount: line.posting for line in store.postings(PostingFilter(), 9)}
    old, new = lines[Decimal("-291.00")], lines[Decimal("-300.00")]
    assert (old.state, old.change, new.reason) == (PostingState.ACKNOWLEDGED, "changed", "suspected_duplicate")
    (event,) = [event for event in store.events(0, 99) if event.kind == "posting.changed"]
    assert (event.data["amount"], event.data["bank_amount"]) == ("-291.00", "-300.00")


def test_what_is_dropped_with_the_same_fetch_is_no_change_after_delivery(store: Store) -> None:
    fetch(store, OLD)
    fetch(store, row("old", text="DSB", deleted=True), row("old", text="DSB", amount="-300.00"))
    assert facts(store).changed_rows == 0


def test_findings_are_counted_with_the_longest_gap_and_leave_with_their_cause(store: Store) -> None:
    store.import_records([record(1, accounts=(import_account(1), import_account(2)), fingerprint="two")], NOON, "eva")
    banks = [account(1, id=1), account(2, id=2)]
    short = Found(gap_from=date(2026, 2, 1), gap_to=date(2026, 2, 9), silent_since=date(2026, 2, 20))
    long = Found(gap_from=date(2026, 1, 1), gap_to=date(2026, 2, 1), missing_on=SINCE, off_by=Decimal("-12.50"))
    found = Findings(accounts=((banks[0].key, short), (banks[1].key, long)))
    store.save_fetch("c1", NOON, outcome="ok", accounts=banks, findings=found)
    now = facts(store)
    assert (now.silent, now.rows_missing, now.balance_off) == (1, 1, 1)
    assert (now.gap_from, now.gap_to) == ("2026-01-01", "2026-02-01")
    context = store.fetch_context("c1")
    assert context is not None and [known.found for known in context.accounts] == [short, long]
    assert [event.kind for event in store.events(0, 99)].count("account.findings") == 2
    store.save_fetch("c1", NOON, outcome="ok", accounts=banks)
    assert facts(store).silent == 1, "a fetch that has no news changes nothing"
    gone = Findings(accounts=tuple((bank.key, Found()) for bank in banks))
    store.save_fetch("c1", NOON, outcome="ok", accounts=banks, findings=gone)
    now = facts(store)
    assert (now.silent, now.rows_missing, now.balance_off, now.gap_from, now.gap_to) == (0, 0, 0, None, None)


def test_findings_and_rows_are_written_together_or_not_at_all(store: Store, suspected: Posting) -> None:
    bank = shown(store)
    broken = Findings(accounts=((bank.key, Found(off_by="nonsense")),))  # type: ignore[arg-type]
    before = postings(store)
    with pytest.raises(ValueError, match="format"):
        store.save_fetch("c1", LATER, outcome="ok", accounts=[bank], dropped=[suspected.id], findings=broken)
    assert postings(store) == before and store.verify_audit().whole


def test_an_account_that_was_never_shown_is_unseen_and_one_that_was_is_orphaned(store: Store) -> None:
    store.import_records([record(1, accounts=(import_account(1), import_account(2)), fingerprint="two")], NOON, "eva")
    assert facts(store).unseen == 0, "nobody has looked yet"
    for showing, unseen, orphaned in (((1,), 1, 0), ((1, 2), 0, 0), ((1,), 0, 1)):
        context = store.fetch_context("c1")
        assert context is not None
        match = match_accounts(context.accounts, [account(number) for number in showing])
        store.save_fetch("c1", NOON, outcome="ok", accounts=[*match.matched, *match.new, *match.vanished])
        assert (facts(store).unseen, facts(store).orphaned) == (unseen, orphaned)


def test_days_with_rows_are_those_that_the_bank_still_shows(store: Store, suspected: Posting) -> None:
    days = [date(2026, 3, 2), date(2026, 3, 1)]
    key = shown(store).key
    assert store.posting_days("1001", [key]) == days
    decide(store, Decision.DISCARD, suspected.id)
    assert store.posting_days("1001", [key]) == days, "the bank shows it; only the ledger does not get it"
    assert store.odd_days("1001") == {key: date(2026, 3, 2)} and store.odd_days("1002") == {}


@pytest.mark.parametrize(("after", "transfer"), [(timedelta(seconds=-1), "queued"), (timedelta(0), "late")])
def test_rows_are_late_six_hours_after_the_renewal_to_the_second(store: Store, after: timedelta, transfer: str) -> None:
    bank = shown(store)
    renewed = NOON - timedelta(hours=1)
    context = RowContext(connection="c1", agreement_number="1001", account=bank, renewed_at=renewed)
    rows = match_rows([], [OLD], context=context, now=NOON).upserts
    store.save_fetch("c1", NOON, outcome="ok", accounts=[bank], upserts=rows)
    view = store.connection("c1", renewed + timedelta(hours=6) + after)
    assert view is not None and view.row.transfer == transfer
    assert postings(store)["old"].due_at == renewed + timedelta(hours=6)


def test_each_release_promises_six_hours_from_then_on(store: Store) -> None:
    store.import_records([record(2, accounts=(import_account(2, None),))], NOON, "eva")
    bank = account(2, id=2, last_fetched=NOON)
    context = RowContext(connection="c2", agreement_number="1002", account=bank)
    waiting = match_rows([], [row("u")], context=context, now=NOON).upserts
    store.save_fetch("c2", NOON, outcome="ok", accounts=[bank], upserts=waiting)
    assert postings(store)["u"].due_at is None
    store.import_records([record(2, fingerprint="mapped")], LATER, "eva")
    assert (postings(store)["u"].state, postings(store)["u"].due_at) == ("queued", LATER + timedelta(hours=6))

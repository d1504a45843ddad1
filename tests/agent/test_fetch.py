"""Rounds of fetches and deliveries, over a real store, with a scripted outside."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from backend.model.errors import (
    BankDown,
    NeedsCustomer,
    OutsideError,
    RateLimited,
    RefusedCredentials,
    Unreachable,
)
from backend.model.facts import (
    Account,
    Delivery,
    PostingState,
    Receipt,
    Session,
    Statement,
)
from backend.model.views import PostingFilter
from tests.agent.world import World
from tests.fakes import NOON, account, import_account, record, row


def test_a_round_fetches_and_delivers_each_row_once(world: World) -> None:
    world.customer()
    world.bank(row("a"), row("b", text="Netto"), row("c", state="Reserved", booked=False))
    report = world.once()
    assert (report.fetched, report.new_postings, report.delivered) == (1, 3, 2)
    assert world.states() == {
        "a": PostingState.ACKNOWLEDGED,
        "b": PostingState.ACKNOWLEDGED,
        "c": PostingState.HELD,
    }
    again = world.once()
    assert (again.new_postings, again.delivered) == (0, 0)
    assert set(world.ledger.booked.values()) == {1}


def test_renumbered_rows_are_recognised(world: World) -> None:
    world.customer()
    world.bank(row("a"), row("b", text="Netto"))
    world.once()
    world.bank(row("z1", text="Netto"), row("z2"))
    world.once()
    assert len(world.ledger.booked) == 2 and set(world.states()) == {"z1", "z2"}


def test_a_lost_answer_is_settled_with_the_same_key(world: World) -> None:
    world.customer()
    world.bank(row("a"), row("b", text="Netto"))
    world.ledger.lose_answers, world.ledger.lost = 1, lambda: Unreachable("cut", sent=True)
    report = world.once()
    assert report.deliveries_failed == 1 and len(world.ledger.bodies) == 1
    world.bank(row("a", text="DSB"), row("b", text="Netto", balance=None), row("c", text="Ny"))
    world.once()
    assert world.ledger.changed_bodies == 0 and set(world.ledger.booked.values()) == {1}
    assert set(world.states().values()) == {PostingState.ACKNOWLEDGED}


def test_rows_without_a_ledger_account_wait_with_the_reason(world: World) -> None:
    connection = world.customer(accounts=(import_account(1, None),))
    world.bank(row("a"))
    world.once()
    (line,) = world.store.postings(PostingFilter(), 9)
    assert (line.posting.state, line.posting.reason) == (PostingState.HELD, "no_ledger_account")
    assert world.store.rows([connection], NOON)[0].pending == 1
    world.store.import_records([record(1, fingerprint="mapped")], NOON, "eva")
    assert world.once().delivered == 1


def test_a_rejected_row_is_told_and_does_not_hold_up_the_others(world: World) -> None:
    world.customer()
    world.bank(row("a"), row("b", text="Netto"))
    world.once()
    world.bank(row("a"), row("b", text="Netto"), row("c", text="Spærret"), row("d", text="Fin"))
    world.ledger.reject = {}
    lines = world.store.postings(PostingFilter(), 99)
    assert len(lines) == 2
    from backend.rules.rows import posting_id

    bad = posting_id("1001", lines[0].posting.account_key, date(2026, 3, 1), row("c").amount, "DKK", "Spærret", 0)
    world.ledger.reject[bad] = "period closed"
    report = world.once()
    assert (report.delivered, report.rejected) == (1, 1)
    assert world.states()["c"] == PostingState.REJECTED


def test_a_rate_limit_keeps_its_clock_and_is_not_asked_before(world: World) -> None:
    connection = world.customer()
    until = NOON + timedelta(hours=3)
    world.provider.trouble = lambda what, _: RateLimited("slow down", until=until) if what == "accounts" else None
    assert world.once().waiting == 1
    (seen,) = world.store.rows([connection], world.clock.now())
    assert (seen.fetch, seen.verdict, seen.action, seen.wait_until) == ("rate_limited", "wait", None, until)
    calls = len(world.provider.calls)
    world.once()
    assert len(world.provider.calls) == calls, "nobody asked while the clock ran"
    world.provider.trouble = lambda *_: None
    world.clock.move(hours=4)
    assert world.once().fetched == 1


@pytest.mark.parametrize(
    ("error", "fetch"),
    [
        (NeedsCustomer("session gone"), "customer_action"),
        (BankDown("bank away"), "bank_down"),
        (Unreachable("no answer", sent=True), "provider_down"),
    ],
)
def test_a_failed_fetch_is_never_a_success(world: World, error: OutsideError, fetch: str) -> None:
    connection = world.customer()
    world.bank(row("a"))
    world.once()
    before = world.store.rows([connection], NOON)[0].last_fetched
    world.clock.move(hours=5)
    world.provider.trouble = lambda *_: error
    world.once()
    (seen,) = world.store.rows([connection], world.clock.now())
    assert seen.fetch == fetch and seen.last_fetched == before and seen.verdict != "fine"


def test_one_accounts_failure_does_not_starve_its_sibling(world: World) -> None:
    connection = world.customer(accounts=(import_account(1), import_account(2)))
    world.provider.shown["consent-1"] = [account(1), account(2)]
    world.bank(row("b"), number=2)
    real = world.provider.transactions

    async def first_fails(session: Session, asked: object, since: date | None) -> object:
        if getattr(asked, "provider_account_id", "") == "acc-1":
            raise BankDown("this account only")
        return await real(session, asked, since)  # type: ignore[arg-type]

    world.provider.transactions = first_fails  # type: ignore[assignment,method-assign]
    world.once()
    assert world.states() == {"b": PostingState.ACKNOWLEDGED}
    assert world.store.rows([connection], NOON)[0].fetch == "partial"


def test_wrong_credentials_stop_the_whole_round(world: World) -> None:
    for number in range(1, 200):
        world.customer(number)
    world.provider.trouble = lambda *_: RefusedCredentials("secret rotated")
    report = world.once()
    assert report.trouble == "refused_credentials"
    assert len(world.provider.calls) < 100, "not every customer was asked in vain"
    status = world.store.agent_status()
    assert status is None or status.trouble in ("", "refused_credentials")


def test_another_bank_of_the_same_login_is_left_to_its_own_connection(world: World) -> None:
    first = world.customer(1)
    world.customer(2, agreement_number="1001")
    both = [account(1), account(2, bank_id="Jyske", bank_name="Jyske Bank")]
    world.provider.shown = {"consent-1": both, "consent-2": both}
    world.bank(row("a"), number=1)
    world.bank(row("b"), number=2)
    world.once()
    assert len(world.ledger.booked) == 2
    view = world.store.connection(first, NOON)
    assert view is not None and [a.iban for a in view.accounts] == [account(1).iban]


def test_old_news_from_the_provider_is_no_fresh_fetch(world: World) -> None:
    news = NOON - timedelta(days=20)
    connection = world.customer(expires_at=NOON - timedelta(days=20))
    world.provider.shown["consent-1"] = [account(1, last_synchronized=news)]
    world.once()
    assert world.store.rows([connection], NOON)[0].last_fetched == news


def test_fresh_news_after_the_stated_end_of_a_consent_disproves_it(world: World) -> None:
    connection = world.customer(expires_at=NOON - timedelta(days=2))
    assert world.store.rows([connection], NOON)[0].consent == "expired"
    world.once()
    (seen,) = world.store.rows([connection], NOON)
    assert (seen.consent, seen.expires_at) == ("valid", None)


def test_accounts_that_all_vanish_are_no_success(world: World) -> None:
    connection = world.customer()
    world.bank(row("a"))
    world.once()
    before = world.store.rows([connection], NOON)[0].last_fetched
    world.clock.move(hours=2)
    world.provider.shown["consent-1"] = []
    world.once()
    (seen,) = world.store.rows([connection], world.clock.now())
    assert (seen.fetch, seen.last_fetched) == ("partial", before) and seen.verdict != "fine"
    world.provider.shown["consent-1"] = [account(1)]
    world.once()
    assert world.store.rows([connection], world.clock.now())[0].fetch == "ok"


def test_rows_that_an_answer_leaves_out_go_again_after_a_pause_under_a_new_key(world: World) -> None:
    world.customer()
    world.bank(row("a"), row("b", text="Netto"))
    whole = world.ledger.deliver

    async def forgetful(delivery: Delivery) -> Receipt:
        receipt = await whole(delivery)
        return replace(receipt, acknowledged=receipt.acknowledged[:1], duplicates=receipt.duplicates[:1])

    world.ledger.deliver = forgetful  # type: ignore[method-assign]
    assert world.once().delivered == 1
    assert sorted(world.states().values()) == [PostingState.ACKNOWLEDGED, PostingState.QUEUED]
    world.once()
    assert set(world.states().values()) == {PostingState.ACKNOWLEDGED} and len(world.ledger.bodies) == 2
    assert set(world.ledger.booked.values()) == {1}


def test_rows_that_cannot_be_read_make_the_fetch_partial(world: World) -> None:
    connection = world.customer()
    whole = world.provider.transactions

    async def damaged(session: Session, asked: Account, since: date | None) -> Statement:
        return replace(await whole(session, asked, since), unread="2 rows without a date")

    world.provider.transactions = damaged  # type: ignore[assignment,method-assign]
    world.bank(row("a"))
    world.once()
    view = world.store.connection(connection, NOON)
    assert view is not None and view.row.fetch == "partial" and "2 rows" in view.facts.last_detail
    assert world.states() == {"a": PostingState.ACKNOWLEDGED}


def test_a_round_tries_every_batch_that_has_no_answer_however_many_there_are(world: World) -> None:
    for number in range(1, 41):
        world.customer(number)
        world.bank(row("a"), number=number)
    world.ledger.lose_answers, world.ledger.lost = 40, lambda: Unreachable("cut", sent=True)
    assert world.once().deliveries_failed == 40
    world.ledger.lose_answers = 35
    assert world.once(restarted=True).deliveries_failed == 35, "each once, and no more than once"
    assert world.once(restarted=True).delivered == 35
    assert set(world.ledger.booked.values()) == {1} and world.ledger.changed_bodies == 0

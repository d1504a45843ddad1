"""The agent over a real store, with a scripted outside and a clock set by hand."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from backend.agent import Agent, RoundReport
from backend.agent.renewals import login_finished
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
    Act,
    ActionState,
    Delivery,
    Plan,
    PlanItem,
    PostingState,
    Receipt,
    Session,
    Stage,
    Statement,
    SyncAnswer,
)
from backend.model.filters import EVERYTHING
from backend.model.views import PostingFilter
from backend.rules.assess import assess
from backend.store import open_store
from backend.texts import texts_in
from tests.fakes import NOON, FakeLedger, FakeMailer, FakeProvider, HandClock, account, import_account, record, row


class World:
    """One agent, its store, and the outside it talks to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = HandClock()
        self.store = open_store(path, assess=assess, clock=self.clock)
        self.provider, self.ledger, self.mailer = FakeProvider(), FakeLedger(), FakeMailer()
        self.agent = self.new_agent()

    def new_agent(self) -> Agent:
        return Agent(
            books=self.store,
            provider=self.provider,
            ledger=self.ledger,
            mailer=self.mailer,
            clock=self.clock,
            say=texts_in("da"),
        )

    def customer(self, number: int = 1, **changes: object) -> str:
        """A customer with one connection whose provider shows one account; gives the connection's id."""
        self.store.import_records([record(number, **changes)], self.clock.now(), "test")
        self.provider.shown[f"consent-{number}"] = [account(number)]
        return self.store.fleet(EVERYTHING, "id", True, 0, 1, NOON)[0].id

    def bank(self, *rows: object, number: int = 1) -> None:
        self.provider.rows[f"acc-{number}"] = list(rows)  # type: ignore[arg-type]

    def once(self, *, restarted: bool = False) -> RoundReport:
        """One round in its own event loop; an agent that has waited for a turn in another must be `restarted`."""
        if restarted:
            self.agent = self.new_agent()
        return asyncio.run(self.agent.once())

    def act(self, act: Act, *connections: str, then_sync: bool = False) -> int:
        items = tuple(
            PlanItem(connection=c, agreement_number="", customer="", bank="", fate="run") for c in connections
        )
        plan = Plan(act=act, operator="eva", created_at=self.clock.now(), items=items, then_sync=then_sync)
        return self.store.submit(plan, "host").plan

    def states(self) -> dict[str, PostingState]:
        lines = self.store.postings(PostingFilter(), 999)
        return {line.posting.source_id: line.posting.state for line in lines}

    def outcome(self, plan: int) -> tuple[ActionState, str]:
        view = self.store.plan(plan)
        assert view is not None
        return view.actions[-1].state, view.actions[-1].reason

    def login(self, code: str, consent_id: str | None, state: str | None = None) -> str:
        return asyncio.run(
            login_finished(self.agent.tools, code=code, consent_id=consent_id, state=state, report=self.agent.report)
        )


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path / "forny.db")
    yield made
    made.store.close()


# -- fetch and transfer ----------------------------------------------------------------------------------------


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


# -- synchronise -----------------------------------------------------------------------------------------------


def test_a_sync_is_done_only_when_the_bank_has_delivered(world: World) -> None:
    connection = world.customer()
    plan = world.act(Act.SYNC, connection)
    world.once()
    assert world.outcome(plan) == (ActionState.WAITING, "queued")
    world.clock.move(minutes=1)
    world.provider.shown["consent-1"] = [account(1, last_synchronized=world.clock.now())]
    world.bank(row("new"))
    asyncio.run(world.agent.settle(plan, patience=60))
    assert world.outcome(plan)[0] == ActionState.DONE
    assert world.states() == {"new": PostingState.QUEUED}


def test_a_sync_that_never_comes_back_fails_after_an_hour(world: World) -> None:
    plan = world.act(Act.SYNC, world.customer())
    world.once()
    world.clock.move(hours=2)
    asyncio.run(world.agent.settle(plan, patience=5))
    assert world.outcome(plan) == (ActionState.FAILED, "sync_timeout")


def test_a_supervised_login_is_the_customers(world: World) -> None:
    connection = world.customer()
    world.provider.sync_answer = SyncAnswer(
        queued=False, auth_url="https://hub.example.test/login", status="SupervisedLoginRequired"
    )
    plan = world.act(Act.SYNC, connection)
    report = world.once()
    assert world.outcome(plan) == (ActionState.AWAITING_CUSTOMER, "supervised_login")
    assert report.awaiting_customer == 1


def test_a_sync_before_a_renewal_says_renew_first(world: World) -> None:
    connection = world.customer()
    world.provider.trouble = lambda what, _: NeedsCustomer("gone") if what == "sync" else None
    plan = world.act(Act.SYNC, connection)
    asyncio.run(world.agent.settle(plan, patience=0))
    assert world.outcome(plan) == (ActionState.FAILED, "renew_first")
    assert world.store.rows([connection], NOON)[0].action == "renew"


def test_an_unknown_sync_is_asked_again_under_its_own_key(world: World) -> None:
    connection = world.customer()
    answers: list[OutsideError | None] = [Unreachable("cut", sent=True), None]
    world.provider.trouble = lambda what, _: answers.pop(0) if what == "sync" and answers else None
    plan = world.act(Act.SYNC, connection)
    asyncio.run(world.agent.settle(plan, patience=0))
    assert world.outcome(plan)[0] == ActionState.UNKNOWN
    world.once()
    assert world.outcome(plan) == (ActionState.WAITING, "queued")
    assert len(world.provider.syncs) == 2 and len(set(world.provider.syncs)) == 1


# -- renew -----------------------------------------------------------------------------------------------------


def renewed(world: World, connection: str, *, then_sync: bool = False) -> tuple[int, str]:
    """Ask for a renewal; gives the plan and the state in the link."""
    plan = world.act(Act.RENEW, connection, then_sync=then_sync)
    world.once()
    view = world.store.connection(connection, world.clock.now())
    assert view is not None and view.case is not None
    return plan, view.case.state


def test_a_renewal_is_mailed_and_awaits_the_customer_with_the_live_consent_untouched(world: World) -> None:
    connection = world.customer()
    world.bank(row("a"))
    plan, _ = renewed(world, connection)
    assert world.outcome(plan) == (ActionState.AWAITING_CUSTOMER, "link_sent")
    (mail,) = world.mailer.sent
    assert mail.to == "kunde1@example.test" and "consentId=consent-1" in mail.text
    world.bank(row("a"), row("b", text="Netto"))
    assert world.once().fetched == 1, "the old consent still works"
    (seen,) = world.store.rows([connection], NOON)
    assert seen.consent == "valid"


@pytest.mark.parametrize("told", ["state", "consent"])
def test_a_login_takes_over_only_after_accounts_and_first_fetch(world: World, told: str) -> None:
    connection = world.customer()
    world.bank(row("a"))
    plan, state = renewed(world, connection)
    world.provider.grants["code"] = "consent-new" if told == "state" else "consent-1"
    world.provider.shown["consent-new"] = [account(1, provider_account_id="renumbered")]
    world.provider.rows["renumbered"] = [row("x"), row("y", text="Netto")]
    if told == "consent":
        world.bank(row("x"), row("y", text="Netto"))
    seen = world.login("code", None, state if told == "state" else None)
    assert seen == "done" and world.outcome(plan)[0] == ActionState.DONE
    view = world.store.connection(connection, NOON)
    assert view is not None and view.case is not None and view.case.stage == Stage.FETCHED
    assert view.accounts[0].ledger_account == "5820" and len(view.accounts) == 1
    world.once()
    assert set(world.ledger.booked.values()) == {1} and len(world.ledger.booked) == 2
    view = world.store.connection(connection, NOON)
    assert view is not None and view.case is not None and view.case.stage == Stage.RELEASED


def test_a_login_whose_first_fetch_fails_leaves_the_live_consent(world: World) -> None:
    connection = world.customer()
    _, state = renewed(world, connection)
    world.provider.grants["code"] = "consent-new"
    world.provider.shown["consent-new"] = [account(1)]
    world.provider.trouble = lambda what, s: (
        BankDown("away") if what == "transactions" and s and s.consent_id == "consent-new" else None
    )
    assert world.login("code", None, state) == "pending"
    view = world.store.connection(connection, NOON)
    assert view is not None and view.consent_id == "consent-1" and view.case is not None
    assert (view.case.stage, view.case.note) == (Stage.AUTHORISED, "bank_down")
    world.provider.trouble = lambda *_: None
    world.once()
    view = world.store.connection(connection, NOON)
    assert view is not None and view.consent_id == "consent-new"


def test_a_login_with_other_accounts_never_takes_over(world: World) -> None:
    connection = world.customer()
    _, state = renewed(world, connection)
    world.provider.grants["code"] = "consent-new"
    world.provider.shown["consent-new"] = [account(77)]
    assert world.login("code", None, state) == "pending"
    view = world.store.connection(connection, NOON)
    assert view is not None and view.consent_id == "consent-1" and view.case is not None
    assert view.case.note == "no_account_matched"
    assert (view.row.verdict, view.row.situation) == ("operator", "renewal_unproven")
    assert world.ledger.booked == {}


def test_a_cancelled_login_changes_nothing(world: World) -> None:
    connection = world.customer()
    renewed(world, connection)
    before = world.store.connection(connection, NOON)
    asyncio.run(login_finished(world.agent.tools, code=None, consent_id=None, state=None, report=world.agent.report))
    assert world.store.connection(connection, NOON) == before


def test_a_login_that_does_not_say_whose_it_is_goes_to_the_one_with_those_accounts(world: World) -> None:
    first, second = world.customer(1), world.customer(2)
    renewed(world, first)
    renewed(world, second)
    world.provider.grants["code"] = "consent-new"
    world.provider.shown["consent-new"] = [account(1)]
    assert world.login("code", "consent-new") == "done"
    consents = [world.store.connection(c, NOON).consent_id for c in (first, second)]  # type: ignore[union-attr]
    assert consents == ["consent-new", "consent-2"]


def test_a_login_of_nobody_we_know_is_thrown_away_and_told(world: World) -> None:
    first, second = world.customer(1), world.customer(2)
    renewed(world, first)
    renewed(world, second)
    world.provider.grants["code"] = "consent-new"
    world.provider.shown["consent-new"] = [account(99)]
    assert world.login("code", "consent-new") == "unclaimed"
    assert "login.unclaimed" in [event.kind for event in world.store.events(0, 999)]
    consents = [world.store.connection(c, NOON).consent_id for c in (first, second)]  # type: ignore[union-attr]
    assert consents == ["consent-1", "consent-2"]


def test_renew_then_sync_is_one_step(world: World) -> None:
    connection = world.customer(expires_at=NOON - timedelta(days=1))
    plan, state = renewed(world, connection, then_sync=True)
    world.provider.grants["code"] = "consent-new"
    world.provider.shown["consent-new"] = [account(1)]
    world.login("code", None, state)
    world.once()
    view = world.store.plan(plan)
    assert view is not None and [a.act for a in view.actions] == [Act.RENEW, Act.SYNC]
    assert len(world.provider.syncs) == 1


def test_a_mail_that_cannot_be_sent_keeps_the_link(world: World) -> None:
    connection = world.customer()
    world.mailer.trouble = [Unreachable("no server", sent=False)]
    plan = world.act(Act.RENEW, connection)
    world.once()
    view = world.store.plan(plan)
    assert view is not None
    (action,) = view.actions
    assert (action.state, action.reason) == (ActionState.FAILED, "mail_failed")
    assert action.result["link"].startswith("https://hub.example.test/")


def test_a_new_connection_starts_from_nothing(world: World) -> None:
    world.customer(1)
    fresh = world.store.add_connection("1001", "Jyske Bank", "aiia", NOON)
    plan, state = 0, ""
    plan = world.act(Act.CONNECT, fresh)
    world.once()
    view = world.store.connection(fresh, NOON)
    assert view is not None and view.case is not None and view.row.consent == "awaiting_customer"
    state = view.case.state
    world.provider.grants["code"] = "consent-jyske"
    world.provider.shown["consent-jyske"] = [account(5, bank_id="Jyske", bank_name="Jyske Bank")]
    world.bank(row("j"), number=5)
    assert world.login("code", "consent-jyske", state) == "done"
    assert world.outcome(plan)[0] == ActionState.DONE
    view = world.store.connection(fresh, NOON)
    assert view is not None and view.row.status == "AKTIV" and view.accounts[0].ledger_account is None
    assert world.states()["j"] == PostingState.HELD


# -- remove ----------------------------------------------------------------------------------------------------


def test_remove_cuts_the_link_and_says_how_long_the_consent_lives(world: World) -> None:
    connection = world.customer()
    plan = world.act(Act.REMOVE, connection)
    world.once()
    view = world.store.plan(plan)
    assert view is not None and view.actions[0].state == ActionState.DONE
    assert view.actions[0].result["consent_lives_until"].startswith("2026-05-01")
    assert asyncio.run(world.store.read(1)) is None
    calls = len(world.provider.calls)
    assert world.once().fetched == 0 and len(world.provider.calls) == calls
    assert world.store.rows([connection], NOON)[0].consent == "removed"


# -- standing agent --------------------------------------------------------------------------------------------


def test_a_standing_agent_does_what_is_asked_while_it_stands_and_stops_when_told(world: World) -> None:
    connection = world.customer()
    world.bank(row("a"))

    async def stand() -> int:
        stop = asyncio.Event()
        running = asyncio.create_task(world.agent.run(stop))
        while not world.ledger.booked:
            await asyncio.sleep(0)
        plan = world.act(Act.REMOVE, connection)
        while not (view := world.store.plan(plan)) or not view.settled:
            await asyncio.sleep(0)
        stop.set()
        await running
        return plan

    assert world.outcome(asyncio.run(asyncio.wait_for(stand(), 20)))[0] == ActionState.DONE


# -- how old is what we have -----------------------------------------------------------------------------------


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


def test_a_failed_sync_is_remembered_until_the_bank_has_delivered(world: World) -> None:
    connection = world.customer()
    world.provider.trouble = lambda what, _: NeedsCustomer("gone") if what == "sync" else None
    world.act(Act.SYNC, connection)
    world.once()
    view = world.store.connection(connection, NOON)
    assert view is not None and view.facts.sync_failed and view.row.action == "renew"
    world.clock.move(hours=1)
    world.provider.shown["consent-1"] = [account(1, last_synchronized=world.clock.now())]
    world.once()
    view = world.store.connection(connection, world.clock.now())
    assert view is not None and not view.facts.sync_failed


def test_after_a_renewal_we_look_often_until_the_bank_has_delivered(world: World) -> None:
    connection = world.customer()
    _, state = renewed(world, connection)
    world.provider.grants["code"] = "consent-new"
    world.provider.shown["consent-new"] = [account(1)]
    world.login("code", None, state)
    soon = world.clock.now() + timedelta(minutes=11)
    assert world.store.due(soon, 7200, 9) == [(connection, "Nordea")]
    world.provider.shown["consent-new"] = [account(1, last_synchronized=soon)]
    world.clock.move(minutes=11)
    world.once()
    assert world.store.due(soon + timedelta(minutes=11), 7200, 9) == []


def test_a_bank_that_hangs_does_not_hold_up_another_banks_customers(world: World) -> None:
    for number in range(1, 300):
        world.customer(number, bank="Langsom Bank")
    world.customer(300, bank="Hurtig Bank")
    world.bank(row("quick"), number=300)
    real = world.provider.accounts

    async def stand() -> None:
        stop, hanging = asyncio.Event(), asyncio.Event()

        async def accounts(session: Session, group: str | None = None) -> object:
            if session.consent_id != "consent-300":
                await hanging.wait()
            return await real(session, group)

        world.provider.accounts = accounts  # type: ignore[assignment,method-assign]
        running = asyncio.create_task(world.agent.run(stop))
        while not world.ledger.booked:
            await asyncio.sleep(0)
        stop.set()
        hanging.set()
        await running

    asyncio.run(asyncio.wait_for(stand(), 20))
    assert world.states()["quick"] == PostingState.ACKNOWLEDGED


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


def test_a_login_that_proved_nothing_can_be_done_again(world: World) -> None:
    connection = world.customer()
    _, state = renewed(world, connection)
    world.provider.grants |= {"wrong": "consent-wrong", "right": "consent-right"}
    world.provider.shown |= {"consent-wrong": [account(77)], "consent-right": [account(1)]}
    assert world.login("wrong", "consent-wrong", state) == "pending"
    assert world.login("right", "consent-right", state) == "done"
    view = world.store.connection(connection, NOON)
    assert view is not None and view.consent_id == "consent-right"


def test_without_a_mail_server_the_link_is_there_to_pass_on(world: World) -> None:
    connection = world.customer()
    world.agent.tools.mailer = None
    plan = world.act(Act.RENEW, connection)
    world.once()
    view = world.store.plan(plan)
    assert view is not None
    (action,) = view.actions
    assert (action.state, action.reason) == (ActionState.AWAITING_CUSTOMER, "no_mail_server")
    assert action.result["link"].startswith("https://hub.example.test/")


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


def test_a_word_that_we_do_not_know_blames_no_customer(world: World) -> None:
    connection = world.customer()
    world.provider.sync_answer = SyncAnswer(queued=False, auth_url=None, status="Teleporting")
    plan = world.act(Act.SYNC, connection)
    world.once()
    assert world.outcome(plan) == (ActionState.FAILED, "unknown_status")
    assert world.store.rows([connection], NOON)[0].verdict != "customer"


def test_a_login_under_a_state_that_we_never_gave_is_not_traded(world: World) -> None:
    renewed(world, world.customer())
    world.provider.grants["code"] = "consent-1"
    assert world.login("code", "consent-1", "forged") == "unclaimed"
    assert ("exchange", "") not in world.provider.calls


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

"""A renewal or a new connection, from the link to the login and the first fetch."""

import asyncio
from datetime import timedelta

import pytest

from backend.agent.renewals import login_finished
from backend.model.errors import (
    BankDown,
    Unreachable,
)
from backend.model.facts import Act, Mail, PostingState, Stage
from backend.model.plans import ActionState, Order
from tests.agent.world import World, renewed
from tests.fakes import NOON, account, row


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


def test_a_mail_of_unknown_fate_is_never_sent_again_and_bars_a_new_one_until_a_human_lets_go(world: World) -> None:
    connection = world.customer()
    world.mailer.trouble = [Unreachable("the answer was lost", sent=True)]
    plan = world.act(Act.RENEW, connection)
    for _ in range(5):
        world.once()
        world.clock.move(hours=1)
    assert world.outcome(plan) == (ActionState.UNKNOWN, "mail_unknown") and world.mailer.sent == []
    world.store.steer_plan(plan, Order.CANCEL, world.clock.now(), operator="eva", host="host")
    assert world.outcome(plan) == (ActionState.FAILED, "mail_unknown")
    again = world.act(Act.RENEW, connection)
    world.once(restarted=True)
    assert world.outcome(again) == (ActionState.AWAITING_CUSTOMER, "link_sent") and len(world.mailer.sent) == 1


def test_a_crash_after_the_mail_sends_no_second_one_and_the_customers_login_leads_on(world: World) -> None:
    connection = world.customer()
    real = world.mailer.send

    async def cut_off(mail: Mail) -> None:
        await real(mail)
        raise RuntimeError("the power is gone")

    world.mailer.send = cut_off  # type: ignore[method-assign]
    plan = world.act(Act.RENEW, connection)
    with pytest.raises(RuntimeError):
        world.once()
    world.store.db.run("UPDATE actions SET owner = 'dead'")
    world.mailer.send = real  # type: ignore[method-assign]
    world.once(restarted=True)
    assert world.outcome(plan) == (ActionState.UNKNOWN, "mail_unknown") and len(world.mailer.sent) == 1
    world.provider.grants["code"] = "consent-new"
    world.provider.shown["consent-new"] = [account(1)]
    view = world.store.connection(connection, NOON)
    assert view is not None and view.case is not None
    assert world.login("code", None, view.case.state) == "done" and world.outcome(plan)[0] == ActionState.DONE


def test_a_new_connection_starts_from_nothing(world: World) -> None:
    world.customer(1)
    fresh = world.store.add_connection("1001", "Jyske Bank", "aiia", NOON, operator="eva", host="h")
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


def test_a_login_under_a_state_that_we_never_gave_is_not_traded(world: World) -> None:
    renewed(world, world.customer())
    world.provider.grants["code"] = "consent-1"
    assert world.login("code", "consent-1", "forged") == "unclaimed"
    assert ("exchange", "") not in world.provider.calls

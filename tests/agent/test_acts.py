"""What operators ask for beside renewals: synchronise and remove."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from backend.model.errors import (
    BankDown,
    LimitOf,
    NeedsCustomer,
    OutsideError,
    ProviderDown,
    RateLimited,
    Refused,
    Unreachable,
)
from backend.model.facts import Act, PostingState, Session, SyncAnswer
from backend.model.limits import Gate
from backend.model.plans import ActionState, Order, PlanError
from backend.store.codec import ms
from tests.agent.test_renewals import operations
from tests.agent.world import World
from tests.fakes import NOON, account, claim, record, row


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


@pytest.mark.parametrize(
    ("trouble", "asked"),
    [
        (ProviderDown("503", http_status=503), 2),
        (Unreachable("refused", sent=False), 2),
        (BankDown("down"), 1),
        (NeedsCustomer("log in"), 1),
        (Refused("no"), 1),
    ],
)
def test_a_sync_that_fails_is_tried_twice_at_most_and_only_where_that_may_help(
    world: World, trouble: OutsideError, asked: int
) -> None:
    world.provider.trouble = lambda what, _: trouble if what == "sync" else None
    plan = world.act(Act.SYNC, world.customer())
    for _ in range(4):
        asyncio.run(world.agent.settle(plan, patience=0))
        world.clock.move(minutes=2)
    assert world.outcome(plan)[0] == ActionState.FAILED
    assert len(world.provider.syncs) == asked and len(set(world.provider.syncs)) == 1, "under one key"


def test_a_second_try_that_works_is_done(world: World) -> None:
    answers: list[OutsideError | None] = [ProviderDown("503", http_status=503)]
    world.provider.trouble = lambda what, _: answers.pop() if what == "sync" and answers else None
    plan = world.act(Act.SYNC, world.customer())
    asyncio.run(world.agent.settle(plan, patience=0))
    assert world.outcome(plan) == (ActionState.INTENT, "provider_down")
    world.clock.move(minutes=1)
    asyncio.run(world.agent.settle(plan, patience=0))
    assert world.outcome(plan)[0] == ActionState.WAITING


def test_what_a_limit_turns_away_is_asked_for_at_its_time_and_has_not_failed(world: World) -> None:
    """`facts/operations.md` §2.3: "at T"."""
    until = NOON + timedelta(hours=20)
    limit = RateLimited("429", until=until, of=LimitOf.CONNECTION)
    world.provider.trouble = lambda what, _: limit if what == "sync" else None
    connection = world.customer()
    plan = world.act(Act.SYNC, connection)
    for _ in range(3):
        asyncio.run(world.agent.settle(plan, patience=0))
        world.clock.move(hours=5)
    (action,) = world.store.plan(plan).actions  # type: ignore[union-attr]
    assert (action.state, action.reason, action.not_before) == (ActionState.INTENT, "rate_limited", until)
    assert len(world.provider.syncs) == 1 and "tried" not in action.result
    assert world.store.rows([connection], world.clock.now())[0].fetch == "rate_limited", "and so is the connection"
    world.provider.trouble = lambda *_: None
    world.clock.time = until
    asyncio.run(world.agent.settle(plan, patience=0))
    assert world.outcome(plan)[0] == ActionState.WAITING and len(set(world.provider.syncs)) == 1


def test_an_act_that_a_limit_turns_away_again_and_again_is_told_to_have_failed(world: World) -> None:
    def limited(what: str, _: Session | None) -> OutsideError | None:
        return RateLimited("429", until=world.clock.now(), of=LimitOf.CONNECTION) if what == "sync" else None

    world.provider.trouble = limited
    plan = world.act(Act.SYNC, world.customer())
    for _ in range(20):
        asyncio.run(world.agent.settle(plan, patience=0))
        world.clock.move(days=1)
    assert world.outcome(plan) == (ActionState.FAILED, "rate_limited") and len(world.provider.syncs) == 11


def test_a_second_try_waits_as_long_as_it_was_told(world: World) -> None:
    error = ProviderDown("503", http_status=503, until=NOON + timedelta(minutes=10))
    world.provider.trouble = lambda what, _: error if what == "sync" else None
    plan = world.act(Act.SYNC, world.customer())
    for _ in range(5):
        asyncio.run(world.agent.settle(plan, patience=0))
        world.clock.move(minutes=1)
    assert len(world.provider.syncs) == 1


def lost(times: int) -> Callable[[str, Session | None], OutsideError | None]:
    """So many syncs go out, and their answers are lost."""
    answers = [Unreachable("cut", sent=True)] * times
    return lambda what, _: answers.pop() if what == "sync" and answers else None


def test_looks_at_a_sync_of_unknown_outcome_cost_the_bank_nothing(world: World) -> None:
    world.provider.trouble = lost(5)
    connection = world.customer()
    world.act(Act.SYNC, connection)
    for _ in range(6):
        world.once()
        world.clock.move(minutes=5)
    assert len(world.provider.syncs) == 6
    assert len(world.store.spent([connection], "sync", NOON - timedelta(days=1))[connection]) == 1


def test_a_sync_that_is_queued_after_an_outage_has_its_hour_from_then_on(world: World) -> None:
    world.provider.trouble = lost(1)
    plan = world.act(Act.SYNC, world.customer())
    asyncio.run(world.agent.settle(plan, patience=0))
    world.clock.move(hours=3)
    world.once()
    assert world.outcome(plan) == (ActionState.WAITING, "queued")
    world.clock.move(minutes=50)
    world.once()
    assert world.outcome(plan) == (ActionState.WAITING, "queued")


def test_a_sync_is_not_timed_out_while_nobody_may_look(world: World) -> None:
    plan = world.act(Act.SYNC, world.customer())
    world.once()
    world.clock.move(hours=3)
    until = world.clock.now() + timedelta(minutes=10)
    world.store.keep_gates([Gate(provider="aiia", until=until, reason="provider_limited")], NOON)
    world.once(restarted=True)
    assert world.outcome(plan) == (ActionState.WAITING, "queued")
    world.clock.time = until
    world.once(restarted=True)
    assert world.outcome(plan) == (ActionState.FAILED, "sync_timeout")


def test_what_was_known_when_a_sync_was_sent_is_no_news_however_young_it_is(world: World) -> None:
    world.customer()
    world.provider.shown["consent-1"] = [account(1, last_synchronized=world.clock.now() - timedelta(seconds=2.0001))]
    world.once()
    plan = world.act(Act.SYNC, "c1")
    for _ in range(3):
        world.once()
    assert world.outcome(plan) == (ActionState.WAITING, "queued"), "nothing new has come (law 3)"


def test_a_provider_whose_clock_is_behind_ours_has_synchronised_all_the_same(world: World) -> None:
    world.customer()
    world.once()
    plan = world.act(Act.SYNC, "c1")
    asyncio.run(world.agent.settle(plan, patience=0))
    world.provider.shown["consent-1"] = [account(1, last_synchronized=world.clock.now() - timedelta(seconds=20))]
    world.once()
    assert world.outcome(plan)[0] == ActionState.DONE


def test_what_is_unknown_waits_for_nobody_else_that_is(world: World) -> None:
    everybody = [f"c{number}" for number in range(1, 101)]
    world.store.import_records([record(number) for number in range(1, 101)], NOON, "test")
    world.provider.shown = {f"consent-{number}": [account(number)] for number in range(1, 101)}
    plan = unknown(world, Act.SYNC, *everybody)
    limit = RateLimited("429", until=NOON + timedelta(hours=20), of=LimitOf.CONNECTION)

    def trouble(what: str, session: Session | None) -> OutsideError | None:
        limited = session is not None and int(session.connection[1:]) <= 70
        return limit if what == "sync" and limited else None

    world.provider.trouble = trouble
    for _ in range(3):
        world.once()
        world.clock.move(minutes=5)
    view = world.store.plan(plan)
    assert view is not None and view.counts == {ActionState.UNKNOWN: 70, ActionState.WAITING: 30}


def test_an_outage_does_not_take_back_that_the_bank_wants_the_customer(world: World) -> None:
    connection = world.customer()
    answers: list[OutsideError] = [BankDown("down"), NeedsCustomer("gone")]
    world.provider.trouble = lambda what, _: answers.pop() if what == "sync" else None
    for _ in range(2):
        asyncio.run(world.agent.settle(world.act(Act.SYNC, connection), patience=0))
    assert answers == []
    view = world.store.connection(connection, NOON)
    assert view is not None and view.facts.sync_failed


def test_a_sync_speaks_in_the_session_of_its_customers_login(world: World) -> None:
    """The unit of "one call at a time" is the login, for acts as for fetches."""
    connection = world.customer()
    world.act(Act.SYNC, connection)
    (action,) = claim(world.store)
    ((_, session),) = world.store.send_syncs([(action.id, NOON)])
    context = world.store.fetch_context(connection)
    assert session is not None and context is not None and session.customer == context.login == action.login


def test_an_act_at_a_gate_that_is_shut_waits_for_its_time_and_fails_nobody(world: World) -> None:
    until = NOON + timedelta(minutes=5)
    world.store.keep_gates([Gate(provider="aiia", until=until, reason="provider_limited")], NOON)
    world.agent = world.new_agent()
    plan = world.act(Act.SYNC, world.customer())
    asyncio.run(world.agent.settle(plan, patience=0))
    (action,) = world.store.plan(plan).actions  # type: ignore[union-attr]
    assert (action.state, action.reason, action.not_before) == (ActionState.INTENT, "provider_limited", until)
    assert world.provider.syncs == [] and world.store.spent([action.connection], "sync", NOON) == {}
    world.clock.move(minutes=5)
    asyncio.run(world.agent.settle(plan, patience=0))
    assert world.outcome(plan)[0] == ActionState.WAITING


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


def lost_then_turned_away(world: World) -> int:
    """A sync of which nobody knows, and the bank lets nobody ask before tomorrow."""
    connection = world.customer()
    until = NOON + timedelta(hours=30)
    answers: list[OutsideError] = [Unreachable("cut", sent=True)]
    limit = RateLimited("429", until=until, of=LimitOf.CONNECTION)
    world.provider.trouble = lambda what, _: (answers.pop(0) if answers else limit) if what == "sync" else None
    plan = world.act(Act.SYNC, connection)
    asyncio.run(world.agent.settle(plan, patience=0))
    world.once()
    assert world.outcome(plan) == (ActionState.UNKNOWN, "rate_limited")
    return plan


def test_a_sync_that_may_not_be_asked_again_is_known_by_newer_data(world: World) -> None:
    plan, asked = lost_then_turned_away(world), world.clock.now()
    world.clock.move(minutes=10)
    world.once()
    assert world.outcome(plan)[0] == ActionState.UNKNOWN, "data from before it proves nothing"
    world.provider.shown["consent-1"] = [account(1, last_synchronized=asked + timedelta(seconds=2))]
    world.clock.move(minutes=10)
    world.once()
    (action,) = world.store.plan(plan).actions  # type: ignore[union-attr]
    assert action.state == ActionState.DONE and datetime.fromisoformat(action.result["seen"]) > asked
    assert len(world.provider.syncs) == 2


def test_once_its_key_is_dead_a_sync_is_looked_for_and_never_sent(world: World) -> None:
    plan = lost_then_turned_away(world)
    world.clock.move(hours=31)
    world.once()
    assert world.outcome(plan) == (ActionState.UNKNOWN, "unknown_for_too_long"), "no machine calls it failed (law 10)"
    assert len(world.provider.syncs) == 2


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


def unknown(world: World, act: Act, *connections: str) -> int:
    """Acts that were cut off after they had been marked as sent, before anything of them was done."""
    plan = world.act(act, *connections)
    world.store.db.run("UPDATE actions SET state = 'sent', sent_at = ?, owner = 'dead'", (ms(world.clock.now()),))
    return plan


def test_an_old_sync_of_unknown_outcome_is_done_when_the_bank_has_delivered_since(world: World) -> None:
    plan = unknown(world, Act.SYNC, world.customer())
    world.clock.move(days=3)
    world.provider.shown["consent-1"] = [account(1, last_synchronized=NOON + timedelta(hours=1))]
    world.once()
    assert world.outcome(plan)[0] == ActionState.DONE and world.provider.syncs == []


def test_an_old_sync_that_nothing_tells_of_stays_unknown_until_a_human_lets_it_go(world: World) -> None:
    connection = world.customer()
    plan = unknown(world, Act.SYNC, connection)
    world.clock.move(days=3)
    world.once()
    lines = len(world.store.events(0, 999))
    for _ in range(3):
        world.clock.move(days=1)
        asyncio.run(world.agent.settle(plan, patience=0))
    assert world.outcome(plan) == (ActionState.UNKNOWN, "unknown_for_too_long") and world.provider.syncs == []
    assert len(world.store.events(0, 999)) == lines, "nobody looks any more"
    view = world.store.plan(plan)
    assert view is not None and view.settled and view.left == 1, "and nobody waits for it"
    world.store.steer_plan(plan, Order.CANCEL, world.clock.now(), operator="eva", host="host")
    assert world.outcome(plan) == (ActionState.FAILED, "unknown_for_too_long")
    (told,) = [event for event in world.store.events(0, 999) if event.kind == "sync.failed"]
    assert (told.operator, told.connection) == ("eva", connection)
    with pytest.raises(PlanError):
        operations(world).again(plan)
    with pytest.raises(PlanError):
        world.store.steer_plan(plan, Order.CANCEL, world.clock.now(), operator="eva", host="host")


@pytest.mark.parametrize("act", [Act.RENEW, Act.REMOVE])
def test_an_old_act_of_which_nothing_was_done_is_judged_anew_and_done(world: World, act: Act) -> None:
    connection = world.customer()
    plan = unknown(world, act, connection)
    world.clock.move(days=3)
    world.once()
    done = (ActionState.DONE, "") if act == Act.REMOVE else (ActionState.AWAITING_CUSTOMER, "link_sent")
    assert world.outcome(plan) == done and len(world.mailer.sent) == (act == Act.RENEW)


def test_a_removal_that_was_cut_off_after_the_cut_is_done_once(world: World) -> None:
    connection = world.customer()
    plan = unknown(world, Act.REMOVE, connection)
    world.store.remove(connection, NOON)
    world.clock.move(days=3)
    world.once()
    assert world.outcome(plan) == (ActionState.DONE, "")
    assert world.store.db.value("SELECT removed_at FROM connections") == ms(NOON)


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


def test_a_word_that_we_do_not_know_blames_no_customer(world: World) -> None:
    connection = world.customer()
    world.provider.sync_answer = SyncAnswer(queued=False, auth_url=None, status="Teleporting")
    plan = world.act(Act.SYNC, connection)
    world.once()
    assert world.outcome(plan) == (ActionState.FAILED, "unknown_status")
    assert world.store.rows([connection], NOON)[0].verdict != "customer"

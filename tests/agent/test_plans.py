"""Plans through the real agent: stages, stops, turns, times and restarts, against a scripted outside."""

import asyncio
from datetime import timedelta

import pytest

from backend.agent import doing as doing_module
from backend.agent.doing import Doing
from backend.model.errors import (
    BankDown,
    LimitOf,
    OutsideError,
    ProviderDown,
    RateLimited,
    RefusedCredentials,
    Unreachable,
)
from backend.model.facts import Act, Session, SyncAnswer
from backend.model.plans import ActionState, Order, Plan, PlanItem, PlanState, PlanView
from backend.rules.stages import first_stage
from tests.agent.world import World
from tests.fakes import account, claim, record, willing

INTENT, WAITING, FAILED = ActionState.INTENT, ActionState.WAITING, ActionState.FAILED
DONE, CANCELLED = ActionState.DONE, ActionState.CANCELLED


def customers(world: World, numbers: range, bank: str = "Nordea") -> list[str]:
    """Customers with these numbers at one bank; gives their connections."""
    world.store.import_records([record(number, bank=bank) for number in numbers], world.clock.now(), "test")
    for number in numbers:
        world.provider.shown[f"consent-{number}"] = [account(number)]
    return [f"c{number}" for number in numbers]


def run(world: World, connections: list[str], act: Act = Act.SYNC, undo: timedelta = timedelta(0)) -> int:
    """Keep a plan and run it in stages; gives its number."""
    items = tuple(PlanItem(connection=c, agreement_number="", customer="", bank="", fate="run") for c in connections)
    plan = world.store.save_plan(Plan(act=act, operator="eva", created_at=world.clock.now(), items=items), "host")
    allowed = first_stage(len(items))
    world.store.run_plan(plan, willing, world.clock.now(), operator="eva", host="host", undo=undo, allowed=allowed)
    return plan


def steer(world: World, plan: int, order: Order) -> None:
    world.store.steer_plan(plan, order, world.clock.now(), operator="eva", host="host")


def view(world: World, plan: int) -> PlanView:
    found = world.store.plan(plan)
    assert found is not None
    return found


def synced(world: World) -> list[str]:
    """The customers for whom the provider was asked to synchronise, in the order of the calls."""
    return [consent for what, consent in world.provider.calls if what == "sync"]


def down(world: World, *banks: str) -> None:
    """From now on each sync at these banks finds the bank down."""
    bank_of = {f"consent-{row[1:]}": world.store.rows([row], world.clock.now())[0].bank for row in _all(world)}

    def trouble(what: str, session: Session | None) -> OutsideError | None:
        if what == "sync" and session is not None and bank_of[session.consent_id] in banks:
            return BankDown("the bank does not answer")
        return None

    world.provider.trouble = trouble


def _all(world: World) -> list[str]:
    return [f"c{consent.removeprefix('consent-')}" for consent in world.provider.shown]


def test_a_canary_that_fails_stops_a_plan_of_thirty_before_the_second_is_sent(world: World) -> None:
    plan = run(world, customers(world, range(1, 31)))
    down(world, "Nordea")
    world.once()
    assert synced(world) == ["consent-1"]
    now = view(world, plan)
    assert (now.state, now.note) == (PlanState.PAUSED, "plan.stop.canary")
    assert now.counts == {FAILED: 1, INTENT: 29} and now.settled
    world.once(restarted=True)
    assert len(synced(world)) == 1, "it stays so until somebody lets it go on"


def test_what_was_stopped_goes_on_when_it_is_told_to(world: World) -> None:
    plan = run(world, customers(world, range(1, 31)))
    down(world, "Nordea")
    world.once()
    down(world)
    steer(world, plan, Order.RESUME)
    world.once(restarted=True)
    now = view(world, plan)
    assert now.counts == {FAILED: 1, WAITING: 29} and now.state == PlanState.ENDED
    assert len(synced(world)) == 30 == len(set(world.provider.syncs)), "each was asked for once, under a key of its own"


def test_a_bank_that_goes_down_in_the_middle_stops_the_plan_before_it_has_failed_everybody(world: World) -> None:
    plan = run(world, customers(world, range(1, 201)))
    real = world.provider.sync

    async def sync(session: Session, request_id: str) -> SyncAnswer:
        if len(world.provider.syncs) == 20:
            down(world, "Nordea")
        return await real(session, request_id)

    world.provider.sync = sync  # type: ignore[method-assign]
    world.once()
    counts = view(world, plan).counts
    assert counts[WAITING] == 20 and 0 < counts[FAILED] < 100, counts
    assert counts[INTENT] == 180 - counts[FAILED]
    assert len(synced(world)) == 20 + counts[FAILED]


def test_what_comes_back_unsent_after_its_plan_was_cancelled_bars_nothing(world: World) -> None:
    (connection,) = customers(world, range(1, 2))
    plan = run(world, [connection])

    def trouble(what: str, _: Session | None) -> OutsideError | None:
        if what != "sync":
            return None
        steer(world, plan, Order.CANCEL)
        return ProviderDown("503", http_status=503)

    world.provider.trouble = trouble
    world.once()
    (action,) = view(world, plan).actions
    assert (action.state, action.reason) == (CANCELLED, "plan.note.cancelled") and action.finished_at is not None
    assert [e.kind for e in world.store.events(0, 999) if e.kind.startswith("sync.")][-1] == "sync.cancelled"
    world.provider.trouble = lambda *_: None
    again = run(world, [connection])
    world.once(restarted=True)
    assert view(world, again).counts == {WAITING: 1}


def test_what_nobody_knows_stops_a_plan_once_and_not_who_lets_it_go_on(world: World) -> None:
    plan = run(world, customers(world, range(1, 201)))
    lost = Unreachable("cut", sent=True)
    world.provider.trouble = lambda what, _: lost if what == "sync" and 10 < len(world.provider.syncs) < 18 else None
    asyncio.run(world.agent.settle(plan, patience=0))
    assert (view(world, plan).state, view(world, plan).note) == (PlanState.PAUSED, "plan.stop.unknown")
    unknown, left = (view(world, plan).counts.get(state, 0) for state in (ActionState.UNKNOWN, INTENT))
    assert unknown > 3 and left > 0
    steer(world, plan, Order.RESUME)
    asyncio.run(world.new_agent().settle(plan, patience=0))
    assert view(world, plan).counts == {WAITING: 200 - unknown, ActionState.UNKNOWN: unknown}


def test_plans_are_worked_off_in_turns(world: World) -> None:
    first = run(world, customers(world, range(1, 301)))
    second = run(world, customers(world, range(301, 321)))
    world.once()
    assert view(world, first).counts == {WAITING: 300} and view(world, second).counts == {WAITING: 20}
    place = [n for n, consent in enumerate(synced(world)) if int(consent.removeprefix("consent-")) > 300]
    assert place[0] < 2 and place[-1] < 240, f"the short one waits for no more than what had been begun: {place}"


def test_a_bank_that_hangs_keeps_no_plan_for_another_bank_at_its_stage(world: World) -> None:
    slow, quick = customers(world, range(1, 6), "Langsom Bank"), customers(world, range(6, 36), "Hurtig Bank")
    stuck, moving = run(world, slow), run(world, quick)
    real = world.provider.sync

    async def stand() -> PlanView:
        stop, released = asyncio.Event(), asyncio.Event()

        async def sync(session: Session, request_id: str) -> SyncAnswer:
            if int(session.consent_id.removeprefix("consent-")) < 6:
                await released.wait()
            return await real(session, request_id)

        world.provider.sync = sync  # type: ignore[method-assign]
        doing = Doing(world.agent.tools, lambda: world.agent.report)
        running = asyncio.create_task(doing.run(stop, 0.5))
        while len(synced(world)) < len(quick):
            await asyncio.sleep(0)
        seen = view(world, stuck)
        stop.set()
        released.set()
        await running
        await doing.ended()
        return seen

    assert asyncio.run(asyncio.wait_for(stand(), 60)).counts == {ActionState.SENT: 1, INTENT: 4}
    assert view(world, moving).counts == {WAITING: 30}


def test_many_banks_that_hang_leave_places_for_another_bank(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"_IN_FLIGHT": 40, "_PER_BANK": 10, "_KEPT": 10, "_FEW": 2, "_REFILL": 1}.items():
        monkeypatch.setattr(doing_module, name, value)
    canary = customers(world, range(1, 7), "Rask Bank")
    slow = [one for n in range(4) for one in customers(world, range(7 + 10 * n, 17 + 10 * n), f"Langsom Bank {n}")]
    run(world, canary + slow)
    real = world.provider.sync

    async def stand() -> None:
        stop, released = asyncio.Event(), asyncio.Event()

        async def sync(session: Session, request_id: str) -> SyncAnswer:
            if 7 <= int(session.consent_id.removeprefix("consent-")) < 47:
                await released.wait()
            return await real(session, request_id)

        world.provider.sync = sync  # type: ignore[method-assign]
        doing = Doing(world.agent.tools, lambda: world.agent.report)
        running = asyncio.create_task(doing.run(stop, 0.5))
        while len(doing._running) < 30:
            await asyncio.sleep(0)
        quick = customers(world, range(47, 53), "Hurtig Bank")
        run(world, quick)
        while len(synced(world)) < len(canary) + len(quick):
            await asyncio.sleep(0)
        stop.set()
        released.set()
        await running
        await doing.ended()

    asyncio.run(asyncio.wait_for(stand(), 60))


def test_what_is_limited_when_its_turn_comes_waits_for_the_clock_and_runs_by_itself(world: World) -> None:
    (connection,) = customers(world, range(1, 2))
    plan = run(world, [connection])
    world.clock.move(minutes=5)
    until = world.clock.now() + timedelta(hours=2)
    world.store.save_fetch(connection, world.clock.now(), outcome="rate_limited", until=until)
    world.once()
    (action,) = view(world, plan).actions
    assert (action.state, action.reason, action.not_before) == (INTENT, "rate_limited", until)
    assert synced(world) == [] and view(world, plan).waits == 1
    world.clock.time = until
    world.once(restarted=True)
    assert synced(world) == ["consent-1"] and view(world, plan).actions[0].key == action.key


def test_a_provider_who_tells_all_of_us_to_wait_fails_nobody_and_is_asked_at_his_time(world: World) -> None:
    plan = run(world, customers(world, range(1, 31)))
    until = world.clock.now() + timedelta(minutes=10)
    limit = RateLimited("slow down", until=until, of=LimitOf.PROVIDER)
    world.provider.trouble = lambda what, _: limit if what == "sync" and len(world.provider.syncs) > 10 else None
    world.once()
    assert view(world, plan).counts == {WAITING: 10, INTENT: 20}
    assert {row.fetch for row in world.store.rows(_all(world), world.clock.now())} == {"never"}, "none is limited"
    world.provider.trouble = lambda *_: None
    world.clock.move(minutes=30)
    world.once(restarted=True)
    assert view(world, plan).counts == {WAITING: 30}
    assert len(set(world.provider.syncs)) == 30, "each under a key of its own"


def test_our_own_credentials_stop_everything_and_fail_nobody(world: World) -> None:
    plan = run(world, customers(world, range(1, 31)))
    refused = RefusedCredentials("invalid client")
    world.provider.trouble = lambda what, _: refused if what == "sync" and len(world.provider.syncs) > 10 else None
    report = world.once()
    assert report.trouble == "refused_credentials"
    counts, asked = view(world, plan).counts, len(world.provider.syncs)
    assert counts == {WAITING: 10, INTENT: 20} and asked < 30, "what waited for its turn is not sent"
    asyncio.run(world.new_agent().settle(plan, patience=999))
    assert view(world, plan).counts == counts, "a command does not wait for that"
    world.provider.trouble = lambda *_: None
    world.clock.move(minutes=5)
    world.store.db.run("UPDATE connections SET incident = NULL")
    world.once(restarted=True)
    assert view(world, plan).counts == {WAITING: 30} and len(set(world.provider.syncs)) == 30


def test_what_waits_for_its_turn_when_an_incident_opens_is_not_sent_into_it(world: World) -> None:
    plan = world.act(Act.SYNC, *customers(world, range(1, 3)))
    (first, second) = claim(world.store, world.clock.now())
    world.store.db.run("UPDATE connections SET incident = 1 WHERE id = 1")
    sent = world.store.send_syncs([(action.id, world.clock.now()) for action in (first, second)])
    assert [mine for mine, _ in sent] == [False, True]
    assert view(world, plan).counts == {INTENT: 1, ActionState.SENT: 1}


def test_a_removal_begins_with_a_canary_once_nobody_can_undo_it(world: World) -> None:
    plan = run(world, customers(world, range(1, 31)), Act.REMOVE, undo=timedelta(minutes=10))
    world.once()
    assert view(world, plan).counts == {INTENT: 30} and view(world, plan).allowed == 1
    world.clock.move(minutes=10)
    world.once(restarted=True)
    assert view(world, plan).counts == {DONE: 30}


def test_a_removal_is_judged_again_when_its_window_ends(world: World) -> None:
    first, second = customers(world, range(1, 3))
    plan = run(world, [first, second], Act.REMOVE, undo=timedelta(minutes=10))
    world.store.remove(first, world.clock.now())
    world.clock.move(minutes=10)
    world.once()
    assert view(world, plan).refused == ((first, "already_removed"),)
    assert [(a.connection, a.state) for a in view(world, plan).actions] == [(second, DONE)]


def test_an_undone_removal_never_happens(world: World) -> None:
    (connection,) = customers(world, range(1, 2))
    plan = run(world, [connection], Act.REMOVE, undo=timedelta(minutes=10))
    world.once()
    steer(world, plan, Order.UNDO)
    world.clock.move(minutes=11)
    world.once(restarted=True)
    assert view(world, plan).counts == {CANCELLED: 1}
    assert world.store.rows([connection], world.clock.now())[0].consent == "valid"


def test_the_next_agent_goes_on_where_the_last_one_was(world: World) -> None:
    plan = run(world, customers(world, range(1, 31)))
    real = world.provider.sync

    async def cut_short() -> None:
        stop = asyncio.Event()

        async def sync(session: Session, request_id: str) -> SyncAnswer:
            if len(world.provider.syncs) == 3:
                stop.set()
            return await real(session, request_id)

        world.provider.sync = sync  # type: ignore[method-assign]
        await world.agent.once(stop)

    asyncio.run(cut_short())
    assert 0 < view(world, plan).counts[INTENT] < 30
    world.provider.sync = real  # type: ignore[method-assign]
    world.once(restarted=True)
    assert view(world, plan).counts == {WAITING: 30} and len(set(synced(world))) == 30 == len(synced(world))

"""The store's contract for plans: kept as shown, run as confirmed, steered, worked off by whoever lives (law 10)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from backend.model.facts import Act
from backend.model.health import HealthFacts
from backend.model.plans import (
    DRAFT_LIFE,
    Action,
    ActionState,
    Order,
    Plan,
    PlanError,
    PlanItem,
    PlanState,
    PlanView,
    Submitted,
)
from backend.model.views import FleetRow
from backend.ports.door import Judge
from backend.rules.assess import assess
from backend.rules.stages import OWN_MATTERS, first_stage, step
from backend.store import Store, open_store
from tests.conftest import Place
from tests.fakes import NOON, HandClock, claim, record, willing

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)

INTENT, SENT, UNKNOWN, DONE = ActionState.INTENT, ActionState.SENT, ActionState.UNKNOWN, ActionState.DONE
FAILED, REFUSED, CANCELLED = ActionState.FAILED, ActionState.REFUSED, ActionState.CANCELLED

Open = Callable[[], Store]


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def another(place: Place, clock: HandClock) -> Iterator[Open]:
    """Opens the store once more at each call: another process's, with a session of its own."""
    opened: list[Store] = []

    def one() -> Store:
        opened.append(open_store(place, assess=assess, clock=clock))
        return opened[-1]

    yield one
    for store in opened:
        store.close()


@pytest.fixture
def store(another: Open) -> Store:
    """With 30 connections, c1 to c30; every third is at Danske Bank."""
    store = another()
    lines = [record(n, bank="Danske Bank" if n % 3 == 0 else "Nordea") for n in range(1, 31)]
    store.import_records(lines, NOON, "test")
    return store


def judging(**changes: Any) -> Judge:
    """A judge that says the same of each connection."""

    def judged(known: Sequence[tuple[FleetRow, HealthFacts]]) -> list[PlanItem]:
        return [replace(item, **changes) for item in willing(known)]

    return judged


def line(connection: str, fate: str = "run", **more: Any) -> PlanItem:
    return PlanItem(
        connection=connection,
        agreement_number="",
        customer="",
        bank="",
        fate=fate,
        **more,
    )


def keep(store: Store, *items: PlanItem | str, act: Act = Act.SYNC, operator: str = "eva", **more: Any) -> int:
    lines = tuple(line(item) if isinstance(item, str) else item for item in items)
    plan = Plan(act=act, operator=operator, created_at=store.clock.now(), items=lines, **more)
    return store.save_plan(plan, "host")


def run(store: Store, plan: int, judge: Judge = willing, operator: str = "eva", **terms: Any) -> Submitted:
    return store.run_plan(plan, judge, store.clock.now(), operator=operator, host="host", **terms)


def started(store: Store, *items: PlanItem | str, act: Act = Act.SYNC, **terms: Any) -> int:
    plan = keep(store, *items, act=act)
    run(store, plan, **terms)
    return plan


def steer(store: Store, plan: int, order: Order, operator: str = "eva") -> PlanView:
    return store.steer_plan(plan, order, store.clock.now(), operator=operator, host="host")


def view(store: Store, plan: int) -> PlanView:
    found = store.plan(plan)
    assert found is not None
    return found


def states(store: Store, plan: int) -> dict[str, ActionState]:
    return {action.connection: action.state for action in view(store, plan).actions}


def told(store: Store, kind: str) -> list[str | None]:
    """The connections of the audit log's lines of one kind, oldest first."""
    return [event.connection for event in store.events(0, 9_999) if event.kind == kind]


def stepped(store: Store) -> int:
    return store.step_plans(step, OWN_MATTERS, store.clock.now())


def answer(store: Store, *actions: Action, state: ActionState = DONE, reason: str = "") -> None:
    for action in actions:
        assert store.mark_sent(action.id, store.clock.now())
        store.settle_action(action.id, state, store.clock.now(), reason=reason)


def refused_with(key: str, work: Callable[[], object]) -> PlanError:
    with pytest.raises(PlanError) as caught:
        work()
    assert caught.value.key == key
    return caught.value


# -- kept as shown, run as confirmed ---------------------------------------------------------------------------


def test_a_draft_harms_nobody(store: Store) -> None:
    plan = keep(store, "c1", line("c2", "refused", reason="no_consent"))
    assert claim(store) == [] and store.rows(["c1"], NOON)[0].running == ""
    shown = view(store, plan)
    assert (shown.state, shown.counts) == (PlanState.DRAFT, {ActionState.PLANNED: 1, REFUSED: 1})
    assert shown.refused == (("c2", "no_consent"),) and shown.size == 1 and shown.settled
    assert store.plans(9) == [] and [p.id for p in store.plans(9, drafts=True)] == [plan]


def test_running_writes_what_was_shown_as_intents_with_their_lines(store: Store) -> None:
    plan = keep(store, "c1", "c2")
    done = run(store, plan, operator="bo")
    assert (done.state, done.changed) == (PlanState.RUNNING, ())
    assert [(a.connection, a.state, a.operator) for a in done.actions] == [("c1", INTENT, "bo"), ("c2", INTENT, "bo")]
    assert told(store, "sync.intent") == ["c1", "c2"]
    assert len({action.key for action in done.actions}) == 2
    again = refused_with("plan.not_a_draft", lambda: run(store, plan))
    assert again.values["by"] == "bo" and again.values["at"] == NOON


def test_a_connection_that_changed_since_is_refused_and_told(store: Store) -> None:
    plan = keep(store, line("c1", seen="old"), line("c2", seen="same"))
    done = run(store, plan, judging(seen="same"))
    assert done.changed == (("c1", "changed_since"),) == done.refused
    assert states(store, plan) == {"c2": INTENT}


def test_what_has_come_in_the_way_since_is_told_with_its_own_reason(store: Store) -> None:
    plan = keep(store, "c1")
    done = run(store, plan, judging(fate="refused", reason="incident_open"))
    assert done.changed == (("c1", "incident_open"),)
    assert done.state == PlanState.ENDED and claim(store) == []


def test_the_second_operator_is_told_who_is_at_it_and_since_when(store: Store, another: Open, clock: HandClock) -> None:
    mine, theirs = keep(store, "c1", "c2"), keep(another(), "c2", "c3", operator="bo")
    run(store, mine)
    clock.move(minutes=5)
    done = run(another(), theirs, operator="bo")
    assert done.changed == (("c2", f"in_work:sync:eva:{NOON.isoformat()}"),)
    assert [action.connection for action in done.actions] == ["c3"]


def test_what_waits_keeps_its_time_and_begins_by_itself(store: Store, clock: HandClock) -> None:
    later = judging(fate="wait", reason="rate_limited", until=NOON + HOUR)
    plan = keep(store, line("c1", "wait", reason="rate_limited", until=NOON + HOUR))
    run(store, plan, later)
    (action,) = view(store, plan).actions
    assert (action.state, action.reason, action.not_before) == (INTENT, "rate_limited", NOON + HOUR)
    assert view(store, plan).waits == 1 and view(store, plan).settled
    assert claim(store, clock.now()) == []
    clock.move(hours=1)
    assert [a.id for a in claim(store, clock.now())] == [action.id]
    assert view(store, plan).waits == 0 and not view(store, plan).settled


def test_a_draft_is_too_old_after_a_day_and_goes_then(store: Store, clock: HandClock) -> None:
    old = keep(store, "c1")
    clock.time = NOON + DRAFT_LIFE
    assert store.prune_drafts(clock.now()) == 0
    assert run(store, keep(store, "c3")).state == PlanState.RUNNING
    clock.move(seconds=1)
    young = keep(store, "c2")
    refused_with("plan.too_old", lambda: run(store, old))
    assert store.prune_drafts(clock.now()) == 1
    assert store.plan(old) is None and store.plan(young) is not None
    refused_with("plan.unknown", lambda: run(store, old))


def test_of_two_who_run_one_draft_one_does(store: Store, another: Open) -> None:
    plan = keep(store, "c1")
    run(store, plan)
    refused_with("plan.not_a_draft", lambda: run(another(), plan, operator="bo"))
    assert told(store, "sync.intent") == ["c1"]


# -- a second pair of eyes -------------------------------------------------------------------------------------


def approve(store: Store, plan: int, digest: str, agreed: bool = True, **terms: Any) -> Submitted:
    return store.approve_plan(
        plan,
        digest,
        willing,
        store.clock.now(),
        operator="bo",
        host="h",
        agreed=agreed,
        **terms,
    )


def test_nothing_of_a_plan_begins_before_its_approval(store: Store) -> None:
    plan = started(store, "c1", "c2", act=Act.REMOVE, approval=True)
    asked = view(store, plan)
    assert (asked.state, asked.counts) == (PlanState.APPROVAL, {ActionState.PLANNED: 2}) and claim(store) == []
    refused_with("plan.not_what_was_seen", lambda: approve(store, plan, "another"))
    done = approve(store, plan, asked.digest, allowed=1)
    assert done.state == PlanState.RUNNING and len(claim(store)) == 1
    assert (view(store, plan).run_by, view(store, plan).approved_by) == ("eva", "bo")
    refused_with("plan.no_approval_asked", lambda: approve(store, plan, asked.digest))


def test_a_declined_plan_is_over(store: Store) -> None:
    plan = started(store, "c1", act=Act.REMOVE, approval=True)
    assert approve(store, plan, view(store, plan).digest, agreed=False).state == PlanState.CANCELLED
    assert states(store, plan) == {"c1": CANCELLED} and claim(store) == []
    assert told(store, "remove.intent") == []


# -- steering --------------------------------------------------------------------------------------------------


def test_cancel_keeps_what_ran_and_frees_the_rest(store: Store) -> None:
    plan = started(store, "c1", "c2", "c3")
    first, second, _ = claim(store)
    answer(store, first)
    assert store.mark_sent(second.id, NOON)
    now = steer(store, plan, Order.CANCEL)
    assert now.counts == {DONE: 1, SENT: 1, CANCELLED: 1} and now.state == PlanState.CANCELLED and not now.settled
    store.settle_action(second.id, FAILED, NOON, reason="gone")
    assert states(store, plan) == {"c1": DONE, "c2": FAILED, "c3": CANCELLED}
    assert told(store, "sync.cancelled") == ["c3"]
    assert run(store, keep(store, "c3")).state == PlanState.RUNNING
    for order in set(Order) - {Order.UNDO}:
        with pytest.raises(PlanError, match=f"plan.cannot.{order}"):
            steer(store, plan, order)
    refused_with("plan.only_removals_are_undone", lambda: steer(store, plan, Order.UNDO))


def test_a_pause_lets_nothing_more_be_sent_even_of_what_was_claimed(store: Store) -> None:
    plan = started(store, "c1", "c2")
    first, second = claim(store)
    assert store.mark_sent(first.id, NOON)
    assert steer(store, plan, Order.PAUSE).state == PlanState.PAUSED
    assert not store.mark_sent(second.id, NOON) and told(store, "sync.sent") == ["c1"]
    store.settle_action(first.id, DONE, NOON)
    assert claim(store) == [] and states(store, plan) == {"c1": DONE, "c2": INTENT}
    assert view(store, plan).settled, "nothing of it moves by itself"
    steer(store, plan, Order.RESUME)
    assert [a.id for a in claim(store)] == [second.id] and store.mark_sent(second.id, NOON)


def test_a_claim_made_before_a_pause_is_good_again_after_it(store: Store) -> None:
    plan = started(store, "c1")
    (mine,) = claim(store)
    steer(store, plan, Order.PAUSE)
    steer(store, plan, Order.RESUME)
    assert store.mark_sent(mine.id, NOON)


def test_a_cancelled_claim_is_never_sent(store: Store) -> None:
    plan = started(store, "c1")
    (mine,) = claim(store)
    steer(store, plan, Order.CANCEL)
    assert not store.mark_sent(mine.id, NOON)
    assert states(store, plan) == {"c1": CANCELLED} and told(store, "sync.sent") == []


def test_a_paused_plan_of_which_nothing_is_left_ends(store: Store) -> None:
    plan = started(store, "c1")
    (mine,) = claim(store)
    assert store.mark_sent(mine.id, NOON)
    steer(store, plan, Order.PAUSE)
    assert stepped(store) == 0
    store.settle_action(mine.id, DONE, NOON)
    assert stepped(store) == 1 and view(store, plan).state == PlanState.ENDED


@pytest.mark.parametrize("order", list(Order))
def test_a_plan_that_is_not_there_cannot_be_steered(store: Store, order: Order) -> None:
    refused_with("plan.unknown", lambda: steer(store, 99, order))


def test_a_removal_can_be_undone_until_it_begins(store: Store, clock: HandClock) -> None:
    plan = started(store, "c1", "c2", act=Act.REMOVE, undo=10 * MINUTE)
    assert view(store, plan).undo_until == NOON + 10 * MINUTE
    clock.move(minutes=9, seconds=59)
    assert claim(store, clock.now()) == []
    undone = steer(store, plan, Order.UNDO)
    refused_with("plan.undone_already", lambda: steer(store, plan, Order.UNDO))
    assert (undone.state, undone.counts) == (PlanState.CANCELLED, {CANCELLED: 2})
    clock.move(minutes=1)
    assert claim(store, clock.now()) == [] and undone.undo_until is None


def test_an_undo_comes_too_late_once_the_time_is_over(store: Store, clock: HandClock) -> None:
    plan = started(store, "c1", "c2", act=Act.REMOVE, undo=10 * MINUTE)
    clock.move(minutes=10)
    refused_with("plan.too_late_to_undo", lambda: steer(store, plan, Order.UNDO))
    assert len(claim(store, clock.now())) == 2
    assert steer(store, plan, Order.CANCEL).counts == {CANCELLED: 2}, "a cancel still stops what has not begun"


def test_only_a_removal_can_be_undone(store: Store) -> None:
    plan = started(store, "c1", undo=10 * MINUTE)
    assert view(store, plan).undo_until is None and len(claim(store)) == 1
    refused_with("plan.only_removals_are_undone", lambda: steer(store, plan, Order.UNDO))


# -- whose turn it is ------------------------------------------------------------------------------------------


def ready(store: Store, limit: int = 99, without: Sequence[str] = ()) -> list[str]:
    names = {a.id: a.connection for p in store.plans(9) for a in view(store, p.id).actions}
    return [names[action] for action, _ in store.ready_actions(limit, store.clock.now(), without=without)]


def test_plans_take_turns_however_far_they_are(store: Store) -> None:
    started(store, *(f"c{n}" for n in range(1, 11)))
    answer(store, *store.claim_actions([a for a, _ in store.ready_actions(6, NOON)], lambda _: willing, NOON))
    started(store, *(f"c{n}" for n in range(11, 21)))
    started(store, "c30")
    assert ready(store, 5) == ["c7", "c11", "c30", "c8", "c12"]


def test_banks_that_are_full_are_left_out(store: Store) -> None:
    started(store, "c1", "c2", "c3", "c4")
    assert store.ready_actions(99, NOON)[2][1] == "Danske Bank"
    assert ready(store, without=["Nordea"]) == ["c3"]
    assert ready(store, without=["Nordea", "Danske Bank"]) == []


def test_one_act_at_a_time_on_a_connection_whoever_asks(store: Store, another: Open) -> None:
    other = another()
    mine, theirs = keep(store, "c1"), keep(other, "c1", act=Act.RENEW)
    run(store, mine)
    assert run(other, theirs).state == PlanState.ENDED
    (action,) = claim(other)
    assert action.plan == mine and claim(store) == []
    assert not store.mark_sent(action.id, NOON), "another process has it"
    answer(other, action)
    assert run(store, keep(store, "c1", act=Act.RENEW)).state == PlanState.RUNNING


# -- stages ----------------------------------------------------------------------------------------------------


def many(store: Store, **terms: Any) -> int:
    return started(store, *(f"c{n}" for n in range(1, 31)), allowed=first_stage(30), **terms)


def test_one_then_five_then_the_rest(store: Store) -> None:
    plan = many(store)
    begun = []
    for _ in range(3):
        assert stepped(store) == 0, "the stage has no answer yet"
        mine = claim(store)
        begun.append(len(mine))
        assert claim(store) == [] and stepped(store) == 0
        answer(store, *mine)
        assert stepped(store) == 1
    assert begun == [1, 5, 24] and view(store, plan).state == PlanState.ENDED


def test_a_failed_canary_stops_it_and_a_word_lets_it_go_on(store: Store) -> None:
    plan = many(store)
    answer(store, *claim(store), state=FAILED, reason="bank_down")
    assert stepped(store) == 1
    stopped = view(store, plan)
    assert (stopped.state, stopped.note) == (PlanState.PAUSED, "plan.stop.canary")
    assert claim(store) == [] and stopped.counts == {FAILED: 1, INTENT: 29}
    steer(store, plan, Order.RESUME)
    assert stepped(store) == 1 and len(claim(store)) == 5


def test_a_canary_that_tells_of_itself_only_stops_nothing(store: Store) -> None:
    plan = many(store)
    answer(store, *claim(store), state=FAILED, reason="needs_customer")
    assert stepped(store) == 1 and view(store, plan).state == PlanState.RUNNING and len(claim(store)) == 5


def test_the_canary_of_a_removal_is_the_first_after_the_undo_window(store: Store, clock: HandClock) -> None:
    many(store, act=Act.REMOVE, undo=10 * MINUTE)
    assert stepped(store) == 0 and claim(store) == []
    clock.move(minutes=10)
    assert stepped(store) == 0
    assert len(claim(store, clock.now())) == 1


@pytest.mark.parametrize("fate", ["wait", "refused"])
def test_who_is_turned_away_at_the_last_moment_is_no_canary(store: Store, clock: HandClock, fate: str) -> None:
    plan = many(store)
    clock.move(minutes=2)
    ((first, _),) = store.ready_actions(99, clock.now())
    turned = judging(fate=fate, reason="rate_limited", until=clock.now() + HOUR)
    assert store.claim_actions([first], lambda _: turned, clock.now()) == []
    assert stepped(store) == 0 and view(store, plan).allowed == 1
    (canary,) = claim(store, clock.now())
    assert canary.connection == "c2"


def test_an_outcome_that_nobody_knows_holds_the_stage(store: Store) -> None:
    plan = many(store)
    (canary,) = claim(store)
    answer(store, canary, state=UNKNOWN)
    assert stepped(store) == 0 and not view(store, plan).settled
    answer(store, canary)
    assert stepped(store) == 1 and view(store, plan).allowed == 6


# -- at the last moment ----------------------------------------------------------------------------------------


def test_what_was_judged_just_now_is_not_judged_again(store: Store, clock: HandClock) -> None:
    started(store, "c1", "c2")
    no = judging(fate="refused", reason="incident_open")
    acts = [action for action, _ in store.ready_actions(9, NOON)]
    assert len(store.claim_actions(acts[:1], lambda _: no, NOON)) == 1
    clock.move(minutes=1)
    assert store.claim_actions(acts[1:], lambda _: no, clock.now()) == []


def test_a_removal_is_left_when_its_connection_changed_in_the_undo_window(store: Store, clock: HandClock) -> None:
    plan = keep(store, line("c1", seen="old"), line("c2", seen="old"), act=Act.REMOVE)
    run(store, plan, judging(seen="old"), undo=10 * MINUTE)
    clock.move(minutes=10)
    first, second = (action for action, _ in store.ready_actions(9, clock.now()))
    assert store.claim_actions([first], lambda _: judging(seen="renewed"), clock.now()) == []
    assert len(store.claim_actions([second], lambda _: judging(seen="old"), clock.now())) == 1
    assert view(store, plan).refused == (("c1", "changed_since"),)


# -- death and sleep -------------------------------------------------------------------------------------------


def test_what_a_dead_process_left_is_taken_up(store: Store, another: Open) -> None:
    dead = another()
    plan = started(store, "c1", "c2", "c3")
    sent, claimed, doubtful = claim(dead)
    assert dead.mark_sent(sent.id, NOON)
    answer(dead, doubtful, state=UNKNOWN)
    assert store.orphaned_actions(9, NOON) == [] and claim(store) == [], "it lives"
    dead.close()
    lost = store.orphaned_actions(9, NOON)
    assert [(a.id, a.state, a.key) for a in lost] == [
        (sent.id, UNKNOWN, sent.key),
        (doubtful.id, UNKNOWN, doubtful.key),
    ]
    assert [a.id for a in store.unknown_actions(9)] == [sent.id, doubtful.id]
    assert store.is_mine(sent.id) and not store.is_mine(claimed.id)
    assert [a.id for a in claim(store)] == [claimed.id]
    answer(store, *lost)
    assert states(store, plan) == {"c1": DONE, "c2": INTENT, "c3": DONE}


def test_more_than_can_be_looked_at_waits_for_the_next_look(store: Store, another: Open) -> None:
    dead = another()
    started(store, "c1", "c2", "c3")
    for action in claim(dead):
        assert dead.mark_sent(action.id, NOON)
    dead.close()
    assert [len(store.orphaned_actions(2, NOON)) for _ in range(3)] == [2, 1, 0]


def asleep(store: Store) -> None:
    """The process stood still for so long that its lock went: others have taken it for dead."""
    store.sessions.close()


def test_what_another_has_taken_up_is_not_looked_after_any_more(store: Store, another: Open) -> None:
    late = another()
    started(store, "c1")
    (action,) = claim(late)
    assert late.mark_sent(action.id, NOON) and late.is_mine(action.id)
    asleep(late)
    assert [a.id for a in store.orphaned_actions(9, NOON)] == [action.id]
    assert store.is_mine(action.id) and not late.is_mine(action.id)


def test_a_process_that_wakes_late_sends_nothing(store: Store, another: Open) -> None:
    late = another()
    plan = started(store, "c1", "c2")
    sent, claimed = claim(late)
    assert late.mark_sent(sent.id, NOON)
    asleep(late)
    assert not late.mark_sent(sent.id, NOON) and not late.mark_sent(claimed.id, NOON)
    assert len(claim(store)) == 2
    assert not late.mark_sent(sent.id, NOON) and not late.mark_sent(claimed.id, NOON)
    assert states(store, plan) == {"c1": UNKNOWN, "c2": INTENT}


def test_its_old_word_does_not_stand_against_that_of_the_living(store: Store, another: Open) -> None:
    late = another()
    plan = started(store, "c1")
    (mine,) = claim(late)
    assert late.mark_sent(mine.id, NOON)
    asleep(late)
    (found,) = store.orphaned_actions(9, NOON)
    late.settle_action(mine.id, FAILED, NOON, reason="unreachable")
    assert states(store, plan) == {"c1": UNKNOWN}
    answer(store, found)
    late.settle_action(mine.id, FAILED, NOON, reason="unreachable")
    assert states(store, plan) == {"c1": DONE} and told(store, "sync.failed") == []


def test_nobody_settles_what_has_been_cancelled(store: Store) -> None:
    plan = started(store, "c1")
    (mine,) = claim(store)
    steer(store, plan, Order.CANCEL)
    store.settle_action(mine.id, DONE, NOON)
    assert states(store, plan) == {"c1": CANCELLED}


# -- renew first, then synchronise -----------------------------------------------------------------------------


def renewed(store: Store) -> tuple[int, Action]:
    plan = keep(store, "c1", act=Act.RENEW, then_sync=True)
    run(store, plan)
    (action,) = claim(store)
    answer(store, action, state=ActionState.AWAITING_CUSTOMER, reason="link_sent")
    assert stepped(store) == 1 and view(store, plan).state == PlanState.ENDED
    return plan, action


def test_the_second_step_follows_the_first_with_a_line_and_a_key_of_its_own(store: Store) -> None:
    plan, renewal = renewed(store)
    store.settle_action(renewal.id, DONE, NOON)
    store.follow_up(renewal.id, NOON)
    store.follow_up(renewal.id, NOON)
    assert view(store, plan).state == PlanState.RUNNING and told(store, "sync.intent") == ["c1"]
    (second,) = claim(store)
    assert (second.act, second.plan) == (Act.SYNC, plan) and second.key != renewal.key
    answer(store, second)
    assert stepped(store) == 1 and view(store, plan).counts == {DONE: 2}


def test_nothing_follows_in_a_cancelled_plan(store: Store) -> None:
    plan = keep(store, "c1", "c2", act=Act.RENEW, then_sync=True)
    run(store, plan)
    first, _ = claim(store)
    answer(store, first, state=ActionState.AWAITING_CUSTOMER, reason="link_sent")
    steer(store, plan, Order.CANCEL)
    store.settle_action(first.id, DONE, NOON)
    store.follow_up(first.id, NOON)
    assert states(store, plan) == {"c1": DONE, "c2": CANCELLED}
    assert run(store, keep(store, "c1")).state == PlanState.RUNNING, "the connection is free"

"""The guarded door's contract: the store's own is never reached past it, and what passes arrives unchanged."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from backend.guard import GuardedDoor, whoami
from backend.model.facts import Act
from backend.model.people import NotAllowed, Person, Role, user_of
from backend.model.plans import ActionState, Order, Plan, PlanError, PlanItem, PlanState, PlanView
from backend.model.postings import Decision
from backend.operations import Operations
from backend.ports import Door
from backend.rules.assess import assess
from backend.rules.roles import BULK
from backend.store import Store, open_store
from tests.conftest import Place
from tests.fakes import NOON, HandClock, records, willing

READS = {"export", "plan", "removals_of_late", "same_login"}
"""What stands at the door and changes nothing."""


def plan(act: Act, count: int = 1, fate: str = "run") -> Plan:
    items = [PlanItem(connection=f"c{n}", agreement_number="", customer="", bank="", fate=fate) for n in range(count)]
    return Plan(act=act, operator="eva", created_at=NOON, items=tuple(items))


CALLS: dict[str, tuple[Callable[[Door], object], Role]] = {
    "save_plan": (lambda door: door.save_plan(plan(Act.SYNC), "h"), Role.SUPPORT),
    "run_plan": (
        lambda door: door.run_plan(
            1, willing, NOON, operator="e", host="h", undo=timedelta(0), allowed=1, approval=False, weigh=None
        ),
        Role.SUPPORT,
    ),
    "approve_plan": (
        lambda door: door.approve_plan(
            1, "d", willing, NOON, operator="e", host="h", agreed=True, undo=timedelta(0), allowed=1
        ),
        Role.ONCALL,
    ),
    "steer_plan": (lambda door: door.steer_plan(1, Order.PAUSE, NOON, operator="e", host="h"), Role.ONCALL),
    "plan": (lambda door: door.plan(1), Role.VIEW),
    "decide": (
        lambda door: door.decide(["p1"], Decision.ACCEPT, operator="e", host="h", now=NOON, dry_run=True),
        Role.SUPPORT,
    ),
    "add_connection": (
        lambda door: door.add_connection("1001", "Nordea", "aiia", NOON, operator="e", host="h"),
        Role.SUPPORT,
    ),
    "same_login": (lambda door: door.same_login(1), Role.VIEW),
    "removals_of_late": (lambda door: door.removals_of_late("eva", NOON), Role.VIEW),
    "accept_renewal": (lambda door: door.accept_renewal("c1", [], NOON, operator="e", host="h"), Role.ONCALL),
    "import_records": (lambda door: door.import_records([], NOON, "e"), Role.ADMIN),
    "export": (lambda door: door.export(), Role.VIEW),
    "add_note": (lambda door: door.add_note("c1", "text", "e", "h", NOON), Role.SUPPORT),
    "snooze": (lambda door: door.snooze("c1", NOON, "", "e", "h", NOON), Role.SUPPORT),
    "wake": (lambda door: door.wake("c1", "e", "h", NOON), Role.SUPPORT),
    "mute": (lambda door: door.mute("c1", "e", "h", NOON, muted=False), Role.ONCALL),
    "assign": (lambda door: door.assign("c1", "bo", "e", "h", NOON), Role.SUPPORT),
    "hand_over": (lambda door: door.hand_over("note", "e", "h", NOON, (NOON, 7)), Role.SUPPORT),
    "replay_webhooks": (lambda door: door.replay_webhooks(["e1"], None, NOON), Role.ONCALL),
}
"""One call of each method of the door, and the least role that may make it."""


class Recording:
    """A door that does nothing and remembers what came to it."""

    def __init__(self) -> None:
        self.came: list[str] = []
        self.kept = PlanView(
            id=1,
            act=Act.SYNC,
            operator="ole",
            host="h",
            created_at=NOON,
            counts={ActionState.PLANNED: 1},
            actions=(),
            refused=(),
            state=PlanState.APPROVAL,
            run_by="ole",
            run_at=NOON,
        )

    def plan(self, plan: int, *, whole: bool = True) -> PlanView:
        if whole:
            self.came.append("plan")
        return self.kept

    def same_login(self, plan: int) -> bool:
        return False

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def called(*values: object, **named: object) -> tuple[str, object, object]:
            self.came.append(name)
            return name, values, named

        return called


def methods() -> set[str]:
    return {name for name, value in vars(Door).items() if callable(value) and not name.startswith("_")}


def test_every_method_of_the_door_is_known_here() -> None:
    assert set(CALLS) == methods()


@pytest.mark.parametrize("name", sorted(methods()))
def test_nothing_passes_a_door_that_only_reads(name: str) -> None:
    behind: Any = Recording()
    door = GuardedDoor(behind, Role.ADMIN, read_only=True)
    if name in READS:
        CALLS[name][0](door)
        return
    with pytest.raises(NotAllowed):
        CALLS[name][0](door)
    assert behind.came == []


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("name", sorted(methods()))
def test_each_method_asks_for_its_role_and_passes_on_what_it_was_given(name: str, role: Role) -> None:
    call, least = CALLS[name]
    behind: Any = Recording()
    if role < least:
        with pytest.raises(NotAllowed) as caught:
            call(GuardedDoor(behind, role))
        assert caught.value.need == least and behind.came == []
    else:
        assert call(GuardedDoor(behind, role)) == call(behind)
        assert behind.came == ([] if name == "same_login" else [name, name])


def test_a_removal_by_number_asks_for_more_the_more_it_takes() -> None:
    behind: Any = Recording()
    door = GuardedDoor(behind, Role.ONCALL)
    door.save_plan(plan(Act.REMOVE, BULK), "h")
    with pytest.raises(NotAllowed) as caught:
        door.save_plan(plan(Act.REMOVE, BULK + 1), "h")
    assert caught.value.need is Role.ADMIN and caught.value.most == BULK
    door.save_plan(plan(Act.REMOVE, BULK + 1, "refused"), "h")  # what is refused takes nothing


def test_a_plan_that_somebody_else_kept_is_weighed_by_its_own_act_and_size() -> None:
    behind: Any = Recording()
    behind.kept = replace(behind.kept, act=Act.REMOVE, counts={ActionState.PLANNED: BULK + 1, ActionState.REFUSED: 9})
    with pytest.raises(NotAllowed) as caught:
        GuardedDoor(behind, Role.ONCALL).run_plan(1, willing, NOON, operator="e", host="h")
    assert caught.value.need is Role.ADMIN and behind.came == []


def test_ones_own_plan_is_steered_by_whoever_may_act() -> None:
    behind: Any = Recording()
    GuardedDoor(behind, Role.SUPPORT).steer_plan(1, Order.CANCEL, NOON, operator="ole", host="h")
    assert behind.came == ["steer_plan"]


def test_who_lets_a_plan_go_on_must_be_allowed_to_do_it() -> None:
    behind: Any = Recording()
    behind.kept = replace(behind.kept, act=Act.REMOVE, counts={ActionState.PLANNED: BULK + 1})
    oncall = GuardedDoor(behind, Role.ONCALL)
    oncall.steer_plan(1, Order.PAUSE, NOON, operator="e", host="h")
    with pytest.raises(NotAllowed) as caught:
        oncall.steer_plan(1, Order.RESUME, NOON, operator="e", host="h")
    assert caught.value.need is Role.ADMIN and behind.came == ["steer_plan"]


def test_a_decision_that_is_only_tried_is_weighed_too() -> None:
    behind: Any = Recording()
    with pytest.raises(NotAllowed):
        GuardedDoor(behind, Role.SUPPORT).decide(
            ["p1", "p2"], Decision.DISCARD, operator="e", host="h", now=NOON, dry_run=True
        )


def test_the_person_is_whom_the_system_names(monkeypatch: pytest.MonkeyPatch) -> None:
    import os
    import pwd

    for name in ("USER", "LOGNAME", "SUDO_USER", "FORNY_OPERATOR"):
        monkeypatch.setenv(name, "somebody")
    assert whoami().user == pwd.getpwuid(os.getuid()).pw_name
    monkeypatch.setattr(os, "getuid", lambda: 54_321)
    monkeypatch.setattr(os, "getgid", lambda: 54_322)
    monkeypatch.setattr(os, "getgroups", lambda: [0, 54_323])
    assert whoami() == Person("54321", frozenset({"54322", "54323", "root"}))


# -- plans over the real store ---------------------------------------------------------------------------------


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    opened = open_store(place, assess=assess, clock=HandClock())
    opened.import_records(records(range(1, 41)), NOON, "eva")
    yield opened
    opened.close()


def operations(store: Store, role: Role, *, read_only: bool = False) -> Operations:
    return Operations(store, GuardedDoor(store, role, read_only=read_only), HandClock(), operator="eva", host="h")


IDS = [f"c{n}" for n in range(1, 41)]


@pytest.mark.parametrize(
    ("role", "read_only", "act", "count", "reason"),
    [
        (Role.ADMIN, True, Act.SYNC, 1, "read_only"),
        (Role.VIEW, False, Act.SYNC, 1, "role.support"),
        (Role.VIEW, False, Act.REMOVE, 1, "role.oncall"),
        (Role.SUPPORT, False, Act.REMOVE, 40, "role.admin"),
        (Role.SUPPORT, False, Act.RENEW, 40, "role_many.oncall"),
        (Role.ONCALL, False, Act.REMOVE, 40, "role_many.admin"),
        (Role.SUPPORT, False, Act.SYNC, BULK, ""),
        (Role.ONCALL, False, Act.RENEW, 40, ""),
        (Role.ADMIN, False, Act.REMOVE, 40, ""),
    ],
)
def test_a_plan_says_at_once_what_may_not_be_done(
    store: Store, role: Role, read_only: bool, act: Act, count: int, reason: str
) -> None:
    made = operations(store, role, read_only=read_only).plan(act, IDS[:count])
    assert len(made.items) == count
    assert {(item.fate, item.reason) for item in made.items} == {("refused", reason) if reason else ("run", "")}
    assert not reason or sum(item.calls for item in made.items) == 0


def test_what_is_refused_for_itself_keeps_its_own_reason_and_does_not_count(store: Store) -> None:
    with_removed = operations(store, Role.SUPPORT)
    with store.db.write():
        store.db.run("UPDATE connections SET removed_at = 1 WHERE id > ?", (BULK,))
    made = with_removed.plan(Act.SYNC, IDS)
    assert {item.reason for item in made.with_fate("refused")} == {"already_removed"}
    assert len(made.with_fate("run")) == BULK
    none = operations(store, Role.VIEW).plan(Act.SYNC, IDS)
    assert {item.reason for item in none.items} == {"already_removed", "role.support"}


def test_the_plan_of_a_new_connection_says_it_too(store: Store) -> None:
    (item,) = operations(store, Role.VIEW).connect("1001", "Nordea").items
    assert (item.fate, item.reason) == ("refused", "role.support")


# -- a second pair of eyes over the real store -----------------------------------------------------------------

LARGE = 30


def operator(store: Store, name: str, role: Role = Role.ADMIN, clock: HandClock | None = None) -> Operations:
    store.db.login = user_of(name)
    door = GuardedDoor(store, role, second_pair_from=LARGE)
    return Operations(store, door, clock or HandClock(), operator=name, host="h")


def asked_by(store: Store, name: str) -> PlanView:
    submitted = operator(store, name).submit(operator(store, name).plan(Act.REMOVE, IDS[:LARGE]))
    assert submitted.state == PlanState.APPROVAL
    return state_of(store, submitted.plan)


def state_of(store: Store, plan: int) -> PlanView:
    view = store.plan(plan)
    assert view is not None
    return view


def told(store: Store) -> list[tuple[str, str]]:
    return [(event.kind, event.operator) for event in store.events(0, 9_999) if event.kind.startswith("plan.")]


def test_a_large_removal_waits_for_another_operator_and_a_smaller_one_does_not(store: Store) -> None:
    eva = operator(store, "eva")
    assert eva.submit(eva.plan(Act.REMOVE, IDS[: LARGE - 1])).state == PlanState.RUNNING
    plan = eva.plan(Act.SYNC, IDS[LARGE - 1 :])
    assert not eva.awaits_approval(plan) and eva.submit(plan).state == PlanState.RUNNING


def test_many_small_removals_of_one_user_are_a_large_one(store: Store) -> None:
    clock = HandClock()
    eva = operator(store, "Eva Holm (eva)", clock=clock)
    assert eva.submit(eva.plan(Act.REMOVE, IDS[:20])).state == PlanState.RUNNING
    undone = eva.submit(eva.plan(Act.REMOVE, IDS[20:29])).plan
    eva.steer(undone, Order.CANCEL)
    assert eva.submit(eva.plan(Act.REMOVE, IDS[20:29])).state == PlanState.RUNNING, "what was cancelled does not count"
    bo = operator(store, "bo", clock=clock)
    assert bo.submit(bo.plan(Act.REMOVE, IDS[29:30])).state == PlanState.RUNNING, "only one's own do"
    assert not operator(store, "bo", clock=clock).awaits_approval(eva.plan(Act.REMOVE, IDS[30:31]))
    eva = operator(store, "eva", clock=clock)
    more = eva.plan(Act.REMOVE, IDS[30:31])
    assert eva.awaits_approval(more), "it is told before it is asked for"
    assert not eva.awaits_approval(replace(more, items=())), "nothing waits for nobody"
    asked = eva.submit(more)
    assert asked.state == PlanState.APPROVAL
    assert operator(store, "bo", clock=clock).approve(asked.plan, agreed=True).state == PlanState.RUNNING
    with store.db.write():
        store.db.run("UPDATE actions SET state = 'done'")
        store.db.run("UPDATE plans SET state = 'ended'")
    clock.move(hours=23)
    assert eva.submit(eva.plan(Act.REMOVE, IDS[31:32])).state == PlanState.APPROVAL
    clock.move(hours=2)
    assert eva.submit(eva.plan(Act.REMOVE, IDS[32:33])).state == PlanState.RUNNING


def test_what_another_s_act_was_in_the_way_of_is_done_again_once_that_is_over(store: Store) -> None:
    clock = HandClock()
    eva, bo = operator(store, "eva", clock=clock), operator(store, "bo", clock=clock)
    shown = bo.plan(Act.SYNC, IDS[:1])
    first = eva.submit(eva.plan(Act.SYNC, IDS[:1])).plan
    refused = bo.submit(shown)
    assert refused.changed[0][1].startswith("in_work:sync:eva")
    assert [item.reason for item in bo.again(refused.plan).items] == ["in_work"], "it is still under way"
    eva.steer(first, Order.CANCEL)
    assert [(item.connection, item.fate) for item in bo.again(refused.plan).items] == [("c1", "run")]


def test_many_small_removals_do_not_go_past_the_limit_of_a_role(store: Store) -> None:
    ole = operations(store, Role.ONCALL)
    assert ole.submit(ole.plan(Act.REMOVE, IDS[:BULK])).state == PlanState.RUNNING
    more = ole.plan(Act.REMOVE, IDS[BULK : BULK + 1])
    with pytest.raises(NotAllowed) as caught:
        ole.submit(more)
    assert caught.value.need is Role.ADMIN and caught.value.most == BULK
    assert operations(store, Role.ADMIN).submit(more).state == PlanState.RUNNING


def test_a_connection_that_was_added_has_its_line(store: Store) -> None:
    added = store.add_connection("1001", "Lunar", "aiia", NOON, operator="eva", host="desk-7")
    store.add_connection("1001", "Lunar", "aiia", NOON, operator="bo", host="desk-8")
    lines = [event for event in store.events(0, 9_999) if event.kind == "connection.added"]
    assert [(one.connection, one.operator, one.host, one.data["bank"]) for one in lines] == [
        (added, "eva", "desk-7", "Lunar")
    ], "one that waits already is not added again"


def test_nothing_begins_before_another_has_approved_what_he_saw(store: Store) -> None:
    asked = asked_by(store, "Eva Holm (eva)")
    assert asked.counts == {ActionState.PLANNED: LARGE}
    bo = operator(store, "bo", Role.ONCALL)
    with pytest.raises(PlanError) as caught:
        bo.approve(asked.id, agreed=True, digest="another")
    assert caught.value.key == "plan.not_what_was_seen"
    assert bo.approve(asked.id, agreed=True, digest=asked.digest).state == PlanState.RUNNING
    now = state_of(store, asked.id)
    assert (now.approved_by, now.run_by, now.counts) == ("bo", "Eva Holm (eva)", {ActionState.INTENT: LARGE})
    assert told(store)[1:3] == [("plan.approval_asked", "Eva Holm (eva)"), ("plan.approved", "bo")]


@pytest.mark.parametrize("name", ["eva", "Eva Holm (eva)", "bo (eva)"])
def test_nobody_approves_his_own_under_any_name(store: Store, name: str) -> None:
    asked = asked_by(store, "Eva Holm (eva)")
    with pytest.raises(PlanError) as caught:
        operator(store, name).approve(asked.id, agreed=True)
    assert caught.value.key == "plan.own_approval"
    assert state_of(store, asked.id).state == PlanState.APPROVAL


@pytest.mark.parametrize("role", [Role.VIEW, Role.SUPPORT])
def test_who_may_not_approve_may_not_decline_either(store: Store, role: Role) -> None:
    asked = asked_by(store, "eva")
    for agreed in (True, False):
        with pytest.raises(NotAllowed):
            operator(store, "sus", role).approve(asked.id, agreed=agreed)
    assert state_of(store, asked.id).state == PlanState.APPROVAL


def test_an_approval_that_nobody_gave_in_a_day_is_too_late(store: Store) -> None:
    asked = asked_by(store, "eva")
    clock = HandClock()
    clock.move(hours=24)
    with pytest.raises(PlanError) as caught:
        operator(store, "bo", clock=clock).approve(asked.id, agreed=True)
    assert caught.value.key == "plan.late_approval"
    operator(store, "eva", clock=clock).steer(asked.id, Order.CANCEL)
    assert state_of(store, asked.id).state == PlanState.CANCELLED


def test_a_declined_removal_is_over_and_on_record(store: Store) -> None:
    asked = asked_by(store, "eva")
    operator(store, "bo", Role.ONCALL).approve(asked.id, agreed=False)
    now = state_of(store, asked.id)
    assert (now.state, now.counts) == (PlanState.CANCELLED, {ActionState.CANCELLED: LARGE})
    assert ("plan.declined", "bo") in told(store)
    with pytest.raises(PlanError):
        operator(store, "bo").approve(asked.id, agreed=True)

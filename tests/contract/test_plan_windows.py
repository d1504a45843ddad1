"""A plan in windows: what a screen reads of it, by outcome and reason, and a plan that is looked at again."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from backend.guard import GuardedDoor
from backend.model.facts import Act
from backend.model.filters import EVERYTHING
from backend.model.people import Role
from backend.model.plans import ActionState, PlanError, PlanGroup
from backend.model.views import LastAct
from backend.operations import Operations
from backend.rules.assess import assess
from backend.rules.filters import parse
from backend.store import Store, open_store
from backend.store.fleet import LATELY
from tests.conftest import Place
from tests.fakes import NOON, HandClock, claim, records

LATER = NOON + timedelta(hours=2)


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    store = open_store(place, assess=assess, clock=HandClock())
    store.import_records(records(range(1, 9)), NOON, "eva")
    yield store
    store.close()


@pytest.fixture
def operations(store: Store) -> Operations:
    return Operations(store, GuardedDoor(store, Role.ADMIN), store.clock, operator="eva", host="bastion")


def told(groups: list[PlanGroup]) -> list[tuple[str, str, int, bool]]:
    return [(group.state.value, group.reason, group.many, group.later) for group in groups]


def test_a_plan_is_counted_by_outcome_and_reason_and_read_in_windows(store: Store, operations: Operations) -> None:
    plan = operations.plan(Act.SYNC, [f"c{n}" for n in range(1, 9)])
    waits = replace(plan.items[6], fate="wait", until=LATER, reason="rate_limited")
    refused = replace(plan.items[7], fate="refused", reason="no_consent", calls=0)
    plan = operations.keep(replace(plan, items=(*plan.items[:6], waits, refused)))
    assert plan.id is not None
    assert told(store.plan_groups(plan.id, NOON)) == [
        ("refused", "no_consent", 1, False),
        ("planned", "", 6, False),
        ("planned", "rate_limited", 1, False),
    ]
    operations.run(plan.id)
    with store.db.write():
        store.db.run("UPDATE plans SET allowed = NULL")
        store.db.run("UPDATE actions SET not_before = ?, reason = 'rate_limited' WHERE connection = 7", (1 << 42,))
    one, other, *_ = claim(store)
    store.mark_sent(one.id, NOON)
    store.settle_action(one.id, ActionState.FAILED, NOON, reason="bank_down")
    store.mark_sent(other.id, NOON)
    groups = store.plan_groups(plan.id, NOON)
    assert told(groups) == [
        ("failed", "bank_down", 1, False),
        ("refused", "no_consent", 1, False),
        ("sent", "", 1, False),
        ("intent", "", 4, False),
        ("intent", "rate_limited", 1, True),
    ]
    whole = store.plan_actions(plan.id, None, 0, 100, NOON)
    assert [action.connection for action in whole] == [f"c{n}" for n in range(1, 9)], "as the plan has them"
    assert [a.connection for a in store.plan_actions(plan.id, None, 3, 2, NOON)] == ["c4", "c5"]
    for group in groups:
        found = store.plan_actions(plan.id, group, 0, 100, NOON)
        assert len(found) == group.many and {action.state for action in found} == {group.state}
    assert [a.connection for a in store.plan_actions(plan.id, groups[4], 0, 9, NOON)] == ["c7"]
    assert store.plan_actions(999, None, 0, 9, NOON) == [] and store.plan_groups(999, NOON) == []


def test_a_kept_plan_is_looked_at_again_as_it_was_shown(store: Store, operations: Operations) -> None:
    shown = operations.plan(Act.SYNC, ["c1", "c2"])
    noted = replace(shown.items[0], note="may end another's")
    kept = operations.keep(replace(shown, items=(noted, replace(shown.items[1], fate="wait", until=LATER))))
    assert kept.id is not None
    again = operations.kept(kept.id)
    assert again.id == kept.id and again.calls == 2 and again.left == shown.left
    assert [(item.connection, item.fate, item.until, item.note) for item in again.items] == [
        ("c1", "run", None, "may end another's"),
        ("c2", "wait", LATER, ""),
    ]
    assert again.ends_at == LATER
    operations.submit(again)
    with pytest.raises(PlanError, match=r"plan\.not_a_draft"):
        operations.kept(kept.id)
    with pytest.raises(PlanError, match=r"plan\.unknown"):
        operations.kept(999)


def test_the_list_finds_a_plan_s_connections_and_what_became_of_each(store: Store, operations: Operations) -> None:
    first = operations.submit(operations.plan(Act.SYNC, ["c1", "c2", "c3"])).plan
    with store.db.write():
        store.db.run("UPDATE plans SET allowed = NULL")
    operations.keep(operations.plan(Act.SYNC, ["c5"]))
    one, other, _ = claim(store)
    for action, state, reason in ((one, ActionState.DONE, ""), (other, ActionState.FAILED, "bank_down")):
        store.mark_sent(action.id, NOON)
        store.settle_action(action.id, state, NOON, reason=reason)

    def found(text: str) -> list[str]:
        return store.fleet_ids(parse(text, NOON), NOON)

    assert found(f"plan:{first}") == found("plan:last") == ["c1", "c2", "c3"], "a draft is not the newest that was run"
    assert found("plan:last failed") == ["c2"] and found(f"plan:{first} !state:failed") == ["c1", "c3"]
    assert len(found(f"!plan:{first}")) == 5
    told = {row.id: row.last for row in store.fleet(EVERYTHING, "id", False, 0, 9, NOON + timedelta(minutes=1))}
    assert {name: last.state.value for name, last in told.items() if last is not None} == {
        "c1": "done",
        "c2": "failed",
        "c3": "intent",
    }
    failed = LastAct(plan=first, act="sync", state=ActionState.FAILED, reason="bank_down", until=None, at=NOON)
    assert told["c2"] == failed
    again = operations.submit(operations.plan(Act.RENEW, ["c1"])).plan
    (row,) = store.rows(["c1"], NOON)
    assert row.last is not None and (row.last.plan, row.last.state) == (again, ActionState.INTENT), (
        "what runs comes first"
    )
    old = store.rows(["c2", "c3"], NOON + LATELY)
    assert [row.last.state.value if row.last else None for row in old] == [None, "intent"], "what ended is told a while"

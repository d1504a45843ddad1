"""A plan in windows: what a screen reads of it, by outcome and reason, and a plan that is looked at again."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from backend.guard import GuardedDoor
from backend.model.facts import Act
from backend.model.people import Role
from backend.model.plans import ActionState, PlanError, PlanGroup
from backend.operations import Operations
from backend.rules.assess import assess
from backend.store import Store, open_store
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

"""What the outside's own book says against what the store says: each fault that is found is one line."""

from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from backend.model.facts import Act
from backend.model.plans import Action, ActionState, PlanState
from backend.rules.retries import TURNED_AWAY
from backend.store import Store

NOT_BEGUN = (ActionState.PLANNED, ActionState.INTENT, ActionState.REFUSED, ActionState.CANCELLED)
HAPPENED = (ActionState.DONE, ActionState.WAITING)
MAY_HAVE_HAPPENED = ("unknown_for_too_long", "sync_timeout")
"""Reasons of a failure that say themselves that nobody knows."""

Update = Mapping[str, Any]


def all_actions(store: Store) -> list[Action]:
    """Every act of every plan, those of drafts too."""
    now = store.clock.now()
    plans = store.plans(1_000_000, drafts=True)
    return [action for plan in plans for action in store.plan_actions(plan.id, None, 0, 1_000_000, now)]


def faults(store: Store, updates: Sequence[Update]) -> list[str]:
    """What does not fit, whatever is under way."""
    actions = all_actions(store)
    return [
        *_books_alone(updates, {action.key: action for action in actions}),
        *_without_act(updates, {action.key for action in actions}, store),
        *(line for action in actions for line in _of_action(action, updates)),
        *_removals(store, actions),
    ]


def unsettled(store: Store) -> list[str]:
    """Acts of which nobody knows the end, and those that have not come to theirs although nothing is in their way."""
    drafts = {plan.id for plan in store.plans(1_000_000, drafts=True) if plan.state == PlanState.DRAFT}
    return [
        _told(action)
        for action in all_actions(store)
        if action.plan not in drafts and (not action.state.settled or action.state == ActionState.WAITING)
    ]


def turned_back(action: Action) -> int:
    """How often an act was surely not done and became an intent again: by an error, a limit, our own credentials."""
    return sum(int(action.result.get(count, "0")) for count in ("tried", *TURNED_AWAY.values()))


def _told(action: Action) -> str:
    return f"plan {action.plan}, {action.act} {action.connection}: {action.state} {action.reason} {action.result}"


def _books_alone(updates: Sequence[Update], acts: Mapping[str, Action]) -> Iterator[str]:
    """No key has two effects, or was for somebody else; no two acts were at once on a consent."""
    for update in updates:
        action = acts.get(update["request_id"])
        if action is not None and update["consent_id"] and update["agreement_number"] != action.agreement_number:
            yield f"asked for another customer: {_told(action)}: {update}"
        if update["effects"] > 1:
            yield f"done {update['effects']} times: {update}"
    calls = [(u["consent_id"], call["number"], u["request_id"]) for u in updates for call in u["calls"]]
    for consent, of_consent in groupby(sorted(calls), key=lambda call: call[0]):
        turns = [key for key, _ in groupby(key for _, _, key in of_consent)]
        if consent and len(turns) > len(set(turns)):
            yield f"two acts at once on consent {consent}: {turns}"


def _without_act(updates: Sequence[Update], keys: Container[str], store: Store) -> Iterator[str]:
    """A key that no act has is a canary's, who asks for all at a bank that is down: it was written down before, too."""
    canaries = [e.connection for e in store.events(0, 1_000_000) if e.kind == "incident.canary" and e.connection]
    agreement = {row.id: row.agreement_number for row in store.rows(sorted(set(canaries)), store.clock.now())}
    written = Counter(agreement[connection] for connection in canaries)
    asked = Counter(u["agreement_number"] for u in updates if u["consent_id"] and u["request_id"] not in keys)
    for customer, many in (asked - written).items():
        yield f"{many} more keys for {customer} than acts and canaries were written down"


def _of_action(action: Action, updates: Sequence[Update]) -> Iterator[str]:
    """What became of an act is what the outside has seen of its key."""
    mine = [update for update in updates if update["request_id"] == action.key]
    effects = sum(update["effects"] for update in mine)
    tried_before = turned_back(action) > 0
    told = f"{_told(action)}: {mine}"
    if action.act != Act.SYNC:
        if mine:
            yield f"asked for an update: {told}"
        if action.state in NOT_BEGUN and action.sent_at is not None:
            yield f"begun: {told}"
        return
    if mine and action.sent_at is None and not tried_before:
        yield f"seen, and never written as sent: {told}"
    if action.state in HAPPENED and not effects and "seen" not in action.result:
        yield f"told to have happened: {told}"
    if action.state == ActionState.AWAITING_CUSTOMER and (effects or not mine):
        yield f"told to be the customer's, and never asked, or done: {told}"
    if action.state in NOT_BEGUN and (effects or (mine and not tried_before)):
        yield f"told not to have begun: {told}"
    if action.state == ActionState.FAILED and effects and action.reason not in MAY_HAVE_HAPPENED:
        yield f"told to have failed: {told}"


def _removals(store: Store, actions: Sequence[Action]) -> Iterator[str]:
    """Gone is what was removed, and nothing else: not what was taken back in time."""
    done = {action.connection for action in actions if action.act == Act.REMOVE and action.state == ActionState.DONE}
    named = {action.connection for action in actions if action.act == Act.REMOVE}
    for row in store.rows(sorted(named), store.clock.now()):
        if (row.consent == "removed") != (row.id in done):
            yield f"{row.id} is {row.consent}, removed by a plan: {row.id in done}"

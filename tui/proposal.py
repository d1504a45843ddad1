"""A plan made ready to be asked about: grouped once, beside the screen's loop, however long it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from backend.model.plans import Plan, PlanItem

RENEW_FIRST = "renew_first"
"""The reason that says: synchronising cannot work until the consent is renewed (the help page's OBS)."""

FATES = ("run", "wait", "refused")
"""What can become of an item, in the order in which a question tells it."""


@dataclass(frozen=True, slots=True)
class Group:
    """Items of one fate with one reason; the first of them is free at `begins` and the last at `until`, if ever."""

    fate: str
    reason: str
    begins: datetime | None
    until: datetime | None
    items: tuple[PlanItem, ...]


@dataclass(frozen=True, slots=True)
class Proposal:
    """A plan in groups, how many of it the list's filter hides, and how long consents outlive a removal (law 8).

    `kept`: it was shown before, by whomever, and is looked at again. `needs_approval`: it will wait for a second
    operator.
    """

    plan: Plan
    groups: tuple[Group, ...]
    hidden: int = 0
    expires: Mapping[str, datetime | None] = field(default_factory=dict)
    kept: bool = False
    needs_approval: bool = False

    @property
    def renew_first(self) -> int:
        """How many could be synchronised after a renewal."""
        return sum(len(group.items) for group in self.groups if group.reason == RENEW_FIRST)


def groups_of(plan: Plan) -> tuple[Group, ...]:
    """The plan's items by fate and reason, in the order of `FATES` and then of the plan."""
    found: dict[tuple[str, str], list[PlanItem]] = {}
    for item in plan.items:
        reason = "" if item.fate == "run" else item.reason
        found.setdefault((item.fate, reason), []).append(item)
    ordered = sorted(found.items(), key=lambda pair: FATES.index(pair[0][0]))
    return tuple(_group(fate, reason, items) for (fate, reason), items in ordered)


def _group(fate: str, reason: str, items: list[PlanItem]) -> Group:
    times = [item.until for item in items if item.until is not None]
    return Group(fate, reason, min(times, default=None), max(times, default=None), tuple(items))

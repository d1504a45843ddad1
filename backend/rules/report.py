"""What became of a plan: how many ended how, each with names and reasons, and what can be done next."""

from collections.abc import Callable, Mapping
from datetime import datetime

from backend.model.plans import Action, ActionState, PlanState, PlanView
from backend.rules.danish import moment
from backend.rules.memo import Entry, Section, count, names, plain, said, when, word
from backend.rules.ticket import redacted
from backend.texts import Say

_LATER = "later"
"""What an intent is while the time before which it does not begin is yet to come."""

ORDER = (
    *(ActionState.UNKNOWN, ActionState.FAILED, ActionState.REFUSED, _LATER, ActionState.WAITING),
    *(ActionState.AWAITING_CUSTOMER, ActionState.PLANNED, ActionState.INTENT, ActionState.SENT),
    *(ActionState.CANCELLED, ActionState.DONE),
)
"""Outcomes as a report tells them: what needs somebody comes first."""


def outcome(view: PlanView, say: Say, now: datetime, until: datetime | None = None) -> str:
    """`40 done, 3 waiting (until 14:00), 2 refused`. `until`: when the last of those that wait begins, if known."""
    told = []
    for key, n in _counts(view).items():
        if n:
            late = f" ({say('report.until', at=when(until, now))})" if key == _LATER and until is not None else ""
            told.append(f"{count(n)} {say(f'report.{key}')}{late}")
    return ", ".join(told) or say("report.empty")


def report(view: PlanView, say: Say, now: datetime, customers: Mapping[str, str], reason: Callable[[str], str]) -> str:
    """All of it as plain text for a ticket, in the language of `say`. See `report_sections`."""
    return plain(report_heading(view, say, now), report_sections(view, say, now, customers, reason), say)


def report_heading(view: PlanView, say: Say, now: datetime) -> list[str]:
    """Which plan, whose, since when, how far it is and what can be done about the whole of it."""
    by = "@".join(redacted(part) for part in (view.run_by or view.operator, view.host) if part)
    act = word("console.act", view.act, say)
    begins = [one.not_before for one in view.actions if one.not_before is not None and _later(one, now)]
    lines = [
        say("report.title", id=view.id, act=act, by=by, at=moment(view.run_at or view.created_at)),
        say("report.outcome", outcome=outcome(view, say, now, max(begins, default=None))),
    ]
    if view.state != PlanState.ENDED:
        lines.append(say(f"report.state.{view.state.value}") + (f" {why(view, say)}" if view.note else ""))
    if view.approved_by:
        lines.append(say("report.approved", by=redacted(view.approved_by)))
    if view.undo_until is not None and view.undo_until > now:
        lines.append(say("handover.plan.undo", until=when(view.undo_until, now), id=view.id))
    return lines


def why(view: PlanView, say: Say) -> str:
    """Why it is paused or was cancelled."""
    return say("report.note", note=said(view.note, say))


def report_sections(
    view: PlanView, say: Say, now: datetime, customers: Mapping[str, str], reason: Callable[[str], str]
) -> tuple[Section, ...]:
    """By outcome and reason, the largest group first. `customers`: names by connection, for those that were refused;
    `reason` says a stored reason in words."""
    groups: dict[str, dict[str, list[tuple[str, str]]]] = {}
    for connection, why in view.refused:
        found = groups.setdefault(ActionState.REFUSED, {}).setdefault(why, [])
        found.append((customers.get(connection, ""), connection))
    for one in view.actions:
        key = _LATER if _later(one, now) else one.state
        why = one.reason
        if key == _LATER and one.not_before is not None:
            why = f"{when(one.not_before, now)}\n{one.reason}"
        groups.setdefault(key, {}).setdefault(why, []).append((one.customer, one.connection))
    made = []
    for key in ORDER:
        if known := groups.get(key):
            total = sum(len(people) for people in known.values())
            title = f"{say(f'report.{key}')} ({count(total)})"
            made.append(Section(key=key, title=title, entries=tuple(_entries(view, key, known, say, reason))))
    return tuple(made)


def _entries(
    view: PlanView, key: str, groups: Mapping[str, list[tuple[str, str]]], say: Say, reason: Callable[[str], str]
) -> list[Entry]:
    entries = []
    for why, people in sorted(groups.items(), key=lambda group: (-len(group[1]), group[0])):
        until, _, stored = why.rpartition("\n")
        parts = [say("report.until", at=until) if until else "", redacted(reason(stored)) if stored else ""]
        told, rest = names(people, say)
        about = ", ".join(part for part in parts if part)
        text = say("report.group", n=count(len(people)), why=about, names=told) if about else told
        entries.append(Entry(text=text, filter=f"id:{people[0][1]}" if len(people) == 1 else "", rest=rest))
    if key == ActionState.FAILED:
        entries.append(Entry(text=say("report.retry", id=view.id)))
    elif key == ActionState.UNKNOWN:
        entries.append(Entry(text=say("report.look")))
    return entries


def _later(action: Action, now: datetime) -> bool:
    return action.state == ActionState.INTENT and action.not_before is not None and action.not_before > now


def _counts(view: PlanView) -> dict[str, int]:
    """How many ended how, in the order of a report."""
    counts: dict[str, int] = {str(state): n for state, n in view.counts.items()}
    counts[ActionState.REFUSED] = counts.get(ActionState.REFUSED, 0) or len(view.refused)
    counts[_LATER] = view.waits
    counts[ActionState.INTENT] = counts.get(ActionState.INTENT, 0) - view.waits
    return {key: counts.get(key, 0) for key in ORDER}

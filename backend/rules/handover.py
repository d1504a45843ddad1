"""The handover of a shift: what the next one must know in three lines, then what changed and what is under way.

`facts/operations.md` §4 no. 20. Counts come by bank and cause, with a few names; the others are a filter to paste.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from backend.model.facts import Stage
from backend.model.handover import HandoverFacts, Moved
from backend.model.incidents import IncidentView, Scope
from backend.model.plans import PlanState, PlanView
from backend.rules.danish import moment
from backend.rules.incidents import bank_filter, members_filter
from backend.rules.memo import Entry, Section, count, names, plain, when, who, word
from backend.rules.renewals import stalled
from backend.rules.report import outcome, why
from backend.rules.ticket import redacted
from backend.texts import Say

GROUPS = 8
"""Banks and causes that are told of one kind of change; the others are a number."""

LINES = 12
"""Single lines (plans, notes, problems) that are told of one kind; the others are a number."""

QUIET = timedelta(minutes=15)
"""Longer than this between the last round of one agent and the first of the next, and somebody was missing."""

_LEFT = ("note.added", "problem.assigned", "problem.muted", "problem.unmuted", "problem.snoozed")
_DONE = ("plan.approved", "plan.declined", "import")
_WORDS = {
    "webhooks.silent": "handover.agent.went_silent",
    "audit.anchor_failed": "handover.agent.anchor_failed",
    "audit.anchor_back": "handover.agent.anchor_back",
    "audit.rewritten": "handover.agent.rewritten",
}

_UNDER_WAY = (PlanState.APPROVAL, PlanState.RUNNING, PlanState.PAUSED)


def handover_text(facts: HandoverFacts, say: Say, warnings: Sequence[str] = ()) -> str:
    """All of it as plain text for a ticket or a chat, in the language of `say`."""
    return plain([*heading(facts, say), "", *headlines(facts, say)], sections(facts, say, warnings), say)


def heading(facts: HandoverFacts, say: Say) -> list[str]:
    """Which period it is, and what the last shift said."""
    lines = [say("handover.title", since=moment(facts.since), until=moment(facts.until))]
    if (mark := facts.mark) is not None:
        said = f": {redacted(mark.note)}" if mark.note else ""
        lines.append(say("handover.last", by=redacted(mark.operator), at=moment(mark.at)) + said)
    return lines


def headlines(facts: HandoverFacts, say: Say) -> list[str]:
    """Three lines: what is wrong at large, what is under way, and who must act now."""
    now = facts.until
    is_open = [view for view in facts.incidents if view.closed_at is None]
    gone = not facts.past and (facts.agent is None or not facts.agent.alive)
    large = [say("handover.no_agent")] if gone else []
    if is_open:
        hit = sum(view.connections for view in is_open)
        where = ", ".join(_where(view, say) for view in is_open[:3])
        large.append(say("handover.incidents_open", n=len(is_open), where=where, hit=count(hit)))
    else:
        large.append(say("handover.no_incidents"))
    under_way = [
        (facts.unknowns, "unknown"),
        (sum(view.state == PlanState.RUNNING for view in facts.plans), "running"),
        (sum(view.state == PlanState.PAUSED for view in facts.plans), "paused"),
        (sum(view.state == PlanState.APPROVAL for view in facts.plans), "approval"),
        (sum(_undoable(view, now) for view in facts.plans), "undo"),
        (len(facts.cases), "renewals"),
        (sum(stalled(case, now) is not None for case in facts.cases), "stuck"),
    ]
    told = [say(f"handover.under_way.{key}", n=count(n)) for n, key in under_way if n]
    stand = facts.standing
    return [
        " ".join(large),
        say("handover.under_way", what=", ".join(told)) if told else say("handover.nothing_under_way"),
        say(
            "handover.changed",
            **{key: count(len(_newly(facts.moved, key))) for key in ("operator", "customer", "fine")},
            operators=count(stand.operator),
            customers=count(stand.customer),
        ),
    ]


def sections(facts: HandoverFacts, say: Say, warnings: Sequence[str] = ()) -> tuple[Section, ...]:
    """What there is to tell, the most urgent first; what is empty is left out. `warnings`: of the configuration."""
    made: tuple[tuple[str, list[Entry]], ...] = (
        ("incidents", [_incident(view, facts, say) for view in facts.incidents[:LINES]]),
        ("unknown", _unknown(facts, say)),
        ("plans_open", _plans((view for view in facts.plans if _goes_on(view, facts.until)), facts, say)),
        ("operator", _changes(facts, "operator", say)),
        ("customer", _changes(facts, "customer", say)),
        ("fine", _changes(facts, "fine", say)),
        ("plans", _plans((view for view in facts.plans if not _goes_on(view, facts.until)), facts, say)),
        ("done", _done(facts, say)),
        ("renewals", _renewals(facts, say)),
        ("postings", _postings(facts, say)),
        ("mails", _mails(facts, say)),
        ("waking", _waking(facts, say)),
        ("notes", _notes(facts, say)),
        ("agent", [*_agent(facts, say), *(Entry(text=warning) for warning in warnings)]),
    )
    found = tuple(
        Section(key=key, title=say(f"handover.section.{key}"), entries=tuple(entries))
        for key, entries in made
        if entries
    )
    nothing = Section(
        key="nothing", title=say("handover.section.nothing"), entries=(Entry(text=say("handover.nothing")),)
    )
    return found or (nothing,)


# -- what changed --------------------------------------------------------------------------------------------------


def _newly(moved: Iterable[Moved], verdict: str) -> list[Moved]:
    """Who has this verdict now and had another when the period began; `fine` only after something was wrong."""
    return [
        one
        for one in moved
        if one.verdict == verdict and one.before != verdict and (verdict != "fine" or one.before not in ("", "wait"))
    ]


def _changes(facts: HandoverFacts, verdict: str, say: Say) -> list[Entry]:
    """By bank and cause, the largest group first. Who is well again is counted by what was wrong."""
    groups: dict[tuple[str, str], list[Moved]] = {}
    for one in _newly(facts.moved, verdict):
        cause = one.before_situation if verdict == "fine" else one.situation
        groups.setdefault((one.bank, cause), []).append(one)
    ordered = sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))
    entries = []
    for (bank, cause), people in ordered[:GROUPS]:
        told, rest = names([(one.customer, one.connection) for one in people], say)
        what = word("situation", cause, say) if cause else say("handover.no_cause")
        seen = f"{bank_filter(bank)} verdict:{verdict}" + (f" situation:{cause}" if cause and verdict != "fine" else "")
        text = say("handover.group", bank=redacted(bank) or "-", what=what, n=count(len(people)), names=told)
        entries.append(Entry(text=text, filter=seen.strip(), rest=rest))
    if others := ordered[GROUPS:]:
        n = sum(len(people) for _, people in others)
        text = say("handover.more_groups", n=count(n), groups=count(len(others)))
        entries.append(Entry(text=text, filter=f"verdict:{verdict}", rest=n))
    return entries


def _where(view: IncidentView, say: Say) -> str:
    known = view.key if view.scope in (Scope.BANK, Scope.CLUSTER) else ""
    return redacted(known) or say(f"handover.scope.{view.scope.value}")


def _incident(view: IncidentView, facts: HandoverFacts, say: Say) -> Entry:
    """Whose trouble, what, since when (or from when to when), and its blast radius."""
    now = facts.until
    key = "open" if view.closed_at is None else "over"
    if view.closed_at is None and view.opened_at >= facts.since:
        key = "opened"
    text = say(
        f"handover.incident.{key}",
        where=_where(view, say),
        cause=word("handover.cause", view.cause, say),
        since=when(view.opened_at, now),
        until=when(view.closed_at, now) if view.closed_at else "",
        n=count(view.connections),
        customers=count(view.customers),
        pending=count(view.pending),
    )
    return Entry(text=text, filter=members_filter(view), rest=view.connections if view.closed_at is None else 0)


# -- acts ------------------------------------------------------------------------------------------------------


def _undoable(view: PlanView, now: datetime) -> bool:
    return view.undo_until is not None and view.undo_until > now and view.state in _UNDER_WAY


def _goes_on(view: PlanView, now: datetime) -> bool:
    return view.state in _UNDER_WAY or not view.settled


def _plans(plans: Iterable[PlanView], facts: HandoverFacts, say: Say) -> list[Entry]:
    """Who, which act, how many ended how; and how to take back what can be taken back."""
    known = list(plans)
    entries = []
    for view in known[:LINES]:
        values = {
            "id": view.id,
            "act": word("console.act", view.act, say),
            "by": redacted(view.run_by or view.operator),
            "at": when(view.run_at or view.created_at, facts.until),
            "outcome": outcome(view, say, facts.until, facts.waits_until.get(view.id)),
        }
        text = say("handover.plan", **values)
        if view.state in (PlanState.PAUSED, PlanState.APPROVAL, PlanState.CANCELLED):
            text += f" {say(f'report.state.{view.state.value}')}"
            text += f" {why(view, say)}" if view.note else ""
        if _undoable(view, facts.until) and view.undo_until is not None:
            text += f" {say('handover.plan.undo', until=when(view.undo_until, facts.until), id=view.id)}"
        entries.append(Entry(text=text))
    return _cut(entries, len(known), say)


def _unknown(facts: HandoverFacts, say: Say) -> list[Entry]:
    entries = [
        Entry(
            text=say(
                "handover.unknown",
                act=word("console.act", one.act, say),
                who=who(one.customer, one.connection),
                plan=one.plan,
                at=when(one.sent_at or one.created_at, facts.until),
            ),
            filter=f"id:{one.connection}",
        )
        for one in facts.unknown[:LINES]
    ]
    return _cut(entries, facts.unknowns, say)


def _renewals(facts: HandoverFacts, say: Say) -> list[Entry]:
    """How far the open ones are, which of them are stuck and why, and what became of others in the period."""
    entries: list[Entry] = []
    stages = Counter(case.stage for case in facts.cases)
    ways = [f"{count(stages[stage])} {say(f'handover.stage.{stage.value}')}" for stage in Stage if stages[stage]]
    if ways:
        entries.append(Entry(text=say("handover.renewals", ways=", ".join(ways)), filter="is:open_case"))
    stuck: dict[str, list[tuple[str, str]]] = {}
    for case in facts.cases:
        if (why := stalled(case, facts.until)) is not None:
            stuck.setdefault(why, []).append((case.customer, case.connection))
    for why, people in sorted(stuck.items(), key=lambda group: (-len(group[1]), group[0])):
        told, rest = names(people, say)
        text = say("handover.stuck", n=count(len(people)), why=say(why), names=told)
        entries.append(Entry(text=text, filter="is:open_case", rest=rest))
    released, broken = (facts.counts.get(kind, 0) for kind in ("case.released", "case.failed"))
    if released or broken:
        done, failed = count(released), count(broken)
        entries.append(Entry(text=say("handover.renewals_ended", done=done, failed=failed)))
    return entries


# -- postings and mails ----------------------------------------------------------------------------------------


def _postings(facts: HandoverFacts, say: Say) -> list[Entry]:
    """What is late or held, and against what there was when the last shift was handed over, if that began this one."""
    then = facts.mark.standing if facts.mark is not None and facts.mark.until == facts.since else None
    entries = []
    for key in ("late", "held", "queued"):
        n, before = getattr(facts.standing, key), getattr(then, key) if then is not None else None
        if n or before:
            text = say(f"handover.postings.{key}", n=count(n))
            if before is not None:
                text += f" {say('handover.postings.then', n=count(before))}"
            entries.append(Entry(text=text, filter=f"is:{key}"))
    if len(entries) == 1 and not facts.standing.late and not facts.standing.held:
        return []  # rows that only wait their turn are no news
    return entries


def _mails(facts: HandoverFacts, say: Say) -> list[Entry]:
    """Reminders that were refused or whose fate is not known, by reason."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for event in facts.told:
        if event.kind.startswith("reminder.") and event.connection is not None:
            reason = str(event.data.get("reason") or event.kind.removeprefix("reminder."))
            groups.setdefault(reason, []).append((facts.names.get(event.connection, ""), event.connection))
    entries = []
    for reason, people in sorted(groups.items()):
        told, rest = names(people, say)
        why = word("reminder.reason", reason, say)
        entries.append(Entry(text=say("handover.mails", n=count(len(people)), why=why, names=told), rest=rest))
    known = sum(map(len, groups.values()))
    total = sum(n for kind, n in facts.counts.items() if kind.startswith("reminder."))
    return [*entries, *_cut((), total - known, say)]


# -- what operators left ---------------------------------------------------------------------------------------


def _waking(facts: HandoverFacts, say: Say) -> list[Entry]:
    entries = []
    for problem in facts.waking[:LINES]:
        assert problem.snoozed_until is not None
        text = say(
            "handover.waking",
            at=when(problem.snoozed_until, facts.until),
            who=who(problem.customer, problem.connection),
            cause=word("situation", problem.cause, say),
            by=redacted(problem.snoozed_by) or "-",
        )
        entries.append(Entry(text=text, filter=f"id:{problem.connection}"))
    return _cut(entries, facts.wakings, say, seen="is:snoozed")


def _notes(facts: HandoverFacts, say: Say) -> list[Entry]:
    """Notes, who was given what, and what was put out of sight with no time at which it comes back; newest first."""
    entries = []
    told = [event for event in reversed(facts.told) if event.kind in _LEFT and not event.data.get("until")]
    more = sum(facts.counts.get(kind, 0) for kind in _LEFT) - sum(event.kind in _LEFT for event in facts.told)
    for event in told[:LINES]:
        connection = event.connection or ""
        values = {
            "at": when(event.at, facts.until),
            "by": redacted(event.operator),
            "who": who(facts.names.get(connection, ""), connection),
        }
        if event.kind == "note.added":
            text = say("handover.note", **values, text=redacted(str(event.data.get("text", ""))))
        elif event.kind == "problem.snoozed":
            text = say("handover.snoozed", **values, how=word("problem.when", str(event.data.get("condition")), say))
        elif event.kind != "problem.assigned":
            text = say(f"handover.{event.kind.partition('.')[2]}", **values)
        elif to := str(event.data.get("to") or ""):
            text = say("handover.assigned", **values, to=redacted(to))
        else:
            text = say("handover.released", **values)
        entries.append(Entry(text=text, filter=f"id:{connection}"))
    return _cut(entries, len(told) + more, say)


def _done(facts: HandoverFacts, say: Say) -> list[Entry]:
    """What a second operator said of plans, and what was imported; the newest first."""
    entries = []
    told = [event for event in reversed(facts.told) if event.kind in _DONE]
    for event in told[:LINES]:
        values = {"at": when(event.at, facts.until), "by": redacted(event.operator)}
        if event.kind == "import":
            numbers = {name: count(_number(event.data.get(name))) for name in ("added", "changed")}
            text = say("handover.import", **values, **numbers)
        else:
            text = say(f"handover.{event.kind.partition('.')[2]}", **values, id=event.data.get("plan", "?"))
        entries.append(Entry(text=text))
    return _cut(entries, sum(facts.counts.get(kind, 0) for kind in _DONE), say)


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _agent(facts: HandoverFacts, say: Say) -> list[Entry]:
    """When no agent worked, what stopped one, and whether the outside has gone silent."""
    told: list[str] = []
    for event in facts.told:
        if event.kind == "agent.started" and event.data.get("last"):
            last = datetime.fromisoformat(str(event.data["last"]))
            if event.at - last > QUIET:
                values = {"since": when(last, facts.until), "until": when(event.at, facts.until)}
                told.append(say("handover.agent.away", **values))
        elif event.kind == "agent.trouble":
            trouble, at = str(event.data.get("trouble") or ""), when(event.at, facts.until)
            what = word("handover.cause", trouble, say)
            told.append(
                say("handover.agent.trouble", at=at, what=what) if trouble else say("handover.agent.well", at=at)
            )
        elif (key := _WORDS.get(event.kind)) is not None:
            told.append(say(key, at=when(event.at, facts.until)))
    agent = facts.agent
    if not facts.past and (agent is None or not agent.alive):
        last_seen = agent and agent.last_sign
        told.append(
            say("handover.agent.gone", at=when(last_seen, facts.until)) if last_seen else say("handover.no_agent")
        )
    elif agent is not None and agent.silent_since is not None:
        told.append(say("handover.agent.silent", at=when(agent.silent_since, facts.until)))
    cut = [*told[: LINES // 2], say("handover.more", n=count(len(told) - LINES)), *told[-LINES // 2 :]]
    return [Entry(text=text) for text in (told if len(told) <= LINES else cut)]


def _cut(entries: Sequence[Entry], total: int, say: Say, seen: str = "") -> list[Entry]:
    """The entries, and how many there are beyond them."""
    rest = total - len(entries)
    more = [Entry(text=say("handover.more", n=count(rest)), filter=seen, rest=rest)] if rest > 0 else []
    return [*entries, *more]

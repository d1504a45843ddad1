"""Facts as JSON values, with the field names of DESIGN §8: a contract with those who read our output."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from backend.model.facts import Account, Attempt, Case, Event, Posting
from backend.model.handover import HandoverFacts, Mark
from backend.model.health import Reason
from backend.model.incidents import IncidentView
from backend.model.lifetimes import Lifespan
from backend.model.limits import Gate
from backend.model.plans import Action, Plan, PlanState, PlanView, Submitted, in_work
from backend.model.postings import Decided, Decision
from backend.model.problems import Handled, Note
from backend.model.renewals import Accepted, RenewalDiff, Shown
from backend.model.views import ConnectionView, FleetRow, PostingLine, ProblemView
from backend.rules.danish import moment
from backend.rules.forecast import Forecast
from backend.rules.handover import headlines, sections
from backend.rules.renewals import stalled
from backend.texts import Say
from tui.commands.output import day, fields, iso
from tui.wording import act_word

FLEET_FIELDS = (
    "id",
    "agreement_number",
    "customer",
    "bank",
    "provider",
    "status",
    "consent",
    "fetch",
    "transfer",
    "verdict",
    "situation",
    "action",
    "wait_until",
    "expires_at",
    "data_from",
    "last_fetched",
    "pending",
)

POSTING_FIELDS = (
    "id",
    "connection",
    "agreement_number",
    "ledger_account",
    "iban",
    "date",
    "amount",
    "currency",
    "text",
    "state",
    "reason",
    "fetched_at",
    "due_at",
    "acknowledged_at",
    "change",
    "changed_at",
    "decided_at",
    "decided_by",
)


def reason_text(say: Say, key: str, **values: object) -> str:
    """The reason in words; a store's `in_work:act:operator:since` names who is in the way and since when (F15)."""
    if not key:
        return ""
    if key.startswith("in_work:"):
        act, operator, since = in_work(key)
        return say("console.in_work", act=act_word(act, say), operator=operator, since=moment(since))
    try:
        return say(key, **values)
    except (KeyError, IndexError):
        return key


def account(item: Account) -> dict[str, object]:
    return fields(item, "iban", "bban", "name", "ledger_account", "orphaned")


def fleet_row(row: FleetRow, accounts: tuple[Account, ...]) -> dict[str, object]:
    """One element of `forny list --json`."""
    return {**fields(row, *FLEET_FIELDS), "accounts": [account(item) for item in accounts]}


def reason(item: Reason, say: Say) -> dict[str, object]:
    text = reason_text(say, item.key, **dict(item.values))
    return {"key": item.key, "text": text, **fields(item, "at", "source")}


def case(item: Case, now: datetime) -> dict[str, object]:
    """A case, and where it hangs now, as a text key."""
    times = fields(item, "created_at", "sent_at", "opened_at", "authorised_at", "closed_at")
    return {
        **fields(item, "id", "kind", "stage", "link", "note"),
        **times,
        "stalled": stalled(item, now),
        "diff": renewal_diff(item.diff) if item.diff else None,
        "accepted_at": iso(item.accepted_at),
        "accepted_by": item.accepted_by or None,
    }


def renewal_diff(diff: RenewalDiff) -> dict[str, object]:
    """What a renewal brought; `suggested` is the pair of numbers that are probably one account."""
    pair = diff.suggested
    return {
        "matched": [_shown(item) for item in diff.matched],
        "new": [_shown(item) for item in diff.new],
        "vanished": [_shown(item) for item in diff.vanished],
        "suggested": {"new": pair[0], "old": pair[1]} if pair else None,
        **fields(diff, "recognised", "rows_new", "rows_held"),
    }


def _shown(item: Shown) -> dict[str, object]:
    return {
        "account": item.key,
        **fields(item, "name", "ledger_account"),
        "was": item.was or None,
        "reissued": item.reissued,
        "doubt": item.doubt or None,
    }


def accepted(done: Accepted) -> dict[str, object]:
    """`forny accept --json`; no accounts: there was nothing in doubt."""
    return {
        "connection": done.connection,
        "accounts": list(done.accounts),
        "carried": [{"new": new, "old": old} for new, old in done.carried],
        **fields(done, "released", "waiting"),
    }


def action(item: Action, say: Say) -> dict[str, object]:
    return {
        **fields(item, "id", "plan", "act", "connection", "agreement_number", "customer", "state", "reason"),
        "reason_text": reason_text(say, item.reason),
        **fields(item, "bank", "result", "operator", "created_at", "not_before", "sent_at"),
        **fields(item, "finished_at"),
    }


def attempt(item: Attempt) -> dict[str, object]:
    ids = ("http_status", "request_id", "correlation_id")
    return fields(item, "operation", "started_at", "ended_at", "outcome", *ids, "user_present", "detail", "answer")


def connection(view: ConnectionView, attempts: list[Attempt], say: Say, now: datetime) -> dict[str, object]:
    """`forny show --json`: the row of the list, and all that lies behind it."""
    accounts = [
        {
            **account(item),
            "doubt": item.doubt or None,
            "currency": item.currency,
            "data_from": day(view.row.data_from),
            **fields(item, "last_fetched", "last_synchronized", "booked_balance"),
            "status": view.row.status,
            "seen": item.seen,
            **fields(item.found, "silent_since", "gap_from", "gap_to", "missing_on", "off_by"),
        }
        for item in view.accounts
    ]
    return {
        **fields(view.row, *FLEET_FIELDS),
        "accounts": accounts,
        **fields(view, "email", "consent_id"),
        "running": view.row.running or None,
        "reasons": [reason(item, say) for item in view.assessment.reasons],
        "next_change_at": iso(view.assessment.next_change_at),
        "case": case(view.case, now) if view.case else None,
        "actions": [action(item, say) for item in view.actions],
        "attempts": [attempt(item) for item in attempts],
    }


def plan(
    item: Plan, say: Say, submitted: Submitted | None = None, *, needs_approval: bool = False
) -> dict[str, object]:
    """A plan before it runs (`--dry-run`) and the same object once it was submitted, with its actions.

    `needs_approval` is whether it will wait for a second operator; of one that was submitted its state tells.
    """
    lines = [
        {
            "connection": line.connection or None,
            **fields(line, "agreement_number", "customer", "bank", "fate", "reason"),
            "reason_text": reason_text(say, line.reason),
            **fields(line, "until", "calls", "left", "note"),
        }
        for line in item.items
    ]
    return {
        "plan": submitted.plan if submitted else item.id,
        **fields(item, "act", "operator", "created_at", "then_sync", "ends_at", "digest"),
        "fates": {fate: len(item.with_fate(fate)) for fate in ("run", "wait", "refused")},
        **fields(item, "calls", "left"),
        "needs_approval": submitted.state == PlanState.APPROVAL if submitted else needs_approval,
        "items": lines,
        "actions": [action(entry, say) for entry in submitted.actions] if submitted else [],
        "refused": refused(submitted.refused, say) if submitted else [],
    }


def refused(entries: tuple[tuple[str, str], ...], say: Say) -> list[dict[str, object]]:
    return [
        {"connection": connection or None, "reason": key, "reason_text": reason_text(say, key)}
        for connection, key in entries
    ]


def plan_view(view: PlanView, say: Say) -> dict[str, object]:
    """A submitted plan and how far it has come."""
    return {
        "plan": view.id,
        **fields(view, "act", "operator", "host", "created_at", "then_sync", "digest", "state", "settled", "waits"),
        **fields(view, "run_at", "run_by", "ended_at", "undo_until", "approved_by"),
        "note": view.note,
        "note_text": reason_text(say, view.note),
        "counts": {str(state): count for state, count in view.counts.items()},
        "actions": [action(entry, say) for entry in view.actions],
        "refused": refused(view.refused, say),
    }


def posting(item: Posting) -> dict[str, object]:
    """One element of `forny postings --json`."""
    return fields(item, *POSTING_FIELDS)


def posting_line(line: PostingLine) -> dict[str, object]:
    """A posting with its place in the log, and whose it is."""
    return {**posting(line.posting), "seq": line.seq, "customer": line.customer, "bank": line.bank}


def decided(found: Decided, say: Say, *, decision: Decision, dry_run: bool) -> dict[str, object]:
    """`forny postings accept --json`: the postings as they are now (`--dry-run`: as they would be), and the refused."""
    return {
        "decision": decision,
        "dry_run": dry_run,
        "done": [posting(item) for item in found.done],
        "refused": [
            {
                "posting": item.posting,
                "reason": item.reason,
                "reason_text": say(item.reason, by=item.by, at=iso(item.at)),
            }
            for item in found.refused
        ],
    }


def gate(shut: Gate | None) -> dict[str, object] | None:
    """The gate that holds a connection's fetches and acts back now: `bank` null is the whole provider's."""
    return None if shut is None else {"bank": shut.bank or None, **fields(shut, "until", "reason")}


def event(item: Event) -> dict[str, object]:
    return fields(item, "seq", "at", "kind", "connection", "operator", "host", "data", "hash")


def life(span: Lifespan | None) -> dict[str, object] | None:
    """On which day the bank's consents usually die; null while too few have."""
    return None if span is None else {"day": span.day, "cases": span.cases, "bank_proved_wrong": span.wrong}


def forecast(seen: Forecast) -> dict[str, object]:
    """`forny forecast --json`: `expected_dark` is null where nobody at the bank (or anywhere) was asked last cycle."""
    return {
        "from": day(seen.first),
        **fields(seen, "weeks", "due"),
        "expected_dark": _rounded(seen.dark),
        "unknown": seen.unknown,
        "days": [
            {
                "date": day(load.day),
                **fields(load, "bank", "due", "learnt"),
                "expected_dark": _rounded(load.dark),
            }
            for load in seen.days
        ],
        "banks": [
            {
                **fields(load, "bank", "due", "asked", "answered"),
                "answer_rate": None if load.rate is None else round(load.rate, 4),
                "own_rate": load.own_rate,
                "expected_dark": _rounded(load.dark),
            }
            for load in seen.banks
        ],
    }


def _rounded(dark: float | None) -> float | None:
    return None if dark is None else round(dark, 1)


def incident(view: IncidentView) -> dict[str, object]:
    """One element of `forny incidents --json`; `share` and `usual_share` are 0 to 1, null where nothing was tried."""
    return {
        **fields(view, "id", "scope"),
        "key": view.key or None,
        **fields(view, "cause", "opened_at", "closed_at", "note", "connections", "customers", "failing", "pending"),
        "oldest_posting_at": iso(view.oldest_at),
        **fields(view, "failed", "tried"),
        "share": round(view.failed / view.tried, 4) if view.tried else None,
        "usual_share": round(view.usual, 4) if view.tried else None,
        "banks": list(view.banks),
        "provider_health": view.health or None,
        "canary_at": iso(view.canary_at),
    }


def problem(view: ProblemView) -> dict[str, object]:
    """One element of `forny problems --json`."""
    return {
        **fields(view, "id", "connection", "agreement_number", "customer", "bank", "cause", "verdict", "action"),
        **fields(view, "since", "last_at", "times", "incident", "snoozed_until"),
        "snoozed_for": view.snoozed_for or None,
        "snoozed_by": view.snoozed_by or None,
        **fields(view, "muted_by", "assigned_to"),
    }


def note(item: Note) -> dict[str, object]:
    """One element of `forny problem notes --json`."""
    return fields(item, "id", "connection", "at", "operator", "text")


def handled(done: Handled) -> dict[str, object]:
    """One element of what `forny problem snooze|wake|mute|unmute|assign --json` did."""
    return fields(done, "connection", "problem", "cause") | {"before": done.before or None, "until": iso(done.until)}


def handover(facts: HandoverFacts, say: Say, warnings: Sequence[str], marked: Mark | None) -> dict[str, object]:
    """`forny handover --json`: the numbers, and the text by sections; `filter` finds whom an entry is about."""
    return {
        **fields(facts, "since", "until"),
        "last": _mark(facts.mark),
        "marked": _mark(marked),
        "standing": asdict(facts.standing),
        "headlines": headlines(facts, say),
        "sections": [
            {
                "key": section.key,
                "title": section.title,
                "entries": [{"text": entry.text, "filter": entry.filter or None} for entry in section.entries],
            }
            for section in sections(facts, say, warnings)
        ],
    }


def _mark(mark: Mark | None) -> dict[str, object] | None:
    return None if mark is None else fields(mark, "at", "operator", "note") | {"standing": asdict(mark.standing)}

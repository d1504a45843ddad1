"""Facts as JSON values, with the field names of DESIGN §8: a contract with those who read our output."""

from datetime import datetime

from backend.model.facts import Account, Action, Attempt, Case, Event, Plan, Posting
from backend.model.health import Reason
from backend.model.incidents import IncidentView
from backend.model.lifetimes import Lifespan
from backend.model.postings import Decided, Decision
from backend.model.problems import Handled, Note
from backend.model.renewals import Accepted, RenewalDiff, Shown
from backend.model.views import AgentStatus, ConnectionView, FleetRow, PlanView, PostingLine, ProblemView, Submitted
from backend.rules.forecast import Forecast
from backend.texts import Say
from tui.commands.output import day, decimal, iso

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
        _, act, operator, since = key.split(":", 3)
        return say("cli.in_work", act=act, operator=operator, since=iso(datetime.fromisoformat(since)))
    try:
        return say(key, **values)
    except (KeyError, IndexError):
        return key


def account(item: Account) -> dict[str, object]:
    return {
        "iban": item.iban,
        "bban": item.bban,
        "name": item.name,
        "ledger_account": item.ledger_account,
        "orphaned": item.orphaned,
    }


def fleet_row(row: FleetRow, accounts: tuple[Account, ...]) -> dict[str, object]:
    """One element of `forny list --json`."""
    return {**fleet_values(row), "accounts": [account(item) for item in accounts]}


def fleet_values(row: FleetRow) -> dict[str, object]:
    """The fields of `FLEET_FIELDS`."""
    return {
        "id": row.id,
        "agreement_number": row.agreement_number,
        "customer": row.customer,
        "bank": row.bank,
        "provider": row.provider,
        "status": row.status,
        "consent": row.consent,
        "fetch": row.fetch,
        "transfer": row.transfer,
        "verdict": row.verdict,
        "situation": row.situation,
        "action": row.action,
        "wait_until": iso(row.wait_until),
        "expires_at": iso(row.expires_at),
        "data_from": day(row.data_from),
        "last_fetched": iso(row.last_fetched),
        "pending": row.pending,
    }


def reason(item: Reason, say: Say) -> dict[str, object]:
    return {
        "key": item.key,
        "text": reason_text(say, item.key, **dict(item.values)),
        "at": iso(item.at),
        "source": item.source,
    }


def case(item: Case, now: datetime | None = None) -> dict[str, object]:
    """A case; with `now` also where it hangs, as a text key."""
    from backend.rules.renewals import stalled

    return {
        "id": item.id,
        "kind": item.kind,
        "stage": item.stage,
        "link": item.link,
        "note": item.note,
        "created_at": iso(item.created_at),
        "sent_at": iso(item.sent_at),
        "opened_at": iso(item.opened_at),
        "authorised_at": iso(item.authorised_at),
        "closed_at": iso(item.closed_at),
        "stalled": stalled(item, now) if now else None,
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
        "recognised": diff.recognised,
        "rows_new": diff.rows_new,
        "rows_held": diff.rows_held,
    }


def _shown(item: Shown) -> dict[str, object]:
    return {
        "account": item.key,
        "name": item.name,
        "ledger_account": item.ledger_account,
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
        "released": done.released,
        "waiting": done.waiting,
    }


def action(item: Action, say: Say) -> dict[str, object]:
    return {
        "id": item.id,
        "plan": item.plan,
        "act": item.act,
        "connection": item.connection,
        "agreement_number": item.agreement_number,
        "customer": item.customer,
        "state": item.state,
        "reason": item.reason,
        "reason_text": reason_text(say, item.reason),
        "result": item.result,
        "operator": item.operator,
        "created_at": iso(item.created_at),
        "sent_at": iso(item.sent_at),
        "finished_at": iso(item.finished_at),
    }


def attempt(item: Attempt) -> dict[str, object]:
    return {
        "operation": item.operation,
        "started_at": iso(item.started_at),
        "ended_at": iso(item.ended_at),
        "outcome": item.outcome,
        "http_status": item.http_status,
        "request_id": item.request_id,
        "correlation_id": item.correlation_id,
        "user_present": item.user_present,
        "detail": item.detail,
        "answer": item.answer,
    }


def connection(
    view: ConnectionView, attempts: list[Attempt], say: Say, now: datetime | None = None
) -> dict[str, object]:
    """`forny show --json`: the row of the list, and all that lies behind it; with `now` where its case hangs."""
    accounts = [
        {
            **account(item),
            "doubt": item.doubt or None,
            "currency": item.currency,
            "data_from": day(view.row.data_from),
            "last_fetched": iso(item.last_fetched),
            "last_synchronized": iso(item.last_synchronized),
            "booked_balance": decimal(item.booked_balance),
            "status": view.row.status,
            "seen": item.seen,
            "silent_since": day(item.found.silent_since),
            "gap_from": day(item.found.gap_from),
            "gap_to": day(item.found.gap_to),
            "missing_on": day(item.found.missing_on),
            "off_by": decimal(item.found.off_by),
        }
        for item in view.accounts
    ]
    return {
        **fleet_values(view.row),
        "accounts": accounts,
        "email": view.email,
        "consent_id": view.consent_id,
        "running": view.row.running or None,
        "reasons": [reason(item, say) for item in view.assessment.reasons],
        "next_change_at": iso(view.assessment.next_change_at),
        "case": case(view.case, now) if view.case else None,
        "actions": [action(item, say) for item in view.actions],
        "attempts": [attempt(item) for item in attempts],
    }


def plan(item: Plan, say: Say, submitted: Submitted | None = None) -> dict[str, object]:
    """A plan before it runs (`--dry-run`) and the same object once it was submitted, with its actions."""
    lines = [
        {
            "connection": line.connection or None,
            "agreement_number": line.agreement_number,
            "customer": line.customer,
            "bank": line.bank,
            "fate": line.fate,
            "reason": line.reason,
            "reason_text": reason_text(say, line.reason),
            "until": iso(line.until),
            "calls": line.calls,
            "note": line.note,
        }
        for line in item.items
    ]
    return {
        "plan": submitted.plan if submitted else None,
        "act": item.act,
        "operator": item.operator,
        "created_at": iso(item.created_at),
        "then_sync": item.then_sync,
        "fates": {fate: len(item.with_fate(fate)) for fate in ("run", "wait", "refused")},
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
        "act": view.act,
        "operator": view.operator,
        "host": view.host,
        "created_at": iso(view.created_at),
        "settled": view.settled,
        "counts": {str(state): count for state, count in view.counts.items()},
        "actions": [action(entry, say) for entry in view.actions],
        "refused": refused(view.refused, say),
    }


def posting(item: Posting) -> dict[str, object]:
    """One element of `forny postings --json`."""
    return {
        "id": item.id,
        "connection": item.connection,
        "agreement_number": item.agreement_number,
        "ledger_account": item.ledger_account,
        "iban": item.iban,
        "date": day(item.date),
        "amount": decimal(item.amount),
        "currency": item.currency,
        "text": item.text,
        "state": item.state,
        "reason": item.reason,
        "fetched_at": iso(item.fetched_at),
        "due_at": iso(item.due_at),
        "acknowledged_at": iso(item.acknowledged_at),
        "change": item.change,
        "changed_at": iso(item.changed_at),
        "decided_at": iso(item.decided_at),
        "decided_by": item.decided_by,
    }


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


def event(item: Event) -> dict[str, object]:
    return {
        "seq": item.seq,
        "at": iso(item.at),
        "kind": item.kind,
        "connection": item.connection,
        "operator": item.operator,
        "host": item.host,
        "data": item.data,
        "hash": item.hash,
    }


def life(span: Lifespan | None) -> dict[str, object] | None:
    """On which day the bank's consents usually die; null while too few have."""
    return None if span is None else {"day": span.day, "cases": span.cases, "bank_proved_wrong": span.wrong}


def forecast(seen: Forecast) -> dict[str, object]:
    """`forny forecast --json`: `expected_dark` is null where nobody at the bank (or anywhere) was asked last cycle."""
    return {
        "from": day(seen.first),
        "weeks": seen.weeks,
        "due": seen.due,
        "expected_dark": _rounded(seen.dark),
        "unknown": seen.unknown,
        "days": [
            {
                "date": day(load.day),
                "bank": load.bank,
                "due": load.due,
                "learnt": load.learnt,
                "expected_dark": _rounded(load.dark),
            }
            for load in seen.days
        ],
        "banks": [
            {
                "bank": load.bank,
                "due": load.due,
                "asked": load.asked,
                "answered": load.answered,
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
        "id": view.id,
        "scope": view.scope,
        "key": view.key or None,
        "cause": view.cause,
        "opened_at": iso(view.opened_at),
        "closed_at": iso(view.closed_at),
        "note": view.note,
        "connections": view.connections,
        "customers": view.customers,
        "failing": view.failing,
        "pending": view.pending,
        "oldest_posting_at": iso(view.oldest_at),
        "failed": view.failed,
        "tried": view.tried,
        "share": round(view.failed / view.tried, 4) if view.tried else None,
        "usual_share": round(view.usual, 4) if view.tried else None,
        "banks": list(view.banks),
        "provider_health": view.health or None,
        "canary_at": iso(view.canary_at),
    }


def problem(view: ProblemView) -> dict[str, object]:
    """One element of `forny problems --json`."""
    return {
        "id": view.id,
        "connection": view.connection,
        "agreement_number": view.agreement_number,
        "customer": view.customer,
        "bank": view.bank,
        "cause": view.cause,
        "verdict": view.verdict,
        "action": view.action,
        "since": iso(view.since),
        "last_at": iso(view.last_at),
        "times": view.times,
        "incident": view.incident,
        "snoozed_until": iso(view.snoozed_until),
        "snoozed_for": view.snoozed_for or None,
        "snoozed_by": view.snoozed_by or None,
        "muted_by": view.muted_by,
        "assigned_to": view.assigned_to,
    }


def note(item: Note) -> dict[str, object]:
    """One element of `forny problem notes --json`."""
    return {
        "id": item.id,
        "connection": item.connection,
        "at": iso(item.at),
        "operator": item.operator,
        "text": item.text,
    }


def handled(done: Handled) -> dict[str, object]:
    """One element of what `forny problem snooze|wake|mute|unmute|assign --json` did."""
    return {
        "connection": done.connection,
        "problem": done.problem,
        "cause": done.cause,
        "before": done.before or None,
        "until": iso(done.until),
    }


def agent_status(status: AgentStatus | None) -> dict[str, object] | None:
    if status is None:
        return None
    return {
        "pid": status.pid,
        "host": status.host,
        "kind": status.kind,
        "started_at": iso(status.started_at),
        "last_round_at": iso(status.last_round_at),
        "alive": status.alive,
        "trouble": status.trouble,
    }

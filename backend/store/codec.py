"""How facts are written into columns and read back."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from backend.model.clock import millis, moment
from backend.model.facts import Account, Act, Consent, Posting, PostingState, Stage
from backend.model.findings import NOTHING_FOUND, Found
from backend.model.health import HealthFacts
from backend.model.plans import Action, ActionState
from backend.model.renewals import RenewalDiff
from backend.model.text import fold


def ms(instant: datetime | None) -> int | None:
    """Milliseconds since 1970 UTC."""
    return None if instant is None else millis(instant)


def when(milliseconds: int | None) -> datetime | None:
    """The instant that `ms` wrote."""
    return None if milliseconds is None else moment(milliseconds)


at = moment
"""The instant of a column that is never empty."""


def iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def money(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def public(number: int) -> str:
    """A connection's id as people and programs write it."""
    return f"c{number}"


_LONGEST = 18
"""Digits that a row number can have: SQLite's are of 64 bits."""


def number(connection: str) -> int:
    """The row number behind a public id; -1 for a text that is no id, which no row has."""
    digits = connection[1:]
    known = connection[:1] in ("c", "C") and digits.isascii() and digits.isdigit() and len(digits) <= _LONGEST
    return int(digits) if known else -1


def login_of(row: Any) -> str:
    """Whose session at the provider it is: a mail address stands for one user there, whatever agreements he has."""
    return fold(row["email"]) or str(row["agreement"])


def account_of(row: Any) -> Account:
    return Account(
        id=row["id"],
        provider_account_id=row["provider_account_id"],
        iban=row["iban"],
        bban=row["bban"],
        name=row["name"],
        currency=row["currency"],
        ledger_account=row["ledger_account"],
        orphaned=bool(row["orphaned"]),
        doubt=row["doubt"],
        bank_id=row["bank_id"],
        bank_name=row["bank_name"],
        owner=row["owner"],
        kind=row["kind"],
        booked_balance=money(row["booked_balance"]),
        last_synchronized=when(row["last_synchronized"]),
        last_fetched=when(row["last_fetched"]),
        seen=row["seen"] == 1,
        found=_found_of(row),
    )


def diff_of(text: str | None) -> RenewalDiff | None:
    """The diff that a case keeps as JSON."""
    if text is None:
        return None
    import msgspec

    return msgspec.json.decode(text, type=RenewalDiff)


def _found_of(row: Any) -> Found:
    values = tuple(row[name] for name in ("silent_since", "gap_from", "gap_to", "missing_on", "off_by"))
    if values == _NOTHING:
        return NOTHING_FOUND
    silent, gap_from, gap_to, missing, off = values
    return Found(
        silent_since=day(silent), gap_from=day(gap_from), gap_to=day(gap_to), missing_on=day(missing), off_by=money(off)
    )


_NOTHING = (None,) * 5


def posting_of(row: Any) -> Posting:
    return Posting(
        id=row["id"],
        connection=public(row["connection"]),
        agreement_number=row["agreement"],
        account_id=row["account"],
        account_key=row["account_key"],
        iban=row["iban"],
        ledger_account=row["ledger_account"],
        source_id=row["source_id"],
        date=date.fromisoformat(row["date"]),
        value_date=day(row["value_date"]),
        amount=Decimal(row["amount"]),
        currency=row["currency"],
        text=row["text"],
        balance=money(row["balance"]),
        position=row["position"],
        state=PostingState(row["state"]),
        reason=row["reason"],
        fetched_at=at(row["fetched_at"]),
        due_at=when(row["due_at"]),
        acknowledged_at=when(row["acknowledged_at"]),
        change=row["change"],
        changed_at=when(row["changed_at"]),
        decided_at=when(row["decided_at"]),
        decided_by=row["decided_by"],
    )


def action_of(row: Any) -> Action:
    """A row of `actions` joined with its connection's agreement and customer and its plan's operator."""
    import json

    return Action(
        id=row["id"],
        plan=row["plan"],
        act=Act(row["act"]),
        connection=public(row["connection"]),
        agreement_number=row["agreement"],
        customer=row["customer"],
        state=ActionState(row["state"]),
        key=row["key"],
        bank=row["bank"],
        login=login_of(row),
        reason=row["reason"],
        result=json.loads(row["result"]),
        operator=row["operator"],
        calls=row["calls"],
        note=row["note"],
        created_at=at(row["created_at"]),
        not_before=when(row["not_before"]),
        sent_at=when(row["sent_at"]),
        news_at=when(row["news_at"]),
        finished_at=when(row["finished_at"]),
    )


def facts_of(row: Any, stale_after: int) -> HealthFacts:
    """What health is computed from: a row of `connections` with its open case's kind, stage and start."""
    return HealthFacts(
        consent=Consent(row["said"]),
        expires_at=when(row["expires_at"]),
        connected_at=when(row["connected_at"]),
        renewed_at=when(row["renewed_at"]),
        removed_at=when(row["removed_at"]),
        data_from=row["data_from"],
        last_fetched=when(row["last_fetched"]),
        last_synchronized=when(row["last_synchronized"]),
        last_attempt_at=when(row["last_attempt_at"]),
        last_outcome=row["last_outcome"],
        last_detail=row["last_detail"],
        last_until=when(row["last_until"]),
        failing_since=when(row["failing_since"]),
        running_since=when(row["running_since"]),
        sync_failed=bool(row["sync_failed"]),
        case_kind=Act(row["case_kind"]) if row["case_kind"] else None,
        case_stage=Stage(row["case_stage"]) if row["case_stage"] else None,
        case_note=row["case_note"] or "",
        case_opened_at=when(row["case_opened_at"]),
        accounts=row["accounts"],
        orphaned=row["orphaned"],
        unmapped=row["unmapped"],
        queued=row["queued"],
        oldest_queued_at=when(row["oldest_queued_at"]),
        oldest_due_at=when(row["oldest_due_at"]),
        held=row["held"],
        held_reason=row["held_reason"],
        rejected=row["rejected"],
        delivery_outcome=row["delivery_outcome"],
        incident=row["incident_scope"],
        incident_since=when(row["incident_since"]),
        unseen=row["unseen"],
        silent=row["silent"],
        rows_missing=row["rows_missing"],
        balance_off=row["balance_off"],
        unselected=bool(row["unselected"]),
        gap_from=row["gap_from"],
        gap_to=row["gap_to"],
        changed_rows=row["changed_rows"],
        doubted=row["doubted"],
        mail_refused=bool(row["mail_refused"]),
        twin=None if row["twin"] is None else public(row["twin"]),
        superseded_by=None if row["superseded_by"] is None else public(row["superseded_by"]),
        healed_at=when(row["healed_at"]),
        usual_end_at=when(row["usual_end_at"]),
        usual_cases=row["usual_cases"],
        events_silent_since=when(row["silent_since"]),
        next_fetch_at=when(row["next_fetch_at"]),
        stale_after=stale_after,
    )

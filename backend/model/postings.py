"""What operators decide about single postings, and when they may (DESIGN §9)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from backend.model.facts import HeldReason, Posting, PostingState


class Decision(StrEnum):
    """`ACCEPT`: deliver a held posting, or a rejected one again, or have seen a change. `DISCARD`: never deliver it."""

    ACCEPT = "accept"
    DISCARD = "discard"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a decision was not taken: a text key, and who decided before, and when."""

    posting: str
    reason: str
    by: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What became of a decision: the postings as they are now, and those that it was not taken for."""

    done: tuple[Posting, ...] = ()
    refused: tuple[Refusal, ...] = ()


def refusal(posting: Posting, ledger_account: str | None, decision: Decision) -> Refusal | None:
    """Why the decision cannot be taken now; None when it can. `ledger_account` is what the account is mapped to now.

    What has been delivered is never turned back (law 7): of a change at the bank after that, one can only have
    taken note. A reservation is not booked yet, and may never be. What bank reconciliation has rejected it does not
    have: it can be sent again once the cause is mended, or be left out.
    """
    if posting.change is not None and posting.decided_at is None:
        return None if decision is Decision.ACCEPT else Refusal(posting=posting.id, reason="decision.delivered")
    if posting.decided_at is not None and posting.state is not PostingState.REJECTED:
        by, at = posting.decided_by or "", posting.decided_at
        return Refusal(posting=posting.id, reason="decision.already", by=by, at=at)
    reason = ""
    if posting.state not in (PostingState.HELD, PostingState.REJECTED):
        reason = f"decision.{posting.state}"
    elif posting.state is PostingState.HELD and posting.reason == HeldReason.RESERVED:
        reason = "decision.reserved"
    elif decision is Decision.ACCEPT and ledger_account is None:
        reason = "decision.no_ledger_account"
    return Refusal(posting=posting.id, reason=reason) if reason else None

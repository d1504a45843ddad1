"""A renewal as a case: what it brought in words, and where it has stalled (`facts/operations.md` §4 nos. 9 and 10)."""

from datetime import datetime, timedelta

from backend.model.facts import PROMISE, Case, Stage
from backend.model.renewals import RenewalDiff, Shown
from backend.rules.axes import LINK_LIFE
from backend.rules.reasons import NOTES
from backend.texts import Say

_UNSENT = timedelta(hours=1)
"""A link that has not gone out by then goes out by hand only."""

_UNDECIDED = timedelta(days=1)
"""Who has opened the link, or been at the bank, and is not back by then needs a call."""


def stalled(case: Case, now: datetime) -> str | None:
    """The text key that says where the case hangs and what helps; None while it may still come by itself."""
    stage, age = case.stage, now - case.created_at
    if stage is Stage.LINK_MADE:
        return "stalled.not_sent" if case.note or age > _UNSENT else None
    if stage is Stage.SENT:
        return "stalled.not_used" if now - (case.sent_at or case.created_at) > LINK_LIFE else None
    if stage is Stage.OPENED:
        return "stalled.not_at_bank" if now - (case.opened_at or case.created_at) > _UNDECIDED else None
    if stage is Stage.AT_BANK:
        return "stalled.at_bank" if case.note or age > _UNDECIDED else None
    if stage is Stage.AUTHORISED:
        if case.note in NOTES:
            return f"stalled.{case.note}"
        return "stalled.unproven" if now - (case.authorised_at or case.created_at) > PROMISE else None
    if stage in (Stage.MATCHED, Stage.FETCHED):
        if case.diff is not None and case.diff.doubted and case.accepted_at is None:
            return "stalled.not_accepted"
        return "stalled.not_released" if now - (case.authorised_at or case.created_at) > PROMISE else None
    return None


def diff_lines(diff: RenewalDiff, say: Say) -> list[str]:
    """What the renewal brought, one line an account that changed or is in doubt, then the rows."""
    changed = [shown for shown in diff.matched if shown.was or shown.doubt]
    lines = [say("renewal.matched", n=len(diff.matched))]
    lines += [say("renewal.known", account=_named(shown)) + _more(shown, say) for shown in changed]
    lines += [say("renewal.new", account=_named(shown)) + _more(shown, say) for shown in diff.new]
    lines += [say("renewal.vanished", account=_named(shown)) + _more(shown, say) for shown in diff.vanished]
    lines.append(say("renewal.rows", known=diff.recognised, new=diff.rows_new, held=diff.rows_held))
    return lines


def suggestion(diff: RenewalDiff, say: Say) -> str:
    """Which new account is probably which old one; empty when that cannot be guessed."""
    pair = diff.suggested
    return say("renewal.suggested", new=pair[0], old=pair[1]) if pair else ""


def _named(shown: Shown) -> str:
    return f"{shown.key} {shown.name}".strip()


def _more(shown: Shown, say: Say) -> str:
    parts = [say("renewal.was", was=shown.was)] if shown.was else []
    parts += [say("renewal.booked_on", ledger_account=shown.ledger_account)] if shown.ledger_account else []
    parts += [say(f"doubt.{shown.doubt}")] if shown.doubt else []
    return f" ({'; '.join(parts)})" if parts else ""

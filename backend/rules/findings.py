"""What one fetch of an account notices beside its rows (DESIGN §9: gaps and silence are found and shown)."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date as Day
from datetime import timedelta
from decimal import Decimal

from backend.model.facts import BankRow
from backend.model.findings import Found
from backend.rules.balances import EDGE, missing_on
from backend.rules.rhythm import gap, silent_since

FOLLOWED = timedelta(days=30)
"""So long missing days and rows are looked for again at each fetch; by then somebody has seen to it, or never will."""

_AROUND = timedelta(days=14)
"""Fetched before a missing row too, so that the balances around it can be followed."""


def back_to(found: Found) -> Day | None:
    """From which day on a fetch has to look again, because something is missing there."""
    days = [found.gap_from, found.missing_on and found.missing_on - _AROUND]
    return min((day for day in days if day is not None), default=None)


def look(
    before: Found,
    rows: Sequence[BankRow],
    *,
    currency: str,
    days: Collection[Day] | None,
    lapsed: Day | None,
    as_of: Day,
) -> Found:
    """What is true of the account now, but for its balance against the ledger's.

    `rows` are what the bank has just shown; `days` are all days on which the account has rows, None when they are too
    young for any question; `lapsed` is the day of the fetch before, and `as_of` that of the bank's newest word.
    """
    shown = [row for row in rows if not row.deleted]
    silent = silent_since(days, as_of) if days is not None else None
    found = before if silent == before.silent_since else replace(before, silent_since=silent)
    found = _gap(found, shown, days, lapsed, as_of)
    recent = [row for row in shown if as_of - row.date <= FOLLOWED + _AROUND]
    missing = _missing(before.missing_on, recent, currency, as_of)
    return found if missing == found.missing_on else replace(found, missing_on=missing)


def _gap(found: Found, shown: Sequence[BankRow], days: Collection[Day] | None, lapsed: Day | None, as_of: Day) -> Found:
    """A gap stays until rows arrive inside it, or nobody looks for them any more."""
    if found.gap_from is not None and found.gap_to is not None:
        filled = any(found.gap_from <= row.date <= found.gap_to for row in shown)
        if filled or as_of - found.gap_to > FOLLOWED:
            found = replace(found, gap_from=None, gap_to=None)
    if found.gap_from is None and days is not None and lapsed is not None and (new := gap(days, lapsed, as_of)):
        found = replace(found, gap_from=new[0], gap_to=new[1])
    return found


def _missing(known: Day | None, shown: Sequence[BankRow], currency: str, as_of: Day) -> Day | None:
    """A missing row stays missing until the rows around it, seen again, follow from each other."""
    if (now := missing_on(shown, currency)) is not None or known is None:
        return now
    seen_again = min((row.date for row in shown if row.balance is not None), default=known) + EDGE < known
    return None if seen_again or as_of - known > FOLLOWED else known


def differs(found: Found, told: tuple[bool, Decimal | None]) -> Found:
    """With what `balances.off_by` tells of it; what cannot be told stays as it was."""
    return replace(found, off_by=told[1]) if told[0] else found

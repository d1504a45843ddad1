"""Do the bank's balances follow from its rows, and will the ledger's agree with them? In doubt nothing is said."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date as Day
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

from backend.model.facts import DISCARDED, BankRow, HeldReason, Posting, PostingState

_ENOUGH_LINKS = 6
"""Fewer rows with a balance than this prove no chain."""

_TOO_MANY = 2
"""More breaks than this: these balances are something else than running ones."""

EDGE = timedelta(days=3)
"""At the beginning of what was fetched a row may follow one that a bank has dated earlier."""

_Link = tuple[Decimal, Decimal, Day]
"""A row as balance before it, balance after it, and its day."""


def missing_on(rows: Sequence[BankRow], currency: str) -> Day | None:
    """The day of the latest row whose balance does not follow from the rows before it; None when all do.

    A balance before each row and one after it: in a whole statement every balance before a row is the balance after
    another one, but for the first. That holds in whatever order the bank tells the rows of a day. Where a row without
    a balance of its own (reserved, in another currency) may lie between, nothing is said; nor where the balances are
    a day's closing ones, or make no chain at all.
    """
    shown = {(row.source_id, row.date, row.amount, row.text, row.balance): row for row in rows if not row.deleted}
    links: list[_Link] = []
    blind: set[Day] = set()
    for row in shown.values():
        if row.booked and row.balance is not None and row.currency == currency:
            links.append((row.balance - row.amount, row.balance, row.date))
        else:
            blind.add(row.date)
    if len(links) < _ENOUGH_LINKS:
        return None
    begins, ends = _loose(links)
    if len(begins) < 2 or len(begins) - 1 > _TOO_MANY or _closes_days(links):
        return None
    first = min(day for _, _, day in links)
    for day in sorted(begins, reverse=True)[:-1]:
        before = max((end for end in ends if end <= day), default=first)
        if day > first + EDGE and not any(before <= dark <= day for dark in blind):
            return day
    return None


def _loose(links: Iterable[_Link]) -> tuple[list[Day], list[Day]]:
    """The days of rows that follow from no other one, and of rows that no other one follows from."""
    before: dict[Decimal, list[Day]] = {}
    after: dict[Decimal, list[Day]] = {}
    for start, end, day in links:
        before.setdefault(start, []).append(day)
        after.setdefault(end, []).append(day)
    begins = [
        day for sum_, days in before.items() for day in sorted(days)[: max(0, len(days) - len(after.get(sum_, ())))]
    ]
    ends = [day for sum_, days in after.items() for day in sorted(days)[len(before.get(sum_, ())) :]]
    return begins, ends


def _closes_days(links: Sequence[_Link]) -> bool:
    """Whether each row tells its whole day's closing balance, and these follow from each other."""
    closing: dict[Day, set[Decimal]] = {}
    moved: dict[Day, Decimal] = {}
    for start, end, day in links:
        closing.setdefault(day, set()).add(end)
        moved[day] = moved.get(day, Decimal(0)) + end - start
    if any(len(balances) > 1 for balances in closing.values()):
        return False
    days = sorted(closing)
    close = {day: next(iter(closing[day])) for day in days}
    return all(close[now] == close[then] + moved[now] for then, now in pairwise(days))


def is_odd(posting: Posting) -> bool:
    """The ledger and the bank do not both have it, or not alike: rejected, discarded, or changed after delivery."""
    discarded = posting.state is PostingState.DROPPED and posting.reason == DISCARDED
    return discarded or posting.state is PostingState.REJECTED or posting.change is not None


def off_by(postings: Sequence[Posting], odd_since: Day, booked: Decimal | None) -> tuple[bool, Decimal | None]:
    """Whether it can be told, and the bank's balance less the ledger's (None: they agree).

    `postings` are the account's, from some time before `odd_since` on: the first day with an odd one (`is_odd`).
    Counted is from the last day before that whose closing balance the bank's rows tell, to their newest; `booked` is
    the bank's balance of the account, and while it is of another moment than the rows nothing is told.
    """
    shown = [p for p in postings if p.state is not PostingState.DROPPED or p.reason == DISCARDED]
    if any(p.reason == HeldReason.SUSPECTED_DUPLICATE or _seen(p) == "changed" for p in shown if p.date >= odd_since):
        return False, None
    links: dict[Day, set[_Link]] = {}
    for posting in shown:
        if posting.balance is not None and posting.change != "deleted":
            link = (posting.balance - posting.amount, posting.balance, posting.date)
            links.setdefault(posting.date, set()).add(link)
    days = sorted(links, reverse=True)
    anchor = next((found for day in days if day < odd_since and (found := _closing(links, day))), None)
    newest = _closing(links, days[0]) if days else None
    if anchor is None or newest is None or booked not in (None, newest[1]):
        return False, None
    in_ledger = sum((p.amount for p in shown if p.date > anchor[0] and _counts(p)), Decimal(0))
    difference = newest[1] - anchor[1] - in_ledger
    return True, difference or None


def _closing(links: dict[Day, set[_Link]], day: Day) -> tuple[Day, Decimal] | None:
    """The day with its closing balance, where its rows make one chain."""
    loose = Counter(end for _, end, _ in links[day]) - Counter(start for start, _, _ in links[day])
    closing = list(loose.elements())
    return (day, closing[0]) if len(closing) == 1 else None


def _counts(posting: Posting) -> bool:
    """The ledger has it, or will have it."""
    if posting.state in (PostingState.ACKNOWLEDGED, PostingState.QUEUED):
        return _seen(posting) != "deleted"
    return posting.state is PostingState.HELD and posting.reason != HeldReason.RESERVED


def _seen(posting: Posting) -> str | None:
    """The change that an operator has seen, and put right in the ledger."""
    return posting.change if posting.decided_at is not None else None

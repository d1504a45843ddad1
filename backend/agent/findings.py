"""Notice what one fetch of an account says beside its rows; the rules are pure, this reads what they need."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from backend.agent.tools import Tools
from backend.model.facts import Account, BankRow
from backend.model.findings import Found
from backend.model.views import FetchContext
from backend.rules.balances import is_odd, off_by
from backend.rules.findings import differs, look
from backend.rules.rhythm import lively
from backend.rules.rows import RowChanges

_ANCHOR = timedelta(days=31)
"""So long before the first odd row a day is looked for at whose end bank and ledger agreed."""

_OLD_BOOKS = timedelta(days=60)
"""Older differences between bank and ledger are no longer told: they have been settled or written off."""


async def notice(
    tools: Tools,
    context: FetchContext,
    account: Account,
    keys: Sequence[str],
    rows: Sequence[BankRow],
    changes: RowChanges,
) -> Found:
    """What is true of the account once the rows of this fetch are known. `account` is as it was before it."""
    now = tools.now()
    as_of = min(account.last_synchronized or now, now).date()
    lapsed = account.last_fetched.date() if account.last_fetched else None
    newest = max((row.date for row in rows if not row.deleted), default=None)
    days = None
    if not lively(newest, lapsed, as_of):
        known = await tools.write(tools.books.posting_days, context.agreement_number, keys)
        days = {*known, *(row.date for row in rows if not row.deleted)}
    found = look(account.found, rows, currency=account.currency, days=days, lapsed=lapsed, as_of=as_of)
    return await _against_ledger(tools, context, account, keys, changes, found)


async def _against_ledger(
    tools: Tools, context: FetchContext, account: Account, keys: Sequence[str], changes: RowChanges, found: Found
) -> Found:
    """Compare with the ledger where a row is known that only one side has; nearly always there is none."""
    oldest = tools.now().date() - _OLD_BOOKS
    odd = [context.odd[key] for key in keys if key in context.odd]
    if not changes.after_delivery and max(odd, default=oldest) <= oldest:
        return replace(found, off_by=None) if found.off_by is not None else found
    known = await tools.write(tools.books.known_rows, context.agreement_number, keys, oldest - _ANCHOR)
    postings = {posting.id: posting for posting in (*known, *changes.upserts)}
    for name in changes.dropped:
        postings.pop(name, None)
    for change in changes.after_delivery:
        if change.posting in postings:
            postings[change.posting] = replace(postings[change.posting], change=change.kind, decided_at=None)
    days = [posting.date for posting in postings.values() if posting.date >= oldest and is_odd(posting)]
    if not days:
        return replace(found, off_by=None)
    return differs(found, off_by(list(postings.values()), min(days), account.booked_balance))

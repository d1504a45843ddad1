"""Fetch one connection: accounts, then each account's rows, told apart from what is known already."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from backend.agent.findings import notice
from backend.agent.gates import GateClosed
from backend.agent.tools import Tools
from backend.model.errors import NeedsCustomer, OutsideError, RateLimited, RefusedCredentials, Suspended
from backend.model.facts import Account, HeldReason, Posting, Session
from backend.model.findings import Change, Findings, Found
from backend.model.renewals import RenewalDiff
from backend.model.views import FetchContext
from backend.rules.accounts import diff_of, in_doubt, match_accounts
from backend.rules.findings import back_to
from backend.rules.rows import RowContext, fetch_since, known_since, match_rows


@dataclass
class Harvest:
    """What one fetch has brought so far. `outcome` is `ok`, `ok_empty`, `partial` or the kind of an error.

    `elsewhere`: accounts are shown, and all of them are left to other connections of the customer. `errors` are what
    the calls met.
    """

    outcome: str = "ok_empty"
    detail: str = ""
    until: datetime | None = None
    accounts: list[Account] = field(default_factory=list)
    upserts: list[Posting] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    new: int = 0
    recognised: int = 0
    waiting: int = 0
    elsewhere: bool = False
    synchronized: datetime | None = None
    diff: RenewalDiff | None = None
    found: list[tuple[str, Found]] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    errors: list[OutsideError] = field(default_factory=list)

    @property
    def findings(self) -> Findings:
        """What was noticed beside the rows, as far as it is news."""
        return Findings(accounts=tuple(self.found), changes=tuple(self.changes))


async def fetch_connection(
    tools: Tools, connection: str, *, called_off: Callable[[], object] = lambda: False, probe: bool = False
) -> Harvest | None:
    """One fetch with the live consent, written down whatever comes of it.

    None when the connection has no consent, when it was `called_off` before its turn came, or when a gate was shut:
    then nothing was asked, and nothing is written of it. A `probe` asks for all others at its bank.

    Raises RefusedCredentials, after writing it down: the fault is ours, and all others would fail too.
    """
    try:
        return await _fetch(tools, connection, called_off, probe)
    except GateClosed:
        return None


async def _fetch(tools: Tools, connection: str, called_off: Callable[[], object], probe: bool) -> Harvest | None:
    context = await tools.write(tools.books.fetch_context, connection)
    if context is None or context.consent is None:
        return None
    async with tools.lane(context, calls=calls_of(context), probe=probe) as turn:
        # A renewal may have taken the consent's place while this one waited for its turn.
        context = await tools.write(tools.books.fetch_context, connection)
        session = None if context is None else session_of(context)
        if context is None or session is None or called_off():
            return None
        await tools.write(tools.books.start_fetch, connection, tools.now())
        trouble: RefusedCredentials | None = None
        try:
            harvest = await gather(tools, session, context)
        except RefusedCredentials as error:
            harvest, trouble = failure(error), error
        except OutsideError as error:
            harvest = failure(error)
        turn.answered(*harvest.errors)
        await tools.write(
            tools.books.save_fetch,
            connection,
            tools.now(),
            outcome=harvest.outcome,
            detail=harvest.detail,
            until=harvest.until,
            accounts=harvest.accounts,
            upserts=harvest.upserts,
            dropped=harvest.dropped,
            findings=harvest.findings,
            fetch_every=tools.fetch_every,
        )
        if harvest.outcome in ("ok", "ok_empty"):
            await ask_selected(tools, session, context)
    if trouble is not None:
        raise trouble
    return harvest


def calls_of(context: FetchContext) -> int:
    """About how many calls a fetch makes: the list of accounts, and each account's rows."""
    return 1 + sum(account.shown for account in context.accounts)


def session_of(context: FetchContext) -> Session | None:
    """How to speak to the provider for the live consent; None when there is none. Right inside the lane only."""
    if context.consent is None:
        return None
    return Session(
        connection=context.connection,
        consent=context.consent,
        consent_id=context.consent_id,
        customer=context.login,
    )


_ASK_SELECTED = timedelta(days=1)
"""What the customer has ticked changes by his own login only; to ask once a day finds even what he did at the hub."""


async def ask_selected(tools: Tools, session: Session, context: FetchContext) -> None:
    """At most once a day: has the customer ticked all accounts (`facts/aiia-economic.md` §4 no. 10)? Never raises."""
    if context.selected_at is not None and tools.now() - context.selected_at < _ASK_SELECTED:
        return
    try:
        selected = await tools.provider.all_accounts_selected(session)
    except OutsideError:
        selected = None
    await tools.write(tools.books.note_selected, context.connection, selected, tools.now())


def failure(error: OutsideError) -> Harvest:
    """A fetch that ended in an error brings nothing but its reason."""
    return Harvest(outcome=error.kind, detail=str(error), until=error.until, errors=[error])


async def gather(
    tools: Tools, session: Session, context: FetchContext, *, renewed_at: datetime | None = None
) -> Harvest:
    """Everything behind a session, matched to what is known. One account's failure does not starve its siblings.

    What is in doubt is held. `renewed_at` says that a candidate is being put to the test: then the diff is made.
    """
    reported = await tools.provider.accounts(session)
    mine = ours(context, reported)
    match = match_accounts(context.accounts, mine)
    # An account that was gone before we ever knew it is nobody's news.
    match = replace(match, new=tuple(account for account in match.new if not account.orphaned))
    doubts = in_doubt(context.accounts, match, renewed=renewed_at is not None)
    if doubts:
        unsure = [tuple(replace(a, doubt=doubts.get(a.key, "")) for a in some) for some in (match.matched, match.new)]
        match = replace(match, matched=unsure[0], new=unsure[1])
    harvest = Harvest(accounts=[*match.matched, *match.new, *match.vanished], elsewhere=bool(reported and not mine))
    asked = rows_seen = 0
    errors = harvest.errors
    for place, account in enumerate([*match.matched, *match.new]):
        if account.orphaned:
            continue
        asked += 1
        try:
            rows_seen += await _account(tools, session, context, account, harvest, match.rekeyed, renewed_at)
            harvest.accounts[place] = replace(account, last_fetched=_as_of(tools, account))
        except (RateLimited, NeedsCustomer, Suspended, RefusedCredentials) as error:
            if isinstance(error, RefusedCredentials) or not harvest.upserts:
                raise
            errors.append(error)
            break
        except OutsideError as error:
            errors.append(error)
    if errors:
        harvest.outcome = errors[0].kind if len(errors) == asked else "partial"
        harvest.detail = "; ".join(dict.fromkeys(str(error) for error in errors))
        harvest.until = next((error.until for error in errors if error.until), None)
    elif harvest.unread:
        harvest.outcome, harvest.detail = "partial", "; ".join(dict.fromkeys(harvest.unread))
    elif context.accounts and not asked:
        harvest.outcome, harvest.detail = "partial", "none of the accounts is shown any more"
    elif rows_seen:
        harvest.outcome = "ok"
    times = [a.last_synchronized for a in (*match.matched, *match.new) if a.last_synchronized and not a.orphaned]
    harvest.synchronized = max(times, default=None)
    if renewed_at is not None:
        diff = diff_of(context.accounts, match, doubts)
        seen = harvest.recognised
        harvest.diff = replace(diff, recognised=seen, rows_new=harvest.new, rows_held=harvest.waiting)
    return harvest


def _as_of(tools: Tools, account: Account) -> datetime:
    """How old what we have just read is: now, unless the provider itself has had no news from the bank for long.

    Its store answers readily for a consent that is dead; to call that a fetch would break law 3.
    """
    now, news = tools.now(), account.last_synchronized
    if news is None or now - news <= tools.stale_after:
        return now
    return max(news, account.last_fetched or news)


def ours(context: FetchContext, reported: Sequence[Account]) -> list[Account]:
    """The reported accounts that belong to this connection.

    One login of the provider may show all banks of a customer; what another connection of the same customer
    holds is left to it, and so are other banks once we know which bank is ours. A customer may connect anew instead
    of renewing (`facts/aiia-economic.md` §4 no. 20): accounts of one bank whose consent is over move to the new
    connection then, with their ledger accounts.
    """
    known = {account.key for account in context.accounts}
    banks = {account.bank_id for account in reported if account.key in known and account.bank_id}
    mine = [
        account
        for account in reported
        if account.key in known or (account.key not in context.elsewhere and (not banks or account.bank_id in banks))
    ]
    lapsed = [account for account in reported if account.key in context.lapsed]
    if mine or known or len({account.bank_id for account in lapsed}) != 1:
        return mine
    return [replace(account, ledger_account=context.lapsed[account.key]) for account in lapsed]


async def _account(
    tools: Tools,
    session: Session,
    context: FetchContext,
    account: Account,
    harvest: Harvest,
    rekeyed: Sequence[tuple[str, str]],
    renewed_at: datetime | None,
) -> int:
    """Fetch one account's rows into the harvest; gives how many rows the provider showed."""
    now = tools.now()
    since = fetch_since(context.data_from, account.last_fetched, now, back_to(account.found))
    said = await tools.provider.transactions(session, account, since)
    if said.unread:
        harvest.unread.append(said.unread)
    keys = [account.key, *(old for old, new in rekeyed if new == account.key)]
    known = await tools.write(tools.books.known_rows, context.agreement_number, keys, known_since(since))
    changes = match_rows(
        known,
        said.rows,
        context=RowContext(
            connection=context.connection,
            agreement_number=context.agreement_number,
            account=account,
            since=since,
            data_from=context.data_from,
            renewed_at=renewed_at or context.renewed_at,
            accepted=not account.doubt,
        ),
        now=now,
    )
    harvest.new += changes.new
    harvest.recognised += changes.recognised
    harvest.waiting += sum(posting.reason == HeldReason.RENEWAL_NOT_ACCEPTED for posting in changes.upserts)
    harvest.upserts += changes.upserts
    harvest.dropped += changes.dropped
    harvest.changes += changes.after_delivery
    # What could not be read may be what seems to be missing.
    found = account.found if said.unread else await notice(tools, context, account, keys, said.rows, changes)
    if found != account.found:
        harvest.found.append((account.key, found))
    return len(said.rows)

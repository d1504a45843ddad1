"""Follow a renewal from the customer's login to rows that flow; the live consent stays until then (law 6)."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

from backend.agent.acts import group_of
from backend.agent.fetch import Harvest, ask_selected, calls_of, gather
from backend.agent.gates import GateClosed
from backend.agent.tools import RoundReport, Tools
from backend.model.errors import OutsideError, RefusedCredentials
from backend.model.facts import Account, Act, Case, Session, Stage
from backend.model.plans import ActionState

LINK_LIFE = timedelta(days=30)
"""A link that nobody has used by then is given up; the operator makes a new one. Customers take days (T6)."""

_PROBES = 50
"""At most so many open cases are asked about one login that does not say whose it is."""


async def login_finished(
    tools: Tools, *, code: str | None, consent_id: str | None, state: str | None, report: RoundReport
) -> str:
    """The customer came back from the provider. Gives a word for the page: `done`, `pending`, `cancelled`, `unclaimed`.

    The code lives for a minute and works once, so it is traded at once, whoever it turns out to belong to.
    Raises OutsideError when the provider does not take it.
    """
    cases = [case for case in await tools.write(tools.books.open_cases) if case.stage in _WAITING]
    named = next((case for case in cases if state and case.state == state), None)
    if state and named is None:
        named = await tools.write(tools.books.take_up, state, tools.now(), finished=code is not None)
    if code is None:
        connection = named.connection if named else None
        await tools.write(tools.books.say, "login.cancelled", connection, {}, tools.now())
        await _was_there(tools, named, "cancelled")
        return "cancelled"
    if named is None and (state or not cases):
        await tools.write(tools.books.say, "login.unclaimed", None, {"consent_id": consent_id}, tools.now())
        return "unclaimed"
    first = named or next((c for c in cases if consent_id and c.consent_id == consent_id), None) or cases[-1]
    try:
        grant = await tools.provider.exchange(code, first.connection)
    except OutsideError:
        await _was_there(tools, named, "login_failed")
        raise
    said = grant.consent_id or consent_id
    session = await tools.write(tools.books.grant, first.id, grant, tools.now())
    claimed = named is not None or (said is not None and first.consent_id == said)
    case: Case | None = first
    if not claimed:
        case = await _whose(tools, session, cases)
        if case is None:
            await tools.write(tools.books.drop_grant, session, tools.now())
            await tools.write(tools.books.say, "login.unclaimed", None, {"consent_id": said}, tools.now())
            return "unclaimed"
        if case.id != first.id:
            found = case.id
            session = await tools.write(tools.books.regrant, session, found, tools.now())
    assert case is not None
    return "done" if await prove(tools, case, session, report) else "pending"


_WAITING = (Stage.LINK_MADE, Stage.SENT, Stage.OPENED, Stage.AT_BANK, Stage.AUTHORISED)
"""Stages in which a login is welcome; after one that proved nothing the customer may try again."""


async def _was_there(tools: Tools, case: Case | None, note: str) -> None:
    """The customer came back empty-handed: he has been at the bank, and that is where the case hangs."""
    if case is not None and case.stage is not Stage.AUTHORISED:
        await tools.write(tools.books.move_case, case.id, Stage.AT_BANK, tools.now(), note=note)


async def _whose(tools: Tools, session: Session, cases: list[Case]) -> Case | None:
    """Find the case of a login that carries neither our state nor a consent we know.

    A renewal is recognised by account numbers, a new connection by the group that its link named. Anything that is
    not certain is nobody's: another customer's rows must never arrive here (F24).
    """
    fitting: list[Case] = []
    for case in reversed(cases[-_PROBES:]):
        try:
            accounts = await tools.provider.accounts(session, group=group_of(case.agreement_number))
        except OutsideError:
            return None
        context = await tools.write(tools.books.fetch_context, case.connection)
        if context is None or not accounts:
            continue
        known = {account.key for account in context.accounts}
        if case.kind == Act.CONNECT or any(account.key in known for account in accounts):
            fitting.append(case)
    customers = {case.agreement_number for case in fitting}
    return fitting[0] if len(customers) == 1 else None


async def prove(tools: Tools, case: Case, session: Session, report: RoundReport) -> bool:
    """Match the accounts, make the first fetch, and only then let the new consent take over. False: not yet."""
    try:
        return await _prove(tools, case, session, report)
    except GateClosed as closed:
        _rest(tools, case, closed.until)
        return False


async def _prove(tools: Tools, case: Case, session: Session, report: RoundReport) -> bool:
    context = await tools.write(tools.books.fetch_context, case.connection)
    if context is None:
        return False
    _rest(tools, case, None)
    async with tools.lane(context, calls=calls_of(context)) as turn:
        context = await tools.write(tools.books.fetch_context, case.connection) or context
        waiting = await tools.write(tools.books.candidate, case.id)
        if waiting is None or waiting.consent != session.consent:
            return False  # while it waited for its turn it was proved, replaced or removed: laws 6 and 8
        try:
            harvest = await gather(tools, session, context, renewed_at=tools.now())
            turn.answered(*harvest.errors)
        except OutsideError as error:
            turn.answered(error)
            if isinstance(error, RefusedCredentials):
                report.trouble = error.kind
            _rest(tools, case, error.until)
            await _unproven(tools, case, error.kind)
            return False
        _rest(tools, case, harvest.until)
        live = [account for account in harvest.accounts if account.shown]
        doubt = _doubt(harvest, had_accounts=bool(context.accounts), shown=bool(live))
        if doubt == "no_account_matched" and await _retail(tools, live):
            doubt = "wrong_entry"
        if doubt:
            await _unproven(tools, case, doubt)
            return False
        taken_over = await tools.write(
            tools.books.complete_case,
            case.id,
            tools.now(),
            consent=session.consent,
            accounts=harvest.accounts,
            upserts=harvest.upserts,
            dropped=harvest.dropped,
            outcome=harvest.outcome,
            diff=harvest.diff,
            findings=harvest.findings,
            fetch_every=tools.fetch_every,
        )
        if not taken_over:
            return False
        await ask_selected(tools, session, replace(context, selected_at=None))
    report.new_postings += harvest.new
    await _finish_action(tools, case, harvest, report)
    return True


def _rest(tools: Tools, case: Case, until: datetime | None) -> None:
    """When the candidate is asked again: at the bank's own time (law 4), else the later the longer it fails."""
    now = tools.now()
    pause = min(max(_AGAIN, (now - (case.authorised_at or now)) / 10), _AGAIN_AT_LAST)
    tools.proved[case.id] = (until or now + pause, until is not None)


async def _unproven(tools: Tools, case: Case, note: str) -> None:
    """The candidate has not proved itself: told once, however often it is tried."""
    if (case.stage, case.note) == (Stage.AUTHORISED, note):
        return
    await _move(tools, case, Stage.AUTHORISED, note=note)
    if case.action is not None and note in _CUSTOMERS_OWN:
        waits = ActionState.AWAITING_CUSTOMER
        await tools.write(tools.books.settle_action, case.action, waits, tools.now(), reason=note)


_CUSTOMERS_OWN = ("no_accounts", "no_account_matched", "wrong_entry", "accounts_elsewhere")
"""Doubts that trying again does not clear: the operator who asked is told."""


async def _retail(tools: Tools, shown: list[Account]) -> bool:
    """The accounts stand behind a bank entry that is known to be for others than businesses (§4 no. 11)."""
    banks = {account.bank_name for account in shown}
    words = [word for word in await tools.write(tools.books.bank_words) if word.bank in banks and word.audiences]
    return bool(words) and not any("business" in word.audiences for word in words)


def _doubt(harvest: Harvest, *, had_accounts: bool, shown: bool) -> str:
    """Why the candidate has not proved itself, as a text key; empty when it has."""
    if not shown:
        return "accounts_elsewhere" if harvest.elsewhere else "no_accounts"
    if had_accounts and not any(account.id is not None and account.shown for account in harvest.accounts):
        return "no_account_matched"
    return "" if harvest.outcome in ("ok", "ok_empty") else harvest.outcome


async def _finish_action(tools: Tools, case: Case, harvest: Harvest, report: RoundReport) -> None:
    if case.action is None:
        return
    action = case.action
    await tools.write(
        tools.books.settle_action, action, ActionState.DONE, tools.now(), result={"new_postings": str(harvest.new)}
    )
    report.actions_done += 1
    await tools.write(tools.books.follow_up, action, tools.now())


async def advance(tools: Tools, report: RoundReport, *, at_once: bool = False) -> int:
    """Take every open case one step on: prove again what did not work, release, give up. Gives how many moved."""
    moved, ready = 0, list[tuple[Case, Session]]()
    for case in await tools.write(tools.books.open_cases):
        number = case.id
        if case.stage == Stage.AUTHORISED:
            began = case.authorised_at or case.created_at
            when, stated = tools.proved.get(number, (began + _AGAIN, False))
            if tools.now() - began > LINK_LIFE:
                await _move(tools, case, Stage.ABANDONED, note="unproven")
                moved += 1
                continue
            session = await tools.write(tools.books.candidate, number)
            if session is not None and (tools.now() >= when or (at_once and not stated)):
                ready.append((case, session))
        elif case.stage == Stage.FETCHED:
            if await tools.write(tools.books.released, case.connection):
                await _move(tools, case, Stage.RELEASED)
                moved += 1
        elif tools.now() - (case.sent_at or case.created_at) > LINK_LIFE:
            await _move(tools, case, Stage.ABANDONED, note="link_unused")
            moved += 1
    for start in range(0, len(ready), _TOGETHER):
        proofs = (prove(tools, case, session, report) for case, session in ready[start : start + _TOGETHER])
        moved += sum(await asyncio.gather(*proofs))
    return moved


_TOGETHER = 16
"""Candidates that are put to the test together: one bank that hangs holds up no other bank's customers."""

_AGAIN, _AGAIN_AT_LAST = timedelta(minutes=1), timedelta(hours=1)
"""Between two tests of a candidate: at first, and at most when it has not worked for long."""


async def _move(tools: Tools, case: Case, stage: Stage, note: str = "") -> None:
    await tools.write(tools.books.move_case, case.id, stage, tools.now(), note=note)

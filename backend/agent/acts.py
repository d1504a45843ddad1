"""The four operations, each on disk before it happens and again with its outcome (law 10)."""

import secrets
from dataclasses import replace
from datetime import datetime, timedelta

from backend.agent.fetch import fetch_connection
from backend.agent.gates import GateClosed
from backend.agent.receiver import link_to
from backend.agent.tools import RoundReport, Tools
from backend.model.errors import (
    BankDown,
    LimitOf,
    NeedsCustomer,
    OutsideError,
    ProviderDown,
    RateLimited,
    RefusedAddress,
    RefusedCredentials,
    Unreachable,
)
from backend.model.facts import Act, Case, Stage
from backend.model.plans import LEFT_TO_HUMANS, Action, ActionState, Outcome
from backend.model.views import FetchContext
from backend.rules.letters import case_mail
from backend.rules.lifetimes import next_end
from backend.rules.retries import TURNED_AWAY, second_try

SYNC_PATIENCE = timedelta(hours=1)
"""A sync that the bank has not finished by then has failed: queued is not done."""

SUPERVISED = "SupervisedLoginRequired"
"""The provider's word for a login that only the customer can do; any other word is told as it is."""

_CLOCKS_APART = timedelta(minutes=1)
"""So much the provider's clock may be behind ours: more is told as a fault (`facts/reliability.md` F8)."""

UNKNOWN_PATIENCE = timedelta(hours=24)
"""The life of an idempotency key (`facts/reliability.md` §1); after it nobody may resend."""

MAILING = "mailing"
"""The note of a case whose mail is given to the server. While it stands, nobody knows whether the mail has gone out."""


async def perform(tools: Tools, action: Action, report: RoundReport) -> None:
    """Do one act, or take up one that was cut off. Raises nothing of what the outside does but RefusedCredentials.

    From an unknown outcome a machine goes on by looking, or by the act's own key while that lives (law 10): what became
    of a removal or a renewal stands in our store. The rest is left to a human.
    """
    if action.state == ActionState.UNKNOWN and not await _may_ask_again(tools, action, report):
        return
    if action.act == Act.SYNC:
        await _sync(tools, action, report)
    elif await sent(tools, action):
        await (_remove if action.act == Act.REMOVE else _invite)(tools, action, report)


async def _may_ask_again(tools: Tools, action: Action, report: RoundReport) -> bool:
    """Whether the act can be taken up again: not before its time, nor a sync once its key is dead.

    Before that what the provider shows may prove that a sync was done, so that nobody waits for a bank's tomorrow.
    """
    if action.reason in LEFT_TO_HUMANS:
        return False
    now = tools.now()
    dead = action.act == Act.SYNC and now - (action.sent_at or action.created_at) > UNKNOWN_PATIENCE
    turned_away = dead or action.reason in _TURNED_AWAY_KINDS
    if action.act == Act.SYNC and turned_away and await _seen_done(tools, action, report):
        return False
    if dead and tools.gates.shut(action.bank) is None:
        await settle(tools, action, ActionState.UNKNOWN, report, reason="unknown_for_too_long")
    return not dead and now >= _asked_to_wait(action)


async def sent(tools: Tools, action: Action) -> bool:
    """On disk before the call is made; False when the act is not ours to send any more."""
    return await tools.write(tools.books.mark_sent, action.id, tools.now())


async def settle(
    tools: Tools,
    action: Action,
    state: ActionState,
    report: RoundReport,
    *,
    reason: str = "",
    result: dict[str, str] | None = None,
) -> None:
    """Write the outcome and count it."""
    report.actions_done += state == ActionState.DONE
    report.actions_failed += state in (ActionState.FAILED, ActionState.UNKNOWN)
    report.awaiting_customer += state == ActionState.AWAITING_CUSTOMER
    outcome = Outcome(action=action.id, state=state, at=tools.now(), reason=reason, result=result or {})
    await tools.books.among(tools.books.settle_actions, outcome)


_TURNED_AWAY = (BankDown, ProviderDown, RateLimited, RefusedCredentials, Unreachable)
"""Answers to this call that say nothing of the one before it."""

_TURNED_AWAY_KINDS = frozenset(error.kind for error in _TURNED_AWAY)


def _in_doubt(action: Action, error: OutsideError) -> bool:
    """Whether the act may have happened: by this call, or by an earlier one under the same key."""
    return error.unknown or (action.state == ActionState.UNKNOWN and isinstance(error, _TURNED_AWAY))


def _asked_to_wait(action: Action) -> datetime:
    """Before then the outside wants no look at this act."""
    until = action.result.get("until")
    return datetime.fromisoformat(until) if until else action.created_at


async def _context(tools: Tools, action: Action) -> FetchContext:
    context = await tools.write(tools.books.fetch_context, action.connection)
    if context is None:
        raise LookupError(action.connection)
    return context


# -- synchronise -----------------------------------------------------------------------------------------------


async def _sync(tools: Tools, action: Action, report: RoundReport) -> None:
    try:
        async with tools.lane(action) as turn:
            if report.trouble:  # found out while it waited for its turn
                await tools.write(tools.books.postpone_action, action.id, None, report.trouble)
                return
            mine, session = await tools.books.among(tools.books.send_syncs, (action.id, tools.now()))
            if not mine:
                return
            if session is None:
                await settle(tools, action, ActionState.FAILED, report, reason="no_consent")
                return
            answer = await tools.provider.sync(session, action.key)
            turn.answered()
    except GateClosed as closed:
        await tools.write(tools.books.postpone_action, action.id, closed.until, closed.reason)
        return
    except NeedsCustomer as error:
        await _not_done(tools, action, error)
        await settle(tools, action, ActionState.FAILED, report, reason="renew_first", result={"detail": str(error)})
        return
    except OutsideError as error:
        await _sync_failed(tools, action, error, report)
        return
    if answer.queued:
        await settle(tools, action, ActionState.WAITING, report, reason="queued")
    elif answer.auth_url and answer.status == SUPERVISED:
        await settle(
            tools,
            action,
            ActionState.AWAITING_CUSTOMER,
            report,
            reason="supervised_login",
            result={"auth_url": answer.auth_url},
        )
    else:
        await settle(
            tools, action, ActionState.FAILED, report, reason="unknown_status", result={"status": answer.status}
        )


async def _sync_failed(tools: Tools, action: Action, error: OutsideError, report: RoundReport) -> None:
    """A sync that brought an error: unknown, an intent again at its time, or failed."""
    if isinstance(error, RefusedCredentials):
        report.trouble = error.kind  # a fault of the whole fleet: nothing else begins
    doubt = _in_doubt(action, error)
    again = None if doubt else _again(action, error, tools.now())
    if not error.unknown and (again is None or error.kind == RateLimited.kind):
        await _not_done(tools, action, error)
    if again is not None:
        until, count = again
        await tools.write(
            tools.books.try_again, action.id, until, error.kind, tools.now(), count=count, detail=str(error)
        )
        return
    state = ActionState.UNKNOWN if doubt else ActionState.FAILED
    result = {"detail": str(error)} | ({"until": error.until.isoformat()} if error.until else {})
    await settle(tools, action, state, report, reason=error.kind, result=result)


def _again(action: Action, error: OutsideError, now: datetime) -> tuple[datetime, str] | None:
    """When an act that was surely not done is tried again, and as what that counts; None: that was all.

    What a limit, or our own credentials, have turned away has not been tried (law 4, `facts/operations.md` §2.3).
    """
    count = TURNED_AWAY.get(error.kind, "tried")
    pause = second_try(error.kind, int(action.result.get(count, "0")))
    return None if pause is None else (max(now + pause, error.until or now), count)


async def _not_done(tools: Tools, action: Action, error: OutsideError) -> None:
    """A sync that failed is news about the connection too: its rate limit's clock, a consent that is gone.

    A limit of all our calls and our own credentials say nothing about it.
    """
    if isinstance(error, RefusedCredentials) or (isinstance(error, RateLimited) and error.of is LimitOf.PROVIDER):
        return
    await tools.write(
        tools.books.save_fetch,
        action.connection,
        tools.now(),
        outcome=error.kind,
        detail=str(error),
        until=error.until,
        fetch_every=tools.fetch_every,
    )


async def follow_sync(tools: Tools, action: Action, report: RoundReport) -> None:
    """A queued sync is done once the provider shows data from the bank that is newer than the request.

    The bank's hour begins when the sync was queued, and ends with a look that found nothing, not with a shut gate.
    """
    harvest = await fetch_connection(tools, action.connection)
    if harvest is None and tools.gates.shut(action.bank) is not None:
        return
    asked = action.sent_at or action.created_at
    if harvest is not None and harvest.outcome in ("ok", "ok_empty"):
        report.new_postings += harvest.new
        if harvest.synchronized is not None and _is_newer(action, harvest.synchronized):
            await settle(tools, action, ActionState.DONE, report, result={"new_postings": str(harvest.new)})
            return
    if tools.now() - (action.finished_at or asked) > SYNC_PATIENCE:
        reason = "sync_timeout" if harvest is None or harvest.outcome.startswith("ok") else harvest.outcome
        await settle(tools, action, ActionState.FAILED, report, reason=reason)


def _is_newer(action: Action, news: datetime) -> bool:
    """Whether the bank's news came after the sync was sent.

    The provider's clock may be a little behind ours. Then it tells that the news is newer than what was known at the
    send; that was stored in milliseconds.
    """
    asked = action.sent_at or action.created_at
    if news >= asked or action.news_at is None:
        return news >= asked
    return asked - news < _CLOCKS_APART and news - action.news_at > timedelta(milliseconds=1)


async def _seen_done(tools: Tools, action: Action, report: RoundReport) -> bool:
    """Whether the provider shows data that the bank gave after the sync was sent: then it is done, whoever saw to it.

    That is told in the result as `seen`. Nothing newer proves nothing: the bank may still be at it.
    """
    if not await tools.write(tools.books.is_mine, action.id):
        return False  # we slept, and another has taken it up: he may be asking for it at this moment
    asked = action.sent_at or action.created_at
    harvest = await fetch_connection(tools, action.connection)
    if harvest is None or harvest.synchronized is None or harvest.synchronized <= asked:
        return False
    report.new_postings += harvest.new
    result = {"new_postings": str(harvest.new), "seen": harvest.synchronized.isoformat()}
    await settle(tools, action, ActionState.DONE, report, result=result)
    return True


# -- renew and new connection ----------------------------------------------------------------------------------


async def _invite(tools: Tools, action: Action, report: RoundReport) -> None:
    """Make a link, mail it, and let the case follow the customer (law 11). A cut-off act goes on where it was.

    A mail has no key that its server honours, so one of unknown fate is never sent again: the customer's login or a
    human leads on (law 10).
    """
    case = await tools.write(tools.books.case_of, action.id)
    if case is None and action.state == ActionState.UNKNOWN:
        await _begin_anew(tools, action)
        return
    if case is None:
        case = await new_case(tools, await _context(tools, action), action.act, action.id)
        case = await tools.write(tools.books.open_case, case, tools.now())
    result = {"link": case.link, "case": str(case.id)}
    if (case.stage, case.note) == (Stage.LINK_MADE, MAILING):
        await settle(tools, action, ActionState.UNKNOWN, report, reason="mail_unknown", result=result)
        return
    if case.stage == Stage.LINK_MADE:
        if not case.email or tools.mailer is None:
            reason = "no_mail_server" if case.email else "no_email"
            await settle(tools, action, ActionState.AWAITING_CUSTOMER, report, reason=reason, result=result)
            return
        context = await _context(tools, action)
        end, learnt = next_end(context.expires_at, context.usual_end_at, tools.now())
        end = end or context.expires_at
        mail = case_mail(tools.say, case=as_mailed(tools, case), bank=context.bank, expires_at=end, learnt=learnt)
        await tools.write(tools.books.move_case, case.id, Stage.LINK_MADE, tools.now(), note=MAILING)
        try:
            await tools.mailer.send(mail)
        except OutsideError as error:
            result["detail"] = str(error)
            if error.unknown:
                await settle(tools, action, ActionState.UNKNOWN, report, reason="mail_unknown", result=result)
                return
            await note_refusal(tools, action.connection, error)
            await tools.write(tools.books.move_case, case.id, Stage.LINK_MADE, tools.now(), note=error.kind)
            await settle(tools, action, ActionState.FAILED, report, reason="mail_failed", result=result)
            return
        await tools.write(tools.books.note_mail, action.connection, tools.now(), taken=True)
        await tools.write(tools.books.move_case, case.id, Stage.SENT, tools.now())
    result["mailed_to"] = case.email
    await settle(tools, action, ActionState.AWAITING_CUSTOMER, report, reason="link_sent", result=result)


async def _begin_anew(tools: Tools, action: Action) -> None:
    """The store shows that nothing of an act of unknown outcome was done: it is an intent again, judged anew."""
    await tools.write(tools.books.try_again, action.id, tools.now(), "cut_off", tools.now())


def as_mailed(tools: Tools, case: Case) -> Case:
    """The case as its mail tells it: with a link that goes by way of us, where customers can reach us."""
    return replace(case, link=link_to(tools.public_url, case.state)) if tools.public_url else case


async def note_refusal(tools: Tools, connection: str, error: OutsideError) -> None:
    """A mail that came to nothing because of the customer's address is news about the connection (situation 18)."""
    if isinstance(error, RefusedAddress):
        await tools.write(tools.books.note_mail, connection, tools.now(), taken=False)


async def new_case(tools: Tools, context: FetchContext, act: Act, action: int | None) -> Case:
    """A link and the case that is to follow it, not on disk yet; `action` is None for a reminder of our own."""
    email = await tools.write(tools.books.email, context.connection)
    renewing = context.consent_id if act == Act.RENEW and context.consent_id else None
    state = secrets.token_urlsafe(16)
    link = tools.provider.connect_link(
        state=state,
        email=email,
        group=group_of(context.agreement_number),
        group_name=context.customer,
        consent_id=renewing,
        culture="da",
    )
    return Case(
        id=0,
        kind=act,
        connection=context.connection,
        agreement_number=context.agreement_number,
        customer=context.customer,
        email=email,
        action=action,
        state=state,
        stage=Stage.LINK_MADE,
        link=link,
        consent_id=renewing,
        created_at=tools.now(),
    )


def group_of(agreement_number: str) -> str:
    """The provider's group in which a customer's accounts are kept (`facts/aiia-economic.md` §1.2)."""
    return f"agr-{agreement_number}"


# -- remove ----------------------------------------------------------------------------------------------------


async def _remove(tools: Tools, action: Action, report: RoundReport) -> None:
    """Cut the link. The bank's consent lives on until its own end, and the customer keeps his account there (law 8)."""
    async with tools.alone(action.connection):
        context = await _context(tools, action)
        if action.state == ActionState.UNKNOWN and not context.removed:
            await _begin_anew(tools, action)
            return
        if not context.removed:
            await tools.write(tools.books.remove, action.connection, tools.now())
    lives_until = context.expires_at
    result = {"consent_lives_until": lives_until.isoformat() if lives_until else "unknown"}
    await settle(tools, action, ActionState.DONE, report, result=result)

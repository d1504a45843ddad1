"""`forny agent`: the one process that talks to the outside, standing or for one round."""

import asyncio
import contextlib
import errno
import os
import signal
import sys
import threading
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from backend.model.views import AgentStatus
from backend.settings import as_text
from tui.commands.context import (
    ALL_DONE,
    FAILED,
    NEEDS_CUSTOMER,
    SOME_REFUSED,
    Context,
    leave,
    pass_context,
    refuse,
    talk,
)
from tui.commands.output import json_option, put_json

if TYPE_CHECKING:
    from backend.agent import RoundReport

_STEP_ASIDE = 60.0
"""Seconds that a console's child gets to finish what is in flight."""

_WAIT = 5.0
"""Seconds after which a store that went away is looked for again."""


@click.command(short_help="Run the engine, standing or for one round.")
@click.option("--once", is_flag=True, help="One full round (acts, fetch, transfer, renewals, reminders), then exit.")
@json_option
@click.option("--until-stdin-closes", is_flag=True, hidden=True, help="Serve a console: end with it.")
@pass_context
def agent(context: Context, once: bool, as_json: bool, until_stdin_closes: bool) -> None:
    """Run the engine: do what was asked for, fetch what is due, and hand postings to bank reconciliation.

    One agent works on a store at a time. With --once the exit code tells how the round went.
    """
    from backend.store import AgentBusy

    context.runtime.check_agent_settings()
    context.runtime.door.need("agent")
    kind = "once" if once else "console" if until_stdin_closes else "agent"
    try:
        if kind == "agent":
            asyncio.run(_make_room(context))
        leave(asyncio.run(_work(context, kind, as_json)))
    except AgentBusy as busy:
        if kind == "console":
            leave(ALL_DONE)
        talk(_busy(context, busy.status))
        leave(FAILED)
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES):
            raise
        where = context.settings.listen or context.settings.aiia_redirect_url
        refuse(context.say("cli.listen_taken", where=where, why=os.strerror(error.errno)))


def _busy(context: Context, status: AgentStatus | None) -> str:
    from tui.commands.words import moment

    if status is None:
        return context.say("cli.agent_busy_unknown")
    since = moment(status.started_at)
    return context.say("cli.agent_busy", kind=status.kind, host=status.host, pid=status.pid, since=since)


async def _make_room(context: Context) -> None:
    """A console's child steps aside for a standing agent: it finishes what is in flight and ends."""
    status = context.runtime.agent_status()
    if status is None or not status.alive or status.kind != "console" or status.host != context.runtime.host:
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(status.pid, signal.SIGTERM)
    left = _STEP_ASIDE
    while left > 0 and (status := context.runtime.agent_status()) and status.alive:
        await context.clock.nap(0.2)
        left -= 0.2


async def _work(context: Context, kind: str, as_json: bool) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    if kind == "console":
        threading.Thread(target=_watch_stdin, args=(loop, stop), daemon=True).start()
    if kind != "once":
        await _stand(context, kind, stop)
        return ALL_DONE
    async with context.runtime.agent(kind) as engine:
        report = await engine.once(stop)
    _tell(context, report, as_json)
    if stop.is_set():
        talk(context.say("cli.round_cut"))
        return FAILED
    return exit_code(report)


async def _stand(context: Context, kind: str, stop: asyncio.Event) -> None:
    """Stand until told to stop. A store that goes away is waited for; then it begins anew, as another process would.

    Raises StoreError while the store has not been there at all, and AgentBusy when another agent has it meanwhile.
    """
    from backend.store import StoreError

    stood = False
    while True:
        try:
            async with context.runtime.agent(kind) as engine:
                if not stood:
                    talk(context.say("cli.agent_started", store=as_text(context.settings, "store"), pid=os.getpid()))
                stood = True
                await engine.run(stop)
                return
        except (StoreError, BaseExceptionGroup) as error:
            lost, other = _parted(error, StoreError)
            if not stood or other is not None or lost is None:
                raise
            talk(context.say("cli.agent_waits", why=lost, seconds=int(_WAIT)))
        context.runtime.store.sessions.close()  # what it had begun is looked at again, as after a death
        await _nap(context, stop)
        if stop.is_set():
            return


def _parted(error: BaseException, kind: type[Exception]) -> tuple[BaseException | None, BaseException | None]:
    """The first error of that kind in a group, and the group of those that are of another."""
    if not isinstance(error, BaseExceptionGroup):
        return error, None
    found, rest = error.split(kind)
    first: BaseException | None = found
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    return first, rest


async def _nap(context: Context, stop: asyncio.Event) -> None:
    nap, stopped = asyncio.create_task(context.clock.nap(_WAIT)), asyncio.create_task(stop.wait())
    _, pending = await asyncio.wait((nap, stopped), return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()


def _tell(context: Context, report: "RoundReport", as_json: bool) -> None:
    if as_json:
        put_json(asdict(report))
    talk(context.say("cli.round", **asdict(report)))
    if report.trouble:
        from tui.commands.shapes import reason_text

        talk(context.say("cli.round_trouble", trouble=reason_text(context.say, report.trouble)))
    elif exit_code(report) == FAILED:
        talk(context.say("cli.round_nothing"))


def exit_code(report: "RoundReport") -> int:
    """1 could not work at all, 3 something failed, 5 only customers are needed, 0 all fine."""
    reached = report.fetched or report.needs_customer or report.waiting or report.delivered
    if report.trouble or (report.failed and not reached):
        return FAILED
    if report.failed or report.rejected or report.deliveries_failed or report.actions_failed or report.reminders_failed:
        return SOME_REFUSED
    return NEEDS_CUSTOMER if report.needs_customer or report.awaiting_customer else ALL_DONE


def _watch_stdin(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """The console's end of the pipe closes with the console, however it ends."""
    with contextlib.suppress(OSError, ValueError):
        while os.read(sys.stdin.fileno(), 4096):
            pass
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(stop.set)

"""`forny connect`, `renew`, `sync` and `remove`: a plan is shown, confirmed, submitted, and followed if asked."""

import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import click

from backend.model.facts import Act
from backend.model.plans import ActionState, Plan, PlanState, PlanView, Submitted
from backend.model.text import clean
from tui.commands import shapes
from tui.commands.asking import confirm_act
from tui.commands.context import (
    ALL_DONE,
    NOTHING_MATCHED,
    SOME_REFUSED,
    Context,
    leave,
    meant,
    pass_context,
    refuse,
    talk,
    talk_of_environment,
)
from tui.commands.finding import parsed
from tui.commands.output import json_option, put_json, put_table
from tui.commands.planned import exit_code, put_plan
from tui.commands.shapes import reason_text
from tui.commands.waiting import settled
from tui.commands.words import moment
from tui.wording import act_word, consent_until

Command = Callable[..., None]


def _running(command: Command) -> Command:
    """The options that all four acts share."""
    for option in reversed(
        [
            click.option("--dry-run", is_flag=True, help="Show the plan and change nothing."),
            click.option("--yes", is_flag=True, help="Do not ask."),
            click.option("--wait", is_flag=True, help="Until every action is settled; works without an agent too."),
            json_option,
        ]
    ):
        command = option(command)
    return command


def _chosen(command: Command) -> Command:
    """Which connections: ids or a filter."""
    command = click.option("--filter", "query", metavar="FILTER", help="All that match (`*`: everything).")(command)
    return click.argument("ids", nargs=-1, metavar="[ID]...")(command)


@click.command(short_help="A link with which customers renew, mailed and followed.")
@_chosen
@click.option("--then-sync", is_flag=True, help="Synchronise as soon as the customer has renewed.")
@_running
@pass_context
def renew(context: Context, /, ids: tuple[str, ...], query: str | None, then_sync: bool, **how: Any) -> None:
    """Make a link with which the customer renews a connection, mail it, and follow it until rows flow.

    The consent that works now stays untouched until the new one has proved itself. ID is c12 or an agreement number.
    """
    _act(context, Act.RENEW, ids, query, then_sync=then_sync, **how)


@click.command(short_help="Ask the banks for fresh rows now.")
@_chosen
@_running
@pass_context
def sync(context: Context, /, ids: tuple[str, ...], query: str | None, **how: Any) -> None:
    """Ask the bank for fresh rows now (about the latest week). It may answer that the customer must log in."""
    _act(context, Act.SYNC, ids, query, **how)


@click.command(short_help="Cut links to banks.")
@_chosen
@_running
@pass_context
def remove(context: Context, /, ids: tuple[str, ...], query: str | None, **how: Any) -> None:
    """Cut the link to a bank. The bank's consent lives on to its own day; the customer's Aiia account is untouched."""
    _act(context, Act.REMOVE, ids, query, **how)


@click.command(short_help="A link for a new connection, mailed and followed.")
@click.argument("agreement")
@click.option("--bank", default="", help="The bank's name, to choose it for the customer.")
@_running
@pass_context
def connect(context: Context, /, agreement: str, bank: str, **how: Any) -> None:
    """Make a link with which a customer (AGREEMENT, a number) connects a new bank, mail it, and follow it."""
    if not context.runtime.reader.resolve(agreement):
        talk(context.say("cli.no_such_customer", agreement=clean(agreement, 60)))
        leave(NOTHING_MATCHED)
    _run(context, context.runtime.operations.connect(agreement, bank), **how)


def _act(
    context: Context, act: Act, ids: Sequence[str], query: str | None, *, then_sync: bool = False, **how: Any
) -> None:
    if bool(ids) == (query is not None):
        refuse(context.say("cli.ids_or_filter", act=act))
    connections = _by_filter(context, query) if query is not None else _by_ids(context, ids)
    _run(context, context.runtime.operations.plan(act, connections, then_sync=then_sync), **how)


def _by_filter(context: Context, query: str) -> list[str]:
    if not query.strip():
        refuse(context.say("cli.empty_filter"))
    found = context.runtime.reader.fleet_ids(parsed(context, query), context.clock.now())
    if not found:
        talk(context.say("cli.nothing_matched"))
        leave(NOTHING_MATCHED)
    return found


def _by_ids(context: Context, ids: Sequence[str]) -> list[str]:
    """The connections that the references mean, each once. One that means none stops the whole: nothing is guessed."""
    found: dict[str, None] = {}
    for reference in ids:
        found |= dict.fromkeys(meant(context, reference))
    return list(found)


def _run(context: Context, plan: Plan, *, dry_run: bool, yes: bool, wait: bool, as_json: bool) -> None:
    operations = context.runtime.operations
    if dry_run:
        if plan.act != Act.CONNECT and plan.acts:  # a new connection would have to be made for it
            plan = operations.keep(plan)
        if as_json:
            put_json(shapes.plan(plan, context.say, needs_approval=operations.awaits_approval(plan)))
        else:
            _put_items(context, plan)
            talk_of_environment(context)
            if plan.id is not None:
                talk(context.say("cli.kept", plan=plan.id))
        leave(ALL_DONE if len(plan.acts) == len(plan.items) else SOME_REFUSED)
    run_new(context, plan, yes=yes, wait=wait, as_json=as_json)


def run_new(context: Context, plan: Plan, *, yes: bool, wait: bool, as_json: bool) -> None:
    """Show a plan that was just made, ask, and run it."""
    if not plan.acts:
        _nothing_runs(context, plan, as_json)
    if not yes:
        confirm_act(context, plan.act, len(plan.acts), lambda: _put_items(context, plan, to_stderr=True))
    submitted = context.runtime.operations.submit(plan)
    finish(context, submitted, wait=wait, answer=shapes.plan(plan, context.say, submitted) if as_json else None)


def run_kept(context: Context, view: PlanView, *, yes: bool, wait: bool, as_json: bool) -> None:
    """Run a plan that was kept, as it was shown: asked about like one that was just made. Raises PlanError."""
    planned = view.counts.get(ActionState.PLANNED, 0)
    if not yes:
        confirm_act(context, view.act, planned, lambda: put_plan(context, view, to_stderr=True))
    submitted = context.runtime.operations.run(view.id)
    finish(context, submitted, wait=wait, answer={} if as_json else None)


def approve_kept(context: Context, view: PlanView, *, yes: bool, wait: bool, as_json: bool) -> None:
    """Approve another operator's plan as it was shown here: asked about as he was. Raises PlanError."""
    operations = context.runtime.operations
    operations.approvable(view.id)
    if not yes:
        confirm_act(context, view.act, view.size, lambda: put_plan(context, view, to_stderr=True))
    submitted = operations.approve(view.id, agreed=True, digest=view.digest)
    if not as_json:
        talk(context.say("cli.approved", plan=view.id))
    finish(context, submitted, wait=wait, answer={} if as_json else None)


def finish(context: Context, submitted: Submitted, *, wait: bool, answer: dict[str, object] | None) -> None:
    """Say what was begun, what is not as it was shown, and what came of it if asked to wait. Leaves the program.

    `answer` is what is to be printed as JSON beside that (None: words for people).
    """
    if wait:
        view = asyncio.run(settled(context, submitted.plan))
    else:
        view = _known(context, submitted.plan, whole=answer is not None)
    try:
        if answer is not None:
            changed = shapes.refused(submitted.changed, context.say)
            put_json(answer | shapes.plan_view(view, context.say) | {"changed": changed})
        elif wait:
            put_plan(context, view)
        else:
            _put_submitted(context, submitted, view)
        sys.stdout.flush()
    except OSError:
        # Who cannot read the answer must not take what was begun for something that failed, and do it twice.
        talk(context.say("cli.begun_unheard", plan=view.id))
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # else what is left unsaid fails once more at the end
    leave(SOME_REFUSED if submitted.refused else exit_code(view, waited=wait))


def _known(context: Context, plan: int, *, whole: bool) -> PlanView:
    view = context.runtime.reader.plan(plan, whole=whole)
    assert view is not None
    return view


def _nothing_runs(context: Context, plan: Plan, as_json: bool) -> NoReturn:
    """Everything waits or is refused: there is nothing to confirm or to write."""
    if as_json:
        refused = tuple((item.connection, item.reason) for item in plan.items)
        put_json(shapes.plan(plan, context.say) | {"refused": shapes.refused(refused, context.say)})
    else:
        _put_items(context, plan)
    first = [item.connection for item in plan.items if item.reason == "renew_first"]
    if plan.act == Act.SYNC and first:
        talk(context.say("cli.renew_first", ids=" ".join(first[:5])))
    talk(context.say("cli.nothing_runs"))
    leave(SOME_REFUSED)


def _put_items(context: Context, plan: Plan, *, to_stderr: bool = False) -> None:
    say = context.say
    lives: dict[str, str] = {}
    if plan.act == Act.REMOVE:  # law 8: until when the bank's consent outlives it
        now = context.clock.now()
        known = context.runtime.reader.rows([item.connection for item in plan.items], now)
        lives = {row.id: consent_until(row.expires_at, now, say) for row in known}
    rows = [
        [
            item.connection or say("cli.new"),
            item.agreement_number,
            item.customer,
            item.bank,
            say(f"cli.fate.{item.fate}", until=moment(item.until)),
            ". ".join(
                part for part in (reason_text(say, item.reason), item.note, lives.get(item.connection, "")) if part
            ),
        ]
        for item in plan.items
    ]
    put_table(say("cli.items_header").split("|"), rows, stretch=2, err=to_stderr)
    counts = {fate: len(plan.with_fate(fate)) for fate in ("run", "wait", "refused")}
    key = "cli.plan_counts" if plan.calls else "cli.plan_counts_free"
    talk(say(key, act=act_word(plan.act, say), calls=plan.calls, left=plan.left, **counts))
    if plan.ends_at is not None:
        talk(say("console.question.ends", at=moment(plan.ends_at)))
    if context.runtime.operations.awaits_approval(plan):
        talk(say("plan.awaits_approval"))


def _put_submitted(context: Context, submitted: Submitted, view: PlanView) -> None:
    say, runtime = context.say, context.runtime
    key = "cli.approval_asked" if view.state == PlanState.APPROVAL else "cli.submitted"
    click.echo(say(key, plan=view.id, count=len(submitted.actions), act=act_word(view.act, say)))
    changed = set(submitted.changed)
    for connection, reason in submitted.refused:
        told = "cli.not_as_shown" if (connection, reason) in changed else "cli.not_submitted"
        talk(say(told, connection=connection or "-", reason=reason_text(say, reason)))
    if view.undo_until is not None:
        talk(say("cli.undo_until", plan=view.id, until=moment(view.undo_until)))
    status = runtime.agent_status()
    if view.state == PlanState.RUNNING and (status is None or not status.alive):
        talk(say("cli.no_agent"))

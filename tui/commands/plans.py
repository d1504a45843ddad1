"""`forny plans` and `plan`: what was planned, how far it has come, and what an operator may say to it."""

import asyncio
from functools import partial

import click

from backend.model.facts import Act
from backend.model.plans import ActionState, Order, PlanError, PlanState, PlanView
from tui.commands.acts import approve_kept, run_kept, run_new
from tui.commands.asking import confirm, confirm_act
from tui.commands.context import NOTHING_MATCHED, SOME_REFUSED, Context, leave, pass_context, talk
from tui.commands.output import json_option, put_found, put_json
from tui.commands.planned import counted, exit_code, put_plan
from tui.commands.report import STDOUT, put_report
from tui.commands.shapes import plan_view
from tui.commands.waiting import settled
from tui.commands.words import moment
from tui.wording import act_word

RUN, AGAIN, APPROVE, DECLINE, LAST = "run", "again", "approve", "decline", "last"
ORDERS = (RUN, *(order.value for order in Order), AGAIN, APPROVE, DECLINE)


@click.command()
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="The newest so many.")
@click.option("--drafts", is_flag=True, help="Also those that were only shown.")
@json_option
@pass_context
def plans(context: Context, limit: int, drafts: bool, as_json: bool) -> None:
    """List plans, the newest first."""
    reader, say = context.runtime.reader, context.say

    def row(view: PlanView) -> list[str]:
        what, state = act_word(view.act, say), say(f"plan.state.{view.state}")
        who = view.run_by or view.operator
        return [str(view.id), what, who, moment(view.created_at), state, counted(context, view)]

    found = reader.plans(limit, drafts=drafts)
    if as_json:
        found = [whole for view in found if (whole := reader.plan(view.id)) is not None]
    put_found(context, found, as_json, lambda view: plan_view(view, say), "cli.plans_header", row, stretch=2)


@click.command(short_help="One plan with every action's outcome; run, pause, cancel or undo it.")
@click.argument("number", metavar="ID")
@click.argument("order", required=False, type=click.Choice(ORDERS))
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--wait", is_flag=True, help="Until every action is settled; works without an agent too.")
@json_option
@click.option(
    "--report", metavar="[FILE]", is_flag=False, flag_value=STDOUT, help="As text for a ticket; or in a new file."
)
@pass_context
def plan(
    context: Context, number: str, order: str | None, yes: bool, wait: bool, as_json: bool, report: str | None
) -> None:
    """Show one plan: every action with its outcome, and what was refused. ID is a number, or `last`: the newest run.

    `run` does exactly what was shown, and says what has changed since. `pause`, `resume` and `cancel` are for what has
    not begun; `undo` takes a removal back before it happens. `again` makes a new plan of what failed. `approve` and
    `decline` are a second operator's word on a large removal that waits for it.

    What lets acts begin, or ends them for good, is asked about: `run`, `resume`, `again`, `approve` and `cancel`.
    """
    view = context.runtime.reader.plan(_number(context, number))
    if view is None:
        talk(context.say("cli.no_such_plan", id=number))
        leave(NOTHING_MATCHED)
    try:
        if order == RUN:
            if view.state != PlanState.DRAFT:
                raise PlanError("plan.not_a_draft", plan=view.id, by=view.run_by, at=view.run_at)
            run_kept(context, view, yes=yes, wait=wait, as_json=as_json)
        elif order == AGAIN:
            run_new(context, context.runtime.operations.again(view.id), yes=yes, wait=wait, as_json=as_json)
        elif order == APPROVE:
            approve_kept(context, view, yes=yes, wait=wait, as_json=as_json)
        elif order == DECLINE:
            context.runtime.operations.approve(view.id, agreed=False, digest=view.digest)
            view = context.runtime.reader.plan(view.id) or view
        elif order is not None:
            if not yes:
                _ask(context, view, Order(order))
            view = context.runtime.operations.steer(view.id, Order(order))
    except PlanError as error:
        talk(context.say(error.key, **error.values))
        leave(SOME_REFUSED)
    if wait:
        view = asyncio.run(settled(context, view.id))
    if as_json:
        put_json(plan_view(view, context.say))
    elif report is not None:
        put_report(context, view, report)
    elif order is not None:
        state = context.say(f"plan.state.{view.state}")
        click.echo(context.say("cli.plan_steered", plan=view.id, state=state, counts=counted(context, view)))
    else:
        put_plan(context, view)
    if wait:
        leave(exit_code(view, waited=True, stopped=order in (Order.CANCEL, Order.UNDO)))


def _ask(context: Context, view: PlanView, order: Order) -> None:
    """As in the console: to let the rest begin is asked like to run it, to end it for good is asked; to stop is not."""
    left = view.counts.get(ActionState.INTENT, 0) + view.counts.get(ActionState.PLANNED, 0)
    show = partial(put_plan, context, view, to_stderr=True)
    if order == Order.RESUME and view.state == PlanState.PAUSED:
        confirm_act(context, Act(view.act), left, show)
    elif order == Order.CANCEL and view.state not in (PlanState.ENDED, PlanState.CANCELLED):
        confirm(context, context.say("cli.confirm_cancel", plan=view.id, n=left), show)


def _number(context: Context, number: str) -> int:
    if number == LAST:
        return next((view.id for view in context.runtime.reader.plans(1)), -1)
    return int(number) if number.isascii() and number.isdigit() and len(number) <= 18 else -1

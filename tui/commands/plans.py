"""`forny plans` and `plan`: what was planned, how far it has come, and what an operator may say to it."""

import click

from backend.model.plans import ActionState, Order, PlanError, PlanState, PlanView
from tui.commands.context import ALL_DONE, NOTHING_MATCHED, SOME_REFUSED, Context, leave, pass_context, talk
from tui.commands.output import put_array, put_json, put_pairs, put_table
from tui.commands.report import STDOUT, put_report

RUN, AGAIN, APPROVE, DECLINE, LAST = "run", "again", "approve", "decline", "last"
ORDERS = (RUN, *(order.value for order in Order), AGAIN, APPROVE, DECLINE)

_UNSETTLED = (ActionState.PLANNED, ActionState.INTENT)


@click.command()
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="The newest so many.")
@click.option("--drafts", is_flag=True, help="Also those that were only shown.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@pass_context
def plans(context: Context, limit: int, drafts: bool, as_json: bool) -> None:
    """List plans, the newest first."""
    found = context.runtime.reader.plans(limit, drafts=drafts)
    if as_json:
        from tui.commands.shapes import plan_view

        whole = (context.runtime.reader.plan(view.id) for view in found)
        put_array(plan_view(view, context.say) for view in whole if view is not None)
        return
    put_table(context.say("cli.plans_header").split("|"), (_columns(context, view) for view in found), stretch=2)
    if not found:
        talk(context.say("cli.nothing_matched"))
        leave(NOTHING_MATCHED)


def _columns(context: Context, view: PlanView) -> list[str]:
    from tui.commands.words import moment

    state = context.say(f"plan.state.{view.state}")
    return [str(view.id), view.act, view.run_by or view.operator, moment(view.created_at), state, counted(view)]


def counted(view: PlanView) -> str:
    """`3 done, 1 failed, 1 refused`."""
    return ", ".join(f"{many} {state}" for state, many in view.counts.items() if many) or "-"


@click.command(short_help="One plan with every action's outcome; run, pause, cancel or undo it.")
@click.argument("number", metavar="ID")
@click.argument("order", required=False, type=click.Choice(ORDERS))
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--wait", is_flag=True, help="Until every action is settled; works without an agent too.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option(
    "--report", metavar="[FILE]", is_flag=False, flag_value=STDOUT, help="As text for a ticket; or in a new file."
)
@pass_context
def plan(
    context: Context, number: str, order: str | None, yes: bool, wait: bool, as_json: bool, report: str | None
) -> None:
    """Show one plan: every action with its outcome, and what was refused. ID is a number, or `last`.

    `run` does exactly what was shown, and says what has changed since. `pause`, `resume` and `cancel` are for what has
    not begun; `undo` takes a removal back before it happens. `again` makes a new plan of what failed. `approve` and
    `decline` are a second operator's word on a large removal that waits for it.
    """
    view = context.runtime.reader.plan(_number(context, number))
    if view is None:
        talk(context.say("cli.no_such_plan", id=number))
        leave(NOTHING_MATCHED)
    try:
        if order == RUN:
            from tui.commands.acts import run_kept

            if view.state != PlanState.DRAFT:
                raise PlanError("plan.not_a_draft", plan=view.id, by=view.run_by, at=view.run_at)
            run_kept(context, view, yes=yes, wait=wait, as_json=as_json)
        elif order == AGAIN:
            from tui.commands.acts import run_new

            run_new(context, context.runtime.operations.again(view.id), yes=yes, wait=wait, as_json=as_json)
        elif order == APPROVE:
            from tui.commands.acts import approve_kept

            approve_kept(context, view, yes=yes, wait=wait, as_json=as_json)
        elif order == DECLINE:
            context.runtime.operations.approve(view.id, agreed=False, digest=view.digest)
            view = context.runtime.reader.plan(view.id) or view
        elif order is not None:
            view = context.runtime.operations.steer(view.id, Order(order))
    except PlanError as error:
        talk(context.say(error.key, **error.values))
        leave(SOME_REFUSED)
    if wait:
        import asyncio

        from tui.commands.waiting import settled

        view = asyncio.run(settled(context, view.id))
    if as_json:
        from tui.commands.shapes import plan_view

        put_json(plan_view(view, context.say))
    elif report is not None:
        put_report(context, view, report)
    elif order is not None:
        state = context.say(f"plan.state.{view.state}")
        click.echo(context.say("cli.plan_steered", plan=view.id, state=state, counts=counted(view)))
    else:
        put_plan(context, view)
    leave(ALL_DONE)


def _number(context: Context, number: str) -> int:
    if number == LAST:
        return next((view.id for view in context.runtime.reader.plans(1, drafts=True)), -1)
    return int(number) if number.isascii() and number.isdigit() and len(number) <= 18 else -1


def put_plan(context: Context, view: PlanView, *, to_stderr: bool = False) -> None:
    """A plan for people."""
    from tui.commands.shapes import reason_text
    from tui.commands.words import moment

    say = context.say
    who = view.run_by or view.operator
    who = f"{who}@{view.host}" if view.host else who
    pairs = [
        (say("cli.word.plan"), f"{view.id} ({view.act}), {say(f'plan.state.{view.state}')}"),
        (say("cli.word.operator"), f"{who}, {moment(view.run_at or view.created_at)}"),
        (say("cli.word.outcome"), counted(view)),
    ]
    if view.note:
        pairs.append((say("cli.word.note"), reason_text(say, view.note)))
    put_pairs(pairs, err=to_stderr)
    click.echo(err=to_stderr)
    rows = [
        [
            *(item.connection, item.agreement_number, item.customer, item.bank),
            _state(say("cli.waits", until=moment(item.not_before)) if item.not_before else None, item.state),
            reason_text(say, item.reason),
        ]
        for item in view.actions
    ]
    refused = dict(view.refused)
    rows += [
        [row.id, row.agreement_number, row.customer, row.bank, "refused", reason_text(say, refused[row.id])]
        for row in context.runtime.reader.rows(list(refused), context.clock.now())
    ]
    put_table(say("cli.plan_header").split("|"), rows, stretch=2, err=to_stderr)
    for item in view.actions:
        if link := item.result.get("link"):
            click.echo(f"{item.connection}  {link}", err=to_stderr)
    if view.undo_until is not None:
        talk(say("cli.undo_until", plan=view.id, until=moment(view.undo_until)))


def _state(waits: str | None, state: ActionState) -> str:
    return waits if waits and state in _UNSETTLED else str(state)

"""`forny plans` and `plan`: what was submitted, and how far it has come."""

import click

from backend.model.plans import ActionState, PlanView
from tui.commands.context import NOTHING_MATCHED, Context, leave, pass_context, talk
from tui.commands.output import put_array, put_json, put_pairs, put_table


@click.command()
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="The newest so many.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@pass_context
def plans(context: Context, limit: int, as_json: bool) -> None:
    """List plans, the newest first."""
    found = context.runtime.reader.plans(limit)
    if as_json:
        from tui.commands.shapes import plan_view

        put_array(plan_view(view, context.say) for view in found)
        return
    put_table(context.say("cli.plans_header").split("|"), (_columns(view) for view in found), stretch=2)
    if not found:
        talk(context.say("cli.nothing_matched"))
        leave(NOTHING_MATCHED)


def _columns(view: PlanView) -> list[str]:
    from tui.commands.words import moment

    return [str(view.id), view.act, view.operator, moment(view.created_at), counted(view)]


def counted(view: PlanView) -> str:
    """`3 done, 1 failed, 1 refused`."""
    counts = [f"{count} {state}" for state, count in view.counts.items() if state != ActionState.REFUSED]
    refused = view.counts.get(ActionState.REFUSED, 0) + len(view.refused)
    return ", ".join([*counts, f"{refused} refused"] if refused else counts) or "-"


@click.command(short_help="One plan with every action's outcome.")
@click.argument("number", metavar="ID", type=int)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@pass_context
def plan(context: Context, number: int, as_json: bool) -> None:
    """Show one plan: every action with its outcome, and what was refused."""
    view = context.runtime.reader.plan(number)
    if view is None:
        talk(context.say("cli.no_such_plan", id=number))
        leave(NOTHING_MATCHED)
    if as_json:
        from tui.commands.shapes import plan_view

        put_json(plan_view(view, context.say))
        return
    put_plan(context, view)


def put_plan(context: Context, view: PlanView) -> None:
    """A plan for people."""
    from tui.commands.shapes import reason_text
    from tui.commands.words import moment

    say = context.say
    who = f"{view.operator}@{view.host}" if view.host else view.operator
    put_pairs(
        [
            (say("cli.word.plan"), f"{view.id} ({view.act})"),
            (say("cli.word.operator"), f"{who}, {moment(view.created_at)}"),
            (say("cli.word.outcome"), counted(view)),
        ]
    )
    click.echo()
    rows = [
        [item.connection, item.agreement_number, item.customer, item.state, reason_text(say, item.reason)]
        for item in view.actions
    ]
    rows += [[connection or "-", "", "", "refused", reason_text(say, key)] for connection, key in view.refused]
    put_table(say("cli.plan_header").split("|"), rows, stretch=2)
    for item in view.actions:
        if link := item.result.get("link"):
            click.echo(f"{item.connection}  {link}")

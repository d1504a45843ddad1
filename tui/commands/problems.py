"""`forny problems`: the open causes one by one."""

from functools import partial

import click

from backend.model.views import ProblemView
from tui.commands.context import Context, pass_context
from tui.commands.finding import parsed
from tui.commands.output import json_option, put_found
from tui.commands.shapes import problem
from tui.commands.words import moment
from tui.wording import act_word, verdict_word, word

_EVERY = 1_000


@click.command(short_help="Open problems, one cause a connection.")
@click.argument("words", nargs=-1, metavar="[FILTER]...")
@click.option("--all", "hidden", is_flag=True, help="Those too that are snoozed or muted, or stand in an incident.")
@click.option("--limit", type=click.IntRange(min=1), default=_EVERY, show_default=True, help="At most so many.")
@json_option
@pass_context
def problems(context: Context, words: tuple[str, ...], hidden: bool, limit: int, as_json: bool) -> None:
    """List open problems, all or those of the connections that FILTER matches (see `forny list --help`).

    What an operator can act on comes first, then the oldest. A problem that is snoozed or muted is left out, and so is
    one inside an incident, which rests until that is over. `is:mine`, `assigned:NAME`, `is:snoozed` and `is:muted`
    are filters too; `forny problem` changes what they find.
    """
    found = context.runtime.reader.problems(parsed(context, " ".join(words)), limit, hidden=hidden)
    put_found(context, found, as_json, problem, "cli.problems_header", partial(_columns, context), stretch=2)


def _columns(context: Context, view: ProblemView) -> list[str]:
    return [
        view.connection,
        view.agreement_number,
        view.customer,
        view.bank,
        word("situation", view.cause, context.say),
        moment(view.since),
        moment(view.last_at),
        str(view.times),
        act_word(view.action, context.say) if view.action else verdict_word(view.verdict, context.say),
        rests(context, view),
    ]


def rests(context: Context, view: ProblemView) -> str:
    """Why a problem is left out of the queue, and whose it is; a dash when there is nothing to tell."""
    say, told = context.say, []
    if view.incident is not None:
        told.append(say("problem.in_incident", id=view.incident))
    if view.muted_by:
        told.append(say("problem.muted_by", name=view.muted_by))
    if view.snoozed_until is not None:
        told.append(say("problem.snoozed_until", at=moment(view.snoozed_until)))
    if view.snoozed_for:
        told.append(say(f"problem.when.{view.snoozed_for}"))
    if view.assigned_to:
        told.append(say("problem.assigned_to", name=view.assigned_to))
    return ", ".join(told) or "-"

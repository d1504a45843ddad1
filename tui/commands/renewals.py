"""`forny accept`, and a renewal's case as `forny show` tells it."""

import click

from backend.model.renewals import Accepted
from backend.model.text import clean
from backend.model.views import ConnectionView
from backend.rules.renewals import diff_lines, stalled, suggestion
from tui.commands.asking import confirm
from tui.commands.context import (
    NOTHING_MATCHED,
    Context,
    leave,
    pass_context,
    refuse,
    talk,
)
from tui.commands.finding import found_connections
from tui.commands.output import json_option, put_json
from tui.commands.shapes import accepted
from tui.commands.words import moment
from tui.wording import act_word, word


@click.command(short_help="Accept what a renewal has left in doubt.")
@click.argument("reference", metavar="ID")
@click.option("--map", "pairs", metavar="NEW=OLD", multiple=True, help="The new account is the old one, renumbered.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@pass_context
def accept(context: Context, reference: str, pairs: tuple[str, ...], yes: bool, as_json: bool) -> None:
    """Accept the accounts that a renewal has left in doubt, and let their rows go. ID is c12 or an agreement number.

    With --map an account goes on where a vanished one ended: its ledger account, and no row of it twice.
    """
    view = _doubted(context, reference)
    carry = [(pair.partition("=")[0], pair.partition("=")[2]) for pair in pairs]
    if view.facts.doubted and not yes:
        question = context.say("renewal.confirm", n=view.facts.doubted)
        confirm(context, question, lambda: _tell(context, view, asked=bool(carry)), nobody="renewal.add_yes")
    try:
        done = context.runtime.operations.accept_renewal(view.row.id, carry)
    except ValueError as error:
        refuse(context.say("renewal.bad_pair", pair=clean(error, 120), id=view.row.id))
    if as_json:
        put_json(accepted(done))
    else:
        _put_accepted(context, view, done)
    if not done.accounts and (view.case is None or view.case.accepted_at is None):
        leave(NOTHING_MATCHED)


def _doubted(context: Context, reference: str) -> ConnectionView:
    """The connection that is meant: of several that of which something is in doubt."""
    views = found_connections(context, reference)
    doubted = [view for view in views if view.facts.doubted] or views[:1]
    if len(doubted) > 1:
        ids = " ".join(view.row.id for view in doubted)
        refuse(context.say("renewal.several", reference=clean(reference, 60), ids=ids))
    return doubted[0]


def _tell(context: Context, view: ConnectionView, *, asked: bool) -> None:
    """What is in doubt, and how two accounts that are one would be joined, unless that was `asked` for."""
    say = context.say
    talk(say("renewal.doubted", id=view.row.id, customer=view.row.customer))
    diff = view.case.diff if view.case else None
    for line in diff_lines(diff, say) if diff else ():
        talk(f"- {line}")
    if diff and diff.suggested and not asked:
        new, old = diff.suggested
        talk(suggestion(diff, say))
        talk(say("renewal.how_to_join", id=view.row.id, new=new, old=old))


def _put_accepted(context: Context, view: ConnectionView, done: Accepted) -> None:
    say, case = context.say, view.case
    if done.accounts:
        counts = {"n": len(done.accounts), "released": done.released, "waiting": done.waiting}
        click.echo(say("renewal.accepted", id=done.connection, **counts))
        for new, old in done.carried:
            click.echo(say("renewal.carried", new=new, old=old))
    elif case is not None and case.accepted_at is not None:
        talk(say("renewal.already", id=done.connection, at=moment(case.accepted_at), by=case.accepted_by))
    else:
        talk(say("renewal.nothing", id=done.connection))


def put_case(context: Context, view: ConnectionView) -> None:
    """The newest case of a connection: how far it is while it is open, what it brought, and where it hangs."""
    case, say = view.case, context.say
    if case is None or not (case.stage.open or view.facts.doubted):
        return
    click.echo()
    if case.stage.open:
        kind, stage = act_word(case.kind, say), word("console.stage", case.stage, say)
        click.echo(say("cli.case_open", kind=kind, stage=stage, at=moment(case.created_at)))
        click.echo(case.link)
    if case.diff is not None:
        for line in (*diff_lines(case.diff, say), suggestion(case.diff, say) if view.facts.doubted else ""):
            click.echo(f"- {line}" if line else "", nl=bool(line))
    if (key := stalled(case, context.clock.now())) is not None:
        click.echo(say(key))

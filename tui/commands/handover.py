"""`forny handover`: what the next shift must know, as text for a ticket or a chat."""

from datetime import datetime

import click

from backend.model.problems import ProblemError
from backend.model.text import clean
from backend.rules.danish import moment
from backend.rules.handover import handover_text
from backend.rules.moments import moment_of
from tui.commands.context import Context, pass_context, refuse, talk
from tui.commands.output import json_option, put_json
from tui.commands.shapes import handover as shape


@click.command(short_help="What the next shift must know: what changed, what is open, what is under way.")
@click.option("--since", metavar="TIME", help="8h, 2d, 07:00 or 2026-03-02T14:00; else since the last handover, or 8h.")
@click.option("--mark", is_flag=True, help="Note in the audit log that the shift is handed over; the next begins here.")
@click.option("--note", metavar="TEXT", default="", help="With --mark: what the next shift is told first.")
@json_option
@pass_context
def handover(context: Context, since: str | None, mark: bool, note: str, as_json: bool) -> None:
    """Print what changed in a period, open incidents, plans under way and what can still be undone.

    Plain text of 80 columns, to be pasted into a ticket or a chat. Customers' names stand in it; mail addresses, links
    and account numbers do not.
    """
    if note and not mark:
        refuse(context.say("handover.note_alone"))
    start = None if since is None else _time(context, since)
    facts = context.runtime.reader.handover(start, context.clock.now())
    marked = None
    if mark:
        try:
            marked = context.runtime.operations.hand_over(note, facts)
        except ProblemError as error:
            refuse(error.sentence(context.say))
    if as_json:
        put_json(shape(facts, context.say, context.warnings, marked))
    else:
        click.echo(handover_text(facts, context.say, context.warnings), nl=False)
    if marked is not None:
        talk(context.say("handover.marked", by=marked.operator, at=moment(marked.at)))


def _time(context: Context, text: str) -> datetime:
    now = context.clock.now()
    try:
        at = moment_of(text, now)
    except ValueError:
        refuse(context.say("handover.no_time", text=clean(text, 60)))
    if at > now:
        refuse(context.say("handover.ahead", at=moment(at)))
    return at

"""`forny incidents`: what hits many at once."""

import click

from backend.model.incidents import IncidentView
from tui.commands.context import NOTHING_MATCHED, Context, leave, pass_context, talk
from tui.commands.output import put_array, put_table

_EVERY = 1_000


@click.command(short_help="Incidents: what fails for many at once, and what waits behind it.")
@click.option("--all", "over", is_flag=True, help="Those that are over, too.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@pass_context
def incidents(context: Context, over: bool, as_json: bool) -> None:
    """List open incidents: whose trouble it is, since when, who is hit, and what waits behind it.

    An incident opens by itself and ends when one of its members has proved that it works again.
    """
    found = [view for view in context.runtime.reader.incidents(_EVERY) if over or view.closed_at is None]
    if as_json:
        from tui.commands.shapes import incident

        put_array(map(incident, found))
    else:
        header = context.say("cli.incidents_header").split("|")
        put_table(header, (_incident(context, view) for view in found), stretch=1)
    if not found:
        talk(context.say("cli.no_incidents"))
        leave(NOTHING_MATCHED)


def _incident(context: Context, view: IncidentView) -> list[str]:
    from tui.commands.words import moment, percent

    told = f"Aiia: {view.health}" if view.health else "-"
    seen = f"{view.failed}/{view.tried} ({percent(view.usual)})" if view.tried else told
    return [
        view.scope,
        view.key or "-",
        view.cause,
        moment(view.opened_at),
        moment(view.closed_at),
        str(view.connections),
        str(view.customers),
        seen,
        str(view.pending),
        moment(view.oldest_at),
    ]

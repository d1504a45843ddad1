"""`forny incidents`: what hits many at once."""

from functools import partial

import click

from backend.model.incidents import IncidentView
from tui.commands.context import Context, pass_context
from tui.commands.output import json_option, put_found
from tui.commands.shapes import incident
from tui.commands.words import moment, percent

_EVERY = 1_000


@click.command(short_help="Incidents: what fails for many at once, and what waits behind it.")
@click.option("--all", "over", is_flag=True, help="Those that are over, too.")
@json_option
@pass_context
def incidents(context: Context, over: bool, as_json: bool) -> None:
    """List open incidents: whose trouble it is, since when, who is hit, and what waits behind it.

    An incident opens by itself and ends when one of its members has proved that it works again.
    """
    found = [view for view in context.runtime.reader.incidents(_EVERY) if over or view.closed_at is None]
    row, none = partial(_incident, context), "handover.no_incidents"
    put_found(context, found, as_json, incident, "cli.incidents_header", row, stretch=1, none=none)


def _incident(context: Context, view: IncidentView) -> list[str]:
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

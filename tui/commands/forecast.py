"""`forny forecast`: renewals due per day and bank, and how many connections are likely to go dark."""

import click

from backend.rules.forecast import WEEKS, BankLoad, Forecast
from tui.commands.context import NOTHING_MATCHED, Context, leave, pass_context, talk
from tui.commands.output import json_option, put_json, put_table
from tui.commands.shapes import forecast as shape
from tui.commands.words import day, percent
from tui.outlook import read_forecast, weeks_of

_BAR = 40


@click.command(short_help="Renewals due per day and bank.")
@click.option("--weeks", type=click.IntRange(1, 52), default=WEEKS, show_default=True, help="How far to look.")
@json_option
@pass_context
def forecast(context: Context, weeks: int, as_json: bool) -> None:
    """Say how many renewals fall due, when and at which bank, and how many are likely to go unanswered.

    The bank's date counts where there is one and the fleet has not proved it wrong; else what the fleet has learnt.
    """
    seen = read_forecast(context.runtime.reader, context.clock.now(), weeks)
    if as_json:
        put_json(shape(seen))
    elif seen.due:
        _weeks(context, seen)
        click.echo()
        put_table(
            context.say("cli.forecast_banks_header").split("|"),
            (_bank(context, load) for load in seen.banks),
            stretch=0,
        )
    if seen.unknown:
        talk(context.say("cli.forecast_unknown", count=seen.unknown))
    if not seen.due:
        talk(context.say("cli.nothing_due", weeks=weeks))
        leave(NOTHING_MATCHED)


def _weeks(context: Context, seen: Forecast) -> None:
    weeks = weeks_of(seen)
    most = max(due for _, due, _ in weeks)
    rows = (
        [str(monday.isocalendar().week), day(monday), str(due), _count(dark), "#" * -(-_BAR * due // most)]
        for monday, due, dark in weeks
    )
    put_table(context.say("cli.forecast_weeks_header").split("|"), rows, stretch=4)


def _count(dark: float | None) -> str:
    return "?" if dark is None else str(round(dark))


def _bank(context: Context, load: BankLoad) -> list[str]:
    rate = "?" if load.rate is None else percent(load.rate)
    answered = f"{rate} ({load.answered}/{load.asked})" if load.own_rate else rate
    return [load.bank or "-", str(load.due), answered, _count(load.dark)]

"""`forny plan ID --report`: what became of a plan, as text for a ticket, on stdout or in a file of one's own."""

from pathlib import Path

import click

from backend.audit_file import write_private
from backend.model.plans import PlanView
from backend.model.text import clean
from backend.rules.report import report
from tui.commands.context import Context, refuse, talk
from tui.commands.shapes import reason_text

STDOUT = "-"


def put_report(context: Context, view: PlanView, place: str) -> None:
    """Write the report to stdout, or to a new file that only its owner can read; one that is there stays as it is."""
    now = context.clock.now()
    rows = context.runtime.reader.rows([connection for connection, _ in view.refused], now)
    customers = {row.id: row.customer for row in rows}
    text = report(view, context.say, now, customers, lambda key: reason_text(context.say, key))
    if place == STDOUT:
        click.echo(text, nl=False)
        return
    try:
        write_private(Path(place), [text.encode("utf-8", "replace")], replace=False)
    except FileExistsError:
        refuse(context.say("report.file_exists", file=clean(place)))
    except OSError as error:
        refuse(context.say("report.file_failed", file=clean(place), error=error.strerror or type(error).__name__))
    talk(context.say("report.written", file=clean(place)))

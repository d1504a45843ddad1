"""Seeing the fleet as it was known at an earlier moment, for every command that reads."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

import click

from backend.model.text import clean
from backend.rules.danish import moment
from backend.rules.moments import moment_of
from tui.commands.context import NOTHING_MATCHED, Context, leave, meant, refuse, talk

Command = TypeVar("Command", bound=Callable[..., object])


def at_option(command: Command) -> Command:
    """Give a command the option `--at TIME`, for `look_back`."""
    told = "As it was known then: 2026-03-01T02:10, 02:10 (today), `12.04.22, 09:58` or 6h (ago)."
    return click.option("--at", metavar="TIME", help=told)(command)


def moment_said(context: Context, text: str) -> datetime:
    """The moment that a person wrote. Leaves with exit code 2 when the text means none."""
    try:
        return moment_of(text, context.clock.now())
    except ValueError:
        refuse(context.say("cli.at_unreadable", text=clean(text, 60)))


def look_back(context: Context, text: str | None, reference: str | None = None) -> None:
    """From here on this invocation reads what was known at the moment that `text` means; None: the present.

    With a `reference` to a connection or agreement only that is rebuilt. Leaves with exit code 2 for a text that
    means no moment or one that is yet to come, and with 4 for one before anything was known.
    """
    if text is None:
        return
    from backend.store.past import began

    at = moment_said(context, text)
    if at > context.clock.now():
        refuse(context.say("cli.at_ahead", at=moment(at)))
    present = context.runtime.present
    found = None if reference is None else meant(context, reference)
    wanted: list[str | None] = [None] if found is None else [*found]
    known = [first for one in wanted if (first := began(present.store, one))]
    if not known or min(known) > at:
        _nothing_known(context, min(known, default=None))
    context.look_back(at, found)
    talk(context.say("cli.as_of", at=moment(at)))


def _nothing_known(context: Context, first: datetime | None) -> None:
    talk(context.say("cli.at_before", at=moment(first)) if first else context.say("cli.at_nothing"))
    leave(NOTHING_MATCHED)

"""`forny problem`: what an operator does about the open problem of a connection, and the notes he leaves there."""

from collections.abc import Callable
from datetime import datetime, timedelta

import click

from backend.model.problems import Condition, Handled, Note, ProblemError, name_text
from backend.model.text import clean
from backend.rules.filters import duration
from backend.rules.moments import instant_of
from backend.rules.ticket import ticket as text
from tui.commands.context import (
    SOME_REFUSED,
    Context,
    leave,
    meant,
    pass_context,
    refuse,
    talk,
)
from tui.commands.output import json_option, put_array, put_found, put_json
from tui.commands.shapes import handled
from tui.commands.shapes import note as shape
from tui.commands.words import moment
from tui.wording import word

_IDS = click.argument("ids", metavar="ID...", nargs=-1, required=True)


@click.group(short_help="Snooze, mute, assign, note: what is done about a connection's problem.")
def problem() -> None:
    """Do something about the open problem of a connection. ID is a connection (`c12`) or an agreement number.

    `forny problems` lists them. Everything here is on record with your name, and changes nothing at the bank.
    """


@problem.command()
@_IDS
@click.option("--until", metavar="TIME", help="2026-03-02T14:00 or 02.03.26, 14:00, on a Danish clock.")
@click.option("--for", "span", metavar="DURATION", help="30m, 6h, 2d or 1w from now.")
@click.option(
    "--when", "condition", type=click.Choice([condition.value for condition in Condition]), help="Until this happens."
)
@json_option
@pass_context
def snooze(
    context: Context, ids: tuple[str, ...], until: str | None, span: str | None, condition: str | None, as_json: bool
) -> None:
    """Let a problem rest until a time or a condition, whichever comes first; then it comes back by itself.

    `incident_end`: the incident is over. `limit_end`: the bank may be asked again. `renewed`: the customer has logged
    in. `changed`: something else is wrong. Another cause on the same connection is shown at once in any case.
    """
    if until is not None and span is not None:
        refuse(context.say("problem.one_time"))
    if until is None and span is None and condition is None:
        refuse(context.say("problem.snooze_what", known=", ".join(Condition)))
    at = _time(context, until) if until is not None else _after(context, span) if span is not None else None
    act, when = context.runtime.operations.snooze, condition or ""
    _each(context, ids, lambda one: act(one, until=at, condition=when), "problem.did_snooze", as_json, condition=when)


@problem.command()
@_IDS
@json_option
@pass_context
def wake(context: Context, ids: tuple[str, ...], as_json: bool) -> None:
    """End a snooze before its time."""
    _each(context, ids, context.runtime.operations.wake, "problem.did_wake", as_json)


@problem.command()
@_IDS
@json_option
@pass_context
def mute(context: Context, ids: tuple[str, ...], as_json: bool) -> None:
    """Hide this cause on this connection until it is unmuted, or comes back worse than it is now."""
    _each(context, ids, context.runtime.operations.mute, "problem.did_mute", as_json)


@problem.command()
@_IDS
@json_option
@pass_context
def unmute(context: Context, ids: tuple[str, ...], as_json: bool) -> None:
    """Show a muted cause again."""
    _each(context, ids, context.runtime.operations.unmute, "problem.did_unmute", as_json)


@problem.command()
@_IDS
@click.option("--to", "name", metavar="NAME", help="Whose it is; yours when left out, nobody's when empty.")
@json_option
@pass_context
def assign(context: Context, ids: tuple[str, ...], name: str | None, as_json: bool) -> None:
    """Give problems to an operator, and say whose they were."""
    try:
        to = name_text(context.runtime.settings.operator if name is None else name)
    except ProblemError as error:
        refuse(error.sentence(context.say))
    act = context.runtime.operations.assign
    _each(context, ids, lambda one: act(one, to), "problem.did_assign" if to else "problem.did_release", as_json, to=to)


@problem.command()
@click.argument("reference", metavar="ID")
@click.argument("words", metavar="TEXT...", nargs=-1, required=True)
@json_option
@pass_context
def note(context: Context, reference: str, words: tuple[str, ...], as_json: bool) -> None:
    """Write a note on a connection. It stays on record with your name and cannot be changed."""
    one = _one(context, reference)
    try:
        written = context.runtime.operations.note(one, " ".join(words))
    except ProblemError as error:
        refuse(error.sentence(context.say))
    if as_json:
        put_json(shape(written))
    else:
        click.echo(context.say("problem.did_note", id=one))


@problem.command()
@click.argument("reference", metavar="ID")
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True, help="At most so many.")
@json_option
@pass_context
def notes(context: Context, reference: str, limit: int, as_json: bool) -> None:
    """Show the notes on a connection, newest first."""
    found = context.runtime.reader.notes(_one(context, reference), limit)
    put_found(context, found, as_json, shape, "problem.notes_header", _cells, stretch=2, none="problem.no_notes")


def _cells(item: Note) -> list[str]:
    return [moment(item.at), item.operator, item.text]


@problem.command()
@click.argument("reference", metavar="ID")
@click.option("--for", "to", type=click.Choice(["mastercard", "bank", "team"]), default="mastercard", show_default=True)
@click.option("--attempts", "last", type=click.IntRange(0, 50), default=5, show_default=True, help="So many tries.")
@pass_context
def ticket(context: Context, reference: str, to: str, last: int) -> None:
    """Print what a ticket about this connection should hold: ids, times in UTC, the last tries and the chain of facts.

    Tokens, links and mail addresses are left out, and account numbers are masked. Notes go to your own team only.
    """
    one, runtime, now = _one(context, reference), context.runtime, context.clock.now()
    view = runtime.reader.connection(one, now)
    assert view is not None
    click.echo(
        text(
            view,
            runtime.reader.attempts(one, last),
            runtime.reader.notes(one, 20) if to == "team" else (),
            context.say,
            now,
            to=to,
            environment=context.settings.environment,
            event=runtime.reader.last_webhook(one),
        ),
        nl=False,
    )


# -- what they share -----------------------------------------------------------------------------------------------


def _each(
    context: Context,
    references: tuple[str, ...],
    act: Callable[[str], Handled],
    told: str,
    as_json: bool,
    condition: str = "",
    **values: str,
) -> None:
    """Do it to one problem after another; what cannot be done is told, and the others are done all the same.

    An ID that names no connection is a slip of the keys: then nothing is done at all.
    """
    done: list[Handled] = []
    wrong = False
    for one in dict.fromkeys(connection for reference in references for connection in meant(context, reference)):
        try:
            did = act(one)
        except ProblemError as error:
            talk(error.sentence(context.say))
            wrong = True
            continue
        done.append(did)
        if not as_json:
            until = context.say("problem.snoozed_until", at=moment(did.until)) if did.until else ""
            when = context.say(f"problem.when.{condition}") if condition else ""
            how = ", ".join(filter(None, (until, when)))
            before = context.say("problem.before", name=did.before) if did.before else ""
            cause = word("situation", did.cause, context.say)
            click.echo(context.say(told, id=one, cause=cause, how=how, **values) + before)
    if as_json:
        put_array(map(handled, done))
    if wrong:
        leave(SOME_REFUSED)


def _one(context: Context, reference: str) -> str:
    """The one connection that is meant; an agreement with several is asked about."""
    found = meant(context, reference)
    if len(found) > 1:
        refuse(context.say("problem.which", id=reference, known=", ".join(found)))
    return found[0]


def _time(context: Context, text: str) -> datetime:
    try:
        return instant_of(text, context.clock.now())
    except ValueError:
        refuse(context.say("problem.no_time", text=clean(text, 60)))


def _after(context: Context, text: str) -> datetime:
    seconds = duration(text)
    try:
        if seconds:
            return context.clock.now() + timedelta(seconds=seconds)
    except OverflowError:
        pass
    refuse(context.say("problem.no_duration", text=clean(text, 60)))

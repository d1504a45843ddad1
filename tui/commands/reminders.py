"""`forny reminders`: who was reminded of what, with what outcome, and what is planned next."""

from datetime import datetime
from operator import itemgetter

import click

from backend.model.filters import Compare, Filter
from backend.model.reminders import Outlook, Reminder, ReminderFacts, span, steps
from backend.rules.danish import day
from backend.rules.reminders import outlook
from backend.texts import Say
from tui.commands.context import Context, pass_context
from tui.commands.finding import parsed
from tui.commands.output import fields, iso, json_option, put_found
from tui.commands.words import moment

_MANY = 200
_FEW = 5
_SILENT = ("removed", "not_live", "superseded", "no_end")
"""Reasons for which nothing is planned that anybody would miss."""


@click.command(short_help="Reminders: what was sent to whom, and what is planned next.")
@click.argument("words", nargs=-1, metavar="[FILTER]...")
@click.option("--limit", type=click.IntRange(min=1), default=_MANY, show_default=True, help="At most so many of each.")
@json_option
@pass_context
def reminders(context: Context, words: tuple[str, ...], limit: int, as_json: bool) -> None:
    """List the mails before expiry: the newest that were sent, oldest first, then what is planned next.

    All of them, or those of the connections that FILTER matches (see `forny list --help`). The schedule is the setting
    `reminders`. What is unknown may have gone out before a crash, and is not sent again by itself.
    """
    query, reader = parsed(context, " ".join(words)), context.runtime.reader
    known = list(reversed(reader.reminded(query, limit)))
    planned = _planned(context, query, limit)
    told = [(sent(one), _sent_row(context.say, one)) for one in known]
    told += [(plan(*one), _plan_row(context, *one)) for one in planned]
    shape, row = itemgetter(0), itemgetter(1)
    put_found(context, told, as_json, shape, "cli.reminders_header", row, stretch=3, none="cli.no_reminders")


def of_connection(context: Context, connection: str) -> dict[str, object]:
    """What `show --json` tells: the newest reminders of a connection, and what is planned next (or null)."""
    known, planned = _about(context, connection)
    return {"reminders": [*map(sent, known)], "next_reminder": plan(*planned[0]) if planned else None}


def lines(context: Context, connection: str) -> list[str]:
    """The same in words, for `show`: what is planned, then what was sent, newest first."""
    known, planned = _about(context, connection)
    rows = [_plan_row(context, *one) for one in planned] + [_sent_row(context.say, one) for one in known]
    return ["  ".join(cell for cell in (row[0], *row[6:]) if cell != "-") for row in rows]


def _about(context: Context, connection: str) -> tuple[list[Reminder], list[tuple[ReminderFacts, Outlook]]]:
    only = Filter(terms=(Compare(field="id", op="=", value=connection),))
    return context.runtime.reader.reminders(connection, _FEW), _planned(context, only, 1)


def next_of(context: Context, facts: ReminderFacts) -> Outlook:
    """What the rule says of a connection now, with this profile's schedule and mail server."""
    if not context.settings.smtp_url:
        return Outlook(reason="no_mail_server")
    return outlook(facts, steps(context.settings.reminders), context.clock.now())


def _planned(context: Context, query: Filter, limit: int) -> list[tuple[ReminderFacts, Outlook]]:
    now = context.clock.now()
    found = [(facts, next_of(context, facts)) for facts in context.runtime.reader.reminder_facts(query, now, limit)]
    found = [one for one in found if one[1].reason not in _SILENT and not (one[1].reason == "done" and not one[1].at)]
    return sorted(found, key=lambda one: one[1].at or now)


def _state(seen: Outlook) -> str:
    return "planned" if seen.reason in ("", "early", "done") else "held"


def _due_at(seen: Outlook, now: datetime) -> datetime | None:
    return now if seen.due is not None and not seen.reason else seen.at


def sent(one: Reminder) -> dict[str, object]:
    """One reminder on record, for `--json`."""
    return {
        **fields(one, "id", "connection", "agreement_number", "customer", "bank", "state", "reason"),
        "step": span(one.step),
        "expires_at": iso(one.expires_at),
        "mailed_to": one.mail_to or None,
        **fields(one, "message_id", "case"),
        "at": iso(one.created_at),
        "settled_at": iso(one.settled_at),
    }


def plan(facts: ReminderFacts, seen: Outlook) -> dict[str, object]:
    """What is planned next for a connection, for `--json`: `at` null means now, or nobody knows when."""
    return {
        "id": None,
        **fields(facts, "connection", "agreement_number", "customer", "bank"),
        "state": _state(seen),
        "reason": seen.reason,
        "step": None if seen.due is None else span(seen.due),
        "expires_at": iso(seen.end),
        "learnt": seen.learnt,
        "mailed_to": facts.email or None,
        "at": iso(seen.at),
    }


def _sent_row(say: Say, one: Reminder) -> list[str]:
    return [
        moment(one.created_at),
        one.connection,
        one.agreement_number,
        one.customer,
        one.bank,
        day(one.expires_at),
        span(one.step),
        say(f"reminder.state.{one.state}"),
        one.mail_to or "-",
        _why(say, one.reason),
    ]


def _plan_row(context: Context, facts: ReminderFacts, seen: Outlook) -> list[str]:
    say = context.say
    return [
        moment(_due_at(seen, context.clock.now())),
        facts.connection,
        facts.agreement_number,
        facts.customer,
        facts.bank,
        day(seen.end) if seen.end else "-",
        "-" if seen.due is None else span(seen.due),
        say(f"reminder.state.{_state(seen)}"),
        facts.email or "-",
        "-" if _state(seen) == "planned" else _why(say, seen.reason),
    ]


def _why(say: Say, reason: str) -> str:
    """The reason in words; the kind of a failure as it is."""
    if not reason:
        return "-"
    try:
        return say(f"reminder.reason.{reason}")
    except KeyError:
        return reason

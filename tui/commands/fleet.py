"""`forny list` and `show`: the fleet, and one connection whole."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING

import click

from backend.model.facts import Account, Act
from backend.model.filters import Filter
from backend.model.limits import Gate
from backend.model.views import ConnectionView, FleetRow
from backend.ports import FleetReader
from backend.rules.danish import days_left
from backend.rules.explain import explain
from backend.rules.lifetimes import counts_for
from tui import wording
from tui.commands import reminders
from tui.commands.context import NOTHING_MATCHED, Context, leave, pass_context, refuse, talk
from tui.commands.finding import found_connections, parsed
from tui.commands.looking_back import at_option, look_back
from tui.commands.output import fields, iso, json_option, put_array, put_csv, put_json, put_pairs, put_table
from tui.commands.reminders import lines
from tui.commands.renewals import put_case
from tui.commands.shapes import FLEET_FIELDS, connection, fleet_row, gate, life, reason_text
from tui.commands.words import day as danish_day
from tui.commands.words import moment

if TYPE_CHECKING:
    from backend.model.lifetimes import Lifespan

SORTS = (
    "customer",
    "agreement",
    "bank",
    "status",
    "consent",
    "fetch",
    "transfer",
    "verdict",
    "expires",
    "fetched",
    "pending",
    "id",
)
_WINDOW = 2_000


@click.command("list", short_help="List connections, all or those that match.")
@click.argument("words", nargs=-1, metavar="[FILTER]...")
@click.option(
    "--sort", default="customer", metavar="FIELD", help=f"One of {', '.join(SORTS)}; with `-` before it, downwards."
)
@click.option("--limit", type=click.IntRange(min=1), help="At most so many.")
@click.option("--json", "form", flag_value="json", help="One JSON array.")
@click.option("--csv", "form", flag_value="csv", help="Comma-separated values with a header line.")
@click.option("--count", "form", flag_value="count", help="Only how many there are.")
@at_option
@pass_context
def list_(
    context: Context, words: tuple[str, ...], sort: str, limit: int | None, form: str | None, at: str | None
) -> None:
    """List connections, all or those that FILTER matches.

    FILTER: words, !word, /regex/, field:value, field<n, expires<14d, bank:danske, verdict:operator, is:late.
    """
    look_back(context, at)
    query = parsed(context, " ".join(words))
    field = sort.removeprefix("-")
    if field not in SORTS:
        refuse(context.say("cli.sort_unknown", field=field, known=", ".join(SORTS)))
    reader = context.runtime.reader
    if form == "count":
        count = reader.fleet_count(query, context.clock.now())
        click.echo(min(count, limit) if limit else count)
        leave(0 if count else NOTHING_MATCHED)
    rows = _rows(context, query, field, sort.startswith("-"), limit)
    if form == "json":
        gates = reader.shut_gates(context.clock.now())
        whole = _with_accounts(reader, rows)
        found = put_array(fleet_row(row, accounts) | {"gate": gate(gate_before(gates, row))} for row, accounts in whole)
    elif form == "csv":
        whole = _with_accounts(reader, rows)
        cells = (
            [*fields(row, *FLEET_FIELDS).values(), " ".join(map(account_number, accounts))] for row, accounts in whole
        )
        found = put_csv((*FLEET_FIELDS, "accounts"), cells)
    else:
        now = context.clock.now()
        header = context.say("cli.list_header").split("|")
        gates = reader.shut_gates(now)
        found = put_table(header, (_columns(context, row, now, gates) for row in rows), stretch=2)
    if not found:
        talk(context.say("cli.nothing_matched"))
        leave(NOTHING_MATCHED)


def _rows(context: Context, query: Filter, sort: str, descending: bool, limit: int | None) -> Iterator[FleetRow]:
    """The list, read in pieces, so that a million rows never stand in memory."""
    now = context.clock.now()
    offset = 0
    while limit is None or offset < limit:
        size = _WINDOW if limit is None else min(_WINDOW, limit - offset)
        rows = context.runtime.reader.fleet(query, sort, descending, offset, size, now)
        yield from rows
        if len(rows) < size:
            return
        offset += len(rows)


def _with_accounts(reader: FleetReader, rows: Iterator[FleetRow]) -> Iterator[tuple[FleetRow, tuple[Account, ...]]]:
    while window := list(islice(rows, _WINDOW)):
        accounts = reader.accounts([row.id for row in window])
        for row in window:
            yield row, accounts.get(row.id, ())


def account_number(account: Account) -> str:
    """How people name the account: IBAN, else BBAN, else the provider's id."""
    return account.iban or account.bban or account.provider_account_id


def gate_before(gates: Sequence[Gate], row: FleetRow) -> Gate | None:
    """The shut gate, its bank's or its provider's, for which no fetch and no act of this connection begins."""
    return next((one for one in gates if one.provider == row.provider and one.bank in ("", row.bank)), None)


def next_step(context: Context, row: FleetRow, now: datetime, gates: Sequence[Gate]) -> str:
    """What to do next about one connection: the act, by its name, or what the console says.

    What would begin and is not let through waits for the gate.
    """
    if (shut := gate_before(gates, row)) is not None and (row.running or row.action == Act.SYNC):
        return context.say("cli.gate_wait", until=moment(shut.until), why=reason_text(context.say, shut.reason))
    if not row.running and row.wait_until and row.wait_until > now:
        return context.say("cli.wait_until", until=moment(row.wait_until))
    return (not row.running and row.action) or wording.next_step(row, now, context.say)


def _columns(context: Context, row: FleetRow, now: datetime, gates: Sequence[Gate]) -> list[str]:
    left = days_left(row.expires_at, now)
    return [
        row.id,
        row.agreement_number,
        row.customer,
        row.bank,
        row.status,
        wording.consent_word(row.consent, context.say),
        moment(row.last_fetched),
        "-" if left is None else str(left),
        str(row.pending),
        next_step(context, row, now, gates),
    ]


@click.command(short_help="One connection whole.")
@click.argument("reference", metavar="ID")
@json_option
@at_option
@pass_context
def show(context: Context, reference: str, as_json: bool, at: str | None) -> None:
    """Show one connection whole: ID is a connection (c12) or an agreement number."""
    look_back(context, at, reference)
    views = found_connections(context, reference)
    reader = context.runtime.reader
    if as_json:
        items = [
            connection(view, reader.attempts(view.row.id, 20), context.say, context.clock.now())
            | {"usual_life": life(life_of(context, view)), "as_of": iso(context.as_of)}
            | reminders.of_connection(context, view.row.id)
            for view in views
        ]
        put_json(items[0] if len(items) == 1 else items)
        return
    for place, view in enumerate(views):
        if place:
            click.echo()
        _show(context, view)


def _show(context: Context, view: ConnectionView) -> None:
    say, row, now = context.say, view.row, context.clock.now()
    left = days_left(row.expires_at, now)
    key = "cli.expires_unknown" if left is None else "cli.expires_in" if left >= 0 else "cli.expired"
    expires = say(key, at=moment(row.expires_at), n=left)
    consent = wording.consent_word(row.consent, say)
    put_pairs(
        [
            (say("cli.word.id"), row.id),
            (say("console.column.customer"), f"{row.customer} ({row.agreement_number})"),
            (say("cli.word.email"), view.email or "-"),
            (say("console.column.bank"), row.bank),
            (say("console.column.status"), row.status),
            (say("console.column.consent"), f"{consent}, {expires}{usually(context, view)}"),
            (say("console.column.fetch"), f"{wording.fetch_word(row.fetch, say)}, {moment(row.last_fetched)}"),
            (say("console.column.transfer"), f"{wording.transfer_word(row.transfer, say)}, {row.pending}"),
            (say("cli.word.verdict"), wording.verdict_word(row.verdict, say)),
            (say("console.column.next"), next_step(context, row, now, context.runtime.reader.shut_gates(now))),
        ]
    )
    click.echo()
    put_table(
        say("cli.accounts_header").split("|"),
        (
            [
                f"{account_number(account)} {account.name}".strip(),
                danish_day(row.data_from),
                moment(account.last_fetched or row.last_fetched),
                account.ledger_account or say("cli.no_ledger_account"),
                say("cli.orphaned") if account.orphaned else row.status,
            ]
            for account in view.accounts
        ),
        stretch=0,
    )
    put_case(context, view)

    if reminded := lines(context, row.id):
        click.echo()
        click.echo(say("cli.reminders"))
        for line in reminded:
            click.echo(f"- {line}")
    click.echo()
    put_reasons(context, view)


def life_of(context: Context, view: ConnectionView) -> "Lifespan | None":
    """How long consents of the connection's bank usually live, where that is known."""
    return context.runtime.reader.usual(view.row.bank).get(view.row.bank)


def usually(context: Context, view: ConnectionView) -> str:
    """`; usually dies on day 62 (14 cases)` where the bank gave no date or its dates have proved wrong."""
    told = counts_for(life_of(context, view), view.row.expires_at)
    live = view.row.consent in ("valid", "expiring")
    return "; " + context.say("cli.usually_dies", day=told.day, cases=told.cases) if told and live else ""


def put_reasons(context: Context, view: ConnectionView) -> None:
    """The chain of facts, one line each, and the gate that is shut now, if one is."""
    for line in explain(view.assessment, context.say):
        click.echo(f"- {line}")
    say = context.say
    if (shut := gate_before(context.runtime.reader.shut_gates(context.clock.now()), view.row)) is not None:
        who, why = shut.bank or say("doctor.gate_all"), reason_text(say, shut.reason)
        click.echo(f"- {say('doctor.gate', who=who, until=moment(shut.until), why=why)}")

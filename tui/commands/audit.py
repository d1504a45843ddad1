"""`forny audit`: who did what, when and from where; the check of the log, and its copy for an auditor."""

from collections.abc import Callable, Iterator
from heapq import merge
from pathlib import Path
from typing import NoReturn

import click

from backend.audit_file import Export, check_file, write_private
from backend.model.audit import AuditReport, EventFilter
from backend.model.facts import Event
from backend.model.text import clean
from backend.rules.audit import told
from tui.commands.context import FAILED, Context, leave, on_a_terminal, pass_context, refuse, talk
from tui.commands.finding import found_connections
from tui.commands.looking_back import moment_said
from tui.commands.output import csv_cell, fields, json_option, put_found, put_json, put_rows
from tui.commands.shapes import event
from tui.commands.waiting import follow_store
from tui.commands.words import moment

_PAGE = 1_000


@click.command(short_help="Who did what, when, and how it ended; the check of it.")
@click.argument("reference", metavar="[ID]", required=False)
@click.option("--by", metavar="NAME", help="Of this operator; `agent`: what the program did by itself.")
@click.option("--kind", metavar="KIND", help="Of this kind: sync.done, or all that begins so: sync.")
@click.option("--plan", metavar="N", type=click.IntRange(min=1), help="Of this plan.")
@click.option("--since", metavar="TIME", help="From then on: 2026-03-01T02:10, 02:10 (today) or 6h (ago).")
@click.option("--until", metavar="TIME", help="Before then.")
@click.option("--limit", type=click.IntRange(min=0), default=200, show_default=True, help="The newest so many; 0: all.")
@click.option("--follow", is_flag=True, help="Go on with what comes, until interrupted.")
@json_option
@click.option("--verify", is_flag=True, help="Check that no line was changed, moved, put in or taken away.")
@click.option("--file", metavar="FILE", help="With --verify: check this export instead of the store.")
@click.option("--export", "out", metavar="FILE", help="Write the whole log to FILE: JSON Lines, or CSV for *.csv.")
@click.option("--force", is_flag=True, help="With --export: replace a file that is there.")
@pass_context
def audit(
    context: Context,
    reference: str | None,
    by: str | None,
    kind: str | None,
    plan: int | None,
    since: str | None,
    until: str | None,
    limit: int,
    follow: bool,
    as_json: bool,
    verify: bool,
    file: str | None,
    out: str | None,
    force: bool,
) -> None:
    """Show who did what, when, from where, and how it ended; --verify checks it all.

    Lines are chained by hashes, and sealed by the agent with a key of the store. The end is safe only with an anchor
    outside (setting audit_anchor): who can write the store can cut off lines together with their seals.
    """
    if file is not None and not verify:
        refuse(context.say("cli.audit_file_only"))
    if verify:
        _verify(context, file, as_json)
        return
    if out is not None:
        _export(context, Path(out), force=force)
        return
    only = EventFilter(
        operator=by or "",
        kind=kind or "",
        plan=plan,
        since=None if since is None else moment_said(context, since),
        until=None if until is None else moment_said(context, until),
    )
    connections: list[str | None] = [None]
    if reference is not None:
        connections = [view.row.id for view in found_connections(context, reference)]
    if follow:
        _follow(context, connections, only, limit, as_json)
        return
    found = _newest(context, connections, only, limit) if limit else _every(context, connections, only, 0)
    put_found(context, found, as_json, event, "cli.audit_header", _columns, stretch=7)


def _columns(item: Event) -> list[str]:
    apart = ("terminal", "plan")
    data = ", ".join(
        f"{name}={value}" for name, value in item.data.items() if name not in apart and value not in (None, "")
    )
    origin = f"{item.host} {item.data.get('terminal', '')}".strip()
    plan = str(item.data.get("plan", "-"))
    return [str(item.seq), moment(item.at), item.operator or "-", origin, item.kind, plan, item.connection or "-", data]


def _newest(context: Context, connections: list[str | None], only: EventFilter, limit: int) -> list[Event]:
    reader = context.runtime.reader
    found = [item for one in connections for item in reader.events(0, limit, one, newest_first=True, only=only)]
    return sorted(found, key=lambda item: item.seq)[-limit:]


def _every(context: Context, connections: list[str | None], only: EventFilter, after: int) -> Iterator[Event]:
    """The lines after a number in their order; of one connection or of several, merged."""
    reader = context.runtime.reader

    def of(connection: str | None) -> Iterator[Event]:
        last = after
        while page := reader.events(last, _PAGE, connection, only=only):
            yield from page
            last = page[-1].seq

    return merge(*(of(connection) for connection in connections), key=lambda item: item.seq)


def _follow(context: Context, connections: list[str | None], only: EventFilter, limit: int, as_json: bool) -> None:
    """What there is, then every new line, until somebody interrupts."""
    last = 0

    def put(found: list[Event]) -> None:
        nonlocal last
        put_rows(found, as_json, event, _columns)
        last = found[-1].seq if found else last

    begin = lambda: put(_newest(context, connections, only, limit or _PAGE))  # noqa: E731
    follow_store(context, begin, lambda: put(list(_every(context, connections, only, last))))


# -- checking --------------------------------------------------------------------------------------------------


def _verify(context: Context, file: str | None, as_json: bool) -> None:
    report = context.runtime.verify_audit(_progress(context)) if file is None else _of_file(context, file)
    if as_json:
        put_json(_report(report))
    if not report.whole:
        for found in report.findings:
            talk(told(found, context.say))
        talk(context.say("cli.audit_broken", checked=report.checked))
        leave(FAILED)
    if not as_json:
        _tell_whole(context, report, of_file=file is not None)


def _report(report: AuditReport) -> dict[str, object]:
    """The check as JSON. `broken_at` and `reason` are of the first finding."""
    first = report.findings[0] if report.findings else None
    return {
        "checked": report.checked,
        "broken_at": first.first if first else None,
        "reason": first.damage if first else "",
        "findings": [fields(one, "damage", "first", "last", "before", "seen_at") for one in report.findings],
        **fields(report, "sealed", "sealed_at", "anchored", "anchored_at"),
    }


def _tell_whole(context: Context, report: AuditReport, *, of_file: bool) -> None:
    say = context.say
    click.echo(say("cli.audit_whole", count=report.checked))
    if report.sealed_at is not None:
        click.echo(say("cli.audit_sealed", seq=report.sealed, at=moment(report.sealed_at)))
    else:
        talk(say("cli.audit_no_key" if of_file else "cli.audit_unsealed"))
    if report.anchored_at is not None:
        click.echo(say("cli.audit_anchored", seq=report.anchored, at=moment(report.anchored_at)))
        if report.anchored < report.sealed:
            talk(say("cli.audit_anchor_behind", seq=report.sealed))
    elif not of_file:
        talk(say("cli.audit_anchor_elsewhere" if context.settings.audit_anchor else "cli.audit_no_anchor"))


def _of_file(context: Context, file: str) -> AuditReport:
    try:
        return check_file(Path(file), context.runtime.audit_key(), _progress(context))
    except OSError as error:
        refuse(context.say("cli.audit_no_file", file=clean(file, 200), why=error.strerror))
    except ValueError:
        refuse(context.say("cli.audit_no_export", file=clean(file, 200)))


def _progress(context: Context) -> Callable[[int], None]:
    """Tells a person that waits how far the check is, on a line of its own that is written over."""
    if not on_a_terminal():
        return lambda checked: None

    def tell(checked: int) -> None:
        text = context.say("cli.audit_checking", count=checked)
        click.echo(f"{text}\r", err=True, nl=False)

    return tell


# -- for an auditor --------------------------------------------------------------------------------------------


def _export(context: Context, path: Path, *, force: bool) -> None:
    if path.exists() and not force:
        _is_there(context, path)
    present = context.runtime.present
    made = Export(present.store, present.store.audit_head(), present.clock.now())
    table = path.suffix.lower() == ".csv"
    try:
        write_private(path, made.csv_lines(csv_cell) if table else made.json_lines(), replace=force)
    except FileExistsError:
        _is_there(context, path)
    except OSError as error:
        talk(context.say("cli.audit_not_written", file=clean(path, 200), why=error.strerror))
        leave(FAILED)
    key = "cli.audit_exported_csv" if table else "cli.audit_exported"
    talk(context.say(key, count=made.head, file=clean(path, 200)))


def _is_there(context: Context, path: Path) -> NoReturn:
    refuse(context.say("cli.audit_is_there", file=clean(path, 200)))

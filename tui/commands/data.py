"""`forny import`, `export` and `audit`: the fleet in and out as JSON Lines, and who did what."""

import sys
from collections import deque
from collections.abc import Iterator
from contextlib import nullcontext
from typing import BinaryIO

import click

from backend.model.facts import Event
from backend.model.views import ImportRecord
from tui.commands.context import (
    FAILED,
    NOTHING_MATCHED,
    SOME_REFUSED,
    Context,
    leave,
    on_a_terminal,
    pass_context,
    refuse,
    talk,
)
from tui.commands.output import put_array, put_json, put_line, put_table

_SHOWN_BAD_LINES = 1_000
_PAGE = 1_000


@click.command("import", short_help="Take in customers, connections and accounts.")
@click.argument("file", metavar="FILE")
@click.option("--json", "as_json", is_flag=True, help="The result as one JSON object.")
@pass_context
def import_(context: Context, file: str, as_json: bool) -> None:
    """Take customers, connections and accounts from FILE, one JSON object a line (`-`: standard input).

    A bad line is told with its number, field and reason; the good ones are kept. The same file again changes nothing.
    """
    from backend.importing import BadLine, Reader
    from backend.setting_values import PROVIDERS

    say, bad = context.say, 0
    reader = Reader(say, PROVIDERS)

    def good(source: BinaryIO) -> Iterator[ImportRecord]:
        nonlocal bad
        read = 0
        for item in reader.read(source):
            read += 1
            if read % 50_000 == 0 and on_a_terminal():
                talk(say("import.progress", count=read))
            if isinstance(item, BadLine):
                bad += 1
                if bad <= _SHOWN_BAD_LINES:
                    talk(say("import.bad_line" if item.field else "import.bad_line_whole", **_parts(item)))
                continue
            yield item

    door = context.runtime.door
    with _source(context, file) as source:
        report = door.import_records(good(source), context.clock.now(), context.runtime.settings.operator)
    if bad > _SHOWN_BAD_LINES:
        talk(say("import.more_bad", count=bad - _SHOWN_BAD_LINES))
    counts = {"added": report.added, "changed": report.changed, "unchanged": report.unchanged, "bad": bad}
    if as_json:
        put_json(counts)
    else:
        click.echo(say("import.done", **counts))
    if bad:
        talk(say("import.left_out", count=bad))
        leave(SOME_REFUSED)


def _parts(item: object) -> dict[str, object]:
    return {name: getattr(item, name) for name in ("line", "field", "reason")}


def _source(context: Context, file: str) -> "nullcontext[BinaryIO] | BinaryIO":
    if file == "-":
        return nullcontext(sys.stdin.buffer)
    try:
        return open(file, "rb")  # noqa: PTH123 - closed by the caller's `with`
    except OSError as error:
        refuse(context.say("import.no_file", file=file, why=error.strerror))


@click.command(short_help="Write the fleet as lines that import takes.")
@pass_context
def export(context: Context) -> None:
    """Write the fleet as JSON Lines that `forny import` takes, without tokens."""
    count = 0
    for item in context.runtime.door.export():
        put_line(item)
        count += 1
    talk(context.say("cli.exported", count=count))


@click.command(short_help="Who did what, when, and how it ended.")
@click.argument("reference", metavar="[ID]", required=False)
@click.option("--verify", is_flag=True, help="Check that no line was changed or taken away.")
@click.option("--limit", type=click.IntRange(min=0), default=200, show_default=True, help="The newest so many; 0: all.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@pass_context
def audit(context: Context, reference: str | None, verify: bool, limit: int, as_json: bool) -> None:
    """Show who did what, when, and how it ended; --verify checks the chain.

    The chain makes tampering evident, not impossible: who can write the file can write all of it anew.
    """
    if verify:
        _verify(context, as_json)
        return
    only = None
    if reference is not None:
        from tui.commands.fleet import found_connections

        only = [view.row.id for view in found_connections(context, reference)]
    events: Iterator[Event] | deque[Event] = _events(context, only)
    if limit:
        events = deque(events, maxlen=limit)
    from tui.commands.shapes import event

    if as_json:
        put_array(event(item) for item in events)
        return
    header = context.say("cli.audit_header").split("|")
    shown = put_table(header, (_columns(item) for item in events), stretch=5)
    if not shown:
        talk(context.say("cli.nothing_matched"))
        leave(NOTHING_MATCHED)


def _columns(item: Event) -> list[str]:
    from tui.commands.words import moment

    data = ", ".join(f"{key}={value}" for key, value in item.data.items() if value not in (None, ""))
    return [str(item.seq), moment(item.at), item.kind, item.connection or "-", item.operator or "-", data]


def _events(context: Context, only: list[str] | None) -> Iterator[Event]:
    """The log in its order; of one connection or of several, merged."""
    reader = context.runtime.reader

    def of(connection: str | None) -> Iterator[Event]:
        after = 0
        while page := reader.events(after, _PAGE, connection):
            yield from page
            after = page[-1].seq

    if only is None:
        return of(None)
    from heapq import merge

    return merge(*(of(connection) for connection in only), key=lambda item: item.seq)


def _verify(context: Context, as_json: bool) -> None:
    report = context.runtime.reader.verify_audit()
    if as_json:
        put_json({"checked": report.checked, "broken_at": report.broken_at, "reason": report.reason})
    elif report.broken_at is None:
        click.echo(context.say("cli.audit_whole", count=report.checked))
    if report.broken_at is not None:
        talk(context.say(f"cli.audit_{report.reason}", seq=report.broken_at, checked=report.checked))
        leave(FAILED)

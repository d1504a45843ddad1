"""`forny import` and `export`: the fleet in and out as JSON Lines."""

import sys
from collections.abc import Iterator
from contextlib import nullcontext
from typing import BinaryIO

import click

from backend.model.views import ImportRecord
from tui.commands.context import (
    SOME_REFUSED,
    Context,
    leave,
    on_a_terminal,
    pass_context,
    refuse,
    talk,
)
from tui.commands.output import json_option, put_json, put_line

_SHOWN_BAD_LINES = 1_000


@click.command("import", short_help="Take in customers, connections and accounts.")
@click.argument("file", metavar="FILE")
@json_option
@pass_context
def import_(context: Context, file: str, as_json: bool) -> None:
    """Take customers, connections and accounts from FILE, one JSON object a line (`-`: standard input).

    A bad line is told with its number, field and reason; the good ones are kept. The same file again changes nothing.
    """
    from backend.importing import BadLine, Reader
    from backend.setting_values import PROVIDERS
    from backend.store.engine import StoreError

    say, bad, read = context.say, 0, 0
    reader = Reader(say, PROVIDERS)

    def good(source: BinaryIO) -> Iterator[ImportRecord]:
        nonlocal bad, read
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
        try:
            report = door.import_records(good(source), context.clock.now(), context.runtime.settings.operator)
        except StoreError:
            talk(say("import.cut_short", count=read))
            raise
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

"""How data leaves a command: JSON for programs, CSV for spreadsheets, plain columns for people."""

import csv
import io
import json
import re
import shutil
import sys
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TypeVar

import click

from tui.commands.context import NOTHING_MATCHED, Context, leave, talk

Item = TypeVar("Item")

json_option = click.option("--json", "as_json", is_flag=True, help="As JSON: an array of many, an object of one.")

_FORMULA = re.compile(r"""(^|[;\t\r\n][ "']*)(?=[=+\-@\t\r\uff1d\uff0b\uff0d\uff20])""")
"""Where a cell begins with a sign that begins a formula; the wide ones of East Asia do too."""

_PLAIN_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)*")


def iso(at: datetime | None) -> str | None:
    """UTC, ISO 8601, whole seconds, with Z."""
    if at is None:
        return None
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def day(value: date | None) -> str | None:
    """`2026-02-10`."""
    return None if value is None else value.isoformat()


def decimal(value: Decimal | None) -> str | None:
    """The amount as it is, in digits: never in powers of ten."""
    return None if value is None else format(value, "f")


def fields(item: object, *names: str) -> dict[str, object]:
    """These attributes as JSON values: instants as `iso` writes them, days and amounts as their texts."""
    return {name: _value(getattr(item, name)) for name in names}


def _value(value: object) -> object:
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, date):
        return day(value)
    return decimal(value) if isinstance(value, Decimal) else value


def _raw(text: str) -> None:
    sys.stdout.buffer.write(text.encode("utf-8", "replace"))


def _dumps(item: object) -> str:
    return json.dumps(item, ensure_ascii=False)


def put_json(item: object) -> None:
    """One JSON value, laid out for people when a person looks at it. Always UTF-8."""
    sys.stdout.flush()
    indent = 2 if sys.stdout.isatty() else None
    _raw(json.dumps(item, ensure_ascii=False, indent=indent) + "\n")


def put_array(items: Iterable[object]) -> int:
    """One JSON array, written as its items come; gives how many there were."""
    sys.stdout.flush()
    count = 0
    for item in items:
        _raw(("[\n" if count == 0 else ",\n") + _dumps(item))
        count += 1
    _raw("\n]\n" if count else "[]\n")
    return count


def put_line(item: object) -> None:
    """One JSON value on a line of its own, at once (JSON Lines)."""
    sys.stdout.flush()
    _raw(_dumps(item) + "\n")
    sys.stdout.flush()


def put_rows(
    items: Iterable[Item], as_json: bool, shape: Callable[[Item], object], row: Callable[[Item], Sequence[str]]
) -> None:
    """Items as they come, a line each: JSON Lines, or their cells."""
    for item in items:
        if as_json:
            put_line(shape(item))
        else:
            click.echo("  ".join(row(item)))


def put_csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    """Comma-separated values with a header line; gives how many rows there were. Always UTF-8."""
    sys.stdout.flush()
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(header)
    count = 0
    for row in rows:
        writer.writerow([csv_cell(value) for value in row])
        count += 1
        if buffer.tell() > 60_000:
            _raw(buffer.getvalue())
            buffer.seek(0)
            buffer.truncate()
    _raw(buffer.getvalue())
    return count


def csv_cell(value: object) -> str:
    """The cell's text; what a spreadsheet would take for a formula gets an apostrophe before it.

    Inside the text too: where lists are written with semicolons, as in Denmark, it begins a new cell after each.
    """
    text = "" if value is None else str(value)
    return text if _PLAIN_NUMBER.fullmatch(text) else _FORMULA.sub(r"\1'", text)


def width_of(text: str) -> int:
    """Terminal cells that the text takes."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def fit(text: str, width: int) -> str:
    """The text in exactly `width` cells; a cut one ends in `~`, which every locale has."""
    if width_of(text) <= width:
        return text + " " * (width - width_of(text))
    kept = ""
    for char in text:
        if width_of(kept + char) > width - 1:
            break
        kept += char
    return kept + "~" + " " * (width - 1 - width_of(kept))


def put_table(header: Sequence[str], rows: Iterable[Sequence[str]], *, stretch: int, err: bool = False) -> int:
    """Columns for people; gives how many rows there were. On a narrow terminal column `stretch` gives way."""
    body = [list(row) for row in rows]
    if not body:
        return 0
    widths = [max(width_of(row[place]) for row in [list(header), *body]) for place in range(len(header))]
    if (sys.stderr if err else sys.stdout).isatty():
        room = shutil.get_terminal_size().columns - sum(widths) - 2 * (len(widths) - 1)
        if room < 0:
            widths[stretch] = max(12, widths[stretch] + room)
    for row in [list(header), *body]:
        line = "  ".join(fit(cell, width) for cell, width in zip(row, widths, strict=True))
        click.echo(line.rstrip(), err=err)
    return len(body)


def put_pairs(pairs: Iterable[tuple[str, str]], *, err: bool = False) -> None:
    """Names and values under each other."""
    body = list(pairs)
    width = max((width_of(name) for name, _ in body), default=0)
    for name, value in body:
        click.echo(f"{fit(name, width)}  {value}".rstrip(), err=err)


def put_found(
    context: Context,
    found: Iterable[Item],
    as_json: bool,
    shape: Callable[[Item], object],
    header: str,
    row: Callable[[Item], Sequence[str]],
    *,
    stretch: int,
    none: str = "cli.nothing_matched",
) -> int:
    """What was found, as JSON or in columns; gives how many there were. Leaves with exit code 4 when there are none.

    `header` and `none` are text keys.
    """
    if as_json:
        count = put_array(map(shape, found))
    else:
        count = put_table(context.say(header).split("|"), map(row, found), stretch=stretch)
    if not count:
        talk(context.say(none))
        leave(NOTHING_MATCHED)
    return count

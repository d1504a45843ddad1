"""The fleet list's columns: what each shows, how wide it may be, and which leave first when there is no room."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from backend.model.views import FleetRow
from backend.texts import Say
from tui.cells import Line, Span, fit
from tui.palette import Glyphs
from tui.wording import (
    CONSENT_ROLE,
    VERDICT_ROLE,
    consent_word,
    days_left,
    fetch_word,
    last_act,
    moment,
    next_step,
    number,
    short_moment,
    transfer_word,
    verdict_glyph,
    verdict_word,
)

KEY = "key"
"""The role of a text that begins with the key to press."""

ROOMY = 150
"""Cells from which the columns stand further apart."""

SOON = 14
"""Days left from which the number is shown as a warning."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a cell needs beside its row. `reason` turns a stored reason into words."""

    now: datetime
    say: Say
    glyphs: Glyphs
    reason: Callable[[str], str] = str


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `rank` 0 never leaves; the highest rank leaves first. `sort` is the store's name of its order."""

    id: str
    narrow: int
    wide: int
    rank: int
    sort: str | None
    cell: Callable[[FleetRow, Look, int], Span]
    right: bool = False


def _status(row: FleetRow, look: Look, _width: int) -> Span:
    glyph = verdict_glyph(row.verdict, look.glyphs)
    return f"{glyph} {verdict_word(row.verdict, look.say)}", VERDICT_ROLE[row.verdict]


def _customer(row: FleetRow, _look: Look, _width: int) -> Span:
    return row.customer, "strong"


def _agreement(row: FleetRow, _look: Look, _width: int) -> Span:
    return row.agreement_number, "dim"


def _bank(row: FleetRow, _look: Look, _width: int) -> Span:
    return row.bank or "–", "text"


def _product(row: FleetRow, _look: Look, _width: int) -> Span:
    return row.status, "text" if row.status == "AKTIV" else "dim"


def _consent(row: FleetRow, look: Look, _width: int) -> Span:
    return consent_word(row.consent, look.say), CONSENT_ROLE.get(row.consent, "bad")


def _days(row: FleetRow, look: Look, _width: int) -> Span:
    left = days_left(row.expires_at, look.now)
    if left is None:
        return "–", "dim"
    return f"{left}", "bad" if left < 0 else "warn" if left <= SOON else "text"


def _fetch(row: FleetRow, look: Look, _width: int) -> Span:
    calm = row.fetch in ("ok", "ok_empty", "running", "never")
    return fetch_word(row.fetch, look.say), "text" if calm else "warn"


def _fetched(row: FleetRow, look: Look, width: int) -> Span:
    text = moment(row.last_fetched) if width >= 15 else short_moment(row.last_fetched, look.now)
    return text, "text" if row.last_fetched else "dim"


def _transfer(row: FleetRow, look: Look, _width: int) -> Span:
    role = {"late": "bad", "held": "warn", "queued": "text"}.get(row.transfer, "dim")
    return transfer_word(row.transfer, look.say), role


def _pending(row: FleetRow, _look: Look, _width: int) -> Span:
    return (number(row.pending), "text") if row.pending else ("·", "dim")


def _next(row: FleetRow, look: Look, width: int) -> Span:
    if row.last is not None:
        return last_act(row.last, look.now, look.say, look.glyphs, look.reason, short=width < 16)
    text = next_step(row, look.now, look.say, short=width < 16)
    if row.running:
        return text, "info"
    return text, KEY if row.action and not (row.wait_until and row.wait_until > look.now) else "dim"


COLUMNS: tuple[Column, ...] = (
    Column("status", 10, 10, 0, "verdict", _status),
    Column("customer", 15, 40, 0, "customer", _customer),
    Column("agreement", 8, 10, 6, "agreement", _agreement),
    Column("bank", 11, 22, 3, "bank", _bank),
    Column("product", 7, 7, 8, "status", _product),
    Column("consent", 8, 8, 2, "consent", _consent),
    Column("days", 4, 4, 1, "expires", _days, right=True),
    Column("fetch", 11, 14, 7, "fetch", _fetch),
    Column("fetched", 8, 15, 1, "fetched", _fetched),
    Column("transfer", 11, 14, 9, "transfer", _transfer),
    Column("pending", 4, 6, 4, "pending", _pending, right=True),
    Column("next", 9, 34, 0, None, _next),
)

FLEXIBLE = ("customer", "bank", "next")
"""Columns that take the room first: a name that can be read whole is worth more than a longer date."""

SORTS = tuple(column.sort for column in COLUMNS if column.sort)
"""The orders one can choose, from left to right."""


def gap(width: int) -> str:
    """What stands between two columns: more air where there is room."""
    return "  " if width >= ROOMY else " "


@lru_cache(64)
def layout(width: int) -> list[tuple[Column, int]]:
    """The columns that fit into so many cells, and how wide each is, with a gap between two."""
    kept, air = list(COLUMNS), len(gap(width))
    while len(kept) > 1 and sum(column.narrow + air for column in kept) - air > width:
        leaving = max(kept, key=lambda column: column.rank)
        if leaving.rank == 0:
            break
        kept.remove(leaving)
    widths = {column.id: column.narrow for column in kept}
    slack = width - sum(widths.values()) - (len(kept) - 1) * air
    while slack > 0:
        open_ = [column for column in kept if widths[column.id] < column.wide]
        growing = [column for column in open_ if column.id in FLEXIBLE] or open_
        if not growing:
            break
        for column in growing[:slack]:
            widths[column.id] += 1
        slack -= len(growing[:slack])
    return [(column, widths[column.id]) for column in kept]


def row_line(row: FleetRow, width: int, look: Look) -> Line:
    """One row as spans, each column at its width; the gap after a column wears the column's own role."""
    line: list[Span] = []
    columns, between = layout(width), gap(width)
    for column, cells in columns:
        text, role = column.cell(row, look, cells)
        text = fit(text, cells, right=column.right) + ("" if column is columns[-1][0] else between)
        line += [(text[0], "accent"), (text[1:], "text")] if role == KEY else [(text, role)]
    return line


def heading(width: int, sort: str, descending: bool, say: Say, glyphs: Glyphs) -> Line:
    """The line of titles; the order's column carries an arrow."""
    line: list[Span] = []
    columns, between = layout(width), gap(width)
    for column, cells in columns:
        title = say(f"console.column.{column.id}")
        if column.sort == sort:
            title = f"{title}{glyphs.down if descending else glyphs.up}"
        text = fit(title, cells, right=column.right) + ("" if column is columns[-1][0] else between)
        line.append((text, "title" if column.sort == sort else "head"))
    return line

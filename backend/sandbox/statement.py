"""One account's rows as Aiia shows them at a moment: booked, reserved, deleted, with the knobs' interventions."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from backend.sandbox.dice import uuid_of
from backend.sandbox.fleet import AccountKind
from backend.sandbox.rows import HISTORY_DAYS, RESERVED_DAYS, Row, month_before, month_rows, next_month

Place = tuple[datetime, str]
"""Where a row stands in the order of its account: instant, then key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extra:
    """A row put in by hand. `created` is when the bank made it, which may be long after `at` (back-dated)."""

    key: str
    at: datetime
    created: datetime
    ore: int
    text: str
    state: str = "Booked"
    kind: str = "Transfer"


@dataclass(frozen=True, slots=True)
class Trouble:
    """How calls are answered that concern one consent, or one account's rows."""

    status: int
    error: str
    reason: str


@dataclass(slots=True)
class BankAccount:
    """A bank account with what the control API did to it.

    `closed_at`: since then the bank no longer returns it. `quiet_since`: since then nothing happens on it.
    `withheld`: keys of rows that Aiia never gets, though later balances count them; `holes`: spans of time in which
    it gets none. `forgets`: after a lapse the bank gives the last week only, and a hole is left.
    """

    kind: AccountKind
    extras: list[Extra] = field(default_factory=list)
    deleted: dict[str, tuple[datetime, datetime, int]] = field(default_factory=dict)
    closed_at: datetime | None = None
    quiet_since: datetime | None = None
    forgets: bool = False
    trouble: Trouble | None = None
    withheld: set[str] = field(default_factory=set)
    holes: list[tuple[datetime, datetime]] = field(default_factory=list)

    def keeps_back(self, place: "Place") -> bool:
        """The bank has this row, or would have, and Aiia never gets it."""
        at, key = place
        if self.quiet_since is not None and at > self.quiet_since:
            return True
        return key in self.withheld or any(begin < at <= end for begin, end in self.holes)


@dataclass(slots=True)
class Link:
    """An account under one consent. The two epochs make its own id and its rows' ids, and change with them."""

    account: BankAccount
    account_epoch: int = 0
    row_epoch: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One row as it is shown. `balance` is None while the row is not booked."""

    id: str
    place: Place
    day: date
    value_date: date
    ore: int
    balance: int | None
    text: str
    original: str
    kind: str
    state: str
    deleted: bool = False


def views(link: Link, seen: datetime, *, deleted: bool = False, before: Place | None = None) -> Iterator[View]:
    """The rows that Aiia has after its sync at `seen`, newest first; with `deleted` also those taken back."""
    floor = max(seen - timedelta(days=HISTORY_DAYS), _midnight(link.account.kind.opened, seen))
    start = seen + timedelta(days=RESERVED_DAYS) if before is None else before[0]
    year, month = start.year, start.month
    while (year, month) >= (floor.year, floor.month):
        shown = [view for view in _in_month(link, seen, year, month) if view.place[0] >= floor]
        shown = [view for view in shown if not link.account.keeps_back(view.place)]
        shown.sort(key=lambda view: view.place, reverse=True)
        for view in shown:
            if (deleted or not view.deleted) and (before is None or view.place < before):
                yield view
        year, month = month_before(year, month)


def balance_at(link: Link, seen: datetime) -> int:
    """The booked balance in øre after the sync at `seen`, as the bank knows it: rows that Aiia never gets count."""
    account = link.account
    if account.quiet_since is not None:
        seen = min(seen, account.quiet_since)
    place = (seen, "~")
    return _balance_before(link, seen) + _shift(account, place, seen)


def _midnight(day: date, like: datetime) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=like.tzinfo)


def _in_month(link: Link, seen: datetime, year: int, month: int) -> Iterator[View]:
    key = link.account.kind.key
    own, after = month_rows(key, year, month), month_rows(key, *next_month(year, month))
    for row in own:
        if row.at <= seen and not row.void:
            yield _booked(link, row, seen)
    for row in (*own, *after[: _upto(after)]):
        at = row.reserved_at
        if at is not None and at <= seen and (at.year, at.month) == (year, month):
            yield _reserved(link, row, at, seen)
    for extra in link.account.extras:
        if (extra.at.year, extra.at.month) == (year, month) and extra.created <= seen:
            yield _extra(link, extra, seen)


def _upto(rows: tuple[Row, ...]) -> int:
    """How many of a month's first rows can have been reserved in the month before."""
    if not rows:
        return 0
    first = rows[0].at.replace(day=1, hour=0, minute=0, second=0)
    return bisect_left(rows, first + timedelta(days=RESERVED_DAYS), key=lambda row: row.at)


def _id(link: Link, key: str, phase: str) -> str:
    return uuid_of("row", link.account.kind.key, key, phase, link.row_epoch)


def _gone(link: Link, key: str, seen: datetime) -> bool:
    mark = link.account.deleted.get(key)
    return mark is not None and mark[0] <= seen


def _shift(account: BankAccount, place: Place, seen: datetime) -> int:
    """What extra and deleted rows add to the running balance at a place."""
    if not account.extras and not account.deleted:
        return 0
    total = 0
    for extra in account.extras:
        if extra.state == "Booked" and extra.created <= seen and (extra.at, extra.key) <= place:
            total += extra.ore
    for key, (when, at, ore) in account.deleted.items():
        if when <= seen and (at, key) <= place:
            total -= ore
    return total


def _booked(link: Link, row: Row, seen: datetime) -> View:
    place = (row.at, row.key)
    return View(
        id=_id(link, row.key, "booked"),
        place=place,
        day=row.at.date(),
        value_date=row.value_date,
        ore=row.ore,
        balance=row.balance + _shift(link.account, place, seen),
        text=row.text,
        original=row.original,
        kind=row.kind,
        state="Booked",
        deleted=_gone(link, row.key, seen),
    )


def _reserved(link: Link, row: Row, at: datetime, seen: datetime) -> View:
    """The reservation before a row: taken back, under its own id, once the row is booked or has come to nothing."""
    return View(
        id=_id(link, row.key, "reserved"),
        place=(at, f"{row.key}r"),
        day=at.date(),
        value_date=at.date(),
        ore=row.ore,
        balance=None,
        text=row.text,
        original=row.original,
        kind=row.kind,
        state="Reserved",
        deleted=row.at <= seen,
    )


def _extra(link: Link, extra: Extra, seen: datetime) -> View:
    place = (extra.at, extra.key)
    booked = extra.state == "Booked"
    return View(
        id=_id(link, extra.key, "booked"),
        place=place,
        day=extra.at.date(),
        value_date=extra.at.date(),
        ore=extra.ore,
        balance=_balance_before(link, extra.at) + _shift(link.account, place, seen) if booked else None,
        text=extra.text,
        original=extra.text,
        kind=extra.kind,
        state=extra.state,
        deleted=_gone(link, extra.key, seen),
    )


def _balance_before(link: Link, at: datetime) -> int:
    """The untouched books' balance at an instant."""
    from_month = month_rows(link.account.kind.key, at.year, at.month)
    before = [row.balance for row in from_month if row.at <= at]
    if before:
        return before[-1]
    last = month_rows(link.account.kind.key, *month_before(at.year, at.month))
    return last[-1].balance if last else 0

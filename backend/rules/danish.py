"""Times and amounts inside sentences, as Danes write them and on a Danish clock."""

from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def _zone() -> tzinfo:
    try:
        return ZoneInfo("Europe/Copenhagen")
    except ZoneInfoNotFoundError:
        return UTC


ZONE = _zone()


def local(at: datetime) -> datetime:
    """The instant on a Danish clock; at the ends of the calendar, where there is no such, as it is."""
    try:
        return at.astimezone(ZONE)
    except OverflowError:
        return at


def moment(at: datetime) -> str:
    """`12.04.22, 09:58`."""
    here = local(at)
    return f"{here:%d.%m.%y, %H:%M}{_which(here)}"


def day(at: datetime) -> str:
    """`12.04.22`."""
    return f"{local(at):%d.%m.%y}"


def clock(at: datetime) -> str:
    """`14:20`."""
    here = local(at)
    return f"{here:%H:%M}{_which(here)}"


def days_left(end: datetime | None, now: datetime) -> int | None:
    """Calendar days in Danish time (`facts/reliability.md` F8); negative when it is past."""
    return (local(end).date() - local(now).date()).days if end else None


def money(amount: Decimal) -> str:
    """`184.233,15`; no digit that the bank wrote is lost."""
    exponent = amount.as_tuple().exponent
    places = max(2, -exponent) if isinstance(exponent, int) else 2
    return f"{amount:,.{places}f}".translate(str.maketrans(",.", ".,"))


def _which(here: datetime) -> str:
    """Which of the two ` CEST` or ` CET` it is, in the one hour of the year that a Danish clock shows twice."""
    if here.hour != 2 or here.month != 10 or here.replace(fold=0).utcoffset() == here.replace(fold=1).utcoffset():
        return ""
    return f" {here:%Z}"

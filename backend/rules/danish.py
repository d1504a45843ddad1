"""Times inside sentences, as Danes write them and on a Danish clock."""

from datetime import UTC, datetime, tzinfo
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


def _which(here: datetime) -> str:
    """Which of the two ` CEST` or ` CET` it is, in the one hour of the year that a Danish clock shows twice."""
    if here.hour != 2 or here.month != 10 or here.replace(fold=0).utcoffset() == here.replace(fold=1).utcoffset():
        return ""
    return f" {here:%Z}"

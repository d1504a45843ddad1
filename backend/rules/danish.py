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
    return f"{local(at):%d.%m.%y, %H:%M}"


def day(at: datetime) -> str:
    """`12.04.22`."""
    return f"{local(at):%d.%m.%y}"


def clock(at: datetime) -> str:
    """`14:20`."""
    return f"{local(at):%H:%M}"

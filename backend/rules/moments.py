"""A moment as people write it, read on a Danish clock."""

import re
from datetime import UTC, datetime, timedelta

from backend.rules.danish import ZONE, local

_AGO = re.compile(r"(\d{1,5})\s*([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_CLOCK = re.compile(r"(\d{1,2})[:.](\d{2})")
_DANISH = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4}|\d{2})(?:\s*,?\s+(\d{1,2})[:.](\d{2}))?")


def moment_of(text: str, now: datetime) -> datetime:
    """What `instant_of` reads, or `6h` (m, h, d, w): so long ago. Raises ValueError for what is neither."""
    match = _AGO.fullmatch(text.strip())
    try:
        return instant_of(text, now) if match is None else now - timedelta(**{_UNITS[match[2]]: int(match[1])})
    except OverflowError:
        raise ValueError(text) from None


def instant_of(text: str, now: datetime) -> datetime:
    """The instant (UTC) that `text` means at `now`. Raises ValueError when it means none.

    ISO 8601 with a zone or, on a Danish clock, without; `02:10` is today; `12.04.22, 09:58`, as our own lists write
    it. A day without a time is its beginning. In the hour that a clock set back shows twice, the first.
    """
    text = text.strip()
    try:
        if match := _CLOCK.fullmatch(text):
            here = local(now)
            return here.replace(hour=int(match[1]), minute=int(match[2]), second=0, microsecond=0).astimezone(UTC)
        if match := _DANISH.fullmatch(text):
            day, month, year, hour, minute = (int(part or 0) for part in match.groups())
            whole = year if year > 99 else year + 2000
            return datetime(whole, month, day, hour, minute, tzinfo=ZONE).astimezone(UTC)
        at = datetime.fromisoformat(text)
        return (at.replace(tzinfo=ZONE) if at.tzinfo is None else at).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(text) from None

"""A moment as people write it, read on a Danish clock."""

import re
from datetime import UTC, datetime, timedelta

from backend.rules.danish import ZONE, local

_AGO = re.compile(r"(\d{1,5})\s*([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_CLOCK = re.compile(r"(\d{1,2})[:.](\d{2})")
_DANISH = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4}|\d{2})(?:\s*,?\s+(\d{1,2})[:.](\d{2}))?")


def moment_of(text: str, now: datetime) -> datetime:
    """The instant (UTC) that `text` means at `now`. Raises ValueError when it means none.

    ISO 8601 with a zone or, on a Danish clock, without; `02:10` is today; `12.04.22, 09:58`, as our own lists write
    it; `6h` (m, h, d, w) is so long ago. A day without a time is its beginning.
    """
    text = text.strip()
    here = local(now)
    try:
        if match := _AGO.fullmatch(text):
            return now - timedelta(**{_UNITS[match[2]]: int(match[1])})
        if match := _CLOCK.fullmatch(text):
            return here.replace(hour=int(match[1]), minute=int(match[2]), second=0, microsecond=0).astimezone(UTC)
        if match := _DANISH.fullmatch(text):
            day, month, year, hour, minute = (int(part or 0) for part in match.groups())
            whole = year if year > 99 else year + 2000
            return datetime(whole, month, day, hour, minute, tzinfo=ZONE).astimezone(UTC)
        at = datetime.fromisoformat(text)
        return (at.replace(tzinfo=ZONE) if at.tzinfo is None else at).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(text) from None

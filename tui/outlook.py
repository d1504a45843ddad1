"""The forecast as console and command read it: the same facts, the same rule."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from backend.ports import FleetReader
from backend.rules.axes import LINK_LIFE
from backend.rules.forecast import DayLoad, Forecast, forecast


def read_forecast(reader: FleetReader, now: datetime, weeks: int) -> Forecast:
    """Renewals due in the next `weeks` weeks; last cycle is as many weeks back."""
    span = timedelta(weeks=weeks)
    # The last day of the forecast is a Danish one, which ends up to two hours before or after the UTC one.
    expiries = reader.expiries(now, now + span + timedelta(days=1))
    return forecast(expiries, reader.answers(now - span, now - LINK_LIFE), reader.usual(), now, weeks)


def by_day(days: Sequence[DayLoad]) -> Counter[date]:
    """Renewals due on each day, over all banks."""
    found: Counter[date] = Counter()
    for load in days:
        found[load.day] += load.due
    return found


def weeks_of(seen: Forecast) -> list[tuple[date, int, float | None]]:
    """The first day, the renewals due and the expected dark of each week of the forecast, in calendar weeks."""
    monday = seen.first - timedelta(days=seen.first.weekday())
    last = seen.first + timedelta(days=7 * seen.weeks - 1)
    made: list[tuple[date, int, float | None]] = []
    while monday <= last:
        mine = [load for load in seen.days if monday <= load.day < monday + timedelta(days=7)]
        dark = [load.dark for load in mine if load.dark is not None]
        made.append((monday, sum(load.due for load in mine), sum(dark) if dark else None))
        monday += timedelta(days=7)
    return made

"""Times and money as Danes write them, for the commands' text; JSON and CSV have their own forms."""

from datetime import date, datetime
from decimal import Decimal

from backend.rules import danish

NOTHING = "-"


def moment(at: datetime | None) -> str:
    """`12.04.22, 09:58`."""
    return danish.moment(at) if at else NOTHING


def day(value: date | None) -> str:
    """`10.08.17`."""
    return f"{value:%d.%m.%y}" if value else NOTHING


def days_left(expires: datetime | None, now: datetime) -> int | None:
    """Calendar days in Danish time (`facts/reliability.md` F8); negative when it is past."""
    return (danish.local(expires).date() - danish.local(now).date()).days if expires else None


def percent(share: float) -> str:
    """`12 %`."""
    return f"{round(100 * share)} %"


def money(amount: Decimal) -> str:
    """`184.233,15`; no digit that the bank wrote is lost."""
    exponent = amount.as_tuple().exponent
    places = max(2, -exponent) if isinstance(exponent, int) else 2
    return f"{amount:,.{places}f}".translate(str.maketrans(",.", ".,"))

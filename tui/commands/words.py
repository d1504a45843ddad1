"""Cells of the commands' tables, as Danes write them; JSON and CSV have their own forms."""

from datetime import date, datetime

from backend.rules import danish

NOTHING = "-"


def moment(at: datetime | None) -> str:
    """`12.04.22, 09:58`."""
    return danish.moment(at) if at else NOTHING


def day(value: date | None) -> str:
    """`10.08.17`."""
    return f"{value:%d.%m.%y}" if value else NOTHING


def percent(share: float) -> str:
    """`12 %`."""
    return f"{round(100 * share)} %"

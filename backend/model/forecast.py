"""What a forecast of renewals is made from."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiries:
    """So many live connections of one bank with the same stated end and the same beginning, to the hour.

    None where nobody knows: banks that give no date, consents that were not granted here.
    """

    bank: str
    stated: datetime | None
    began: datetime | None
    connections: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Of `asked` customers of one bank that got a renewal link in the last cycle, so many logged in."""

    bank: str
    asked: int
    answered: int

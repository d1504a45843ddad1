"""How long consents really live, as the fleet has seen it (law 12): counts of whole days from the login to the end."""

from dataclasses import dataclass
from enum import StrEnum


class Ending(StrEnum):
    """How a consent ended: before its stated day (or without one), on it, or because the customer renewed in time."""

    DIED = "died"
    EXPIRED = "expired"
    RENEWED = "renewed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lives:
    """`n` consents that lived `days` days and ended so; `stated` is how many days the bank had said, if it did."""

    days: int
    how: Ending
    stated: int | None
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifespan:
    """On which day a bank's consents usually die, with the number of deaths behind it.

    `wrong`: the bank's own dates have proved wrong, so that this counts more than they do.
    """

    day: int
    cases: int
    wrong: bool

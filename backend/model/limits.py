"""How much may be asked of a provider and its banks: the day's allowance, terms of use, and gates that are shut."""

from dataclasses import dataclass
from datetime import datetime

ALLOWANCE = (4, 1)
"""Unattended look-ups that a bank allows in 24 hours (RTS art. 36(5)(b), `facts/operations.md` §6), and how many of
them are kept for the nightly round. Both can be set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What is left of one connection's allowance of unattended look-ups at its bank, for an operator's act.

    `used` counts the account that was looked up most often in the last 24 hours. `left` is without the reserve of the
    nightly round. `next_at`: when the next look-up becomes free; None while there is one, or when there never is.
    """

    used: int
    left: int
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a provider's terms allow beyond its rates. `bulk_sync`: one step of ours may ask for many connections."""

    bulk_sync: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """How one gate stands. `bank` is empty for the provider's own gate.

    Nothing passes before `until` (None: open); `reason` says why it is shut, as a text key. `width` is how many
    connections may be spoken for at once.
    """

    provider: str
    bank: str = ""
    until: datetime | None = None
    reason: str = ""
    width: int | None = None

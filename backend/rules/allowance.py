"""The day's allowance of unattended look-ups, and what a provider's terms say about many at once."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from backend.model.limits import ALLOWANCE, Budget, Policy

WINDOW = timedelta(hours=24)
"""The four look-ups without the customer are counted over 24 hours, not over a day of the calendar (RTS art. 36(5)(b),
`facts/operations.md` §6)."""

POLICIES: dict[str, Policy] = {
    "aiia": Policy(bulk_sync=True),
    "powens": Policy(bulk_sync=False),
    "mastercard_us": Policy(bulk_sync=False),
}
"""By provider (`facts/operations.md` §0 rule 11). Of Aiia no such term is known; Powens' forced sync is "not a bulk
operation", and Mastercard US forbids to automate calls to its refresh services."""

STRICT = Policy(bulk_sync=False)
"""Of a provider that nobody has written down: what its terms may forbid is not done."""


def policy_of(provider: str) -> Policy:
    """A provider's terms."""
    return POLICIES.get(provider, STRICT)


def budget(times: Sequence[datetime], now: datetime, allowance: tuple[int, int] = ALLOWANCE) -> Budget:
    """What is left for an operator's act. `times`: the look-ups of the account that had most of them, in any order.

    `allowance`: look-ups in `WINDOW`, and how many of them are kept. With a reserve as large as the allowance there is
    never anything left, and no time at which there will be.
    """
    allowed, reserve = allowance
    inside = sorted(at for at in times if at > now - WINDOW)
    room = max(0, allowed - reserve)
    left = max(0, room - len(inside))
    next_at = inside[len(inside) - room] + WINDOW if room and not left else None
    return Budget(used=len(inside), left=left, next_at=next_at)

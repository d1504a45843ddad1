"""Trouble on order: the next so many calls of a kind go wrong in a named way."""

from dataclasses import dataclass
from enum import StrEnum


class How(StrEnum):
    """In what way a call goes wrong. LOSE_ANSWER: accepted and applied, then the line drops."""

    LOSE_ANSWER = "lose_answer"
    DROP = "drop"
    SLOW = "slow"
    TOO_MANY = "429"
    ERROR = "500"
    UNAVAILABLE = "503"
    GARBAGE = "garbage"


KINDS = (
    "connect",
    "token",
    "accounts",
    "transactions",
    "update",
    "consent",
    "providers",
    "reconciliation",
    "aiia",
)
"""What can go wrong; `aiia` is any call of Aiia's API."""


@dataclass(slots=True)
class Fault:
    """`left` calls still to spoil; None: until it is lifted. `seconds`: of delay, or until a retry is welcome."""

    how: How
    left: int | None
    seconds: float


class Faults:
    """The orders that stand."""

    def __init__(self) -> None:
        self._orders: dict[str, list[Fault]] = {}

    def order(self, kind: str, how: How, times: int | None, seconds: float) -> None:
        """Spoil the next `times` calls of a kind (None: all of them). Raises KeyError for an unknown kind."""
        if kind not in KINDS:
            raise KeyError(kind)
        self._orders.setdefault(kind, []).append(Fault(how, times, seconds))

    def lift(self, kind: str | None = None) -> None:
        """Forget the orders for a kind, or all."""
        for name in list(self._orders) if kind is None else [kind]:
            self._orders.pop(name, None)

    def take(self, *kinds: str) -> Fault | None:
        """The fault that strikes this call, if one does; it is used up by this."""
        for kind in kinds:
            orders = self._orders.get(kind)
            if not orders:
                continue
            fault = orders[0]
            if fault.left is not None:
                fault.left -= 1
                if fault.left <= 0:
                    orders.pop(0)
            return fault
        return None

    def listing(self) -> dict[str, list[dict[str, object]]]:
        """What stands, for JSON."""
        return {
            kind: [{"how": f.how, "left": f.left, "seconds": f.seconds} for f in orders]
            for kind, orders in self._orders.items()
            if orders
        }

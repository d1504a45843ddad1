"""Who is asked a second time, and when. Who has failed twice is not asked a third time by itself.

Measured elsewhere: a second try mended 22 %, a third 1.1 %, at the price of the bank's day (`facts/operations.md` §0
rule 6). The rows are those of its §2.3; a retry always carries the act's own key.
"""

from datetime import datetime, timedelta

_SOON = timedelta(minutes=1)

SECOND_TRY: dict[str, timedelta | None] = {
    "provider_down": _SOON,  # "bounded": a 503 was surely not applied, the others are unknown and looked up instead
    "unreachable": _SOON,  # never sent, else it is unknown
    "bank_down": None,  # once for all, by the incident's canary
    "rate_limited": timedelta(seconds=10),  # "at T": at the time that is told, nobody has been asked before that
    "needs_customer": None,
    "suspended": None,
    "refused": None,
    "refused_credentials": _SOON,  # the whole fleet stands still; it goes on when they work again
    "refused_address": None,
    "gone": None,
    "malformed": None,  # unknown, and looked up
    "in_progress": None,  # the same
}
"""By kind of error: after what pause at least an act that failed so is tried once more (None: not)."""

TURNED_AWAY = {"rate_limited": "limited", "refused_credentials": "refused"}
"""Kinds of errors that have turned an act away before it was tried, and the name under which they are counted."""

MOST_TURNED_AWAY = 10
"""An act that was turned away so often is told to have failed: somebody should look why."""

LOOK_AGAIN = timedelta(seconds=10)
"""Between two looks at an act whose outcome is not known, at least; later a tenth of its age."""


def second_try(kind: str, tried: int) -> timedelta | None:
    """The pause before an act that failed so is tried again; None: that was all. `tried`: how often it was before."""
    most = MOST_TURNED_AWAY if kind in TURNED_AWAY else 1
    return SECOND_TRY.get(kind) if tried < most else None


def look_due(asked: datetime, looked: datetime | None, now: datetime) -> bool:
    """Whether it is time to look again what became of an act that was `asked` for then and `looked` after last."""
    return looked is None or now - looked >= max(LOOK_AGAIN, (now - asked) / 10)

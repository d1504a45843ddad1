"""Problems: one open cause on one connection, what operators do about it, and what they write beside it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from backend.model.text import clean

COMES_BACK = timedelta(days=1)
"""A cause that comes back within a day is the same problem again: banks that come and go by the hour make no heap."""

MAX_NOTE = 1000
"""Characters of one note."""

MAX_NAME = 60
"""Characters of a name that a problem is given to."""


class Condition(StrEnum):
    """What a snoozed problem may wait for: its incident's end, its rate limit's end, the customer, another cause."""

    INCIDENT_END = "incident_end"
    LIMIT_END = "limit_end"
    RENEWED = "renewed"
    CHANGED = "changed"


class ProblemError(ValueError):
    """What was asked of a problem cannot be done: a text key with its values."""

    def __init__(self, message_key: str, **values: object) -> None:
        super().__init__(message_key, values)
        self.message_key, self.values = message_key, values

    def sentence(self, say: Callable[..., str]) -> str:
        """What is wrong and what to do, in the language of `say`."""
        return say(self.message_key, **self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What an operator wrote on a connection: on record for good, never changed."""

    id: int
    connection: str
    at: datetime
    operator: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Handled:
    """What was done to a problem. `before` names the operator who had done the same before (empty: nobody had).

    `until` is when a snoozed problem comes back at the latest; None when only its condition brings it back.
    """

    connection: str
    problem: int
    cause: str
    before: str = ""
    until: datetime | None = None


def note_text(text: str) -> str:
    """The text of a note as it is kept: one clean line. Raises ProblemError when it is empty or too long."""
    line = " ".join(text.split())
    if not line:
        raise ProblemError("problem.note_empty")
    if len(line) > MAX_NOTE:
        raise ProblemError("problem.note_long", limit=MAX_NOTE, length=len(line))
    return clean(line, MAX_NOTE)


def name_text(name: str) -> str:
    """The name of an operator as it is kept; empty is nobody. Raises ProblemError when it is too long."""
    line = " ".join(name.split())
    if len(line) > MAX_NAME:
        raise ProblemError("problem.name_long", limit=MAX_NAME)
    return clean(line, MAX_NAME)

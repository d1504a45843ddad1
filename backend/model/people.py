"""Who works here, what role that gives, and the one error that says what somebody may not do."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

MAX_SIGNED = 60
"""Characters of an operator's name with the system user behind it, as it stands on record."""


class Role(IntEnum):
    """What an operator may do; each role may what the ones before it may."""

    VIEW = 0
    SUPPORT = 1
    ONCALL = 2
    ADMIN = 3

    @property
    def word(self) -> str:
        """The role as it is written in the configuration, and shown."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Person:
    """Who runs this process, as the system says: nothing that a person can set for himself."""

    user: str
    groups: frozenset[str] = frozenset()


def signed(name: str, user: str) -> str:
    """The operator's chosen name with the system user behind it: `eva`, or `Eva Holm (eva)`.

    The user always stands last, so that a chosen name cannot pass for another's (`user_of`).
    """
    user = user.replace("(", "").replace(")", "")
    if name.endswith(f" ({user})") and len(name) <= MAX_SIGNED:
        return name
    return user if name in ("", user) else f"{name[: max(0, MAX_SIGNED - len(user) - 3)].strip()} ({user})"


def user_of(operator: str) -> str:
    """The system user of a name that `signed` made."""
    return operator.rpartition("(")[2].removesuffix(")")


class NotAllowed(Exception):
    """What was asked for may not be done through this profile or by this operator.

    `right` is a name of `rules.roles.RIGHTS`. `need` is the least role that may (None: nobody, the profile only
    reads), `have` the operator's own, and `most` how many at once that one may, when it is only too many.
    """

    def __init__(self, right: str, have: Role, need: Role | None = None, most: int | None = None) -> None:
        super().__init__(right, have, need, most)
        self.right, self.have, self.need, self.most = right, have, need, most

    @property
    def reason(self) -> str:
        """The text key with which a plan refuses its items."""
        if self.need is None:
            return "read_only"
        return f"role.{self.need.word}" if self.most is None else f"role_many.{self.need.word}"

    def sentence(self, say: Callable[..., str]) -> str:
        """What may not be done, why, and whom to ask."""
        if self.need is None:
            return say("guard.read_only")
        what, who = say(f"guard.right.{self.right}"), say(f"guard.ask.{self.need.word}")
        if self.most is None:
            return say("guard.role", have=self.have.word, what=what, who=who)
        return say("guard.many", have=self.have.word, what=what, who=who, most=self.most)

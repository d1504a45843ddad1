"""Who may do what: one table of rights, whose role somebody has, and when a second operator must approve. Pure.

Roles belong to system users and groups (`facts/reliability.md` §3.4: the kernel knows the user; a name that one
gives oneself proves nothing). Where the configuration has none, everybody is an admin.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from backend.model.facts import Act
from backend.model.people import NotAllowed, Person, Role, user_of
from backend.model.plans import APPROVAL_LIFE

BULK = 25
"""So many connections or postings can still be looked at one by one; more is bulk, and needs more rights."""


@dataclass(frozen=True, slots=True)
class Right:
    """One row of the table: the least role that may do this, and the one that may do more than `most` at once."""

    name: str
    role: Role
    most: int | None = None
    beyond: Role = Role.ADMIN

    def needs(self, count: int) -> Role:
        """The least role for so many at once."""
        return self.role if self.most is None or count <= self.most else self.beyond


RIGHTS: Mapping[str, Right] = {
    right.name: right
    for right in (
        # On the phone with one customer: what helps him, what can be done again, what only we see.
        Right("note", Role.SUPPORT),
        Right("snooze", Role.SUPPORT),
        Right("assign", Role.SUPPORT),
        Right("hand_over", Role.SUPPORT),
        Right("connect", Role.SUPPORT),
        Right("renew", Role.SUPPORT, BULK, Role.ONCALL),
        Right("sync", Role.SUPPORT, BULK, Role.ONCALL),
        Right("accept_posting", Role.SUPPORT, BULK, Role.ONCALL),
        Right("discard_posting", Role.SUPPORT, 1, Role.ONCALL),  # for good: each is looked at
        Right("steer", Role.SUPPORT),
        Right("agent", Role.SUPPORT),  # it does what others were allowed to ask for, and what is due
        # At night, for the whole fleet: what hides something from the others, or goes past a doubt.
        Right("mute", Role.ONCALL),
        Right("accept_renewal", Role.ONCALL),
        Right("replay", Role.ONCALL),
        Right("steer_others", Role.ONCALL),
        Right("approve", Role.ONCALL),
        Right("remove", Role.ONCALL, BULK, Role.ADMIN),
        # What makes or takes away customers' connections by the file.
        Right("import", Role.ADMIN),
    )
}
"""Everything that changes something, and who may. What is not here only reads, and everybody may."""


Roles = tuple[tuple[Role, tuple[str, ...]], ...]
"""Who has which role: names of system users, `@group`s, and `*` for everybody."""


def read_roles(text: str) -> Roles:
    """`admin=eva,@bank-admins; oncall=@oncall; view=*`. Raises ValueError with the part that cannot be used."""
    found: dict[Role, tuple[str, ...]] = {}
    for part in filter(str.strip, text.split(";")):
        word, _, names = (piece.strip() for piece in part.partition("="))
        role = next((role for role in Role if role.word == word), None)
        listed = tuple(name.strip() for name in names.split(","))
        if role is None or role in found or not all(name.removeprefix("@") for name in listed):
            raise ValueError(part.strip())
        found[role] = listed
    return tuple(sorted(found.items(), reverse=True))


def role_of(person: Person, roles: Roles) -> tuple[Role, str]:
    """The highest role that is given to this person, and the name by which; who is not named may look (`""`)."""
    for role, names in roles:
        for name in names:
            if name in ("*", person.user) or (name.startswith("@") and name[1:] in person.groups):
                return role, name
    return Role.VIEW, ""


def refusal(name: str, count: int, role: Role, *, read_only: bool) -> NotAllowed | None:
    """Why somebody of this role may not do this to so many at once; None when he may. KeyError: no such right."""
    right = RIGHTS[name]
    if read_only:
        return NotAllowed(name, role)
    need = right.needs(count)
    if role >= need:
        return None
    return NotAllowed(name, role, need, right.most if role >= right.role else None)


# -- a second pair of eyes ---------------------------------------------------------------------------------------


def needs_approval(act: Act, count: int, second_pair_from: int) -> bool:
    """Whether a plan waits for a second operator: large removals alone cannot be made good again by doing more."""
    return act is Act.REMOVE and 0 < second_pair_from <= count


def approval_refused(operator: str, asked_by: str, asked_at: datetime, now: datetime) -> str | None:
    """Why this operator cannot approve (a text key), None when he can. Whether his role may is `RIGHTS["approve"]`.

    Nobody approves his own, not even an admin. Both names are as `signed` made them: the system users count.
    """
    if user_of(operator) == user_of(asked_by):
        return "plan.own_approval"
    return "plan.late_approval" if now - asked_at >= APPROVAL_LIFE else None

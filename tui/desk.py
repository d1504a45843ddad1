"""What a console is given to work with: where it reads, through what it acts, whose time it has, how it speaks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Protocol

from backend.config import Settings
from backend.model.audit import AuditReport
from backend.model.clock import Clock
from backend.model.facts import Act
from backend.model.handover import HandoverFacts, Mark
from backend.model.people import NotAllowed
from backend.model.plans import Order, Plan, PlanView, Submitted
from backend.model.postings import Decided, Decision
from backend.model.problems import Handled, Note
from backend.model.renewals import Accepted
from backend.model.views import AgentStatus
from backend.ports import FleetReader
from backend.texts import Say


class Operations(Protocol):
    """What operators do (`backend.operations`). `plan` and `connect` change nothing; the others write at once."""

    def plan(self, act: Act, ids: Sequence[str], *, then_sync: bool = False) -> Plan:
        """What would run, wait or be refused, with reasons; the ids are frozen in it (law 9)."""
        ...

    def may(self, right: str, count: int = 1) -> NotAllowed | None:
        """Why this operator may not do this to so many at once (`rules.roles.RIGHTS`); None when he may."""
        ...

    def awaits_approval(self, plan: Plan) -> bool:
        """Whether the plan, once confirmed, will wait for a second operator."""
        ...

    def connect(self, agreement: str, bank: str) -> Plan:
        """The plan of a new connection for an agreement; `bank` may be empty."""
        ...

    def accept_renewal(self, connection: str, carry: Sequence[tuple[str, str]] = ()) -> Accepted:
        """Let go what a renewal has left in doubt; `carry` are pairs (new, old) that are one account."""
        ...

    def decide(self, postings: Sequence[str], decision: Decision) -> Decided:
        """Accept or discard postings by id; what has changed meanwhile is told, not overruled."""
        ...

    def note(self, connection: str, text: str) -> Note:
        """Write a note on a connection, for good. Raises ProblemError, as the next ones do."""
        ...

    def snooze(self, connection: str, *, until: datetime | None = None, condition: str = "") -> Handled:
        """Let the open problem rest until a time or a condition, whichever comes first."""
        ...

    def wake(self, connection: str) -> Handled: ...

    def mute(self, connection: str) -> Handled: ...

    def unmute(self, connection: str) -> Handled: ...

    def assign(self, connection: str, to: str) -> Handled:
        """Give the open problem to an operator; an empty name gives it to nobody."""
        ...

    def hand_over(self, note: str, told: HandoverFacts) -> Mark:
        """Note that the shift was handed over with what was told. Raises ProblemError for a note that is too long."""
        ...

    def keep(self, plan: Plan) -> Plan:
        """Keep a plan under a number; nothing of it happens."""
        ...

    def kept(self, plan: int) -> Plan:
        """A kept plan as it was shown. Raises PlanError when it cannot be run any more."""
        ...

    def submit(self, plan: Plan) -> Submitted:
        """Write the plan's items as intents, on disk before this returns. Raises PlanError."""
        ...

    def steer(self, plan: int, order: Order) -> PlanView:
        """Pause, resume, cancel or undo. Raises PlanError when the plan is not in a state for that."""
        ...

    def again(self, plan: int) -> Plan:
        """A new plan of what failed or was cancelled in another. Raises PlanError when there is nothing."""
        ...

    def approvable(self, plan: int) -> None:
        """Raise NotAllowed or PlanError when this operator cannot approve the plan."""
        ...

    def approve(self, plan: int, *, agreed: bool, digest: str | None = None) -> Submitted:
        """The second operator's word on a plan, as he saw it (`digest`). Raises PlanError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Everything a console needs. `monotonic` gives seconds on the time base of key events.

    `agent_quiet_after` is in seconds of the machine: an agent that gave no sign for so long is said to be quiet.
    `crash_dir` is where a crash file goes (None: the platform's state directory). `as_of` is the past moment that the
    reader shows (None: the present); then nothing can be done, and the screens say so. `warnings` are what is
    doubtful about the configuration, in words.
    """

    reader: FleetReader
    operations: Operations
    clock: Clock
    settings: Settings
    say: Say
    operator: str
    agent_status: Callable[[], AgentStatus | None]
    verify_audit: Callable[[], AuditReport]
    agent_quiet_after: float = 600.0
    crash_dir: Path | None = None
    as_of: datetime | None = None
    warnings: tuple[str, ...] = ()
    monotonic: Callable[[], float] = field(default=monotonic)

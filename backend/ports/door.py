"""Through what operators change anything."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from backend.model.handover import Mark
from backend.model.health import HealthFacts
from backend.model.plans import Order, Plan, PlanItem, PlanView, Submitted
from backend.model.postings import Decided, Decision
from backend.model.problems import Handled, Note
from backend.model.renewals import Accepted
from backend.model.views import FleetRow, ImportRecord, ImportReport

Judge = Callable[[Sequence[tuple[FleetRow, HealthFacts]]], list[PlanItem]]
"""What an act would do on each of these connections, by what is known of them now."""

Weigh = Callable[[int, int], bool]
"""Told how many removals a user has asked for of late, and how many of those nobody else has approved: whether one more
plan of his must wait for a second operator. May raise NotAllowed."""


class Door(Protocol):
    """The one door through which operators change anything (DESIGN §4)."""

    def save_plan(self, plan: Plan, host: str) -> int:
        """Keep a plan as it was shown, under a number; nothing of it happens."""
        ...

    def run_plan(
        self,
        plan: int,
        judge: Judge,
        now: datetime,
        *,
        operator: str,
        host: str,
        undo: timedelta = timedelta(0),
        allowed: int | None = None,
        approval: bool = False,
        weigh: Weigh | None = None,
    ) -> Submitted:
        """Write what was confirmed as intents, on disk before this returns; what has changed since is refused.

        `undo` is how long a removal can be taken back, `allowed` how many acts the first stage has (None: all). With
        `approval` it waits for a second operator first; `weigh` may say so too, or raise. Raises PlanError.
        """
        ...

    def approve_plan(
        self,
        plan: int,
        digest: str,
        judge: Judge,
        now: datetime,
        *,
        operator: str,
        host: str,
        agreed: bool,
        undo: timedelta = timedelta(0),
        allowed: int | None = None,
    ) -> Submitted:
        """The second operator's word: run the plan with this digest, or leave it. Raises PlanError."""
        ...

    def plan(self, plan: int, *, whole: bool = True) -> PlanView | None:
        """The plan as it stands: whoever guards the door weighs by it what may be done to it."""
        ...

    def removals_of_late(self, operator: str, now: datetime) -> tuple[int, int]:
        """This user's removals of the last day and those still open, and how many of them nobody else has seen: what
        `weigh` is told at the run, so that it can be told before."""
        ...

    def same_login(self, plan: int) -> bool:
        """Whether this process has come to the store's server by the login through which the plan's approval was asked
        for: behind it stands one person, whatever his own machine says of him. False where there is no server."""
        ...

    def steer_plan(self, plan: int, order: Order, now: datetime, *, operator: str, host: str) -> PlanView:
        """Pause, resume, cancel or undo; what was sent runs to its end. Raises PlanError when it cannot be."""
        ...

    def decide(
        self,
        postings: Sequence[str],
        decision: Decision,
        *,
        operator: str,
        host: str,
        now: datetime,
        dry_run: bool = False,
    ) -> Decided:
        """Accept or discard held postings, each with its line in the audit log; says which it was not taken for."""
        ...

    def add_connection(
        self, agreement: str, bank: str, provider: str, now: datetime, *, operator: str, host: str
    ) -> str:
        """A connection that is yet to be made; one that waits already is taken again. LookupError: no such customer."""
        ...

    def accept_renewal(
        self, connection: str, carry: Sequence[tuple[str, str]], now: datetime, *, operator: str, host: str
    ) -> Accepted:
        """Let go what a renewal has left in doubt. `carry`: keys (new, old) of accounts that are one and the same.

        LookupError: no such connection; ValueError: a pair that is not a doubted new and a vanished account.
        """
        ...

    def import_records(self, records: Iterable[ImportRecord], now: datetime, operator: str) -> ImportReport: ...

    def export(self) -> Iterable[dict[str, object]]:
        """The fleet as import lines (DESIGN §8), without tokens."""
        ...

    def replay_webhooks(self, ids: Sequence[str], since: datetime | None, now: datetime) -> int:
        """Have events applied again: those named, and those received since then. Gives how many there are."""
        ...

    def add_note(self, connection: str, text: str, operator: str, host: str, now: datetime) -> Note:
        """Write a note, for good. Raises ProblemError for one that is empty or too long."""
        ...

    def snooze(
        self, connection: str, until: datetime | None, condition: str, operator: str, host: str, now: datetime
    ) -> Handled:
        """Let the connection's open problem rest. Raises ProblemError, as the next four do, when it cannot be done."""
        ...

    def wake(self, connection: str, operator: str, host: str, now: datetime) -> Handled: ...

    def mute(self, connection: str, operator: str, host: str, now: datetime, *, muted: bool = True) -> Handled: ...

    def assign(self, connection: str, to: str, operator: str, host: str, now: datetime) -> Handled: ...

    def hand_over(
        self, note: str, operator: str, host: str, now: datetime, told: tuple[datetime, int] | None = None
    ) -> Mark:
        """Note in the audit log that this shift was handed over, with how the fleet stands.

        `told`: the moment and the line of the log to which the handover that was read reaches; None: to this moment.
        """
        ...

"""Through what operators change anything."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from backend.model.handover import Mark
from backend.model.plans import Plan, Submitted
from backend.model.postings import Decided, Decision
from backend.model.problems import Handled, Note
from backend.model.renewals import Accepted
from backend.model.views import ImportRecord, ImportReport


class Door(Protocol):
    """The one door through which operators change anything (DESIGN §4)."""

    def submit(self, plan: Plan, host: str) -> Submitted:
        """Write the plan's runnable items as intents, on disk before this returns; names what stood in the way."""
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

    def add_connection(self, agreement: str, bank: str, provider: str, now: datetime) -> str:
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

    def hand_over(self, note: str, operator: str, host: str, now: datetime) -> Mark:
        """Note in the audit log that this shift was handed over, with how the fleet stands."""
        ...

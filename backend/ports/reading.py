"""What consoles and commands read."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from backend.model.audit import EVERY_EVENT, EventFilter
from backend.model.facts import (
    Account,
    Act,
    Attempt,
    Event,
)
from backend.model.filters import Filter
from backend.model.forecast import Answers, Expiries
from backend.model.handover import HandoverFacts
from backend.model.health import HealthFacts
from backend.model.incidents import (
    IncidentView,
)
from backend.model.lifetimes import Lifespan
from backend.model.limits import Gate
from backend.model.plans import Action, PlanGroup, PlanView
from backend.model.problems import Note
from backend.model.reminders import Reminder, ReminderFacts
from backend.model.renewals import Rival
from backend.model.views import (
    AgentStatus,
    ConnectionView,
    FleetRow,
    PendingTotals,
    PostingFilter,
    PostingLine,
    ProblemView,
)
from backend.model.webhooks import WebhookView


class FleetReader(Protocol):
    """What a console or command reads. Never waits for the network; safe from any thread."""

    def fleet(
        self, query: Filter, sort: str, descending: bool, offset: int, limit: int, now: datetime
    ) -> list[FleetRow]: ...

    def fleet_count(self, query: Filter, now: datetime) -> int: ...

    def fleet_ids(self, query: Filter, now: datetime) -> list[str]: ...

    def fleet_position(self, connection: str, query: Filter, sort: str, descending: bool, now: datetime) -> int | None:
        """Where the connection stands in that list, from 0; None when the filter hides it."""
        ...

    def resolve(self, reference: str) -> list[str]:
        """Connection ids that an operator may mean: an id, or an agreement number (perhaps several connections)."""
        ...

    def rows(self, ids: Sequence[str], now: datetime) -> list[FleetRow]:
        """These connections, in this order; unknown ids are left out."""
        ...

    def health(self, ids: Sequence[str], now: datetime) -> list[tuple[FleetRow, HealthFacts]]:
        """These connections with the facts that acts are judged by, in this order; unknown ids are left out."""
        ...

    def connection(self, connection: str, now: datetime) -> ConnectionView | None: ...

    def rivals(self, agreement: str, bank: str, connection: str = "") -> tuple[Rival, ...]:
        """Live connections of other customers at this bank on the same bank user: a new consent of his may end them."""
        ...

    def accounts(self, ids: Sequence[str]) -> dict[str, tuple[Account, ...]]:
        """The accounts of these connections, by connection; one without accounts is left out."""
        ...

    def attempts(self, connection: str, limit: int) -> list[Attempt]:
        """Newest first."""
        ...

    def postings(self, query: PostingFilter, limit: int, *, newest_first: bool = False) -> list[PostingLine]:
        """In the order of `seq`, after `query.after`; with `newest_first` the last ones."""
        ...

    def pending_totals(self, now: datetime) -> PendingTotals: ...

    def usual(self, bank: str | None = None) -> dict[str, Lifespan]:
        """By bank: how long consents usually live there, as the agent has learnt it; of one bank, or of all."""
        ...

    def expiries(self, now: datetime, until: datetime) -> list[Expiries]:
        """Live connections by bank, stated end and beginning, to the hour; ends after `until` only where we learn."""
        ...

    def answers(self, since: datetime, settled_before: datetime) -> list[Answers]:
        """By bank: customers that got a renewal link since then, and how many of them logged in."""
        ...

    def problems(self, query: Filter, limit: int, *, hidden: bool = False) -> list[ProblemView]:
        """Open problems of the connections that match: those an operator can act on first, then the oldest.

        Those that are muted or snoozed, and those that stand in an incident, only when `hidden` ones are asked for.
        """
        ...

    def notes(self, connection: str, limit: int) -> list[Note]:
        """What operators wrote on a connection, newest first."""
        ...

    def last_webhook(self, connection: str) -> WebhookView | None:
        """The newest event about a connection's consents, by its sender's time."""
        ...

    def reminders(self, connection: str, limit: int) -> list[Reminder]:
        """What a connection's customer was reminded of, newest first."""
        ...

    def reminded(self, query: Filter, limit: int) -> list[Reminder]:
        """Reminders of the connections that match, newest first."""
        ...

    def reminder_facts(self, query: Filter, now: datetime, limit: int) -> list[ReminderFacts]:
        """Of the live connections that match and whose end lies ahead, the first to end first."""
        ...

    def incidents(self, limit: int) -> list[IncidentView]:
        """Those that are open, oldest first, then those that are over, newest first."""
        ...

    def handover(self, since: datetime | None, now: datetime) -> HandoverFacts:
        """What changed from `since` to `now`, and what is open; None: since the last mark, else over one shift."""
        ...

    def events(
        self,
        after: int,
        limit: int,
        connection: str | None = None,
        *,
        newest_first: bool = False,
        only: EventFilter = EVERY_EVENT,
    ) -> list[Event]:
        """The audit log after a sequence number, in its order; with `newest_first` the last ones, backwards."""
        ...

    def plan(self, plan: int, *, whole: bool = True) -> PlanView | None:
        """A plan and how far it has come; with its actions, unless only the counts are wanted."""
        ...

    def plan_groups(self, plan: int, now: datetime) -> list[PlanGroup]:
        """The plan's actions, those that were refused too, counted by outcome and reason."""
        ...

    def plan_actions(self, plan: int, group: PlanGroup | None, offset: int, limit: int, now: datetime) -> list[Action]:
        """A window of the plan's actions in its own order: of one group, or of all, those that were refused too."""
        ...

    def spent(self, ids: Sequence[str], scope: str, since: datetime) -> dict[str, tuple[datetime, ...]]:
        """By connection: when the account was looked up that was looked up most often after `since`, oldest first."""
        ...

    def shut_gates(self, now: datetime) -> list[Gate]:
        """The gates through which nothing passes at this moment."""
        ...

    def plans(self, limit: int, *, drafts: bool = False) -> list[PlanView]:
        """Newest first, with their counts only; those that nobody has run when `drafts` are asked for."""
        ...

    def open_plans(self) -> list[PlanView]:
        """Those that run, are paused or wait for approval, the oldest first, with their counts only."""
        ...

    def pace(self, act: Act) -> float | None:
        """Acts of that kind that a second began in the newest plans; None: nothing tells."""
        ...

    def agent_status(self) -> AgentStatus | None: ...

    def data_version(self) -> int:
        """A number that changes when another connection has written; costs microseconds."""
        ...

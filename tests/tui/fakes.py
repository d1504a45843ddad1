"""A small fleet in memory, and operations that remember what was submitted: for tests of the console alone."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event as Gate

from backend.config import Settings
from backend.model.audit import EVERY_EVENT, AuditReport, EventFilter, Witness
from backend.model.facts import Account, Act, Attempt, Event, PostingState, Verdict
from backend.model.filters import Compare, Filter, Not, OfPlan, Pattern, Term, Word
from backend.model.forecast import Answers, Expiries
from backend.model.handover import HandoverFacts, Mark, Standing
from backend.model.health import HealthFacts
from backend.model.incidents import IncidentView
from backend.model.lifetimes import Lifespan
from backend.model.limits import Gate as ShutGate
from backend.model.people import NotAllowed, Role
from backend.model.plans import (
    OUTCOMES,
    Action,
    ActionState,
    Order,
    Plan,
    PlanGroup,
    PlanItem,
    PlanState,
    PlanView,
    Submitted,
)
from backend.model.postings import Decided, Decision
from backend.model.problems import Handled, Note
from backend.model.reminders import Reminder, ReminderFacts
from backend.model.renewals import Accepted, Rival
from backend.model.text import fold
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
from backend.ports import FleetReader
from backend.rules.roles import needs_approval, refusal
from backend.texts import texts_in
from tests.tui.records import NOW, SEVERITY, make_action, make_attempt, make_row, make_view
from tui.desk import Desk
from tui.screens.steering import OPEN


class FixedClock:
    """A clock that stands still until it is moved."""

    def __init__(self, at: datetime = NOW) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("the console never sleeps")

    async def nap(self, seconds: float) -> None:
        raise AssertionError("the console never naps")


@dataclass
class FakeReader:
    """`ports.FleetReader` over a list. `gate`, when closed, holds every read of the fleet until it is opened."""

    fleet_rows: list[FleetRow] = field(default_factory=lambda: [make_row(n) for n in range(250)])
    posting_lines: list[PostingLine] = field(default_factory=list)
    plans_known: dict[int, PlanView] = field(default_factory=dict)
    usual_known: dict[str, Lifespan] = field(default_factory=dict)
    expiries_known: list[Expiries] = field(default_factory=list)
    answers_known: list[Answers] = field(default_factory=list)
    events_known: list[Event] = field(default_factory=list)
    audit_known: AuditReport = field(default_factory=lambda: AuditReport(checked=0))
    notes_known: list[Note] = field(default_factory=list)
    webhook_known: WebhookView | None = None
    views_known: dict[str, ConnectionView] = field(default_factory=dict)
    problems_known: list[ProblemView] = field(default_factory=list)
    incidents_known: list[IncidentView] = field(default_factory=list)
    handover_known: HandoverFacts = field(
        default_factory=lambda: HandoverFacts(since=NOW - timedelta(hours=8), until=NOW, mark=None, standing=Standing())
    )
    looked_back: list[datetime | None] = field(default_factory=list)
    version: int = 1
    gate: Gate = field(default_factory=Gate)
    failing: Exception | None = None
    agent: AgentStatus | None = None
    reads: int = 0

    def __post_init__(self) -> None:
        self.gate.set()
        self.agent = AgentStatus(
            pid=4711,
            host="bastion",
            kind="agent",
            started_at=NOW - timedelta(hours=2),
            last_round_at=NOW,
            alive=True,
        )

    def change(self, connection: str, **values: object) -> None:
        """Somebody else writes."""
        self.fleet_rows = [replace(row, **values) if row.id == connection else row for row in self.fleet_rows]  # type: ignore[arg-type]
        self.version += 1

    def _matching(self, query: Filter) -> list[FleetRow]:
        self.gate.wait()
        self.reads += 1
        if self.failing is not None:
            raise self.failing
        return [row for row in self.fleet_rows if all(self._holds(term, row) for term in query.terms)]

    def _holds(self, term: Term, row: FleetRow) -> bool:
        if not isinstance(term, OfPlan):
            return _holds(term, row)
        plan = term.plan if term.plan is not None else max(self.plans_known)
        acts = self.plans_known[plan].actions
        return any(one.connection == row.id and term.state in ("", one.state) for one in acts)

    def _ordered(self, query: Filter, sort: str, descending: bool) -> list[FleetRow]:
        rows = sorted(self._matching(query), key=lambda row: (fold(row.customer), row.id))
        far = datetime(9999, 1, 1, tzinfo=UTC)
        keys = {
            "customer": lambda row: fold(row.customer),
            "agreement": lambda row: row.agreement_number,
            "verdict": lambda row: SEVERITY[Verdict(row.verdict)],
            "expires": lambda row: row.expires_at or far,
            "fetched": lambda row: row.last_fetched or far,
        }
        rows.sort(key=keys.get(sort, lambda row: getattr(row, sort)), reverse=descending)
        return rows

    def fleet(
        self, query: Filter, sort: str, descending: bool, offset: int, limit: int, now: datetime
    ) -> list[FleetRow]:
        return self._ordered(query, sort, descending)[offset : offset + limit]

    def fleet_count(self, query: Filter, now: datetime) -> int:
        return len(self._matching(query))

    def fleet_ids(self, query: Filter, now: datetime) -> list[str]:
        return [row.id for row in self._ordered(query, "customer", False)]

    def fleet_position(self, connection: str, query: Filter, sort: str, descending: bool, now: datetime) -> int | None:
        ids = [row.id for row in self._ordered(query, sort, descending)]
        return ids.index(connection) if connection in ids else None

    def resolve(self, reference: str) -> list[str]:
        return [row.id for row in self.fleet_rows if reference in (row.id, row.agreement_number)]

    def rows(self, ids: Sequence[str], now: datetime) -> list[FleetRow]:
        known = {row.id: row for row in self.fleet_rows}
        return [known[one] for one in ids if one in known]

    def health(self, ids: Sequence[str], now: datetime) -> list[tuple[FleetRow, HealthFacts]]:
        views = [view for name in ids if (view := self.connection(name, now)) is not None]
        return [(view.row, view.facts) for view in views]

    def connection(self, connection: str, now: datetime) -> ConnectionView | None:
        self.gate.wait()
        found = self.rows([connection], now)
        return self.views_known.get(connection) or make_view(found[0]) if found else None

    def rivals(self, agreement: str, bank: str, connection: str = "") -> tuple[Rival, ...]:
        return ()

    def accounts(self, ids: Sequence[str]) -> dict[str, tuple[Account, ...]]:
        return {row.id: make_view(row).accounts for row in self.rows(ids, NOW)}

    def attempts(self, connection: str, limit: int) -> list[Attempt]:
        return [make_attempt(connection, n) for n in range(min(limit, 8))]

    def postings(self, query: PostingFilter, limit: int, *, newest_first: bool = False) -> list[PostingLine]:
        found = [
            line
            for line in sorted(self.posting_lines, key=lambda line: line.seq)
            if line.seq > query.after
            and (query.connection is None or line.posting.connection == query.connection)
            and (line.posting.state in query.states if query.states else line.posting.state != PostingState.DROPPED)
        ]
        return found[::-1][:limit] if newest_first else found[:limit]

    def pending_totals(self, now: datetime) -> PendingTotals:
        return PendingTotals()

    def usual(self, bank: str | None = None) -> dict[str, Lifespan]:
        return self.usual_known

    def expiries(self, now: datetime, until: datetime) -> list[Expiries]:
        return self.expiries_known

    def answers(self, since: datetime, settled_before: datetime) -> list[Answers]:
        return self.answers_known

    def problems(self, query: Filter, limit: int, *, hidden: bool = False) -> list[ProblemView]:
        shown = {row.id for row in self._matching(query)}
        return [
            one
            for one in self.problems_known
            if one.connection in shown
            and (hidden or not (one.incident or one.muted_by or one.snoozed_for or one.snoozed_until))
        ][:limit]

    def notes(self, connection: str, limit: int) -> list[Note]:
        return [note for note in reversed(self.notes_known) if note.connection == connection][:limit]

    def incidents(self, limit: int) -> list[IncidentView]:
        return self.incidents_known[:limit]

    def last_webhook(self, connection: str) -> WebhookView | None:
        return self.webhook_known

    def reminders(self, connection: str, limit: int) -> list[Reminder]:
        return []

    def reminded(self, query: Filter, limit: int) -> list[Reminder]:
        return []

    def reminder_facts(self, query: Filter, now: datetime, limit: int) -> list[ReminderFacts]:
        return []

    def handover(self, since: datetime | None, now: datetime) -> HandoverFacts:
        self.gate.wait()
        self.looked_back.append(since)
        known = self.handover_known
        return replace(known, since=since or known.since, until=now, agent=self.agent)

    def events(
        self,
        after: int,
        limit: int,
        connection: str | None = None,
        *,
        newest_first: bool = False,
        only: EventFilter = EVERY_EVENT,
    ) -> list[Event]:
        found = [
            one
            for one in self.events_known
            if connection in (None, one.connection)
            and one.seq > after
            and only.operator in ("", one.operator)
            and one.kind.startswith(only.kind)
            and only.plan in (None, one.data.get("plan"))
        ]
        return (found[::-1] if newest_first else found)[:limit]

    def verify_audit(
        self, anchors: Sequence[Witness] = (), progress: Callable[[int], None] = lambda checked: None
    ) -> AuditReport:
        self.gate.wait()
        return self.audit_known

    def plan(self, plan: int, *, whole: bool = True) -> PlanView | None:
        return self.plans_known.get(plan)

    def plans(self, limit: int, *, drafts: bool = False) -> list[PlanView]:
        found = [view for view in self.plans_known.values() if drafts or view.state != PlanState.DRAFT]
        return found[::-1][:limit]

    def plan_groups(self, plan: int, now: datetime) -> list[PlanGroup]:
        found: dict[tuple[ActionState, str, bool], list[Action]] = {}
        for action in self._acts(plan):
            found.setdefault(_group_of(action, now), []).append(action)
        return [
            PlanGroup(state=state, reason=reason, many=len(acts), later=later, begins=NOW, until=acts[-1].not_before)
            for (state, reason, later), acts in sorted(found.items(), key=lambda one: OUTCOMES.index(one[0][0]))
        ]

    def plan_actions(self, plan: int, group: PlanGroup | None, offset: int, limit: int, now: datetime) -> list[Action]:
        wanted = None if group is None else (group.state, group.reason, group.later)
        found = [one for one in self._acts(plan) if wanted in (None, _group_of(one, now))]
        return found[offset : offset + limit]

    def _acts(self, plan: int) -> tuple[Action, ...]:
        self.gate.wait()
        return self.plans_known[plan].actions if plan in self.plans_known else ()

    def spent(self, ids: Sequence[str], scope: str, since: datetime) -> dict[str, tuple[datetime, ...]]:
        return {}

    def shut_gates(self, now: datetime) -> list[ShutGate]:
        return []

    def open_plans(self) -> list[PlanView]:
        return [view for view in self.plans_known.values() if view.state in OPEN]

    def pace(self, act: Act) -> float | None:
        return None

    def agent_status(self) -> AgentStatus | None:
        return self.agent

    def data_version(self) -> int:
        if self.failing is not None:
            raise self.failing
        return self.version


def _group_of(action: Action, now: datetime) -> tuple[ActionState, str, bool]:
    later = action.state == ActionState.INTENT and action.not_before is not None and action.not_before > now
    return action.state, action.reason, later


def _holds(term: Term, row: FleetRow) -> bool:
    match term:
        case Word(text):
            return text in fold(f"{row.customer} {row.agreement_number} {row.bank}")
        case Compare(name, "=", value):
            return fold(str(value)) in fold(str(getattr(row, name)))
        case Not(inner):
            return not _holds(inner, row)
        case Pattern() | Compare() | OfPlan():
            raise NotImplementedError(term)
    raise AssertionError(term)


@dataclass
class FakeOperations:
    """Plans everything as `run`, but for what `fates` says; remembers what was submitted."""

    reader: FakeReader
    fates: dict[str, tuple[str, str]] = field(default_factory=dict)
    submitted: list[Plan] = field(default_factory=list)
    kept_plans: list[Plan] = field(default_factory=list)
    orders: list[tuple[int, str]] = field(default_factory=list)
    changed: tuple[tuple[str, str], ...] = ()
    until: datetime | None = None
    handled: list[tuple[object, ...]] = field(default_factory=list)
    refusing: Exception | None = None
    accepted: list[tuple[str, tuple[tuple[str, str], ...]]] = field(default_factory=list)
    decided: list[tuple[tuple[str, ...], Decision]] = field(default_factory=list)
    gate: Gate = field(default_factory=Gate)
    role: Role = Role.ADMIN
    read_only: bool = False
    second_pair_from: int = 0
    removed_of_late: int = 0

    def __post_init__(self) -> None:
        self.gate.set()

    def plan(self, act: Act, ids: Sequence[str], *, then_sync: bool = False) -> Plan:
        self.gate.wait()
        items = []
        for row in self.reader.rows(ids, NOW):
            fate, reason = self.fates.get(row.id, ("run", ""))
            if act == Act.RENEW:
                fate, reason = "run", ""
            items.append(
                PlanItem(
                    connection=row.id,
                    agreement_number=row.agreement_number,
                    customer=row.customer,
                    bank=row.bank,
                    fate=fate,
                    reason=reason,
                    until=self.until,
                    calls=1 if act == Act.SYNC and fate != "refused" else 0,
                    left=3 if act == Act.SYNC else None,
                )
            )
        return Plan(act=act, operator="anna", created_at=NOW, items=tuple(items), then_sync=then_sync)

    def awaits_approval(self, plan: Plan) -> bool:
        return needs_approval(plan.act, self.removed_of_late + len(plan.acts), self.second_pair_from)

    def may(self, right: str, count: int = 1) -> NotAllowed | None:
        return refusal(right, count, self.role, read_only=self.read_only)

    def accept_renewal(self, connection: str, carry: Sequence[tuple[str, str]] = ()) -> Accepted:
        self.accepted.append((connection, tuple(carry)))
        return Accepted(connection=connection, accounts=("DK1",), carried=tuple(carry), released=0 if carry else 7)

    def decide(self, postings: Sequence[str], decision: Decision) -> Decided:
        self.decided.append((tuple(postings), decision))
        return Decided(done=tuple(line.posting for line in self.reader.posting_lines if line.posting.id in postings))

    def note(self, connection: str, text: str) -> Note:
        self._handle("note", connection, text)
        note = Note(id=1, connection=connection, at=NOW, operator="anna", text=text)
        self.reader.notes_known.append(note)
        return note

    def hand_over(self, note: str, told: HandoverFacts) -> Mark:
        self._handle("hand_over", "", note)
        mark = Mark(at=NOW, operator="anna", note=note, standing=Standing(), until=told.until, seen=told.head)
        self.reader.handover_known = replace(self.reader.handover_known, since=NOW, mark=mark)
        return mark

    def snooze(self, connection: str, *, until: datetime | None = None, condition: str = "") -> Handled:
        return self._handle("snooze", connection, until, condition)

    def wake(self, connection: str) -> Handled:
        return self._handle("wake", connection)

    def mute(self, connection: str) -> Handled:
        return self._handle("mute", connection)

    def unmute(self, connection: str) -> Handled:
        return self._handle("unmute", connection)

    def assign(self, connection: str, to: str) -> Handled:
        return self._handle("assign", connection, to)

    def _handle(self, *what: object) -> Handled:
        if self.refusing is not None:
            raise self.refusing
        self.handled.append(what)
        return Handled(connection=str(what[1]), problem=1, cause="renewal_due")

    def connect(self, agreement: str, bank: str) -> Plan:
        item = PlanItem(connection="", agreement_number=agreement, customer="Ny kunde", bank=bank, fate="run")
        return Plan(act=Act.CONNECT, operator="anna", created_at=NOW, items=(item,))

    def keep(self, plan: Plan) -> Plan:
        if plan.id is not None:
            return plan
        kept = replace(plan, id=len(self.kept_plans) + 1)
        self.kept_plans.append(kept)
        return kept

    def kept(self, plan: int) -> Plan:
        if self.refusing is not None:
            raise self.refusing
        return self.kept_plans[plan - 1]

    def again(self, plan: int) -> Plan:
        if self.refusing is not None:
            raise self.refusing
        view = self.reader.plans_known[plan]
        failed = [action.connection for action in view.actions if action.state == ActionState.FAILED]
        return self.plan(view.act, failed)

    def steer(self, plan: int, order: Order) -> PlanView:
        if self.refusing is not None:
            raise self.refusing
        self.orders.append((plan, order.value))
        state = {Order.PAUSE: PlanState.PAUSED, Order.RESUME: PlanState.RUNNING}.get(order, PlanState.CANCELLED)
        view = replace(self.reader.plans_known[plan], state=state, undo_until=None)
        self.reader.plans_known[plan] = view
        self.reader.version += 1
        return view

    def approvable(self, plan: int) -> None:
        if self.refusing is not None:
            raise self.refusing

    def approve(self, plan: int, *, agreed: bool, digest: str | None = None) -> Submitted:
        if self.refusing is not None:
            raise self.refusing
        self.orders.append((plan, f"{'approve' if agreed else 'decline'} {digest}"))
        view = self.reader.plans_known[plan]
        state = PlanState.RUNNING if agreed else PlanState.CANCELLED
        self.reader.plans_known[plan] = replace(view, state=state)
        self.reader.version += 1
        return Submitted(plan=plan, actions=view.actions if agreed else (), refused=(), state=state)

    def submit(self, plan: Plan) -> Submitted:
        if self.refusing is not None:
            raise self.refusing
        plan = self.keep(plan)
        assert plan.id is not None
        number = plan.id
        self.submitted.append(plan)
        times = {item.connection: item.until for item in plan.acts}
        rows = self.reader.rows(list(times), NOW)
        actions = tuple(
            replace(make_action(n, number, plan.act, row, ActionState.INTENT), not_before=times[row.id])
            for n, row in enumerate(rows, start=1)
        )
        state = PlanState.APPROVAL if self.awaits_approval(plan) else PlanState.RUNNING
        self.reader.plans_known[number] = make_plan(plan, actions, state=state)
        return Submitted(plan=number, actions=actions, refused=(), changed=self.changed, state=state)

    def settle(self, plan: int, **states: ActionState) -> None:
        """The agent has done its work on a plan; `states` by connection id."""
        view = self.reader.plans_known[plan]
        actions = tuple(
            replace(action, state=states.get(action.connection, ActionState.DONE)) for action in view.actions
        )
        self.reader.plans_known[plan] = make_plan(self.kept_plans[plan - 1], actions)
        self.reader.version += 1


def make_plan(plan: Plan, actions: tuple[Action, ...], **values: object) -> PlanView:
    """A kept plan with these acts; it runs while one of them is under way, unless `values` say otherwise."""
    assert plan.id is not None
    counts: dict[ActionState, int] = {}
    for action in actions:
        counts[action.state] = counts.get(action.state, 0) + 1
    later = [a for a in actions if a.state == ActionState.INTENT and a.not_before is not None and a.not_before > NOW]
    live = any(not action.state.settled for action in actions)
    known: dict[str, object] = {
        "id": plan.id,
        "act": plan.act,
        "operator": plan.operator,
        "host": "bastion",
        "created_at": plan.created_at,
        "run_at": plan.created_at,
        "run_by": plan.operator,
        "digest": plan.digest,
        "counts": counts,
        "actions": tuple(action for action in actions if action.state != ActionState.REFUSED),
        "refused": tuple((a.connection, a.reason) for a in actions if a.state == ActionState.REFUSED),
        "state": PlanState.RUNNING if live else PlanState.ENDED,
        "waits": len(later),
        **values,
    }
    return PlanView(**known)  # type: ignore[arg-type]


def make_desk(
    reader: FakeReader | None = None, *, language: str = "da", monotonic: float = 0.0, **values: object
) -> Desk:
    """A desk over the fakes. `monotonic` 0 lets every key answer a question, infinity none."""
    reader = reader or FakeReader()
    known: FleetReader = reader
    given: dict[str, object] = {
        "reader": known,
        "operations": FakeOperations(reader),
        "clock": FixedClock(),
        "settings": Settings(profile="demo", environment="sandbox", language=language),
        "say": texts_in(language),
        "operator": "anna",
        "agent_status": reader.agent_status,
        "verify_audit": reader.verify_audit,
        "monotonic": lambda: monotonic,
        "crash_dir": Path(os.devnull) / "nowhere",
        **values,
    }
    return Desk(**given)  # type: ignore[arg-type]

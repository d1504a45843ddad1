"""A small fleet in memory, and operations that remember what was submitted: for tests of the console alone."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from threading import Event as Gate

from backend.config import Settings
from backend.model.facts import (
    Account,
    Act,
    Action,
    ActionState,
    Attempt,
    Case,
    Consent,
    Event,
    Fetch,
    Plan,
    PlanItem,
    Posting,
    PostingState,
    Stage,
    Status,
    Transfer,
    Verdict,
)
from backend.model.filters import Compare, Filter, Not, Pattern, Term, Word
from backend.model.forecast import Answers, Expiries
from backend.model.health import Assessment, HealthFacts, Reason
from backend.model.incidents import IncidentView
from backend.model.lifetimes import Lives
from backend.model.text import fold
from backend.model.views import (
    AgentStatus,
    AuditReport,
    ConnectionView,
    FleetRow,
    PendingTotals,
    PlanView,
    PostingFilter,
    PostingLine,
    ProblemView,
    Submitted,
)
from backend.ports import FleetReader
from backend.texts import texts_in
from tui.desk import Desk

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
BANKS = ("Danske Bank", "Nordea", "Jyske Bank", "Sydbank", "Lunar", "Arbejdernes Landsbank")
NAMES = (
    "Vejle Tømrer & Snedker ApS",
    "Østergaard Revision",
    "Café Blåbær IVS",
    "Kjeldsen & Ravn A/S",
    "Hjørring Autolak",
    "Nørrebro Cykler",
    "Sønderjysk Smede- og Maskinværksted Aktieselskab",
    "Møllers Bageri",
    "Fjord Consult",
    "Aarhus Tagteknik",
)


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


SHAPES: tuple[tuple[Verdict, Consent, Fetch, Transfer, Act | None, int | None], ...] = (
    (Verdict.FINE, Consent.VALID, Fetch.OK, Transfer.IDLE, None, 71),
    (Verdict.FINE, Consent.VALID, Fetch.OK, Transfer.QUEUED, None, 44),
    (Verdict.CUSTOMER, Consent.EXPIRED, Fetch.CUSTOMER_ACTION, Transfer.IDLE, Act.RENEW, -3),
    (Verdict.OPERATOR, Consent.EXPIRING, Fetch.OK, Transfer.HELD, Act.RENEW, 6),
    (Verdict.WAIT, Consent.VALID, Fetch.RATE_LIMITED, Transfer.IDLE, None, 30),
    (Verdict.INCIDENT, Consent.VALID, Fetch.BANK_DOWN, Transfer.LATE, None, 55),
    (Verdict.FINE, Consent.VALID, Fetch.OK_EMPTY, Transfer.IDLE, None, 88),
    (Verdict.CUSTOMER, Consent.REVOKED_BY_BANK, Fetch.CUSTOMER_ACTION, Transfer.IDLE, Act.RENEW, 20),
)
SEVERITY = {Verdict.OPERATOR: 0, Verdict.CUSTOMER: 1, Verdict.INCIDENT: 2, Verdict.WAIT: 3, Verdict.FINE: 4}


def make_row(n: int) -> FleetRow:
    """The n-th connection of the fleet, always the same."""
    verdict, consent, fetch, transfer, action, days = SHAPES[n % len(SHAPES)]
    return FleetRow(
        id=f"c{1000 + n}",
        agreement_number=str(312000 + 7 * n),
        customer=f"{NAMES[n % len(NAMES)]}{'' if n < len(NAMES) else f' {n}'}",
        bank=BANKS[n % len(BANKS)],
        provider="aiia",
        status=Status.AKTIV if verdict != Verdict.CUSTOMER else Status.INAKTIV,
        consent=consent,
        fetch=fetch,
        transfer=transfer,
        verdict=verdict,
        situation=None,
        action=action,
        wait_until=NOW + timedelta(hours=3, minutes=12) if verdict == Verdict.WAIT else None,
        expires_at=NOW + timedelta(days=days) if days is not None else None,
        data_from=date(2024, 5, 24),
        last_fetched=NOW - timedelta(hours=n % 30, minutes=n % 60),
        pending=(n * 7) % 23 if transfer != Transfer.IDLE else 0,
    )


@dataclass
class FakeReader:
    """`ports.FleetReader` over a list. `gate`, when closed, holds every read of the fleet until it is opened."""

    fleet_rows: list[FleetRow] = field(default_factory=lambda: [make_row(n) for n in range(250)])
    posting_lines: list[PostingLine] = field(default_factory=list)
    plans_known: dict[int, PlanView] = field(default_factory=dict)
    lives_known: dict[str, tuple[Lives, ...]] = field(default_factory=dict)
    expiries_known: list[Expiries] = field(default_factory=list)
    answers_known: list[Answers] = field(default_factory=list)
    incidents_known: list[IncidentView] = field(default_factory=list)
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
        return [row for row in self.fleet_rows if all(_holds(term, row) for term in query.terms)]

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
        return make_view(found[0]) if found else None

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

    def lives(self, bank: str | None = None) -> dict[str, tuple[Lives, ...]]:
        return self.lives_known

    def expiries(self, now: datetime, until: datetime) -> list[Expiries]:
        return self.expiries_known

    def answers(self, since: datetime, settled_before: datetime) -> list[Answers]:
        return self.answers_known

    def problems(self, query: Filter, limit: int) -> list[ProblemView]:
        return []

    def incidents(self, limit: int) -> list[IncidentView]:
        return self.incidents_known[:limit]

    def events(self, after: int, limit: int, connection: str | None = None) -> list[Event]:
        return []

    def verify_audit(self) -> AuditReport:
        return AuditReport(checked=0, broken_at=None)

    def plan(self, plan: int) -> PlanView | None:
        return self.plans_known.get(plan)

    def plans(self, limit: int) -> list[PlanView]:
        return list(self.plans_known.values())[:limit]

    def agent_status(self) -> AgentStatus | None:
        return self.agent

    def data_version(self) -> int:
        if self.failing is not None:
            raise self.failing
        return self.version


def _holds(term: Term, row: FleetRow) -> bool:
    match term:
        case Word(text):
            return text in fold(f"{row.customer} {row.agreement_number} {row.bank}")
        case Compare(name, "=", value):
            return fold(str(value)) in fold(str(getattr(row, name)))
        case Not(inner):
            return not _holds(inner, row)
        case Pattern() | Compare():
            raise NotImplementedError(term)
    raise AssertionError(term)


def make_view(row: FleetRow) -> ConnectionView:
    """One connection whole, after its row."""
    accounts = tuple(
        Account(
            id=n,
            provider_account_id=f"acc{n}",
            iban=f"DK{50 + n}0040044011624{n}",
            bban=None,
            name=("Driftskonto", "Skattekonto")[n],
            ledger_account=("5820 - Bankkonto", None)[n],
            booked_balance=Decimal("184233.15"),
            bank_name=row.bank,
            last_fetched=row.last_fetched,
        )
        for n in range(2)
    )
    return ConnectionView(
        row=row,
        email="bogholder@example.dk",
        consent_id="a1b2",
        accounts=accounts,
        assessment=Assessment(
            status=Status(row.status),
            consent=Consent(row.consent),
            fetch=Fetch(row.fetch),
            transfer=Transfer(row.transfer),
            verdict=Verdict(row.verdict),
            action=Act(row.action) if row.action else None,
            wait_until=row.wait_until,
            situation=row.situation,
            reasons=(Reason(key="console.reading", at=NOW, source="aiia"),),
            next_change_at=None,
        ),
        facts=HealthFacts(
            consent=Consent(row.consent), expires_at=row.expires_at, connected_at=NOW - timedelta(days=90)
        ),
        case=Case(
            id=1,
            kind=Act.RENEW,
            connection=row.id,
            agreement_number=row.agreement_number,
            customer=row.customer,
            email="bogholder@example.dk",
            action=1,
            state="nonce",
            stage=Stage.SENT,
            link="https://connect.example/1",
            created_at=NOW - timedelta(hours=5),
            sent_at=NOW - timedelta(hours=5),
        ),
        actions=(make_action(1, 1, Act.RENEW, row, ActionState.AWAITING_CUSTOMER),),
    )


def make_attempt(connection: str, n: int) -> Attempt:
    at = NOW - timedelta(hours=2 * n)
    return Attempt(
        connection=connection,
        operation="transactions",
        started_at=at,
        ended_at=at + timedelta(milliseconds=340),
        outcome="ok" if n else "needs_customer",
        http_status=200 if n else 403,
        request_id=f"r{n}",
        correlation_id=f"corr-{n}",
        detail="" if n else "Consent expired",
    )


def make_line(seq: int, row: FleetRow, state: PostingState = PostingState.QUEUED, **values: object) -> PostingLine:
    """The posting number `seq` of a connection."""
    posting = Posting(
        id=f"p{seq}",
        connection=row.id,
        agreement_number=row.agreement_number,
        account_id=1,
        account_key="DK5000400440116240",
        iban="DK5000400440116240",
        ledger_account="5820 - Bankkonto",
        source_id=f"s{seq}",
        date=date(2026, 11, 22),
        value_date=None,
        amount=Decimal("-1234.50") * seq,
        currency="DKK",
        text=f"Dankort-køb {seq}",
        balance=None,
        position=0,
        state=state,
        fetched_at=NOW - timedelta(minutes=3 * seq),
        due_at=NOW + timedelta(hours=6) - timedelta(minutes=3 * seq),
    )
    return PostingLine(seq=seq, posting=replace(posting, **values), customer=row.customer, bank=row.bank)  # type: ignore[arg-type]


def make_action(number: int, plan: int, act: Act, row: FleetRow, state: ActionState) -> Action:
    return Action(
        id=number,
        plan=plan,
        act=act,
        connection=row.id,
        agreement_number=row.agreement_number,
        customer=row.customer,
        state=state,
        key=f"k{number}",
        operator="anna",
        created_at=NOW,
    )


@dataclass
class FakeOperations:
    """Plans everything as `run`, but for what `fates` says; remembers what was submitted."""

    reader: FakeReader
    fates: dict[str, tuple[str, str]] = field(default_factory=dict)
    submitted: list[Plan] = field(default_factory=list)
    gate: Gate = field(default_factory=Gate)

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
                )
            )
        return Plan(act=act, operator="anna", created_at=NOW, items=tuple(items), then_sync=then_sync)

    def connect(self, agreement: str, bank: str) -> Plan:
        item = PlanItem(connection="", agreement_number=agreement, customer="Ny kunde", bank=bank, fate="run")
        return Plan(act=Act.CONNECT, operator="anna", created_at=NOW, items=(item,))

    def submit(self, plan: Plan) -> Submitted:
        self.submitted.append(plan)
        number = len(self.submitted)
        rows = self.reader.rows([item.connection for item in plan.with_fate("run")], NOW)
        actions = tuple(
            make_action(n, number, plan.act, row, ActionState.INTENT) for n, row in enumerate(rows, start=1)
        )
        self.reader.plans_known[number] = _view(number, plan, actions)
        return Submitted(plan=number, actions=actions, refused=())

    def settle(self, plan: int, **states: ActionState) -> None:
        """The agent has done its work on a plan; `states` by connection id."""
        view = self.reader.plans_known[plan]
        actions = tuple(
            replace(action, state=states.get(action.connection, ActionState.DONE)) for action in view.actions
        )
        self.reader.plans_known[plan] = _view(plan, self.submitted[plan - 1], actions)
        self.reader.version += 1


def _view(number: int, plan: Plan, actions: tuple[Action, ...]) -> PlanView:
    counts: dict[ActionState, int] = {}
    for action in actions:
        counts[action.state] = counts.get(action.state, 0) + 1
    return PlanView(
        id=number,
        act=plan.act,
        operator=plan.operator,
        host="bastion",
        created_at=plan.created_at,
        counts=counts,
        actions=actions,
        refused=(),
    )


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
        "monotonic": lambda: monotonic,
        "crash_dir": Path(os.devnull) / "nowhere",
        **values,
    }
    return Desk(**given)  # type: ignore[arg-type]

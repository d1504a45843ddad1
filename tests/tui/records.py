"""Records of a small fleet, always the same: rows, connections, attempts, postings, acts."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from backend.model.facts import (
    Account,
    Act,
    Attempt,
    Case,
    Consent,
    Fetch,
    Posting,
    PostingState,
    Stage,
    Status,
    Transfer,
    Verdict,
)
from backend.model.health import Assessment, HealthFacts, Reason
from backend.model.plans import Action, ActionState
from backend.model.views import ConnectionView, FleetRow, PostingLine, ProblemView
from backend.model.webhooks import WebhookView

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
            reasons=(Reason(key="console.reading", at=NOW, source="provider"),),
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
        answer="" if n else '403 Forbidden\n{"error": "ConsentExpired", "token": "[token]"}',
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


def make_problem(row: FleetRow, cause: str = "renewal_due", **changes: object) -> ProblemView:
    """The open problem of a connection."""
    problem = ProblemView(
        id=int(row.id[1:]),
        connection=row.id,
        agreement_number=row.agreement_number,
        customer=row.customer,
        bank=row.bank,
        cause=cause,
        verdict=row.verdict,
        action=row.action,
        since=NOW - timedelta(days=2),
        last_at=NOW - timedelta(minutes=12),
        times=3,
        incident=None,
    )
    return replace(problem, **changes)  # type: ignore[arg-type]


def make_event(event_id: str) -> WebhookView:
    return WebhookView(
        event_id=event_id,
        event="ConnectionExpired",
        consent_id="consent-1",
        connection="c1",
        at=NOW,
        received_at=NOW,
        applied_at=NOW,
        effect="applied",
        repeats=0,
        reason="",
        body=b"{}",
    )

"""Tickets: what the other side asks for is there, and nothing secret ever is, whatever the texts hold."""

import re
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.model.facts import Act, Attempt, Case, Consent, Stage
from backend.model.health import HealthFacts
from backend.model.problems import Note
from backend.model.text import clean
from backend.model.views import ConnectionView, FleetRow
from backend.model.webhooks import WebhookView
from backend.rules.assess import assess
from backend.rules.ticket import TO, masked, redacted, ticket
from backend.texts import texts_in
from tests.fakes import NOON, account, iban

SAY = texts_in("en")
CONSENT = "3d0c7a52-5d1e-4b0e-9a35-1c1f6f0d9b21"


def view(foreign: str = "", **changes: object) -> ConnectionView:
    """A failing connection; `foreign` stands in every text that comes from outside."""
    facts = HealthFacts(
        consent=Consent.VALID,
        connected_at=NOON - timedelta(days=9),
        last_attempt_at=NOON,
        last_outcome="malformed",
        last_detail=f"could not be read {foreign}",
        failing_since=NOON,
        last_fetched=NOON - timedelta(hours=3),
    )
    row = FleetRow(
        id="c1",
        agreement_number="1001",
        customer=f"Nordhavn Cykler {foreign}".strip(),
        bank=f"Nordea {foreign}".strip(),
        provider="aiia",
        status="AKTIV",
        consent="valid",
        fetch="internal_error",
        transfer="idle",
        verdict="operator",
        situation="unexplained_error",
        action="sync",
        wait_until=None,
        expires_at=None,
        data_from=date(2026, 1, 1),
        last_fetched=None,
        pending=0,
    )
    case = Case(
        id=1,
        kind=Act.RENEW,
        connection="c1",
        agreement_number="1001",
        customer="Nordhavn Cykler",
        email="jens@nordhavn.example.test",
        action=1,
        state="nonce-of-the-case",
        stage=Stage.SENT,
        link="https://hub.example.test/connect?state=nonce-of-the-case",
        created_at=NOON,
    )
    whole = ConnectionView(
        row=row,
        email="jens@nordhavn.example.test",
        consent_id=CONSENT,
        accounts=(account(1, provider_account_id="acc-1"),),
        assessment=assess(facts, NOON),
        facts=facts,
        case=case,
        actions=(),
    )
    return replace(whole, **changes)  # type: ignore[arg-type]


def attempt(foreign: str = "", **changes: object) -> Attempt:
    fields: dict[str, object] = {
        "connection": "c1",
        "operation": "accounts",
        "started_at": NOON,
        "ended_at": NOON,
        "outcome": "malformed",
        "http_status": 502,
        "request_id": "5b0f2b3e-7a52-4a43-8f0b-0d3b7d1c2a10",
        "correlation_id": "0HMVABC:00000001",
        "detail": f"answer: {foreign}",
    }
    return Attempt(**(fields | changes))  # type: ignore[arg-type]


def note(foreign: str = "") -> Note:
    return Note(id=1, connection="c1", at=NOON, operator=f"eva {foreign}", text=f"ringede {foreign}")


def event(foreign: str = "") -> WebhookView:
    return WebhookView(
        event_id="7c2e52f0-5d1e-4b0e-9a35-1c1f6f0d9b21",
        event=f"SyncDone{foreign}",
        consent_id=CONSENT,
        connection="c1",
        at=NOON,
        received_at=NOON,
        applied_at=NOON,
        effect="applied",
        repeats=0,
        reason=foreign,
        body=foreign.encode("utf-8", "replace"),
    )


def plain(text: str) -> bool:
    """Nothing in it but line ends drives a terminal."""
    return all(clean(line, 5000) == line for line in text.split("\n"))


def test_what_the_other_side_asks_for_first_is_there() -> None:
    text = ticket(view(), [attempt()], [note()], SAY, NOON, environment="production", event=event())
    for known in (
        "Environment: production",
        "Bank (providerId): Nordea (Nordea)",
        f"consentId: {CONSENT}",
        "Account (accountId): acc-1 (…0001)",
        "Consent / fetch / transfer: valid / internal_error / idle",
        "Last webhook: SyncDone 2026-03-02T12:00:00Z 7c2e52f0-5d1e-4b0e-9a35-1c1f6f0d9b21",
        "- 2026-03-02T12:00:00Z accounts malformed HTTP 502 X-Correlation-Id 0HMVABC:00000001"
        " X-Request-Id 5b0f2b3e-7a52-4a43-8f0b-0d3b7d1c2a10",
        "Data last fetched: 2026-03-02T09:00:00Z",
    ):
        assert known in text, known
    assert plain(text)


def test_only_our_own_team_is_given_names_and_notes() -> None:
    for to in TO:
        text = ticket(view(), [], [note()], SAY, NOON, to=to)
        assert ("Nordhavn" in text, "ringede" in text) == (to == "team", to == "team")
        for never in ("nonce-of-the-case", "hub.example.test", "@", iban(1), "DK69"):
            assert never not in text


def test_a_ticket_about_nothing_is_a_ticket() -> None:
    bare = view(consent_id=None, accounts=(), assessment=assess(HealthFacts(consent=Consent.REMOVED), NOON))
    for language in ("da", "en"):
        assert "consentId: -" in ticket(bare, [], [], texts_in(language), NOON)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("DK69 9999 0000 0000 01 er lukket", "…0001 er lukket"),
        ("konto 9999 0000000001", "konto …0001"),
        ("Bearer abc.def.ghi og mere", "[auth] og mere"),
        ('{"refresh_token": "abc"}', '{"[pair]"}'),
        ("kundens kode, state: expired, error code: 42", "kundens kode, state: expired, error code: 42"),
        ("se https://hub.example.test/x?state=abc nu", "se [link] nu"),
        ("skriv til jens@nordhavn.example.test!", "skriv til [mail]"),
        (f"consent {CONSENT} findes ikke", f"consent {CONSENT} findes ikke"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-_1", "[token]"),
        ("the answer is not JSON (502 Bad Gateway)", "the answer is not JSON (502 Bad Gateway)"),
    ],
)
def test_what_is_taken_out_and_what_is_left(text: str, shown: str) -> None:
    assert redacted(text) == shown


def test_ids_of_the_other_side_stand_as_they_are_but_for_secrets() -> None:
    for one in ("ygAAAAVDaXBoZXJUZXh0AAAAAAAAAAAAAA_-", "9999123456789012", "acc-fict-0001", CONSENT):
        assert redacted(one, ids=True) == one
    assert redacted(iban(1), ids=True) == "…0001" and redacted("eyJhbGci.eyJz.x", ids=True) == "[token]"


B64 = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
OPAQUE = st.text(alphabet=B64, min_size=24, max_size=80).filter(
    lambda text: any(c.isdigit() for c in text) and any(c.isalpha() for c in text)
)
SECRETS = st.one_of(
    OPAQUE.map(lambda text: (f"eyJ{text}.eyJ{text}.{text}", text)),
    OPAQUE.map(lambda text: (f"Bearer {text}", text)),
    OPAQUE.map(lambda text: (f'"access_token": "{text}"', text)),
    OPAQUE.map(lambda text: (text, text)),
    OPAQUE.map(lambda text: (f"https://hub.example.test/connect?consentId=1&state={text}", text)),
    st.text(alphabet=B64[:52], min_size=6, max_size=9).map(lambda text: (f"client_secret={text}Q7", f"{text}Q7")),
    st.from_regex(r"[a-z]{3,9}\.[a-z]{3,9}@firma[a-z]{1,4}\.dk", fullmatch=True).map(lambda text: (text, text)),
    st.from_regex(r"DK[0-9]{16}", fullmatch=True).map(lambda text: (text, text)),
    st.from_regex(r"DK[0-9]{16}", fullmatch=True).map(
        lambda text: (" ".join(text[i : i + 4] for i in range(0, 18, 4)), text)
    ),
    st.from_regex(r"[0-9]{14}", fullmatch=True).map(lambda text: (text, text)),
)
AROUND = st.text(max_size=12)


@given(secret=SECRETS, before=AROUND, after=AROUND, to=st.sampled_from(TO), language=st.sampled_from(["da", "en"]))
def test_no_secret_comes_through_from_anywhere(
    secret: tuple[str, str], before: str, after: str, to: str, language: str
) -> None:
    written, bare = secret
    foreign = f"{before} {written} {after}"
    text = ticket(
        view(foreign), [attempt(foreign)], [note(foreign)], texts_in(language), NOON, to=to, event=event(f" {foreign}")
    )
    assert written not in text
    assert bare not in re.sub(r"\s", "", text)
    assert plain(text)


@given(st.text())
def test_any_text_is_redacted_to_one_plain_line(text: str) -> None:
    once = redacted(text)
    assert plain(once) and "\n" not in once


@given(st.text())
def test_a_masked_number_shows_four(number: str) -> None:
    assert len(masked(number)) <= 5 and masked(number).startswith("…")

"""The Aiia adapter's methods, against the documented contract (`facts/aiia-economic.md` §1)."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from tests.providers.fake_aiia import ACCOUNT_ID, CLIENT_ID, REDIRECT, ROW, SESSION
from tests.providers.loopback import START
from tests.providers.world import ACCOUNT, world


def test_accounts_are_read_whole() -> None:
    async def go() -> None:
        async with world() as w:
            [account] = await w.aiia.accounts(SESSION, group="agr-1234567")
            assert account.provider_account_id == ACCOUNT_ID
            assert account.iban == "DK6999990001234567"
            assert account.bank_name == "Test bank with data #1 DKK"
            assert account.booked_balance == Decimal("184233.15")
            assert account.last_synchronized == datetime(2026, 2, 11, 4, 12, 9, 581694, tzinfo=UTC)
            assert not account.orphaned
            assert w.served.asked[0].query == {"includeOrphaned": "true", "accountsGroupId": "agr-1234567"}
            assert w.attempts.outcomes == ["accounts:ok"]
            assert w.attempts[0].correlation_id and w.attempts[0].http_status == 200

    asyncio.run(go())


def test_a_row_is_read_exactly() -> None:
    async def go() -> None:
        async with world() as w:
            [row] = (await w.aiia.transactions(SESSION, ACCOUNT, since=None)).rows
            assert (row.source_id, row.date, row.value_date) == (ROW["id"], date(2026, 2, 10), date(2026, 2, 9))
            assert str(row.amount) == "-291.0" and str(row.balance) == "184233.15"
            assert (row.text, row.state, row.booked, row.deleted) == ("DSB Kastrup", "Booked", True, False)
            [asked] = w.served.asked
            assert unquote(asked.target.split("/")[3]) == ACCOUNT_ID, "the id is opaque, and one segment"
            assert asked.query["includeDeleted"] == "true"

    asyncio.run(go())


def test_the_connect_link_is_a_link_and_not_a_call() -> None:
    async def go() -> None:
        async with world() as w:
            link = w.aiia.connect_link(
                state="nonce-1", email="bo@x.dk", group="agr-1", group_name="Ærø A/S", consent_id=None, culture="da"
            )
            query = parse_qs(urlsplit(link).query)
            assert link.startswith(f"{w.served.url}/v1/oauth/connect?")
            assert query == {
                "client_id": [CLIENT_ID],
                "redirect_uri": [REDIRECT],
                "response_type": ["code"],
                "scope": ["accounts offline_access"],
                "email": ["bo@x.dk"],
                "accountsGroupId": ["agr-1"],
                "accountsGroupName": ["Ærø A/S"],
                "culture": ["da"],
                "state": ["nonce-1"],
            }
            renewal = w.aiia.connect_link(
                state="n", email="bo@x.dk", group="g", group_name="", consent_id="c-1", culture="en"
            )
            assert parse_qs(urlsplit(renewal).query)["consentId"] == ["c-1"]
            assert "email" not in renewal
            assert w.served.asked == []

    asyncio.run(go())


def test_a_code_becomes_a_grant() -> None:
    async def go() -> None:
        async with world() as w:
            grant = await w.aiia.exchange("canary-code==", None)
            assert grant.tokens.refresh_token == w.fake.refresh_token
            assert grant.tokens.access_expires_at == START + timedelta(hours=1)
            assert grant.tokens.refresh_expires_at == START + timedelta(days=14)
            assert grant.consent_id == SESSION.consent_id
            assert w.served.asked[0].json()["redirect_uri"] == REDIRECT

    asyncio.run(go())


@pytest.mark.parametrize(
    ("answer", "queued", "auth_url", "status"),
    [
        ({"status": "AllQueued", "authUrl": None}, True, None, "AllQueued"),
        (
            {"status": "SupervisedLoginRequired", "authUrl": "https://app.aiia.eu/#/x?sessionId=1"},
            False,
            "https://app.aiia.eu/#/x?sessionId=1",
            "SupervisedLoginRequired",
        ),
        (
            {"status": "SupervisedLoginRequired", "authUrl": "javascript:alert(1)"},
            False,
            None,
            "SupervisedLoginRequired",
        ),
        ({"status": "SupervisedLoginRequired", "authUrl": "http://evil.test/"}, False, None, "SupervisedLoginRequired"),
        ({"status": "PartlyQueued\x1b[31m"}, False, None, "PartlyQueued␛[31m"),
    ],
)
def test_a_manual_update_has_two_outcomes_and_shows_others(
    answer: dict[str, object], queued: bool, auth_url: str | None, status: str
) -> None:
    async def go() -> None:
        async with world() as w:
            w.fake.update = answer
            said = await w.aiia.sync(SESSION, "req-1")
            assert (said.queued, said.auth_url, said.status) == (queued, auth_url, status)
            [asked] = w.served.asked
            assert asked.headers["x-request-id"] == "req-1"
            assert asked.json() == {"redirectUrl": REDIRECT}
            assert w.attempts[0].request_id == "req-1"

    asyncio.run(go())


def test_banks_come_from_v2_or_else_from_v1() -> None:
    async def go() -> None:
        async with world() as w:
            first = await w.aiia.banks()
            assert [(bank.id, bank.health, bank.country) for bank in first] == [
                ("DK_TestBank", "Full", "DK"),
                ("TestDataBank5", "", "FI"),
            ]
            w.fake.providers["/v2/providers"] = {"providers": w.fake.providers["/v1/providers"]}
            assert await w.aiia.banks() == first
            del w.fake.providers["/v2/providers"]
            assert await w.aiia.banks() == first
            assert w.attempts.outcomes == ["banks:ok", "banks:ok", "banks:gone", "banks:ok"]

    asyncio.run(go())

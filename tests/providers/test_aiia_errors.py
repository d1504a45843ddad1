"""What Aiia's failed answers mean (`facts/aiia-economic.md` §1.11, `facts/operations.md` §2.3)."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backend.model.errors import (
    BankDown,
    Gone,
    InProgress,
    LimitOf,
    NeedsCustomer,
    OutsideError,
    ProviderDown,
    RateLimited,
    Refused,
    Suspended,
)
from tests.providers.fake_aiia import SESSION
from tests.providers.loopback import START, Reply
from tests.providers.test_aiia_pages import quoted
from tests.providers.world import ACCOUNT, world


def coded(code: str, reason: str = "", status: int = 400, **headers: str) -> Reply:
    """An error in Aiia's shape."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply({"error": code, "details": {"reason": reason, "validationErrors": {}}}, status, named)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (coded("InvalidInput", "Email must be an email"), Refused),
        (coded("InvalidInput", "consentId must be a guid"), Refused),
        (coded("InvalidLoginToken", "unattended login unsupported"), NeedsCustomer),
        (coded("ConsentExpired"), NeedsCustomer),
        (coded("CONSENT_EXPIRED", status=403), NeedsCustomer),
        (coded("ConsentNeedsUpdate", status=422), NeedsCustomer),
        (coded("InvalidInput", "The consent has expired"), NeedsCustomer),
        (coded("Whatever", "The user must log in at the bank"), NeedsCustomer),
        (coded("Forbidden", status=403), Refused),
        (coded("", status=422), Refused),
        (coded("ConnectionSuspended", status=403), Suspended),
        (coded("SUSPENDED", "Too many failures"), Suspended),
        (coded("Forbidden", "A suspended payment", status=403), Refused),
        (coded("ProviderSuspended", status=503), BankDown),
        (coded("NotFound", status=404), Gone),
        (coded("", status=410), Gone),
        (coded("", status=409), InProgress),
        (coded("TooManyRequests", status=429), RateLimited),
        (coded("InternalError", status=500), ProviderDown),
        (coded("InternalError", "upstream answered: Too Many Requests", status=500), RateLimited),
        (Reply({"statusCode": 429, "message": "upstream"}, 500), RateLimited),
        (Reply({"message": "failed", "logId": "a-429-b"}, 500), ProviderDown),
        (coded("BankUnavailable", status=503), BankDown),
        (coded("ProviderUnavailable", status=502), BankDown),
        (coded("Unavailable", "The bank does not respond", status=504), BankDown),
        (Reply({"error": "Unavailable", "details": {"providerId": "DK_DanskeBank"}}, 503), BankDown),
        (coded("Unavailable", "try later", status=503), ProviderDown),
        (Reply(b"<html>openbanking.example.test: Bad Gateway</html>", 502), ProviderDown),
        (Reply(b"", 504), ProviderDown),
        (coded("BankUnavailable", status=500), ProviderDown),
    ],
)
def test_a_failed_answer_has_one_meaning(reply: Reply, expected: type[OutsideError]) -> None:
    async def go() -> None:
        async with world() as w:
            w.fake.told[f"/v1/accounts/{quoted()}/transactions"] = [reply]
            with pytest.raises(OutsideError) as caught:
                await w.aiia.transactions(SESSION, ACCOUNT, None)
            error = caught.value
            assert type(error) is expected
            assert error.http_status == reply.status and error.correlation_id == w.attempts[-1].correlation_id
            assert w.attempts[-1].outcome == error.kind
            if isinstance(error, BankDown | ProviderDown):
                assert error.unknown == (reply.status != 503), "of a mutation (facts/reliability.md, 2.1)"
            if isinstance(error, RateLimited):
                assert error.until == START + timedelta(hours=1)

    asyncio.run(go())


READ, ASKED = "a call that reads Aiia's store", "the call that has Aiia ask a bank"
OURS, ITS, UNSAID = LimitOf.PROVIDER, LimitOf.CONNECTION, LimitOf.UNSAID


@pytest.mark.parametrize(
    ("code", "reason", "status", "read", "asked"),
    [
        ("TooManyRequests", "", 429, OURS, UNSAID),
        ("TooManyRequests", "API rate limit", 429, OURS, OURS),
        ("TooManyRequests", "The bank allows no more logins without the user", 429, ITS, ITS),
        ("ConnectionRateLimited", "", 429, ITS, ITS),
        ("RateLimit", "four logins per day", 429, ITS, ITS),
        ("RateLimit", "Daily PSU not present consultation limit", 429, ITS, ITS),
        ("ASPSP_RATE_LIMIT_EXCEEDED", "", 429, ITS, ITS),
        ("RateLimit", "too many calls of this client", 429, OURS, OURS),
        ("InternalError", "upstream answered: Too Many Requests", 500, UNSAID, UNSAID),
    ],
)
def test_whose_limit_it_is(code: str, reason: str, status: int, read: LimitOf, asked: LimitOf) -> None:
    async def go() -> None:
        async with world() as w:
            reply = coded(code, reason, status=status)
            w.fake.told |= {
                "/v1/update": [reply],
                "/v1/accounts": [reply],
                f"/v1/accounts/{quoted()}/transactions": [reply],
            }
            found = []
            for call in (
                w.aiia.accounts(SESSION),
                w.aiia.transactions(SESSION, ACCOUNT, None),
                w.aiia.sync(SESSION, "r"),
            ):
                with pytest.raises(RateLimited) as caught:
                    await call
                found.append(caught.value.of)
                assert not caught.value.stated
            assert found == [read, read, asked]

    asyncio.run(go())


def test_a_limit_says_until_when() -> None:
    async def go() -> None:
        async with world() as w:
            w.fake.told["/v1/update"] = [
                coded("TooManyRequests", status=429, Retry_After="Wed, 11 Feb 2026 18:00:00 GMT"),
                coded("RateLimit", "four logins per day", status=429),
                coded("BankUnavailable", status=503, Retry_After="600"),
            ]
            untils = []
            for _ in range(3):
                with pytest.raises(OutsideError) as caught:
                    await w.aiia.sync(SESSION, "r")
                untils.append(caught.value.until)
            assert untils == [
                datetime(2026, 2, 11, 18, tzinfo=UTC),
                datetime(2026, 2, 12, tzinfo=UTC),
                START + timedelta(minutes=10),
            ]

    asyncio.run(go())


@pytest.mark.parametrize("path", ["/v1/accounts", "/v1/update"])
def test_a_wrong_base_address_is_no_customer_gone(path: str) -> None:
    async def go() -> None:
        async with world() as w:
            w.fake.told[path] = [Reply({}, 404)]
            with pytest.raises(Refused, match="aiia_base_url"):
                await (w.aiia.accounts(SESSION) if path == "/v1/accounts" else w.aiia.sync(SESSION, "r"))

    asyncio.run(go())


def test_banks_that_are_nowhere_point_at_the_address() -> None:
    async def go() -> None:
        async with world() as w:
            w.fake.providers.clear()
            with pytest.raises(Refused, match="aiia_base_url"):
                await w.aiia.banks()

    asyncio.run(go())


def test_whether_all_accounts_are_selected_may_be_unknown() -> None:
    async def go() -> None:
        async with world() as w:
            path = f"/v1/consent/{SESSION.consent_id}/all-accounts-selected"
            w.fake.told[path] = [
                Reply({"allAccountsSelected": False}),
                Reply({"error": "Forbidden"}, 403),
                Reply({"error": "InvalidInput"}, 400),
            ]
            assert await w.aiia.all_accounts_selected(SESSION) is False
            assert await w.aiia.all_accounts_selected(SESSION) is None
            with pytest.raises(Refused):
                await w.aiia.all_accounts_selected(SESSION)
            assert await w.aiia.all_accounts_selected(SESSION) is True

    asyncio.run(go())


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("base_url", "http://api.aiia.eu"),
        ("client_id", ""),
        ("client_secret", "canary \n"),
        ("redirect_url", "http://bank.example.test/cb"),
        ("redirect_url", "javascript:alert(1)"),
        ("redirect_url", ""),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(setting: str, value: str) -> None:
    async def go() -> None:
        async with world() as w:
            good: dict[str, Any] = {
                "base_url": "https://x",
                "client_id": "i",
                "client_secret": "s",
                "redirect_url": "https://x/cb",
            }
            with pytest.raises(ValueError, match=f"aiia_{setting}") as caught:
                type(w.aiia)(
                    **{**good, setting: value},
                    vault=w.vault.seen_by("x"),
                    clock=w.clock,
                    record=w.attempts,
                )
            assert "canary" not in str(caught.value)

    asyncio.run(go())

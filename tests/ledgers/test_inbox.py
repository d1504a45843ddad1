"""The inbox adapter, against the contract of DESIGN §8."""

import asyncio
import contextlib
import json
import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import backend.ledgers.inbox
from backend.ledgers.inbox import Inbox, ReceiptWire, _wire
from backend.model.errors import (
    InProgress,
    Malformed,
    OutsideError,
    ProviderDown,
    RateLimited,
    Refused,
    RefusedCredentials,
    Unreachable,
)
from backend.model.facts import Delivery, Posting, PostingState, Receipt
from tests.providers.loopback import START, Asked, Attempts, Fault, Handler, Reply, Served, StillClock, serving

TOKEN = "canary-inbox-token"


@asynccontextmanager
async def inbox(handler: Handler, token: str = TOKEN) -> AsyncIterator[tuple[Inbox, Served, Attempts]]:
    async with serving(handler) as served:
        attempts = Attempts()
        adapter = Inbox(base_url=f"{served.url}/recon/", token=token, clock=StillClock(), record=attempts)
        try:
            yield adapter, served, attempts
        finally:
            await adapter.aclose()


def posting(
    number: int, amount: str = "-291.00", value_date: date | None = None, balance: Decimal | None = None
) -> Posting:
    return Posting(
        id=f"p{number}",
        connection="c7",
        agreement_number="1234567",
        account_id=1,
        account_key="DK6999990001234567",
        iban="DK6999990001234567",
        ledger_account="5820",
        source_id=f"s{number}",
        date=date(2026, 2, 10),
        value_date=value_date,
        amount=Decimal(amount),
        currency="DKK",
        text="DSB Kastrup æøå",
        balance=balance,
        position=0,
        state=PostingState.QUEUED,
        fetched_at=START,
    )


def delivery(*postings: Posting, agreement: str = "1234567", ledger_account: str = "5820") -> Delivery:
    return Delivery(key="key-1", agreement_number=agreement, ledger_account=ledger_account, postings=postings)


def taken(asked: Asked) -> Reply:
    """Everything is taken."""
    postings = asked.json()["postings"]
    assert isinstance(postings, list)
    return Reply({"acknowledged": [one["id"] for one in postings], "duplicates": [], "rejected": []})


def inner(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Lists and objects, with the receipt's own names among the keys."""
    keys = st.sampled_from(["acknowledged", "duplicates", "rejected", "id", "reason"]) | st.text(max_size=3)
    return st.lists(children | st.sampled_from(["p1", "p2"]), max_size=4) | st.dictionaries(keys, children, max_size=4)


def test_a_delivery_is_sent_as_the_contract_says() -> None:
    async def go() -> None:
        async with inbox(lambda asked: Reply({"acknowledged": ["p1"], "duplicates": ["p2"], "rejected": []})) as (
            adapter,
            served,
            attempts,
        ):
            receipt = await adapter.deliver(
                delivery(posting(1), posting(2, "1E+5", date(2026, 2, 9), Decimal("184233.150")))
            )
            assert receipt == Receipt(acknowledged=("p1",), duplicates=("p2",))
            [asked] = served.asked
            assert (asked.method, asked.target) == (
                "POST",
                "/recon/v1/agreements/1234567/ledger-accounts/5820/postings",
            )
            assert asked.headers["authorization"] == f"Bearer {TOKEN}"
            assert asked.headers["idempotency-key"] == "key-1"
            assert asked.json() == {
                "postings": [
                    {
                        "id": "p1",
                        "iban": "DK6999990001234567",
                        "date": "2026-02-10",
                        "value_date": None,
                        "amount": "-291.00",
                        "currency": "DKK",
                        "text": "DSB Kastrup æøå",
                        "balance": None,
                        "source_id": "s1",
                    },
                    {
                        "id": "p2",
                        "iban": "DK6999990001234567",
                        "date": "2026-02-10",
                        "value_date": "2026-02-09",
                        "amount": "100000",
                        "currency": "DKK",
                        "text": "DSB Kastrup æøå",
                        "balance": "184233.150",
                        "source_id": "s2",
                    },
                ]
            }
            assert attempts.outcomes == ["deliver:ok"]
            assert (attempts[0].connection, attempts[0].request_id) == ("c7", "key-1")

    asyncio.run(go())


@pytest.mark.parametrize(
    ("agreement", "ledger_account", "path"),
    [
        ("1234567", "5820 - Bankkonto", "/recon/v1/agreements/1234567/ledger-accounts/5820%20-%20Bankkonto/postings"),
        ("A/1", "58?20#x%41", "/recon/v1/agreements/A%2F1/ledger-accounts/58%3F20%23x%2541/postings"),
        ("æ", "5820;a", "/recon/v1/agreements/%C3%A6/ledger-accounts/5820;a/postings"),
    ],
)
def test_names_stay_verbatim_in_the_path(agreement: str, ledger_account: str, path: str) -> None:
    async def go() -> None:
        async with inbox(taken) as (adapter, served, _):
            await adapter.deliver(delivery(posting(1), agreement=agreement, ledger_account=ledger_account))
            assert served.asked[0].target == path

    asyncio.run(go())


@pytest.mark.parametrize(("agreement", "ledger_account"), [("", "5820"), ("1", ".."), (".", "5820")])
def test_names_cannot_leave_their_place(agreement: str, ledger_account: str) -> None:
    async def go() -> None:
        async with inbox(taken) as (adapter, served, _):
            with pytest.raises(Refused):
                await adapter.deliver(delivery(posting(1), agreement=agreement, ledger_account=ledger_account))
            assert served.asked == []

    asyncio.run(go())


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15))
def test_amounts_are_plain_and_exact(amount: Decimal) -> None:
    written = _wire(posting(1, str(amount), balance=amount)).amount
    assert re.fullmatch(r"-?\d+(\.\d+)?", written)
    assert Decimal(written) == amount


@pytest.mark.parametrize(
    ("answer", "receipt", "detail"),
    [
        ({"acknowledged": ["p1", "p2"]}, Receipt(acknowledged=("p1", "p2")), ""),
        ({"acknowledged": ["p1"], "duplicates": None}, Receipt(acknowledged=("p1",)), ""),
        ({"duplicates": ["p2", "p2"]}, Receipt(duplicates=("p2",)), ""),
        ({"acknowledged": ["p1"], "duplicates": ["p1"]}, Receipt(acknowledged=("p1",)), ""),
        ({"acknowledged": []}, Receipt(), ""),
        (
            {"rejected": [{"id": "p1", "reason": "closed\x1b[2J period"}, {"id": "p2"}]},
            Receipt(rejected=(("p1", "closed␛[2J period"), ("p2", ""))),
            "",
        ),
        ({"rejected": [{"id": "p1", "reason": {"code": 7}}]}, Receipt(rejected=(("p1", '{"code":7}'),)), ""),
        ({"acknowledged": ["p1", "p9"]}, Receipt(acknowledged=("p1",)), "ids not sent by us: 1"),
        (
            {"acknowledged": ["p1", 7, None], "rejected": ["p2", {"reason": "x"}]},
            Receipt(acknowledged=("p1",)),
            "ids that cannot be read: 4",
        ),
        (
            {"acknowledged": ["p1", "p2"], "rejected": [{"id": "p1", "reason": "no"}]},
            Receipt(acknowledged=("p2",)),
            "ids both taken and rejected: 1",
        ),
        ({"acknowledged": ["p1"], "more": [1]}, Receipt(acknowledged=("p1",)), ""),
    ],
)
def test_a_receipt_is_about_what_was_sent(answer: dict[str, object], receipt: Receipt, detail: str) -> None:
    async def go() -> None:
        async with inbox(lambda asked: Reply(answer)) as (adapter, _, attempts):
            assert await adapter.deliver(delivery(posting(1), posting(2))) == receipt
            assert attempts[0].detail == detail
            assert attempts[0].outcome == ("malformed" if detail else "ok")

    asyncio.run(go())


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply({}, 401), RefusedCredentials),
        (Reply({}, 403), Refused),
        (Reply({"error": "NotFound", "details": {"reason": "Unknown agreement"}}, 404), Refused),
        (Reply({}, 422), Refused),
        (Reply({}, 409), InProgress),
        (Reply({}, 429, {"Retry-After": "60"}), RateLimited),
        (Reply({}, 500), ProviderDown),
        (Reply({}, 503), ProviderDown),
        (Reply({}), Malformed),
        (Reply([]), Malformed),
        (Reply({"acknowledged": {}}), Malformed),
        (Reply(b""), Malformed),
        (Reply(b"<html>"), Malformed),
        (Fault.DROP, Unreachable),
        (Fault.BODY, Unreachable),
    ],
)
def test_a_failed_delivery_has_one_meaning(reply: Reply | Fault, expected: type[OutsideError]) -> None:
    async def go() -> None:
        async with inbox(lambda asked: reply) as (adapter, _, attempts):
            with pytest.raises(OutsideError) as caught:
                await adapter.deliver(delivery(posting(1)))
            error = caught.value
            assert type(error) is expected
            assert error.unknown == (expected in (InProgress, Malformed, Unreachable) or error.http_status == 500)
            if isinstance(error, RateLimited):
                assert error.until == START + timedelta(minutes=1)
            assert attempts.outcomes == [f"deliver:{error.kind}"]

    asyncio.run(go())


def test_a_repeat_is_the_same_question() -> None:
    async def go() -> None:
        answers: list[Reply | Fault] = [Fault.DROP, Reply({"duplicates": ["p1"]})]
        async with inbox(lambda asked: answers.pop(0)) as (adapter, served, _):
            batch = delivery(posting(1))
            with pytest.raises(Unreachable):
                await adapter.deliver(batch)
            assert (await adapter.deliver(batch)).duplicates == ("p1",)
            first, second = served.asked
            assert first.body == second.body and first.target == second.target
            assert first.headers["idempotency-key"] == second.headers["idempotency-key"]

    asyncio.run(go())


@pytest.mark.parametrize(
    ("reply", "let_in"),
    [
        (Reply({"acknowledged": []}), True),
        (Reply(b"hello"), True),
        (Reply({}, 400), True),
        (Reply({}, 404), True),
        (Reply({}, 405), True),
        (Reply({}, 422), True),
        (Reply({}, 401), False),
        (Reply({}, 403), False),
        (Reply({}, 302), False),
        (Reply({}, 429), False),
        (Reply({}, 503), False),
        (Fault.DROP, False),
    ],
)
def test_a_check_hands_over_nothing_and_tells_whether_we_are_let_in(reply: Reply | Fault, let_in: bool) -> None:
    async def go() -> None:
        async with inbox(lambda asked: reply) as (adapter, served, attempts):
            if let_in:
                await adapter.check()
            else:
                with pytest.raises(OutsideError):
                    await adapter.check()
            assert served.asked[0].json() == {"postings": []}
            assert len(attempts) == 1

    asyncio.run(go())


def test_a_wrong_setting_is_named_and_the_token_never_said(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for url, token, name in (
        ("http://inbox.test", TOKEN, "reconciliation_url"),
        ("https://x", "", "reconciliation_token"),
    ):
        with pytest.raises(ValueError, match=name) as caught:
            Inbox(base_url=url, token=token, clock=StillClock(), record=Attempts())
        assert TOKEN not in str(caught.value)

    def echo(asked: Asked) -> Reply:
        told = str(asked.headers)
        return Reply({"error": told, "details": {"reason": told + asked.body.decode()}}, 422)

    async def go() -> None:
        async with inbox(echo) as (adapter, _, attempts):
            with pytest.raises(Refused) as refused:
                await adapter.deliver(delivery(posting(1)))
            seen = f"{refused.value!r} {attempts} {caplog.text} {adapter!r}"
            assert TOKEN not in seen and "DK6999990001234567" not in seen

    asyncio.run(go())


@settings(max_examples=60, deadline=None)
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), inner, max_leaves=8))
def test_any_json_is_a_receipt_or_malformed(answer: object) -> None:
    async def go() -> None:
        async with inbox(lambda asked: Reply(answer)) as (adapter, _, attempts):
            with contextlib.suppress(Malformed):
                receipt = await adapter.deliver(delivery(posting(1), posting(2)))
                named = {*receipt.acknowledged, *receipt.duplicates, *(name for name, _ in receipt.rejected)}
                assert named <= {"p1", "p2"}
            assert len(attempts) == 1

    asyncio.run(go())


CONTRACT = json.loads((Path(backend.ledgers.inbox.__file__).parent / "inbox.openapi.json").read_text(encoding="utf-8"))


def test_what_is_sent_is_what_the_published_contract_asks_for() -> None:
    [(path, item)] = CONTRACT["paths"].items()
    operation, schemas = item["post"], CONTRACT["components"]["schemas"]

    async def go() -> None:
        async with inbox(taken) as (adapter, served, _):
            await adapter.deliver(
                delivery(posting(1), posting(2, "1E+2", date(2026, 2, 9), Decimal("0.10")), posting(3, "-0.5"))
            )
            [asked] = served.asked
            pattern = re.sub(r"\{\w+\}", "[^/]+", path)
            assert re.fullmatch(f"/recon{pattern}", asked.path)
            for parameter in operation["parameters"]:
                assert parameter["name"].lower() in asked.headers
            postings = asked.json()["postings"]
            assert isinstance(postings, list) and len(postings) == 3
            for one in postings:
                agrees(one, schemas["Posting"])

    asyncio.run(go())
    assert set(schemas["Receipt"]["properties"]) == set(ReceiptWire.__struct_fields__)
    assert {"401", "403", "404", "409", "422", "429"} <= set(operation["responses"])


def agrees(one: dict[str, Any], schema: dict[str, Any]) -> None:
    """Required and known fields, their types and patterns."""
    assert set(schema["required"]) == set(schema["properties"]) == set(one)
    for name, rule in schema["properties"].items():
        types = rule["type"] if isinstance(rule["type"], list) else [rule["type"]]
        value = one[name]
        if value is None:
            assert "null" in types
            continue
        assert isinstance(value, str) and "string" in types
        if "pattern" in rule:
            assert re.search(rule["pattern"], value)
        if rule.get("format") == "date":
            assert date.fromisoformat(value).isoformat() == value

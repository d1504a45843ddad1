"""The inbox adapter, against the contract of DESIGN §8."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from decimal import Decimal

from backend.ledgers.inbox import Inbox
from backend.model.facts import Delivery, Posting, PostingState, Receipt
from tests.providers.loopback import START, Attempts, Handler, Reply, Served, StillClock, serving

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

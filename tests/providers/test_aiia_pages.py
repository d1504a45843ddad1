"""Transactions at Aiia: pages, order, and rows in every shape that a bank has (`facts/aiia-economic.md` §1.6)."""

import asyncio
import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from backend.model.errors import Malformed
from backend.model.facts import BankRow
from tests.providers.fake_aiia import ROW, SESSION
from tests.providers.loopback import Reply
from tests.providers.world import ACCOUNT, World, world

FIRST = date(2026, 2, 10)
PATH_END = "/transactions"


def row(number: int, day: date = FIRST, **changed: object) -> dict[str, Any]:
    return {**ROW, "id": f"t{number}", "date": day.isoformat(), **changed}


def days(*back: int, start: int = 0) -> list[dict[str, Any]]:
    """Rows that are so many days old."""
    return [row(start + n, FIRST - timedelta(days=age)) for n, age in enumerate(back)]


def paged(*pages: list[Any]) -> dict[str, Any]:
    """The pages under their tokens, the first under the empty one."""
    tokens = ["", *(f"page+/{n}==" for n in range(1, len(pages))), None]
    return {str(tokens[n]): {"pagingToken": tokens[n + 1], "transactions": rows} for n, rows in enumerate(pages)}


async def read(w: World, since: date | None = None) -> tuple[list[BankRow], int]:
    """The rows, and how many pages were asked for."""
    before = len(w.served.asked)
    said = await w.aiia.transactions(SESSION, ACCOUNT, since)
    return list(said.rows), len(w.served.asked) - before


def ids(rows: list[BankRow]) -> list[str]:
    return [one.source_id for one in rows]


def test_all_pages_are_read_in_the_providers_order() -> None:
    async def go() -> None:
        async with world() as w:
            w.fake.pages = paged(days(0, 1), days(2, 3, start=2), days(4, start=4))
            rows, asked = await read(w)
            assert (ids(rows), asked) == (["t0", "t1", "t2", "t3", "t4"], 3)
            assert [one.query.get("pagingToken") for one in w.served.asked] == [None, "page+/1==", "page+/2=="]

    asyncio.run(go())


@pytest.mark.parametrize(
    ("pages", "asked", "kept"),
    [
        ([days(0, 9), days(10, start=2)], 1, ["t0"]),
        ([days(0, 5), days(9, start=2), days(30, start=3)], 2, ["t0", "t1"]),
        ([days(9, 9), days(0, start=2)], 2, ["t2"]),
        ([days(30, 20), days(9, 1, start=2)], 2, ["t3"]),
        ([days(0, 9, 8), days(1, start=3)], 2, ["t0", "t3"]),
        ([days(9), days(0, start=1)], 2, ["t1"]),
        ([days(0, 7, 8), days(9, start=3)], 1, ["t0", "t1"]),
    ],
    ids=[
        "newest first",
        "on the second page",
        "all alike",
        "oldest first",
        "not in order",
        "one row",
        "the day itself",
    ],
)
def test_reading_stops_early_only_where_the_order_was_shown(
    pages: list[list[dict[str, Any]]], asked: int, kept: list[str]
) -> None:
    async def go() -> None:
        async with world() as w:
            w.fake.pages = paged(*pages)
            rows, calls = await read(w, FIRST - timedelta(days=7))
            assert (calls, ids(rows)) == (asked, kept)
            assert (await read(w))[1] == len(pages), "without a day everything is read"

    asyncio.run(go())


@pytest.mark.parametrize("tokens", [{"": "a", "a": "a"}, {"": "a", "a": "b", "b": "a"}])
def test_pages_that_go_in_circles_are_malformed(tokens: dict[str, str]) -> None:
    async def go() -> None:
        async with world() as w:
            w.fake.pages = {
                key: {"pagingToken": after, "transactions": days(n)} for n, (key, after) in enumerate(tokens.items())
            }
            with pytest.raises(Malformed, match="twice"):
                await read(w)
            assert w.attempts[-1].outcome == "malformed"

    asyncio.run(go())


def test_pages_without_an_end_are_malformed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.providers.aiia.MAX_PAGES", 3)

    async def go() -> None:
        async with world() as w:
            w.fake.pages = paged(*([[]] * 5))
            with pytest.raises(Malformed, match="no last page"):
                await read(w)

    asyncio.run(go())


@pytest.mark.parametrize("token", [None, "", "absent"])
def test_the_last_page_has_no_token(token: str | None) -> None:
    async def go() -> None:
        async with world() as w:
            page: dict[str, Any] = {"transactions": days(0), "pagingToken": token}
            if token == "absent":
                del page["pagingToken"]
            w.fake.pages = {"": page}
            assert (await read(w))[1] == 1

    asyncio.run(go())


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"transactions": None},
        {"transactions": {}},
        [],
        {"Transactions": []},
        {"transactions": [], "pagingToken": 7},
    ],
)
def test_a_page_that_says_nothing_is_not_an_empty_page(body: object) -> None:
    async def go() -> None:
        async with world() as w:
            w.fake.pages = {"": body}
            with pytest.raises(Malformed):
                await read(w)

    asyncio.run(go())


def test_a_row_that_lies_on_two_pages_is_one_row() -> None:
    async def go() -> None:
        async with world() as w:
            w.fake.pages = paged(
                [row(1, state="Reserved"), row(2)], [row(2), row(1), row(2, amount=-1, transactionAmount=None)]
            )
            rows, _ = await read(w)
            assert [(one.source_id, str(one.amount), one.state) for one in rows] == [
                ("t1", "-291.0", "Booked"),
                ("t2", "-291.0", "Booked"),
                ("t2", "-1", "Booked"),
            ]

    asyncio.run(go())


def test_bad_rows_are_left_out_and_told_and_the_good_ones_kept() -> None:
    async def go() -> None:
        async with world() as w:
            bad: list[object] = [
                row(1, id=None),
                row(2, date=None),
                row(3, date="0001-01-01T00:00:00"),
                row(4, date="2026-02-30"),
                row(5, amount=None, transactionAmount=None),
                row(6, amount=None, transactionAmount={"value": True}),
                row(7, id=".."),
                "a text",
                None,
            ]
            w.fake.pages = paged([row(0), *bad, row(99)])
            rows, _ = await read(w)
            assert ids(rows) == ["t0", "t99"]
            assert (w.attempts[-1].outcome, w.attempts[-1].http_status) == ("malformed", 200)
            assert w.attempts[-1].detail == (
                "left out 9 of 11: no id (1), no date (3), no amount (2), no usable id (1), not an object (2)"
            )

    asyncio.run(go())


@pytest.mark.parametrize(
    ("wire", "amount"),
    [
        ('"amount": -291.0', "-291.0"),
        ('"amount": 0.1', "0.1"),
        ('"amount": 184233.15', "184233.15"),
        ('"amount": 12345678901234.123456', "12345678901234.123456"),
        ('"amount": 1e3', "1E+3"),
        ('"amount": "-0.30"', "-0.30"),
        ('"transactionAmount": {"value": 2.50}, "amount": 9', "2.50"),
        ('"transactionAmount": {"value": null}, "amount": 9', "9"),
        ('"transactionAmount": "x", "amount": {"value": 3.10, "currency": "EUR"}', "3.10"),
        ('"amount": 1e999', None),
        ('"amount": 1e-400', None),
        ('"amount": 0e99', None),
        ('"amount": "NaN"', None),
        ('"amount": "Infinity"', None),
        ('"amount": "1_000"', None),
        ('"amount": 1' + "0" * 300, None),
        ('"amount": 0.' + "1" * 300, None),
        ('"amount": []', None),
    ],
)
def test_amounts_are_exact_or_not_there(wire: str, amount: str | None) -> None:
    async def go() -> None:
        async with world() as w:
            body = f'{{"transactions": [{{"id": "t1", "date": "2026-02-10", {wire}}}]}}'
            w.fake.told[f"/v1/accounts/{quoted()}{PATH_END}"] = [Reply(body.encode())]
            rows, _ = await read(w)
            assert [str(one.amount) for one in rows] == ([amount] if amount else [])

    asyncio.run(go())


def quoted() -> str:
    """The account's path segment as it arrives."""
    return "ZmljdC11c2VyfERLX0ZpY3RCYW5r%2FfGFiYzEyMy4x%2Bx=:y"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"state": "Booked"}, {"state": "Booked", "booked": True}),
        ({"state": "BOOKED"}, {"state": "BOOKED", "booked": True}),
        ({"state": None}, {"booked": True}),
        ({"state": "Reserved"}, {"state": "Reserved", "booked": False}),
        ({"state": "Queued"}, {"state": "Queued", "booked": False}),
        ({"state": "Vedr\x1bt"}, {"state": "Vedr␛t", "booked": False}),
        ({"state": 3}, {"state": "3", "booked": False}),
        ({"isDeleted": True}, {"deleted": True}),
        ({"isDeleted": "true"}, {"deleted": True}),
        ({"isDeleted": None}, {"deleted": False}),
        ({"text": None}, {"text": "DSB KASTRUP AUT    23228"}),
        ({"text": ""}, {"text": "DSB KASTRUP AUT    23228"}),
        ({"text": None, "originalText": None}, {"text": ""}),
        ({"text": "\x1b]52;c;cm0=\x07\u202e"}, {"text": "␛]52;c;cm0=␇�"}),
        ({"date": "2026-02-10T23:30:00.5816944+01:00"}, {"date": FIRST}),
        ({"date": "2026-02-10T00:00:00Z"}, {"date": FIRST}),
        ({"detail": None}, {"value_date": None}),
        ({"detail": "x"}, {"value_date": None}),
        ({"detail": {"valueDate": "0001-01-01"}}, {"value_date": None}),
        ({"detail": {"valueDate": "2026-02-12T00:00:00"}}, {"value_date": date(2026, 2, 12)}),
        ({"balance": None}, {"balance": None}),
        ({"balance": 12.5}, {"balance": Decimal("12.5")}),
        ({"transactionAmount": {"value": 1, "currency": "EUR"}}, {"currency": "EUR", "amount": Decimal(1)}),
        ({"transactionAmount": None, "currency": None}, {"currency": "DKK"}),
        ({"id": 4711}, {"source_id": "4711"}),
        ({"unheardOf": {"a": [1, 2]}}, {"text": "DSB Kastrup"}),
    ],
)
def test_a_row_is_read_in_every_shape(changed: dict[str, object], expected: dict[str, object]) -> None:
    async def go() -> None:
        async with world() as w:
            w.fake.pages = paged([{**ROW, **changed}])
            [one], _ = await read(w)
            assert {name: getattr(one, name) for name in expected} == expected
            assert w.attempts[-1].outcome == "ok"

    asyncio.run(go())


def test_bytes_that_are_no_utf8_cost_a_letter_and_not_the_page() -> None:
    async def go() -> None:
        async with world() as w:
            body = json.dumps({"transactions": [row(1, text="K?benhavn"), row(2)]}).encode().replace(b"K?", b"K\xf8")
            w.fake.told[f"/v1/accounts/{quoted()}{PATH_END}"] = [Reply(body)]
            rows, _ = await read(w)
            assert ids(rows) == ["t1", "t2"]
            assert rows[0].text == "K�benhavn"

    asyncio.run(go())

"""The inbox of bank reconciliation, as DESIGN §8 writes it, with its books."""

from typing import Any

import httpx
import pytest

from backend.sandbox.client import plain_client
from tests.sandbox.conftest import Place

AGREEMENT = "1200000"


def posting(name: str = "p1", **changed: Any) -> dict[str, Any]:
    return {
        "id": name,
        "iban": "DK6999990001234567",
        "date": "2026-03-10",
        "value_date": "2026-03-10",
        "amount": "-291.00",
        "currency": "DKK",
        "text": "DSB Kastrup",
        "balance": "184233.15",
        "source_id": "8f6b",
    } | changed


def post(
    place: Place,
    *postings: dict[str, Any],
    key: str = "k1",
    agreement: str = AGREEMENT,
    ledger: str = "5820",
    token: str | None = None,
) -> httpx.Response:
    bearer = place.world.addresses["reconciliation_token"] if token is None else token
    with plain_client(place.world.addresses["reconciliation"]) as http:
        return http.post(
            f"/v1/agreements/{agreement}/ledger-accounts/{ledger}/postings",
            json={"postings": list(postings)},
            headers={"Authorization": f"Bearer {bearer}"} | ({"Idempotency-Key": key} if key else {}),
        )


def test_postings_are_acknowledged_once_and_known_again_under_another_key(place: Place) -> None:
    assert post(place, posting("a"), posting("b", amount="1.00")).json() == {
        "acknowledged": ["a", "b"],
        "duplicates": [],
        "rejected": [],
    }
    assert post(place, posting("a"), key="k2").json() == {"acknowledged": [], "duplicates": ["a"], "rejected": []}
    books = place.world.client.books()["postings"]
    assert (books["received"], books["distinct"], books["acknowledged"]) == (3, 2, 2)
    assert books["under_two_keys"] == ["a"]


def test_the_same_key_repeats_its_answer_and_refuses_another_body(place: Place) -> None:
    first = post(place, posting("a"))
    assert post(place, posting("a")).json() == first.json()
    assert post(place, posting("b")).status_code == 422
    kept = {record["id"]: record for record in place.world.client.postings()}
    assert kept.keys() == {"a"}
    assert (kept["a"]["received"], kept["a"]["keys"]) == (2, ["k1", "k1"])


def test_a_lost_answer_was_booked_and_comes_back_under_its_key(place: Place) -> None:
    place.world.client.fault("reconciliation", "lose_answer")
    with pytest.raises(httpx.TransportError):
        post(place, posting("a"))
    assert post(place, posting("a")).json()["acknowledged"] == ["a"]
    assert place.world.client.books()["postings"]["acknowledged"] == 1


@pytest.mark.parametrize(("ledger", "word"), [("9999", "kontoplanen"), ("5890", "spærret")])
def test_an_unknown_or_barred_ledger_account_is_rejected_with_the_reason(place: Place, ledger: str, word: str) -> None:
    answer = post(place, posting("a"), ledger=ledger).json()
    assert answer["acknowledged"] == []
    assert word in answer["rejected"][0]["reason"]


def test_a_ledger_account_can_be_barred_and_opened_again(place: Place) -> None:
    place.world.client.turn("ledger/bar", agreement=AGREEMENT, ledger_account="5820")
    assert post(place, posting("a")).json()["rejected"][0]["id"] == "a"
    place.world.client.turn("ledger/bar", agreement=AGREEMENT, ledger_account="5820", barred=False)
    assert post(place, posting("a"), key="k2").json()["acknowledged"] == ["a"]


def test_who_may_not_come_in(place: Place) -> None:
    assert post(place, posting(), token="wrong").status_code == 401
    assert [post(place, posting(), agreement=number).status_code for number in ("1", "abc", "1200001")] == [404] * 3
    place.world.client.turn("ledger/lock-out", agreement=AGREEMENT)
    assert post(place, posting()).status_code == 403


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": -291.0},
        {"amount": "-291,00"},
        {"amount": "1e3"},
        {"date": "10.03.2026"},
        {"id": ""},
        {"currency": None},
        {"value_date": "x"},
        {"balance": 5},
    ],
)
def test_a_malformed_posting_is_422_and_books_nothing(place: Place, wrong: dict[str, Any]) -> None:
    assert post(place, posting("a"), posting("b", **wrong)).status_code == 422
    assert place.world.client.postings() == []


def test_a_key_is_demanded(place: Place) -> None:
    assert post(place, posting(), key="").status_code == 422


@pytest.mark.parametrize(("how", "status"), [("429", 429), ("503", 503), ("500", 500)])
def test_trouble_on_order(place: Place, how: str, status: int) -> None:
    place.world.client.fault("reconciliation", how, times=None, seconds=7)
    answer = post(place, posting("a"))
    assert answer.status_code == status
    assert answer.headers.get("retry-after") == ("7" if status == 429 else None)
    place.world.client.turn("lift", kind="reconciliation")
    assert post(place, posting("a")).json()["acknowledged"] == ["a"]


def test_one_bank_row_under_two_ids_is_seen(place: Place) -> None:
    post(place, posting("a"), posting("b"), posting("c", balance="1.00"))
    assert place.world.client.books()["postings"]["same_row_under_two_ids"] == [["a", "b"]]

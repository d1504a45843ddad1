"""Aiia's API as documented: tokens, accounts, rows, updates, errors."""

import base64
import json
from contextlib import suppress
from decimal import Decimal
from itertools import pairwise
from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import Place

FINE, EXPIRING, EXPIRED, DOWN, SUPERVISED, REVOKED = 0, 1, 2, 3, 4, 9


def payload(token: str) -> dict[str, Any]:
    body = token.split(".")[1]
    said: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return said


# Tokens (§1.3)


def test_a_refresh_token_works_once_and_its_reuse_is_counted(place: Place) -> None:
    line = place.lines[FINE]
    old = line["refresh_token"]
    place.bearer(line)
    again = place.token(grant_type="refresh_token", refresh_token=old)
    assert (again.status_code, again.json()["error"]) == (400, "InvalidGrant")
    reused = place.world.client.books()["tokens"]["reused"]
    assert [entry["consent_id"] for entry in reused] == [line["consent_id"]]


def test_the_claims_of_a_refresh_token_name_the_consent_and_span_fourteen_days(place: Place) -> None:
    line = place.lines[FINE]
    claims = payload(line["refresh_token"])
    assert claims["consentId"] == line["consent_id"]
    assert (claims["role"], claims["exp"] - claims["iat"]) == ("RefreshToken", 14 * 86400)


def test_a_refresh_token_of_fifteen_days_is_refused_and_not_called_reused(place: Place) -> None:
    place.clock.move(days=15)
    answer = place.token(grant_type="refresh_token", refresh_token=place.lines[FINE]["refresh_token"])
    assert answer.status_code == 400
    assert place.world.client.books()["tokens"]["reused"] == []


def test_an_access_token_lives_an_hour(place: Place) -> None:
    bearer = place.bearer(place.lines[FINE])
    assert place.http.get("/v1/accounts", headers=bearer).status_code == 200
    place.clock.move(minutes=61)
    assert place.http.get("/v1/accounts", headers=bearer).status_code == 401


def test_a_code_dies_after_a_minute_and_is_bound_to_its_address(place: Place) -> None:
    link = place.connect_link(consentId=place.lines[FINE]["consent_id"])
    for redirect, wait, status in (("http://127.0.0.1:9/callback", 61, 400), ("http://127.0.0.1:9/other", 1, 400)):
        code = place.world.client.walk(link).code or ""
        place.machine.move(seconds=wait)
        answer = place.token(grant_type="authorization_code", code=code, redirect_uri=redirect)
        assert answer.status_code == status


def test_a_code_works_once(place: Place) -> None:
    code = place.world.client.walk(place.connect_link(consentId=place.lines[FINE]["consent_id"])).code or ""
    body = {"grant_type": "authorization_code", "code": code, "redirect_uri": "http://127.0.0.1:9/callback"}
    assert [place.token(**body).status_code for _ in range(2)] == [200, 400]


def test_a_wrong_secret_is_401_and_counted(place: Place) -> None:
    for path, method in (("/v1/oauth/token", "POST"), ("/v2/providers", "GET"), ("/v1/providers", "GET")):
        answer = place.http.request(method, path, auth=("forny-sandbox", "wrong"), json={})
        assert answer.status_code == 401
    assert place.world.client.books()["tokens"]["wrong_credentials"] == 3


def test_tokens_lost_at_the_integrator_stay_lost_until_a_new_login(place: Place) -> None:
    line = place.lines[FINE]
    place.world.client.turn("token/burn", consent_id=line["consent_id"])
    assert place.token(grant_type="refresh_token", refresh_token=line["refresh_token"]).status_code == 400
    code = place.world.client.walk(place.connect_link(consentId=line["consent_id"])).code or ""
    answer = place.token(grant_type="authorization_code", code=code, redirect_uri="http://127.0.0.1:9/callback")
    line["refresh_token"] = answer.json()["refresh_token"]
    assert place.accounts(place.bearer(line))


def test_a_revoked_consent_opens_nothing(place: Place) -> None:
    line = place.lines[FINE]
    bearer = place.bearer(line)
    place.world.client.turn("consent/revoke", consent_id=line["consent_id"], by="customer")
    assert place.http.get("/v1/accounts", headers=bearer).status_code == 401
    assert place.token(grant_type="refresh_token", refresh_token=line["refresh_token"]).status_code == 400


# Requests (§1.11)


def test_a_repeated_request_id_gives_the_same_answer_and_burns_nothing(place: Place) -> None:
    body = {"grant_type": "refresh_token", "refresh_token": place.lines[FINE]["refresh_token"]}
    answers = [
        place.http.post("/v1/oauth/token", json=body, auth=place.basic, headers={"X-Request-Id": "r-1"})
        for _ in range(2)
    ]
    assert answers[0].json() == answers[1].json()
    books = place.world.client.books()
    assert (books["repeated_requests"], books["tokens"]["reused"]) == (1, [])


def test_a_lost_answer_was_applied_and_the_request_id_brings_it_back(place: Place) -> None:
    place.world.client.fault("token", "lose_answer")
    body = {"grant_type": "refresh_token", "refresh_token": place.lines[FINE]["refresh_token"]}
    with pytest.raises(httpx.TransportError):
        place.http.post("/v1/oauth/token", json=body, auth=place.basic, headers={"X-Request-Id": "r-2"})
    assert place.world.client.books()["tokens"]["refreshes"] == 1
    again = place.http.post("/v1/oauth/token", json=body, auth=place.basic, headers={"X-Request-Id": "r-2"})
    assert again.status_code == 200
    assert place.world.client.books()["tokens"]["refreshes"] == 1
    assert place.token(grant_type="refresh_token", refresh_token=body["refresh_token"]).status_code == 400


def test_the_book_of_updates_tells_by_request_id_what_was_asked_and_answered(place: Place) -> None:
    line, client = place.lines[FINE], place.world.client
    bearer = place.bearer(line)

    def ask(key: str, **headers: str) -> None:
        with suppress(httpx.TransportError):
            body = {"redirectUrl": "http://127.0.0.1:9/callback"}
            place.http.post("/v1/update", json=body, headers=bearer | {"X-Request-Id": key} | headers)

    for how in ("drop", "503", "lose_answer"):
        client.fault("update", how)
        ask("u-1")
    ask("u-2")
    ask("u-1")
    ask("u-3", Authorization="Bearer nonsense")
    first, second, nobodys = client.updates()
    assert [call["answered"] for call in first["calls"]] == ["dropped", "503", "lost 200", "200"]
    assert [call["number"] for call in first["calls"]] == [1, 2, 3, 5]
    assert (first["request_id"], first["effects"], second["effects"], nobodys["effects"]) == ("u-1", 1, 1, 0)
    assert first["consent_id"] == line["consent_id"] and first["agreement_number"] == line["agreement_number"]
    assert (nobodys["consent_id"], [call["answered"] for call in nobodys["calls"]]) == ("", ["401"])
    assert client.books()["updates"] == {"received": 6, "distinct": 3, "done_twice": []}


@pytest.mark.parametrize(("how", "status"), [("500", 500), ("503", 503), ("429", 429)])
def test_a_fault_on_order_strikes_so_many_times(place: Place, how: str, status: int) -> None:
    bearer = place.bearer(place.lines[FINE])
    place.world.client.fault("accounts", how, times=2, seconds=30)
    got = [place.http.get("/v1/accounts", headers=bearer) for _ in range(3)]
    assert [answer.status_code for answer in got] == [status, status, 200]
    if status == 429:
        assert got[0].headers["retry-after"] == "30"
        assert got[1].headers["retry-after"] == "Wed, 11 Mar 2026 09:30:30 GMT"


def test_a_garbled_answer_is_no_json(place: Place) -> None:
    bearer = place.bearer(place.lines[FINE])
    place.world.client.fault("accounts", "garbage")
    with pytest.raises(ValueError):
        place.http.get("/v1/accounts", headers=bearer).json()


@pytest.mark.parametrize(("sent", "echoed"), [("|abc-1.", True), ("no-bars", False), ("", False)])
def test_a_correlation_id_is_echoed_or_made(place: Place, sent: str, echoed: bool) -> None:
    got = place.http.get("/v1/providers", headers={"X-Correlation-Id": sent}).headers["x-correlation-id"]
    assert (got == sent) is echoed
    assert got.startswith("|")
    assert got.endswith(".")


# Connect (§1.2)


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_id": "other"},
        {"response_type": "token"},
        {"redirect_uri": "https://evil.example/cb"},
        {"scope": "payments:inbound"},
    ],
)
def test_a_wrong_connect_link_leads_nowhere(place: Place, wrong: dict[str, str]) -> None:
    assert place.http.get(place.connect_link(**wrong)).status_code == 400


def test_a_registered_address_elsewhere_is_let_through(place: Place) -> None:
    place.world.client.turn("redirect-uri", uri="https://bank.example.test/cb")
    answer = place.http.get(place.connect_link(redirect_uri="https://bank.example.test/cb", state="s"))
    assert answer.status_code == 302
    assert answer.headers["location"].startswith(place.world.addresses["hub"])
    assert "closeUrl=https%3A%2F%2Fbank.example.test" in answer.headers["location"]
    assert "state" not in answer.headers["location"]


# Accounts and rows (§1.5, §1.6)


def test_an_account_has_the_documented_fields_and_nulls(place: Place) -> None:
    account = place.accounts(place.bearer(place.lines[FINE]))[0]
    assert account["id"] == place.lines[FINE]["accounts"][0]["account_id"]
    assert account["number"]["iban"] == place.lines[FINE]["accounts"][0]["iban"]
    assert account["available"] is None
    fraction = account["lastSynchronized"].partition(".")[2]
    assert len(fraction) == len("1234567Z")
    assert account["booked"]["value"] == account["bookedBalance"]


def test_the_group_narrows_the_accounts(place: Place) -> None:
    line = place.lines[FINE]
    bearer = place.bearer(line)

    def count(group: str) -> int:
        answer = place.http.get("/v1/accounts", headers=bearer, params={"accountsGroupId": group})
        return len(answer.json()["accounts"])

    assert (count(line["agreement_number"]), count("other")) == (len(line["accounts"]), 0)


def test_pages_hold_every_row_once_newest_first(place: Place) -> None:
    line = place.lines[FINE]
    bearer, account = place.bearer(line), line["accounts"][0]["account_id"]
    first = place.http.get(f"/v1/accounts/{account}/transactions", headers=bearer).json()
    assert len(first["transactions"]) == 50
    rows = place.rows(bearer, account)
    assert rows[:50] == first["transactions"]
    assert len({row["id"] for row in rows}) == len(rows)
    dates = [row["date"] for row in rows]
    assert dates == sorted(dates, reverse=True)
    assert dates[-1] >= "2024-03-11"


def test_booked_rows_add_up_to_the_balance(place: Place) -> None:
    line = place.lines[FINE]
    bearer, account = place.bearer(line), line["accounts"][0]["account_id"]
    raw = place.http.get(f"/v1/accounts/{account}/transactions", headers=bearer, params={"pageSize": 500}).text
    rows = json.loads(raw, parse_float=Decimal)["transactions"]
    booked = [row for row in rows if row["state"] == "Booked"]
    for newer, older in pairwise(booked):
        assert newer["balance"]["value"] - newer["amount"] == older["balance"]["value"]
    shown = json.loads(place.http.get("/v1/accounts", headers=bearer).text, parse_float=Decimal)["accounts"][0]
    assert shown["bookedBalance"] == booked[0]["balance"]["value"]


def test_a_bad_paging_token_is_400(place: Place) -> None:
    line = place.lines[FINE]
    bearer, account = place.bearer(line), line["accounts"][0]["account_id"]
    for token in ("nonsense", base64.b64encode(b'["x","y"]').decode()):
        answer = place.http.get(f"/v1/accounts/{account}/transactions", headers=bearer, params={"pagingToken": token})
        assert answer.status_code == 400


def test_a_query_takes_an_interval_and_amounts(place: Place) -> None:
    line = place.lines[FINE]
    bearer, account = place.bearer(line), line["accounts"][0]["account_id"]
    body = {
        "Interval": "2026-01-01T00:00:00Z/2026-02-01T00:00:00Z",
        "PageSize": 500,
        "AmountValueBetween": {"min": -500, "max": -1},
    }
    rows = place.http.post(f"/v1/accounts/{account}/transactions/query", headers=bearer, json=body).json()
    assert rows["transactions"]
    assert {row["date"][:7] for row in rows["transactions"]} == {"2026-01"}
    assert all(-500 <= row["amount"] <= -1 for row in rows["transactions"])


def test_one_row_can_be_read_by_its_id(place: Place) -> None:
    line = place.lines[FINE]
    bearer, account = place.bearer(line), line["accounts"][0]["account_id"]
    row = place.http.get(f"/v1/accounts/{account}/transactions", headers=bearer).json()["transactions"][7]
    assert place.http.get(f"/v1/accounts/{account}/transactions/{row['id']}", headers=bearer).json() == row
    assert place.http.get(f"/v1/accounts/{account}/transactions/none", headers=bearer).status_code == 404


def test_a_token_can_be_made_to_show_all_of_its_users_accounts(place: Place) -> None:
    line = next(one for one in place.lines if one["agreement_number"] == "1200018")
    both = {a["iban"] for one in place.lines if one["agreement_number"] == "1200018" for a in one["accounts"]}
    bearer = place.bearer(line)
    assert {one["number"]["iban"] for one in place.accounts(bearer)} < both
    place.world.client.turn("token-scope", scope="user")
    assert {one["number"]["iban"] for one in place.accounts(bearer)} == both


def test_unknown_words_come_when_asked_for(place: Place) -> None:
    bearer = place.bearer(place.lines[FINE])
    place.world.client.turn("unknown-enums", on=True)
    assert place.accounts(bearer)[0]["type"] == "Kassekredit"


# Updates (§1.7) and consent (§1.8)


def update(place: Place, bearer: dict[str, str], **headers: str) -> httpx.Response:
    body = {"redirectUrl": "http://127.0.0.1:9/updated"}
    return place.http.post("/v1/update", json=body, headers=bearer | headers)


def test_an_update_is_queued_and_done_shortly_after(place: Place) -> None:
    bearer = place.bearer(place.lines[FINE])
    before = place.accounts(bearer)[0]["lastSynchronized"]
    assert update(place, bearer).json() == {"status": "AllQueued", "authUrl": None}
    assert place.accounts(bearer)[0]["lastSynchronized"] == before
    place.clock.move(seconds=3)
    assert place.accounts(bearer)[0]["lastSynchronized"] > before


def test_the_fifth_login_of_a_day_is_rate_limited(place: Place) -> None:
    bearer = place.bearer(place.lines[FINE])
    assert [update(place, bearer).status_code for _ in range(4)] == [200] * 4
    limited = update(place, bearer)
    assert (limited.status_code, limited.headers["retry-after"]) == (429, "86400")
    place.clock.move(hours=24, minutes=1)
    assert update(place, place.bearer(place.lines[FINE])).status_code == 200


@pytest.mark.parametrize("index", [EXPIRED, SUPERVISED])
def test_a_supervised_login_is_asked_for_and_brings_the_rows(place: Place, index: int) -> None:
    bearer = place.bearer(place.lines[index])
    before = place.accounts(bearer)[0]["lastSynchronized"]
    answer = update(place, bearer).json()
    assert answer["status"] == "SupervisedLoginRequired"
    walked = place.world.client.walk(answer["authUrl"])
    assert (walked.url, walked.pages) == ("http://127.0.0.1:9/updated", ("bank",))
    place.clock.move(seconds=3)
    assert place.accounts(bearer)[0]["lastSynchronized"] > before


def test_a_bank_that_is_down_refuses_or_stays_silent(place: Place) -> None:
    refused = update(place, place.bearer(place.lines[DOWN]))
    assert (refused.status_code, refused.json()["details"]["providerId"]) == (503, "DK_KlitBanken")
    bearer = place.bearer(place.lines[FINE])
    before = place.accounts(bearer)[0]["lastSynchronized"]
    place.world.client.set_mood("Danske Bank", "down")
    assert update(place, bearer).json()["status"] == "AllQueued"
    place.clock.move(minutes=10)
    assert place.accounts(bearer)[0]["lastSynchronized"] == before


def test_a_slow_bank_takes_its_time_but_comes(place: Place) -> None:
    place.world.client.set_mood("Danske Bank", "slow")
    bearer = place.bearer(place.lines[FINE])
    before = place.accounts(bearer)[0]["lastSynchronized"]
    assert update(place, bearer).json()["status"] == "AllQueued"
    place.clock.move(minutes=9)
    assert place.accounts(bearer)[0]["lastSynchronized"] == before
    place.clock.move(minutes=2)
    assert place.accounts(bearer)[0]["lastSynchronized"] > before


def test_a_wrong_update_is_400(place: Place) -> None:
    bearer = place.bearer(place.lines[FINE])
    assert place.http.post("/v1/update", json={}, headers=bearer).status_code == 400
    assert place.http.post("/v1/update", content=b"{", headers=bearer).json()["error"] == "InvalidInput"


def test_all_accounts_selected_tells_of_the_unticked_one(place: Place) -> None:
    link = place.connect_link(email="flere@firma.example")
    there = None
    for bank in ("DK_Nordea", "DK_Sydbank", "DK_JyskeBank", "DK_Lunar", "DK_Spar_Nord", "DK_DanskeBank"):
        place.world.client.walk(link, bank=bank)
        found = place.world.client.customer(email="flere@firma.example")["consents"][-1]
        if len(found["accounts"]) > 1:
            there = found
            break
    assert there is not None
    one = [there["accounts"][0]["iban"] or there["accounts"][0]["bban"]]
    walked = place.world.client.walk(
        place.connect_link(consentId=there["consent_id"], email="flere@firma.example"), accounts=one
    )
    answer = place.token(
        grant_type="authorization_code", code=walked.code or "", redirect_uri="http://127.0.0.1:9/callback"
    )
    bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    asked = place.http.get(f"/v1/consent/{there['consent_id']}/all-accounts-selected", headers=bearer)
    assert asked.status_code == 403 or asked.json() == {"allAccountsSelected": False}
    assert len(place.accounts(bearer)) == 1


def test_providers_tell_the_health_of_banks(place: Place) -> None:
    listed = place.http.get("/v2/providers", auth=place.basic).json()
    down = next(one for one in listed if one["name"] == "Klitbanken")
    assert down["status"]["syncMode"] == "None"
    assert down["status"]["message"]
    assert place.http.get("/v2/providers/DK_Nordea", auth=place.basic).json()["status"]["syncMode"] == "Full"
    assert {"id": "DK_Nordea", "name": "Nordea", "countryCode": "DK"} in place.http.get("/v1/providers").json()

"""Banks with moods, six-hourly syncs and what the knobs do to rows: in truth and in Aiia's store."""

import asyncio
import json
import threading
from decimal import Decimal
from typing import Any

import httpx
import pytest

from backend.sandbox.client import plain_client
from backend.sandbox.serve import running_world
from tests.sandbox.clocks import StillClock
from tests.sandbox.conftest import Place

FINE, EXPIRING, EXPIRED, DOWN, SUPERVISED = 0, 1, 2, 3, 4


def synced(place: Place, index: int) -> str:
    found: str = place.world.client.customer(index=index)["consents"][0]["last_synchronized"]
    return found


def test_the_automatic_sync_comes_every_six_hours(place: Place) -> None:
    seen = []
    for _ in range(4):
        seen.append(synced(place, FINE))
        place.clock.move(hours=6)
    assert len(set(seen)) == 4
    assert len({text[13:19] for text in seen}) == 1


@pytest.mark.parametrize("index", [EXPIRED, DOWN, SUPERVISED])
def test_nothing_is_synced_without_the_bank_or_a_consent(place: Place, index: int) -> None:
    before = synced(place, index)
    place.clock.move(days=2)
    assert synced(place, index) == before


@pytest.mark.parametrize("mood", ["down", "rate_limited", "supervised_only", "early_death"])
def test_a_mood_stops_the_syncs_and_going_back_to_ok_lets_them_run(place: Place, mood: str) -> None:
    place.world.client.set_mood("Danske Bank", mood)
    before = synced(place, FINE)
    place.clock.move(days=1)
    assert synced(place, FINE) == before
    place.world.client.set_mood("Danske Bank", "ok")
    place.clock.move(days=1)
    assert (synced(place, FINE) > before) is (mood != "early_death")


def test_an_early_death_ends_old_consents_and_spares_renewed_ones(place: Place) -> None:
    line = place.lines[FINE]
    place.world.client.set_mood("DK_DanskeBank", "early_death")
    assert place.world.client.customer(index=FINE)["consents"][0]["ended_at"] is not None
    place.world.client.walk(place.connect_link(consentId=line["consent_id"]))
    assert place.world.client.customer(index=FINE)["consents"][0]["ended_at"] is None


def test_a_data_centre_goes_down_as_one(place: Place) -> None:
    place.world.client.turn("mood", cluster="Bankdata", mood="down")
    down = {bank["name"] for bank in place.world.client.banks() if bank["mood"] == "down"}
    assert down == {"Jyske Bank", "Sydbank", "Ringkjøbing Landbobank", "Klitbanken"}


def test_a_bank_that_is_down_turns_the_customer_away_unharmed(place: Place) -> None:
    line = place.lines[DOWN]
    before = place.world.client.customer(index=DOWN)
    walked = place.world.client.walk(place.connect_link(consentId=line["consent_id"]), cancel=True)
    assert walked.pages[-1] == "bank-down"
    assert walked.code is None
    assert place.world.client.customer(index=DOWN) == before


def test_danske_bank_gives_shorter_consents(place: Place) -> None:
    days = {bank["name"]: bank["days"] for bank in place.world.client.banks()}
    assert len(days) >= 12
    assert days["Danske Bank"] < 90 <= min(number for name, number in days.items() if name != "Danske Bank")


def test_an_expiring_consent_ends_by_time_alone(place: Place) -> None:
    assert place.world.client.customer(index=EXPIRING)["consents"][0]["ended_at"] is None
    place.clock.move(days=6)
    assert place.world.client.customer(index=EXPIRING)["consents"][0]["ended_at"] is not None


# Rows


def read(place: Place, bearer: dict[str, str], **params: str) -> list[dict[str, Any]]:
    answer = place.http.get(
        f"/v1/accounts/{place.accounts(bearer)[0]['id']}/transactions",
        headers=bearer,
        params={"pageSize": "500", **params},
    )
    rows: list[dict[str, Any]] = json.loads(answer.text, parse_float=Decimal)["transactions"]
    return rows


def sync_now(place: Place) -> None:
    place.world.client.turn("consent/sync", consent_id=place.lines[FINE]["consent_id"])


def iban(place: Place) -> str:
    found: str = place.lines[FINE]["accounts"][0]["iban"]
    return found


def test_a_reserved_row_is_booked_under_a_new_id(place: Place) -> None:
    line = place.lines[FINE]
    reserved: dict[str, dict[str, Any]] = {}
    for _ in range(12):
        bearer = place.bearer(line)
        rows = read(place, bearer)
        reserved |= {row["id"]: row for row in rows if row["state"] == "Reserved"}
        place.clock.move(days=1)
    assert reserved
    assert all(row["balance"] is None and row["detail"] is None for row in reserved.values())
    place.clock.move(days=1)
    bearer = place.bearer(line)
    later = read(place, bearer)
    assert not reserved.keys() & {row["id"] for row in later}
    booked = {(row["amount"], row["text"]) for row in later if row["state"] == "Booked"}
    assert any((row["amount"], row["text"]) in booked for row in reserved.values())
    deleted = {row["id"] for row in read(place, bearer, includeDeleted="true") if row["isDeleted"]}
    assert reserved.keys() <= deleted


def test_twins_occur_and_differ_in_id_and_balance_only(place: Place) -> None:
    by_content: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for account in ("0", "1", "2", "5", "6", "7"):
        number = place.lines[int(account)]["accounts"][0]["iban"]
        consent = place.lines[int(account)]["consent_id"]
        for row in place.world.client.rows(number, consent_id=consent):
            if row["state"] == "Booked":
                by_content.setdefault((row["date"], row["amount"], row["text"]), []).append(row)
    twins = [rows for rows in by_content.values() if len(rows) > 1]
    assert twins
    assert all(len({row["id"] for row in rows}) == len({row["balance"] for row in rows}) == len(rows) for rows in twins)


def test_new_ids_for_the_same_rows(place: Place) -> None:
    bearer = place.bearer(place.lines[FINE])
    before = read(place, bearer)
    place.world.client.turn("account/renumber", account=iban(place), account_too=True)
    after = read(place, bearer)
    assert not {row["id"] for row in before} & {row["id"] for row in after}
    assert [(row["date"], row["amount"]) for row in before] == [(row["date"], row["amount"]) for row in after]


def test_a_row_taken_back_is_shown_only_on_demand_and_leaves_the_balance(place: Place) -> None:
    bearer = place.bearer(place.lines[FINE])
    place.clock.move(minutes=1)
    sync_now(place)
    before = place.accounts(bearer)[0]["bookedBalance"]
    gone = place.world.client.turn("row/delete", account=iban(place), id=read(place, bearer)[3]["id"])
    sync_now(place)
    assert gone["id"] not in {row["id"] for row in read(place, bearer)}
    assert [row["isDeleted"] for row in read(place, bearer, includeDeleted="true") if row["id"] == gone["id"]] == [True]
    assert Decimal(str(place.accounts(bearer)[0]["bookedBalance"])) == Decimal(str(before)) - Decimal(gone["amount"])


def test_a_row_dated_back_appears_at_the_next_sync_in_its_old_place(place: Place) -> None:
    bearer = place.bearer(place.lines[FINE])
    place.clock.move(minutes=1)
    hostile = "Faktura \x1b[31m\u202e[bold]x"
    place.world.client.turn("row/add", account=iban(place), amount="-12.34", text=hostile, days_back=10)
    assert hostile not in {row["text"] for row in read(place, bearer)}
    sync_now(place)
    rows = read(place, bearer)
    found = next(row for row in rows if row["text"] == hostile)
    assert (found["date"], found["amount"]) == ("2026-03-01", Decimal("-12.34"))
    booked = [row for row in rows if row["state"] == "Booked"]
    place_of = booked.index(found)
    assert found["balance"]["value"] - found["amount"] == booked[place_of + 1]["balance"]["value"]
    newer = booked[place_of - 1]
    assert newer["balance"]["value"] - newer["amount"] == found["balance"]["value"]


def test_an_account_lost_at_the_bank_is_orphaned_and_may_come_back(place: Place) -> None:
    bearer = place.bearer(place.lines[FINE])
    place.clock.move(minutes=1)
    place.world.client.turn("account/orphan", account=iban(place))
    sync_now(place)
    assert place.accounts(bearer)[0]["isOrphaned"] is True
    hidden = place.http.get("/v1/accounts", headers=bearer, params={"includeOrphaned": "false"})
    assert len(hidden.json()["accounts"]) == len(place.lines[FINE]["accounts"]) - 1
    place.world.client.turn("account/orphan", account=iban(place), back=True)
    assert place.accounts(bearer)[0]["isOrphaned"] is False


def test_a_bank_may_rename_an_account(place: Place) -> None:
    bearer = place.bearer(place.lines[FINE])
    place.world.client.turn("account/rename", account=iban(place), name="[link=x]\x07konto")
    assert place.accounts(bearer)[0]["name"] == "[link=x]\x07konto"


@pytest.mark.parametrize(
    ("knob", "said"),
    [
        ("mood", {"bank": "Ingen Bank", "mood": "ok"}),
        ("mood", {"bank": "Nordea", "mood": "sleepy"}),
        ("fault", {"kind": "everything", "how": "500"}),
        ("row/add", {"account": "DK00", "amount": "1.00"}),
        ("consent/expire", {"consent_id": "none"}),
        ("mailbox", {"mood": "sleepy"}),
        ("token-scope", {"scope": "world"}),
    ],
)
def test_a_knob_that_is_not_there_says_so(place: Place, knob: str, said: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=knob):
        place.world.client.turn(knob, **said)


# One call at a time


class Gate(StillClock):
    """A machine clock on which the first wait lasts until it is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting, self._open = threading.Event(), threading.Event()

    def open(self) -> None:
        self._open.set()

    async def sleep(self, seconds: float) -> None:
        self.waiting.set()
        await asyncio.to_thread(self._open.wait)


def test_two_calls_at_once_break_the_second_and_stand_in_the_books() -> None:
    gate = Gate()
    gate.open()
    with running_world(customers=1, clock=StillClock(), machine=gate) as world:
        line = json.loads(next(iter(world.client.fleet())))
        with plain_client(world.addresses["aiia"]) as first, plain_client(world.addresses["aiia"]) as second:
            answer = first.post(
                "/v1/oauth/token",
                json={"grant_type": "refresh_token", "refresh_token": line["refresh_token"]},
                auth=(world.addresses["client_id"], world.addresses["client_secret"]),
            )
            bearer = {"Authorization": f"Bearer {answer.json()['access_token']}", "X-Request-Id": "same"}
            gate.waiting.clear()
            gate._open.clear()
            got: list[httpx.Response] = []
            body = {"redirectUrl": "http://127.0.0.1:9/x"}
            thread = threading.Thread(target=lambda: got.append(first.post("/v1/update", headers=bearer, json=body)))
            thread.start()
            assert gate.waiting.wait(30)
            assert second.get("/v1/accounts", headers=bearer).status_code == 500
            assert second.post("/v1/update", headers=bearer, json=body).status_code == 409
            gate.open()
            thread.join()
            assert got[0].status_code == 200
            assert second.post("/v1/update", headers=bearer, json=body).json() == got[0].json()
        assert [entry["call"] for entry in world.client.books()["session_violations"]] == ["accounts"]

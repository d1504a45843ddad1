"""A bank goes down and comes back, from outside: an incident by itself, nobody bothered, then rows flow."""

import contextlib
import sqlite3
from collections.abc import Iterator

import pytest

from backend.sandbox.serve import Running, running_world
from tests.cli.conftest import Run, line, lines

BANK = "Spar Nord"


@pytest.fixture
def world() -> Iterator[Running]:
    with running_world(customers=40, sync_seconds=0.0) as running:
        yield running


@pytest.fixture
def wired(world: Running, env: dict[str, str], forny: Run) -> Run:
    at = world.addresses
    env |= {
        "FORNY_AIIA_BASE_URL": at["aiia"],
        "FORNY_AIIA_CLIENT_ID": at["client_id"],
        "FORNY_AIIA_CLIENT_SECRET": at["client_secret"],
        "FORNY_AIIA_REDIRECT_URL": "https://forny.example.test/aiia",
        "FORNY_RECONCILIATION_URL": at["reconciliation"],
        "FORNY_RECONCILIATION_TOKEN": at["reconciliation_token"],
        "FORNY_SMTP_URL": at["smtp"],
        "FORNY_CLOCK": at["clock"],
        "FORNY_SANDBOX_URL": at["control"],
    }
    assert forny("import", "-", stdin="".join(f"{item}\n" for item in world.client.fleet())).code == 0
    return forny


def test_a_bank_goes_down_and_comes_back(wired: Run, world: Running) -> None:
    wired("agent", "--once")
    healthy = {item["id"]: item for item in wired("list", f'bank:"{BANK}"', "verdict:fine", "--json").json}
    assert len(healthy) > 1
    reminded = world.client.mails()
    assert BANK not in [item["key"] for item in wired("incidents", "--json").json]

    assert wired("sandbox", "mood", BANK, "down").code == 0
    wired("agent", "--once")
    (incident,) = [item for item in wired("incidents", "--json").json if item["key"] == BANK]
    assert (incident["scope"], incident["cause"], incident["closed_at"]) == ("bank", "bank_down", None)
    assert incident["connections"] >= len(healthy) and incident["provider_health"] == "None"
    assert BANK in wired("incidents").out
    members = wired("list", f'bank:"{BANK}"', "verdict:incident", "--json").json
    assert {item["id"] for item in members} >= set(healthy) and {item["situation"] for item in members} == {
        "bank_outage"
    }
    others = wired("list", f'!bank:"{BANK}"', "verdict:fine", "--count")
    assert int(others.out) > 1, "the rest of the fleet is left alone"
    refused = wired("renew", members[0]["id"], "--yes", "--json")
    assert refused.code == 3 and refused.json["items"][0]["reason"] == "incident_open"
    assert world.client.mails() == reminded, "no customer hears of an outage"

    for member in members:
        number = member["accounts"][0]["iban"] or member["accounts"][0]["bban"]
        world.client.turn("row/add", account=number, amount="-77.00", text="Efter nedbruddet")
    logins = world.client.books()["logins"]["unattended"]
    wired("agent", "--once")
    assert world.client.books()["logins"]["unattended"] == logins, "nobody asks a bank that is down"
    assert wired("postings", "nedbruddet").code == 4

    assert wired("sandbox", "mood", BANK, "ok").code == 0
    wired("agent", "--once")
    assert BANK not in [item["key"] for item in wired("incidents", "--json").json]
    (over,) = [item for item in wired("incidents", "--all", "--json").json if item["key"] == BANK]
    assert over["closed_at"] and over["connections"] == incident["connections"]
    back = {item["id"] for item in wired("list", f'bank:"{BANK}"', "verdict:fine", "--json").json}
    assert set(healthy) <= back
    arrived = wired("postings", "nedbruddet", "--json").json
    assert arrived and {posting["state"] for posting in arrived} == {"acknowledged"}, "the canary's at once"
    assert world.client.mails() == reminded
    told = [event["kind"] for event in wired("audit", "--json").json if event["kind"].startswith("incident.")]
    assert told.count("incident.closed") == 1 and "incident.canary" in told
    assert wired("audit", "--verify").code == 0


def test_without_incidents_and_problems_the_commands_say_so(forny: Run) -> None:
    assert forny("incidents", "--json").json == [] and "No open incidents" in forny("incidents").err
    assert forny("problems").code == 4
    assert forny("problems", "nosuch:field").code == 2


def test_problems_are_listed_with_what_to_do(forny: Run) -> None:
    gone = line(1, expires_at="2020-01-01T00:00:00Z")
    assert forny("import", "-", stdin=lines(gone, line(2, consent_id=None, refresh_token=None))).code == 0
    found = forny("problems", "--json").json
    assert {item["cause"]: item["action"] for item in found} == {"renewal_due": "renew", "not_connected": "connect"}
    assert all(item["times"] == 1 and item["since"] and item["incident"] is None for item in found)
    (one,) = forny("problems", "consent:expired", "--json").json
    assert one["agreement_number"] == "1001"
    text = forny("problems")
    assert text.code == 0 and "The connection needs a renewal" in text.out


def test_what_the_fleet_has_learnt_of_a_bank_is_told_where_its_date_is_missing_or_wrong(
    forny: Run, env: dict[str, str]
) -> None:
    undated = line(1, expires_at=None)
    assert forny("import", "-", stdin=lines(undated, line(2, bank="Nordea"))).code == 0
    assert "usually dies" not in forny("show", "c1").out and forny("show", "c1", "--json").json["usual_life"] is None
    with contextlib.closing(sqlite3.connect(env["FORNY_STORE"], isolation_level=None)) as db:
        db.execute("INSERT INTO usual_lives VALUES ('Nordea', 62, 14, 0)")
    assert "usually dies on day 62 (14 cases)" in forny("show", "c1").out
    assert "usually dies on day 62 (14 cases)" in forny("why", "c1").out
    assert forny("show", "c1", "--json").json["usual_life"] == {"day": 62, "cases": 14, "bank_proved_wrong": False}
    assert "usually dies" not in forny("show", "c2").out, "the bank gave a date, and nothing speaks against it"
    with contextlib.closing(sqlite3.connect(env["FORNY_STORE"], isolation_level=None)) as db:
        db.execute("UPDATE usual_lives SET wrong = 1")
    assert "usually dies on day 62 (14 cases)" in forny("show", "c2").out

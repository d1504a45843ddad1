"""A limit of all our calls, and a sick bank, over real HTTP: who is asked, who is not, and what is told of it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from backend.model.clock import ScaledClock, SharedClock
from backend.sandbox.serve import Running, running_world
from backend.sandbox.statement import Trouble
from tests.cli.conftest import Run

CUSTOMERS = 60
SICK = "Danske Bank"


@pytest.fixture
def clock(tmp_path: Path) -> SharedClock:
    return SharedClock.start(tmp_path / "clock", ScaledClock())


@pytest.fixture
def world(clock: SharedClock) -> Iterator[Running]:
    with running_world(customers=CUSTOMERS, clock=clock) as running:
        yield running
        assert running.client.books()["session_violations"] == []


@pytest.fixture
def line(world: Running, env: dict[str, str], forny: Run) -> Run:
    at = world.addresses
    env |= {
        "FORNY_AIIA_BASE_URL": at["aiia"],
        "FORNY_AIIA_CLIENT_ID": at["client_id"],
        "FORNY_AIIA_CLIENT_SECRET": at["client_secret"],
        "FORNY_AIIA_REDIRECT_URL": "https://console.example.test/aiia",
        "FORNY_RECONCILIATION_URL": at["reconciliation"],
        "FORNY_RECONCILIATION_TOKEN": at["reconciliation_token"],
        "FORNY_SMTP_URL": at["smtp"],
        "FORNY_CLOCK": at["clock"],
    }
    assert forny("import", "-", stdin="".join(f"{item}\n" for item in world.client.fleet())).code == 0
    return forny


@contextmanager
def asked(world: Running, kind: str) -> Iterator[list[int]]:
    """How many calls of a kind the world sees meanwhile; known at the end."""

    def seen() -> int:
        return sum(many for name, many in world.world.books.calls.items() if f" {kind} " in name)

    before, told = seen(), list[int]()
    yield told
    told.append(seen() - before)


def test_a_limit_of_all_our_calls_stops_all_of_them_until_its_time_and_says_so(
    line: Run, world: Running, clock: SharedClock
) -> None:
    world.client.fault("accounts", "429", times=1, seconds=600)
    with asked(world, "accounts") as first:
        line("agent", "--once")
    with asked(world, "accounts") as second:
        line("agent", "--once")
    assert 1 <= first[0] < CUSTOMERS / 2 and second == [0], "the next agent keeps to it too"
    shown = line("list", "--json").json
    assert sum(item["fetch"] == "rate_limited" for item in shown) == 1, "nobody else is marked with it"
    assert sum(item["fetch"] == "never" for item in shown) > CUSTOMERS / 3
    (gate,) = [found for found in line("doctor", "--json").json if found["subject"] == "gates"]
    assert gate["level"] == "warn" and "for all banks" in gate["text"] and gate["todo"]

    clock.skip(700)
    with asked(world, "accounts") as third:
        line("agent", "--once")
    assert third[0] > CUSTOMERS / 2
    assert not [found for found in line("doctor", "--json").json if found["subject"] == "gates"]


def test_a_sick_bank_is_let_alone_and_the_others_are_served(line: Run, world: Running) -> None:
    fleet = [json.loads(item) for item in world.client.fleet()]
    for number, customer in enumerate(fleet):
        consent = None if customer["consent_id"] is None else world.world.consent(customer["consent_id"])
        if consent is not None and number % 2:
            consent.trouble = Trouble(503, "BankUnavailable", "The bank does not answer")
    moved = "".join(
        json.dumps(customer | {"bank": SICK if number % 2 else "Nordea"}) + "\n"
        for number, customer in enumerate(fleet)
    )
    assert line("import", "-", stdin=moved).code == 0
    line("agent", "--once")
    shown = line("list", "--json").json
    sick = [item["fetch"] for item in shown if item["bank"] == SICK]
    assert sick.count("bank_down") >= 15 and sick.count("never") >= 1, "the last were not asked in vain"
    well = [item["fetch"] for item in shown if item["bank"] == "Nordea"]
    assert well.count("never") <= 3 and well.count("ok") + well.count("ok_empty") > 20
    gates = [found["text"] for found in line("doctor", "--json").json if found["subject"] == "gates"]
    assert len(gates) == 1 and SICK in gates[0]

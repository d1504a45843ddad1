"""The agent is killed again and again while the outside misbehaves; the sandbox's own books are the judge (laws 7, 10).

`FORNY_KILLS` sets how many kills (default few, for CI), `FORNY_SEED` the run; `make torture` sets many.
"""

import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.model.clock import SharedClock, starting_now
from backend.sandbox.serve import Running, running_world
from tests.conftest import Place
from tests.postgres import Server
from tests.simulation.conftest import SEED, kills
from tests.simulation.processes import forny_environment

KILLS = kills(6)
CUSTOMERS = 24
CALM = 8
"""Rounds of an agent, hours apart, in which a calm world must come to rest."""
FAULTS = (
    ("token", "lose_answer"),
    ("token", "drop"),
    ("accounts", "503"),
    ("transactions", "garbage"),
    ("update", "lose_answer"),
    ("reconciliation", "lose_answer"),
    ("reconciliation", "drop"),
    ("reconciliation", "500"),
)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Running]:
    """A world whose clock its processes share, so that days can pass in it."""
    clock = SharedClock.start(tmp_path / "clock", starting_now(1.0))
    with running_world(customers=CUSTOMERS, seed=SEED, clock=clock) as running:
        yield running


@pytest.fixture
def env(world: Running, own_place: Place, tmp_path: Path) -> dict[str, str]:
    return forny_environment(world.addresses, own_place, tmp_path)


def forny(env: dict[str, str], *words: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tui.cli", *words], env=env, input=stdin, capture_output=True, text=True
    )


def calls(world: Running) -> int:
    """How many calls the outside has seen."""
    books = world.world.books
    return sum(books.calls.values()) + sum(books.ledger_calls.values())


def cut_off_in_mid_round(env: dict[str, str], world: Running, after: int, server: Server | None) -> bool:
    """Start a round and kill it, or crash the `server`, once the outside has seen `after` more calls.

    False when the round had ended before.
    """
    start = calls(world)
    command = [sys.executable, "-m", "tui.cli", "agent", "--once"]
    with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as agent:
        while calls(world) - start < after and agent.poll() is None:
            pass
        if server is None or agent.poll() is not None:
            agent.kill()
            return agent.wait() == -9
        server.stop()
        server.start()
        return agent.wait() != 0


def calm(env: dict[str, str], world: Running) -> list[dict[str, str]]:
    """Nothing goes wrong any more, and rounds follow each other until nothing is under way; gives all acts.

    Some hours pass between two rounds: a bank that has had its calls for the day delivers by itself meanwhile.
    """
    world.client.turn("lift")
    for bank in world.client.banks():
        world.client.set_mood(bank["id"], "ok")
    acts: list[dict[str, str]] = []
    for round_ in range(CALM):
        if round_:
            world.client.turn("clock/skip", hours=0.4 if round_ == 1 else 7)
        for plan in json.loads(forny(env, "plans", "--json").stdout):
            if plan["state"] == "paused":
                forny(env, "plan", str(plan["plan"]), "resume")
        assert forny(env, "agent", "--once").returncode in (0, 3, 5)
        plans = json.loads(forny(env, "plans", "--json").stdout)
        acts = [act for plan in plans for act in plan["actions"]]
        if round_ and not any(act["state"] in ("intent", "sent", "unknown", "waiting") for act in acts):
            break
    return acts


def test_whatever_is_killed_every_posting_arrives_once(
    world: Running, engine: Server | None, env: dict[str, str]
) -> None:
    dice = random.Random(SEED)
    fleet = "".join(f"{line}\n" for line in world.client.fleet())
    assert forny(env, "import", "-", stdin=fleet).returncode == 0
    cut = 0
    for _ in range(KILLS):
        for kind, how in dice.sample(FAULTS, 2):
            world.client.fault(kind, how, dice.randint(1, 4))
        forny(env, "sync", f"c{dice.randint(1, CUSTOMERS)}", f"c{dice.randint(1, CUSTOMERS)}", "--yes")
        crash = engine if dice.random() < 0.4 else None
        cut += cut_off_in_mid_round(env, world, dice.randint(1, 90), crash)
    assert cut, f"no round was really cut off (seed {SEED})"
    acts = calm(env, world)
    books = world.client.books()
    seen = books["postings"]
    told = json.loads(forny(env, "postings", "--json").stdout)
    states = Counter(item["state"] for item in told)
    assert (seen["under_two_keys"], seen["changed_between_sends"], seen["same_row_under_two_ids"]) == ([], [], [])
    assert (books["tokens"]["reused"], books["session_violations"]) == ([], [])
    assert states["acknowledged"] == seen["acknowledged"] > 0 and states["rejected"] == seen["rejected"]
    assert states["queued"] == 0
    assert {act["state"] for act in acts} <= {"done", "failed", "awaiting_customer"}, acts
    assert not any(act["reason"] == "unknown_for_too_long" for act in acts), acts
    assert forny(env, "audit", "--verify").returncode == 0


def test_an_agent_outlives_a_crash_of_its_server(
    world: Running, env: dict[str, str], engine: Server | None, tmp_path: Path
) -> None:
    if engine is None:
        pytest.skip("a file has no server")
    fleet = "".join(f"{line}\n" for line in world.client.fleet())
    assert forny(env, "import", "-", stdin=fleet).returncode == 0
    command = [sys.executable, "-m", "tui.cli", "agent"]
    told = tmp_path / "told"
    with told.open("w") as talk, subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=talk) as agent:
        start = calls(world)
        while calls(world) - start < CUSTOMERS:
            assert agent.poll() is None
        engine.stop()
        engine.start()
        assert forny(env, "sync", "c2", "--yes").returncode == 0
        while json.loads(forny(env, "plan", "1", "--json").stdout)["counts"].keys() & {"intent", "sent", "unknown"}:
            assert agent.poll() is None
        agent.terminate()
    assert agent.returncode == 0, told.read_text()
    assert "tries again" in told.read_text()
    assert forny(env, "audit", "--verify").returncode == 0
    assert world.client.books()["session_violations"] == []

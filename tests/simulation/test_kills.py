"""The agent is killed again and again while the outside misbehaves; the sandbox's own books are the judge (laws 7, 10).

`FORNY_KILLS` sets how many kills (default few, for CI), `FORNY_SEED` the run; `make torture` sets many.
"""

import json
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.sandbox.serve import Running, running_world
from tests.postgres import MISSING, Server, there
from tests.postgres import running as server_running

KILLS = int(os.environ.get("FORNY_KILLS", "6"))
SEED = int(os.environ.get("FORNY_SEED", "1"))
CUSTOMERS = 24
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
def world() -> Iterator[Running]:
    with running_world(customers=CUSTOMERS, seed=SEED) as running:
        yield running


@pytest.fixture(params=["sqlite", "postgres"])
def engine(request: pytest.FixtureRequest) -> Iterator[Server | None]:
    """None for a file; else a server of its own, which may be crashed."""
    if request.param == "sqlite":
        yield None
    elif not there():
        pytest.skip(MISSING)
    else:
        with server_running(durable=True) as server:
            yield server


@pytest.fixture
def env(world: Running, engine: Server | None, tmp_path: Path) -> dict[str, str]:
    at = world.addresses
    (tmp_path / "config.toml").touch()
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("FORNY_")},
        "FORNY_CONFIG": str(tmp_path / "config.toml"),
        "FORNY_STORE": engine.url(engine.new()) if engine else str(tmp_path / "forny.db"),
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "FORNY_LANGUAGE": "en",
        "FORNY_AIIA_BASE_URL": at["aiia"],
        "FORNY_AIIA_CLIENT_ID": at["client_id"],
        "FORNY_AIIA_CLIENT_SECRET": at["client_secret"],
        "FORNY_AIIA_REDIRECT_URL": "https://console.example.test/aiia",
        "FORNY_RECONCILIATION_URL": at["reconciliation"],
        "FORNY_RECONCILIATION_TOKEN": at["reconciliation_token"],
        "FORNY_SMTP_URL": at["smtp"],
    }


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


def test_whatever_is_killed_every_posting_arrives_once(
    world: Running, engine: Server | None, env: dict[str, str]
) -> None:
    dice = random.Random(SEED)
    fleet = "".join(f"{line}\n" for line in world.client.fleet())
    assert forny(env, "import", "-", stdin=fleet).returncode == 0
    kills = 0
    for _ in range(KILLS):
        for kind, how in dice.sample(FAULTS, 2):
            world.client.fault(kind, how, dice.randint(1, 4))
        forny(env, "sync", f"c{dice.randint(1, CUSTOMERS)}", f"c{dice.randint(1, CUSTOMERS)}", "--yes")
        crash = engine if dice.random() < 0.4 else None
        kills += cut_off_in_mid_round(env, world, dice.randint(1, 90), crash)
    assert kills, f"no round was really cut off (seed {SEED})"
    world.client.turn("lift")
    for _ in range(2):
        assert forny(env, "agent", "--once").returncode in (0, 3, 5)
    books = world.client.books()
    seen = books["postings"]
    told = json.loads(forny(env, "postings", "--json").stdout)
    states = Counter(item["state"] for item in told)
    assert (seen["under_two_keys"], seen["changed_between_sends"], seen["same_row_under_two_ids"]) == ([], [], [])
    assert (books["tokens"]["reused"], books["session_violations"]) == ([], [])
    assert states["acknowledged"] == seen["acknowledged"] > 0 and states["rejected"] == seen["rejected"]
    assert states["queued"] == 0
    plans = json.loads(forny(env, "plans", "--json").stdout)
    # What waits for its time, or stands in a paused plan, has not begun; what had begun is known, unless the bank has
    # turned away the look at it: that says nothing of the call before.
    left = {state for plan in plans for state in plan["counts"]}
    assert left <= {"done", "failed", "refused", "awaiting_customer", "waiting", "intent", "unknown"}
    unknown = {act["reason"] for plan in plans for act in plan["actions"] if act["state"] == "unknown"}
    assert unknown <= {"rate_limited", "bank_down"}
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

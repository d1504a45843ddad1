"""Consoles, commands and agents are killed at any moment, beside a world that misbehaves; the world's own book of what
it was asked for is the judge (laws 9 and 10). `FORNY_KILLS` and `FORNY_SEED` as in `test_kills`.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest

from backend.model.plans import ActionState
from tests.conftest import Place
from tests.postgres import Server
from tests.simulation import judge
from tests.simulation.conftest import SEED, kills
from tests.simulation.processes import Process, Processes
from tests.simulation.storm import DAY, Storm

CUSTOMERS = 24
A_DAY = 8
"""Kills after which all must come to rest, and a new day with its allowance begins."""


@contextmanager
def storm_over(folder: Path, place: Place) -> Iterator[Storm]:
    with Processes(folder, place, customers=CUSTOMERS, seed=SEED) as town:
        yield Storm(town, SEED, CUSTOMERS)


@pytest.fixture
def storm(tmp_path: Path, place: Place) -> Iterator[Storm]:
    with storm_over(tmp_path, place) as storm:
        yield storm


def test_whatever_dies_every_act_ends_once_and_is_told_as_it_was(storm: Storm) -> None:
    todo = kills(6)
    while todo > 0:
        for _ in range(min(todo, A_DAY)):
            storm.step()
        todo -= A_DAY
        storm.rest()
        storm.town.skip(DAY)
    assert storm.killed.total(), f"nobody was really killed (seed {SEED})"


def stopped_at_work(storm: Storm, first: int) -> tuple[Process, int]:
    """An agent that was stopped in the midst of a plan, and how many updates the outside had seen by then."""
    town = storm.town
    before = town.updates()
    assert town.run("sync", *[f"c{n}" for n in range(first, first + 8)], "--yes").returncode in (0, 3)
    agent = storm.standing()
    town.until("it is at work", lambda: town.updates() > before)
    return agent, storm.stop(agent)


def test_a_stopped_agent_keeps_its_right_until_it_is_dead(storm: Storm) -> None:
    town = storm.town
    agent, seen = stopped_at_work(storm, 1)
    assert town.run("agent").returncode == 1 and town.updates() == seen
    agent.send_signal(signal.SIGCONT)
    agent, seen = stopped_at_work(storm, 9)
    next_one = town.start("sync", *[f"c{n}" for n in range(17, CUSTOMERS + 1)], "--yes", "--wait")
    plan = len(town.plans())
    town.until("its plan is on disk", lambda: len(town.plans()) > plan)
    for _ in range(2):
        assert town.run("agent").returncode == 1
    assert next_one.poll() is None and town.updates() == seen, "somebody sends although the one who may is not dead"
    agent.kill()
    agent.wait()
    town.until("another takes over", lambda: town.updates() > seen)
    storm.rest()


def ends(town: Processes) -> dict[int, tuple[ActionState, datetime | None]]:
    """How each act stands, and since when."""
    with town.store() as store:
        return {action.id: (action.state, action.finished_at) for action in judge.all_actions(store)}


def test_one_who_slept_while_his_right_went_to_another_changes_nothing(
    tmp_path: Path, engine: Server | None, own_place: Place
) -> None:
    """The server that held his lock has crashed meanwhile, so another has had reason to take him for dead."""
    if engine is None:
        pytest.skip("a file's lock goes with its process alone")
    with storm_over(tmp_path, own_place) as storm:
        town = storm.town
        sleeper, _ = stopped_at_work(storm, 1)
        engine.stop()
        engine.start()
        storm.agent = None
        town.started.remove(sleeper)
        storm.rest()
        town.started.append(sleeper)
        before, seen = ends(town), town.updates()
        sleeper.send_signal(signal.SIGCONT)
        assert town.run("sync", *[f"c{n}" for n in range(9, CUSTOMERS + 1)], "--yes").returncode in (0, 3)
        town.until("it is an agent again", lambda: town.updates() > seen)
        assert {id: end for id, end in ends(town).items() if id in before} == before
        storm.agent = sleeper
        storm.rest()
        assert sleeper.returncode == 0

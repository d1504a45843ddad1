"""Several processes, and processes that die: no token twice, no two calls at once, no row twice (laws 7 and 10)."""

import random
from functools import partial
from subprocess import Popen

from tests.blackbox.aiia import Account, Person, Row
from tests.blackbox.harness import World
from tests.blackbox.test_rows import day

CUSTOMERS = 12


def fleet(world: World) -> None:
    """Customers with three rows each, imported in one go, at an aggregator that takes its time."""
    lines = []
    for number in range(CUSTOMERS):
        rows = [Row(f"{number}-{row}", day(1 + row), f"{number}.{row}1", f"t{row}") for row in range(3)]
        account = Account(f"acc-{number}", f"DK77000000000000{number:02}", None, rows=rows)
        grant = world.aiia.grant(Person(f"k{number}@example.test", [account]), f"consent-{number}")
        lines.append(world.line(number, grant))
    world.bring(*lines)
    world.aiia.latency = 0.02


def _so_far(world: World, run: Popen[str], calls: int) -> bool:
    """Whether the run has ended, or the outside has seen so many calls."""
    return run.poll() is not None or len(world.aiia.calls) + len(world.inbox.calls) >= calls


def test_two_rounds_at_the_same_time_do_the_work_once(world: World) -> None:
    fleet(world)
    runs = [world.start("agent", "--once", "--json") for _ in range(3)]
    for run in runs:
        run.wait(timeout=30)
    world.once()
    assert len(world.inbox.arrived) == CUSTOMERS * 3
    assert all(len(grant.spent) == 1 for grant in world.aiia.grants)


def test_commands_of_many_consoles_at_once_make_one_action_each(world: World) -> None:
    fleet(world)
    runs = [world.start("sync", "--filter", "*", "--yes", "--wait", "--json") for _ in range(3)]
    runs += [world.start("list", "--json"), world.start("agent", "--once")]
    for run in runs:
        run.wait(timeout=30)
    assert runs[3].returncode in (0, 4)
    assert world.aiia.count("POST /v1/update") == CUSTOMERS
    world.once(code=None)
    assert len(world.inbox.arrived) == CUSTOMERS * 3


def test_a_killed_agent_loses_nothing_and_repeats_nothing(world: World) -> None:
    fleet(world)
    chance = random.Random(11)
    for _ in range(5):
        calls = len(world.aiia.calls) + len(world.inbox.calls) + chance.randrange(1, 12)
        run = world.start("agent", "--once")
        world.wait_until("it got so far", partial(_so_far, world, run, calls))
        run.kill()
        run.wait()
        world.wait_until("the outside is quiet", lambda: not any(one.person.in_flight for one in world.aiia.grants))
    world.once(code=None)
    if len(world.inbox.arrived) < CUSTOMERS * 3:
        world.start("agent")
    world.wait_until("every row", lambda: len(world.inbox.arrived) >= CUSTOMERS * 3)
    assert len(world.inbox.arrived) == CUSTOMERS * 3
    assert world.run("audit", "--verify").code == 0
    assert {one["verdict"] for one in world.listed()} == {"fine"}

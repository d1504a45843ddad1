"""`forny accept`, and what `forny show` tells of a renewal's case."""

from pathlib import Path

import pytest

from tests.agent.test_renewals import renumbered
from tests.agent.world import World
from tests.cli.conftest import Run

OLD, NEW = "DK6999990000000002", "DK6999990000000003"


@pytest.fixture
def doubted(env: dict[str, str]) -> str:
    """A store in which a renewal has left one account in doubt; gives the connection."""
    world = World(Path(env["FORNY_STORE"]))
    connection = renumbered(world)
    world.store.close()
    return connection


def test_accepting_with_a_pair_and_again(forny: Run, doubted: str) -> None:
    shown = forny("show", doubted, "--json").json["case"]
    assert shown["stalled"] == "stalled.not_accepted" and shown["accepted_at"] is None
    assert shown["diff"]["suggested"] == {"new": NEW, "old": OLD}
    assert [item["doubt"] for item in shown["diff"]["new"]] == ["maybe_renumbered"]
    ran = forny("accept", doubted, "--map", f"DK69 9999 0000 0000 03={OLD}", "--yes", "--json")
    assert ran.code == 0
    assert ran.json == {
        "connection": doubted,
        "accounts": [NEW],
        "carried": [{"new": NEW, "old": OLD}],
        "released": 0,
        "waiting": 0,
    }
    again = forny("accept", doubted, "--yes")
    assert again.code == 0 and "accepted already" in again.err and "tester" in again.err
    assert forny("show", doubted, "--json").json["case"]["accepted_by"] == "tester"


def test_what_is_shown_before_and_after(forny: Run, doubted: str) -> None:
    told = forny("show", doubted).out
    assert f"new: {NEW} Driftskonto (maybe a known account under a new number)" in told
    assert f"gone: {OLD} Driftskonto (ledger account 5830)" in told
    assert f"{NEW} may be {OLD} under a new number" in told and "forny accept" in told
    ran = forny("accept", doubted, "--yes")
    assert ran.code == 0 and "3 wait for a ledger account" in ran.out


def test_nothing_is_accepted_without_a_word_or_with_a_wrong_one(forny: Run, doubted: str) -> None:
    unasked = forny("accept", doubted)
    assert unasked.code == 2 and "--yes" in unasked.err
    wrong = forny("accept", doubted, "--map", f"{OLD}={NEW}", "--yes")
    assert wrong.code == 2 and "NEW=OLD" in wrong.err
    assert forny("show", doubted, "--json").json["case"]["accepted_at"] is None
    assert forny("accept", "c99", "--yes").code == 4


def test_nothing_in_doubt_is_nothing_to_accept(fleet: Run) -> None:
    ran = fleet("accept", "c1", "--yes")
    assert ran.code == 4 and "nothing to accept" in ran.err

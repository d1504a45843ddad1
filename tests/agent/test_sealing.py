"""The agent seals the audit log and tells the anchor outside; without a line in the log it does nothing."""

import asyncio

import pytest

from backend.agent.sealing import Sealing
from backend.model.audit import Witness
from backend.model.facts import Act
from backend.store import StoreError
from tests.agent.world import World


def test_a_round_ends_with_a_seal_on_all_that_it_wrote(world: World) -> None:
    world.customer()
    world.once()
    report = world.store.verify_audit()
    assert report.whole and report.sealed == report.checked > 0


def test_an_anchor_hears_of_each_seal_and_its_failure_is_told_once(world: World) -> None:
    heard: list[Witness] = []
    full = True

    def anchor(witness: Witness) -> None:
        if full:
            raise OSError(28, "No space left on device")
        heard.append(witness)

    sealing = Sealing(world.agent.tools, anchor)
    world.customer()
    for _ in range(3):
        asyncio.run(sealing.seal(at_once=True))
        world.store.say("test.line", None, {}, world.clock.now())
    full = False
    asyncio.run(sealing.seal(at_once=True))
    kinds = [event.kind for event in world.store.events(0, 99)]
    assert kinds.count("audit.anchor_failed") == kinds.count("audit.anchor_back") == 1
    assert [one.seq for one in heard] == [len(kinds) - 1]
    assert world.store.verify_audit(heard).whole


def test_a_command_that_waits_seals_what_it_wrote(world: World) -> None:
    plan = world.act(Act.SYNC, world.customer())
    asyncio.run(world.agent.settle(plan, patience=0))
    report = world.store.verify_audit()
    assert report.whole and report.sealed == report.checked > 0


def test_a_log_that_was_written_anew_under_the_agent_is_told_and_not_sealed(world: World) -> None:
    sealing = Sealing(world.agent.tools, None)
    world.customer()
    asyncio.run(sealing.seal(at_once=True))
    for row in world.store.db.rows("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
        world.store.db.raw.execute(f"DROP TRIGGER {row['name']}")
    world.store.db.raw.execute("DELETE FROM events")
    world.store.db.raw.execute("DELETE FROM checkpoints")
    world.store.say("test.forged", None, {}, world.clock.now())
    for _ in range(2):
        asyncio.run(sealing.seal(at_once=True))
    assert [event.kind for event in world.store.events(0, 99)] == ["test.forged", "audit.rewritten"]
    assert world.store.audit_seals() == [] and sealing.trouble == "audit_rewritten"


@pytest.mark.parametrize("kind", ["sync.sent", "renew.sent"])
def test_what_cannot_be_written_into_the_log_is_not_sent(world: World, kind: str) -> None:
    connection = world.customer()
    plan = world.act(Act(kind.partition(".")[0]), connection)
    world.store.db.raw.execute(
        f"CREATE TRIGGER broken BEFORE INSERT ON events WHEN NEW.kind = '{kind}'"
        " BEGIN SELECT RAISE(ABORT, 'no room for the line'); END"
    )
    with pytest.raises(StoreError, match="no room for the line"):
        world.once()
    assert world.provider.calls == [] and world.mailer.sent == []
    assert world.outcome(plan)[0] == "intent"

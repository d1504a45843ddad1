"""The agent that stands: it works while it is asked, and no bank holds up another."""

import asyncio

from backend.model.facts import Act, PostingState, Session
from backend.model.plans import ActionState
from tests.agent.world import World
from tests.fakes import row


def test_a_standing_agent_does_what_is_asked_while_it_stands_and_stops_when_told(world: World) -> None:
    connection = world.customer()
    world.bank(row("a"))

    async def stand() -> int:
        stop = asyncio.Event()
        running = asyncio.create_task(world.agent.run(stop))
        while not world.ledger.booked:
            await asyncio.sleep(0)
        plan = world.act(Act.REMOVE, connection)
        while not (view := world.store.plan(plan)) or not view.settled:
            await asyncio.sleep(0)
        stop.set()
        await running
        return plan

    assert world.outcome(asyncio.run(asyncio.wait_for(stand(), 20)))[0] == ActionState.DONE


def test_a_bank_that_hangs_does_not_hold_up_another_banks_customers(world: World) -> None:
    for number in range(1, 300):
        world.customer(number, bank="Langsom Bank")
    world.customer(300, bank="Hurtig Bank")
    world.bank(row("quick"), number=300)
    real = world.provider.accounts

    async def stand() -> None:
        stop, hanging = asyncio.Event(), asyncio.Event()

        async def accounts(session: Session, group: str | None = None) -> object:
            if session.consent_id != "consent-300":
                await hanging.wait()
            return await real(session, group)

        world.provider.accounts = accounts  # type: ignore[assignment,method-assign]
        running = asyncio.create_task(world.agent.run(stop))
        while not world.ledger.booked:
            await asyncio.sleep(0)
        stop.set()
        hanging.set()
        await running

    asyncio.run(asyncio.wait_for(stand(), 20))
    assert world.states()["quick"] == PostingState.ACKNOWLEDGED

"""Waiting: for a plan (a living agent is looked at, a dead one's work done here), and for what changes in the store."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from backend.model.plans import ActionState, PlanView
from tui.commands.context import Context, talk

_LOOK_EVERY = 0.25
"""Seconds between two looks at the store's change number, which costs microseconds."""

PATIENCE = 120.0
"""Seconds of the clock that a command waits for a bank. After it the act goes on by itself, told as waiting."""


async def settled(context: Context, plan: int) -> PlanView:
    """The plan once no action of it is on its way. A dead agent's place is taken; a living one's is not."""
    from backend.store import AgentBusy

    runtime = context.runtime
    until = context.clock.now().timestamp() + PATIENCE
    while True:
        view = runtime.reader.plan(plan)
        if view is None:
            raise LookupError(plan)
        over = context.clock.now().timestamp() >= until
        if view.settled and (over or not view.counts.get(ActionState.WAITING)):
            return view
        status = runtime.agent_status()
        if status is None or not status.alive:
            try:
                async with runtime.agent("command") as agent:
                    talk(context.say("cli.working"))
                    await agent.settle(plan, patience=PATIENCE)
            except AgentBusy:
                continue
            else:
                return runtime.reader.plan(plan) or view
        await context.clock.nap(0.2)


def follow_store(context: Context, begin: Callable[[], None], look: Callable[[], None]) -> None:
    """`begin`, then `look` at once and whenever the store has changed, until somebody interrupts."""

    async def mind() -> None:
        version = -1
        begin()
        while True:
            if (seen := context.runtime.reader.data_version()) != version:
                version = seen
                look()
            await context.clock.nap(_LOOK_EVERY)

    with suppress(KeyboardInterrupt):
        asyncio.run(mind())

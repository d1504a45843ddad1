"""Waiting for a plan: with a living agent by looking, without one by working it off in this process."""

from backend.model.facts import ActionState
from backend.model.views import PlanView
from tui.commands.context import Context, talk

PATIENCE = 3_600.0
"""Seconds of the clock after which a sync that the bank never finishes has failed (`backend.agent.acts`)."""


async def settled(context: Context, plan: int) -> PlanView:
    """The plan once no action of it is on its way. A dead agent's place is taken; a living one's is not."""
    from backend.store import AgentBusy

    runtime = context.runtime
    while True:
        view = runtime.reader.plan(plan)
        if view is None:
            raise LookupError(plan)
        if view.settled and not view.counts.get(ActionState.WAITING):
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

"""Waiting for a plan: with a living agent by looking, without one by working it off in this process."""

from backend.model.plans import ActionState, PlanView
from tui.commands.context import Context, talk

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

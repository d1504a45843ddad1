"""Acts in their turn: many at once, in stages, with no bank's trouble in the way of another bank's customers."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence

from backend.agent.acts import perform
from backend.agent.tools import RoundReport, Tools
from backend.model.errors import RefusedCredentials
from backend.model.facts import Act
from backend.model.health import HealthFacts
from backend.model.plans import Action, PlanItem
from backend.model.views import FleetRow
from backend.ports.door import Judge
from backend.rules.allowance import WINDOW, budget
from backend.rules.eligibility import CALLS, judge
from backend.rules.stages import OWN_MATTERS, step

_IN_FLIGHT = 512
"""Acts begun or waiting for their lane."""

_PER_BANK = 64
"""Of these, at most so many at one bank."""

_KEPT, _FEW = 128, 8
"""So many of these places are for banks that have fewer than so many: some slow banks must not stop all others."""

_REFILL = 16
"""So many places must be free before new acts are claimed: claiming one by one costs a commit each."""

_LOOK = 64
"""Acts that end between two looks at the stages of their plans, while there is work."""


class Doing:
    """Begins what is ready and looks after the stages of running plans."""

    def __init__(self, tools: Tools, report: Callable[[], RoundReport]) -> None:
        self._tools, self._report = tools, report
        self._running: dict[int, asyncio.Task[None]] = {}
        self._banks: Counter[str] = Counter()
        self._freed = asyncio.Event()
        self._ended = _LOOK
        self._failed: BaseException | None = None

    async def run(self, stop: asyncio.Event, pause: float) -> None:
        """Work until `stop` is set; look for new acts at least every `pause` seconds of the machine's time."""
        stopped = asyncio.create_task(stop.wait())
        while not stop.is_set():
            if await self.begin():
                continue
            self._freed.clear()
            freed = asyncio.create_task(self._freed.wait())
            nap = asyncio.create_task(self._tools.clock.nap(pause))
            await asyncio.wait((freed, nap, stopped), return_when=asyncio.FIRST_COMPLETED)
            freed.cancel()
            nap.cancel()
        stopped.cancel()

    async def all(self, stop: asyncio.Event) -> None:
        """Do what is ready until nothing is."""
        while not stop.is_set():
            if await self.begin():
                continue
            if not self._running:
                break
            await asyncio.wait(self._running.values(), return_when=asyncio.FIRST_COMPLETED)
        await self.ended()

    async def begin(self) -> bool:
        """Begin what is ready and has room; False when there was none, and no plan has come to its next stage.

        Nothing begins while our own credentials are refused (`facts/operations.md` §2.3).
        """
        self.check()
        if self._ended >= _LOOK:
            await self._step()
        free = _IN_FLIGHT - len(self._running)
        if free < _REFILL or self._report().trouble:
            return False
        room, most = (free - _KEPT, _PER_BANK) if free >= _KEPT + _REFILL else (free, _FEW)
        full = tuple(bank for bank, many in self._banks.items() if many >= most)
        tools = self._tools
        ready = await tools.write(tools.books.ready_actions, room, tools.now(), without=full)
        taken: list[int] = []
        banks = Counter(self._banks)
        for action, bank in ready:
            banks[bank] += 1
            if banks[bank] <= most:
                taken.append(action)
        if not taken:
            # Others may be at work for long: what they wait for must not keep this plan at its stage.
            return bool((self._ended or not self._running) and await self._step())
        for mine in await tools.write(tools.books.claim_actions, taken, self._judge, tools.now()):
            self._begin(mine)
        return True

    async def perform(self, action: Action) -> None:
        """Do one act now, or look what became of one."""
        try:
            await perform(self._tools, action, self._report())
        except RefusedCredentials as error:
            self._report().trouble = error.kind

    async def ended(self) -> None:
        """Wait for what has begun."""
        while self._running:
            await asyncio.wait(self._running.values())
        self.check()

    def check(self) -> None:
        """Raise what ended an act although no act may end so: the store is gone, or the program is wrong."""
        if self._failed is not None:
            raise self._failed

    async def _step(self) -> int:
        self._ended = 0
        return await self._tools.write(self._tools.books.step_plans, step, OWN_MATTERS, self._tools.now())

    def _judge(self, act: Act) -> Judge:
        tools, now = self._tools, self._tools.now()

        def judged(known: Sequence[tuple[FleetRow, HealthFacts]]) -> list[PlanItem]:
            spent = tools.books.spent([row.id for row, _ in known], act, now - WINDOW) if CALLS[act] else {}
            left = {row.id: budget(spent.get(row.id, ()), now, tools.allowance) for row, _ in known}
            return [judge(act, row, facts, now, budget=left[row.id]) for row, facts in known]

        return judged

    def _begin(self, action: Action) -> None:
        self._banks[action.bank] += 1
        task = asyncio.create_task(self.perform(action))
        self._running[action.id] = task

        def end(ended: asyncio.Task[None]) -> None:
            del self._running[action.id]
            self._banks[action.bank] -= 1
            if not self._banks[action.bank]:
                del self._banks[action.bank]
            self._ended += 1
            error = None if ended.cancelled() else ended.exception()  # asked of each: else Python tells of it itself
            self._failed = self._failed or error
            if _IN_FLIGHT - len(self._running) >= _REFILL:
                self._freed.set()

        task.add_done_callback(end)

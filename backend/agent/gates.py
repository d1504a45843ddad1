"""The gates between the agent and the outside: nobody is asked faster than he can bear (DESIGN §6, §11).

One provider's gate and a lane for each bank. Work enters when all of it is free at once: the customer's session, a
place in the bank's lane, a place at the provider, and its calls in the bucket; nothing is held while waiting for the
rest. Banks take turns, so that a long queue at one costs the others nothing. What is shut is told at once, with its
time: the work is then not begun, and that is no failure of the connection (laws 4 and 5).

There is one agent a store, so the state is in memory; what must outlive it, and what consoles show, is written down.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from backend.model.clock import Clock
from backend.model.errors import LimitOf, OutsideError, RateLimited
from backend.model.limits import Gate
from backend.rules import limits
from backend.rules.limits import SLOW, Breaker, Bucket, Width, pause_until, width

_UNSAID_WITNESS = timedelta(minutes=1)
"""A limit that names nobody is the provider's when a second bank's customer meets it so soon."""

_WITNESSES = 3
"""Of so many customers of one bank in a row who meet a limit that names nobody, it is the bank's (facts F2)."""

PROVIDER_LIMITED = "provider_limited"
"""Why the provider's own gate is shut. As a connection's outcome the same error is called `rate_limited`."""

Write = Callable[[Sequence[Gate]], Awaitable[object]]


class GateClosed(Exception):
    """The work was not begun; it may be after `until`. `reason` says why the gate is shut, as a text key."""

    def __init__(self, until: datetime, reason: str) -> None:
        super().__init__(f"{reason} until {until.isoformat()}")
        self.until, self.reason = until, reason


@dataclass(eq=False, slots=True)
class Turn:
    """One piece of work at the gates. Who ends it says how it went: `answered`, with the errors that it met."""

    bank: str | None
    keys: frozenset[str]
    calls: int
    probe: bool
    admitted: "asyncio.Future[None]"
    began: datetime
    told: bool = False
    errors: list[OutsideError] = field(default_factory=list)

    def answered(self, *errors: OutsideError) -> None:
        """The outside was asked, and this is what went wrong. Work that says nothing has asked nobody."""
        self.told = True
        self.errors += errors


@dataclass(slots=True)
class _Lane:
    """One bank: how many may be there, who is, who waits, and whether it is asked at all."""

    width: Width
    breaker: Breaker = field(default_factory=Breaker)
    reason: str = ""
    inside: int = 0
    probing: bool = False
    waiting: deque[Turn] = field(default_factory=deque)
    unsaid: set[frozenset[str]] = field(default_factory=set)


class Gates:
    """The gates of one provider, for one event loop."""

    def __init__(
        self,
        provider: str,
        clock: Clock,
        write: Write,
        *,
        known: Sequence[Gate] = (),
        ceiling: int = 64,
        rate: int = 100,
        dice: Callable[[], float],
    ) -> None:
        """`known` is what an agent before this one wrote down. `ceiling`: connections at once; `rate`: calls a second.

        `dice` gives numbers from 0 to below 1.
        """
        self._provider, self._clock, self._write, self._dice = provider, clock, write, dice
        self._width = width(limits.BEGIN, ceiling)
        self._bucket = Bucket(rate=float(rate), tokens=float(rate), at=clock.now())
        self._until: datetime | None = None
        self._reason = ""
        self._paused_at: datetime | None = None
        self._pauses = 0
        self._moved = False
        self._unsaid: dict[str, datetime] = {}
        self._lanes: dict[str, _Lane] = {}
        self._inside: dict[Turn, None] = {}
        self._busy: set[str] = set()
        self._alone: list[Turn] = []
        self._alarm: asyncio.Task[None] | None = None
        self._alarm_at = clock.now()
        self._written: dict[str, Gate] = {}
        for gate in known:
            if gate.provider == provider:
                self._remember(gate)

    def _remember(self, gate: Gate) -> None:
        self._written[gate.bank] = gate
        if not gate.bank:
            self._until, self._reason = gate.until, gate.reason
            if gate.width:
                self._width = width(gate.width, self._width.ceiling)
            return
        lane = self._lane(gate.bank)
        lane.reason = gate.reason
        if gate.width:
            lane.width = width(gate.width, lane.width.ceiling)
        if gate.until is not None:
            lane.breaker = Breaker(until=gate.until, times=1)

    def _lane(self, bank: str) -> _Lane:
        if (lane := self._lanes.get(bank)) is None:
            lane = self._lanes[bank] = _Lane(width(limits.BEGIN_AT_BANK, self._width.ceiling))
        return lane

    # -- asking ------------------------------------------------------------------------------------------------

    def shut(self, bank: str) -> GateClosed | None:
        """Why nobody may be asked at this bank at this moment; None: he may, when it is his turn."""
        now = self._clock.now()
        if self._until is not None and now < self._until:
            return GateClosed(self._until, self._reason)
        lane = self._lanes.get(bank)
        if lane is not None and lane.breaker.until is not None and now < lane.breaker.until:
            return GateClosed(lane.breaker.until, lane.reason)
        return None

    def shut_banks(self) -> list[str]:
        """The banks at which nobody may be asked although the provider may."""
        now = self._clock.now()
        return [bank for bank, lane in self._lanes.items() if lane.breaker.is_open(now)]

    @asynccontextmanager
    async def enter(self, bank: str, *keys: str, calls: int = 1, probe: bool = False) -> AsyncIterator[Turn]:
        """Wait for a turn at a bank and have it. Raises GateClosed when there is none before a stated time.

        `keys` name what nobody else may touch meanwhile: the connection, the customer's session. `calls`: about how
        many will be made. A `probe` is let through although the bank's breaker is open: a canary asks for all.
        """
        turn = self._turn(bank, keys, calls, probe)
        closed = self.shut(bank)
        if closed is not None and not (probe and (self._until is None or self._clock.now() >= self._until)):
            raise closed
        self._lane(bank).waiting.append(turn)
        try:
            async with self._admitted(turn):
                yield turn
        finally:
            if self._moved:
                self._moved = False
                await self._keep(lambda gate, known: (gate.until, gate.reason) != (known.until, known.reason))

    @asynccontextmanager
    async def alone(self, *keys: str) -> AsyncIterator[None]:
        """Nothing else on these meanwhile; takes no place among those that ask banks."""
        turn = self._turn(None, keys, 0, False)
        self._alone.append(turn)
        async with self._admitted(turn):
            yield

    def _turn(self, bank: str | None, keys: Sequence[str], calls: int, probe: bool) -> Turn:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        return Turn(bank, frozenset(keys), calls, probe, future, self._clock.now())

    @asynccontextmanager
    async def _admitted(self, turn: Turn) -> AsyncIterator[None]:
        self._sweep()
        try:
            await turn.admitted
            try:
                yield
            except OutsideError as error:
                turn.answered(error)
                raise
        finally:
            self._leave(turn)
            self._sweep()

    # -- whose turn it is --------------------------------------------------------------------------------------

    def _sweep(self) -> None:
        """Let in everyone for whom all is free. Of the banks that have somebody, each gets one turn after the other."""
        now = self._clock.now()
        for first in list(self._alone):
            if not first.admitted.done() and not first.keys & self._busy:
                self._alone.remove(first)
                self._admit(first, now)
        waiting = deque(bank for bank, lane in self._lanes.items() if lane.waiting)
        crowded = len(waiting) > 1
        while waiting and self._room(now):
            bank = waiting.popleft()
            lane = self._lanes[bank]
            if (turn := self._next(lane, crowded)) is None:
                continue
            if wait := self._bucket.wait(turn.calls, now):
                self._wake_in(wait)
                return
            lane.waiting.remove(turn)
            self._bucket = self._bucket.take(turn.calls, now)
            lane.inside += 1
            lane.probing = lane.probing or turn.probe
            self._admit(turn, now)
            # The bank that was served goes to the end, here and in the next sweep.
            self._lanes[bank] = self._lanes.pop(bank)
            if lane.waiting:
                waiting.append(bank)
        if waiting and (young := next((turn for turn in self._inside if now - turn.began < SLOW), None)):
            # Nobody may come or go before it has become long, and then there is a place.
            self._wake_in((young.began + SLOW - now).total_seconds())

    def _room(self, now: datetime) -> bool:
        """Work that has taken long holds no place against others: what it waits for is its bank."""
        if len(self._inside) >= 2 * self._width.ceiling:
            return False
        long = 0
        for turn in self._inside:
            if turn.bank is not None and now - turn.began < SLOW:
                break
            long += 1
        return len(self._inside) - long < self._width.room

    def _next(self, lane: _Lane, crowded: bool) -> Turn | None:
        """The first that waits at this bank and may go in."""
        room = min(lane.width.room, max(1, self._width.room // 2)) if crowded else lane.width.room
        if lane.breaker.until is not None:
            # Half open: one goes ahead, and the others wait for what it finds.
            room = 0 if lane.probing else lane.inside + 1
        if lane.inside >= room:
            return None
        free = (turn for turn in lane.waiting if not turn.admitted.done() and not turn.keys & self._busy)
        turn = next(free, None)
        if turn is not None and lane.breaker.until is not None:
            turn.probe = True
        return turn

    def _admit(self, turn: Turn, now: datetime) -> None:
        turn.began = now
        self._busy |= turn.keys
        if turn.bank is not None:
            self._inside[turn] = None
        turn.admitted.set_result(None)

    def _wake_in(self, seconds: float) -> None:
        """Look again then, unless that is done before."""
        at = self._clock.now() + timedelta(seconds=seconds)
        if self._alarm is not None and not self._alarm.done():
            if self._alarm_at <= at:
                return
            self._alarm.cancel()
        self._alarm, self._alarm_at = asyncio.create_task(self._wake(seconds)), at

    async def _wake(self, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self._alarm = None
        self._sweep()

    # -- what it teaches ---------------------------------------------------------------------------------------

    def _leave(self, turn: Turn) -> None:
        """The end of a turn, whether it was ever had or not."""
        if not turn.admitted.done() or turn.admitted.cancelled() or turn.admitted.exception() is not None:
            if turn.bank is None:
                self._alone = [other for other in self._alone if other is not turn]
            elif turn in (waiting := self._lane(turn.bank).waiting):
                waiting.remove(turn)
            return
        self._busy -= turn.keys
        if turn.bank is None:
            return
        del self._inside[turn]
        lane = self._lane(turn.bank)
        lane.inside -= 1
        if turn.told:
            self._learn(turn, lane, turn.bank)
        if turn.probe:
            lane.probing = False

    def _learn(self, turn: Turn, lane: _Lane, bank: str) -> None:
        now = self._clock.now()
        kinds = {error.kind for error in turn.errors}
        trouble = kinds & limits.TROUBLE
        was_shut = lane.breaker.until
        lane.breaker = lane.breaker.answered(now, trouble=bool(trouble), probe=turn.probe)
        if lane.breaker.until != was_shut and trouble:
            lane.reason = min(trouble)
        if trouble or now - turn.began >= SLOW * max(1, turn.calls):
            lane.width = lane.width.trouble(turn.began, now)
        elif not turn.errors:
            lane.width = lane.width.good(lane.inside + 1)
            self._width = self._width.good(len(self._inside) + 1)
            self._pauses = 0
            lane.unsaid.clear()
        if trouble - limits.AT_THE_BANK and self._is_providers(now):
            self._width = self._width.trouble(turn.began, now)
        for error in turn.errors:
            if isinstance(error, RateLimited):
                self._limited(error, turn, lane, bank, now)
        if lane.breaker.until == was_shut:
            return
        self._moved = True
        if lane.breaker.until is not None:
            self._turn_away(lane, GateClosed(lane.breaker.until, lane.reason))

    def _is_providers(self, now: datetime) -> bool:
        return limits.is_providers([lane.breaker.tally.count(now) for lane in self._lanes.values()])

    def _limited(self, error: RateLimited, turn: Turn, lane: _Lane, bank: str, now: datetime) -> None:
        """A limit of all our calls stops all of them; a connection's own stops nobody else.

        One that names nobody slows its bank, and shuts it when several customers in a row meet one. When a second
        bank's customer meets one too, what they share is the provider.
        """
        if error.of is LimitOf.CONNECTION:
            return
        if error.of is LimitOf.UNSAID:
            lane.width = lane.width.trouble(turn.began, now)
            self._unsaid = {name: at for name, at in self._unsaid.items() if now - at < _UNSAID_WITNESS} | {bank: now}
            if len(self._unsaid) < 2:
                self._bank_limited(error, turn, lane, bank, now)
                return
        self._width = self._width.trouble(turn.began, now)
        if self._paused_at is None or turn.began > self._paused_at:
            # Those that were under way when it said so belong to the same limit.
            self._paused_at, self._pauses = now, self._pauses + 1
        until = pause_until(now, error.until if error.stated else None, max(0, self._pauses - 1), self._dice())
        self._until = until if self._until is None else max(self._until, until)
        self._reason, self._moved = PROVIDER_LIMITED, True
        for one in self._lanes.values():
            self._turn_away(one, GateClosed(self._until, self._reason))

    def _bank_limited(self, error: RateLimited, turn: Turn, lane: _Lane, bank: str, now: datetime) -> None:
        """One more customer has met a limit there. After the pause one goes ahead, as after an outage."""
        lane.unsaid.add(turn.keys)
        if not bank or len(lane.unsaid) < _WITNESSES:
            return
        until = pause_until(now, error.until if error.stated else None, 0, self._dice())
        if lane.breaker.until is None or lane.breaker.until < until:
            lane.breaker, lane.reason = Breaker(until=until, times=lane.breaker.times), error.kind

    def _turn_away(self, lane: _Lane, closed: GateClosed) -> None:
        for turn in lane.waiting:
            if not turn.admitted.done():
                turn.admitted.set_exception(closed)
        lane.waiting.clear()

    # -- what outlives it --------------------------------------------------------------------------------------

    def standing(self) -> list[Gate]:
        """The gates as they stand."""
        found = [Gate(provider=self._provider, until=self._until, reason=self._reason, width=self._width.room)]
        for bank, lane in self._lanes.items():
            until = lane.breaker.until
            reason = lane.reason if until else ""
            found.append(Gate(provider=self._provider, bank=bank, until=until, reason=reason, width=lane.width.room))
        return found

    async def keep(self) -> None:
        """Write down everything that is not as it was written last, widths too. For the agent's housekeeping."""
        await self._keep(lambda gate, known: gate != known)

    async def _keep(self, differs: Callable[[Gate, Gate], bool]) -> None:
        new = Gate(provider=self._provider)
        changed = [gate for gate in self.standing() if differs(gate, self._written.get(gate.bank, new))]
        if changed:
            self._written |= {gate.bank: gate for gate in changed}
            await self._write(changed)

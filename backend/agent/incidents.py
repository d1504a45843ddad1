"""See incidents come and go: open them from failures and from the aggregator's word, and let one canary ask for all."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

from backend.agent.fetch import Harvest, fetch_connection, session_of
from backend.agent.gates import GateClosed
from backend.agent.tools import RoundReport, Tools
from backend.model.errors import NeedsCustomer, OutsideError, RateLimited, RefusedCredentials
from backend.model.incidents import TOKENS, OpenIncident, Opening, Scope
from backend.rules import incidents as rules
from backend.rules.allowance import WINDOW
from backend.rules.clusters import together

_LISTEN = timedelta(minutes=5)
_LISTEN_CLOSELY = timedelta(minutes=1)
"""Between two questions for the aggregator's word on its banks: in calm, and while an incident is open."""

_CANARIES = 5
"""Members that are tried at one look, when one after another cannot serve: his own login is needed, or his limit."""


_ASKED = (Scope.BANK, Scope.CLUSTER, Scope.PROVIDER)
"""Scopes whose members rest, and of whom one is asked for all."""


class Watch:
    """What one agent knows of incidents beyond the store: when it last listened, and whether we are let in."""

    def __init__(self, tools: Tools, report: Callable[[], RoundReport]) -> None:
        self._tools, self._report = tools, report
        self._heard_at: datetime | None = None
        self._let_in = False

    async def look(self) -> int:
        """One look at everything; gives how many incidents are open."""
        await self._listen()
        await self._own()
        await self._tokens()
        await self._detect()
        await self._ledger()
        return await self.canaries()

    async def canaries(self) -> int:
        """Ask for all where an incident is open; gives how many are."""
        is_open = await self._tools.write(self._tools.books.open_incidents)
        if any(incident.scope in _ASKED for incident in is_open):
            await self._listen()
        for incident in is_open:
            if self._report().trouble:
                continue
            if incident.scope in _ASKED:
                await self._canary(incident)
            elif incident.cause == "tokens_lost":
                await self._token_canary(incident)
        return len(is_open)

    # -- opening -----------------------------------------------------------------------------------------------

    async def _open(self) -> frozenset[tuple[Scope, str]]:
        return frozenset((i.scope, i.key) for i in await self._tools.write(self._tools.books.open_incidents))

    async def _hit(self) -> frozenset[tuple[Scope, str]]:
        """What is open, with each bank whose data centre's incident stands for its own."""
        is_open = await self._tools.write(self._tools.books.open_incidents)
        banks = ((Scope.BANK, bank) for incident in is_open for bank in incident.banks)
        return frozenset([*((incident.scope, incident.key) for incident in is_open), *banks])

    async def _listen(self) -> None:
        """The aggregator's own word on each bank; its answer also proves that our credentials work."""
        tools, now = self._tools, self._tools.now()
        is_open = await self._open()
        pause = _LISTEN_CLOSELY if is_open else _LISTEN
        if self._heard_at is not None and now - self._heard_at < pause:
            return
        self._heard_at, self._let_in = now, False
        try:
            banks = await tools.provider.banks()
        except OutsideError:
            return
        self._let_in = True
        await tools.write(tools.books.hear, banks, tools.now())

    async def _own(self) -> None:
        """Our own credentials: the fleet stands still at once, and the incident says why."""
        tools, trouble = self._tools, self._report().trouble
        is_open = await self._open()
        mine = (Scope.OWN, tools.provider.name)
        if trouble == RefusedCredentials.kind and mine not in is_open:
            await self._begin(Opening(scope=mine[0], key=mine[1], cause=trouble, failed=0, tried=0, usual=0.0))
        elif not trouble and self._let_in and mine in is_open:
            await self._end(mine)

    async def _tokens(self) -> None:
        """Customers' tokens, which we alone keep alive: nobody renews them, or they are refused to many at once."""
        tools, now = self._tools, self._tools.now()
        books = tools.books
        is_open = await tools.write(books.open_incidents)
        known = next((incident.cause for incident in is_open if incident.key == TOKENS), None)
        stalled = rules.tokens_stalled(*await tools.write(books.tokens_near, now, now + rules.TOKENS_NEAR, rules.LEAST))
        lost = None
        for window in rules.WINDOWS:
            if known != "tokens_lost":
                lost = lost or rules.tokens_lost(await tools.write(books.token_tries, now - window, now, rules.LEAST))
        if known == "tokens_stalled" and (lost is not None or stalled is None):
            await self._end((Scope.OWN, TOKENS))
            known = None
        if known is None and (opening := lost or stalled) is not None:
            await self._begin(opening)

    async def _token_canary(self, incident: OpenIncident) -> None:
        """Ask one who has not been tried, else one who was refused. It ends when only single cases are left."""
        tools, books = self._tools, self._tools.books
        if await tools.write(books.mind_tokens, incident.id, tools.now()) < rules.LEAST:
            await self._close(incident)
            return
        if not rules.canary_due(incident.opened_at, incident.canary_at, tools.now(), good_since=None):
            return
        untried = await tools.write(books.next_canary, incident.id, tools.now())
        member = untried or await tools.write(books.next_refused, incident.id)
        if member is None:
            return
        await tools.write(books.ask_canary, incident.id, member, tools.now())
        harvest = await self._fetch(member)
        if harvest is None or harvest.outcome not in ("ok", "ok_empty"):
            return
        if untried is None:
            await self._close(incident)
        else:
            await tools.write(books.release_untried, incident.id, tools.now(), rules.RESTART)

    async def _detect(self) -> None:
        tools, now = self._tools, self._tools.now()
        books = tools.books
        for window in rules.WINDOWS:
            counts = await tools.write(books.tries, now - window, rules.LEAST)
            if counts:
                calm = await tools.write(books.calm, now - rules.CALM, now - window)
                await self._begin_all(rules.detect(counts, calm, await self._open(), tools.clusters))
        down = [word for word in await tools.write(books.bank_words) if rules.says_down(word.health)]
        if down:
            members = await tools.write(books.members, [word.bank for word in down])
            closed = await tools.write(books.last_closed)
            for opening in rules.heard(down, members, closed, await self._hit()):
                await self._begin(opening, heard=True)
            # Two banks of one data centre that the aggregator says are down are that data centre's.
            await self._begin_all(rules.detect((), {}, await self._open(), tools.clusters))

    async def _begin_all(self, openings: Iterable[Opening]) -> None:
        for opening in openings:
            if opening.scope is Scope.CLUSTER:
                known = await self._tools.write(self._tools.books.banks)
                banks = together(known, self._tools.clusters)[opening.key]
                await self._begin(replace(opening, banks=tuple(banks)), heard=not opening.failed)
            else:
                await self._begin(opening)

    async def _ledger(self) -> None:
        """Bank reconciliation: its deliveries try again by themselves, so the first that arrives is the canary."""
        tools, now = self._tools, self._tools.now()
        counts = await tools.write(tools.books.delivery_tries, now - rules.WINDOWS[0])
        is_open = await self._open()
        opening = rules.ledger(counts)
        if opening is not None and (Scope.LEDGER, "") not in is_open:
            await self._begin(opening)
        elif opening is None and (Scope.LEDGER, "") in is_open and rules.delivers(counts):
            await self._end((Scope.LEDGER, ""))

    async def _begin(self, opening: Opening, *, heard: bool = False) -> None:
        tools = self._tools
        await tools.write(tools.books.open_incident, opening, tools.now(), heard=heard)

    async def _end(self, which: tuple[Scope, str]) -> None:
        tools = self._tools
        for incident in await tools.write(tools.books.open_incidents):
            if (incident.scope, incident.key) == which:
                await tools.write(tools.books.close_incident, incident.id, tools.now(), rules.RESTART)

    # -- the canary --------------------------------------------------------------------------------------------

    async def _canary(self, incident: OpenIncident) -> None:
        now = self._tools.now()
        good_since = await self._good_since(incident)
        asked = incident.canary_at
        if await self._answered(incident, now):
            await self._close(incident)
            return
        if rules.canary_due(incident.opened_at, asked, now, good_since=good_since):
            await self._ask(incident, may_give_up=good_since is not None or not incident.heard)

    async def _answered(self, incident: OpenIncident, now: datetime) -> bool:
        """Whether the bank has answered a question that was queued: the answer comes to the aggregator later."""
        member, asked = incident.canary, incident.canary_at
        if incident.cause != "bank_down" or member is None or asked is None or now - asked >= rules.CANARY_EVERY:
            return False
        return await self._has_news(member, asked)

    async def _good_since(self, incident: OpenIncident) -> datetime | None:
        """When the aggregator began to say that the bank, or all banks of the data centre, are well."""
        words = [w for w in await self._tools.write(self._tools.books.bank_words) if w.bank in incident.banks]
        if any(rules.says_down(word.health) for word in words):
            return None
        return max((word.since for word in words), default=None)

    async def _ask(self, incident: OpenIncident, *, may_give_up: bool) -> None:
        tools, number = self._tools, incident.id
        for _ in range(_CANARIES):
            member = await tools.write(tools.books.next_canary, number, tools.now())
            if member is None:
                if may_give_up:
                    await self._close(incident, note="no_canary")
                return
            asked = tools.now()
            await tools.write(tools.books.ask_canary, number, member, asked)
            try:
                proved = await self._proves(incident, member, asked)
            except (NeedsCustomer, RateLimited):
                continue
            except (OutsideError, GateClosed):
                return
            if proved:
                await self._close(incident)
            return

    async def _proves(self, incident: OpenIncident, member: str, asked: datetime) -> bool:
        """Whether this member shows that it works again. Raises OutsideError when he shows that it does not.

        A bank's outage is over when the bank itself has answered: an aggregator's store is ready with old data all
        the time. Where the aggregator's own answers failed, one that works is the proof.
        """
        if incident.cause == "bank_down":
            await self._sync(member)
            return await self._has_news(member, asked)
        harvest = await self._fetch(member)
        if harvest is not None and harvest.outcome == NeedsCustomer.kind:
            raise NeedsCustomer("the customer has to log in")
        if harvest is not None and harvest.outcome == RateLimited.kind:
            raise RateLimited("the bank will not be asked yet")
        return harvest is not None and harvest.outcome in ("ok", "ok_empty")

    async def _sync(self, member: str) -> None:
        """Ask the bank, against the day's allowance; what it says is news about the member too."""
        tools = self._tools
        context = await tools.write(tools.books.fetch_context, member)
        if context is None or context.consent is None:
            raise NeedsCustomer("there is no consent")
        spent = await tools.write(tools.books.spent, [member], "sync", tools.now() - WINDOW)
        if len(spent.get(member, ())) >= tools.allowance[0]:
            raise RateLimited("the bank's allowance for the day is spent")
        try:
            async with tools.lane(context, probe=True) as turn:
                context = await tools.write(tools.books.fetch_context, member)
                session = None if context is None else session_of(context)
                if session is None:
                    raise NeedsCustomer("there is no consent")
                await tools.write(tools.books.spend, [member], "sync", tools.now())
                answer = await tools.provider.sync(session, str(uuid4()))
                turn.answered()
        except OutsideError as error:
            kind, detail, until = error.kind, str(error), error.until
            await tools.write(
                tools.books.save_fetch,
                member,
                tools.now(),
                outcome=kind,
                detail=detail,
                until=until,
                fetch_every=tools.fetch_every,
            )
            raise
        if not answer.queued:
            raise NeedsCustomer("the bank wants the customer to log in")

    async def _has_news(self, member: str, since: datetime) -> bool:
        harvest = await self._fetch(member)
        return harvest is not None and harvest.synchronized is not None and harvest.synchronized >= since

    async def _fetch(self, member: str) -> Harvest | None:
        try:
            return await fetch_connection(self._tools, member, probe=True)
        except RefusedCredentials as error:
            self._report().trouble = error.kind
            return None

    async def _close(self, incident: OpenIncident, note: str = "") -> None:
        tools = self._tools
        await tools.write(tools.books.close_incident, incident.id, tools.now(), rules.RESTART, note=note)

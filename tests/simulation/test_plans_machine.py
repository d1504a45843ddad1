"""Plans under a state machine: operators who steer, agents that die or fall asleep, and an outside that answers as it
likes, over the real store. The judge is the outside's own book (laws 9 and 10). `FORNY_KILLS` sets how many runs.
"""

import asyncio
import os
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from backend.agent.acts import follow_sync, perform
from backend.agent.tools import RoundReport, Tools
from backend.model.facts import Act
from backend.model.plans import Action, ActionState, Order, Plan, PlanError, PlanItem, PlanState, PlanView
from backend.rules.assess import assess
from backend.rules.stages import OWN_MATTERS, first_stage, step
from backend.store import Store, open_store
from backend.texts import texts_in
from tests.conftest import NewPlace, Place
from tests.fakes import FakeLedger, FakeMailer, HandClock, records, willing
from tests.simulation.judge import turned_back
from tests.simulation.outside import ANSWERS, LOST, Died, Outside, Slept

EXAMPLES = max(10, int(os.environ.get("FORNY_KILLS", "0")))
CONNECTIONS = tuple(f"c{number}" for number in range(1, 7))
UNDO = timedelta(minutes=10)
IN_THE_AIR = (ActionState.SENT, ActionState.UNKNOWN)
LIVE = (ActionState.INTENT, *IN_THE_AIR)
MAY_HAVE_HAPPENED = ("unknown_for_too_long", "sync_timeout")
"""Reasons of a failure that say themselves that nobody knows."""

some = st.lists(st.sampled_from(CONNECTIONS), min_size=1, max_size=6, unique=True)
answers = st.lists(st.sampled_from(ANSWERS), min_size=1, max_size=4)
which = st.integers(0, 9)
agent = st.integers(0, 1)


class Worker:
    """One process that acts: its way to the store, and what it has claimed."""

    def __init__(self, store: Store, outside: Outside, clock: HandClock) -> None:
        self.store, self.claims = store, list[Action]()
        self.tools = Tools(
            store, outside, FakeLedger(), FakeMailer(), clock, texts_in("da"), dice=lambda: 0.0, calls_per_second=1000
        )

    async def perform(self, actions: Sequence[Action]) -> list[BaseException]:
        """Do them all at once; gives the ends of those that were cut off."""
        report = RoundReport()
        ends = await asyncio.gather(*(self._one(action, report) for action in actions))
        return [end for end in ends if end is not None]

    async def _one(self, action: Action, report: RoundReport) -> BaseException | None:
        try:
            await perform(self.tools, action, report)
        except (Died, Slept) as end:
            return end
        return None


class PlansMachine(RuleBasedStateMachine):
    """Every rule is one thing that somebody may do at any time; what must always hold is asked after each."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place, self.clock, self.loop = place, HandClock(), asyncio.new_event_loop()
        self.outside = Outside(self.clock, self.what_is_wrong)
        self.opened: list[Store] = []
        self.desk = self.open()
        self.desk.import_records(records(range(1, len(CONNECTIONS) + 1)), self.clock.now(), "test")
        self.workers = [self.worker(), self.worker()]
        self.sleepers: list[Worker] = []
        self.plans: list[int] = []

    def open(self) -> Store:
        self.opened.append(open_store(self.place, assess=assess, clock=self.clock))
        return self.opened[-1]

    def worker(self) -> Worker:
        return Worker(self.open(), self.outside, self.clock)

    def view(self, plan: int) -> PlanView:
        found = self.desk.plan(plan)
        assert found is not None
        return found

    def views(self) -> list[PlanView]:
        return [self.view(plan) for plan in self.plans]

    def what_is_wrong(self, connection: str, key: str) -> str:
        """With a call that comes in now."""
        actions = {a.key: (view, a) for view in self.views() for a in view.actions}
        if key not in actions:
            return f"a key that no act has: {key}"
        view, action = actions[key]
        if action.connection != connection or action.state != ActionState.SENT:
            return f"{action.connection} is {action.state} while it is sent for {connection}"
        if key not in self.outside.called and view.state not in (PlanState.RUNNING,):
            return f"the first call of an act whose plan is {view.state}"
        live = [a.key for _, a in actions.values() if a.connection == connection and a.state in IN_THE_AIR]
        return "" if live == [key] else f"{len(live)} acts in the air on {connection}"

    # -- operators ---------------------------------------------------------------------------------------------

    @initialize(staged=st.booleans())
    def begin(self, staged: bool) -> None:
        self.ask(list(CONNECTIONS), "a", staged)

    def free(self) -> list[str]:
        """Connections on which nothing is under way."""
        busy = {a.connection for view in self.views() for a in view.actions if a.state in LIVE}
        return [connection for connection in CONNECTIONS if connection not in busy]

    def at(self, *states: PlanState) -> list[int]:
        return [view.id for view in self.views() if view.state in states]

    @precondition(lambda self: self.free())
    @rule(connections=some, name=st.sampled_from("ab"), staged=st.booleans())
    def ask(self, connections: list[str], name: str, staged: bool) -> None:
        """Keep and run at once: what most people do."""
        self.keep(Act.SYNC, connections, name)
        self.run(-1, name, True, staged)

    @precondition(lambda self: not self.at(PlanState.DRAFT))
    @rule(act=st.sampled_from([Act.SYNC, Act.REMOVE]), connections=some, name=st.sampled_from("ab"))
    def keep(self, act: Act, connections: list[str], name: str) -> None:
        connections = connections if act == Act.SYNC else ["c6"]
        items = tuple(
            PlanItem(connection=c, agreement_number="", customer="", bank="", fate="run") for c in connections
        )
        plan = Plan(act=act, operator=name, created_at=self.clock.now(), items=items)
        self.plans.append(self.desk.save_plan(plan, "host"))

    @precondition(lambda self: self.at(PlanState.DRAFT))
    @rule(place=which, name=st.sampled_from("ab"), newest=st.booleans(), staged=st.booleans())
    def run(self, place: int, name: str, newest: bool, staged: bool) -> None:
        view = self.view(self.plans[-1 if newest else place % len(self.plans)])
        try:
            done = self.desk.run_plan(
                view.id,
                willing,
                self.clock.now(),
                undo=UNDO,
                allowed=first_stage(view.size) if staged else None,
                operator=name,
                host="host",
            )
        except PlanError:
            assert view.state != PlanState.DRAFT or self.clock.now() - view.created_at > timedelta(days=1)
        else:
            assert view.state == PlanState.DRAFT
            assert {a.connection for a in done.actions} | dict(done.refused).keys() == {
                a.connection for a in view.actions
            }, "what was confirmed is what runs, or is told"

    @precondition(lambda self: self.at(PlanState.RUNNING, PlanState.PAUSED))
    @rule(place=which, order=st.sampled_from(Order))
    def steer(self, place: int, order: Order) -> None:
        able = self.at(PlanState.RUNNING, PlanState.PAUSED)
        before = self.view(able[place % len(able)])
        try:
            after = self.desk.steer_plan(before.id, order, self.clock.now(), operator="a", host="host")
        except PlanError:
            assert self.view(before.id) == before, "an order that is refused changes nothing"
            return
        if order in (Order.CANCEL, Order.UNDO):
            assert after.state == PlanState.CANCELLED and not after.counts.get(ActionState.INTENT)
        if order == Order.UNDO:
            assert not any(a.key in self.outside.called or a.state == ActionState.DONE for a in after.actions)

    @rule(minutes=st.sampled_from([1, 11, 61, 13 * 60, 25 * 60]))
    def time_goes_by(self, minutes: int) -> None:
        self.clock.move(minutes=minutes)

    # -- agents ------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.at(PlanState.RUNNING))
    @rule(place=agent, limit=st.integers(1, 6))
    def claim(self, place: int, limit: int) -> None:
        mine, now = self.workers[place], self.clock.now()
        ready = [action for action, _ in mine.store.ready_actions(limit, now)]
        mine.claims += mine.store.claim_actions(ready, lambda _: willing, now)

    @precondition(lambda self: self.at(PlanState.RUNNING))
    @rule(place=agent, told=answers)
    def turn(self, place: int, told: list[str]) -> None:
        """What an agent does all day: claim, and do it at once."""
        self.claim(place, 3)
        self.work(place, told)

    @precondition(lambda self: any(worker.claims for worker in self.workers))
    @rule(place=agent, told=answers)
    def work(self, place: int, told: list[str]) -> None:
        mine = self.workers[place]
        claims, mine.claims = mine.claims[:3], mine.claims[3:]
        self.act(place, claims, told)

    @precondition(lambda self: any(view.counts.keys() & set(IN_THE_AIR) for view in self.views()))
    @rule(place=agent, told=answers)
    def look(self, place: int, told: list[str]) -> None:
        """See what became of what is not known."""
        store = self.workers[place].store
        lost = store.orphaned_actions(64, self.clock.now())
        known = {action.id: action for action in [*lost, *store.unknown_actions(64)]}
        self.act(place, list(known.values()), told)

    def act(self, place: int, actions: Sequence[Action], told: list[str]) -> None:
        self.outside.answers = list(told)
        ends = self.loop.run_until_complete(self.workers[place].perform(actions))
        if any(isinstance(end, Died) for end in ends):
            self.dies(place)
        elif ends:
            self.falls_asleep(place, actions)

    @precondition(lambda self: any(ActionState.WAITING in view.counts for view in self.views()))
    @rule(place=agent)
    def follow(self, place: int) -> None:
        """See whether queued syncs are done."""
        mine = self.workers[place]
        for action in mine.store.waiting_actions(Act.SYNC, 64):
            self.loop.run_until_complete(follow_sync(mine.tools, action, RoundReport()))

    @precondition(lambda self: self.at(PlanState.RUNNING))
    @rule(place=agent)
    def step(self, place: int) -> None:
        self.workers[place].store.step_plans(step, OWN_MATTERS, self.clock.now())

    @precondition(lambda self: self.busy_workers())
    @rule(place=agent)
    def dies(self, place: int) -> None:
        self.workers[place].store.close()
        self.workers[place] = self.worker()

    def busy_workers(self) -> bool:
        return any(w.claims or w.store.unknown_actions(1) for w in self.workers)

    @precondition(lambda self: self.busy_workers())
    @rule(place=agent)
    def falls_asleep(self, place: int, doing: Sequence[Action] = ()) -> None:
        """It stands still for so long that its lock goes; it knows nothing of that."""
        mine = self.workers[place]
        mine.claims += [action for action in doing if self.state_of(action) in LIVE]
        mine.store.sessions.close()
        self.sleepers.append(mine)
        self.workers[place] = self.worker()

    @precondition(lambda self: self.sleepers)
    @rule(state=st.sampled_from([ActionState.FAILED, ActionState.UNKNOWN, ActionState.REFUSED]))
    def wakes(self, state: ActionState) -> None:
        """It goes on as if nothing had been: whatever it believes, it sends nothing and changes nothing."""
        late = self.sleepers.pop()
        called, before = dict(self.outside.called), self.views()
        live = [a for a in late.claims if self.state_of(a) in LIVE]
        for action in live:
            late.store.settle_action(action.id, state, self.clock.now(), reason="late")
        self.loop.run_until_complete(late.perform(late.claims))
        assert self.outside.called == called, "it woke late and sent something"
        assert [view.counts for view in self.views()] == [view.counts for view in before]
        late.store.close()

    # -- what seldom comes together by itself ------------------------------------------------------------------

    def there_is_work(self) -> None:
        """A plan that runs, the newest, unless each connection is busy."""
        if free := self.free():
            self.ask(free, "b", False)

    @rule(place=agent, order=st.sampled_from([Order.PAUSE, Order.CANCEL]), told=answers)
    def an_operator_comes_between(self, place: int, order: Order, told: list[str]) -> None:
        self.there_is_work()
        self.claim(place, 3)
        if self.at(PlanState.RUNNING, PlanState.PAUSED):
            self.steer(-1, order)
        self.work(place, told)

    @rule(place=agent, first=st.sampled_from([*LOST, "timeout", "dies_before", "dies_after"]), told=answers)
    def a_second_look(self, place: int, first: str, told: list[str]) -> None:
        self.there_is_work()
        self.turn(place, [first] * 3)
        self.look(place, told)

    @rule(place=agent, told=answers, looked=st.booleans())
    def one_takes_over_from_a_sleeper(self, place: int, told: list[str], looked: bool) -> None:
        self.there_is_work()
        self.turn(place, ["sleeps_after"])
        if looked:
            self.look(1 - place, told)
        if self.sleepers:
            self.wakes(ActionState.FAILED)

    def state_of(self, action: Action) -> ActionState:
        return next(a.state for a in self.view(action.plan).actions if a.id == action.id)

    # -- what must hold ----------------------------------------------------------------------------------------

    @invariant()
    def the_outside_has_nothing_to_complain_of(self) -> None:
        assert not self.outside.wrong, self.outside.wrong
        assert max(self.outside.effects.values(), default=0) <= 1

    @invariant()
    def what_is_told_is_what_happened(self) -> None:
        for view in self.views():
            for action in view.actions:
                if action.act != Act.SYNC:
                    continue
                happened, called = self.outside.effects[action.key], action.key in self.outside.called
                told = (action.state, action.reason, happened, called)
                if action.state in (ActionState.DONE, ActionState.WAITING):
                    assert happened, told
                elif action.state in (ActionState.PLANNED, ActionState.INTENT, ActionState.CANCELLED):
                    # One that was turned away for sure is an intent again.
                    assert not happened and (not called or turned_back(action)), told
                    assert int(action.result.get("tried", "0")) <= 1, told
                elif action.state == ActionState.FAILED and action.reason not in MAY_HAVE_HAPPENED:
                    assert not happened, told
            for connection, _ in view.refused:
                assert not any(a.connection == connection and a.key in self.outside.called for a in view.actions)

    def teardown(self) -> None:
        """A healthy agent brings everything to an end; then the books are compared."""
        try:
            self.heal()
            self.compare()
        finally:
            for store in self.opened:
                store.close()
            self.loop.close()

    def heal(self) -> None:
        while self.sleepers:
            self.wakes(ActionState.FAILED)
        self.dies(1)
        for _ in range(40):
            for plan in self.at(PlanState.PAUSED):
                self.desk.steer_plan(plan, Order.RESUME, self.clock.now(), operator="a", host="host")
            for view in self.views():
                if view.left:  # nobody knows, and a human lets go
                    self.desk.steer_plan(view.id, Order.CANCEL, self.clock.now(), operator="a", host="host")
            self.look(0, [])
            self.claim(0, 6)
            while self.workers[0].claims:
                self.work(0, [])
            self.follow(0)
            self.step(0)
            if not self.at(PlanState.RUNNING, PlanState.PAUSED) and not self.moving():
                break
            self.clock.move(minutes=31)

    def moving(self) -> bool:
        return any(view.counts.keys() & {*IN_THE_AIR, ActionState.WAITING} for view in self.views())

    def compare(self) -> None:
        self.the_outside_has_nothing_to_complain_of()
        self.what_is_told_is_what_happened()
        lines = Counter((e.kind, e.connection, e.data.get("plan")) for e in self.desk.events(0, 99_999))
        for view in self.views():
            assert view.state in (PlanState.DRAFT, PlanState.ENDED, PlanState.CANCELLED), (view.state, view.counts)
            for action in view.actions:
                assert action.state.settled, (action.state, action.reason)
                if action.key in self.outside.called:
                    where = (action.connection, view.id)
                    assert lines[("sync.intent", *where)] == 1 + turned_back(action)
                    assert lines[("sync.sent", *where)] >= self.outside.called[action.key]
        assert self.desk.verify_audit().whole


def test_whatever_happens_every_act_happens_once_or_is_told_not_to_have(new_place: NewPlace) -> None:
    class Here(PlansMachine):
        def __init__(self) -> None:
            super().__init__(new_place())

    run_state_machine_as_test(
        Here, settings=settings(max_examples=EXAMPLES, stateful_step_count=30, phases=(Phase.generate, Phase.shrink))
    )

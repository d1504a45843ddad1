"""One agent over a real store, with a scripted outside and a clock set by hand."""

import asyncio

from backend.agent import Agent, RoundReport
from backend.agent.renewals import login_finished
from backend.model.facts import Act, PostingState
from backend.model.filters import EVERYTHING
from backend.model.plans import ActionState, Plan, PlanItem
from backend.model.views import PostingFilter
from backend.rules.assess import assess
from backend.store import open_store
from backend.texts import texts_in
from tests.conftest import Place
from tests.fakes import NOON, FakeLedger, FakeMailer, FakeProvider, HandClock, account, confirm, record


class World:
    """One agent, its store, and the outside it talks to."""

    def __init__(self, path: Place) -> None:
        self.path = path
        self.clock = HandClock()
        self.store = open_store(path, assess=assess, clock=self.clock)
        self.provider, self.ledger, self.mailer = FakeProvider(), FakeLedger(), FakeMailer()
        self.agent = self.new_agent()

    def new_agent(self) -> Agent:
        return Agent(
            books=self.store,
            provider=self.provider,
            ledger=self.ledger,
            mailer=self.mailer,
            clock=self.clock,
            say=texts_in("da"),
        )

    def customer(self, number: int = 1, **changes: object) -> str:
        """A customer with one connection whose provider shows one account; gives the connection's id."""
        self.store.import_records([record(number, **changes)], self.clock.now(), "test")
        self.provider.shown[f"consent-{number}"] = [account(number)]
        return self.store.fleet(EVERYTHING, "id", True, 0, 1, NOON)[0].id

    def bank(self, *rows: object, number: int = 1) -> None:
        self.provider.rows[f"acc-{number}"] = list(rows)  # type: ignore[arg-type]

    def once(self, *, restarted: bool = False) -> RoundReport:
        """One round in its own event loop; an agent that has waited for a turn in another must be `restarted`."""
        if restarted:
            self.agent = self.new_agent()
        return asyncio.run(self.agent.once())

    def act(self, act: Act, *connections: str, then_sync: bool = False) -> int:
        items = tuple(
            PlanItem(connection=c, agreement_number="", customer="", bank="", fate="run") for c in connections
        )
        plan = Plan(act=act, operator="eva", created_at=self.clock.now(), items=items, then_sync=then_sync)
        return confirm(self.store, plan, "host").plan

    def states(self) -> dict[str, PostingState]:
        lines = self.store.postings(PostingFilter(), 999)
        return {line.posting.source_id: line.posting.state for line in lines}

    def outcome(self, plan: int) -> tuple[ActionState, str]:
        view = self.store.plan(plan)
        assert view is not None
        return view.actions[-1].state, view.actions[-1].reason

    def login(self, code: str, consent_id: str | None, state: str | None = None) -> str:
        return asyncio.run(
            login_finished(self.agent.tools, code=code, consent_id=consent_id, state=state, report=self.agent.report)
        )


def renewed(world: World, connection: str, *, then_sync: bool = False) -> tuple[int, str]:
    """Ask for a renewal; gives the plan and the state in the link."""
    plan = world.act(Act.RENEW, connection, then_sync=then_sync)
    world.once()
    view = world.store.connection(connection, world.clock.now())
    assert view is not None and view.case is not None
    return plan, view.case.state

"""Renewals among everything else that happens at the same time: fetches, newer links, rate limits, our own faults."""

import asyncio
from datetime import timedelta

import pytest

from backend.agent.acts import perform
from backend.agent.fetch import fetch_connection
from backend.agent.renewals import advance, login_finished
from backend.agent.transfer import AT_ONCE
from backend.model.errors import NeedsCustomer, OutsideError, RateLimited, RefusedAddress, Unreachable
from backend.model.facts import Account, Act, Delivery, Grant, Receipt, Session, Stage, Tokens
from backend.model.plans import ActionState
from backend.rules.eligibility import judge
from tests.agent.test_kin import ended
from tests.agent.test_renewals import case_of, invited, seen
from tests.agent.world import World
from tests.fakes import FakeProvider, account, claim, import_account, row


def granted(world: World, code: str = "code", consent: str = "consent-new", number: int = 1) -> str:
    world.provider.grants[code] = consent
    world.provider.shown[consent] = [account(number, last_synchronized=world.clock.now())]
    return code


class Slow(FakeProvider):
    """The new consent's accounts take long, and what is superseded is refused."""

    over: str = ""

    async def accounts(self, session: Session, group: str | None = None) -> list[Account]:
        for _ in range(50):
            await asyncio.sleep(0.001)
        if session.consent_id == "consent-new":
            self.over = "consent-1"
        elif session.consent_id == self.over:
            raise NeedsCustomer("there are no usable tokens")
        return await super().accounts(session, group)


def test_a_fetch_that_waited_while_its_consent_was_renewed_goes_on_with_the_new_one(world: World) -> None:
    world.provider = Slow()
    world.agent = world.new_agent()
    connection = world.customer()
    world.bank(row("a"))
    state = invited(world, connection)
    code = granted(world)
    tools, report = world.agent.tools, world.agent.report

    async def both() -> None:
        login = asyncio.create_task(login_finished(tools, code=code, consent_id=None, state=state, report=report))
        while not tools.proved:
            await asyncio.sleep(0)
        fetch = asyncio.create_task(fetch_connection(tools, connection))
        assert await login == "done"
        harvest = await fetch
        assert harvest is not None and harvest.outcome == "ok"

    asyncio.run(both())
    view = seen(world, connection)
    assert (view.row.fetch, view.row.verdict, world.store.lives()) == ("ok", "fine", {})


def test_a_renewal_that_is_proved_twice_keeps_the_keys_that_the_first_proof_made_live(world: World) -> None:
    world.provider = Slow()
    world.agent = world.new_agent()
    connection = world.customer()
    state = invited(world, connection)
    code = granted(world)
    tools, report = world.agent.tools, world.agent.report

    async def both() -> None:
        login = asyncio.create_task(login_finished(tools, code=code, consent_id=None, state=state, report=report))
        while not tools.proved:
            await asyncio.sleep(0)
        world.clock.move(minutes=2)
        await asyncio.gather(login, advance(tools, report))

    asyncio.run(both())
    live = world.store.db.value("SELECT consent FROM connections")
    assert seen(world, connection).consent_id == "consent-new"
    assert asyncio.run(world.store.read(live)) is not None, "nobody can fetch without them"
    assert world.store.db.value("SELECT state FROM consents WHERE id = ?", (live,)) == "live"
    assert asked(world) == 1


def test_a_removal_waits_for_the_fetch_under_way_and_nothing_brings_its_keys_back(world: World) -> None:
    world.provider = Slow()
    world.agent = world.new_agent()
    connection = world.customer()
    tools, report = world.agent.tools, world.agent.report
    world.act(Act.REMOVE, connection)

    async def both() -> None:
        fetch = asyncio.create_task(fetch_connection(tools, connection))
        while not world.store.db.value("SELECT 1 FROM connections WHERE running_since IS NOT NULL"):
            await asyncio.sleep(0)
        (action,) = claim(world.store, world.clock.now())
        await asyncio.gather(fetch, perform(tools, action, report), fetch_connection(tools, connection))
        await world.store.end_refresh(1, Tokens(refresh_token="late"))

    asyncio.run(both())
    assert seen(world, connection).row.consent == "removed"
    assert world.provider.calls.count(("accounts", "consent-1")) == 1
    assert asyncio.run(world.store.read(1)) is None


def test_a_link_that_a_newer_one_replaced_still_renews(world: World) -> None:
    connection = world.customer()
    old = invited(world, connection)
    world.clock.move(days=4)
    new = invited(world, connection)
    assert old != new
    asyncio.run(login_finished(world.agent.tools, code=None, consent_id=None, state=old, report=world.agent.report))
    assert (case_of(world, connection).stage, case_of(world, connection).note) == (Stage.AT_BANK, "cancelled")
    assert world.store.follow_link(old, world.clock.now()) == case_of(world, connection).link
    assert world.login(granted(world), None, old) == "done"
    assert (case_of(world, connection).stage, seen(world, connection).consent_id) == (Stage.FETCHED, "consent-new")


@pytest.mark.parametrize("note", ["healed", "link_unused"])
def test_a_link_that_was_given_up_still_renews(world: World, note: str) -> None:
    connection = world.customer()
    state = invited(world, connection)
    world.store.move_case(case_of(world, connection).id, Stage.ABANDONED, world.clock.now(), note=note)
    assert world.login(granted(world), None, state) == "done"
    assert case_of(world, connection).stage is Stage.FETCHED
    world.once(restarted=True)
    assert seen(world, connection).facts.case_stage is None


def test_a_link_of_a_connection_that_was_removed_renews_nothing(world: World) -> None:
    connection = world.customer()
    state = invited(world, connection)
    world.store.remove(connection, world.clock.now())
    assert world.login(granted(world), None, state) == "unclaimed"
    assert seen(world, connection).row.consent == "removed"


def authorised(world: World, error: OutsideError) -> str:
    """The customer has logged in, and the new consent fails its test."""
    connection = world.customer()
    world.once()
    state = invited(world, connection)
    world.provider.trouble = lambda what, s: error if s is not None and s.consent_id == "consent-new" else None
    assert world.login(granted(world), None, state) == "pending"
    return connection


def asked(world: World) -> int:
    return world.provider.calls.count(("accounts", "consent-new"))


def looked(world: World) -> None:
    asyncio.run(advance(world.agent.tools, world.agent.report))


def test_a_candidate_is_not_asked_again_before_the_banks_own_time(world: World) -> None:
    connection = authorised(world, RateLimited("wait", until=world.clock.now() + timedelta(hours=5)))
    for _ in range(4):
        world.clock.move(hours=1)
        looked(world)
        asyncio.run(advance(world.agent.tools, world.agent.report, at_once=True))
    assert asked(world) == 1
    world.provider.trouble = lambda *_: None
    world.clock.move(hours=2)
    looked(world)
    assert case_of(world, connection).stage is Stage.FETCHED


def test_a_candidate_that_does_not_prove_itself_is_asked_ever_less_and_told_once(world: World) -> None:
    connection = authorised(world, Unreachable("no answer", sent=False))
    lines = len(world.store.events(0, 9999))
    for _ in range(24 * 60):
        world.clock.move(minutes=1)
        looked(world)
    assert 20 < asked(world) < 120
    assert len(world.store.events(0, 9999)) - lines < 10
    world.clock.move(days=31)
    looked(world)
    assert (case_of(world, connection).stage, case_of(world, connection).note) == (Stage.ABANDONED, "unproven")
    assert seen(world, connection).consent_id == "consent-1"


def test_a_round_sends_everything_and_no_more_at_once_than_it_may(world: World) -> None:
    """Fifty ledger accounts; the ledger counts how many deliveries are on their way together."""
    ledgers = {number: str(5000 + number) for number in range(1, 51)}
    world.customer(1, accounts=tuple(import_account(number, name) for number, name in ledgers.items()))
    world.provider.shown["consent-1"] = [account(number) for number in ledgers]
    for number in ledgers:
        world.bank(row(f"r{number}", text=f"row {number}"), number=number)
    real, under_way, most = world.ledger.deliver, 0, 0

    async def deliver(delivery: Delivery) -> Receipt:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        for _ in range(5):
            await asyncio.sleep(0)
        under_way -= 1
        return await real(delivery)

    world.ledger.deliver = deliver  # type: ignore[method-assign]
    report = world.once()
    assert report.delivered == 50 and most == AT_ONCE


def test_a_candidate_at_a_bank_that_hangs_holds_up_no_other(world: World) -> None:
    for number, bank in ((1, "Langsom Bank"), (2, "Hurtig Bank")):
        world.customer(number, bank=bank)
    states = {number: invited(world, f"c{number}") for number in (1, 2)}
    for number, state in states.items():
        world.provider.grants[f"code-{number}"] = f"new-{number}"
        world.provider.shown[f"new-{number}"] = [account(number)]
        session = world.store.grant(
            case_of(world, f"c{number}").id,
            Grant(tokens=Tokens(refresh_token=state), consent_id=f"new-{number}"),
            world.clock.now(),
        )
        assert session.consent_id == f"new-{number}"
    world.clock.move(minutes=2)
    real, released = world.provider.accounts, asyncio.Event()

    async def accounts(session: Session, group: str | None = None) -> list[Account]:
        if session.consent_id == "new-1":
            await released.wait()
        else:
            released.set()
        return await real(session, group)

    world.provider.accounts = accounts  # type: ignore[method-assign]
    assert asyncio.run(asyncio.wait_for(advance(world.agent.tools, world.agent.report), 30)) == 2


def test_a_link_whose_mail_was_not_taken_bars_no_other(world: World) -> None:
    connection = world.customer()
    world.mailer.trouble = [RefusedAddress("no such mailbox")]
    assert world.outcome(_failed(world, connection))[0] is ActionState.FAILED
    view = seen(world, connection)
    assert judge(Act.RENEW, view.row, view.facts, world.clock.now()).fate == "run"


def _failed(world: World, connection: str) -> int:
    plan = world.act(Act.RENEW, connection)
    world.once()
    return plan


def test_an_imported_connection_ended_nobodys_consent(world: World) -> None:
    first = world.customer(1, email="bogholder@example.test")
    world.provider.trouble = ended("consent-1")  # type: ignore[assignment]
    world.once()
    world.clock.move(days=1)
    world.customer(2, email="bogholder@example.test")
    world.clock.move(days=1)
    world.once(restarted=True)
    assert seen(world, first).facts.superseded_by is None

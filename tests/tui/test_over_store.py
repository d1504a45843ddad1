"""The console over the real store and the real operations: what another process writes comes on screen."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from backend.guard import GuardedDoor
from backend.model.facts import Act
from backend.model.people import Role
from backend.model.plans import ActionState
from backend.operations import Operations
from backend.rules.assess import assess
from backend.store import SORTS, Store, open_store
from tests.fakes import NOON, HandClock, claim, records
from tests.tui.driving import console
from tests.tui.fakes import make_desk
from tui.columns import COLUMNS
from tui.desk import Desk
from tui.screens.fleet import FleetScreen
from tui.screens.panel import Panel
from tui.screens.plan import PlanScreen
from tui.screens.plans import PlansScreen
from tui.screens.question import Question
from tui.screens.triage import TriageScreen


@dataclass
class World:
    """A desk over a store, and the same store as another process sees it."""

    desk: Desk
    store: Store
    other: Store
    clock: HandClock


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    clock = HandClock()
    path = tmp_path / "forny.db"
    store = open_store(path, assess=assess, clock=clock)
    other = open_store(path, assess=assess, clock=clock)
    store.import_records(records(range(1, 61)), NOON, "eva")
    operations = Operations(store, GuardedDoor(store, Role.ADMIN), clock, operator="eva", host="bastion")
    desk = make_desk(None, language="en")
    desk = Desk(
        reader=store,
        operations=operations,
        clock=clock,
        settings=desk.settings,
        say=desk.say,
        operator="eva",
        agent_status=store.agent_status,
        verify_audit=store.verify_audit,
        crash_dir=tmp_path / "crash",
        monotonic=lambda: 0.0,
    )
    yield World(desk, store, other, clock)
    store.close()
    other.close()


def test_every_order_of_the_columns_is_one_of_the_store() -> None:
    assert {column.sort for column in COLUMNS if column.sort} <= set(SORTS)


def test_the_fleet_is_shown_ordered_and_filtered(world: World) -> None:
    async def run() -> None:
        async with console(world.desk) as it:
            await it.see("60 connections")
            await it.see("Kunde 1 ")
            fleet = it.app.screen
            assert isinstance(fleet, FleetScreen)
            for _ in range(len([column for column in COLUMNS if column.sort])):
                await it.press("o")
            await it.type("/1007")
            await it.see("1 of 60")
            await it.press("escape")
            await it.type("/verdict:wait bank:nordea !1007")
            await it.see(" of 60")
            await it.until(lambda: fleet.roster.current is not None and fleet.roster.cursor == 0)
            assert "1007" not in "".join(it.lines()[3:22])

    asyncio.run(run())


def test_an_act_is_written_followed_and_told(world: World) -> None:
    async def run() -> None:
        async with console(world.desk) as it:
            await it.see("Kunde 1 ")
            await it.type("/1003")
            await it.see("1 of 60")
            await it.press("enter", "r")
            await it.until(lambda: isinstance(it.app.screen, Question) and it.app.screen.drawn_at is not None)
            assert "Kunde 3" in it.text()
            await it.press("right", "enter")
            await it.see("Plan 1: renew, 1 under way")
            (action,) = claim(world.other, NOON)
            assert (action.connection, action.operator) == ("c3", "eva")
            await it.press("escape")
            await it.see("○ queued")
            assert world.other.mark_sent(action.id, NOON)
            await it.see("→ sent")
            world.other.settle_action(action.id, ActionState.AWAITING_CUSTOMER, NOON, reason="link_sent")
            await it.see("awaiting the customer: the link")
            await it.see("◆ mailed")
            world.clock.move(minutes=16)
            world.other.import_records(records([61]), world.clock.now(), "eva")
            await it.until(lambda: "◆ mailed" not in it.text())

    asyncio.run(run())


def test_synchronising_an_expired_consent_offers_to_renew_first(world: World) -> None:
    async def run() -> None:
        world.clock.move(days=61)
        async with console(world.desk) as it:
            await it.see("expired")
            await it.press("s")
            await it.see("renew first, then synchronise")
            await it.until(lambda: isinstance(it.app.screen, Question) and it.app.screen.drawn_at is not None)
            first = it.app.screen
            await it.press("right", "enter")
            await it.until(lambda: isinstance(it.app.screen, Question) and it.app.screen is not first)
            await it.until(lambda: isinstance(it.app.screen, Question) and it.app.screen.drawn_at is not None)
            await it.press("right", "enter")
            await it.see("Plan 1")
            plan = world.other.plan(1)
            assert plan is not None and [action.connection for action in plan.actions] == ["c1"]

    asyncio.run(run())


def test_removing_says_until_when_the_bank_s_consent_lives(world: World) -> None:
    async def run() -> None:
        async with console(world.desk) as it:
            await it.see("Kunde 1 ")
            await it.press("x")
            await it.see("consent until 01.05.26")

    asyncio.run(run())


def test_a_customer_that_is_not_known_gets_no_new_connection(world: World) -> None:
    async def run() -> None:
        async with console(world.desk) as it:
            await it.see("Kunde 1 ")
            await it.press("n")
            await it.answerable()
            await it.press("tab", "ctrl+u")
            await it.type("77777")
            await it.press("enter")
            await it.see("No customer has agreement 77777.")
            await it.press("n")
            await it.answerable()
            await it.press("tab", "ctrl+u")
            await it.type("1004")
            await it.press("tab")
            await it.type("Lunar")
            await it.press("enter")
            await it.until(lambda: isinstance(it.app.screen, Question) and it.app.screen.drawn_at is not None)
            await it.press("right", "enter")
            await it.see("61 connections")
            assert world.other.resolve("1004") == ["c4", "c61"]

    asyncio.run(run())


def test_what_another_process_writes_comes_on_screen(world: World) -> None:
    async def run() -> None:
        async with console(world.desk) as it:
            await it.see("Kunde 1 ")
            await it.press("enter")
            await it.see("Last fetched")
            world.other.save_fetch("c1", NOON + timedelta(minutes=1), outcome="bank_down", detail="BANK-503")
            await it.see("incident")
            await it.see("BANK-503")
            world.other.save_fetch("c1", NOON + timedelta(minutes=2), outcome="ok")
            await it.see("Fetch ok")

    asyncio.run(run())


def test_the_log_of_an_empty_store_waits(world: World) -> None:
    async def run() -> None:
        async with console(world.desk) as it:
            await it.see("Kunde 1 ")
            await it.press("p")
            await it.see("No postings are waiting.")

    asyncio.run(run())


def test_a_problem_of_the_store_is_triaged_snoozed_and_noted(world: World) -> None:
    async def run() -> None:
        for connection in ("c3", "c4"):
            world.other.save_fetch(connection, NOON, outcome="needs_customer")
        async with console(world.desk) as it:
            await it.see("60 connections")
            await it.press("t")
            await it.see("Problem 1 of")
            screen = it.app.screen
            assert isinstance(screen, TriageScreen)
            await it.until(lambda: screen.view is not None)
            first, many = screen.present, len(screen.queue)
            assert first is not None and many > 1
            await it.press("N")
            await it.until(lambda: isinstance(it.app.screen, Panel) and it.app.screen.drawn_at is not None)
            await it.press(*"called", "enter")
            await it.see("eva: called")
            await it.press("z")
            await it.until(lambda: isinstance(it.app.screen, Panel) and it.app.screen.drawn_at is not None)
            await it.press("down", "enter")
            await it.until(lambda: screen.present is not None and screen.present.id != first.id)
            await it.see(f"of {many - 1}")
            assert "1 snoozed" in it.text()
            assert [note.text for note in world.other.notes(first.connection, 5)] == ["called"]

    asyncio.run(run())


def test_a_plan_is_run_watched_and_its_failures_marked_in_the_list(world: World) -> None:
    async def run() -> None:
        async with console(world.desk, size=(200, 30)) as it:
            await it.see("Kunde 1 ")
            await it.press("space", "space", "space", "s")
            await it.until(lambda: isinstance(it.app.screen, Question) and it.app.screen.drawn_at is not None)
            await it.press("right", "enter")
            await it.see("plan 1: 0/3")
            await it.see("○ sync: queued")
            with world.other.db.write():
                world.other.db.run("UPDATE plans SET allowed = NULL")
            for action, state in zip(
                claim(world.other, NOON), (ActionState.DONE, ActionState.FAILED, ActionState.DONE), strict=True
            ):
                assert world.other.mark_sent(action.id, NOON)
                reason = "bank_down" if state == ActionState.FAILED else ""
                world.other.settle_action(action.id, state, NOON, reason=reason)
            await it.see("✗ sync: failed: ")
            await it.see("✓ sync: done 13:00")
            fleet = it.app.screen
            assert isinstance(fleet, FleetScreen)
            await it.until(lambda: len(fleet.roster.marks) == 1)
            (failed,) = fleet.roster.marks
            await it.press("d")
            await it.until(lambda: isinstance(it.app.screen, PlansScreen) and it.app.screen.plan is not None)
            await it.press("enter")
            await it.see("✗ 1 failed")
            await it.press("tab")
            await it.until(lambda: isinstance(it.app.screen, PlanScreen) and it.app.screen.roster.total == 1)
            await it.press("f")
            await it.see("1 of 60")
            await it.until(lambda: fleet.roster.cursor_id == failed)
            assert fleet.filter.text == "plan:1 state:failed"

    asyncio.run(run())


def test_of_two_operators_who_want_one_connection_the_second_is_told_who_has_it(world: World) -> None:
    async def run() -> None:
        bo = Operations(world.other, GuardedDoor(world.other, Role.ADMIN), world.clock, operator="bo", host="bastion")
        async with console(world.desk, size=(160, 30)) as it:
            await it.see("Kunde 1 ")
            await it.press("r")
            await it.until(lambda: isinstance(it.app.screen, Question) and it.app.screen.drawn_at is not None)
            bo.submit(bo.plan(Act.SYNC, ["c1"]))
            await it.press("right", "enter")
            await it.see("Kunde 1: bo: synchronise, under way since 13:00")
            assert [action.operator for action in claim(world.other)] == ["bo"]

    asyncio.run(run())

"""Plans on screen: the list, one plan, and what an operator may say to it."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from backend.model.facts import Act
from backend.model.people import NotAllowed, Role
from backend.model.plans import Action, ActionState, PlanError, PlanState, PlanView
from tests.tui.driving import Driver, console
from tests.tui.fakes import FakeOperations, FakeReader, FixedClock, make_desk, make_plan
from tests.tui.records import NOW, make_action
from tui.actions import key_of
from tui.desk import Desk
from tui.screens.connection import ConnectionScreen
from tui.screens.fleet import FleetScreen
from tui.screens.panel import Choose
from tui.screens.plan import PlanScreen
from tui.screens.plans import PlansScreen
from tui.screens.question import Question


class World:
    """A desk over the fakes, and plans that are put into them."""

    def __init__(self, language: str = "en") -> None:
        self.reader, self.clock = FakeReader(), FixedClock()
        self.operations = FakeOperations(self.reader)
        self.desk: Desk = make_desk(self.reader, operations=self.operations, language=language, clock=self.clock)

    def add(self, act: Act, *states: ActionState, later: int = 0, reason: str = "", **values: object) -> PlanView:
        """A plan with one act of each state; `later` of its intents wait for an hour."""
        rows = self.reader.fleet_rows[: len(states)]
        plan = self.operations.keep(self.operations.plan(act, [row.id for row in rows]))
        assert plan.id is not None
        actions: list[Action] = []
        for n, (row, state) in enumerate(zip(rows, states, strict=True)):
            made = make_action(100 * plan.id + n, plan.id, act, row, state)
            bad = state in (ActionState.FAILED, ActionState.REFUSED)
            waits = NOW + timedelta(hours=1) if state == ActionState.INTENT and later > 0 else None
            later -= waits is not None
            actions.append(replace(made, reason=reason if bad else "", not_before=waits, finished_at=None))
        view = make_plan(plan, tuple(actions), **values)
        self.reader.plans_known[plan.id] = view
        return view


async def opened(it: Driver) -> PlansScreen:
    await it.see("▌")
    await it.press("d")
    await it.until(lambda: isinstance(it.app.screen, PlansScreen) and it.app.screen.known is not None)
    await it.see("▌")
    assert isinstance(it.app.screen, PlansScreen)
    return it.app.screen


async def asked(it: Driver) -> Choose:
    await it.until(lambda: isinstance(it.app.screen, Choose) and it.app.screen.drawn_at is not None)
    assert isinstance(it.app.screen, Choose)
    return it.app.screen


DONE, FAILED, INTENT, SENT = ActionState.DONE, ActionState.FAILED, ActionState.INTENT, ActionState.SENT


def test_open_plans_stand_first_with_what_an_operator_must_know() -> None:
    async def run() -> None:
        world = World()
        world.add(Act.SYNC, DONE, FAILED, INTENT, state=PlanState.PAUSED, note="plan.stop.canary")
        world.add(Act.RENEW, DONE, DONE)
        world.add(Act.REMOVE, INTENT, INTENT, undo_until=NOW + timedelta(minutes=9), waits=2, run_by="bo")
        async with console(world.desk, size=(120, 24)) as it:
            await opened(it)
            lines = [line for line in it.lines() if line[3:8].strip().isdigit()]
            assert [line[3:8].strip() for line in lines] == ["1", "3", "2"]
            assert "paused" in lines[0] and "stopped: the first ones failed" in lines[0]
            assert "bo" in lines[1] and "U undoes until 10:09" in lines[1] and "○ 2 queued" in lines[1]
            assert "✓ ended" in lines[2] and "✓ 2 done" in lines[2]
            assert "Open plans: 2" in it.text()
            view = world.reader.plans_known[1]
            world.reader.plans_known[1] = replace(view, state=PlanState.RUNNING, note="")
            world.reader.version += 1
            await it.until(lambda: "→ running" in it.line_with("synchronise"))

    asyncio.run(run())


def test_undo_is_done_at_once_and_what_pauses_or_goes_on_is_asked_about() -> None:
    async def run() -> None:
        world = World()
        world.add(Act.REMOVE, INTENT, undo_until=NOW + timedelta(minutes=9), waits=1)
        async with console(world.desk, size=(100, 24)) as it:
            await opened(it)
            await it.press("p")
            await asked(it)
            assert "Pause plan 1, remove?" in it.text() and world.operations.orders == []
            await it.press("down", "enter")
            await it.see("Plan 1: paused")
            assert world.operations.orders == [(1, "pause")]
            await it.see("◌ paused")
            await it.press("p")
            await asked(it)
            await it.press("enter")
            assert world.operations.orders == [(1, "pause")], "to leave it is the first answer"
            await it.press("p")
            await asked(it)
            await it.press("down", "enter")
            assert isinstance(it.app.screen, Choose), "the rest of a removal wants its number typed"
            await it.press("1", "enter")
            await it.until(lambda: world.operations.orders[-1] == (1, "resume"))
            view = world.reader.plans_known[1]
            world.reader.plans_known[1] = replace(view, undo_until=NOW + timedelta(minutes=9))
            world.reader.version += 1
            await it.see("U undoes plan 1 until")
            await it.press("U")
            await it.see("Plan 1: undone, nothing has happened")

    asyncio.run(run())


def test_cancelling_asks_and_says_how_many_never_begin() -> None:
    async def run() -> None:
        world = World()
        world.add(Act.SYNC, DONE, SENT, INTENT, INTENT)
        async with console(world.desk, size=(100, 24)) as it:
            await opened(it)
            await it.press("X")
            await asked(it)
            assert "Cancel plan 1, synchronise?" in it.text() and "2 that have not begun never will" in it.text()
            await it.press("escape", "X")
            await asked(it)
            await it.press("down", "enter")
            await it.see("Plan 1: cancelled")
            assert world.operations.orders == [(1, "cancel")]

    asyncio.run(run())


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("p", "not running, so it cannot be paused"),
        ("X", "is over, so it cannot be cancelled"),
        ("U", "Only a removal can be undone"),
        ("K", "Nothing in plan 1 has failed"),
        ("Y", "does not wait for approval"),
        ("I", "does not wait for approval"),
    ],
)
def test_what_cannot_be_done_says_why(key: str, told: str) -> None:
    async def run() -> None:
        world = World()
        world.add(Act.SYNC, DONE)
        async with console(world.desk, size=(120, 24)) as it:
            await opened(it)
            await it.press(key)
            await it.see(told)
            assert world.operations.orders == []

    asyncio.run(run())


def test_an_empty_list_has_nothing_to_steer() -> None:
    async def run() -> None:
        world = World()
        async with console(world.desk) as it:
            await it.see("▌")
            await it.press("d")
            await it.see("No plans yet.")
            await it.press("enter", "p", "X", "U", "K", "Y", "I", "f")
            await it.see("There is no plan here.")

    asyncio.run(run())


def test_what_failed_is_tried_again_as_a_new_plan_that_is_asked_about() -> None:
    async def run() -> None:
        world = World()
        view = world.add(Act.SYNC, DONE, FAILED, FAILED)
        async with console(world.desk, size=(100, 30)) as it:
            await opened(it)
            await it.press("K")
            await it.until(lambda: isinstance(it.app.screen, Question) and it.app.screen.drawn_at is not None)
            assert "Plan 2: Synchronise 2 connections?" in it.text()
            await it.press("right", "enter")
            await it.see("Plan 2: synchronise, 2 under way")
            failed = [action.connection for action in view.actions if action.state == FAILED]
            assert [item.connection for item in world.operations.submitted[0].items] == failed

    asyncio.run(run())


def test_a_draft_is_shown_on_a_key_and_run_as_it_was_shown() -> None:
    async def run() -> None:
        world = World()
        world.add(Act.SYNC, ActionState.PLANNED, ActionState.PLANNED, state=PlanState.DRAFT)
        async with console(world.desk, size=(100, 30)) as it:
            await it.see("▌")
            await it.press("d")
            await it.see("No plans yet.")
            await it.press("t")
            await it.see("draft")
            await it.see("▌")
            await it.press("K")
            await it.until(lambda: isinstance(it.app.screen, Question) and it.app.screen.drawn_at is not None)
            assert "The plan was shown 23.11.26, 10:00 to anna." in it.text()
            await it.press("right", "enter")
            await it.see("Plan 1: synchronise, 2 under way")

    asyncio.run(run())


def test_a_second_operator_approves_what_he_saw_or_declines_it() -> None:
    async def run() -> None:
        world = World()
        view = world.add(Act.REMOVE, *[INTENT] * 3, state=PlanState.APPROVAL, run_by="bo")
        async with console(world.desk, size=(110, 24)) as it:
            await it.see("plan 1 awaits approval")
            await opened(it)
            await it.press("I")
            await asked(it)
            await it.press("escape", "Y")
            await asked(it)
            assert "Approve plan 1: remove 3?" in it.text() and "bo has asked for it" in it.text()
            await it.press("down", "enter")
            assert world.operations.orders == [], "a removal is approved by typing its number"
            await it.press("3", "enter")
            await it.see("Plan 1 is approved")
            assert world.operations.orders == [(1, f"approve {view.digest}")]

    asyncio.run(run())


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (PlanError("plan.own_approval", plan=1, by="anna"), "is your own (anna): somebody else must approve it"),
        (NotAllowed("approve", Role.SUPPORT, Role.ONCALL), "may not"),
    ],
)
def test_who_may_not_approve_is_told_before_he_is_asked(error: Exception, told: str) -> None:
    async def run() -> None:
        world = World()
        world.add(Act.REMOVE, INTENT, state=PlanState.APPROVAL)
        world.operations.refusing = error
        async with console(world.desk, size=(140, 24)) as it:
            await opened(it)
            await it.press("Y")
            await it.see(told)
            assert isinstance(it.app.screen, PlansScreen)

    asyncio.run(run())


def test_whoever_may_not_steer_another_s_plan_is_told() -> None:
    async def run() -> None:
        world = World()
        world.add(Act.SYNC, SENT, INTENT, run_by="bo")
        world.operations.role = Role.SUPPORT
        async with console(world.desk, size=(140, 24)) as it:
            await opened(it)
            await it.press("p")
            await it.see("may not")
            assert world.operations.orders == []

    asyncio.run(run())


def test_a_plan_is_told_by_outcome_and_reason_and_each_act_by_its_line() -> None:
    async def run() -> None:
        world = World()
        view = world.add(Act.SYNC, DONE, FAILED, SENT, INTENT, INTENT, later=1, reason="bank_down")
        async with console(world.desk, size=(120, 30)) as it:
            await opened(it)
            await it.press("enter")
            await it.see("all 5")
            assert f"✗ 1 failed: {world.desk.say('bank_down')}" in it.text()
            assert "○ 1 waits until 11:00" in it.text()
            screen = it.app.screen
            assert isinstance(screen, PlanScreen)
            await it.until(lambda: screen.roster.total == 5)
            await it.press("tab")
            await it.until(lambda: screen.roster.total == 1 and screen.roster.current is not None)
            assert view.actions[1].customer in it.line_with("▌")
            await it.press("shift+tab")
            await it.until(lambda: screen.roster.total == 5)
            acts = tuple(replace(one, state=DONE, reason="") for one in view.actions)
            world.reader.plans_known[1] = make_plan(world.operations.kept_plans[0], acts)
            world.reader.version += 1
            await it.see("✓ 5 done")
            await it.press("enter")
            await it.until(lambda: isinstance(it.app.screen, ConnectionScreen))
            assert isinstance(it.app.screen, ConnectionScreen)
            assert it.app.screen.connection == view.actions[1].connection, "the cursor has stayed where it was"

    asyncio.run(run())


def test_a_row_that_leaves_the_chosen_outcome_takes_the_cursor_s_hold_with_it() -> None:
    async def run() -> None:
        world = World()
        view = world.add(Act.SYNC, FAILED, FAILED, DONE)
        async with console(world.desk, size=(100, 30)) as it:
            await opened(it)
            await it.press("enter")
            await it.see("all 3")
            screen = it.app.screen
            assert isinstance(screen, PlanScreen)
            await it.press("tab")
            await it.until(lambda: screen.roster.total == 2 and screen.roster.current is not None)
            acts = (replace(view.actions[0], state=DONE), *view.actions[1:])
            world.reader.plans_known[1] = make_plan(world.operations.kept_plans[0], acts)
            world.reader.version += 1
            await it.until(lambda: screen.roster.total == 1)
            assert screen.roster.current is None, "not the row that slid under it"
            await it.press("enter")
            await it.see("There is no line here.")

    asyncio.run(run())


def test_a_long_plan_is_read_in_windows() -> None:
    async def run() -> None:
        world = World()
        world.add(Act.SYNC, *[INTENT] * 250)
        async with console(world.desk, size=(80, 24)) as it:
            await opened(it)
            await it.press("enter")
            await it.see("all 250")
            screen = it.app.screen
            assert isinstance(screen, PlanScreen)
            await it.press("end")
            await it.until(lambda: screen.roster.current is not None and screen.roster.cursor == 249)
            assert len(screen.roster.window.rows) < 60

    asyncio.run(run())


def test_a_plan_s_report_is_copied() -> None:
    async def run() -> None:
        world = World()
        world.add(Act.SYNC, DONE, FAILED, reason="bank_down")
        copied: list[str] = []
        async with console(world.desk, size=(100, 30)) as it:
            it.app.copy = lambda text, what: copied.append(f"{what}: {text}")  # type: ignore[method-assign]
            await opened(it)
            await it.press("enter")
            await it.see("all 2")
            await it.press("c")
            await it.until(lambda: copied)
            assert copied[0].startswith("the plan's report: Plan 1: ") and "1 failed" in copied[0]

    asyncio.run(run())


def test_the_header_tells_progress_and_its_key_undoes_in_the_list() -> None:
    async def run() -> None:
        world = World()
        world.add(Act.SYNC, DONE, FAILED, INTENT, INTENT)
        async with console(world.desk, size=(140, 24)) as it:
            await it.see("plan 1: 2/4, 1 failed")
            await it.press("U")
            await it.see("You have no removal to undo.")
            world.add(Act.REMOVE, INTENT, undo_until=NOW + timedelta(minutes=10), waits=1, run_by="bo")
            world.add(Act.REMOVE, INTENT, undo_until=NOW + timedelta(minutes=10), waits=1)
            world.reader.version += 1
            await it.see("U undoes plan 3 until 10:10")
            await it.press("U")
            await it.see("Plan 3: undone")
            assert world.operations.orders == [(3, "undo")], "not what somebody else has begun"
            assert isinstance(it.app.screen, FleetScreen)

    asyncio.run(run())


@pytest.mark.parametrize("size", [(60, 20), (80, 24)])
@pytest.mark.parametrize("language", ["da", "en"])
def test_what_a_plan_waits_for_and_the_keys_for_it_stand_whole(size: tuple[int, int], language: str) -> None:
    async def run() -> None:
        world = World(language)
        world.add(Act.REMOVE, *[INTENT] * 3, state=PlanState.APPROVAL, run_by="Birgitte Østergaard-Lauridsen (bo)")
        async with console(world.desk, size=size) as it:
            await opened(it)
            await it.press("enter")
            screen = it.app.screen
            assert isinstance(screen, PlanScreen)
            await it.until(lambda: screen.view is not None)
            told = screen._standing(screen.view)[0][0]  # type: ignore[arg-type]
            assert told in " ".join(line.strip() for line in it.lines()[2:7])
            assert key_of("approve") in told and key_of("decline") in told

    asyncio.run(run())

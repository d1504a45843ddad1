"""The question before an act, and what follows an answer: nothing runs that was not read and confirmed."""

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from textual.events import Key, Paste

from backend.config import Settings
from backend.model.facts import Act
from backend.model.filters import EVERYTHING
from backend.model.people import NotAllowed, Role
from backend.model.plans import ActionState, PlanError, PlanState
from backend.store import StoreError
from tests.tui.driving import Driver, console
from tests.tui.fakes import FakeOperations, FakeReader, make_desk, make_plan
from tests.tui.records import NOW, make_row
from tui.desk import Desk
from tui.screens.connect import ConnectScreen
from tui.screens.fleet import FleetScreen
from tui.screens.panel import DEAD_TIME
from tui.screens.question import Question

NEVER = float("inf")


def drive(scenario: Coroutine[Any, Any, None]) -> None:
    asyncio.run(scenario)


def set_up(*, monotonic: float = 0.0, language: str = "da") -> tuple[Desk, FakeReader, FakeOperations]:
    reader = FakeReader()
    operations = FakeOperations(reader)
    return make_desk(reader, operations=operations, monotonic=monotonic, language=language), reader, operations


def fleet(it: Driver) -> FleetScreen:
    screen = it.app.screen_stack[0]
    assert isinstance(screen, FleetScreen)
    return screen


async def asked(it: Driver) -> Question:
    """Wait for the question to stand on screen."""
    await it.until(lambda: isinstance(it.app.screen, Question) and it.app.screen.drawn_at is not None)
    assert isinstance(it.app.screen, Question)
    return it.app.screen


def test_cancel_comes_first_and_is_chosen() -> None:
    async def run() -> None:
        desk, _, operations = set_up()
        async with console(desk) as it:
            await it.see("▌")
            await it.press("r")
            question = await asked(it)
            assert [choice.answer for choice in question.choices()] == [None, "run"]
            assert "▸Fortryd" in it.text()
            await it.press("enter")
            await it.see("Fortrudt, intet er gjort.")
            assert operations.submitted == []

    drive(run())


@pytest.mark.parametrize(("key", "act"), [("r", Act.RENEW), ("s", Act.SYNC)])
def test_what_was_confirmed_is_what_is_submitted(key: str, act: Act) -> None:
    async def run() -> None:
        desk, reader, operations = set_up()
        async with console(desk) as it:
            await it.see("▌")
            chosen = fleet(it).roster.cursor_id
            row = fleet(it).roster.current
            assert row is not None and chosen is not None
            await it.press(key)
            await asked(it)
            assert row.customer in it.text() and row.agreement_number in it.text()
            reader.fleet_rows = [one for one in reader.fleet_rows if one.id != chosen] + reader.rows(
                [chosen], desk.clock.now()
            )
            reader.change("c1001", customer="Nu en anden")
            await it.press("right", "enter")
            await it.see("Plan 1")
            (plan,) = operations.submitted
            assert plan.act == act
            assert [item.connection for item in plan.items] == [chosen]
            assert not plan.then_sync

    drive(run())


def test_a_question_takes_no_key_that_came_before_it_could_be_read() -> None:
    async def run() -> None:
        desk, _, operations = set_up(monotonic=NEVER)
        async with console(desk) as it:
            await it.see("▌")
            await it.press("r")
            question = await asked(it)
            await it.press("right", "enter", "escape", "enter")
            it.app.post_message(Paste("1\r\r"))
            await it.pilot.pause()
            assert it.app.screen is question and question.chosen == 0
            assert operations.submitted == []
            question.drawn_at = 0.0
            await it.press("escape")
            await it.see("Fortrudt")

    drive(run())


def test_the_dead_time_is_counted_from_the_key_s_own_arrival() -> None:
    async def run() -> None:
        desk, _, _ = set_up()
        async with console(desk) as it:
            await it.see("▌")
            await it.press("r")
            question = await asked(it)
            question.drawn_at = 100.0
            early, late = Key("right", None), Key("right", None)
            early.time, late.time = 100.0 + DEAD_TIME - 0.01, 100.0 + DEAD_TIME + 0.01
            assert question.too_early(early) and not question.too_early(late)
            question.drawn_at = None
            assert question.too_early(late)

    drive(run())


def test_enter_in_the_same_moment_as_the_act_opens_and_confirms_nothing() -> None:
    async def run() -> None:
        desk, _, operations = set_up(monotonic=NEVER)
        operations.gate.clear()
        async with console(desk) as it:
            await it.see("▌")
            it.app.post_message(Key("r", "r"))
            it.app.post_message(Key("enter", "\r"))
            it.app.post_message(Key("enter", "\r"))
            await it.until(lambda: it.app.acting.planning)
            await it.pilot.pause()
            assert len(it.app.screen_stack) == 1
            operations.gate.set()
            await asked(it)
            assert operations.submitted == []

    drive(run())


def test_escape_drops_a_plan_that_takes_long() -> None:
    async def run() -> None:
        desk, _, operations = set_up()
        operations.gate.clear()
        async with console(desk) as it:
            await it.see("▌")
            await it.press("r", "down", "escape")
            await it.see("Planen er droppet")
            operations.gate.set()
            await it.press("s")
            question = await asked(it)
            assert question.plan.act == Act.SYNC

    drive(run())


def test_removing_wants_the_agreement_s_number_typed() -> None:
    async def run() -> None:
        desk, _, operations = set_up()
        async with console(desk) as it:
            await it.see("▌")
            row = fleet(it).roster.current
            assert row is not None
            await it.press("x")
            question = await asked(it)
            await it.press("right", "enter")
            assert it.app.screen is question
            await it.press(*"999", "enter")
            assert it.app.screen is question
            it.app.post_message(Paste(row.agreement_number))
            await it.pilot.pause()
            assert question.typed == "999"
            await it.press("backspace", "backspace", "backspace")
            await it.type(row.agreement_number)
            await it.press("enter")
            await it.see("Plan 1")
            assert operations.submitted[0].act == Act.REMOVE

    drive(run())


def test_removing_several_wants_their_number_typed_and_names_five() -> None:
    async def run() -> None:
        desk, _, operations = set_up()
        async with console(desk, size=(80, 30)) as it:
            await it.see("▌")
            await it.type(" " * 7)
            await it.press("x")
            await it.see("og 2 til")
            await asked(it)
            assert "Skriv 7 for at fjerne" in it.text()
            await it.press("down")
            assert "og 2 til" not in it.text()
            await it.press("7", "right", "enter")
            await it.see("Plan 1")
            assert len(operations.submitted[0].items) == 7

    drive(run())


def test_what_waits_and_what_is_refused_is_told_with_its_reason() -> None:
    async def run() -> None:
        desk, reader, operations = set_up()
        ids = [row.id for row in reader.fleet(EVERYTHING, "verdict", False, 0, 3, desk.clock.now())]
        operations.fates = {ids[0]: ("refused", "already_removed"), ids[1]: ("wait", "rate_limited")}
        async with console(desk, size=(100, 30)) as it:
            await it.see("▌")
            await it.press("space", "space", "space", "s")
            await asked(it)
            text = it.text()
            assert "Kører (1)" in text and "Venter (1)" in text and "Afvist (1)" in text
            assert desk.say("already_removed") in text and desk.say("rate_limited") in text
            assert "Synkroniser 2" in text and "Kører så af sig selv" in text

    drive(run())


def test_a_plan_that_waits_whole_can_be_confirmed_all_the_same() -> None:
    async def run() -> None:
        desk, reader, operations = set_up(language="en")
        first = reader.fleet(EVERYTHING, "verdict", False, 0, 1, desk.clock.now())[0]
        operations.fates = {first.id: ("wait", "rate_limited")}
        operations.until = NOW + timedelta(minutes=70)
        async with console(desk, size=(100, 30)) as it:
            await it.see("▌")
            await it.press("s")
            question = await asked(it)
            assert [choice.answer for choice in question.choices()] == [None, "run"]
            assert "Wait (1) until 11:10" in it.text() and "Then runs by itself" in it.text()
            await it.press("right", "enter")
            await it.see("1 waits, the last until 11:10")
            assert [item.connection for item in operations.submitted[0].acts] == [first.id]

    drive(run())


def test_a_plan_is_kept_when_it_is_shown_and_says_what_it_costs() -> None:
    async def run() -> None:
        desk, _, operations = set_up(language="en")
        async with console(desk, size=(100, 30)) as it:
            await it.see("▌")
            await it.press("space", "space", "s")
            await asked(it)
            assert "Plan 1: Synchronise 2 connections?" in it.text()
            assert "Spends 2 calls to the banks; 6 are left today." in it.text()
            await it.press("escape")
            await it.see("The plan is kept: forny plan 1 run")
            assert len(operations.kept_plans) == 1 and operations.submitted == []

    drive(run())


def test_a_removal_says_how_long_it_can_be_undone_before_and_after() -> None:
    async def run() -> None:
        desk, _, operations = set_up(language="en")
        operations.until = NOW + timedelta(minutes=10)
        async with console(desk, size=(100, 30)) as it:
            await it.see("▌")
            await it.press("space", "space", "x")
            await asked(it)
            assert "Begins in 10 minutes only; until then U undoes it." in it.text()
            await it.press("2", "right", "enter")
            await it.see("Can be undone until 10:10 (U)")

    drive(run())


def test_what_has_changed_since_the_plan_was_shown_is_told_after_it_was_begun() -> None:
    async def run() -> None:
        desk, _, operations = set_up(language="en")
        async with console(desk, size=(160, 30)) as it:
            await it.see("▌")
            row = fleet(it).roster.current
            assert row is not None
            operations.changed = ((row.id, "in_work:sync:bo:2026-11-23T08:41:00+00:00"),)
            await it.press("r")
            await asked(it)
            await it.press("right", "enter")
            await it.see("1 not begun, something has changed since")
            assert f"{row.customer}: bo: synchronise, under way since 09:41" in it.text()

    drive(run())


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (PlanError("plan.too_old", plan=1), "Plan 1 is too old"),
        (NotAllowed("sync", Role.VIEW, Role.SUPPORT), "may not"),
        (StoreError("The disk is full. Free some room."), "nothing was sent: The disk is full. Free some room."),
    ],
)
def test_what_stops_a_plan_at_the_door_is_told_in_a_sentence(error: Exception, told: str) -> None:
    async def run() -> None:
        desk, _, operations = set_up(language="en")
        async with console(desk, size=(160, 30)) as it:
            await it.see("▌")
            await it.press("s")
            await asked(it)
            operations.refusing = error
            await it.press("right", "enter")
            await it.see(told)
            assert type(error).__name__ not in it.text()

    drive(run())


def test_a_plan_that_halts_by_itself_is_told_with_its_reason() -> None:
    async def run() -> None:
        desk, reader, operations = set_up(language="en")
        async with console(desk, size=(160, 30)) as it:
            await it.see("▌")
            await it.press("space", "space", "s")
            await asked(it)
            await it.press("right", "enter")
            await it.see("Plan 1: synchronise, 2 under way")
            view = reader.plans_known[1]
            one, other = view.actions
            acts = (replace(one, state=ActionState.FAILED), replace(other, not_before=NOW + timedelta(hours=1)))
            stopped = {"state": PlanState.PAUSED, "note": "plan.stop.canary"}
            reader.plans_known[1] = make_plan(operations.kept_plans[0], acts, **stopped)
            reader.version += 1
            await it.see("stopped: the first ones failed")
            assert len(fleet(it).roster.marks) == 2

    drive(run())


def test_synchronising_without_consent_offers_to_renew_first() -> None:
    async def run() -> None:
        desk, reader, operations = set_up(language="en")
        first = reader.fleet(EVERYTHING, "verdict", False, 0, 1, desk.clock.now())[0]
        operations.fates = {first.id: ("refused", "renew_first")}
        async with console(desk) as it:
            await it.see("▌")
            await it.press("s")
            question = await asked(it)
            assert [choice.answer for choice in question.choices()] == [None, "renew_first"]
            await it.press("right", "enter")
            await it.see("then synchronise?")
            await it.until(lambda: isinstance(it.app.screen, Question) and it.app.screen is not question)
            second = await asked(it)
            assert second.plan.act == Act.RENEW and second.plan.then_sync
            await it.press("right", "enter")
            await it.see("Plan 1")
            assert operations.submitted[0].then_sync

    drive(run())


def test_the_question_says_how_many_the_filter_hides() -> None:
    async def run() -> None:
        desk, _, _ = set_up()
        async with console(desk, size=(80, 30)) as it:
            await it.see("▌")
            await it.press("space", "space", "space")
            await it.type("/lunar")
            await it.press("enter", "r")
            await asked(it)
            assert "3 af dem er skjult af filteret." in it.text()

    drive(run())


def test_the_outcome_is_told_and_what_failed_keeps_its_mark() -> None:
    async def run() -> None:
        desk, _, operations = set_up()
        async with console(desk) as it:
            await it.see("▌")
            await it.press("space", "space", "r")
            await asked(it)
            marked = sorted(fleet(it).roster.marks)
            await it.press("right", "enter")
            await it.see("Plan 1: forny, 2 sat i gang")
            operations.settle(1, **{marked[0]: ActionState.FAILED, marked[1]: ActionState.DONE})
            await it.see("1 mislykket, 1 udført")
            assert fleet(it).roster.marks == {marked[0]}

    drive(run())


def test_a_running_act_shows_in_its_row() -> None:
    async def run() -> None:
        desk, reader, _ = set_up()
        async with console(desk) as it:
            await it.see("▌")
            row = fleet(it).roster.current
            assert row is not None
            reader.change(row.id, running="renew:sent")
            await it.see("fornyer …")
            assert "fornyer …" in it.line_with("▌")
            reader.change(row.id, running="renew:unknown")
            await it.see("uafklaret")

    drive(run())


def test_a_plan_that_cannot_be_made_or_written_is_told() -> None:
    class Broken(FakeOperations):
        def submit(self, plan: object) -> Any:
            raise OSError("disk full")

    async def run() -> None:
        reader = FakeReader()
        async with console(make_desk(reader, operations=Broken(reader))) as it:
            await it.see("▌")
            await it.press("r")
            await asked(it)
            await it.press("right", "enter")
            await it.see("disk full")
            assert "intet er sendt" in it.text()

    drive(run())


def test_a_new_connection_asks_for_agreement_and_bank_and_then_for_consent() -> None:
    async def run() -> None:
        desk, _, operations = set_up()
        async with console(desk) as it:
            await it.see("▌")
            row = fleet(it).roster.current
            assert row is not None
            await it.press("n")
            await it.until(lambda: isinstance(it.app.screen, ConnectScreen) and it.app.screen.drawn_at is not None)
            assert row.agreement_number in it.line_with("Aftalenummer")
            await it.type("Sydbank")
            await it.press("enter")
            await asked(it)
            await it.press("right", "enter")
            await it.until(lambda: operations.submitted)
            (item,) = operations.submitted[0].items
            assert (item.agreement_number, item.bank) == (row.agreement_number, "Sydbank")

    drive(run())


def test_an_act_with_nothing_under_the_cursor_says_so() -> None:
    async def run() -> None:
        desk, reader, operations = set_up()
        reader.fleet_rows = []
        async with console(desk) as it:
            await it.see("Ingen bankforbindelser endnu")
            await it.press("r", "x", "enter", "space")
            await it.see("Der er ingen forbindelse her")
            assert not it.app.acting.planning and operations.submitted == []

    drive(run())


@pytest.mark.parametrize("torn", ["\x1b[B", "\x1b[3~", "\x1b[<0;12;7M", "\x1bOP", "\x1b[1;5D"])
def test_a_torn_escape_sequence_is_no_act(torn: str) -> None:
    """A slow line brings the characters of a key one by one (`facts/console.md` rule 4)."""

    async def run() -> None:
        desk, _, operations = set_up()
        async with console(desk) as it:
            await it.see("▌")
            await it.press("space")
            for char in torn:
                key = "escape" if char == "\x1b" else char
                it.app.post_message(Key(key, char))
            await it.pilot.pause()
            await it.pilot.pause()
            assert it.app.is_running and len(it.app.screen_stack) == 1
            assert not it.app.acting.planning and operations.submitted == []
            assert len(fleet(it).roster.marks) == 1

    drive(run())


def test_every_reason_stands_on_the_smallest_screen_and_arrows_scroll_to_every_name() -> None:
    async def run() -> None:
        desk, reader, operations = set_up(language="en")
        ids = [row.id for row in reader.fleet(EVERYTHING, "verdict", False, 0, 60, desk.clock.now())]
        operations.fates = {one: ("wait", "rate_limited") for one in ids[40:50]}
        operations.fates |= {one: ("refused", "already_removed") for one in ids[50:55]}
        operations.fates |= {one: ("refused", "in_work") for one in ids[55:60]}
        async with console(desk, size=(80, 24)) as it:
            await it.see("▌")
            fleet(it).roster.set_marks(set(ids))
            await it.press("s")
            question = await asked(it)
            text = it.text()
            assert "Will run (40)" in text and "Wait (10)" in text and text.count("Refused (5)") == 2
            assert "▸Cancel" in text and "shows all" in text
            last = reader.rows([ids[59]], desk.clock.now())[0].customer
            assert last not in text
            await it.press(*["pagedown"] * 9)
            assert last in it.text() and "more lines" not in it.text() and "▸Cancel" in it.text()
            await it.press(*["pageup"] * 9)
            assert question.top == 0 and "Synchronise 50 connections?" in it.text()

    drive(run())


@pytest.mark.parametrize(("window", "told"), [(600, "Begins in 10 minutes only"), (45, "Begins in 45 s only")])
def test_a_short_undo_window_is_told_in_seconds(window: int, told: str) -> None:
    async def run() -> None:
        settings = Settings(profile="demo", environment="sandbox", language="en", undo_window=window)
        async with console(make_desk(language="en", settings=settings)) as it:
            await it.see("▌")
            await it.press("x")
            await asked(it)
            assert told in it.text() and "U undoes it" in it.text()

    drive(run())


def test_an_agreement_s_number_may_be_anything_that_can_be_typed() -> None:
    async def run() -> None:
        reader = FakeReader(fleet_rows=[replace(make_row(1), agreement_number="DK-10 01/æ")])
        operations = FakeOperations(reader)
        async with console(make_desk(reader, operations=operations)) as it:
            await it.see("▌")
            await it.press("x")
            await asked(it)
            await it.type("DK-10 01/æ")
            await it.press("right", "enter")
            await it.until(lambda: operations.submitted)

    drive(run())


def test_an_error_of_the_program_is_no_unknown_agreement() -> None:
    async def run() -> None:
        desk, _, operations = set_up(language="en")

        def fails(*_: object, **__: object) -> None:
            raise KeyError("calls")

        operations.plan = fails  # type: ignore[method-assign,assignment]
        async with console(desk, size=(120, 24)) as it:
            await it.see("▌")
            await it.press("s")
            await it.see("KeyError")
            assert "agreement calls" not in it.text()

    drive(run())


def test_one_act_that_ran_does_not_hide_those_that_were_refused() -> None:
    async def run() -> None:
        desk, reader, operations = set_up(language="en")
        async with console(desk, size=(160, 24)) as it:
            await it.see("▌")
            await it.press("space", "space", "s")
            await asked(it)
            await it.press("right", "enter")
            await it.see("2 under way")
            view = reader.plans_known[1]
            acts = tuple(
                replace(one, state=state)
                for one, state in zip(view.actions, (ActionState.DONE, ActionState.REFUSED), strict=True)
            )
            reader.plans_known[1] = make_plan(operations.kept_plans[0], acts)
            reader.version += 1
            await it.see("1 refused")

    drive(run())

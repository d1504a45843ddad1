"""Triage: one problem, one key, and on to the next; nothing moves before the operator does."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from backend.model.facts import Act, Stage
from backend.model.problems import ProblemError
from backend.model.renewals import RenewalDiff, Shown
from backend.rules.filters import parse
from tests.tui.driving import Driver, console
from tests.tui.fakes import FakeOperations, FakeReader, make_desk
from tests.tui.records import NOW, make_event, make_problem, make_row, make_view
from tui.screens.connection import ConnectionScreen
from tui.screens.fleet import FleetScreen
from tui.screens.handling import snoozes
from tui.screens.panel import Choose, Panel
from tui.screens.question import Question
from tui.screens.triage import TriageScreen


def a_fleet(many: int = 6) -> FakeReader:
    """Connections of which every one has a renewal due."""
    rows = [
        replace(make_row(n), verdict="customer", action="renew", wait_until=None, situation="renewal_due")
        for n in range(many)
    ]
    reader = FakeReader(fleet_rows=rows)
    reader.problems_known = [make_problem(row) for row in rows]
    return reader


async def opened(it: Driver) -> TriageScreen:
    await it.see("▌")
    await it.press("t")
    await it.until(lambda: isinstance(it.app.screen, TriageScreen) and it.app.screen.known)
    screen = it.app.screen
    assert isinstance(screen, TriageScreen)
    return screen


async def asked(it: Driver) -> None:
    """The question stands on screen, and may be answered."""
    await it.until(lambda: isinstance(it.app.screen, Question) and it.app.screen.drawn_at is not None)


def shown(screen: TriageScreen) -> str:
    return screen.present.connection if screen.present is not None else ""


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
def test_one_problem_fills_the_screen(size: tuple[int, int]) -> None:
    async def run() -> None:
        async with console(make_desk(a_fleet()), size=size) as it:
            screen = await opened(it)
            await it.until(lambda: screen.view is not None)
            await it.see("Sig til kunden")
            text = it.text()
            for part in (
                *("Problem 1 af 6", "◆ kunde", "Vejle Tømrer & Snedker ApS", "Danske Bank", "aftale 312000", "c1000"),
                *("Forbindelsen skal fornyes", "siden 21.11.26, 10:00 (2 d) · 3 gange, sidst 23.11.26, 09:48"),
                *("  r   forny  ", "Enter"),
            ):
                assert part in text, part
            assert all(len(line) == size[0] for line in it.lines())

    asyncio.run(run())


def test_a_confirmed_act_goes_on_to_the_next_and_a_cancelled_one_stays() -> None:
    async def run() -> None:
        reader = a_fleet()
        operations = FakeOperations(reader)
        async with console(make_desk(reader, operations=operations)) as it:
            screen = await opened(it)
            await it.press("enter")
            await asked(it)
            await it.press("enter")  # cancel is first
            await it.until(lambda: it.app.screen is screen)
            assert shown(screen) == "c1000" and not operations.submitted
            await it.press("r")
            await asked(it)
            await it.press("right", "enter")
            await it.until(lambda: shown(screen) == "c1001")
            assert [(plan.act, plan.items[0].connection) for plan in operations.submitted] == [(Act.RENEW, "c1000")]
            assert "Problem 2 af 6" in it.text()

    asyncio.run(run())


def test_the_queue_changes_behind_the_problem_that_is_looked_at() -> None:
    async def run() -> None:
        reader = a_fleet()
        async with console(make_desk(reader)) as it:
            screen = await opened(it)
            await it.press("n", "down")
            await it.until(lambda: shown(screen) == "c1002" and screen.view is not None)
            newer = make_problem(make_row(7), cause="own_credentials")
            reader.fleet_rows.append(make_row(7))
            reader.problems_known = [newer, *reader.problems_known]
            reader.version += 1
            await it.see("Problem 4 af 7")
            assert shown(screen) == "c1002"
            reader.problems_known = [one for one in reader.problems_known if one.connection != "c1002"]
            reader.version += 1
            await it.see("Problemet er løst")
            assert shown(screen) == "c1002", "what is looked at stays until the operator moves"
            assert screen.why_no_primary() is not None
            reader.problems_known.append(replace(make_problem(reader.fleet_rows[2]), muted_by="eva"))
            reader.version += 1
            await it.see("Ude af køen imens: dæmpet af eva")
            await it.press("n")
            await it.until(lambda: shown(screen) == "c1003")
            await it.press("k", "k")
            await it.until(lambda: shown(screen) == "c1000" or shown(screen) == "c1001")
            await it.press("end")
            await it.until(lambda: shown(screen) == "c1005")
            await it.press("n")
            await it.see("Det var det sidste")

    asyncio.run(run())


def test_the_filter_of_the_list_is_taken_along_and_an_empty_queue_says_so() -> None:
    async def run() -> None:
        reader = a_fleet()
        reader.problems_known[1] = replace(reader.problems_known[1], incident=4)
        async with console(make_desk(reader)) as it:
            await it.see("▌")
            await it.type("/nordea")
            await it.press("enter")
            await it.see("1 af 6")
            await it.press("t")
            await it.see("Ingen problemer hos de forbindelser")
            assert "/nordea" in it.lines()[1] and "1 i hændelser" in it.text()
            await it.press("r")
            assert "Ingen problemer" in it.lines()[-2]
            await it.press("escape")
            await it.until(lambda: isinstance(it.app.screen, FleetScreen))

    asyncio.run(run())


def test_the_connection_opens_and_back_is_the_same_place() -> None:
    async def run() -> None:
        reader = a_fleet()
        async with console(make_desk(reader)) as it:
            screen = await opened(it)
            await it.press("n", "n")
            await it.until(lambda: shown(screen) == "c1002" and screen.view is not None)
            await it.press("l")
            await it.until(lambda: isinstance(it.app.screen, ConnectionScreen))
            await it.press("escape")
            await it.until(lambda: it.app.screen is screen)
            assert shown(screen) == "c1002"

    asyncio.run(run())


def test_from_a_connection_it_begins_at_its_problem() -> None:
    async def run() -> None:
        reader = a_fleet()
        async with console(make_desk(reader)) as it:
            screen = TriageScreen(parse("", NOW), start="c1004")
            it.app.push_screen(screen)
            await it.see("Problem 5 af 6")

    asyncio.run(run())


def test_a_renewal_in_doubt_is_accepted_with_the_one_key() -> None:
    async def run() -> None:
        reader, old, new = a_fleet(2), "DK5000400440116240", "DK5000400440116299"
        view = make_view(reader.fleet_rows[0])
        assert view.case is not None
        diff = RenewalDiff(
            new=(Shown(key=new, name="Drift", doubt="maybe_renumbered"),), vanished=(Shown(key=old, name="Drift"),)
        )
        case = replace(view.case, stage=Stage.MATCHED, diff=diff)
        reader.views_known[view.row.id] = replace(view, case=case, facts=replace(view.facts, doubted=1))
        operations = FakeOperations(reader)
        async with console(make_desk(reader, operations=operations)) as it:
            screen = await opened(it)
            await it.see("  a   Godkend fornyelsens konti  ")
            await it.press("l")
            await it.until(lambda: isinstance(it.app.screen, ConnectionScreen))
            await it.see(f"{new} er måske {old}")
            assert "ny: DK5000400440116299 Drift (måske en kendt konto under nyt nummer)" in it.text()
            await it.press("escape", "enter")
            await it.until(lambda: isinstance(it.app.screen, Choose) and it.app.screen.drawn_at is not None)
            await it.press("down", "down", "enter")
            await it.see(f"{new} fortsætter {old}")
            assert "0 posteringer" not in it.text(), "its rows are fetched anew: how many they are is not known"
            assert operations.accepted == [("c1000", ((new, old),))]
            await it.until(lambda: shown(screen) == "c1001" and screen.view is not None)
            await it.press("a")
            await it.see("Der er ingen fornyelse i tvivl")

    asyncio.run(run())


def test_nothing_to_press_is_said() -> None:
    async def run() -> None:
        rows = [replace(make_row(4), situation="rate_limited")]
        reader = FakeReader(fleet_rows=rows)
        reader.problems_known = [make_problem(rows[0], "rate_limited")]
        async with console(make_desk(reader)) as it:
            screen = await opened(it)
            await it.until(lambda: screen.view is not None)
            assert "vent til 13:12" in it.text()
            await it.press("enter")
            await it.see("Der er ingen tast")

    asyncio.run(run())


def test_a_past_view_says_its_moment_and_does_nothing() -> None:
    async def run() -> None:
        reader = a_fleet()
        operations = FakeOperations(reader)
        async with console(make_desk(reader, operations=operations, as_of=NOW)) as it:
            await opened(it)
            assert "SOM DET VAR 23.11.26, 10:00" in it.lines()[0]
            for key in ("enter", "r"):
                await it.press(key)
                await it.see("der kan intet gøres")
            assert isinstance(it.app.screen, TriageScreen)

    asyncio.run(run())


async def chosen(it: Driver, key: str, *answer: str) -> None:
    """Press a key, and answer the panel that it opens."""
    await it.press(key)
    await it.until(lambda: isinstance(it.app.screen, Panel) and it.app.screen.drawn_at is not None)
    await it.press(*answer)


def test_a_problem_is_snoozed_muted_assigned_and_noted() -> None:
    async def run() -> None:
        reader = a_fleet()
        operations = FakeOperations(reader)
        async with console(make_desk(reader, operations=operations)) as it:
            screen = await opened(it)
            await it.until(lambda: screen.view is not None)
            await chosen(it, "z", "enter")
            await it.until(lambda: it.app.screen is screen)
            assert operations.handled == [], "to leave it is the first answer"
            await chosen(it, "i", "down", "enter")
            await it.see("Problemet er dit")
            await chosen(it, "N", *"ring kl 9".replace(" ", "_"), "enter")
            await it.see("23.11.26, 10:00 anna: ring_kl_9")
            assert shown(screen) == "c1000"
            await chosen(it, "z", "down", "down", "enter")
            await it.until(lambda: shown(screen) == "c1001" and screen.view is not None)
            await chosen(it, "u", "down", "enter")
            await it.until(lambda: shown(screen) == "c1002" and screen.view is not None)
            tomorrow = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
            assert operations.handled == [
                ("assign", "c1000", "anna"),
                ("note", "c1000", "ring_kl_9"),
                ("snooze", "c1000", tomorrow, ""),
                ("mute", "c1001"),
            ]
            operations.refusing = ProblemError("problem.none", id="c1002")
            await chosen(it, "u", "down", "enter")
            await it.see("c1002 har intet åbent problem")
            assert shown(screen) == "c1002"

    asyncio.run(run())


def test_what_rests_is_counted_and_can_be_woken_from_its_connection() -> None:
    async def run() -> None:
        reader = a_fleet(3)
        first, second, third = reader.problems_known
        reader.problems_known = [
            replace(first, snoozed_until=NOW + timedelta(hours=4), snoozed_by="eva", assigned_to="eva"),
            replace(second, muted_by="eva"),
            replace(third, snoozed_until=NOW + timedelta(days=9), snoozed_for="limit_end"),
        ]
        operations = FakeOperations(reader)
        async with console(make_desk(reader, operations=operations)) as it:
            await opened(it)
            await it.see("Ingen problemer venter på nogen")
            assert "1 dæmpet" in it.text() and "2 udsat" in it.text()
            await it.press("escape", "enter")
            await it.until(lambda: isinstance(it.app.screen, ConnectionScreen) and it.app.screen.problem is not None)
            while "hos eva · udsat til 23.11.26, 14:00" not in it.text():
                await it.press("escape", "down", "enter")
                await it.see("Sig til kunden")
            await chosen(it, "z", "down", "enter")
            await it.see("problemet er i køen igen")
            assert operations.handled == [("wake", "c1000")]

    asyncio.run(run())


def test_what_a_problem_can_wait_for() -> None:
    problem = make_problem(make_row(4))
    view = make_view(make_row(4))
    assert view.case is not None
    assert [one.name for one in snoozes(view, problem, NOW)] == ["hour", "tomorrow", "limit_end", "renewed", "changed"]
    calm = replace(view, case=None, row=replace(view.row, wait_until=None))
    inside = replace(problem, incident=3, snoozed_for="changed")
    assert [one.name for one in snoozes(calm, inside, NOW)] == ["wake", "hour", "tomorrow", "incident_end", "changed"]


def test_a_tickets_text_is_copied_for_whom_it_is() -> None:
    async def run() -> None:
        copied: list[tuple[str, str]] = []
        reader = a_fleet()
        reader.webhook_known = make_event("e-77")
        async with console(make_desk(reader)) as it:
            it.app.copy = lambda text, what: copied.append((text, what))  # type: ignore[method-assign]
            screen = await opened(it)
            await it.until(lambda: screen.view is not None)
            await chosen(it, "T", "down", "enter")
            await it.until(lambda: copied)
            text, what = copied[0]
            assert what == "sagstekst til Mastercard" and "corr-0" in text and "bogholder@" not in text
            assert "ConnectionExpired 2026-11-23T09:00:00Z e-77" in text

    asyncio.run(run())

"""What an operator may not do is said at the key, with the reason; and where one works is always on screen."""

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from backend.model.facts import Verdict
from backend.model.people import Role
from backend.rules.roles import BULK, RIGHTS
from backend.texts import LANGUAGES, texts_in
from tests.tui.driving import Driver, console
from tests.tui.fakes import FakeOperations, FakeReader, make_desk
from tests.tui.records import make_problem, make_view
from tui.actions import ACTIONS
from tui.desk import Desk
from tui.palette import PALETTES
from tui.screens.fleet import FleetScreen
from tui.screens.panel import Panel
from tui.screens.question import Question
from tui.wording import environment


def drive(scenario: Coroutine[Any, Any, None]) -> None:
    asyncio.run(scenario)


def set_up(
    role: Role = Role.ADMIN, *, read_only: bool = False, where: str = "production"
) -> tuple[Desk, FakeOperations]:
    reader = FakeReader()
    operations = FakeOperations(reader, role=role, read_only=read_only)
    desk = make_desk(reader, operations=operations, language="en")
    settings = replace(desk.settings, environment=where, read_only=read_only, profile="north")
    return replace(desk, settings=settings), operations


def untouched(operations: FakeOperations) -> bool:
    done = operations.submitted, operations.handled, operations.accepted, operations.decided
    return not any(done)


def test_every_act_names_its_right() -> None:
    for action in ACTIONS:
        if action.danger and action.id != "primary":
            assert (action.right or action.id) in RIGHTS, action.id


@pytest.mark.parametrize(
    ("role", "key", "told"),
    [
        (Role.VIEW, "x", "Your role (view) may not remove: ask on-call."),
        (Role.VIEW, "r", "Your role (view) may not renew: ask support."),
        (Role.VIEW, "s", "Your role (view) may not synchronise: ask support."),
        (Role.VIEW, "n", "Your role (view) may not make new connections: ask support."),
        (Role.SUPPORT, "x", "Your role (support) may not remove: ask on-call."),
    ],
)
def test_the_key_of_an_act_says_whom_to_ask(role: Role, key: str, told: str) -> None:
    async def run() -> None:
        desk, operations = set_up(role)
        async with console(desk) as it:
            await it.see("▌")
            await it.press(key)
            await it.see(told)
            assert isinstance(it.app.screen, FleetScreen) and untouched(operations)

    drive(run())


def test_a_profile_that_only_reads_says_so_in_the_header_and_at_every_key() -> None:
    async def run() -> None:
        desk, operations = set_up(read_only=True)
        async with console(desk) as it:
            await it.see("▌")
            assert "READ ONLY" in it.lines()[0]
            for key in "rsxn":
                await it.press(key)
                await it.see("This profile only reads: nothing can be changed here.")
            await it.press("enter")
            await it.see("Accounts")
            assert "READ ONLY" in it.lines()[0]
            for key in ("r", "N"):
                await it.press(key)
                await it.see("This profile only reads")
            assert not isinstance(it.app.screen, Panel) and untouched(operations)

    drive(run())


def test_more_marks_than_the_role_may_take_are_told_before_a_plan_is_made() -> None:
    async def run() -> None:
        desk, operations = set_up(Role.SUPPORT)
        async with console(desk) as it:
            await it.see("▌")
            await it.press(*["space"] * BULK, "s")
            await it.until(lambda: isinstance(it.app.screen, Question) and it.app.screen.drawn_at is not None)
            await it.press("escape")
            await it.press("space", "s")
            await it.see(f"Your role (support) may synchronise at most {BULK} at a time")
            assert isinstance(it.app.screen, FleetScreen) and untouched(operations)

    drive(run())


def test_what_only_looks_is_open_to_everybody() -> None:
    async def run() -> None:
        desk, _ = set_up(Role.VIEW, read_only=True)
        async with console(desk) as it:
            await it.see("▌")
            await it.press("slash")
            await it.type("tagteknik")
            await it.press("enter")
            await it.press("space", "enter")
            await it.see("Accounts")

    drive(run())


def test_the_primary_key_of_the_triage_needs_the_right_of_what_it_does() -> None:
    async def run() -> None:
        desk, operations = set_up(Role.VIEW)
        reader = operations.reader
        row = replace(reader.fleet_rows[0], verdict=Verdict.CUSTOMER, action="renew")
        reader.problems_known = [make_problem(row)]
        reader.views_known[row.id] = make_view(row)
        async with console(desk) as it:
            await it.see("▌")
            await it.press("t")
            await it.see("1 of 1")
            await it.press("enter")
            await it.see("Your role (view) may not renew: ask support.")
            await it.press("u")
            await it.see("may not mute problems: ask on-call.")
            assert untouched(operations)

    drive(run())


def test_a_large_removal_is_asked_about_and_told_as_waiting_for_another() -> None:
    async def run() -> None:
        desk, operations = set_up()
        operations.second_pair_from = 2
        async with console(desk) as it:
            await it.see("▌")
            await it.press("space", "space", "x")
            await it.until(lambda: isinstance(it.app.screen, Question) and it.app.screen.drawn_at is not None)
            await it.see("So many removals in a day wait until another operator has approved them.")
            await it.press("2", "right", "enter")
            await it.see("Plan 1 waits until another operator approves it. Nothing is done yet.")

    drive(run())


def test_a_small_removal_is_told_as_waiting_when_the_day_s_add_up() -> None:
    async def run() -> None:
        desk, operations = set_up()
        operations.second_pair_from, operations.removed_of_late = 3, 2
        async with console(desk) as it:
            await it.see("▌")
            await it.press("x")
            await it.see("So many removals in a day wait until another operator has approved them.")

    drive(run())


# -- where one works -------------------------------------------------------------------------------------------


async def shows_the_band(it: Driver, words: str, role: str) -> None:
    """The band stands first in the header, and in every question, with its words and its look."""
    look = it.app.palette.style(role)

    def band(line: int) -> bool:
        text, style, _ = next(iter(it.app.screen._compositor.render_strips()[line]))
        assert style is not None
        weight = (style.bold, style.reverse) == (look.bold, look.reverse)
        colour = look.color in (None, style.color) and look.bgcolor in (None, style.bgcolor)
        return text == f" {words} " and weight and colour

    await it.see("▌" if it.app.glyphs.cursor == "▌" else ">")
    assert band(0)
    await it.press("x")
    await it.until(lambda: isinstance(it.app.screen, Question) and it.app.screen.drawn_at is not None)
    top = it.app.screen.query_one("#question").region.y
    assert band(top) and top > 1
    await it.until(lambda: band(0))  # the header stays in sight
    await it.press("escape")
    await it.press("n")
    await it.until(lambda: isinstance(it.app.screen, Panel) and it.app.screen.drawn_at is not None)
    assert band(it.app.screen.query_one("#question").region.y)


@pytest.mark.parametrize(
    ("environ", "size"),
    [
        *(({"FORNY_THEME": name}, size) for name, size in product(PALETTES, [(80, 24), (60, 20)])),
        ({"NO_COLOR": "1"}, (60, 20)),
        ({"FORNY_ASCII": "1", "NO_COLOR": "1"}, (60, 20)),
    ],
)
def test_production_is_told_in_every_palette_at_every_size(environ: dict[str, str], size: tuple[int, int]) -> None:
    async def run() -> None:
        desk, _ = set_up()
        async with console(desk, size=size, environ=environ) as it:
            await shows_the_band(it, "PRODUCTION", "band_production")

    drive(run())


@pytest.mark.parametrize("name", list(PALETTES))
def test_production_looks_unlike_anything_else(name: str) -> None:
    palette = PALETTES[name]
    assert palette.style("band_production") != palette.style("band_sandbox")
    assert palette.style("band_production").bold
    assert palette.style("band_production").reverse or palette.style("band_production").bgcolor


@pytest.mark.parametrize(
    ("where", "words", "role"),
    [
        ("live", "PRODUCTION: LIVE", "band_production"),
        ("x" * 40, "PRODUCTION: " + "X" * 40, "band_production"),
        ("test-eu", "TEST-EU", "band_sandbox"),
    ],
)
def test_another_environment_is_told_by_its_name(where: str, words: str, role: str) -> None:
    async def run() -> None:
        desk, _ = set_up(where=where)
        async with console(desk, size=(60, 20)) as it:
            await shows_the_band(it, words, role)

    drive(run())


@pytest.mark.parametrize("language", LANGUAGES)
def test_production_is_said_once(language: str) -> None:
    desk, _ = set_up()
    say = texts_in(language)
    word = say("console.environment.production")
    for where in ("production", "PRODUCTION", word.lower()):
        assert environment(replace(desk.settings, environment=where), say) == word

"""The fleet screen: what it shows, how it moves, how it stays with ids, and that it never waits."""

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from datetime import timedelta
from queue import Queue
from typing import Any

import pytest
from textual.events import Key, Paste
from textual.geometry import Region

from backend.model.facts import Verdict
from backend.model.filters import Filter
from backend.model.views import FleetRow
from backend.store import StoreError
from tests.tui.driving import Driver, console
from tests.tui.fakes import FakeReader, FixedClock, make_desk
from tests.tui.records import NOW, make_row
from tui.columns import COLUMNS, Look, heading, layout, row_line
from tui.palette import Glyphs
from tui.screens.fleet import FleetScreen
from tui.screens.help import HelpScreen


def drive(scenario: Coroutine[Any, Any, None]) -> None:
    asyncio.run(scenario)


def fleet(it: Driver) -> FleetScreen:
    screen = it.app.screen_stack[0]
    assert isinstance(screen, FleetScreen)
    return screen


def cursor_line(it: Driver) -> str:
    return it.line_with("▌")


def test_the_first_screen_shows_the_fleet_with_the_environment_in_words() -> None:
    async def run() -> None:
        async with console() as it:
            await it.see("▌")
            await it.see("250 forbindelser")
            assert "SANDBOX" in it.text()
            assert "▲ 31 operatør" in it.text()
            assert all(len(line) == 80 for line in it.lines())

    drive(run())


def test_production_is_said_in_words() -> None:
    async def run() -> None:
        desk = make_desk(language="en")
        desk = replace(desk, settings=replace(desk.settings, environment="production"))
        async with console(desk) as it:
            await it.see("PRODUCTION")

    drive(run())


@pytest.mark.parametrize("size", [(80, 24), (60, 20), (200, 50), (40, 10), (20, 5), (10, 3), (1, 1)])
def test_every_size_is_drawn(size: tuple[int, int]) -> None:
    async def run() -> None:
        async with console(size=size) as it:
            await it.until(lambda: fleet(it).roster.window.rows)
            await it.press("down", "pagedown", "end", "x")
            await it.until(lambda: not it.app.acting.planning)
            assert all(len(line) == size[0] for line in it.lines())

    drive(run())


def test_columns_leave_by_rank_and_the_lines_fit() -> None:
    from backend.texts import texts_in

    everything = [column.id for column in COLUMNS]
    for language in ("da", "en"):
        look = Look(NOW, texts_in(language), Glyphs())
        for width in range(35, 260):
            columns = [column.id for column, _ in layout(width)]
            assert columns == [name for name in everything if name in columns], "the order stays"
            assert {"status", "customer", "next"} <= set(columns)
            for line in (row_line(make_row(3), width, look), heading(width, "verdict", False, look.say, look.glyphs)):
                cells = sum(len(text) for text, _ in line)
                assert cells <= max(width, 36), (width, cells)
    assert [column.id for column, _ in layout(250)] == everything
    at_80 = {column.id for column, _ in layout(76)}
    assert {"status", "customer", "bank", "consent", "fetched", "days", "pending", "next"} <= at_80


def test_the_filter_is_applied_while_it_is_typed_and_escape_brings_the_old_one_back() -> None:
    async def run() -> None:
        async with console() as it:
            await it.see("250 forbindelser")
            await it.type("/nordea")
            await it.see("/nordea   42 af 250")
            assert all("Nordea" in row.bank for row in fleet(it).roster.window.rows)
            await it.press("enter")
            await it.type("/ café")
            await it.see("/nordea café")
            await it.press("escape")
            await it.see("/nordea   42 af 250")
            await it.press("escape")
            await it.see("250 forbindelser")

    drive(run())


def test_what_is_typed_after_the_slash_is_text_even_in_the_same_moment() -> None:
    async def run() -> None:
        async with console() as it:
            await it.see("▌")
            for key in ("slash", "x", "r", "a", "q"):
                it.app.post_message(_key(key))
            await it.until(lambda: fleet(it).prompt.entry.value == "xraq")
            assert it.app.is_running and len(it.app.screen_stack) == 1
            assert not fleet(it).roster.marks and not it.app.acting.planning

    drive(run())


def test_a_wrong_filter_is_told_in_place_and_the_list_stays() -> None:
    async def run() -> None:
        async with console() as it:
            await it.see("▌")
            await it.press("slash")
            it.app.post_message(Paste("bonk:1"))
            await it.see("findes ikke")
            assert "bonk" in it.lines()[-2]
            assert fleet(it).roster.total == 250

    drive(run())


def test_pasted_text_goes_to_the_filter_line_only() -> None:
    async def run() -> None:
        async with console() as it:
            await it.see("▌")
            it.app.post_message(Paste("xrq\n"))
            await it.pilot.pause()
            assert len(it.app.screen_stack) == 1 and it.app.is_running
            await it.press("slash")
            it.app.post_message(Paste("lun\x1b[31mar\n"))
            await it.until(lambda: fleet(it).prompt.entry.value == "lun[31mar")

    drive(run())


def test_the_cursor_stays_with_its_row_when_the_order_changes() -> None:
    async def run() -> None:
        reader = FakeReader()
        async with console(make_desk(reader)) as it:
            await it.see("▌")
            await it.press("down", "down")
            chosen = fleet(it).roster.cursor_id
            assert chosen is not None
            first = fleet(it).roster.window.rows[0]
            reader.change(first.id, verdict=Verdict.FINE)
            await it.until(lambda: fleet(it).roster.window.rows[0] != first)
            assert fleet(it).roster.cursor_id == chosen
            assert fleet(it).roster.cursor == 1
            current = fleet(it).roster.current
            assert current is not None and current.id == chosen
            await it.press("o")
            await it.until(lambda: fleet(it).sort == "customer" and fleet(it).roster.current is not None)
            assert fleet(it).roster.cursor_id == chosen

    drive(run())


def test_a_row_that_leaves_the_list_takes_no_other_row_under_the_cursor() -> None:
    async def run() -> None:
        reader = FakeReader()
        async with console(make_desk(reader)) as it:
            await it.see("▌")
            await it.type("/verdict:operator")
            await it.press("enter")
            await it.until(lambda: fleet(it).roster.total == 31)
            await it.press("down")
            chosen = fleet(it).roster.cursor_id
            assert chosen is not None
            reader.change(chosen, verdict=Verdict.FINE)
            await it.until(lambda: fleet(it).roster.total == 30 and fleet(it).roster.current is None)
            await it.press("r")
            await it.see("gået ud af listen")
            assert not it.app.acting.planning
            await it.press("down")
            assert fleet(it).roster.current is not None

    drive(run())


def test_a_list_that_grows_above_does_not_move_what_is_looked_at() -> None:
    async def run() -> None:
        reader = FakeReader()
        async with console(make_desk(reader)) as it:
            await it.see("▌")
            await it.press("pagedown", "pagedown", "down")
            await it.until(lambda: fleet(it).roster.current is not None)
            before = it.lines()[3:22]
            assert "▌" in "".join(before)
            new = replace(make_row(3), id="c9", customer="Aaaa", agreement_number="1")
            reader.fleet_rows = [*reader.fleet_rows, new]
            reader.version += 1
            await it.see("251 forbindelser")
            await it.until(lambda: fleet(it).roster.total == 251)
            assert [line[:-1] for line in it.lines()[3:22]] == [line[:-1] for line in before]

    drive(run())


def test_marks_are_ids_and_survive_filter_and_order() -> None:
    async def run() -> None:
        async with console() as it:
            await it.see("▌")
            await it.press("space", "space")
            marked = set(fleet(it).roster.marks)
            assert len(marked) == 2
            await it.see("2 markeret")
            await it.type("/lunar")
            await it.press("enter", "o")
            assert fleet(it).roster.marks == marked
            await it.press("a")
            await it.until(lambda: len(fleet(it).roster.marks) > 2)
            assert marked <= fleet(it).roster.marks
            await it.press("u")
            assert not fleet(it).roster.marks

    drive(run())


def test_an_act_waits_for_marks_that_are_still_being_read() -> None:
    async def run() -> None:
        reader = FakeReader()
        async with console(make_desk(reader)) as it:
            await it.see("▌")
            reader.gate.clear()
            await it.press("a", "s")
            reader.gate.set()
            await it.until(lambda: len(fleet(it).roster.marks) > 2)
            await it.see(f"({len(fleet(it).roster.marks)})")

    drive(run())


def test_the_screen_answers_while_the_store_does_not() -> None:
    async def run() -> None:
        reader = FakeReader()
        async with console(make_desk(reader)) as it:
            await it.see("▌")
            reader.gate.clear()
            reader.change("c1003", customer="Ny Navn")
            await it.press("down", "down", "pagedown")
            assert fleet(it).roster.cursor > 2
            await it.press("question_mark")
            await it.until(lambda: isinstance(it.app.screen, HelpScreen))
            await it.press("escape")
            await it.press("end")
            await it.see("…")
            reader.gate.set()
            await it.until(lambda: fleet(it).roster.current is not None)
            assert fleet(it).roster.cursor == 249

    drive(run())


def test_a_filter_that_is_still_being_read_lets_nobody_act_on_the_list_before() -> None:
    async def run() -> None:
        reader = FakeReader()
        async with console(make_desk(reader)) as it:
            await it.see("▌")
            before = fleet(it).roster.current
            assert before is not None
            bank = "sydbank" if before.bank == "Nordea" else "nordea"
            reader.gate.clear()
            fleet(it).read()  # of the whole fleet, and under way when the filter is set
            await it.type(f"/{bank}")
            await it.press("enter", "r")
            await it.see("læser …")
            assert isinstance(it.app.screen, FleetScreen)
            reader.gate.set()
            await it.until(lambda: 0 < fleet(it).roster.total < 250 and fleet(it).roster.current is not None)
            current = fleet(it).roster.current
            assert fleet(it).roster.cursor == 0 and current is not None and current.bank.casefold() == bank
            await it.press("down")  # which a question would take for itself
            await it.until(lambda: fleet(it).roster.cursor == 1)
            assert isinstance(it.app.screen, FleetScreen)

    drive(run())


def test_keys_that_come_before_the_first_rows_are_not_lost() -> None:
    async def run() -> None:
        reader = FakeReader()
        reader.gate.clear()
        async with console(make_desk(reader)) as it:
            await it.press("down", "down", "down")
            reader.gate.set()
            await it.until(lambda: fleet(it).roster.current is not None)
            assert fleet(it).roster.cursor == 3

    drive(run())


def test_a_store_that_is_away_is_told_in_its_own_sentence() -> None:
    async def run() -> None:
        async with console() as it:
            await it.see("250 forbindelser")
            it.app.store_failed("version", StoreError("The connection was lost."))
            await it.see("det viste er gammelt: The connection was lost.")
            it.app.store_answered("version")
            it.app.store_failed("version", OSError("no such device"))
            await it.see("OSError: no such device")

    drive(run())


def test_the_last_page_is_reached_and_left() -> None:
    async def run() -> None:
        async with console() as it:
            await it.see("250 forbindelser")
            await it.press("end")
            await it.until(lambda: fleet(it).roster.current is not None)
            assert fleet(it).roster.cursor == 249
            await it.until(lambda: "▌" in it.lines()[21])
            await it.press("pageup", "up", "home")
            await it.until(lambda: fleet(it).roster.cursor == 0 and "▌" in it.lines()[3])

    drive(run())


def test_the_first_reading_is_of_a_whole_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    whole = FakeReader.fleet

    def fleet_(self: FakeReader, query: Filter, sort: str, descending: bool, *window: Any) -> list[FleetRow]:
        asked.append(window[1])
        return whole(self, query, sort, descending, *window)

    monkeypatch.setattr(FakeReader, "fleet", fleet_)

    async def run() -> None:
        async with console() as it:
            await it.see("▌")
            assert asked[0] > 19, "it is asked when the list knows its size"

    drive(run())


def test_only_lines_that_changed_are_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        reader = FakeReader()
        async with console(make_desk(reader)) as it:
            await it.see("▌")
            await it.see("31 venter")
            drawn: list[Region] = []
            roster = fleet(it).roster
            monkeypatch.setattr(roster, "refresh", lambda *regions, **_: drawn.extend(regions))
            third = roster.window.rows[2]
            reader.change(third.id, pending=999)
            await it.until(lambda: drawn)
            assert drawn == [Region(0, 3, 80, 1)]

    drive(run())


def test_an_idle_screen_draws_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        reader = FakeReader()
        async with console(make_desk(reader)) as it:
            await it.see("▌")
            await it.see("31 venter")
            await it.see("agent siden")
            drawn: list[object] = []
            for widget in fleet(it).query("*"):
                monkeypatch.setattr(widget, "refresh", lambda *args, **_: drawn.append(args))
            reads = reader.reads
            for _ in range(40):
                it.app._poll()
                await it.pilot.pause()
            reader.version += 1
            await it.until(lambda: reader.reads > reads + 2)
            await it.pilot.pause()
            assert drawn == []

    drive(run())


def test_a_store_that_cannot_be_read_is_told_until_it_can() -> None:
    async def run() -> None:
        reader = FakeReader()
        async with console(make_desk(reader)) as it:
            await it.see("▌")
            reader.failing = OSError("disk I/O error")
            await it.see("Lageret kan ikke læses")
            assert "r forny" in it.text(), "the old rows stay, and are said to be old"
            reader.failing = None
            await it.until(lambda: "Lageret" not in it.text())

    drive(run())


@pytest.mark.parametrize(("minutes", "told"), [(24, False), (6 * 60, True)])
def test_an_agent_in_a_world_that_runs_fast_is_quiet_by_the_machine(minutes: int, told: bool) -> None:
    """24 minutes at 60 times are 24 seconds: the agent gives its sign each minute of the machine."""

    class Fast(FixedClock):
        speed = 60.0

    async def run() -> None:
        reader = FakeReader()
        assert reader.agent is not None
        reader.agent = replace(reader.agent, last_round_at=NOW - timedelta(minutes=minutes))
        async with console(make_desk(reader, clock=Fast())) as it:
            await it.see("Kunde" if not told else "ikke gjort en runde")
            assert ("ikke gjort en runde" in it.text()) == told

    drive(run())


def test_a_missing_agent_and_a_quiet_one_are_told() -> None:
    async def run() -> None:
        reader = FakeReader()
        agent, reader.agent = reader.agent, None
        assert agent is not None
        async with console(make_desk(reader)) as it:
            await it.see("Ingen agent kører")
            assert "agent: ingen" in it.text()
            reader.agent = replace(agent, last_round_at=NOW - timedelta(minutes=20))
            reader.version += 1
            await it.see("ikke gjort en runde siden 09:40:00")
            reader.agent = replace(agent, trouble="mail er nede")
            reader.version += 1
            await it.see("mail er nede")
            reader.agent = agent
            reader.version += 1
            await it.until(lambda: it.lines()[-2].strip() == "")

    drive(run())


def test_an_answer_that_comes_late_does_not_replace_a_newer_one() -> None:
    from tui.lanes import Lanes

    calls: list[object] = []
    waiting: Queue[Any] = Queue()
    lanes = Lanes(waiting.put)
    lanes.ask("one", "rows", lambda: "old", calls.append, calls.append)
    lanes.ask("two", "rows", lambda: "new", calls.append, calls.append)
    answers = [waiting.get(timeout=20), waiting.get(timeout=20)]
    lanes.stop()
    for deliver in answers:
        deliver()
    for deliver in reversed(answers):
        deliver()
    assert calls == ["new", "new"]


def test_messages_are_kept() -> None:
    async def run() -> None:
        async with console() as it:
            await it.see("▌")
            await it.press("o")
            await it.see("Ordnet efter kunde")
            await it.press("m")
            await it.see("Meddelelser (1)")
            assert "Ordnet efter kunde" in it.text()

    drive(run())


def test_the_help_names_every_key_of_its_screen() -> None:
    from tui.actions import actions_in, label

    async def run() -> None:
        async with console(size=(120, 70)) as it:
            await it.see("▌")
            await it.press("question_mark")
            await it.see("Taster")
            for action in actions_in("fleet"):
                line = it.line_with(it.app.desk.say(action.title("fleet")))
                assert all(label(key) in line for key in action.keys), action.id

    drive(run())


def test_every_theme_can_be_worn() -> None:
    from tui.palette import PALETTES

    async def run() -> None:
        async with console() as it:
            await it.see("▌")
            seen = set()
            for _ in PALETTES:
                await it.press("v")
                seen.add(it.app.palette.name)
                assert fleet(it).roster.palette is it.app.palette
            assert seen == set(PALETTES)

    drive(run())


def _key(key: str) -> Key:
    return Key(key, {"slash": "/"}.get(key, key))

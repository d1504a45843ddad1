"""What a console says of itself over time: failures, changes, days and ages, each told when and as long as it holds."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from textual.geometry import Region
from textual.widget import Widget

from backend.model.audit import AuditReport
from backend.model.facts import Event
from backend.model.people import NotAllowed
from backend.model.plans import in_work
from backend.rules.memo import Entry, Section
from tests.tui.driving import Driver, console
from tests.tui.fakes import FakeOperations, FakeReader, FixedClock, make_desk
from tests.tui.records import NOW, make_problem
from tui.app import Console
from tui.pace import LOST
from tui.screens.audit import AuditScreen
from tui.screens.base import ConsoleScreen
from tui.screens.connect import ConnectScreen
from tui.screens.connection import ConnectionScreen
from tui.screens.fleet import FleetScreen
from tui.screens.handover import HandoverScreen
from tui.screens.incidents import IncidentsScreen
from tui.screens.plans import PlansScreen
from tui.widgets.painted import Painted


def make_event(at: datetime) -> Event:
    return Event(seq=1, at=at, operator="eva", host="bastion", kind="import", connection=None, data={}, hash="")


def top(it: Driver) -> ConsoleScreen:
    screen = it.app.screen
    assert isinstance(screen, ConsoleScreen)
    return screen


async def go(it: Driver, key: str, kind: type[ConsoleScreen]) -> ConsoleScreen:
    await it.see("▌")
    await it.press(key)
    await it.until(lambda: isinstance(it.app.screen, kind))
    return top(it)


class Breaking(FakeReader):
    """A reader of which one method can be broken."""

    broken = ""

    def incidents(self, limit: int) -> list[object]:  # type: ignore[override]
        if self.broken == "incidents":
            raise OSError("the disk")
        return []


def test_a_failed_reading_is_told_until_one_of_its_own_works_and_holds_nothing_up() -> None:
    async def run() -> None:
        reader = Breaking()
        async with console(make_desk(reader, language="en")) as it:
            screen = await go(it, "e", IncidentsScreen)
            reader.broken = "incidents"
            screen.data_changed()
            await it.see("cannot be read")
            it.app._version_is(reader.version)
            await it.taken()
            assert "cannot be read" in it.text(), "another topic's answer says nothing about this one"
            reader.broken = ""
            screen.quiet_tick()
            await it.until(lambda: "cannot be read" not in it.text())

    asyncio.run(run())


def test_what_a_screen_that_has_gone_could_not_read_is_told_no_more() -> None:
    async def run() -> None:
        reader = Breaking()
        async with console(make_desk(reader, language="en")) as it:
            screen = await go(it, "e", IncidentsScreen)
            it.app.store_failed(f"{id(screen)} incidents", OSError("gone"))
            await it.see("cannot be read")
            await it.press("escape")
            await it.until(lambda: "cannot be read" not in it.text())

    asyncio.run(run())


def test_another_part_or_order_of_the_list_is_no_change() -> None:
    async def run() -> None:
        clock = FixedClock()
        reader = FakeReader()
        async with console(make_desk(reader, clock=clock)) as it:
            await it.see("▌")
            await it.until(lambda: it.app.changed_at is not None)
            clock.at = NOW + timedelta(minutes=5)
            await it.press("end", "o", "home", "slash")
            await it.type("nordea")
            await it.press("enter")
            fleet = top(it)
            assert isinstance(fleet, FleetScreen)
            await it.until(lambda: fleet.filter.text == "nordea" and not fleet.fresh)
            assert it.app.changed_at == NOW
            row = fleet.roster.current
            assert row is not None
            reader.change(row.id, pending=row.pending + 1)
            await it.until(lambda: it.app.changed_at == clock.at)

    asyncio.run(run())


def test_days_turn_at_danish_midnight_on_every_screen() -> None:
    async def run() -> None:
        clock = FixedClock(datetime(2026, 11, 23, 22, 58, tzinfo=UTC))  # 23:58 in Denmark
        reader = FakeReader()
        at = clock.at - timedelta(minutes=1)
        reader.events_known = [make_event(at)]
        async with console(make_desk(reader, clock=clock)) as it:
            screen = await go(it, "L", AuditScreen)
            await it.see("23:57")
            clock.at += timedelta(minutes=5)
            screen.quiet_tick()
            await it.see("23.11.26")

    asyncio.run(run())


@pytest.mark.parametrize(("key", "kind"), [("enter", ConnectionScreen), ("t", ConsoleScreen), ("e", IncidentsScreen)])
def test_a_greater_age_alone_paints_nothing_until_a_key_is_pressed(
    key: str, kind: type[ConsoleScreen], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> None:
        clock, reader = FixedClock(), FakeReader()
        reader.problems_known = [make_problem(row) for row in reader.fleet_rows[:3]]
        drawn: list[tuple[Region, ...]] = []
        async with console(make_desk(reader, clock=clock)) as it:
            screen = await go(it, key, kind)
            await it.until(lambda: screen.seen_at is not None and it.app._agent_known)
            await it.taken()
            whole = Widget.refresh

            def refresh(self: Widget, *regions: Region, **how: bool) -> Widget:
                if isinstance(self, Painted):  # a screen paints itself when it comes up, which may be only now
                    drawn.append(regions)
                return whole(self, *regions, **how)

            monkeypatch.setattr(Widget, "refresh", refresh)
            clock.at += timedelta(minutes=4)  # longer, and the agent would be called quiet
            screen.quiet_tick()
            settled: list[bool] = []
            it.app.lanes.ask("look", "behind it", lambda: True, settled.append, it.app.not_done)
            await it.until(lambda: settled)
            await it.taken()
            monkeypatch.undo()
            assert drawn == []
            await it.press("j")
            assert screen.seen_at == clock.at

    asyncio.run(run())


def test_words_in_the_header_give_way_one_by_one() -> None:
    async def run() -> None:
        reader = FakeReader()
        async with console(make_desk(reader)) as it:
            await it.see("▌")
            words = [("3 planer: 4.000/12.000, 1.234 mislykket, og meget mere", "bar_key"), ("agent: ingen", "bar_dim")]
            it.app.agent_words = lambda: [*words]  # type: ignore[method-assign]
            it.app._repaint_bars()
            await it.see("1.234 mislykket")
            assert "forny ·" not in it.lines()[0], "the profile's name goes first"
            words[0] = ("x" * 90, "bar_key")
            it.app._repaint_bars()
            await it.see("agent: ingen")

    asyncio.run(run())


def test_what_a_check_of_the_log_has_found_stands_beside_the_longest_filter() -> None:
    async def run() -> None:
        reader = FakeReader()
        async with console(make_desk(reader)) as it:
            screen = await go(it, "L", AuditScreen)
            it.app.audit_checked = (NOW, AuditReport(checked=1_000_000))
            assert isinstance(screen, AuditScreen)
            screen.use_filter("by:" + "eva" * 25)
            await it.see("ingen segl")
            assert "/by:evaeva" in it.lines()[1]

    asyncio.run(run())


def test_an_operator_s_name_may_have_colons_in_it() -> None:
    reason = "in_work:renew:Nat: Eva (eva):2026-11-23T08:41:00+00:00"
    assert in_work(reason) == ("renew", "Nat: Eva (eva)", datetime(2026, 11, 23, 8, 41, tzinfo=UTC))
    with pytest.raises(ValueError, match="in_work"):
        in_work("in_work:renew:eva")
    app = Console(make_desk(language="en"), environ={})
    assert app.reason(reason) == "Nat: Eva (eva): renew, under way since 09:41"


def test_messages_are_shown_while_they_are_looked_at() -> None:
    async def run() -> None:
        async with console() as it:
            await it.see("▌")
            await it.press("m")
            await it.see("Ingen meddelelser endnu")
            it.app.tell("noget er sket imens")
            await it.until(lambda: it.text().count("noget er sket imens") == 2)  # in the line below, and here

    asyncio.run(run())


def test_a_text_that_means_nothing_keeps_the_filter_line_open() -> None:
    async def run() -> None:
        async with console(make_desk(language="en")) as it:
            await it.see("▌")
            await it.press("slash")
            await it.type("verdict:operatr")
            await it.see("operatr")
            await it.press("enter")
            prompt = top(it).prompt  # type: ignore[attr-defined]
            assert prompt.is_open and prompt.complaint
            await it.press("escape")
            assert not prompt.is_open

    asyncio.run(run())


def test_a_form_that_nobody_saw_is_not_answered() -> None:
    async def run() -> None:
        async with console(make_desk(monotonic=float("inf"))) as it:
            await it.see("▌")
            await it.press("n")
            await it.until(lambda: isinstance(it.app.screen, ConnectScreen) and it.app.screen.drawn_at is not None)
            await it.press("enter")
            assert isinstance(it.app.screen, ConnectScreen)

    asyncio.run(run())


def test_a_check_of_the_log_is_not_asked_for_twice_at_once() -> None:
    async def run() -> None:
        reader = FakeReader()
        async with console(make_desk(reader, language="en")) as it:
            screen = await go(it, "L", AuditScreen)
            assert isinstance(screen, AuditScreen)
            reader.gate.clear()
            await it.press("t")
            await it.see("verifying …")
            assert screen.why_not_verify() is not None
            reader.gate.set()
            await it.see("whole at")
            assert screen.why_not_verify() is None

    asyncio.run(run())


def test_the_help_tells_the_filter_of_its_own_screen() -> None:
    async def run() -> None:
        async with console(make_desk(language="en"), size=(100, 70)) as it:
            await go(it, "L", AuditScreen)
            await it.press("question_mark")
            await it.see("who did it")
            assert "expires<14d" not in it.text()
            await it.press("escape", "escape", "enter", "question_mark")
            await it.see("Help: one connection")
            assert "expires<14d" not in it.text() and "Filter" not in it.text()

    asyncio.run(run())


def test_the_handover_s_cursor_stays_with_its_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    known = [
        Section(
            key="all", title="Alt", entries=tuple(Entry(text=f"om {name}", filter=f"bank:{name}") for name in "abc")
        )
    ]
    monkeypatch.setattr("tui.screens.handover.sections", lambda *_: known)

    async def run() -> None:
        async with console() as it:
            screen = await go(it, "V", HandoverScreen)
            await it.see("▸ om a")
            await it.press("tab")
            await it.see("▸ om b")
            known[0] = replace(known[0], entries=known[0].entries[1:])
            screen.age()
            await it.until(lambda: "om a" not in it.text())
            assert "▸ om b" in it.text()

    asyncio.run(run())


def test_a_reading_that_failed_may_begin_again_at_once() -> None:
    async def run() -> None:
        reader = FakeReader()
        begun: list[float] = []
        async with console(make_desk(reader)) as it:
            screen = await go(it, "d", PlansScreen)
            assert isinstance(screen, PlansScreen)
            done: Callable[[float], None] = screen.pace.done
            screen.pace.done = lambda took: (begun.append(took), done(took))[0]  # type: ignore[method-assign,func-returns-value]
            reader.open_plans = lambda: (_ for _ in ()).throw(OSError("away"))  # type: ignore[method-assign]
            screen.pace.want_now()
            await it.until(lambda: begun)
            assert begun == [0.0] and LOST > 1

    asyncio.run(run())


def test_undo_is_on_every_screen_that_tells_of_it() -> None:
    async def run() -> None:
        operations = FakeOperations(FakeReader())
        assert not isinstance(operations.may("steer"), NotAllowed)
        async with console(make_desk(language="en")) as it:
            for key, kind in (("e", IncidentsScreen), ("enter", ConnectionScreen), ("V", HandoverScreen)):
                await go(it, key, kind)
                await it.press("U")
                await it.see("You have no removal to undo.")
                await it.press("escape")

    asyncio.run(run())

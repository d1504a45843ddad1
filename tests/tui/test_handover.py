"""The handover on screen: read, looked back further, jumped from, copied and marked."""

import asyncio
import base64
from dataclasses import replace
from datetime import timedelta

import pytest

from backend.model.handover import HandoverFacts, Mark, Moved, Standing
from backend.model.problems import ProblemError
from backend.rules.handover import handover_text
from backend.texts import texts_in
from tests.tui.driving import Driver, console
from tests.tui.fakes import FakeOperations, FakeReader, make_desk
from tests.tui.records import BANKS, NOW
from tests.tui.test_incidents import incident
from tui.screens.fleet import FleetScreen
from tui.screens.handover import HandoverScreen
from tui.screens.panel import Panel


def a_night(customer: str = "Vejle Tømrer & Snedker ApS") -> FakeReader:
    """Two banks with news, an incident, and a mark of the shift before."""
    moved = tuple(
        Moved(
            connection=f"c{1000 + n}",
            customer=f"{customer} {n}",
            bank=bank,
            before="fine",
            before_situation="",
            verdict="operator",
            situation="no_ledger_account",
        )
        for bank in BANKS[:2]
        for n in range(9)
    )
    then = NOW - timedelta(hours=9)
    mark = Mark(at=then, until=then, seen=0, operator="bo", note="hold øje med Nordea", standing=Standing())
    facts = HandoverFacts(
        since=mark.at,
        until=NOW,
        mark=mark,
        standing=Standing(operator=20, incidents=1, late=3),
        moved=moved,
        incidents=(incident(1, key="Danske Bank"),),
    )
    return FakeReader(handover_known=facts)


async def opened(it: Driver) -> HandoverScreen:
    await it.see("250 ")
    await it.press("V")
    await it.until(lambda: isinstance(it.app.screen, HandoverScreen) and it.app.screen.reading is not None)
    assert isinstance(it.app.screen, HandoverScreen)
    return it.app.screen


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
@pytest.mark.parametrize("language", ["da", "en"])
def test_the_three_lines_come_first_and_nothing_is_wider_than_the_screen(size: tuple[int, int], language: str) -> None:
    async def run() -> None:
        say = texts_in(language)
        async with console(make_desk(a_night(), language=language), size=size) as it:
            await opened(it)
            for words in ("bo", "hold øje med Nordea", "Danske Bank", say("handover.section.incidents"), "18 "):
                await it.see(words)
            assert say("console.handover.period.last") in it.lines()[1]
            assert all(len(line) == size[0] for line in it.lines())
            assert "▸ Danske Bank" in it.text()

    asyncio.run(run())


def test_tab_goes_from_entry_to_entry_and_enter_shows_them_in_the_list() -> None:
    async def run() -> None:
        async with console(make_desk(a_night(), language="en"), size=(80, 14)) as it:
            screen = await opened(it)
            await it.press("tab", "tab")
            await it.see("▸ Nordea: ")
            assert screen.doc.top > 0, "what is chosen was scrolled to"
            await it.press("tab", "tab", "shift+tab", "shift+tab")
            await it.see("▸ Nordea: ")
            await it.press("enter")
            await it.until(lambda: isinstance(it.app.screen, FleetScreen))
            await it.see('/bank:"Nordea" verdict:operator situation:no_ledger_account')

    asyncio.run(run())


def test_the_period_is_chosen_and_read_anew() -> None:
    async def run() -> None:
        reader = a_night()
        async with console(make_desk(reader, language="en")) as it:
            await opened(it)
            assert reader.looked_back == [None]
            await it.press("t")
            await it.until(lambda: isinstance(it.app.screen, Panel) and it.app.screen.drawn_at is not None)
            await it.press("down", "down", "down", "enter")
            await it.see("the last 24 hours")
            await it.until(lambda: reader.looked_back[-1] == NOW - timedelta(hours=24))
            await it.see("Handover 22.11.26, 10:00 to 23.11.26, 10:00")

    asyncio.run(run())


def test_c_copies_the_text_that_the_command_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        reader = a_night()
        written: list[str] = []
        async with console(make_desk(reader, language="en", warnings=("no mail server",))) as it:
            monkeypatch.setattr(it.app, "write_raw", lambda text: not written.append(text))  # type: ignore[func-returns-value]
            await opened(it)
            await it.press("c")
            await it.see("Copied: the handover")
            (sequence,) = written
            text = base64.b64decode(sequence.split(";")[2].rstrip("\x07\x1b\\")).decode()
            known = replace(reader.handover_known, agent=reader.agent)
            assert text == handover_text(known, texts_in("en"), ("no mail server",))
            assert "no mail server" in text

    asyncio.run(run())


def test_a_shift_is_handed_over_with_a_note_and_the_next_begins_there() -> None:
    async def run() -> None:
        reader = a_night()
        operations = FakeOperations(reader)
        async with console(make_desk(reader, language="en", operations=operations)) as it:
            await opened(it)
            await it.press("E")
            await it.until(lambda: isinstance(it.app.screen, Panel) and it.app.screen.drawn_at is not None)
            await it.type("391 rows are one bank")
            await it.press("enter")
            await it.see("The shift is handed over.")
            assert operations.handled == [("hand_over", "", "391 rows are one bank")]
            await it.see("Last handed over by anna")
            operations.refusing = ProblemError("problem.note_long", limit=1000, length=1001)
            await it.press("E")
            await it.until(lambda: isinstance(it.app.screen, Panel) and it.app.screen.drawn_at is not None)
            await it.type("x")
            await it.press("enter")
            await it.see("The note has 1001 characters")

    asyncio.run(run())


def test_a_quiet_shift_opens_nothing_and_a_past_one_is_not_handed_over() -> None:
    async def run() -> None:
        async with console(make_desk(FakeReader(), language="en", as_of=NOW)) as it:
            await opened(it)
            await it.see("All is quiet")
            await it.press("enter")
            await it.see("No connections stand behind")
            await it.press("E")
            await it.see("nothing can be done")

    asyncio.run(run())


def test_what_another_writes_is_read_with_the_next_tick_and_not_at_once() -> None:
    async def run() -> None:
        reader = a_night()
        async with console(make_desk(reader, language="en")) as it:
            screen = await opened(it)
            reads = len(reader.looked_back)
            reader.handover_known = replace(reader.handover_known, moved=())
            screen.data_changed()
            await it.taken()
            assert len(reader.looked_back) == reads
            screen.quiet_tick()
            await it.until(lambda: len(reader.looked_back) == reads + 1)
            await it.see("New for us: 0 of 20")
            screen.quiet_tick()
            await it.taken()
            assert len(reader.looked_back) == reads + 1, "nothing has changed since"

    asyncio.run(run())


def test_names_that_look_like_markup_or_control_are_shown_as_they_are() -> None:
    async def run() -> None:
        async with console(make_desk(a_night("[red]x[/red]␛[31m"), language="en")) as it:
            await opened(it)
            await it.see("[red]x[/red]␛[31m")

    asyncio.run(run())


def test_a_shift_may_be_handed_over_without_a_note_but_left_it_is_not() -> None:
    async def run() -> None:
        reader = a_night()
        operations = FakeOperations(reader)
        async with console(make_desk(reader, operations=operations)) as it:
            await opened(it)
            await it.press("E")
            await it.answerable()
            await it.press("escape", "E")
            await it.answerable()
            await it.press("enter")
            await it.see("Vagten er overdraget")
            assert operations.handled == [("hand_over", "", "")]

    asyncio.run(run())

"""A text being typed: nothing of it is lost without a word."""

import asyncio

import pytest

from backend.model.problems import MAX_NOTE
from tests.tui.driving import console
from tests.tui.fakes import FakeReader, make_desk
from tests.tui.records import make_problem
from tui.screens.panel import Write
from tui.widgets.prompt import LONGEST, Entry


@pytest.mark.parametrize("have", [0, 3, 10, 20])
def test_what_does_not_fit_is_cut_at_the_end_and_told(have: int) -> None:
    entry = Entry("x" * have, 10)
    entry.insert("12345678901")
    assert entry.cut and entry.value == "x" * have + "12345678901"[: max(0, 10 - have)]
    entry.set("")
    entry.insert("1234567890")
    assert not entry.cut


def test_a_break_between_pasted_lines_is_a_space() -> None:
    entry = Entry()
    entry.insert("first\r\nsecond\nthird\n")
    assert entry.value == "first second third" and len(entry.value) < LONGEST


def test_a_note_takes_as_much_as_the_command_does_and_says_when_it_is_full() -> None:
    async def run() -> None:
        reader = FakeReader()
        reader.problems_known = [make_problem(row) for row in reader.fleet_rows[:3]]
        async with console(make_desk(reader, language="en")) as it:
            await it.see("▌")
            await it.press("enter")
            await it.see("Tell the customer")
            await it.press("N")
            await it.answerable()
            await it.paste("æ" * MAX_NOTE)
            screen = it.app.screen
            assert isinstance(screen, Write) and len(screen.entry.value) == MAX_NOTE
            assert "At most" not in it.text()
            await it.press("z")
            assert "At most 1.000 characters" in it.text()

    asyncio.run(run())

"""The live log: it follows, pauses, counts, settles in place, and holds no more than it should."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from backend.model.facts import PostingState
from backend.model.postings import Decision
from backend.model.views import PostingLine
from tests.tui.driving import Driver, console
from tests.tui.fakes import FakeOperations, FakeReader, FixedClock, make_desk
from tests.tui.records import NOW, make_line, make_row
from tui.log import Log
from tui.screens.connection import ConnectionScreen
from tui.screens.panel import Choose
from tui.screens.postings import BATCH, PostingsScreen, Reading


def filled(n: int) -> FakeReader:
    reader = FakeReader()
    reader.posting_lines = [make_line(seq, make_row(seq % 9)) for seq in range(1, n + 1)]
    return reader


def add(reader: FakeReader, *lines: PostingLine) -> None:
    ids = {line.posting.id for line in lines}
    reader.posting_lines = [line for line in reader.posting_lines if line.posting.id not in ids] + list(lines)
    reader.version += 1


async def opened(it: Driver) -> PostingsScreen:
    await it.see("▌")
    await it.press("p")
    await it.until(lambda: isinstance(it.app.screen, PostingsScreen) and it.app.screen.seen_at is not None)
    assert isinstance(it.app.screen, PostingsScreen)
    return it.app.screen


def test_it_follows_the_newest_at_the_bottom() -> None:
    async def run() -> None:
        reader = filled(40)
        async with console(make_desk(reader)) as it:
            screen = await opened(it)
            await it.see("følger")
            assert "Dankort-kø" in it.line_with("▌") and screen.roster.cursor == 39
            add(reader, make_line(41, make_row(1), text="Nyeste række"))
            await it.see("Nyeste")
            assert "Nyeste" in it.line_with("▌")
            assert screen.following

    asyncio.run(run())


def test_scrolling_up_pauses_and_counts_what_came_since() -> None:
    async def run() -> None:
        reader = filled(40)
        async with console(make_desk(reader)) as it:
            screen = await opened(it)
            await it.press("up", "up")
            await it.see("pause")
            before = [line[:-1] for line in it.lines()[3:22]]
            add(reader, *[make_line(41 + n, make_row(1)) for n in range(37)])
            await it.see("pause, 37 nye")
            assert [line[:-1] for line in it.lines()[3:22]] == before, "nothing moves while paused"
            await it.press("f")
            await it.see("følger")
            assert screen.roster.cursor == 76

    asyncio.run(run())


def test_a_posting_settles_in_its_place() -> None:
    async def run() -> None:
        reader = filled(10)
        async with console(make_desk(reader)) as it:
            screen = await opened(it)
            third = reader.posting_lines[2]
            add(reader, replace(third, seq=50, posting=replace(third.posting, state=PostingState.ACKNOWLEDGED)))
            await it.see("✓ leveret")
            assert [line.posting.id for line in screen.log_lines.lines()] == [f"p{n}" for n in range(1, 11)]
            assert screen.unseen == 0

    asyncio.run(run())


def test_what_is_late_is_told_and_turns_late_by_itself() -> None:
    async def run() -> None:
        reader = filled(3)
        clock = FixedClock()
        async with console(make_desk(reader, clock=clock)) as it:
            screen = await opened(it)
            assert "forsinket" not in it.text()
            assert "frist" in it.text()
            clock.at = NOW + timedelta(hours=7)
            screen.quiet_tick()
            await it.see("○ forsinket")

    asyncio.run(run())


def test_why_a_posting_is_held_is_told() -> None:
    async def run() -> None:
        reader = FakeReader()
        add(reader, make_line(1, make_row(1), PostingState.HELD, reason="reserved"))
        add(reader, make_line(2, make_row(1), PostingState.REJECTED, reason="period closed"))
        async with console(make_desk(reader)) as it:
            await opened(it)
            await it.see("◌ holdt")
            assert "reserveret" in it.line_with("◌ holdt")
            assert "period close" in it.line_with("✗ afvist")

    asyncio.run(run())


def test_kinds_of_postings_can_be_chosen() -> None:
    async def run() -> None:
        reader = filled(5)
        add(reader, make_line(6, make_row(1), PostingState.HELD, reason="reserved"))
        add(reader, make_line(7, make_row(1), PostingState.ACKNOWLEDGED))
        async with console(make_desk(reader)) as it:
            screen = await opened(it)
            assert len(screen.log_lines) == 6
            await it.press("t")
            await it.see("Posteringer i kø")
            await it.until(lambda: len(screen.log_lines) == 5)
            await it.press("tab")
            await it.until(lambda: len(screen.log_lines) == 1)
            await it.press("t", "t")
            await it.see("Leverede posteringer")
            await it.until(lambda: len(screen.log_lines) == 1)
            await it.press("t")
            await it.until(lambda: len(screen.log_lines) == 7)

    asyncio.run(run())


def test_more_than_a_batch_at_once_begins_anew_at_the_newest() -> None:
    async def run() -> None:
        reader = filled(10)
        async with console(make_desk(reader)) as it:
            screen = await opened(it)
            add(reader, *[make_line(100 + n, make_row(1)) for n in range(BATCH + 50)])
            await it.until(lambda: screen.log_lines.last_seq == 100 + BATCH + 49)
            assert len(screen.log_lines) == BATCH
            await it.see("10 ældre er ude af loggen")

    asyncio.run(run())


def test_a_posting_leads_to_its_connection() -> None:
    async def run() -> None:
        reader = filled(10)
        async with console(make_desk(reader)) as it:
            await opened(it)
            await it.press("up", "enter")
            await it.until(lambda: isinstance(it.app.screen, ConnectionScreen))
            assert isinstance(it.app.screen, ConnectionScreen)
            assert it.app.screen.connection == make_row(0).id

    asyncio.run(run())


def test_an_empty_log_says_so() -> None:
    async def run() -> None:
        async with console() as it:
            await opened(it)
            await it.see("Ingen posteringer venter")
            await it.press("enter", "up", "f")
            assert it.app.is_running

    asyncio.run(run())


def test_the_log_is_bounded() -> None:
    log = Log((), kept=100)
    for n in range(1, 1001):
        log.take([make_line(n, make_row(1))])
    assert len(log) == 100 and log.dropped == 900
    assert log.lines()[-1].seq == 1000


def test_a_state_that_does_not_belong_enters_only_as_a_change() -> None:
    log = Log((PostingState.QUEUED,))
    one = make_line(1, make_row(1))
    assert log.take([one]) == 1
    assert log.take([make_line(2, make_row(1), PostingState.ACKNOWLEDGED)]) == 0
    assert log.take([replace(one, seq=3, posting=replace(one.posting, state=PostingState.ACKNOWLEDGED))]) == 0
    assert [line.seq for line in log.lines()] == [3] and log.last_seq == 3


def test_a_held_row_is_accepted_or_discarded_after_a_question() -> None:
    async def run() -> None:
        reader = FakeReader()
        row = reader.fleet_rows[0]
        reader.posting_lines = [
            make_line(1, row),
            make_line(2, row, PostingState.HELD, reason="suspected_duplicate"),
            make_line(3, row, PostingState.HELD, reason="reserved"),
            make_line(4, row, PostingState.HELD, reason="suspected_duplicate"),
        ]
        operations = FakeOperations(reader)
        async with console(make_desk(reader, operations=operations)) as it:
            await it.see("▌")
            await it.press("p")
            await it.see("dublet?")
            await it.press("d")
            await it.until(lambda: isinstance(it.app.screen, Choose) and it.app.screen.drawn_at is not None)
            assert "Kasser -4.938,00 DKK · Dankort-køb 4 som dublet?" in it.text()
            await it.press("enter")
            await it.until(lambda: isinstance(it.app.screen, PostingsScreen))
            assert operations.decided == [], "to leave it is the first answer"
            await it.press("d")
            await it.until(lambda: isinstance(it.app.screen, Choose) and it.app.screen.drawn_at is not None)
            await it.press("down", "enter")
            await it.see("1 kasseret som dublet")
            await it.press("up", "a")
            await it.see("kun reserveret i banken")
            await it.press("end", "space", "up", "up", "space", "a")
            await it.until(lambda: isinstance(it.app.screen, Choose) and it.app.screen.drawn_at is not None)
            assert "Lever 2 posteringer" in it.text()
            await it.press("down", "enter")
            await it.see("2 godkendt")
            assert operations.decided == [(("p4",), Decision.DISCARD), (("p2", "p4"), Decision.ACCEPT)]
            screen = it.app.screen
            assert isinstance(screen, PostingsScreen) and not screen.roster.marks

    asyncio.run(run())


def test_what_the_bank_changed_after_delivery_is_told_in_words() -> None:
    async def run() -> None:
        reader = FakeReader()
        line = make_line(1, reader.fleet_rows[0], PostingState.ACKNOWLEDGED, change="deleted", changed_at=NOW)
        reader.posting_lines = [line]
        async with console(make_desk(reader)) as it:
            await it.see("▌")
            await it.press("p", "tab", "tab", "tab", "tab")
            await it.see("slettet i bank")

    asyncio.run(run())


def test_the_log_of_one_connection_does_not_tell_the_fleets_totals() -> None:
    async def run() -> None:
        async with console(make_desk(FakeReader(), language="en")) as it:
            await it.see("▌")
            await it.press("p")
            await it.see("queued")
            await it.press("escape", "enter")
            await it.see("Tell the customer")
            await it.press("p")
            await it.until(lambda: isinstance(it.app.screen, PostingsScreen))
            await it.see("Pending postings · c")
            assert "queued" not in it.lines()[1]

    asyncio.run(run())


def test_a_message_too_long_for_its_line_says_which_key_shows_it() -> None:
    async def run() -> None:
        async with console(make_desk(FakeReader(), language="en")) as it:
            await it.see("▌")
            it.app.tell("x " * 60 + "end")
            await it.see("… m shows all")
            await it.press("m")
            await it.until(lambda: "end" in it.text() and "shows all" not in it.text())

    asyncio.run(run())


def test_what_is_marked_in_a_following_log_is_what_was_seen_and_stands_still() -> None:
    async def run() -> None:
        reader = filled(5)
        async with console(make_desk(reader)) as it:
            screen = await opened(it)
            await it.see("følger")
            assert screen.roster.cursor_id == "p5"
            newer = (make_line(6, make_row(1)),)
            screen._read(Reading(newer, False, 6, screen.totals, NOW))
            assert screen.roster.cursor_id == "p6", "taken, and not drawn yet"
            screen.do_mark()
            assert screen.roster.marks == {"p5"} and not screen.following
            await it.press("end")
            await it.see("følger")

    asyncio.run(run())


def test_marks_do_not_outlive_the_kind_that_they_were_seen_in() -> None:
    async def run() -> None:
        async with console(make_desk(filled(5))) as it:
            screen = await opened(it)
            await it.press("up", "space", "space")
            await it.see("2 markeret")
            await it.press("tab")
            await it.until(lambda: "markeret" not in it.text())
            assert not screen.roster.marks

    asyncio.run(run())


def test_a_log_without_lines_speaks_of_lines() -> None:
    async def run() -> None:
        async with console(make_desk(language="en")) as it:
            await opened(it)
            await it.press("enter")
            await it.see("There is no line here.")

    asyncio.run(run())

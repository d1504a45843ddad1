"""The audit log on screen: at 80x24 first, filtered, line by line, and the check that says where it is broken."""

import asyncio
from datetime import timedelta

import pytest

from backend.model.audit import AuditReport, Damage, Finding
from backend.model.facts import Event
from backend.store import StoreError
from tests.tui.driving import console
from tests.tui.fakes import FakeReader, make_desk
from tests.tui.records import NOW
from tui.screens.audit import AuditScreen
from tui.screens.connection import ConnectionScreen
from tui.screens.event import EventScreen
from tui.screens.fleet import FleetScreen


def event(seq: int, kind: str, operator: str = "eva", connection: str | None = "c1", **data: object) -> Event:
    at = NOW - timedelta(minutes=60 - seq)
    return Event(
        seq=seq,
        at=at,
        kind=kind,
        connection=connection,
        operator=operator,
        host="bastion",
        data=data,
        hash=f"{seq:064}",
    )


def reader() -> FakeReader:
    lines = [
        event(1, "import", connection=None, added=250),
        event(2, "sync.intent", plan=7, terminal="pts/3 from 10.0.0.5"),
        event(3, "sync.done", plan=7, reason="", new_postings="3"),
        event(4, "health", "agent", "c2", verdict="customer", situation="expired"),
    ]
    return FakeReader(events_known=lines, audit_known=AuditReport(checked=4, sealed=4, sealed_at=NOW))


@pytest.mark.parametrize("environ", [{}, {"NO_COLOR": "1", "FORNY_ASCII": "1"}])
def test_lines_are_told_newest_first_at_80_columns(environ: dict[str, str]) -> None:
    async def run() -> None:
        async with console(make_desk(reader(), language="en"), environ={"TERM": "xterm", **environ}) as it:
            await it.see("250 connections")
            await it.press("L")
            await it.see("sync.intent")
            kinds = [
                next((word for word in line.split() if "." in word or word in ("health", "import")), "")
                for line in it.lines()[3:7]
            ]
            assert kinds == ["health", "sync.done", "sync.intent", "import"]
            told = it.line_with("sync.intent")
            assert all(words in told for words in ("eva", "7", "c1")), told
            assert "agent" in it.line_with("health") and "verdict customer" in it.line_with("health")
            assert "not verified" in it.text() and all(len(line) == 80 for line in it.lines())

    asyncio.run(run())


def test_a_wide_screen_says_from_where() -> None:
    async def run() -> None:
        async with console(make_desk(reader()), size=(200, 50)) as it:
            await it.see("250 forbindelser")
            await it.press("L")
            await it.see("bastion pts/3 from 10.0.0.5")
            assert all(words in it.text() for words in ("Revisionsspor", "Hvem", "Fra", "ikke kontrolleret"))

    asyncio.run(run())


def test_a_filter_narrows_and_complains_in_place() -> None:
    async def run() -> None:
        async with console(make_desk(reader(), language="en")) as it:
            await it.see("250 connections")
            await it.press("L")
            await it.see("import")
            await it.press("slash")
            await it.type("by:agent")
            await it.until(lambda: "sync.done" not in it.text())
            assert "health" in it.text() and "import" not in it.text()
            await it.press("ctrl+u")
            await it.type("who:eva")
            await it.see("no field")
            await it.press("ctrl+u")
            await it.paste("plan:7")
            await it.see("sync.done")
            await it.press("enter")
            await it.see("/plan:7")
            await it.until(lambda: "health" not in it.text())  # the rows come a moment after the filter's name
            await it.press("slash", "escape", "escape")
            await it.until(lambda: isinstance(it.app.screen, FleetScreen))

    asyncio.run(run())


def test_enter_shows_the_line_whole_and_o_its_connection() -> None:
    async def run() -> None:
        async with console(make_desk(reader(), language="en")) as it:
            await it.see("250 connections")
            await it.press("L")
            await it.see("sync.intent")
            await it.press("down", "down", "enter")
            await it.until(lambda: isinstance(it.app.screen, EventScreen))
            await it.see("bastion pts/3 from 10.0.0.5")
            assert "Line 2 of the audit log" in it.text() and f"{2:064}" in it.text()
            await it.press("o")
            await it.until(lambda: isinstance(it.app.screen, ConnectionScreen))
            await it.press("L")
            await it.see("/c1")
            assert "import" not in it.text()
            await it.press("escape", "escape", "escape")
            await it.until(lambda: isinstance(it.app.screen, AuditScreen))
            await it.press("end", "o")
            await it.see("not about one connection")

    asyncio.run(run())


def test_a_check_runs_beside_the_screen_and_says_where_the_log_is_broken() -> None:
    async def run() -> None:
        known = reader()
        async with console(make_desk(known, language="en")) as it:
            await it.see("250 connections")
            await it.press("L")
            await it.see("sync.intent")
            known.gate.clear()
            await it.press("t")
            await it.see("verifying")
            await it.press("down")
            known.gate.set()
            await it.see("whole at")
            known.audit_known = AuditReport(checked=4, findings=(Finding(Damage.EDITED, 3, 3),))
            await it.press("t")
            await it.see("BROKEN at")
            await it.see("Changed: line 3.")
            known.audit_known = AuditReport(checked=4)
            await it.press("t")
            await it.see("no seals")
            await it.press("escape", "L")
            await it.see("no seals")

    asyncio.run(run())


def test_a_check_that_cannot_be_made_says_why() -> None:
    def fails() -> AuditReport:
        raise StoreError("The token key is not 32 bytes in base64.")

    async def run() -> None:
        async with console(make_desk(reader(), language="en", verify_audit=fails)) as it:
            await it.see("250 connections")
            await it.press("L")
            await it.see("sync.intent")
            await it.press("t")
            await it.see("The token key is not 32 bytes")
            assert "not verified" in it.text()

    asyncio.run(run())


def test_hostile_text_in_a_line_drives_no_terminal() -> None:
    async def run() -> None:
        evil = event(1, "note.added", "[red]E\x1bva", text="\x1b]0;x\x07[/]pwned", **{"[bold]k": "v"})
        async with console(make_desk(FakeReader(events_known=[evil]), language="en")) as it:
            await it.see("250 connections")
            await it.press("L")
            await it.see("note.added")
            assert "\x1b" not in it.text() and "[red]" in it.text()
            await it.press("enter")
            await it.see("[/]pwned")
            assert "\x1b" not in it.text() and "\x07" not in it.text() and "[bold]k" in it.text()

    asyncio.run(run())

"""Incidents and the forecast on screen: at 80x24 first, in words and signs before colours."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from backend.model.forecast import Answers, Expiries
from backend.model.incidents import IncidentView, Scope
from backend.model.lifetimes import Lifespan
from backend.rules.incidents import members_filter
from tests.tui.driving import console
from tests.tui.fakes import FakeReader, make_desk
from tests.tui.records import NOW
from tui.screens.connection import ConnectionScreen
from tui.screens.fleet import FleetScreen
from tui.screens.incidents import IncidentsScreen


def incident(number: int = 1, **changes: object) -> IncidentView:
    fields: dict[str, object] = {
        "id": number,
        "scope": Scope.BANK,
        "key": "Ringkjøbing Landbobank",
        "cause": "bank_down",
        "opened_at": NOW - timedelta(minutes=50),
        "closed_at": None,
        "note": "",
        "failed": 391,
        "tried": 400,
        "usual": 0.02,
        "canary_at": None,
        "connections": 1204,
        "customers": 1100,
        "failing": 391,
        "pending": 412,
        "oldest_at": NOW - timedelta(hours=3),
    }
    return IncidentView(**(fields | changes))  # type: ignore[arg-type]


KNOWN = [
    incident(1),
    incident(
        2, key="Lunar", tried=0, failed=0, usual=0.0, pending=0, oldest_at=None, health="None", note="svarer ikke"
    ),
    incident(3, scope=Scope.LEDGER, key="", cause="ledger_down"),
    incident(4, scope=Scope.OWN, key="aiia", cause="refused_credentials"),
    incident(5, key="Nordea", cause="internal", closed_at=NOW, pending=0, oldest_at=None),
]


@pytest.mark.parametrize("environ", [{}, {"NO_COLOR": "1", "FORNY_ASCII": "1"}, {"FORNY_THEME": "mono"}])
def test_incidents_are_told_in_words_at_80_columns(environ: dict[str, str]) -> None:
    async def run() -> None:
        reader = FakeReader(incidents_known=list(KNOWN))
        async with console(make_desk(reader, language="en"), environ={"TERM": "xterm", **environ}) as it:
            await it.see("connections")
            await it.press("e")
            await it.see("Open incidents: 4")
            line = it.line_with("Ringkj")
            assert all(words in line for words in ("bank down", "1.204", "98% (2%)", "412", "3 h")), line
            assert "Aiia says" in it.line_with("Lunar")
            assert "no answer" in it.line_with("reconciliation")
            assert "over" in it.line_with("Nordea") and "bad answers" in it.line_with("Nordea")
            assert all(len(text) == 80 for text in it.lines())
            if "FORNY_ASCII" in environ:
                assert "# Ringkj" in line and "+ Nordea" in it.text()

    asyncio.run(run())


def test_enter_shows_an_incidents_connections_and_esc_everything_again() -> None:
    async def run() -> None:
        reader = FakeReader(incidents_known=[incident(1, key="Danske Bank")])
        async with console(make_desk(reader, language="en")) as it:
            await it.see("250 connections")
            await it.press("e")
            await it.see("Danske Bank")
            await it.press("enter")
            await it.until(lambda: isinstance(it.app.screen, FleetScreen))
            await it.see('/bank:"Danske Bank" verdict:incident')
            await it.press("escape")
            await it.see("250 connections")

    asyncio.run(run())


def test_without_incidents_the_screen_says_so_and_learns_of_one_by_itself() -> None:
    async def run() -> None:
        reader = FakeReader()
        async with console(make_desk(reader, language="en")) as it:
            await it.see("250 connections")
            await it.press("e")
            await it.see("No incidents.")
            await it.press("enter")
            await it.see("The cursor stands on no incident.")
            reader.incidents_known = [incident()]
            reader.version += 1
            await it.see("Open incidents: 1")
            await it.press("question_mark")
            await it.see("Help: incidents")
            await it.press("escape", "escape")
            await it.until(lambda: isinstance(it.app.screen, FleetScreen))

    asyncio.run(run())


def test_each_scope_has_its_members() -> None:
    assert members_filter(incident(scope=Scope.PROVIDER, key="aiia")) == 'provider:"aiia" verdict:incident'
    assert members_filter(incident(closed_at=NOW)) == 'bank:"Ringkjøbing Landbobank"'
    assert (
        members_filter(incident(scope=Scope.LEDGER)) == "is:queued" and members_filter(incident(scope=Scope.OWN)) == ""
    )
    assert IncidentsScreen.scope == "incidents"


def hostile() -> IncidentView:
    return incident(key="Evil\x1b[31m[red]Bank", note="\x1b]0;x\x07[bold]")


def test_foreign_words_are_shown_and_not_obeyed() -> None:
    async def run() -> None:
        async with console(make_desk(FakeReader(incidents_known=[hostile()])), size=(160, 24)) as it:
            await it.see("forbindelser")
            await it.press("e")
            await it.see("Evil")
            assert "\x1b" not in it.text() and "\x07" not in it.text() and "[red]" in it.text()

    asyncio.run(run())


# -- forecast --------------------------------------------------------------------------------------------------


def reader() -> FakeReader:
    def due(days: int, n: int, bank: str) -> Expiries:
        return Expiries(bank=bank, stated=NOW + timedelta(days=days), began=None, connections=n)

    return FakeReader(
        expiries_known=[
            due(0, 3, "Nordea"),
            due(9, 1412, "Danske Bank"),
            due(10, 500, "Nordea"),
            due(83, 7, "Nordea"),
            Expiries(bank="Lunar", stated=None, began=None, connections=55),
        ],
        answers_known=[Answers(bank="Nordea", asked=100, answered=80)],
    )


@pytest.mark.parametrize("plain", [False, True])
def test_the_forecast_is_a_picture_that_reads_without_colours(plain: bool) -> None:
    async def run() -> None:
        environ = {"TERM": "xterm", "NO_COLOR": "1"} | ({"FORNY_ASCII": "1"} if plain else {})
        async with console(make_desk(reader(), language="en"), environ=environ) as it:
            await it.see("connections")
            await it.press("w")
            await it.see("1.922 renewals in 12 weeks")
            assert "384 likely to go dark" in it.text() and "55 without a known end" in it.text()
            heavy = it.line_with("49 30.11")
            assert ("1.412#" if plain else "1412█") in heavy.replace("1.412█", "1412█")
            assert ("500:" if plain else "500░") in heavy and "1.912" in heavy
            assert all(len(line) == 80 for line in it.lines())
            await it.press("end")
            await it.see("80% (80/100)")
            assert "all: 80%" in it.line_with("Danske Bank")
            if plain:
                assert not any(sign in it.text() for sign in "█░▒·")

    asyncio.run(run())


def test_a_forecast_of_nothing_says_so() -> None:
    async def run() -> None:
        async with console(make_desk(FakeReader())) as it:
            await it.see("forbindelser")
            await it.press("w")
            await it.see("0 fornyelser på 12 uger")
            await it.press("end")
            await it.see("Intet skal fornyes.")
            await it.press("escape")
            await it.see("forbindelser")

    asyncio.run(run())


def test_a_connection_tells_when_its_banks_consents_really_die() -> None:
    async def run() -> None:
        known = FakeReader()
        row, bank = known.fleet_rows[0].id, known.fleet_rows[0].bank
        known.change(row, consent="valid", expires_at=None)
        known.usual_known = {bank: Lifespan(day=62, cases=14, wrong=False)}
        async with console(make_desk(known, language="en")) as it:
            await it.see("250 connections")
            it.app.push_screen(ConnectionScreen(row))
            await it.see("Consents at this bank usually die on day 62 (14 cases)")
            known.change(row, expires_at=NOW + timedelta(days=50))
            await it.until(lambda: "usually die" not in it.text())

    asyncio.run(run())


def test_the_header_tells_open_incidents_and_silent_webhooks() -> None:
    async def run() -> None:
        reader = FakeReader(incidents_known=[*KNOWN])
        assert reader.agent is not None
        reader.agent = replace(reader.agent, silent_since=NOW - timedelta(minutes=20))
        is_open = sum(view.closed_at is None for view in KNOWN)
        async with console(make_desk(reader)) as it:
            await it.see(f"åbne hændelser: {is_open}  webhooks tavse siden 09:40")
            assert all(len(line) == 80 for line in it.lines())
        async with console(make_desk(reader), size=(200, 50)) as it:
            await it.see(f"åbne hændelser: {is_open}  webhooks tavse siden 09:40  agent siden 08:00  ændret 10:00:00")

    asyncio.run(run())


def test_what_aiia_says_of_a_bank_is_told_as_aiias_word_and_narrow_screens_keep_what_waits() -> None:
    async def run() -> None:
        known = [
            incident(2, key="Lunar", tried=0, health="None", note="Lunar"),
            incident(9, closed_at=NOW, note="merged"),
        ]
        for size, seen in (((140, 24), "Aiia: None"), ((60, 20), "412")):
            reader = FakeReader(incidents_known=list(known))
            async with console(make_desk(reader, language="en"), size=size) as it:
                await it.see("connections")
                await it.press("e")
                await it.see(seen)
                assert "merged" not in it.text() and "Lunar · " not in it.text() and it.text().count("Lunar") == 1

    asyncio.run(run())


def test_the_forecast_keeps_its_sums_on_a_narrow_screen() -> None:
    async def run() -> None:
        async with console(make_desk(FakeReader(), language="en"), size=(60, 20)) as it:
            await it.see("connections")
            await it.press("w")
            await it.see("Due   Dark")

    asyncio.run(run())

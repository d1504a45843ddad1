"""The page about one connection: the help page's five columns, why, what to say, and what happened."""

import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest

from backend.model.facts import Act, Event, Stage
from backend.model.plans import ActionState
from backend.model.problems import Note
from backend.model.reminders import Mailing, Reminder
from tests.tui.driving import console
from tests.tui.fakes import FakeReader, make_desk
from tests.tui.records import NOW, make_action, make_attempt, make_line, make_row, make_view
from tui.palette import Glyphs
from tui.screens.connection import ConnectionScreen
from tui.screens.fleet import FleetScreen
from tui.screens.postings import PostingsScreen
from tui.sections import Page
from tui.timeline import attempts_section, events_section, reminders_section, strip


def page(width: int = 78, language: str = "da") -> Page:
    from backend.texts import texts_in

    say = texts_in(language)
    return Page(NOW, say, say, Glyphs(), width)


def plain(lines: object) -> list[str]:
    return ["".join(text for text, _ in line) for line in lines]  # type: ignore[attr-defined]


def test_the_five_columns_of_the_help_page() -> None:
    lines = plain(page().accounts(make_view(make_row(1))))
    head = next(line for line in lines if "Bankkonto " in line)
    titles = ("Bankkonto", "Data hentet fra", "Data sidst hentet", "Konto fra kontoplan", "Status")
    places = [head.index(title) for title in titles]
    assert places == sorted(places)
    first = lines[lines.index(head) + 1]
    for place, value in zip(
        places, ("Driftskonto", "24.05.24", "23.11.26, 08:59", "5820 - Bankkonto", "AKTIV"), strict=True
    ):
        assert first[place:].startswith(value)
    assert "184.233,15 DKK" in lines[lines.index(head) + 2]
    assert any("ingen konto valgt" in line for line in lines)


@pytest.mark.parametrize("width", [58, 78, 118, 198])
def test_every_line_of_the_accounts_fits(width: int) -> None:
    view = make_view(make_row(2))
    for line in plain(page(max(width, 78)).accounts(view)):
        assert len(line) <= max(width, 78)


def test_an_inactive_connection_is_written_as_the_product_writes_it() -> None:
    view = make_view(make_row(2))
    assert view.row.status == "INAKTIV"
    assert any("(INAKTIV)" in line for line in plain(page().accounts(view)))


def test_an_orphaned_account_is_told() -> None:
    view = make_view(make_row(1))
    view = replace(view, accounts=(replace(view.accounts[0], orphaned=True, booked_balance=Decimal("-1234.5")),))
    lines = plain(page().accounts(view))
    assert any("gives ikke længere af banken" in line for line in lines)
    assert any("-1.234,50 DKK" in line for line in lines)
    assert any("(INAKTIV)" in line for line in lines)


def test_where_a_renewal_stands_is_shown_on_its_way() -> None:
    case = make_view(make_row(1)).case
    assert case is not None
    text = "\n".join(plain(page().case(replace(case, stage=Stage.AT_BANK))))
    assert "https://connect.example/1" in text
    assert "Kunden er hos banken" in text and "link → sendt → åbnet → i banken" in text
    failed = "\n".join(plain(page().case(replace(case, stage=Stage.FAILED, note="no_account_matched"))))
    assert "https" not in failed, "a dead link is no help"
    assert "Mislykket" in failed and "ingen af kontiene er de samme som før" in failed


@pytest.mark.parametrize("language", ["da", "en"])
@pytest.mark.parametrize("width", [57, 77])
def test_the_three_axes_stand_whole_on_narrow_screens(width: int, language: str) -> None:
    view = make_view(replace(make_row(1), transfer="held"))
    words = " ".join(plain(page(57, language).head(view)))
    for line in plain(page(width, language).head(view)):
        assert len(line.rstrip()) <= width
    for word in ("Samtykke", "Hentning", "Overførsel holdt") if language == "da" else ("Consent", "Transfer held"):
        assert word in words


def test_a_renewal_in_doubt_names_its_key_in_the_head() -> None:
    view = make_view(make_row(1))
    view = replace(view, facts=replace(view.facts, doubted=1))
    assert "a Accept the renewal's accounts" in "\n".join(plain(page(language="en").head(view)))


def test_acts_show_state_operator_and_result() -> None:
    action = make_action(1, 4, Act.SYNC, make_row(1), ActionState.FAILED)
    action = replace(action, reason="bank_down", result={"auth_url": "https://x"})
    text = "\n".join(plain(page().acts([action])))
    assert "synkroniser" in text and "mislykket" in text and "anna" in text
    assert "banken svarer ikke" in text and "link til banken: https://x" in text
    result = {
        "case": "5",
        "link": "https://old",
        "mailed_to": "a@b.dk",
        "consent_lives_until": "2026-12-01T08:00:00+00:00",
    }
    told = "\n".join(plain(page().acts([replace(action, result=result)])))
    assert "mail sendt til: a@b.dk" in told and "samtykket lever i banken til: 01.12.26, 09:00" in told
    assert "https" not in told and "case" not in told, "a dead link is no help"


def test_an_attempt_shows_what_a_ticket_needs() -> None:
    text = "\n".join(plain(attempts_section(page(118), [make_attempt("c1", 0), make_attempt("c1", 1)])))
    for part in ("transactions", "403", "340 ms", "corr-0", "Consent expired", "kunden skal logge ind"):
        assert part in text


def test_the_screen_shows_it_all_and_scrolls() -> None:
    async def run() -> None:
        reader = FakeReader()
        row = reader.fleet_rows[3]
        reader.posting_lines = [make_line(n, row) for n in range(1, 20)]
        async with console(make_desk(reader)) as it:
            await it.see("▌")
            await it.press("enter")
            await it.until(lambda: isinstance(it.app.screen, ConnectionScreen))
            await it.see("Data sidst hentet")
            assert all(len(line) == 80 for line in it.lines())
            assert "Sig til kunden" in it.text()
            await it.press("end")
            await it.see("corr-0")
            screen = it.app.screen
            assert isinstance(screen, ConnectionScreen)
            place = screen.doc.top
            reader.change(screen.connection, pending=77)
            await it.until(lambda: screen.reading and screen.reading.view and screen.reading.view.row.pending == 77)
            assert screen.doc.top == place, "news do not move what is read"
            await it.press("home")
            assert screen.doc.top == 0
            await it.press("escape")
            await it.until(lambda: isinstance(it.app.screen, FleetScreen))

    asyncio.run(run())


def test_why_shows_the_chain_and_the_newest_answer() -> None:
    async def run() -> None:
        async with console() as it:
            await it.see("▌")
            await it.press("enter")
            await it.see("Sig til kunden")
            await it.press("y")
            await it.see('{"error": "ConsentExpired", "token": "[token]"}')
            for part in ("Hvorfor   ", "23.11.26, 10:00: læser … (Aiia)", "403 Forbidden", "corr-0"):
                await it.see(part)
            await it.press("escape")
            await it.until(lambda: isinstance(it.app.screen, ConnectionScreen))

    asyncio.run(run())


def test_sections_are_reached_by_a_key_in_their_order() -> None:
    async def run() -> None:
        reader = FakeReader()
        async with console(make_desk(reader)) as it:
            await it.see("▌")
            await it.press("enter")
            await it.see("Sig til kunden")
            screen = it.app.screen
            assert isinstance(screen, ConnectionScreen)
            reader.notes_known = [
                Note(id=1, connection=screen.connection, at=NOW, operator="eva", text="ringer fredag")
            ]
            reader.posting_lines = [make_line(n, reader.rows([screen.connection], NOW)[0]) for n in range(1, 9)]
            reader.version += 1
            await it.until(lambda: screen.reading and screen.reading.notes)
            seen = []
            for _ in range(4):
                await it.press("tab")
                seen.append(it.lines()[2].split()[0])
            assert seen == ["Fornyelse", "Bankkonti", "Notater", "Handlinger"]
            await it.press("home", "shift+tab")
            assert "Sig til kunden" not in it.text(), "before the first comes the last"
            assert "Forsøg" in it.text()

    asyncio.run(run())


def test_the_timeline_is_a_strip_under_its_ages() -> None:
    attempts = [replace(make_attempt("c1", n), outcome=("bank_down", "ok", "partial")[n % 3]) for n in range(8)]
    scale, signs = plain(strip(page(), attempts))
    assert signs == "  ✓ ✗ ◌ ✓ ✗ ◌ ✓ ✗ ", "the oldest is the first, and a sign says what colour says"
    assert scale.split() == ["14", "t", "8", "t", "2", "t"] or scale.rstrip().endswith("0 min")
    assert len(scale) <= 78
    narrow = plain(strip(page(20), [make_attempt("c1", n) for n in range(50)]))
    assert all(len(line) <= 20 for line in narrow)


def test_a_connection_that_is_gone_is_told() -> None:
    async def run() -> None:
        reader = FakeReader()
        async with console(make_desk(reader)) as it:
            await it.see("▌")
            await it.press("enter")
            await it.see("Data sidst hentet")
            reader.fleet_rows = []
            reader.version += 1
            await it.see("Forbindelsen findes ikke mere")
            await it.press("r")
            assert not it.app.acting.planning

    asyncio.run(run())


def test_its_postings_are_one_key_away() -> None:
    async def run() -> None:
        reader = FakeReader()
        reader.posting_lines = [make_line(1, reader.fleet_rows[0]), make_line(2, reader.fleet_rows[1])]
        async with console(make_desk(reader)) as it:
            await it.see("▌")
            await it.press("enter")
            await it.see("Data sidst hentet")
            screen = it.app.screen
            assert isinstance(screen, ConnectionScreen)
            await it.press("p")
            await it.until(lambda: isinstance(it.app.screen, PostingsScreen))
            assert isinstance(it.app.screen, PostingsScreen)
            assert it.app.screen.connection == screen.connection

    asyncio.run(run())


def test_reminders_and_the_audit_log_are_told() -> None:
    one = Reminder(
        id=1,
        connection="c1",
        agreement_number="1",
        customer="Vejle",
        bank="Nordea",
        expires_at=NOW,
        step=7 * 86_400,
        state=Mailing.SENT,
        reason="",
        mail_to="eva@example.dk",
        message_id="m",
        case=None,
        created_at=NOW,
        settled_at=NOW,
    )
    lines = plain(reminders_section(page(), [one, replace(one, state=Mailing.FAILED, reason="unreachable")]))
    assert "23.11.26, 10:00  sendt                   7d før 23.11.26  eva@example.dk" in lines[2]
    assert "der kom intet svar" in lines[3]
    event = Event(
        seq=4, at=NOW, kind="renew.intent", connection="c1", operator="eva", host="b", data={"plan": 3}, hash=""
    )
    assert "renew.intent      eva        plan 3" in plain(events_section(page(), [event]))[2]
    assert reminders_section(page(), []) == events_section(page(), []) == []

"""`forny reminders`: what was sent, with its outcome, and what is planned next; and the same in `show`."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backend.rules.assess import assess
from backend.store import open_store
from backend.texts import LANGUAGES, area, texts_in
from tests.cli.conftest import Run, line, lines
from tests.fakes import HandClock

MAIL = {"FORNY_SMTP_URL": "smtp://127.0.0.1:2525"}


@pytest.fixture
def some(forny: Run, env: dict[str, str]) -> Run:
    """Customer 1 was reminded and the outcome is unknown, customer 2 comes in five days, customer 3 has no address."""
    env |= MAIL
    now = datetime.now(UTC)

    def ends(days: float) -> str:
        return (now + timedelta(days=days)).isoformat()

    items = [
        line(1, expires_at=ends(6)),
        line(2, expires_at=ends(12)),
        line(3, expires_at=ends(2), email=""),
        line(4, expires_at=None),
    ]
    assert forny("import", "-", stdin=lines(*items)).code == 0
    store = open_store(Path(env["FORNY_STORE"]), assess=assess, clock=HandClock(now))
    day = int((now + timedelta(days=6)).timestamp() * 1000)
    store.db.run(
        "INSERT INTO reminders (connection, consent, expires_at, step, state, reason, mail_to, message_id, created_at)"
        " VALUES (1, 1, ?, 604800, 'unknown', 'cut_off', 'kunde1@example.test', '<r@x>', ?)",
        (day, int((now - timedelta(hours=1)).timestamp() * 1000)),
    )
    store.close()
    return forny


def test_the_list_tells_what_was_sent_and_what_is_planned(some: Run) -> None:
    told = some("reminders", "--json").json
    assert [(one["connection"], one["state"], one["step"]) for one in told] == [
        ("c1", "unknown", "7d"),
        ("c3", "held", "3d"),
        ("c1", "planned", None),
        ("c2", "planned", None),
    ]
    assert told[0]["mailed_to"] == "kunde1@example.test" and told[0]["message_id"] == "<r@x>"
    assert told[1]["reason"] == "no_email" and told[2]["at"] is not None
    text = some("reminders").out
    assert "unknown, not sent again" in text and "the customer has no mail address" in text
    assert "Kunde 004" not in text, "nobody knows when that one ends"


def test_a_filter_narrows_it_and_nothing_is_its_own_exit_code(some: Run) -> None:
    assert [one["connection"] for one in some("reminders", "Kunde 002", "--json").json] == ["c2"]
    nothing = some("reminders", "Kunde 004")
    assert nothing.code == 4 and "No reminders" in nothing.err
    assert some("reminders", "nosuch:field").code == 2


def test_off_and_no_mail_server_are_said(some: Run) -> None:
    off = some("reminders", "Kunde 002", extra={"FORNY_REMINDERS": "off"})
    assert "reminders are switched off" in off.out
    assert "no mail server" in some("reminders", "Kunde 002", extra={"FORNY_SMTP_URL": ""}).out
    wrong = some("reminders", extra={"FORNY_REMINDERS": "weekly"})
    assert wrong.code == 2 and "FORNY_REMINDERS" in wrong.err and "7d,3d,1d" in wrong.err


def test_show_tells_them_too(some: Run) -> None:
    shown = some("show", "c1")
    assert "Reminders:" in shown.out and "unknown, not sent again" in shown.out
    told = json.loads(some("show", "c1", "--json").out)
    assert [one["state"] for one in told["reminders"]] == ["unknown"] and told["next_reminder"]["state"] == "planned"
    assert some("show", "c4", "--json").json["next_reminder"] is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_of_reminders_can_be_said(language: str) -> None:
    say = texts_in(language)
    for key in area("reminders"):
        assert "{" not in say(key, bank="Nordea")

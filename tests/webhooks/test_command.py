"""`forny webhooks` and what doctor says of them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backend.model.webhooks import Arrived, Notice
from backend.rules.assess import assess
from backend.store import Store, open_store
from tests.cli.conftest import Run, env, fleet, forny
from tests.fakes import HandClock

__all__ = ["env", "fleet", "forny"]

NOW = datetime.now(UTC).replace(microsecond=0)
"""The commands under test use the machine's clock."""


@pytest.fixture
def store(fleet: Run, env: dict[str, str]) -> Store:
    """The store of `fleet`, with two events, one of which was applied."""
    opened = open_store(Path(env["FORNY_STORE"]), assess=assess, clock=HandClock(NOW))
    for number, event in enumerate(("SyncDone", "ConsentNeedsUpdate")):
        body = f'{{"x": "\u202e{number}"}}'.encode()
        arrived = Arrived(event_id=f"e{number}", event=event, at=NOW - timedelta(hours=number), body=body)
        notice = Notice(event=event, consent_id="consent-1", reason="Reason")
        opened.keep_webhook(arrived, notice, NOW - timedelta(hours=1 - number))
        if number:
            opened.apply_webhook("e1", notice, NOW)
    return opened


@pytest.fixture(autouse=True)
def closed(store: Store) -> None:
    store.close()


def test_the_list_is_newest_first_and_says_what_came_of_each(fleet: Run) -> None:
    ran = fleet("webhooks", "--json")
    assert ran.code == 0
    assert [(item["event_id"], item["effect"], item["connection"]) for item in ran.json] == [
        ("e1", "applied", "c1"),
        ("e0", None, None),
    ]
    assert ran.json[0]["body"] == {"x": "\ufffd1"} and ran.json[0]["received_at"].endswith("Z")
    table = fleet("webhooks", "--limit", "1")
    assert "ConsentNeedsUpdate" in table.out and "SyncDone" not in table.out
    assert "waits for the agent" in fleet("webhooks").out


def test_replay_marks_what_is_named_or_came_since(fleet: Run) -> None:
    assert fleet("webhooks", "replay", "e1", "--json").json == {"events": 1}
    assert [item["applied_at"] for item in fleet("webhooks", "--json").json] == [None, None]
    since = (NOW - timedelta(minutes=30)).isoformat()
    assert fleet("webhooks", "replay", "--since", since, "--json").json == {"events": 1}
    assert fleet("webhooks", "replay", "--since", "2020-01-01", "e0", "--json").json == {"events": 2}
    assert fleet("webhooks", "replay", "nobody").code == 4
    assert fleet("webhooks", "replay").code == 2
    wrong = fleet("webhooks", "replay", "--since", "yesterday")
    assert wrong.code == 2 and "yesterday" in wrong.err
    assert [item["kind"] for item in fleet("audit", "--json").json if item["kind"] == "webhooks.replay"] == [
        "webhooks.replay"
    ] * 3


def test_doctor_says_whether_events_are_taken(fleet: Run) -> None:
    def said(**extra: str) -> tuple[str, str]:
        found = fleet("doctor", "--json", extra=extra).json
        (finding,) = [item for item in found if item["subject"] == "webhooks"]
        return finding["level"], finding["text"]

    assert said()[0] == "warn"
    secret = {"FORNY_AIIA_WEBHOOK_SECRET": "s3cret"}
    assert said(**secret)[0] == "warn", "nobody listens"
    level, text = said(**secret, FORNY_LISTEN="127.0.0.1:8088")
    assert level == "ok" and "last webhook" in text

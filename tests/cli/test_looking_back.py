"""`--at TIME`: the commands that read, as of an earlier moment."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.model.clock import ScaledClock
from backend.model.facts import Attempt
from backend.rules.assess import assess
from backend.rules.moments import moment_of
from backend.store import Store, open_store
from tests.cli.conftest import Run

NOW = datetime(2026, 7, 2, 12, 0, tzinfo=UTC)
WINTER = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-03-01T02:10Z", datetime(2026, 3, 1, 2, 10, tzinfo=UTC)),
        ("2026-03-01T02:10+02:00", datetime(2026, 3, 1, 0, 10, tzinfo=UTC)),
        ("2026-03-01T02:10", datetime(2026, 3, 1, 1, 10, tzinfo=UTC)),
        ("2026-06-01 02:10", datetime(2026, 6, 1, 0, 10, tzinfo=UTC)),
        ("2026-06-01", datetime(2026, 5, 31, 22, 0, tzinfo=UTC)),
        ("02:10", datetime(2026, 7, 2, 0, 10, tzinfo=UTC)),
        ("2.10", datetime(2026, 7, 2, 0, 10, tzinfo=UTC)),
        ("12.04.22, 09:58", datetime(2022, 4, 12, 7, 58, tzinfo=UTC)),
        ("12.04.2022 09.58", datetime(2022, 4, 12, 7, 58, tzinfo=UTC)),
        ("6h", NOW - timedelta(hours=6)),
        (" 90 m ", NOW - timedelta(minutes=90)),
        ("3d", NOW - timedelta(days=3)),
    ],
)
def test_a_moment_is_read_on_a_danish_clock(text: str, at: datetime) -> None:
    assert moment_of(text, NOW) == at


@given(st.text(max_size=20))
def test_any_text_is_a_moment_or_told(text: str) -> None:
    try:
        assert moment_of(text, NOW).tzinfo is not None
    except ValueError as error:
        assert str(error) == text.strip()


@pytest.mark.parametrize("text", ["", "yesterday", "25:00", "31.02.26, 10:00", "-3h", "2026-13-01"])
def test_what_is_no_moment_is_told_and_ends_with_2(fleet: Run, text: str) -> None:
    ran = fleet("list", f"--at={text}")
    assert (ran.code, ran.out) == (2, "") and "is no moment" in ran.err


@pytest.fixture
def store(fleet: Run, env: dict[str, str]) -> Store:
    opened = open_store(Path(env["FORNY_STORE"]), assess=assess, clock=ScaledClock())
    began = opened.db.value("SELECT min(at) FROM history")
    opened.db.run("UPDATE history SET at = at - 7200000")
    failed = datetime.fromtimestamp(began / 1000, UTC) - timedelta(hours=1)
    opened.save_fetch("c1", failed, outcome="bank_down", detail="the bank sleeps")
    opened.record_attempts(
        [
            Attempt(
                connection="c1",
                operation="transactions",
                started_at=failed,
                ended_at=failed + after,
                outcome=outcome,
                http_status=status,
                correlation_id="|abc.",
                answer=answer,
            )
            for after, outcome, status, answer in (
                (timedelta(0), "bank_down", 502, "HTTP 502 Bad Gateway · the bank sleeps"),
                (timedelta(minutes=50), "ok", 200, "GET /v1/accounts: 200, 12 bytes"),
            )
        ]
    )
    opened.save_fetch("c1", failed + timedelta(minutes=50), outcome="ok")
    return opened


def test_a_connection_is_shown_as_it_was_known(fleet: Run, store: Store) -> None:
    seen = [fleet("show", "c1", "--json", *at).json for at in (("--at", "90m"), ("--at", "30m"), ())]
    assert [item["fetch"] for item in seen] == ["never", "bank_down", "ok"]
    assert [len(item["attempts"]) for item in seen] == [0, 1, 2]
    assert seen[0]["as_of"] < seen[1]["as_of"] and seen[2]["as_of"] is None
    words = fleet("show", "1001", "--at", "30m")
    assert words.code == 0 and words.err.startswith("As it was known") and "the bank sleeps" in words.out


def test_the_list_and_its_filters_look_back_too(fleet: Run, store: Store) -> None:
    assert fleet("list", "situation:bank_outage", "--count", "--at", "30m").out == "1\n"
    assert fleet("list", "situation:bank_outage", "--count").out == "0\n"
    before = fleet("--at", "30m", "list", "situation:bank_outage", "--json")
    assert [item["id"] for item in before.json] == ["c1"] and before.json[0]["accounts"]


def test_why_tells_the_attempts_and_the_raw_answer(fleet: Run, store: Store) -> None:
    then = fleet("why", "c1", "--at", "30m").out
    assert "502, |abc." in then and "HTTP 502 Bad Gateway · the bank sleeps" in then
    now = fleet("why", "c1", "--json").json
    assert now["answer"] == "HTTP 502 Bad Gateway · the bank sleeps"
    assert now["attempts"][0]["answer"] == "GET /v1/accounts: 200, 12 bytes"
    assert fleet("why", "c1", "--raw").out.count("HTTP 502") == 1
    assert fleet("why", "c2", "--json").json["answer"] is None


def test_the_future_and_the_time_before_anything_are_told(fleet: Run, store: Store) -> None:
    ahead = fleet("show", "c1", "--at", "2099-01-01")
    assert ahead.code == 2 and "yet to come" in ahead.err
    before = fleet("list", "--at", "2020-01-01")
    assert before.code == 4 and "Nothing was known so early" in before.err
    assert fleet("show", "nobody", "--at", "30m").code == 4


def test_nothing_can_be_changed_in_the_past(fleet: Run, store: Store) -> None:
    ran = fleet("--at", "30m", "sync", "c2", "--yes")
    assert ran.code != 0 and "nothing can be changed there" in ran.err
    assert store.plans(9) == []


def test_what_was_looked_at_leaves_no_file(fleet: Run, store: Store) -> None:
    assert fleet("list", "--at", "30m").code == 0
    assert not list(Path(store.db.name).with_name("forny.db.locks").glob("past-*"))


def test_a_console_that_looks_back_stands_still_and_reads_the_past(env: dict[str, str], store: Store) -> None:
    from backend.runtime import Runtime
    from backend.settings import load
    from backend.texts import texts_in
    from tui.commands.console import desk_of

    present = Runtime(load({}, env), ScaledClock(), texts_in("en"), env)
    at = datetime.now(UTC) - timedelta(minutes=30)
    then = present.as_of(at)
    desk = desk_of(then, at)
    assert desk.as_of == at == desk.clock.now() and then.present is present
    (row,) = desk.reader.rows(["c1"], desk.clock.now())
    assert (row.fetch, row.situation) == ("bank_down", "bank_outage")
    then.close()

"""`forny forecast`: what falls due, for people and for programs."""

from datetime import UTC, datetime, timedelta

from backend.store import open_store
from tests.cli.conftest import Run, line, lines


def stated(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_renewals_are_counted_by_day_and_bank(forny: Run) -> None:
    items = [line(n, expires_at=stated(10), bank="Nordea") for n in range(1, 8)]
    items += [line(8, expires_at=stated(40), bank="Lunar"), line(9, expires_at=None), line(10, expires_at=stated(200))]
    assert forny("import", "-", stdin=lines(*items)).code == 0
    seen = forny("forecast", "--json").json
    assert (seen["due"], seen["unknown"], seen["weeks"], seen["expected_dark"]) == (8, 1, 12, None)
    assert [(day["bank"], day["due"]) for day in seen["days"]] == [("Nordea", 7), ("Lunar", 1)]
    assert [(bank["bank"], bank["due"], bank["answer_rate"]) for bank in seen["banks"]] == [
        ("Nordea", 7, None),
        ("Lunar", 1, None),
    ]
    assert forny("forecast", "--weeks", "2", "--json").json["due"] == 7
    text = forny("forecast")
    assert text.code == 0 and "#" * 40 in text.out and "1 connection has no known day" in text.err
    assert forny("forecast", "--weeks", "0").code == 2


def test_nothing_due_is_said(forny: Run) -> None:
    ran = forny("forecast")
    assert ran.code == 4 and "Nothing is due within 12 weeks" in ran.err
    assert forny("forecast", "--json").json["days"] == []


def test_who_answered_last_cycle_tells_how_many_go_dark(forny: Run, env: dict[str, str]) -> None:
    from pathlib import Path

    from backend.model.clock import ScaledClock
    from backend.rules.assess import assess

    items = [line(n, expires_at=stated(10), bank="Nordea") for n in range(1, 11)]
    assert forny("import", "-", stdin=lines(*items)).code == 0
    store = open_store(Path(env["FORNY_STORE"]), assess=assess, clock=ScaledClock())
    week = 7 * 86_400_000
    now = int(datetime.now(UTC).timestamp() * 1000)
    with store.db.write():
        for n in range(1, 11):
            answered = now - week if n <= 8 else None
            store.db.run(
                "INSERT INTO cases (kind, connection, state, stage, link, created_at, authorised_at, closed_at)"
                " VALUES ('renew', ?, ?, 'released', '', ?, ?, ?)",
                (n, f"s{n}", now - 2 * week, answered, now),
            )
        store.db.run(
            "INSERT INTO cases (kind, connection, state, stage, link, created_at)"
            " VALUES ('renew', 9, 'x', 'sent', '', ?)",
            (now,),
        )
    store.close()
    seen = forny("forecast", "--json").json
    assert seen["expected_dark"] == 2.0
    assert (seen["banks"][0]["asked"], seen["banks"][0]["answered"], seen["banks"][0]["own_rate"]) == (10, 8, True)
    assert "80 % (8/10)" in forny("forecast").out

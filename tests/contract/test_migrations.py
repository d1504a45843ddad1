"""A store of an earlier version is brought up to date with what is in it."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from backend.rules.assess import assess
from backend.store import open_store, schema
from backend.store.fleet import SELECT_CASE
from backend.store.sqlite import SqliteEngine
from tests.fakes import NOON, HandClock


def test_a_store_of_the_first_version_keeps_its_fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "forny.db"
    with monkeypatch.context() as then:
        then.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:1])
        engine = SqliteEngine(path)
        schema.migrate(engine)
        with engine.write():
            engine.run("INSERT INTO customers VALUES ('1001', 'Kunde 1', '')")
            engine.run(
                "INSERT INTO connections (agreement, provider, bank, customer, name_fold, next_fetch_at)"
                " VALUES ('1001', 'aiia', 'Nordea', 'Kunde 1', 'kunde 1', 1)"
            )
        engine.close()
    store = open_store(path, assess=assess, clock=HandClock())
    assert store.db.value("PRAGMA user_version") == len(schema.MIGRATIONS)
    assert store.due(NOON, 7200, 9) == [("c1", "Nordea")]
    assert store.rows(["c1"], NOON)[0].customer == "Kunde 1" and store.incidents(9) == []
    plan = store.db.rows(
        "EXPLAIN QUERY PLAN SELECT id, bank FROM connections WHERE removed_at IS NULL AND next_fetch_at IS NOT NULL"
        " AND incident IS NULL AND next_fetch_at <= 9 ORDER BY next_fetch_at, id LIMIT 5"
    )
    assert "connections_due" in plan[0]["detail"] and len(plan) == 1
    store.close()


def test_a_connections_newest_case_is_found_without_reading_all_cases(tmp_path: Path) -> None:
    store = open_store(tmp_path / "forny.db", assess=assess, clock=HandClock())
    plan = store.db.rows(f"EXPLAIN QUERY PLAN {SELECT_CASE} WHERE k.connection = 1 ORDER BY k.id DESC LIMIT 1")
    details = " ".join(line["detail"] for line in plan)
    assert "cases_connection" in details and "SCAN" not in details and "TEMP B-TREE" not in details
    store.close()


def test_the_totals_that_every_console_shows_look_at_what_waits_and_no_further(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(tmp_path / "forny.db", assess=assess, clock=HandClock())
    asked: list[tuple[str, Sequence[object]]] = []
    row, rows = store.db.row, store.db.rows

    def listened(sql: str, values: Sequence[object] = ()) -> object:
        asked.append((sql, values))
        return row(sql, values)

    monkeypatch.setattr(store.db, "row", listened)
    store.pending_totals(NOON)
    plans = [line["detail"] for sql, values in asked for line in rows(f"EXPLAIN QUERY PLAN {sql}", values)]
    assert len(plans) == 2 and "connections_pending" in plans[0] and "postings_late" in plans[1]
    store.close()

"""Commands that read: their fields, formats and exit codes are a contract (DESIGN §8)."""

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backend.model.clock import ScaledClock
from backend.model.limits import Gate
from backend.rules.assess import assess
from backend.store import open_store
from tests.cli.conftest import Run, line, lines

FAR = datetime(2099, 1, 1, 12, tzinfo=UTC)

LIST_FIELDS = {
    "id",
    "agreement_number",
    "customer",
    "bank",
    "provider",
    "status",
    "consent",
    "fetch",
    "transfer",
    "verdict",
    "situation",
    "action",
    "wait_until",
    "expires_at",
    "data_from",
    "last_fetched",
    "pending",
    "accounts",
}


def test_list_json_has_the_promised_fields(fleet: Run) -> None:
    ran = fleet("list", "--json")
    assert ran.code == 0 and len(ran.json) == 6
    for item in ran.json:
        assert set(item) >= LIST_FIELDS
    first = next(item for item in ran.json if item["agreement_number"] == "1001")
    assert first["expires_at"] == "2099-03-01T06:00:00Z" and first["data_from"] == "2024-08-10"
    assert first["status"] in ("AKTIV", "INAKTIV") and first["pending"] == 0
    assert first["accounts"] == [
        {"iban": "DK6999990000000001", "bban": None, "name": "Drift", "ledger_account": "5820", "orphaned": False}
    ]


def test_list_sorts_both_ways_and_limits(fleet: Run) -> None:
    up = [item["agreement_number"] for item in fleet("list", "--json", "--sort", "agreement").json]
    down = [item["agreement_number"] for item in fleet("list", "--json", "--sort", "-agreement").json]
    assert up == sorted(up) and down == sorted(up, reverse=True)
    assert [item["agreement_number"] for item in fleet("list", "--json", "--sort", "id", "--limit", "2").json] == [
        "1001",
        "1002",
    ]


def test_list_filters_as_the_console_does(fleet: Run) -> None:
    assert [item["bank"] for item in fleet("list", "bank:jyske", "--json").json] == ["Jyske Bank"]
    assert len(fleet("list", "nordea", "!003", "--json").json) == 2
    assert fleet("list", "*", "--count").out == "6\n"


def test_nothing_matched_is_4_and_still_valid_json(fleet: Run) -> None:
    assert fleet("list", "nobody").code == 4
    ran = fleet("list", "nobody", "--json")
    assert (ran.code, ran.json) == (4, [])
    ran = fleet("list", "nobody", "--count")
    assert (ran.code, ran.out) == (4, "0\n")


def test_a_wrong_filter_or_sort_is_2_and_names_the_nearest(fleet: Run) -> None:
    ran = fleet("list", "bnak:nordea")
    assert ran.code == 2 and "bank" in ran.err and ran.out == ""
    ran = fleet("list", "--sort", "size")
    assert ran.code == 2 and "customer" in ran.err


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("x;=HYPERLINK(1)", "x;'=HYPERLINK(1)"),
        ('x; "@SUM(1)', "x; \"'@SUM(1)"),
        ("first\n=1+1", "first\n'=1+1"),
        ("first\t+1+1", "first\t'+1+1"),
        ("＝1+1", "'＝1+1"),
        ("-291,00", "-291,00"),
        ("a-b = c; d", "a-b = c; d"),
    ],
)
def test_a_formula_is_none_wherever_a_cell_may_begin(text: str, cell: str) -> None:
    from tui.commands.output import csv_cell

    assert csv_cell(text) == cell


def test_csv_is_safe_to_open_in_a_spreadsheet(forny: Run) -> None:
    forny("import", "-", stdin=lines(line(1, customer="=HYPERLINK(1)"), line(2, customer="+45 x", bank='A "B", C')))
    rows = list(csv.DictReader(io.StringIO(forny("list", "--csv").out)))
    assert [row["customer"] for row in rows] == ["'+45 x", "'=HYPERLINK(1)"]
    assert rows[0]["bank"] == 'A "B", C'
    assert rows[0]["accounts"] == "DK6999990000000002"


def test_show_and_why_take_an_id_or_an_agreement(fleet: Run) -> None:
    by_id = fleet("show", "c1", "--json")
    assert by_id.code == 0 and by_id.json["id"] == "c1"
    assert set(by_id.json) > LIST_FIELDS and "rt-secret" not in by_id.out
    assert fleet("show", "1001", "--json").json["id"] == "c1"
    assert [item["id"] for item in fleet("show", "1005", "--json").json] == ["c5", "c6"]
    assert fleet("show", "c99").code == 4 and fleet("why", "nobody").code == 4
    why = fleet("why", "c1", "--json").json
    assert why["id"] == "c1" and why["reasons"] and {"key", "text", "at", "source"} <= set(why["reasons"][0])


def test_for_people_it_is_text_in_their_language(fleet: Run) -> None:
    assert "Customer" in fleet("list").out
    assert "Kunde" in fleet("--language", "da", "list").out
    assert "Konto fra kontoplan" in fleet("--language", "da", "show", "c1").out


def test_postings_of_an_empty_log(fleet: Run) -> None:
    ran = fleet("postings", "--json")
    assert (ran.code, ran.json) == (4, [])
    assert fleet("postings", "state:gone").code == 2
    assert fleet("postings", "colour:red").code == 2


def test_plans_of_an_empty_journal(fleet: Run) -> None:
    assert fleet("plans").code == 4 and fleet("plans", "--json").json == []
    assert fleet("plan", "7").code == 4


def test_export_is_what_import_takes(fleet: Run, tmp_path: Path) -> None:
    ran = fleet("export")
    assert ran.code == 0 and len(ran.out.splitlines()) == 6 and "rt-secret" not in ran.out
    other = {"FORNY_STORE": str(tmp_path / "other.db")}
    assert fleet("import", "-", stdin=ran.out, extra=other).out.startswith("6 added")
    assert fleet("export", extra=other).out == ran.out


def test_audit_tells_who_and_verifies(fleet: Run, env: dict[str, str]) -> None:
    events = fleet("audit", "--json").json
    assert events and {"seq", "at", "kind", "connection", "operator", "host", "data", "hash"} <= set(events[0])
    assert any(event["kind"] == "import" and event["operator"] == "tester" for event in events)
    assert "rt-secret" not in json.dumps(events)
    ran = fleet("audit", "--verify", "--json")
    assert ran.code == 0 and ran.json["checked"] == len(events) and ran.json["broken_at"] is None
    assert [event["seq"] for event in fleet("audit", "--limit", "2", "--json").json] == [len(events) - 1, len(events)]
    of_one = fleet("audit", "c1", "--json").json
    assert of_one and all(event["connection"] == "c1" for event in of_one)


def test_a_named_store_and_operator_win_over_the_environment(fleet: Run, tmp_path: Path) -> None:
    other = str(tmp_path / "other.db")
    assert fleet("--store", other, "list").code == 4
    fleet("--store", other, "--operator", "flagged", "import", "-", stdin=lines(line(1)))
    events = fleet("--store", other, "audit", "--json").json
    assert {event["operator"] for event in events if event["kind"] == "import"} == {"flagged"}


@pytest.mark.parametrize(
    ("gate", "ids", "who"),
    [
        (Gate(provider="aiia", bank="Nordea", until=FAR, reason="bank_down"), {"c1", "c3", "c5"}, "Nordea"),
        (Gate(provider="aiia", until=FAR, reason="bank_down"), {f"c{n}" for n in range(1, 7)}, "Aiia, for all banks,"),
    ],
)
def test_a_shut_gate_is_named_as_the_reason(
    fleet: Run, env: dict[str, str], gate: Gate, ids: set[str], who: str
) -> None:
    fleet("sync", "c1", "c2", "--yes")
    store = open_store(Path(env["FORNY_STORE"]), assess=assess, clock=ScaledClock())
    store.keep_gates([gate], datetime.now(UTC))
    store.close()
    shut = {"bank": gate.bank or None, "until": "2099-01-01T12:00:00Z", "reason": "bank_down"}
    listed = fleet("list", "--json").json
    assert {item["id"] for item in listed if item["gate"] == shut} == ids
    assert {item["id"] for item in listed if item["gate"] is None} == {f"c{n}" for n in range(1, 7)} - ids
    assert fleet("why", "c1", "--json").json["gate"] == shut
    assert f"- {who} is not asked before 01.01.99, 13:00: the bank does not answer" in fleet("why", "c1").out
    assert "wait until 01.01.99, 13:00: the bank does not answer" in fleet("list", "id:c1").out
    assert ("wait until" in fleet("list", "id:c2").out) == ("c2" in ids)

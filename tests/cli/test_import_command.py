"""`forny import`: what is counted, what is told, and what is never told."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from backend.guard import GuardedDoor
from backend.store import StoreError
from tests.cli.conftest import Run, line, lines


def test_the_same_file_twice_changes_nothing(forny: Run, tmp_path: Path) -> None:
    file = tmp_path / "fleet.jsonl"
    file.write_text(lines(*(line(number) for number in range(1, 8))))
    first = forny("import", str(file))
    assert (first.code, first.out) == (0, "7 added, 0 changed, 0 unchanged\n")
    again = forny("import", str(file))
    assert (again.code, again.out) == (0, "0 added, 0 changed, 7 unchanged\n")
    assert forny("list", "--count").out == "7\n"


def test_a_changed_line_changes_its_connection_only(forny: Run) -> None:
    forny("import", "-", stdin=lines(line(1), line(2)))
    ran = forny("import", "-", "--json", stdin=lines(line(1, customer="New name"), line(2)))
    assert ran.json == {"added": 0, "changed": 1, "unchanged": 1, "bad": 0}
    assert [item["customer"] for item in forny("list", "--json").json] == ["Kunde 002", "New name"]


def test_bad_lines_are_told_with_number_and_reason_and_good_ones_kept(forny: Run) -> None:
    ran = forny("import", "-", stdin=lines(line(1), "{nonsense", line(2, expires_at="soon"), line(3)))
    assert ran.code == 3 and ran.out == "2 added, 0 changed, 0 unchanged\n"
    assert "Line 2: it is not valid JSON." in ran.err
    assert "Line 3, expires_at: that is no date" in ran.err
    assert forny("list", "--count").out == "2\n"


def test_an_import_that_is_cut_short_says_how_far_it_came(forny: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(door: GuardedDoor, records: Iterator[object], now: datetime, operator: str) -> None:
        next(records), next(records)
        raise StoreError("The disk is full.")

    monkeypatch.setattr(GuardedDoor, "import_records", full)
    ran = forny("import", "-", stdin=lines(line(1), line(2), line(3)))
    assert ran.code == 1 and "stopped after 2 lines" in ran.err and "The disk is full." in ran.err


def test_a_token_is_never_told(forny: Run) -> None:
    broken = lines(line(1, refresh_token="rt-secret-9\x07"), line(2, consent_id=None), line(3, refresh_token=7))
    ran = forny("import", "-", stdin=broken + '{"refresh_token": "rt-secret-9", "agreement_number": [1]}\n')
    assert ran.code == 3
    assert "secret" not in ran.out + ran.err
    assert "refresh_token" in ran.err


def test_a_missing_file_and_a_folder_are_wrong_usage(forny: Run, tmp_path: Path) -> None:
    ran = forny("import", str(tmp_path / "none.jsonl"))
    assert ran.code == 2 and "none.jsonl" in ran.err
    assert forny("import", str(tmp_path)).code == 2


def test_an_empty_file_is_no_error(forny: Run) -> None:
    assert forny("import", "-", stdin="").out == "0 added, 0 changed, 0 unchanged\n"


def test_foreign_text_reaches_no_terminal(forny: Run) -> None:
    forny("import", "-", stdin=lines(line(1, customer="Evil\x1b]52;c;eA==\x07 \u202eApS")))
    for ran in (forny("list"), forny("list", "--json"), forny("list", "--csv"), forny("show", "c1")):
        assert "\x1b" not in ran.out and "\x07" not in ran.out and "\u202e" not in ran.out

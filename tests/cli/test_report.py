"""`forny plan ID --report`: the text for a ticket, on stdout and in a file of one's own."""

import stat
from pathlib import Path

from tests.cli.conftest import Run


def test_a_report_names_everybody_with_what_became_of_him(fleet: Run) -> None:
    assert fleet("sync", "c1", "c2", "--yes").code == 0
    assert fleet("renew", "c2", "c3", "--yes").code == 3, "c2 is held by the first plan"
    done = fleet("plan", "2", "--report")
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0].startswith("Plan 2: renew, tester") and lines[1] == "Outcome: 1 refused, 1 queued"
    assert "Kunde 002 (c2)" in done.out and "Kunde 003 (c3)" in done.out
    assert all(len(line) <= 80 for line in lines)
    assert fleet("--language", "da", "plan", "2", "--report").out.splitlines()[1] == "Udfald: 1 afvist, 1 i kø"


def test_a_report_in_a_file_is_its_owners_and_overwrites_nothing(fleet: Run, tmp_path: Path) -> None:
    assert fleet("sync", "c1", "--yes").code == 0
    place = tmp_path / "report.txt"
    done = fleet("plan", "1", "--report", str(place))
    assert done.code == 0 and done.out == "" and str(place) in done.err
    assert place.read_text("utf-8") == fleet("plan", "1", "--report").out
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    place.write_text("mine")
    again = fleet("plan", "1", "--report", str(place))
    assert again.code == 2 and "not touched" in again.err and place.read_text() == "mine"
    nowhere = fleet("plan", "1", "--report", str(tmp_path / "no" / "such"))
    assert nowhere.code == 2 and "cannot be written" in nowhere.err
    assert sorted(path.name for path in tmp_path.iterdir() if "report" in path.name) == ["report.txt"]
    assert fleet("plan", "99", "--report").code == 4

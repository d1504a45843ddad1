"""`forny audit`: its lines, their filters, the check of store and export, and the copy for an auditor."""

import csv
import hashlib
import json
import socket
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Ran, Run, line, lines

TERMINAL = {"SSH_CONNECTION": "10.0.0.5 51234 10.0.0.1 22"}


def tamper(env: dict[str, str], *statements: str) -> None:
    with closing(sqlite3.connect(env["FORNY_STORE"])) as raw, raw:
        for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            raw.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            raw.execute(statement)


def seal(env: dict[str, str]) -> None:
    """What the agent does now and then."""
    from backend.model.clock import ScaledClock
    from backend.rules.assess import assess
    from backend.store import open_store

    store = open_store(Path(env["FORNY_STORE"]), assess=assess, clock=ScaledClock())
    store.seal_audit(ScaledClock().now(), at_once=True)
    store.close()


def test_lines_are_told_with_who_from_where_and_of_which_plan(fleet: Run) -> None:
    assert fleet("sync", "c1", "--yes", extra=TERMINAL).code == 0
    ran = fleet("audit", "c1", "--kind", "sync")
    header = "No At Who From What Plan Connection Data"
    assert ran.code == 0 and ran.out.splitlines()[0].split() == header.split()
    told = ran.out.splitlines()[1]
    assert "tester" in told and "from 10.0.0.5" in told and "sync.intent" in told and "c1" in told
    (event,) = fleet("audit", "--kind", "sync.intent", "--by", "tester", "--json").json
    assert event["data"]["terminal"].endswith("from 10.0.0.5") and event["data"]["plan"] == 1
    assert event in fleet("audit", "--plan", "1", "--json").json
    assert fleet("audit", "--plan", "2").code == fleet("audit", "--by", "nobody").code == 4


def test_times_narrow_the_lines(fleet: Run) -> None:
    everything = fleet("audit", "--json").json
    assert fleet("audit", "--since", "1h", "--json").json == everything
    assert fleet("audit", "--until", "1h", "--json").json == []
    ran = fleet("audit", "--since", "whenever")
    assert ran.code == 2 and "whenever" in ran.err


def test_the_newest_lines_of_an_agreement_with_two_connections_come_in_their_order(fleet: Run) -> None:
    whole = [event["seq"] for event in fleet("audit", "1005", "--limit", "0", "--json").json]
    assert whole == sorted(whole)
    assert [event["seq"] for event in fleet("audit", "1005", "--limit", "2", "--json").json] == whole[-2:]


def test_following_goes_on_with_what_comes(program: Run, env: dict[str, str]) -> None:
    import os
    import subprocess
    import sys

    program("import", "-", stdin=lines(line(1)))
    command = [sys.executable, "-m", "tui.cli", "audit", "--follow", "--json"]
    environment = {"PATH": os.environ["PATH"], "HOME": env["XDG_DATA_HOME"], **env}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as following:
        assert following.stdout is not None
        first = json.loads(following.stdout.readline())
        program("import", "-", stdin=lines(line(2)))
        kinds = [first["kind"]]
        while kinds.count("import") < 2:
            kinds.append(json.loads(following.stdout.readline())["kind"])
        following.terminate()
    assert first["seq"] == 1


# -- checking --------------------------------------------------------------------------------------------------


def test_a_whole_log_is_said_to_be_whole_and_how_far_it_is_sealed(fleet: Run, env: dict[str, str]) -> None:
    ran = fleet("audit", "--verify")
    assert ran.code == 0 and "the chain is whole" in ran.out and "no seals yet" in ran.err
    seal(env)
    ran = fleet("audit", "--verify")
    assert ran.code == 0 and "Sealed up to line" in ran.out and "no anchor outside the store" in ran.err


@pytest.mark.parametrize(
    ("sql", "reason", "words"),
    [
        ("UPDATE events SET operator = 'nobody' WHERE seq = 2", "edited", "Changed: line 2."),
        ("DELETE FROM events WHERE seq = 2", "deleted", "Deleted: line 2,"),
        ("DELETE FROM events WHERE seq > 1", "cut_off", "Cut off: lines 2 to"),
        ("UPDATE checkpoints SET seal = 'forged'", "other_key", "Sealed with another key"),
        ("DELETE FROM events", "cut_off", "the last one left is from the beginning"),
    ],
)
def test_tampering_is_told_with_its_place(fleet: Run, env: dict[str, str], sql: str, reason: str, words: str) -> None:
    fleet("sync", "c1", "c2", "--yes")
    seal(env)
    tamper(env, sql)
    ran = fleet("audit", "--verify", "--json")
    assert ran.code == 1 and ran.json["reason"] == reason and ran.json["broken_at"] == ran.json["findings"][0]["first"]
    assert words in ran.err and "compare with a backup" in ran.err
    assert fleet("audit", "--verify").out == "", "nothing that is not whole is said to be so"
    danish = fleet("--language", "da", "audit", "--verify")
    assert danish.code == 1 and "sammenlign med en sikkerhedskopi" in danish.err


def test_an_anchor_shows_what_was_cut_off_together_with_its_seals(
    fleet: Run, env: dict[str, str], tmp_path: Path
) -> None:
    from backend.anchor import anchor_at
    from backend.model.audit import Witness
    from backend.model.clock import ScaledClock

    anchor = {"FORNY_AUDIT_ANCHOR": str(tmp_path / "anchor")}
    seal(env)
    ran = fleet("audit", "--verify", extra=anchor)
    assert ran.code == 1 and "anchor file is missing" in ran.err
    last = fleet("audit", "--limit", "1", "--json").json[0]
    (tmp_path / "anchor").touch(0o600)
    assert "anchor file is missing" in fleet("audit", "--verify", extra=anchor).err, "one that is empty says nothing"
    note = anchor_at(anchor["FORNY_AUDIT_ANCHOR"], Path(env["FORNY_STORE"]))
    first = fleet("audit", "--limit", "0", "--json").json[0]
    note(Witness(first["seq"], ScaledClock().now(), first["hash"]))
    assert "The anchor is behind" in fleet("audit", "--verify", extra=anchor).err
    note(Witness(last["seq"], ScaledClock().now(), last["hash"]))
    assert stat.S_IMODE((tmp_path / "anchor").stat().st_mode) == 0o600
    ran = fleet("audit", "--verify", extra=anchor)
    assert ran.code == 0 and f"anchor outside the store reaches to line {last['seq']}" in ran.out
    tamper(env, f"DELETE FROM events WHERE seq = {last['seq']}", "DELETE FROM checkpoints")
    assert fleet("audit", "--verify").code == 0
    ran = fleet("audit", "--verify", "--json", extra=anchor)
    assert ran.code == 1 and ran.json["reason"] == "cut_off" and ran.json["findings"][0]["seen_at"]
    with (tmp_path / "anchor").open("a") as file:
        file.write("what is this\n")
    assert "anchor file's line 3 cannot be read" in fleet("audit", "--verify", extra=anchor).err


def test_doctor_says_how_it_stands_with_seals_and_anchor(fleet: Run, env: dict[str, str], tmp_path: Path) -> None:
    def told(**extra: str) -> list[tuple[str, str]]:
        found = fleet("doctor", "--json", extra=extra).json
        return [(one["level"], one["text"]) for one in found if one["subject"] == "audit"]

    where = str(tmp_path / "anchor")
    assert told()[0][0] == "warn" and "no anchor outside the store" in told()[0][1]
    assert told(FORNY_AUDIT_ANCHOR=where) == [("ok", "the anchor reaches to line 0")]
    seal(env)
    assert "missing" in told(FORNY_AUDIT_ANCHOR=where)[0][1]
    assert told(FORNY_AUDIT_ANCHOR="syslog")[0][0] == "ok"
    last = fleet("audit", "--limit", "1", "--json").json[0]
    Path(where).write_text(f"1 {'0' * 64} 2026-01-01T00:00:00Z\n")
    fleet("problem", "note", "c1", "hello")
    assert told(FORNY_AUDIT_ANCHOR=where)[0][0] == "ok", "a seal may be young"
    tamper(env, "UPDATE checkpoints SET at = at - 7200000")
    assert [level for level, _ in told(FORNY_AUDIT_ANCHOR=where)] == ["warn", "warn"]
    assert f"only reaches to line 1, the seals to {last['seq']}" in told(FORNY_AUDIT_ANCHOR=where)[1][1]


def test_a_wrong_anchor_is_refused(fleet: Run) -> None:
    ran = fleet("audit", extra={"FORNY_AUDIT_ANCHOR": "https://example.test"})
    assert ran.code == 2 and "syslog://HOST" in ran.err


# -- for an auditor --------------------------------------------------------------------------------------------


@pytest.fixture
def exported(fleet: Run, env: dict[str, str], tmp_path: Path) -> Path:
    fleet("sync", "c1", "c2", "--yes")
    seal(env)
    fleet("sync", "c3", "--yes")
    file = tmp_path / "audit.jsonl"
    ran = fleet("audit", "--export", str(file))
    assert ran.code == 0 and ran.out == "" and "forny audit --verify --file" in ran.err
    return file


def check(forny: Run, file: Path, **extra: str) -> Ran:
    return forny("audit", "--verify", "--file", str(file), "--json", extra=extra)


def test_an_export_is_whole_private_and_checked_without_the_store(exported: Path, forny: Run, tmp_path: Path) -> None:
    assert stat.S_IMODE(exported.stat().st_mode) == 0o600
    count = len(exported.read_text().splitlines()) - 1
    ran = check(forny, exported)
    assert ran.code == 0 and ran.json["checked"] == ran.json["sealed"] == count
    elsewhere = tmp_path / "elsewhere" / "none.db"
    ran = check(forny, exported, FORNY_STORE=str(elsewhere))
    assert ran.code == 0 and ran.json["checked"] == count and ran.json["sealed"] == 0
    assert not elsewhere.parent.exists(), "a check makes no store"
    ran = forny("audit", "--verify", "--file", str(exported), extra={"FORNY_STORE": str(elsewhere)})
    assert "The seals were not tried" in ran.err
    assert list(tmp_path.glob(".audit*")) == []


def test_another_file_is_a_mistake_and_no_alarm(forny: Run, tmp_path: Path) -> None:
    other = tmp_path / "audit.csv"
    other.write_text("No,At\n1,2026\n")
    ran = check(forny, other)
    assert (ran.code, ran.out) == (2, "") and "no export in JSON Lines" in ran.err and "\n" not in ran.err.strip()


def test_the_recipe_of_the_hash_holds(exported: Path) -> None:
    *written, last = map(json.loads, exported.read_text().splitlines())
    prev = "0" * 64
    for item in written:
        ms = round(datetime.fromisoformat(item["at"]).timestamp() * 1000)
        number = item["connection"][1:] if item["connection"] else "None"
        parts = (prev, item["seq"], ms, item["kind"], number, item["operator"], item["host"], item["data"])
        prev = hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()
        assert prev == item["hash"]
    assert last["manifest"]["lines"] == len(written) and last["manifest"]["hash"] == prev
    assert len(last["manifest"]["seals"]) == 1


@pytest.mark.parametrize(
    ("place", "old", "new", "reason"),
    [
        (1, '"tester"', '"nobody"', "edited"),
        (-1, '"seal": "', '"seal": "00', "other_key"),
        (-1, '"operator": "tester"', '"operator": "nobody"', "other_key"),
        (-1, '"at": "2', '"at": "1', "other_key"),
        (-1, '"manifest": {', '"manifest": {"note": 1, ', "no_manifest"),
        (1, '"seq": ', '"seq": 7, "seq": ', "bad_file"),
        (1, '"kind": ', '"note": "x", "kind": ', "bad_file"),
        (1, 'Z", "kind"', '999Z", "kind"', "bad_file"),
        (2, "{", "[", "bad_file"),
    ],
)
def test_an_export_that_was_changed_is_found(
    exported: Path, forny: Run, place: int, old: str, new: str, reason: str
) -> None:
    written = exported.read_text().splitlines(keepends=True)
    place = next(n for n in range(place, len(written)) if old in written[n]) if place >= 0 else place
    written[place] = written[place].replace(old, new)
    exported.write_text("".join(written))
    ran = check(forny, exported)
    assert ran.code == 1 and reason in [one["damage"] for one in ran.json["findings"]]


@pytest.mark.parametrize(("gone", "reason"), [(slice(3, 4), "deleted"), (slice(-1, None), "no_manifest")])
def test_an_export_that_lost_lines_is_found(exported: Path, forny: Run, gone: slice, reason: str) -> None:
    written = exported.read_text().splitlines(keepends=True)
    del written[gone]
    exported.write_text("".join(written))
    ran = check(forny, exported)
    assert ran.code == 1 and ran.json["reason"] == reason


def rewritten(exported: Path, change: Callable[[list[str], dict[str, Any]], list[str]]) -> None:
    """The export with its lines changed, and its manifest as far as one can who has no key."""
    *written, last = exported.read_text().splitlines(keepends=True)
    manifest = json.loads(last)
    exported.write_text(
        "".join(change(written, manifest["manifest"])) + json.dumps(manifest, ensure_ascii=False) + "\n"
    )


def test_an_export_that_was_cut_off_at_an_earlier_seal_is_found(exported: Path, forny: Run) -> None:
    def cut(written: list[str], manifest: dict[str, Any]) -> list[str]:
        seal = manifest["seals"][0]
        assert seal["seq"] < manifest["lines"]
        manifest.update(lines=seal["seq"], hash=seal["hash"], at=seal["at"], seal=seal["seal"])
        return written[: seal["seq"]]

    rewritten(exported, cut)
    ran = check(forny, exported)
    assert ran.code == 1 and ran.json["reason"] == "other_key"


@pytest.mark.parametrize("lines", [0, 1])
def test_a_line_that_was_put_at_the_end_of_an_export_is_found(exported: Path, forny: Run, lines: int) -> None:
    def add(written: list[str], manifest: dict[str, Any]) -> list[str]:
        item = json.loads(written[-1])
        ms = round(datetime.fromisoformat(item["at"]).timestamp() * 1000)
        item |= {"seq": item["seq"] + 1, "prev": item["hash"], "connection": None}
        parts = (item["hash"], item["seq"], ms, item["kind"], "None", item["operator"], item["host"], item["data"])
        item["hash"] = hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()
        manifest["lines"] += lines
        return [*written, json.dumps(item, ensure_ascii=False) + "\n"]

    rewritten(exported, add)
    ran = check(forny, exported)
    assert ran.code == 1 and ran.json["reason"] == ("other_key" if lines else "inserted")


def test_an_export_replaces_nothing_that_it_was_not_told_to(exported: Path, forny: Run) -> None:
    before = exported.read_text()
    ran = forny("audit", "--export", str(exported))
    assert ran.code == 2 and "--force" in ran.err and exported.read_text() == before
    assert forny("audit", "--export", str(exported), "--force").code == 0
    assert check(forny, exported).code == 0
    ran = forny("audit", "--export", str(exported / "below"))
    assert ran.code == 1 and "cannot be written" in ran.err
    assert forny("audit", "--verify", "--file", str(exported) + ".none").code == 2
    assert forny("audit", "--file", str(exported)).code == 2


def test_a_spreadsheet_gets_no_formula(fleet: Run, tmp_path: Path) -> None:
    formula = "=HYPERLINK(1)"
    assert fleet("--operator", formula, "problem", "note", "c1", "@SUM(1+1)").code == 0
    file = tmp_path / "audit.csv"
    assert fleet("audit", "--export", str(file)).code == 0
    with file.open(newline="") as opened:
        header, *rows, last = csv.reader(opened)
    assert header[0] == "seq" and [row[0] for row in rows] == [str(n) for n in range(1, len(rows) + 1)]
    assert f"'{formula}" in {row[4] for row in rows} and last[0] == "manifest" and last[8] == rows[-1][8]
    assert last[6] == f"{len(rows)} lines" and not any(cell[:1] in "=+-@" and cell for row in rows for cell in row)


# -- syslog ----------------------------------------------------------------------------------------------------


def test_syslog_hears_of_a_seal(tmp_path: Path) -> None:
    from backend.anchor import anchor_at, syslog_address
    from backend.model.audit import Witness
    from tests.fakes import NOON

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as heard:
        heard.bind(("127.0.0.1", 0))
        heard.settimeout(10)
        anchor_at(f"syslog://127.0.0.1:{heard.getsockname()[1]}", tmp_path)(Witness(7, NOON, "a" * 64))
        message = heard.recv(999).decode()
    assert message == f"<109>forny-audit: 7 {'a' * 64} 2026-03-02T12:00:00.000+00:00 {tmp_path}"
    assert syslog_address("syslog") == "/dev/log" and syslog_address("syslog://log.test") == ("log.test", 514)
    assert syslog_address("/var/log/anchor") is None

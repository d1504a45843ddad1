"""The whole line by commands: a sandbox world, an import, rounds, acts, renewals walked by a customer."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from backend.sandbox.serve import Running, running_world
from tests.cli.conftest import Ran, Run
from tui.commands import asking

CUSTOMERS = 12
EXPIRED, FINE, GONE = "1200006", "1200000", "1200024"


@pytest.fixture
def world() -> Iterator[Running]:
    with running_world(customers=CUSTOMERS) as running:
        yield running


@pytest.fixture
def wired(world: Running, env: dict[str, str]) -> dict[str, str]:
    """The environment in which everything leads to the sandbox."""
    at = world.addresses
    env |= {
        "FORNY_AIIA_BASE_URL": at["aiia"],
        "FORNY_AIIA_CLIENT_ID": at["client_id"],
        "FORNY_AIIA_CLIENT_SECRET": at["client_secret"],
        "FORNY_AIIA_REDIRECT_URL": f"http://127.0.0.1:{free_port()}/aiia",
        "FORNY_RECONCILIATION_URL": at["reconciliation"],
        "FORNY_RECONCILIATION_TOKEN": at["reconciliation_token"],
        "FORNY_SMTP_URL": at["smtp"],
        "FORNY_CLOCK": at["clock"],
        "FORNY_SANDBOX_URL": at["control"],
    }
    return env


@pytest.fixture
def line(wired: dict[str, str], world: Running, forny: Run) -> Run:
    """`forny` with the world's fleet imported."""
    ran = forny("import", "-", stdin="".join(f"{item}\n" for item in world.client.fleet()))
    assert ran.code == 0, ran.err
    return forny


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def by_agreement(ran: Ran, agreement: str) -> dict[str, Any]:
    found: dict[str, Any] = next(item for item in ran.json if item["agreement_number"] == agreement)
    return found


def test_rounds_deliver_every_posting_once_and_tell_how_it_went(line: Run, world: Running) -> None:
    first = line("agent", "--once", "--json")
    assert first.code == 3, first.err  # one ledger account of this world is barred
    assert first.json["fetched"] > 5 and first.json["delivered"] > 0 and first.json["rejected"] > 0
    assert "Round:" in first.err
    told = line("postings", "--json").json
    acknowledged = {item["id"] for item in told if item["state"] == "acknowledged"}
    assert {"held", "acknowledged", "rejected"} <= {item["state"] for item in told}
    assert all(item["acknowledged_at"] for item in told if item["state"] == "acknowledged")
    assert line("agent", "--once", "--json").json["rejected"] == 0
    received = world.client.books()["postings"]
    assert received["received"] == received["distinct"] and received["acknowledged"] == len(acknowledged)
    fleet = line("list", "--json")
    assert by_agreement(fleet, FINE)["fetch"] == "ok" and by_agreement(fleet, FINE)["last_fetched"].endswith("Z")
    assert by_agreement(fleet, EXPIRED)["action"] == "renew"
    held = line("postings", "state:held", "agreement:1200015", "--json").json
    assert held and {item["reason"] for item in held} == {"no_ledger_account"}


def test_a_renewal_from_command_to_rows(line: Run, world: Running, wired: dict[str, str]) -> None:
    asked = line("renew", EXPIRED, "--yes", "--json")
    assert asked.code == 0 and "No agent is running" not in asked.out
    assert asked.json["actions"][0]["state"] == "intent"
    again = line("renew", EXPIRED, "--yes", "--json")
    assert again.code == 3 and again.json["plan"] is None
    with standing(wired) as agent:
        plan = str(asked.json["plan"])
        assert line("renew", FINE, "--yes", "--wait", "--json").json["counts"] == {"awaiting_customer": 1}
        action = line("plan", plan, "--json").json["actions"][0]
        assert action["state"] == "awaiting_customer"
        mails = world.client.mails()
        assert any(action["result"]["link"] in mail["text"] for mail in mails)
        before = line("show", EXPIRED, "--json").json
        assert before["case"]["stage"] == "sent" and before["status"] == "INAKTIV"
        walked = line("sandbox", "walk", EXPIRED)
        assert walked.code == 0 and walked.json["status"] == 200, walked.err
        assert end(agent, signal.SIGTERM) == 0
    assert line("agent", "--once").code in (0, 3, 5)
    after = line("show", EXPIRED, "--json").json
    assert after["consent"] == "valid" and after["status"] == "AKTIV"
    assert line("plan", plan, "--json").json["actions"][0]["state"] == "done"


def test_wait_without_an_agent_works_the_plan_off_and_says_that_the_customer_is_needed(line: Run) -> None:
    ran = line("renew", EXPIRED, "--yes", "--wait", "--json")
    assert ran.code == 5 and ran.json["actions"][0]["result"]["link"].startswith("http://127.0.0.1")
    ran = line("sync", FINE, "--yes", "--wait", "--json")
    assert (ran.code, ran.json["counts"]) == (0, {"done": 1})
    ran = line("connect", FINE, "--bank", "Nordea", "--yes", "--wait", "--json")
    assert ran.code == 5 and len(line("list", FINE, "--json").json) == 2


def test_a_sync_that_cannot_work_offers_renew_and_sync_as_one_step(line: Run) -> None:
    line("agent", "--once")
    ran = line("sync", EXPIRED, "--yes")
    assert ran.code == 3 and "--then-sync" in ran.err
    ran = line("renew", EXPIRED, "--then-sync", "--dry-run", "--json")
    assert ran.code == 0 and ran.json["then_sync"] is True and ran.json["digest"]
    assert line("plans").code == 4
    (kept,) = line("plans", "--drafts", "--json").json
    assert (kept["plan"], kept["state"], kept["counts"]) == (ran.json["plan"], "draft", {"planned": 1})
    assert line("plan", str(kept["plan"]), "run", "--yes", "--wait", "--json").json["counts"] == {
        "awaiting_customer": 1
    }


def test_remove_cuts_the_link_and_says_how_long_the_consent_lives(line: Run) -> None:
    ran = line("remove", FINE, "--yes", "--wait", "--json")
    assert ran.code == 0 and ran.json["actions"][0]["result"]["consent_lives_until"].startswith("20")
    gone = by_agreement(line("list", "--json"), FINE)
    assert (gone["consent"], gone["status"]) == ("removed", "INAKTIV")
    again = line("remove", FINE, "--yes", "--json")
    assert again.code == 3 and again.json["refused"][0]["reason"] == "already_removed"


def test_without_yes_and_without_a_person_nothing_happens(line: Run) -> None:
    ran = line("remove", "--filter", "*")
    assert (ran.code, ran.out) == (2, "") and "--yes" in ran.err
    assert line("plans").code == 4


@pytest.mark.parametrize(
    ("act", "answer", "code"),
    [("renew", "y", 0), ("renew", "", 3), ("remove", "1", 0), ("remove", "y", 3), ("remove", "2", 3)],
)
def test_confirming_scales_with_harm(
    line: Run, monkeypatch: pytest.MonkeyPatch, act: str, answer: str, code: int
) -> None:
    monkeypatch.setattr(asking, "on_a_terminal", lambda: True)
    ran = line(act, FINE, stdin=f"{answer}\n")
    assert ran.code == code, ran.err
    assert line("plans").code == (0 if code == 0 else 4)


def test_usage_of_the_acts(line: Run) -> None:
    assert line("renew").code == 2
    assert line("renew", "c1", "--filter", "*").code == 2
    assert line("renew", "--filter", " ").code == 2
    assert line("sync", "c999", "--yes").code == 4
    assert line("sync", "c1", "c999", "--yes").code == 4
    assert line("remove", "--filter", "nobody", "--yes").code == 4
    assert line("connect", "999", "--yes").code == 4
    assert line("plans").code == 4


def test_doctor_finds_all_in_order_and_says_what_is_not(line: Run) -> None:
    ran = line("doctor", "--json")
    assert ran.code == 0, ran.out
    subjects = {finding["subject"] for finding in ran.json}
    assert {"configuration", "store", "agent", "aiia", "reconciliation", "mail", "clock"} <= subjects
    wrong = line("doctor", "--json", extra={"FORNY_AIIA_CLIENT_SECRET": "hunter2"})
    (failed,) = [finding for finding in wrong.json if finding["level"] == "fail"]
    assert wrong.code == 1 and failed["subject"] == "aiia" and failed["todo"] and "hunter2" not in wrong.out
    lost = line("doctor", extra={"FORNY_RECONCILIATION_URL": "http://127.0.0.1:9"})
    assert lost.code == 1 and "reconciliation" in lost.out


def test_a_round_that_cannot_work_says_so(line: Run) -> None:
    wrong = line("agent", "--once", extra={"FORNY_AIIA_CLIENT_SECRET": "hunter2"})
    assert wrong.code == 1 and "forny doctor" in wrong.err and "hunter2" not in wrong.err
    lost = line("agent", "--once", extra={"FORNY_AIIA_BASE_URL": "http://127.0.0.1:9"})
    assert lost.code == 1 and "Traceback" not in lost.err


def test_following_the_log_shows_what_comes_until_interrupted(line: Run, wired: dict[str, str]) -> None:
    whole = {"PATH": os.environ["PATH"], "HOME": wired["XDG_DATA_HOME"], **wired}
    command = [sys.executable, "-m", "tui.cli", "postings", "--follow", "--json", "state:acknowledged"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=whole) as log:
        assert log.stdout is not None
        try:
            assert line("agent", "--once").code == 3
            told = [json.loads(log.stdout.readline()) for _ in range(100)]
            log.send_signal(signal.SIGINT)
            _, err = log.communicate(timeout=30)
        finally:
            log.kill()
    assert (log.returncode, err) == (0, b"")
    assert len({item["id"] for item in told}) == 100
    assert [item["seq"] for item in told] == sorted(item["seq"] for item in told)


# -- processes -------------------------------------------------------------------------------------------------


class standing:
    """A standing agent as a process; it lives when the block begins and is gone when it ends."""

    def __init__(self, env: dict[str, str], *options: str) -> None:
        whole = {"PATH": os.environ["PATH"], "HOME": env["XDG_DATA_HOME"], **env}
        command = [sys.executable, "-m", "tui.cli", "agent", *options]
        self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=whole)

    def __enter__(self) -> "subprocess.Popen[bytes]":
        assert self.child.stderr is not None
        assert b"works on" in self.child.stderr.readline()
        return self.child

    def __exit__(self, *_: object) -> None:
        if self.child.poll() is None:
            self.child.kill()
        self.child.communicate()


def end(child: "subprocess.Popen[bytes]", number: int) -> int:
    child.send_signal(number)
    return child.wait(30)


def test_one_agent_at_a_time_and_the_other_is_named(line: Run, wired: dict[str, str]) -> None:
    with standing(wired) as agent:
        busy = line("agent", "--once")
        assert busy.code == 1 and str(agent.pid) in busy.err
        assert end(agent, signal.SIGINT) == 0
    assert line("agent", "--once").code == 3


def test_an_agent_that_serves_a_console_ends_with_it(line: Run, wired: dict[str, str]) -> None:
    with standing(wired, "--until-stdin-closes") as agent:
        assert agent.stdin is not None
        agent.stdin.close()
        agent.stdin = None
        assert agent.wait(30) == 0


def test_a_consoles_agent_steps_aside_for_a_standing_one(line: Run, wired: dict[str, str]) -> None:
    with standing(wired, "--until-stdin-closes") as child, standing(wired) as agent:
        assert child.wait(30) == 0
        assert agent.poll() is None
        assert end(agent, signal.SIGHUP) == 0


def processes_in(folder: Path) -> list[int]:
    """The processes whose environment names the folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if str(folder).encode() in (process / "environ").read_bytes():
                found.append(int(process.name))
    return found


def wait_for(pids: list[int]) -> None:
    """Until these processes have ended, whoever their parent is."""
    for pid in pids:
        with suppress(ProcessLookupError):
            handle = os.pidfd_open(pid)
            try:
                assert select.select([handle], [], [], 60)[0], "it still runs"
            finally:
                os.close(handle)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize(("how", "code"), [("time", 0), ("SIGINT", 130), ("SIGHUP", 129), ("SIGKILL", -9)])
def test_a_demo_leaves_nothing(env: dict[str, str], tmp_path: Path, how: str, code: int) -> None:
    place = tmp_path / "tmp"
    place.mkdir()
    whole = {"PATH": os.environ["PATH"], "HOME": env["XDG_DATA_HOME"], "TMPDIR": str(place), "LC_ALL": "C"}
    command = [sys.executable, "-m", "tui.cli", "demo", "--headless", "--customers", "3"]
    command += ["--for", "0"] if how == "time" else []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=whole) as demo:
        assert demo.stdout is not None
        told = json.loads(demo.stdout.readline())
        assert Path(told["store"]).is_relative_to(place) and {"store", "addresses", "env"} <= set(told)
        pids = processes_in(place)
        if how != "time":
            assert len(pids) == 3, "demo, sandbox and agent"
            demo.send_signal(getattr(signal, how))
        demo.communicate(timeout=60)
    wait_for(pids)
    assert demo.returncode == code
    assert processes_in(place) == [] and list(place.iterdir()) == []


def test_a_removal_can_be_undone_until_it_happens_and_a_plan_that_is_over_cannot_be_steered(line: Run) -> None:
    ran = line("remove", FINE, "--yes", "--json", extra={"FORNY_UNDO_WINDOW": "10m"})
    plan = str(ran.json["plan"])
    assert ran.code == 0 and ran.json["counts"] == {"intent": 1} and ran.json["waits"] == 1
    assert line("agent", "--once").code in (0, 3, 5)
    assert by_agreement(line("list", "--json"), FINE)["consent"] != "removed"
    undone = line("plan", plan, "undo", "--json")
    assert (undone.code, undone.json["state"], undone.json["counts"]) == (0, "cancelled", {"cancelled": 1})
    again = line("plan", plan, "cancel")
    assert again.code == 3 and "is over" in again.err
    repeated = line("plan", "last", "again", "--yes", "--wait", "--json")
    assert (repeated.code, repeated.json["counts"]) == (0, {"done": 1})
    assert by_agreement(line("list", "--json"), FINE)["consent"] == "removed"

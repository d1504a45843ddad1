"""One rule for all commands: what is asked, what an answer is, and what the exit code says of how it ended."""

import os
import pty
import select
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backend.model.facts import Act
from backend.model.plans import ActionState, PlanState, PlanView
from backend.texts import LANGUAGES, texts_in
from tests.cli.conftest import Run, line, lines
from tui.commands.planned import exit_code
from tui.commands.shapes import reason_text

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
S = ActionState


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody can be asked."""
    monkeypatch.setattr("tui.commands.asking.on_a_terminal", lambda: True)


def view(counts: dict[ActionState, int], state: PlanState = PlanState.RUNNING) -> PlanView:
    return PlanView(
        **{"id": 1, "act": Act.SYNC, "operator": "eva", "host": "h", "created_at": NOON},  # type: ignore[arg-type]
        counts=counts,
        actions=(),
        refused=(),
        state=state,
    )


@pytest.mark.parametrize(
    ("counts", "code", "waited_for"),
    [
        ({S.DONE: 3}, 0, 0),
        ({S.DONE: 1, S.AWAITING_CUSTOMER: 1}, 0, 5),
        ({S.AWAITING_CUSTOMER: 1, S.FAILED: 1}, 0, 3),
        ({S.UNKNOWN: 1}, 0, 3),
        ({S.CANCELLED: 1}, 0, 3),
        ({S.INTENT: 2}, 0, 3),
        ({S.DONE: 1, S.WAITING: 1}, 0, 3),
        ({S.AWAITING_CUSTOMER: 1, S.INTENT: 1}, 0, 3),
    ],
)
def test_the_exit_code_tells_how_a_plan_stands(counts: dict[ActionState, int], code: int, waited_for: int) -> None:
    assert exit_code(view(counts), waited=False) == code
    assert exit_code(view(counts), waited=True) == waited_for
    assert exit_code(view(counts, PlanState.APPROVAL), waited=False) == 3, "nothing happens before it is approved"


def test_who_stops_a_plan_is_not_told_that_it_was_refused() -> None:
    stopped = view({S.DONE: 1, S.CANCELLED: 2}, PlanState.CANCELLED)
    assert exit_code(stopped, waited=True, stopped=True) == 0


def test_waiting_for_a_plan_tells_what_became_of_it(fleet: Run) -> None:
    assert fleet("remove", "c1", "--yes", extra={"FORNY_UNDO_WINDOW": "10m"}).code == 0
    assert fleet("plan", "last").code == 0, "to show it is all that was wanted"
    assert fleet("plan", "last", "undo", "--wait").code == 0
    assert fleet("plan", "last", "--wait").code == 3


def test_what_waits_counts_alike_shown_and_run(fleet: Run) -> None:
    assert fleet("remove", "c1", "--yes").code == 0
    assert fleet("renew", "c2", "--dry-run").code == 0
    assert fleet("renew", "c1", "c2", "--dry-run").code == fleet("renew", "c1", "c2", "--yes").code == 3


def test_last_is_the_newest_that_was_run(fleet: Run) -> None:
    assert fleet("plan", "last").code == 4
    assert fleet("remove", "c1", "--yes", extra={"FORNY_UNDO_WINDOW": "10m"}).code == 0
    assert fleet("--operator", "bo", "remove", "c2", "c3", "--dry-run", "--json").json["plan"] == 2
    assert fleet("plan", "last", "--json").json["plan"] == 1
    assert fleet("plan", "last", "cancel", "--yes").out.startswith("Plan 1: cancelled")


def test_to_resume_is_asked_like_to_run_and_to_cancel_is_asked(fleet: Run, person: None) -> None:
    assert fleet("remove", "c1", "c2", "--yes", extra={"FORNY_UNDO_WINDOW": "10m"}).code == 0
    assert fleet("plan", "1", "pause").code == 0, "what only stops is done at once"
    for answer in ("y", "1", ""):
        ran = fleet("plan", "1", "resume", stdin=f"{answer}\n")
        assert ran.code == 3 and "2 connections. Type the number" in ran.err and "c2" in ran.err
    assert fleet("plan", "1", "resume", stdin="2\n").code == 0
    assert fleet("plan", "1", "cancel", stdin="n\n").code == 3
    assert fleet("plan", "1", "--json").json["state"] == "running"
    assert fleet("plan", "1", "cancel", stdin="y\n").code == 0
    assert fleet("plan", "1", "cancel", stdin="y\n").code == 3, "it is over: nothing to ask"


def test_nobody_to_ask_wants_yes(fleet: Run) -> None:
    assert fleet("sync", "c1", "--yes").code == 0
    assert fleet("plan", "1", "cancel").code == 2
    assert fleet("plan", "1", "cancel", "--yes").code == 0


def test_a_dane_answers_in_danish(fleet: Run, person: None) -> None:
    for answer, code in (("nej", 3), ("", 3), ("ja", 0)):
        ran = fleet("--language", "da", "sync", "c1", stdin=f"{answer}\n")
        assert ran.code == code and "[j/N]" in ran.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="wants a device that is always full")
@pytest.mark.parametrize("how", [(), ("--json",)])
def test_what_was_begun_is_no_failure_when_nobody_can_read_of_it(
    fleet: Run, env: dict[str, str], how: tuple[str, ...]
) -> None:
    command = [sys.executable, "-m", "tui.cli", "sync", "c1", "--yes", *how]
    whole = {"PATH": os.environ["PATH"], "HOME": env["XDG_DATA_HOME"], **env}
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, env=whole, timeout=60)
    told = done.stderr.decode()
    assert done.returncode == 0 and "plan 1 is under way" in told and "did not work" not in told


def test_a_removal_says_until_when_the_consent_lives(forny: Run, fleet: Run) -> None:
    assert "consent until 01.03.99" in fleet("remove", "c1", "--dry-run").out
    forny("import", "-", stdin=lines(line(1, expires_at="2020-01-01T00:00:00Z")))
    assert "consent ended 01.01.20" in fleet("remove", "c1", "--dry-run").out


def test_a_filter_that_says_nothing_acts_on_nobody(fleet: Run) -> None:
    for query in ('""', "//", "!*", 'bank:" "'):
        ran = fleet("remove", "--filter", query, "--yes")
        assert (ran.code, ran.out) == (2, ""), query
    assert fleet("plans").code == 4


ASKS = """
import os
import sys
from tui.commands.asking import confirm
from tui.commands.context import Context
from tui.commands.failures import guarded
from tui.cli import cli
import click

@cli.command()
@click.pass_obj
def ask(context):
    confirm(context, "Go on?")
    print("GONE ON")

print("ready", flush=True)
os.read(int(sys.argv[1]), 1)
cli.get_command = lambda ctx, name: ask
cli.resolve_command = lambda ctx, args: ("ask", ask, [])
sys.exit(guarded(lambda: cli.main(args=["ask"], standalone_mode=False)))
"""


def written(fd: int, until: bytes) -> Iterator[bytes]:
    whole = b""
    while until not in whole:
        assert select.select([fd], [], [], 30)[0], whole
        whole += os.read(fd, 4096)
        yield whole


@pytest.mark.skipif(sys.platform == "win32", reason="wants a pseudo-terminal")
@pytest.mark.parametrize(("answer", "code"), [(b"n\n", 3), (b"y\n", 0)])
def test_keys_typed_before_the_question_do_not_answer_it(env: dict[str, str], answer: bytes, code: int) -> None:
    ours, theirs = pty.openpty()
    go, told = os.pipe()
    child = subprocess.Popen(
        [sys.executable, "-c", ASKS, str(go)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, **env, "NO_COLOR": "1"},
        pass_fds=[go],
    )
    try:
        list(written(ours, b"ready"))
        os.write(ours, b"y\n")
        list(written(ours, b"y\r\n"))  # the terminal has echoed it: it stands in the queue
        os.write(told, b".")
        list(written(ours, b"Go on?"))
        os.write(ours, answer)
        list(written(ours, b"GONE ON" if code == 0 else b"Nothing was done."))
        assert child.wait(30) == code
    finally:
        child.kill() if child.poll() is None else None
        for fd in (ours, theirs, go, told):
            os.close(fd)


@pytest.mark.parametrize(
    "command",
    [
        ("plans",),
        ("audit", "--kind", "nothing"),
        ("forecast",),
        ("list",),
        ("problems",),
        ("incidents",),
        ("reminders",),
        ("webhooks",),
        ("postings",),
    ],
    ids=lambda command: str(command[0]),
)
def test_nothing_found_is_told_alike_to_people_and_programs(forny: Run, command: tuple[str, ...]) -> None:
    assert forny(*command).code == forny(*command, "--json").code == 4


def test_to_follow_a_connection_that_is_not_there_ends(fleet: Run) -> None:
    assert fleet("postings", "--follow", "connection:c999").code == 4


@pytest.mark.parametrize("language", LANGUAGES)
def test_who_is_in_the_way_is_told_in_words_and_danish_time(language: str) -> None:
    reason = "in_work:renew:Nat: Eva (eva):2026-03-02T12:00:00.123000+00:00"
    told = reason_text(texts_in(language), reason)
    assert "Nat: Eva (eva)" in told and "02.03.26, 13:00" in told and ("renew" in told) == (language == "en")


def test_people_read_words_in_their_own_language(fleet: Run) -> None:
    danish = ("--language", "da")
    shown = fleet(*danish, "show", "c1").out
    assert "gyldigt, udløber" in shown and "aldrig" in shown
    assert fleet(*danish, "remove", "c1", "c2", "--yes").out.startswith("Plan 1: 2 sat i gang (fjern)")
    assert "fjerner …" in fleet(*danish, "list", "id:c1").out
    assert "(fjern), i gang" in fleet(*danish, "plan", "1").out and "2 i kø" in fleet(*danish, "plans").out

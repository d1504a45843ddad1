"""How the console ends: quit, crash, signals, a line that drops. The terminal is left as it was found."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.terminal.harness import ENTER, Terminal
from tests.terminal.program import SECRET

PROGRAM = str(Path(__file__).parent / "program.py")
ROOT = str(Path(__file__).parent.parent.parent)
ENV = {"PYTHONPATH": ROOT}
SOON = 8.0
"""Seconds within which a console must be gone after a signal or a dropped line."""


def start(mode: str, folder: Path, *, env: dict[str, str] | None = None, **size: int) -> Terminal:
    return Terminal(PROGRAM, mode, str(folder), env={**ENV, **(env or {})}, **size)


def test_quit_leaves_the_terminal_as_it_was(tmp_path: Path) -> None:
    with start("plain", tmp_path) as it:
        it.see("250 forbindelser")
        assert not it.echoes()
        it.send("q")
        assert it.end() == 0
        assert it.left_clean()
        assert it.echoes()


def test_quit_works_while_the_store_does_not_answer(tmp_path: Path) -> None:
    with start("blocked", tmp_path) as it:
        it.see("SANDBOX")
        it.send("q")
        assert it.end(SOON) == 0
        assert it.left_clean()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_in_order(tmp_path: Path, number: signal.Signals) -> None:
    with start("plain", tmp_path) as it:
        it.see("250 forbindelser")
        it.kill(number)
        assert it.end(SOON) == 128 + number
        assert it.left_clean()
        assert it.echoes()


def test_a_signal_ends_it_while_the_store_does_not_answer(tmp_path: Path) -> None:
    with start("blocked", tmp_path) as it:
        it.see("SANDBOX")
        it.kill(signal.SIGTERM)
        assert it.end(SOON) == 128 + signal.SIGTERM
        assert it.left_clean()


@pytest.mark.parametrize("mode", ["plain", "blocked"])
def test_a_dropped_line_ends_it_soon(tmp_path: Path, mode: str) -> None:
    with start(mode, tmp_path) as it:
        it.see("SANDBOX")
        it.hang_up()
        assert it.end(SOON) != 0


def test_a_dropped_line_ends_it_even_when_hang_ups_were_ignored(tmp_path: Path) -> None:
    """As under nohup: the signal is ignored by inheritance, and the console would spin on a dead terminal."""
    shell = f"trap '' HUP; exec {sys.executable} {PROGRAM} plain {tmp_path}"
    with Terminal("-c", f"import os; os.execvp('sh', ['sh', '-c', {shell!r}])", env=ENV) as it:
        it.see("250 forbindelser")
        it.hang_up()
        assert it.end(SOON) != 0


def test_a_crash_says_one_sentence_and_keeps_the_secret(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    with start("crash", folder) as it:
        it.see("250 forbindelser")
        it.send("j")
        assert it.end() == 1
        assert it.left_clean()
        assert it.echoes()
        tail = it.written[it.written.rfind(b"\x1b[?1049l") :].decode()
        (file,) = folder.iterdir()
        assert file.name in tail.replace("\r\n", "")
        assert "Traceback" not in it.written.decode(errors="replace")
        report = file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "RuntimeError" in report and "quieten" in report
    for secret in (SECRET, SECRET.split()[1], "DK5000400440116243"):
        assert secret not in report
        assert secret.encode() not in it.written


@pytest.mark.parametrize("term", ["dumb", ""])
def test_a_terminal_that_cannot_draw_gets_a_sentence(tmp_path: Path, term: str) -> None:
    with Terminal(PROGRAM, "plain", str(tmp_path), env={**ENV, "TERM": term}) as it:
        assert it.end() == 2
        assert b"forny list" in it.written
        assert b"\x1b" not in it.written


def test_no_terminal_at_all_gets_a_sentence(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, PROGRAM, "plain", str(tmp_path)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env={**os.environ, **ENV, "TERM": "xterm-256color"},
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert b"forny list" in done.stderr
    assert done.stdout == b""


def test_keys_typed_in_one_packet_confirm_nothing(tmp_path: Path) -> None:
    """`r`, right, Enter before anybody can have read the question (`facts/console.md` rule 3)."""
    with start("clock", tmp_path) as it:
        it.see("250 forbindelser")
        it.see("▌")
        it.send(b"r" + b"\x1b[C" + ENTER + ENTER)
        it.see("Forny forbindelsen for")
        it.quiet(0.2)
        assert "▸Fortryd" in it.text()
        assert "sat i gang" not in it.text()
        it.send("q")
        it.send(b"\x1b")
        it.see("Fortrudt")
        it.send("q")
        assert it.end() == 0


def test_keys_of_one_packet_leave_one_question_and_nothing_under_it(tmp_path: Path) -> None:
    with start("clock", tmp_path) as it:
        it.see("▌")
        it.send("s")
        it.see("▸Fortryd")
        it.quiet(0.5)
        it.send(ENTER + ENTER)
        it.see("Fortrudt")
        it.see("▌")
        it.send("q")
        assert it.end() == 0


def test_after_a_stop_the_screen_is_drawn_again(tmp_path: Path) -> None:
    with start("plain", tmp_path) as it:
        it.see("250 forbindelser")
        it.see("▌")
        it.quiet(0.3)
        it.kill(signal.SIGTSTP)
        it.until(lambda: b"\x1b[?1049l" in it.written)
        it.quiet(0.2)
        it.screen.reset()
        it.kill(signal.SIGCONT)
        it.see("250 forbindelser")
        it.see("▌")
        it.send("q")
        assert it.end() == 0

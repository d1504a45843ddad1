"""What goes over the line: nothing that a foreign text could make a terminal do, and nothing while nothing happens."""

import re
from base64 import b64decode
from pathlib import Path

import pytest

from tests.terminal.harness import ENTER, Terminal
from tests.terminal.test_ends import start

OURS = re.compile(
    rb"\x1b\[[0-9;:]*m"  # colours and weights
    rb"|\x1b\[\d*;?\d*[Hf]|\x1b\[\d*[ABCDJKG]"  # where to write, what to clear
    rb"|\x1b\[\?(?:1049|25|1004|2004|2026|2048|7|1000|1003|1015|1006)[hl]"  # modes that are switched on and off again
    rb"|\x1b\[\?(?:2026|2048)\$p|\x1b\[[<>]\d*u"  # what it asks the terminal
)


COPY = re.compile(rb"\x1b\]52;c;[A-Za-z0-9+/]+=*\a")
"""What copying writes: nothing of a text but its base64."""


def leaks(written: bytes) -> bytes:
    """The control bytes that are left when everything of ours is taken away."""
    rest = OURS.sub(b"", written)
    text = rest.decode("utf-8")
    return "".join(char for char in text if not char.isprintable() and char not in "\r\n").encode()


def test_the_check_sees_what_it_should_see() -> None:
    assert leaks(b"\x1b[1;31mhi\x1b[0m\x1b[?25l") == b""
    for hostile in (
        b"\x1b]52;c;aGVq\x07",
        b"\x1bc",
        b"\x1b[5n",
        b"\x1b]8;;http://evil\x1b\\",
        "\x9b31m\u202e".encode(),
    ):
        assert leaks(hostile)


@pytest.mark.parametrize(("cols", "rows", "opened"), [(80, 24, 8), (160, 30, 1)])
def test_no_control_byte_of_foreign_text_reaches_the_terminal(
    tmp_path: Path, cols: int, rows: int, opened: int
) -> None:
    with start("hostile", tmp_path, cols=cols, rows=rows) as it:
        it.see("32 forbindelser")
        it.see("▌")
        for _ in range(opened):
            it.send(ENTER)
            it.until(lambda: "Data sidst hentet" in it.text() and "forbindelser" not in it.lines()[1])
            it.send("r")
            it.see("Fortryd")
            it.send(b"\x1b")
            it.see("Fortrudt")
            it.send("y")
            it.see("Det nyeste svar")
            it.send(b"\x1b[D")
            it.see("x fjern")
            it.send("t")
            it.see("z udsæt")
            it.see("Sig til kunden")
            it.send("c")
            it.see("Kopieret")
            it.send(b"\x1b[D")
            it.see("x fjern")
            it.send(b"\x1b[D")
            it.see("32 forbindelser")
            it.send("j")
        it.send("p")
        it.see("Afventende posteringer")
        it.send("m")
        it.see("Meddelelser")
        it.send("?")
        it.see("Taster")
        it.send("q")
        assert it.end() == 0
        assert leaks(COPY.sub(b"", it.written)) == b""
        assert it.left_clean()


def test_an_idle_screen_writes_nothing(tmp_path: Path) -> None:
    with start("plain", tmp_path) as it:
        it.see("31 venter")
        it.see("▌")
        it.quiet(0.6)
        assert it.quiet(1.2) == b""


def test_a_storm_of_sizes_does_no_harm(tmp_path: Path) -> None:
    with start("plain", tmp_path) as it:
        it.see("250 forbindelser")
        for cols, rows in [(200, 50), (1, 1), (80, 24), (10, 3), (500, 200), (60, 20)] * 4:
            it.resize(cols, rows)
            it.send("j")
        it.resize(80, 24)
        it.see("r forny  s synk")
        it.see("▌")
        it.send("q")
        assert it.end() == 0


def test_no_colour_means_none(tmp_path: Path) -> None:
    program = str(Path(__file__).parent / "program.py")
    env = {"PYTHONPATH": str(Path(__file__).parent.parent.parent), "NO_COLOR": "1"}
    with Terminal(program, "plain", str(tmp_path), env=env) as it:
        it.see("250 forbindelser")
        it.see("▌")
        it.send("q")
        it.end()
        codes = {code for found in re.findall(rb"\x1b\[([0-9;]*)m", it.written) for code in found.split(b";")}
        assert codes <= {b"", b"0", b"1", b"2", b"4", b"7", b"39", b"49"}


@pytest.mark.parametrize(
    ("env", "wrapped"),
    [
        ({}, b"%b"),
        ({"TMUX": "/tmp/tmux-1/default,1,0"}, b"%b\x1bPtmux;\x1b%b\x1b\\"),
        ({"TERM": "screen-256color"}, b"screen"),
    ],
)
def test_the_sentence_is_copied_whole_and_in_one_piece(tmp_path: Path, env: dict[str, str], wrapped: bytes) -> None:
    with start("plain", tmp_path, env=env) as it:
        it.see("250 forbindelser")
        it.see("▌")
        it.send(ENTER)
        it.see("Sig til kunden")
        it.send("c")
        it.see("Kopieret: sætningen til kunden")
        it.send("q")
        assert it.end() == 0
        copy = COPY.search(it.written.replace(b"\x1b\\\x1bP", b""))
        assert copy is not None
        assert b64decode(copy[0][7:-1]).decode().startswith("Forbindelsen til ")
        if wrapped == b"screen":
            pieces = [copy[0][at : at + 252] for at in range(0, len(copy[0]), 252)]
            assert b"".join(b"\x1bP" + piece + b"\x1b\\" for piece in pieces) in it.written
        else:
            assert wrapped.replace(b"%b", copy[0]) in it.written

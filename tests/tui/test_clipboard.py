"""Copying by OSC 52: what goes to the terminal, and what is said about it."""

import asyncio
import re
from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.driving import console
from tui.clipboard import MOST, SCREEN_PIECE, sequence

PLAIN = "\x1b]52;c;aGVq\a"


def test_the_bytes_for_each_kind_of_terminal() -> None:
    assert sequence("hej", {}) == sequence("hej", {"TERM": "tmux-256color"}) == PLAIN
    wrapped = "\x1bPtmux;\x1b\x1b]52;c;aGVq\a\x1b\\"
    assert sequence("hej", {"TMUX": "/tmp/x,1,0", "TERM": "screen-256color"}) == PLAIN + wrapped
    assert sequence("hej", {"STY": "1.pts"}) == sequence("hej", {"TERM": "screen"}) == f"\x1bP{PLAIN}\x1b\\"


@given(st.text(max_size=2_000))
def test_any_text_comes_back_and_no_piece_is_longer_than_screen_takes(text: str) -> None:
    made = sequence(text, {"TERM": "screen.xterm-256color"})
    pieces = re.findall("\x1bP(.*?)\x1b\\\\", made, re.S)
    assert "".join(f"\x1bP{piece}\x1b\\" for piece in pieces) == made
    assert all(len(piece) <= SCREEN_PIECE for piece in pieces)
    inner = "".join(pieces)
    assert inner == sequence(text, {})
    assert b64decode(inner.removeprefix("\x1b]52;c;").removesuffix("\a")) == text.encode(errors="replace")


def test_what_terminals_would_cut_is_refused() -> None:
    assert len(sequence("x" * MOST, {})) < 75_000
    with pytest.raises(ValueError, match=str(MOST + 1)):
        sequence("x" * (MOST + 1), {})


def test_without_a_terminal_it_is_said() -> None:
    async def run() -> None:
        async with console() as it:
            it.app.copy("hej", "noget")
            await it.see("ingen terminal at kopiere til")
            it.app.copy("x" * (MOST + 1), "noget")
            await it.see("For langt til at kopiere: noget")

    asyncio.run(run())

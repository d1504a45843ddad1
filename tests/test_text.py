"""Foreign text is cleaned where it enters (law 13)."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.model.text import MAX_TEXT, clean


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b]52;c;cm0gLXJm\x07", "␛]52;c;cm0gLXJm␇"),
        ("a\x9b31mb", "a�31mb"),
        ("del\x7f", "del␡"),
        ("pay\u202egnp.exe", "pay�gnp.exe"),
        ("zero\u200bwidth", "zero�width"),
        ("line\nbreak", "line␊break"),
        ("Smørrebrød ÆØÅ", "Smørrebrød ÆØÅ"),
        (None, ""),
        ("lone \ud800", "lone �"),
    ],
)
def test_hostile_characters_stay_visible_and_harmless(hostile: str | None, shown: str) -> None:
    assert clean(hostile) == shown


@given(st.text())
def test_no_control_or_format_character_survives(text: str) -> None:
    cleaned = clean(text)
    assert len(cleaned) <= MAX_TEXT
    bad = [c for c in cleaned if unicodedata.category(c) in ("Cc", "Cs", "Co") or c in "\u202e\u200b\u2066\ufeff"]
    assert not bad


def test_a_tower_of_marks_is_cut() -> None:
    assert len(clean("a" + "\u0316" * 50)) <= 6


def test_a_long_text_is_cut_and_says_so() -> None:
    assert clean("x" * 900).endswith("…")

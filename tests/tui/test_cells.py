"""Lines that are too wide go on below, and lose no word on the way."""

from hypothesis import example, given
from hypothesis import strategies as st

from tui.cells import Line, folded, width_of


def text_of(line: Line) -> str:
    return "".join(text for text, _ in line)


@given(st.lists(st.text("ab æ漢", max_size=30), max_size=6), st.integers(4, 40))
@example(["  Samtykke gyldigt   ", "Overførsel holdt"], 20)
def test_what_is_folded_fits_and_says_the_same(texts: list[str], width: int) -> None:
    lines = folded([[(text, "text") for text in texts]], width)
    assert all(width_of(text_of(line).rstrip()) <= width for line in lines)
    letters = "".join(text_of(line) for line in lines)
    assert "".join(letters.split()) == "".join("".join(texts).split())


def test_what_fits_is_left_as_it_is_and_what_goes_on_is_indented() -> None:
    line: Line = [("  one ", "dim"), ("two", "text"), (" three", "strong")]
    assert folded([line, []], 16) == [line, []]
    assert [text_of(part).rstrip() for part in folded([line], 10)] == ["  one two", "    three"]

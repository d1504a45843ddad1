"""Every text that a person reads, in Danish and English, from one table (one plain file an area, `AREA.tsv`).

A line is `key⇥Danish⇥English`, so that both languages stand side by side and a changed text is one changed line; `#`
begins a comment and `\\n` is a line break. `{name}` is where a value goes, and `{n:one|many}` is the first word when
the value `n` is 1 and the second for any other: `{n} {n:dag|dage}`. Danish uses the help page's own words.
"""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

LANGUAGES = ("da", "en")

Say = Callable[..., str]
"""`say(key, **values)` gives the text in the language it was made for."""

_FOLDER = Path(__file__).parent
_COUNTED = re.compile(r"\{(\w+):([^{}|]*)\|([^{}|]*)\}")


@cache
def area(name: str) -> dict[str, tuple[str, str]]:
    """The texts of one file, key to (Danish, English). A line of another shape raises ValueError with its place."""
    texts: dict[str, tuple[str, str]] = {}
    for number, line in enumerate((_FOLDER / f"{name}.tsv").read_bytes().decode().split("\n"), 1):
        if not line or line[0] == "#":
            continue
        if "\\" in line:
            line = line.replace("\\n", "\n")
        key, *columns = line.split("\t")
        if len(columns) != len(LANGUAGES) or key in texts:
            raise ValueError(f"{name}.tsv, line {number}: {key!r} is there twice, or is not a key and two texts")
        texts[key] = (columns[0], columns[1])
    return texts


@cache
def table() -> dict[str, tuple[str, str]]:
    """All areas in one; a key that two areas define raises ValueError."""
    whole: dict[str, tuple[str, str]] = {}
    for file in sorted(_FOLDER.glob("*.tsv")):
        texts, known = area(file.stem), len(whole)
        whole |= texts
        if len(whole) != known + len(texts):
            raise ValueError(f"{file.name} defines what another file does: {sorted(texts)}")
    return whole


def texts_in(language: str) -> Say:
    """The function that says things in `language` (`da` or `en`), which reads the texts when it first speaks.

    An unknown key raises KeyError.
    """
    column = LANGUAGES.index(language)

    def say(key: str, **values: object) -> str:
        text = table()[key][column]
        return filled(text, values) if values else text

    return say


def filled(text: str, values: dict[str, object]) -> str:
    """`text` with its values in place, and of `{n:one|many}` the word that goes with the number.

    A number that was already written for people (`"1"`) counts too. A value that is missing raises KeyError.
    """
    if "|" in text:
        text = _COUNTED.sub(lambda found: found[2 if str(values[found[1]]) == "1" else 3], text)
    return text.format(**values)

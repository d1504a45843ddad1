"""Every text that a person reads, in Danish and English, from one table (one module an area).

A module of this package holds `TEXTS: dict[str, tuple[str, str]]`, key to (Danish, English); values are put in
with `str.format`. Danish uses the help page's own words.
"""

from collections.abc import Callable
from importlib import import_module

AREAS = (
    *("audit", "commands", "console", "guard", "handover", "health", "history", "landing", "mail", "pages", "plans"),
    *("postings", "problems", "reminders", "renewals", "sandbox", "setup", "situations"),
)
LANGUAGES = ("da", "en")

Say = Callable[..., str]
"""`say(key, **values)` gives the text in the language it was made for."""


def table() -> dict[str, tuple[str, str]]:
    """All areas in one; a key that two areas define raises ValueError."""
    whole: dict[str, tuple[str, str]] = {}
    for area in AREAS:
        texts: dict[str, tuple[str, str]] = import_module(f"backend.texts.{area}").TEXTS
        if twice := whole.keys() & texts.keys():
            raise ValueError(f"defined twice: {sorted(twice)}")
        whole |= texts
    return whole


def texts_in(language: str) -> Say:
    """The function that says things in `language` (`da` or `en`). An unknown key raises KeyError."""
    whole, column = table(), LANGUAGES.index(language)

    def say(key: str, **values: object) -> str:
        return whole[key][column].format(**values) if values else whole[key][column]

    return say

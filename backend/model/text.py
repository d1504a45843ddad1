"""Foreign text is hostile (law 13): it is cleaned once, where it enters, and shows that it was."""

import re
import unicodedata

MAX_TEXT = 500
"""Characters kept of one foreign text; no bank writes more into a row."""

_MAX_MARKS = 4
"""Combining marks kept on one base character; more is a picture, not a letter."""

_HOSTILE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff\ue000-\uf8ff"
    "\U000e0000-\U000e0fff\U000f0000-\U0010ffff]"
)


def _visible(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else "\ufffd"


def clean(text: object, limit: int = MAX_TEXT) -> str:
    """One line of text that is safe to store, print and measure.

    C0 and DEL become control pictures, C1, bidi, zero-width, tag, surrogate and private-use characters
    become U+FFFD: replaced, not deleted, so that tampering stays visible. Runs of combining marks and the
    whole text are cut to a length; a cut text ends in an ellipsis. None gives an empty text.
    (`facts/reliability.md` §3.1, layer 1.)
    """
    if text is None:
        return ""
    raw = str(text)[: limit * 4]
    if not raw.isascii() or not raw.isprintable():
        raw = _HOSTILE.sub(_visible, raw)
        raw = _fewer_marks(unicodedata.normalize("NFC", raw))
    return raw if len(raw) <= limit else raw[: limit - 1] + "…"


def _fewer_marks(text: str) -> str:
    if not any(unicodedata.combining(c) for c in text):
        return text
    kept: list[str] = []
    run = 0
    for char in text:
        run = run + 1 if unicodedata.category(char) in ("Mn", "Me") else 0
        if run <= _MAX_MARKS:
            kept.append(char)
    return "".join(kept)


def fold(text: str) -> str:
    """The form in which texts are compared and searched: casefolded, one space between words."""
    return " ".join(text.casefold().split())


_DANISH = str.maketrans({"æ": "ae", "ø": "oe", "å": "aa", "ä": "ae", "ö": "oe", "ü": "u", "é": "e"})


def searchable(text: str) -> str:
    """Folded, with Danish letters spelt out, so that `Ø` and `oe` find each other whichever was typed."""
    return fold(text).translate(_DANISH)

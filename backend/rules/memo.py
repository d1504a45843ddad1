"""Texts that people hand to each other (a handover, a plan's report): sections of entries, for screens and for tickets.

Made of facts that hold foreign text: names and notes come in by `who` and `redacted`, so that no mail address, token
or account number leaves in them (law 13).
"""

import textwrap
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from backend.rules.danish import clock, local, moment
from backend.rules.ticket import redacted
from backend.texts import Say

COLUMNS = 80
"""Cells of a line that a ticket or chat shows unbroken."""

NAMED = 5
"""Names that are told of a group; the others are a number, and a filter."""

NAME_LIMIT = 40
"""Characters of a customer's name."""

_FILLER = "\ue000"
"""Stands behind a wide character while lines are measured; cleaned texts have none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One fact. `filter`, in the filter language, shows whom it is about (empty: none does); `rest` were not named."""

    text: str
    filter: str = ""
    rest: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Some facts under a title. `key` is its name for programs."""

    key: str
    title: str
    entries: tuple[Entry, ...]


def plain(head: Sequence[str], sections: Sequence[Section], say: Say) -> str:
    """The text to paste: the head's lines, then the sections; no line is wider than `COLUMNS` cells."""
    lines = [line for text in head for line in wrapped(text)]
    for section in sections:
        lines += ["", *wrapped(section.title.upper())]
        for entry in section.entries:
            lines += wrapped(entry.text, first="- ", then="  ")
            if entry.rest and entry.filter:
                lines += wrapped(say("memo.filter", filter=entry.filter), first="  ", then="    ")
    return "\n".join(lines) + "\n"


def wrapped(text: str, first: str = "", then: str = "") -> list[str]:
    """The text in lines of at most `COLUMNS` cells; an empty one is an empty line."""
    measured = "".join(c + _FILLER if unicodedata.east_asian_width(c) in "WF" else c for c in text)
    lines = textwrap.wrap(measured, COLUMNS, initial_indent=first, subsequent_indent=then, break_on_hyphens=False)
    return [line.replace(_FILLER, "") for line in lines] or [first.rstrip()]


def who(customer: str, connection: str) -> str:
    """`Nordhavn Cykler (c12)`."""
    name = redacted(customer)
    short = name if len(name) <= NAME_LIMIT else f"{name[: NAME_LIMIT - 1]}…"
    return f"{short} ({connection})" if short else connection


def names(people: Sequence[tuple[str, str]], say: Say) -> tuple[str, int]:
    """Some of them by customer and connection, the others by number; and how many those are."""
    rest = len(people) - len(people[:NAMED])
    told = ", ".join(who(customer, connection) for customer, connection in people[:NAMED])
    return (say("memo.and_more", names=told, n=count(rest)) if rest else told), rest


def count(value: int) -> str:
    """`12.345`."""
    return f"{value:,}".replace(",", ".")


def when(at: datetime, now: datetime) -> str:
    """`09:58` on the day of `now`, else `12.04.22, 09:58`."""
    return clock(at) if local(at).date() == local(now).date() else moment(at)


def said(key: str, say: Say) -> str:
    """What a stored text key says; what is none is told as it is, cleaned."""
    try:
        return say(key)
    except (KeyError, IndexError):
        return redacted(key)


def word(kind: str, value: str, say: Say) -> str:
    """The word for a value of one kind; one that has none is told as it is, cleaned."""
    try:
        return say(f"{kind}.{value}")
    except KeyError:
        return redacted(value)

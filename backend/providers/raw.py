"""Reading one field of foreign JSON at a time, leniently: a field of another type than expected counts as absent.

Ids and tokens are the exception: they go back to where they came from, so they are taken verbatim or not at all.
Foreign text is cleaned here.
"""

import base64
import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from datetime import date as Day
from decimal import Decimal
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec
from msgspec import Raw, Struct

from backend.answers import decode
from backend.http import is_loopback
from backend.model.errors import Malformed
from backend.model.text import MAX_TEXT, clean

S = TypeVar("S", bound=Struct)
F = TypeVar("F")

ABSENT = Raw(b"null")
_STRING = msgspec.json.Decoder(str)
_ID = msgspec.json.Decoder(str | int)
_ID_LIMIT = 1024
_NUMBER = re.compile(rb'("?)-?\d{1,40}(\.\d{1,40})?([eE][+-]?\d{1,3})?\1')
_DATE = re.compile(rb'"(\d{4})-(\d\d)-(\d\d)(?:[T "])')
_DIGITS = 15
"""Digits before the point that an amount may have: more than any account holds, few enough to write out."""
_DECIMALS = 20
"""Digits after the point: servers that calculate in binary leak long tails, and a tail must not cost the row."""


class Unusable(Exception):
    """A row or account without something it cannot do without; the message names it."""


def string(wire: Raw) -> str | None:
    """A JSON string verbatim; None when it is no string."""
    try:
        return _STRING.decode(wire)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def text(wire: Raw, limit: int = MAX_TEXT) -> str:
    """The field as cleaned text; empty when absent. What is not a text is shown as it was written."""
    data = bytes(wire)
    if data == b"null":
        return ""
    if data[:1] == b'"':
        found = string(wire)
        if found is None:
            found = string(Raw(data.decode("utf-8", "replace").encode()))
        if found is not None:
            return clean(found, limit)
    return clean(data[: limit * 4].decode("utf-8", "replace"), limit)


def secret(wire: Raw) -> str | None:
    """A token that will stand in a header or body: verbatim, or None when it is not a plain ASCII word."""
    found = string(wire)
    return found if found and found.isascii() and found.isprintable() and " " not in found else None


def identifier(wire: Raw) -> str:
    """An opaque id, verbatim. Raises Unusable for one that could not be sent back as it came."""
    try:
        found = str(_ID.decode(wire))
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise Unusable("no id") from None
    if not fit(found):
        raise Unusable("no usable id")
    return found


def fit(found: str) -> bool:
    """Whether an id can be stored, shown and put in an address as it stands."""
    return found not in ("", ".", "..") and clean(found, _ID_LIMIT) == found


def inner(wire: Raw, into: type[S]) -> S:
    """The object within a field; one with nothing in it when the field is not an object."""
    if bytes(wire)[:1] != b"{":
        return into()
    try:
        return msgspec.json.decode(wire, type=into)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return into()


def decimal(wire: Raw) -> Decimal | None:
    """An amount, exact; None when absent, not a number, or beyond what an account can hold."""
    data = bytes(wire)
    if not _NUMBER.fullmatch(data):
        return None
    number = Decimal(data.strip(b'"').decode())
    exponent = number.as_tuple().exponent
    plausible = isinstance(exponent, int) and exponent >= -_DECIMALS and number.adjusted() < _DIGITS
    return number if plausible else None


def day(wire: Raw) -> Day | None:
    """A day as the bank wrote it, from a date or a timestamp; year 1 means absent (§1.6)."""
    match = _DATE.match(bytes(wire))
    try:
        found = Day(*(int(part) for part in match.groups())) if match else None
    except ValueError:
        return None
    return found if found and found.year > 1 else None


def instant(wire: Raw) -> datetime | None:
    """A moment in UTC; seven fraction digits are cut to six, no offset means UTC, year 1 means absent."""
    try:
        moment = datetime.fromisoformat(string(wire) or "")
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if moment.year > 1 else None


def true(wire: Raw) -> bool:
    """Whether the field says yes, as a boolean or as a word."""
    return bytes(wire).strip(b'"').lower() in (b"true", b"1")


def words(wire: Raw) -> tuple[str, ...]:
    """A list of words in lower case, each once; what is no text is left out, and what is no list is empty."""
    try:
        found = msgspec.json.decode(wire, type=list[Raw])
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return ()
    said = (text(one, 40).casefold() for one in found if bytes(one)[:1] == b'"')
    return tuple(dict.fromkeys(word for word in said if word))


def usable(wires: list[Raw], read: Callable[[Raw], F]) -> tuple[list[F], str]:
    """What could be read, and how many were left out for which reason (empty: none)."""
    good: list[F] = []
    bad: Counter[str] = Counter()
    for wire in wires:
        try:
            good.append(read(wire))
        except Unusable as error:
            bad[str(error)] += 1
    if not bad:
        return good, ""
    return good, f"left out {bad.total()} of {len(wires)}: " + ", ".join(f"{why} ({n})" for why, n in bad.items())


def claims(token: str) -> dict[str, object]:
    """What a JWT says of itself, unverified; empty when it is not one. Only hints are taken from it."""
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        return decode(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)), dict[str, object])
    except (Malformed, ValueError):
        return {}


def checked_link(address: str) -> str:
    """An address that may be given to a customer. Raises ValueError for all but https, or http on loopback."""
    parts = urlsplit(address)
    secure = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
    if not secure or not parts.hostname or not address.isascii() or clean(address, len(address)) != address:
        raise ValueError("not an address for a customer")
    return address


def whole(wire: Raw, into: type[S]) -> S:
    """One entry of a list as an object. Raises Unusable when it is not one."""
    if bytes(wire)[:1] != b"{":
        raise Unusable("not an object")
    try:
        return msgspec.json.decode(wire, type=into)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise Unusable("not readable") from None

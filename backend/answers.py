"""Reading what the outside answers: exact JSON, `Retry-After`, error bodies, and texts without secrets."""

import base64
import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TypeVar
from urllib.parse import quote

import msgspec

from backend.model.errors import Malformed
from backend.model.text import clean

T = TypeVar("T")

LONGEST_WAIT = timedelta(days=1)
"""Upper clamp of any wait that the outside asks for: the longest known limit, a bank's logins, is per day
(`facts/aiia-economic.md` §1.12), and a longer one would be a typing error that parks a customer."""

SHORTEST_WAIT = timedelta(seconds=1)
"""Lower clamp: 0, a negative number or a moment in the past never makes a loop without pause."""

UNSAID_WAIT = timedelta(hours=1)
"""The wait when a limit says no time and not "daily" (`facts/operations.md` T34)."""

_RAW_KEPT = 16 * 1024
"""Characters of a failed answer that are looked at before it is redacted and cut to a text's length."""

_UNREADABLE = (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError)

_SURROGATES = re.compile(
    rb"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)


def decode(data: bytes, into: type[T]) -> T:
    """The JSON `data` as `into`; numbers typed Decimal are exact. Raises Malformed, whatever the bytes are.

    A lone surrogate escape becomes U+FFFD: one posting text must not cost the page it stands on.
    """
    if b"\\u" in data:
        data = _SURROGATES.sub(lambda match: rb"\ufffd" if match.group(1) else match.group(), data)
    try:
        return msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"), type=into)
    except _UNREADABLE as error:
        why = "nested too deeply" if isinstance(error, RecursionError) else clean(error, 200)
    raise Malformed(f"the answer cannot be read: {why}")


def retry_after(value: str | None, now: datetime) -> datetime | None:
    """The moment that a `Retry-After` names, as seconds or as an HTTP date; None when it is absent or garbage.

    Clamped to between `SHORTEST_WAIT` and `LONGEST_WAIT` from `now`.
    """
    text = (value or "").strip()[:64]
    if re.fullmatch(r"[+-]?\d+(\.\d*)?", text):
        return now + _clamp(timedelta(seconds=min(max(float(text), -1.0), LONGEST_WAIT.total_seconds())))
    try:
        moment = parsedate_to_datetime(text)
        return now + _clamp((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def limit_ends(asked: datetime | None, text: str, now: datetime) -> datetime:
    """When a rate limit ends: as asked for, else the next UTC midnight if the text says *daily*, else in an hour."""
    if asked:
        return asked
    if re.search(r"\bdaily\b|\b(per|a) day\b", text, re.IGNORECASE):
        return datetime(now.year, now.month, now.day, tzinfo=UTC) + timedelta(days=1)
    return now + UNSAID_WAIT


def _clamp(wait: timedelta) -> timedelta:
    return min(max(wait, SHORTEST_WAIT), LONGEST_WAIT)


def said(body: bytes) -> tuple[str, str]:
    """The error's code word and its reason, as error bodies in the field carry them; raw, empty when not there.

    `{"error": "Code", "details": {"reason": "…"}}` (`facts/aiia-economic.md` §1.11), OAuth's `error_description`,
    and the usual `code`, `errorCode`, `message`, `detail`, `title`.
    """
    try:
        whole = decode(body[:_RAW_KEPT], dict[str, object])
    except Malformed:
        return "", ""
    error, details = whole.get("error"), whole.get("details")
    places = [part for part in (details, error, whole) if isinstance(part, dict)]
    code = error if isinstance(error, str) else _first(places, ("code", "errorCode", "type"))
    return code, _first(places, ("reason", "error_description", "message", "detail", "developerHint", "title"))


def _first(places: list[dict[str, object]], names: tuple[str, ...]) -> str:
    found = (place.get(name) for name in names for place in places)
    return next((value for value in found if isinstance(value, str) and value), "")


_PATTERNS = (
    (re.compile(r"\beyJ[\w-]{6,}(?:\.[\w-]*)*"), "[token]"),
    (re.compile(r"\b(bearer|basic)(\s+)[\w.~+/=-]{8,}", re.IGNORECASE), r"\1\2[secret]"),
    (
        re.compile(
            r"""(["'](?:[\w-]{0,30}token|[\w-]{0,30}secret|password|authorization|api[_-]?key)["']\s*:\s*)"""
            r"""("(?:[^"\\]|\\.)*"?|'[^']*'?)""",
            re.IGNORECASE,
        ),
        r"\1[secret]",
    ),
    (
        re.compile(
            r"((?<![\w-])(?:[\w-]{0,30}token|[\w-]{0,30}secret|password|code|api[_-]?key)=)[^\s&,;\"'}]+", re.IGNORECASE
        ),
        r"\1[secret]",
    ),
    (re.compile(r"\b\d{6}-\d{4}\b"), "[cpr]"),
)
_IBAN = re.compile(
    r"\b(?:[A-Z]{2}\d{2}(?:[A-Z0-9]{11,30}|(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,3})?)|[a-z]{2}\d{2}[a-z0-9]{11,30})\b"
)


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without the given secrets (plain, percent-encoded, JSON-escaped or in base64), without what looks
    like a token, a secret or a CPR number, and with every IBAN cut to its country and last four characters.
    """
    for secret in secrets:
        if len(secret) < 4:
            continue
        in_base64 = base64.b64encode(secret.encode(errors="replace")).decode()
        escaped = json.dumps(secret)[1:-1]
        for form in (secret, quote(secret, safe=""), quote(secret), escaped, escaped.replace("/", "\\/"), in_base64):
            text = text.replace(form, "[secret]")
    for pattern, instead in _PATTERNS:
        text = pattern.sub(instead, text)
    return _IBAN.sub(_short_iban, text)


def _short_iban(match: re.Match[str]) -> str:
    bare = match.group().replace(" ", "").upper()
    if match.group().islower():
        # Ids in lower case hexadecimal look alike; the check digits tell.
        digits = "".join(str(int(char, 36)) for char in bare[4:] + bare[:4])
        if int(digits) % 97 != 1:
            return match.group()
    return f"{bare[:2]}…{bare[-4:]}"


def excerpt(body: bytes, secrets: Iterable[str] = ()) -> str:
    """A failed answer as it may be kept: decoded, redacted, cleaned, and bounded."""
    text = body[:_RAW_KEPT].decode("utf-8", "replace")
    if len(body) > _RAW_KEPT:
        text = re.sub(r"\S+\Z", "", text)
    return clean(redact(text, secrets))


def plain(text: str, secrets: Iterable[str] = (), limit: int = 200) -> str:
    """One foreign phrase, redacted, cleaned and cut."""
    return clean(redact(text[:_RAW_KEPT], secrets), limit)

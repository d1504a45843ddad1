"""Reading what the outside answers: exact JSON, `Retry-After`, error bodies, and texts without secrets."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TypeVar

import msgspec

from backend.model.errors import Malformed
from backend.model.text import clean
from backend.redaction import redact

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

MAX_KEPT = 2000
"""Characters kept of a whole answer to a call that failed."""

_TELLING = ("Content-Type", "Retry-After", "X-Correlation-Id")
"""Headers that a ticket needs."""

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


def excerpt(body: bytes, secrets: Iterable[str] = ()) -> str:
    """A failed answer as it may be kept: decoded, redacted, cleaned, and bounded."""
    text = body[:_RAW_KEPT].decode("utf-8", "replace")
    if len(body) > _RAW_KEPT:
        text = re.sub(r"\S+\Z", "", text)
    return clean(redact(text, secrets))


def plain(text: str, secrets: Iterable[str] = (), limit: int = 200) -> str:
    """One foreign phrase, redacted, cleaned and cut."""
    return clean(redact(text[:_RAW_KEPT], secrets), limit)


def kept_answer(asked: str, status: int, headers: Mapping[str, str], body: bytes, secrets: Iterable[str] = ()) -> str:
    """An answer to a failed call as it is kept: what was asked, status, telling headers and body, on one line.

    `asked` is fit to be kept already; the rest is redacted and cleaned here, and cut to `MAX_KEPT`. Of an answer that
    says it worked and could not be read only the size is kept, unless it is a page for people: good answers are where
    tokens and customers' rows stand.
    """
    secrets = tuple(secrets)
    parts = [asked, f"HTTP {status}"]
    parts += [f"{name}: {plain(headers[name], secrets, 128)}" for name in _TELLING if name in headers]
    if 200 <= status < 300 and not headers.get("Content-Type", "").lower().startswith("text/"):
        return clean(" \u00b7 ".join([*parts, f"{len(body)} bytes, not kept"]), MAX_KEPT)
    text = body[: 4 * _RAW_KEPT].decode("utf-8", "replace")
    if len(body) > 4 * _RAW_KEPT:
        text = re.sub(r"\S+\Z", "", text)
    parts.append(" ".join(redact(text, secrets).split()) or "no body")
    return clean(" \u00b7 ".join(parts), MAX_KEPT)

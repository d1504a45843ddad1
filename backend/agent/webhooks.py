"""Aiia's webhooks: is one real, and what does it say? Pure functions (`facts/aiia-economic.md` §1.10)."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from backend.model.text import clean
from backend.model.webhooks import Arrived, Notice

TOLERANCE = timedelta(minutes=5)
"""An event whose time stamp is further from our clock is refused: it may be a copy (`facts/reliability.md` F23)."""

MAX_BODY = 256_000
"""Bytes of a body at most."""

_MAX_HEADER = 200
_MAX_ACCOUNTS = 1000
_FIRST_YEAR = 2000
"""What lies before is a default that nobody filled in (`0001-01-01T00:00:00`)."""


class Forged(Exception):
    """The event does not prove that it comes from Aiia, or comes too late to be believed."""


@dataclass(frozen=True, slots=True)
class Key:
    """The secret that is shared with Aiia. `legacy` also takes the old form, which signs the body alone."""

    secret: str
    legacy: bool = False


def check(headers: Mapping[str, str], body: bytes, key: Key, now: datetime) -> Arrived:
    """The event, if its signature is right and it is not old. `headers` finds names whatever their case.

    The old form proves neither time nor id: an id that is not there is made of the body's hash and its time stamp,
    and a copy can be told only by these. Raises Forged.
    """
    stamp, event_id = headers.get("x-aiia-timestamp", ""), headers.get("x-aiia-eventid", "")
    event = headers.get("x-aiia-event", "")
    if any(len(text) > _MAX_HEADER or "|" in text for text in (stamp, event_id, event)):
        raise Forged("a header is no such thing")
    if not _signed(headers, stamp, event_id, event, body, key):
        raise Forged("the signature is wrong")
    at = _time(stamp) if stamp or not key.legacy else now
    if abs(now - at) > TOLERANCE:
        raise Forged("too old")
    if not event_id:
        event_id = hashlib.sha256(stamp.encode() + b"|" + body).hexdigest()
    return Arrived(event_id=clean(event_id, _MAX_HEADER), event=clean(event, _MAX_HEADER), at=at, body=body)


def signature(secret: str, message: bytes) -> bytes:
    """Lower-case hex HMAC-SHA256."""
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest().encode()


def _signed(headers: Mapping[str, str], stamp: str, event_id: str, event: str, body: bytes, key: Key) -> bool:
    """Both forms are computed before either is compared, each in constant time."""
    given = headers.get("x-aiia-signature") or headers.get("x-viia-signature") or ""
    try:
        said = given.strip().encode("latin-1")
        head = f"{stamp}|{event_id}|{event}|".encode("latin-1")
    except UnicodeEncodeError:
        return False
    whole = hmac.compare_digest(said, signature(key.secret, head + body))
    alone = hmac.compare_digest(said, signature(key.secret, body))
    # Without a time stamp and an id the present form would prove nothing that the old one does not.
    return bool((whole and stamp and event_id) or (alone and key.legacy))


def _time(stamp: str) -> datetime:
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 11):
        raise Forged("the time stamp is no time")
    return datetime.fromtimestamp(int(stamp), UTC)


def read(arrived: Arrived) -> Notice:
    """What the event says, read leniently: what cannot be read is left out, and never an error."""
    try:
        said = json.loads(arrived.body)
    except (ValueError, RecursionError):
        said = None
    inner = _envelope(said)
    data = inner.get("data")
    data = data if isinstance(data, dict) else {}
    name = inner.get("event")
    return Notice(
        event=clean(name, 100) if isinstance(name, str) and name else arrived.event,
        consent_id=_text(inner.get("consentId"), 100),
        accounts=_accounts(data),
        until=_instant(data.get("expiresAt") or data.get("rateLimitedUntil")),
        reason=_text(data.get("reason"), 300),
    )


def _envelope(said: object) -> dict[str, object]:
    """The one property that is named after the webhook; a body without that wrapping is taken as it is."""
    if not isinstance(said, dict):
        return {}
    if "event" in said or "consentId" in said:
        return said
    inner = next((value for name, value in said.items() if str(name).endswith("Webhook")), None)
    return inner if isinstance(inner, dict) else {}


def _accounts(data: dict[str, object]) -> tuple[str, ...]:
    found: list[object] = []
    for name in ("accountIds", "syncedAccountIds", "changedAccounts"):
        listed = data.get(name)
        if isinstance(listed, list):
            found += listed[:_MAX_ACCOUNTS]
    found.append(data.get("accountId"))
    ids = (item.get("accountId") if isinstance(item, dict) else item for item in found)
    return tuple(dict.fromkeys(clean(one, 500) for one in ids if isinstance(one, str) and one))


def _text(value: object, limit: int) -> str:
    return clean(value, limit) if isinstance(value, str) else ""


def _instant(value: object) -> datetime | None:
    """An instant as Aiia writes it, with up to seven digits of a second; UTC where nothing else is said."""
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        at = datetime.fromisoformat(value)
        at = (at.replace(tzinfo=UTC) if at.tzinfo is None else at).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return at if at.year >= _FIRST_YEAR else None

"""How each setting is read from what a person wrote: as a path, an address, a duration, a reference to a secret."""

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from backend.config import Secret
from backend.model.places import has_password, is_address, shown
from backend.model.text import clean
from backend.references import SCHEMES, Reference, is_reference
from backend.texts import LANGUAGES, Say

PREFIX = "FORNY_"
PROVIDERS = ("aiia",)

KINDS: dict[str, str] = {
    "environment": "word",
    "roles": "roles",
    "read_only": "flag",
    "second_pair_from": "count",
    "store": "store",
    "provider": "provider",
    "aiia_base_url": "url",
    "aiia_client_id": "text",
    "aiia_client_secret": "secret",
    "aiia_redirect_url": "url",
    "aiia_webhook_secret": "secret",
    "aiia_webhook_legacy": "flag",
    "reconciliation_url": "url",
    "reconciliation_token": "secret",
    "smtp_url": "smtp",
    "mail_from": "text",
    "operator": "text",
    "language": "language",
    "customer_language": "language",
    "reminders": "schedule",
    "listen": "listen",
    "public_url": "url",
    "token_key": "secret",
    "fetch_every": "duration",
    "stale_after": "duration",
    "webhook_silence": "duration",
    "allowance": "count",
    "allowance_reserve": "count",
    "most_at_once": "count",
    "calls_per_second": "count",
    "undo_window": "window",
    "clusters": "clusters",
    "audit_anchor": "anchor",
    "clock": "clock",
    "sandbox_url": "url",
}
"""Every setting that a person may give, with the way it is read; names are those of `Settings`."""

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


@dataclass(slots=True)
class Reading:
    """What the pieces of one load share."""

    say: Say
    path: Path
    env: Mapping[str, str]
    lines: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def wrong(self, key: str, **values: object) -> None:
        self.problems.append(self.say(key, **values))


class WrongError(Exception):
    """A value that cannot be used; the message says why and what would do."""


def _text(reading: Reading, key: str, raw: object, in_file: bool) -> str:
    if not isinstance(raw, str):
        raise WrongError(reading.say("config.want_text"))
    text = raw.strip()
    if clean(text, 2000) != text:
        raise WrongError(reading.say("config.want_printable"))
    return text


def _word(reading: Reading, key: str, raw: object, in_file: bool) -> str:
    text = _text(reading, key, raw, in_file)
    if not re.fullmatch(r"[\w.-]{1,40}", text):
        raise WrongError(reading.say("config.want_word"))
    return text


def _one_of(*choices: str) -> Callable[[Reading, str, object, bool], str]:
    def pick(reading: Reading, key: str, raw: object, in_file: bool) -> str:
        text = _text(reading, key, raw, in_file)
        if text not in choices:
            raise WrongError(reading.say("config.want_one_of", choices=", ".join(choices)))
        return text

    return pick


def _store(reading: Reading, key: str, raw: object, in_file: bool) -> Path | Secret:
    """A file's path, or a database's address, which may hold a password: it is shown without, and kept as a secret."""
    text = _text(reading, key, raw, in_file).removeprefix("sqlite://")
    if is_reference(text):
        return _secret(reading, key, text, in_file)
    try:
        database = is_address(text)
    except ValueError:
        raise WrongError(reading.say("config.want_store")) from None
    if database:
        if in_file and has_password(text):
            raise WrongError(reading.say("config.want_store_reference"))
        return Secret(reference=shown(text), value=text)
    if "://" in text:
        raise WrongError(reading.say("config.want_store"))
    return _path(reading, key, text, in_file)


def _path(reading: Reading, key: str, raw: object, in_file: bool) -> Path:
    path = Path(_text(reading, key, raw, in_file)).expanduser()
    return (reading.path.parent / path if in_file else path).absolute()


def _url(reading: Reading, key: str, raw: object, in_file: bool) -> str:
    text = _text(reading, key, raw, in_file).rstrip("/")
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise WrongError(reading.say("config.want_url")) from None
    if parts.scheme not in ("http", "https") or not host:
        raise WrongError(reading.say("config.want_url"))
    if parts.username is not None or parts.password is not None:
        raise WrongError(reading.say("config.want_no_userinfo"))
    if parts.query or parts.fragment:
        raise WrongError(reading.say("config.want_no_query"))
    if parts.scheme == "http" and not is_loopback(host):
        raise WrongError(reading.say("config.want_https"))
    return text


def is_loopback(host: str) -> bool:
    """Whether a host's name or address never leaves this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _smtp(reading: Reading, key: str, raw: object, in_file: bool) -> str:
    text = _text(reading, key, raw, in_file)
    if is_reference(text):
        path = text.removeprefix("file:")
        return f"file:{(reading.path.parent / path).absolute()}" if in_file and path != text else text
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise WrongError(reading.say("config.want_smtp")) from None
    if parts.scheme not in ("smtp", "smtps") or not host:
        raise WrongError(reading.say("config.want_smtp"))
    if parts.password and in_file:
        raise WrongError(reading.say("config.want_smtp_reference"))
    return text.rstrip("/")


def _secret(reading: Reading, key: str, raw: object, in_file: bool) -> Secret:
    if not isinstance(raw, str):
        raise WrongError(reading.say("config.want_reference", schemes=", ".join(SCHEMES)))
    text = raw.strip()
    if is_reference(text):
        base = reading.path.parent if in_file else Path.cwd()
        return Reference(reference=text, value="", base=base, env=reading.env, say=reading.say, setting=key)
    if in_file:
        raise WrongError(reading.say("config.want_reference", schemes=", ".join(SCHEMES)))
    if any(ord(c) < 0x20 or ord(c) == 0x7F for c in text):
        raise WrongError(reading.say("config.want_printable_secret"))
    return Secret(reference=f"env:{PREFIX}{key.upper()}", value=text)


def _listen(reading: Reading, key: str, raw: object, in_file: bool) -> str:
    text = _text(reading, key, raw, in_file)
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65_535:
        raise WrongError(reading.say("config.want_listen"))
    return text


def _duration(reading: Reading, key: str, raw: object, in_file: bool) -> int:
    match = re.fullmatch(r"(\d{1,8})\s*([smhd]?)", str(raw).strip()) if not isinstance(raw, bool) else None
    if not match or not int(match[1]):
        raise WrongError(reading.say("config.want_duration"))
    return int(match[1]) * _UNITS[match[2] or "s"]


def _count(reading: Reading, key: str, raw: object, in_file: bool) -> int:
    said = str(raw).strip()
    least = 0 if key in ("allowance_reserve", "second_pair_from") else 1
    if isinstance(raw, bool) or not re.fullmatch(r"[0-9]{1,6}", said) or int(said) < least:
        raise WrongError(reading.say("config.want_count", least=least))
    return int(said)


def _window(reading: Reading, key: str, raw: object, in_file: bool) -> int:
    """A duration that may be none."""
    return 0 if str(raw).strip().lower() in ("0", "0s", "off") else _duration(reading, key, raw, in_file)


def _schedule(reading: Reading, key: str, raw: object, in_file: bool) -> str:
    from backend.model.reminders import schedule_text, steps

    try:
        return schedule_text(steps(_text(reading, key, raw, in_file)))
    except ValueError:
        raise WrongError(reading.say("config.want_schedule")) from None


def _flag(reading: Reading, key: str, raw: object, in_file: bool) -> bool:
    said = str(raw).strip().lower()
    if said not in ("true", "false"):
        raise WrongError(reading.say("config.want_flag"))
    return said == "true"


def _roles(reading: Reading, key: str, raw: object, in_file: bool) -> str:
    from backend.rules.roles import read_roles

    text = _text(reading, key, raw, in_file)
    try:
        read_roles(text)
    except ValueError as error:
        raise WrongError(reading.say("config.want_roles", part=clean(error, 60))) from None
    return text


def _clock(reading: Reading, key: str, raw: object, in_file: bool) -> str:
    from backend.model.clock import parse_clock

    text = _text(reading, key, raw, in_file)
    try:
        parse_clock(text)
    except ValueError:
        raise WrongError(reading.say("config.want_clock")) from None
    return text


def _clusters(reading: Reading, key: str, raw: object, in_file: bool) -> str:
    from backend.rules.clusters import read_clusters

    text = _text(reading, key, raw, in_file)
    try:
        read_clusters(text)
    except ValueError as error:
        raise WrongError(reading.say("config.want_clusters", part=clean(error, 60))) from None
    return text


def _anchor(reading: Reading, key: str, raw: object, in_file: bool) -> str:
    from backend.anchor import syslog_address

    text = _text(reading, key, raw, in_file)
    if syslog_address(text) is not None:
        return text
    if "://" in text:
        raise WrongError(reading.say("config.want_anchor"))
    return str(_path(reading, key, raw, in_file))


READERS: dict[str, Callable[[Reading, str, object, bool], object]] = {
    "text": _text,
    "word": _word,
    "language": _one_of(*LANGUAGES),
    "provider": _one_of(*PROVIDERS),
    "store": _store,
    "url": _url,
    "smtp": _smtp,
    "secret": _secret,
    "listen": _listen,
    "duration": _duration,
    "count": _count,
    "window": _window,
    "schedule": _schedule,
    "flag": _flag,
    "roles": _roles,
    "clusters": _clusters,
    "anchor": _anchor,
    "clock": _clock,
}

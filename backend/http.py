"""The one way out over HTTP: a transport with safe settings, and a call that ends in an answer or a typed error.

httpx's requests and answers, over connections of aiohttp (`backend.transport`). httpx's client is left out: what it
adds (cookies, which would mix the customers' sessions, redirects, a log of whole URLs) must not happen here, and costs
a third of a call.
"""

import ipaddress
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, lru_cache
from typing import TypeVar
from urllib.parse import quote, urlsplit
from uuid import uuid4

import aiohttp
import certifi
import httpx

from backend.answers import decode, excerpt, kept_answer, limit_ends, plain, retry_after, said
from backend.model.clock import Clock
from backend.model.errors import (
    Gone,
    InProgress,
    Malformed,
    OutsideError,
    ProviderDown,
    RateLimited,
    Refused,
    RefusedCredentials,
    Unreachable,
)
from backend.model.facts import Attempt
from backend.model.text import clean
from backend.ports import Recorder
from backend.transport import AiohttpTransport

T = TypeVar("T")

MAX_ANSWER = 20 * 1024 * 1024
"""Bytes of one answer, unpacked; a longer one is not read to its end."""

DEADLINE = 180.0
"""Seconds of the machine's own clock that a whole call may take: it bounds a stuck or dripping exchange."""

CONNECT, WAIT, SILENCE = 10.0, 30.0, 60.0
"""Seconds: to open a connection, to get one (opening it included), and the longest silence."""

CONNECTIONS = 200
"""At most so many calls of one client are under way: more than the agent ever asks for (`backend.agent.gates`), with
those at banks that hang."""

IDLE = 4.0
"""Seconds. An idle connection is dropped before a common server (5 s) drops it under a request that cannot be
repeated."""


def is_loopback(host: str) -> bool:
    """Whether the host is this machine, by its name or address."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def checked_url(url: str, setting: str) -> str:
    """The base address without a trailing slash. Raises ValueError, naming the setting and what is wrong.

    https, or http on loopback; no user, query or fragment (`facts/reliability.md` §3.3).
    """
    try:
        parts = urlsplit(url.strip())
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError(f"{setting} is not an address: write it like https://host/path") from None
    if parts.username is not None or parts.password is not None:
        raise ValueError(f"{setting} must not hold a user or password: give secrets by reference in their own setting")
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError(f"{setting} is not an address: write it like https://host/path")
    if parts.scheme == "http" and not is_loopback(host):
        raise ValueError(f"{setting} must begin with https:// (http is for this machine only, not for {clean(host)})")
    if parts.query or parts.fragment:
        raise ValueError(f"{setting} must end with its path: remove everything from '?' or '#' on")
    return url.strip().rstrip("/")


def checked_secret(value: str, setting: str) -> str:
    """The value, fit for a header. Raises ValueError, without the value, when it is empty or has odd characters."""
    if not value or not value.isascii() or not value.isprintable() or value != value.strip():
        raise ValueError(f"{setting} is empty or has characters that cannot be sent: check what it refers to")
    return value


def segment(text: str) -> str:
    """One path segment, quoted. Raises Refused for what would leave its place in the path (empty, '.' and '..')."""
    if text in ("", ".", ".."):
        raise Refused(f"'{text}' cannot stand in an address")
    return quote(text, safe="", errors="replace")


@cache
def _trusted() -> ssl.SSLContext:
    # Reading the certificates of the world takes longer than opening the client does.
    return ssl.create_default_context(cafile=certifi.where())


def new_transport(connections: int = CONNECTIONS) -> httpx.AsyncBaseTransport:
    """A transport with this module's settings; one an adapter, made and used in one event loop, ended by `aclose()`."""
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=connections, keepalive_timeout=IDLE, ssl=_trusted()),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=DEADLINE, connect=WAIT, sock_connect=CONNECT, sock_read=SILENCE),
        headers={"User-Agent": "forny", "Accept": "application/json", "Accept-Encoding": "gzip, deflate"},
        trust_env=False,
    )
    return AiohttpTransport(session)


@lru_cache(maxsize=1024)
def _read_url(url: str) -> httpx.URL:
    # There are few for which many calls are made, and reading one takes a tenth of a call.
    return httpx.URL(url)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A failed answer as an adapter may judge it: texts are redacted and cleaned, `until` is its `Retry-After`."""

    status: int
    code: str
    reason: str
    text: str
    until: datetime | None
    now: datetime
    correlation_id: str | None

    def words(self, who: str) -> str:
        """The failure as one sentence for a record."""
        told = ": ".join(part for part in (self.code, self.reason) if part)
        return f"{who} answered {self.status}" + (f": {told}" if told else "")


Explain = Callable[[Failure], OutsideError | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call to make. `explain` may judge a failed answer before the general rules do."""

    operation: str
    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    connection: str | None = None
    request_id: str | None = None
    secrets: tuple[str, ...] = field(default=(), repr=False)
    explain: Explain | None = None


def general(failure: Failure, who: str) -> OutsideError:
    """The error that a status means by itself (`facts/reliability.md` §2.1)."""
    status, words = failure.status, failure.words(who)
    if status == 429:
        until = limit_ends(failure.until, failure.text, failure.now)
        stated = failure.until is not None
        return RateLimited(words, http_status=status, correlation_id=failure.correlation_id, until=until, stated=stated)
    kind: type[OutsideError]
    if status < 400:
        kind, words = Malformed, f"{words}, which is no answer to this call: check the address"
    elif status >= 500 or status in (408, 425):
        kind = ProviderDown
    else:
        kind = {401: RefusedCredentials, 404: Gone, 409: InProgress, 410: Gone}.get(status, Refused)
    return kind(words, http_status=status, correlation_id=failure.correlation_id, until=failure.until)


class Caller:
    """Makes calls for one adapter and leaves an attempt for each. `who` is the other side's name in messages."""

    def __init__(self, who: str, way: httpx.AsyncBaseTransport, clock: Clock, record: Recorder) -> None:
        self._who, self._way, self._clock, self._record = who, way, clock, record

    async def call(self, call: Call, into: type[T], inspect: Callable[[T], str] | None = None) -> T:
        """The decoded answer. Raises `OutsideError`s only.

        `inspect` looks at the answer and tells what of it could not be used; then the attempt is recorded as
        malformed with that detail, and the answer is returned all the same.
        """
        started = self._clock.now()
        told = _Told(f"|{uuid4().hex}.")
        try:
            told.body = await self._exchange(call, told)
            answer = decode(told.body, into)
            defects = plain(inspect(answer), call.secrets, 500) if inspect else ""
        except OutsideError as error:
            error.correlation_id = error.correlation_id or told.correlation_id
            error.http_status = error.http_status or told.status
            self._keep(call, started, told, error.kind, told.detail or plain(str(error), call.secrets, 500))
            raise
        except BaseException:
            self._keep(call, started, told, Unreachable.kind, "ended by this program before the answer came")
            raise
        told.counts = _counts(answer)
        self._keep(call, started, told, Malformed.kind if defects else "ok", defects)
        return answer

    def _keep(self, call: Call, started: datetime, told: "_Told", outcome: str, detail: str) -> None:
        self._record(
            Attempt(
                connection=call.connection,
                operation=call.operation,
                started_at=started,
                ended_at=self._clock.now(),
                outcome=outcome,
                http_status=told.status,
                request_id=call.request_id,
                correlation_id=told.correlation_id,
                detail=detail,
                answer=_answer_of(call, told, worked=outcome == "ok"),
            )
        )

    async def _exchange(self, call: Call, told: "_Told") -> bytes:
        headers = {**call.headers, "X-Correlation-Id": told.correlation_id}
        if call.body is not None:
            headers["Content-Type"] = "application/json"
        if call.request_id:
            headers["X-Request-Id"] = call.request_id
        if not (written := "".join(headers.values())).isascii() or not written.isprintable():
            raise Refused("the call cannot be written: a header value has characters that cannot be sent")
        try:
            body = httpx.ByteStream(call.body or b"")
            request = httpx.Request(call.method, _read_url(call.url), headers=headers, stream=body)
            response = await self._way.handle_async_request(request)
            try:
                return await self._answer(call, response, told)
            finally:
                await response.aclose()
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise Refused(f"the call cannot be written: {type(error).__name__}") from None
        except httpx.DecodingError:
            raise Malformed(f"{self._who}'s answer cannot be unpacked") from None
        except httpx.HTTPError as error:
            why = plain(str(error), call.secrets) or type(error).__name__
            raise Unreachable(f"{self._who} gave no answer: {why}", sent=not isinstance(error, _NEVER_SENT)) from None

    async def _answer(self, call: Call, response: httpx.Response, told: "_Told") -> bytes:
        now = self._clock.now()
        told.status, told.headers = response.status_code, response.headers
        named = response.headers.get("X-Correlation-Id", "").strip()
        # An id is one word; one that repeats what we sent is a secret of ours (law 13).
        sent = (*call.secrets, call.headers.get("Authorization", "").rpartition(" ")[2])
        if len(named.split()) == 1 and not any(secret in named for secret in sent if secret):
            told.correlation_id = clean(named, 128)
        if response.is_success:
            body, whole = await _read(response, MAX_ANSWER)
            if not whole:
                raise Malformed(f"{self._who}'s answer is larger than {MAX_ANSWER >> 20} MiB")
            return body
        try:
            body, _ = await _read(response, 64 * 1024)
        except httpx.HTTPError:
            body = b""  # the status came, and it decides
        told.body = body
        code, reason = said(body)
        told.detail = excerpt(body, call.secrets)
        failure = Failure(
            status=response.status_code,
            code=plain(code, call.secrets, 80),
            reason=plain(reason, call.secrets),
            text=told.detail,
            until=retry_after(response.headers.get("Retry-After"), now),
            now=now,
            correlation_id=told.correlation_id,
        )
        raise (call.explain and call.explain(failure)) or general(failure, self._who)


@dataclass(slots=True)
class _Told:
    """What became known of one call on its way."""

    correlation_id: str
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    counts: str = ""
    detail: str = ""


def _answer_of(call: Call, told: _Told, *, worked: bool) -> str:
    """What came back, for the record: a few words when the call worked, else all that may be kept of it."""
    if told.status is None:
        return ""
    path = urlsplit(call.url).path
    asked = f"{call.method} {_told_path(path, tuple(secret for secret in call.secrets if len(secret) <= len(path)))}"
    if worked:
        return f"{asked}: {told.status}, {len(told.body)} bytes{told.counts}"
    return kept_answer(asked, told.status, told.headers, told.body, call.secrets)


@lru_cache(maxsize=1024)
def _told_path(path: str, secrets: tuple[str, ...]) -> str:
    """A path as it may be kept: there are few of them, and to redact one takes longer than to write the attempt."""
    return plain(path, secrets)


def _counts(answer: object) -> str:
    """`, 40 transactions` for an answer with lists."""
    if isinstance(answer, list):
        return f", {len(answer)} entries"
    names = getattr(answer, "__struct_fields__", ())
    lists = ((name, value) for name in names if isinstance(value := getattr(answer, name), list))
    return "".join(f", {len(value)} {name}" for name, value in lists)


async def _read(response: httpx.Response, limit: int) -> tuple[bytes, bool]:
    """At most `limit` bytes of the unpacked answer, and whether that was all of it."""
    parts, size = [], 0
    assert isinstance(response.stream, httpx.AsyncByteStream)
    async for part in response.stream:
        parts.append(part)
        size += len(part)
        if size > limit:
            return b"".join(parts)[:limit], False
    return b"".join(parts), True


_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout)
"""httpx's words for: it is certain that no byte of the request has reached the other side."""

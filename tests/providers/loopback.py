"""A small HTTP server on loopback that answers as told, or breaks as told; and a clock and vault for adapters."""

import asyncio
import json
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import cast
from urllib.parse import parse_qs, urlsplit

from backend.model.facts import Attempt, Tokens

START = datetime(2026, 2, 11, 10, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Asked:
    """A request as it arrived; `target` is the raw request line's address."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.target).query).items()}

    def json(self) -> dict[str, object]:
        found = json.loads(self.body)
        assert isinstance(found, dict)
        return found


@dataclass(frozen=True)
class Reply:
    """An answer; `body` may be anything that JSON can say, or bytes."""

    body: object = b"{}"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        content = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        lines = [f"HTTP/1.1 {self.status} Told"]
        headers = {"Content-Type": "application/json", "Content-Length": str(len(content)), **self.headers}
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + content


class Fault(Enum):
    """Ways to break after the request was read whole."""

    DROP = "close without an answer"
    RESET = "reset the connection"
    HEAD = "close within the headers"
    BODY = "close within the body"
    GARBAGE = "answer in another protocol"


Handler = Callable[[Asked], "Reply | Fault | Awaitable[Reply | Fault]"]


@dataclass
class Served:
    """A running server: where it is, and what it was asked."""

    url: str
    asked: list[Asked]
    open: set[asyncio.StreamWriter] = field(default_factory=set)

    async def hang_up(self) -> None:
        """Close every connection, idle ones too; returns when the other side can know it."""
        gone = list(self.open)
        for writer in gone:
            writer.close()
        await asyncio.gather(*(writer.wait_closed() for writer in gone))

    def of(self, path: str) -> list[Asked]:
        return [one for one in self.asked if one.path == path]


async def _read(reader: asyncio.StreamReader) -> Asked | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Asked(method, target, headers, body)


@asynccontextmanager
async def serving(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[Served]:
    """A server for one test; every connection is closed at the end."""
    served = Served("", [])
    talks: set[asyncio.Task[None]] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        mine = cast("asyncio.Task[None]", asyncio.current_task())
        talks.add(mine)
        served.open.add(writer)
        try:
            while asked := await _read(reader):
                served.asked.append(asked)
                told = handler(asked)
                reply = told if isinstance(told, Reply | Fault) else await told
                if isinstance(reply, Fault):
                    await _break(reply, writer)
                    return
                writer.write(reply.encoded())
                await writer.drain()
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            talks.discard(mine)
            served.open.discard(writer)

    server = await asyncio.start_server(talk, "127.0.0.1", 0, limit=1 << 20, ssl=tls)
    served.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield served
    finally:
        server.close()
        for task in talks:
            task.cancel()
        await asyncio.gather(*talks, return_exceptions=True)


async def _break(fault: Fault, writer: asyncio.StreamWriter) -> None:
    if fault is Fault.RESET:
        plain: socket.socket = writer.get_extra_info("socket")
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
        return
    pieces = {
        Fault.HEAD: b"HTTP/1.1 200 OK\r\nContent-Le",
        Fault.BODY: b'HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n{"half',
        Fault.GARBAGE: b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    }
    writer.write(pieces.get(fault, b""))
    await writer.drain()


def closed_port() -> int:
    """A port on loopback where nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


class StillClock:
    """Time that moves only when somebody sleeps; keeps the pauses."""

    def __init__(self, start: datetime = START) -> None:
        self._now, self.pauses = start, list[float]()

    def now(self) -> datetime:
        return self._now

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self._now += timedelta(seconds=seconds)
        await asyncio.sleep(0)

    async def nap(self, seconds: float) -> None:
        await self.sleep(seconds)

    def forward(self, by: timedelta) -> None:
        self._now += by


class SharedVault:
    """Tokens and refresh doors in memory, as several processes see one store: `seen_by` is one process's view."""

    def __init__(self) -> None:
        self.tokens: dict[int, Tokens] = {}
        self.doors: dict[int, tuple[str, str]] = {}
        self.ended: list[Tokens | None] = []
        self.changed = asyncio.Condition()

    def seen_by(self, process: str) -> "VaultView":
        return VaultView(self, process)


class VaultView:
    """Implements `ports.Vault` for one process."""

    def __init__(self, shared: SharedVault, process: str) -> None:
        self._shared, self._process = shared, process

    async def read(self, consent: int) -> Tokens | None:
        return self._shared.tokens.get(consent)

    async def begin_refresh(self, consent: int, used: str, request_id: str) -> str | None:
        async with self._shared.changed:
            while True:
                tokens = self._shared.tokens.get(consent)
                if tokens is None or tokens.refresh_token != used:
                    return None
                holder, kept = self._shared.doors.get(consent, (self._process, request_id))
                if holder in ("", self._process):
                    self._shared.doors[consent] = (self._process, kept)
                    return kept
                await self._shared.changed.wait()

    async def end_refresh(self, consent: int, tokens: Tokens | None) -> None:
        async with self._shared.changed:
            self._shared.ended.append(tokens)
            self._shared.doors.pop(consent, None)
            if tokens is not None:
                self._shared.tokens[consent] = tokens
            self._shared.changed.notify_all()

    def die(self) -> None:
        """The process is gone: its doors stay, with their ids, for whoever comes next."""
        for consent, (holder, kept) in list(self._shared.doors.items()):
            if holder == self._process:
                self._shared.doors[consent] = ("", kept)


class Attempts(list[Attempt]):
    """A recorder that keeps what it is given."""

    def __call__(self, attempt: Attempt) -> None:
        self.append(attempt)

    @property
    def outcomes(self) -> list[str]:
        return [f"{attempt.operation}:{attempt.outcome}" for attempt in self]


def expired(tokens: Tokens) -> Tokens:
    """The same tokens with an access token whose time is over."""
    return replace(tokens, access_expires_at=START - timedelta(hours=1))

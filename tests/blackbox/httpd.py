"""A small threaded HTTP/1.1 server whose answers can be lost, delayed by a gate or replaced."""

import json
import re
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote, urlsplit


@dataclass(frozen=True)
class Request:
    """One request as it came; header names are lower case, `path` is unquoted."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> dict[str, object]:
        """The body as an object; numbers stay decimal. Raises ValueError on anything else."""
        data = json.loads(self.body, parse_float=Decimal)
        if not isinstance(data, dict):
            raise ValueError("not an object")
        return data


@dataclass(frozen=True)
class Reply:
    """One answer. `body` is JSON-encoded (Decimal keeps every digit), `raw` goes as it is; `lost` cuts the line."""

    status: int = 200
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    lost: bool = False

    def encoded(self) -> bytes:
        return self.raw if self.raw is not None else encode(self.body).encode()


LOST = Reply(lost=True)


@dataclass
class Fault:
    """What goes wrong `times` times for requests that start with `where` ("POST /v1/update").

    With `applied` the request takes effect before its answer is replaced; `meanwhile` runs before the answer.
    """

    where: str
    reply: Reply | None = None
    times: int = 1
    applied: bool = False
    meanwhile: Callable[[], None] | None = None
    met: int = 0


def encode(value: object) -> str:
    """JSON text in which every Decimal is the number with exactly its own digits."""
    text = json.dumps(value, default=lambda amount: f"\u0000{amount}\u0000")
    return re.sub(r'"\\u0000([^"\\]*)\\u0000"', r"\1", text)


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Service:
    """What stands behind a server: subclasses answer, this counts and breaks. `violations` are broken rules."""

    def __init__(self, violations: list[str]) -> None:
        self.violations = violations
        self.calls: list[Request] = []
        self.faults: list[Fault] = []
        self.lock = threading.RLock()

    def answer(self, request: Request) -> Reply:
        raise NotImplementedError

    def serve(self, request: Request) -> Reply:
        with self.lock:
            self.calls.append(request)
            line = f"{request.method} {request.path}"
            fault = next((one for one in self.faults if one.met < one.times and line.startswith(one.where)), None)
            if fault:
                fault.met += 1
        if fault is None:
            return self.answer(request)
        reply = self.answer(request) if fault.applied or fault.reply is None else fault.reply
        if fault.meanwhile:
            fault.meanwhile()
        return fault.reply or reply

    def count(self, where: str) -> int:
        """How many requests began with `where`."""
        with self.lock:
            return sum(f"{one.method} {one.path}".startswith(where) for one in self.calls)


class Server:
    """A service on a free loopback port, in threads of its own."""

    def __init__(self, service: Service) -> None:
        self.httpd = ThreadingHTTPServer(("127.0.0.1", 0), _handler(service))
        self.httpd.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.httpd.server_address[1]}"
        self.thread = threading.Thread(target=self.httpd.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.httpd.shutdown()
        self.httpd.server_close()
        self.thread.join()


def _handler(service: Service) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle(self) -> None:
            try:
                super().handle()
            except ConnectionError:
                self.close_connection = True

        def _serve(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            request = Request(
                self.command,
                unquote(parts.path),
                dict(parse_qsl(parts.query, keep_blank_values=True)),
                {name.lower(): value for name, value in self.headers.items()},
                self.rfile.read(length),
            )
            reply = service.serve(request)
            if reply.lost:
                self.close_connection = True
                return
            body = reply.encoded()
            head = f"HTTP/1.1 {reply.status} X\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
            head += f"Date: {self.date_time_string()}\r\n"
            head += "".join(f"{name}: {value}\r\n" for name, value in reply.headers.items())
            self.wfile.write(head.encode("latin-1") + b"\r\n" + body)

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _serve

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    return Handler

"""Starts the whole world in one process: six ports on the loopback, one event loop."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from aiosmtpd.smtp import SMTP
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from backend.model.clock import Clock, ScaledClock, SharedClock, starting_now
from backend.sandbox.aiia import AiiaApi
from backend.sandbox.client import SandboxClient
from backend.sandbox.control import Control
from backend.sandbox.courier import Courier
from backend.sandbox.hub import Hub
from backend.sandbox.mailbox import Mailbox
from backend.sandbox.mailpages import mailbox_app
from backend.sandbox.reconciliation import Reconciliation
from backend.sandbox.web import Desk
from backend.sandbox.world import World

HOST = "127.0.0.1"
PORTS = ("aiia", "hub", "reconciliation", "smtp", "mailbox", "control")
LATENCY = 0.002
SLOW_SECONDS = 5.0


class _Droppable(H11Protocol):
    """HTTP/1.1 whose handlers can cut the line: the answer that never came is the fault that matters most."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        inner = self.app

        async def with_drop(scope: Scope, receive: Receive, send: Send) -> None:
            scope["forny.drop"] = transport.abort
            # Cancelled is only what is in work when the world ends; the caller's line is cut by then.
            with contextlib.suppress(asyncio.CancelledError):
                await inner(scope, receive, send)

        self.app = with_drop


class _Post(SMTP):
    """A mail session that is known while it is open, so that closing the world can end it."""

    def __init__(self, mailbox: Mailbox, known: set[asyncio.BaseTransport], loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(mailbox, hostname="sandbox", enable_SMTPUTF8=True, loop=loop)
        self._known = known

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._known.add(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._known.discard(self.transport)
        super().connection_lost(error)


class _Port:
    """One HTTP port. uvicorn's protocol without its server, which minds signals and stops in tenths of seconds."""

    def __init__(self, app: ASGIApp) -> None:
        self._config = uvicorn.Config(
            app, http=_Droppable, ws="none", lifespan="off", log_config=None, access_log=False, proxy_headers=False
        )
        self._state = ServerState()
        self._server: asyncio.Server | None = None

    async def open(self, sock: socket.socket) -> None:
        """Begin to answer."""
        self._config.load()
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Droppable(self._config, self._state, {}, loop), sock=sock)

    async def close(self) -> None:
        """Stop answering, whatever is in work."""
        if self._server is None:
            return
        self._server.close()
        for connection in list(self._state.connections):
            connection.transport.abort()
        for task in list(self._state.tasks):
            task.cancel()
        await asyncio.gather(*self._state.tasks, return_exceptions=True)
        await self._server.wait_closed()


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A running world: its addresses (as announced), a client, and the inside for tests that must look."""

    addresses: dict[str, str]
    client: SandboxClient
    world: World


class Town:
    """The world with its sockets."""

    def __init__(self, world: World, port_base: int | None, *, latency: float, slow_seconds: float) -> None:
        """Binds all ports at once. Raises OSError when one is taken."""
        self.world = world
        self._sockets = _bind(port_base)
        at = {name: f"http://{HOST}:{sock.getsockname()[1]}" for name, sock in self._sockets.items()}
        smtp_port = self._sockets["smtp"].getsockname()[1]
        at["smtp"] = f"smtp://{HOST}:{smtp_port}"
        self.mailbox = Mailbox(world.clock, world.books)
        desk = Desk(world, latency, slow_seconds)
        hub = Hub(world, at["hub"], (HOST, smtp_port), at["mailbox"], slow_seconds)
        inbox = Reconciliation(world, desk)
        spec = world.clock.spec() if isinstance(world.clock, ScaledClock) else ""
        self.addresses = {
            **at,
            "reconciliation_token": world.reconciliation_token,
            "client_id": world.client_id,
            "client_secret": world.client_secret,
            "clock": spec,
        }
        self.courier = Courier(world)
        control = Control(world, self.mailbox, inbox, self.courier, lambda: self.addresses)
        self._apps: dict[str, ASGIApp] = {
            "aiia": AiiaApi(world, desk, hub.begin).app(),
            "hub": hub.app(),
            "reconciliation": inbox.app(),
            "mailbox": mailbox_app(self.mailbox),
            "control": control.app(),
        }

    def tell(self, url: str, secret: str) -> None:
        """Send webhooks there; the secret is announced. Raises ValueError for an address outside this machine."""
        self.courier.aim(url, secret)
        self.addresses["webhook_secret"] = self.courier.secret

    async def run(self, ready: Callable[[], None], stop: asyncio.Event) -> None:
        """Serve until `stop` is set; `ready` is called when every port answers."""
        loop = asyncio.get_running_loop()
        sessions: set[asyncio.BaseTransport] = set()
        smtp = await loop.create_server(lambda: _Post(self.mailbox, sessions, loop), sock=self._sockets["smtp"])
        ports = {name: _Port(app) for name, app in self._apps.items()}
        try:
            for name, port in ports.items():
                await port.open(self._sockets[name])
            telling = asyncio.create_task(self.courier.run())
            telling.add_done_callback(lambda _: stop.set())
            ready()
            await stop.wait()
            telling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await telling
        finally:
            for port in ports.values():
                await port.close()
            smtp.close()
            for session in list(sessions):
                session.close()
            await smtp.wait_closed()

    def close(self) -> None:
        """Give the ports back."""
        for sock in self._sockets.values():
            sock.close()


def _bind(port_base: int | None) -> dict[str, socket.socket]:
    sockets: dict[str, socket.socket] = {}
    try:
        for place, name in enumerate(PORTS):
            # With the protocol named, asyncio turns Nagle's wait off; without, every second answer takes 40 ms.
            sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
            sockets[name] = sock
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((HOST, 0 if port_base is None else port_base + place))
    except OSError:
        for sock in sockets.values():
            sock.close()
        raise
    return sockets


def serve(
    *,
    customers: int,
    seed: int,
    speed: float,
    announce: Callable[[str], None],
    port_base: int | None = None,
    parent_pipe: bool = False,
    webhook_url: str = "",
    webhook_secret: str = "",
    clock_file: Path | None = None,
) -> int:
    """Run a world until SIGTERM, SIGINT or SIGHUP, or with `parent_pipe` until standard input ends.

    `announce` gets one line of JSON with the addresses, the client's credentials and the clock. Returns the
    exit code; raises OSError when a wished port is taken, ValueError for a `webhook_url` outside this machine.
    Webhooks are signed with `webhook_secret`, or with one of the world's own, which is announced. With a
    `clock_file` the clock stands in it, so that time can be skipped for all who share it.
    """
    clock = starting_now(speed)
    if clock_file is not None:
        clock = SharedClock.start(clock_file, clock)
    world = World(customers=customers, seed=seed, clock=clock)
    town = Town(world, port_base, latency=LATENCY, slow_seconds=SLOW_SECONDS)
    try:
        if webhook_url:
            town.tell(webhook_url, webhook_secret)
        asyncio.run(_until_told(town, announce, parent_pipe))
    finally:
        town.close()
    return 0


async def _until_told(town: Town, announce: Callable[[str], None], parent_pipe: bool) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for name in ("SIGTERM", "SIGINT", "SIGHUP"):
        loop.add_signal_handler(getattr(signal, name), stop.set)
    if parent_pipe:
        threading.Thread(target=_watch_parent, args=(loop, stop), daemon=True).start()
    await town.run(lambda: announce(json.dumps(town.addresses)), stop)


def _watch_parent(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    with contextlib.suppress(OSError):
        while os.read(sys.stdin.fileno(), 4096):
            pass
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(stop.set)


@contextlib.contextmanager
def running_world(
    *,
    customers: int = 10,
    seed: int = 1,
    clock: Clock | None = None,
    machine: Clock | None = None,
    sync_seconds: float = 2.0,
    latency: float = LATENCY,
    slow_seconds: float = SLOW_SECONDS,
    webhook_url: str = "",
    webhook_secret: str = "",
) -> Iterator[Running]:
    """A world on real ports in a thread of this process, for tests. Its clock is the given one (default: real time)."""
    world = World(
        customers=customers, seed=seed, clock=clock or starting_now(1.0), machine=machine, sync_seconds=sync_seconds
    )
    town = Town(world, None, latency=latency, slow_seconds=slow_seconds)
    if webhook_url:
        town.tell(webhook_url, webhook_secret)
    ready, failed = threading.Event(), list[BaseException]()
    handle: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def main() -> None:
        stop = asyncio.Event()
        handle.append((asyncio.get_running_loop(), stop))
        await town.run(ready.set, stop)

    def work() -> None:
        try:
            asyncio.run(main())
        except BaseException as error:  # noqa: BLE001 - it is raised again where it is seen
            failed.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=work, name="sandbox")
    thread.start()
    try:
        ready.wait()
        if failed:
            raise failed[0]
        with SandboxClient(town.addresses) as client:
            yield Running(addresses=town.addresses, client=client, world=world)
    finally:
        if handle and thread.is_alive():
            loop, stop = handle[0]
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(stop.set)
        thread.join()
        town.close()

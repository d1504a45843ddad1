"""Where the customer's browser comes back to after logging in at the provider, and where its webhooks arrive."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from backend.agent.webhooks import MAX_BODY
from backend.texts import Say

WEBHOOKS = "/webhooks"
"""The path under which Aiia's events are taken, beside the page for customers."""


class CannotListen(OSError):
    """The address that customers come back to is taken by another program."""


Arrival = Callable[[str | None, str | None, str | None], Awaitable[str]]
"""Takes code, consent id and state; gives the word that `login_finished` gives, or `failed`."""

Hear = Callable[[Mapping[str, str], bytes], Awaitable[int]]
"""Takes the headers and the raw body of an event; gives the HTTP status to answer."""

Lead = Callable[[str, bool], Awaitable[str | None]]
"""Takes the state in a link and whether a person follows it; gives the address it leads to, or None."""

_PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}

_PAGE = """<!doctype html><html lang="da"><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>
<body style="font:17px/1.5 system-ui,sans-serif;max-width:34rem;margin:12vh auto;padding:0 1rem">
<h1 style="font-size:1.5rem">{title}</h1><p>{text}</p></body></html>"""


def address(listen: str, redirect_url: str) -> tuple[str, int] | None:
    """Host and port to listen on: the setting, else the redirect address itself while it is on this machine."""
    if listen:
        host, _, port = listen.rpartition(":")
        return host.strip("[]") or "127.0.0.1", int(port)
    parts = urlsplit(redirect_url)
    if parts.hostname in ("127.0.0.1", "localhost", "::1") and parts.port:
        return parts.hostname, parts.port
    return None


def link_to(public_url: str, state: str) -> str:
    """The address in a mail that leads to the provider by way of us, so that we see that it was opened."""
    return f"{public_url}{_GO}{state}"


_GO = "/go/"
_COOKIE = "forny-link"
_REMEMBERED = 3600
"""Seconds in which a login is finished, or broken off."""


def application(
    path: str, arrive: Arrival, say: Say, hear: Hear, *, public: str = "", lead: Lead | None = None
) -> Starlette:
    """The page behind the redirect address, and the receiver of webhooks; with `lead` also the links in mails, which
    begin with the address `public`.
    """

    def page(word: str, status: int = 200) -> Response:
        text = _PAGE.format(title=say(f"landing.{word}.title"), text=say(f"landing.{word}.text"))
        return HTMLResponse(text, status, headers=_PRIVATE)

    async def landed(request: Request) -> Response:
        """Aiia need not give our `state` back, and a customer who breaks off comes without anything
        (`facts/aiia-economic.md` §1.2): then his browser still knows which link it was.
        """
        query = request.query_params
        state = query.get("state") or request.cookies.get(_COOKIE)
        answer = page(await arrive(query.get("code"), query.get("consentId"), state))
        answer.delete_cookie(_COOKIE)
        return answer

    async def led(request: Request) -> Response:
        """Mail programs and scanners look ahead by HEAD or as a prefetch: that is nobody who opened the link."""
        ahead = any("prefetch" in request.headers.get(name, "") for name in ("Purpose", "Sec-Purpose", "X-Moz"))
        assert lead is not None
        state = request.path_params["state"]
        target = await lead(state, request.method == "GET" and not ahead)
        if target is None:
            return page("unclaimed", 404)
        answer = RedirectResponse(target, 302, headers=_PRIVATE)
        secure = public.startswith("https:")
        answer.set_cookie(_COOKIE, state, max_age=_REMEMBERED, httponly=True, samesite="lax", secure=secure)
        return answer

    async def told(request: Request) -> Response:
        try:
            body = await _body(request)
        except ClientDisconnect:
            return Response(status_code=400)
        return Response(status_code=413 if body is None else await hear(request.headers, body))

    links = [] if lead is None else [Route(f"{urlsplit(public).path}{_GO}{{state}}", led)]
    return Starlette(routes=[*links, Route(WEBHOOKS, told, methods=["POST"]), Route(path or "/", landed)])


async def _body(request: Request) -> bytes | None:
    """The raw body; None for one that is longer than any event."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            return None
    return body


class _Quiet(uvicorn.Server):
    """A server that leaves signals to the program around it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def receiving(host: str, port: int, app: Starlette) -> AsyncIterator[None]:
    """Serve `app` while the block runs. Raises CannotListen."""

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)  # who comes before the server has begun waits for it, and is not turned away
    except OSError as error:
        listener.close()
        raise CannotListen(error.errno, error.strerror) from error
    config = uvicorn.Config(app, log_level="error", access_log=False, lifespan="off", timeout_graceful_shutdown=5)
    server = _Quiet(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield
    finally:
        server.should_exit = True
        await serving
        listener.close()

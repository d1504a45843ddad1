"""What every answer passes: correlation ids, ordered faults, one call at a time in a session, request ids, books."""

import asyncio
import base64
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from backend.sandbox.dice import uuid_of
from backend.sandbox.faults import Fault, How
from backend.sandbox.statement import Trouble
from backend.sandbox.tokens import Claims, TokenError
from backend.sandbox.world import Consent, User, World

_ENCODER = msgspec.json.Encoder(decimal_format="number")
_CORRELATION = re.compile(r"\|[a-z0-9_-]{1,126}\.", re.IGNORECASE)
KEEP_ANSWERS = timedelta(hours=24)
MAX_ANSWERS = 20_000


class Problem(Exception):
    """A documented error (§1.11): status, code, reason and perhaps headers."""

    def __init__(
        self, status: int, error: str, reason: str, headers: dict[str, str] | None = None, **details: object
    ) -> None:
        super().__init__(reason)
        self.status, self.error, self.headers = status, error, headers or {}
        self.details: dict[str, object] = {"reason": reason, **details}

    def response(self) -> Response:
        return answer({"error": self.error, "details": self.details}, self.status, self.headers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who speaks through a bearer token."""

    user: User
    consent: Consent
    claims: Claims


Handler = Callable[[Request], Awaitable[Response]]
SessionHandler = Callable[[Request, Caller], Awaitable[Response]]


def answer(body: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer; decimals go out as exact numbers."""
    return Response(_ENCODER.encode(body), status, headers, media_type="application/json")


def read_json(body: bytes) -> dict[str, object]:
    """The object in a request body; raises Problem when it is none."""
    try:
        said = msgspec.json.decode(body or b"{}")
    except msgspec.DecodeError as error:
        raise Problem(400, "InvalidInput", "Body is not JSON") from error
    if not isinstance(said, dict):
        raise Problem(400, "InvalidInput", "Body is not an object")
    return said


def basic(request: Request) -> tuple[str, str] | None:
    """The name and password of a Basic header, or None."""
    scheme, _, rest = request.headers.get("authorization", "").partition(" ")
    if scheme.casefold() != "basic":
        return None
    try:
        name, colon, word = base64.b64decode(rest, validate=True).decode().partition(":")
    except ValueError:
        return None
    return (name, word) if colon else None


async def drop(request: Request) -> Response:
    """Cut the line without an answer."""
    request.scope["forny.drop"]()
    while (await request.receive())["type"] != "http.disconnect":
        pass
    return Response()


def spoil(trouble: Trouble | None) -> None:
    """Raise the Problem that was ordered for a consent or an account, if one was."""
    if trouble is not None:
        raise Problem(trouble.status, trouble.error, trouble.reason)


class Desk:
    """The front desk of Aiia's API."""

    def __init__(self, world: World, latency: float, slow_seconds: float) -> None:
        """`latency`: every call takes so many of the machine's seconds; `slow_seconds`: what a slow bank takes."""
        self.world, self.latency, self.slow_seconds = world, latency, slow_seconds
        self._busy: set[str] = set()
        self._working: set[tuple[str, str, str]] = set()
        self._answers: dict[tuple[str, str, str], tuple[datetime, Response]] = {}
        self._limits = 0
        self._calls = 0

    def open_to_all(self, kind: str, handler: Handler) -> Handler:
        """An endpoint that needs no user: connect, token, providers."""

        async def call(request: Request) -> Response:
            name = basic(request)
            return await self._call(request, kind, name[0] if name else "", None, handler)

        return call

    def in_session(self, kind: str, handler: SessionHandler) -> Handler:
        """An endpoint that a user's token opens; one call at a time for each user (§1.11)."""

        async def call(request: Request) -> Response:
            try:
                caller = self._caller(request)
            except Problem as problem:
                await request.body()
                with self._noted(request, kind, ("", "", None)):
                    return self._finish(request, kind, problem.response())

            async def with_caller(inner: Request) -> Response:
                spoil(caller.consent.trouble)
                return await handler(inner, caller)

            with self._noted(request, kind, (caller.user.id, caller.consent.id, caller.consent.group)):
                return await self._call(request, kind, caller.user.id, caller.user.id, with_caller)

        return call

    @contextmanager
    def _noted(self, request: Request, kind: str, owner: tuple[str, str, str | None]) -> Iterator[None]:
        """An update has its own book: it is what an operator's act does to a bank."""
        if kind != "update":
            yield
            return
        id, at = request.headers.get("x-request-id", ""), self.world.clock.now().isoformat()
        call = self.world.books.update_comes(id, owner, at)
        try:
            yield
        finally:
            call["answered"] = getattr(request.state, "answered", "")

    def client_secret_right(self, request: Request) -> bool:
        """Whether the Basic header is the integrator's; a wrong one is counted."""
        right = basic(request) == (self.world.client_id, self.world.client_secret)
        if not right:
            self.world.books.wrong_credentials += 1
        return right

    def too_many(self, until: datetime, reason: str) -> Problem:
        """429 with Retry-After, now in seconds, now as a date: both forms occur."""
        self._limits += 1
        now = self.world.clock.now()
        seconds = max(1, -int((now - until).total_seconds() // 1))
        value = str(seconds) if self._limits % 2 else format_datetime(now + timedelta(seconds=seconds), usegmt=True)
        return Problem(429, "TooManyRequests", reason, {"Retry-After": value})

    async def pause(self, request: Request, seconds: float) -> None:
        """Wait so many of the machine's seconds, or until the caller hangs up."""
        if seconds <= 0:
            return
        waits = [
            asyncio.ensure_future(self.world.machine.sleep(seconds)),
            asyncio.ensure_future(request.receive()),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    def _caller(self, request: Request) -> Caller:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.casefold() != "bearer" or not token:
            raise Problem(401, "Unauthorized", "Bearer token is missing")
        try:
            claims = self.world.tokens.read(token, "ClientUser")
        except TokenError as error:
            raise Problem(401, "Unauthorized", str(error)) from error
        user = self.world.user(claims.user_id)
        consent = self.world.consent(claims.consent_id)
        if user is None or consent is None or consent.revoked_at is not None:
            raise Problem(401, "Unauthorized", "Consent is revoked")
        return Caller(user=user, consent=consent, claims=claims)

    async def _call(
        self, request: Request, kind: str, principal: str, session: str | None, handler: Handler
    ) -> Response:
        await request.body()
        fault = self.world.faults.take(kind, "aiia")
        if fault is not None:
            self.world.books.faults[f"{kind} {fault.how}"] += 1
            if fault.how is How.DROP:
                request.state.answered = "dropped"
                return await drop(request)
        if fault is not None and (refusal := self._refusal(fault)):
            return self._finish(request, kind, refusal.response())
        request_id = request.headers.get("x-request-id") if request.method == "POST" else None
        key = (request.url.path, principal, request_id) if request_id else None
        try:
            response = await self._once(request, kind, key, session, handler, fault)
        except Problem as problem:
            response = problem.response()
        if fault is not None and fault.how in (How.LOSE_ANSWER, How.GARBAGE):
            request.state.answered = f"{'lost' if fault.how is How.LOSE_ANSWER else 'garbage'} {response.status_code}"
        if fault is not None and fault.how is How.LOSE_ANSWER:
            return await drop(request)
        if fault is not None and fault.how is How.GARBAGE:
            response = Response(b'{"status": "All', media_type="application/json")
        return self._finish(request, kind, response)

    async def _once(
        self,
        request: Request,
        kind: str,
        key: tuple[str, str, str] | None,
        session: str | None,
        handler: Handler,
        fault: Fault | None,
    ) -> Response:
        """Run the handler, unless the same request id has been answered or is in work."""
        if key is not None:
            if key in self._working:
                raise Problem(409, "RequestInProgress", "A request with this id is still running")
            if kept := self._answers.get(key):
                self.world.books.repeated_requests += 1
                return kept[1]
            self._working.add(key)
        try:
            with self._alone(session, kind):
                await self.pause(request, self.latency)
                response = await self._run(request, handler)
                if fault is not None and fault.how is How.SLOW:
                    await self.pause(request, fault.seconds)
        finally:
            if key is not None:
                self._working.discard(key)
        if key is not None and response.status_code < 500 and response.status_code not in (401, 409, 429):
            self._keep(key, response)
        return response

    async def _run(self, request: Request, handler: Handler) -> Response:
        try:
            return await handler(request)
        except Problem as problem:
            return problem.response()

    @contextmanager
    def _alone(self, session: str | None, kind: str) -> Iterator[None]:
        """The time of one call in a user's session; breaks when another is going on, as sessions do (§1.11)."""
        if session is None:
            yield
            return
        if session in self._busy:
            self.world.books.session_violations.append({"user_id": session, "call": kind})
            raise Problem(500, "InternalError", "Another call is going on in this session")
        self._busy.add(session)
        try:
            yield
        finally:
            self._busy.discard(session)

    def _keep(self, key: tuple[str, str, str], response: Response) -> None:
        now = self.world.clock.now()
        if len(self._answers) >= MAX_ANSWERS:
            fresh = {k: kept for k, kept in self._answers.items() if kept[0] > now - KEEP_ANSWERS}
            self._answers = dict(list(fresh.items())[-MAX_ANSWERS // 2 :])
        self._answers[key] = (now, response)

    def _refusal(self, fault: Fault) -> Problem | None:
        if fault.how is How.TOO_MANY:
            return self.too_many(self.world.clock.now() + timedelta(seconds=fault.seconds), "API rate limit")
        if fault.how is How.ERROR:
            return Problem(500, "InternalError", "Something went wrong")
        if fault.how is How.UNAVAILABLE:
            return Problem(503, "ServiceUnavailable", "Down for maintenance")
        return None

    def _finish(self, request: Request, kind: str, response: Response) -> Response:
        self._calls += 1
        if not hasattr(request.state, "answered"):
            request.state.answered = str(response.status_code)
        self.world.books.calls[f"{request.method} {kind} {response.status_code}"] += 1
        asked = request.headers.get("x-correlation-id", "")
        made = f"|{uuid_of(self.world.seed, 'correlation', self._calls).replace('-', '')[:16]}."
        fresh = Response(response.body, response.status_code)
        fresh.raw_headers = [
            (name, value) for name, value in response.raw_headers if name not in (b"x-correlation-id", b"date")
        ]
        fresh.headers["X-Correlation-Id"] = asked if _CORRELATION.fullmatch(asked) else made
        fresh.headers["Date"] = format_datetime(self.world.clock.now(), usegmt=True)
        return fresh

"""Aiia's hub, as the help page tells it (`facts/help-page.da.txt`): mail, six-digit code, accounts, the bank, consent.

A visit is one browser's way through it, kept under a cookie. It starts at the connect link, at a supervised
login's `authUrl`, or at the front door, where the customer updates a connection unasked.
"""

import asyncio
import contextlib
import smtplib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from backend.sandbox import mailbox, pages
from backend.sandbox.banks import Bank, Mood
from backend.sandbox.dice import digest, uuid_of
from backend.sandbox.world import Consent, User, World
from backend.texts import Say

COOKIE = "aiia_visit"
CODE_LIFE = timedelta(minutes=10)
MAX_TRIES = 5
MAX_VISITS = 20_000
SENDER = "Aiia <no-reply@aiia.example>"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectRequest:
    """With what the integrator sent the customer here. `supervised_for`: a known user, straight to the bank (§1.7)."""

    redirect_uri: str
    consent_id: str | None = None
    email: str = ""
    group: str | None = None
    group_name: str | None = None
    provider_id: str | None = None
    culture: str = "da"
    supervised_for: str | None = None


@dataclass(slots=True)
class Visit:
    """One browser's way through the hub. Code and tries are in the machine's own time."""

    id: str
    request: ConnectRequest | None
    email: str = ""
    code: str = ""
    code_until: datetime | None = None
    tries: int = 0
    user: User | None = None
    consent: Consent | None = None
    bank: Bank | None = None
    logged_in: bool = False
    chosen: tuple[int, ...] = ()
    notice: str = ""

    @property
    def say(self) -> Say:
        return pages.texts(self.request.culture if self.request else "da")


Step = Callable[[Request, Visit], Awaitable[Response]]
KnownStep = Callable[[Request, Visit, User], Awaitable[Response]]


class Hub:
    """The pages. `base` is its own address; codes are sent to `smtp` and read at `mailbox`."""

    def __init__(self, world: World, base: str, smtp: tuple[str, int], mailbox: str, slow_seconds: float) -> None:
        self.world, self.base, self.smtp, self.mailbox, self.slow_seconds = world, base, smtp, mailbox, slow_seconds
        self._visits: dict[str, Visit] = {}
        self._made = 0

    def begin(self, request: ConnectRequest) -> str:
        """Open a visit for an integrator's customer; the address to send the browser to."""
        visit = self._new(request)
        parts = urlsplit(request.redirect_uri)
        query = {
            "sessionId": visit.id,
            "closeUrl": f"{parts.scheme}://{parts.netloc}",
            "culture": request.culture,
        }
        return f"{self.base}/connect?{urlencode(query)}"

    def app(self) -> Starlette:
        """The ASGI application of the hub's port."""
        return Starlette(
            routes=[
                Route("/", self._step(self.login)),
                Route("/connect", self.enter),
                Route("/hub/login", self._step(self.login), methods=["GET", "POST"]),
                Route("/hub/code", self._step(self.code), methods=["GET", "POST"]),
                Route("/hub/accounts", self._known(self.accounts)),
                Route("/hub/accounts/update", self._known(self.update), methods=["POST"]),
                Route("/hub/accounts/remove", self._known(self.remove), methods=["POST"]),
                Route("/hub/banks", self._known(self.banks), methods=["GET", "POST"]),
                Route("/bank", self._known(self.bank), methods=["GET", "POST"]),
                Route("/hub/choose", self._known(self.choose), methods=["GET", "POST"]),
                Route("/hub/consent", self._known(self.agree), methods=["GET", "POST"]),
                Route("/hub/cancel", self._step(self.cancel), methods=["POST"]),
            ]
        )

    # Ways in

    async def enter(self, request: Request) -> Response:
        """From a connect link or an `authUrl`: take up the visit that was opened for it."""
        visit = self._visits.get(request.query_params.get("sessionId", ""))
        if visit is None or visit.request is None:
            return pages.simple(pages.texts("da"), "hub.gone", 404)
        visit.code, visit.bank, visit.logged_in, visit.notice = "", None, False, ""
        visit.consent = self.world.consent(visit.request.consent_id) if visit.request.consent_id else None
        if visit.request.supervised_for is not None and visit.consent is not None:
            visit.user = self.world.user(visit.request.supervised_for)
            visit.bank = visit.consent.bank
            response: Response = _go("/bank")
        else:
            visit.user = None
            response = _go("/hub/login")
        response.set_cookie(COOKIE, visit.id, httponly=True, samesite="lax")
        return response

    async def login(self, request: Request, visit: Visit) -> Response:
        """Step 1: the mail address."""
        if request.method == "GET":
            return pages.login(visit.say, self._known_address(visit))
        address = (await _field(request, "email")).strip()
        if "@" not in address or len(address) > 200 or not address.isprintable():
            return pages.login(visit.say, address, wrong=True)
        self._made += 1
        visit.email = address
        visit.code = f"{digest(self.world.seed, 'code', self._made, address) % 1_000_000:06}"
        visit.code_until, visit.tries = self.world.machine.now() + CODE_LIFE, 0
        text = visit.say("hub.mail.text", code=visit.code)
        subject = visit.say("hub.mail.subject")
        # When it fails, the customer sees what Aiia shows: nothing. The mail just does not come (§4 no. 18).
        with contextlib.suppress(OSError, smtplib.SMTPException):
            await asyncio.to_thread(mailbox.send, *self.smtp, SENDER, address, subject, text)
        return _go("/hub/code")

    async def code(self, request: Request, visit: Visit) -> Response:
        """Step 2: the six digits from the mail."""
        if not visit.code:
            return _go("/hub/login")
        if request.method == "GET":
            return pages.code(visit.say, visit.email, self.mailbox)
        typed = "".join((await _field(request, "code")).split())
        visit.tries += 1
        late = visit.code_until is None or self.world.machine.now() > visit.code_until
        if late or visit.tries > MAX_TRIES:
            visit.code = ""
            return pages.simple(visit.say, "hub.code.dead", 403, back="/hub/login")
        if typed != visit.code:
            return pages.code(visit.say, visit.email, self.mailbox, wrong=True)
        visit.code = ""
        visit.user = self.world.enrol(visit.email)
        wanted = visit.request
        if wanted is None or (visit.consent is not None and visit.consent.id in visit.user.consents):
            return _go("/hub/accounts")
        visit.bank = self.world.banks.get(wanted.provider_id or "")
        return _go("/bank" if visit.bank else "/hub/banks")

    # Among one's banks

    async def accounts(self, request: Request, visit: Visit, user: User) -> Response:
        """The list of accounts, per bank, each bank with *Muligheder*."""
        notice, visit.notice = visit.notice, ""
        current = visit.request.consent_id if visit.request else None
        for consent in user.consents.values():
            self.world.sync(consent)
        return pages.accounts(
            visit.say,
            user,
            self.world.clock.now(),
            current=current,
            notice=notice,
            connecting=visit.request is not None,
        )

    async def update(self, request: Request, visit: Visit, user: User) -> Response:
        """*Opdater konto*: off to the bank for this connection."""
        consent = user.consents.get(await _field(request, "consent"))
        if consent is None:
            return _go("/hub/accounts")
        visit.consent, visit.bank, visit.logged_in = consent, consent.bank, False
        return _go("/bank")

    async def remove(self, request: Request, visit: Visit, user: User) -> Response:
        """The customer withdraws a consent (§4 no. 19)."""
        consent = user.consents.get(await _field(request, "consent"))
        if consent is not None and consent.revoked_at is None:
            self.world.revoke(consent, "customer")
            visit.notice = "hub.accounts.removed"
        return _go("/hub/accounts")

    async def banks(self, request: Request, visit: Visit, user: User) -> Response:
        """The choice of a bank for a new connection."""
        if request.method == "GET":
            return pages.banks(visit.say, [bank.kind for bank in self.world.banks.values()])
        bank = self.world.banks.get(await _field(request, "bank"))
        if bank is None:
            return _go("/hub/banks")
        visit.consent, visit.bank, visit.logged_in = None, bank, False
        return _go("/bank")

    # At the bank and back

    async def bank(self, request: Request, visit: Visit, user: User) -> Response:
        """The bank's own login."""
        if visit.bank is None:
            return _go("/hub/accounts")
        mood = visit.bank.mood(self.world.clock.now())
        if mood is Mood.SLOW:
            await self.world.machine.sleep(self.slow_seconds)
        if mood is Mood.DOWN:
            return pages.bank_down(visit.say, visit.bank.kind)
        if request.method == "GET":
            return pages.bank(visit.say, visit.bank.kind, user.name)
        visit.logged_in = True
        if visit.request is not None and visit.request.supervised_for is not None and visit.consent is not None:
            self.world.supervised_login(visit.consent)
            return self._leave(visit, visit.request, {})
        return _go("/hub/choose")

    async def choose(self, request: Request, visit: Visit, user: User) -> Response:
        """The choice of accounts."""
        if visit.bank is None or not visit.logged_in:
            return _go("/bank")
        there = self.world.bank_accounts(user, visit.bank)
        offered = [(place, account.kind) for place, account in enumerate(there) if account.closed_at is None]
        if request.method == "GET":
            return pages.choose(visit.say, visit.bank.kind, offered)
        ticked = set((await _form(request)).get("account", []))
        visit.chosen = tuple(place for place, _ in offered if str(place) in ticked)
        if not visit.chosen:
            return pages.choose(visit.say, visit.bank.kind, offered, wrong=True)
        return _go("/hub/consent")

    async def agree(self, request: Request, visit: Visit, user: User) -> Response:
        """The consent itself; with it the renewal or the new connection is made."""
        bank = visit.bank
        if bank is None or not visit.logged_in or not visit.chosen:
            return _go("/bank")
        until = self.world.clock.now() + timedelta(days=bank.kind.days)
        if request.method == "GET":
            there = self.world.bank_accounts(user, bank)
            return pages.consent(visit.say, bank.kind, [there[place].kind for place in visit.chosen], until)
        if visit.consent is not None:
            self.world.renew(user, visit.consent, visit.chosen)
            made = visit.consent
            if visit.request is not None and visit.request.group is not None:
                made.group, made.group_name = visit.request.group, visit.request.group_name
        else:
            group = visit.request
            made = self.world.grant(
                user, bank, visit.chosen, group.group if group else None, group.group_name if group else None
            )
        visit.bank, visit.logged_in, visit.chosen = None, False, ()
        if visit.request is None:
            visit.notice = "hub.accounts.updated"
            return _go("/hub/accounts")
        code = self.world.tokens.new_code(user.id, made.id, visit.request.redirect_uri)
        return self._leave(visit, visit.request, {"code": code, "consentId": made.id})

    async def cancel(self, request: Request, visit: Visit) -> Response:
        """*Annuller*: back to the integrator with empty hands (§1.2), or to the list."""
        visit.bank, visit.logged_in, visit.chosen = None, False, ()
        if visit.request is None:
            return _go("/hub/accounts")
        return self._leave(visit, visit.request, {})

    # The visit

    def _leave(self, visit: Visit, request: ConnectRequest, carried: dict[str, str]) -> Response:
        parts = urlsplit(request.redirect_uri)
        query = "&".join(part for part in (parts.query, urlencode(carried)) if part)
        self._visits.pop(visit.id, None)
        response = RedirectResponse(urlunsplit(parts._replace(query=query)), status_code=303)
        response.delete_cookie(COOKIE)
        return response

    def _new(self, request: ConnectRequest | None) -> Visit:
        self._made += 1
        visit = Visit(uuid_of(self.world.seed, "visit", self._made).replace("-", ""), request)
        self._visits[visit.id] = visit
        if len(self._visits) > MAX_VISITS:
            del self._visits[next(iter(self._visits))]
        return visit

    def _known_address(self, visit: Visit) -> str:
        if visit.request is None:
            return ""
        owner = self.world.user(visit.consent.user_id) if visit.consent else None
        return visit.request.email or (owner.email if owner else "")

    def _known(self, step: KnownStep) -> Callable[[Request], Awaitable[Response]]:
        """A page for those who have come past the code."""

        async def checked(request: Request, visit: Visit) -> Response:
            return _go("/hub/login") if visit.user is None else await step(request, visit, visit.user)

        return self._step(checked)

    def _step(self, step: Step) -> Callable[[Request], Awaitable[Response]]:
        """A page of a visit, kept under the cookie."""

        async def page(request: Request) -> Response:
            visit = self._visits.get(request.cookies.get(COOKIE, "")) or self._new(None)
            response = await step(request, visit)
            if visit.id in self._visits:
                response.set_cookie(COOKIE, visit.id, httponly=True, samesite="lax")
            return response

        return page


def _go(path: str) -> Response:
    return RedirectResponse(path, status_code=303)


async def _form(request: Request) -> dict[str, list[str]]:
    return parse_qs((await request.body()).decode(errors="replace"), keep_blank_values=True)


async def _field(request: Request, name: str) -> str:
    return (await _form(request)).get(name, [""])[0]

"""The Aiia Data API from `facts/aiia-economic.md` §1 alone: a strict reader of requests, a free speaker of answers."""

import base64
import hashlib
import itertools
import json
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import urlencode

from tests.blackbox.httpd import Reply, Request, Service


def instant() -> str:
    """Now as Aiia writes it: UTC, seven fraction digits."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "4Z"


@dataclass
class Row:
    """One transaction of an account."""

    id: str
    date: str
    amount: str
    text: str
    state: str = "Booked"
    deleted: bool = False


@dataclass
class Account:
    """One bank account; `iban` may be null."""

    id: str
    iban: str | None
    bban: str | None
    name: str = "Driftskonto"
    rows: list[Row] = field(default_factory=list)
    orphaned: bool = False
    synchronized: str | None = field(default_factory=lambda: instant())


@dataclass
class Person:
    """One Aiia user. Calls of one person must not overlap."""

    email: str
    accounts: list[Account]
    bank: str = "Fiktiv Bank"
    in_flight: int = 0
    update: Reply | None = None
    cancels: bool = False


@dataclass
class Grant:
    """One consent of a person, with its rotating refresh token and its living access tokens."""

    person: Person
    consent: str
    refresh: str
    spent: set[str] = field(default_factory=set)
    access: set[str] = field(default_factory=set)
    alive: bool = True


@dataclass
class Dialect:
    """What the documents leave open."""

    last_page: str = "null"  # or "absent" or "empty"
    page_size: int | None = None  # the server's own, whatever was asked for
    order: str = "newest"  # or "oldest" or "shuffled"
    sparse: bool = False  # nullable fields are left out
    strange: bool = False  # unknown enum values, unknown fields, fields in another order
    echo_state: bool = True
    renewed_consent: str = "same"  # or "new"
    renumbers: bool = False  # a renewal gives every account and row a new id
    expires_in: int = 3600
    bad_refresh: int = 400
    repeats: bool = True  # X-Request-Id gives the cached answer again


class Aiia(Service):
    """The aggregator: connect, tokens, accounts, transactions, update, providers."""

    CLIENT = "econ-fict-01"
    SECRET = "s3cr3t-of-the-client-Zq8"

    def __init__(self, redirect_url: str, violations: list[str], dialect: Dialect | None = None) -> None:
        super().__init__(violations)
        self.redirect_url = redirect_url
        self.dialect = dialect or Dialect()
        self.url = ""
        self.grants: list[Grant] = []
        self.people: dict[str, Person] = {}
        self.codes: dict[str, Grant] = {}
        self.sittings: dict[str, tuple[Request, Person]] = {}
        self.answered: dict[str, tuple[bytes, Reply | None]] = {}
        self.numbers = itertools.count(1)
        self.latency = 0.0
        self.callback_consent: str | None = None
        self.tokens_issued: list[str] = []

    def grant(self, person: Person, consent: str) -> Grant:
        """A consent with its first refresh token."""
        self.people[person.email] = person
        one = Grant(person, consent, self._token("RefreshToken", consent))
        self.grants.append(one)
        return one

    def answer(self, request: Request) -> Reply:
        if request.path == "/v1/oauth/connect":
            return self._connect(request)
        if request.path.startswith("/hub/"):
            return self._hub(request)
        if request.path == "/v1/oauth/token":
            return self._once(request, self._tokens)
        if request.path == "/v2/providers" and not self._basic(request):
            return Reply(401, {"error": "InvalidClient"})
        if request.path in ("/v1/providers", "/v2/providers"):
            return Reply(body=[{"id": "FictBank", "name": "Fiktiv Bank", "countryCode": "DK"}])
        if "authorization" not in request.headers and request.method in ("GET", "HEAD"):
            return Reply(404)
        return self._for_a_user(request)

    # -- connect ------------------------------------------------------------------------------------------------------

    def _connect(self, request: Request) -> Reply:
        asked = request.query
        wanted = {"client_id": self.CLIENT, "redirect_uri": self.redirect_url, "response_type": "code"}
        for name, value in wanted.items():
            if asked.get(name) != value:
                self.violations.append(f"connect: {name}={asked.get(name)!r}, not {value!r}")
                return Reply(400, {"error": "InvalidInput"})
        if set(asked.get("scope", "").split()) != {"accounts", "offline_access"}:
            self.violations.append(f"connect: scope {asked.get('scope')!r}")
        known = set(wanted) | {"scope", "state", "culture", "email", "consentId", "accountsGroupId"}
        known |= {"accountsGroupName", "providerId", "bank_account_numbers", "select_all_accounts"}
        if set(asked) - known:
            self.violations.append(f"connect: unknown parameters {sorted(set(asked) - known)}")
        if "consentId" in asked and "email" in asked:
            self.violations.append("connect: consentId or email, not both")
        consent = asked.get("consentId")
        person = next((one.person for one in self.grants if one.consent == consent), None)
        person = person or self.people.get(asked.get("email", "")) or next(iter(self.people.values()))
        sitting = f"sit{next(self.numbers)}"
        self.sittings[sitting] = (request, person)
        return Reply(302, headers={"Location": f"{self.url}/hub/{sitting}"})

    def _hub(self, request: Request) -> Reply:
        asked, person = self.sittings.pop(request.path.removeprefix("/hub/"))
        back: dict[str, str] = {}
        if not person.cancels:
            grant = self._consented(asked, person)
            code = f"code{next(self.numbers)}+/=="
            self.codes[code] = grant
            back = {"code": code, "consentId": self.callback_consent or grant.consent}
        if self.dialect.echo_state and "state" in asked.query:
            back["state"] = asked.query["state"]
        glue = "&" if "?" in self.redirect_url else "?"
        return Reply(
            302, headers={"Location": f"{self.redirect_url}{glue}{urlencode(back)}" if back else self.redirect_url}
        )

    def _consented(self, asked: Request, person: Person) -> Grant:
        old = asked.query.get("consentId")
        consent = old if old and self.dialect.renewed_consent == "same" else f"consent-{next(self.numbers)}"
        if self.dialect.renumbers:
            for account in person.accounts:
                account.id = f"acc-{next(self.numbers)}"
                for row in account.rows:
                    row.id = f"row-{next(self.numbers)}"
        return self.grant(person, consent)

    # -- tokens -------------------------------------------------------------------------------------------------------

    def _basic(self, request: Request) -> bool:
        basic = base64.b64encode(f"{self.CLIENT}:{self.SECRET}".encode()).decode()
        return request.headers.get("authorization") == f"Basic {basic}"

    def _tokens(self, request: Request) -> Reply:
        if not self._basic(request):
            return Reply(401, {"error": "InvalidClient"})
        body = request.json()
        if body.get("grant_type") == "authorization_code":
            grant = self.codes.pop(str(body.get("code")), None)
            if body.get("redirect_uri") != self.redirect_url:
                self.violations.append(f"token: redirect_uri {body.get('redirect_uri')!r}")
            if grant is None:
                return Reply(400, {"error": "InvalidInput"})
            return self._paid_out(grant)
        if body.get("grant_type") != "refresh_token":
            self.violations.append(f"token: grant_type {body.get('grant_type')!r}")
            return Reply(400, {"error": "InvalidInput"})
        token = str(body.get("refresh_token"))
        for grant in self.grants:
            if token in grant.spent:
                self.violations.append(f"refresh token of {grant.consent} was spent twice")
            if token == grant.refresh and grant.alive:
                grant.spent.add(token)
                with self._alone(grant.person, "refresh"):
                    return self._paid_out(grant)
        return Reply(self.dialect.bad_refresh, {"error": "InvalidInput", "details": {"reason": "Unknown token"}})

    def _paid_out(self, grant: Grant) -> Reply:
        grant.refresh = self._token("RefreshToken", grant.consent)
        access = self._token("ClientUser", grant.consent)
        grant.access.add(access)
        body: dict[str, object] = {
            "access_token": access,
            "expires_in": self.dialect.expires_in,
            "redirect_uri": self.redirect_url,
            "refresh_token": grant.refresh,
            "token_type": "bearer",
        }
        return Reply(body=self._told(body))

    def _token(self, role: str, consent: str) -> str:
        claims = {"role": role, "consentId": consent, "n": next(self.numbers), "nbf": 1, "iat": 1, "exp": 9_999_999_999}
        parts = [{"alg": "HS256"}, claims]
        text = ".".join(base64.urlsafe_b64encode(json.dumps(one).encode()).decode().rstrip("=") for one in parts)
        token = f"{text}.{hashlib.sha256(text.encode()).hexdigest()}"
        self.tokens_issued.append(token)
        return token

    def _once(self, request: Request, act: Callable[[Request], Reply]) -> Reply:
        """Honour X-Request-Id: the same id again gives the same answer, 409 while the first is in work."""
        key = request.headers.get("x-request-id")
        if not key:
            self.violations.append(f"{request.method} {request.path} without X-Request-Id")
            return Reply(400, {"error": "InvalidInput"})
        with self.lock:
            if key in self.answered and self.dialect.repeats:
                body, reply = self.answered[key]
                if body != request.body:
                    self.violations.append(f"X-Request-Id {key} again with another body")
                return reply or Reply(409, {"error": "Conflict"})
            self.answered[key] = (request.body, None)
            if request.path == "/v1/oauth/token":
                done = act(request)
                self.answered[key] = (request.body, done)
                return done
        done = act(request)
        self.answered[key] = (request.body, done)
        return done

    # -- a user's session ---------------------------------------------------------------------------------------------

    @contextmanager
    def _alone(self, person: Person, what: str) -> Iterator[None]:
        with self.lock:
            person.in_flight += 1
            if person.in_flight > 1:
                self.violations.append(f"two calls at once in the session of {person.email}: {what}")
        try:
            if self.latency and what != "refresh":
                threading.Event().wait(self.latency)
            yield
        finally:
            with self.lock:
                person.in_flight -= 1

    def _for_a_user(self, request: Request) -> Reply:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        grant = next((one for one in self.grants if token in one.access), None)
        if scheme != "Bearer" or grant is None or not grant.alive:
            if token not in self.tokens_issued:
                self.violations.append(f"{request.method} {request.path} with a token that never was one")
            return Reply(401, {"error": "Unauthorized"})
        with self._alone(grant.person, f"{request.method} {request.path}"):
            return self._session(request, grant)

    def _session(self, request: Request, grant: Grant) -> Reply:
        steps = request.path.strip("/").split("/")
        if request.path == "/v1/update" and request.method == "POST":
            return self._once(request, lambda one: self._update(one, grant))
        if steps[:2] == ["v1", "consent"] and steps[3:] == ["all-accounts-selected"]:
            return Reply(403, {"error": "Forbidden"})
        if request.method == "GET" and request.path == "/v1/accounts":
            shown = [
                one
                for one in grant.person.accounts
                if request.query.get("includeOrphaned") != "false" or not one.orphaned
            ]
            return Reply(body={"accounts": [self._account(one, grant.person) for one in shown]})
        if request.method == "GET" and steps[:2] == ["v1", "accounts"] and len(steps) in (3, 4):
            account = next((one for one in grant.person.accounts if one.id == steps[2]), None)
            if account is None:
                return Reply(404, {"error": "NotFound"})
            if len(steps) == 3:
                return Reply(body=self._account(account, grant.person))
            if steps[3] == "transactions":
                return self._transactions(request, account)
        self.violations.append(f"not in the documents: {request.method} {request.path}")
        return Reply(404, {"error": "NotFound"})

    def _update(self, request: Request, grant: Grant) -> Reply:
        if not isinstance(request.json().get("redirectUrl"), str):
            self.violations.append("update without redirectUrl")
        if grant.person.update:
            return grant.person.update
        for account in grant.person.accounts:
            account.synchronized = account.synchronized and instant()
        return Reply(body={"status": "AllQueued", "authUrl": None})

    def _account(self, one: Account, person: Person) -> object:
        number: dict[str, object] = {
            "bban": one.bban,
            "bbanType": "DK",
            "bbanParsed": None,
            "iban": one.iban,
            "card": None,
        }
        return self._told(
            {
                "id": one.id,
                "accountProvider": {"id": "FictBank", "name": person.bank},
                "name": one.name,
                "owner": "Nordhavn Cykler ApS",
                "type": "Quantum" if self.dialect.strange else "Consumption",
                "currency": "DKK",
                "number": self._told(number),
                "booked": {"currency": "DKK", "value": Decimal("184233.15")},
                "bookedBalance": Decimal("184233.15"),
                "available": None,
                "availableBalance": None,
                "lastSynchronized": one.synchronized,
                "isOrphaned": one.orphaned,
                "nagApiAccountId": None,
            }
        )

    def _transactions(self, request: Request, account: Account) -> Reply:
        rows = [
            one for one in account.rows if not one.deleted or request.query.get("includeDeleted", "").lower() == "true"
        ]
        rows.sort(key=lambda one: one.date, reverse=self.dialect.order == "newest")
        if self.dialect.order == "shuffled":
            random.Random(7).shuffle(rows)
        token, size = request.query.get("pagingToken"), int(request.query.get("pageSize", "50"))
        if token is not None and not token.startswith("page+/="):
            self.violations.append(f"pagingToken {token!r} was never given")
            return Reply(400, {"error": "InvalidInput"})
        start = int(token.removeprefix("page+/=")) if token else 0
        stop = start + (self.dialect.page_size or size)
        body: dict[str, object] = {"transactions": [self._row(one, account) for one in rows[start:stop]]}
        if stop < len(rows):
            body["pagingToken"] = f"page+/={stop}"
        elif self.dialect.last_page != "absent":
            body["pagingToken"] = None if self.dialect.last_page == "null" else ""
        return Reply(body=body)

    def _row(self, one: Row, account: Account) -> object:
        return self._told(
            {
                "id": one.id,
                "accountId": account.id,
                "date": one.date,
                "creationDate": "0001-01-01T00:00:00",
                "currency": "DKK",
                "amount": Decimal(one.amount),
                "transactionAmount": {"currency": "DKK", "value": Decimal(one.amount)},
                "balance": None,
                "text": one.text,
                "originalText": one.text.upper(),
                "type": "Teleport" if self.dialect.strange else "Card",
                "state": one.state,
                "isDeleted": one.deleted,
                "nagApiTransactionId": None,
                "categories": None,
                "detail": None,
            }
        )

    def _told(self, fields: dict[str, object]) -> dict[str, object]:
        """The fields as this dialect says them."""
        if self.dialect.sparse:
            fields = {name: value for name, value in fields.items() if value is not None}
        if self.dialect.strange:
            fields = {"zzUnknown": {"deep": [1, None]}, **dict(reversed(list(fields.items())))}
        return fields

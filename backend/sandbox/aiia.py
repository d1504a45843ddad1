"""Aiia's Data API as documented (`facts/aiia-economic.md` §1.2 to §1.11), on the state of `World`."""

from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from backend.sandbox import shapes
from backend.sandbox.banks import Mood
from backend.sandbox.dice import share, uuid_of
from backend.sandbox.hub import ConnectRequest
from backend.sandbox.statement import Link, View, views
from backend.sandbox.tokens import TokenError
from backend.sandbox.web import Caller, Desk, Problem, answer, read_json, spoil
from backend.sandbox.world import BankDownError, BankRateLimitedError, Consent, World

PAGE = 50
MAX_PAGE = 500

Begin = Callable[[ConnectRequest], str]
"""Opens a visit to the hub and gives its address."""


def is_loopback(uri: str) -> bool:
    """Whether an address stays on this machine."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and parts.hostname in ("127.0.0.1", "localhost", "::1")


class AiiaApi:
    """The endpoints. `begin` hands a visitor to the hub."""

    def __init__(self, world: World, desk: Desk, begin: Begin) -> None:
        self.world, self.desk, self.begin = world, desk, begin

    def app(self) -> Starlette:
        """The ASGI application of the API's port."""
        desk = self.desk
        account = "/v1/accounts/{account_id:path}"
        return Starlette(
            routes=[
                Route("/v1/oauth/connect", desk.open_to_all("connect", self.connect)),
                Route("/v1/oauth/token", desk.open_to_all("token", self.token), methods=["POST"]),
                Route("/v1/accounts", desk.in_session("accounts", self.accounts)),
                Route(f"{account}/transactions", desk.in_session("transactions", self.transactions)),
                Route(f"{account}/transactions/query", desk.in_session("transactions", self.query), methods=["POST"]),
                Route(f"{account}/transactions/{{row_id}}", desk.in_session("transactions", self.transaction)),
                Route(account, desk.in_session("accounts", self.account)),
                Route("/v1/update", desk.in_session("update", self.update), methods=["POST"]),
                Route("/v1/consent/{consent_id}/all-accounts-selected", desk.in_session("consent", self.all_selected)),
                Route("/v1/providers", desk.open_to_all("providers", self.providers)),
                Route("/v2/providers", desk.open_to_all("providers", self.providers_v2)),
                Route("/v2/providers/{provider_id}", desk.open_to_all("providers", self.provider_v2)),
            ]
        )

    async def connect(self, request: Request) -> Response:
        """302 to the hub. What is not known (such as `state`) is ignored and does not come back (§1.2)."""
        asked = request.query_params
        if asked.get("client_id") != self.world.client_id:
            raise Problem(400, "InvalidInput", "Unknown client_id")
        if asked.get("response_type") != "code":
            raise Problem(400, "InvalidInput", "response_type must be code")
        redirect_uri = asked.get("redirect_uri", "")
        if not (is_loopback(redirect_uri) or redirect_uri in self.world.redirect_uris):
            raise Problem(400, "InvalidInput", "redirect_uri is not registered")
        if "accounts" not in asked.get("scope", "").split():
            raise Problem(400, "InvalidInput", "scope must contain accounts")
        visit = ConnectRequest(
            redirect_uri=redirect_uri,
            consent_id=asked.get("consentId") or None,
            email=asked.get("email", ""),
            group=asked.get("accountsGroupId"),
            group_name=asked.get("accountsGroupName"),
            provider_id=asked.get("providerId"),
            culture=asked.get("culture", "da"),
        )
        return Response(status_code=302, headers={"Location": self.begin(visit)})

    async def token(self, request: Request) -> Response:
        """Trade a code or a refresh token; each works once (§1.3)."""
        if not self.desk.client_secret_right(request):
            raise Problem(401, "Unauthorized", "Client id or secret is wrong")
        said = read_json(await request.body())
        grant = said.get("grant_type")
        try:
            if grant == "authorization_code":
                return self._trade_code(str(said.get("code", "")), str(said.get("redirect_uri", "")))
            if grant == "refresh_token":
                return self._trade_refresh(str(said.get("refresh_token", "")))
        except TokenError as error:
            raise Problem(400, "InvalidGrant", str(error)) from error
        raise Problem(400, "InvalidInput", "Unknown grant_type")

    def _trade_code(self, text: str, redirect_uri: str) -> Response:
        code = self.world.tokens.take_code(text, redirect_uri)
        session = uuid_of(self.world.seed, "session", code.consent_id, text)
        pair = self.world.tokens.pair(code.user_id, code.consent_id, session)
        return answer({**pair, "redirect_uri": redirect_uri})

    def _trade_refresh(self, text: str) -> Response:
        """A token of a dead consent is refused, not spent: only one that was honoured can be used twice."""
        owner = self.world.tokens.read(text, "RefreshToken")
        consent = self.world.consent(owner.consent_id)
        if consent is None or consent.revoked_at is not None:
            raise TokenError("Consent is revoked")
        try:
            claims = self.world.tokens.spend(text)
        except TokenError as error:
            if error.reused:
                self.world.books.reused_tokens.append({"consent_id": owner.consent_id, "user_id": owner.user_id})
            raise
        self.world.books.refreshes += 1
        return answer(self.world.tokens.pair(claims.user_id, claims.consent_id, claims.session_id))

    async def accounts(self, request: Request, caller: Caller) -> Response:
        """All accounts of the consent, from Aiia's store, as of the last sync (§1.5)."""
        group = request.query_params.get("accountsGroupId")
        orphaned = request.query_params.get("includeOrphaned", "true").casefold() != "false"
        shown = [
            self._account(consent, link)
            for consent in self._consents(caller)
            if group is None or group == consent.group
            for link in consent.links
            if not consent.blind
        ]
        return answer({"accounts": [one for one in shown if orphaned or not one["isOrphaned"]]})

    async def account(self, request: Request, caller: Caller) -> Response:
        """One account."""
        return answer(self._account(*self._link(request, caller)))

    def _account(self, consent: Consent, link: Link) -> dict[str, object]:
        return shapes.account(
            self.world.account_id(consent, link),
            consent,
            link,
            self.world.sync(consent),
            strange=self.world.unknown_enums,
        )

    def _consents(self, caller: Caller) -> list[Consent]:
        if not self.world.whole_user:
            return [caller.consent]
        return [consent for consent in caller.user.consents.values() if consent.revoked_at is None]

    def _link(self, request: Request, caller: Caller) -> tuple[Consent, Link]:
        for consent in self._consents(caller):
            if link := self.world.link(consent, request.path_params["account_id"]):
                return consent, link
        raise Problem(404, "NotFound", "Unknown account")

    async def transactions(self, request: Request, caller: Caller) -> Response:
        """One page of an account's rows, newest first (§1.6)."""
        asked = request.query_params
        return self._page(
            *self._link(request, caller),
            size=_page_size(asked.get("pageSize")),
            token=asked.get("pagingToken"),
            deleted=_flag(asked.get("includeDeleted")),
            wanted=lambda _: True,
        )

    async def query(self, request: Request, caller: Caller) -> Response:
        """The same for an interval and amounts; property names in any case (§1.6)."""
        said = {name.casefold(): value for name, value in read_json(await request.body()).items()}
        token = said.get("pagingtoken")
        return self._page(
            *self._link(request, caller),
            size=_page_size(said.get("pagesize")),
            token=token if isinstance(token, str) else None,
            deleted=_flag(request.query_params.get("includeDeleted")),
            wanted=shapes.wanted(said),
        )

    async def transaction(self, request: Request, caller: Caller) -> Response:
        """One row by its id."""
        consent, link = self._link(request, caller)
        seen = self.world.sync(consent)
        row_id = request.path_params["row_id"]
        if seen is not None:
            for view in views(link, seen, deleted=True):
                if view.id == row_id:
                    return answer(self._row(self.world.account_id(consent, link), link, view))
        raise Problem(404, "NotFound", "Unknown transaction")

    def _page(
        self,
        consent: Consent,
        link: Link,
        *,
        size: int,
        token: str | None,
        deleted: bool,
        wanted: Callable[[View], bool],
    ) -> Response:
        spoil(link.account.trouble)
        mark = self.world.account_id(consent, link)
        seen = self.world.sync(consent)
        before = None
        if token:
            seen, before = shapes.read_paging(token, mark)
        if link.account.closed_at is not None and seen is not None:
            seen = min(seen, link.account.closed_at)
        page: list[View] = []
        more = False
        for view in views(link, seen, deleted=deleted, before=before) if seen else ():
            if not wanted(view):
                continue
            if len(page) == size:
                more = True
                break
            page.append(view)
        following = shapes.paging(mark, seen, page[-1].place) if more and seen else None
        return answer({"pagingToken": following, "transactions": [self._row(mark, link, view) for view in page]})

    def _row(self, account_id: str, link: Link, view: View) -> dict[str, object]:
        return shapes.transaction(account_id, link.account.kind.currency, view, strange=self.world.unknown_enums)

    async def update(self, request: Request, caller: Caller) -> Response:
        """Ask for a fetch at the bank: queued, or the customer must log in (§1.7)."""
        said = read_json(await request.body())
        redirect = said.get("redirectUrl")
        if not isinstance(redirect, str) or not redirect:
            raise Problem(400, "InvalidInput", "redirectUrl is required")
        consent = caller.consent
        try:
            queued = self.world.ask_update(consent)
        except BankRateLimitedError as limit:
            raise self.desk.too_many(limit.until, "The bank allows no more logins without the user") from limit
        except BankDownError as down:
            health = shapes.provider(consent.bank, self.world.clock.now(), strange=False)["status"]
            reason = f"{consent.bank.kind.name} svarer ikke"
            raise Problem(
                503, "ProviderUnavailable", reason, providerId=consent.bank.kind.id, providerStatus=health
            ) from down
        if queued:
            self.world.books.update_done(request.headers.get("x-request-id", ""), consent.id)
        if consent.bank.mood(self.world.clock.now()) is Mood.SLOW:
            await self.desk.pause(request, self.desk.slow_seconds)
        if queued:
            status = "PartiallyQueued" if self.world.unknown_enums else "AllQueued"
            return answer({"status": status, "authUrl": None})
        visit = ConnectRequest(redirect_uri=redirect, consent_id=consent.id, supervised_for=caller.user.id)
        return answer({"status": "SupervisedLoginRequired", "authUrl": self.begin(visit)})

    async def all_selected(self, request: Request, caller: Caller) -> Response:
        """Whether the customer ticked every account; 403 for users about whom we may not ask (§1.8)."""
        consent_id = request.path_params["consent_id"]
        if consent_id not in caller.user.consents:
            raise Problem(404, "NotFound", "Unknown consent")
        if share(consent_id, "may-not-ask") < 0.1:
            raise Problem(403, "Forbidden", "Not allowed for this user type")
        return answer({"allAccountsSelected": caller.user.consents[consent_id].all_selected})

    async def providers(self, request: Request) -> Response:
        """The banks; needs no login, but a wrong one is refused (§1.9)."""
        if "authorization" in request.headers and not self.desk.client_secret_right(request):
            raise Problem(401, "Unauthorized", "Client id or secret is wrong")
        listed = [
            {"id": bank.kind.id, "name": bank.kind.name, "countryCode": "DK"} for bank in self.world.banks.values()
        ]
        return answer(listed)

    async def providers_v2(self, request: Request) -> Response:
        """The banks with their health."""
        if not self.desk.client_secret_right(request):
            raise Problem(401, "Unauthorized", "Client id or secret is wrong")
        now = self.world.clock.now()
        strange = self.world.unknown_enums
        return answer([shapes.provider(bank, now, strange=strange) for bank in self.world.banks.values()])

    async def provider_v2(self, request: Request) -> Response:
        """One bank with its health."""
        if not self.desk.client_secret_right(request):
            raise Problem(401, "Unauthorized", "Client id or secret is wrong")
        bank = self.world.banks.get(request.path_params["provider_id"])
        if bank is None:
            raise Problem(404, "NotFound", "Unknown provider")
        return answer(shapes.provider(bank, self.world.clock.now(), strange=self.world.unknown_enums))


def _flag(text: str | None) -> bool:
    return text is not None and text.casefold() == "true"


def _page_size(asked: object) -> int:
    if asked is None:
        return PAGE
    try:
        size = int(str(asked))
    except ValueError:
        size = 0
    if size < 1:
        raise Problem(400, "InvalidInput", "pageSize must be above 0")
    return min(size, MAX_PAGE)

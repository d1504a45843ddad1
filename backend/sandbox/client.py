"""A customer, a bank and a bystander in one: what the `forny sandbox` commands and the tests do in the world."""

import re
import ssl
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx

MAX_PAGES = 30
_PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
_REDIRECTS = (301, 302, 303, 307, 308)


def plain_client(base_url: str = "") -> httpx.Client:
    """A client for the loopback: it knows no authorities, so it starts fast and trusts nobody over TLS."""
    return httpx.Client(base_url=base_url, trust_env=False, timeout=30.0, verify=_PLAIN)


def plain_async_client(timeout: float = 5.0) -> httpx.AsyncClient:
    """The same for those who must not wait in line."""
    return httpx.AsyncClient(trust_env=False, timeout=timeout, verify=_PLAIN)


class WalkError(Exception):
    """The customer got stuck on a page; the message names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """Where a walk ended. `url`: the redirect address with its query; `status`: its answer, None if nobody gave one."""

    url: str
    code: str | None
    consent_id: str | None
    status: int | None
    pages: tuple[str, ...]


@dataclass(slots=True)
class _Form:
    id: str
    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    boxes: list[tuple[str, str, str]] = field(default_factory=list)


class _Reader(HTMLParser):
    """Finds a page's name and its forms."""

    def __init__(self) -> None:
        super().__init__()
        self.page = ""
        self.current: str | None = None
        self.forms: dict[str, _Form] = {}
        self._open: _Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "body":
            self.page = said.get("data-page", "")
        elif tag == "form":
            self._open = _Form(said.get("id", ""), said.get("action", ""), said.get("method", "get"))
            self.forms[self._open.id] = self._open
        elif tag == "input" and self._open is not None:
            if said.get("type") == "checkbox":
                self._open.boxes.append((said["name"], said["value"], said.get("data-number", "")))
            elif "name" in said:
                self._open.fields.append((said["name"], said.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None


class SandboxClient:
    """Speaks to a running world. `addresses` is the announced JSON, or at least its `control`."""

    def __init__(self, addresses: Mapping[str, str]) -> None:
        self._http = plain_client()
        self.addresses = dict(addresses)
        if "mailbox" not in self.addresses:
            self.addresses |= self._get(f"{self.addresses['control']}/addresses").json()

    def __enter__(self) -> "SandboxClient":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    # Looking

    def mails(self, to: str | None = None) -> list[dict[str, Any]]:
        """The newest mails first, perhaps only one address's."""
        found: list[dict[str, Any]] = self._get(f"{self.addresses['mailbox']}/mails", {"to": to} if to else {}).json()
        return found

    def books(self) -> dict[str, Any]:
        """What the world saw of its callers."""
        found: dict[str, Any] = self._look("books")
        return found

    def postings(self) -> list[dict[str, Any]]:
        """Every posting that bank reconciliation received, how often and by which keys."""
        found: list[dict[str, Any]] = self._look("books/postings")
        return found

    def updates(self) -> list[dict[str, Any]]:
        """Every request id under which an update was asked for: for whom, how often, and what was answered."""
        found: list[dict[str, Any]] = self._look("books/updates")
        return found

    def banks(self) -> list[dict[str, Any]]:
        """The banks and their moods."""
        found: list[dict[str, Any]] = self._look("banks")
        return found

    def customer(self, **named: str | int) -> dict[str, Any]:
        """A customer by `index`, `agreement` or `email`, with the truth about the consents."""
        found: dict[str, Any] = self._look("customer", **named)
        return found

    def rows(self, account: str, **asked: str | int | float) -> list[dict[str, Any]]:
        """What the bank account holds in truth, newest first."""
        found: list[dict[str, Any]] = self._look("rows", account=account, **asked)
        return found

    def fleet(self, limit: int | None = None, agreement: str | None = None) -> Iterator[str]:
        """The fleet, or one customer's part of it, as import lines (DESIGN §8), one at a time."""
        params = {} if limit is None else {"limit": str(limit)}
        params |= {} if agreement is None else {"agreement": agreement}
        with self._http.stream("GET", f"{self.addresses['control']}/fleet", params=params) as response:
            response.raise_for_status()
            yield from response.iter_lines()

    def scenarios(self) -> list[dict[str, Any]]:
        """What can be played (`turn("scenario", id=…)`)."""
        found: list[dict[str, Any]] = self._look("scenarios")
        return found

    # Turning knobs

    def set_mood(self, bank: str, mood: str) -> dict[str, Any]:
        """A bank (id or name) gets another mood."""
        return self.turn("mood", bank=bank, mood=mood)

    def fault(self, kind: str, how: str, times: int | None = 1, seconds: float = 1.0) -> dict[str, Any]:
        """The next `times` calls of a kind go wrong (None: until `turn("lift")`)."""
        return self.turn("fault", kind=kind, how=how, times=times, seconds=seconds)

    def turn(self, knob: str, **said: object) -> dict[str, Any]:
        """Any knob by its path, such as `consent/expire` (see `backend.sandbox.control`). Raises on refusal."""
        response = self._http.post(f"{self.addresses['control']}/{knob}", json=said)
        if response.is_error:
            raise ValueError(f"{knob}: {response.json()['details']['reason']}")
        found: dict[str, Any] = response.json()
        return found

    # Being the customer

    def walk(
        self,
        link: str,
        *,
        cancel: bool = False,
        accounts: Sequence[str] | None = None,
        email: str | None = None,
        bank: str | None = None,
        follow: bool = True,
    ) -> Walked:
        """Follow a connect link (or an `authUrl`) as a customer in a browser would, up to the final redirect.

        `accounts` are the IBANs or BBANs to tick (None: all), `bank` the provider id for a new connection,
        `email` what to type when the link does not say. With `cancel` the customer gives up at the bank. The
        final address is called too unless `follow` is False. Raises WalkError when a page leads nowhere.
        """
        wishes = _Wishes(cancel, accounts, email, bank)
        with plain_client() as browser:
            return self._walk(browser, link, wishes, follow)

    def update_in_hub(self, email: str, *, bank: str | None = None) -> None:
        """The customer logs in to the hub unasked and updates a connection (the first, or the one at `bank`)."""
        wishes = _Wishes(False, None, email, bank)
        with plain_client() as browser:
            self._walk(browser, f"{self.addresses['hub']}/#/hub/login", wishes, False)

    def _walk(self, browser: httpx.Client, link: str, wishes: "_Wishes", follow: bool) -> Walked:
        inside = {urlsplit(self.addresses[name]).netloc for name in ("aiia", "hub")}
        seen: list[str] = []
        request = browser.build_request("GET", link)
        if urlsplit(link).netloc not in inside:
            # A link by way of the program that sent it.
            request = browser.build_request("GET", browser.send(request).headers.get("location", link))
        for _ in range(MAX_PAGES):
            if urlsplit(str(request.url)).netloc not in inside:
                return self._arrive(browser, str(request.url), tuple(seen), follow)
            response = browser.send(request)
            if response.status_code in _REDIRECTS:
                request = browser.build_request("GET", urljoin(str(request.url), response.headers["location"]))
                continue
            reader = _Reader()
            reader.feed(response.text)
            seen.append(reader.page)
            if reader.page == "accounts" and "consent" in seen:
                return Walked(url=str(request.url), code=None, consent_id=None, status=200, pages=tuple(seen))
            chosen = self._press(reader, response, wishes)
            target = urljoin(str(request.url), chosen.action)
            request = browser.build_request("POST", target, data=_data(chosen.fields))
        raise WalkError(f"no way out after {MAX_PAGES} pages: {', '.join(seen[-5:])}")

    def _press(self, reader: _Reader, response: httpx.Response, wishes: "_Wishes") -> _Form:
        forms, page = reader.forms, reader.page
        if wishes.cancel and page in ("bank", "bank-down", "choose", "consent") and "cancel" in forms:
            return forms["cancel"]
        if page == "login":
            form = forms["login"]
            address = wishes.email or dict(form.fields)["email"]
            if not address:
                raise WalkError("the login page wants a mail address")
            wishes.email = address
            return _Form(form.id, form.action, form.method, [("email", address)])
        if page == "code":
            return _Form("code", forms["code"].action, "post", [("code", self._code(wishes.email or ""))])
        if page == "accounts":
            return wishes.update(forms)
        if page == "banks":
            return wishes.new_bank(forms)
        if page == "choose":
            form = forms["choose"]
            ticked = [(name, value) for name, value, number in form.boxes if wishes.wants(number)]
            return _Form(form.id, form.action, form.method, ticked)
        for name in ("approve", "agree"):
            if name in forms:
                return forms[name]
        raise WalkError(f"stuck at page {page or response.status_code}")

    def _code(self, email: str) -> str:
        for mail in self.mails(email):
            if found := re.search(r"\b\d{6}\b", mail["text"]):
                return found.group()
        raise WalkError(f"no code has come to {email}")

    def _arrive(self, browser: httpx.Client, url: str, pages: tuple[str, ...], follow: bool) -> Walked:
        query = parse_qs(urlsplit(url).query)
        status = None
        if follow:
            try:
                status = browser.get(url).status_code
            except httpx.TransportError:
                status = None
        return Walked(
            url=url,
            code=query.get("code", [None])[0],
            consent_id=query.get("consentId", [None])[0],
            status=status,
            pages=pages,
        )

    def _look(self, path: str, **asked: object) -> Any:
        return self._get(
            f"{self.addresses['control']}/{path}", {name: str(value) for name, value in asked.items()}
        ).json()

    def _get(self, url: str, params: Mapping[str, str] | None = None) -> httpx.Response:
        return self._http.get(url, params=dict(params or {})).raise_for_status()


@dataclass(slots=True)
class _Wishes:
    """What the customer has in mind."""

    cancel: bool
    accounts: Sequence[str] | None
    email: str | None
    bank: str | None

    def wants(self, number: str) -> bool:
        return self.accounts is None or number in self.accounts

    def update(self, forms: Mapping[str, _Form]) -> _Form:
        updates = {name: form for name, form in forms.items() if name.startswith("update-")}
        for form in updates.values():
            if self.bank in (None, dict(form.fields)["provider"]):
                return form
        raise WalkError("there is no such connection to update")

    def new_bank(self, forms: Mapping[str, _Form]) -> _Form:
        name = f"bank-{self.bank or 'DK_DanskeBank'}"
        if name not in forms:
            raise WalkError(f"the hub knows no bank {self.bank}")
        return forms[name]


def _data(fields: list[tuple[str, str]]) -> dict[str, list[str]]:
    data: dict[str, list[str]] = {}
    for name, value in fields:
        data.setdefault(name, []).append(value)
    return data

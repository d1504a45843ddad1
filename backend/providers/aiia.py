"""Aiia (Mastercard Open Finance Europe), Data API: the adapter behind `ports.Provider`.

Its errors are the tree of `backend.model.errors`:

OutsideError
├── NeedsCustomer            400/401 on refresh while our credentials work; 401 with a fresh token; a body that names
│                            the login or consent (InvalidLoginToken, ConsentExpired, …)
├── RateLimited(until)       429, or a 500 that wraps one
├── BankDown                 502, 503, 504 with a body that names the bank
├── ProviderDown             any other 5xx
├── Refused                  400, 403, 422 and the rest of 4xx
│   └── RefusedCredentials   our client id and secret are not accepted
├── Gone                     404 of an account or consent; 410
├── InProgress               409: the same X-Request-Id is still in work
├── Malformed                an answer that cannot be read, or pages that go in circles
└── Unreachable(sent)        no answer

Wire facts: `facts/aiia-economic.md` §1. Enums are lenient, unknown words are kept as they are, account ids are opaque.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import TypeVar
from urllib.parse import quote, urlencode
from uuid import uuid4
from weakref import WeakValueDictionary

import msgspec

from backend.http import Call, Caller, Explain, checked_secret, checked_url, new_transport, segment
from backend.model.clock import Clock
from backend.model.errors import Gone, Malformed, Refused
from backend.model.facts import Account, Bank, BankRow, Grant, Session, Statement, SyncAnswer
from backend.ports import Recorder, Vault
from backend.providers.aiia_errors import (
    WHO,
    AccessRefused,
    of_access,
    of_any_call,
    of_fixed_address,
    of_fresh_access,
    of_update,
)
from backend.providers.aiia_tokens import TokenKeeper
from backend.providers.aiia_wire import (
    AccountsWire,
    SelectedWire,
    SyncWire,
    TransactionsWire,
    consent_of,
    paging_token,
    read_accounts,
    read_banks,
    read_providers,
    read_rows,
    read_sync,
)
from backend.providers.raw import checked_link

T = TypeVar("T")

PAGE_SIZE = 100
MAX_PAGES = 5000
"""Two years are kept (§1.6); this is 250 rows an hour of them. Beyond it the pages are taken to have no end."""


class Aiia:
    """One integrator's access to Aiia. For one event loop; `aclose()` ends its connections.

    Never two calls at once in one customer's session (§1.11): each method holds that customer's turn to its end.
    """

    name = "aiia"

    def __init__(
        self,
        *,
        base_url: str,
        client_id: str,
        client_secret: str,
        redirect_url: str,
        vault: Vault,
        clock: Clock,
        record: Recorder,
    ) -> None:
        """Raises ValueError, naming the setting, when one cannot be used."""
        self._base = checked_url(base_url, "aiia_base_url")
        self._client_id = checked_secret(client_id, "aiia_client_id")
        self._redirect_url = _redirect(redirect_url)
        self._secret = checked_secret(client_secret, "aiia_client_secret")
        self._way = new_transport()
        self._caller = Caller(WHO, self._way, clock, record)
        self._keeper = TokenKeeper(self._base, self._client_id, self._secret, vault, clock, self._caller)
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._way.aclose()

    def connect_link(
        self, *, state: str, email: str, group: str, group_name: str, consent_id: str | None, culture: str
    ) -> str:
        """The address where the customer logs in; nothing is called (§1.2). `state` may never come back."""
        query = {
            "client_id": self._client_id,
            "redirect_uri": self._redirect_url,
            "response_type": "code",
            "scope": "accounts offline_access",
            **({"consentId": consent_id} if consent_id else {"email": email}),
            "accountsGroupId": group,
            "accountsGroupName": group_name,
            "culture": culture,
            "state": state,
        }
        return self._address("/v1/oauth/connect", {name: value for name, value in query.items() if value})

    async def exchange(self, code: str, connection: str | None) -> Grant:
        """Trade the code of a finished login (one minute, once). NeedsCustomer when it is not accepted any more."""
        tokens = await self._keeper.exchange(code, self._redirect_url, connection)
        return Grant(tokens=tokens, consent_id=consent_of(tokens))

    async def accounts(self, session: Session, group: str | None = None) -> list[Account]:
        """All accounts behind the session, orphaned ones too (§1.5)."""
        query = {"includeOrphaned": "true", **({"accountsGroupId": group} if group else {})}
        found: list[Account] = []

        def read(answer: AccountsWire | list[msgspec.Raw]) -> str:
            usable, defects = read_accounts(answer.accounts if isinstance(answer, AccountsWire) else answer)
            found.extend(usable)
            return defects

        async with self._turn(session):
            await self._user_call(session, "accounts", "GET", "/v1/accounts", _ACCOUNTS, query=query, inspect=read)
        return found

    async def transactions(self, session: Session, account: Account, since: date | None) -> Statement:
        """Rows dated `since` or later, deleted ones too, in the provider's order (§1.6).

        Reading stops before the last page only where the server has shown that it lists the newest first.
        """
        path = f"/v1/accounts/{segment(account.provider_account_id)}/transactions"
        reading = _Reading(account.currency, since)
        async with self._turn(session):
            for _ in range(MAX_PAGES):
                query = {"pageSize": str(PAGE_SIZE), "includeDeleted": "true", **reading.cursor()}
                await self._user_call(
                    session,
                    "transactions",
                    "GET",
                    path,
                    TransactionsWire,
                    query=query,
                    inspect=reading.take,
                    explain=of_any_call,
                )
                if reading.done:
                    return reading.statement()
        raise Malformed(f"{WHO}'s transactions have no last page ({MAX_PAGES} read)")

    async def sync(self, session: Session, request_id: str) -> SyncAnswer:
        """Ask for a fresh fetch at the bank (§1.7). Queued is not done; a repeat with the same id asks once."""
        body = msgspec.json.encode({"redirectUrl": self._redirect_url})
        answers: list[SyncAnswer] = []

        def read(answer: SyncWire) -> str:
            answers.append(read_sync(answer))
            return ""

        async with self._turn(session):
            await self._user_call(
                session,
                "sync",
                "POST",
                "/v1/update",
                SyncWire,
                body=body,
                request_id=request_id,
                inspect=read,
                explain=of_update,
            )
        return answers[-1]

    async def all_accounts_selected(self, session: Session) -> bool | None:
        """Whether the customer ticked every account; None when this user type may not be asked (§1.8)."""
        path = f"/v1/consent/{segment(session.consent_id)}/all-accounts-selected"
        try:
            async with self._turn(session):
                answer = await self._user_call(
                    session, "all_accounts_selected", "GET", path, SelectedWire, explain=of_any_call
                )
        except Refused as refused:
            if refused.http_status == 403:
                return None
            raise
        return answer.all_accounts_selected

    async def banks(self) -> list[Bank]:
        """The banks that can be connected; v2, or v1 where there is no v2 (§1.9). Proves that our credentials work."""
        try:
            return await self._banks("/v2/providers", of_any_call)
        except Gone:
            return await self._banks("/v1/providers", of_fixed_address)

    async def _banks(self, path: str, explain: Explain) -> list[Bank]:
        found: list[Bank] = []

        def read(answer: msgspec.Raw) -> str:
            usable, defects = read_banks(read_providers(answer))
            found.extend(usable)
            return defects

        call = Call(
            operation="banks",
            method="GET",
            url=self._address(path, {}),
            headers=self._keeper.basic,
            secrets=(self._secret,),
            explain=explain,
        )
        await self._caller.call(call, msgspec.Raw, read)
        return found

    def _turn(self, session: Session) -> asyncio.Lock:
        return self._turns.setdefault(session.customer, asyncio.Lock())

    async def _user_call(
        self,
        session: Session,
        operation: str,
        method: str,
        path: str,
        into: type[T],
        *,
        query: dict[str, str] | None = None,
        body: bytes | None = None,
        request_id: str | None = None,
        inspect: Callable[[T], str] | None = None,
        explain: Explain = of_fixed_address,
    ) -> T:
        """A call with the customer's access token; after a 401 one refresh and one replay, with the same request id."""
        access = await self._keeper.access(session)
        call = Call(
            operation=operation,
            method=method,
            url=self._address(path, query or {}),
            headers={"Authorization": f"Bearer {access}"},
            body=body,
            connection=session.connection,
            request_id=request_id or (str(uuid4()) if method == "POST" else None),
            secrets=(access, self._secret),
            explain=lambda failure: of_access(failure) or explain(failure),
        )
        try:
            return await self._caller.call(call, into, inspect)
        except AccessRefused:
            access = await self._keeper.access(session, refused=access)
        again = replace(
            call,
            headers={"Authorization": f"Bearer {access}"},
            secrets=(access, self._secret),
            explain=lambda failure: of_fresh_access(failure) or explain(failure),
        )
        return await self._caller.call(again, into, inspect)

    def _address(self, path: str, query: dict[str, str]) -> str:
        written = urlencode(query, quote_via=quote, safe="", errors="replace")
        return f"{self._base}{path}" + (f"?{written}" if written else "")


_ACCOUNTS: type[AccountsWire | list[msgspec.Raw]] = AccountsWire | list[msgspec.Raw]  # type: ignore[assignment]


class _Reading:
    """The pages of one account as they come in: rows, the way they are ordered, and whether there is more."""

    def __init__(self, currency: str, since: date | None) -> None:
        self._currency, self._since = currency, since
        self._rows: dict[tuple[object, ...], BankRow] = {}
        self._tokens: set[str] = set()
        self._token: str | None = None
        self._unread = ""
        self._last: date | None = None
        self._rose = self._fell = self.done = False

    def take(self, page: TransactionsWire) -> str:
        """Take in one page; tells what of it could not be used. Raises Malformed when the pages go in circles."""
        rows, defects = read_rows(page.transactions, self._currency)
        self._unread = self._unread or defects
        for row in rows:
            self._fell = self._fell or (self._last is not None and row.date < self._last)
            self._rose = self._rose or (self._last is not None and row.date > self._last)
            self._last = row.date
            # A row that arrives between two pages pushes the one before the cut onto both.
            self._rows[(row.source_id, row.date, row.amount, row.text)] = row
        self._token = paging_token(page)
        if self._token in self._tokens:
            raise Malformed(f"{WHO} gave the same paging token twice")
        if self._token is not None:
            self._tokens.add(self._token)
        self.done = self._token is None or self._past_the_end()
        return defects

    def _past_the_end(self) -> bool:
        newest_first = self._fell and not self._rose
        return newest_first and self._since is not None and self._last is not None and self._last < self._since

    def cursor(self) -> dict[str, str]:
        """The query of the next page."""
        return {"pagingToken": self._token} if self._token else {}

    def statement(self) -> Statement:
        """What was asked for, in the provider's order, and what could not be read."""
        asked = tuple(row for row in self._rows.values() if self._since is None or row.date >= self._since)
        return Statement(rows=asked, unread=self._unread)


def _redirect(address: str) -> str:
    try:
        return checked_link(address.strip())
    except ValueError:
        raise ValueError("aiia_redirect_url must be an https:// address (http is for this machine only)") from None

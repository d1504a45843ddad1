"""Access to one customer's data at Aiia: tokens that live an hour, and refresh tokens that must not be burnt.

A refresh token works once and gives the next one. Two processes never spend the same one: `Vault.begin_refresh` is
the only door (DESIGN §11). Its request id is the call's `X-Request-Id`, so that after a lost answer the same question
is asked again and the provider repeats what it said (`facts/aiia-economic.md` §1.3, §1.11).
"""

import asyncio
import base64
from datetime import datetime, timedelta
from uuid import NAMESPACE_URL, uuid4, uuid5

import msgspec

from backend.http import Call, Caller
from backend.model.clock import Clock
from backend.model.errors import (
    Gone,
    InProgress,
    Malformed,
    NeedsCustomer,
    Refused,
    RefusedCredentials,
    Unreachable,
)
from backend.model.facts import Session, Tokens
from backend.ports import Vault
from backend.providers.aiia_errors import WHO, GrantRefused, names_our_client, of_token_call
from backend.providers.aiia_wire import TokenAnswer, read_tokens

SPARE = timedelta(minutes=1)
"""An access token with less than this left is renewed first (§1.3)."""

PAUSES = (1.0, 2.0, 4.0, 8.0)
"""Seconds before the same question is asked again, while it is in work there or its answer was lost."""

PROBE_KEPT = timedelta(minutes=1)
"""How long what was found out about our own credentials is believed, so that a burst of refusals asks once."""

_TURNS = 3
"""How often another process may be found to have refreshed while we waited, before we give up."""


class TokenKeeper:
    """Gives access tokens for sessions, refreshing them through the vault; one call at a time for each customer."""

    def __init__(self, base: str, client_id: str, secret: str, vault: Vault, clock: Clock, caller: Caller) -> None:
        self._base, self._vault, self._clock, self._caller = base, vault, clock, caller
        self._secrets = (secret,)
        pair = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
        self.basic = {"Authorization": f"Basic {pair}"}
        self._probed: tuple[datetime, bool] | None = None
        self._probing = asyncio.Lock()

    async def access(self, session: Session, refused: str | None = None) -> str:
        """A usable access token, which is not the one that was just `refused`. Raises `OutsideError`s only."""
        tokens, spare = _checked(session.tokens) if session.tokens else await self._read(session), SPARE
        for _ in range(_TURNS):
            if usable := self._usable(tokens, refused, spare):
                return usable
            spare = timedelta(0)  # what was only just given is good enough, however short it lives
            request_id = await self._vault.begin_refresh(session.consent, tokens.refresh_token, str(uuid4()))
            if request_id is None:
                tokens = await self._read(session)
            else:
                tokens = await self._spend(session, tokens, request_id)
        if usable := self._usable(tokens, refused, spare):
            return usable
        raise InProgress("the customer's tokens are being renewed by another process")

    async def exchange(self, code: str, redirect_url: str, connection: str | None) -> Tokens:
        """Trade a code. Its request id follows from the code, so that a repeat is the same question (§1.3)."""
        if not _word(code):
            raise NeedsCustomer("the login gave no usable code: it must be done again")
        body = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_url, "scope": "read"}
        request_id = str(uuid5(NAMESPACE_URL, f"forny:code:{code}"))
        try:
            return await self._ask("exchange", connection, body, request_id, code)
        except GrantRefused as refused:
            if await self._is_our_fault(refused, connection):
                raise self._our_fault(refused) from None
            raise NeedsCustomer(f"{refused}: the login must be done again", http_status=refused.http_status) from None

    async def _read(self, session: Session) -> Tokens:
        return _checked(await self._vault.read(session.consent))

    def _usable(self, tokens: Tokens, refused: str | None, spare: timedelta) -> str | None:
        ends = tokens.access_expires_at
        fresh = ends is not None and ends - self._clock.now() > spare
        return tokens.access_token if fresh and tokens.access_token != refused else None

    async def _spend(self, session: Session, tokens: Tokens, request_id: str) -> Tokens:
        """One refresh. Only a clear no ends it with nothing: after any other failure the id stands for the next try."""
        used = tokens.refresh_token
        body = {"grant_type": "refresh_token", "refresh_token": used}
        try:
            fresh = await self._ask("refresh", session.connection, body, request_id, used, kept=used)
        except GrantRefused as refused:
            current = await self._vault.read(session.consent)
            await self._vault.end_refresh(session.consent, None)
            if current is not None and current.refresh_token != used:
                return current
            if await self._is_our_fault(refused, session.connection):
                raise self._our_fault(refused) from None
            raise NeedsCustomer(
                f"{refused}: the session is gone, the customer must renew", http_status=refused.http_status
            ) from None
        await self._vault.end_refresh(session.consent, fresh)
        return fresh

    async def _ask(
        self,
        operation: str,
        connection: str | None,
        body: dict[str, str],
        request_id: str,
        secret: str,
        kept: str | None = None,
    ) -> Tokens:
        """Put one question to the token address, and put it again while it is in work or its answer was lost."""
        given: list[Tokens] = []

        def read(answer: TokenAnswer) -> str:
            given.append(read_tokens(answer, self._clock.now(), kept))
            return ""

        call = Call(
            operation=operation,
            method="POST",
            url=f"{self._base}/v1/oauth/token",
            headers=self.basic,
            body=msgspec.json.encode(body),
            connection=connection,
            request_id=request_id,
            secrets=(*self._secrets, secret),
            explain=of_token_call,
        )
        for pause in (*PAUSES, None):
            try:
                await self._caller.call(call, TokenAnswer, read)
                break
            except (InProgress, Unreachable) as open_still:
                if pause is None or not open_still.unknown:
                    raise
                await self._clock.nap(pause)
        return given[0]

    async def _is_our_fault(self, refused: GrantRefused, connection: str | None) -> bool:
        """Whether our own credentials are what was refused: they say so, or a call that needs nothing else fails too.

        Raises what the probe raised when it could not be answered: then nothing is known, and no customer is sent
        through a login for it (law 5).
        """
        if refused.ours:
            return True
        async with self._probing:
            if self._probed is None or self._clock.now() - self._probed[0] >= PROBE_KEPT:
                self._probed = self._clock.now(), await self._probe(connection)
            return self._probed[1]

    async def _probe(self, connection: str | None) -> bool:
        """True when our credentials are refused at client level; anything else that is answered proves nothing."""
        probe = Call(
            operation="probe",
            method="GET",
            url=f"{self._base}/v2/providers",
            headers=self.basic,
            connection=connection,
            secrets=self._secrets,
            explain=lambda failure: RefusedCredentials(failure.words(WHO)) if names_our_client(failure) else None,
        )
        try:
            await self._caller.call(probe, msgspec.Raw)
        except RefusedCredentials:
            return True
        except (Gone, Malformed):
            return False
        except Refused as other:
            return other.http_status == 403
        return False

    def _our_fault(self, refused: GrantRefused) -> RefusedCredentials:
        return RefusedCredentials(
            f"{WHO} does not accept our client id and secret; check them ({refused})", http_status=refused.http_status
        )


def _checked(tokens: Tokens | None) -> Tokens:
    """Raises NeedsCustomer for tokens that cannot be used."""
    if tokens is None or not _word(tokens.refresh_token):
        raise NeedsCustomer("there are no usable tokens for this consent: the customer must log in")
    return tokens


def _word(text: str) -> bool:
    return bool(text) and text.isascii() and text.isprintable()

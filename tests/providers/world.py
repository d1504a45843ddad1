"""One Aiia adapter, the server it talks to, and what can be seen of both."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from backend.model.facts import Account
from backend.providers.aiia import Aiia
from tests.providers.fake_aiia import ACCOUNT_ID, CLIENT_ID, CLIENT_SECRET, REDIRECT, SESSION, FakeAiia
from tests.providers.loopback import Attempts, Handler, Served, SharedVault, StillClock, serving


@dataclass
class World:
    """One adapter, the server it talks to, and what can be seen of both."""

    aiia: Aiia
    fake: FakeAiia
    served: Served
    vault: SharedVault
    clock: StillClock
    attempts: Attempts


@asynccontextmanager
async def world(
    fake: FakeAiia | None = None, *, secret: str = CLIENT_SECRET, handler: Handler | None = None
) -> AsyncIterator[World]:
    """A customer with fresh tokens at a server that answers as `fake`, or as `handler`, does."""
    fake = fake or FakeAiia()
    async with serving(handler or fake) as served:
        vault, clock, attempts = SharedVault(), StillClock(), Attempts()
        vault.tokens[SESSION.consent] = fake.tokens()
        aiia = adapter(served, vault, clock, attempts, secret)
        try:
            yield World(aiia, fake, served, vault, clock, attempts)
        finally:
            await aiia.aclose()


def adapter(
    served: Served,
    vault: SharedVault,
    clock: StillClock,
    attempts: Attempts,
    secret: str = CLIENT_SECRET,
    me: str = "a",
) -> Aiia:
    """An adapter of one process, `me`."""
    return Aiia(
        base_url=served.url,
        client_id=CLIENT_ID,
        client_secret=secret,
        redirect_url=REDIRECT,
        vault=vault.seen_by(me),
        clock=clock,
        record=attempts,
    )


ACCOUNT = Account(provider_account_id=ACCOUNT_ID, iban="DK6999990001234567", bban="9999-0001234567", name="Driftskonto")

"""Tokens, secrets, codes and whole IBANs never show up: not in attempts, logs, reprs or error texts (DESIGN §11)."""

import asyncio
import json
import logging
import traceback
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from backend.model.errors import OutsideError
from backend.model.facts import Grant
from backend.providers.aiia_wire import TokenAnswer
from tests.providers.fake_aiia import SESSION
from tests.providers.loopback import Asked, Fault, Reply, expired
from tests.providers.world import ACCOUNT, World, world


def echo(asked: Asked) -> Reply:
    """The worst of servers: its error tells everything that it was told."""
    told = {
        "error": f"{asked.headers.get('authorization')} is wrong",
        "details": {"reason": f"{asked.target} {asked.body.decode()} DK6999990001234567"},
        "headers": asked.headers,
        "raw": asked.body.decode(),
        "nested": json.dumps({"body": asked.body.decode()}),
    }
    return Reply(
        told,
        400,
        {
            "X-Correlation-Id": asked.headers.get("authorization", "|1."),
            "X-Echo": asked.headers.get("authorization", ""),
        },
    )


async def every_call(w: World) -> list[str]:
    """All that a person or a file could come to see of these calls."""
    seen = [repr(w.aiia), repr(w.aiia._keeper), repr(w.aiia._caller)]
    w.clock.forward(timedelta(minutes=2))
    calls: list[Callable[[], Awaitable[object]]] = [
        lambda: w.aiia.exchange("canary-code==", "c7"),
        lambda: w.aiia.accounts(SESSION),
        lambda: w.aiia.transactions(SESSION, ACCOUNT, None),
        lambda: w.aiia.sync(SESSION, "r"),
        lambda: w.aiia.all_accounts_selected(SESSION),
        w.aiia.banks,
    ]
    for refresh in (False, True):
        for call in calls:
            if refresh:
                w.vault.tokens[SESSION.consent] = expired(w.fake.tokens())
            try:
                answer = await call()
            except OutsideError as error:
                seen += [str(error), repr(error), "".join(traceback.format_exception(error))]
            else:
                seen.append(repr(answer) if isinstance(answer, Grant) else "")
    return seen + [repr(attempt) for attempt in w.attempts]


def echo_bare(asked: Asked) -> Reply:
    """The header alone, without the word before it."""
    return Reply({}, 500, {"X-Correlation-Id": asked.headers.get("authorization", "Bearer |1.").split()[1]})


@pytest.mark.parametrize(
    "worst", [echo, echo_bare, lambda asked: Fault.GARBAGE, lambda asked: Reply(asked.body or b"canary-x")]
)
def test_no_canary_sings(worst: object, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def go() -> None:
        async with world(handler=worst) as w:  # type: ignore[arg-type]
            seen = await every_call(w)
            assert len(w.attempts) >= 12
            for secret in w.fake.secrets():
                for text in [*seen, caplog.text]:
                    assert secret not in text

    asyncio.run(go())


def test_no_canary_sings_when_all_goes_well(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def go() -> None:
        async with world() as w:
            seen = await every_call(w)
            assert w.attempts.outcomes.count("refresh:ok") == 4 and any("Grant" in text for text in seen)
            for secret in w.fake.secrets():
                assert all(secret not in text for text in [*seen, caplog.text])

    asyncio.run(go())


def test_an_answer_with_tokens_does_not_print_them() -> None:
    assert repr(TokenAnswer()) == "TokenAnswer(…)"

"""What is kept of each call's answer: all that helps of one that failed, a few words of one that worked."""

import asyncio
import contextlib

from backend.model.errors import OutsideError
from tests.providers.fake_aiia import SESSION
from tests.providers.loopback import Asked, Reply
from tests.providers.world import ACCOUNT, world


def test_a_failed_call_keeps_its_answer_and_a_good_one_a_few_words() -> None:
    async def go() -> None:
        async with world() as w:
            await w.aiia.accounts(SESSION)
            good = w.attempts[-1]
            assert good.outcome == "ok" and good.answer.startswith("GET /v1/accounts: 200, ")
            assert good.answer.endswith(" accounts") and len(good.answer) < 60
        said = {"error": "ConnectionRateLimited", "mail": "eva@example.test", "link": "https://x.test/?state=a1"}
        async with world(handler=lambda _: Reply(said, 429, {"Retry-After": "60"})) as w:
            with contextlib.suppress(OutsideError):
                await w.aiia.transactions(SESSION, ACCOUNT, None)
            bad = next(attempt for attempt in reversed(w.attempts) if attempt.outcome != "ok")
            assert "HTTP 429" in bad.answer and "Retry-After: 60" in bad.answer
            assert '"error":"ConnectionRateLimited"' in bad.answer and "e…@example.test" in bad.answer
            assert "state=a1" not in bad.answer

    asyncio.run(go())


def test_an_unreadable_good_answer_keeps_its_size_and_a_page_its_text() -> None:
    async def answer(content_type: str) -> str:
        def handler(_: Asked) -> Reply:
            return Reply(b"<h1>Closed for maintenance</h1>", 200, {"Content-Type": content_type})

        async with world(handler=handler) as w:
            with contextlib.suppress(OutsideError):
                await w.aiia.banks()
            return w.attempts[-1].answer

    assert "31 bytes, not kept" in asyncio.run(answer("application/json"))
    assert "Closed for maintenance" in asyncio.run(answer("text/html"))

"""Tokens at Aiia: refreshed in time, once, and never burnt (`facts/aiia-economic.md` §1.3, DESIGN §11)."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from backend.model.errors import (
    InProgress,
    Malformed,
    NeedsCustomer,
    OutsideError,
    ProviderDown,
    RateLimited,
    Refused,
    RefusedCredentials,
    Unreachable,
)
from backend.model.facts import Session, Tokens
from backend.providers.aiia_tokens import PAUSES
from tests.providers.fake_aiia import SESSION, Before, FakeAiia, jwt
from tests.providers.loopback import START, Asked, Fault, Reply, expired, serving
from tests.providers.world import World, adapter, world

TOKEN = "/v1/oauth/token"


def outdate(w: World) -> None:
    """Let the customer's access token be over."""
    w.vault.tokens[SESSION.consent] = expired(w.fake.tokens())


def test_an_access_token_is_used_while_more_than_a_minute_is_left() -> None:
    async def go() -> None:
        async with world() as w:
            w.clock.forward(timedelta(minutes=58, seconds=59))
            await w.aiia.accounts(SESSION)
            assert w.served.of(TOKEN) == []
            w.clock.forward(timedelta(seconds=1))
            await w.aiia.accounts(SESSION)
            assert len(w.served.of(TOKEN)) == 1
            kept = w.vault.tokens[SESSION.consent]
            assert (kept.refresh_token, kept.access_token) == (w.fake.refresh_token, w.fake.access_token)
            assert kept.access_expires_at == START + timedelta(minutes=59) + timedelta(hours=1)

    asyncio.run(go())


def test_a_401_is_answered_with_one_refresh_and_the_same_question() -> None:
    async def go() -> None:
        async with world() as w:
            w.fake.access_token = "canary-access-else"
            answer = await w.aiia.sync(SESSION, "req-7")
            assert answer.queued
            assert [one.headers["x-request-id"] for one in w.served.of("/v1/update")] == ["req-7", "req-7"]
            assert w.attempts.outcomes == ["sync:refused", "refresh:ok", "sync:ok"]

    asyncio.run(go())


def test_a_401_on_a_fresh_token_needs_the_customer() -> None:
    async def go() -> None:
        async with world() as w:
            w.fake.told["/v1/accounts"] = [Reply({}, 401), Reply({"error": "Unauthorized"}, 401)]
            with pytest.raises(NeedsCustomer):
                await w.aiia.accounts(SESSION)
            assert len(w.served.of(TOKEN)) == 1

    asyncio.run(go())


@pytest.mark.parametrize("fault", list(Fault))
def test_a_lost_refresh_answer_is_asked_for_again_with_the_same_id(fault: Fault) -> None:
    async def go() -> None:
        async with world() as w:
            outdate(w)
            w.fake.told[TOKEN] = [fault, Before(fault)]
            await w.aiia.accounts(SESSION)
            assert len({one.headers["x-request-id"] for one in w.served.of(TOKEN)}) == 1
            assert (w.fake.generation, w.fake.burnt) == (1, 0)
            assert w.clock.pauses == list(PAUSES[:2])

    asyncio.run(go())


def test_a_process_that_died_over_a_refresh_leaves_its_id_to_the_next() -> None:
    async def go() -> None:
        async with world() as w:
            outdate(w)
            w.fake.told[TOKEN] = [Fault.DROP] * (len(PAUSES) + 1)
            with pytest.raises(Unreachable) as caught:
                await w.aiia.accounts(SESSION)
            assert caught.value.sent and w.vault.ended == []
            w.vault.seen_by("a").die()
            other = adapter(w.served, w.vault, w.clock, w.attempts, me="b")
            await other.accounts(SESSION)
            await other.aclose()
            assert len({one.headers["x-request-id"] for one in w.served.of(TOKEN)}) == 1
            assert (w.fake.generation, w.fake.burnt) == (1, 0)

    asyncio.run(go())


def test_a_refresh_cut_off_by_ourselves_keeps_its_id() -> None:
    async def go() -> None:
        arrived, fake = asyncio.Event(), FakeAiia()

        async def slow(asked: Asked) -> Reply | Fault:
            told = fake(asked)
            if asked.path == TOKEN and not arrived.is_set():
                arrived.set()
                await asyncio.Event().wait()
            return told

        async with world(fake, handler=slow) as w:
            outdate(w)
            task = asyncio.create_task(w.aiia.accounts(SESSION))
            await arrived.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await w.aiia.accounts(SESSION)
            assert (fake.generation, fake.burnt) == (1, 0)

    asyncio.run(go())


def test_a_refresh_still_in_work_is_waited_for_but_not_for_ever() -> None:
    async def go() -> None:
        async with world() as w:
            outdate(w)
            w.fake.told[TOKEN] = [Reply({}, 409), Reply({}, 409)]
            await w.aiia.accounts(SESSION)
            assert w.clock.pauses == list(PAUSES[:2])
            outdate(w)
            w.fake.told[TOKEN] = [Reply({}, 409)] * 9
            with pytest.raises(InProgress):
                await w.aiia.accounts(SESSION)
            assert len(w.fake.told[TOKEN]) == 9 - (len(PAUSES) + 1)

    asyncio.run(go())


def test_processes_that_need_the_same_token_spend_it_once() -> None:
    async def go() -> None:
        async with world() as w:
            outdate(w)
            others = [adapter(w.served, w.vault, w.clock, w.attempts, me=f"p{n}") for n in range(8)]
            found = await asyncio.gather(*(one.accounts(SESSION) for one in others))
            assert all(len(accounts) == 1 for accounts in found)
            assert (len(w.served.of(TOKEN)), w.fake.generation, w.fake.burnt) == (1, 1, 0)
            for one in others:
                await one.aclose()

    asyncio.run(go())


def test_a_refused_refresh_looks_again_before_it_says_so() -> None:
    async def go() -> None:
        fake, tokens = FakeAiia(), list[Tokens]()

        def renewed_meanwhile(asked: Asked) -> Reply | Fault:
            if asked.path != TOKEN:
                return fake(asked)
            tokens.append(replace(fake.tokens(), refresh_token=jwt(canary="canary-of-a-new-grant")))
            w.vault.tokens[SESSION.consent] = tokens[0]
            return Reply({"error": "invalid_grant"}, 400)

        async with world(fake, handler=renewed_meanwhile) as w:
            outdate(w)
            assert len(await w.aiia.accounts(SESSION)) == 1
            assert w.vault.tokens[SESSION.consent] == tokens[0]
            assert w.served.of("/v2/providers") == []

    asyncio.run(go())


@pytest.mark.parametrize("status", [400, 401])
def test_a_session_that_is_gone_needs_the_customer_and_one_probe_serves_many(status: int) -> None:
    async def go() -> None:
        async with world() as w:
            others = [Session(connection=f"c{n}", consent=n, consent_id=f"k{n}", customer=f"a{n}") for n in range(1, 6)]
            for one in others:
                w.vault.tokens[one.consent] = expired(w.fake.tokens())

            async def ask(one: Session) -> None:
                with pytest.raises(NeedsCustomer):
                    await w.aiia.accounts(one)

            w.fake.told[TOKEN] = [Reply({"error": "invalid_grant"}, status)] * 9
            await asyncio.gather(*(ask(one) for one in others))
            assert len(w.served.of("/v2/providers")) == 1
            assert w.vault.ended == [None] * 5, "an answer that gave nothing opens the door"
            w.clock.forward(timedelta(minutes=1))
            await ask(others[0])
            assert len(w.served.of("/v2/providers")) == 2

    asyncio.run(go())


def test_a_wrong_secret_is_our_fault_and_nobody_elses() -> None:
    async def go() -> None:
        async with world(secret="canary-rotated") as w:
            outdate(w)
            with pytest.raises(RefusedCredentials, match="check them"):
                await w.aiia.accounts(SESSION)
            with pytest.raises(RefusedCredentials):
                await w.aiia.exchange("canary-code==", None)
            with pytest.raises(RefusedCredentials):
                await w.aiia.banks()
            assert w.fake.burnt == 0

    asyncio.run(go())


@pytest.mark.parametrize(
    ("refusal", "probe", "expected"),
    [
        (Reply({"error": "Unauthorized"}, 401), Reply({}, 404), NeedsCustomer),
        (Reply({"error": "Unauthorized"}, 401), Reply({}, 405), NeedsCustomer),
        (Reply({"error": "Unauthorized"}, 401), Reply(b"<html>", 200), NeedsCustomer),
        (Reply({"error": "invalid_client"}, 401), Reply({}, 404), RefusedCredentials),
        (Reply({"error": "Unauthorized"}, 401), Reply({"error": "invalid_client"}, 405), RefusedCredentials),
        (Reply({"error": "Unauthorized"}, 401), Reply({}, 403), RefusedCredentials),
        (Reply({"error": "Unauthorized"}, 401), Reply({}, 503), ProviderDown),
        (Reply({"error": "Unauthorized"}, 401), Fault.GARBAGE, Unreachable),
    ],
)
def test_what_the_probe_says_decides(refusal: Reply, probe: Reply | Fault, expected: type[OutsideError]) -> None:
    async def go() -> None:
        async with world() as w:
            outdate(w)
            w.fake.told[TOKEN], w.fake.told["/v2/providers"] = [refusal], [probe]
            with pytest.raises(OutsideError) as caught:
                await w.aiia.accounts(SESSION)
            assert type(caught.value) is expected

    asyncio.run(go())


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply({}, 500), ProviderDown),
        (Reply({}, 503), ProviderDown),
        (Reply({}, 429), RateLimited),
        (Reply({}, 404), Refused),
        (Reply(b"<html>"), Malformed),
        (Reply({"refresh_token": "r"}), Malformed),
        (Reply({"access_token": "a b", "refresh_token": "r"}), Malformed),
    ],
)
def test_after_any_other_answer_the_id_of_the_refresh_stands(reply: Reply, expected: type[OutsideError]) -> None:
    async def go() -> None:
        async with world() as w:
            outdate(w)
            w.fake.told[TOKEN] = [reply]
            with pytest.raises(OutsideError) as caught:
                await w.aiia.accounts(SESSION)
            assert type(caught.value) is expected
            assert w.vault.ended == []
            await w.aiia.accounts(SESSION)
            assert len({one.headers["x-request-id"] for one in w.served.of(TOKEN)}) == 1

    asyncio.run(go())


@pytest.mark.parametrize(
    ("given", "life"),
    [
        (600, timedelta(minutes=10)),
        ("600", timedelta(minutes=10)),
        (None, timedelta(hours=1)),
        (-5, timedelta(hours=1)),
        ("soon", timedelta(hours=1)),
        (1e18, timedelta(hours=1)),
    ],
)
def test_lives_are_as_said_or_as_documented(given: object, life: timedelta) -> None:
    async def go() -> None:
        async with world() as w:
            outdate(w)
            w.fake.told[TOKEN] = [Reply({"access_token": "canary-access-0", "expires_in": given})]
            w.fake.access_token = "canary-access-0"
            before = w.vault.tokens[SESSION.consent]
            await w.aiia.accounts(SESSION)
            kept = w.vault.tokens[SESSION.consent]
            assert kept.access_expires_at == START + life
            assert kept.refresh_token == before.refresh_token, "one that was not renewed goes on"

    asyncio.run(go())


def test_a_token_that_lives_for_seconds_is_used_at_once() -> None:
    async def go() -> None:
        async with world() as w:
            outdate(w)
            w.fake.told[TOKEN] = [Reply({"access_token": "canary-access-0", "expires_in": 20})]
            await w.aiia.accounts(SESSION)
            assert len(w.served.of(TOKEN)) == 1

    asyncio.run(go())


@pytest.mark.parametrize("claim", ["x", -1, 10**30, None, True, [1]])
def test_a_strange_expiry_in_the_token_is_not_believed(claim: object) -> None:
    async def go() -> None:
        async with world() as w:
            w.fake.told[TOKEN] = [Reply({"access_token": "a", "refresh_token": jwt(exp=claim, consentId=7)})]
            grant = await w.aiia.exchange("canary-code==", None)
            assert grant.consent_id is None
            assert grant.tokens.refresh_expires_at is not None

    asyncio.run(go())


def test_without_tokens_no_call_is_made() -> None:
    async def go() -> None:
        async with world() as w:
            for kept in (None, Tokens(refresh_token="")):
                w.vault.tokens.clear()
                if kept:
                    w.vault.tokens[SESSION.consent] = kept
                with pytest.raises(NeedsCustomer):
                    await w.aiia.accounts(SESSION)
            assert w.served.asked == []

    asyncio.run(go())


def test_a_code_is_traded_once_even_when_its_answer_was_lost() -> None:
    async def go() -> None:
        async with world() as w:
            w.fake.told[TOKEN] = [Fault.DROP]
            grant = await w.aiia.exchange("canary-code==", "c7")
            assert grant.tokens.refresh_token == w.fake.refresh_token and w.fake.burnt == 0
            assert await w.aiia.exchange("canary-code==", "c7") == grant, "the same question, the same answer"
            w.fake.answered.clear()
            with pytest.raises(NeedsCustomer, match="again"):
                await w.aiia.exchange("canary-code==", "c7")

    asyncio.run(go())


@pytest.mark.parametrize("code", ["", "æ", "a\nb", "\ud800"])
def test_what_is_no_code_is_not_sent(code: str) -> None:
    async def go() -> None:
        async with world() as w:
            with pytest.raises(NeedsCustomer):
                await w.aiia.exchange(code, None)
            assert w.served.asked == []

    asyncio.run(go())


def test_one_customer_one_call_and_many_customers_at_once() -> None:
    async def go() -> None:
        fake, busy = FakeAiia(), dict[str, int]()
        most_of_one = most = 0
        all_there = asyncio.Event()

        async def watch(asked: Asked) -> Reply | Fault:
            nonlocal most_of_one, most
            who = asked.query["accountsGroupId"]
            busy[who] = busy.get(who, 0) + 1
            most_of_one, most = max(most_of_one, busy[who]), max(most, sum(busy.values()))
            if most == 3:
                all_there.set()
            await all_there.wait()
            busy[who] -= 1
            return fake(asked)

        async with serving(watch) as served, world(fake) as w:
            aiia = adapter(served, w.vault, w.clock, w.attempts)
            people = [Session(connection=f"c{n}", consent=1, consent_id="k", customer=f"a{n}") for n in range(3)]
            await asyncio.gather(*(aiia.accounts(one, group=one.customer) for one in people for _ in range(4)))
            await aiia.aclose()
            assert (most_of_one, most) == (1, 3)

    asyncio.run(go())

"""The receiver over real HTTP: what it takes, what it refuses, and that nothing it has answered can be lost."""

import asyncio
import hashlib
import hmac
import json
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from backend.agent import Agent
from backend.agent.hearing import Hearing
from backend.agent.receiver import application, receiving
from backend.agent.tools import Tools
from backend.agent.webhooks import MAX_BODY, Key
from backend.model.filters import EVERYTHING
from backend.rules.assess import assess
from backend.store import Store, open_store
from backend.texts import texts_in
from tests.fakes import NOON, FakeLedger, FakeMailer, FakeProvider, HandClock, account, record

SECRET = "fictional-webhook-secret"
KEY = Key(SECRET)


def body_of(event: str, consent: str = "consent-1", data: object = None) -> bytes:
    wrapper = event[0].lower() + event[1:] + "Webhook"
    return json.dumps({wrapper: {"consentId": consent, "data": data, "event": event}}).encode()


def signed(
    event: str, event_id: str, body: bytes, *, at: int = int(NOON.timestamp()), secret: str = SECRET
) -> dict[str, str]:
    message = f"{at}|{event_id}|{event}|".encode() + body
    return {
        "X-Aiia-Event": event,
        "X-Aiia-EventId": event_id,
        "X-Aiia-TimeStamp": str(at),
        "X-Aiia-Signature": hmac.new(secret.encode(), message, hashlib.sha256).hexdigest(),
        "X-Aiia-Timeout": "5000",
    }


class Receiver:
    """A receiver in a thread of its own, over a real store with one connection."""

    def __init__(self, path: Path, key: Key | None = KEY) -> None:
        self.clock = HandClock()
        self.store = open_store(path, assess=assess, clock=self.clock)
        self.store.import_records([record(1)], NOON, "test")
        self.provider = FakeProvider(shown={"consent-1": [account(1)]})
        self.hearing = Hearing(tools_for(self.store, self.clock, self.provider), key)
        self._ready, self._loop = threading.Event(), asyncio.new_event_loop()
        self._stop = asyncio.Event()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),))
        self._thread.start()
        assert self._ready.wait(30)
        self.url = f"http://127.0.0.1:{self.port}/webhooks"

    async def _serve(self) -> None:
        async def arrive(code: str | None, consent_id: str | None, state: str | None) -> str:
            return "done"

        app = application("/aiia", arrive, texts_in("da"), self.hearing.arrive)
        async with receiving("127.0.0.1", self.port, app):
            self._ready.set()
            await self._stop.wait()

    def post(self, event: str, event_id: str = "e1") -> int:
        body = body_of(event)
        told = signed(event, event_id, body)
        return httpx.post(self.url, content=body, headers=told, trust_env=False, timeout=30).status_code

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._loop.close()
        self.store.close()


def tools_for(store: Store, clock: HandClock, provider: FakeProvider) -> Tools:
    return Tools(
        books=store, provider=provider, ledger=FakeLedger(), mailer=FakeMailer(), clock=clock, say=texts_in("da")
    )


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    opened = Receiver(tmp_path / "forny.db")
    yield opened
    opened.close()


def test_an_event_is_on_disk_when_it_is_answered_and_a_repeat_changes_nothing(receiver: Receiver) -> None:
    assert receiver.post("ConsentRevoked") == 200
    (kept,) = receiver.store.webhooks(0)
    assert (kept.event, kept.consent_id, kept.applied_at) == ("ConsentRevoked", "consent-1", None)
    assert kept.body == body_of("ConsentRevoked")
    assert receiver.post("ConsentRevoked") == 200
    (kept,) = receiver.store.webhooks(0)
    assert kept.repeats == 1


def test_forged_old_and_huge_ones_are_refused(receiver: Receiver) -> None:
    body = body_of("ConsentRevoked")
    told = signed("ConsentRevoked", "e1", body)
    receiver.clock.move(minutes=6)
    with httpx.Client(trust_env=False) as http:
        assert http.post(receiver.url, content=body, headers=told).status_code == 401
        receiver.clock.move(minutes=-6)
        assert http.post(receiver.url, content=body + b" ", headers=told).status_code == 401
        assert http.post(receiver.url, content=body).status_code == 401
        wrong = signed("ConsentRevoked", "e1", body, secret="guessed")
        assert http.post(receiver.url, content=body, headers=wrong).status_code == 401
        huge = b" " * (MAX_BODY + 1)
        assert http.post(receiver.url, content=huge, headers=signed("X", "e2", huge)).status_code == 413
        assert http.get(receiver.url).status_code == 405
        assert http.get(receiver.url.replace("/webhooks", "/aiia")).status_code == 200
    assert receiver.store.webhooks(0) == []


def test_without_a_secret_none_is_taken(tmp_path: Path) -> None:
    receiver = Receiver(tmp_path / "forny.db", key=None)
    try:
        assert receiver.post("ConsentRevoked") == 403
        assert receiver.store.webhooks(0) == []
    finally:
        receiver.close()


def test_what_cannot_be_kept_in_the_senders_time_is_not_said_to_be_kept(receiver: Receiver) -> None:
    gate = threading.Event()
    receiver.store.enqueue(gate.wait)
    body = body_of("ConsentRevoked")
    told = {**signed("ConsentRevoked", "e1", body), "X-Aiia-Timeout": "200"}
    try:
        assert httpx.post(receiver.url, content=body, headers=told, trust_env=False, timeout=30).status_code == 503
    finally:
        gate.set()
    assert receiver.post("ConsentRevoked") == 200
    assert len(receiver.store.webhooks(0)) == 1


KEEPER = """
import sys
from datetime import datetime
from pathlib import Path
from tests.webhooks.test_receiver import Receiver
receiver = Receiver(Path(sys.argv[1]))
if sys.argv[2:]:
    receiver.clock.time = datetime.fromisoformat(sys.argv[2])
print(receiver.url, flush=True)
sys.stdin.read()
"""
"""An agent that keeps what comes and never gets to apply it."""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_what_was_answered_survives_a_kill_before_it_was_applied(tmp_path: Path) -> None:
    """An agent that keeps events and never comes to applying them is killed; the next one applies them once."""
    path = tmp_path / "forny.db"
    command = [sys.executable, "-c", KEEPER, str(path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
    ) as keeper:
        assert keeper.stdout is not None
        try:
            url = keeper.stdout.readline().decode().strip()
            body = body_of("ConsentRevoked")
            told = signed("ConsentRevoked", "e1", body)
            assert httpx.post(url, content=body, headers=told, trust_env=False, timeout=30).status_code == 200
        finally:
            keeper.kill()
    clock = HandClock()
    store = open_store(path, assess=assess, clock=clock)
    agent = Agent(
        books=store,
        provider=FakeProvider(shown={"consent-1": [account(1)]}),
        ledger=FakeLedger(),
        mailer=FakeMailer(),
        clock=clock,
        say=texts_in("da"),
    )
    try:
        assert store.webhooks(0)[0].applied_at is None
        assert asyncio.run(agent.once()).events == 1
        assert store.fleet(EVERYTHING, "id", False, 0, 1, NOON)[0].consent == "revoked_by_customer"
        assert asyncio.run(agent.once()).events == 0
        assert store.replay_webhooks(["e1"], None, NOON) == 1
        assert asyncio.run(agent.once()).events == 1
        assert store.fleet(EVERYTHING, "id", False, 0, 1, NOON)[0].consent == "revoked_by_customer"
    finally:
        store.close()

"""From what happens at a bank of the sandbox to what `forny list` shows, with nothing but webhooks in between."""

import asyncio
import io
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from backend.agent import RoundReport
from backend.importing import BadLine, Reader
from backend.model.clock import ScaledClock
from backend.model.facts import Act
from backend.runtime import Runtime
from backend.sandbox.serve import Running, running_world
from backend.setting_values import PROVIDERS
from backend.settings import load
from backend.texts import texts_in
from tests.fakes import NOON
from tests.sandbox.clocks import StillClock
from tests.webhooks.test_receiver import KEEPER

FINE, EXPIRED = "1200000", "1200006"


class MovedClock(StillClock):
    """Moved by hand; but polling, which is in the machine's own time, does take time."""

    async def nap(self, seconds: float) -> None:
        await ScaledClock().nap(seconds)


class Line:
    """A world, a store with its fleet, and agents on both, all on one clock."""

    def __init__(self, world: Running, folder: Path, clock: MovedClock) -> None:
        at = world.addresses
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.base = f"http://127.0.0.1:{probe.getsockname()[1]}"
        env = {
            "FORNY_CONFIG": str(folder / "config.toml"),
            "FORNY_STORE": str(folder / "forny.db"),
            "FORNY_OPERATOR": "tester",
            "FORNY_AIIA_BASE_URL": at["aiia"],
            "FORNY_AIIA_CLIENT_ID": at["client_id"],
            "FORNY_AIIA_CLIENT_SECRET": at["client_secret"],
            "FORNY_AIIA_REDIRECT_URL": f"{self.base}/aiia",
            "FORNY_AIIA_WEBHOOK_SECRET": "fictional-webhook-secret",
            "FORNY_RECONCILIATION_URL": at["reconciliation"],
            "FORNY_RECONCILIATION_TOKEN": at["reconciliation_token"],
            "FORNY_SMTP_URL": at["smtp"],
        }
        (folder / "config.toml").write_text("")
        self.world, self.clock, self.path = world, clock, folder / "forny.db"
        self.runtime = Runtime(load({}, env), clock, texts_in("en"), env)
        self.store = self.runtime.store
        lines = io.BytesIO("".join(f"{line}\n" for line in world.client.fleet()).encode())
        records = (item for item in Reader(texts_in("en"), PROVIDERS).read(lines) if not isinstance(item, BadLine))
        self.runtime.door.import_records(records, clock.now(), "tester")
        self.aim(f"{self.base}/webhooks")

    def aim(self, url: str) -> None:
        self.world.client.turn("webhooks", url=url, secret="fictional-webhook-secret")

    def consent(self, agreement: str) -> str:
        return str(self.world.client.customer(agreement=agreement)["consents"][0]["consent_id"])

    def flush(self) -> None:
        """Whatever Aiia has to tell is told, and answered."""
        self.world.client.turn("webhooks/flush")

    def round(self) -> RoundReport:
        async def work() -> RoundReport:
            async with self.runtime.agent("once") as agent:
                return await agent.once()

        return asyncio.run(work())

    @contextmanager
    def standing(self) -> Iterator[None]:
        """An agent at work in a thread of its own; what is in flight is finished when the block ends."""
        ready, ended = threading.Event(), list[BaseException]()
        handles: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

        async def work() -> None:
            stop = asyncio.Event()
            async with self.runtime.agent("agent") as agent:
                handles.append((asyncio.get_running_loop(), stop))
                running = asyncio.create_task(agent.run(stop))
                await asyncio.sleep(0)  # now it has its address, or has failed
                ready.set()
                await running

        def run() -> None:
            try:
                asyncio.run(work())
            except BaseException as error:  # noqa: BLE001 - raised again where it is seen
                ended.append(error)
            finally:
                ready.set()

        thread = threading.Thread(target=run)
        thread.start()
        ready.wait()
        try:
            yield
        finally:
            for loop, stop in handles:
                loop.call_soon_threadsafe(stop.set)
            thread.join()
        if ended:
            raise ended[0]

    def seen(self, agreement: str) -> Any:
        (connection,) = self.store.resolve(agreement)
        return self.store.rows([connection], self.clock.now())[0]


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    clock = MovedClock(NOON)
    with running_world(customers=10, seed=7, clock=clock) as world:
        opened = Line(world, tmp_path, clock)
        yield opened
        opened.runtime.close()


def test_after_a_renewal_the_new_end_comes_from_the_bank(line: Line) -> None:
    """The demo's promise: days left of what was renewed are the bank's own word, not a guess."""
    (connection,) = line.store.resolve(EXPIRED)
    line.runtime.operations.submit(line.runtime.operations.plan(Act.RENEW, [connection]))
    line.round()
    view = line.store.connection(connection, line.clock.now())
    assert view is not None and view.case is not None
    with line.standing():
        line.world.client.walk(view.case.link, email=view.email)
        line.clock.move(seconds=30)
        line.flush()
    line.round()
    truth = line.world.client.customer(agreement=EXPIRED)["consents"][0]["expires_at"]
    told = line.seen(EXPIRED).expires_at
    assert told is not None and abs(told - datetime.fromisoformat(truth)) < timedelta(seconds=1)
    assert {item.event for item in line.store.webhooks(0)} >= {"SyncDone", "ConnectionUpdateRequired"}


def test_what_happens_at_the_bank_is_known_without_asking(line: Line) -> None:
    line.round()
    consent = line.consent(FINE)
    with line.standing():
        line.world.client.turn("webhooks/fault", how="forge")
        line.world.client.turn("webhooks/fault", how="duplicate", times=9)
        line.clock.move(hours=7)
        line.flush()
        line.world.client.turn("consent/revoke", consent_id=consent)
        line.flush()
    line.round()
    assert line.seen(FINE).consent == "revoked_by_customer"
    events = line.store.webhooks(0)
    assert len({item.event_id for item in events}) == len(events) and any(item.repeats for item in events)
    answers = line.world.client.books()["webhooks"]
    assert any(name.endswith(" 401") for name in answers) and all(item.effect for item in events)


def test_what_the_agent_missed_is_sent_again_and_heard(line: Line) -> None:
    line.round()
    consent = line.consent(FINE)
    line.world.client.turn("consent/revoke", consent_id=consent)
    line.flush()
    assert consent not in {item.consent_id for item in line.store.webhooks(0)}
    with line.standing():
        line.clock.move(minutes=20)
        line.flush()
    line.round()
    assert [item.event for item in line.store.webhooks(0) if item.consent_id == consent] == ["ConsentRevoked"]
    assert line.seen(FINE).consent == "revoked_by_customer"


def test_a_kill_between_keeping_and_applying_loses_nothing_and_a_replay_changes_nothing(line: Line) -> None:
    line.round()
    consent = line.consent(FINE)
    command = [sys.executable, "-c", KEEPER, str(line.path), line.clock.now().isoformat()]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=root) as keeper:
        try:
            assert keeper.stdout is not None
            line.aim(keeper.stdout.readline().decode().strip())
            line.world.client.turn("consent/revoke", consent_id=consent)
            line.flush()
        finally:
            keeper.kill()
    (kept,) = [item for item in line.store.webhooks(0) if item.consent_id == consent]
    assert (kept.event, kept.applied_at, line.seen(FINE).consent) == ("ConsentRevoked", None, "valid")
    line.round()
    before = line.seen(FINE)
    assert before.consent == "revoked_by_customer"
    assert line.store.replay_webhooks([], NOON - timedelta(days=1), line.clock.now()) >= 1
    assert line.round().events >= 1
    assert line.seen(FINE) == before


def test_that_events_stop_is_noticed_by_asking(line: Line) -> None:
    line.round()
    with line.standing():
        for _ in range(2):
            line.clock.move(hours=6)
            line.flush()
    line.round()
    assert line.store.webhook_silence(line.clock.now()) is None
    line.world.client.turn("webhooks/fault", how="stop")
    for _ in range(4):
        line.clock.move(hours=6)
        line.flush()
        line.round()
    silence = line.store.webhook_silence(line.clock.now())
    assert silence is not None and silence.connections > 3
    status = line.store.agent_status()
    assert status is not None and status.silent_since == silence.since
    line.world.client.turn("webhooks/fault", how=None)
    with line.standing():
        line.clock.move(hours=6)
        line.flush()
    line.round()
    assert line.store.webhook_silence(line.clock.now()) is None
    kinds = [event.kind for event in line.store.events(0, 99_999) if event.kind.startswith("webhooks.")]
    assert kinds == ["webhooks.silent", "webhooks.back"]

"""Acting in bulk, side by side with bare clients in one run: the budget of the issue on acting (DESIGN §12).

In turn, round by round, against one server of 20 ms (`tests.bench.peer`), 64 calls at once: bare aiohttp, httpx's own
pool, httpx through our transport and `Caller`, the adapter's `sync`, and a whole plan by the agent. A rate is of the
wall; beside it stands the processor time of one call in this process, which other people's work on the machine moves
less.
"""

import asyncio
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from urllib.request import urlopen

import aiohttp
import httpx
import msgspec

from backend.http import Call, Caller, new_transport
from backend.model.clock import ScaledClock
from backend.model.facts import Act, Session, Tokens
from backend.providers.aiia_wire import SyncWire
from backend.runtime import Runtime
from backend.settings import load
from backend.texts import texts_in
from tests.fakes import record

AT_ONCE = 64
HEADERS = {"Authorization": "Bearer access", "Content-Type": "application/json"}
BODY = b'{"redirectUrl":"https://console.example.test/aiia"}'

Once = Callable[[int], Awaitable[object]]


@dataclass
class Figures:
    """One way of calling: per round, calls a second and microseconds of this process's processors for each."""

    name: str
    rates: list[float] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)

    @contextmanager
    def measure(self, calls: int) -> Iterator[None]:
        """Take down what the block needs for so many calls."""
        began, used = time.perf_counter(), _cpu()
        yield
        self.rates.append(calls / (time.perf_counter() - began))
        self.costs.append((_cpu() - used) / calls * 1e6)


def figures(calls: int = 10_000, rounds: int = 3) -> list[tuple[str, str]]:
    """The table: name and figure of each line."""
    kinds = ("aiohttp", "httpx's own pool", "our client", "adapter", "plan, journal and adapter")
    aiohttp_, pool, client, adapter, whole = map(Figures, kinds)
    plans = Figures("planning")
    lost = double = 0
    with _peer() as url:
        for _ in range(rounds):
            asyncio.run(_aiohttp(url, aiohttp_, calls))
            asyncio.run(_pool(url, pool, max(AT_ONCE, calls // 20)))
            asyncio.run(_client(url, client, calls))
            with tempfile.TemporaryDirectory() as folder, _fleet(Path(folder), url, calls) as (runtime, sessions):
                asyncio.run(_adapter(runtime, adapter, sessions))
                _asked(url)
                asyncio.run(_plan(runtime, whole, plans, sessions))
                keys, sent = _asked(url)
                lost, double = lost + calls - keys, double + sent - keys
    rows = [
        (f"{AT_ONCE} at once, 20 ms server: {one.name}", f"{_mid(one.rates):,.0f}/s, {_mid(one.costs):,.0f} us each")
        for one in (aiohttp_, pool, client, adapter, whole)
    ]
    return [
        *rows,
        ("planned and confirmed", f"{_mid(plans.rates):,.0f} actions/s"),
        ("the whole against bare aiohttp (aim 0.8)", _ratio(whole, aiohttp_)),
        ("the whole against httpx's own pool (aim 10)", _ratio(whole, pool)),
        ("the whole against the adapter alone (aim 0.9)", _ratio(whole, adapter)),
        ("actions sent twice, and never sent", f"{double}, {lost} of {calls * rounds:,}"),
    ]


def _mid(values: list[float]) -> float:
    return statistics.median(values)


def _ratio(one: Figures, other: Figures) -> str:
    return f"{_mid([a / b for a, b in zip(one.rates, other.rates, strict=True)]):.2f}"


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


@contextmanager
def _peer() -> Iterator[str]:
    command = [sys.executable, "-m", "tests.bench.peer"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"


def _asked(url: str) -> tuple[int, int]:
    """How many keys the other side has seen since it was asked last, and how many calls."""
    with urlopen(f"{url}/asked") as answer:
        told = json.load(answer)
    return told["keys"], told["calls"]


async def _at_once(once: Once, calls: int) -> None:
    numbers = iter(range(calls))

    async def work() -> None:
        for number in numbers:
            await once(number)

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))


async def _aiohttp(url: str, into: Figures, calls: int) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=AT_ONCE)) as http:

        async def once(number: int) -> None:
            async with http.post(f"{url}/v1/update", data=BODY, headers=HEADERS) as answer:
                msgspec.json.decode(await answer.read(), type=SyncWire)

        await _at_once(once, AT_ONCE)
        with into.measure(calls):
            await _at_once(once, calls)


async def _pool(url: str, into: Figures, calls: int) -> None:
    limits = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE)
    async with httpx.AsyncClient(limits=limits, timeout=60, trust_env=False) as http:

        async def once(number: int) -> None:
            answer = await http.post(f"{url}/v1/update", content=BODY, headers=HEADERS)
            msgspec.json.decode(answer.content, type=SyncWire)

        await _at_once(once, AT_ONCE)
        with into.measure(calls):
            await _at_once(once, calls)


async def _client(url: str, into: Figures, calls: int) -> None:
    async with new_transport() as way:
        caller = Caller("Aiia", way, ScaledClock(), lambda attempt: None)

        async def once(number: int) -> None:
            call = Call(
                operation="sync",
                method="POST",
                url=f"{url}/v1/update",
                headers={"Authorization": "Bearer access"},
                body=BODY,
                secrets=("access", "secret"),
            )
            await caller.call(call, SyncWire)

        await _at_once(once, AT_ONCE)
        with into.measure(calls):
            await _at_once(once, calls)


@contextmanager
def _fleet(folder: Path, url: str, size: int) -> Iterator[tuple[Runtime, list[Session]]]:
    """A store with so many live connections, at twenty banks, whose access tokens last for the run."""
    env = {
        **os.environ,
        "FORNY_STORE": str(folder / "forny.db"),
        "FORNY_CONFIG": str(folder / "config.toml"),
        "FORNY_AIIA_BASE_URL": url,
        "FORNY_AIIA_CLIENT_ID": "forny",
        "FORNY_CALLS_PER_SECOND": "100000",
        "FORNY_AIIA_CLIENT_SECRET": "a-secret-of-the-bench",
        "FORNY_AIIA_REDIRECT_URL": "https://console.example.test/aiia",
        "FORNY_RECONCILIATION_URL": url,
        "FORNY_RECONCILIATION_TOKEN": "another-secret-of-the-bench",
    }
    (folder / "config.toml").touch()
    runtime = Runtime(load({}, env), ScaledClock(), texts_in("en"), env)
    store, now = runtime.store, runtime.clock.now()
    ends = now + timedelta(days=60)
    store.import_records((record(n, bank=f"Bank {n % 20}", expires_at=ends) for n in range(size)), now, "bench")
    try:
        yield runtime, _sessions(runtime, size, ends)
    finally:
        runtime.close()


def _sessions(runtime: Runtime, size: int, ends: datetime) -> list[Session]:
    store, sessions = runtime.store, []
    with store.db.write():
        for number in range(1, size + 1):
            context = store.fetch_context(f"c{number}")
            assert context is not None and context.consent is not None
            tokens = Tokens(refresh_token=f"r-{number}", access_token=f"access-{number}-" * 40, access_expires_at=ends)
            store.keep_tokens(context.consent, tokens)
            sessions.append(
                Session(
                    connection=context.connection,
                    consent=context.consent,
                    consent_id=context.consent_id,
                    customer=context.agreement_number,
                )
            )
    return sessions


async def _adapter(runtime: Runtime, into: Figures, sessions: list[Session]) -> None:
    provider = runtime.provider()

    async def once(number: int) -> None:
        await provider.sync(sessions[number], f"alone-{number}")

    await _at_once(once, AT_ONCE)
    with into.measure(len(sessions)):
        await _at_once(once, len(sessions))
    await provider.aclose()


async def _plan(runtime: Runtime, into: Figures, plans: Figures, sessions: list[Session]) -> None:
    async with runtime.agent("once") as agent:
        with plans.measure(len(sessions)):
            plan = runtime.operations.plan(Act.SYNC, [session.connection for session in sessions])
            submitted = runtime.operations.submit(plan)
        assert not submitted.refused, submitted.refused[0]
        with into.measure(len(sessions)):
            await agent._acts()  # what its banks make of it later is followed by fetches, which are measured apart


if __name__ == "__main__":
    for name, figure in figures(*map(int, sys.argv[1:])):
        sys.stdout.write(f"{name:<60}{figure}\n")

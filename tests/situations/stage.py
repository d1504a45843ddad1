"""A sandbox world on loopback, a store with its fleet, and agents and commands on one clock that can be skipped."""

import asyncio
import json
import shlex
import socket
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from backend.model.clock import SharedClock, parse_clock, starting_now
from backend.runtime import Runtime
from backend.sandbox.serve import Running, running_world
from backend.settings import load
from backend.texts import texts_in
from tui.cli import cli
from tui.commands.failures import guarded

Fleet = dict[str, set[str | None]]
"""By agreement number: the situations that `forny list --json` shows on its connections."""

GOOD = (0, 3, 5)
"""Exit codes of commands that did what they could: some refused, or a customer is needed."""


class Theatre:
    """One world and everything of forny's on it. Commands run in this process, over the real adapters."""

    def __init__(self, world: Running, folder: Path, clock: SharedClock) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            base = f"http://127.0.0.1:{probe.getsockname()[1]}"
        at = world.addresses
        self.world, self.clock = world, clock
        self.env = {
            "FORNY_CONFIG": str(folder / "config.toml"),
            "FORNY_STORE": str(folder / "forny.db"),
            "FORNY_OPERATOR": "tester",
            "FORNY_LANGUAGE": "en",
            "FORNY_AIIA_BASE_URL": at["aiia"],
            "FORNY_AIIA_CLIENT_ID": at["client_id"],
            "FORNY_AIIA_CLIENT_SECRET": at["client_secret"],
            "FORNY_AIIA_REDIRECT_URL": f"{base}/aiia",
            "FORNY_PUBLIC_URL": base,
            "FORNY_AIIA_WEBHOOK_SECRET": "fictional-webhook-secret",
            "FORNY_RECONCILIATION_URL": at["reconciliation"],
            "FORNY_RECONCILIATION_TOKEN": at["reconciliation_token"],
            "FORNY_SMTP_URL": at["smtp"],
            "FORNY_CLOCK": clock.spec(),
            "FORNY_SANDBOX_URL": at["control"],
            "FORNY_CALLS_PER_SECOND": "100000",  # the machine shall not wait in its own time
            "FORNY_UNDO_WINDOW": "off",
            "XDG_STATE_HOME": str(folder / "state"),
            "XDG_DATA_HOME": str(folder / "data"),
        }
        (folder / "config.toml").write_text("")
        self.cast = {item["id"]: item["agreement_number"] for item in self.told("sandbox", "scenarios")}
        lines = [self.ran("sandbox", "fleet", "--agreement", one) for one in sorted(set(self.cast.values()))]
        self.ran("import", "-", stdin="".join(lines))
        world.client.turn("webhooks", url=f"{base}/webhooks", secret="fictional-webhook-secret")

    def ran(self, *arguments: str, stdin: str | None = None) -> str:
        """What a command wrote to stdout. It must not fail."""
        with CliRunner().isolation(input=stdin, env=self.env) as (out, err, _):
            code = guarded(lambda: cli.main(args=list(arguments), standalone_mode=False, prog_name="forny"))
            sys.stdout.flush()
            assert code in GOOD, f"forny {shlex.join(arguments)}: {code}\n{err.getvalue().decode()}"
            return out.getvalue().decode()

    def told(self, *arguments: str) -> Any:
        """The same, read as JSON."""
        return json.loads(self.ran(*arguments))

    def typed(self, line: str) -> str:
        """Run a line of shell as a scenario gives it: `forny …`, perhaps with a pipe."""
        said: str | None = None
        for part in line.split(" | "):
            program, *arguments = shlex.split(part)
            assert program == "forny", line
            said = self.ran(*arguments, stdin=said)
        return said or ""

    def round(self) -> None:
        """What has happened is told by webhook, customers can return, and one full round is made."""
        with self.standing():
            self.world.client.turn("webhooks/flush")
        self.once()

    def once(self) -> None:
        async def work() -> None:
            runtime = self._runtime()
            try:
                async with runtime.agent("once") as agent:
                    await agent.once()
            finally:
                runtime.close()

        asyncio.run(work())

    @contextmanager
    def standing(self) -> Iterator[None]:
        """An agent at work in a thread of its own; what is in flight is finished when the block ends."""
        ready, ended = threading.Event(), list[BaseException]()
        handles: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

        async def work() -> None:
            stop = asyncio.Event()
            runtime = self._runtime()
            try:
                async with runtime.agent("agent") as agent:
                    handles.append((asyncio.get_running_loop(), stop))
                    running = asyncio.create_task(agent.run(stop))
                    await asyncio.sleep(0)  # now it has its address, or has failed
                    ready.set()
                    await running
            finally:
                runtime.close()

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

    def shown(self) -> Fleet:
        """What operators see now."""
        found: Fleet = {}
        for item in self.told("list", "--json"):
            found.setdefault(item["agreement_number"], set()).add(item["situation"])
        return found

    def play(self, id: str) -> dict[str, Any]:
        """Have a scenario happen to somebody, by command."""
        answer: dict[str, Any] = self.told("sandbox", "scenario", id)
        return answer

    def _runtime(self) -> Runtime:
        settings = load({}, self.env)
        return Runtime(settings, parse_clock(settings.clock), texts_in("en"), self.env)


@contextmanager
def theatre(folder: Path, *, customers: int, seed: int = 11) -> Iterator[Theatre]:
    """A theatre whose clock begins at the machine's time and stands in a file of the folder."""
    clock = SharedClock.start(folder / "clock", starting_now(1.0))
    with running_world(customers=customers, seed=seed, clock=clock, sync_seconds=0.0, latency=0.0) as world:
        yield Theatre(world, folder, clock)


def commands(steps: Sequence[str]) -> list[str]:
    """The steps without the remarks for people."""
    return [step for step in steps if not step.startswith("#")]

"""The demo: a sandbox world, a fleet, an agent and the console, and nothing left of them afterwards."""

import fcntl
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import FrameType, TracebackType
from urllib.parse import urlsplit

from backend.model.clock import parse_clock
from backend.model.text import clean
from backend.runtime import Runtime
from backend.settings import load
from backend.texts import Say
from tui.commands.console import PROGRAM, desk_of, end_child, start_agent

DEFAULT_CUSTOMERS = 250
DEFAULT_SPEED = 60.0
"""An hour a minute: fast enough to see rows come, slow enough to read."""

_START_SECONDS = 120.0


class DemoError(Exception):
    """The demo could not start; the message says why."""


class Ended(BaseException):
    """A signal asked the demo to end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class Demo:
    """A context: inside it the world and its agent run; on leaving it, however, all is ended and swept."""

    def __init__(self, env: Mapping[str, str], say: Say, *, customers: int, seed: int, speed: float) -> None:
        self._outer, self._say = env, say
        self._customers, self._seed, self._speed = customers, seed, speed
        self._stack = ExitStack()
        self.env: dict[str, str] = {}
        self.addresses: dict[str, str] = {}

    def __enter__(self) -> "Demo":
        try:
            for number in (signal.SIGTERM, signal.SIGHUP):
                self._stack.callback(signal.signal, number, signal.signal(number, _end))
            self._start()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)  # what is left to do takes seconds and must not be cut short
        self._stack.callback(signal.signal, signal.SIGINT, signal.default_int_handler)
        self._stack.close()

    def _start(self) -> None:
        folder = Path(tempfile.mkdtemp(prefix="forny-demo-"))
        self._stack.callback(shutil.rmtree, folder, ignore_errors=True)
        self.addresses = self._sandbox(folder)
        (folder / "config.toml").write_text('[profiles.demo]\nenvironment = "demo"\n')
        self.env = self._environment(folder)
        self._webhooks()
        self.settings = load({}, self.env)
        self.clock = parse_clock(self.settings.clock)
        self.runtime = Runtime(self.settings, self.clock, self._say, self.env)
        self._stack.callback(self.runtime.close)
        self._import(folder)
        lives = _lock(folder / "begun.locks" / "agent")
        agent = start_agent(self.env, "--until-stdin-closes", keeps=lives)
        os.close(lives)
        self._stack.callback(end_child, agent)

    def _sandbox(self, folder: Path) -> dict[str, str]:
        """The world as a process of its own; it ends, and sweeps the folder, when its standard input closes."""
        command = [*PROGRAM, "sandbox", "--until-stdin-closes", "--sweep", str(folder)]
        log = self._stack.enter_context((folder / "sandbox.log").open("w+b"))
        command += [f"--customers={self._customers}", f"--seed={self._seed}", f"--speed={self._speed}"]
        command += [f"--clock-file={folder / 'clock'}"]
        child = subprocess.Popen(  # noqa: S603 - our own program, by its own interpreter
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=_clean(self._outer),
            start_new_session=True,
        )
        self._stack.callback(end_child, child)
        assert child.stdout is not None
        ready, _, _ = select.select([child.stdout], [], [], _START_SECONDS)
        line = child.stdout.readline() if ready else b""
        try:
            addresses: dict[str, str] = json.loads(line)
        except ValueError:
            log.seek(0)
            why = clean(log.read(2_000).decode("utf-8", "replace").strip(), 500)
            raise DemoError(self._say("demo.no_world", why=why or "-")) from None
        return addresses

    def _environment(self, folder: Path) -> dict[str, str]:
        at, back = self.addresses, f"http://127.0.0.1:{_free_port()}"
        return {
            **_clean(self._outer),
            "FORNY_CONFIG": str(folder / "config.toml"),
            "FORNY_STORE": str(folder / "forny.db"),
            "FORNY_PROVIDER": "aiia",
            "FORNY_AIIA_BASE_URL": at["aiia"],
            "FORNY_AIIA_CLIENT_ID": at["client_id"],
            "FORNY_AIIA_CLIENT_SECRET": at["client_secret"],
            "FORNY_AIIA_REDIRECT_URL": f"{back}/aiia",
            "FORNY_PUBLIC_URL": back,
            "FORNY_RECONCILIATION_URL": at["reconciliation"],
            "FORNY_RECONCILIATION_TOKEN": at["reconciliation_token"],
            "FORNY_SMTP_URL": at["smtp"],
            "FORNY_CLOCK": at["clock"],
            "FORNY_SANDBOX_URL": at["control"],
        }

    def _webhooks(self) -> None:
        """Have Aiia's events sent to where the agent will listen."""
        from backend.sandbox.client import SandboxClient

        where = urlsplit(self.env["FORNY_AIIA_REDIRECT_URL"])._replace(path="/webhooks").geturl()
        with SandboxClient(self.addresses) as client:
            self.env["FORNY_AIIA_WEBHOOK_SECRET"] = client.turn("webhooks", url=where)["secret"]

    def _import(self, folder: Path) -> None:
        from backend.importing import BadLine, Reader
        from backend.sandbox.client import SandboxClient
        from backend.setting_values import PROVIDERS

        path = folder / "fleet.jsonl"
        with SandboxClient(self.addresses) as client, path.open("w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in client.fleet())
        with path.open("rb") as lines:
            items = Reader(self._say, PROVIDERS).read(lines)
            records = (item for item in items if not isinstance(item, BadLine))
            self.runtime.door.import_records(records, self.clock.now(), self.settings.operator)
        path.unlink()

    def console(self) -> int:
        """Open the console on the demo; gives its exit code."""
        from tui.app import run_console

        return run_console(desk_of(self.runtime))

    def told(self) -> dict[str, object]:
        """What `--headless` prints: where everything is, and the environment in which commands find it."""
        ours = {name: value for name, value in self.env.items() if name.startswith("FORNY_")}
        return {"store": str(self.settings.store), "addresses": self.addresses, "env": ours}


def _end(number: int, frame: FrameType | None) -> None:
    raise Ended(number)


def _clean(env: Mapping[str, str]) -> dict[str, str]:
    """The environment without anything that configures forny, but for who works and in which language."""
    kept = ("FORNY_OPERATOR", "FORNY_LANGUAGE")
    return {name: value for name, value in env.items() if not name.startswith("FORNY_") or name in kept}


def _lock(path: Path) -> int:
    """A lock that whoever has the descriptor holds as long as it lives.

    The agent is given it, so that the sandbox sees from its first moment that it works and does not sweep under it.
    """
    path.parent.mkdir(mode=0o700)
    held = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    fcntl.flock(held, fcntl.LOCK_EX)
    return held


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

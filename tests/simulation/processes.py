"""A sandbox as a process of its own, and forny's processes on one store beside it."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from backend.model.clock import parse_clock
from backend.rules.assess import assess
from backend.sandbox.client import SandboxClient
from backend.store import Store, open_store
from tests.conftest import Place
from tests.terminal.harness import Terminal

PROGRAM = ("-P", "-m", "tui.cli")
PATIENCE = 30.0
"""Real seconds within which another process must have taken over from a dead one, and much else must have happened."""

UNDO = 600
"""Seconds of the world's clock for which a removal can be undone."""

ALLOWANCE = 8
"""Look-ups a day that forny allows itself of an account: more than the world's banks do, so that these say no."""

SETTLED = 7 * 3600
"""Seconds after which a connection that was just imported may be synchronised."""

Process = subprocess.Popen[bytes]
_ROOT = Path(__file__).parent.parent.parent


def plain_environment() -> dict[str, str]:
    """This process's environment without anything that configures forny."""
    return {name: value for name, value in os.environ.items() if not name.startswith("FORNY_")}


def forny_environment(at: dict[str, str], place: Place, folder: Path) -> dict[str, str]:
    """How a process of forny finds a world (its announced addresses) and a store. `folder` takes what it writes."""
    (folder / "config.toml").touch()
    return {
        **plain_environment(),
        "FORNY_CONFIG": str(folder / "config.toml"),
        "FORNY_STORE": str(place),
        "XDG_DATA_HOME": str(folder / "data"),
        "FORNY_LANGUAGE": "en",
        "FORNY_AIIA_BASE_URL": at["aiia"],
        "FORNY_AIIA_CLIENT_ID": at["client_id"],
        "FORNY_AIIA_CLIENT_SECRET": at["client_secret"],
        "FORNY_AIIA_REDIRECT_URL": "https://console.example.test/aiia",
        "FORNY_RECONCILIATION_URL": at["reconciliation"],
        "FORNY_RECONCILIATION_TOKEN": at["reconciliation_token"],
        "FORNY_SMTP_URL": at["smtp"],
        "FORNY_CLOCK": at["clock"],
        "FORNY_UNDO_WINDOW": str(UNDO),
        "FORNY_ALLOWANCE": str(ALLOWANCE),
    }


class Processes:
    """A context: inside it a world runs, and processes of forny may be started on the store at `place`."""

    def __init__(self, folder: Path, place: Place, *, customers: int, seed: int) -> None:
        self.folder, self.place, self.seed = folder, place, seed
        self.started: list[Process] = []
        self._look = threading.Event()
        self._log: IO[bytes] = (folder / "said").open("wb")
        world = (f"--customers={customers}", f"--seed={seed}", f"--clock-file={folder / 'clock'}")
        self._world = subprocess.Popen(
            [*(sys.executable, *PROGRAM, "sandbox", "--until-stdin-closes"), *world],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=plain_environment() | {"FORNY_CONFIG": os.devnull},
            cwd=_ROOT,
        )
        assert self._world.stdout is not None
        at: dict[str, str] = json.loads(self._world.stdout.readline())
        self.client = SandboxClient(at)
        self.clock = parse_clock(at["clock"])
        self.env = forny_environment(at, place, folder)

    def __enter__(self) -> "Processes":
        fleet = "".join(f"{line}\n" for line in self.client.fleet())
        assert self.run("import", "-", stdin=fleet).returncode == 0
        self.calm()
        assert self.run("agent", "--once").returncode in (0, 3, 5)
        self.skip(SETTLED)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for child in self.started:
            if child.poll() is None:
                child.kill()  # ends a stopped one too
            child.wait()
        self.client.close()
        assert self._world.stdin is not None and self._world.stdout is not None
        self._world.stdin.close()
        self._world.wait(PATIENCE)
        self._world.stdout.close()
        self._log.close()

    # -- forny -------------------------------------------------------------------------------------------------

    def run(self, *words: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """One command, to its end, which must come in time."""
        done = subprocess.run(
            [sys.executable, *PROGRAM, *words],
            env=self.env,
            input=stdin,
            capture_output=True,
            text=True,
            cwd=_ROOT,
            timeout=4 * PATIENCE,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def start(self, *words: str) -> Process:
        """A process that goes on; it is ended with the world."""
        child = subprocess.Popen(
            [sys.executable, *PROGRAM, *words],
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            cwd=_ROOT,
        )
        self.started.append(child)
        return child

    def console(self) -> Terminal:
        """A console in a pseudo-terminal."""
        return Terminal(*PROGRAM, env={**self.env, "PYTHONPATH": str(_ROOT)})

    def said(self) -> str:
        """What started processes have said so far."""
        return (self.folder / "said").read_text(errors="replace")

    # -- looking -----------------------------------------------------------------------------------------------

    def until(self, what: str, condition: Callable[[], object], seconds: float = PATIENCE) -> None:
        """Look until the condition holds; fails with `what` after so many real seconds."""
        assert self.within(seconds, condition), f"not within {seconds} s: {what}\n{self.said()[-4000:]}"

    def within(self, seconds: float, condition: Callable[[], object]) -> bool:
        """Look until the condition holds or so many real seconds are over; whether it came to hold."""
        over = self.deadline(seconds)
        while not condition():
            if over():
                return False
            self._look.wait(0.005)
        return True

    def deadline(self, seconds: float) -> Callable[[], bool]:
        """Tells whether so many real seconds are over by now."""
        end = time.monotonic() + seconds
        return lambda: time.monotonic() >= end

    def ended_within(self, seconds: float, child: Process) -> bool:
        """Whether it has ended by itself before so many real seconds were over."""
        return self.within(seconds, lambda: child.poll() is not None)

    @contextmanager
    def store(self) -> Iterator[Store]:
        """The store, to look into."""
        store = open_store(self.place, assess=assess, clock=self.clock, key=b"only to look")
        try:
            yield store
        finally:
            store.close()

    def plans(self) -> list[int]:
        """All plans' numbers, drafts' too, the newest first."""
        with self.store() as store:
            return [view.id for view in store.plans(1_000_000, drafts=True)]

    def books(self) -> dict[str, Any]:
        """The world's own books."""
        return self.client.books()

    def calls(self) -> int:
        """How many calls the outside has answered."""
        return sum(self.books()["calls"].values())

    def updates(self) -> int:
        """How many times it was asked for an update."""
        received: int = self.books()["updates"]["received"]
        return received

    def agent_lives(self) -> bool:
        """Whether some process has the right to act."""
        with self.store() as store:
            status = store.agent_status()
            return status is not None and status.alive

    def calm(self) -> None:
        """Nothing goes wrong any more, and every bank is there."""
        self.client.turn("lift")
        for bank in self.client.banks():
            self.client.set_mood(bank["id"], "ok")

    def skip(self, seconds: float) -> None:
        """So much time passes at once, for everybody."""
        self.client.turn("clock/skip", hours=seconds / 3600)

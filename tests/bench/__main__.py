"""`make bench`: how fast the whole line is, as ratios and rates of one run on this machine, printed as a table.

Nothing here is asserted: a shared machine's timings prove nothing by themselves (README quotes a quiet run).
"""

import asyncio
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from backend.agent import RoundReport
from backend.model.clock import ScaledClock
from backend.rules.assess import assess
from backend.runtime import Runtime
from backend.settings import load
from backend.store import open_store
from backend.texts import texts_in
from tests.bench import acts
from tests.fakes import record
from tests.terminal.harness import Terminal

ROUNDS = 7
SEED = 1
EMPTY_APP = (
    "from textual.app import App\nfrom textual.widgets import Static\n"
    "class Empty(App[None]):\n    def compose(self):\n        yield Static('first frame')\nEmpty().run()\n"
)


def main() -> None:
    customers = int(sys.argv[1]) if len(sys.argv) > 1 else 250
    rows: list[tuple[str, str]] = []
    with tempfile.TemporaryDirectory() as folder:
        rows += _about(Path(folder))
        rows.append(("import of 10,000 connections", f"{_import_rate(Path(folder)):,.0f} lines/s"))
        with _world(customers) as env:
            store = Path(folder) / "forny.db"
            env |= {"FORNY_STORE": str(store), "FORNY_CONFIG": str(Path(folder) / "config.toml")}
            (Path(folder) / "config.toml").touch()
            fleet = Path(folder) / "fleet.jsonl"
            fleet.write_bytes(_forny(env, "sandbox", "fleet"))
            _forny(env, "import", str(fleet))
            first, wall, cpu = _round(env)
            rows.append(("postings fetched and delivered, a second", f"{first.delivered / wall:,.0f}"))
            rows.append(("the same, a second of the agent's own core", f"{first.delivered / cpu:,.0f}"))
            again, wall, _ = _round(env)
            rows.append(("connections fetched again, a second", f"{again.fetched / wall:,.0f}"))
            rows += _starts(env)
    rows += acts.figures()
    width = max(len(name) for name, _ in rows)
    for name, figure in rows:
        sys.stdout.write(f"{name:<{width}}  {figure}\n")


def _about(folder: Path) -> list[tuple[str, str]]:
    """What the figures are of (`facts/reliability.md` §5)."""
    store = open_store(folder / "about.db", assess=assess, clock=ScaledClock())
    sqlite = store.db.value("SELECT sqlite_version()")
    store.close()
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True).stdout.strip()
    versions = ", ".join(f"{name} {version(name)}" for name in ("httpx", "aiohttp", "pysqlite3", "textual"))
    return [
        ("commit", commit or "not in a checkout"),
        ("versions", f"Python {platform.python_version()}, SQLite {sqlite}, {versions}"),
        ("seed; faults injected", f"{SEED}; none"),
    ]


def _import_rate(folder: Path) -> float:
    store = open_store(folder / "import.db", assess=assess, clock=ScaledClock())
    lines = [record(number) for number in range(10_000)]
    began = time.perf_counter()
    store.import_records(lines, ScaledClock().now(), "bench")
    rate = len(lines) / (time.perf_counter() - began)
    store.close()
    return rate


@contextmanager
def _world(customers: int) -> Iterator[dict[str, str]]:
    """A sandbox in a process of its own; gives the environment that leads to it."""
    command = [sys.executable, "-m", "tui.cli", "sandbox", "--customers", str(customers), "--seed", str(SEED)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        at = json.loads(process.stdout.readline())
        try:
            yield {
                **os.environ,
                "FORNY_AIIA_BASE_URL": at["aiia"],
                "FORNY_AIIA_CLIENT_ID": at["client_id"],
                "FORNY_AIIA_CLIENT_SECRET": at["client_secret"],
                "FORNY_AIIA_REDIRECT_URL": "https://console.example.test/aiia",
                "FORNY_RECONCILIATION_URL": at["reconciliation"],
                "FORNY_RECONCILIATION_TOKEN": at["reconciliation_token"],
                "FORNY_SMTP_URL": at["smtp"],
                "FORNY_SANDBOX_URL": at["control"],
            }
        finally:
            process.terminate()


def _forny(env: dict[str, str], *words: str) -> bytes:
    done = subprocess.run([sys.executable, "-m", "tui.cli", *words], env=env, capture_output=True, check=True)
    return done.stdout


def _round(env: dict[str, str]) -> tuple[RoundReport, float, float]:
    """One full round of the agent in this process: report, seconds of wall and of processor time."""
    say = texts_in("en")
    runtime = Runtime(load({}, env), ScaledClock(), say, env)

    async def run() -> RoundReport:
        async with runtime.agent("once") as agent:
            return await agent.once()

    began, used = time.perf_counter(), _cpu()
    report = asyncio.run(run())
    wall, cpu = time.perf_counter() - began, _cpu() - used
    runtime.close()
    return report, wall, cpu


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _starts(env: dict[str, str]) -> list[tuple[str, str]]:
    """Start to first rows, in turn with an empty Textual app."""
    ours: list[float] = []
    empty: list[float] = []
    for _ in range(ROUNDS):
        ours.append(_seen(env, lambda text: " ApS" in text or " A/S" in text or " IVS" in text, "-m", "tui.cli"))
        empty.append(_seen(env, lambda text: "first frame" in text, "-c", EMPTY_APP))
    ratio = statistics.median(a / b for a, b in zip(ours, empty, strict=True))
    return [
        ("start to rows on screen (median)", f"{statistics.median(ours) * 1000:,.0f} ms"),
        ("an empty Textual app to its first frame", f"{statistics.median(empty) * 1000:,.0f} ms"),
        ("ratio, in turn", f"{ratio:.2f}"),
    ]


def _seen(env: dict[str, str], there: Callable[[str], bool], *argv: str) -> float:
    began = time.perf_counter()
    with Terminal(*argv, cols=200, rows=50, env=env) as terminal:
        terminal.until(lambda: there(terminal.text()))
        return time.perf_counter() - began


if __name__ == "__main__":
    main()

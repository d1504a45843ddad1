"""A store of its own for each test, and commands that run in this process or in one of their own."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tui.cli import cli
from tui.commands.failures import guarded


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Ran]


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """Nothing of this machine's configuration: a store of its own, English, a named operator."""
    config = tmp_path / "config.toml"
    config.write_text("")
    return {
        "FORNY_CONFIG": str(config),
        "FORNY_STORE": str(tmp_path / "forny.db"),
        "FORNY_OPERATOR": "tester",
        "FORNY_LANGUAGE": "en",
        "FORNY_UNDO_WINDOW": "off",
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "XDG_DATA_HOME": str(tmp_path / "data"),
    }


@pytest.fixture
def forny(env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Run a command in this process, with the same last line of defence that the program has."""
    for name in list(os.environ):
        if name.startswith("FORNY_"):
            monkeypatch.delenv(name)

    def run(*arguments: str, stdin: str | None = None, extra: Mapping[str, str] | None = None) -> Ran:
        runner = CliRunner()
        codes: list[int] = []
        with runner.isolation(input=stdin, env={**env, **(extra or {})}) as (out, err, _):
            codes.append(guarded(lambda: cli.main(args=list(arguments), standalone_mode=False, prog_name="forny")))
            sys.stdout.flush()
            return Ran(codes[0], out.getvalue().decode(), err.getvalue().decode())

    yield run


@pytest.fixture
def program(env: dict[str, str]) -> Run:
    """Run a command as a process of its own, as a shell would."""

    def run(*arguments: str, stdin: str = "", extra: Mapping[str, str] | None = None) -> Ran:
        done = subprocess.run(
            [sys.executable, "-m", "tui.cli", *arguments],
            input=stdin.encode(),
            capture_output=True,
            env={"PATH": os.environ["PATH"], "HOME": env["XDG_DATA_HOME"], **env, **(extra or {})},
            timeout=60,
        )
        return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


def line(number: int, **changes: Any) -> dict[str, Any]:
    """A good import line of customer `number`."""
    return {
        "agreement_number": str(1000 + number),
        "customer": f"Kunde {number:03}",
        "email": f"kunde{number}@example.test",
        "provider": "aiia",
        "consent_id": f"consent-{number}",
        "refresh_token": f"rt-secret-{number}",
        "bank": "Nordea" if number % 2 else "Danske Bank",
        "data_from": "2024-08-10",
        "expires_at": "2099-03-01T06:00:00Z",
        "accounts": [
            {
                "account_id": f"acc-{number}",
                "iban": f"DK69{9999:04}{number:010}",
                "bban": None,
                "name": "Drift",
                "ledger_account": "5820",
            }
        ],
    } | changes


def lines(*items: dict[str, Any] | str) -> str:
    return "".join((item if isinstance(item, str) else json.dumps(item)) + "\n" for item in items)


@pytest.fixture
def fleet(forny: Run) -> Run:
    """`forny` over a store with five customers; the fifth has two connections."""
    items = [line(number) for number in range(1, 6)] + [
        line(5, consent_id="consent-5b", bank="Jyske Bank", accounts=[])
    ]
    assert forny("import", "-", stdin=lines(*items)).code == 0
    return forny

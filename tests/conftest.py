"""Shared settings of the tests."""

import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import settings

from tests import postgres

# On CI the same examples each time: a red run must speak of the change. Elsewhere each run looks for new ones.
settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("search", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "search")


Place = Path | str
"""Where a store is: a file's path, or a database's address."""

NewPlace = Callable[..., Place]
"""Gives a place of its own at each call; a `bare` database has not even tables."""


@pytest.fixture(scope="session")
def server() -> Iterator[postgres.Server]:
    """A PostgreSQL server with a database `template`, which is an empty store."""
    if not postgres.there():
        pytest.skip(postgres.MISSING)
    from backend.store.postgres import PostgresEngine
    from backend.store.schema import migrate

    with postgres.running() as running:
        running.ask("CREATE DATABASE template TEMPLATE template0")
        engine = PostgresEngine(running.url("template"))
        migrate(engine)
        engine.close()
        yield running


@pytest.fixture
def own_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Key files of stores that are no files are made in the test's folder."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture(params=["sqlite", "postgres"])
def new_place(request: pytest.FixtureRequest, tmp_path: Path, own_keys: None) -> Iterator[NewPlace]:
    """Gives the place of a new store at each call, on either engine."""
    if request.param == "sqlite":
        names = itertools.count()
        yield lambda bare=False: tmp_path / f"{next(names) or ''}forny.db"
        return
    server: postgres.Server = request.getfixturevalue("server")
    with ExitStack() as made:

        def new(bare: bool = False) -> str:
            name = server.new() if bare else server.lend()
            made.callback(server.drop if bare else server.take_back, name)
            return server.url(name)

        yield new


@pytest.fixture
def place(new_place: NewPlace) -> Place:
    """Where a new store is to be, on either engine."""
    return new_place()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say on screen what was not tried, whatever else is shown."""
    skipped = terminalreporter.stats.get("skipped", [])
    count = sum(postgres.MISSING in str(report.longrepr) for report in skipped)
    if count:
        terminalreporter.write_line(f"skipped: {postgres.MISSING} ({count} tests)", yellow=True)

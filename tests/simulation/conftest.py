"""What the tests that kill processes share."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Place
from tests.postgres import MISSING, Server, there
from tests.postgres import running as server_running

SEED = int(os.environ.get("FORNY_SEED", "1"))


def kills(few: int) -> int:
    """How many kills are asked for; `few` when nobody has said."""
    return int(os.environ.get("FORNY_KILLS", few))


@pytest.fixture(params=["sqlite", "postgres"])
def engine(request: pytest.FixtureRequest) -> Iterator[Server | None]:
    """None for a file; else a server of its own, which may be crashed."""
    if request.param == "sqlite":
        yield None
    elif not there():
        pytest.skip(MISSING)
    else:
        with server_running(durable=True) as server:
            yield server


@pytest.fixture
def own_place(engine: Server | None, tmp_path: Path) -> Place:
    """Where a store is to be that goes down with its server, if it has one."""
    return engine.url(engine.new()) if engine else tmp_path / "forny.db"

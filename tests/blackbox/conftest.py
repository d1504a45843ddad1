"""One world a test; whatever a test looks at, no rule of the contracts is broken and no secret is told."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.blackbox.aiia import Dialect
from tests.blackbox.harness import World

Build = Callable[..., World]


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Build]:
    """Make the world of a test: `build(dialect)`. At the end: no violation, no secret in the clear."""
    worlds: list[World] = []

    def make(dialect: Dialect | None = None, mail: bool = True) -> World:
        home = tmp_path / f"home{len(worlds)}"
        home.mkdir()
        worlds.append(World(home, dialect or Dialect(), mail))
        return worlds[-1]

    yield make
    for world in worlds:
        world.close()
    for world in worlds:
        assert world.violations == []
        assert world.leaks() == []
        assert not [text for text in world.said if "Traceback" in text]


@pytest.fixture
def world(build: Build) -> World:
    """A world as the documents' examples have it."""
    return build()

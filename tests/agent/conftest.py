"""What the agent's tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agent.world import World
from tests.conftest import Place


@pytest.fixture
def world(place: Place) -> Iterator[World]:
    made = World(place)
    yield made
    made.store.close()


ON_BOTH_ENGINES = ("test_acts", "test_plans", "test_races", "test_tokens")
"""Where the store's own way of keeping order matters; what else the agent does is tried on one engine."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out the second engine where the store has no say."""
    here = Path(__file__).parent
    items[:] = [
        item
        for item in items
        if here not in item.path.parents or item.path.stem in ON_BOTH_ENGINES or "[postgres" not in item.nodeid
    ]

"""What the agent's tests share."""

from collections.abc import Iterator

import pytest

from tests.agent.world import World
from tests.conftest import Place


@pytest.fixture
def world(place: Place) -> Iterator[World]:
    made = World(place)
    yield made
    made.store.close()

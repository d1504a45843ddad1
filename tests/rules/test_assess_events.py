"""What is made of events is the same in whatever order and however often they come: the whole answer, with reasons."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.model.health import Assessment
from tests.fakes import NOON
from tests.webhooks.test_effects import TOLD, Fleet, made, reset

DAY = timedelta(days=1)
LATER = [timedelta(0), timedelta(hours=7), timedelta(hours=20), 3 * DAY, 40 * DAY, 100 * DAY]

KNOWN = st.fixed_dictionaries(
    {},
    optional={
        "unselected": st.just(1),
        "doubted": st.just(1),
        "silent": st.just(1),
        "mail_refused": st.just(1),
        "sync_failed": st.just(1),
        "usual_end_at": st.integers(1, 60).map(lambda days: int((NOON + days * DAY).timestamp() * 1000)),
        "expires_at": st.none() | st.integers(-3, 90).map(lambda n: int((NOON + n * DAY).timestamp() * 1000)),
    },
)
"""What may be known of the connection from elsewhere before the events come."""


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    opened = Fleet(tmp_path / "forny.db")
    yield opened
    opened.store.close()


def answers(fleet: Fleet) -> list[Assessment]:
    """The whole answer now and at some times to come."""
    views = [fleet.store.connection("c1", NOON + later) for later in LATER]
    return [view.assessment for view in views if view is not None]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=st.lists(TOLD, min_size=1, max_size=6), known=KNOWN, data=st.data())
def test_any_order_and_any_repeats_of_events_give_the_same_answer(
    fleet: Fleet, told: list[dict[str, Any]], known: dict[str, Any], data: Any
) -> None:
    store = fleet.store
    kept = {name: [dict(row) for row in store.db.rows(f"SELECT * FROM {name}")] for name in ("connections", "accounts")}
    began = {**kept, "connections": [{**kept["connections"][0], **known}]}
    events = [made(**said, number=number) for number, said in enumerate(told)]
    repeats = data.draw(st.lists(st.sampled_from(events), max_size=4))
    shuffled = data.draw(st.permutations([*events, *repeats]))
    ends = []
    try:
        for order in (events, shuffled, shuffled[::-1]):
            reset(store, began)
            with store.db.write():
                store.reassess(1, NOON)
            for event in order:
                fleet.put(event)
            ends.append(answers(fleet))
            row = store.rows(["c1"], NOON)[0]
            first = ends[-1][0]
            assert (row.verdict, row.situation, row.action) == (first.verdict, first.situation, first.action)
    finally:
        reset(store, kept)
    assert len(ends[0]) == len(LATER)
    assert ends[1] == ends[0] == ends[2]

"""A second try where it helps, and never a third; what was turned away has not been tried."""

from collections.abc import Iterator
from datetime import timedelta

from backend.model.errors import OutsideError
from backend.rules.retries import LOOK_AGAIN, MOST_TURNED_AWAY, SECOND_TRY, TURNED_AWAY, look_due, second_try
from tests.fakes import NOON


def kinds(of: type[OutsideError] = OutsideError) -> Iterator[str]:
    for kind in of.__subclasses__():
        yield kind.kind
        yield from kinds(kind)


def test_every_kind_of_error_has_its_row() -> None:
    assert set(kinds()) == set(SECOND_TRY)


def test_only_what_may_mend_itself_is_tried_again_and_once() -> None:
    assert {kind for kind in SECOND_TRY if second_try(kind, 0)} == {"provider_down", "unreachable", *TURNED_AWAY}
    assert {kind for kind in SECOND_TRY if second_try(kind, 1)} == set(TURNED_AWAY)
    assert not any(second_try(kind, MOST_TURNED_AWAY) for kind in SECOND_TRY)


def test_an_unknown_act_is_looked_at_ever_more_rarely() -> None:
    looked, times, now = None, 0, NOON
    while now < NOON + timedelta(hours=24):
        if look_due(NOON, looked, now):
            looked, times = now, times + 1
        now += LOOK_AGAIN
    assert 60 < times < 120, "not 8,640 times"

"""Work that is wanted all the time is done now and then, and never forgotten."""

from collections.abc import Callable
from typing import Any

from tui.pace import LOST, SHARE, Pace


class Timers:
    """Timers that ring when the test says so."""

    def __init__(self) -> None:
        self.set: list[tuple[float, Callable[[], None]]] = []
        self.stopped = 0

    def __call__(self, seconds: float, call: Callable[[], None]) -> Any:
        self.set.append((seconds, call))
        timers = self

        class One:
            def stop(self) -> None:
                timers.stopped += 1

        return One()

    def ring(self) -> None:
        self.set[-1][1]()


def test_what_is_wanted_while_it_runs_or_rests_is_done_once_more() -> None:
    timers, begun = Timers(), list[int]()
    pace = Pace(timers, lambda: begun.append(1), rest=0.5)
    for _ in range(5):
        pace.want()
    assert len(begun) == 1 and timers.set[-1][0] == LOST
    pace.done(took=0.01)
    assert timers.set[-1][0] == 0.5
    pace.want()
    assert len(begun) == 1
    timers.ring()
    assert len(begun) == 2
    pace.done(took=2.0)
    assert timers.set[-1][0] == SHARE * 2.0, "what takes long rests long"
    timers.ring()
    assert len(begun) == 2, "nothing was wanted since"
    pace.want()
    assert len(begun) == 3


def test_what_has_changed_does_not_wait() -> None:
    timers, begun = Timers(), list[int]()
    pace = Pace(timers, lambda: begun.append(1), rest=0.5)
    pace.want()
    pace.want_now()
    assert len(begun) == 2


def test_work_that_got_lost_can_begin_again() -> None:
    timers, begun = Timers(), list[int]()
    pace = Pace(timers, lambda: begun.append(1), rest=0.5)
    pace.want()
    pace.want()
    timers.ring()
    assert len(begun) == 2

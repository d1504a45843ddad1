"""Work that is wanted again and again, done no more often than it is cheap."""

from collections.abc import Callable

from textual.timer import Timer

SHARE = 9
"""How many times as long as a piece of work took it rests afterwards: a tenth of one thread at most."""

LOST = 30.0
"""Seconds after which work that never said that it was done may begin again."""


class Pace:
    """Begins the work when it is wanted, and while it runs or rests remembers that it was wanted again."""

    def __init__(
        self, set_timer: Callable[[float, Callable[[], None]], Timer], begin: Callable[[], None], *, rest: float
    ) -> None:
        """`rest` is the least number of seconds between two beginnings."""
        self._set_timer, self._begin, self._rest = set_timer, begin, rest
        self._timer: Timer | None = None
        self._again = False

    def want(self) -> None:
        """The work should be done soon."""
        if self._timer is not None:
            self._again = True
        else:
            self.want_now()

    def want_now(self) -> None:
        """The work should be done at once, whatever the pace: what was asked has changed."""
        self._stop()
        self._again = False
        self._timer = self._set_timer(LOST, self._rested)
        self._begin()

    def done(self, took: float) -> None:
        """The work is done and took so many seconds."""
        self._stop()
        self._timer = self._set_timer(max(self._rest, SHARE * took), self._rested)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def _rested(self) -> None:
        self._stop()
        if self._again:
            self.want_now()

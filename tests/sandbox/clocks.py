"""A clock that stands until it is moved."""

from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 11, 9, 30, tzinfo=UTC)


class StillClock:
    """Time for tests: it moves by `move`, and `sleep` takes none of it."""

    def __init__(self, at: datetime = START) -> None:
        self._at = at

    def now(self) -> datetime:
        return self._at

    async def sleep(self, seconds: float) -> None:
        """Gone at once."""

    async def nap(self, seconds: float) -> None:
        """Gone at once."""

    def move(self, **by: float) -> None:
        """Let time pass: `move(days=3)`."""
        self._at += timedelta(**by)

"""One clock in a file, shared by all who read it."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from backend.model.clock import ScaledClock, SharedClock, parse_clock, starting_now

DAY = 86_400.0


def test_who_skips_time_skips_it_for_all_who_share_the_clock(tmp_path: Path) -> None:
    mine = SharedClock.start(tmp_path / "clock", starting_now(60.0))
    others = parse_clock(mine.spec())
    assert isinstance(others, SharedClock) and others.speed == 60.0
    before = mine.now()
    mine.skip(DAY)
    mine.skip(DAY)
    asyncio.run(others.nap(0.03))  # a file is looked at fifty times a second at most
    assert min(mine.now(), others.now()) >= before + timedelta(days=2)
    assert max(mine.now(), others.now()) < before + timedelta(days=3)


def test_time_does_not_go_back(tmp_path: Path) -> None:
    clock = SharedClock.start(tmp_path / "clock", ScaledClock())
    with pytest.raises(ValueError, match="back"):
        clock.skip(-1.0)


def test_a_clock_whose_file_is_swept_goes_on_as_it_went(tmp_path: Path) -> None:
    clock = SharedClock.start(tmp_path / "clock", starting_now(1.0))
    clock.skip(DAY)
    before = clock.now()
    (tmp_path / "clock").unlink()
    assert before <= clock.now() < before + timedelta(hours=1)


@pytest.mark.parametrize("held", [None, "", "soon", "1:2", "0:0:0", "0:0:-1"])
def test_a_file_that_holds_no_clock_is_refused(tmp_path: Path, held: str | None) -> None:
    if held is not None:
        (tmp_path / "clock").write_text(held)
    with pytest.raises(ValueError):
        parse_clock(f"@{tmp_path / 'clock'}")

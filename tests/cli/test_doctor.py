"""What `forny doctor` finds about the agent."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from backend import doctor
from backend.model.views import AgentStatus
from backend.texts import texts_in
from tests.fakes import NOON, HandClock


class Fast(HandClock):
    """A clock that runs faster than the machine's."""

    def __init__(self, speed: float) -> None:
        super().__init__()
        self.speed = speed


@pytest.mark.parametrize(
    ("speed", "minutes", "level"), [(1.0, 4, doctor.OK), (1.0, 24, doctor.WARN), (60.0, 24, doctor.OK)]
)
def test_an_agent_is_quiet_by_the_machine_s_time(speed: float, minutes: int, level: str) -> None:
    """At 60 times 24 minutes of the world are 24 seconds, and the agent gives a sign each minute."""
    last = NOON - timedelta(minutes=minutes)
    status = AgentStatus(pid=1, host="h", kind="console", started_at=last, last_round_at=last, alive=True)
    runtime: Any = SimpleNamespace(agent_status=lambda: status, clock=Fast(speed))
    found = doctor._Examination(texts_in("en"))
    doctor._agent(runtime, found)
    (told,) = found.findings
    assert told.level == level
    assert ("quiet for 24 minutes" in told.text) == (level == doctor.WARN)

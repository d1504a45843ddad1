"""Any keys in any order on any screen: the console lives, every line fits, and nothing is submitted unconfirmed."""

import asyncio
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.model.facts import PostingState
from tests.tui.driving import console
from tests.tui.fakes import FakeOperations, FakeReader, make_desk
from tests.tui.records import make_line, make_problem, make_row
from tui.actions import ACTIONS

KEYS = [*sorted({key for action in ACTIONS for key in action.keys} - {"q"}), "shift+tab", "backspace", "1", "f5", "å"]
SIZES = ((80, 24), (200, 50), (30, 8), (1, 1))


@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    keys=st.lists(st.sampled_from(KEYS), min_size=5, max_size=40),
    size=st.sampled_from(SIZES),
    rows=st.sampled_from((0, 1, 30)),
    early=st.booleans(),
)
def test_no_keys_break_it(keys: list[str], size: tuple[int, int], rows: int, early: bool) -> None:
    async def run() -> None:
        reader = FakeReader(fleet_rows=[make_row(n) for n in range(rows)])
        states = list(PostingState)
        reader.posting_lines = [make_line(n, make_row(n), states[n % len(states)]) for n in range(1, rows)]
        reader.problems_known = [make_problem(row) for row in reader.fleet_rows]
        operations = FakeOperations(reader)
        async with console(
            make_desk(reader, operations=operations, monotonic=float("inf") if early else 0.0), size=size
        ) as it:
            for number, key in enumerate(keys):
                await it.press(key)
                if number % 7 == 3 and reader.fleet_rows:
                    gone = reader.fleet_rows[number % len(reader.fleet_rows)]
                    reader.fleet_rows = [row for row in reader.fleet_rows if row is not gone]
                    reader.fleet_rows.append(replace(gone, id=f"c{number}", customer="Ny"))
                    reader.version += 1
                    it.app._poll()
            assert it.app.is_running and not it.app.crashed
            assert all(len(line) == size[0] for line in it.lines())
            written = (operations.submitted, operations.decided, operations.accepted)
            assert not (early and any(written)), "every question was too fresh to be answered"

    asyncio.run(run())

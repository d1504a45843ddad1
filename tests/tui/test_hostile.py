"""Foreign text on every screen: no control character, no markup, no line that is too long or too short (law 13)."""

import ast
import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter, Monochrome, NoColor

import tui
from backend.model.facts import Act, PostingState
from backend.model.plans import ActionState, PlanState
from tests.tui.driving import Driver, console
from tests.tui.fakes import FakeOperations, FakeReader, make_desk, make_plan
from tests.tui.records import make_action, make_line, make_problem, make_row
from tui.cells import fit, shown, width_of, wrap
from tui.crash import crash_report, told, write_crash
from tui.palette import DARK
from tui.screens.panel import Choose
from tui.screens.plan import PlanScreen
from tui.screens.plans import PlansScreen
from tui.screens.question import Question
from tui.terminal_guard import Guard, guarded
from tui.widgets.painted import strip_of

NASTY = st.text(
    st.one_of(
        st.sampled_from(
            "\x00\x07\x08\x1b\x7f\x85\x9b\x9c\u200b\u200d\u202e\u2066\ufeff\u061c[]\\/{}$é\u0301日本🏦👩‍👩‍👧\ud800\U000e0041"
        ),
        st.characters(),
    ),
    max_size=40,
)


def assert_clean(it: Driver, width: int) -> None:
    for line in it.lines():
        bad = [char for char in line if not char.isprintable() and char not in "\xa0\u3000"]
        assert not [char for char in bad if ord(char) < 0xA0 or char in "\u200b\u200d\u202e\u2066\ufeff\u061c"], line
        assert cell_len(line) == width, (cell_len(line), line)


@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
@given(texts=st.lists(NASTY, min_size=4, max_size=4))
def test_no_screen_lets_foreign_text_do_anything(texts: list[str]) -> None:
    customer, bank, posting, reason = texts

    async def run() -> None:
        rows = [
            replace(make_row(n), customer=customer, bank=bank, agreement_number=reason or "1", provider=posting)
            for n in range(8)
        ]
        reader = FakeReader(fleet_rows=rows)
        reader.posting_lines = [
            make_line(n, row, PostingState.HELD, text=posting, reason=reason, currency=bank, ledger_account=customer)
            for n, row in enumerate(rows, start=1)
        ]
        reader.problems_known = [make_problem(row, cause=reason) for row in rows]
        operations = FakeOperations(reader, fates={rows[0].id: ("refused", reason)})
        failed = replace(make_action(1, 1, Act.SYNC, rows[0], ActionState.FAILED), reason=reason, operator=bank)
        plan = operations.keep(operations.plan(Act.SYNC, [rows[0].id]))
        reader.plans_known[1] = make_plan(plan, (failed,), run_by=customer, note=posting, state=PlanState.PAUSED)
        async with console(make_desk(reader, operations=operations)) as it:
            await it.see("▌")
            assert_clean(it, 80)
            await it.press("space", "s")
            await it.until(lambda: isinstance(it.app.screen, Question) and it.app.screen.drawn_at is not None)
            assert_clean(it, 80)
            await it.press("escape", "enter")
            await it.see("Data sidst hentet")
            assert_clean(it, 80)
            await it.press("end")
            assert_clean(it, 80)
            await it.press("y")
            await it.see("Det nyeste svar")
            assert_clean(it, 80)
            await it.press("escape", "t")
            await it.see("Sig til kunden")
            assert_clean(it, 80)
            await it.press("escape", "escape", "p")
            await it.see("Tilstand")
            await it.see("▌")  # the rows come after their heading
            assert_clean(it, 80)
            await it.press("d")
            await it.until(lambda: isinstance(it.app.screen, Choose) and it.app.screen.drawn_at is not None)
            assert_clean(it, 80)
            await it.press("escape", "escape", "d")
            await it.until(lambda: isinstance(it.app.screen, PlansScreen) and it.app.screen.plan is not None)
            assert_clean(it, 80)
            await it.press("enter")
            await it.until(lambda: isinstance(it.app.screen, PlanScreen) and it.app.screen.roster.current is not None)
            assert_clean(it, 80)
            await it.press("tab")
            await it.until(lambda: isinstance(it.app.screen, PlanScreen) and it.app.screen.roster.total == 1)
            assert_clean(it, 80)
            await it.press("escape", "escape")
            it.app.tell(reason)
            it.app.store_failed("version", OSError(posting))
            await it.press("m")
            await it.see("Meddelelser")
            assert_clean(it, 80)

    asyncio.run(run())


@given(NASTY, st.integers(1, 30))
def test_a_text_is_made_exactly_as_wide_as_its_place(text: str, width: int) -> None:
    made = fit(text, width)
    assert width_of(made) == width
    assert shown(made) == made
    strip = strip_of([(text, "text"), (text, "dim")], width, DARK)
    assert strip.cell_length == width == sum(cell_len(segment.text) for segment in strip)


@given(NASTY, st.integers(4, 30))
def test_wrapping_loses_no_letter_and_fits(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert all(width_of(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == shown(text).replace(" ", "")


@given(NASTY)
def test_the_last_guard_lets_no_control_character_and_no_link_out(text: str) -> None:
    link = Style.parse("bold red") + Style(link="http://evil")
    passed = Guard().apply([Segment(text, link), Segment(text), Segment("x", None, [(1, 2)])], Color(0, 0, 0))  # type: ignore[list-item]
    for segment in passed:
        assert segment.style is None or segment.style.link is None
        assert segment.control is None
        assert not any(ord(char) < 32 or 0x7F <= ord(char) < 0xA0 or char in "\u202e\u2066" for char in segment.text)


def test_the_guard_stands_first_and_no_colour_means_none() -> None:
    class Other(LineFilter):
        def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
            return segments

    filters = guarded([Other(), Monochrome()])
    assert isinstance(filters[0], Guard)
    assert isinstance(filters[2], NoColor)
    assert guarded([Monochrome()]) == guarded([Monochrome()]), "the same ones each time, or every line is filtered anew"


def test_the_guard_stands_in_the_running_app() -> None:
    async def run() -> None:
        async with console() as it:
            assert isinstance(it.app.get_line_filters()[0], Guard)
            assert list(it.app.get_system_commands(it.app.screen)) == []
            assert not it.app.ENABLE_COMMAND_PALETTE

    asyncio.run(run())


def test_no_widget_is_ever_given_a_bare_text() -> None:
    """Textual parses a `str` for markup; here everything is made of segments (layer 2)."""
    sinks = {
        "update",
        "Static",
        "Label",
        "Button",
        "notify",
        "Content",
        "from_markup",
        "RichLog",
        "DataTable",
        "Markdown",
        "Input",
    }
    found = []
    for path in sorted(Path(tui.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if name in sinks:
                    found.append((path.name, node.lineno, name))
    assert found == []


@pytest.mark.parametrize(
    "secret",
    [
        "Bearer eyJhbGciOiJIUzI1NiJ9.x.y",
        "DK5000400440116243",
        "DK50 0040 0440 1162 43",
        "010203-1234",
        "refresh_token=abc",
        "anna@example.dk",
        "f3b9c1d4e5f60718293a4b5c6d7e8f90",
    ],
)
def test_a_crash_report_keeps_no_secret(secret: str, tmp_path: Path) -> None:
    def deep(token: str) -> None:
        hidden = token * 2
        raise ValueError(f"bad answer {token} \x1b[31m {len(hidden)}")

    try:
        deep(secret)
    except ValueError as error:
        from tests.tui.records import NOW

        report = crash_report(error, NOW)
        assert secret not in report and "\x1b" not in report
        assert "ValueError" in report and "deep" in report
        path = write_crash(error, tmp_path / "new", NOW)
        assert path is not None and path.stat().st_mode & 0o777 == 0o600
        assert path.read_text() == report
        assert write_crash(error, tmp_path / "new", NOW) is None, "never over another file"
    assert secret not in told(f"x {secret} y")


def test_a_state_without_a_text_does_not_break_a_screen() -> None:
    """What a newer agent writes, this console shows as it is."""

    async def run() -> None:
        reader = FakeReader()
        reader.fleet_rows = [replace(make_row(1), running="dance:sent"), replace(make_row(2), running="unheard")]
        async with console(make_desk(reader)) as it:
            await it.see("▌")
            assert_clean(it, 80)
            assert "dance" in it.text() and "unheard" in it.text()

    asyncio.run(run())

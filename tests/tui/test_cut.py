"""No word that tells a state is cut, in both languages, on the narrowest screen that is designed for."""

from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest
from rich.segment import Segment
from rich.style import Style
from textual.color import Color

from backend.model.facts import Act
from backend.model.plans import ActionState, PlanState
from backend.texts import table, texts_in
from tests.tui.fakes import FakeOperations, FakeReader, make_desk, make_plan
from tests.tui.records import NOW, make_action, make_row
from tui.cells import width_of
from tui.columns import COLUMNS, Look, layout
from tui.palette import Glyphs
from tui.proposal import Proposal, groups_of
from tui.screens.audit import AuditScreen
from tui.screens.incidents import IncidentsScreen
from tui.screens.moving import ListScreen
from tui.screens.plan import PlanScreen
from tui.screens.plans import PlansScreen
from tui.screens.postings import PostingsScreen
from tui.screens.question import Question
from tui.terminal_guard import PLAIN, Plain
from tui.widgets.roster import Keyed
from tui.wording import SHORT

LATER = (NOW, NOW + timedelta(hours=3), NOW + timedelta(days=80), NOW + timedelta(days=400))
"""Times of today, of another day, and of another year."""
INNER = 76
"""Cells of a row on a screen of 80: without the gutter and the edge."""


@pytest.mark.parametrize("language", ["da", "en"])
@pytest.mark.parametrize("at", LATER)
def test_the_next_step_stands_whole_in_the_narrowest_list(language: str, at: datetime) -> None:
    (_, cells), look = layout(INNER)[-1], Look(NOW, texts_in(language), Glyphs())
    column = next(column for column in COLUMNS if column.id == "next")
    assert cells == column.narrow == SHORT
    for action in (*Act, None):
        row = replace(make_row(1), action=action, wait_until=at, running="", last=None)
        assert width_of(column.cell(row, look, cells)[0]) <= cells


@pytest.mark.parametrize("language", ["da", "en"])
@pytest.mark.parametrize("width", [INNER, 196])
def test_a_plan_tells_each_outcome_and_act_whole(language: str, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    class Console:
        """What painting asks of the app."""

        class desk:
            say = staticmethod(texts_in(language))

        glyphs = Glyphs()
        now = staticmethod(lambda: NOW)
        reason = staticmethod(str)

    monkeypatch.setattr("tui.screens.base.ConsoleScreen.console", Console())
    one, many = PlanScreen(1), PlansScreen()
    room = {column.name: column.cells for column in one.columns(width)}
    for state in ActionState:
        for at in (NOW, NOW - timedelta(days=9)):
            action = replace(make_action(1, 1, Act.SYNC, make_row(1), state), finished_at=at)
            assert width_of(one.cells(Keyed((), action), width)["outcome"][0]) <= room["outcome"], state
    room = {column.name: column.cells for column in many.columns(width)}
    operations = FakeOperations(FakeReader())
    for act in Act:
        view = make_plan(operations.keep(operations.plan(act, ["c1001"])), (), state=PlanState.RUNNING)
        assert width_of(many.cells(Keyed((), view), width)["act"][0]) <= room["act"], act
    for screen in (one, many):
        for column in screen.columns(width):
            assert width_of(screen.say(f"{screen.titles}.{column.name}")) <= column.cells, column.name


def test_states_of_acts_and_reminders_fit_into_their_columns_on_a_connection_s_page() -> None:
    for key, both in table().items():
        if key.startswith("console.state."):
            assert all(width_of(text) < 22 for text in both), key
        if key.startswith("reminder.state."):
            assert all(width_of(text) < 24 for text in both), key


@pytest.mark.parametrize("width", [56, 76, 196])
@pytest.mark.parametrize(("ahead", "told"), [(1, "consent until 24.11.26"), (-1, "consent ended 22.11.26")])
def test_how_long_a_consent_outlives_its_removal_stands_whole(
    width: int, ahead: int, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = make_desk(language="en")
    plan = desk.operations.plan(Act.REMOVE, ["c1001"])
    question = Question(Proposal(plan, groups_of(plan), 0, {"c1001": NOW + timedelta(days=ahead)}))
    monkeypatch.setattr("tui.screens.panel.Panel.console", SimpleNamespace(desk=desk, now=desk.clock.now))
    (item,) = plan.items
    text = "".join(part for part, _ in question._item(item, width))
    assert text.endswith(told) and width_of(text) <= width


def test_signs_beyond_ascii_become_letters_of_the_same_width() -> None:
    signs = "".join(map(chr, Plain.SIGNS))
    (made,) = PLAIN.apply([Segment(signs + "Ø", Style(bold=True))], Color(0, 0, 0))
    assert made.text[:-1].isascii() and made.text[-1] == "Ø" and made.style == Style(bold=True)
    assert [width_of(sign) for sign in signs] == [1] * len(signs)


@pytest.mark.parametrize("width", [56, 76, 116, 196])
def test_the_columns_of_every_list_fit_into_its_width(width: int) -> None:
    for make in (PlanScreen, PlansScreen, AuditScreen, IncidentsScreen, PostingsScreen):
        screen: ListScreen[object] = make(1) if make is PlanScreen else make()  # type: ignore[assignment,call-arg]
        assert sum(column.cells + 1 for column in screen.columns(width)) - 1 <= width, make.__name__

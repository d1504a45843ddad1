"""The registry of actions: what holds for every key, and that everything named in it exists."""

from itertools import product

import pytest

from backend.texts import table
from tui.actions import ACTIONS, SCOPES, TORN, actions_in, footer, keymap, label
from tui.screens.audit import AuditScreen
from tui.screens.base import ConsoleScreen
from tui.screens.connection import ConnectionScreen
from tui.screens.event import EventScreen
from tui.screens.fleet import FleetScreen
from tui.screens.forecast import ForecastScreen
from tui.screens.handover import HandoverScreen
from tui.screens.help import HelpScreen
from tui.screens.incidents import IncidentsScreen
from tui.screens.messages import MessagesScreen
from tui.screens.plan import PlanScreen
from tui.screens.plans import PlansScreen
from tui.screens.postings import PostingsScreen
from tui.screens.triage import TriageScreen
from tui.screens.why import WhyScreen

SCREENS: dict[str, type[ConsoleScreen]] = {
    screen.scope: screen
    for screen in (
        FleetScreen,
        ConnectionScreen,
        PostingsScreen,
        TriageScreen,
        WhyScreen,
        IncidentsScreen,
        AuditScreen,
        EventScreen,
        ForecastScreen,
        PlansScreen,
        PlanScreen,
        HandoverScreen,
        MessagesScreen,
        HelpScreen,
    )
}


def test_every_scope_has_its_screen() -> None:
    assert set(SCREENS) == set(SCOPES)


@pytest.mark.parametrize("scope", SCOPES)
def test_no_two_actions_share_a_key_and_every_handler_exists(scope: str) -> None:
    keymap(scope)
    for action in actions_in(scope):
        assert callable(getattr(SCREENS[scope], action.handler)), action.id
        assert not action.why or callable(getattr(SCREENS[scope], action.why)), action.id


def test_a_clash_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    import tui.actions

    twice = (*ACTIONS, tui.actions.Action("other", ("r",), "do_help", frozenset({"fleet"})))
    monkeypatch.setattr(tui.actions, "ACTIONS", twice)
    with pytest.raises(ValueError, match="renew and other"):
        keymap("fleet")


def test_no_act_sits_on_a_key_that_a_torn_sequence_or_a_multiplexer_uses() -> None:
    for action in ACTIONS:
        for key in action.keys:
            assert not key.startswith("ctrl+"), (action.id, key)
            assert key not in TORN, (action.id, key)


def test_every_act_has_a_reason_not_to_or_asks_by_itself() -> None:
    for action in ACTIONS:
        if action.danger:
            assert action.why or action.id == "connect", action.id


@pytest.mark.parametrize("scope", SCOPES)
def test_the_footer_is_short(scope: str) -> None:
    assert len(footer(scope)) <= 7


def test_every_action_has_its_titles_in_both_languages() -> None:
    for action in ACTIONS:
        assert all(table()[action.title]), action.id
        if action.footer:
            assert all(table()[f"{action.title}.short"]), action.id


def test_keys_are_written_for_people() -> None:
    shown = {label(key) for (action,) in product(ACTIONS) for key in action.keys}
    assert {"/", "?", "Space", "Esc", "Enter"} <= shown
    assert not any("_" in key for key in shown)

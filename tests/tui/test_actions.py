"""The registry of actions: what holds for every key, and that everything named in it exists."""

from itertools import product

import pytest

from backend.texts import table
from tui.actions import ACTIONS, SCOPES, Action, actions_in, footer, key_of, keymap, label
from tui.going import SCREENS

TORN = frozenset("ABCDFHMPQRSZ~[O<;0123456789")
"""Characters of broken escape sequences and mouse reports."""


def test_every_scope_has_its_screen() -> None:
    assert set(SCREENS) == set(SCOPES)


@pytest.mark.parametrize("scope", SCOPES)
def test_no_two_actions_share_a_key_and_every_handler_exists(scope: str) -> None:
    keymap(scope)
    for action in actions_in(scope):
        assert action.opens in SCREENS or callable(getattr(SCREENS[scope], action.handler)), action.id
        assert not action.why or callable(getattr(SCREENS[scope], action.why)), action.id


def test_a_key_that_acts_means_one_act_wherever_it_acts() -> None:
    acts: dict[str, set[str]] = {}
    for action in ACTIONS:
        if action.danger and action.id != "primary":  # that one says on screen which act it is
            for key in action.keys:
                acts.setdefault(key, set()).add(action.id)
    assert {key: found for key, found in acts.items() if len(found) > 1} == {}


def test_a_text_that_names_a_key_asks_the_registry() -> None:
    assert key_of("undo") == "U" and key_of("help") == "?"
    with pytest.raises(StopIteration):
        key_of("nothing")


def test_a_clash_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    import tui.actions

    twice = (*ACTIONS, Action("other", ("r",), "do_help", frozenset({"fleet"})))
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
        for scope in action.scopes:
            assert all(table()[action.title(scope)]), action.id
            if action.footer and scope not in action.quiet:
                assert all(table()[f"{action.title(scope)}.short"]), action.id


def test_keys_are_written_for_people() -> None:
    shown = {label(key) for (action,) in product(ACTIONS) for key in action.keys}
    assert {"/", "?", "Space", "Esc", "Enter"} <= shown
    assert not any("_" in key for key in shown)

"""The texts of health: each is used, each that is used is there, and both languages say the same."""

import string

import pytest

from backend.model.facts import Act, Consent, Fetch, HeldReason, Stage, Verdict
from backend.rules.explain import OWN_STEPS, RENEW_STEPS
from backend.rules.table import RULES
from backend.texts.health import TEXTS as WHY
from backend.texts.mail import TEXTS as MAIL
from backend.texts.situations import TEXTS as SITUATIONS

NAMED = {rule.situation for rule in RULES if rule.situation}
HEALTH = {**WHY, **SITUATIONS}
BOTH = {**HEALTH, **MAIL}


def under(area: str) -> set[str]:
    return {key.removeprefix(f"{area}.") for key in HEALTH if key.startswith(f"{area}.")}


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("key", BOTH)
def test_both_languages_take_the_same_values(key: str) -> None:
    danish, english = BOTH[key]
    assert fields(danish) == fields(english)
    assert danish
    assert english


def test_the_tables_of_words_are_complete_and_hold_no_more() -> None:
    assert under("situation") == NAMED
    assert under("sentence") == NAMED | {"fine", "removed", "the_bank", "soon", "link_is_out"}
    assert under("why.consent") == set(Consent)
    assert under("why.fetch") == set(Fetch)
    assert under("why.held") == set(HeldReason)
    assert under("why.case") == {stage for stage in Stage if stage.open}


def test_every_answer_has_a_next_step_and_every_next_step_an_answer() -> None:
    assert {*OWN_STEPS, *RENEW_STEPS} <= NAMED
    assert under("next") == {"wait_until", *RENEW_STEPS.values(), *Act, *Verdict, *OWN_STEPS}

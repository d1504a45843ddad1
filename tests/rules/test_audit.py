"""The audit log in words: every finding has its sentence, and the filter says what it does not understand."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.model.audit import EVERY_EVENT, Damage, EventFilter, Finding
from backend.rules.audit import parse_events, told
from backend.rules.filters import FilterError
from backend.texts import table, texts_in
from tests.fakes import NOON


def test_every_kind_of_damage_has_its_sentence_and_no_other() -> None:
    prefix = "audit.found."
    assert {key.removeprefix(prefix) for key in table() if key.startswith(prefix)} == set(Damage)


@pytest.mark.parametrize("language", ["da", "en"])
@pytest.mark.parametrize("damage", Damage)
def test_a_finding_is_told_with_its_place(damage: Damage, language: str) -> None:
    sentence = told(Finding(damage, 17, 23, NOON, NOON + timedelta(hours=1)), texts_in(language))
    assert "{" not in sentence and ("17" in sentence or damage is Damage.NO_ANCHOR)


def test_what_was_cut_off_is_told_with_both_times() -> None:
    cut = Finding(Damage.CUT_OFF, 6, 8, NOON, NOON + timedelta(hours=1))
    assert told(cut, texts_in("en")) == (
        "Cut off: lines 6 to 8 are gone from the end. They were there on 02.03.26, 14:00; "
        "the last one left is from 02.03.26, 13:00."
    )


@pytest.mark.parametrize(
    ("text", "only", "connection"),
    [
        ("", EVERY_EVENT, None),
        ("*", EVERY_EVENT, None),
        ("sync", EventFilter(kind="sync"), None),
        ("c12", EVERY_EVENT, "c12"),
        ("id:C12 sync.done", EventFilter(kind="sync.done"), "c12"),
        ('by:"Eva Holm" plan:7', EventFilter(operator="Eva Holm", plan=7), None),
        ("since:6h", EventFilter(since=NOON - timedelta(hours=6)), None),
        ("until:12:30", EventFilter(until=NOON - timedelta(minutes=30)), None),
    ],
)
def test_a_filter_means_what_it_says(text: str, only: EventFilter, connection: str | None) -> None:
    assert parse_events(text, NOON) == (only, connection)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("who:eva", "no field “who”"),
        ("plan:many", "plan:12"),
        ("since:yore", "since:6h"),
        ("id:x", "c12"),
        ("by:", "by:eva"),
    ],
)
def test_a_filter_that_means_nothing_says_why(text: str, words: str) -> None:
    with pytest.raises(FilterError) as wrong:
        parse_events(text, NOON)
    assert words in wrong.value.sentence(texts_in("en"))


@given(st.text(max_size=60))
def test_any_text_is_a_filter_or_says_why_not(text: str) -> None:
    try:
        parse_events(text, NOON)
    except FilterError as wrong:
        assert wrong.sentence(texts_in("da"))

"""Each situation of the catalogue is brought about from outside, and `forny list --json` names it."""

import pytest

from backend.rules.catalogue import IDS
from backend.sandbox.plays import PLAYS
from tests.situations.chronicle import ALONE, Chronicle, Course
from tests.situations.stage import theatre


@pytest.fixture(scope="module")
def courses(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Course]:
    with theatre(tmp_path_factory.mktemp("situations"), customers=400) as stage:
        stage.round()
        chronicle = Chronicle(stage)
        alone = {id for scene in ALONE for id in scene}
        chronicle.play([id for id in IDS if id not in alone])
        for scene in ALONE:
            chronicle.play(list(scene))
    return chronicle.courses


@pytest.mark.parametrize("id", IDS)
def test_the_situation_is_named_and_ends_with_its_remedy(id: str, courses: dict[str, Course]) -> None:
    course = courses[id]
    assert id not in course.before, "it was shown before it happened"
    assert course.shown, f"never shown, but {course.seen}"
    assert course.ended or not course.remedy, f"still shown after the remedy: {course.after}"


def test_every_situation_has_a_scenario() -> None:
    assert set(PLAYS) == set(IDS)

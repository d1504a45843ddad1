"""The operators' page says what the catalogue, the texts and the scenarios say."""

from backend.rules.catalogue import IDS
from tests.situations.document import PLACE, document


def test_the_page_is_up_to_date() -> None:
    assert PLACE.read_text(encoding="utf-8") == document(), "make it anew: make situations"


def test_every_situation_has_its_chapter() -> None:
    page = document()
    for id in IDS:
        assert f" {id}\n" in page

"""Mails to customers say what happens next, and can be recognised when they are repeated."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from backend.model.facts import Act, Case, Stage
from backend.rules.letters import case_mail, message_id
from backend.texts import LANGUAGES, texts_in

CASE = Case(
    id=12,
    kind=Act.RENEW,
    connection="c1",
    agreement_number="1234567",
    customer="Nordhavn {Cykler} ApS",
    email="bogholderi@example.test",
    action=1,
    state="secret-nonce",
    stage=Stage.LINK_MADE,
    link="https://app.example.test/connect?state=secret-nonce",
    created_at=datetime(2026, 2, 11, tzinfo=UTC),
)
EXPIRES = datetime(2026, 2, 28, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", [Act.RENEW, Act.CONNECT])
def test_a_mail_carries_the_link_and_the_steps(language: str, kind: Act) -> None:
    mail = case_mail(texts_in(language), case=replace(CASE, kind=kind), bank="Nordea", expires_at=EXPIRES)
    assert mail.to == "bogholderi@example.test"
    assert "Nordea" in mail.subject
    for part in (CASE.link, "Nordhavn {Cykler} ApS", "1234567", "Aiia", "6 "):
        assert part in mail.text
    assert ("01.03.26" in mail.text) == (kind is Act.RENEW)
    assert all(len(line) <= 120 for line in mail.text.splitlines())


def test_what_is_not_known_is_not_said() -> None:
    mail = case_mail(texts_in("da"), case=CASE, bank="", expires_at=None)
    assert mail.subject == "Forny forbindelsen til din bank"
    assert "gælder til" not in mail.text


def test_a_subject_is_one_line() -> None:
    mail = case_mail(texts_in("da"), case=CASE, bank="Nordea", expires_at=None)
    assert "\n" not in mail.subject


def test_the_message_id_is_the_cases_own() -> None:
    assert message_id(CASE) == message_id(replace(CASE, stage=Stage.SENT, link="other"))
    others = {message_id(CASE), message_id(replace(CASE, id=13)), message_id(replace(CASE, state="another"))}
    assert len(others) == 3
    assert "secret" not in message_id(CASE)
    assert message_id(CASE).startswith("<case-12.")

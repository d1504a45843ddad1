"""Who may do what: the table of rights, how roles are read and found, and the second pair of eyes."""

from datetime import timedelta

import pytest

from backend.model.facts import Act
from backend.model.people import MAX_SIGNED, NotAllowed, Person, Role, signed, user_of
from backend.model.plans import APPROVAL_LIFE
from backend.model.postings import Decision
from backend.rules.roles import (
    BULK,
    RIGHTS,
    approval_refused,
    needs_approval,
    read_roles,
    refusal,
    role_of,
)
from backend.texts import area, texts_in
from tests.fakes import NOON

VIEW, SUPPORT, ONCALL, ADMIN = Role
ROLES = "admin=eva,@bank-admins; oncall=@oncall; support=@support,bo; view=*"


@pytest.mark.parametrize(
    ("right", "count", "least"),
    [
        ("note", 1, SUPPORT),
        ("renew", 1, SUPPORT),
        ("renew", BULK, SUPPORT),
        ("renew", BULK + 1, ONCALL),
        ("sync", 5_000, ONCALL),
        ("connect", 1, SUPPORT),
        ("remove", 1, ONCALL),
        ("remove", BULK, ONCALL),
        ("remove", BULK + 1, ADMIN),
        ("accept_posting", BULK, SUPPORT),
        ("discard_posting", 1, SUPPORT),
        ("discard_posting", 2, ONCALL),
        ("mute", 1, ONCALL),
        ("accept_renewal", 1, ONCALL),
        ("replay", 1, ONCALL),
        ("approve", 1, ONCALL),
        ("steer", 1, SUPPORT),
        ("steer_others", 1, ONCALL),
        ("import", 1, ADMIN),
        ("agent", 1, SUPPORT),
    ],
)
def test_the_least_role_for_each_right_and_number(right: str, count: int, least: Role) -> None:
    for role in Role:
        refused = refusal(right, count, role, read_only=False)
        assert (refused is None) == (role >= least), role
        if refused is not None:
            assert refused.need == least and refused.have == role


def test_who_only_looks_may_change_nothing_and_each_role_may_what_the_one_before_it_may() -> None:
    may = [{name for name in RIGHTS if refusal(name, 1, role, read_only=False) is None} for role in Role]
    assert may[VIEW] == set()
    assert may[VIEW] < may[SUPPORT] < may[ONCALL] < may[ADMIN] == set(RIGHTS)


def test_every_act_and_every_decision_has_its_right() -> None:
    assert set(Act) <= set(RIGHTS)
    assert {f"{decision}_posting" for decision in Decision} <= set(RIGHTS)


@pytest.mark.parametrize("role", list(Role))
def test_a_profile_that_only_reads_refuses_every_role(role: Role) -> None:
    for name in RIGHTS:
        refused = refusal(name, 1, role, read_only=True)
        assert refused is not None and refused.need is None and refused.reason == "read_only"


@pytest.mark.parametrize(
    ("person", "role", "by"),
    [
        (Person("eva"), ADMIN, "eva"),
        (Person("ida", frozenset({"bank-admins", "support"})), ADMIN, "@bank-admins"),
        (Person("ida", frozenset({"support", "oncall"})), ONCALL, "@oncall"),
        (Person("bo"), SUPPORT, "bo"),
        (Person("oncall"), VIEW, "*"),
        (Person("kim", frozenset({"eva"})), VIEW, "*"),
    ],
)
def test_the_highest_role_that_is_given_counts(person: Person, role: Role, by: str) -> None:
    assert role_of(person, read_roles(ROLES)) == (role, by)


def test_who_is_not_named_may_look() -> None:
    assert role_of(Person("kim"), read_roles("admin=eva")) == (VIEW, "")


@pytest.mark.parametrize(
    "wrong", ["boss=eva", "admin", "admin=", "admin=eva,", "admin=@", "admin=eva; admin=bo", "eva=admin", "Admin=eva"]
)
def test_roles_that_cannot_be_read_name_their_part(wrong: str) -> None:
    with pytest.raises(ValueError) as caught:
        read_roles(f"view=*; {wrong}")
    assert str(caught.value) == wrong.rpartition("; ")[2]


@pytest.mark.parametrize(
    ("name", "user", "kept"),
    [
        ("eva", "eva", "eva"),
        ("", "eva", "eva"),
        ("Eva Holm", "eva", "Eva Holm (eva)"),
        ("Eva Holm (eva)", "eva", "Eva Holm (eva)"),
        ("adam", "eva", "adam (eva)"),
        ("Eva (adam)", "eva", "Eva (adam) (eva)"),
        ("x", "e(va", "x (eva)"),
    ],
)
def test_the_system_user_stands_last_whatever_one_calls_oneself(name: str, user: str, kept: str) -> None:
    assert signed(name, user) == kept
    assert user_of(kept) == user.replace("(", "")


def test_a_long_name_leaves_room_for_the_user() -> None:
    kept = signed("x" * 2_000, "eva")
    assert len(kept) == MAX_SIGNED and user_of(kept) == "eva"


@pytest.mark.parametrize(
    ("act", "count", "start", "needed"),
    [
        (Act.REMOVE, 99, 100, False),
        (Act.REMOVE, 100, 100, True),
        (Act.REMOVE, 101, 100, True),
        (Act.REMOVE, 1, 1, True),
        (Act.REMOVE, 5_000, 0, False),
        (Act.RENEW, 5_000, 100, False),
        (Act.SYNC, 5_000, 1, False),
    ],
)
def test_large_removals_need_a_second_operator(act: Act, count: int, start: int, needed: bool) -> None:
    assert needs_approval(act, count, start) is needed


@pytest.mark.parametrize(
    ("who", "asked_by", "age", "told"),
    [
        ("adam", "eva", timedelta(0), None),
        ("adam", "adam (eva)", APPROVAL_LIFE - timedelta(seconds=1), None),
        ("eva", "eva", timedelta(0), "plan.own_approval"),
        ("Adam (eva)", "Somebody Else (eva)", timedelta(0), "plan.own_approval"),
        ("adam", "eva", APPROVAL_LIFE, "plan.late_approval"),
    ],
)
def test_who_may_approve(who: str, asked_by: str, age: timedelta, told: str | None) -> None:
    assert approval_refused(who, asked_by, NOON - age, NOON) == told


def test_a_refusal_says_what_why_and_whom_to_ask() -> None:
    english, danish = texts_in("en"), texts_in("da")
    assert NotAllowed("remove", VIEW, ONCALL).sentence(english) == "Your role (view) may not remove: ask on-call."
    assert NotAllowed("remove", VIEW, ONCALL).sentence(danish) == "Din rolle (view) må ikke fjerne: spørg vagten."
    many = NotAllowed("sync", SUPPORT, ONCALL, 25).sentence(english)
    assert many == "Your role (support) may synchronise at most 25 at a time: take fewer, or ask on-call."
    assert "only reads" in NotAllowed("sync", ADMIN).sentence(english)


def test_every_refusal_has_its_words_and_no_word_is_too_many() -> None:
    needed = [refusal(name, count, role, read_only=False) for name in RIGHTS for role in Role for count in (1, 10**6)]
    told = {one for one in needed if one is not None}
    reasons = {one.reason for one in told} | {"read_only"}
    asked = {f"guard.ask.{one.need.word}" for one in told if one.need is not None}
    texts = area("guard")
    assert {key for key in texts if not key.startswith("guard.")} == reasons
    assert {key for key in texts if key.startswith("guard.ask.")} == asked
    assert {key for key in texts if key.startswith("guard.right.")} == {f"guard.right.{name}" for name in RIGHTS}

"""In what stages a plan runs, and when it stops by itself: the table, its edges, and what must hold in any state."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.model.plans import Progress, Step
from backend.rules.stages import MOST_FAILURES, MOST_UNKNOWN, SHARE, STAGES, first_stage, step


def at(allowed: int | None, size: int = 30, **answers: int) -> Progress:
    """A plan at a stage with these answers; what is not named is none."""
    told = {"open": 0, "good": 0, "failed": 0, "unknown": 0, "forgiven": 0} | answers
    return Progress(size=size, allowed=allowed, **told)


def stops(why: str, allowed: int | None) -> Step:
    return Step(allowed=allowed, stop=f"plan.stop.{why}")


@pytest.mark.parametrize(("size", "allowed"), [(0, None), (1, None), (2, 1), (6, 1), (5000, 1)])
def test_all_but_a_plan_of_one_begin_with_a_canary(size: int, allowed: int | None) -> None:
    assert first_stage(size) == allowed


TABLE = [
    # one, then five more, then the rest
    (at(1), Step(allowed=1)),
    (at(1, open=1), Step(allowed=1)),
    (at(1, good=1), Step(allowed=6)),
    (at(1, size=6, good=1), Step()),
    (at(1, size=7, good=1), Step(allowed=6)),
    (at(6, good=5), Step(allowed=6)),
    (at(6, good=5, open=1), Step(allowed=6)),
    (at(6, good=6), Step()),
    (at(6, good=5, failed=1), Step()),
    (at(None, good=6), Step()),
    # nothing of a stage may be in the air, or not known, when the next begins
    (at(1, good=1, open=1), Step(allowed=1)),
    (at(1, unknown=1), Step(allowed=1)),
    (at(6, good=6, unknown=1), Step(allowed=6)),
    # the first ones fail
    (at(1, failed=1), stops("canary", 1)),
    (at(6, good=4, failed=2), stops("canary", 6)),
    (at(6, good=1, failed=1, open=4), Step(allowed=6)),
    # what an operator has seen does not stop it again
    (at(1, failed=1, forgiven=1), Step(allowed=6)),
    (at(6, good=4, failed=2, forgiven=1), Step()),
    (at(6, good=3, failed=3, forgiven=1), stops("canary", 6)),
    # the rest fails: more than three, and more than one of twenty
    (at(None, size=100, good=10, failed=MOST_FAILURES - 1), Step()),
    (at(None, size=100, good=10, failed=MOST_FAILURES), Step()),
    (at(None, size=100, good=10, failed=MOST_FAILURES + 1), stops("failures", None)),
    (at(None, size=100, good=77, failed=4), Step(allowed=None)),
    (at(None, size=100, good=76, failed=4), Step(allowed=None)),
    (at(None, size=100, good=75, failed=4), stops("failures", None)),
    (at(None, size=100, good=10, failed=9, forgiven=6), Step()),
    (at(None, size=100, good=10, failed=9, forgiven=5), stops("failures", None)),
    # outcomes that nobody knows stop it at every stage, and nobody can wave them through
    (at(None, size=100, unknown=MOST_UNKNOWN - 1), Step()),
    (at(None, size=100, unknown=MOST_UNKNOWN), Step()),
    (at(None, size=100, unknown=MOST_UNKNOWN + 1), stops("unknown", None)),
    (at(6, unknown=MOST_UNKNOWN + 1, forgiven=9), stops("unknown", 6)),
]


@pytest.mark.parametrize(("progress", "told"), TABLE)
def test_the_table(progress: Progress, told: Step) -> None:
    assert step(progress) == told


few = st.integers(0, 12)
stage = st.sampled_from([*STAGES, None])


@st.composite
def standing(draw: st.DrawFn) -> Progress:
    """Any state that a plan can be in, and some that it cannot."""
    return at(
        draw(stage),
        size=draw(st.integers(1, 200)),
        open=draw(few),
        good=draw(st.integers(0, 190)),
        failed=draw(few),
        unknown=draw(few),
        forgiven=draw(few),
    )


@given(standing())
def test_a_stop_never_widens_and_a_stage_never_narrows(now: Progress) -> None:
    told = step(now)
    if told.stop:
        assert told.allowed == now.allowed
    if now.allowed is None:
        assert told.allowed is None
    elif told.allowed is not None:
        assert told.allowed >= now.allowed


@given(standing())
def test_it_widens_only_when_all_of_the_stage_has_an_answer(now: Progress) -> None:
    if step(now).allowed != now.allowed:
        assert not now.open and not now.unknown and now.allowed is not None
        assert now.good + now.failed >= now.allowed


@given(standing())
def test_the_rest_goes_on_below_the_bounds_only(now: Progress) -> None:
    if not step(now).stop:
        new = now.failed - now.forgiven
        assert now.unknown <= MOST_UNKNOWN
        assert new <= MOST_FAILURES or new <= SHARE * (now.good + now.failed)
        assert now.allowed is None or new <= 1


@given(standing())
def test_an_operator_who_has_seen_the_failures_can_let_it_go_on(now: Progress) -> None:
    seen = at(now.allowed, size=now.size, open=now.open, good=now.good, failed=now.failed, forgiven=now.failed)
    assert not step(seen).stop


@given(st.integers(1, 200))
def test_with_good_answers_alone_it_comes_to_its_end_and_never_begins_more_than_allowed(size: int) -> None:
    allowed, good, rounds = first_stage(size), 0, 0
    while good < size:
        good = min(size, size if allowed is None else allowed)
        told = step(at(allowed, size=size, good=good))
        assert not told.stop
        assert told.allowed is None or told.allowed > (allowed or 0) or good == size
        allowed, rounds = told.allowed, rounds + 1
    assert rounds <= len(STAGES) + 1

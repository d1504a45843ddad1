"""Problems in the store: when they open and close, and what operators do about them."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from backend.guard import GuardedDoor
from backend.model.facts import Act, Attempt
from backend.model.filters import EVERYTHING
from backend.model.incidents import Opening, Scope
from backend.model.people import Role
from backend.model.plans import Plan, PlanItem
from backend.model.problems import COMES_BACK, MAX_NOTE, Handled, ProblemError
from backend.model.views import ProblemView
from backend.operations import Operations
from backend.rules.assess import assess
from backend.rules.filters import parse
from backend.rules.incidents import RESTART
from backend.store import Store, open_store
from backend.store.past import past
from tests.conftest import Place
from tests.fakes import NOON, HandClock, confirm, records


class Desk:
    """A store, two operators at it, and an outside that is told in single outcomes."""

    def __init__(self, path: Place) -> None:
        self.clock = HandClock()
        self.store = open_store(path, assess=assess, clock=self.clock)
        self.store.operator = "agent"
        self.store.import_records(records([1, 2]), NOON, "eva")
        for one in ("c1", "c2"):
            self.fetched(one)
        self.eva, self.bo = self.operator("eva"), self.operator("bo")

    def operator(self, name: str) -> Operations:
        return Operations(self.store, GuardedDoor(self.store, Role.ADMIN), self.clock, operator=name, host="desk")

    def fetched(self, connection: str, outcome: str = "ok", **more: object) -> None:
        self.store.save_fetch(connection, self.clock.now(), outcome=outcome, **more)  # type: ignore[arg-type]

    def queue(self, text: str = "", *, hidden: bool = False, operator: str = "eva") -> list[ProblemView]:
        return self.store.problems(parse(text, self.clock.now(), operator), 99, hidden=hidden)

    def causes(self, text: str = "", *, hidden: bool = False, operator: str = "eva") -> list[str]:
        return [view.cause for view in self.queue(text, hidden=hidden, operator=operator)]

    def told(self, kind: str) -> list[dict[str, object]]:
        return [
            {"who": event.operator, "on": event.connection, **event.data}
            for event in self.store.events(0, 9999)
            if event.kind == kind
        ]


@pytest.fixture
def desk(place: Place) -> Iterator[Desk]:
    made = Desk(place)
    yield made
    made.store.close()


def refused(work: object, *arguments: object, **more: object) -> str:
    with pytest.raises(ProblemError) as caught:
        work(*arguments, **more)  # type: ignore[operator]
    return caught.value.message_key


# -- opening and closing ---------------------------------------------------------------------------------------


def test_opening_and_closing_are_events_with_cause_and_how_long(desk: Desk) -> None:
    assert desk.queue() == [] and desk.told("problem.opened") == []
    desk.fetched("c1", "gone")
    assert desk.causes() == ["consent_gone"]
    desk.clock.move(hours=2)
    desk.fetched("c1", "gone")
    desk.clock.move(hours=1)
    desk.fetched("c1")
    assert desk.queue(hidden=True) == []
    (opened,), (closed,) = desk.told("problem.opened"), desk.told("problem.closed")
    assert (opened["on"], opened["cause"]) == ("c1", "consent_gone")
    assert (closed["problem"], closed["cause"], closed["seconds"], closed["times"]) == (
        opened["problem"],
        "consent_gone",
        3 * 3600,
        2,
    )
    assert desk.store.verify_audit().whole


def test_a_cause_that_comes_back_soon_is_the_same_problem(desk: Desk) -> None:
    desk.fetched("c1", "gone")
    (first,) = desk.queue()
    desk.eva.assign("c1", "eva")
    for _ in range(3):
        desk.clock.move(hours=1)
        desk.fetched("c1")
        desk.clock.move(hours=1)
        desk.fetched("c1", "gone")
    (again,) = desk.queue()
    assert (again.id, again.since, again.times, again.assigned_to) == (first.id, first.since, 4, "eva")
    desk.fetched("c1")
    desk.clock.move(seconds=COMES_BACK.total_seconds())
    desk.fetched("c1", "gone")
    (new,) = desk.queue("id:c1")
    assert new.id != first.id and new.times == 1 and new.assigned_to is None


def test_another_cause_closes_the_first_and_opens_its_own(desk: Desk) -> None:
    desk.fetched("c1", "gone")
    desk.fetched("c1", "needs_customer")
    assert desk.causes(hidden=True) == ["renewal_early"]
    assert [item["cause"] for item in desk.told("problem.closed")] == ["consent_gone"]


def test_a_cause_that_arose_inside_an_incident_opens_when_the_incident_is_over(desk: Desk) -> None:
    opening = Opening(scope=Scope.BANK, key="Nordea", cause="bank_down", failed=5, tried=5, usual=0.0)
    number = desk.store.open_incident(opening, NOON)
    assert number is not None
    desk.clock.move(days=61)
    desk.store.catch_up(desk.clock.now())
    assert desk.queue(hidden=True) == []
    desk.store.close_incident(number, desk.clock.now(), RESTART)
    assert desk.causes() == ["renewal_due", "renewal_due"]


# -- snoozing --------------------------------------------------------------------------------------------------


def test_time_alone_brings_a_snoozed_problem_back(desk: Desk) -> None:
    desk.fetched("c1", "gone")
    until = desk.clock.now() + timedelta(hours=6)
    done = desk.eva.snooze("c1", until=until)
    assert isinstance(done, Handled) and (done.before, done.until) == ("", until)
    assert desk.queue() == []
    (view,) = desk.queue(hidden=True)
    assert (view.snoozed_until, view.snoozed_by) == (until, "eva")
    assert desk.causes("is:snoozed", hidden=True) == ["consent_gone"]
    desk.clock.move(hours=6)
    (view,) = desk.queue()
    assert (view.snoozed_until, view.snoozed_for, view.snoozed_by) == (None, "", "")
    assert desk.queue("is:snoozed", hidden=True) == []
    assert refused(desk.eva.wake, "c1") == "problem.not_snoozed"


def test_waking_ends_a_snooze_and_says_whose_it_was(desk: Desk) -> None:
    desk.fetched("c1", "gone")
    desk.eva.snooze("c1", condition="changed")
    assert desk.queue() == []
    assert desk.bo.snooze("c1", condition="changed").before == "eva"
    assert desk.eva.wake("c1").before == "bo"
    assert desk.causes() == ["consent_gone"]
    assert [(item["who"], item["before"]) for item in desk.told("problem.snoozed")] == [("eva", ""), ("bo", "eva")]
    assert [item["who"] for item in desk.told("problem.woken")] == ["eva"]


def test_a_different_cause_is_shown_at_once(desk: Desk) -> None:
    desk.fetched("c1", "gone")
    desk.eva.snooze("c1", until=desk.clock.now() + timedelta(days=3), condition="changed")
    desk.eva.mute("c1")
    desk.fetched("c1", "needs_customer")
    assert desk.causes() == ["renewal_early"]


def test_a_snooze_until_a_time_holds_when_the_same_problem_returns_and_a_condition_does_not(desk: Desk) -> None:
    for one, condition in (("c1", ""), ("c2", "renewed")):
        desk.fetched(one, "gone")
        until = desk.clock.now() + timedelta(hours=9)
        desk.eva.snooze(one, until=None if condition else until, condition=condition)
        desk.fetched(one)
        desk.clock.move(minutes=5)
        desk.fetched(one, "gone")
    assert [view.connection for view in desk.queue()] == ["c2"]


def test_until_the_rate_limit_ends(desk: Desk) -> None:
    desk.fetched("c1", "gone")
    assert refused(desk.eva.snooze, "c1", condition="limit_end") == "problem.no_limit"
    ends = desk.clock.now() + timedelta(hours=3)
    desk.fetched("c1", "rate_limited", until=ends)
    assert desk.causes() == ["rate_limited"]
    assert desk.eva.snooze("c1", condition="limit_end").until == ends
    assert desk.queue() == []
    desk.clock.move(hours=3)
    assert [view.connection for view in desk.queue()] == ["c1"]


def test_until_the_incident_ends(desk: Desk) -> None:
    desk.fetched("c1", "gone")
    assert refused(desk.eva.snooze, "c1", condition="incident_end") == "problem.no_incident"
    opening = Opening(scope=Scope.BANK, key="Nordea", cause="bank_down", failed=5, tried=5, usual=0.0)
    number = desk.store.open_incident(opening, desk.clock.now())
    assert number is not None
    desk.eva.snooze("c1", condition="incident_end")
    (view,) = desk.queue(hidden=True)
    assert (view.snoozed_for, view.incident) == ("incident_end", number)
    assert desk.causes(f"incident:{number}", hidden=True) == ["consent_gone"]
    desk.store.close_incident(number, desk.clock.now(), RESTART)
    assert desk.causes() == ["consent_gone"]


def test_until_the_customer_has_logged_in(desk: Desk) -> None:
    desk.fetched("c1", "needs_customer")
    desk.eva.snooze("c1", condition="renewed")
    item = PlanItem(connection="c1", agreement_number="", customer="", bank="", fate="run")
    confirm(desk.store, Plan(act=Act.RENEW, operator="eva", created_at=desk.clock.now(), items=(item,)), "desk")
    desk.fetched("c1", "needs_customer")
    assert desk.queue() == [], "a link that is out is no login"
    with desk.store.db.write():
        desk.store.db.run("UPDATE connections SET renewed_at = 5 WHERE id = 1")
    assert desk.causes() == ["renewal_early"]


def test_what_cannot_be_snoozed_is_refused_and_changes_nothing(desk: Desk) -> None:
    assert refused(desk.eva.snooze, "c1", condition="changed") == "problem.none"
    assert refused(desk.eva.snooze, "c99", condition="changed") == "problem.none"
    desk.fetched("c1", "gone")
    before = desk.store.verify_audit().checked
    assert refused(desk.eva.snooze, "c1") == "problem.snooze_what"
    assert refused(desk.eva.snooze, "c1", until=desk.clock.now()) == "problem.time_is_past"
    assert refused(desk.eva.snooze, "c1", condition="someday") == "problem.no_condition"
    assert desk.store.verify_audit().checked == before and desk.causes() == ["consent_gone"]


# -- muting and assigning --------------------------------------------------------------------------------------


def test_a_muted_cause_stays_muted_when_it_returns_and_is_heard_when_it_is_worse(desk: Desk) -> None:
    desk.fetched("c1", "needs_customer")
    assert desk.eva.mute("c1").before == "" and desk.bo.mute("c1").before == "eva"
    desk.fetched("c1")
    desk.clock.move(days=3)
    desk.fetched("c1", "needs_customer")
    assert desk.queue("id:c1") == [] and [v.muted_by for v in desk.queue("is:muted", hidden=True)] == ["bo"]
    with desk.store.db.write():
        desk.store.db.run("UPDATE problems SET muted_severity = 2")
    desk.fetched("c1")
    desk.fetched("c1", "needs_customer")
    assert desk.causes("id:c1") == ["renewal_early"], "who must act has moved towards us"
    assert [item["muted_by"] for item in desk.told("problem.worse")] == ["bo"]
    assert refused(desk.eva.unmute, "c1") == "problem.not_muted"
    desk.eva.mute("c1")
    assert desk.bo.unmute("c1").before == "eva" and desk.causes("id:c1") == ["renewal_early"]


def test_the_later_of_two_operators_sees_who_had_it(desk: Desk) -> None:
    desk.fetched("c1", "gone")
    assert desk.eva.assign("c1", "  Eva   Ø ").before == ""
    assert desk.bo.assign("c1", "bo").before == "Eva Ø"
    assert desk.causes("is:mine", operator="bo") == ["consent_gone"] and desk.causes("is:mine") == []
    assert desk.causes("assigned:BO") == ["consent_gone"] and desk.causes("!assigned:bo") == []
    assert desk.bo.assign("c1", "").before == "bo" and desk.causes("is:mine", operator="bo") == []
    told = desk.told("problem.assigned")
    assert [(item["who"], item["to"], item["before"]) for item in told] == [
        ("eva", "Eva Ø", ""),
        ("bo", "bo", "Eva Ø"),
        ("bo", "", "bo"),
    ]
    assert refused(desk.eva.assign, "c1", "x" * 61) == "problem.name_long"


# -- notes -----------------------------------------------------------------------------------------------------


def test_notes_are_cleaned_kept_for_good_and_read_newest_first(desk: Desk) -> None:
    desk.eva.note("c1", "ringede\n  til kunden\x1b[31m")
    desk.clock.move(hours=1)
    desk.bo.note("c1", "Æ" * MAX_NOTE)
    assert [(note.operator, note.at) for note in desk.store.notes("c1", 9)] == [
        ("bo", NOON + timedelta(hours=1)),
        ("eva", NOON),
    ]
    assert desk.store.notes("c1", 9)[1].text == "ringede til kunden␛[31m"
    assert desk.store.notes("c1", 1)[0].operator == "bo" and desk.store.notes("c2", 9) == []
    assert [(item["who"], item["on"]) for item in desk.told("note.added")] == [("eva", "c1"), ("bo", "c1")]
    assert refused(desk.eva.note, "c1", " \n ") == "problem.note_empty"
    assert refused(desk.eva.note, "c1", "x" * (MAX_NOTE + 1)) == "problem.note_long"
    assert refused(desk.eva.note, "c99", "hej") == "problem.no_connection"
    assert len(desk.store.notes("c1", 9)) == 2


def test_everything_survives_the_process(desk: Desk, place: Place) -> None:
    desk.fetched("c1", "gone")
    desk.eva.snooze("c1", condition="changed")
    desk.eva.note("c1", "husk")
    desk.store.close()
    again = open_store(place, assess=assess, clock=desk.clock)
    try:
        assert again.problems(EVERYTHING, 9) == [] and len(again.problems(EVERYTHING, 9, hidden=True)) == 1
        assert [note.text for note in again.notes("c1", 9)] == ["husk"]
        assert isinstance(again, Store)
    finally:
        again.close()


def test_the_past_shows_problems_as_operators_had_handled_them_then(desk: Desk) -> None:
    hour = timedelta(hours=1)
    acts: list[Callable[[], object]] = [
        lambda: desk.fetched("c1", "internal_error"),
        lambda: desk.fetched("c2", "internal_error"),
        lambda: desk.eva.mute("c1"),
        lambda: desk.bo.snooze("c2", until=desk.clock.now() + 3 * hour),
        lambda: desk.bo.assign("c1", "eva"),
        lambda: desk.eva.unmute("c1"),
        lambda: desk.clock.move(hours=3),
        lambda: desk.eva.snooze("c1", condition="renewed"),
        lambda: desk.bo.wake("c1"),
        lambda: desk.eva.assign("c1", ""),
        lambda: desk.bo.mute("c2"),
        lambda: desk.fetched("c2"),
        lambda: desk.fetched("c2", "internal_error"),
        lambda: desk.eva.unmute("c2"),
        lambda: desk.eva.snooze("c2", condition="changed"),
        lambda: desk.eva.assign("c2", "bo"),
        lambda: desk.fetched("c1"),
    ]
    seen: list[tuple[datetime, object]] = []
    for act in acts:
        act()
        desk.clock.move(minutes=5)
        seen.append((desk.clock.now(), _handling(desk.store)))
        desk.clock.move(minutes=5)
    for at, then in seen:
        looked = past(desk.store, at)
        looked.clock = HandClock(at)
        assert _handling(looked) == then, at
        looked.close()


def _handling(store: Store) -> object:
    """What is seen of every problem but how often and when last: no log tells these."""
    return [
        replace(view, last_at=view.since, times=0)
        for hidden in (False, True)
        for view in store.problems(EVERYTHING, 99, hidden=hidden)
    ]


def test_the_past_does_not_claim_that_a_problem_was_seen_at_the_moment_that_is_asked_for(desk: Desk) -> None:
    desk.fetched("c1", "internal_error")
    since = desk.clock.now()
    desk.clock.move(hours=2)
    failed = Attempt(
        connection="c1",
        operation="accounts",
        started_at=desk.clock.now(),
        ended_at=desk.clock.now(),
        outcome="provider_down",
    )
    desk.store.record_attempts([failed])
    desk.fetched("c1", "internal_error")
    desk.clock.move(hours=2)
    desk.fetched("c1", "internal_error")
    for asked, seen in ((1, since), (3, failed.ended_at), (5, desk.clock.now())):
        looked = past(desk.store, since + timedelta(hours=asked))
        looked.clock = HandClock(looked.at)
        (view,) = looked.problems(EVERYTHING, 99, hidden=True)
        assert view.last_at == seen
        looked.close()

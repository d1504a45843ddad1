"""What the store tells of a period, and the marks that shifts leave in the audit log."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from backend.model.facts import Act, Case, Stage
from backend.model.handover import NEXT_SHIFT, SHIFT, HandoverFacts
from backend.model.incidents import Opening, Scope
from backend.model.plans import ActionState, Order, Plan, PlanItem, PlanState
from backend.rules.assess import assess
from backend.rules.incidents import RESTART
from backend.store import open_store
from backend.store.past import past
from tests.conftest import Place
from tests.fakes import NOON, HandClock, claim, confirm, records, willing

HOUR = timedelta(hours=1)


class Night:
    """A store with six healthy connections, and a clock."""

    def __init__(self, path: Place) -> None:
        self.clock = HandClock()
        self.store = open_store(path, assess=assess, clock=self.clock)
        self.store.import_records(records(range(1, 7)), NOON, "eva")
        self.round()
        self.clock.move(hours=12)
        self.round()

    def fetched(self, connection: str, outcome: str = "ok") -> None:
        self.store.save_fetch(connection, self.clock.now(), outcome=outcome)

    def round(self) -> None:
        for n in range(1, 7):
            self.fetched(f"c{n}")

    def facts(self, hours: float | None = 8) -> HandoverFacts:
        since = None if hours is None else self.clock.now() - timedelta(hours=hours)
        return self.store.handover(since, self.clock.now())

    def moved(self, hours: float = 8) -> dict[str, tuple[str, str]]:
        return {one.connection: (one.before, one.verdict) for one in self.facts(hours).moved}

    def submit(self, connection: str) -> int:
        item = PlanItem(connection=connection, agreement_number="", customer="", bank="", fate="run")
        plan = Plan(act=Act.SYNC, operator="eva", created_at=self.clock.now(), items=(item,))
        return confirm(self.store, plan, "desk").plan


@pytest.fixture
def night(place: Place) -> Iterator[Night]:
    made = Night(place)
    yield made
    made.store.close()


def test_only_what_changed_since_then_is_told_against_what_was_before(night: Night) -> None:
    night.fetched("c1", "gone")
    night.clock.move(hours=4)
    night.fetched("c2", "gone")
    night.fetched("c1")
    night.clock.move(hours=3)
    verdict = night.store.rows(["c2"], night.clock.now())[0].verdict
    assert verdict != "fine"
    assert night.moved(hours=5) == {"c1": (verdict, "fine"), "c2": ("fine", verdict)}
    assert night.moved(hours=8) == {"c1": ("fine", "fine"), "c2": ("fine", verdict)}
    assert night.moved(hours=1) == {}
    assert set(night.moved(hours=999)) == {f"c{n}" for n in range(1, 7)}
    assert night.facts().moved[0].situation == "" and night.facts(5).moved[0].before_situation == "consent_gone"


@pytest.mark.parametrize("step", [1, 7, 60])
def test_the_period_begins_at_the_first_line_that_is_not_older(night: Night, step: int) -> None:
    for n in range(40):
        night.store.say("tick", None, {"n": n}, night.clock.now())
        if n % 3 == 0:
            night.clock.move(minutes=step)
    events = night.store.events(0, 9999)
    for at in {event.at for event in events} | {NOON - HOUR, night.clock.now() + HOUR}:
        first = next((event.seq for event in events if event.at >= at), len(events) + 1)
        assert night.store._first_event(at) == first


def test_a_mark_is_where_the_next_handover_begins(night: Night) -> None:
    assert night.facts(None).since == night.clock.now() - SHIFT and night.facts(None).mark is None
    night.fetched("c1", "gone")
    mark = night.store.hand_over("all is well", "eva", "desk", night.clock.now())
    night.clock.move(hours=6)
    facts = night.facts(None)
    assert facts.mark == mark and facts.since == mark.at
    assert mark.standing == facts.standing and mark.standing.operator + mark.standing.customer == 1
    (event,) = [event for event in night.store.events(0, 9999) if event.kind == "handover"]
    assert (event.operator, event.host, event.connection) == ("eva", "desk", None)
    assert night.store.verify_audit().whole
    with_past = past(night.store, mark.at - HOUR)
    assert with_past.handover(None, mark.at - HOUR).mark is None
    with_past.close()


def test_what_happens_while_a_note_is_written_is_the_next_shifts(night: Night) -> None:
    read = night.facts(None)
    night.clock.move(minutes=5)
    night.store.add_note("c3", "while the note was written", "bo", "desk", night.clock.now())
    plan = night.submit("c4")
    night.fetched("c1", "gone")
    night.clock.move(minutes=5)
    late = night.clock.now()
    mark = night.store.hand_over("", "eva", "desk", night.clock.now(), (read.until, read.head))
    night.store.add_note("c5", "written after, at a time before", "bo", "desk", late - timedelta(minutes=2))
    night.clock.move(hours=1)
    facts = night.facts(None)
    assert facts.mark == mark and facts.since == read.until
    assert [event.connection for event in facts.told] == ["c3", "c5"] and [one.id for one in facts.plans] == [plan]
    assert [one.connection for one in facts.moved] == ["c1"]


def test_the_newest_of_each_kind_are_told_and_all_are_counted(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    from backend.store import handover

    monkeypatch.setattr(handover, "_MANY", 3)
    for n in range(5):
        night.store.add_note("c3", f"note {n}", "eva", "desk", night.clock.now())
    night.store.say("case.released", "c1", {}, night.clock.now())
    for n in range(1, 6):
        night.fetched(f"c{n}", "gone")
        night.store.snooze(f"c{n}", night.clock.now() + HOUR, "", "eva", "desk", night.clock.now())
    facts = night.facts()
    texts = [event.data["text"] for event in facts.told if event.kind == "note.added"]
    assert texts == ["note 2", "note 3", "note 4"]
    assert (facts.counts["note.added"], facts.counts["case.released"]) == (5, 1)
    assert (len(facts.waking), facts.wakings) == (3, 5)


def test_a_plan_that_is_open_is_not_hidden_by_newer_ones(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    from backend.store import handover

    monkeypatch.setattr(handover, "_MANY", 2)
    old = night.submit("c1")
    for n in range(2, 6):
        night.store.steer_plan(night.submit(f"c{n}"), Order.CANCEL, night.clock.now(), operator="eva", host="desk")
    assert [view.id for view in night.facts().plans] == [old + 4, old + 3, old]


def test_an_approval_that_nobody_gave_in_time_is_over(night: Night) -> None:
    item = PlanItem(connection="c1", agreement_number="", customer="", bank="", fate="run")
    kept = night.store.save_plan(
        Plan(act=Act.REMOVE, operator="eva", created_at=night.clock.now(), items=(item,)), "desk"
    )
    night.store.run_plan(kept, willing, night.clock.now(), operator="eva", host="desk", approval=True)
    night.clock.move(hours=23)
    night.store.prune_drafts(night.clock.now())
    assert [view.state for view in night.facts().plans] == [PlanState.APPROVAL]
    night.clock.move(hours=1)
    night.store.prune_drafts(night.clock.now())
    view = night.store.plan(kept)
    assert view is not None and (view.state, view.note) == (PlanState.CANCELLED, "plan.note.lapsed")
    lines = [(event.kind, event.operator) for event in night.store.events(0, 9999) if event.data.get("plan") == kept]
    assert lines[-2:] == [("plan.lapsed", "agent"), ("remove.cancelled", "agent")]


def test_the_last_mark_is_found_without_reading_the_whole_log(tmp_path: Path) -> None:
    night = Night(tmp_path / "forny.db")
    plan = night.store.db.rows(
        "EXPLAIN QUERY PLAN SELECT * FROM events WHERE kind = 'handover' ORDER BY seq DESC LIMIT 1"
    )
    assert "events_handover" in " ".join(row["detail"] for row in plan)
    night.store.close()


def test_plans_of_the_period_and_those_that_are_not_over(night: Night) -> None:
    old, open_ = night.submit("c1"), night.submit("c2")
    (action,) = [one for one in claim(night.store, night.clock.now()) if one.plan == old]
    night.store.settle_action(action.id, ActionState.DONE, night.clock.now())
    night.clock.move(hours=20)
    fresh = night.submit("c3")
    assert [view.id for view in night.facts().plans if view.id != old] == [fresh, open_]
    assert [view.id for view in night.facts(30).plans] == [fresh, open_, old]


def test_an_unknown_outcome_is_told_until_it_is_settled(night: Night) -> None:
    night.submit("c1")
    (action,) = claim(night.store, night.clock.now())
    night.store.mark_sent(action.id, night.clock.now())
    night.store.settle_action(action.id, ActionState.UNKNOWN, night.clock.now(), reason="unreachable")
    facts = night.facts()
    assert facts.unknowns == 1 and [one.connection for one in facts.unknown] == ["c1"]
    night.store.settle_action(action.id, ActionState.DONE, night.clock.now())
    assert night.facts().unknowns == 0 and night.facts().unknown == ()


def test_incidents_snoozes_notes_and_the_agent(night: Night) -> None:
    opening = Opening(scope=Scope.BANK, key="Nordea", cause="bank_down", failed=5, tried=5, usual=0.0)
    first = night.store.open_incident(opening, night.clock.now())
    assert first is not None
    night.store.close_incident(first, night.clock.now(), RESTART)
    night.clock.move(hours=9)
    night.store.catch_up(night.clock.now())
    assert night.facts().incidents == () and [view.id for view in night.facts(10).incidents] == [first]
    night.fetched("c1", "gone")
    night.fetched("c2", "gone")
    night.store.snooze("c1", night.clock.now() + HOUR, "", "eva", "desk", night.clock.now())
    night.store.snooze("c2", night.clock.now() + NEXT_SHIFT + HOUR, "", "eva", "desk", night.clock.now())
    night.store.add_note("c3", "ring", "eva", "desk", night.clock.now())
    facts = night.facts()
    assert [problem.connection for problem in facts.waking] == ["c1"]
    assert [(event.kind, event.connection) for event in facts.told] == [
        ("problem.snoozed", "c1"),
        ("problem.snoozed", "c2"),
        ("note.added", "c3"),
    ]
    assert facts.names == {"c1": "Kunde 1", "c2": "Kunde 2", "c3": "Kunde 3"}


def test_an_agents_coming_and_trouble_are_on_record(night: Night) -> None:
    with night.store.become_agent("agent"):
        night.store.note_round(night.clock.now())
        night.store.note_round(night.clock.now(), "refused_credentials")
        night.store.note_round(night.clock.now(), "refused_credentials")
        night.store.note_round(night.clock.now())
    last = night.clock.now()
    night.clock.move(hours=2)
    with night.store.become_agent("agent"):
        pass
    told = [(event.kind, event.data) for event in night.facts().told]
    assert [kind for kind, _ in told] == ["agent.started", "agent.trouble", "agent.trouble", "agent.started"]
    assert [data["trouble"] for kind, data in told if kind == "agent.trouble"] == ["refused_credentials", ""]
    assert told[0][1]["last"] is None and told[-1][1]["last"] == last.isoformat()


def test_open_renewals_come_with_their_stage(night: Night) -> None:
    night.store.open_case(
        Case(
            id=0,
            kind=Act.RENEW,
            connection="c1",
            agreement_number="1001",
            customer="Kunde 1",
            email="",
            action=None,
            state="nonce",
            stage=Stage.LINK_MADE,
            link="https://hub.test",
            created_at=night.clock.now(),
        ),
        night.clock.now(),
    )
    assert [(one.connection, one.stage) for one in night.facts().cases] == [("c1", Stage.LINK_MADE)]

"""Time travel: what the log of facts gives back is what was known, judged as it was judged."""

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.model.facts import Act, Attempt, Case, Posting, PostingState, Receipt, Stage
from backend.model.filters import EVERYTHING, Compare, Filter
from backend.model.health import HealthFacts
from backend.model.incidents import Opening, Restart, Scope
from backend.model.plans import ActionState, Order, Plan, PlanItem, PlanState
from backend.model.views import FleetRow, PostingFilter
from backend.model.webhooks import Arrived, Notice
from backend.rules.assess import assess
from backend.store import Store, StoreError, open_store
from backend.store.codec import facts_of
from backend.store.history import BLANK, GRAIN, KEPT_WHOLE, ROUTINE, TOLD
from backend.store.past import began, past
from backend.store.tables import SELECT_CONNECTION
from tests.conftest import Place
from tests.fakes import NOON, HandClock, account, claim, confirm, record, records, willing
from tests.postgres import Server

HOUR = timedelta(hours=1)
IDS = ("c1", "c2")


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    opened = open_store(place, assess=assess, clock=HandClock())
    yield opened
    opened.close()


def posting(number: int, now: datetime, state: PostingState = PostingState.QUEUED, connection: str = "c1") -> Posting:
    return Posting(
        id=f"p{number}",
        connection=connection,
        agreement_number="1001",
        account_id=1,
        account_key="k",
        iban=None,
        ledger_account="5820",
        source_id=f"s{number}",
        date=date(2026, 3, 1),
        value_date=None,
        amount=Decimal("-291.00"),
        currency="DKK",
        text="DSB",
        balance=None,
        position=number,
        state=state,
        reason="reserved" if state == PostingState.HELD else None,
        fetched_at=now,
        due_at=now + 6 * HOUR,
    )


class Play:
    """Plays operations on a store of two connections, by number, and remembers what was known after each."""

    def __init__(self, place: Place) -> None:
        self.clock = HandClock()
        self.store = open_store(place, assess=assess, clock=self.clock)
        self.store.import_records(records((1, 2)), self.clock.now(), "eva")
        self.number = 0
        self.seen: list[tuple[datetime, dict[str, tuple[FleetRow, HealthFacts]]]] = []
        self.steps = (
            *(self.empty, self.empty, self.empty, self.fetched, self.failed, self.limited, self.needed, self.started),
            *(self.delivered, self.undelivered, self.synced, self.case, self.moved, self.outage, self.over),
            *(self.removed, self.imported, self.event, self.nothing),
        )

    def step(self, what: int, which: str, minutes: int) -> None:
        self.clock.move(minutes=minutes)
        self.number += 1
        self.steps[what % len(self.steps)](which, self.clock.now())
        self.store.catch_up(self.clock.now())
        self.look()

    def look(self) -> None:
        now = self.clock.now()
        known = {row.id: (row, facts) for row, facts in self.store.health(IDS, now)}
        self.seen.append((now, known))

    def fetched(self, which: str, now: datetime) -> None:
        shown = account(int(which[1:]), id=int(which[1:]), last_synchronized=now - HOUR, orphaned=self.number % 5 == 0)
        state = PostingState.HELD if self.number % 2 else PostingState.QUEUED
        rows = [posting(self.number, now, state, which)]
        self.store.save_fetch(which, now, outcome="ok", accounts=[shown], upserts=rows)

    def empty(self, which: str, now: datetime) -> None:
        shown = account(int(which[1:]), id=int(which[1:]), last_synchronized=now - self.number * HOUR)
        self.store.save_fetch(which, now, outcome="ok", accounts=[shown], fetch_every=60 * self.number)

    def failed(self, which: str, now: datetime) -> None:
        self.store.save_fetch(which, now, outcome="bank_down", detail=f"no {self.number % 3}")

    def limited(self, which: str, now: datetime) -> None:
        self.store.save_fetch(which, now, outcome="rate_limited", until=now + 3 * HOUR)

    def needed(self, which: str, now: datetime) -> None:
        self.store.save_fetch(which, now, outcome="needs_customer")

    def started(self, which: str, now: datetime) -> None:
        self.store.start_fetch(which, now)

    def delivered(self, _: str, now: datetime) -> None:
        for delivery in self.store.open_deliveries(9, now, at_once=True):
            taken = tuple(p.id for p in delivery.postings)
            self.store.settle_delivery(delivery.key, Receipt(acknowledged=taken), now)

    def undelivered(self, _: str, now: datetime) -> None:
        for delivery in self.store.open_deliveries(9, now):
            self.store.fail_delivery(delivery.key, "unreachable", "no answer", None, now)

    def synced(self, which: str, now: datetime) -> None:
        item = PlanItem(connection=which, agreement_number="", customer="", bank="", fate="run")
        confirm(self.store, Plan(act=Act.SYNC, operator="eva", created_at=now, items=(item,)), "host")
        for action in claim(self.store, now):
            self.store.mark_sent(action.id, now)
            self.store.settle_action(action.id, ActionState.AWAITING_CUSTOMER, now, reason="renew_first")

    def case(self, which: str, now: datetime) -> None:
        self.store.open_case(
            Case(
                id=0,
                kind=Act.RENEW,
                connection=which,
                agreement_number="",
                customer="",
                email="",
                action=None,
                state=f"nonce-{self.number}",
                stage=Stage.LINK_MADE,
                link="https://hub.example.test",
                created_at=now,
            ),
            now,
        )

    def moved(self, _: str, now: datetime) -> None:
        stages = (Stage.SENT, Stage.AUTHORISED, Stage.FAILED, Stage.OPENED)
        for case in self.store.open_cases()[:1]:
            self.store.move_case(case.id, stages[self.number % 4], now, note=f"note {self.number % 2}")

    def outage(self, _: str, now: datetime) -> None:
        opening = Opening(scope=Scope.BANK, key="Nordea", cause="bank_down", failed=2, tried=2, usual=0.0)
        self.store.open_incident(opening, now)

    def over(self, _: str, now: datetime) -> None:
        for incident in self.store.open_incidents():
            restart = Restart(few=1, some=1, pause=HOUR, spread=HOUR)
            self.store.close_incident(incident.id, now, restart)

    def removed(self, which: str, now: datetime) -> None:
        if self.number % 4 == 0:
            self.store.remove(which, now)

    def imported(self, which: str, now: datetime) -> None:
        number = int(which[1:])
        other = record(number, fingerprint=f"print {self.number}", customer=f"Navn {self.number}")
        self.store.import_records([other], now, "eva")

    def event(self, which: str, now: datetime) -> None:
        events = ("ConsentRevoked", "ConnectionUpdateRequired", "ConnectionRateLimited")
        name, consent = events[self.number % 3], f"consent-{which[1:]}"
        arrived = Arrived(event_id=f"e{self.number}", event=name, at=now, body=b"{}")
        notice = Notice(event=name, consent_id=consent, until=now + HOUR if "Rate" in name else None)
        self.store.keep_webhook(arrived, notice, now)
        self.store.apply_webhook(arrived.event_id, notice, now)

    def nothing(self, _which: str, _now: datetime) -> None:
        return


STEPS = st.lists(st.tuples(st.integers(0, 18), st.sampled_from(IDS), st.sampled_from((1, 37, 400, 3000))), max_size=14)


@settings(max_examples=40)
@given(STEPS)
def test_any_moment_is_rebuilt_as_it_was(steps: Sequence[tuple[int, str, int]]) -> None:
    with TemporaryDirectory() as folder:
        rebuilt(Path(folder) / "forny.db", steps)
        assert not list(Path(folder).glob("forny.db.locks/past-*"))


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_any_moment_is_rebuilt_as_it_was_on_the_shared_engine(
    server: Server, own_keys: None, steps: Sequence[tuple[int, str, int]]
) -> None:
    database = server.lend()
    rebuilt(server.url(database), steps)
    server.take_back(database)


def rebuilt(place: Place, steps: Sequence[tuple[int, str, int]]) -> None:
    """Play, and compare each moment as it was seen then with what is told of it at the end."""
    play = Play(place)
    play.look()
    for step in (*((0, IDS[0], 37),) * 3, *steps):
        play.step(*step)
    for at, known in play.seen:
        then = past(play.store, at)
        for row, facts in then.health(IDS, at):
            now_row, now_facts = known[row.id]
            was = replace(now_facts, running_since=None)  # whether a fetch was under way is not kept
            assert facts == was
            judged = assess(was, at)
            assert (row.consent, row.fetch, row.transfer, row.verdict, row.situation, row.action) == (
                *(judged.consent, judged.fetch, judged.transfer, judged.verdict),
                *(judged.situation, judged.action),
            )
            assert (row.customer, row.bank, row.pending) == (now_row.customer, now_row.bank, now_row.pending)
        then.close()
    play.store.close()


def test_between_two_moments_time_alone_is_counted_too(store: Store) -> None:
    store.import_records([record(1, expires_at=NOON + timedelta(days=9))], NOON, "eva")
    store.save_fetch("c1", NOON, outcome="ok")
    expiring = Filter((Compare("consent", "=", "expiring"),))
    for days, found in ((1, []), (3, ["c1"])):
        then = past(store, NOON + timedelta(days=days))
        assert then.fleet_ids(expiring, then.at) == found
        then.close()


def test_every_fact_is_kept_and_comes_back(store: Store) -> None:
    """A fact that `facts_of` reads and the log does not keep would be wrong in every past."""
    store.import_records(records((1,)), NOON, "eva")
    (found,) = store.db.rows(f"{SELECT_CONNECTION} WHERE c.id = 1")
    row = dict(found)
    read: set[str] = set()

    class Spy(dict[str, object]):
        def __getitem__(self, name: str) -> object:
            read.add(name)
            return super().__getitem__(name)

    facts_of(Spy(row), 1)
    assert read == {*TOLD, *ROUTINE, "running_since"} - {"bank", "customer", "consent"}
    assert len(read) == len(fields(HealthFacts)) - 1
    assert set(BLANK) == {*TOLD, "running_since"}


def test_nothing_new_writes_nothing_and_times_alone_write_little(store: Store) -> None:
    store.import_records(records((1,)), NOON, "eva")
    store.save_fetch("c1", NOON, outcome="ok")
    store.save_fetch("c1", NOON + HOUR, outcome="ok")
    store.reassess(1, NOON + 2 * HOUR)
    rows = store.db.rows("SELECT * FROM history ORDER BY at, seq")
    assert [row["whole"] for row in rows] == [1, 1, 0]
    assert len(rows[-1]["facts"]) < 60


def test_a_clock_that_goes_back_keeps_the_order(store: Store) -> None:
    store.import_records(records((1,)), NOON, "eva")
    store.save_fetch("c1", NOON - HOUR, outcome="bank_down")
    then = past(store, NOON)
    assert then.health(["c1"], NOON)[0][1].last_outcome == "bank_down"
    then.close()


def test_what_came_later_is_not_there(store: Store) -> None:
    store.import_records([record(1)], NOON, "eva")
    store.save_fetch("c1", NOON, outcome="ok", upserts=[posting(1, NOON)])
    attempt = Attempt(connection="c1", operation="accounts", started_at=NOON, ended_at=NOON, outcome="ok")
    store.record_attempts([attempt, replace(attempt, operation="sync", ended_at=NOON + 5 * HOUR)])
    store.import_records([record(2)], NOON + HOUR, "eva")
    (delivery,) = store.open_deliveries(1, NOON + HOUR)
    store.settle_delivery(delivery.key, Receipt(acknowledged=("p1",)), NOON + 2 * HOUR)
    store.save_fetch("c1", NOON + 3 * HOUR, outcome="ok", upserts=[posting(2, NOON + 3 * HOUR)])
    then = past(store, NOON + HOUR - timedelta(seconds=1))
    assert [row.id for row in then.fleet(EVERYTHING, "customer", False, 0, 9, then.at)] == ["c1"]
    (line,) = then.postings(PostingFilter(), 9)
    assert (line.posting.id, line.posting.state, line.posting.acknowledged_at) == ("p1", "queued", None)
    assert [found.operation for found in then.attempts("c1", 9)] == ["accounts"]
    assert then.resolve("1002") == [] and then.connection("c2", then.at) is None
    assert then.verify_audit().whole
    assert began(store, "c2") == NOON + HOUR and began(store) == NOON
    then.close()


def test_acts_stand_as_they_stood(store: Store) -> None:
    store.import_records([record(1)], NOON, "eva")
    item = PlanItem(connection="c1", agreement_number="", customer="", bank="", fate="run")
    confirm(store, Plan(act=Act.SYNC, operator="eva", created_at=NOON + HOUR, items=(item,)), "host")
    (action,) = claim(store, NOON + HOUR)
    store.mark_sent(action.id, NOON + 2 * HOUR)
    store.settle_action(action.id, ActionState.DONE, NOON + 3 * HOUR)
    seen = []
    for hours in (0.5, 1.5, 2.5, 3.5):
        then = past(store, NOON + hours * HOUR)
        view = then.connection("c1", then.at)
        assert view is not None
        seen.append((view.row.running, [found.state for found in view.actions]))
        then.close()
    states = ActionState.INTENT, ActionState.SENT, ActionState.DONE
    assert seen == [("", []), *((f"sync:{state}" * (state != "done"), [state]) for state in states)]


def test_acts_that_never_began_do_not_run_in_the_past(store: Store) -> None:
    """What was only shown, or refused, stands in nobody's way at an earlier moment either."""
    store.import_records(records(range(1, 4)), NOON, "eva")

    def kept(hours: float, connection: str, fate: str = "run", reason: str = "") -> int:
        item = PlanItem(connection=connection, agreement_number="", customer="", bank="", fate=fate, reason=reason)
        made = Plan(act=Act.SYNC, operator="eva", created_at=NOON + hours * HOUR, items=(item,))
        return store.save_plan(made, "h")

    shown, no = kept(1, "c1"), kept(1, "c2", "refused", "no_consent")
    run, dropped = kept(1, "c3"), kept(1, "c3")
    store.run_plan(run, willing, NOON + 3 * HOUR, operator="eva", host="h")
    store.steer_plan(dropped, Order.CANCEL, NOON + 3 * HOUR, operator="eva", host="h")
    late = kept(3, "c3")
    assert store.run_plan(late, willing, NOON + 4 * HOUR, operator="bo", host="h").changed

    def stood(hours: float) -> tuple[list[str], list[str]]:
        then = past(store, NOON + hours * HOUR)
        acts = [then.plan_actions(plan, None, 0, 9, then.at) for plan in (shown, no, run, dropped, late)]
        running = [row.running for row in then.rows(["c1", "c2", "c3"], then.at)]
        then.close()
        return running, [act.state.value for some in acts for act in some]

    assert stood(2) == (["", "", ""], ["planned", "refused", "planned", "planned"])
    assert stood(5) == (["", "", "sync:intent"], ["planned", "refused", "intent", "cancelled", "refused"])


def test_the_past_cannot_be_changed(store: Store) -> None:
    store.import_records([record(1)], NOON, "eva")
    before = store.db.value("SELECT count(*) FROM events")
    then = past(store, NOON)
    with pytest.raises(StoreError, match="known at 2026-03-02 12:00 UTC"):
        then.import_records([record(3)], NOON, "eva")
    with pytest.raises(StoreError):
        then.enqueue(lambda: then.reassess(1, NOON)).result()
    with pytest.raises(StoreError):
        then.db.run(f"DELETE FROM {then.db.live}.connections")
    then.close()
    assert store.db.value("SELECT count(*) FROM events") == before


def test_one_connection_is_rebuilt_alone(store: Store) -> None:
    store.import_records(records(range(3)), NOON, "eva")
    then = past(store, NOON, ["c2"])
    assert then.fleet_count(EVERYTHING, NOON) == 1
    then.close()


def test_what_a_killed_process_left_of_a_past_is_swept(tmp_path: Path) -> None:
    store = open_store(tmp_path / "forny.db", assess=assess, clock=HandClock())
    left = tmp_path / "forny.db.locks" / "past-dead"
    left.mkdir(parents=True)
    (left / "lock").touch()
    (left / "past.db").write_bytes(b"names")
    then, other = past(store, NOON), past(store, NOON)
    assert not left.exists() and Path(then.db.name).exists() and Path(other.db.name).exists()
    then.close()
    other.close()
    store.close()


def test_thinning_keeps_whole_rows_and_enough_of_the_others(store: Store) -> None:
    store.import_records([record(1, expires_at=NOON + timedelta(days=900))], NOON, "eva")
    for hours in range(0, 96, 2):
        store.save_fetch("c1", NOON + hours * HOUR, outcome="ok" if hours != 50 else "bank_down")
    end = NOON + 96 * HOUR
    before = store.db.rows("SELECT at FROM history WHERE whole = 1")
    assert store.thin_history(NOON + KEPT_WHOLE) == 0
    thinned = store.thin_history(end + KEPT_WHOLE)
    assert thinned > 20 and store.thin_history(end + KEPT_WHOLE) == 0
    assert store.db.rows("SELECT at FROM history WHERE whole = 1") == before
    for hours in range(0, 96, 3):
        then = past(store, NOON + hours * HOUR)
        (facts,) = (facts for _, facts in then.health(["c1"], then.at))
        assert facts.last_fetched is not None and then.at - facts.last_fetched <= GRAIN + 4 * HOUR
        then.close()


def test_thinning_goes_round_the_fleet(store: Store) -> None:
    store.import_records(records(range(120)), NOON, "eva")
    for hours in range(6):
        for number in range(1, 121):
            store.save_fetch(f"c{number}", NOON + hours * HOUR, outcome="ok")
    later = NOON + KEPT_WHOLE + timedelta(days=2)
    for minute in range(5):
        store.thin_history(later + timedelta(minutes=minute))
    left = store.db.rows("SELECT connection, count(*) AS n FROM history WHERE whole = 0 GROUP BY connection")
    assert len(left) == 120 and max(row["n"] for row in left) <= 2


def test_an_older_store_is_known_from_its_next_look(store: Store) -> None:
    store.import_records(records((1,)), NOON, "eva")
    store.db.run("DELETE FROM history")
    store.db.run("UPDATE connections SET facts_print = NULL, next_change_at = 0")
    assert began(store) is None
    store.catch_up(NOON + HOUR)
    assert began(store, "c1") == (NOON + HOUR).astimezone(UTC)


def test_the_newest_event_stands_in_the_chain_as_it_was_heard_then(store: Store) -> None:
    store.import_records([record(1)], NOON, "eva")
    for hours, name in ((1, "ConnectionUpdateRequired"), (3, "ConsentRevoked")):
        now = NOON + hours * HOUR
        arrived = Arrived(event_id=f"e{hours}", event=name, at=now, body=b"{}")
        notice = Notice(event=name, consent_id="consent-1")
        store.keep_webhook(arrived, notice, now)
        store.apply_webhook(arrived.event_id, notice, now)
    told = []
    for hours in (0, 2, 4):
        then = past(store, NOON + hours * HOUR)
        view = then.connection("c1", then.at)
        assert view is not None
        told.append([(r.key, dict(r.values)["event"], r.at) for r in view.assessment.reasons if ".heard." in r.key])
        then.close()
    assert told == [
        [],
        [("why.heard.applied", "ConnectionUpdateRequired", NOON + HOUR)],
        [("why.heard.applied", "ConsentRevoked", NOON + 3 * HOUR)],
    ]


def test_a_plan_stands_as_it_stood(store: Store) -> None:
    store.import_records(records(range(1, 3)), NOON, "eva")
    item = PlanItem(connection="c1", agreement_number="", customer="", bank="", fate="run")
    plan = store.save_plan(Plan(act=Act.REMOVE, operator="eva", created_at=NOON + HOUR, items=(item,)), "h")
    store.run_plan(plan, willing, NOON + 2 * HOUR, operator="eva", host="h", approval=True)
    digest = store.plan(plan).digest  # type: ignore[union-attr]
    store.approve_plan(plan, digest, willing, NOON + 4 * HOUR, operator="bo", host="h", agreed=True)
    store.steer_plan(plan, Order.CANCEL, NOON + 6 * HOUR, operator="eva", host="h")

    def stood(hours: float) -> tuple[object, ...]:
        then = past(store, NOON + hours * HOUR)
        view = then.plan(plan, whole=False)
        then.close()
        assert view is not None
        return str(view.state), view.run_by, view.approved_by, view.note, view.ended_at is not None

    assert stood(3) == ("approval", "eva", "", "", False)
    assert stood(5) == ("running", "eva", "bo", "", False)
    assert stood(7) == ("cancelled", "eva", "bo", "plan.note.cancelled", True)
    other = store.save_plan(Plan(act=Act.SYNC, operator="eva", created_at=NOON + 8 * HOUR, items=(item,)), "h")
    store.run_plan(other, willing, NOON + 10 * HOUR, operator="bo", host="h")
    then = past(store, NOON + 9 * HOUR)
    view = then.plan(other, whole=False)
    assert view is not None and (view.state, view.run_by, view.run_at) == (PlanState.DRAFT, "", None)
    assert [known.id for known in then.plans(9)] == [plan]
    then.close()

"""What events change, whatever their order, and what they may not undo."""

import asyncio
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.model.facts import Act, Case, Grant, Stage, Tokens
from backend.model.webhooks import Arrived, Effect, Notice
from backend.rules.assess import assess
from backend.store import Store, open_store
from tests.fakes import NOON, HandClock, account, record

HOUR = timedelta(hours=1)


class Fleet:
    """A store with one connection, and events told to it."""

    def __init__(self, path: Path) -> None:
        self.clock = HandClock()
        self.store = open_store(path, assess=assess, clock=self.clock)
        self.store.import_records([record(1)], NOON - 10 * HOUR, "test")
        self.numbers = itertools.count()
        self.poll(synced=NOON - 2 * HOUR)

    def poll(
        self, *, synced: datetime, orphaned: bool = False, outcome: str = "ok", at: datetime | None = None
    ) -> None:
        shown = account(1, last_synchronized=synced, orphaned=orphaned, id=1)
        now = at or self.clock.now()
        self.store.start_fetch("c1", now)
        self.store.save_fetch("c1", now, outcome=outcome, accounts=[shown] if outcome == "ok" else [])

    def tell(self, event: str, at: datetime = NOON, consent: str = "consent-1", **more: Any) -> Effect | None:
        return self.put(made(event, at, consent, number=next(self.numbers), **more))

    def put(self, *told: tuple[Arrived, Notice]) -> Effect | None:
        for arrived, notice in told:
            self.store.keep_webhook(arrived, notice, self.clock.now())
        effect = None
        for waiting in self.store.open_webhooks(100):
            notice = next(notice for arrived, notice in told if arrived.event_id == waiting.event_id)
            effect = self.store.apply_webhook(waiting.event_id, notice, self.clock.now())
        return effect

    @property
    def row(self) -> Any:
        return self.store.db.row("SELECT * FROM connections")

    def look(self) -> dict[str, object]:
        """All of the connection's state that is not a count of what happened."""
        row = dict(self.row)
        accounts = [dict(found) for found in self.store.db.rows("SELECT * FROM accounts ORDER BY id")]
        return {**row, "accounts": accounts}

    def seen(self) -> Any:
        return self.store.rows(["c1"], self.clock.now())[0]


def made(
    event: str, at: datetime, consent: str = "consent-1", *, number: int = 0, **more: Any
) -> tuple[Arrived, Notice]:
    arrived = Arrived(event_id=f"event-{number}", event=event, at=at, body=b"{}")
    return arrived, Notice(event=event, consent_id=consent, **more)


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    opened = Fleet(tmp_path / "forny.db")
    yield opened
    opened.store.close()


# -- one event at a time ---------------------------------------------------------------------------------------


def test_an_end_that_lies_ahead_is_a_forecast_only(fleet: Fleet) -> None:
    assert fleet.tell("ConnectionUpdateRequired", until=NOON + timedelta(days=3), reason="soon") is Effect.APPLIED
    seen = fleet.seen()
    assert (seen.expires_at, seen.consent, seen.verdict) == (NOON + timedelta(days=3), "expiring", "customer")
    assert fleet.row["said"] == "valid"


@pytest.mark.parametrize("until", [None, NOON - HOUR])
def test_an_end_that_is_past_or_unsaid_means_that_the_customer_is_needed(fleet: Fleet, until: datetime | None) -> None:
    fleet.tell("ConnectionUpdateRequired", until=until)
    assert (fleet.seen().consent, fleet.seen().verdict, fleet.seen().action) == ("expired", "customer", "renew")


@pytest.mark.parametrize(
    ("event", "consent"),
    [
        ("ConsentRevoked", "revoked_by_customer"),
        ("ConnectionRemoved", "revoked_by_bank"),
        ("ConsentNeedsUpdate", "expired"),
    ],
)
def test_words_about_the_consent(fleet: Fleet, event: str, consent: str) -> None:
    fleet.tell(event)
    assert (fleet.seen().consent, fleet.seen().verdict, fleet.seen().status) == (consent, "customer", "INAKTIV")
    fleet.poll(synced=NOON - 2 * HOUR)
    assert fleet.seen().consent == consent, "Aiia's store answers readily for a dead consent (law 3)"
    fleet.poll(synced=NOON + HOUR, at=NOON + 2 * HOUR)
    assert fleet.seen().consent == "valid", "fresh data from the bank disproves it"


def test_a_rate_limit_is_a_clock_and_nothing_else(fleet: Fleet) -> None:
    until = NOON + 5 * HOUR
    fleet.tell("ConnectionRateLimited", until=until)
    seen = fleet.seen()
    assert (seen.fetch, seen.verdict, seen.wait_until, seen.action) == ("rate_limited", "wait", until, None)
    fleet.tell("SyncDone")
    assert fleet.store.due(NOON + 4 * HOUR, 7200, 9) == [] == fleet.store.due(NOON + 4 * HOUR, 0, 9)
    fleet.clock.move(hours=6)
    assert [found[0] for found in fleet.store.due(fleet.clock.now(), 7200, 9)] == ["c1"]
    fleet.poll(synced=fleet.clock.now())
    fleet.tell("ConnectionRateLimited", until=until)
    assert fleet.seen().fetch == "ok", "a limit that is over is none"


@pytest.mark.parametrize("hours", [(5, 3), (3, 5)])
def test_of_two_rate_limits_the_later_clock_counts(fleet: Fleet, hours: tuple[int, int]) -> None:
    for place, hour in enumerate(hours):
        fleet.tell("ConnectionRateLimited", NOON + timedelta(seconds=place), until=NOON + hour * HOUR)
    assert fleet.seen().wait_until == NOON + 5 * HOUR


@pytest.mark.parametrize("late", ["ConnectionRemoved", "ConsentNeedsUpdate"])
def test_that_the_customer_withdrew_says_more_than_what_follows_from_it(fleet: Fleet, late: str) -> None:
    fleet.tell("ConsentRevoked")
    fleet.tell(late, NOON + timedelta(seconds=1))
    assert fleet.seen().consent == "revoked_by_customer"


def test_accounts_that_vanish_and_come_back(fleet: Fleet) -> None:
    fleet.tell("AccountsOrphaned", accounts=("acc-1", "nobody's"))
    assert fleet.store.accounts(["c1"])["c1"][0].orphaned and fleet.seen().situation == "missing_rights"
    fleet.tell("AccountsUnorphaned", NOON + timedelta(seconds=1), accounts=("acc-1",))
    assert not fleet.store.accounts(["c1"])["c1"][0].orphaned
    fleet.poll(synced=NOON + HOUR, orphaned=True, at=NOON + HOUR)
    fleet.tell("AccountsUnorphaned", NOON + timedelta(seconds=2), accounts=("acc-1",))
    assert fleet.store.accounts(["c1"])["c1"][0].orphaned, "polling has seen a later sync"


@pytest.mark.parametrize("event", ["AccountsUpdated", "SyncDone"])
def test_news_is_fetched_now(fleet: Fleet, event: str) -> None:
    assert fleet.store.due(NOON, 7200, 9) == []
    fleet.tell(event, accounts=("acc-1",))
    assert [found[0] for found in fleet.store.due(NOON, 7200, 9)] == ["c1"]
    fleet.poll(synced=NOON)
    assert fleet.store.due(NOON, 7200, 9) == []


def test_progress_is_a_sign_of_life_only(fleet: Fleet) -> None:
    before = fleet.look()
    fleet.tell("SyncProgressUpdate", accounts=("acc-1",))
    after = fleet.look()
    assert {name for name in before if before[name] != after[name]} == {"heard_at"}


def test_news_that_comes_while_a_fetch_is_under_way_is_not_lost(fleet: Fleet) -> None:
    fleet.store.start_fetch("c1", NOON)
    fleet.clock.move(seconds=1)
    fleet.tell("SyncDone", accounts=("acc-1",))
    fleet.clock.move(seconds=1)
    fleet.store.save_fetch("c1", fleet.clock.now(), outcome="ok", accounts=[account(1, id=1)])
    assert [found[0] for found in fleet.store.due(fleet.clock.now(), 7200, 9)] == ["c1"]
    fleet.poll(synced=NOON)
    assert fleet.store.due(fleet.clock.now(), 7200, 9) == []


def test_what_nobody_knows_is_kept_and_shown(fleet: Fleet) -> None:
    before = fleet.look()
    assert fleet.tell("PaymentStatusUpdated") is Effect.UNKNOWN_EVENT
    assert fleet.tell("SyncDone", consent="stranger") is Effect.UNKNOWN_CONSENT
    assert fleet.tell("SyncDone", consent="") is Effect.UNKNOWN_CONSENT
    assert fleet.look() == before
    shown = fleet.store.webhooks(0)
    assert [(item.effect, item.connection) for item in shown] == [
        ("unknown_consent", None),
        ("unknown_consent", None),
        ("unknown_event", "c1"),
    ]
    fleet.store.remove("c1", NOON)
    assert fleet.tell("ConsentRevoked") is Effect.REMOVED
    assert fleet.seen().consent == "removed"


def test_each_applied_event_is_a_line_of_the_audit_log(fleet: Fleet) -> None:
    told = made("SyncDone", NOON)
    fleet.put(told)
    fleet.put(told)
    lines = [event for event in fleet.store.events(0, 999) if event.kind == "webhook"]
    assert [(line.connection, line.data["event"], line.data["effect"]) for line in lines] == [
        ("c1", "SyncDone", "applied")
    ]
    assert fleet.store.webhooks(0)[0].repeats == 1 and fleet.store.verify_audit().whole


# -- old and new -----------------------------------------------------------------------------------------------


def test_a_stale_event_undoes_nothing(fleet: Fleet) -> None:
    fleet.tell("ConnectionUpdateRequired", NOON, until=NOON + timedelta(days=80))
    fleet.tell("ConnectionUpdateRequired", NOON - HOUR, until=NOON + timedelta(days=1))
    assert fleet.seen().expires_at == NOON + timedelta(days=80)
    fleet.tell("ConsentRevoked", NOON - 3 * HOUR)
    fleet.tell("ConnectionRateLimited", NOON - 3 * HOUR, until=NOON + HOUR)
    assert (fleet.seen().consent, fleet.seen().fetch) == ("valid", "ok"), "the bank gave data after that"


def test_data_after_the_end_disproves_it_even_when_the_event_is_replayed(fleet: Fleet) -> None:
    told = made("ConnectionUpdateRequired", NOON, until=NOON + HOUR)
    fleet.put(told)
    fleet.clock.move(hours=3)
    fleet.poll(synced=NOON + 2 * HOUR)
    assert fleet.seen().expires_at is None
    assert fleet.store.replay_webhooks([], NOON - HOUR, fleet.clock.now()) == 1
    fleet.put(told)
    assert (fleet.seen().expires_at, fleet.seen().consent) == (None, "valid")


def renewed(fleet: Fleet, consent_id: str, *, before: Sequence[tuple[Arrived, Notice]] = ()) -> None:
    """A customer logs in at the clock's time; `before`: what is told between his login and our first fetch."""
    case = Case(
        id=0,
        kind=Act.RENEW,
        connection="c1",
        agreement_number="1001",
        customer="Kunde 1",
        email="",
        action=None,
        state="nonce",
        stage=Stage.LINK_MADE,
        link="https://hub.example.test",
        created_at=fleet.clock.now(),
    )
    opened = fleet.store.open_case(case, fleet.clock.now())
    grant = Grant(tokens=Tokens(refresh_token="new"), consent_id=consent_id)
    session = fleet.store.grant(opened.id, grant, fleet.clock.now())
    fleet.put(*before)
    fleet.clock.move(seconds=30)
    fleet.store.complete_case(
        opened.id,
        fleet.clock.now(),
        consent=session.consent,
        accounts=[account(1, id=1, last_synchronized=fleet.clock.now())],
        upserts=(),
        dropped=(),
        outcome="ok",
    )


@pytest.mark.parametrize("consent_id", ["consent-1", "another"])
def test_after_a_renewal_the_new_end_is_known_although_it_was_told_early(fleet: Fleet, consent_id: str) -> None:
    fleet.tell("ConnectionUpdateRequired", NOON - HOUR, until=NOON + timedelta(days=2))
    end = NOON + timedelta(days=90)
    early = made("ConnectionUpdateRequired", NOON + timedelta(seconds=2), consent_id, number=99, until=end)
    renewed(fleet, consent_id, before=[early])
    for waiting in fleet.store.open_webhooks(9):
        assert waiting.event_id == "event-99" and consent_id == "another", "a candidate's events wait for it"
        assert fleet.store.apply_webhook(waiting.event_id, early[1], fleet.clock.now()) is Effect.APPLIED
    assert (fleet.seen().expires_at, fleet.seen().consent) == (end, "valid")
    fleet.tell("ConnectionUpdateRequired", NOON - HOUR, until=NOON + timedelta(days=2))
    assert fleet.seen().expires_at == end, "what was told before the login is over"


def test_a_renewal_ends_what_was_said_before_it(fleet: Fleet) -> None:
    fleet.tell("ConsentRevoked", NOON)
    fleet.clock.move(hours=1)
    renewed(fleet, "consent-1")
    assert fleet.seen().consent == "valid"
    fleet.tell("ConnectionRemoved", NOON + timedelta(minutes=30))
    assert fleet.seen().consent == "valid"
    fleet.tell("ConsentRevoked", fleet.clock.now() + timedelta(seconds=5))
    assert fleet.seen().consent == "revoked_by_customer"


def test_events_of_a_consent_that_was_superseded_do_nothing(fleet: Fleet) -> None:
    renewed(fleet, "another")
    assert fleet.tell("ConsentRevoked", NOON + HOUR, "consent-1") is Effect.ENDED_CONSENT
    assert fleet.seen().consent == "valid"


def test_new_keys_by_import_end_what_was_said_before(fleet: Fleet) -> None:
    fleet.tell("ConsentNeedsUpdate")
    again = replace(record(1), refresh_token="fresh", fingerprint="other")
    fleet.store.import_records([again], NOON + HOUR, "eva")
    assert fleet.row["said"] == "valid"
    tokens = asyncio.run(fleet.store.read(1))
    assert tokens is not None and tokens.refresh_token == "fresh"


# -- any order, any repeats ------------------------------------------------------------------------------------

DAYS = st.integers(min_value=-2, max_value=90).map(lambda days: NOON + timedelta(days=days, minutes=1))
SOON = st.integers(min_value=-300, max_value=0).map(lambda seconds: NOON + timedelta(seconds=seconds))


def one(event: str, **more: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"event": st.just(event), "at": SOON, **more})


ACCOUNTS = st.sampled_from([("acc-1",), ("nobody's",), ("acc-1", "nobody's"), ()])
TOLD = st.one_of(
    one("ConnectionUpdateRequired", until=st.none() | DAYS),
    one("ConnectionRateLimited", until=st.none() | DAYS),
    one("ConnectionRemoved", accounts=ACCOUNTS),
    one("ConsentRevoked"),
    one("ConsentNeedsUpdate"),
    one("AccountsOrphaned", accounts=ACCOUNTS),
    one("AccountsUnorphaned", accounts=ACCOUNTS),
    one("AccountsUpdated", accounts=ACCOUNTS),
    one("SyncDone", accounts=ACCOUNTS),
    one("SyncProgressUpdate", accounts=ACCOUNTS),
    one("Whatever"),
)


def reset(store: Store, kept: dict[str, list[Any]]) -> None:
    """Back to where the fleet began, in one transaction: opening a store for each example would take minutes."""
    with store.db.write():
        store.db.run("DELETE FROM webhooks")
        for table, rows in kept.items():
            for row in rows:
                names = [name for name in row if name != "id"]
                changes = ", ".join(f"{name} = ?" for name in names)
                store.db.run(f"UPDATE {table} SET {changes} WHERE id = ?", [*(row[name] for name in names), row["id"]])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=st.lists(TOLD, min_size=1, max_size=6), data=st.data())
def test_any_order_and_any_repeats_end_in_the_same_state(fleet: Fleet, told: list[dict[str, Any]], data: Any) -> None:
    kept = {
        name: [dict(row) for row in fleet.store.db.rows(f"SELECT * FROM {name}")]
        for name in ("connections", "accounts")
    }
    events = [made(**said, number=number) for number, said in enumerate(told)]
    repeats = data.draw(st.lists(st.sampled_from(events), max_size=4))
    shuffled = data.draw(st.permutations([*events, *repeats]))
    replayed = data.draw(st.sets(st.sampled_from([arrived.event_id for arrived, _ in events])))
    ends = []
    try:
        for order in (events, shuffled):
            for event in order:
                fleet.put(event)
            ends.append(fleet.look())
        fleet.store.replay_webhooks(sorted(replayed), None, NOON)
        fleet.put(*events)
        ends.append(fleet.look())
        reset(fleet.store, kept)
        for event in shuffled:
            fleet.put(event)
        ends.append(fleet.look())
        reset(fleet.store, kept)
        fleet.put(*shuffled)
        ends.append(fleet.look())
    finally:
        reset(fleet.store, kept)
    assert all(end == ends[0] for end in ends)


# -- silence ---------------------------------------------------------------------------------------------------


def test_events_that_stop_are_missed_once_polling_finds_news(fleet: Fleet) -> None:
    with fleet.store.become_agent("agent"):
        fleet.poll(synced=NOON)
        fleet.clock.move(days=2)
        fleet.poll(synced=fleet.clock.now())
        assert fleet.store.webhook_silence(fleet.clock.now()) is None, "none ever came: nothing has stopped"
        fleet.tell("SyncDone", fleet.clock.now())
        last = fleet.clock.now()
        fleet.clock.move(hours=20)
        fleet.poll(synced=last + HOUR)
        assert fleet.store.webhook_silence(fleet.clock.now()) is None, "no news, so nothing to tell of"
        fleet.poll(synced=last + 13 * HOUR)
        silence = fleet.store.webhook_silence(fleet.clock.now())
        assert silence is not None and (silence.since, silence.connections) == (last, 1)
        for _ in range(2):
            fleet.store.mind_silence(fleet.clock.now())
        status = fleet.store.agent_status()
        assert status is not None and status.silent_since == last
        fleet.tell("SyncDone", fleet.clock.now())
        for _ in range(2):
            fleet.store.mind_silence(fleet.clock.now())
        kinds = [event.kind for event in fleet.store.events(0, 999) if event.kind.startswith("webhooks.")]
        assert kinds == ["webhooks.silent", "webhooks.back"]


def test_one_silent_consent_among_others_that_tell_is_no_silence(fleet: Fleet) -> None:
    fleet.store.import_records([record(2)], NOON, "test")
    fleet.tell("SyncDone")
    fleet.clock.move(hours=20)
    fleet.poll(synced=NOON + 19 * HOUR)
    assert fleet.store.webhook_silence(fleet.clock.now()) is not None
    fleet.tell("SyncDone", fleet.clock.now(), "consent-2")
    assert fleet.store.webhook_silence(fleet.clock.now()) is None

"""The ledger of look-ups and the gates, over the store."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from backend.model.facts import Account
from backend.model.limits import Gate
from backend.rules.assess import assess
from backend.store import Store, open_store
from tests.conftest import Place
from tests.fakes import NOON, HandClock, account, record, records

HOUR = timedelta(hours=1)


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    opened = open_store(place, assess=assess, clock=HandClock())
    yield opened
    opened.close()


def show(store: Store, connection: str, *accounts: Account) -> None:
    """The provider has shown these accounts of a connection."""
    known = {a.key: a.id for a in store.accounts([connection]).get(connection, ())}
    store.save_fetch(connection, NOON, outcome="ok", accounts=[replace(a, id=known.get(a.key)) for a in accounts])


def test_every_live_account_spends_and_the_fullest_is_told(store: Store) -> None:
    store.import_records([record(1)], NOON, "test")
    show(store, "c1", account(1))
    store.spend(["c1"], "sync", NOON)
    show(store, "c1", account(1), account(2))
    store.spend(["c1"], "sync", NOON + HOUR)
    assert store.spent(["c1"], "sync", NOON - HOUR) == {"c1": (NOON, NOON + HOUR)}
    assert store.spent(["c1"], "sync", NOON) == {"c1": (NOON + HOUR,)}, "what lies before the window is left out"
    assert store.spent(["c1"], "transactions", NOON - HOUR) == {}, "each scope is counted by itself"


def test_an_orphaned_account_spends_nothing(store: Store) -> None:
    store.import_records([record(1)], NOON, "test")
    show(store, "c1", account(1), account(2, orphaned=True))
    store.spend(["c1"], "sync", NOON)
    assert store.db.value("SELECT count(*) FROM spent") == 1


def test_a_look_up_counts_before_any_account_is_known(store: Store) -> None:
    store.import_records([record(1, accounts=())], NOON, "test")
    store.spend(["c1"], "sync", NOON)
    store.spend(["c99"], "sync", NOON)
    assert store.spent(["c1", "c99"], "sync", NOON - HOUR) == {"c1": (NOON,)}


def test_ten_thousand_are_read_together(store: Store) -> None:
    store.import_records(records(range(1, 1201)), NOON, "test")
    ids = [f"c{number}" for number in range(1, 10_001)]
    for connection in ("c1", "c600", "c1200"):
        store.spend([connection], "sync", NOON)
    assert store.spent(ids, "sync", NOON - HOUR) == {"c1": (NOON,), "c600": (NOON,), "c1200": (NOON,)}


def test_old_look_ups_are_forgotten_by_the_housekeeping(store: Store) -> None:
    store.import_records([record(1)], NOON, "test")
    for hours in (0, 1, 47):
        store.spend(["c1"], "sync", NOON + hours * HOUR)
    store.thin_history(NOON + 48 * HOUR + HOUR / 2)
    assert store.spent(["c1"], "sync", NOON - HOUR) == {"c1": (NOON + HOUR, NOON + 47 * HOUR)}


def test_gates_are_kept_as_they_were_last_written(store: Store) -> None:
    until = NOON + HOUR
    store.keep_gates([Gate(provider="aiia", until=until, reason="rate_limited", width=4)], NOON)
    store.keep_gates([Gate(provider="aiia", bank="Nordea", until=until, reason="bank_down")], NOON)
    store.keep_gates([Gate(provider="aiia", width=8)], NOON)
    assert store.gates() == [
        Gate(provider="aiia", width=8),
        Gate(provider="aiia", bank="Nordea", until=until, reason="bank_down"),
    ]
    assert [gate.bank for gate in store.shut_gates(NOON)] == ["Nordea"]
    assert store.shut_gates(until) == []

"""What fetches notice, over a real store: silence, a gap after a lapse, a missing row, a ledger that cannot agree."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from backend.model.facts import BankRow
from backend.model.health import HealthFacts
from backend.model.postings import Decision
from backend.model.views import PostingFilter
from tests.agent.world import World
from tests.fakes import account, import_account, row


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path / "forny.db")
    made.customer(data_from=date(2025, 6, 1))
    yield made
    made.store.close()


def facts(world: World) -> HealthFacts:
    view = world.store.connection("c1", world.clock.now())
    assert view is not None
    return view.facts


def history(until: date, days: int = 100) -> list[BankRow]:
    """A row on each working day up to and with `until`, with a running balance."""
    rows, balance = [], Decimal(10_000)
    for step in reversed(range(days)):
        day = until - timedelta(days=step)
        if day.weekday() < 5:
            balance -= 10 + step
            rows.append(row(f"r{day}", day.isoformat(), str(-10 - step), text=f"Køb {day}", balance=balance))
    return rows


def fetch(world: World, rows: list[BankRow]) -> None:
    """One round in which the bank shows these rows, and as much money as the newest says."""
    world.clock.move(hours=3)
    shown = account(last_synchronized=world.clock.now(), booked_balance=rows[-1].balance)
    world.provider.shown["consent-1"] = [shown]
    world.bank(*rows)
    world.once(restarted=True)


def today(world: World) -> date:
    return world.clock.now().date()


def test_silence_is_noticed_and_ends_with_a_row(world: World) -> None:
    rows = history(today(world))
    fetch(world, rows)
    for _ in range(3):
        world.clock.move(days=1)
        fetch(world, rows)
        assert facts(world).silent == 0
    world.clock.move(days=3)
    fetch(world, rows)
    assert facts(world).silent == 1
    fetch(world, [*rows, row("new", today(world).isoformat(), "-1.00")])
    assert facts(world).silent == 0


def test_a_gap_after_a_lapse_is_noticed_and_filled(world: World) -> None:
    whole = history(today(world) + timedelta(days=30), days=130)
    before = [item for item in whole if item.date <= today(world)]
    left = today(world)
    fetch(world, before)
    world.clock.move(days=30)
    back = [*before, *(item for item in whole if item.date > today(world) - timedelta(days=7))]
    fetch(world, back)
    first = min(item.date for item in back if item.date > left)
    found = facts(world)
    assert (found.gap_from, found.gap_to) == (str(left + timedelta(days=1)), str(first - timedelta(days=1)))
    fetch(world, back)
    assert facts(world).gap_from is not None, "it stays"
    fetch(world, whole)
    assert facts(world).gap_from is None
    assert len(world.ledger.booked) == len(whole), "and what was missing is delivered"


def test_a_missing_row_is_noticed_and_comes_after_all(world: World) -> None:
    rows = history(today(world), days=20)
    fetch(world, [*rows[:-3], *rows[-2:]])
    assert facts(world).rows_missing == 1
    world.clock.move(days=12)
    fetch(world, [*rows[:-3], *rows[-2:]])
    assert facts(world).rows_missing == 1, "not forgotten when it is older than what is usually fetched"
    fetch(world, rows)
    assert facts(world).rows_missing == 0 and len(world.ledger.booked) == len(rows)


def test_the_ledger_differs_by_what_the_bank_took_back_until_somebody_has_seen_to_it(world: World) -> None:
    rows = history(today(world), days=20)
    fetch(world, rows[:-1])
    assert facts(world).balance_off == 0
    deleted = replace(rows[-2], deleted=True)
    rest = [*rows[:-2], replace(rows[-1], balance=rows[-3].balance and rows[-3].balance + rows[-1].amount)]
    fetch(world, [deleted, *rest])
    assert (facts(world).balance_off, facts(world).changed_rows) == (1, 1)
    context = world.store.fetch_context("c1")
    assert context is not None and context.accounts[0].found.off_by == -rows[-2].amount
    (line,) = world.store.postings(PostingFilter(changed=True), 9)
    world.store.decide([line.posting.id], Decision.ACCEPT, operator="eva", host="h", now=world.clock.now())
    fetch(world, [deleted, *rest])
    assert facts(world).balance_off == 0, "somebody has seen to it"


def test_an_account_that_the_bank_never_showed_is_unseen(world: World) -> None:
    world.customer(2, accounts=(import_account(2), import_account(3)), data_from=None)
    world.once(restarted=True)
    view = world.store.connection("c2", world.clock.now())
    assert view is not None and (view.facts.unseen, view.facts.orphaned) == (1, 0)

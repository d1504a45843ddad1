"""What a renewal brings: accounts that are the same, new or gone, and what waits for an operator (law 6)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from backend.guard import GuardedDoor
from backend.model.facts import Act, Case, PostingState, Stage
from backend.model.people import Role
from backend.model.views import ConnectionView, PostingFilter
from backend.operations import Operations
from tests.agent.world import World
from tests.fakes import NOON, account, import_account, record, row


def seen(world: World, connection: str) -> ConnectionView:
    view = world.store.connection(connection, world.clock.now())
    assert view is not None
    return view


def case_of(world: World, connection: str) -> Case:
    case = seen(world, connection).case
    assert case is not None
    return case


def invited(world: World, connection: str, act: Act = Act.RENEW) -> str:
    """The state in the link that the customer got."""
    world.act(act, connection)
    world.once()
    return case_of(world, connection).state


def operations(world: World) -> Operations:
    return Operations(world.store, GuardedDoor(world.store, Role.ADMIN), world.clock, operator="eva", host="bastion")


def renumbered(world: World) -> str:
    """Two accounts; with the renewal one is the same, one has vanished and one is new with the vanished one's rows."""
    connection = world.customer(1, accounts=(import_account(1), import_account(2, "5830")))
    world.provider.shown["consent-1"] = [account(1), account(2)]
    world.bank(row("a"), number=1)
    world.bank(row("b", text="Husleje"), row("c", text="Løn", amount="100.00"), number=2)
    world.once()
    assert len(world.ledger.booked) == 3
    state = invited(world, connection)
    world.provider.grants["code"] = "consent-new"
    world.provider.shown["consent-new"] = [
        account(1, provider_account_id="acc-1x"),
        account(3),
        account(2, orphaned=True),
    ]
    world.provider.rows["acc-1x"] = [row("a2"), row("d", text="Ny på den samme")]
    world.bank(row("b2", text="Husleje"), row("c2", text="Løn", amount="100.00"), row("e", text="Ny"), number=3)
    world.clock.move(days=1)
    assert world.login("code", None, state) == "done"
    return connection


def test_what_is_in_doubt_waits_and_what_is_not_flows_at_once(world: World) -> None:
    connection = renumbered(world)
    diff = case_of(world, connection).diff
    assert diff is not None
    assert [(a.key[-1], a.reissued, a.doubt) for a in diff.matched] == [("1", True, "")]
    assert [(a.key[-1], a.doubt) for a in diff.new] == [("3", "maybe_renumbered")]
    assert [(a.key[-1], a.ledger_account) for a in diff.vanished] == [("2", "5830")]
    assert (diff.recognised, diff.rows_new, diff.rows_held) == (1, 4, 3)
    assert diff.suggested == (diff.new[0].key, diff.vanished[0].key)
    view = seen(world, connection)
    assert view.facts.doubted == 1 and [a.doubt for a in view.accounts] == ["", "", "maybe_renumbered"]
    world.once(restarted=True)
    assert len(world.ledger.booked) == 4, "only the new row of the account that is the same"
    assert [world.states()[name] for name in ("b2", "c2", "e")] == [PostingState.HELD] * 3
    assert case_of(world, connection).stage is Stage.FETCHED, "not released while something waits"


def test_an_account_under_a_new_number_goes_on_where_it_ended_and_no_row_comes_twice(world: World) -> None:
    connection = renumbered(world)
    new, old = case_of(world, connection).diff.suggested  # type: ignore[union-attr, misc]
    done = operations(world).accept_renewal(connection, [(new, old)])
    assert (done.carried, done.released) == (((new, old),), 0)
    world.once(restarted=True)
    view = seen(world, connection)
    assert [(a.key, a.ledger_account, a.orphaned, a.doubt) for a in view.accounts] == [
        (view.accounts[0].key, "5820", False, ""),
        (new, "5830", False, ""),
    ]
    assert len(world.ledger.booked) == 5 and set(world.ledger.booked.values()) == {1}
    lines = [line.posting for line in world.store.postings(PostingFilter(), 99)]
    assert sorted(p.text for p in lines) == ["DSB", "Husleje", "Løn", "Ny", "Ny på den samme"]
    assert next(p for p in lines if p.text == "Ny").due_at == world.clock.now() + timedelta(hours=6)
    case = case_of(world, connection)
    assert (case.stage, case.accepted_by, case.accepted_at) == (Stage.RELEASED, "eva", world.clock.now())
    (told,) = [event for event in world.store.events(0, 999) if event.kind == "renew.accepted"]
    assert (told.operator, told.host) == ("eva", "bastion")
    world.clock.move(days=1)
    world.once(restarted=True)
    assert len(world.ledger.booked) == 5


def test_an_account_that_is_renumbered_without_a_renewal_is_in_doubt_too(world: World) -> None:
    """Else a ledger account that the accounting system maps to the new number would book its history twice (law 7)."""
    connection = world.customer(1)
    world.bank(row("a"))
    world.once()
    moved = account(7, last_synchronized=world.clock.now())
    world.provider.shown["consent-1"] = [moved]
    world.provider.rows[moved.provider_account_id] = [row("z")]
    world.clock.move(days=1)
    world.once(restarted=True)
    world.store.import_records([record(1, accounts=(import_account(7, "5820"),), fingerprint="new")], NOON, "eva")
    world.clock.move(days=1)
    world.once(restarted=True)
    assert len(world.ledger.booked) == 1 and seen(world, connection).row.situation == "renewal_doubted"
    (new, old) = (moved.key, account(1).key)
    operations(world).accept_renewal(connection, [(new, old)])
    world.once(restarted=True)
    assert set(world.ledger.booked.values()) == {1} and len(world.ledger.booked) == 1
    assert seen(world, connection).facts.doubted == 0


def test_two_accounts_stay_two_when_they_are_accepted_as_such(world: World) -> None:
    connection = renumbered(world)
    done = operations(world).accept_renewal(connection)
    assert (done.released, done.waiting) == (0, 3), "a new account has no ledger account yet"
    assert operations(world).accept_renewal(connection).accounts == (), "what is accepted is not asked again"
    reasons = {p.posting.source_id: p.posting.reason for p in world.store.postings(PostingFilter(), 99)}
    assert [reasons[name] for name in ("b2", "c2", "e")] == ["no_ledger_account"] * 3
    state = invited(world, connection)
    world.clock.move(hours=7)
    world.login("code", None, state)
    assert seen(world, connection).facts.doubted == 0


def test_only_real_pairs_are_carried(world: World) -> None:
    connection = renumbered(world)
    new, old = case_of(world, connection).diff.suggested  # type: ignore[union-attr, misc]
    same = seen(world, connection).accounts[0].key
    for pair in ((old, new), (same, old), (new, same), (new, "nothing")):
        with pytest.raises(ValueError, match="="):
            operations(world).accept_renewal(connection, [pair])
    with pytest.raises(LookupError):
        operations(world).accept_renewal("c99")
    assert seen(world, connection).facts.doubted == 1


def test_a_plainly_new_account_is_in_no_doubt(world: World) -> None:
    connection = world.customer()
    state = invited(world, connection)
    world.provider.grants["code"] = "consent-new"
    world.provider.shown["consent-new"] = [account(1), account(2)]
    world.bank(row("b"), number=2)
    world.login("code", None, state)
    assert seen(world, connection).facts.doubted == 0
    (line,) = world.store.postings(PostingFilter(), 9)
    assert line.posting.reason == "no_ledger_account"


def test_an_account_that_only_an_id_tells_waits_and_then_flows(world: World) -> None:
    bare = replace(import_account(1), account_id="acc-1", iban=None)
    connection = world.customer(1, accounts=(bare,))
    state = invited(world, connection)
    world.provider.grants["code"] = "consent-new"
    world.provider.shown["consent-new"] = [account(1, iban=None)]
    world.bank(row("b"))
    world.login("code", None, state)
    assert [a.doubt for a in seen(world, connection).accounts] == ["only_by_id"]
    world.once(restarted=True)
    assert world.ledger.booked == {}, "an ordinary fetch lets nothing in doubt through"
    world.clock.move(hours=1)
    assert operations(world).accept_renewal(connection).released == 1
    (line,) = world.store.postings(PostingFilter(), 9)
    assert line.posting.due_at == world.clock.now() + timedelta(hours=6)
    world.once(restarted=True)
    assert len(world.ledger.booked) == 1


def test_a_fetch_under_way_does_not_undo_an_acceptance(world: World) -> None:
    connection = renumbered(world)
    context = world.store.fetch_context(connection)
    assert context is not None
    new, old = case_of(world, connection).diff.suggested  # type: ignore[union-attr, misc]
    operations(world).accept_renewal(connection, [(new, old)])
    stale = tuple(replace(a, name="as the fetch saw it") for a in context.accounts)
    world.store.save_fetch(connection, NOON, outcome="ok", accounts=stale)
    world.once(restarted=True)
    assert [(a.key, a.ledger_account) for a in seen(world, connection).accounts][1:] == [(new, "5830")]

"""What really happened to consents is kept, once each, and only where we saw them begin."""

from collections.abc import Callable
from datetime import timedelta

from backend.model.errors import NeedsCustomer, OutsideError
from backend.model.facts import Session
from backend.model.lifetimes import Ending, Lives
from backend.model.webhooks import Arrived, Notice, Said
from backend.store.codec import ms
from tests.agent.world import World, renewed
from tests.fakes import account, row


def renew(world: World, connection: str, code: str) -> None:
    """The customer renews, and the new consent proves itself."""
    _, state = renewed(world, connection)
    world.provider.grants[code] = code
    world.provider.shown[code] = [account(1, last_synchronized=world.clock.now())]
    assert world.login(code, None, state) == "done"


def known(world: World) -> list[Lives]:
    return list(world.store.lives().get("Nordea", ()))


def test_a_death_is_learnt_once_and_an_imported_consent_teaches_nothing(world: World) -> None:
    connection = world.customer()
    world.bank(row("a"))
    world.provider.trouble = lambda *_: NeedsCustomer("gone")
    world.once()
    assert known(world) == [], "nobody knows when an imported consent began"
    world.provider.trouble = lambda *_: None
    renew(world, connection, "first")
    world.clock.move(days=62, hours=5)
    world.provider.trouble = lambda *_: NeedsCustomer("gone")
    for _ in range(3):
        world.once()
        world.clock.move(days=1)
    assert known(world) == [Lives(days=62, how=Ending.DIED, stated=None, n=1)]
    world.provider.trouble = lambda *_: None
    renew(world, connection, "second")
    assert known(world) == [Lives(days=62, how=Ending.DIED, stated=None, n=1)], "its renewal does not end it twice"


def test_a_renewal_in_time_and_a_death_on_the_stated_day_are_told_apart(world: World) -> None:
    connection = world.customer()
    renew(world, connection, "first")
    world.clock.move(days=80)
    renew(world, connection, "second")
    assert known(world) == [Lives(days=80, how=Ending.RENEWED, stated=None, n=1)]
    stated = int(world.clock.now().timestamp() * 1000) + 90 * 86_400_000
    world.store.db.run("UPDATE connections SET expires_at = ?", (stated,))
    world.clock.move(days=90)
    world.provider.trouble = lambda *_: NeedsCustomer("gone")
    world.once()
    assert known(world)[1:] == [Lives(days=90, how=Ending.EXPIRED, stated=90, n=1)]
    assert world.store.lives("Lunar") == {}


def granted(world: World, numbers: range) -> None:
    """Connections whose consent we saw begin today."""
    for number in numbers:
        world.customer(number)
        _, state = renewed(world, f"c{number}")
        world.provider.grants[f"code{number}"] = f"new{number}"
        world.provider.shown[f"new{number}"] = [account(number, last_synchronized=world.clock.now())]
        assert world.login(f"code{number}", None, state) == "done"


def refused(*consents: str) -> Callable[[str, Session | None], OutsideError | None]:
    return lambda _, session: NeedsCustomer("gone") if session and session.consent_id in consents else None


def test_the_first_that_die_do_not_speak_for_those_that_live(world: World) -> None:
    granted(world, range(1, 9))
    world.clock.move(days=5)
    world.provider.trouble = refused("new1", "new2", "new3")
    world.once()
    assert [(life.days, life.n) for life in known(world)] == [(5, 3)]
    assert world.store.usual() == {}, "five of eight live on"
    world.clock.move(days=50)
    world.provider.trouble = refused(*(f"new{n}" for n in range(1, 9)))
    world.once(restarted=True)
    assert [(span.day, span.cases) for span in world.store.usual("Nordea").values()] == [(55, 8)]


def test_what_the_customer_or_his_other_consent_ended_teaches_nothing_of_the_bank(world: World) -> None:
    granted(world, range(1, 4))
    world.clock.move(days=5)
    world.provider.trouble = refused("new1", "new2")
    world.once()
    assert [life.n for life in known(world)] == [2]
    at = world.clock.now()
    notice = Notice(event=Said.CONSENT_REVOKED, consent_id="new1")
    world.store.keep_webhook(Arrived(event_id="e1", event=Said.CONSENT_REVOKED, at=at, body=b"{}"), notice, at)
    world.store.apply_webhook("e1", notice, at)
    assert [life.n for life in known(world)] == [1]
    world.store.db.run("UPDATE customers SET email = 'bogholder@example.test'")
    world.store.db.run("UPDATE connections SET renewed_at = ? WHERE id = 3", (ms(at),))
    world.store.db.run("UPDATE accounts SET last_synchronized = ?", (ms(at - timedelta(hours=1)),))
    with world.store.db.write():
        world.store.mind_successor(2, at)
    view = world.store.connection("c2", at)
    assert view is not None and view.facts.superseded_by == "c3" and known(world) == []
    world.clock.move(days=2)
    world.once(restarted=True)
    assert known(world) == []

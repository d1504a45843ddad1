"""What really happened to consents is kept, once each, and only where we saw them begin."""

from backend.model.errors import NeedsCustomer
from backend.model.lifetimes import Ending, Lives
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

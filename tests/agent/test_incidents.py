"""Incidents as the agent lives them: they open by themselves, hold their members, and end with a canary."""

from collections.abc import Callable
from datetime import timedelta

from backend.model.errors import BankDown, NeedsCustomer, OutsideError, ProviderDown, RefusedCredentials, Unreachable
from backend.model.facts import Act, Bank, Session, SyncAnswer
from backend.model.filters import EVERYTHING
from backend.model.incidents import IncidentView, Scope
from backend.model.views import FleetRow
from backend.rules.eligibility import judge
from backend.rules.filters import parse
from backend.rules.incidents import CANARY_EVERY, LEAST, RESTART
from tests.agent.world import World
from tests.fakes import account, row


def fleet(world: World, *, nordea: int, lunar: int = 0) -> None:
    for n in range(1, nordea + lunar + 1):
        world.customer(n, bank="Nordea" if n <= nordea else "Lunar")
        world.bank(row(f"r{n}"), number=n)


def failing(
    first: int, last: int, error: OutsideError, *what: str
) -> Callable[[str, Session | None], OutsideError | None]:
    """Customers `first` to `last` meet an error in these calls (none named: in every call)."""
    ids = {f"consent-{n}" for n in range(first, last + 1)}
    return lambda asked, session: (
        error if session and session.consent_id in ids and asked in (what or (asked,)) else None
    )


def seen(world: World) -> list[IncidentView]:
    return world.store.incidents(99)


def verdicts(world: World) -> dict[str, FleetRow]:
    return {r.id: r for r in world.store.fleet(EVERYTHING, "id", False, 0, 999, world.clock.now())}


def anew(world: World) -> None:
    """A round of another process."""
    world.agent = world.new_agent()
    world.once()


def queue(world: World) -> list[str]:
    return [c for c, _ in world.store.due(world.clock.now(), 7200, 999)]


def test_enough_failures_of_one_bank_are_an_incident_and_its_members_rest(world: World) -> None:
    fleet(world, nordea=6, lunar=3)
    world.once()
    world.clock.move(hours=3)
    world.provider.trouble = failing(1, LEAST, BankDown("bank away"))
    world.once()
    (incident,) = seen(world)
    assert (incident.scope, incident.key, incident.cause) == (Scope.BANK, "Nordea", "bank_down")
    assert (incident.failed, incident.tried, incident.connections, incident.customers) == (5, 6, 6, 6)
    rows = verdicts(world)
    assert {r.verdict for r in rows.values() if r.bank == "Nordea"} == {"incident"}
    assert {r.verdict for r in rows.values() if r.bank == "Lunar"} == {"fine"}
    assert rows["c6"].fetch == "ok" and rows["c6"].situation == "bank_outage", "a member that was fetched in time"
    world.clock.move(hours=5)
    assert set(queue(world)) == {"c7", "c8", "c9"}, "nobody of the bank is asked"
    view = world.store.connection("c6", world.clock.now())
    assert view is not None and "why.incident.bank" in [reason.key for reason in view.assessment.reasons]
    for act in (Act.SYNC, Act.RENEW):
        assert judge(act, view.row, view.facts, world.clock.now()).reason == "incident_open"
    assert judge(Act.REMOVE, view.row, view.facts, world.clock.now()).fate == "run"
    assert world.mailer.sent == []


def test_four_failures_are_four_cases(world: World) -> None:
    fleet(world, nordea=4)
    world.provider.trouble = failing(1, 4, BankDown("bank away"))
    world.once()
    assert seen(world) == []


def test_an_outage_is_over_when_the_bank_itself_has_answered(world: World) -> None:
    fleet(world, nordea=6)
    world.once()
    world.provider.trouble = failing(1, 6, BankDown("bank away"))
    world.once()
    assert seen(world)[0].closed_at is None
    calls = len(world.provider.calls)
    world.once()
    assert [c for c in world.provider.calls[calls:] if c[0] != "banks"] == [], "between canaries nobody is asked"
    world.clock.move(seconds=CANARY_EVERY.total_seconds())
    world.once()
    assert [c for c in world.provider.calls[calls:] if c[0] == "sync"] == [("sync", "consent-1")]
    assert seen(world)[0].closed_at is None
    # The aggregator's store answers again, but with nothing new from the bank.
    world.provider.trouble = lambda *_: None
    world.clock.move(seconds=CANARY_EVERY.total_seconds())
    world.once()
    assert seen(world)[0].closed_at is None and len(world.provider.syncs) == 2
    world.provider.shown["consent-2"] = [account(2, last_synchronized=world.clock.now() + timedelta(seconds=5))]
    world.clock.move(minutes=1)
    world.bank(row("r3"), row("r3b", text="Ny"), number=3)
    report = world.once()
    assert seen(world)[0].closed_at is not None and len(world.provider.syncs) == 2
    assert report.fetched == 6 and report.delivered == 1, "rows flow again"
    assert {r.verdict for r in verdicts(world).values()} == {"fine"}
    events = [event.kind for event in world.store.events(0, 9999) if event.kind.startswith("incident.")]
    assert events == ["incident.opened", "incident.canary", "incident.canary", "incident.closed"]


def test_members_go_on_in_stages(world: World) -> None:
    fleet(world, nordea=70)
    world.provider.trouble = failing(1, 70, Unreachable("no answer", sent=False))
    anew(world)
    (incident,) = seen(world)
    assert incident.cause == "provider_down"
    assert 20 <= incident.failing < 70, "the bank's breaker opened, and the others were not asked in vain"
    world.clock.move(hours=1)
    world.store.close_incident(incident.id, world.clock.now(), RESTART)
    assert len(queue(world)) == RESTART.few
    world.clock.move(seconds=RESTART.pause.total_seconds())
    assert len(queue(world)) == RESTART.few + RESTART.some
    world.clock.move(seconds=RESTART.spread.total_seconds() - 1)
    assert len(queue(world)) < 70
    world.clock.move(seconds=1)
    assert len(queue(world)) == 70


def test_a_canary_that_cannot_serve_hands_over_to_the_next(world: World) -> None:
    fleet(world, nordea=6)
    world.provider.trouble = failing(1, 6, ProviderDown("502"))
    world.once()
    world.clock.move(seconds=CANARY_EVERY.total_seconds())
    world.provider.trouble = failing(1, 2, NeedsCustomer("session gone"))
    report = world.once()
    assert seen(world)[0].closed_at is not None
    asked = [e.connection for e in world.store.events(0, 9999) if e.kind == "incident.canary"]
    assert asked == ["c1", "c2", "c3"] and report.fetched == 4
    assert verdicts(world)["c1"].verdict == "customer"


def test_many_banks_in_trouble_are_the_aggregators_incident(world: World) -> None:
    fleet(world, nordea=4, lunar=4)
    world.provider.trouble = failing(1, 8, ProviderDown("502"))
    world.once()
    (incident,) = seen(world)
    assert (incident.scope, incident.key, incident.connections) == (Scope.PROVIDER, "aiia", 8)
    assert {r.situation for r in verdicts(world).values()} == {"provider_fault"}
    world.customer(9, bank="Jyske Bank")
    assert verdicts(world)["c9"].verdict == "incident", "who comes in meanwhile is a member at once"


def cluster(world: World, *, jyske: int, sydbank: int, nordea: int = 0) -> None:
    banks = ["Jyske Bank"] * jyske + ["Sydbank"] * sydbank + ["Nordea"] * nordea
    for n, name in enumerate(banks, start=1):
        world.customer(n, bank=name)
        world.bank(row(f"r{n}"), number=n)


def test_banks_of_one_data_centre_are_one_incident_until_one_of_them_answers(world: World) -> None:
    cluster(world, jyske=5, sydbank=3, nordea=3)
    world.once()
    world.clock.move(hours=3)
    world.provider.trouble = failing(1, 5, BankDown("bank away"))
    world.once()
    assert [(i.scope, i.key, i.connections) for i in seen(world)] == [(Scope.BANK, "Jyske Bank", 5)]
    world.provider.trouble = failing(1, 8, BankDown("bank away"))
    world.clock.move(minutes=5)
    world.once()
    assert [i.scope for i in seen(world) if i.closed_at is None] == [Scope.BANK], "three failures are single cases"
    world.customer(12, bank="Sydbank")
    world.customer(13, bank="Sydbank")
    world.provider.trouble = failing(1, 13, BankDown("bank away"))
    world.once(restarted=True)
    (shared,) = [i for i in seen(world) if i.closed_at is None]
    assert (shared.scope, shared.key, shared.banks) == (Scope.CLUSTER, "Bankdata", ("Jyske Bank", "Sydbank"))
    assert (shared.connections, shared.customers, shared.cause) == (10, 10, "bank_down")
    (merged,) = [i for i in seen(world) if i.closed_at is not None]
    assert (merged.key, merged.note, merged.connections) == ("Jyske Bank", "merged", 5)
    rows = verdicts(world)
    members = {r.id for r in rows.values() if r.bank in shared.banks}
    assert {rows[one].situation for one in members} == {"bank_outage"} and len(members) == 10
    view = world.store.connection("c1", world.clock.now())
    assert view is not None and view.facts.incident == "cluster"
    assert judge(Act.SYNC, view.row, view.facts, world.clock.now()).reason == "incident_open"
    assert world.store.problems(parse("bank:sydbank", world.clock.now()), 99) == []
    world.clock.move(hours=5)
    assert members.isdisjoint(queue(world)), "nobody of the data centre is asked"
    world.customer(14, bank="Sydbank")
    assert verdicts(world)["c14"].verdict == "incident", "who comes in meanwhile is a member at once"
    world.provider.trouble = lambda *_: None
    for n in range(1, 15):
        world.provider.shown[f"consent-{n}"] = [account(n, last_synchronized=world.clock.now() + timedelta(hours=1))]
    world.clock.move(seconds=CANARY_EVERY.total_seconds())
    world.once(restarted=True)
    assert [i for i in seen(world) if i.closed_at is None] == [] and len(world.provider.syncs) == 1
    assert {r.verdict for r in verdicts(world).values()} <= {"fine", "wait"}
    told = [
        (e.kind, e.data["scope"])
        for e in world.store.events(0, 9999)
        if e.kind in ("incident.opened", "incident.closed")
    ]
    assert told == [
        ("incident.opened", "bank"),
        ("incident.closed", "bank"),
        ("incident.opened", "cluster"),
        ("incident.closed", "cluster"),
    ]
    assert world.store.verify_audit().whole and world.mailer.sent == []


def test_the_aggregators_word_on_two_banks_of_a_data_centre_is_one_incident(world: World) -> None:
    cluster(world, jyske=1, sydbank=1, nordea=1)
    said = [Bank(id="j", name="Jyske Bank", health="None"), Bank(id="s", name="Sydbank", health="None")]

    async def banks() -> list[Bank]:
        return said

    world.provider.banks = banks  # type: ignore[method-assign]
    world.once()
    (shared,) = [i for i in seen(world) if i.closed_at is None]
    assert (shared.scope, shared.connections) == (Scope.CLUSTER, 2)
    world.clock.move(minutes=5)
    world.once()
    assert len([i for i in seen(world) if i.closed_at is None]) == 1, "its banks' words open no others"
    said[:] = [Bank(id="j", name="Jyske Bank", health="Full"), Bank(id="s", name="Sydbank", health="Full")]
    for n in (1, 2):
        world.provider.shown[f"consent-{n}"] = [account(n, last_synchronized=world.clock.now() + timedelta(hours=1))]
    world.clock.move(minutes=5)
    world.once()
    assert [i for i in seen(world) if i.closed_at is None] == []


def test_a_bank_that_often_fails_is_news_only_when_it_is_worse(world: World) -> None:
    fleet(world, nordea=20)
    for _ in range(4):
        world.provider.trouble = failing(1, 4, BankDown("as always"))
        anew(world)
        world.clock.move(hours=3)
    world.provider.trouble = failing(1, 11, BankDown("worse"))
    anew(world)
    assert seen(world) == [], "eleven of twenty, where four of twenty are usual"
    world.provider.trouble = failing(1, 17, BankDown("worse still"))
    world.clock.move(hours=3)
    anew(world)
    (incident,) = seen(world)
    assert incident.failed == 17 and 0.2 < incident.usual < 0.3


def test_the_aggregators_word_is_believed_until_a_canary_proves_it_wrong(world: World) -> None:
    fleet(world, nordea=2)
    nordea = Bank(id="n", name="Nordea", health="None", message="svarer ikke")
    said = [nordea]

    async def banks() -> list[Bank]:
        return said

    world.provider.banks = banks  # type: ignore[method-assign]
    world.once()
    (incident,) = seen(world)
    assert (incident.note, incident.health, incident.failed) == ("svarer ikke", "None", 0)
    world.clock.move(seconds=CANARY_EVERY.total_seconds())
    world.provider.shown["consent-1"] = [account(1, last_synchronized=world.clock.now())]
    world.once()
    assert seen(world)[0].closed_at is not None
    world.clock.move(hours=1)
    world.once()
    assert len(seen(world)) == 1, "the same word is not believed twice"
    said[:] = [Bank(id="n", name="Nordea", health="Full")]
    world.clock.move(hours=1)
    world.once()
    said[:] = [nordea]
    world.clock.move(hours=1)
    world.once()
    assert len(seen(world)) == 2


def test_a_bank_that_nobody_can_be_asked_about_is_let_go_with_the_aggregators_word(world: World) -> None:
    fleet(world, nordea=2)
    said = [Bank(id="n", name="Nordea", health="None")]

    async def banks() -> list[Bank]:
        return said

    world.provider.banks = banks  # type: ignore[method-assign]
    world.provider.trouble = failing(1, 2, NeedsCustomer("session gone"))
    world.once()
    world.clock.move(hours=1)
    world.once()
    assert seen(world)[0].closed_at is None
    said[:] = [Bank(id="n", name="Nordea", health="Full")]
    world.clock.move(hours=1)
    world.once()
    assert seen(world)[0].closed_at is not None and seen(world)[0].note == "no_canary"
    assert world.mailer.sent == []


def test_a_supervised_bank_is_no_canary_and_no_proof(world: World) -> None:
    fleet(world, nordea=6)
    world.provider.trouble = failing(1, 6, BankDown("bank away"))
    world.once()
    world.provider.trouble = lambda *_: None
    world.provider.sync_answer = SyncAnswer(queued=False, auth_url="https://hub.example.test/login")
    world.clock.move(seconds=CANARY_EVERY.total_seconds())
    world.once()
    assert seen(world)[0].closed_at is None and len(world.provider.syncs) == 5


def test_our_own_credentials_stop_everything_and_say_so(world: World) -> None:
    fleet(world, nordea=3)
    world.provider.trouble = lambda *_: RefusedCredentials("secret rotated")
    world.once()
    (incident,) = seen(world)
    assert (incident.scope, incident.cause, incident.connections) == (Scope.OWN, "refused_credentials", 3)
    world.once()
    assert len(seen(world)) == 1
    world.provider.trouble = lambda *_: None
    world.clock.move(minutes=5)
    assert world.once().fetched == 3
    assert seen(world)[0].closed_at is not None


def test_bank_reconciliation_that_fails_for_many_is_one_incident_until_something_arrives(world: World) -> None:
    fleet(world, nordea=5)
    world.ledger.trouble = [ProviderDown("500") for _ in range(99)]
    world.once()
    (incident,) = seen(world)
    assert (incident.scope, incident.cause, incident.connections, incident.pending) == (
        Scope.LEDGER,
        "ledger_down",
        5,
        5,
    )
    assert incident.oldest_at == world.clock.now()
    world.ledger.trouble = []
    world.clock.move(hours=2)
    world.once()
    assert seen(world)[0].closed_at is not None


def test_inside_an_incident_no_problem_is_opened_counted_or_closed(world: World) -> None:
    fleet(world, nordea=6)
    world.provider.trouble = failing(1, 1, NeedsCustomer("session gone"))
    world.once()
    assert [(p.connection, p.cause) for p in world.store.problems(EVERYTHING, 9)] == [("c1", "renewal_early")]
    world.provider.trouble = failing(2, 6, BankDown("bank away"))
    world.clock.move(hours=1)
    world.once()
    assert world.store.problems(EVERYTHING, 99) == [], "members have left the queue"
    known = world.store.problems(EVERYTHING, 99, hidden=True)
    assert {p.incident for p in known} == {seen(world)[0].id}
    assert len(known) == 5 and seen(world)[0].closed_at is None
    world.clock.move(hours=40)
    verdicts(world)
    world.once()
    assert world.store.problems(EVERYTHING, 99, hidden=True) == known

"""Tokens that we have lost for many customers at once: an incident of our own, and no customer's fault."""

import asyncio
from datetime import timedelta

from backend.model.errors import NeedsCustomer, OutsideError
from backend.model.facts import Act, Session, Tokens
from backend.model.incidents import TOKENS, IncidentView, Opening, Scope
from backend.rules.eligibility import judge
from backend.rules.filters import parse
from backend.rules.incidents import CANARY_EVERY, LEAST, RESTART
from backend.store.codec import ms
from tests.agent.test_incidents import queue, seen, verdicts
from tests.agent.world import World, renewed
from tests.fakes import account, row


def fleet(world: World, **banks: int) -> None:
    names = [bank for bank, n in banks.items() for _ in range(n)]
    for n, bank in enumerate(names, start=1):
        world.customer(n, bank=bank)
        world.bank(row(f"r{n}"), number=n)


def refuse(world: World, *numbers: int) -> None:
    """The aggregator refuses these customers' refresh tokens; the store is told as the adapter tells it."""
    ids = {f"consent-{n}" for n in numbers}

    def trouble(asked: str, session: Session | None) -> OutsideError | None:
        if session is None or session.consent_id not in ids:
            return None
        world.store.db.run(
            "UPDATE tokens SET refused_at = ? WHERE consent = ?", (ms(world.clock.now()), session.consent)
        )
        return NeedsCustomer("the session is gone")

    world.provider.trouble = trouble


def is_open(world: World) -> list[IncidentView]:
    return [incident for incident in seen(world) if incident.closed_at is None]


def test_tokens_refused_to_many_are_our_own_incident_and_nobody_is_asked_to_log_in(world: World) -> None:
    fleet(world, Nordea=4, Lunar=4)
    world.once()
    refuse(world, *range(1, 9))
    world.clock.move(hours=3)
    world.once()
    (incident,) = is_open(world)
    assert (incident.scope, incident.key, incident.cause) == (Scope.OWN, TOKENS, "tokens_lost")
    assert (incident.failed, incident.tried, incident.connections) == (8, 8, 8)
    rows = verdicts(world)
    assert {(r.verdict, r.situation) for r in rows.values()} == {("incident", "own_credentials")}
    assert world.store.problems(parse("", world.clock.now()), 99) == [], "no customer's problem"
    assert queue(world) == [] and world.mailer.sent == []
    calls = len(world.provider.calls)
    world.clock.move(minutes=5)
    world.once()
    assert [call for call in world.provider.calls[calls:] if call[0] != "banks"] == [], "calls have stopped"
    view = world.store.connection("c1", world.clock.now())
    assert view is not None and "why.incident.own" in [reason.key for reason in view.assessment.reasons]
    assert judge(Act.SYNC, view.row, view.facts, world.clock.now()).fate == "refused"
    assert judge(Act.RENEW, view.row, view.facts, world.clock.now()).fate == "run", "the remedy is a renewal"


def test_it_ends_when_a_token_that_was_refused_works_again(world: World) -> None:
    fleet(world, Nordea=4, Lunar=4)
    refuse(world, *range(1, 9))
    world.once()
    world.clock.move(seconds=CANARY_EVERY.total_seconds())
    world.once()
    assert len(is_open(world)) == 1, "the canary was refused too"
    world.provider.trouble = lambda *_: None
    world.clock.move(seconds=CANARY_EVERY.total_seconds())
    world.once()
    assert is_open(world) == []
    world.clock.move(hours=1)
    world.once()
    assert {r.verdict for r in verdicts(world).values()} == {"fine"}


def test_who_had_not_been_tried_rests_until_one_of_them_works(world: World) -> None:
    fleet(world, Nordea=4, Lunar=4, Sydbank=3)
    world.once()
    refuse(world, *range(1, 9))
    world.clock.move(hours=3)
    for n in range(1, 9):
        world.store.start_fetch(f"c{n}", world.clock.now())
        world.store.save_fetch(f"c{n}", world.clock.now(), outcome="needs_customer")
    world.store.db.run("UPDATE tokens SET refused_at = ? WHERE consent <= 8", (ms(world.clock.now()),))
    asyncio.run(world.agent._watch.look())
    (incident,) = is_open(world)
    assert incident.connections == 11 and queue(world) == [], "those of whom nothing is known rest too"
    world.clock.move(seconds=CANARY_EVERY.total_seconds())
    asyncio.run(world.new_agent()._watch.look())
    assert is_open(world)[0].connections == 8 and {"c10", "c11"} <= set(queue(world))
    told = [event.kind for event in world.store.events(0, 9999)]
    assert told.count("incident.released") == 1


def test_customers_who_log_in_leave_and_the_last_one_ends_it(world: World) -> None:
    fleet(world, Nordea=3, Lunar=3)
    refuse(world, *range(1, 7))
    world.once()
    (incident,) = is_open(world)
    assert incident.connections == 6
    world.clock.move(minutes=1)
    for n in range(1, 7):
        with world.store.db.write():
            world.store.keep_tokens(n, Tokens(refresh_token="fresh"))
            world.store.db.run("UPDATE connections SET renewed_at = ? WHERE id = ?", (ms(world.clock.now()), n))
        left = world.store.mind_tokens(incident.id, world.clock.now())
        assert left == 6 - n
    world.provider.trouble = lambda *_: None
    world.once(restarted=True)
    assert is_open(world) == []


def test_nobody_mended_by_himself_what_was_our_own_fault(world: World) -> None:
    fleet(world, Nordea=4, Lunar=4)
    world.once()
    refuse(world, *range(1, 9))
    world.clock.move(hours=3)
    world.once()
    world.clock.move(seconds=CANARY_EVERY.total_seconds())
    world.once()
    world.provider.trouble = lambda *_: None
    for n in range(1, 9):
        world.provider.shown[f"consent-{n}"] = [account(n, last_synchronized=world.clock.now() + timedelta(minutes=5))]
    for _ in range(3):
        world.clock.move(hours=9)
        world.once(restarted=True)
    assert is_open(world) == [] and {r.verdict for r in verdicts(world).values()} == {"fine"}
    assert [event for event in world.store.events(0, 9999) if event.kind == "healed"] == []


def test_the_few_who_are_left_are_told_to_log_in_and_later_cases_do_not_join(world: World) -> None:
    fleet(world, Nordea=5, Lunar=5)
    world.once()
    refuse(world, *range(1, 10))
    world.clock.move(hours=3)
    world.once()
    assert is_open(world)[0].connections == 9
    world.clock.move(days=3)
    refuse(world, *range(1, 11))
    world.store.db.run(
        "UPDATE connections SET last_outcome = 'needs_customer', last_attempt_at = ? WHERE id = 10",
        (ms(world.clock.now()),),
    )
    world.store.db.run("UPDATE tokens SET refused_at = ? WHERE consent = 10", (ms(world.clock.now()),))
    world.once(restarted=True)
    assert is_open(world)[0].connections == 9, "the tenth is his own case"
    with world.store.db.write():
        for n in range(1, 7):
            world.store.keep_tokens(n, Tokens(refresh_token="fresh"))
            world.store.db.run("UPDATE connections SET renewed_at = ? WHERE id = ?", (ms(world.clock.now()), n))
    refuse(world, 7, 8, 9, 10)
    world.once(restarted=True)
    assert is_open(world) == []
    assert {r.verdict for c, r in verdicts(world).items() if c in ("c7", "c8", "c9")} == {"customer"}


def test_who_joins_later_teaches_nothing_either(world: World) -> None:
    fleet(world, Nordea=4, Lunar=5)
    _, state = renewed(world, "c9")
    world.provider.grants["code"] = "consent-9"
    assert world.login("code", None, state) == "done"
    world.clock.move(days=40)
    world.once()
    refuse(world, *range(1, 9))
    world.clock.move(hours=3)
    world.once()
    (incident,) = is_open(world)
    assert incident.connections == 8
    world.clock.move(hours=1)
    refuse(world, 9)
    world.store.db.run(
        "UPDATE tokens SET refused_at = ? WHERE consent = (SELECT consent FROM connections WHERE id = 9)",
        (ms(world.clock.now()),),
    )
    world.store.save_fetch("c9", world.clock.now(), outcome="needs_customer")
    assert world.store.lives() != {}
    assert world.store.mind_tokens(incident.id, world.clock.now()) == 9
    assert world.store.lives() == {}


def test_who_leaves_one_incident_stands_in_the_one_of_his_bank(world: World) -> None:
    fleet(world, Nordea=4, Lunar=4)
    world.once()
    refuse(world, *range(1, 9))
    world.clock.move(hours=3)
    world.once()
    (tokens,) = is_open(world)
    outage = Opening(scope=Scope.BANK, key="Lunar", cause="bank_down", failed=0, tried=0, usual=0.0)
    bank = world.store.open_incident(outage, world.clock.now(), heard=True)
    world.store.close_incident(tokens.id, world.clock.now(), RESTART)
    rows = world.store.db.rows("SELECT id, incident FROM connections ORDER BY id")
    assert [row["incident"] for row in rows] == [None] * 4 + [bank] * 4
    world.store.close_incident(bank or 0, world.clock.now(), RESTART)
    assert world.store.db.value("SELECT count(*) FROM connections WHERE incident IS NOT NULL") == 0


def test_what_our_own_fault_ended_teaches_nothing_of_the_banks(world: World) -> None:
    fleet(world, Nordea=4, Lunar=4)
    for number in range(1, 9):
        _, state = renewed(world, f"c{number}")
        world.provider.grants[f"code{number}"] = f"consent-{number}"
        assert world.login(f"code{number}", None, state) == "done"
    taught = world.store.lives()
    world.clock.move(days=40)
    world.once()
    refuse(world, *range(1, 9))
    world.clock.move(hours=3)
    world.once()
    assert [incident.cause for incident in is_open(world)] == ["tokens_lost"]
    assert world.store.lives() == taught


def test_one_bank_that_ends_sessions_is_not_our_fault_unless_the_tokens_had_outlived_themselves(world: World) -> None:
    fleet(world, Nordea=LEAST)
    refuse(world, *range(1, LEAST + 1))
    world.once()
    assert is_open(world) == []
    world.store.db.run("UPDATE tokens SET refresh_expires_at = ?", (ms(world.clock.now() - timedelta(seconds=1)),))
    world.once(restarted=True)
    assert [incident.cause for incident in is_open(world)] == ["tokens_lost"]


def test_few_refusals_and_ended_consents_are_the_customers_own(world: World) -> None:
    fleet(world, Nordea=6, Lunar=6)
    refuse(world, 1, 2, 7, 8)
    world.once()
    assert is_open(world) == []
    world.store.db.run("UPDATE connections SET said = 'expired'")
    refuse(world, *range(1, 13))
    world.once(restarted=True)
    assert is_open(world) == []


def test_tokens_that_nobody_renews_are_told_before_they_are_lost(world: World) -> None:
    fleet(world, Nordea=4, Lunar=4)
    world.once()
    ends = world.clock.now() + timedelta(days=14)
    world.store.db.run("UPDATE tokens SET refresh_expires_at = ?", (ms(ends),))
    world.clock.move(days=11)
    world.once(restarted=True)
    assert is_open(world) == []
    world.clock.move(days=2)
    world.once(restarted=True)
    (incident,) = is_open(world)
    assert (incident.scope, incident.cause, incident.failed, incident.tried) == (Scope.OWN, "tokens_stalled", 8, 8)
    assert world.once(restarted=True).fetched == 8, "to ask is the remedy, so calls go on"
    world.store.db.run("UPDATE tokens SET refresh_expires_at = ?", (ms(ends + timedelta(days=14)),))
    world.once(restarted=True)
    assert is_open(world) == []


def test_a_clear_no_to_a_refresh_is_remembered_until_a_token_is_given(world: World) -> None:
    world.customer()
    world.store.save_fetch("c1", world.clock.now(), outcome="needs_customer")
    hour = world.clock.now() - timedelta(hours=1)
    assert world.store.token_tries(hour, world.clock.now(), 1).refused == 0
    asyncio.run(world.store.end_refresh(1, None))
    count = world.store.token_tries(hour, world.clock.now(), 1)
    assert (count.refused, count.tried, count.banks, count.past) == (1, 1, 1, 0)
    asyncio.run(world.store.end_refresh(1, Tokens(refresh_token="fresh")))
    assert world.store.token_tries(hour, world.clock.now(), 1).refused == 0

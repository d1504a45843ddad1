"""A customer's session at Aiia: tokens, rate limits, outages and answers that make no sense."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from tests.blackbox.aiia import Dialect, Row
from tests.blackbox.conftest import Build
from tests.blackbox.harness import World
from tests.blackbox.httpd import LOST, Fault, Reply
from tests.blackbox.test_rows import day

ACCOUNTS = "GET /v1/accounts"
ROWS = "GET /v1/accounts/acc-1/transactions"


def bank_row(name: str = "r") -> list[Row]:
    return [Row(name, day(1), "1.23", name)]


def test_an_access_token_that_dies_early_is_replaced_once(world: World) -> None:
    grant = world.customer(1, bank_row())
    world.aiia.faults = [Fault(ACCOUNTS, None, meanwhile=grant.access.clear)]
    world.once()
    assert len(world.inbox.arrived) == 1
    assert len(grant.spent) == 2


def test_a_lost_answer_to_a_refresh_locks_nobody_out(world: World) -> None:
    grant = world.customer(1, bank_row())
    world.aiia.faults = [Fault("POST /v1/oauth/token", LOST, applied=True)]
    world.once(code=None)
    world.aiia.faults = []
    world.once(code=None)
    if not world.inbox.arrived:
        world.start("agent")
        world.wait_until("rows come", lambda: world.inbox.arrived)
    assert grant.alive
    assert len(world.inbox.arrived) == 1


@pytest.mark.parametrize("status", [400, 401])
def test_a_session_that_is_gone_needs_the_customer_and_only_that_one(build: Build, status: int) -> None:
    world = build(Dialect(bad_refresh=status))
    gone = world.customer(1, bank_row("a"))
    world.customer(2, bank_row("b"))
    world.customer(3, bank_row("c"))
    gone.alive = False
    world.once(code=(3, 5))
    assert sorted(str(one.posting["text"]) for one in world.inbox.arrived) == ["b", "c"]
    by_id = {one["agreement_number"]: one for one in world.listed()}
    assert (by_id["1001"]["verdict"], by_id["1001"]["action"]) == ("customer", "renew")
    assert {by_id["1002"]["verdict"], by_id["1003"]["verdict"]} == {"fine"}


def test_a_wrong_client_secret_is_our_fault_and_harms_no_customer(world: World) -> None:
    world.customer(1, bank_row("a"))
    world.customer(2, bank_row("b"))
    said = world.run("agent", "--once", code=(1, 3), FORNY_AIIA_CLIENT_SECRET="wrong")
    assert "doctor" in said.err
    assert not {one["verdict"] for one in world.listed()} & {"customer", "fine"}
    assert world.mailbox and world.mailbox.mails == []
    world.once()
    assert len(world.inbox.arrived) == 2


def test_doctor_finds_a_wrong_client_secret(world: World) -> None:
    told = world.run("doctor", "--json", code=1, FORNY_AIIA_CLIENT_SECRET="wrong").json()
    assert [one["subject"] for one in told if one["level"] == "fail"] == ["aiia"]


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_a_rate_limit_has_its_own_clock(world: World, form: str) -> None:
    until = datetime.now(UTC) + timedelta(seconds=600)
    value = "600" if form == "seconds" else format_datetime(until, usegmt=True)
    world.customer(1, bank_row())
    world.aiia.faults = [Fault(ACCOUNTS, Reply(429, {"error": "TooMany"}, {"Retry-After": value}), times=50)]
    world.once(code=None)
    (shown,) = world.listed()
    assert (shown["fetch"], shown["verdict"], shown["action"], shown["status"]) == (
        "rate_limited",
        "wait",
        None,
        "AKTIV",
    )
    told = datetime.fromisoformat(shown["wait_until"])
    assert abs((told - until).total_seconds()) < 90
    asked = world.aiia.count(ACCOUNTS)
    world.once(code=None)
    assert world.aiia.count(ACCOUNTS) == asked
    plan = world.run("sync", "c1", "--dry-run", "--json", code=None).json()
    assert plan["fates"]["run"] == 0


def test_a_strange_retry_after_is_survived(world: World) -> None:
    values = ["soon", "-1", "Sun, 06 Nov 1994 08:49:37 GMT", "9" * 400, None]
    for number, value in enumerate(values):
        world.customer(number, bank_row(), bank=f"Bank {number}")
        limited = Reply(429, None, {"Retry-After": value} if value else {})
        world.aiia.faults.append(Fault(f"GET /v1/accounts/acc-{number}/transactions", limited, times=50))
    world.once(code=None)
    asked = {f"Bank {n}" for n in range(5) if world.aiia.count(f"GET /v1/accounts/acc-{n}/transactions")}
    assert asked
    for shown in world.listed():
        if shown["bank"] not in asked:
            # No bank stands behind this call: it is the aggregator's own limit, and the others are not asked meanwhile.
            assert shown["fetch"] == "never"
            continue
        if shown["fetch"] != "rate_limited":
            # A limit without a sensible time counts a second; on a slow machine that is over before the list is read.
            assert shown["bank"] in ("Bank 1", "Bank 2") and shown["verdict"] != "fine"
            continue
        assert datetime.fromisoformat(shown["wait_until"]) < datetime.now(UTC) + timedelta(hours=25)


NONSENSE = {
    "no JSON": Reply(200, raw=b"<html>maintenance</html>"),
    "null": Reply(200, raw=b"null"),
    "a list": Reply(200, []),
    "without transactions": Reply(200, {}),
    "transactions is null": Reply(200, {"transactions": None}),
    "deep": Reply(200, raw=b"[" * 100_000),
    "500": Reply(500, {"error": "Oops\x1b[2J"}),
    "503": Reply(503, raw=b""),
    "404": Reply(404, {"error": "NotFound"}),
    "403": Reply(403, {"error": "Forbidden"}),
    "302 elsewhere": Reply(302, raw=b"", headers={"Location": "http://192.0.2.1/"}),
    "cut": LOST,
}


def test_a_fetch_that_could_not_is_never_a_success(world: World) -> None:
    for number, (name, reply) in enumerate(NONSENSE.items()):
        world.customer(number, bank_row(), bank=name)
        world.aiia.faults.append(Fault(f"GET /v1/accounts/acc-{number}/transactions", reply, times=50))
    world.customer(99, bank_row("good"), bank="works")
    world.once(code=(1, 3, 5))
    for shown in world.listed():
        if shown["agreement_number"] != "1099":
            assert shown["fetch"] not in ("ok", "ok_empty"), shown
            assert shown["verdict"] != "fine", shown
    assert [str(one.posting["text"]) for one in world.inbox.arrived] == ["good"]
    assert world.mailbox and world.mailbox.mails == []


def test_a_bad_row_costs_no_good_row(world: World) -> None:
    world.customer(1, bank_row("good"))
    good = {"id": "g", "date": day(1), "currency": "DKK", "amount": 5, "text": "good", "state": "Booked"}
    bad: list[object] = [
        good | {"id": "n1", "amount": "NaN"},
        good | {"id": "n2", "date": "not a day"},
        good | {"id": None},
        {},
        7,
        good | {"id": "n3", "amount": None, "transactionAmount": None},
    ]
    world.aiia.faults = [Fault(ROWS, Reply(200, {"pagingToken": None, "transactions": [*bad, good]}))]
    world.once(code=None)
    assert [str(one.posting["source_id"]) for one in world.inbox.arrived] == ["g"]
    assert world.listed()[0]["fetch"] != "ok", "a fetch that left rows out says so"


def test_two_dead_paging_circles_end(world: World) -> None:
    world.customer(1, bank_row())
    again = Reply(200, {"pagingToken": "page+/=0", "transactions": []})
    world.aiia.faults = [Fault(ROWS, again, times=100_000)]
    world.once(code=(1, 3))
    assert world.listed()[0]["fetch"] not in ("ok", "ok_empty")


def test_an_unknown_status_of_an_update_blames_no_customer(world: World) -> None:
    grant = world.customer(1, bank_row())
    grant.person.update = Reply(body={"status": "Teleporting", "authUrl": None})
    world.run("sync", "c1", "--yes", "--wait", code=3)
    (shown,) = world.listed()
    assert (shown["verdict"], shown["situation"]) != ("customer", "supervised_only")


def test_a_supervised_login_needs_the_customer(world: World) -> None:
    grant = world.customer(1, bank_row())
    grant.person.update = Reply(body={"status": "SupervisedLoginRequired", "authUrl": "https://app.aiia.eu/#/x?s=1"})
    world.run("sync", "c1", "--yes", "--wait", code=5)
    assert world.listed()[0]["verdict"] == "customer"


@pytest.mark.parametrize("fault", [Fault("POST /v1/update", LOST, applied=True), Fault("POST /v1/update", Reply(409))])
def test_an_update_without_an_answer_is_asked_again_under_the_same_id(world: World, fault: Fault) -> None:
    world.customer(1, bank_row())
    world.aiia.faults = [Fault(fault.where, fault.reply, applied=fault.applied)]
    told = world.run("sync", "c1", "--yes", "--wait", "--json", code=0)
    updates = [one for one in world.aiia.calls if one.path == "/v1/update"]
    (action,) = json.loads(told.out)["actions"]
    assert len(updates) > 1 or (fault.applied and action["result"]["seen"]), "asked again, or seen by newer data"
    assert len({one.headers["x-request-id"] for one in updates}) == 1


def test_waiting_for_a_bank_that_takes_its_time_is_no_storm_of_calls(world: World) -> None:
    grant = world.customer(1, bank_row())
    world.once()
    grant.person.update = Reply(body={"status": "AllQueued", "authUrl": None})
    before = len(world.aiia.calls)
    child = world.start("sync", "c1", "--yes", "--wait")
    with pytest.raises(AssertionError, match="a storm"):
        world.wait_until("a storm", lambda: len(world.aiia.calls) - before > 15 or child.poll() is not None, 6)

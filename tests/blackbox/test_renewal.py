"""Renew, connect and remove as the help page tells them: link by mail, login, rows within the promise."""

from typing import Any

import pytest

from tests.blackbox.aiia import Account, Dialect, Grant, Row
from tests.blackbox.conftest import Build
from tests.blackbox.harness import World
from tests.blackbox.httpd import Fault, Reply
from tests.blackbox.test_rows import day

DIALECTS = {
    "state echoed, new consent, everything renumbered": Dialect(renewed_consent="new", renumbers=True),
    "no state, same consent, everything renumbered": Dialect(echo_state=False, renumbers=True, strange=True),
}


def mailed(world: World) -> str:
    """The link in the newest mail."""
    assert world.mailbox
    mails, box = len(world.mailbox.mails), world.mailbox
    world.wait_until("the mail", lambda: len(box.mails) > mails or box.mails)
    return next(link for link in reversed(world.mailbox.links()) if link.startswith(world.aiia.url))


def with_agent(world: World) -> None:
    """A running agent, once it has made its first round."""
    world.start("agent")
    world.wait_until("the first round", lambda: world.aiia.count("GET /v1/accounts/"))


def renewed(world: World) -> dict[str, Any]:
    """The newest renewal, as the plans have it."""
    plans: list[dict[str, Any]] = world.run("plans", "--json").json()
    found: dict[str, Any] = next(one["actions"][0] for one in plans if one["act"] == "renew")
    return found


@pytest.mark.parametrize("name", DIALECTS)
def test_a_renewal_ends_when_rows_flow_and_harms_nothing_before(build: Build, name: str) -> None:
    world = build(DIALECTS[name])
    grant = world.customer(1, [Row("old", day(2), "1.00", "Gammel")])
    with_agent(world)
    world.run("renew", "1001", "--yes", "--json", code=(0, 5))
    link = mailed(world)
    assert world.mailbox and world.mailbox.mails[0]["To"] == grant.person.email
    shown = world.listed()[0]
    assert (shown["status"], shown["consent"]) == ("AKTIV", "valid")
    grant.person.accounts[0].rows.append(Row("new", day(1), "2.00", "Ny"))
    world.follow(link)
    world.wait_until("the new row", lambda: len(world.inbox.arrived) == 2)
    world.wait_until("the renewal is done", lambda: renewed(world)["state"] == "done")
    (shown,) = world.listed()
    assert (shown["status"], shown["consent"], shown["pending"]) == ("AKTIV", "valid", 0)
    assert [str(one.amount) for one in world.inbox.arrived] == ["1.00", "2.00"]
    assert {one.ledger for one in world.inbox.arrived} == {"5820"}


def still_live(world: World, grant: Grant) -> None:
    """The old consent fetches on."""
    grant.person.accounts[0].rows.append(Row("after", day(0), "3.00", "Efter"))
    world.run("sync", "1001", "--yes", "--wait", code=None)
    world.wait_until("a row over the old consent", lambda: [one for one in world.inbox.arrived if one.amount == 3])
    (shown,) = world.listed()
    assert (shown["status"], shown["consent"]) == ("AKTIV", "valid")


def test_a_customer_who_cancels_leaves_the_live_consent_alone(world: World) -> None:
    grant = world.customer(1, [Row("old", day(2), "1.00", "Gammel")])
    with_agent(world)
    world.run("renew", "1001", "--yes", code=(0, 5))
    grant.person.cancels = True
    world.follow(mailed(world))
    still_live(world, grant)
    assert renewed(world)["state"] != "done"


def test_a_login_at_another_account_never_replaces_the_live_consent(build: Build) -> None:
    world = build(Dialect(renewed_consent="new"))
    grant = world.customer(1, [Row("old", day(2), "1.00", "Gammel")])
    with_agent(world)
    world.run("renew", "1001", "--yes", code=(0, 5))
    link = mailed(world)
    mine, other = (
        grant.person.accounts,
        Account("acc-x", "DK1111111111111111", None, rows=[Row("x", day(1), "66", "x")]),
    )
    grant.person.accounts = [other]
    spent, calls = len(world.aiia.grants), world.aiia.count("GET /v1/accounts")
    world.follow(link)
    world.wait_until("the login", lambda: len(world.aiia.grants) > spent and world.aiia.grants[-1].access)
    world.wait_until("it has been looked at", lambda: world.aiia.count("GET /v1/accounts") > calls)
    grant.person.accounts = mine
    still_live(world, grant)
    assert not [one for one in world.inbox.arrived if one.amount == 66]


def test_a_login_at_another_account_is_told(build: Build) -> None:
    world = build(Dialect(renewed_consent="new"))
    grant = world.customer(1)
    with_agent(world)
    world.run("renew", "1001", "--yes", code=(0, 5))
    link = mailed(world)
    grant.person.accounts = [Account("acc-x", "DK1111111111111111", None)]
    world.follow(link)
    world.wait_until("it is told", lambda: renewed(world)["reason"] != "link_sent" or world.listed()[0]["situation"], 5)


def test_a_callback_that_names_another_customers_consent_moves_nothing(build: Build) -> None:
    world = build(Dialect(renewed_consent="new"))
    one = world.customer(1, [Row("1", day(2), "1.00", "Et")])
    two = world.customer(2, [Row("2", day(2), "2.00", "To")])
    world.aiia.callback_consent = two.consent
    with_agent(world)
    world.run("renew", "1001", "--yes", code=(0, 5))
    one.person.accounts[0].rows.append(Row("1b", day(1), "1.50", "Et igen"))
    world.follow(mailed(world))
    world.wait_until("the login is used", lambda: world.aiia.grants[-1].access)
    world.wait_until("it is settled", lambda: renewed(world)["state"] != "intent")
    two.person.accounts[0].rows.append(Row("2b", day(1), "2.50", "To igen"))
    world.run("sync", "--filter", "*", "--yes", "--wait", code=None)
    world.wait_until("both flow", lambda: len(world.inbox.arrived) == 4)
    assert {(str(row.amount)[0], row.agreement) for row in world.inbox.arrived} == {("1", "1001"), ("2", "1002")}


def test_a_first_fetch_that_fails_finishes_no_renewal_until_it_works(build: Build) -> None:
    world = build(Dialect(renewed_consent="new", renumbers=True))
    grant = world.customer(1, [Row("old", day(2), "1.00", "Gammel")])
    with_agent(world)
    world.run("renew", "1001", "--yes", code=(0, 5))
    world.aiia.faults = [Fault("GET /v1/accounts/acc", Reply(503), times=10**6)]
    world.follow(mailed(world))
    world.wait_until("the fetch is tried", lambda: world.aiia.faults[0].met)
    assert renewed(world)["state"] != "done"
    assert world.listed()[0]["status"] == "AKTIV"
    world.aiia.faults = []
    grant.person.accounts[0].rows.append(Row("new", day(1), "2.00", "Ny"))
    world.run("sync", "1001", "--yes", code=None)
    world.wait_until("rows flow", lambda: len(world.inbox.arrived) == 2)


def test_forged_callbacks_are_refused_and_told_in_one_page(world: World) -> None:
    world.customer(1)
    with_agent(world)
    world.run("renew", "1001", "--yes", code=(0, 5))
    link = mailed(world)
    for query in ("", "?code=x", "?code=x&state=y", "?state=%00%3Cscript%3Ealert(1)%3C/script%3E&code=" + "z" * 5000):
        page = world.follow(world.redirect + query)
        assert "<script>alert" not in page and "Traceback" not in page
    assert world.listed()[0]["status"] == "AKTIV"
    world.follow(link)
    world.wait_until("the true login still counts", lambda: renewed(world)["state"] == "done")


def test_a_callback_with_a_state_that_was_never_given_is_not_exchanged(world: World) -> None:
    world.customer(1)
    with_agent(world)
    world.run("renew", "1001", "--yes", "--json", code=(0, 5))
    mailed(world)
    tokens = world.aiia.count("POST /v1/oauth/token")
    world.follow(world.redirect + "?code=x&state=forged")
    assert world.aiia.count("POST /v1/oauth/token") == tokens


def test_a_new_connection_and_its_end(world: World) -> None:
    grant = world.customer(1, [Row("old", day(2), "1.00", "Gammel")])
    with_agent(world)
    grant.person.accounts.append(
        Account("acc-n", "DK2222222222222222", None, "Opsparing", [Row("n", day(1), "5", "n")])
    )
    world.run("connect", "1001", "--yes", "--json", code=(0, 5))
    world.follow(mailed(world))
    world.wait_until(
        "the connection stands", lambda: len(world.listed()) == 2 and world.listed()[1]["consent"] == "valid"
    )
    new = next(one for one in world.listed() if one["id"] != "c1")
    assert (new["agreement_number"], new["status"]) == ("1001", "AKTIV")
    world.wait_until(
        "its row waits for a ledger account", lambda: [one for one in world.postings() if one["amount"] == "5"]
    )
    assert [str(one.posting["source_id"]) for one in world.inbox.arrived] == ["old"], (
        "the same row is not delivered twice"
    )
    world.run("remove", new["id"], "--yes", "--wait", "--json")
    new = next(one for one in world.listed() if one["id"] != "c1")
    assert (new["status"], new["consent"]) == ("INAKTIV", "removed")
    calls = len(world.aiia.calls)
    assert world.run("sync", new["id"], "--yes", "--json", code=(3,)).json()["fates"]["refused"] == 1
    assert len(world.aiia.calls) == calls


def test_a_mail_that_is_refused_is_sent_later_and_once(world: World) -> None:
    world.customer(1)
    assert world.mailbox
    world.mailbox.refuse = 1
    world.run("renew", "1001", "--yes", code=(0, 5))
    world.once(code=None)
    world.run("agent", "--once", code=None)
    assert len(world.mailbox.mails) <= 1
    action = renewed(world)
    assert world.mailbox.mails or action["state"] in ("failed", "waiting", "intent", "unknown"), action

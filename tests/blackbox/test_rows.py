"""Rows of the bank reach reconciliation once, exactly, whatever the documents leave open (DESIGN §8, §9, law 7)."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tests.blackbox.aiia import Account, Dialect, Person, Row
from tests.blackbox.conftest import Build
from tests.blackbox.harness import World

DIALECTS = {
    "small pages, oldest first, absent token, sparse": Dialect("absent", 2, "oldest", sparse=True),
    "one a page, shuffled, empty token, strange": Dialect("empty", 1, "shuffled", strange=True),
    "short tokens, ignored page size, strange and sparse": Dialect("null", 3, "newest", True, True, expires_in=1),
}


def day(ago: int) -> str:
    """The date so many days ago."""
    return (datetime.now(UTC) - timedelta(days=ago)).date().isoformat()


def rows_of_a_week() -> list[Row]:
    return [
        Row("r1", day(5), "0.1", "Kaffe"),
        Row("r2", day(5), "0.2", "Kaffe"),
        Row("r3", day(4), "12345678901234.56", "Stor"),
        Row("r4", day(4), "-0.00", "Nul"),
        Row("r5", day(3), "-5.10", "Bro"),
        Row("r6", day(3), "-5.10", "Bro"),
        Row("r7", day(3), "1.5E+3", "Eksponent"),
        Row("r8", day(2), "-7", "Reserveret", "Reserved"),
        Row("r9", day(2), "-8", "Slettet", deleted=True),
        Row("r10", day(2), "-9", "Ukendt tilstand", "Quantum"),
        Row("r11", day(1), "291.00", "\x1b[31mrød\x1b]52;c;aGk=\x07\u202e[bold]\x00\ud83d\ude00"),
    ]


@pytest.mark.parametrize("name", DIALECTS)
def test_rows_arrive_once_through_every_dialect(build: Build, name: str) -> None:
    world = build(DIALECTS[name])
    bare = Account("acc-2b", None, "9999-0000000002", "Uden IBAN", [Row("b1", day(3), "17.25", "Uden IBAN")])
    grant = world.aiia.grant(
        Person("to@example.test", [Account("acc-2a", "DK0299990000000001", None), bare]), "consent-2"
    )
    grant.person.accounts[0].rows = rows_of_a_week()
    world.bring(world.line(2, grant))
    world.once()
    wanted = ["0.1", "0.2", "12345678901234.56", "0", "-5.10", "-5.10", "1500", "291.00", "17.25"]
    assert world.inbox.amounts() == sorted(map(Decimal, wanted))
    sources = {str(one.posting["source_id"]): one for one in world.inbox.arrived}
    assert set(sources) == {"r1", "r2", "r3", "r4", "r5", "r6", "r7", "r11", "b1"}
    assert sources["r1"].posting["amount"] == "0.1"
    assert sources["r3"].posting["amount"] == "12345678901234.56"
    assert sources["r1"].posting["iban"] == "DK0299990000000001"
    assert sources["b1"].posting["iban"] is None
    assert {(one.agreement, one.ledger) for one in world.inbox.arrived} == {("1002", "5820")}
    assert not [char for char in str(sources["r11"].posting["text"]) if ord(char) < 32 or char == "\u202e"]

    # the second round: other order, every row under a new id, the reservation is booked under a new id too
    world.dialect.order = {"newest": "oldest", "oldest": "shuffled", "shuffled": "newest"}[world.dialect.order]
    account = grant.person.accounts[0]
    for number, row in enumerate(account.rows):
        row.id = f"again-{number}"
    account.rows = [one for one in account.rows if one.state != "Reserved"]
    account.rows += [Row("booked-r8", day(1), "-7", "Reserveret"), Row("new", day(0), "99.99", "Ny")]
    before = len(world.inbox.arrived)
    world.once()
    fresh = [str(one.posting["source_id"]) for one in world.inbox.arrived[before:]]
    assert sorted(fresh) == ["booked-r8", "new"]
    world.once()
    assert len(world.inbox.arrived) == before + 2


def test_a_row_that_is_deleted_or_repeated_later_is_never_lost_or_doubled(world: World) -> None:
    rows = [Row("a", day(3), "10", "En"), Row("b", day(3), "20", "To"), Row("s", day(3), "30", "Tre", "Reserved")]
    grant = world.customer(1, rows)
    world.once()
    account = grant.person.accounts[0]
    account.rows[0].deleted = True
    account.rows.remove(account.rows[2])
    account.rows += [Row("b2", day(3), "20", "To"), Row("c", day(2), "40", "Fire")]
    world.once()
    world.once()
    arrived = Counter(str(one.posting["source_id"]) for one in world.inbox.arrived)
    assert arrived["a"] == arrived["b"] == arrived["c"] == 1
    twins = [one for one in world.postings() if one["amount"] == "20"]
    assert len(twins) == 2, "the repeated row is held or delivered, and shown"
    assert {one["state"] for one in twins} <= {"acknowledged", "held"}
    assert arrived["s"] == 0


def test_an_account_without_a_ledger_account_holds_its_rows_until_it_has_one(world: World) -> None:
    grant = world.aiia.grant(
        Person("x@example.test", [Account("acc-7", "DK07", None, rows=[Row("x", day(1), "1.00", "x")])]), "c-7"
    )
    line = world.line(7, grant)
    accounts = [{"account_id": "acc-7", "iban": "DK07", "bban": None, "name": "K", "ledger_account": None}]
    world.bring(line | {"accounts": accounts})
    world.once()
    (held,) = world.postings()
    assert (held["state"], held["ledger_account"], held["due_at"]) == ("held", None, None)
    assert held["reason"]
    assert world.inbox.arrived == []
    world.bring(line | {"accounts": [accounts[0] | {"ledger_account": "6000"}]})
    world.once()
    assert [one.ledger for one in world.inbox.arrived] == ["6000"]
    world.once()
    assert len(world.inbox.arrived) == 1


def test_many_rows_over_many_pages(build: Build) -> None:
    world = build(Dialect(page_size=50))
    world.customer(1, [Row(f"r{number}", day(1 + number % 5), f"{number}.01", f"t{number}") for number in range(730)])
    world.once()
    assert world.inbox.amounts() == [Decimal(f"{number}.01") for number in range(730)]


def test_foreign_text_never_reaches_a_terminal_raw(world: World) -> None:
    hostile = "Bank\x1b]0;own\x07\x9b31m\u202e\u200b"
    grant = world.customer(1, [Row("r", day(1), "1", hostile)], bank=hostile, customer=hostile)
    grant.person.bank = hostile
    grant.person.accounts[0].name = hostile
    world.once()
    for words in (["list"], ["list", "--csv"], ["show", "c1"], ["why", "c1"], ["postings"], ["audit"], ["export"]):
        said = world.run(*words).out
        assert not [
            char for char in said if (ord(char) < 32 and char not in "\n\r\t") or char in "\x9b\x7f\u202e\u200b"
        ]

"""`forny postings accept` and `discard`: ids, answers, exit codes, and a list that works as it always did."""

from pathlib import Path

import pytest

from backend.model.facts import Receipt
from backend.rules.assess import assess
from backend.rules.rows import RowContext, match_rows
from backend.store import open_store
from tests.cli.conftest import Run
from tests.fakes import NOON, HandClock, account, row
from tui.commands import asking


@pytest.fixture
def held(fleet: Run, env: dict[str, str]) -> tuple[str, str]:
    """Two rows of the first customer: one is held as a suspected duplicate, one is only reserved."""
    store = open_store(Path(env["FORNY_STORE"]), assess=assess, clock=HandClock())
    bank = account(1, id=1, ledger_account="5820", last_fetched=NOON)
    context = RowContext(connection="c1", agreement_number="1001", account=bank)
    first = match_rows([], [row("old")], context=context, now=NOON).upserts
    store.save_fetch("c1", NOON, outcome="ok", accounts=[bank], upserts=first)
    for delivery in store.open_deliveries(9, NOON):
        store.settle_delivery(delivery.key, Receipt(acknowledged=tuple(p.id for p in delivery.postings)), NOON)
    known = store.known_rows("1001", [bank.key], None)
    shown = [row("new", text="accept p Kastrup"), row("res", amount="-5.00", booked=False, state="Reserved")]
    more = match_rows(known, shown, context=context, now=NOON).upserts
    store.save_fetch("c1", NOON, outcome="ok", accounts=[bank], upserts=more)
    ids = {line.source_id: line.id for line in more}
    store.close()
    return ids["new"], ids["res"]


def test_accepting_delivers_and_tells(fleet: Run, held: tuple[str, str]) -> None:
    new, reserved = held
    looked = fleet("postings", "accept", new, "--dry-run", "--json")
    assert looked.code == 0 and looked.json["dry_run"] and looked.json["done"][0]["state"] == "queued"
    assert {item["state"] for item in fleet("postings", "--json").json} == {"acknowledged", "held"}
    ran = fleet("postings", "accept", new[:12], reserved, "--yes", "--json")
    assert ran.code == 3 and [item["id"] for item in ran.json["done"]] == [new]
    (refused,) = ran.json["refused"]
    assert (refused["posting"], refused["reason"]) == (reserved, "decision.reserved") and refused["reason_text"]
    (queued,) = fleet("postings", "state:queued", "--json").json
    assert queued["decided_by"] == "tester" and queued["due_at"] and queued["reason"] is None
    again = fleet("postings", "discard", new, "--yes")
    assert again.code == 3 and "tester decided it" in again.err


def test_discarding_keeps_it_out(fleet: Run, held: tuple[str, str]) -> None:
    ran = fleet("postings", "discard", held[0], "--yes")
    assert (ran.code, ran.out) == (0, "") and "1 discarded" in ran.err
    (dropped,) = fleet("postings", "state:dropped", "--json").json
    assert dropped["reason"] == "discarded"
    assert "discarded as a duplicate" in fleet("postings", "state:dropped").out
    assert any(event["kind"] == "posting.discarded" for event in fleet("audit", "--json").json)


def test_a_filter_names_them_as_in_the_list(fleet: Run, held: tuple[str, str]) -> None:
    assert fleet("postings", "discard", "--yes").code == 2
    assert fleet("postings", "discard", "--filter", "state:rejected", "--yes").code == 4
    ran = fleet("postings", "discard", "--filter", "state:held agreement:1001 kastrup", "--yes", "--json")
    assert ran.code == 0 and [item["id"] for item in ran.json["done"]] == [held[0]]


@pytest.mark.parametrize(("answer", "code", "state"), [("y", 0, "queued"), ("", 3, "held"), ("n", 3, "held")])
def test_a_person_is_asked(
    fleet: Run, held: tuple[str, str], monkeypatch: pytest.MonkeyPatch, answer: str, code: int, state: str
) -> None:
    monkeypatch.setattr(asking, "on_a_terminal", lambda: True)
    ran = fleet("postings", "accept", held[0], stdin=f"{answer}\n")
    assert ran.code == code, ran.err
    assert held[0] in {item["id"] for item in fleet("postings", f"state:{state}", "--json").json}


def test_where_nobody_can_be_asked_nothing_happens(fleet: Run, held: tuple[str, str]) -> None:
    ran = fleet("postings", "accept", held[0])
    assert (ran.code, ran.out) == (2, "") and "--yes" in ran.err
    assert fleet("postings", "accept", "p_0000000000", "--yes").code == 4


def test_the_words_stay_words_of_a_filter(fleet: Run, held: tuple[str, str]) -> None:
    (found,) = fleet("postings", "accept", "--json").json
    assert found["id"] == held[0], "a posting's text says accept"
    assert [item["id"] for item in fleet("postings", "accept", "p", "--json").json] == [held[0]]
    ran = fleet("postings", "discard")
    assert ran.code == 4 and "forny postings discard ID" in ran.err
    assert fleet("postings", "is:changed", "--json").code == 4
    assert "Usage:" in fleet("postings", "accept", "--help").out
    assert "accept ID" in fleet("postings", "--help").out


def test_the_list_shows_age_against_the_promise_and_what_to_type(fleet: Run, held: tuple[str, str]) -> None:
    fleet("postings", "accept", held[0], "--yes")
    listed = fleet("postings", "state:queued").out
    assert held[0][:10] in listed and ("5:59 h left" in listed or "6:00 h left" in listed)

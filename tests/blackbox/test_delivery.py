"""The bank reconciliation inbox as DESIGN §8 has it: same key and body on a retry, every answer understood."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from tests.blackbox.aiia import Row
from tests.blackbox.harness import World
from tests.blackbox.httpd import LOST, Fault, Reply
from tests.blackbox.test_rows import day

RETRIED = {
    "answer lost after it took effect": Fault("POST", LOST, applied=True),
    "line cut before it took effect": Fault("POST", LOST),
    "409 while in work": Fault("POST", Reply(409, {"message": "in work"})),
    "409 after it took effect": Fault("POST", Reply(409, {"message": "in work"}), applied=True),
    "500 after it took effect": Fault("POST", Reply(500, raw=b"<html>oops"), applied=True),
    "503": Fault("POST", Reply(503, headers={"Retry-After": "0"})),
    "200 that is no JSON": Fault("POST", Reply(200, raw=b"{"), applied=True),
    "200 with a list": Fault("POST", Reply(200, []), applied=True),
    "200 with null": Fault("POST", Reply(200, raw=b"null"), applied=True),
    "429 for no time": Fault("POST", Reply(429, headers={"Retry-After": "0"})),
}


def settled(world: World) -> bool:
    """Whether every posting has been acknowledged."""
    return {one["state"] for one in world.postings()} == {"acknowledged"}


def test_a_delivery_without_an_answer_is_settled_with_the_same_key_and_body(world: World) -> None:
    for number, fault in enumerate(RETRIED.values()):
        fault = replace(fault, where=f"POST /v1/agreements/{1000 + number}/")
        world.inbox.faults.append(fault)
        world.customer(number, [Row(f"{number}a", day(2), "1.10", "a"), Row(f"{number}b", day(1), "2.20", "b")])
    world.once(code=(0, 1, 3))

    def one_more_round() -> bool:
        """A limit of no time still counts for a second, so that a quick machine may need a third round."""
        world.once(code=(0, 3))
        return settled(world)

    world.wait_until("all is acknowledged", one_more_round)
    assert all(fault.met for fault in world.inbox.faults)
    for number, name in enumerate(RETRIED):
        mine = [one for one in world.inbox.calls if one.path.startswith(f"/v1/agreements/{1000 + number}/")]
        assert len(mine) > 1, name
        assert len({(one.headers["idempotency-key"], one.body) for one in mine}) == 1, name
    assert len(world.inbox.arrived) == 2 * len(RETRIED)


def test_a_partial_answer_leaves_the_rest_to_the_next_round(world: World) -> None:
    first = {"Bare": "rejected", "Kendt": "duplicates", "Tavs": "silent"}
    world.inbox.judge = lambda posting: first.get(str(posting["text"]), "acknowledged")
    rows = [Row("1", day(2), "1", "Fin"), Row("2", day(2), "2", "Bare"), Row("3", day(2), "3", "Kendt")]
    world.customer(1, [*rows, Row("4", day(2), "4", "Tavs")])
    world.once(code=(0, 1, 3), patience=6)
    states = {one["text"]: one["state"] for one in world.postings()}
    assert states == {"Fin": "acknowledged", "Bare": "rejected", "Kendt": "acknowledged", "Tavs": "queued"}
    (rejected,) = world.postings("state:rejected")
    assert "barred" in rejected["reason"]
    assert "\x1b" not in rejected["reason"]
    assert rejected["acknowledged_at"] is None
    world.inbox.judge = lambda posting: "acknowledged"
    world.wait_until("the rest", lambda: world.once(code=None) and len(world.inbox.arrived) == 2, seconds=45)
    assert sorted(str(one.posting["text"]) for one in world.inbox.arrived) == ["Fin", "Tavs"]


def test_ids_that_were_never_sent_acknowledge_nothing(world: World) -> None:
    forged = {"acknowledged": ["p_other", 7, None], "duplicates": None, "rejected": [{"id": "p_x"}, "y"]}
    world.inbox.faults = [Fault("POST", Reply(200, forged), times=10**9)]
    world.customer(1, [Row("a", day(2), "1.10", "a")])
    world.once(code=(0, 1, 3), patience=6)
    assert [one["state"] for one in world.postings()] == ["queued"]
    assert world.listed()[0]["pending"] == 1


def test_a_refusal_keeps_the_rows_and_is_no_success(world: World) -> None:
    for status in (403, 404, 422):
        world.inbox.faults.append(Fault(f"POST /v1/agreements/{1000 + status}/", Reply(status, {"message": "no"}), 50))
        world.customer(status, [Row("a", day(2), "1.10", "a")])
    world.once(code=(1, 3))
    assert {one["state"] for one in world.postings()} <= {"queued", "held", "rejected"}
    for shown in world.listed():
        assert shown["verdict"] in ("operator", "incident"), shown
    assert world.inbox.arrived == []


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_the_inbox_may_say_when_to_come_again(world: World, form: str) -> None:
    later = datetime.now(UTC) + timedelta(seconds=600)
    value = "600" if form == "seconds" else format_datetime(later, usegmt=True)
    world.inbox.faults = [Fault("POST", Reply(429, headers={"Retry-After": value}), times=50)]
    world.customer(1, [Row("a", day(2), "1.10", "a")])
    world.customer(2, [Row("b", day(2), "1.10", "b")])
    world.once(code=None)
    asked = len(world.inbox.calls)
    world.once(code=None)
    assert len(world.inbox.calls) == asked, "Retry-After is obeyed by the next process too"
    assert {one["state"] for one in world.postings()} == {"queued"}

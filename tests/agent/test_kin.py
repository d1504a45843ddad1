"""Connections that have to do with each other, consents that end each other, and those that customers mend."""

import asyncio
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from backend.agent.receiver import application
from backend.agent.renewals import login_finished
from backend.guard import GuardedDoor
from backend.model.errors import NeedsCustomer, OutsideError, Refused
from backend.model.facts import Act, Bank, Session, Stage
from backend.model.people import Role
from backend.model.plans import ActionState
from backend.operations import Operations
from backend.texts import texts_in
from tests.agent.test_renewals import case_of, invited, seen
from tests.agent.world import World
from tests.fakes import NOON, account, import_account, record


def ended(consent: str) -> object:
    """Only the customer can help this consent."""

    def trouble(what: str, session: Session | None) -> OutsideError | None:
        return NeedsCustomer("session gone") if session is not None and session.consent_id == consent else None

    return trouble


# -- the link --------------------------------------------------------------------------------------------------


def linked(world: World, tmp_path: Path) -> str:
    world.agent.tools.public_url = "https://bank.example.test/f"
    return invited(world, world.customer())


def visit(world: World, address: str, method: str = "GET", **headers: str) -> httpx.Response:
    async def ask() -> httpx.Response:
        agent = world.agent

        async def deaf(*_: object) -> int:
            return 404

        app = application("/aiia", agent._arrive, texts_in("en"), deaf, public=agent.tools.public_url, lead=agent._lead)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://bank.example.test") as http:
            return await http.request(method, address, headers=headers)

    return asyncio.run(ask())


def test_the_link_in_the_mail_goes_by_way_of_us_and_opening_is_seen_once(world: World, tmp_path: Path) -> None:
    state = linked(world, tmp_path)
    link = f"https://bank.example.test/f/go/{state}"
    assert link in world.mailer.sent[0].text and "hub.example.test" not in world.mailer.sent[0].text
    world.clock.move(hours=1)
    for method, headers in (("HEAD", {}), ("GET", {"Purpose": "prefetch"}), ("GET", {"Sec-Purpose": "prefetch;x"})):
        looked = visit(world, link, method, **headers)
        assert (looked.status_code, case_of(world, "c1").stage) == (302, Stage.SENT)
    answer = visit(world, link)
    assert (answer.status_code, answer.headers["location"]) == (302, case_of(world, "c1").link)
    opened = case_of(world, "c1")
    assert (opened.stage, opened.opened_at) == (Stage.OPENED, world.clock.now())
    world.clock.move(hours=1)
    assert visit(world, link).status_code == 302 and case_of(world, "c1") == opened
    assert case_of(world, "c1").link.startswith("https://hub.example.test/")


def test_who_breaks_off_without_a_word_is_known_by_his_browser(world: World, tmp_path: Path) -> None:
    """The provider sends him back with nothing at all (`facts/aiia-economic.md` §1.2)."""
    state = linked(world, tmp_path)
    cookie = visit(world, f"/f/go/{state}").headers["set-cookie"].partition(";")[0]
    assert visit(world, "/aiia", Cookie=cookie).status_code == 200
    assert (case_of(world, "c1").stage, case_of(world, "c1").note) == (Stage.AT_BANK, "cancelled")
    view = world.store.connection("c1", world.clock.now())
    assert view is not None and view.row.situation != "renewal_refused", "the live consent is as it was"


def test_a_link_of_nobody_or_of_a_closed_case_leads_to_a_page_that_says_what_to_do(
    world: World, tmp_path: Path
) -> None:
    state = linked(world, tmp_path)
    assert visit(world, "/f/go/unknown").status_code == 404
    world.store.move_case(1, Stage.ABANDONED, NOON)
    answer = visit(world, f"/f/go/{state}")
    assert answer.status_code == 404 and "Contact support" in answer.text and "location" not in answer.headers


def test_without_a_public_address_the_mail_holds_the_providers_own(world: World) -> None:
    invited(world, world.customer())
    assert "https://hub.example.test/" in world.mailer.sent[0].text


def test_who_breaks_off_was_at_the_bank_and_may_come_again(world: World) -> None:
    state = invited(world, world.customer())
    asyncio.run(login_finished(world.agent.tools, code=None, consent_id=None, state=state, report=world.agent.report))
    assert (case_of(world, "c1").stage, case_of(world, "c1").note) == (Stage.AT_BANK, "cancelled")
    world.provider.grants["code"] = "consent-new"
    world.provider.shown["consent-new"] = [account(1)]
    assert world.login("code", None, state) == "done"
    assert case_of(world, "c1").stage is Stage.FETCHED


# -- twins -----------------------------------------------------------------------------------------------------


def test_the_older_of_two_connections_with_one_account_is_marked_until_the_other_goes(world: World) -> None:
    first = world.customer(1)
    again = record(1, consent_id="consent-1b", bank="Nordea Business", fingerprint="b")
    world.store.import_records([again], NOON + timedelta(hours=1), "test")
    assert (seen(world, first).facts.twin, seen(world, "c2").facts.twin) == ("c2", None)
    world.store.remove("c2", world.clock.now())
    assert seen(world, first).facts.twin is None


def test_a_renewed_connection_is_the_younger_one(world: World) -> None:
    first = world.customer(1)
    world.store.import_records([record(1, consent_id="consent-1b", bank="Nordea Business", fingerprint="b")], NOON, "t")
    assert seen(world, first).facts.twin == "c2"
    world.provider.shown["consent-1b"] = [account(1)]
    state = invited(world, first)
    world.clock.move(hours=1)
    world.provider.grants["code"] = "consent-new"
    world.provider.shown["consent-new"] = [account(1)]
    assert world.login("code", None, state) == "done"
    assert (seen(world, first).facts.twin, seen(world, "c2").facts.twin) == (None, first)


def test_other_customers_and_other_accounts_are_no_twins(world: World) -> None:
    first = world.customer(1)
    world.customer(2, accounts=(import_account(1),))
    world.store.import_records([record(1, consent_id="x", accounts=(import_account(9),), fingerprint="x")], NOON, "t")
    assert {seen(world, c).facts.twin for c in (first, "c2", "c3")} == {None}


# -- one bank user for several customers -----------------------------------------------------------------------


def test_a_renewal_that_may_end_another_customers_consent_says_so(world: World) -> None:
    first = world.customer(1, email="Bogholder@example.test")
    second = world.customer(2, email="bogholder@example.test")
    world.customer(3, email="bogholder@example.test", bank="Jyske Bank")
    shared = world.customer(4, accounts=(import_account(1),))
    operations = Operations(
        world.store, GuardedDoor(world.store, Role.ADMIN), world.clock, operator="eva", host="h", say=texts_in("en")
    )
    (item,) = operations.plan(Act.RENEW, [first]).items
    assert item.fate == "run" and "c2 Kunde 2 at Nordea (same login)" in item.note
    assert f"{shared} Kunde 4 at Nordea (same account)" in item.note and "c3" not in item.note
    assert operations.plan(Act.SYNC, [first]).items[0].note == ""
    (new,) = operations.connect("1003", "Nordea").items
    assert "c1" in new.note and second in new.note
    world.store.remove(second, world.clock.now())
    assert "c2" not in operations.plan(Act.RENEW, [first]).items[0].note


def test_the_look_for_rivals_and_twins_goes_by_index(tmp_path: Path) -> None:
    from backend.store import kin

    world = World(tmp_path / "forny.db")  # it is SQLite that needs to be told the order
    for number in range(1, 30):
        world.customer(number)
    for sql in (kin._SAME_LOGIN, kin._SAME_ACCOUNT):
        plan = [r["detail"] for r in world.store.db.rows(f"EXPLAIN QUERY PLAN {sql}", ("1001", "Nordea", 1))]
        assert not [line for line in plan if line.startswith("SCAN") or "(bank=" in line], plan
    plan = [r["detail"] for r in world.store.db.rows(f"EXPLAIN QUERY PLAN {kin._TWINS}", ("1001",))]
    assert not [line for line in plan if line.startswith("SCAN")], plan
    world.store.close()


def test_a_consent_that_dies_right_after_the_same_user_gave_another_was_superseded(world: World) -> None:
    first = world.customer(1, email="bogholder@example.test")
    second = world.customer(2, email="bogholder@example.test")
    world.once()
    state = invited(world, second)
    world.clock.move(hours=1)
    world.provider.grants["code"] = "consent-new"
    world.provider.shown["consent-new"] = [account(2)]
    assert world.login("code", None, state) == "done"
    world.provider.trouble = ended("consent-1")  # type: ignore[assignment]
    world.clock.move(hours=3)
    world.once(restarted=True)
    view = seen(world, first)
    assert (view.row.consent, view.facts.superseded_by) == ("superseded", second)
    world.clock.move(days=5)
    world.once(restarted=True)
    assert seen(world, first).row.consent == "superseded", "what is known stays known"
    world.provider.trouble = lambda *_: None
    world.provider.shown["consent-1"] = [account(1, last_synchronized=world.clock.now())]
    world.clock.move(days=1)
    world.once(restarted=True)
    view = seen(world, first)
    assert (view.row.consent, view.facts.superseded_by, view.facts.healed_at) == ("valid", None, world.clock.now())


def test_a_consent_that_dies_long_after_or_at_another_bank_was_not(world: World) -> None:
    first = world.customer(1, email="bogholder@example.test", bank="Jyske Bank")
    second = world.customer(2, email="bogholder@example.test")
    third = world.customer(3, email="bogholder@example.test")
    world.once()
    state = invited(world, second)
    world.clock.move(hours=1)
    world.provider.grants["code"] = "consent-new"
    world.provider.shown["consent-new"] = [account(2)]
    world.login("code", None, state)
    world.clock.move(days=4)
    world.provider.trouble = lambda _, s: (
        NeedsCustomer("gone") if s and s.consent_id in ("consent-1", "consent-3") else None
    )
    world.once(restarted=True)
    assert {seen(world, c).facts.superseded_by for c in (first, third)} == {None}


# -- what customers mend themselves ----------------------------------------------------------------------------


def test_a_customer_who_mends_it_himself_closes_the_case_and_a_later_failure_opens_the_question_again(
    world: World,
) -> None:
    connection = world.customer()
    world.once()
    world.provider.trouble = ended("consent-1")  # type: ignore[assignment]
    world.clock.move(hours=3)
    plan = world.act(Act.RENEW, connection)
    world.once(restarted=True)
    assert world.outcome(plan)[0] is ActionState.AWAITING_CUSTOMER
    world.provider.trouble = lambda *_: None
    world.clock.move(days=2)
    world.once(restarted=True)
    assert seen(world, connection).facts.healed_at is None, "the aggregator's store alone is no news from the bank"
    world.clock.move(hours=1)
    world.provider.shown["consent-1"] = [account(1, last_synchronized=world.clock.now())]
    world.clock.move(days=2)
    world.once(restarted=True)
    view = seen(world, connection)
    assert view.facts.healed_at == world.clock.now() and view.facts.case_stage is None
    assert (case_of(world, connection).stage, case_of(world, connection).note) == (Stage.ABANDONED, "healed")
    assert world.outcome(plan) == (ActionState.DONE, "healed")
    assert "healed" in [event.kind for event in world.store.events(0, 999)]
    world.provider.trouble = ended("consent-1")  # type: ignore[assignment]
    world.clock.move(days=1)
    world.once(restarted=True)
    assert seen(world, connection).facts.healed_at is None


def test_a_renewal_of_ours_is_no_healing(world: World) -> None:
    connection = world.customer()
    world.once()
    world.provider.trouble = ended("consent-1")  # type: ignore[assignment]
    world.clock.move(hours=3)
    state = invited(world, connection)
    world.provider.trouble = lambda *_: None
    world.provider.grants["code"] = "consent-new"
    world.provider.shown["consent-new"] = [account(1, last_synchronized=world.clock.now())]
    world.clock.move(hours=1)
    assert world.login("code", None, state) == "done"
    world.once(restarted=True)
    assert seen(world, connection).facts.healed_at is None
    assert case_of(world, connection).stage is Stage.RELEASED


# -- what the customer ticked ----------------------------------------------------------------------------------


def test_whether_all_accounts_are_ticked_is_asked_once_a_day_and_after_a_login(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    answers: list[bool | OutsideError | None] = [False, Refused("no"), None, True]

    async def selected(session: Session) -> bool | None:
        asked.append(session.consent_id)
        answer = answers.pop(0)
        if isinstance(answer, OutsideError):
            raise answer
        return answer

    monkeypatch.setattr(world.provider, "all_accounts_selected", selected)
    connection = world.customer()
    world.once()
    world.clock.move(hours=3)
    world.once(restarted=True)
    assert (asked, seen(world, connection).facts.unselected) == (["consent-1"], True)
    for _ in range(2):
        world.clock.move(days=1)
        world.once(restarted=True)
        assert seen(world, connection).facts.unselected, "no answer changes nothing"
    state = invited(world, connection)
    world.provider.grants["code"] = "consent-new"
    world.provider.shown["consent-new"] = [account(1)]
    world.login("code", None, state)
    assert asked[-1] == "consent-new" and len(asked) == 4
    assert not seen(world, connection).facts.unselected


def test_other_accounts_behind_an_entry_for_private_people_name_the_wrong_entry(world: World) -> None:
    connection = world.customer()
    world.store.hear([Bank(id="n", name="Nordea", health="Full")], NOON)
    world.store.hear([Bank(id="n", name="Nordea", health="Full", audiences=("private",))], NOON)
    state = invited(world, connection)
    world.provider.grants["code"] = "consent-new"
    world.provider.shown["consent-new"] = [account(77)]
    assert world.login("code", None, state) == "pending"
    assert case_of(world, connection).note == "wrong_entry"
    world.store.hear([Bank(id="n", name="Nordea", health="Full", audiences=("private", "business"))], NOON)
    world.clock.move(hours=1)
    world.once(restarted=True)
    assert case_of(world, connection).note == "no_account_matched"

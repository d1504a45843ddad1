"""Reminders over a real store: once a step, never in vain, never twice, whatever fails, crashes or comes between."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from backend.agent import Agent
from backend.agent.acts import new_case
from backend.model.errors import NeedsCustomer, OutsideError, RefusedAddress, RefusedCredentials, Unreachable
from backend.model.facts import Act, Case, Mail, Stage
from backend.model.filters import EVERYTHING
from backend.model.lifetimes import Lifespan
from backend.model.reminders import Mailing, Outlook, ReminderFacts, steps
from backend.model.views import FetchContext
from backend.model.webhooks import Arrived, Notice, Said
from backend.rules.assess import assess
from backend.rules.reminders import outlook
from backend.store import open_store
from backend.texts import texts_in
from tests.agent.world import World
from tests.agent.world import renewed as asked
from tests.fakes import NOON, FakeMailer, account, record, row

DAY = timedelta(days=1)


@dataclass
class Mailbox(FakeMailer):
    """`before` runs as a mail is handed over: a crash, or something that comes between."""

    before: Callable[[Mail], None] = lambda _: None
    tried: list[Mail] = field(default_factory=list)

    async def send(self, mail: Mail) -> None:
        self.tried.append(mail)
        self.before(mail)
        await super().send(mail)


class Reminding(World):
    def __init__(self, path: Path) -> None:
        self.schedule = steps("7d,3d,1d")
        super().__init__(path)
        self.mailer: Mailbox = Mailbox()
        self.agent = self.new_agent()

    def new_agent(self) -> Agent:
        return Agent(
            books=self.store,
            provider=self.provider,
            ledger=self.ledger,
            mailer=self.mailer,
            clock=self.clock,
            say=texts_in("da"),
            reminders=self.schedule,
        )

    def ending(self, number: int = 1, **more: object) -> str:
        """A customer whose consent ends in so many `days`."""
        days = float(str(more.pop("days", 7)))
        return self.customer(number, expires_at=NOON + days * DAY, **more)

    def kept(self, connection: str = "c1") -> list[tuple[str, str, str]]:
        return [
            (f"{one.step // 86_400}d", one.state.value, one.reason)
            for one in reversed(self.store.reminders(connection, 99))
        ]

    def case(self, connection: str = "c1") -> Case | None:
        view = self.store.connection(connection, self.clock.now())
        assert view is not None
        return view.case

    def remind(self) -> None:
        """The reminding step of a round alone."""
        asyncio.run(self.agent._reminders.look())


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Reminding]:
    made = Reminding(tmp_path / "forny.db")
    yield made
    made.store.close()


def test_each_step_is_mailed_once_with_the_link_of_one_renewal(world: Reminding) -> None:
    world.ending()
    for _ in range(8 * 24):
        world.remind()
        world.clock.move(hours=1)
    assert world.kept() == [("7d", "sent", ""), ("3d", "sent", ""), ("1d", "sent", "")]
    case = world.case()
    assert case is not None and case.action is None and case.stage is Stage.SENT
    assert all(case.link in mail.text and "09.03.26" in mail.text for mail in world.mailer.sent)
    assert len({mail.message_id for mail in world.mailer.sent}) == 3
    assert world.mailer.sent[0].subject == "Påmindelse: forny forbindelsen til Nordea"
    assert world.store.verify_audit().whole
    kinds = [event.kind for event in world.store.events(0, 999) if event.kind.startswith("reminder.")]
    assert kinds == ["reminder.intent", "reminder.sent"] * 3


def test_the_login_after_a_reminder_is_followed_to_rows_and_ends_the_reminders(world: Reminding) -> None:
    world.ending()
    world.remind()
    case = world.case()
    assert case is not None
    world.provider.grants["code"], world.provider.shown["fresh"] = "fresh", [account(1)]
    world.bank(row("a"))
    assert world.login("code", None, case.state) == "done"
    for _ in range(7):
        world.once()
        world.clock.move(days=1)
    assert world.kept() == [("7d", "sent", "")] and len(world.mailer.sent) == 1


def test_a_new_consent_has_its_own_reminders_though_rows_of_its_renewal_still_wait(world: Reminding) -> None:
    connection = world.ending()
    world.remind()
    case = world.case()
    assert case is not None
    world.provider.grants["code"], world.provider.shown["fresh"] = "fresh", [account(1)]
    world.bank(row("a"))
    assert world.login("code", None, case.state) == "done"
    world.store.db.run("UPDATE connections SET expires_at = ?", (int((NOON + 90 * DAY).timestamp() * 1000),))
    world.clock.move(days=84)
    world.remind()
    assert world.kept(connection) == [("7d", "sent", ""), ("7d", "sent", "")]
    newer = world.case()
    assert newer is not None and newer.id != case.id and newer.link in world.mailer.sent[-1].text
    (stage,) = world.store.db.rows("SELECT stage FROM cases WHERE id = ? AND closed_at IS NOT NULL", (case.id,))
    assert stage["stage"] == "fetched", "that renewal was not given up"


def test_a_late_import_and_an_agent_that_stood_still_bring_no_burst(world: Reminding) -> None:
    world.ending(1, days=0.9)
    world.ending(2, days=30)
    world.remind()
    assert world.kept("c1") == [("1d", "sent", "")]
    world.clock.move(days=28)
    world.remind()
    assert world.kept("c2") == [("3d", "sent", "")]


def test_a_link_that_an_operator_has_mailed_is_given_a_day(world: Reminding) -> None:
    world.ending()
    world.bank(row("a"))
    asked(world, "c1")
    (mail,) = world.mailer.sent
    world.clock.move(hours=23)
    world.remind()
    assert world.kept() == []
    world.clock.move(hours=2)
    world.remind()
    case = world.case()
    assert world.kept() == [("7d", "sent", "")] and case is not None and case.action is not None
    assert case.link in mail.text and case.link in world.mailer.sent[1].text


@pytest.mark.parametrize("scope", ["bank", "provider", "own"])
def test_no_customer_hears_of_an_incident(world: Reminding, scope: str) -> None:
    world.ending()
    db = world.store.db
    key = {"bank": "Nordea", "provider": "aiia", "own": "aiia"}[scope]
    db.run("INSERT INTO incidents (scope, key, cause, opened_at) VALUES (?, ?, 'bank_down', 0)", (scope, key))
    if scope != "own":
        db.run("UPDATE connections SET incident = 1")
    world.remind()
    assert world.mailer.tried == [] and world.case() is None
    db.run("UPDATE incidents SET closed_at = 1")
    db.run("UPDATE connections SET incident = NULL")
    world.remind()
    assert world.kept() == [("7d", "sent", "")]


def test_a_fault_of_our_own_credentials_holds_reminders_back_in_the_round_that_finds_it(world: Reminding) -> None:
    world.ending()
    world.provider.trouble = lambda *_: RefusedCredentials("secret rotated")
    assert world.once().trouble and world.mailer.tried == []


@pytest.mark.parametrize("change", ["removed_at = 1", "said = 'superseded'", "said = 'expired'", "expires_at = NULL"])
def test_an_old_consent_is_not_reminded_of(world: Reminding, change: str) -> None:
    world.ending()
    world.store.db.run(f"UPDATE connections SET {change}")
    world.remind()
    assert world.mailer.tried == []


def test_of_two_connections_to_one_account_only_the_newer_is_reminded_of(world: Reminding) -> None:
    world.ending(1)
    world.ending(2)
    world.store.db.run("UPDATE connections SET twin = 3 - id, renewed_at = CASE id WHEN 2 THEN connected_at + 1 END")
    world.remind()
    assert (world.kept("c1"), world.kept("c2")) == ([], [("7d", "sent", "")])


def test_a_customer_without_an_address_is_put_on_record_once(world: Reminding) -> None:
    world.ending(email="")
    for _ in range(3):
        world.remind()
        world.clock.move(hours=1)
    assert world.kept() == [("7d", "skipped", "no_email")] and world.case() is None
    world.store.import_records([record(1, fingerprint="new", expires_at=NOON + 7 * DAY)], NOON, "test")
    world.clock.move(days=4)
    world.remind()
    assert world.kept()[1:] == [("3d", "sent", "")]


def test_a_mail_server_that_is_down_is_asked_again_later_and_not_by_everybody(world: Reminding) -> None:
    for number in range(1, 21):
        world.ending(number)
    world.mailer.trouble = [Unreachable("down", sent=False) for _ in range(8)]
    world.remind()
    assert len(world.mailer.tried) == 8, "when all of a handful fail, the rest is spared"
    world.remind()
    assert len(world.mailer.sent) == 12, "those that failed rest for an hour"
    world.clock.move(hours=1)
    world.remind()
    assert len(world.mailer.sent) == 20
    assert Counter(one.state for one in world.store.reminded(EVERYTHING, 99)) == {Mailing.SENT: 20}
    assert max(Counter(mail.to for mail in world.mailer.sent).values()) == 1


def test_an_answer_that_was_lost_after_sending_is_unknown_and_never_sent_again(world: Reminding) -> None:
    world.ending()
    world.mailer.trouble = [Unreachable("cut", sent=True)]
    for _ in range(3 * 24):
        world.remind()
        world.clock.move(hours=1)
    assert world.kept() == [("7d", "unknown", "unreachable")] and len(world.mailer.tried) == 1


def test_a_crash_while_sending_leaves_an_unknown_that_is_never_sent_again(world: Reminding) -> None:
    world.ending()

    def crash(_: Mail) -> None:
        raise KeyboardInterrupt

    world.mailer.before = crash
    with pytest.raises(KeyboardInterrupt):
        world.remind()
    assert world.kept() == [("7d", "intent", "")], "on disk before the mail went out"
    world.mailer.before = lambda _: None
    world.agent = world.new_agent()
    world.remind()
    assert world.kept() == [("7d", "unknown", "cut_off")] and len(world.mailer.tried) == 1
    world.clock.move(days=4)
    world.remind()
    assert world.kept()[1:] == [("3d", "sent", "")]


def test_what_was_begun_survives_the_process_and_is_begun_once(world: Reminding) -> None:
    """The store's own promise, whoever asks: two begin the same step, one dies, another comes after it."""
    world.ending()
    fresh = replace(_fresh(world), connection="c1")

    def judge(facts: ReminderFacts) -> Outlook:
        return outlook(facts, world.schedule, NOON)

    def insist(facts: ReminderFacts) -> Outlook:
        """A judge who knows nothing of what was sent."""
        return outlook(replace(facts, past=()), world.schedule, NOON)

    first = world.store.begin_reminder(fresh, judge, NOON)
    assert first is not None and first[0].state is Mailing.INTENT
    assert world.store.begin_reminder(fresh, judge, NOON) is None
    assert world.store.begin_reminder(fresh, insist, NOON) is None
    world.store.close()
    world.store = open_store(world.path, assess=assess, clock=world.clock)
    assert world.store.lost_reminders(NOON) == 1 and world.store.lost_reminders(NOON) == 0
    assert world.kept() == [("7d", "unknown", "cut_off")]
    assert world.store.begin_reminder(fresh, insist, NOON) is None
    assert world.store.reminder_candidates(world.schedule, NOON + DAY, 9) == []


def _fresh(world: Reminding) -> Case:
    context = world.store.fetch_context("c1")
    assert context is not None
    return asyncio.run(new_case(world.agent.tools, context, Act.RENEW, None))


def test_a_customer_who_renews_at_the_last_moment_gets_no_mail(
    world: Reminding, monkeypatch: pytest.MonkeyPatch
) -> None:
    """He logs in after the page of due customers was read, before his own mail is begun."""
    world.ending(1)
    world.bank(row("a"))
    asked(world, "c1")
    world.clock.move(days=1.1)
    case, real = world.case(), world.store.fetch_context
    assert case is not None

    def logs_in(connection: str) -> FetchContext | None:
        world.store.move_case(case.id, Stage.AUTHORISED, world.clock.now())
        return real(connection)

    monkeypatch.setattr(world.store, "fetch_context", logs_in)
    world.remind()
    assert world.kept() == [] and len(world.mailer.tried) == 1


def test_a_refused_address_is_told_of_the_customer_and_cleared_by_a_mail_that_is_taken(world: Reminding) -> None:
    world.ending(1)
    world.mailer.trouble = [RefusedAddress("550 no such user")]
    world.remind()
    world.clock.move(hours=30)
    world.remind()
    assert world.kept() == [("7d", "failed", "refused_address")], "the same mail is not tried again"
    assert refused(world) == 1
    world.clock.move(days=3)
    world.remind()
    assert world.kept()[1:] == [("3d", "sent", "")] and refused(world) == 0


def test_a_refused_link_mail_is_told_too_and_cleared_by_an_import_with_another_address(world: Reminding) -> None:
    world.customer(1)
    world.bank(row("a"))
    world.mailer.trouble = [RefusedAddress("550 no such user")]
    plan = world.act(Act.RENEW, "c1")
    world.once()
    assert world.outcome(plan)[1] == "mail_failed" and refused(world) == 1
    world.store.import_records([record(1, fingerprint="a")], NOON, "test")
    assert refused(world) == 1, "the same address is no news"
    world.store.import_records([record(1, fingerprint="b", email="ny@example.test")], NOON, "test")
    assert refused(world) == 0


def refused(world: Reminding) -> int:
    return int(world.store.db.value("SELECT sum(mail_refused) FROM connections"))


def test_a_new_end_begins_a_new_schedule_and_a_corrected_one_does_not(world: Reminding) -> None:
    world.ending()
    world.remind()

    def told(end: datetime) -> None:
        """The bank's own word on the end, by an event."""
        now = world.clock.now()
        notice = Notice(
            event=Said.CONNECTION_UPDATE_REQUIRED, consent_id="consent-1", accounts=(), until=end, reason=""
        )
        arrived = Arrived(event_id=f"{now} {end}", event=notice.event, at=now, body=b"{}")
        world.store.keep_webhook(arrived, notice, now)
        world.store.apply_webhook(arrived.event_id, notice, now)
        view = world.store.connection("c1", now)
        assert view is not None and view.facts.expires_at == end
        world.remind()

    for minutes in (5, -5, 11 * 60 + 30):
        told(NOON + 7 * DAY + timedelta(minutes=minutes))
        world.clock.move(minutes=minutes % 7 + 20)
    assert len(world.kept()) == 1
    told(NOON + 90 * DAY)
    assert len(world.kept()) == 1
    world.clock.move(days=84)
    world.remind()
    assert world.kept() == [("7d", "sent", ""), ("7d", "sent", "")]


def test_what_is_learnt_of_a_bank_moves_the_end_in_bulk_and_reminds(world: Reminding) -> None:
    for number in (1, 2, 3):
        world.customer(number, expires_at=NOON + 90 * DAY)
    world.customer(4, bank="Lunar")
    db = world.store.db
    at = int(NOON.timestamp() * 1000)
    db.run("UPDATE connections SET renewed_at = ? WHERE id <> 3", (at,))
    db.run("UPDATE connections SET expires_at = NULL WHERE id = 2")
    db.run("UPDATE connections SET next_change_at = NULL")

    def ends() -> list[tuple[int | None, int]]:
        rows = db.rows("SELECT (usual_end_at - ?) / 86400000 AS day, usual_cases AS n FROM connections", (at,))
        return [(row["day"], row["n"]) for row in rows]

    world.store.learn({"Nordea": Lifespan(day=62, cases=14, wrong=False)}, NOON)
    assert ends() == [(None, 0), (62, 14), (None, 0), (None, 0)], "only where no day is stated, and we saw it begin"
    changed = [row["id"] for row in db.rows("SELECT id FROM connections WHERE next_change_at IS NOT NULL")]
    assert changed == [2]
    world.store.learn({"Nordea": Lifespan(day=60, cases=15, wrong=True)}, NOON)
    assert ends() == [(60, 15), (60, 15), (None, 0), (None, 0)], "its own days have proved wrong"
    world.store.catch_up(NOON)
    world.clock.move(days=54)
    asyncio.run(world.agent._reminders._remind())
    assert [world.kept(c) for c in ("c1", "c2", "c3")] == [[("7d", "sent", "")], [("7d", "sent", "")], []]
    assert "omkring 01.05.26" in world.mailer.sent[0].text
    world.store.learn({}, NOON)
    assert ends() == [(None, 0)] * 4


def test_a_consent_that_begins_has_its_usual_end_at_once(world: Reminding) -> None:
    connection = world.customer()
    world.bank(row("a"))
    world.store.db.run("INSERT INTO lifetimes (bank, days, how, stated, n) VALUES ('Nordea', 62, 'died', -1, 14)")
    _, state = asked(world, connection)
    world.provider.grants["code"], world.provider.shown["fresh"] = "fresh", [account(1)]
    assert world.login("code", None, state) == "done"
    view = world.store.connection(connection, NOON)
    assert view is not None and view.facts.usual_end_at == world.clock.now() + 62 * DAY and view.facts.usual_cases == 14


def test_a_month_of_operation(world: Reminding) -> None:
    """Thirty customers, a mail server with moods, agents that are replaced, renewals: one mail a step at most."""
    for number in range(1, 31):
        world.ending(number, days=number)
        world.bank(row(f"r{number}"), number=number)
    errors: list[OutsideError] = []
    for hour in range(0, 31 * 24, 6):
        if hour % 42 == 0:
            errors = [Unreachable("down", sent=False), Unreachable("cut", sent=True)]
        world.mailer.trouble, errors = errors[:1], errors[1:]
        if hour % 66 == 0:
            world.agent = world.new_agent()
        world.remind()
        if hour % 30 == 0:
            case = world.case("c20")
            if case is not None and case.stage is Stage.SENT:
                world.provider.grants["code"], world.provider.shown["fresh"] = "fresh", [account(20)]
                assert world.login("code", None, case.state) == "done"
        world.clock.move(hours=6)
    kept = world.store.reminded(EVERYTHING, 999)
    assert {one.state for one in kept} == {Mailing.SENT, Mailing.UNKNOWN}
    assert max(Counter((one.connection, one.step) for one in kept).values()) == 1
    went = Counter(mail.message_id for mail in world.mailer.sent)
    assert max(went.values()) == 1
    for number in range(8, 31):
        got = [step for step, _, _ in world.kept(f"c{number}")]
        assert got == (["7d"] if number == 20 else ["7d", "3d", "1d"]), number
    assert world.store.verify_audit().whole


def test_a_consent_that_dies_teaches_in_the_same_round(world: Reminding) -> None:
    db = world.store.db
    db.run("INSERT INTO lifetimes (bank, days, how, stated, n) VALUES ('Nordea', 62, 'died', -1, 3)")
    world.customer()
    world.provider.trouble = lambda *_: NeedsCustomer("gone")
    world.once()
    assert db.row("SELECT day, cases, wrong FROM usual_lives WHERE bank = 'Nordea'") is not None

"""What can be done about one connection, on every screen that shows one whole: acts, copies, and where to go on."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import ClassVar

from backend.model.facts import Act
from backend.model.plans import Submitted
from backend.model.problems import Condition
from backend.model.renewals import Accepted
from backend.model.views import ConnectionView, ProblemView
from backend.rules import explain
from backend.rules.danish import local
from backend.rules.moments import instant_of
from backend.rules.renewals import suggestion
from backend.rules.ticket import TO, ticket
from tui.actions import POSTINGS, WHY
from tui.screens.base import ConsoleScreen
from tui.wording import moment

THEN_SYNC = "sync_before_renew"
"""The situation in which a renewal alone is not what the customer waits for."""

IN_TICKET = 10
"""Attempts and notes that a ticket is given."""

EARLY = "08:00"
"""When a problem that was put off to tomorrow comes back, on a Danish clock."""


@dataclass(frozen=True, slots=True)
class Snooze:
    """One way to let a problem rest: until a time, a condition, or whichever comes first."""

    name: str
    until: datetime | None = None
    condition: str = ""


def snoozes(view: ConnectionView, problem: ProblemView, now: datetime) -> list[Snooze]:
    """What this problem can wait for."""
    found = [Snooze("wake")] if problem.snoozed_until is not None or problem.snoozed_for else []
    found.append(Snooze("hour", now + timedelta(hours=1)))
    found.append(Snooze("tomorrow", instant_of(f"{local(now).date() + timedelta(days=1)} {EARLY}", now)))
    if problem.incident is not None:
        found.append(Snooze("incident_end", condition=Condition.INCIDENT_END))
    if view.row.wait_until is not None and view.row.wait_until > now:
        found.append(Snooze("limit_end", condition=Condition.LIMIT_END))
    if view.case is not None and view.case.stage.open:
        found.append(Snooze("renewed", condition=Condition.RENEWED))
    return [*found, Snooze("changed", condition=Condition.CHANGED)]


class HandlingScreen(ConsoleScreen):
    """A screen about one connection. Subclasses say which, and may look on when something has been done."""

    scope: ClassVar[str]

    @property
    def subject(self) -> ConnectionView | None:
        """The connection that is shown; None while it is being read, and when it is gone."""
        raise NotImplementedError

    def handled(self, connection: str) -> None:
        """Something was begun that settles this connection's problem as far as an operator can."""

    # -- whether ----------------------------------------------------------------------------------------------

    def why_not_act(self) -> str | None:
        return None if self.subject is not None else self.say("console.why.nothing_here")

    # -- acting -----------------------------------------------------------------------------------------------

    def propose(self, act: Act, *, then_sync: bool = False) -> None:
        """Ask about an act on this connection."""
        view = self.subject
        assert view is not None
        connection = view.row.id

        def begun(submitted: Submitted) -> None:
            if submitted.actions:
                self.handled(connection)

        self.console.acting.propose(act, (connection,), then_sync=then_sync, begun=begun)

    def do_renew(self) -> None:
        self.propose(Act.RENEW)

    def do_sync(self) -> None:
        self.propose(Act.SYNC)

    def do_remove(self) -> None:
        self.propose(Act.REMOVE)

    def why_not_accept(self) -> str | None:
        if (missing := self.why_not_act()) is not None:
            return missing
        assert self.subject is not None
        return None if self.subject.facts.doubted else self.say("console.accept.nothing")

    def do_accept(self) -> None:
        """Ask which of a renewal's accounts are new and which are old ones under a new number, and let them go."""
        view = self.subject
        assert view is not None and view.case is not None
        diff = view.case.diff
        answers = [("new", self.say("console.accept.new", n=view.facts.doubted))]
        about = self.say("console.accept.about")
        if diff is not None and diff.suggested is not None:
            answers.append(("same", self.say("console.accept.same", new=diff.suggested[0], old=diff.suggested[1])))
            about = f"{suggestion(diff, self.console.desk.say)}. {about}"
        pair = (diff.suggested,) if diff is not None and diff.suggested is not None else ()
        title = self.say("console.accept.title", n=view.facts.doubted, who=view.row.customer)
        self.choose(title, about, answers, lambda answer: self._accept(view.row.id, pair if answer == "same" else ()))

    def _accept(self, connection: str, carry: tuple[tuple[str, str], ...]) -> None:
        operations = self.console.desk.operations

        def done(accepted: Accepted) -> None:
            told = {"n": len(accepted.accounts), "released": accepted.released, "waiting": accepted.waiting}
            text = self.say("renewal.accepted", id=connection, **told)
            if accepted.carried:  # rows of these are set aside and fetched anew: how many go on is not known yet
                on = [self.say("renewal.carried", new=new, old=old) for new, old in accepted.carried]
                text = " ".join([*on, *([text] if accepted.released or accepted.waiting else [])])
            self.done(text, connection)

        self.console.lanes.act(lambda: operations.accept_renewal(connection, carry), done, self.console.not_done)

    def done(self, told: str, connection: str) -> None:
        """Something was written about this connection: say it, read again, and look on."""
        self.console.tell(told, "good")
        self.console.data_changed()
        self.handled(connection)

    # -- the problem ------------------------------------------------------------------------------------------

    @property
    def problem(self) -> ProblemView | None:
        """The connection's open problem, if it has one."""
        raise NotImplementedError

    def why_no_problem(self) -> str | None:
        if (missing := self.why_not_act()) is not None:
            return missing
        return None if self.problem is not None else self.say("console.problem.none")

    def do_snooze(self) -> None:
        """Ask until when the problem shall rest; one that rests can be woken."""
        view, problem = self.subject, self.problem
        assert view is not None and problem is not None
        found = snoozes(view, problem, self.console.now())
        ways = {one.name: one for one in found}
        title = self.say("console.snooze.title", who=view.row.customer)
        options = [(one.name, self.say(f"console.snooze.{one.name}", at=moment(one.until))) for one in found]
        self.choose(
            title, self.say("console.snooze.about"), options, lambda name: self._snooze(view.row.id, ways[name])
        )

    def _snooze(self, connection: str, snooze: Snooze) -> None:
        operations = self.console.desk.operations
        if snooze.name == "wake":
            self._write(lambda: operations.wake(connection), "console.woken", connection, goes_on=False)
        else:
            work = partial(operations.snooze, connection, until=snooze.until, condition=snooze.condition)
            self._write(work, "console.snoozed", connection)

    def do_mute(self) -> None:
        view, problem, operations = self.subject, self.problem, self.console.desk.operations
        assert view is not None and problem is not None
        connection, muted = view.row.id, problem.muted_by is not None
        key, act = ("unmute", operations.unmute) if muted else ("mute", operations.mute)
        do = lambda _: self._write(partial(act, connection), f"console.{key}.done", connection, goes_on=not muted)  # noqa: E731
        title = self.say(f"console.{key}.title", who=view.row.customer)
        self.choose(title, self.say(f"console.{key}.about"), [("yes", self.say(f"console.{key}.do"))], do)

    def do_assign(self) -> None:
        view, problem, desk = self.subject, self.problem, self.console.desk
        assert view is not None and problem is not None
        connection, whose = view.row.id, problem.assigned_to or ""
        options = [("me", self.say("console.assign.me", name=desk.operator))] if whose != desk.operator else []
        options += [("nobody", self.say("console.assign.nobody"))] if whose else []

        def answered(answer: str) -> None:
            to = desk.operator if answer == "me" else ""
            work = partial(desk.operations.assign, connection, to)
            self._write(work, "console.assigned" if to else "console.released", connection, goes_on=False)

        about = self.say("problem.assigned_to", name=whose) if whose else ""
        self.choose(self.say("console.assign.title", who=view.row.customer), about, options, answered)

    def do_note(self) -> None:
        view, operations = self.subject, self.console.desk.operations
        assert view is not None
        connection = view.row.id

        def written(text: str) -> None:
            self._write(partial(operations.note, connection, text), "console.noted", connection, goes_on=False)

        self.write(self.say("console.note.title", who=view.row.customer), self.say("console.note.about"), written)

    def _write(self, work: Callable[[], object], told: str, connection: str, *, goes_on: bool = True) -> None:
        """Have it written, and say so; `goes_on`: the problem has left the queue by it."""

        def done(_: object) -> None:
            self.console.tell(self.say(told), "good")
            self.console.data_changed()
            if goes_on:
                self.handled(connection)

        self.console.lanes.act(work, done, self.console.not_done)

    # -- copying ----------------------------------------------------------------------------------------------

    def do_copy(self) -> None:
        view = self.subject
        assert view is not None
        sentence = explain.sentence(view.assessment, self.console.desk.say, bank=view.row.bank)
        self.console.copy(sentence, self.say("console.copy.sentence"))

    def do_ticket(self) -> None:
        """Ask for whom the ticket is, and copy its text: ids and times, no secrets."""
        view = self.subject
        assert view is not None
        options = [(to, self.say(f"console.ticket.{to}")) for to in TO]
        self.choose(self.say("console.ticket.title"), "", options, lambda to: self._ticket(view, to))

    def _ticket(self, view: ConnectionView, to: str) -> None:
        desk = self.console.desk

        def work() -> str:
            attempts = desk.reader.attempts(view.row.id, IN_TICKET)
            notes = desk.reader.notes(view.row.id, IN_TICKET)
            event, where = desk.reader.last_webhook(view.row.id), desk.settings.environment
            return ticket(view, attempts, notes, desk.say, desk.clock.now(), to=to, environment=where, event=event)

        self.ask_once("ticket", work, lambda text: self.console.copy(text, self.say(f"console.ticket.{to}")))

    # -- going on ---------------------------------------------------------------------------------------------

    def why_not_look(self) -> str | None:
        return self.why_not_act()

    def why_not_copy(self) -> str | None:
        return self.why_not_act()

    def going(self, scope: str) -> tuple[object, ...]:
        return (self.subject.row.id,) if self.subject is not None and scope in (WHY, POSTINGS) else ()

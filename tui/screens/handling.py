"""What can be done about one connection, on every screen that shows one whole: acts, copies, and where to go on."""

from typing import ClassVar

from backend.model.facts import Act
from backend.model.renewals import Accepted
from backend.model.views import ConnectionView, Submitted
from backend.rules import explain
from backend.rules.renewals import suggestion
from tui.screens.base import ConsoleScreen
from tui.screens.panel import Choose

THEN_SYNC = "sync_before_renew"
"""The situation in which a renewal alone is not what the customer waits for."""


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

        def answered(answer: str | None) -> None:
            if answer is not None:
                self._accept(view.row.id, pair if answer == "same" else ())

        self.console.push_screen(Choose(title, about, answers), answered)

    def _accept(self, connection: str, carry: tuple[tuple[str, str], ...]) -> None:
        operations = self.console.desk.operations

        def done(accepted: Accepted) -> None:
            told = {"n": len(accepted.accounts), "released": accepted.released, "waiting": accepted.waiting}
            self.done(self.say("renewal.accepted", id=connection, **told), connection)

        self.console.lanes.act(lambda: operations.accept_renewal(connection, carry), done, self.console.not_done)

    def done(self, told: str, connection: str) -> None:
        """Something was written about this connection: say it, read again, and look on."""
        self.console.tell(told, "good")
        self.console.data_changed()
        self.handled(connection)

    # -- copying ----------------------------------------------------------------------------------------------

    def do_copy(self) -> None:
        view = self.subject
        assert view is not None
        sentence = explain.sentence(view.assessment, self.console.desk.say, bank=view.row.bank)
        self.console.copy(sentence, self.say("console.copy.sentence"))

    # -- going on ---------------------------------------------------------------------------------------------

    def do_why(self) -> None:
        from tui.screens.why import WhyScreen

        assert self.subject is not None
        self.console.push_screen(WhyScreen(self.subject.row.id))

    def do_postings(self) -> None:
        from tui.screens.postings import PostingsScreen

        assert self.subject is not None
        self.console.push_screen(PostingsScreen(self.subject.row.id))

"""What can be done about one connection, on every screen that shows one whole: acts, copies, and where to go on."""

from typing import ClassVar

from backend.model.facts import Act
from backend.model.views import ConnectionView, Submitted
from backend.rules import explain
from tui.screens.base import ConsoleScreen

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

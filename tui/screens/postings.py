"""The live log: postings on their way to bank reconciliation, with their age against the time they are promised for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from backend.model.facts import Posting, PostingState
from backend.model.postings import Decided, Decision, Refusal, refusal
from backend.model.views import PendingTotals, PostingFilter, PostingLine
from tui.actions import CONNECTION, POSTINGS, Action
from tui.cells import Line, Span
from tui.log import KINDS, Log
from tui.screens.moving import Column, ListScreen
from tui.widgets.roster import Window
from tui.wording import POSTING_ROLE, age, held_word, moment, money, number, posting_glyph, until

BATCH = 500
"""Lines of one read. When more than that is new, the log begins anew at the newest and says what it skipped."""


MOVES = frozenset({"up", "down", "page_up", "page_down", "first", "last"})
"""Keys that say whether to follow: at the last line the log does."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One answer of the store: lines oldest first, whether they replace the log, the newest number, the totals."""

    lines: tuple[PostingLine, ...]
    anew: bool
    last_seq: int
    totals: PendingTotals
    at: datetime


class PostingsScreen(ListScreen[PostingLine]):
    """Follows the newest line while the cursor stands on it; scrolling up pauses and counts what came since."""

    scope: ClassVar[str] = POSTINGS
    titles = "console.log"

    def __init__(self, connection: str | None = None, kind: str = "pending") -> None:
        """All postings or one connection's, narrowed to one of `KINDS`."""
        super().__init__()
        self.connection = connection
        self.kind = [name for name, _ in KINDS].index(kind)
        self.log_lines = Log(KINDS[self.kind][1])
        self.following = True
        self.unseen = 0
        self.totals = PendingTotals()
        self._first = True

    def crumb(self, width: int) -> tuple[Line, Line]:
        kind = self.say(f"console.postings.kind.{KINDS[self.kind][0]}")
        left: list[Span] = [(kind, "title")]
        if self.roster.marks:
            left.insert(0, (self.say("console.marked", n=number(len(self.roster.marks))) + "   ", "mark"))
        if self.connection is not None:
            left.append((f" {self.console.glyphs.dot} {self.connection}", "text"))
        else:  # the totals are of the whole fleet
            held, queued = number(self.totals.held), number(self.totals.queued)
            left.append((f"   {self.say('console.postings.totals', queued=queued, held=held)}", "text"))
            if self.totals.late:
                left.append((f"   {self.say('console.postings.late', n=number(self.totals.late))}", "bad"))
        if self.log_lines.dropped:
            left.append((f"   {self.say('console.postings.dropped', n=number(self.log_lines.dropped))}", "dim"))
        return left, [self._state()]

    def _state(self) -> Span:
        if self.following:
            return self.say("console.postings.following") + " ", "good"
        if self.unseen:
            return self.say("console.postings.paused_new", n=number(self.unseen)) + " ", "warn"
        return self.say("console.postings.paused") + " ", "warn"

    # -- painting ---------------------------------------------------------------------------------------------

    def ident(self, row: PostingLine) -> str:
        return row.posting.id

    def empty(self) -> str:
        return self.say(f"console.postings.empty.{KINDS[self.kind][0]}")

    def columns(self, width: int) -> Sequence[Column]:
        """Customer and text share what is left; the account needs a wide screen, age and text one of some width."""
        if width < 66:
            narrow = [Column("state", 12), Column("customer", max(8, width - 43)), Column("amount", 13, right=True)]
            return [*narrow, Column("due", 14)]
        rest = width - 6 - 12 - 13 - 14 - 5
        roomy = rest >= 50
        rest -= 23 if roomy else 0
        customer = min(36, rest // 2) if roomy else max(10, rest // 2)
        text = min(60, rest - customer - 1) if roomy else max(10, rest - customer - 1)
        made = [Column("age", 6, right=True), Column("state", 12), Column("customer", customer)]
        made += [Column("ledger", 22)] if roomy else []
        made += [Column("amount", 13, right=True), Column("text", text)]
        return [*made, Column("due", max(14, width - sum(column.cells + 1 for column in made)))]

    def cells(self, row: PostingLine, width: int) -> Mapping[str, Span]:
        posting, now = row.posting, self.seen_at or self.console.now()
        late = posting.state == PostingState.QUEUED and posting.due_at is not None and posting.due_at <= now
        glyph = posting_glyph(posting.state, self.console.glyphs)
        word = self.say("console.posting.late" if late else f"console.posting.{posting.state.value}")
        role = "bad" if late else POSTING_ROLE[posting.state.value]
        settled = posting.state in (PostingState.ACKNOWLEDGED, PostingState.DROPPED)
        plain = "dim" if settled else "text"
        changed = posting.change is not None and posting.decided_at is None
        return {
            "age": (age(now - posting.fetched_at, self.console.desk.say), plain),
            "state": (f"{glyph} {word}", role),
            "customer": (row.customer, "dim" if settled else "strong"),
            "ledger": (posting.ledger_account or self.say("console.no_ledger_account"), plain),
            "amount": (money(posting.amount), plain),
            "text": (posting.text, plain),
            "due": (self._about(posting, settled, now), "warn" if changed else role),
        }

    def _about(self, posting: Posting, settled: bool, now: datetime) -> str:
        """Why it waits, until when, or what the bank did to it after its delivery."""
        if posting.change is not None and posting.decided_at is None:
            return self.say(f"console.change.{posting.change}")
        if settled:
            return ""
        if posting.reason:
            return held_word(posting.reason, self.console.desk.say)
        return self.say("console.due", at=until(posting.due_at, now)) if posting.due_at is not None else ""

    # -- reading ----------------------------------------------------------------------------------------------

    def read(self) -> None:
        """Read what is new since the last line, or everything anew."""
        reader, clock, log, first = self.console.desk.reader, self.console.desk.clock, self.log_lines, self._first
        after, states, connection = log.last_seq, log.states, self.connection

        def work() -> Reading:
            now = clock.now()
            totals = reader.pending_totals(now)
            if not first:
                lines = reader.postings(PostingFilter(connection=connection, after=after), BATCH)
                if len(lines) < BATCH:
                    last = lines[-1].seq if lines else after
                    return Reading(tuple(lines), False, last, totals, now)
            newest = reader.postings(PostingFilter(connection=connection), 1, newest_first=True)
            last = newest[0].seq if newest else 0
            query = PostingFilter(connection=connection, states=states)
            lines = reader.postings(query, BATCH, newest_first=True)
            return Reading(tuple(reversed(lines)), True, last, totals, now)

        self.ask("postings", work, self._read, pace=self.pace)

    def _read(self, reading: Reading) -> None:
        lost = len(self.log_lines) if reading.anew and not self._first else 0
        if reading.anew:
            self.log_lines = Log(self.log_lines.states)
            self.log_lines.dropped = lost
        new = self.log_lines.take(reading.lines)
        self.log_lines.last_seq = max(self.log_lines.last_seq, reading.last_seq)
        changed = bool(reading.lines) or reading.totals != self.totals or self._first
        self.totals = reading.totals
        if not self.following and not self._first:
            self.unseen += new
        self._first = False
        if changed or self._turned_late(reading.at):
            self.seen_at = reading.at
            self._show()
        self.known = True

    def _turned_late(self, now: datetime) -> bool:
        """Time alone has made a posting late: that is a change worth drawing, a greater age is not."""
        before = self.seen_at
        due = [line.posting.due_at for line in self.roster.on_screen() if line.posting.state == PostingState.QUEUED]
        return before is not None and any(at is not None and before < at <= now for at in due)

    def _show(self) -> None:
        lines = self.log_lines.lines()
        self.roster.afresh()
        self.show(Window(0, lines, len(lines)))
        if self.following:
            self.roster.move_to(len(lines) - 1)

    # -- following --------------------------------------------------------------------------------------------

    def perform(self, action: Action) -> None:
        """At the last line the log follows; anywhere else, and once a line was marked, it stands still."""
        super().perform(action)
        if action.id in MOVES and self.roster.total:
            self.roster.aim()
            at_end = self.roster.cursor >= self.roster.total - 1
            if at_end != self.following:
                self._follow(at_end)

    def _follow(self, on_: bool) -> None:
        self.following = on_
        self.unseen = 0
        self.repaint_bars()

    def do_follow(self) -> None:
        if not self.following:
            self.roster.move_to(self.roster.total - 1)
        self._follow(not self.following)

    def do_mark(self) -> None:
        """Mark the row that was last seen under the cursor: a newer one may have come in the same moment."""
        self._hold()
        super().do_mark()

    def _hold(self) -> None:
        """Follow no further, and have the cursor on the row that the operator saw under it."""
        if self.following:
            self._follow(False)
            self.roster.back_to_painted()

    def do_state(self) -> None:
        self.kind = (self.kind + 1) % len(KINDS)
        self.log_lines = Log(KINDS[self.kind][1])
        self._first, self.following, self.unseen = True, True, 0
        self.roster.set_marks(set())  # a mark on what is not shown would be decided on unseen
        self.pace.want_now()
        self.repaint_bars()

    # -- deciding ---------------------------------------------------------------------------------------------

    def targets(self) -> list[Posting]:
        """What a decision is about: the marked ones, else the one under the cursor."""
        if self.roster.marks:
            return [line.posting for line in self.log_lines.lines() if line.posting.id in self.roster.marks]
        return [self.roster.current.posting] if self.roster.current is not None else []

    def _why_not(self, decision: Decision) -> str | None:
        """The reason that stands against all of them; one that can be decided is enough to ask."""
        self._hold()
        found = [refusal(posting, posting.ledger_account, decision) for posting in self.targets()]
        if not found:
            return self.say("console.why.no_row")
        first = found[0]
        return None if first is None or None in found else self._refused(first)

    def _refused(self, refused: Refusal) -> str:
        return self.say(refused.reason, by=refused.by, at=moment(refused.at))

    def why_not_accept(self) -> str | None:
        return self._why_not(Decision.ACCEPT)

    def why_not_discard(self) -> str | None:
        return self._why_not(Decision.DISCARD)

    def asks_for(self, action: Action) -> tuple[str, int] | None:
        decision = Decision.DISCARD if action.id == "discard_posting" else Decision.ACCEPT
        return f"{decision}_posting", sum(refusal(one, one.ledger_account, decision) is None for one in self.targets())

    def do_accept(self) -> None:
        self._ask(Decision.ACCEPT)

    def do_discard(self) -> None:
        self._ask(Decision.DISCARD)

    def _ask(self, decision: Decision) -> None:
        """Say what will be decided, and about which rows; their ids are frozen here (law 9)."""
        found = [one for one in self.targets() if refusal(one, one.ledger_account, decision) is None]
        first, many = found[0], len(found) > 1
        what = f"{money(first.amount)} {first.currency} {self.console.glyphs.dot} {first.text}"
        title = self.say(f"console.decide.{decision}" + (".many" if many else ""), n=number(len(found)), what=what)
        answers = [("yes", self.say(f"console.decide.{decision}.do", n=number(len(found))))]
        ids, about = tuple(one.id for one in found), self.say(f"console.decide.{decision}.about")
        danger = decision is Decision.DISCARD
        self.choose(title, about, answers, lambda _: self._decide(ids, decision), danger=danger)

    def _decide(self, ids: tuple[str, ...], decision: Decision) -> None:
        operations, console = self.console.desk.operations, self.console

        def done(decided: Decided) -> None:
            if decided.done:
                console.tell(self.say(f"console.decided.{decision}", n=number(len(decided.done))), "good")
            if decided.refused:
                console.tell(self._refused(decided.refused[0]), "warn")
            self.roster.set_marks(self.roster.marks - {posting.id for posting in decided.done})
            console.data_changed()

        console.lanes.act(lambda: operations.decide(ids, decision), done, console.not_done)

    # -- going ------------------------------------------------------------------------------------------------

    def do_open(self) -> None:
        line = self.roster.current
        assert line is not None
        self.go(CONNECTION, line.posting.connection)

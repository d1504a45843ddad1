"""The page about one connection, as lines of roles. Pure: facts in, lines out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from backend.model.facts import Account, Case, Stage
from backend.model.lifetimes import Lifespan
from backend.model.plans import Action
from backend.model.problems import Note
from backend.model.views import ConnectionView, FleetRow, PostingLine, ProblemView
from backend.rules import explain
from backend.rules.lifetimes import counts_for
from backend.rules.renewals import diff_lines, stalled, suggestion
from backend.texts import Say
from tui.cells import Line, Span, fit, width_of, wrap
from tui.palette import Glyphs
from tui.wording import (
    POSTING_ROLE,
    VERDICT_ROLE,
    act_word,
    consent_word,
    day,
    days_left,
    fetch_word,
    held_word,
    ledger_name,
    moment,
    money,
    next_step,
    outcome_role,
    posting_glyph,
    state_word,
    transfer_word,
    until,
    verdict_glyph,
    verdict_word,
    word,
)

WAY = (
    Stage.LINK_MADE,
    Stage.SENT,
    Stage.OPENED,
    Stage.AT_BANK,
    Stage.AUTHORISED,
    Stage.MATCHED,
    Stage.FETCHED,
    Stage.RELEASED,
)
"""The stages of a renewal in their order; where it stands is the remedy."""

TO_HAND_OVER = (Stage.LINK_MADE, Stage.SENT, Stage.OPENED, Stage.AT_BANK)
"""Stages in which the customer may still need the link, by mail or read out by the operator."""

FIVE = (0, 15, 17, 19, 9)
"""Least widths of the help page's five columns; the first takes what is left."""

UNTOLD = frozenset({"case", "link", "status"})
"""Results of an act that other sections tell, and better: a link is shown while the customer can use it."""

TIMES = frozenset({"until", "consent_lives_until"})


@dataclass(frozen=True, slots=True)
class Page:
    """Writes the sections for one width and one moment. `reason` turns a stored reason into words."""

    now: datetime
    say: Say
    reason: Callable[[str], str]
    glyphs: Glyphs
    width: int

    def title(self, key: str) -> list[Line]:
        """A blank line and a section's title."""
        return self.heading(self.say(key))

    def heading(self, title: str) -> list[Line]:
        """The same for a title in words."""
        rest = max(0, self.width - width_of(title) - 1)
        return [[], [(f"{title} ", "accent"), (self.glyphs.rule * rest, "rule")]]

    def wrapped(self, text: str, role: str, indent: int = 2) -> list[Line]:
        """Running text, no wider than is good to read."""
        return [[(" " * indent, role), (part, role)] for part in wrap(text, min(self.width, 110) - indent)]

    # -- why --------------------------------------------------------------------------------------------------

    def head(self, view: ConnectionView) -> list[Line]:
        """Who must act and what to press, and the three axes under it."""
        row = view.row
        verdict = f"{verdict_glyph(row.verdict, self.glyphs)} {verdict_word(row.verdict, self.say)}"
        doubted = view.facts.doubted and not row.running
        step = f"a {self.say('console.action.accept')}" if doubted else next_step(row, self.now, self.say)
        return [[], [(verdict, VERDICT_ROLE[row.verdict]), ("   ", "text"), (step, "title")], *self._axes(row)]

    def verdict(self, view: ConnectionView, usual: Lifespan | None = None) -> list[Line]:
        """Who must act, what to press, why, and what to tell the customer."""
        reasons = self.dotted(explain.explain(view.assessment, self.say))
        return [*self.head(view), *self._usually(view.row, usual), *reasons, *self.told(view)]

    def _usually(self, row: FleetRow, usual: Lifespan | None) -> list[Line]:
        """When the bank's consents really die, where it gave no date or its dates have proved wrong (law 12)."""
        told = counts_for(usual, row.expires_at)
        if told is None or row.consent not in ("valid", "expiring"):
            return []
        return [[("  ", "text"), (self.say("console.usually_dies", day=told.day, n=told.cases), "warn")]]

    def _axes(self, row: FleetRow) -> list[Line]:
        left = days_left(row.expires_at, self.now)
        expires = ""
        if left is not None:
            key = "console.expires" if left >= 0 else "console.expired"
            expires = f" ({self.say(key, day=moment(row.expires_at), n=abs(left))})"
        parts = (
            (self.say("console.column.consent"), consent_word(row.consent, self.say) + expires),
            (self.say("console.column.fetch"), fetch_word(row.fetch, self.say)),
            (self.say("console.column.transfer"), transfer_word(row.transfer, self.say)),
        )
        lines, left = list[list[Span]](), 0
        for title, value in parts:
            cells = width_of(f"{title} {value}")
            if not lines or cells > left:
                lines, left = [*lines, [("  ", "text")]], self.width - 2
            lines[-1] += [(f"{title} ", "dim"), (f"{value}   ", "text")]
            left -= cells + 3
        return list(lines)

    def dotted(self, texts: Sequence[str]) -> list[Line]:
        """A list of running texts, each with a dot before it."""
        lines: list[Line] = []
        for text in texts:
            first, *rest = wrap(text, min(self.width, 110) - 4)
            lines.append([(f"  {self.glyphs.dot} ", "dim"), (first, "text")])
            lines += [[("    ", "text"), (part, "text")] for part in rest]
        return lines

    def told(self, view: ConnectionView) -> list[Line]:
        """The sentence to read out."""
        text = explain.sentence(view.assessment, self.say, bank=view.row.bank)
        return [[], [("  ", "dim"), (self.say("console.connection.tell"), "dim")], *self.wrapped(text, "strong", 4)]

    # -- notes ------------------------------------------------------------------------------------------------

    def rests(self, problem: ProblemView) -> list[str]:
        """Whose a problem is, and why it is not in the queue."""
        told = [self.say("problem.assigned_to", name=problem.assigned_to)] if problem.assigned_to else []
        if problem.muted_by:
            told.append(self.say("problem.muted_by", name=problem.muted_by))
        if problem.snoozed_for:
            told.append(self.say(f"problem.when.{problem.snoozed_for}"))
        elif problem.snoozed_until is not None:
            told.append(self.say("problem.snoozed_until", at=moment(problem.snoozed_until)))
        return told

    def notes(self, notes: Sequence[Note]) -> list[Line]:
        """What operators wrote, newest first; nothing when nobody did."""
        lines = self.title("console.section.notes") if notes else []
        for note in notes:
            told = self.say("console.note.line", at=moment(note.at), by=note.operator, text=note.text)
            lines += self.wrapped(told, "text")
        return lines

    # -- accounts ---------------------------------------------------------------------------------------------

    def accounts(self, view: ConnectionView) -> list[Line]:
        """The help page's five columns, and under each account its number and balance."""
        first = max(12, self.width - sum(FIVE) - (len(FIVE) - 1) - 2)
        widths = (min(first, 44), *FIVE[1:])
        titles = ("account", "data_from", "last_fetched", "ledger", "status")
        head: list[Span] = [("  ", "head")]
        for title, width in zip(titles, widths, strict=True):
            head += [(fit(self.say(f"console.account.{title}"), width), "head"), (" ", "head")]
        lines = [*self.title("console.section.accounts"), head[:-1]]
        for account in view.accounts:
            lines += self._account(account, view.row, widths)
        if not view.accounts:
            lines.append([("  ", "text"), (self.say("console.account.none"), "dim")])
        return lines

    def _account(self, account: Account, row: FleetRow, widths: Sequence[int]) -> list[Line]:
        number = account.iban or account.bban or account.provider_account_id
        active = row.status == "AKTIV" and not account.orphaned
        mapped = "text" if account.ledger_account else "warn"
        cells: tuple[Span, ...] = (
            (account.name or number, "strong"),
            (day(row.data_from), "text"),
            (moment(account.last_fetched or row.last_fetched), "text"),
            (ledger_name(account, self.say), mapped),
            ("AKTIV" if active else "(INAKTIV)", "good" if active else "warn"),
        )
        line: list[Span] = [("  ", "text")]
        for (text, role), width in zip(cells, widths, strict=True):
            line += [(fit(text, width), role), (" ", "text")]
        parts = [number, account.owner, account.kind]
        if account.booked_balance is not None:
            parts.append(f"{money(account.booked_balance)} {account.currency}")
        if account.orphaned:
            parts.append(self.say("console.account.orphaned"))
        under = f" {self.glyphs.dot} ".join(part for part in parts if part)
        return [line[:-1], [("    ", "dim"), (under, "dim")]]

    # -- renewal and acts -------------------------------------------------------------------------------------

    def case(self, case: Case) -> list[Line]:
        """How far the newest renewal (or new connection) has come, and since when."""
        lines = self.title(f"console.section.case.{case.kind.value}")
        role = "text" if case.stage.open else "good" if case.stage == Stage.RELEASED else "warn"
        line: Line = [("  ", "text"), (self.say(f"console.stage.{case.stage.value}"), role)]
        since: list[Span] = [("  ", "dim"), (self.say("console.case.begun", at=moment(case.created_at)), "dim")]
        if case.sent_at is not None:
            since.append((f"   {self.say('console.case.sent', at=moment(case.sent_at), to=case.email)}", "dim"))
        lines += [line, since]
        if case.stage in WAY:
            lines.append(self._way(case.stage))
        if case.note:
            lines += self.wrapped(self.reason(case.note), "warn")
        if (hangs := stalled(case, self.now)) is not None:
            lines += self.wrapped(self.say(hangs), "warn")
        if case.diff is not None:
            lines += self.dotted(diff_lines(case.diff, self.say))
        lines += self._acceptance(case)
        if case.stage in TO_HAND_OVER:
            lines += [[("  ", "dim"), (self.say("console.case.link"), "dim")], *self.wrapped(case.link, "text", 4)]
        return lines

    def _acceptance(self, case: Case) -> list[Line]:
        """What is still in doubt and how to accept it, or who did."""
        if case.accepted_at is not None:
            told = self.say("console.case.accepted", at=moment(case.accepted_at), by=case.accepted_by)
            return [[("  ", "text"), (told, "good")]]
        if case.diff is None or not case.diff.doubted:
            return []
        lines = self.wrapped(suggestion(case.diff, self.say), "warn") if case.diff.suggested else []
        return [*lines, [("  ", "text"), ("a", "accent"), (f" {self.say('console.action.accept')}", "title")]]

    def _way(self, stage: Stage) -> Line:
        here = WAY.index(stage)
        line: list[Span] = [("  ", "text")]
        for place, step in enumerate(WAY):
            if place:
                line.append((f" {self.glyphs.arrow} ", "rule"))
            role = "good" if place < here else "title" if place == here else "dim"
            line.append((self.say(f"console.stage.{step.value}.short"), role))
        return line

    def acts(self, actions: Sequence[Action]) -> list[Line]:
        """What operators have done here, newest first."""
        if not actions:
            return []
        lines = self.title("console.section.acts")
        for action in actions:
            reason = f"  {self.reason(action.reason)}" if action.reason else ""
            line: list[Span] = [
                ("  ", "text"),
                (f"{moment(action.created_at)}  ", "dim"),
                (fit(act_word(action.act, self.say), 15), "text"),
                (fit(state_word(action.state, self.say), 22), outcome_role(action.state)),
                (fit(action.operator, 12), "dim"),
                (reason, "warn"),
            ]
            lines.append(line)
            for name, value in sorted(action.result.items()):
                if value and name not in UNTOLD:
                    told = self._time(value) if name in TIMES else value
                    lines += self.wrapped(f"{word('console.result', name, self.say)}: {told}", "dim", 6)
        return lines

    def _time(self, value: str) -> str:
        return self.say("console.state.unknown") if value == "unknown" else moment(datetime.fromisoformat(value))

    # -- postings ---------------------------------------------------------------------------------------------

    def postings(self, lines: Sequence[PostingLine]) -> list[Line]:
        """The newest postings and where each is."""
        made = self.title("console.section.postings")
        if not lines:
            return [*made, [("  ", "text"), (self.say("console.postings.none"), "dim")]]
        for line in lines:
            posting = line.posting
            late = posting.state == "queued" and posting.due_at is not None and posting.due_at <= self.now
            state = f"{posting_glyph(posting.state, self.glyphs)} {self.say(f'console.posting.{posting.state.value}')}"
            detail = held_word(posting.reason, self.say) if posting.reason else ""
            if not detail and posting.state == "queued" and posting.due_at:
                detail = self.say("console.due", at=until(posting.due_at, self.now))
            text_width = max(10, min(44, self.width - 62))
            made.append(
                [
                    ("  ", "text"),
                    (f"{day(posting.date)}  ", "text"),
                    (fit(money(posting.amount), 13, right=True), "strong"),
                    (f" {fit(posting.currency, 4)} ", "dim"),
                    (fit(posting.text, text_width), "text"),
                    ("  ", "text"),
                    (fit(state, 13), "bad" if late else POSTING_ROLE[posting.state.value]),
                    (f" {detail}", "bad" if late else "dim"),
                ]
            )
        return made

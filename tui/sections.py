"""The page about one connection, as lines of roles. Pure: facts in, lines out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from backend.model.facts import Account, Action, ActionState, Attempt, Case, Stage
from backend.model.health import Assessment
from backend.model.lifetimes import Lifespan
from backend.model.views import ConnectionView, FleetRow, PostingLine
from backend.rules import explain
from backend.rules.lifetimes import counts_for
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
    posting_glyph,
    short_moment,
    state_word,
    transfer_word,
    until,
    verdict_glyph,
    verdict_word,
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

STATE_ROLE = {
    ActionState.DONE: "good",
    ActionState.FAILED: "bad",
    ActionState.REFUSED: "bad",
    ActionState.UNKNOWN: "warn",
}


@dataclass(frozen=True, slots=True)
class Page:
    """Writes the sections for one width and one moment. `reason` turns a stored reason into words."""

    now: datetime
    say: Say
    reason: Callable[[str], str]
    glyphs: Glyphs
    width: int

    def whole(
        self,
        view: ConnectionView,
        attempts: Sequence[Attempt],
        postings: Sequence[PostingLine],
        usual: Lifespan | None = None,
    ) -> list[Line]:
        """Everything, the verdict first. `usual` is what the fleet has learnt of the bank's consents."""
        lines = [*self.verdict(view, usual), *self.accounts(view)]
        if view.case is not None:
            lines += self.case(view.case)
        lines += [*self.acts(view.actions), *self.postings(postings), *self.attempts(attempts)]
        return lines

    def _title(self, key: str) -> list[Line]:
        title = self.say(key)
        rest = max(0, self.width - width_of(title) - 1)
        return [[], [(f"{title} ", "accent"), (self.glyphs.rule * rest, "rule")]]

    def _wrapped(self, text: str, role: str, indent: int = 2) -> list[Line]:
        return [[(" " * indent, role), (part, role)] for part in wrap(text, min(self.width, 110) - indent)]

    # -- why --------------------------------------------------------------------------------------------------

    def verdict(self, view: ConnectionView, usual: Lifespan | None = None) -> list[Line]:
        """Who must act, what to press, why, and what to tell the customer."""
        row, found = view.row, view.assessment
        role = VERDICT_ROLE[row.verdict]
        head: list[Span] = [
            (f"{verdict_glyph(row.verdict, self.glyphs)} {verdict_word(row.verdict, self.say)}", role),
            ("   ", "text"),
            (next_step(row, self.now, self.say), "title"),
        ]
        lines = [[], head, self._axes(row), *self._usually(row, usual), *self._reasons(found)]
        return [*lines, *self._sentence(found, row.bank)]

    def _usually(self, row: FleetRow, usual: Lifespan | None) -> list[Line]:
        """When the bank's consents really die, where it gave no date or its dates have proved wrong (law 12)."""
        told = counts_for(usual, row.expires_at)
        if told is None or row.consent not in ("valid", "expiring"):
            return []
        return [[("  ", "text"), (self.say("console.usually_dies", day=told.day, n=told.cases), "warn")]]

    def _axes(self, row: FleetRow) -> Line:
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
        line: list[Span] = [("  ", "text")]
        for title, value in parts:
            line += [(f"{title} ", "dim"), (f"{value}   ", "text")]
        return line

    def _reasons(self, found: Assessment) -> list[Line]:
        lines: list[Line] = []
        for text in explain.explain(found, self.say):
            first, *rest = wrap(text, min(self.width, 110) - 4)
            lines.append([(f"  {self.glyphs.dot} ", "dim"), (first, "text")])
            lines += [[("    ", "text"), (part, "text")] for part in rest]
        return lines

    def _sentence(self, found: Assessment, bank: str) -> list[Line]:
        text = explain.sentence(found, self.say, bank=bank)
        return [[], [("  ", "dim"), (self.say("console.connection.tell"), "dim")], *self._wrapped(text, "strong", 4)]

    # -- accounts ---------------------------------------------------------------------------------------------

    def accounts(self, view: ConnectionView) -> list[Line]:
        """The help page's five columns, and under each account its number and balance."""
        first = max(12, self.width - sum(FIVE) - (len(FIVE) - 1) - 2)
        widths = (min(first, 44), *FIVE[1:])
        titles = ("account", "data_from", "last_fetched", "ledger", "status")
        head: list[Span] = [("  ", "head")]
        for title, width in zip(titles, widths, strict=True):
            head += [(fit(self.say(f"console.account.{title}"), width), "head"), (" ", "head")]
        lines = [*self._title("console.section.accounts"), head[:-1]]
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
        lines = self._title(f"console.section.case.{case.kind.value}")
        role = "text" if case.stage.open else "good" if case.stage == Stage.RELEASED else "warn"
        line: Line = [("  ", "text"), (self.say(f"console.stage.{case.stage.value}"), role)]
        since: list[Span] = [("  ", "dim"), (self.say("console.case.begun", at=moment(case.created_at)), "dim")]
        if case.sent_at is not None:
            since.append((f"   {self.say('console.case.sent', at=moment(case.sent_at), to=case.email)}", "dim"))
        lines += [line, since]
        if case.stage in WAY:
            lines.append(self._way(case.stage))
        if case.note:
            lines += self._wrapped(self.reason(case.note), "warn")
        if case.stage in TO_HAND_OVER:
            lines += [[("  ", "dim"), (self.say("console.case.link"), "dim")], *self._wrapped(case.link, "text", 4)]
        return lines

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
        lines = self._title("console.section.acts")
        for action in actions:
            reason = f"  {self.reason(action.reason)}" if action.reason else ""
            line: list[Span] = [
                ("  ", "text"),
                (f"{moment(action.created_at)}  ", "dim"),
                (fit(act_word(action.act, self.say), 15), "text"),
                (fit(state_word(action.state, self.say), 18), STATE_ROLE.get(action.state, "text")),
                (fit(action.operator, 12), "dim"),
                (reason, "warn"),
            ]
            lines.append(line)
            for name, value in sorted(action.result.items()):
                if value:
                    lines += self._wrapped(f"{name}: {value}", "dim", 6)
        return lines

    # -- postings and attempts --------------------------------------------------------------------------------

    def postings(self, lines: Sequence[PostingLine]) -> list[Line]:
        """The newest postings and where each is."""
        made = self._title("console.section.postings")
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

    def attempts(self, attempts: Sequence[Attempt]) -> list[Line]:
        """The newest calls to the outside, with what a ticket to the provider needs."""
        made = self._title("console.section.attempts")
        if not attempts:
            return [*made, [("  ", "text"), (self.say("console.attempts.none"), "dim")]]
        for attempt in attempts:
            made += self._attempt(attempt)
        return made

    def _attempt(self, attempt: Attempt) -> list[Line]:
        fine = attempt.outcome == "ok"
        took = int((attempt.ended_at - attempt.started_at).total_seconds() * 1000)
        sign = self.glyphs.fine if fine else self.glyphs.rejected
        words = self.say("console.attempt.ok") if fine else self.reason(attempt.outcome)
        line: Line = [
            ("  ", "text"),
            (fit(short_moment(attempt.started_at, self.now), 9), "dim"),
            (fit(attempt.operation, 14), "text"),
            (fit(f"{sign} {words}", 34), "good" if fine else "warn"),
            (fit(str(attempt.http_status or "–"), 4), "text"),
            (fit(f"{took} ms", 9, right=True), "dim"),
        ]
        if fine:
            return [line]
        ticket = [attempt.detail, attempt.correlation_id or "", attempt.request_id or ""]
        return [line, *self._wrapped(f" {self.glyphs.dot} ".join(part for part in ticket if part), "dim", 11)]

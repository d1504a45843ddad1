"""The pages about one problem and about why, as lines of roles. Pure: facts in, lines out."""

from collections.abc import Sequence

from backend.model.facts import Act, Attempt
from backend.model.problems import Note
from backend.model.views import ConnectionView, ProblemView
from backend.rules import explain
from tui.cells import Line, Span, width_of
from tui.sections import Page
from tui.timeline import attempt_lines
from tui.wording import VERDICT_ROLE, age, moment, next_step, number, verdict_glyph, verdict_word, word

TO_LOOK_AT = {
    "suspected_duplicates": "held",
    "rows_rejected": "rejected",
    "row_changed": "acknowledged",
    "transfer_late": "queued",
}
"""Situations whose next step is to look at the connection's postings, and which of them."""

REASONS = 4
"""Links of the chain that a problem's page shows; all of them stand on the page that says why."""


def primary(view: ConnectionView, page: Page) -> tuple[str, str]:
    """The one key to press and what it does; no key when there is nothing to press, and then what is waited for."""
    row, step = view.row, next_step(view.row, page.now, page.say)
    if row.running:
        return "", step
    if view.facts.doubted:
        return "a", page.say("console.action.accept")
    if row.action and not (row.wait_until is not None and row.wait_until > page.now):
        key, _, words = step.partition(" ")
        return ("Enter" if row.action == Act.CONNECT else key), words
    return ("p" if row.situation in TO_LOOK_AT else ""), step


def problem_lines(
    page: Page, problem: ProblemView, view: ConnectionView | None, over: str, note: Note | None
) -> list[Line]:
    """One problem on one screen. `over` says that it is none any more; `view` is None while it is being read."""
    verdict = view.row.verdict if view is not None else problem.verdict
    dot = page.glyphs.dot
    head: list[Span] = [
        (f" {verdict_glyph(verdict, page.glyphs)} {verdict_word(verdict, page.say)} ", VERDICT_ROLE[verdict]),
        ("  ", "text"),
        (problem.customer, "title"),
    ]
    where = (problem.bank, f"{page.say('console.agreement')} {problem.agreement_number}", problem.connection)
    lines: list[Line] = [head, [(f"   {f' {dot} '.join(part for part in where if part)}", "dim")], []]
    lines += page.wrapped(word("situation", problem.cause, page.say), "strong", 3)
    lines.append([(f"   {_history(page, problem)}", "dim")])
    if note is not None:
        told = page.say("console.note.line", at=moment(note.at), by=note.operator, text=note.text)
        lines += page.wrapped(told, "info", 3)
    if over:
        return [*lines, [], *page.wrapped(over, "good", 3)]
    if view is None:
        return [*lines, [], [(f"   {page.say('console.reading')}", "dim")]]
    return [*lines, [], *_button(page, view), [], *_reasons(page, view), *page.told(view)]


def _history(page: Page, problem: ProblemView) -> str:
    """Since when, and how often it came."""
    told = [page.say("console.triage.since", at=moment(problem.since), age=age(page.now - problem.since, page.say))]
    if problem.times > 1:
        told.append(page.say("console.triage.times", n=number(problem.times), at=moment(problem.last_at)))
    return f" {page.glyphs.dot} ".join([*told, *page.rests(problem)])


def _button(page: Page, view: ConnectionView) -> list[Line]:
    """The primary key, so large that it is found without reading."""
    key, text = primary(view, page)
    if not key:
        return [[("   ", "text"), (f"  {text}  ", "panel_strong")]]
    words = f"  {key}   {text}  "
    room = " " * width_of(words)
    return [[("   ", "text"), (line, "button_on")] for line in (room, words, room)]


def _reasons(page: Page, view: ConnectionView) -> list[Line]:
    told = explain.explain(view.assessment, page.say)
    lines = page.dotted(told[:REASONS])
    if len(told) > REASONS:
        lines.append([(f"    {page.say('console.triage.more_reasons', n=len(told) - REASONS)}", "dim")])
    return lines


def why(page: Page, view: ConnectionView, attempts: Sequence[Attempt]) -> list[Line]:
    """The whole chain with times and sources, then the newest attempt and what was answered, word by word."""
    row, found = view.row, view.assessment
    lines: list[Line] = [*page.head(view), []]
    lines += page.dotted(explain.explain(found, page.say))
    if row.situation:
        lines += [[], [("  ", "text"), (page.say("console.why.situation", id=row.situation), "dim")]]
    if found.next_change_at is not None:
        lines.append([("  ", "text"), (page.say("console.why.next_change", at=moment(found.next_change_at)), "dim")])
    lines += page.title("console.why.answer")
    if not attempts:
        return [*lines, [("  ", "text"), (page.say("console.attempts.none"), "dim")]]
    newest = next((attempt for attempt in attempts if attempt.answer), attempts[0])
    lines += attempt_lines(page, newest)
    if not newest.answer:
        return [*lines, [("  ", "text"), (page.say("console.why.no_answer"), "dim")]]
    return [*lines, [], *(line for text in newest.answer.split("\n") for line in page.wrapped(text, "text"))]

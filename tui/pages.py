"""The pages about one problem and about why, as lines of roles. Pure: facts in, lines out."""

from collections.abc import Sequence

from backend.model.facts import Attempt
from backend.model.views import ConnectionView, ProblemView
from backend.rules import explain
from tui.cells import Line, Span, width_of
from tui.sections import Page
from tui.timeline import attempt_lines
from tui.wording import VERDICT_ROLE, age, moment, next_step, number, verdict_glyph, verdict_word, word

KEYS = {"renew": "r", "sync": "s", "remove": "x", "connect": "Enter"}
"""The key of each act on the screen of one problem."""

REASONS = 4
"""Links of the chain that a problem's page shows; all of them stand on the page that says why."""


def primary(view: ConnectionView, page: Page) -> tuple[str, str]:
    """The one key to press and what it does; no key when there is nothing to press, and then what is the matter."""
    row = view.row
    waits = row.wait_until is not None and row.wait_until > page.now
    if view.facts.doubted and not row.running:
        return "a", page.say("console.action.accept")
    if row.action and not row.running and not waits:
        return KEYS[row.action], page.say(f"console.triage.do.{row.action}")
    return "", next_step(row, page.now, page.say)


def problem_lines(page: Page, problem: ProblemView, view: ConnectionView | None, over: str) -> list[Line]:
    """One problem on one screen. `over` says that it is none any more; `view` is None while it is being read."""
    verdict = view.row.verdict if view is not None else problem.verdict
    dot = page.glyphs.dot
    head: list[Span] = [
        (f" {verdict_glyph(verdict, page.glyphs)} {verdict_word(verdict, page.say)} ", VERDICT_ROLE[verdict]),
        ("  ", "text"),
        (problem.customer, "title"),
    ]
    where = (problem.bank, f"{page.say('console.agreement')} {problem.agreement_number}", problem.connection)
    lines: list[Line] = [[], head, [(f"   {f' {dot} '.join(part for part in where if part)}", "dim")], []]
    lines += page.wrapped(word("situation", problem.cause, page.say), "strong", 3)
    lines.append([(f"   {_history(page, problem)}", "dim")])
    if over:
        return [*lines, [], *page.wrapped(over, "good", 3)]
    if view is None:
        return [*lines, [], [(f"   {page.say('console.reading')}", "dim")]]
    return [*lines, [], *_button(page, view), [], *_reasons(page, view), *page.told(view)]


def _history(page: Page, problem: ProblemView) -> str:
    """Since when, and how often it came."""
    since = page.say("console.triage.since", at=moment(problem.since), age=age(page.now - problem.since, page.say))
    if problem.times < 2:
        return since
    times = page.say("console.triage.times", n=number(problem.times), at=moment(problem.last_at))
    return f"{since} {page.glyphs.dot} {times}"


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
    return [*lines, *attempt_lines(page, attempts[0])]

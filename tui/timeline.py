"""Attempts as a timeline: one strip of signs under a scale of ages, then a line for each with what a ticket needs."""

from collections.abc import Sequence

from backend.model.facts import Attempt, Event
from backend.model.reminders import Reminder, span
from backend.rules.danish import local
from tui.cells import Line, Span, fit, width_of
from tui.sections import Page
from tui.wording import age, day, moment

STEP = 2
"""Cells of one attempt in the strip."""

CAME = {"ok": "good", "ok_empty": "good", "partial": "warn"}
"""Outcomes that brought what there was; every other one is a failure."""

ROOM = 12
"""Cells beside the strip: its indent, and the newest age, which stands over the last sign and goes on to its right."""


def sign(attempt: Attempt, page: Page) -> Span:
    """The attempt's outcome as one sign, which says it without its colour."""
    glyphs, role = page.glyphs, CAME.get(attempt.outcome, "bad")
    return {"good": glyphs.fine, "warn": glyphs.held}.get(role, glyphs.rejected), role


def strip(page: Page, attempts: Sequence[Attempt]) -> list[Line]:
    """The newest attempts from left to right, the oldest first; above them how long ago, where there is room."""
    shown = list(reversed(attempts[: max(1, (page.width - ROOM) // STEP)]))
    scale, free = "", len(shown) * STEP
    for place in range(len(shown) - 1, -1, -1):
        label = age(page.now - shown[place].started_at, page.say)
        at = place * STEP
        if at + width_of(label) + 1 <= free or place == len(shown) - 1:
            scale = label + " " * max(0, free - at - width_of(label)) + scale
            free = at
    signs: list[Span] = [("  ", "text")]
    for attempt in shown:
        glyph, role = sign(attempt, page)
        signs.append((f"{glyph} ", role))
    return [[(" " * (2 + free) + scale, "dim")], signs]


def attempts_section(page: Page, attempts: Sequence[Attempt]) -> list[Line]:
    """The newest calls to the outside: the strip, then one by one, newest first."""
    made = page.title("console.section.attempts")
    if not attempts:
        return [*made, [("  ", "text"), (page.say("console.attempts.none"), "dim")]]
    made += strip(page, attempts)
    for attempt in attempts:
        made += attempt_lines(page, attempt)
    return made


def reminders_section(page: Page, reminders: Sequence[Reminder]) -> list[Line]:
    """The mails before expiry, newest first; nothing when none was due yet."""
    if not reminders:
        return []
    lines = page.title("console.section.reminders")
    for one in reminders:
        role = {"sent": "good", "failed": "bad", "unknown": "warn"}.get(one.state, "dim")
        about = page.say("console.reminder.before", span=span(one.step), day=day(local(one.expires_at).date()))
        lines.append(
            [
                ("  ", "text"),
                (f"{moment(one.created_at)}  ", "dim"),
                (fit(page.say(f"reminder.state.{one.state}"), 24), role),
                (f"{about}  ", "text"),
                (_reason(page, one.reason) if one.reason else one.mail_to, "dim"),
            ]
        )
    return lines


def _reason(page: Page, reason: str) -> str:
    """Why a reminder was not sent: a word of its own, or what the mail server answered."""
    try:
        return page.say(f"reminder.reason.{reason}")
    except KeyError:
        return page.reason(reason)


def events_section(page: Page, events: Sequence[Event]) -> list[Line]:
    """What stands in the audit log about this connection, newest first."""
    if not events:
        return []
    lines = page.title("console.section.events")
    for event in events:
        data = ", ".join(f"{name} {value}" for name, value in event.data.items() if value not in (None, ""))
        lines.append(
            [
                ("  ", "text"),
                (f"{moment(event.at)}  ", "dim"),
                (fit(event.kind, 18), "text"),
                (fit(event.operator, 10), "dim"),
                (f" {data}", "dim"),
            ]
        )
    return lines


def attempt_lines(page: Page, attempt: Attempt) -> list[Line]:
    """One attempt: when, what, its outcome, status, duration; under a failure what a ticket needs."""
    glyph, role = sign(attempt, page)
    took = int((attempt.ended_at - attempt.started_at).total_seconds() * 1000)
    words = page.say("console.attempt.ok") if attempt.outcome == "ok" else page.reason(attempt.outcome)
    outcome = max(18, min(44, page.width - 2 - 13 - 15 - 5 - 10))
    line: Line = [
        ("  ", "text"),
        (fit(f"{local(attempt.started_at):%d.%m. %H:%M}", 13), "dim"),
        (f"{fit(attempt.operation, 14)} ", "text"),
        (fit(f"{glyph} {words}", outcome), role),
        (fit(str(attempt.http_status or "–"), 5, right=True), "text"),
        (fit(f"{took} ms", 10, right=True), "dim"),
    ]
    ids = (attempt.correlation_id, attempt.request_id)
    ticket = [part for part in (attempt.detail, *ids) if part] if role != "good" else []
    if not ticket:
        return [line]
    return [line, *page.wrapped(f" {page.glyphs.dot} ".join(ticket), "dim", 15)]

"""How values are written on screen: Danish dates and money, short words for the axes, glyphs for verdicts."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from backend.config import Settings
from backend.model.facts import Account, Act, Consent, Fetch, PostingState, Status, Transfer, Verdict
from backend.model.health import Assessment
from backend.model.plans import OUTCOMES, ActionState, PlanState, PlanView
from backend.model.text import clean
from backend.model.views import FleetRow, LastAct
from backend.rules import explain
from backend.rules.danish import local
from backend.texts import Say
from tui.actions import key_of
from tui.cells import width_of

if TYPE_CHECKING:
    from tui.palette import Glyphs

VERDICT_ROLE = {"fine": "good", "customer": "warn", "operator": "bad", "incident": "bad", "wait": "info"}
POSTING_ROLE = {"held": "warn", "queued": "info", "acknowledged": "good", "rejected": "bad", "dropped": "dim"}
CONSENT_ROLE = {
    "valid": "text",
    "expiring": "warn",
    "awaiting_customer": "info",
    "none": "dim",
    "removed": "dim",
}
"""Consents that are not named here are broken, and look so."""


def environment(settings: Settings, say: Say) -> str:
    """In which environment one works, in capitals; production always says so, whatever it is called."""
    word = settings.environment.upper()
    if not settings.production:
        return word
    production = say("console.environment.production")
    return production if word in ("PRODUCTION", production) else f"{production}: {word}"


def moment(at: datetime | None) -> str:
    """`12.04.22, 09:58`, as the product writes it."""
    return f"{local(at):%d.%m.%y, %H:%M}" if at else "–"


def clock_time(at: datetime) -> str:
    """`09:58:12`."""
    return f"{local(at):%H:%M:%S}"


def day(value: date | None) -> str:
    """`10.08.17`."""
    return f"{value:%d.%m.%y}" if value else "–"


def consent_until(ends: datetime | None, now: datetime, say: Say) -> str:
    """Until when the bank's consent outlives a removal, or when it ended (law 8); empty when nobody knows."""
    key = "console.question.lives" if ends is None or ends > now else "console.question.lapsed"
    return say(key, day=day(local(ends))) if ends is not None else ""


def short_moment(at: datetime | None, now: datetime) -> str:
    """`09:58` today, else `12.04.22`: eight cells at most."""
    if at is None:
        return "–"
    here = local(at)
    return f"{here:%H:%M}" if here.date() == local(now).date() else f"{here:%d.%m.%y}"


def until(at: datetime, now: datetime) -> str:
    """`14:30` today, `14.02.` later, `14.02.28` in another year."""
    here, today = local(at), local(now)
    if here.date() == today.date():
        return f"{here:%H:%M}"
    return f"{here:%d.%m.}" if here.year == today.year else f"{here:%d.%m.%y}"


def days_left(expires: datetime | None, now: datetime) -> int | None:
    """Calendar days in Danish time (`facts/reliability.md` F8); negative when it is past."""
    return (local(expires).date() - local(now).date()).days if expires else None


def money(amount: Decimal) -> str:
    """`184.233,15`; no digit that the bank wrote is lost."""
    exponent = amount.as_tuple().exponent
    places = max(2, -exponent) if isinstance(exponent, int) else 2
    return f"{amount:,.{places}f}".translate(str.maketrans(",.", ".,"))


def number(value: int) -> str:
    """`12.345`."""
    return f"{value:,}".replace(",", ".")


def age(past: timedelta, say: Say) -> str:
    """One unit is enough: `12 min`, `5 t`, `3 d`."""
    minutes = max(0, int(past.total_seconds() // 60))
    if minutes < 60:
        return say("console.age.minutes", n=minutes)
    if minutes < 48 * 60:
        return say("console.age.hours", n=minutes // 60)
    return say("console.age.days", n=minutes // 1440)


def verdict_glyph(verdict: str, glyphs: "Glyphs") -> str:
    """The sign of who must act."""
    return str(getattr(glyphs, verdict))


def posting_glyph(state: PostingState, glyphs: "Glyphs") -> str:
    """The sign of where a posting is."""
    return str(getattr(glyphs, state.value))


def word(kind: str, value: str, say: Say) -> str:
    """The word for a value of one kind (`console.consent`, …); what has no word is shown as it is."""
    try:
        return say(f"{kind}.{value}")
    except KeyError:
        return clean(value, 40)


def verdict_word(verdict: str, say: Say) -> str:
    return word("console.verdict", verdict, say)


def consent_word(consent: str, say: Say) -> str:
    return word("console.consent", consent, say)


def fetch_word(fetch: str, say: Say) -> str:
    return word("console.fetch", fetch, say)


def transfer_word(transfer: str, say: Say) -> str:
    return word("console.transfer", transfer, say)


def act_word(act: Act | str, say: Say) -> str:
    """`forny`."""
    return word("console.act", str(act), say)


def state_word(state: ActionState, say: Say) -> str:
    return word("console.state", state.value, say)


OUTCOME_ROLE = {
    ActionState.DONE: "good",
    ActionState.FAILED: "bad",
    ActionState.REFUSED: "bad",
    ActionState.UNKNOWN: "warn",
    ActionState.AWAITING_CUSTOMER: "info",
    ActionState.SENT: "info",
}
_OUTCOME_GLYPH = {
    ActionState.DONE: "fine",
    ActionState.FAILED: "rejected",
    ActionState.REFUSED: "rejected",
    ActionState.UNKNOWN: "unknown",
    ActionState.AWAITING_CUSTOMER: "customer",
    ActionState.SENT: "arrow",
    ActionState.WAITING: "held",
    ActionState.CANCELLED: "dropped",
    ActionState.PLANNED: "dropped",
}
_PLAN_LOOK = {
    PlanState.DRAFT: ("dropped", "dim"),
    PlanState.APPROVAL: ("customer", "warn"),
    PlanState.RUNNING: ("arrow", "info"),
    PlanState.PAUSED: ("held", "warn"),
    PlanState.ENDED: ("fine", "text"),
    PlanState.CANCELLED: ("rejected", "dim"),
}


def outcome_role(state: ActionState) -> str:
    return OUTCOME_ROLE.get(state, "text")


def outcome_glyph(state: ActionState, glyphs: "Glyphs") -> str:
    """The sign of what became of an act."""
    return str(getattr(glyphs, _OUTCOME_GLYPH.get(state, "queued")))


def plan_state(state: PlanState, say: Say, glyphs: "Glyphs") -> tuple[str, str]:
    """How far a plan is, as a sign and a short word, and the role of it."""
    glyph, role = _PLAN_LOOK[state]
    return f"{getattr(glyphs, glyph)} {say(f'console.plan_state.{state}')}", role


def outcome_counts(view: PlanView, say: Say, glyphs: "Glyphs") -> list[tuple[str, str]]:
    """How many of a plan ended how, what needs somebody first."""
    return [
        (f"{outcome_glyph(state, glyphs)} {number(many)} {state_word(state, say)}", outcome_role(state))
        for state in OUTCOMES
        if (many := view.counts.get(state, 0))
    ]


def plan_words(plans: Sequence[PlanView], undoable: PlanView | None, now: datetime, say: Say) -> list[tuple[str, str]]:
    """What a header tells of open plans: what can be undone and for how long, what waits, and how far they are."""
    words: list[tuple[str, str]] = []
    if undoable is not None and undoable.undo_until is not None:
        at, key = until(undoable.undo_until, now), key_of("undo")
        words.append((say("console.undo.header", press=key, plan=undoable.id, at=at), "bar_key"))
    for state in (PlanState.APPROVAL, PlanState.PAUSED):
        if found := [view for view in plans if view.state == state]:
            key = f"console.header.{state}" + ("" if len(found) == 1 else ".many")
            words.append((say(key, plan=found[0].id, n=len(found)), "bar_key"))
    running = [view for view in plans if view.state == PlanState.RUNNING and view is not undoable]
    if running:
        size = sum(view.size for view in running)
        left = sum(view.counts.get(state, 0) for view in running for state in ActionState if not state.settled)
        failed = sum(view.counts.get(ActionState.FAILED, 0) for view in running)
        key = "console.header.running" + ("" if len(running) == 1 else ".many") + (".failed" if failed else "")
        told = {"done": number(size - left), "all": number(size), "failed": number(failed)}
        words.append((say(key, plan=running[0].id, n=len(running), **told), "bar_key"))
    return words


SHORT = 9
"""Cells of the list's last column where it is narrow."""


def held_word(reason: str, say: Say) -> str:
    """Why a posting waits, in a word or two; another's reason as it was given."""
    return word("console.held", reason, say)


def next_step(row: FleetRow, now: datetime, say: Say, *, short: bool = False) -> str:
    """What to do next about one row of the list; `short` in at most nine cells."""
    if row.running:
        act, _, state = row.running.partition(":")
        return word("console.running", "unknown" if state == "unknown" else act, say)
    if not short:
        return explain.next_step(_assessment(row), say, now)
    if row.wait_until and row.wait_until > now:
        at = until(row.wait_until, now)
        told = say("console.next.wait_until", until=at)
        return told if width_of(told) <= SHORT else at
    return word("console.next", row.action or row.verdict, say)


def last_act(
    last: LastAct, now: datetime, say: Say, glyphs: "Glyphs", reason: Callable[[str], str], *, short: bool = False
) -> tuple[str, str]:
    """What becomes of an act, in its row of the list, and the role of it; `short` in at most nine cells."""
    glyph, role, state = outcome_glyph(last.state, glyphs), outcome_role(last.state), last.state
    later = state == ActionState.INTENT and last.until is not None and last.until > now
    if later and last.until is not None:
        at = until(last.until, now)
        return (f"{glyph} {at}" if short else f"{glyph} {say('console.outcome.until', at=at)}"), role
    if short:
        done = state == ActionState.DONE and last.at is not None
        return f"{glyph} {short_moment(last.at, now) if done else word('console.outcome', state, say)}", role
    told = f"{glyph} {word('console.action', f'{last.act}.short', say)}: {state_word(state, say)}"
    if state == ActionState.DONE and last.at is not None:
        told += f" {short_moment(last.at, now)}"
    return (f"{told}: {reason(last.reason)}" if last.reason and state != ActionState.DONE else told), role


def _assessment(row: FleetRow) -> Assessment:
    return Assessment(
        status=Status(row.status),
        consent=Consent(row.consent),
        fetch=Fetch(row.fetch),
        transfer=Transfer(row.transfer),
        verdict=Verdict(row.verdict),
        action=Act(row.action) if row.action else None,
        wait_until=row.wait_until,
        situation=row.situation,
        reasons=(),
        next_change_at=None,
    )


def ledger_name(account: Account, say: Say) -> str:
    """`5820 - Bankkonto`, or words for none."""
    return account.ledger_account or say("console.no_ledger_account")

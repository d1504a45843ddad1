"""Reminders before a consent ends: the schedule, what is known when one may be due, and what was sent."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from backend.model.facts import Consent, Stage

_UNITS = {"d": 86_400, "h": 3_600}
_MOST = 10


class Mailing(StrEnum):
    """What is known of one reminder (law 10). `failed` and `skipped` have a reason; `unknown` is never sent again."""

    INTENT = "intent"
    SENT = "sent"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """One reminder on record: for which end (`expires_at`, the beginning of that Danish day), how long before it
    (`step`, seconds), to whom, and what came of it. `case` is the renewal whose link it carried."""

    id: int
    connection: str
    agreement_number: str
    customer: str
    bank: str
    expires_at: datetime
    step: int
    state: Mailing
    reason: str
    mail_to: str
    message_id: str
    case: int | None
    created_at: datetime
    settled_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A reminder of the present consent, as the rule sees it: `at` is when it was begun."""

    end: datetime
    step: int
    state: Mailing
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReminderFacts:
    """All that decides whether a connection's customer is reminded now.

    `expires_at` is the bank's word and `usual_end_at` what the fleet has learnt where that counts. `incident`: the
    connection stands in one, or our own credentials do. `twin`: a newer connection of the customer brings the same
    account, so this consent is the old one. `acting`: an act is under way. `case_note` says why the login of the open
    case has proved nothing; `link_at`: when its link was last mailed or used.
    """

    connection: str
    agreement_number: str
    customer: str
    bank: str
    email: str
    consent: int | None
    said: Consent
    expires_at: datetime | None
    usual_end_at: datetime | None
    removed: bool = False
    incident: bool = False
    twin: bool = False
    acting: bool = False
    case: int | None = None
    case_stage: Stage | None = None
    case_note: str = ""
    link_at: datetime | None = None
    past: tuple[Past, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What is to be done about one connection. `due`: the step to send now, or None; then `reason` says why not.

    `at` is when the next one is planned, or when what holds this one back is over. A step that is due for a customer
    without an address has the reason `no_email`: it is put on record, and nothing is sent. `end` is the end that is
    told (`learnt`: by experience, not by the bank), `day` the day under which the reminder is kept.
    """

    due: int | None = None
    reason: str = ""
    at: datetime | None = None
    end: datetime | None = None
    learnt: bool = False
    day: datetime | None = None


def steps(text: str) -> tuple[int, ...]:
    """A schedule such as `7d,3d,1d` as seconds, longest first; `off` is none. Raises ValueError for anything else."""
    if text.strip().lower() == "off":
        return ()
    found: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"([1-9]\d{0,2})([dh])", part.strip().lower())
        if not match:
            raise ValueError(part)
        found.add(int(match[1]) * _UNITS[match[2]])
    if len(found) > _MOST:
        raise ValueError(text)
    return tuple(sorted(found, reverse=True))


def span(step: int) -> str:
    """`7d`, `36h`: one step as it is written in a schedule."""
    return f"{step // 86_400}d" if step % 86_400 == 0 else f"{step // 3_600}h"


def schedule_text(schedule: tuple[int, ...]) -> str:
    """The text that `steps` read."""
    return ",".join(map(span, schedule)) or "off"

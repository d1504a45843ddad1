"""What a shift hands over to the next: what changed in a period, and what is under way at its end."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from backend.model.facts import Case, Event
from backend.model.incidents import IncidentView
from backend.model.plans import Action, PlanView
from backend.model.views import AgentStatus, ProblemView

SHIFT = timedelta(hours=8)
"""What a handover looks back on when none was marked before."""

NEXT_SHIFT = timedelta(hours=12)
"""A snooze that ends so soon is the next shift's."""

TOLD = (
    *("note.added", "problem.assigned", "problem.muted", "problem.unmuted", "problem.snoozed"),
    *("plan.approved", "plan.declined", "import"),
    *("agent.started", "agent.trouble", "webhooks.silent"),
    *("audit.anchor_failed", "audit.anchor_back", "audit.rewritten"),
    *("reminder.failed", "reminder.unknown", "case.released", "case.failed"),
)
"""Kinds of audit lines that a handover tells one by one, or counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How the fleet stands at one moment, in numbers: connections by who must act, open incidents, postings."""

    operator: int = 0
    customer: int = 0
    incident: int = 0
    incidents: int = 0
    queued: int = 0
    held: int = 0
    late: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A shift was handed over at `at` by `operator`, with a note and how the fleet stood then.

    What had been told by then reached to the moment `until` and to line `seen` of the audit log: the next one goes on
    there, and not where the note was written.
    """

    at: datetime
    operator: str
    note: str
    standing: Standing
    until: datetime
    seen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A connection whose health changed in the period: verdict and situation before it (empty: not known) and now."""

    connection: str
    customer: str
    bank: str
    before: str
    before_situation: str
    verdict: str
    situation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverFacts:
    """All that a handover of `since` to `until` is made from. `mark` is the last one at or before `until`.

    `incidents`: open, opened or over in the period. `plans`: run in the period, or not ended (without their
    actions); `waits_until`: by plan, when the last of its acts that wait begins. `unknown`: acts whose
    outcome is not known, oldest first, `unknowns` in all. `waking`: problems whose snooze ends within the next shift,
    `wakings` in all. `told`: audit lines of the kinds in `TOLD`, oldest first, the newest of each kind; `counts`: how
    many there are of each. `names`: customers by connection, for those lines. `head`: the last line of the audit log.
    `past`: the moment is over, and whether an agent runs now is another matter.
    """

    since: datetime
    until: datetime
    mark: Mark | None
    standing: Standing
    moved: tuple[Moved, ...] = ()
    incidents: tuple[IncidentView, ...] = ()
    plans: tuple[PlanView, ...] = ()
    waits_until: dict[int, datetime] = field(default_factory=dict)
    unknown: tuple[Action, ...] = ()
    unknowns: int = 0
    waking: tuple[ProblemView, ...] = ()
    wakings: int = 0
    cases: tuple[Case, ...] = ()
    told: tuple[Event, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    head: int = 0
    agent: AgentStatus | None = None
    past: bool = False

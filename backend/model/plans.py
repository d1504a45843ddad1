"""Plans and actions: a reviewed list of what will run, wait or be refused, and what became of each (DESIGN §6)."""

import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from backend.model.facts import Act

APPROVAL_LIFE = timedelta(hours=24)
"""After so long an approval must be asked for anew: what was looked at is no longer what is there."""

DRAFT_LIFE = timedelta(days=1)
"""A plan that nobody has run by then is too old to be run: too much may have changed since it was looked at."""


class ActionState(StrEnum):
    """What is known of one act on one connection (DESIGN §6, law 10).

    `PLANNED` stands in a plan that nobody has run yet. An `INTENT` may have a time before which it does not begin.
    """

    PLANNED = "planned"
    INTENT = "intent"
    SENT = "sent"
    AWAITING_CUSTOMER = "awaiting_customer"
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"

    @property
    def settled(self) -> bool:
        """Nothing more will happen by itself, or not before somebody outside acts."""
        return self not in (ActionState.INTENT, ActionState.SENT, ActionState.UNKNOWN)


LEFT_TO_HUMANS = ("mail_unknown", "unknown_for_too_long")
"""Why an outcome stays unknown: nobody looks at it any more, and only a named human leads on (law 10)."""

OUTCOMES = (
    *(ActionState.UNKNOWN, ActionState.FAILED, ActionState.REFUSED, ActionState.SENT, ActionState.INTENT),
    *(ActionState.PLANNED, ActionState.WAITING, ActionState.AWAITING_CUSTOMER),
    *(ActionState.CANCELLED, ActionState.DONE),
)
"""Outcomes in the order in which a plan is told: what needs somebody comes first."""


class PlanState(StrEnum):
    """How far a plan is. Nothing of a `DRAFT` happens; `APPROVAL` waits for a second operator.

    A `PAUSED` or `CANCELLED` plan begins nothing more; what it had sent is still followed to its outcome. Who cancels
    lets go of what nobody can follow (`LEFT_TO_HUMANS`).
    """

    DRAFT = "draft"
    APPROVAL = "approval"
    RUNNING = "running"
    PAUSED = "paused"
    ENDED = "ended"
    CANCELLED = "cancelled"


class Order(StrEnum):
    """What an operator may say to a plan. `UNDO` is a cancel that must come before the first of it has begun."""

    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    UNDO = "undo"


class PlanError(Exception):
    """A plan cannot be run or steered so. `key` is a text key, `values` are what its text needs."""

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key)
        self.key, self.values = key, values


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One step of a plan on one connection. `key` is its idempotency key for its whole life, `login` whose session
    at the provider it needs (`FetchContext.login`).

    An intent does not begin before `not_before`; `reason` says why, as it does for what was refused or failed. `calls`
    and `note` are what the plan said of it when it was shown (`PlanItem`). `news_at`: when the provider had last had
    news from the bank, by its own clock and as it was known when the act was sent.
    """

    id: int
    plan: int
    act: Act
    connection: str
    agreement_number: str
    customer: str
    state: ActionState
    key: str
    bank: str = ""
    login: str = ""
    reason: str = ""
    result: dict[str, str] = field(default_factory=dict)
    operator: str = ""
    calls: int = 0
    note: str = ""
    created_at: datetime
    not_before: datetime | None = None
    sent_at: datetime | None = None
    news_at: datetime | None = None
    finished_at: datetime | None = None


_SINCE = re.compile(r"in_work:([^:]*):(.*):(\d{4}-\d\d-\d\dT.*)")


def in_work(reason: str) -> tuple[str, str, datetime]:
    """The act, its operator and since when, of a reason `in_work:act:operator:since`; a name may have colons in it."""
    found = _SINCE.fullmatch(reason)
    if found is None:
        raise ValueError(reason)
    return found[1], found[2], datetime.fromisoformat(found[3])


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How an act has ended, or where it stands: `at` is when that was seen, `result` what else is known by it."""

    action: int
    state: ActionState
    at: datetime
    reason: str = ""
    result: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanItem:
    """One line of a plan before it runs. `fate`: `run`, `wait` (until `until`) or `refused`; `reason` is a text key.

    `calls` are the look-ups at the bank that it will spend, and `left` what is left of the day's allowance for it
    (None: nothing counts). `seen` stands for the facts that the plan was made on: when it differs at the run, the item
    is not touched.
    """

    connection: str
    agreement_number: str
    customer: str
    bank: str
    fate: str
    reason: str = ""
    until: datetime | None = None
    calls: int = 0
    left: int | None = None
    note: str = ""
    seen: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A reviewed list of what will run, wait or be refused. The ids are frozen here (law 9). `id`: once it is kept.

    `ends_at` is when the last of it will probably have begun; None where nothing tells.
    """

    act: Act
    operator: str
    created_at: datetime
    items: tuple[PlanItem, ...]
    then_sync: bool = False
    id: int | None = None
    ends_at: datetime | None = None

    def with_fate(self, fate: str) -> tuple[PlanItem, ...]:
        """The items of one fate, in the plan's order."""
        return tuple(item for item in self.items if item.fate == fate)

    @property
    def acts(self) -> tuple[PlanItem, ...]:
        """What will be done, at once or at its time, in this order."""
        return (*self.with_fate("run"), *self.with_fate("wait"))

    @property
    def calls(self) -> int:
        """Look-ups at banks that it will spend."""
        return sum(item.calls for item in self.items)

    @property
    def left(self) -> int:
        """What is left of the day's allowance of all that it is for."""
        return sum(item.left or 0 for item in self.items)

    @property
    def digest(self) -> str:
        """Stands for what a second operator approves: the act and the connections that it is for."""
        said = [self.act, str(self.then_sync), *sorted(f"{item.connection} {item.seen}" for item in self.acts)]
        return hashlib.sha256("\n".join(said).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanView:
    """A kept plan and how far it has come. `actions` are empty when only the counts were asked for.

    `waits`: how many of its intents have a time that is yet to come. `left`: how many of unknown outcome nobody looks
    at any more (`LEFT_TO_HUMANS`). `allowed`: how many may have begun at this stage
    (None: all). `undo_until`: until then a removal can be taken back whole. `note` is a text key: why it is paused or
    was cancelled.
    """

    id: int
    act: Act
    operator: str
    host: str
    created_at: datetime
    counts: dict[ActionState, int]
    actions: tuple[Action, ...]
    refused: tuple[tuple[str, str], ...]
    state: PlanState = PlanState.ENDED
    then_sync: bool = False
    digest: str = ""
    note: str = ""
    allowed: int | None = None
    waits: int = 0
    left: int = 0
    run_at: datetime | None = None
    run_by: str = ""
    ended_at: datetime | None = None
    undo_until: datetime | None = None
    approved_by: str = ""

    @property
    def size(self) -> int:
        """How many connections it is for, without those that were refused."""
        return sum(many for state, many in self.counts.items() if state != ActionState.REFUSED)

    @property
    def settled(self) -> bool:
        """Nothing of it will move by itself before the time comes that its waiting actions have."""
        moving = self.counts.get(ActionState.SENT, 0) + self.counts.get(ActionState.UNKNOWN, 0) - self.left
        begun = self.counts.get(ActionState.INTENT, 0) - self.waits if self.state == PlanState.RUNNING else 0
        return not moving and begun <= 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanGroup:
    """Actions of one plan with one outcome and one reason.

    `later`: intents whose time is yet to come, the first at `begins` and the last at `until`.
    """

    state: ActionState
    reason: str
    many: int
    later: bool = False
    begins: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """What became of a plan at the door: its id, the actions written, and what stood in the way of the others.

    `changed` are those of the refused that the plan had promised to run: something has happened since it was shown.
    """

    plan: int
    actions: tuple[Action, ...]
    refused: tuple[tuple[str, str], ...]
    changed: tuple[tuple[str, str], ...] = ()
    state: PlanState = PlanState.RUNNING


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How a running plan stands at its stage, for the rule that opens the next one or stops it.

    `size` is all of it, `allowed` how many may have begun (None: all), `open` how many have begun and have no answer
    yet, `good`, `failed` and `unknown` how the others ended. `forgiven` failures and `forgiven_unknown` outcomes were
    there when an operator let it go on.
    """

    size: int
    allowed: int | None
    open: int
    good: int
    failed: int
    unknown: int
    forgiven: int = 0
    forgiven_unknown: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What the rule says of a plan: how many may have begun from now on, or why it stops (a text key)."""

    allowed: int | None = None
    stop: str = ""

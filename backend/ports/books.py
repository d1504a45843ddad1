"""What the agent reads and writes, and where tokens live."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol, TypeVar

from backend.model.audit import Witness
from backend.model.facts import Account, Act, Bank, Case, Delivery, Grant, Posting, Receipt, Session, Stage, Tokens
from backend.model.findings import NO_FINDINGS, Findings
from backend.model.incidents import (
    BankWord,
    Count,
    OpenIncident,
    Opening,
    Restart,
    TokenCount,
    Usual,
)
from backend.model.lifetimes import Lifespan, Lives
from backend.model.limits import Gate
from backend.model.plans import Action, ActionState, Outcome, PlanView, Progress, Step
from backend.model.reminders import Mailing, Outlook, Reminder, ReminderFacts
from backend.model.renewals import RenewalDiff
from backend.model.views import FetchContext
from backend.model.webhooks import Arrived, Effect, Notice
from backend.ports.door import Judge

A = TypeVar("A")
T = TypeVar("T")


class Vault(Protocol):
    """Where a customer's tokens live, and the one door through which they are refreshed (DESIGN §11)."""

    async def read(self, consent: int) -> Tokens | None:
        """The tokens as last stored; None when there are none (removed, or never granted)."""
        ...

    async def begin_refresh(self, consent: int, used: str, request_id: str) -> str | None:
        """Ask to spend the refresh token `used`. Gives the request id to send, or None when another process spent it.

        The id is on disk before this returns. After a crash or a lost answer it is the *old* id, so that the
        provider repeats its answer instead of burning the token twice. Waits while another living process
        is refreshing the same consent.
        """
        ...

    async def end_refresh(self, consent: int, tokens: Tokens | None) -> None:
        """Store what the refresh gave and open the door; None when it was answered and gave nothing."""
        ...


class Books(Vault, Protocol):
    """What the agent reads and writes. Each method is one transaction; `soon` puts several into one commit."""

    async def soon(self, work: Callable[[], T]) -> T:
        """Run `work` on the store's writer thread; it is on disk when this returns."""
        ...

    async def among(self, work: Callable[[Sequence[A]], Sequence[T] | None], one: A) -> T:
        """`soon` for a work that takes many at once: it is given all that wait for it, and each may fail alone."""
        ...

    def catch_up(self, now: datetime, limit: int = 1000) -> int:
        """Reassess the connections whose answer time alone has changed; gives how many."""
        ...

    def note_round(self, now: datetime, trouble: str = "") -> None:
        """The agent has been round once more; `trouble` is the kind of the error that stopped it, if one did."""
        ...

    def ready_actions(self, limit: int, now: datetime, *, without: Collection[str] = ()) -> list[tuple[int, str]]:
        """Acts that may begin, with their banks, in fair turns between plans; none at the banks in `without`."""
        ...

    def claim_actions(self, actions: Sequence[int], judge: Callable[[Act], Judge], now: datetime) -> list[Action]:
        """Make these acts ours; gives those that can be begun. What was judged a while ago is judged again."""
        ...

    def orphaned_actions(self, limit: int, now: datetime) -> list[Action]:
        """What a dead agent had sent, now ours and `unknown`; its intents are free again."""
        ...

    def is_mine(self, action: int) -> bool:
        """Whether an act that was begun, and has not ended, is still ours to look after."""
        ...

    def mark_sent(self, action: int, now: datetime) -> bool:
        """On disk before the call is made; False when the action is no longer ours to send."""
        ...

    def send_syncs(self, asked: Sequence[tuple[int, datetime]]) -> list[tuple[bool, Session | None]]:
        """`mark_sent` of many syncs, each at its moment, and their look-ups spent; with the session of each.

        None: the connection has no consent.
        """
        ...

    def settle_action(
        self, action: int, state: ActionState, now: datetime, *, reason: str = "", result: dict[str, str] | None = None
    ) -> None: ...

    def settle_actions(self, outcomes: Sequence[Outcome]) -> None:
        """`settle_action` of many."""
        ...

    def postpone_action(self, action: int, until: datetime | None, reason: str) -> None:
        """The act had no chance to be sent: it begins later, not before `until`, and failed nobody."""
        ...

    def try_again(
        self, action: int, until: datetime, reason: str, now: datetime, *, count: str = "tried", detail: str = ""
    ) -> None:
        """The act was sent, surely not done, and is to be tried again: an intent again, under its own key."""
        ...

    def step_plans(self, rule: Callable[[Progress], Step], own: Collection[str], now: datetime) -> int:
        """Open the next stage of running plans, stop or end them by the rule; gives how many moved.

        `own` are reasons of failure that say nothing about other connections.
        """
        ...

    def prune_drafts(self, now: datetime) -> int:
        """Delete plans that were shown, never run, and are too old for it; gives how many."""
        ...

    def waiting_actions(self, act: Act, limit: int, after: int = 0) -> list[Action]:
        """Actions of one kind that the bank has queued, by id, those behind `after`."""
        ...

    def unknown_actions(self, limit: int, after: int = 0) -> list[Action]:
        """This agent's actions whose outcome is not known and that are looked at, by id, those behind `after`."""
        ...

    def follow_up(self, action: int, now: datetime) -> None:
        """The second step of "renew first, then synchronise", once the first is done."""
        ...

    def plan(self, plan: int, *, whole: bool = True) -> PlanView | None: ...

    def due(
        self,
        now: datetime,
        fetch_every: int,
        limit: int,
        after: str | None = None,
        *,
        without: Collection[str] = (),
    ) -> list[tuple[str, str]]:
        """Connections to fetch now and their banks, longest untried first; with `fetch_every` 0 all, by id.

        None at the banks in `without`: those that have enough to do never hide the others.
        """
        ...

    def fetch_context(self, connection: str) -> FetchContext | None: ...

    def known_rows(self, agreement_number: str, account_keys: Sequence[str], since: date | None) -> list[Posting]:
        """Postings of one bank account of a customer, whatever connection brought them; dropped ones too."""
        ...

    def posting_days(self, agreement_number: str, account_keys: Sequence[str]) -> list[date]:
        """The newest days on which the bank had rows for an account, newest first: enough to know its rhythm by."""
        ...

    def start_fetch(self, connection: str, now: datetime) -> None: ...

    def save_fetch(
        self,
        connection: str,
        now: datetime,
        *,
        outcome: str,
        detail: str = "",
        until: datetime | None = None,
        accounts: Sequence[Account] = (),
        upserts: Sequence[Posting] = (),
        dropped: Sequence[str] = (),
        findings: Findings = NO_FINDINGS,
        fetch_every: int = 7200,
    ) -> None:
        """The end of one fetch, in one transaction: accounts, postings, outcome, health, and when to come again."""
        ...

    def spend(self, connections: Sequence[str], scope: str, now: datetime) -> None:
        """One unattended look-up of each account of these, against the banks' allowance."""
        ...

    def spent(self, ids: Sequence[str], scope: str, since: datetime) -> dict[str, tuple[datetime, ...]]:
        """By connection: when the account was looked up that was looked up most often after `since`, oldest first."""
        ...

    def gates(self) -> list[Gate]:
        """Every gate as it was last written."""
        ...

    def keep_gates(self, gates: Sequence[Gate], now: datetime) -> None:
        """Write gates down as they stand now, so that the next agent begins where this one was."""
        ...

    def open_deliveries(
        self, limit: int, now: datetime, *, at_once: bool = False, without: Collection[str] = ()
    ) -> list[Delivery]:
        """Deliveries whose answer is not known first (same key, same rows), then new ones from what is queued;
        none of `without`.

        `at_once` does not wait out our own pauses between tries; a time that the other side stated always counts.
        """
        ...

    def settle_delivery(self, key: str, receipt: Receipt, now: datetime) -> str | None:
        """Book the answer; gives the new key under which rows that it did not name travel on, if there are any."""
        ...

    def fail_delivery(self, key: str, outcome: str, detail: str, until: datetime | None, now: datetime) -> None:
        """The delivery did not come to an answer: it stays open under its key and is tried again after `until`."""
        ...

    def open_case(self, case: Case, now: datetime) -> Case: ...

    def open_cases(self) -> list[Case]: ...

    def case_of(self, action: int) -> Case | None:
        """The open case that this act has made."""
        ...

    def move_case(
        self, case: int, stage: Stage, now: datetime, *, note: str = "", consent_id: str | None = None
    ) -> None: ...

    def follow_link(self, state: str, now: datetime, *, seen: bool = True) -> str | None:
        """Where the link that carries this state leads, and that it was opened; None: it leads nowhere any more."""
        ...

    def take_up(self, state: str, now: datetime, *, finished: bool) -> Case | None:
        """The case that a login with the link of an abandoned one belongs to; opened again when it is `finished`."""
        ...

    def note_selected(self, connection: str, selected: bool | None, now: datetime) -> None:
        """Whether the customer ticked all his accounts, as asked for now; None: the provider may not be asked."""
        ...

    def grant(self, case: int, grant: Grant, now: datetime) -> Session:
        """Keep a fresh grant beside the live consent, as a candidate; the live one is untouched (law 6)."""
        ...

    def regrant(self, session: Session, case: int, now: datetime) -> Session:
        """The candidate turned out to belong to another case."""
        ...

    def drop_grant(self, session: Session, now: datetime) -> None:
        """The candidate belongs to nobody we know: its keys are thrown away."""
        ...

    def candidate(self, case: int) -> Session | None:
        """How to speak to the provider for a candidate that is still to prove itself; None when there is none."""
        ...

    def complete_case(
        self,
        case: int,
        now: datetime,
        *,
        consent: int,
        accounts: Sequence[Account],
        upserts: Sequence[Posting],
        dropped: Sequence[str],
        outcome: str,
        diff: RenewalDiff | None = None,
        findings: Findings = NO_FINDINGS,
        fetch_every: int = 7200,
    ) -> bool:
        """The candidate has proved itself: consent, accounts and first rows change over in one transaction.

        False when the case waits for this candidate no more; then nothing is touched.
        """
        ...

    def released(self, connection: str) -> bool:
        """Whether none of the connection's rows waits in the queue or for an acceptance any more."""
        ...

    def email(self, connection: str) -> str:
        """Where the connection's customer gets mail; empty when nobody told."""
        ...

    def note_mail(self, connection: str, now: datetime, *, taken: bool) -> None:
        """The customer's address took mail, or nobody does for it."""
        ...

    def remove(self, connection: str, now: datetime) -> None: ...

    def tries(self, since: datetime, least: int) -> list[Count]:
        """How the newest tries since then ended, at the banks (or aggregators) that fail; none below `least`."""
        ...

    def calm(self, since: datetime, until: datetime) -> dict[str, Usual]:
        """By bank: tries and failures between two instants, without those inside incidents."""
        ...

    def delivery_tries(self, since: datetime) -> list[Count]:
        """How the newest tries to deliver ended: open ones by outcome, those settled since then as `ok`."""
        ...

    def hear(self, banks: Sequence[Bank], now: datetime) -> None:
        """Keep the aggregator's word on each bank, and since when it says so."""
        ...

    def bank_words(self) -> list[BankWord]: ...

    def members(self, banks: Sequence[str]) -> dict[str, int]:
        """How many connections of these banks could stand in an incident."""
        ...

    def last_closed(self) -> dict[str, datetime]:
        """By bank: when its newest incident was over."""
        ...

    def token_tries(self, since: datetime, now: datetime, least: int) -> TokenCount:
        """Who was refused a new token since then although his consent holds; counts nothing below `least`."""
        ...

    def tokens_near(self, now: datetime, until: datetime, least: int) -> tuple[int, int]:
        """Live connections whose refresh token ends by `until`, and all live ones; (0, 0) below `least`."""
        ...

    def mind_tokens(self, incident: int, now: datetime) -> int:
        """Who was refused meanwhile joins, who works again leaves; gives how many stand there that were refused."""
        ...

    def next_refused(self, incident: int) -> str | None:
        """The member whose turn it is to be asked for those that were refused."""
        ...

    def release_untried(self, incident: int, now: datetime, restart: Restart) -> None:
        """One who had not been tried works: the others go on in stages, and those who were refused stay."""
        ...

    def banks(self) -> list[str]:
        """The names of all banks that the fleet has connections at."""
        ...

    def open_incidents(self) -> list[OpenIncident]: ...

    def open_incident(self, opening: Opening, now: datetime, *, heard: bool = False) -> int | None:
        """Open it and take its members in; None when one is open already. `heard`: on the aggregator's word alone."""
        ...

    def next_canary(self, incident: int, now: datetime) -> str | None:
        """The member whose turn it is to be asked for all; None when none can serve."""
        ...

    def ask_canary(self, incident: int, connection: str, now: datetime) -> None:
        """On disk before the member is asked (law 10)."""
        ...

    def close_incident(self, incident: int, now: datetime, restart: Restart, *, note: str = "") -> None:
        """It is over: members stand for themselves again and are due in stages."""

    def keep_webhook(self, arrived: Arrived, notice: Notice, now: datetime) -> bool:
        """An event on disk; False when it was there before."""
        ...

    def open_webhooks(self, limit: int) -> list[Arrived]:
        """Events that are yet to be applied, in the order in which they were sent."""
        ...

    def apply_webhook(self, event_id: str, notice: Notice, now: datetime) -> Effect | None:
        """What the event says changes what is known, unless something newer is known. None: it was applied before."""
        ...

    def mind_silence(self, now: datetime) -> None:
        """Note when events have stopped coming, and when they come again."""
        ...

    def thin_history(self, now: datetime) -> int:
        """Housekeeping, once a minute: thin what is kept of old routine fetches, some connections at a time."""
        ...

    def prune_webhooks(self, before: datetime, limit: int) -> int:
        """Delete at most `limit` old events that say nothing about a live consent; gives how many."""
        ...

    def lives(self) -> dict[str, tuple[Lives, ...]]:
        """By bank: how long consents lived there and how they ended."""
        ...

    def alive(self, now: datetime) -> dict[str, tuple[Lives, ...]]:
        """By bank where some have died: how long those that live have lived by now."""
        ...

    def learn(self, spans: Mapping[str, Lifespan], now: datetime) -> None:
        """Keep what is usual at each bank, and with it when its live consents are expected to end."""
        ...

    def reminder_candidates(
        self, schedule: tuple[int, ...], now: datetime, limit: int, after: str | None = None
    ) -> list[ReminderFacts]:
        """Connections that a step of the schedule has reached and no mail has answered, by id; the rule decides."""
        ...

    def begin_reminder(
        self, fresh: Case, judge: Callable[[ReminderFacts], Outlook], now: datetime
    ) -> tuple[Reminder, Outlook, Case] | None:
        """Put one on record before it goes out, with the open renewal, or `fresh` where there is none.

        None when `judge` does not find it due at this moment.
        """
        ...

    def settle_reminder(self, reminder: int, state: Mailing, now: datetime, *, reason: str = "") -> None: ...

    def lost_reminders(self, now: datetime) -> int:
        """What a dead process left as intent becomes unknown."""
        ...

    def say(self, kind: str, connection: str | None, data: dict[str, object], now: datetime) -> None:
        """Append one line to the audit log."""
        ...

    def seal_audit(self, now: datetime, *, at_once: bool = False) -> Witness | None:
        """Seal the audit log's last line when that is due, or `at_once`; gives the new seal."""
        ...

    def seal_stands(self, known: Witness) -> bool:
        """Whether the line under a seal, and the seal, still are as they were made."""
        ...

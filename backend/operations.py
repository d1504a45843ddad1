"""What operators do: the four operations, each as a plan that changes nothing and the door through which it runs,
and what they do about problems."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypedDict

from backend.guard import GuardedDoor
from backend.model.clock import Clock
from backend.model.facts import Act
from backend.model.handover import HandoverFacts, Mark
from backend.model.health import HealthFacts
from backend.model.limits import ALLOWANCE, Budget
from backend.model.people import NotAllowed
from backend.model.plans import (
    LEFT_TO_HUMANS,
    Action,
    ActionState,
    Order,
    Plan,
    PlanError,
    PlanItem,
    PlanState,
    PlanView,
    Submitted,
)
from backend.model.postings import Decided, Decision
from backend.model.problems import Handled, Note, note_text
from backend.model.renewals import Accepted
from backend.model.views import FleetRow
from backend.ports import FleetReader
from backend.ports.door import Judge
from backend.texts import Say, texts_in


class Names(TypedDict):
    """Who acts, and from where."""

    operator: str
    host: str


class Terms(TypedDict):
    """On what terms a plan runs: how long it can be taken back, and how many acts its first stage has."""

    undo: timedelta
    allowed: int | None


class Operations:
    """Makes and submits plans in the name of one operator (DESIGN §6). Console and commands share it."""

    def __init__(
        self,
        reader: FleetReader,
        door: GuardedDoor,
        clock: Clock,
        *,
        operator: str,
        host: str,
        provider: str = "aiia",
        allowance: tuple[int, int] = ALLOWANCE,
        undo: timedelta = timedelta(0),
        say: Say | None = None,
    ) -> None:
        """`provider` is where a new connection is made, `undo` how long a removal can be taken back.

        `allowance`: unattended look-ups that a bank allows in 24 hours, and how many of them are the nightly round's.
        `say` words the warnings of a plan (None: in Danish).
        """
        self._reader, self._door, self._clock = reader, door, clock
        self._operator, self._host, self._provider, self._undo = operator, host, provider, undo
        self._allowance = allowance
        self._say = say or texts_in("da")

    def plan(self, act: Act, ids: Sequence[str], *, then_sync: bool = False) -> Plan:
        """What would run, wait or be refused, and why. The ids are frozen in it (law 9); unknown ones are left out.

        `then_sync` belongs to a renewal: "renew first, then synchronise" as one step (the help page's own advice).
        """
        from backend.rules.eligibility import ends_at

        now = self._clock.now()
        known = self._reader.health(list(dict.fromkeys(ids)), now)
        many = len(known) > 1
        judged = self._weighed(act, self._judge(act, many=many)(known))
        items = tuple(self._warned(act, item, alone=not many) for item in judged)
        plan = Plan(act=act, operator=self._operator, created_at=now, items=items, then_sync=then_sync)
        return replace(plan, ends_at=ends_at(plan, self._reader.pace(act), now))

    def budgets(self, act: Act, ids: Sequence[str], now: datetime) -> dict[str, Budget]:
        """What is left of each connection's allowance at its bank; empty for acts that ask no bank."""
        from backend.rules.allowance import WINDOW, budget
        from backend.rules.eligibility import CALLS

        if not CALLS[act]:
            return {}
        spent = self._reader.spent(ids, act, now - WINDOW)
        return {name: budget(spent.get(name, ()), now, self._allowance) for name in ids}

    def connect(self, agreement: str, bank: str) -> Plan:
        """The plan of a new connection for a customer that is known; the connection itself is made by `submit`.

        One that was begun at this bank and waits for the customer is taken up again, if its link is not young.
        Raises LookupError when no customer has that agreement number.
        """
        from backend.rules.eligibility import judge

        now = self._clock.now()
        views = [view for name in self._reader.resolve(agreement) if (view := self._reader.connection(name, now))]
        if not views:
            raise LookupError(agreement)
        begun = (v for v in views if v.consent_id is None and v.row.bank == bank and v.facts.removed_at is None)
        if (view := next(begun, None)) is not None:
            item = judge(Act.CONNECT, view.row, view.facts, now)
        else:
            row = views[0].row
            item = PlanItem(
                connection="", agreement_number=row.agreement_number, customer=row.customer, bank=bank, fate="run"
            )
        (item,) = self._weighed(Act.CONNECT, [item])
        item = self._warned(Act.CONNECT, item)
        return Plan(act=Act.CONNECT, operator=self._operator, created_at=now, items=(item,))

    def may(self, right: str, count: int = 1) -> NotAllowed | None:
        """Why this operator may not do this to so many at once (`rules.roles.RIGHTS`); None when he may."""
        return self._door.may(right, count)

    def _weighed(self, act: Act, items: Sequence[PlanItem]) -> tuple[PlanItem, ...]:
        """Refused, all that would act, when the operator may not do so to so many: better told now than at the door."""
        refused = self._door.may(act, sum(item.fate != "refused" for item in items))
        if refused is None:
            return tuple(items)
        return tuple(
            item
            if item.fate == "refused"
            else replace(item, fate="refused", reason=refused.reason, until=None, calls=0)
            for item in items
        )

    def _warned(self, act: Act, item: PlanItem, *, alone: bool = True) -> PlanItem:
        """With a note when the consent that the act leads to may end another customer's; among others it is refused.

        One can be looked at and decided; in a list of hundreds nobody sees it (law 6).
        """
        from backend.rules.eligibility import supersedes

        if act not in (Act.RENEW, Act.CONNECT) or item.fate != "run":
            return item
        if not (rivals := self._reader.rivals(item.agreement_number, item.bank, item.connection)):
            return item
        item = replace(item, note=supersedes(rivals, self._say))
        return item if alone else replace(item, fate="refused", reason="would_supersede")

    # -- plans -------------------------------------------------------------------------------------------------

    def keep(self, plan: Plan) -> Plan:
        """Keep a plan under a number, so that it can be run later, by others too; nothing of it happens.

        A new connection is made for that, if the plan is for one.
        """
        if plan.id is not None:
            return plan
        items = tuple(self._named(item) if plan.act == Act.CONNECT else item for item in plan.items)
        return replace(plan, items=items, id=self._door.save_plan(replace(plan, items=items), self._host))

    def kept(self, plan: int) -> Plan:
        """A plan that was kept, as it was shown, to be looked at again before it runs; what is left is as of now.

        Raises PlanError when there is no such plan, or it is no draft any more.
        """
        view = self._known(plan)
        if view.state != PlanState.DRAFT:
            raise PlanError("plan.not_a_draft", plan=plan, by=view.run_by or view.operator)
        from backend.rules.eligibility import ends_at

        now = self._clock.now()
        actions = self._reader.plan_actions(plan, None, 0, sum(view.counts.values()), now)
        budgets = self.budgets(view.act, [action.connection for action in actions], now)
        items = tuple(_as_shown(action, budgets.get(action.connection)) for action in actions)
        made = Plan(
            act=view.act,
            operator=view.operator,
            created_at=view.created_at,
            items=items,
            then_sync=view.then_sync,
            id=plan,
        )
        return replace(made, ends_at=ends_at(made, self._reader.pace(view.act), now))

    def submit(self, plan: Plan) -> Submitted:
        """Run what was shown: intents on disk before this returns, what stood in the way named. Raises PlanError."""
        kept = self.keep(plan)
        assert kept.id is not None
        return self.run(kept.id)

    def run(self, plan: int) -> Submitted:
        """Run a kept plan as it was shown; what has changed since is refused, and told. Raises PlanError."""
        view = self._known(plan)
        return self._door.run_plan(plan, self._judge(view.act), self._clock.now(), **self._names, **self._terms(view))

    def approve(self, plan: int, *, agreed: bool, digest: str | None = None) -> Submitted:
        """The second operator's word on a plan that waits for it (None: as it stands now). Raises PlanError."""
        view = self._known(plan)
        return self._door.approve_plan(
            plan,
            view.digest if digest is None else digest,
            self._judge(view.act, many=view.size > 1),
            self._clock.now(),
            agreed=agreed,
            **self._names,
            **self._terms(view),
        )

    def approvable(self, plan: int) -> None:
        """Raise NotAllowed or PlanError when this operator cannot approve the plan."""
        self._door.approvable(plan, self._operator, self._clock.now())

    def awaits_approval(self, plan: Plan) -> bool:
        """Whether the plan, once confirmed, will wait for a second operator. Reads the store: many small are large."""
        return self._door.awaits_approval(plan.act, len(plan.acts), self._operator, self._clock.now())

    def steer(self, plan: int, order: Order) -> PlanView:
        """Pause, resume, cancel or undo a plan. Raises PlanError when it is not in a state for that."""
        return self._door.steer_plan(plan, order, self._clock.now(), **self._names)

    def again(self, plan: int) -> Plan:
        """A new plan of what failed, was cancelled, had changed or found another act in its way.

        Acts that may have happened are not among it.

        Raises PlanError when there is no such plan, or nothing in it to try again.
        """
        view = self._known(plan)
        over = (ActionState.FAILED, ActionState.CANCELLED)
        tried = [a.connection for a in view.actions if a.state in over and a.reason not in LEFT_TO_HUMANS]
        passing = ("changed_since", "in_work:")  # what is still in the way is refused anew, with what it is
        turned_away = [connection for connection, reason in view.refused if reason.startswith(passing)]
        if not tried and not turned_away:
            raise PlanError("plan.nothing_to_repeat", plan=plan)
        return self.plan(view.act, [*tried, *turned_away], then_sync=view.then_sync)

    def _known(self, plan: int) -> PlanView:
        if (view := self._reader.plan(plan)) is None:
            raise PlanError("plan.unknown", plan=plan)
        return view

    def _judge(self, act: Act, *, many: bool = False) -> Judge:
        from backend.rules.eligibility import judge

        now = self._clock.now()

        def found(known: Sequence[tuple[FleetRow, HealthFacts]]) -> list[PlanItem]:
            left = self.budgets(act, [row.id for row, _ in known], now)
            return [judge(act, row, facts, now, budget=left.get(row.id), many=many) for row, facts in known]

        return found

    def _terms(self, view: PlanView) -> Terms:
        from backend.rules.stages import first_stage

        planned = view.counts.get(ActionState.PLANNED, 0)
        return Terms(undo=self._undo if view.act == Act.REMOVE else timedelta(0), allowed=first_stage(planned))

    @property
    def _names(self) -> Names:
        return Names(operator=self._operator, host=self._host)

    # -- postings and renewals ---------------------------------------------------------------------------------

    def decide(self, postings: Sequence[str], decision: Decision, *, dry_run: bool = False) -> Decided:
        """Accept or discard postings by id, at once; with `dry_run` only say what would become of each.

        *Accept* has a held posting delivered, promised from now on; of one that the bank changed or deleted after its
        delivery it says that somebody has seen it. *Discard* keeps a duplicate out for good. What has changed in the
        meantime is told, not overruled.
        """
        return self._door.decide(postings, decision, **self._names, now=self._clock.now(), dry_run=dry_run)

    def accept_renewal(self, connection: str, carry: Sequence[tuple[str, str]] = ()) -> Accepted:
        """Let go what a renewal has left in doubt; what is settled already changes nothing.

        `carry`: pairs (new, old) of accounts that are one under a new number, each named by IBAN, BBAN or key.
        Raises LookupError for an unknown connection, and ValueError with the pair that names no two such accounts.
        """
        from backend.rules.accounts import named

        now = self._clock.now()
        if (view := self._reader.connection(connection, now)) is None:
            raise LookupError(connection)
        pairs: list[tuple[str, str]] = []
        for new, old in carry:
            one, other = named(view.accounts, new), named(view.accounts, old)
            if one is None or other is None:
                raise ValueError(f"{new}={old}")
            pairs.append((one.key, other.key))
        return self._door.accept_renewal(connection, pairs, now, operator=self._operator, host=self._host)

    # -- problems ----------------------------------------------------------------------------------------------

    def note(self, connection: str, text: str) -> Note:
        """Write a note on a connection; it stays on record. Raises ProblemError for one that is empty or too long."""
        return self._door.add_note(connection, text, *self._who(), self._clock.now())

    def snooze(self, connection: str, *, until: datetime | None = None, condition: str = "") -> Handled:
        """Let the open problem rest until a time (aware) or a `Condition`, whichever comes first.

        Raises ProblemError, as the next four do: no open problem, a time that is past, nothing to wait for.
        """
        return self._door.snooze(connection, until, condition, *self._who(), self._clock.now())

    def wake(self, connection: str) -> Handled:
        """End a snooze before its time."""
        return self._door.wake(connection, *self._who(), self._clock.now())

    def mute(self, connection: str) -> Handled:
        """Hide this cause on this connection until it is unmuted, or comes back worse."""
        return self._door.mute(connection, *self._who(), self._clock.now())

    def unmute(self, connection: str) -> Handled:
        """Show a muted cause again."""
        return self._door.mute(connection, *self._who(), self._clock.now(), muted=False)

    def assign(self, connection: str, to: str) -> Handled:
        """Give the open problem to an operator by name; an empty name gives it to nobody. Says whose it was."""
        return self._door.assign(connection, to, *self._who(), self._clock.now())

    def hand_over(self, note: str, told: HandoverFacts) -> Mark:
        """Note that this shift was handed over; the next handover begins where the one that was `told` ends.

        Raises ProblemError for a long note.
        """
        text = note_text(note) if note.strip() else ""
        return self._door.hand_over(text, *self._who(), self._clock.now(), (told.until, told.head))

    def _who(self) -> tuple[str, str]:
        return self._operator, self._host

    def _named(self, item: PlanItem) -> PlanItem:
        if item.connection or item.fate != "run":
            return item
        now = self._clock.now()
        connection = self._door.add_connection(
            item.agreement_number, item.bank, self._provider, now, operator=self._operator, host=self._host
        )
        (fresh,) = self._judge(Act.CONNECT)(self._reader.health([connection], now))
        return replace(item, connection=connection, seen=fresh.seen)


def _as_shown(action: Action, budget: Budget | None) -> PlanItem:
    """The line of a kept plan that this action came from."""
    refused = action.state == ActionState.REFUSED
    return PlanItem(
        connection=action.connection,
        agreement_number=action.agreement_number,
        customer=action.customer,
        bank=action.bank,
        fate="refused" if refused else "wait" if action.not_before else "run",
        reason=action.reason,
        until=action.not_before,
        calls=action.calls,
        left=None if budget is None or not action.calls else budget.left,
        note=action.note,
    )

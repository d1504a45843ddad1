"""What operators do: the four operations, each as a plan that changes nothing and the door through which it runs,
and what they do about problems."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from backend.guard import GuardedDoor
from backend.model.clock import Clock
from backend.model.facts import Act
from backend.model.handover import Mark
from backend.model.limits import ALLOWANCE, Budget
from backend.model.people import NotAllowed
from backend.model.plans import Plan, PlanItem, Submitted
from backend.model.postings import Decided, Decision
from backend.model.problems import Handled, Note, note_text
from backend.model.renewals import Accepted
from backend.ports import FleetReader
from backend.texts import Say, texts_in


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
        say: Say | None = None,
    ) -> None:
        """`provider` is where a new connection is made; `say` words the warnings of a plan (None: in Danish).

        `allowance`: unattended look-ups that a bank allows in 24 hours, and how many of them are the nightly round's.
        """
        self._reader, self._door, self._clock = reader, door, clock
        self._operator, self._host, self._provider = operator, host, provider
        self._allowance = allowance
        self._say = say or texts_in("da")

    def plan(self, act: Act, ids: Sequence[str], *, then_sync: bool = False) -> Plan:
        """What would run, wait or be refused, and why. The ids are frozen in it (law 9); unknown ones are left out.

        `then_sync` belongs to a renewal: "renew first, then synchronise" as one step (the help page's own advice).
        """
        from backend.rules.eligibility import judge

        now, ids = self._clock.now(), list(dict.fromkeys(ids))
        known, left = self._reader.health(ids, now), self.budgets(act, ids, now)
        many = len(known) > 1
        judged = [judge(act, row, facts, now, budget=left.get(row.id), many=many) for row, facts in known]
        items = tuple(self._warned(act, item) for item in self._weighed(act, judged))
        return Plan(act=act, operator=self._operator, created_at=now, items=items, then_sync=then_sync)

    def budgets(self, act: Act, ids: Sequence[str], now: datetime) -> dict[str, Budget]:
        """What is left of each connection's allowance at its bank; empty for acts that ask no bank."""
        from backend.rules.allowance import WINDOW, budget
        from backend.rules.eligibility import CALLS

        if not CALLS[act]:
            return {}
        spent = self._reader.spent(ids, act, now - WINDOW)
        allowed, reserve = self._allowance
        return {name: budget(spent.get(name, ()), now, allowed=allowed, reserve=reserve) for name in ids}

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

    def _warned(self, act: Act, item: PlanItem) -> PlanItem:
        """With a note when the consent that the act leads to may end another customer's."""
        from backend.rules.eligibility import supersedes

        if act not in (Act.RENEW, Act.CONNECT) or item.fate != "run":
            return item
        rivals = self._reader.rivals(item.agreement_number, item.bank, item.connection)
        return replace(item, note=supersedes(rivals, self._say)) if rivals else item

    def decide(self, postings: Sequence[str], decision: Decision, *, dry_run: bool = False) -> Decided:
        """Accept or discard postings by id, at once; with `dry_run` only say what would become of each.

        *Accept* has a held posting delivered, promised from now on; of one that the bank changed or deleted after its
        delivery it says that somebody has seen it. *Discard* keeps a duplicate out for good. What has changed in the
        meantime is told, not overruled.
        """
        names = {"operator": self._operator, "host": self._host}
        return self._door.decide(postings, decision, **names, now=self._clock.now(), dry_run=dry_run)

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

    def submit(self, plan: Plan) -> Submitted:
        """Write the plan's runnable items as intents, on disk before this returns; names what stood in the way."""
        items = tuple(self._named(item) if plan.act == Act.CONNECT else item for item in plan.items)
        return self._door.submit(replace(plan, items=items), self._host)

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

    def hand_over(self, note: str = "") -> Mark:
        """Note that this shift was handed over; the next handover begins here. Raises ProblemError for a long note."""
        return self._door.hand_over(note_text(note) if note.strip() else "", *self._who(), self._clock.now())

    def _who(self) -> tuple[str, str]:
        return self._operator, self._host

    def _named(self, item: PlanItem) -> PlanItem:
        if item.connection or item.fate != "run":
            return item
        connection = self._door.add_connection(item.agreement_number, item.bank, self._provider, self._clock.now())
        return replace(item, connection=connection)

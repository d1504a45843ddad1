"""Puts a scenario on: finds a customer in whose life nothing is wrong yet, and lets the play happen to him."""

from datetime import timedelta

from backend.sandbox.banks import Mood
from backend.sandbox.courier import Courier
from backend.sandbox.finder import Said
from backend.sandbox.fleet import Connection, Customer
from backend.sandbox.mailbox import Mailbox
from backend.sandbox.plays import PLAYS, may_be_asked
from backend.sandbox.reconciliation import Reconciliation
from backend.sandbox.stage import Play, Stage
from backend.sandbox.web import Problem
from backend.sandbox.world import Consent, World

RESERVED = {one.bank for one in PLAYS.values() if one.bank}
"""Banks where a scenario touches everybody: no other is played there."""

SEARCH = 20_000
"""Customers that are looked at until a suitable one is found."""


class Scenarios:
    """The programme, and on whom it has been played."""

    def __init__(self, world: World, mailbox: Mailbox, inbox: Reconciliation, courier: Courier) -> None:
        self.world, self.mailbox, self.inbox, self.courier = world, mailbox, inbox, courier
        self._taken: set[int] = set()
        self._roles: dict[str, int] = {}

    def listing(self) -> list[Said]:
        """What can be played, and on whom it will be when nobody is named; null when nobody fits any more."""
        self._cast()
        return [
            {
                "id": one.id,
                "does": one.does,
                "agreement_number": self._agreement(one.id),
            }
            for one in PLAYS.values()
        ]

    def play(self, said: Said) -> Said:
        """`{id, agreement}`: the scenario happens to that customer, else to one whom nothing is wrong with.

        `then` are commands that must still run, in order, for the situation to be there; `remedy` those that end it.
        """
        chosen = PLAYS.get(str(said.get("id")))
        if chosen is None:
            raise Problem(404, "NotFound", f"Unknown scenario; they are {', '.join(PLAYS)}")
        customer = self._named(said["agreement"]) if said.get("agreement") else self._somebody(chosen)
        self._taken.add(customer.index)
        consent = self._consent(customer)
        stage = Stage(self.world, self.mailbox, self.inbox, self.courier, self._neighbour, customer, consent)
        then, remedy = chosen.act(stage)
        return {
            "id": chosen.id,
            "agreement_number": customer.agreement_number,
            "customer": customer.name,
            "email": customer.email,
            "bank": consent.bank.kind.name,
            "consent_id": consent.id,
            "did": chosen.does,
            "everybody": chosen.everybody,
            "then": list(then),
            "remedy": list(remedy),
        }

    def _named(self, agreement: object) -> Customer:
        index = self.world.fleet.by_agreement(str(agreement))
        if index is None:
            raise Problem(404, "NotFound", "Unknown customer")
        return self.world.fleet.customer(index)

    def _consent(self, customer: Customer) -> Consent:
        consent = self.world.consent(customer.connections[0].consent_id)
        assert consent is not None
        return consent

    def _somebody(self, wanted: Play) -> Customer:
        self._cast()
        index = self._roles.pop(wanted.id, None)
        if index is None:
            raise Problem(404, "NotFound", "nobody in this world fits: name an agreement, or make the world larger")
        return self.world.fleet.customer(index)

    def _neighbour(self, bank: str) -> Customer:
        """Another customer of that bank with whom nothing is wrong; he is taken by this."""
        taken = self._taken.union(self._roles.values())
        for index in range(min(self.world.fleet.size, SEARCH)):
            customer = self.world.fleet.customer(index)
            fine = index not in taken and customer.situation == "fine"
            if fine and customer.connections[0].bank.id == bank and customer.connections[0].told_expiry:
                self._taken.add(index)
                return customer
        raise Problem(404, "NotFound", "too few customers at the bank: make the world larger")

    def _agreement(self, id: str) -> str | None:
        index = self._roles.get(id)
        return None if index is None else self.world.fleet.customer(index).agreement_number

    def _cast(self) -> None:
        """Somebody for every scenario, no two of them the same: those with the rarest wishes choose first."""
        wanted = [one for one in PLAYS.values() if one.id not in self._roles]
        wanted.sort(key=lambda one: (not one.bank, -one.history, -one.accounts))
        taken = self._taken.union(self._roles.values())
        for index in range(min(self.world.fleet.size, SEARCH)):
            if not wanted:
                break
            customer = self.world.fleet.customer(index)
            if index in taken or customer.situation != "fine" or not may_be_asked(customer):
                continue
            fitting = next((one for one in wanted if self._fits(one, customer.connections[0])), None)
            if fitting is not None:
                wanted.remove(fitting)
                self._roles[fitting.id] = index

    def _fits(self, wanted: Play, connection: Connection) -> bool:
        now, bank = self.world.clock.now(), connection.bank
        if bank.id != wanted.bank and (wanted.bank or bank.id in RESERVED or bank.renumbers):
            return False
        return (
            len(connection.accounts) >= wanted.accounts
            and all(kind.iban for kind in connection.accounts)
            and all(connection.ledger)
            and connection.told_expiry
            and connection.data_from <= now.date() - timedelta(days=wanted.history)
            and connection.expires_at > now + timedelta(days=wanted.days)
            and connection.authorised_at < now - timedelta(days=1)
            and self.world.banks[bank.id].mood(now) is Mood.OK
        )

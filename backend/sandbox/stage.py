"""What scenarios are played on: one customer, with hands on everything around him, and the programme of plays."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from backend.sandbox import banks
from backend.sandbox.banks import BankKind
from backend.sandbox.courier import Courier
from backend.sandbox.dice import digest
from backend.sandbox.fleet import CHART, AccountKind, Customer, iban_of
from backend.sandbox.mailbox import Mailbox
from backend.sandbox.reconciliation import Reconciliation
from backend.sandbox.statement import BankAccount, Extra, Trouble
from backend.sandbox.world import Consent, User, World

Steps = tuple[str, ...]

AWAY = "# with the agent stopped"
SEEN = "# when the agent has seen it"


@dataclass(slots=True)
class Stage:
    """One customer with one consent, and hands on everything around. `then` and `remedy` are commands to give."""

    world: World
    mailbox: Mailbox
    inbox: Reconciliation
    courier: Courier
    neighbour: Callable[[str], Customer]
    customer: Customer
    consent: Consent

    @property
    def now(self) -> datetime:
        return self.world.clock.now()

    @property
    def agreement(self) -> str:
        return self.customer.agreement_number

    @property
    def first(self) -> BankAccount:
        return self.consent.links[0].account

    @property
    def walk(self) -> str:
        """The customer goes through the mailed link."""
        return f"forny sandbox walk {self.customer.email}"

    @property
    def renewed(self) -> Steps:
        return f"forny renew {self.agreement} --yes", self.walk

    @property
    def mended(self) -> Steps:
        return (f"forny sandbox turn consent/mend agreement={self.agreement}",)

    def end(self, days: float = 0.0) -> None:
        """The consent ends so many days from now."""
        self.world.sync(self.consent)
        self.consent.expires_at = self.now + timedelta(days=days)
        self.news()

    def sync(self) -> None:
        """Aiia fetches from the bank now, if the bank lets it."""
        self.consent.queued.append((self.now, False))
        self.news()

    def news(self) -> None:
        """Somebody should look: there may be something to tell by webhook."""
        self.world.watcher(self.consent)

    def row(self, ore: int, text: str, *, account: BankAccount | None = None, at: datetime | None = None) -> str:
        """The bank books a row now; its key."""
        account = account or self.first
        self.world.made += 1
        key = f"scene{self.world.made}"
        account.extras.append(Extra(key=key, at=at or self.now, created=self.now, ore=ore, text=text))
        return key

    def new_account(self, name: str, *, offered: bool = True) -> AccountKind:
        """The customer gets another account at his bank."""
        bank, there = self.consent.bank.kind, self.there
        digits = f"{digest(self.world.seed, 'scene', self.agreement, len(there)) % 10**10:010}"
        made = replace(
            self.first.kind,
            key=digest(self.world.seed, "scene key", self.agreement, len(there)) >> 64,
            iban=iban_of(bank.reg, digits),
            bban=f"{bank.reg}-{digits}",
            name=name,
        )
        if offered:
            there.append(BankAccount(made))
        return made

    def claim(self, consent_id: str | None, bank: str, accounts: list[AccountKind], of: Customer | None = None) -> None:
        """The accounting system's next import has this line too, of another customer with this one's mail address."""
        customer = of or self.customer
        listed = [
            {
                "account_id": f"claimed-{kind.key % 10**9}",
                "iban": kind.iban,
                "bban": kind.bban,
                "name": kind.name,
                "ledger_account": CHART[5],
            }
            for kind in accounts
        ]
        self.world.claims.setdefault(customer.agreement_number, []).append(
            {
                "agreement_number": customer.agreement_number,
                "customer": customer.name,
                "email": self.customer.email,
                "provider": "aiia",
                "consent_id": consent_id,
                "refresh_token": None,
                "bank": bank,
                "data_from": None,
                "expires_at": None,
                "accounts": listed,
            }
        )

    def trouble(self, status: int, error: str, reason: str) -> None:
        """Every call about the consent is answered so from now on."""
        self.consent.trouble = Trouble(status, error, reason)

    def wait(self, hours: int, *, step: int = 24) -> Steps:
        """Time that must pass; not in one piece, so that an agent can keep up."""
        whole, rest = divmod(hours, step)
        return (f"forny sandbox skip {step}h",) * whole + ((f"forny sandbox skip {rest}h",) if rest else ())

    def imported(self, of: Customer | None = None) -> str:
        """The accounting system hands over what it knows of a customer."""
        return f"forny sandbox fleet --agreement {(of or self.customer).agreement_number} | forny import -"

    def other_bank(self) -> BankKind:
        """A bank at which the customer has nothing yet."""
        known = {connection.bank.id for connection in self.customer.connections}
        return next(kind for kind in banks.CATALOGUE if kind.id not in known)

    def connected(self, bank: BankKind) -> Steps:
        """The customer is sent a link for a new connection, and uses it."""
        return f'forny connect {self.agreement} --bank "{bank.name}" --yes', f"{self.walk} --bank {bank.id}"

    @property
    def user(self) -> User:
        user = self.world.user(self.customer.user_id)
        assert user is not None
        return user

    @property
    def there(self) -> list[BankAccount]:
        """What the bank has for the customer, connected or not."""
        return self.world.bank_accounts(self.user, self.consent.bank)


Outcome = tuple[Steps, Steps]
"""What must still happen until the situation is there, and what ends it again."""

Act = Callable[[Stage], Outcome]


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """One scenario.

    Whom it suits: who has so many `accounts`, `days` left and days of `history`, and at that `bank` only, where it
    touches all of it.
    `everybody`: it touches all customers of the world.
    """

    id: str
    act: Act
    accounts: int = 1
    days: int = 20
    history: int = 0
    bank: str = ""
    everybody: bool = False

    @property
    def does(self) -> str:
        """In one sentence."""
        return " ".join((self.act.__doc__ or "").split())


PLAYS: dict[str, Play] = {}

A = TypeVar("A", bound=Act)


def play(
    id: str, *, accounts: int = 1, days: int = 20, history: int = 0, bank: str = "", everybody: bool = False
) -> Callable[[A], A]:
    """Put a scenario on the programme."""

    def put(act: A) -> A:
        PLAYS[id] = Play(id=id, act=act, accounts=accounts, days=days, history=history, bank=bank, everybody=everybody)
        return act

    return put

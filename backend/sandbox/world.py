"""The state of the world: Aiia's users and consents, the banks' moods, and what a sync at a moment would bring.

Nothing here runs in the background. What the six-hourly syncs have done is worked out when somebody looks, so that
a month costs nothing and the same seed and clock always give the same answer.
"""

import base64
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta

from backend.model.clock import Clock, ScaledClock
from backend.sandbox import banks, fleet
from backend.sandbox.banks import Bank, Mood
from backend.sandbox.books import Books
from backend.sandbox.dice import digest, share, uuid_of
from backend.sandbox.faults import Faults
from backend.sandbox.fleet import AccountKind, Connection, Customer, Fleet
from backend.sandbox.statement import BankAccount, Link, Trouble
from backend.sandbox.tokens import TokenOffice

SYNC_EVERY = timedelta(hours=6)
LOGINS_A_DAY = 4
SLOW_SYNC = timedelta(minutes=10)
BANK_PAUSE = timedelta(minutes=15)
NO_BACKFILL = timedelta(days=7)
"""As far as a bank reaches back that gives only the last week after a lapse (`facts/aiia-economic.md` §1.12)."""


class ConsentRevokedError(Exception):
    """The consent behind a token was withdrawn."""


class BankRateLimitedError(Exception):
    """The bank lets nobody in without the customer before `until`."""

    def __init__(self, until: datetime) -> None:
        super().__init__("rate limited")
        self.until = until


class BankDownError(Exception):
    """The bank turns requests away."""


@dataclass(slots=True)
class Consent:
    """One user's consent at one bank, towards the integrator.

    `died_at`: the bank ended it before its day. `asleep_since`: Aiia's own syncs stopped, and nothing says so.
    `slowness`: how long the bank takes to deliver after a login. `trouble`: how every call about it is answered;
    `trouble_at_login`: the same from the customer's next login on. `blind`: Aiia shows none of its accounts.
    `exclusive`: the bank ends it when the same user gives another one there.
    """

    id: str
    user_id: str
    bank: Bank
    group: str | None
    group_name: str | None
    authorised_at: datetime
    expires_at: datetime
    links: list[Link]
    synced_at: datetime | None = None
    revoked_at: datetime | None = None
    revoked_by: str = ""
    all_selected: bool = True
    queued: list[tuple[datetime, bool]] = field(default_factory=list)
    logins: list[datetime] = field(default_factory=list)
    limited_until: datetime | None = None
    died_at: datetime | None = None
    asleep_since: datetime | None = None
    supervised_since: datetime | None = None
    slowness: timedelta | None = None
    trouble: Trouble | None = None
    trouble_at_login: Trouble | None = None
    blind: bool = False
    exclusive: bool = False

    def wants_user(self, now: datetime) -> bool:
        """The bank lets nobody in without the customer until he logs in again."""
        return self.supervised_since is not None and self.supervised_since <= now

    def ended(self, now: datetime) -> datetime | None:
        """When the bank stopped (or will not have started) to accept it, if that is so by now."""
        died = self.bank.died_between(self.authorised_at, now)
        ends = [at for at in (self.expires_at, self.revoked_at, self.died_at, died) if at is not None and at <= now]
        return min(ends) if ends else None


@dataclass(slots=True)
class User:
    """An Aiia user: one mail address, perhaps several banks. `number` is the space of its account numbers."""

    id: str
    email: str
    name: str
    number: int
    consents: dict[str, Consent] = field(default_factory=dict)
    accounts: dict[str, list[BankAccount]] = field(default_factory=dict)


class World:
    """Everything that the servers share. One event loop touches it; no method waits."""

    client_id = "forny-sandbox"

    def __init__(
        self, *, customers: int, seed: int, clock: Clock, machine: Clock | None = None, sync_seconds: float = 2.0
    ) -> None:
        self.seed, self.clock = seed, clock
        self.machine = machine or ScaledClock()
        self.start = clock.now()
        self.sync_delay = timedelta(seconds=sync_seconds)
        self.client_secret = uuid_of(seed, "client-secret")
        self.reconciliation_token = uuid_of(seed, "reconciliation-token")
        self.fleet = Fleet(seed, customers, self.start)
        self.banks = {kind.id: Bank(kind) for kind in banks.CATALOGUE}
        self.banks[banks.FIRST_DOWN].moods.append((self.start - timedelta(hours=5), Mood.DOWN))
        self.tokens = TokenOffice(seed, self.client_id, clock, self.machine, getattr(clock, "speed", 1.0))
        self.books, self.faults = Books(), Faults()
        self.unknown_enums, self.whole_user = False, False
        self.claims: dict[str, list[dict[str, object]]] = {}
        self.made = 0
        self.redirect_uris: set[str] = set()
        self.watcher: Callable[[Consent], None] = lambda _: None
        self._users: dict[str, User] = {}
        self._emails: dict[str, str] = {}
        self._new_consents: dict[str, str] = {}
        self._rate_limits: dict[str, datetime] = {}

    # Who is who

    def user(self, user_id: str) -> User | None:
        """The user with this id, brought to life when first asked for."""
        if user_id not in self._users:
            index = self.fleet.by_user(user_id)
            if index is None:
                return None
            self._users[user_id] = self._born(self.fleet.customer(index))
        return self._users[user_id]

    def known_users(self) -> list[User]:
        """Those whom somebody has looked at."""
        return list(self._users.values())

    def user_by_email(self, address: str) -> User | None:
        """The user with this mail address."""
        if user_id := self._emails.get(address.casefold()):
            return self._users[user_id]
        index = self.fleet.by_email(address)
        return None if index is None else self.user(self.fleet.customer(index).user_id)

    def enrol(self, address: str) -> User:
        """The user with this mail address, made when there is none: Aiia takes everybody who reads the code."""
        user = self.user_by_email(address)
        if user is None:
            user_id, number = fleet.stranger(self.seed, address)
            user = User(id=user_id, email=address, name=address.partition("@")[0], number=number)
            self._users[user_id] = user
            self._emails[address.casefold()] = user_id
        return user

    def consent(self, consent_id: str) -> Consent | None:
        """The consent with this id."""
        owner = self._new_consents.get(consent_id)
        if owner is None:
            index = self.fleet.by_consent(consent_id)
            owner = None if index is None else self.fleet.customer(index).user_id
        user = self.user(owner) if owner else None
        return user.consents.get(consent_id) if user else None

    def initial_token(self, customer: Customer, slot: int) -> str:
        """The refresh token that the integrator holds when the world begins."""
        consent_id = customer.connections[slot].consent_id
        session = uuid_of(self.seed, "first-session", consent_id)
        return self.tokens.first(
            customer.user_id, consent_id, session, uuid_of(self.seed, "first-token", consent_id), self.start
        )

    def bank_accounts(self, user: User, bank: Bank) -> list[BankAccount]:
        """What the bank has for this user."""
        if bank.kind.id not in user.accounts:
            kinds = fleet.accounts_at(self.seed, user.number, bank.kind, user.name, self.start.date())
            user.accounts[bank.kind.id] = [BankAccount(kind) for kind in kinds]
        return user.accounts[bank.kind.id]

    def account_id(self, consent: Consent, link: Link) -> str:
        """Aiia's opaque id of an account under a consent."""
        return account_id(consent.user_id, consent.bank.kind.id, consent.id, link.account.kind.key, link.account_epoch)

    def link(self, consent: Consent, account_id: str) -> Link | None:
        """The account behind an id, if the consent covers it."""
        return next((link for link in consent.links if self.account_id(consent, link) == account_id), None)

    def names_of(self, consent: Consent, link: Link) -> set[str]:
        """By what an account can be called: IBAN, BBAN, id."""
        kind = link.account.kind
        return {name for name in (kind.iban, kind.bban, self.account_id(consent, link)) if name}

    def links_by_name(self, name: str) -> list[tuple[Consent, Link]]:
        """The accounts of that name, among the users that somebody has looked at."""
        return [
            (consent, link)
            for user in self._users.values()
            for consent in user.consents.values()
            for link in consent.links
            if name in self.names_of(consent, link)
        ]

    # Time and banks

    def sync(self, consent: Consent) -> datetime | None:
        """Work out what the automatic and the queued syncs have done by now; the last one that succeeded."""
        now = self.clock.now()
        best = consent.synced_at
        for at, present in [entry for entry in consent.queued if entry[0] <= now]:
            if self._reaches(consent, at, present=present) and (best is None or at > best):
                best = at
        consent.queued = [entry for entry in consent.queued if entry[0] > now]
        upto = min(now, consent.ended(now) or now)
        tick = self.tick_before(consent, upto)
        while tick > (best or consent.authorised_at):
            if self._reaches(consent, tick, present=False):
                best = tick
                break
            tick -= SYNC_EVERY
        consent.synced_at = best
        return best

    def ask_update(self, consent: Consent) -> bool:
        """Queue a fetch without the customer; False when only a supervised login helps.

        Raises BankRateLimitedError and BankDownError. A bank that is down without saying so takes the request.
        """
        now = self.clock.now()
        mood = consent.bank.mood(now)
        self.watcher(consent)
        supervised = mood is Mood.SUPERVISED_ONLY or consent.wants_user(now)
        if consent.ended(now) or not consent.bank.kind.unattended or supervised:
            return False
        if mood is Mood.RATE_LIMITED:
            until = self._rate_limits.get(consent.bank.kind.id)
            if until is None or until <= now:
                until = self._rate_limits[consent.bank.kind.id] = now + BANK_PAUSE
            consent.limited_until = until
            raise BankRateLimitedError(until)
        if mood is Mood.DOWN and consent.bank.kind.cluster in banks.OUTSPOKEN:
            raise BankDownError
        consent.logins = [at for at in consent.logins if at > now - timedelta(days=1)]
        if len(consent.logins) >= LOGINS_A_DAY:
            consent.limited_until = consent.logins[0] + timedelta(days=1)
            raise BankRateLimitedError(consent.limited_until)
        consent.logins.append(now)
        self.books.unattended_logins += 1
        consent.queued.append((now + self._delay(consent), False))
        return True

    def grant(
        self, user: User, bank: Bank, numbers: Iterable[int], group: str | None, group_name: str | None
    ) -> Consent:
        """A new consent at a bank for the accounts at these places."""
        consent_id = uuid_of(self.seed, "new-consent", user.id, len(user.consents))
        epoch = 100 * len(user.consents)
        consent = Consent(
            id=consent_id,
            user_id=user.id,
            bank=bank,
            group=group,
            group_name=group_name,
            authorised_at=self.clock.now(),
            expires_at=self.clock.now(),
            links=[],
        )
        for other in user.consents.values():
            if other.exclusive and other.bank is bank:
                self.sync(other)
                other.died_at = self.clock.now()
                self.watcher(other)
        user.consents[consent_id] = consent
        self._new_consents[consent_id] = user.id
        self._authorise(user, consent, numbers, epoch)
        return consent

    def renew(self, user: User, consent: Consent, numbers: Iterable[int]) -> None:
        """The customer has logged in at the bank again and said yes."""
        seen = self.sync(consent)
        for link in consent.links:
            if consent.bank.kind.renumbers:
                link.account_epoch += 1
                link.row_epoch += 1
            if link.account.forgets and seen is not None:
                link.account.holes.append((seen, self.clock.now() - NO_BACKFILL))
        self._authorise(user, consent, numbers, 0)

    def revoke(self, consent: Consent, by: str) -> None:
        """The customer (or the bank) takes the consent back."""
        self.sync(consent)
        consent.revoked_at, consent.revoked_by = self.clock.now(), by
        self.watcher(consent)

    def _authorise(self, user: User, consent: Consent, numbers: Iterable[int], epoch: int) -> None:
        now = self.clock.now()
        consent.authorised_at, consent.expires_at = now, now + timedelta(days=consent.bank.kind.days)
        consent.revoked_at, consent.revoked_by, consent.died_at = None, "", None
        consent.asleep_since, consent.supervised_since, consent.logins = None, None, []
        if consent.trouble_at_login is not None:
            consent.trouble, consent.trouble_at_login = consent.trouble_at_login, None
        there = self.bank_accounts(user, consent.bank)
        chosen = [there[place] for place in sorted(set(numbers)) if 0 <= place < len(there)]
        old = {id(link.account): link for link in consent.links}
        consent.links = [old.get(id(account)) or Link(account, epoch, epoch) for account in chosen]
        consent.all_selected = len(chosen) == len(there)
        consent.queued.append((now + self._delay(consent), True))
        self.books.supervised_logins += 1
        self.watcher(consent)

    def supervised_login(self, consent: Consent) -> None:
        """The customer logged in at the bank for a manual update: the consent lives anew and a fetch is queued."""
        user = self.user(consent.user_id)
        if user is not None:
            there = self.bank_accounts(user, consent.bank)
            kept = [place for place, account in enumerate(there) if any(k.account is account for k in consent.links)]
            self.sync(consent)
            self._authorise(user, consent, kept, 0)

    def _delay(self, consent: Consent) -> timedelta:
        if consent.slowness is not None:
            return consent.slowness
        return SLOW_SYNC if consent.bank.mood(self.clock.now()) is Mood.SLOW else self.sync_delay

    def _reaches(self, consent: Consent, at: datetime, *, present: bool) -> bool:
        ended = consent.ended(at)
        if ended is not None:
            return False
        mood = consent.bank.mood(at)
        if present:
            return mood is not Mood.DOWN
        if consent.slowness is not None and at < consent.authorised_at + consent.slowness:
            return False
        if consent.wants_user(at) or (consent.asleep_since is not None and consent.asleep_since <= at):
            return False
        return consent.bank.kind.unattended and mood in (Mood.OK, Mood.SLOW, Mood.EARLY_DEATH)

    def tick_before(self, consent: Consent, at: datetime) -> datetime:
        """The last automatic sync before an instant: four times a day, each consent at its own time."""
        phase = timedelta(seconds=digest(consent.id, "phase") % int(SYNC_EVERY.total_seconds()))
        day = datetime.combine(at.date(), time(), UTC) - timedelta(days=1) + phase
        return day + (at - day) // SYNC_EVERY * SYNC_EVERY

    def _born(self, customer: Customer) -> User:
        user = User(id=customer.user_id, email=customer.email, name=customer.name, number=customer.index)
        self._emails[customer.email.casefold()] = user.id
        for connection in customer.connections:
            bank = self.banks[connection.bank.id]
            there = user.accounts.setdefault(bank.kind.id, [BankAccount(kind) for kind in connection.accounts])
            chosen = [_find(there, kind) for kind in connection.accounts]
            user.consents[connection.consent_id] = Consent(
                id=connection.consent_id,
                user_id=user.id,
                bank=bank,
                group=customer.agreement_number,
                group_name=customer.name,
                authorised_at=connection.authorised_at,
                expires_at=connection.expires_at,
                links=[Link(account) for account in chosen],
                synced_at=connection.authorised_at,
                revoked_at=self._revoked_at(connection),
                revoked_by="customer" if connection.revoked else "",
            )
            self.watcher(user.consents[connection.consent_id])
        return user

    def _revoked_at(self, connection: Connection) -> datetime | None:
        lived = self.start - connection.authorised_at
        return self.start - lived * share(connection.consent_id, "revoked") if connection.revoked else None


def _find(there: list[BankAccount], kind: AccountKind) -> BankAccount:
    return next(account for account in there if account.kind == kind)


def account_id(user_id: str, bank_id: str, consent_id: str, key: int, epoch: int = 0) -> str:
    """An opaque base64 text that changes from consent to consent (§1.5)."""
    mark = uuid_of("account", key, consent_id, epoch).partition("-")[0]
    return base64.b64encode(f"{user_id.replace('-', '')[:12]}|{bank_id}|{mark}".encode()).decode()

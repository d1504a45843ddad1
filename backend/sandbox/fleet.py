"""The fleet, made customer by customer from (seed, index): a million of them cost nothing until they are looked at."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from backend.sandbox import banks, names
from backend.sandbox.banks import BankKind
from backend.sandbox.dice import digest, hide, reveal, share, uuid_of

FIRST_AGREEMENT = 1_200_000
STEP = 3
"""Agreement numbers are `FIRST_AGREEMENT + STEP * index`."""

CHART = ("5820", "5821", "5822", "5830", "5840", "5850", "5890")
"""Bank accounts in every agreement's chart of accounts (konti fra kontoplan); 5820 is the help page's."""
BARRED = "5890"

SHOWCASE = (
    "fine",
    "expiring",
    "expired",
    "bank_down",
    "supervised_only",
    "unmapped",
    "two_connections",
    "barred",
    "revoked",
    "euro",
)
"""What the first ten customers are, whatever the seed, so that even the smallest fleet has one of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountKind:
    """A bank account as the bank knows it. `key` seeds its rows."""

    key: int
    iban: str | None
    bban: str | None
    name: str
    currency: str
    type: str
    opened: date
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A consent that exists when the world begins. `ledger` maps an account's place to a ledger account."""

    consent_id: str
    slot: int
    bank: BankKind
    authorised_at: datetime
    expires_at: datetime
    told_expiry: bool
    revoked: bool
    data_from: date
    accounts: tuple[AccountKind, ...]
    ledger: tuple[str | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """One company with an Aiia user and one or two connections."""

    index: int
    situation: str
    agreement_number: str
    name: str
    email: str
    user_id: str
    connections: tuple[Connection, ...]


def iban_of(reg: str, account: str) -> str:
    """The Danish IBAN of a registration and account number, with its check digits."""
    check = 98 - int(f"{reg}{account}132000") % 97
    return f"DK{check:02}{reg}{account}"


def _digits(seed: int, number: int) -> str:
    """An account number of ten digits; two numbers never share one, for the factor is prime to ten."""
    return f"{(number * 7_368_787 + digest(seed, 'accounts')) % 10**10:010}"


def accounts_at(seed: int, number: int, bank: BankKind, owner: str, today: date) -> tuple[AccountKind, ...]:
    """The bank accounts that customer `number` has at a bank: one to three, always the same ones."""
    key = (seed, "accounts", number, bank.id)
    count = 1 + (share(*key, "two") < 0.35) + (share(*key, "three") < 0.12)
    first = banks.CATALOGUE.index(bank) * 4
    made = []
    for place in range(count):
        digits = _digits(seed, number * 64 + first + place)
        euro = place > 0 and share(*key, place, "euro") < 0.1
        odd = share(*key, place, "odd")
        made.append(
            AccountKind(
                key=digest(*key, place) >> 64,
                iban=None if odd < 0.02 else iban_of(bank.reg, digits),
                bban=None if odd > 0.98 else f"{bank.reg}-{digits}",
                name=("Driftskonto", "Skattekonto", "Opsparing")[place] if not euro else "Valutakonto EUR",
                currency="EUR" if euro else "DKK",
                type="Savings" if place == 2 else "Consumption",
                opened=today - timedelta(days=400 + digest(*key, place, "age") % 3000),
                owner=owner,
            )
        )
    return tuple(made)


class Fleet:
    """Customers 0 to `size` - 1 of a seed, as they are when the world begins at `start`."""

    def __init__(self, seed: int, size: int, start: datetime) -> None:
        self.seed, self.size, self.start = seed, size, start

    def customer(self, index: int) -> Customer:
        """Customer `index`; raises IndexError outside the fleet."""
        if not 0 <= index < self.size:
            raise IndexError(index)
        situation = self._situation(index)
        name = names.company(self.seed, index)
        slots = 2 if situation == "two_connections" else 1
        return Customer(
            index=index,
            situation=situation,
            agreement_number=str(FIRST_AGREEMENT + STEP * index),
            name=name,
            email=names.email(self.seed, index),
            user_id=hide(self.seed, "user", index),
            connections=tuple(self._connection(index, slot, situation, name) for slot in range(slots)),
        )

    def by_agreement(self, number: str) -> int | None:
        """The index of the customer with this agreement number."""
        if not (number.isascii() and number.isdecimal() and len(number) < 12):
            return None
        index, rest = divmod(int(number) - FIRST_AGREEMENT, STEP)
        return index if rest == 0 and 0 <= index < self.size else None

    def by_email(self, address: str) -> int | None:
        """The index of the customer with this mail address."""
        index = names.index_of_email(self.seed, address)
        return index if index is not None and index < self.size else None

    def by_user(self, user_id: str) -> int | None:
        """The index of the customer with this Aiia user id."""
        index = reveal(self.seed, "user", user_id)
        return index if index is not None and index < self.size else None

    def by_consent(self, consent_id: str) -> int | None:
        """The index of the customer who gave this consent before the world began."""
        number = reveal(self.seed, "consent", consent_id)
        return number // 2 if number is not None and number // 2 < self.size else None

    def customers(self, limit: int | None = None) -> Iterator[Customer]:
        """The customers in order, made while they are asked for."""
        for index in range(self.size if limit is None else min(limit, self.size)):
            yield self.customer(index)

    def _situation(self, index: int) -> str:
        if index < len(SHOWCASE):
            return SHOWCASE[index]
        number = share(self.seed, "situation", index)
        for upto, situation in (
            (0.04, "expiring"),
            (0.10, "expired"),
            (0.18, "two_connections"),
            (0.22, "unmapped"),
            (0.23, "barred"),
            (0.24, "revoked"),
        ):
            if number < upto:
                return situation
        return "fine"

    def _bank(self, index: int, slot: int, situation: str) -> BankKind:
        if index < len(SHOWCASE):
            chosen = {"bank_down": banks.FIRST_DOWN, "supervised_only": banks.FIRST_SUPERVISED}
            return banks.BY_ID[chosen.get(situation, ("DK_DanskeBank", "DK_Nordea")[(index + slot) % 2])]
        bank = banks.draw(share(self.seed, "bank", index, slot))
        if slot and bank is self._bank(index, 0, situation):
            return banks.BY_ID["DK_Nordea" if bank.id != "DK_Nordea" else "DK_DanskeBank"]
        return bank

    def _connection(self, index: int, slot: int, situation: str, owner: str) -> Connection:
        key = (self.seed, "connection", index, slot)
        bank = self._bank(index, slot, situation)
        life = timedelta(days=bank.days)
        part = share(*key, "age")
        if situation == "expired" and slot == 0:
            authorised = self.start - life - timedelta(hours=5 + part * 40 * 24)
        elif situation == "expiring" and slot == 0:
            authorised = self.start - life + timedelta(hours=8 + part * 5 * 24)
        else:
            authorised = self.start - timedelta(hours=2) - part * 0.85 * life
        authorised = authorised.replace(microsecond=0)
        accounts = accounts_at(self.seed, index, bank, owner, self.start.date())
        if situation == "euro":
            accounts = (*accounts[:1], _euro(self.seed, index, bank, owner, self.start.date()))
        return Connection(
            consent_id=hide(self.seed, "consent", index * 2 + slot),
            slot=slot,
            bank=bank,
            authorised_at=authorised,
            expires_at=authorised + life,
            told_expiry=share(*key, "told") > 0.1,
            revoked=situation == "revoked",
            data_from=self._data_from(key, authorised),
            accounts=accounts,
            ledger=self._ledger(key, situation, slot, len(accounts)),
        )

    def _data_from(self, key: tuple[object, ...], authorised: datetime) -> date:
        reach = 300 if share(*key, "long") < 0.1 else 45
        return min(authorised.date(), self.start.date() - timedelta(days=7 + digest(*key, "from") % reach))

    def _ledger(self, key: tuple[object, ...], situation: str, slot: int, count: int) -> tuple[str | None, ...]:
        ledger: list[str | None] = [CHART[place + 3 * slot] for place in range(count)]
        if situation == "unmapped":
            ledger[-1] = None
        elif situation == "barred":
            ledger[0] = BARRED
        elif count > 1 and share(*key, "private") < 0.05:
            ledger[-1] = None
        return tuple(ledger)


def _euro(seed: int, index: int, bank: BankKind, owner: str, today: date) -> AccountKind:
    digits = _digits(seed, index * 64 + 63)
    return AccountKind(
        key=digest(seed, "euro", index) >> 64,
        iban=iban_of(bank.reg, digits),
        bban=f"{bank.reg}-{digits}",
        name="Valutakonto EUR",
        currency="EUR",
        type="Consumption",
        opened=today - timedelta(days=700),
        owner=owner,
    )


def stranger(seed: int, address: str) -> tuple[str, int]:
    """User id and account number space of somebody who is not in the fleet."""
    return uuid_of(seed, "stranger", address.casefold()), 2**26 + digest(seed, "stranger", address) % 2**26

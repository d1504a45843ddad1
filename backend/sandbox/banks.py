"""The banks: how long their consents live, whose data centre they share, and the mood they are in.

Names of real banks are used where the facts tell of them (`facts/aiia-economic.md` §1.15); the day counts and
the moods are this world's own. Banks with a bad habit of their own are invented.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Mood(StrEnum):
    """How a bank feels. It can change at any time, and changes only what touches the bank, not Aiia's store."""

    OK = "ok"
    DOWN = "down"
    SLOW = "slow"
    RATE_LIMITED = "rate_limited"
    SUPERVISED_ONLY = "supervised_only"
    EARLY_DEATH = "early_death"


@dataclass(frozen=True, slots=True, kw_only=True)
class BankKind:
    """What does not change about a bank. `weight` is its share of the fleet; `reg` its registration number."""

    id: str
    name: str
    days: int
    cluster: str
    reg: str
    weight: int = 10
    unattended: bool = True
    renumbers: bool = False
    audiences: tuple[str, ...] = ("Private", "Business")
    color: str = "#003755"


OUTSPOKEN = ("BEC", "SDC")
"""Data centres that turn a request away at once while they are down; the others take it and stay silent."""


@dataclass(slots=True)
class Bank:
    """A bank with its moods so far, oldest first."""

    kind: BankKind
    moods: list[tuple[datetime, Mood]] = field(default_factory=list)

    def mood(self, at: datetime) -> Mood:
        """The mood at an instant."""
        for since, mood in reversed(self.moods):
            if since <= at:
                return mood
        return Mood.OK

    def since(self, at: datetime) -> datetime | None:
        """When the mood that holds at an instant began; None when it is the first."""
        for since, _ in reversed(self.moods):
            if since <= at:
                return since
        return None

    def died_between(self, authorised: datetime, until: datetime) -> datetime | None:
        """When a policy change at the bank ended the consents given before it, if one did (§4 no. 2)."""
        for since, mood in self.moods:
            if mood is Mood.EARLY_DEATH and authorised < since <= until:
                return since
        return None


CATALOGUE: tuple[BankKind, ...] = (
    BankKind(id="DK_DanskeBank", name="Danske Bank", days=45, cluster="own", reg="3409", weight=26),
    BankKind(id="DK_Nordea", name="Nordea", days=90, cluster="own", reg="2191", weight=18, color="#0000a0"),
    BankKind(id="DK_JyskeBank", name="Jyske Bank", days=180, cluster="Bankdata", reg="7851", weight=12),
    BankKind(id="DK_Sydbank", name="Sydbank", days=180, cluster="Bankdata", reg="8065", weight=10, color="#1c4e9d"),
    BankKind(
        id="DK_RingkjobingLandbobank",
        name="Ringkjøbing Landbobank",
        days=180,
        cluster="Bankdata",
        reg="7670",
        weight=5,
        color="#7a1f1f",
    ),
    BankKind(id="DK_ArbejdernesLandsbank", name="Arbejdernes Landsbank", days=90, cluster="BEC", reg="5301", weight=7),
    BankKind(id="DK_Spar_Nord", name="Spar Nord", days=180, cluster="BEC", reg="9190", weight=8, color="#b5002f"),
    BankKind(id="DK_Nykredit", name="Nykredit Bank", days=90, cluster="BEC", reg="8117", weight=5),
    BankKind(id="DK_Lunar", name="Lunar", days=90, cluster="own", reg="6695", weight=4, renumbers=True),
    BankKind(id="DK_KlitBanken", name="Klitbanken", days=180, cluster="SDC", reg="9999", weight=5, color="#4b6b3c"),
    BankKind(id="DK_HavneSpar", name="Havnesparekassen", days=90, cluster="SDC", reg="9998", weight=4),
    BankKind(
        id="DK_OestfjordAndel",
        name="Østfjord Andelskasse",
        days=90,
        cluster="SDC",
        reg="9997",
        weight=3,
        unattended=False,
        color="#59407a",
    ),
    BankKind(
        id="DK_DanskeBank_Privat",
        name="Danske Bank Privat",
        days=90,
        cluster="own",
        reg="3410",
        weight=0,
        audiences=("Private",),
    ),
)
"""The last is the same bank's entry for private customers: whoever picks it sees no business account (§4 no. 11).

Klitbanken starts the world down, Østfjord Andelskasse knows no login without the customer (§1.14)."""

FIRST_DOWN = "DK_KlitBanken"
FIRST_SUPERVISED = "DK_OestfjordAndel"
BY_ID = {kind.id: kind for kind in CATALOGUE}


def find(name: str) -> BankKind | None:
    """The bank of that id or name, whatever the case."""
    wanted = name.casefold()
    return next((kind for kind in CATALOGUE if wanted in (kind.id.casefold(), kind.name.casefold())), None)


def draw(number: float) -> BankKind:
    """The bank that a number from 0 to 1 falls on, by weight."""
    left = number * sum(kind.weight for kind in CATALOGUE)
    for kind in CATALOGUE:
        left -= kind.weight
        if left < 0:
            return kind
    return CATALOGUE[0]

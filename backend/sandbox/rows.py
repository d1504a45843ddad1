"""The banks' own books: every account's rows, made from its key month by month, never stored.

A row is booked at one instant; card payments are *reserved* one to three days before under another id, and a few
reservations are never booked. Each month ends on an anchor balance, so that a running balance costs one month's
work however old the account is. Amounts are whole øre (hundredths); nothing here is a binary float.
"""

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from backend.sandbox import names
from backend.sandbox.dice import dice, digest, share

HISTORY_DAYS = 730
"""What Aiia keeps (`facts/aiia-economic.md` §1.12)."""
RESERVED_DAYS = 3

_SHOPS = (
    "DSB Kastrup", "Netto Nordhavn", "Circle K Taulov", "Bog & Idé Århus", "IKEA Odense", "Q8 Ringsted", "Føtex Vejle",
    "Rejsekort Optankning", "jem & fix Køge", "Harald Nyborg", "Scandic Sønderborg", "Storebælt A/S", "OK Plus Hårlev",
    "Café Ærø", "PostNord Erhverv", "Elgiganten", "Silvan Næstved", "EasyPark", "Lagkagehuset", "Normal Slagelse",
)  # fmt: skip
_FEES = ("Gebyr straksoverførsel", "Kortgebyr", "Gebyr udlandsbetaling")


@dataclass(frozen=True, slots=True)
class Row:
    """One row in the bank's books. `reserved_at` is None unless it was reserved first; `void` was never booked."""

    key: str
    at: datetime
    ore: int
    text: str
    original: str
    kind: str
    value_date: date
    balance: int
    reserved_at: datetime | None = None
    void: bool = False


def anchor(key: int, year: int, month: int) -> int:
    """The balance in øre when a month begins."""
    base = 4_000_000 + digest(key, "base") % 60_000_000
    return int(base * (70 + digest(key, "anchor", year, month) % 61) // 100) + digest(key, "øre", year, month) % 100


def next_month(year: int, month: int) -> tuple[int, int]:
    return (year + 1, 1) if month == 12 else (year, month + 1)


def month_before(year: int, month: int) -> tuple[int, int]:
    return (year - 1, 12) if month == 1 else (year, month - 1)


@lru_cache(maxsize=4096)
def month_rows(key: int, year: int, month: int) -> tuple[Row, ...]:
    """All rows booked in a month, in booking order, ending on the next month's anchor balance."""
    rng = dice(key, year, month)
    last = date(*next_month(year, month), 1) - timedelta(days=1)
    busy = 0.35 + share(key, "busy") * 1.5
    drafts: list[tuple[datetime, int, str, str, str, datetime | None, bool]] = []
    for number in range(1, last.day + 1):
        day = date(year, month, number)
        if day.weekday() > 4 and rng.random() > 0.12:
            continue
        for _ in range(_count(rng, busy)):
            drafts.append(_draft(rng, key, day))
        if rng.random() < 0.02:
            drafts += _twins(rng, day)
    drafts.sort(key=lambda draft: draft[0])
    rows, balance = [], anchor(key, year, month)
    for place, (at, ore, text, original, kind, reserved_at, void) in enumerate(drafts):
        balance += 0 if void else ore
        rows.append(Row(f"{at:%y%m%d}.{place}", at, ore, text, original, kind, at.date(), balance, reserved_at, void))
    rest = anchor(key, *next_month(year, month)) - balance
    if rest:
        at = datetime.combine(last, time(23, 30), UTC)
        text = "Overførsel fra driftskredit" if rest > 0 else "Overførsel til driftskredit"
        rows.append(Row(f"{at:%y%m%d}.x", at, rest, text, text.upper(), "Transfer", last, balance + rest))
    return tuple(rows)


def _count(rng: random.Random, busy: float) -> int:
    count, left = 0, busy
    while left > 0 and count < 6:
        if rng.random() < min(left, 0.8):
            count += 1
        left -= 0.8
    return count


def _draft(rng: random.Random, key: int, day: date) -> tuple[datetime, int, str, str, str, datetime | None, bool]:
    at = datetime.combine(day, time(5 + rng.randrange(17), rng.randrange(60), rng.randrange(60)), UTC)
    number = rng.randrange(10_000, 99_999)
    sort = rng.random()
    if sort < 0.30:
        shop = rng.choice(_SHOPS)
        reserved = at - timedelta(hours=rng.randrange(20, 24 * RESERVED_DAYS - 2))
        ore = -rng.randrange(1_500, 180_000)
        return at, ore, shop, f"{shop.upper():<24.24}{number}", "Card", reserved, rng.random() < 0.03
    if sort < 0.55:
        payer = names.trader(key, number)
        text = f"{payer} faktura {number}"
        return at, rng.randrange(25_000, 4_500_000), text, text.upper(), "Transfer", None, False
    if sort < 0.68:
        text = f"MobilePay {names.person(key, number)}"
        return at, rng.randrange(2_000, 95_000), text, text, "Transfer", None, False
    if sort < 0.90:
        text = f"Bgs {names.trader(key, number)}"
        return at, -rng.randrange(12_000, 2_800_000), text, f"{text} FAKT {number}", "Transfer", None, False
    if sort < 0.95:
        text = rng.choice(("Lønoverførsel", "Husleje", "SKAT moms", "Betalingsservice", "ATP Livslang Pension"))
        return at, -rng.randrange(80_000, 3_900_000), text, text.upper(), "Transfer", None, False
    fee = rng.choice(_FEES)
    return at, -rng.choice((125, 200, 3_500)), fee, fee.upper(), "Fee", None, False


def _twins(rng: random.Random, day: date) -> list[tuple[datetime, int, str, str, str, datetime | None, bool]]:
    """Two rows alike in day, amount and text: both are real, and only their place tells them apart."""
    at = datetime.combine(day, time(12, rng.randrange(30), 0), UTC)
    ore = -rng.choice((1_200, 4_500, 7_900))
    text = rng.choice(("Parkering Rådhuspladsen", "Storebælt A/S", "Gebyr straksoverførsel"))
    return [(at + timedelta(minutes=gap), ore, text, text.upper(), "Card", None, False) for gap in (0, 11)]

"""The JSON of Aiia's answers, field by field as documented, oddities included (`facts/aiia-economic.md` §1.5, §1.6)."""

import base64
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

from backend.sandbox.banks import Bank, Mood
from backend.sandbox.dice import digest, share
from backend.sandbox.statement import Link, Place, View, balance_at
from backend.sandbox.web import Problem
from backend.sandbox.world import Consent

NEVER = "0001-01-01T00:00:00"


def instant(at: datetime) -> str:
    """UTC with seven digits of a second."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond:06}{digest(at) % 10}Z"


def money(ore: int) -> Decimal:
    """Hundredths as an exact decimal."""
    return Decimal(ore).scaleb(-2)


def account(
    account_id: str, consent: Consent, link: Link, synced: datetime | None, *, strange: bool
) -> dict[str, object]:
    """One account; balances are null until the first sync is through."""
    kind = link.account.kind
    closed = link.account.closed_at
    seen = synced if synced is None or closed is None else min(synced, closed)
    balance = None if seen is None else money(balance_at(link, seen))
    code, _, number = (kind.bban or "").partition("-")
    return {
        "id": account_id,
        "accountProvider": {"id": consent.bank.kind.id, "name": consent.bank.kind.name},
        "name": kind.name,
        "owner": kind.owner,
        "type": "Kassekredit" if strange else kind.type,
        "currency": kind.currency,
        "number": {
            "bban": kind.bban,
            "bbanType": "DK" if kind.bban else None,
            "bbanParsed": {"bankCode": code, "accountNumber": number} if kind.bban else None,
            "iban": kind.iban,
            "card": None,
        },
        "booked": None if balance is None else {"currency": kind.currency, "value": balance},
        "bookedBalance": balance,
        "available": None,
        "availableBalance": None,
        "lastSynchronized": None if synced is None else instant(synced),
        "isOrphaned": closed is not None and synced is not None and closed <= synced,
        "nagApiAccountId": None,
    }


def transaction(account_id: str, currency: str, view: View, *, strange: bool) -> dict[str, object]:
    """One row. `balance` and `detail` are null where the bank has none yet."""
    amount = money(view.ore)
    balance = None if view.balance is None else {"currency": currency, "value": money(view.balance)}
    return {
        "id": view.id,
        "accountId": account_id,
        "date": view.day.isoformat(),
        "creationDate": NEVER if share(view.id, "creation") < 0.7 else instant(view.place[0]),
        "currency": currency,
        "amount": amount,
        "transactionAmount": {"currency": currency, "value": amount},
        "balance": balance,
        "text": view.text,
        "originalText": view.original,
        "type": "Kryds" if strange else view.kind,
        "state": "Undervejs" if strange and view.state == "Reserved" else view.state,
        "isDeleted": view.deleted,
        "nagApiTransactionId": None,
        "categories": [],
        "detail": None if view.state != "Booked" or share(view.id, "detail") < 0.3 else _detail(view),
    }


def _detail(view: View) -> dict[str, object]:
    return {
        "executionDate": None,
        "valueDate": view.value_date.isoformat(),
        "message": None,
        "reward": None,
        "currencyConversion": {"exchangeRate": None, "originalAmount": None},
        "identifiers": {
            "creditorReference": None,
            "document": None,
            "endToEndId": None,
            "reference": f"{digest(view.id, 'reference') % 16**12:012X}",
            "sequenceNumber": None,
            "terminal": None,
        },
        "source": None,
        "destination": {
            "name": view.text,
            "account": None,
            "address": None,
            "merchantCategoryCode": None,
            "merchantCategoryName": None,
        },
    }


def provider(bank: Bank, now: datetime, *, strange: bool) -> dict[str, object]:
    """A bank with its health block, in the shape of the Enterprise twin (§1.9)."""
    mood = bank.mood(now)
    since = bank.since(now)
    down = mood is Mood.DOWN
    message = {
        Mood.DOWN: f"{bank.kind.name} svarer ikke i øjeblikket",
        Mood.SLOW: f"{bank.kind.name} svarer langsomt",
    }.get(mood)
    return {
        "id": bank.kind.id,
        "name": bank.kind.name,
        "countryCode": "DK",
        "status": {
            "syncMode": "Drømmende" if strange else "None" if down else "Full",
            "tryAgain": instant(now + timedelta(hours=1)) if down else None,
            "updated": instant(since or now.replace(minute=0, second=0, microsecond=0)),
            "message": message,
        },
        "audiences": list(bank.kind.audiences),
        "presentation": {"priority": 999, "aliases": None, "color": bank.kind.color, "logos": None},
        "paymentMethods": {"domestic": None, "international": None, "inpaymentForm": None, "sepa": None},
    }


def paging(account_id: str, seen: datetime, place: Place) -> str:
    """The token behind a page: the account, the sync it was read at and where to go on."""
    said = [account_id, seen.isoformat(), place[0].isoformat(), place[1]]
    return base64.b64encode(b"\xac\x01" + json.dumps(said).encode()).decode()


def read_paging(token: str, account_id: str) -> tuple[datetime, Place]:
    """What `paging` wrote for this account; raises Problem 400 for anything else (§1.6)."""
    try:
        raw = base64.b64decode(token, validate=True)
        owner, seen, at, key = json.loads(raw.removeprefix(b"\xac\x01"))
        place = (datetime.fromisoformat(at), str(key))
        moment = datetime.fromisoformat(seen)
    except (ValueError, TypeError) as error:
        raise Problem(400, "InvalidInput", "Invalid paging token") from error
    if owner != account_id:
        raise Problem(400, "InvalidInput", "Invalid paging token")
    return moment, place


def wanted(said: dict[str, object]) -> Callable[[View], bool]:
    """The filter of a transaction query (keys casefolded). Raises Problem 400."""
    begin, end = _interval(said.get("interval"))
    amounts = _between(said.get("amountvaluebetween"))
    balances = _between(said.get("balancevaluebetween"))
    patterns = [str(_folded(p).get("pattern", "")).casefold() for p in _listed(said.get("patterns"))]

    def keep(view: View) -> bool:
        return (
            (begin is None or begin <= view.place[0])
            and (end is None or view.place[0] < end)
            and (amounts is None or amounts[0] <= money(view.ore) <= amounts[1])
            and (balances is None or (view.balance is not None and balances[0] <= money(view.balance) <= balances[1]))
            and (not patterns or any(pattern in view.text.casefold() for pattern in patterns))
        )

    return keep


def _folded(value: object) -> dict[str, object]:
    return {str(name).casefold(): inner for name, inner in value.items()} if isinstance(value, dict) else {}


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _interval(value: object) -> tuple[datetime | None, datetime | None]:
    if value is None:
        return None, None
    begin, slash, end = str(value).partition("/")
    try:
        if not slash:
            raise ValueError(value)
        return _moment(begin), _moment(end)
    except ValueError as error:
        raise Problem(400, "InvalidInput", "interval must be two instants with a slash between") from error


def _moment(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(text)
    return at


def _between(value: object) -> tuple[Decimal, Decimal] | None:
    if value is None:
        return None
    said = _folded(value)
    try:
        return Decimal(str(said.get("min", "-Infinity"))), Decimal(str(said.get("max", "Infinity")))
    except ArithmeticError as error:
        raise Problem(400, "InvalidInput", "min and max must be numbers") from error

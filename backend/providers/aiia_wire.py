"""Aiia's answers as they stand on the wire, and their reading into the model (`facts/aiia-economic.md` §1.5–1.9).

Every field arrives as raw JSON and is read on its own, so that one that is missing, new or of another type costs
itself and not the row, and one bad row not the page. What a row cannot do without makes it unusable; it is left out
and counted. Foreign text is cleaned here.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from msgspec import Raw, Struct

from backend.answers import decode
from backend.model.errors import Malformed
from backend.model.facts import Account, Bank, BankRow, SyncAnswer, Tokens
from backend.providers import raw

ACCESS_LIFE = timedelta(hours=1)
REFRESH_LIFE = timedelta(days=14)
"""How long tokens live when an answer does not say it (§1.3)."""


class TokenAnswer(Struct):
    """`POST /v1/oauth/token` (§1.3). Never printed."""

    access_token: Raw = raw.ABSENT
    refresh_token: Raw = raw.ABSENT
    expires_in: Raw = raw.ABSENT

    def __repr__(self) -> str:
        return "TokenAnswer(…)"


class SyncWire(Struct, rename="camel"):
    """`POST /v1/update` (§1.7)."""

    status: Raw = raw.ABSENT
    auth_url: Raw = raw.ABSENT


class SelectedWire(Struct, rename="camel"):
    """`GET /v1/consent/{consentId}/all-accounts-selected` (§1.8)."""

    all_accounts_selected: bool


class AccountsWire(Struct):
    """`GET /v1/accounts` (§1.5)."""

    accounts: list[Raw]


class TransactionsWire(Struct, rename="camel"):
    """One page of `GET /v1/accounts/{id}/transactions` (§1.6)."""

    transactions: list[Raw]
    paging_token: Raw = raw.ABSENT


class ProvidersWire(Struct):
    """`GET /v2/providers` where it wraps its list; v1 is a bare list (§1.9)."""

    providers: list[Raw]


class _Account(Struct, rename="camel"):
    id: Raw = raw.ABSENT
    account_provider: Raw = raw.ABSENT
    name: Raw = raw.ABSENT
    owner: Raw = raw.ABSENT
    type: Raw = raw.ABSENT
    currency: Raw = raw.ABSENT
    number: Raw = raw.ABSENT
    booked: Raw = raw.ABSENT
    booked_balance: Raw = raw.ABSENT
    last_synchronized: Raw = raw.ABSENT
    is_orphaned: Raw = raw.ABSENT


class _Row(Struct, rename="camel"):
    id: Raw = raw.ABSENT
    date: Raw = raw.ABSENT
    currency: Raw = raw.ABSENT
    amount: Raw = raw.ABSENT
    transaction_amount: Raw = raw.ABSENT
    balance: Raw = raw.ABSENT
    text: Raw = raw.ABSENT
    original_text: Raw = raw.ABSENT
    state: Raw = raw.ABSENT
    is_deleted: Raw = raw.ABSENT
    detail: Raw = raw.ABSENT


class _Detail(Struct, rename="camel"):
    value_date: Raw = raw.ABSENT


class _Amount(Struct):
    value: Raw = raw.ABSENT
    currency: Raw = raw.ABSENT


class _Named(Struct):
    id: Raw = raw.ABSENT
    name: Raw = raw.ABSENT


class _Number(Struct):
    bban: Raw = raw.ABSENT
    iban: Raw = raw.ABSENT


class _Provider(Struct, rename="camel"):
    id: Raw = raw.ABSENT
    name: Raw = raw.ABSENT
    country_code: Raw = raw.ABSENT
    status: Raw = raw.ABSENT
    audiences: Raw = raw.ABSENT


class _Status(Struct, rename="camel"):
    sync_mode: Raw = raw.ABSENT
    try_again: Raw = raw.ABSENT
    message: Raw = raw.ABSENT


def _money(wire: Raw) -> tuple[Decimal | None, str]:
    """An amount with its currency: `{"value", "currency"}`, or a bare number without one."""
    if bytes(wire)[:1] == b"{":
        money = raw.inner(wire, _Amount)
        return raw.decimal(money.value), raw.text(money.currency, 8)
    return raw.decimal(wire), ""


def read_rows(wires: list[Raw], currency: str) -> tuple[list[BankRow], str]:
    """The usable rows of a page, and what is wrong with the others (empty: nothing)."""
    return raw.usable(wires, lambda wire: _row(wire, currency))


def _row(wire: Raw, currency: str) -> BankRow:
    row = raw.whole(wire, _Row)
    source_id, day = raw.identifier(row.id), raw.day(row.date)
    amount, amount_currency = _money(row.transaction_amount)
    if amount is None:
        amount, amount_currency = _money(row.amount)
    if day is None:
        raise raw.Unusable("no date")
    if amount is None:
        raise raw.Unusable("no amount")
    state = raw.text(row.state, 40)
    return BankRow(
        source_id=source_id,
        date=day,
        value_date=raw.day(raw.inner(row.detail, _Detail).value_date),
        amount=amount,
        currency=amount_currency or raw.text(row.currency, 8) or currency,
        text=raw.text(row.text) or raw.text(row.original_text),
        balance=_money(row.balance)[0],
        state=state or "Booked",
        booked=state.casefold() in ("", "booked"),
        deleted=raw.true(row.is_deleted),
    )


def read_accounts(wires: list[Raw]) -> tuple[list[Account], str]:
    """The usable accounts, and what is wrong with the others (empty: nothing)."""
    return raw.usable(wires, _account)


def _account(wire: Raw) -> Account:
    account = raw.whole(wire, _Account)
    number, bank = raw.inner(account.number, _Number), raw.inner(account.account_provider, _Named)
    booked, booked_currency = _money(account.booked)
    return Account(
        provider_account_id=raw.identifier(account.id),
        iban=raw.text(number.iban, 64) or None,
        bban=raw.text(number.bban, 64) or None,
        name=raw.text(account.name),
        currency=raw.text(account.currency, 8) or booked_currency or "DKK",
        orphaned=raw.true(account.is_orphaned),
        bank_id=raw.text(bank.id, 200),
        bank_name=raw.text(bank.name, 200),
        owner=raw.text(account.owner),
        kind=raw.text(account.type, 80),
        booked_balance=booked if booked is not None else _money(account.booked_balance)[0],
        last_synchronized=raw.instant(account.last_synchronized),
    )


def read_providers(answer: Raw) -> list[Raw]:
    """The list within the answer: bare as in v1, or under `providers`. Raises Malformed when there is none."""
    if bytes(answer)[:1] == b"[":
        return decode(bytes(answer), list[Raw])
    return decode(bytes(answer), ProvidersWire).providers


def read_banks(wires: list[Raw]) -> tuple[list[Bank], str]:
    """The usable banks, and what is wrong with the others (empty: nothing)."""
    return raw.usable(wires, _bank)


def _bank(wire: Raw) -> Bank:
    bank = raw.whole(wire, _Provider)
    status, bank_id = raw.inner(bank.status, _Status), raw.identifier(bank.id)
    return Bank(
        id=bank_id,
        name=raw.text(bank.name, 200) or bank_id,
        country=raw.text(bank.country_code, 8),
        health=raw.text(status.sync_mode, 80),
        message=raw.text(status.message),
        try_again=raw.instant(status.try_again),
        audiences=raw.words(bank.audiences),
    )


def read_tokens(answer: TokenAnswer, now: datetime, kept: str | None = None) -> Tokens:
    """The tokens of an answer. `kept` stands in for a refresh token that was not renewed.

    Raises Malformed when one is missing. Lives: as said, else as documented (§1.3).
    """
    access, refresh = raw.secret(answer.access_token), raw.secret(answer.refresh_token) or kept
    if not access or not refresh:
        raise Malformed("the token answer holds no usable " + ("refresh token" if access else "access token"))
    seconds = raw.decimal(answer.expires_in)
    life = timedelta(seconds=float(seconds)) if seconds and 0 < seconds < 400 * 24 * 3600 else ACCESS_LIFE
    ends = raw.claims(refresh).get("exp")
    try:
        refresh_ends = datetime.fromtimestamp(ends, UTC) if isinstance(ends, int | float) else now + REFRESH_LIFE
    except (ValueError, OverflowError, OSError):
        refresh_ends = now + REFRESH_LIFE
    return Tokens(
        refresh_token=refresh, refresh_expires_at=refresh_ends, access_token=access, access_expires_at=now + life
    )


def consent_of(tokens: Tokens) -> str | None:
    """The consent that the refresh token names among its claims (§1.3)."""
    named = raw.claims(tokens.refresh_token).get("consentId")
    return named if isinstance(named, str) and raw.fit(named) else None


def read_sync(answer: SyncWire) -> SyncAnswer:
    """The two outcomes of a manual update, or another word verbatim. Raises Malformed when there is no word.

    A login address that is not https (or loopback) is not passed on.
    """
    status = raw.text(answer.status, 80)
    if not status or bytes(answer.status)[:1] != b'"':
        raise Malformed("the answer to the update names no status")
    address = raw.text(answer.auth_url, 4000) or None
    try:
        address = address and raw.checked_link(address)
    except ValueError:
        address = None
    return SyncAnswer(queued=status.casefold() == "allqueued", auth_url=address, status=status)


def paging_token(page: TransactionsWire) -> str | None:
    """The token of the next page; None on the last one. Raises Malformed when it is no text."""
    if bytes(page.paging_token) in (b"null", b'""'):
        return None
    token = raw.string(page.paging_token)
    if token is None:
        raise Malformed("the paging token cannot be read")
    return token

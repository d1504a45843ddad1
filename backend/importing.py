"""Reading a fleet from JSON Lines (DESIGN §8): every line is judged on its own, and nothing foreign gets past it.

What is wrong with a line is told by its number, field and reason only: no values, for one of them is a token.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import BinaryIO, NoReturn

import msgspec

from backend.model.facts import account_key
from backend.model.text import clean
from backend.model.views import ImportAccount, ImportRecord
from backend.texts import Say

MAX_LINE = 1_000_000
"""Bytes of one line; a company with a thousand accounts needs a fifth of it."""

MAX_ACCOUNTS = 1_000
_MAX_TOKEN = 16_384


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that was left out: its number (from 1), the field at fault or empty, and the reason in words."""

    line: int
    field: str
    reason: str


class _Account(msgspec.Struct):
    account_id: str | int
    iban: str | None = None
    bban: str | int | None = None
    name: str | None = None
    ledger_account: str | int | None = None


class _Line(msgspec.Struct):
    agreement_number: str | int
    customer: str
    provider: str
    bank: str
    accounts: list[_Account]
    consent_id: str | None
    email: str | None = None
    refresh_token: str | None = None
    data_from: str | None = None
    expires_at: str | None = None


class _BadLineError(Exception):
    def __init__(self, field: str, key: str, **values: object) -> None:
        super().__init__(key)
        self.field, self.key, self.values = field, key, values


class Reader:
    """Turns lines into records. One instance reads one file, so that it sees a connection named twice."""

    def __init__(self, say: Say, providers: Iterable[str]) -> None:
        self._say = say
        self._providers = frozenset(providers)
        self._decode = msgspec.json.Decoder(_Line).decode
        self._encode = msgspec.json.Encoder().encode
        self._seen: dict[int, int] = {}

    def read(self, file: BinaryIO) -> Iterator[ImportRecord | BadLine]:
        """Every line that is not blank, in order, as a record or with what is wrong with it. Streams."""
        number = 0
        while raw := file.readline(MAX_LINE + 1):
            number += 1
            if len(raw) > MAX_LINE and not raw.endswith(b"\n"):
                while (rest := file.readline(MAX_LINE)) and not rest.endswith(b"\n"):
                    pass
                yield BadLine(number, "", self._say("import.too_long", limit=MAX_LINE))
                continue
            if number == 1:
                raw = raw.removeprefix(b"\xef\xbb\xbf")
            if raw.isspace() or not raw:
                continue
            try:
                yield self._record(number, raw)
            except _BadLineError as bad:
                yield BadLine(number, bad.field, self._say(bad.key, **bad.values))

    def _record(self, number: int, raw: bytes) -> ImportRecord:
        line = self._parse(raw)
        agreement = _required("agreement_number", str(line.agreement_number), 40)
        if line.provider not in self._providers:
            raise _BadLineError("provider", "import.provider", known=", ".join(sorted(self._providers)))
        consent = _optional(line.consent_id, 200)
        token = _token(line.refresh_token)
        if token is not None and consent is None:
            raise _BadLineError("consent_id", "import.token_without_consent")
        bank = clean(line.bank.strip(), 200)
        identity = hash((agreement, consent, bank if consent is None else ""))
        accounts = _accounts(line.accounts)
        record = ImportRecord(
            line=number,
            agreement_number=agreement,
            customer=_required("customer", line.customer, 200),
            email=_email(line.email),
            provider=line.provider,
            consent_id=consent,
            refresh_token=token,
            bank=bank,
            data_from=_day(line.data_from),
            expires_at=_instant(line.expires_at),
            accounts=accounts,
            fingerprint=hashlib.blake2b(self._encode(line), digest_size=16).hexdigest(),
        )
        if (first := self._seen.setdefault(identity, number)) != number:
            raise _BadLineError("consent_id", "import.twice", first=first)
        return record

    def _parse(self, raw: bytes) -> _Line:
        try:
            return self._decode(raw)
        except msgspec.ValidationError as error:
            _explain(str(error))
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise _BadLineError("", "import.not_json") from None
        except RecursionError:
            raise _BadLineError("", "import.too_deep") from None


_PATH = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<path>[^`]*)`)?$")
_MISSING = re.compile(r"missing required field `(\w+)`")
_TYPES = re.compile(r"Expected `([^`]+)`, got `([^`]+)`")


def _explain(message: str) -> NoReturn:
    """Turn the parser's words (types and places, never values) into ours."""
    match = _PATH.match(message)
    path = (match["path"] or "") if match else ""
    if missing := _MISSING.search(message):
        field = f"{path}.{missing[1]}" if path else missing[1]
        raise _BadLineError(field, "import.missing") from None
    if types := _TYPES.search(message):
        if not path:
            raise _BadLineError("", "import.not_object") from None
        raise _BadLineError(path, "import.type", want=types[1].replace(" | ", "/"), got=types[2]) from None
    raise _BadLineError(path, "import.not_json") from None


def _required(field: str, value: str, limit: int) -> str:
    text = clean(value.strip(), limit)
    if not text:
        raise _BadLineError(field, "import.empty")
    return text


def _optional(value: str | int | None, limit: int) -> str | None:
    return None if value is None else clean(str(value).strip(), limit) or None


def _token(value: str | None) -> str | None:
    if not value:
        return None
    if len(value) > _MAX_TOKEN or not value.isascii() or not value.isprintable():
        raise _BadLineError("refresh_token", "import.token")
    return value


def _email(value: str | None) -> str:
    text = (value or "").strip()
    if not text:
        return ""
    name, at, domain = text.partition("@")
    if not (name and at and domain) or "@" in domain or len(text) > 254 or clean(text) != text or " " in text:
        raise _BadLineError("email", "import.email")
    return text


def _day(value: str | None) -> date | None:
    instant = _moment("data_from", value)
    return None if instant is None else instant.date()


def _instant(value: str | None) -> datetime | None:
    instant = _moment("expires_at", value)
    if instant is None:
        return None
    try:
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except OverflowError:
        raise _BadLineError("expires_at", "import.date") from None


def _moment(field: str, value: str | None) -> datetime | None:
    """An ISO 8601 instant or day; the year 1 is how some systems write "never" (`facts/aiia-economic.md` §1.6)."""
    if not value or not value.strip():
        return None
    try:
        instant = datetime.fromisoformat(value.strip())
    except ValueError:
        raise _BadLineError(field, "import.date") from None
    return None if instant.year == 1 else instant


def _accounts(accounts: list[_Account]) -> tuple[ImportAccount, ...]:
    if len(accounts) > MAX_ACCOUNTS:
        raise _BadLineError("accounts", "import.too_many", limit=MAX_ACCOUNTS)
    found: list[ImportAccount] = []
    seen: set[str] = set()
    for place, account in enumerate(accounts):
        identity = _required(f"accounts[{place}].account_id", str(account.account_id), 500)
        iban, bban = _optional(account.iban, 60), _optional(account.bban, 60)
        key = account_key(iban, bban, identity)
        if key in seen:
            raise _BadLineError(f"accounts[{place}]", "import.account_twice")
        seen.add(key)
        found.append(
            ImportAccount(
                account_id=identity,
                iban=iban,
                bban=bban,
                name=clean((account.name or "").strip(), 200),
                ledger_account=_optional(account.ledger_account, 40),
            )
        )
    return tuple(found)

"""Bank reconciliation's inbox over HTTP: the contract of `inbox.openapi.json`, behind `ports.Ledger`.

Its errors are the tree of `backend.model.errors` by the general rules of `backend.http.general`: 401
RefusedCredentials, 403 and 422 Refused, 404 Refused too (it is the agreement or the ledger account that is not known,
and nothing has gone), 409 InProgress, 429 RateLimited, 5xx ProviderDown.
"""

from uuid import uuid4

import msgspec

from backend.answers import plain
from backend.http import Call, Caller, Failure, checked_secret, checked_url, new_transport, segment
from backend.model.clock import Clock
from backend.model.errors import Malformed, OutsideError, Refused, RefusedCredentials
from backend.model.facts import Delivery, Posting, Receipt
from backend.ports import Recorder

WHO = "Bank reconciliation"


class PostingWire(msgspec.Struct):
    """One posting of a request. Amounts are decimal strings in plain notation, days are ISO dates."""

    id: str
    iban: str | None
    date: str
    value_date: str | None
    amount: str
    currency: str
    text: str
    balance: str | None
    source_id: str


class BatchWire(msgspec.Struct):
    """The body of a delivery."""

    postings: list[PostingWire]


class ReceiptWire(msgspec.Struct):
    """The answer to a delivery; entries are read one by one, so that an odd one costs only itself."""

    acknowledged: list[msgspec.Raw] | None = None
    duplicates: list[msgspec.Raw] | None = None
    rejected: list[msgspec.Raw] | None = None


class _Rejected(msgspec.Struct):
    id: str
    reason: msgspec.Raw = msgspec.Raw(b"null")


class Inbox:
    """One accounting system's inbox. For one event loop; `aclose()` ends its connections."""

    def __init__(self, *, base_url: str, token: str, clock: Clock, record: Recorder) -> None:
        """Raises ValueError, naming the setting, when one cannot be used."""
        self._base = checked_url(base_url, "reconciliation_url")
        self._token = checked_secret(token, "reconciliation_token")
        self._way = new_transport()
        self._caller = Caller(WHO, self._way, clock, record)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._way.aclose()

    async def deliver(self, delivery: Delivery) -> Receipt:
        """Hand over a batch under its key (law 7). Ids that the answer does not name are not in the receipt."""
        sent = {posting.id for posting in delivery.postings}
        receipts: list[Receipt] = []

        def read(answer: ReceiptWire) -> str:
            receipt, defects = read_receipt(answer, sent, self._token)
            receipts.append(receipt)
            return defects

        body = BatchWire([_wire(posting) for posting in delivery.postings])
        connection = delivery.postings[0].connection if delivery.postings else None
        path = _path(delivery.agreement_number, delivery.ledger_account)
        await self._caller.call(self._call("deliver", path, delivery.key, body, connection), ReceiptWire, read)
        return receipts[-1]

    async def check(self) -> None:
        """Hand over nothing at all, to nobody: any answer but a refusal of our token says that we are let in."""
        call = self._call("check", _path("0", "0"), f"check-{uuid4()}", BatchWire([]), None)
        try:
            await self._caller.call(call, msgspec.Raw)
        except RefusedCredentials:
            raise
        except Refused as refused:
            if refused.http_status == 403:
                raise
        except Malformed as odd:
            if odd.http_status is None or not 200 <= odd.http_status < 300:
                raise

    def _call(self, operation: str, path: str, key: str, body: BatchWire, connection: str | None) -> Call:
        return Call(
            operation=operation,
            method="POST",
            url=f"{self._base}{path}",
            headers={"Authorization": f"Bearer {self._token}", "Idempotency-Key": key},
            body=msgspec.json.encode(body),
            connection=connection,
            request_id=key,
            secrets=(self._token,),
            explain=_explain,
        )


def _path(agreement_number: str, ledger_account: str) -> str:
    return f"/v1/agreements/{segment(agreement_number)}/ledger-accounts/{segment(ledger_account)}/postings"


def _explain(failure: Failure) -> OutsideError | None:
    if failure.status == 404:
        return Refused(failure.words(WHO), http_status=404)
    return None


def _wire(posting: Posting) -> PostingWire:
    return PostingWire(
        id=posting.id,
        iban=posting.iban,
        date=posting.date.isoformat(),
        value_date=posting.value_date.isoformat() if posting.value_date else None,
        amount=format(posting.amount or abs(posting.amount), "f"),  # a bank's -0.00 is nothing, too
        currency=posting.currency,
        text=posting.text,
        balance=format(posting.balance, "f") if posting.balance is not None else None,
        source_id=posting.source_id,
    )


def read_receipt(answer: ReceiptWire, sent: set[str], token: str) -> tuple[Receipt, str]:
    """The receipt for the ids that were sent, and what of the answer could not be used (empty: nothing).

    An id that is both taken and rejected is in neither: it stays open. Raises Malformed when there is no list at all.
    """
    if answer.acknowledged is None and answer.duplicates is None and answer.rejected is None:
        raise Malformed("the receipt names no postings: neither acknowledged, duplicates nor rejected")
    taken, again = _ids(answer.acknowledged), _ids(answer.duplicates)
    refused: dict[str, str] = {}
    odd = 0
    for raw in answer.rejected or ():
        try:
            entry = msgspec.json.decode(raw, type=_Rejected)
            refused[entry.id] = plain(_words(entry.reason), (token,), 500)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            odd += 1
    both = refused.keys() & {*taken, *again}
    named = {*taken, *again, *refused}
    defects = [
        (len(named - sent - {""}), "not sent by us"),
        (len(both), "both taken and rejected"),
        (odd + taken.count("") + again.count(""), "that cannot be read"),
    ]
    receipt = Receipt(
        acknowledged=tuple(dict.fromkeys(i for i in taken if i in sent - both)),
        duplicates=tuple(dict.fromkeys(i for i in again if i in sent - both and i not in taken)),
        rejected=tuple((i, reason) for i, reason in refused.items() if i in sent - both),
    )
    return receipt, ", ".join(f"ids {what}: {count}" for count, what in defects if count)


def _ids(entries: list[msgspec.Raw] | None) -> list[str]:
    return [_words(entry) if bytes(entry)[:1] == b'"' else "" for entry in entries or ()]


def _words(raw: msgspec.Raw) -> str:
    try:
        return msgspec.json.decode(raw, type=str)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return "" if bytes(raw) == b"null" else bytes(raw)[:2000].decode("utf-8", "replace")

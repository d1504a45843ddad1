"""The accounting system's side: the inbox of bank reconciliation (DESIGN §8), with books on what came and how often."""

import hmac
import re
from dataclasses import dataclass
from datetime import date, timedelta
from email.utils import format_datetime

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from backend.sandbox.books import PostingRecord
from backend.sandbox.faults import How
from backend.sandbox.fleet import BARRED, CHART
from backend.sandbox.web import Desk, Problem, answer, drop, read_json
from backend.sandbox.world import World

_AMOUNT = re.compile(r"-?\d{1,15}(\.\d{1,4})?")
FIELDS = ("id", "iban", "date", "value_date", "amount", "currency", "text", "balance", "source_id")


@dataclass(frozen=True, slots=True)
class Kept:
    """What a key was used for, and what was said."""

    body: bytes
    path: str
    response: Response


class Reconciliation:
    """One endpoint, and what it remembers for ever."""

    def __init__(self, world: World, desk: Desk) -> None:
        self.world, self.desk = world, desk
        self.barred: set[tuple[str, str]] = set()
        self.locked_out: set[str] = set()
        self.away: set[str] = set()
        self._kept: dict[str, Kept] = {}
        self._working: set[str] = set()

    def app(self) -> Starlette:
        """The ASGI application of the inbox's port."""
        path = "/v1/agreements/{agreement}/ledger-accounts/{ledger}/postings"
        return Starlette(routes=[Route(path, self.receive, methods=["POST"])])

    async def receive(self, request: Request) -> Response:
        """`POST …/postings`."""
        await request.body()
        fault = self.world.faults.take("reconciliation")
        if fault is not None:
            self.world.books.faults[f"reconciliation {fault.how}"] += 1
            if fault.how is How.DROP:
                return await drop(request)
        try:
            if fault is not None and fault.how is How.TOO_MANY:
                raise self.desk.too_many(self.world.clock.now() + timedelta(seconds=fault.seconds), "Too many calls")
            if fault is not None and fault.how in (How.ERROR, How.UNAVAILABLE):
                raise Problem(int(fault.how), "Unavailable", "Bank reconciliation has a fault")
            response = await self._once(request, fault.seconds if fault and fault.how is How.SLOW else 0.0)
        except Problem as problem:
            response = problem.response()
        if fault is not None and fault.how is How.LOSE_ANSWER:
            return await drop(request)
        if fault is not None and fault.how is How.GARBAGE:
            response = Response(b'{"acknowledged": [', media_type="application/json")
        self.world.books.ledger_calls[str(response.status_code)] += 1
        response.headers["Date"] = format_datetime(self.world.clock.now(), usegmt=True)
        return response

    async def _once(self, request: Request, seconds: float) -> Response:
        self._let_in(request)
        key = request.headers.get("idempotency-key", "")
        if not key:
            raise Problem(422, "InvalidInput", "Idempotency-Key is missing")
        body, path = await request.body(), request.url.path
        if kept := self._kept.get(key):
            if (kept.body, kept.path) != (body, path):
                raise Problem(422, "KeyReused", "This Idempotency-Key was used for another request")
            self._count_again(kept, key)
            return Response(kept.response.body, kept.response.status_code, media_type="application/json")
        if key in self._working:
            raise Problem(409, "InProgress", "A request with this Idempotency-Key is in work")
        self._working.add(key)
        try:
            await self.desk.pause(request, self.desk.latency)
            response = self._book(request, body, key)
            self._kept[key] = Kept(body, path, response)
            await self.desk.pause(request, seconds)
        finally:
            self._working.discard(key)
        return response

    def _let_in(self, request: Request) -> None:
        sent = request.headers.get("authorization", "")
        if not hmac.compare_digest(sent.encode(), f"Bearer {self.world.reconciliation_token}".encode()):
            self.world.books.wrong_credentials += 1
            raise Problem(401, "Unauthorized", "Token is wrong")
        agreement = request.path_params["agreement"]
        if self.world.fleet.by_agreement(agreement) is None:
            raise Problem(404, "NotFound", f"Unknown agreement {agreement}")
        if agreement in self.locked_out:
            raise Problem(403, "Forbidden", "The agreement has not granted access")
        if agreement in self.away:
            raise Problem(503, "Unavailable", "The agreement's bank reconciliation does not answer")

    def _book(self, request: Request, body: bytes, key: str) -> Response:
        agreement, ledger = request.path_params["agreement"], request.path_params["ledger"]
        try:
            postings = read_json(body).get("postings")
        except Problem as problem:
            raise Problem(422, problem.error, str(problem)) from problem
        if not isinstance(postings, list):
            raise Problem(422, "InvalidInput", "postings must be a list")
        checked = [_checked(posting) for posting in postings]
        refused = self._refused(agreement, ledger)
        acknowledged, duplicates, rejected = [], [], []
        for posting in checked:
            name = str(posting["id"])
            record = self.world.books.postings.get(name)
            if record is not None:
                record.keys.append(key)
                record.same = record.same and record.body == posting
            if record is not None and record.outcome == "acknowledged":
                duplicates.append(name)
                continue
            outcome = "rejected" if refused else "acknowledged"
            if record is None:
                record = PostingRecord(agreement, ledger, outcome, posting, [key])
                self.world.books.postings[name] = record
            record.outcome, record.ledger_account = outcome, ledger
            if refused:
                rejected.append({"id": name, "reason": refused})
            else:
                acknowledged.append(name)
                self._note_content(agreement, name, posting)
        return answer({"acknowledged": acknowledged, "duplicates": duplicates, "rejected": rejected})

    def _refused(self, agreement: str, ledger: str) -> str:
        if ledger not in CHART:
            return f"Konto {ledger} findes ikke i kontoplanen"
        if ledger == BARRED or (agreement, ledger) in self.barred:
            return f"Konto {ledger} er spærret"
        return ""

    def _note_content(self, agreement: str, name: str, posting: dict[str, object]) -> None:
        """Remember what was booked by its content: one bank row must not come in under two ids."""
        content = (agreement, *(posting[field] for field in ("iban", "date", "amount", "text", "balance")))
        self.world.books.contents.setdefault(content, set()).add(name)

    def _count_again(self, kept: Kept, key: str) -> None:
        postings = read_json(kept.body).get("postings")
        for posting in postings if isinstance(postings, list) else []:
            if record := self.world.books.postings.get(str(posting["id"])):
                record.keys.append(key)


def _checked(posting: object) -> dict[str, object]:
    """The posting's known fields; raises Problem 422 when one is wrong. Amounts are decimal strings."""
    if not isinstance(posting, dict):
        raise Problem(422, "InvalidInput", "a posting must be an object")
    said: dict[str, object] = {name: posting.get(name) for name in FIELDS}
    for name in ("id", "date", "amount", "currency", "text"):
        if not isinstance(said[name], str) or not (said[name] or name == "text"):
            raise Problem(422, "InvalidInput", f"{name} must be a text")
    for name in ("amount", "balance"):
        if said[name] is not None and not (isinstance(said[name], str) and _AMOUNT.fullmatch(str(said[name]))):
            raise Problem(422, "InvalidInput", f"{name} must be a decimal in a text")
    for name in ("date", "value_date"):
        if said[name] is not None:
            try:
                date.fromisoformat(str(said[name]))
            except ValueError as error:
                raise Problem(422, "InvalidInput", f"{name} must be a date") from error
    return said

"""The knobs of the world, over HTTP: the fleet to import, the books, the banks' moods, and trouble on order."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from backend.sandbox.courier import Courier
from backend.sandbox.finder import Finder, Said
from backend.sandbox.fleet import Customer
from backend.sandbox.knobs import Knob, Knobs
from backend.sandbox.mailbox import Mailbox
from backend.sandbox.reconciliation import Reconciliation
from backend.sandbox.rows import HISTORY_DAYS
from backend.sandbox.scenarios import Scenarios
from backend.sandbox.shapes import instant, money
from backend.sandbox.statement import views
from backend.sandbox.web import Problem, answer, read_json
from backend.sandbox.world import World, account_id


class Control:
    """The control port. Nothing here is part of any contract: only tests, demos and people use it."""

    def __init__(
        self,
        world: World,
        mailbox: Mailbox,
        inbox: Reconciliation,
        courier: Courier,
        addresses: Callable[[], dict[str, str]],
    ) -> None:
        self.world, self.courier, self.addresses = world, courier, addresses
        self._find = Finder(world)
        self._knobs = Knobs(world, mailbox, inbox, self._find).table() | {
            "webhooks": courier.knob_aim,
            "webhooks/fault": courier.knob_spoil,
        }
        scenarios = Scenarios(world, mailbox, inbox, courier)
        self._scenarios = scenarios
        self._knobs["scenario"] = scenarios.play

    def app(self) -> Starlette:
        """The ASGI application of the control port."""
        return Starlette(
            routes=[
                Route("/addresses", _get(lambda _: self.addresses())),
                Route("/books", _get(lambda _: self.books())),
                Route("/books/postings", _get(lambda _: self.world.books.posting_list())),
                Route("/books/updates", _get(lambda _: self.world.books.update_list())),
                Route("/banks", _get(lambda _: self.bank_list())),
                Route("/scenarios", _get(lambda _: self._scenarios.listing())),
                Route("/faults", _get(lambda _: self.world.faults.listing())),
                Route("/webhooks", _get(lambda _: self.courier.listing())),
                Route("/webhooks/flush", self.flush, methods=["POST"]),
                Route("/customer", _get(self.customer)),
                Route("/rows", _get(self.rows)),
                Route("/fleet", self.fleet),
                *(Route(f"/{path}", _post(knob), methods=["POST"]) for path, knob in self._knobs.items()),
            ]
        )

    async def flush(self, request: Request) -> Response:
        """Tell now what there is to tell, and answer when it was taken: so that tests need not wait."""
        return answer(await self.courier.flush())

    def books(self) -> Said:
        """What the world saw of its callers."""
        return {**self.world.books.summary(), "now": instant(self.world.clock.now())}

    def bank_list(self) -> list[Said]:
        """The banks with their present moods."""
        now = self.world.clock.now()
        return [
            {
                "id": bank.kind.id,
                "name": bank.kind.name,
                "days": bank.kind.days,
                "cluster": bank.kind.cluster,
                "unattended": bank.kind.unattended,
                "mood": bank.mood(now),
            }
            for bank in self.world.banks.values()
        ]

    async def fleet(self, request: Request) -> Response:
        """The fleet as import lines (DESIGN §8), with the tokens held when the world began.

        `limit` and `skip`, or one customer's by `agreement`; what scenarios have his accounting system claim too.
        """
        limit, skip = request.query_params.get("limit"), int(request.query_params.get("skip", "0"))
        size = self.world.fleet.size
        if agreement := request.query_params.get("agreement"):
            index = self.world.fleet.by_agreement(agreement)
            if index is None:
                return Problem(404, "NotFound", "Unknown customer").response()
            skip, limit = index, "1"
        stop = size if limit is None else min(size, skip + int(limit))

        async def lines() -> AsyncIterator[bytes]:
            for index in range(skip, stop):
                yield b"".join(self._lines(self.world.fleet.customer(index)))
                if index % 200 == 199:
                    await self.world.machine.sleep(0)

        return StreamingResponse(lines(), media_type="application/x-ndjson")

    def _lines(self, customer: Customer) -> list[bytes]:
        made: list[Said] = []
        for connection in customer.connections:
            made.append(
                {
                    "agreement_number": customer.agreement_number,
                    "customer": customer.name,
                    "email": customer.email,
                    "provider": "aiia",
                    "consent_id": connection.consent_id,
                    "refresh_token": self.world.initial_token(customer, connection.slot),
                    "bank": connection.bank.name,
                    "data_from": connection.data_from.isoformat(),
                    "expires_at": f"{connection.expires_at:%Y-%m-%dT%H:%M:%SZ}" if connection.told_expiry else None,
                    "accounts": [
                        {
                            "account_id": account_id(
                                customer.user_id, connection.bank.id, connection.consent_id, kind.key
                            ),
                            "iban": kind.iban,
                            "bban": kind.bban,
                            "name": kind.name,
                            "ledger_account": ledger,
                        }
                        for kind, ledger in zip(connection.accounts, connection.ledger, strict=True)
                    ],
                }
            )
        for claim in self.world.claims.get(customer.agreement_number, []):
            known = next((line for line in made if line["consent_id"] == claim["consent_id"]), None)
            if known is None:
                made.append(claim)
            else:
                known["accounts"] = [*_listed(known["accounts"]), *_listed(claim["accounts"])]
        return [msgspec.json.encode(line) + b"\n" for line in made]

    def customer(self, asked: Said) -> Said:
        """One customer by `index`, `agreement` or `email`, with the truth about the consents."""
        found = self._find.index(asked)
        kind = self.world.fleet.customer(found) if found is not None else None
        user = self.world.user(kind.user_id) if kind else self.world.user_by_email(str(asked.get("email", "")))
        if user is None:
            raise Problem(404, "NotFound", "Unknown customer")
        return {
            "user_id": user.id,
            "email": user.email,
            "name": user.name,
            "situation": kind.situation if kind else "stranger",
            "agreement_number": kind.agreement_number if kind else None,
            "consents": [self._find.consent_facts(consent) for consent in user.consents.values()],
        }

    def rows(self, asked: Said) -> list[Said]:
        """What a bank account holds in truth now (`account`: IBAN, BBAN or id), synced or not, newest first."""
        _, link = self._find.account(asked)
        now = self.world.clock.now()
        since = now - timedelta(days=float(str(asked.get("days", HISTORY_DAYS))))
        return [
            {
                "id": view.id,
                "date": view.day.isoformat(),
                "amount": str(money(view.ore)),
                "text": view.text,
                "state": view.state,
                "balance": None if view.balance is None else str(money(view.balance)),
                "deleted": view.deleted,
            }
            for view in views(link, now, deleted=True)
            if view.place[0] >= since
        ]


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _get(look: Callable[[Said], object]) -> Callable[[Request], Awaitable[Response]]:
    async def page(request: Request) -> Response:
        return _told(look, dict(request.query_params))

    return page


def _post(knob: Knob) -> Callable[[Request], Awaitable[Response]]:
    async def page(request: Request) -> Response:
        try:
            said = read_json(await request.body())
        except Problem as problem:
            return problem.response()
        return _told(knob, said)

    return page


def _told(act: Callable[[Said], object], said: Said) -> Response:
    try:
        return answer(act(said))
    except Problem as problem:
        return problem.response()
    except ValueError as error:
        return Problem(400, "InvalidInput", str(error)).response()

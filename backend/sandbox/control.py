"""The knobs of the world, over HTTP: the fleet to import, the books, the banks' moods, and trouble on order."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum
from typing import TypeVar

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from backend.sandbox import banks
from backend.sandbox.banks import Mood
from backend.sandbox.faults import KINDS, How
from backend.sandbox.fleet import Customer
from backend.sandbox.mailbox import Mailbox
from backend.sandbox.reconciliation import Reconciliation
from backend.sandbox.rows import HISTORY_DAYS
from backend.sandbox.shapes import instant, money
from backend.sandbox.statement import Extra, Link, views
from backend.sandbox.web import Problem, answer, read_json
from backend.sandbox.world import Consent, World, account_id

Said = dict[str, object]
Word = TypeVar("Word", bound=StrEnum)
Knob = Callable[[Said], object]


class Control:
    """The control port. Nothing here is part of any contract: only tests, demos and people use it."""

    def __init__(
        self, world: World, mailbox: Mailbox, inbox: Reconciliation, addresses: Callable[[], dict[str, str]]
    ) -> None:
        self.world, self.mailbox, self.inbox, self.addresses = world, mailbox, inbox, addresses
        self._made = 0

    def app(self) -> Starlette:
        """The ASGI application of the control port."""
        knobs: dict[str, Knob] = {
            "mood": self.mood,
            "fault": self.fault,
            "lift": self.lift,
            "mailbox": self.set_mailbox,
            "unknown-enums": self.unknown_enums,
            "redirect-uri": self.redirect_uri,
            "consent/revoke": self.revoke,
            "consent/expire": self.expire,
            "consent/sync": self.sync,
            "token/burn": self.burn,
            "account/renumber": self.renumber,
            "account/orphan": self.orphan,
            "row/add": self.add_row,
            "row/delete": self.delete_row,
            "ledger/bar": self.bar,
            "ledger/lock-out": self.lock_out,
        }
        return Starlette(
            routes=[
                Route("/addresses", _get(lambda _: self.addresses())),
                Route("/books", _get(lambda _: self.books())),
                Route("/books/postings", _get(lambda _: self.world.books.posting_list())),
                Route("/banks", _get(lambda _: self.bank_list())),
                Route("/faults", _get(lambda _: self.world.faults.listing())),
                Route("/customer", _get(self.customer)),
                Route("/rows", _get(self.rows)),
                Route("/fleet", self.fleet),
                *(Route(f"/{path}", _post(knob), methods=["POST"]) for path, knob in knobs.items()),
            ]
        )

    # Looking

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
        """The fleet as import lines (DESIGN §8), with the tokens held when the world began; `limit` and `skip`."""
        limit, skip = request.query_params.get("limit"), int(request.query_params.get("skip", "0"))
        size = self.world.fleet.size
        stop = size if limit is None else min(size, skip + int(limit))

        async def lines() -> AsyncIterator[bytes]:
            for index in range(skip, stop):
                yield b"".join(self._lines(self.world.fleet.customer(index)))
                if index % 200 == 199:
                    await self.world.machine.sleep(0)

        return StreamingResponse(lines(), media_type="application/x-ndjson")

    def _lines(self, customer: Customer) -> list[bytes]:
        made = []
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
        return [json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in made]

    def customer(self, asked: Said) -> Said:
        """One customer by `index`, `agreement` or `email`, with the truth about the consents."""
        found = self._index(asked)
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
            "consents": [self._consent_facts(consent) for consent in user.consents.values()],
        }

    def rows(self, asked: Said) -> list[Said]:
        """What a bank account holds in truth now (`account`: IBAN, BBAN or id), synced or not, newest first."""
        _, link = self._account(asked)
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

    def _index(self, asked: Said) -> int | None:
        if "index" in asked:
            index = int(str(asked["index"]))
            return index if 0 <= index < self.world.fleet.size else None
        if "agreement" in asked:
            return self.world.fleet.by_agreement(str(asked["agreement"]))
        return self.world.fleet.by_email(str(asked.get("email", "")))

    def _consent_facts(self, consent: Consent) -> Said:
        synced = self.world.sync(consent)
        ended = consent.ended(self.world.clock.now())
        return {
            "consent_id": consent.id,
            "bank": consent.bank.kind.name,
            "provider_id": consent.bank.kind.id,
            "authorised_at": instant(consent.authorised_at),
            "expires_at": instant(consent.expires_at),
            "ended_at": None if ended is None else instant(ended),
            "revoked_by": consent.revoked_by,
            "last_synchronized": None if synced is None else instant(synced),
            "group": consent.group,
            "accounts": [
                {
                    "account_id": self.world.account_id(consent, link),
                    "iban": link.account.kind.iban,
                    "bban": link.account.kind.bban,
                    "name": link.account.kind.name,
                }
                for link in consent.links
            ],
        }

    # Turning

    def mood(self, said: Said) -> Said:
        """`{bank, mood}`: a bank (id or name), or every bank of a `cluster`, changes its mood now."""
        mood = _one_of(Mood, said.get("mood"))
        cluster = said.get("cluster")
        kind = banks.find(str(said.get("bank", "")))
        chosen = [bank for bank in self.world.banks.values() if bank.kind is kind or bank.kind.cluster == cluster]
        if not chosen:
            raise Problem(404, "NotFound", "Unknown bank")
        for bank in chosen:
            bank.moods.append((self.world.clock.now(), mood))
        return {"banks": [bank.kind.name for bank in chosen], "mood": mood}

    def fault(self, said: Said) -> Said:
        """`{kind, how, times, seconds}`: the next `times` calls of a kind go wrong; null times: until lifted."""
        kind, times = str(said.get("kind")), said.get("times", 1)
        if kind not in KINDS:
            raise Problem(400, "InvalidInput", f"kind must be one of {', '.join(KINDS)}")
        self.world.faults.order(
            kind,
            _one_of(How, said.get("how")),
            None if times is None else int(str(times)),
            float(str(said.get("seconds", 1.0))),
        )
        return dict(self.world.faults.listing())

    def lift(self, said: Said) -> Said:
        """`{kind}`: orders for a kind (or all) are forgotten."""
        self.world.faults.lift(None if said.get("kind") is None else str(said["kind"]))
        return dict(self.world.faults.listing())

    def set_mailbox(self, said: Said) -> Said:
        """`{mood: ok|down|refuse}` for all, `{gone: address}` for one whose mailbox no longer exists."""
        if "mood" in said:
            if said["mood"] not in ("ok", "down", "refuse"):
                raise Problem(400, "InvalidInput", "mood must be ok, down or refuse")
            self.mailbox.mood = str(said["mood"])
        if "gone" in said:
            self.mailbox.gone.add(str(said["gone"]).casefold())
        return {"mood": self.mailbox.mood, "gone": sorted(self.mailbox.gone)}

    def unknown_enums(self, said: Said) -> Said:
        """`{on}`: Aiia begins to use words that no documentation knows."""
        self.world.unknown_enums = bool(said.get("on", True))
        return {"on": self.world.unknown_enums}

    def redirect_uri(self, said: Said) -> Said:
        """`{uri}`: register an address that is not on this machine."""
        self.world.redirect_uris.add(str(said.get("uri")))
        return {"registered": sorted(self.world.redirect_uris)}

    def revoke(self, said: Said) -> Said:
        """`{consent_id, by: customer|bank}`."""
        consent = self._consent(said)
        self.world.revoke(consent, str(said.get("by", "customer")))
        return self._consent_facts(consent)

    def expire(self, said: Said) -> Said:
        """`{consent_id, days}`: the consent ends so many days from now (0: now; it may be less than none)."""
        consent = self._consent(said)
        self.world.sync(consent)
        consent.expires_at = self.world.clock.now() + timedelta(days=float(str(said.get("days", 0))))
        return self._consent_facts(consent)

    def sync(self, said: Said) -> Said:
        """`{consent_id}`: an automatic sync happens now, if the bank and the consent let it."""
        consent = self._consent(said)
        consent.queued.append((self.world.clock.now(), False))
        return self._consent_facts(consent)

    def burn(self, said: Said) -> Said:
        """`{consent_id}`: all its refresh tokens stop working (situation 23)."""
        consent = self._consent(said)
        self.world.tokens.burn(consent.id)
        return self._consent_facts(consent)

    def renumber(self, said: Said) -> Said:
        """`{account}`: all its rows get new ids; with `account_too` the account as well."""
        consent, link = self._account(said)
        link.row_epoch += 1
        if said.get("account_too"):
            link.account_epoch += 1
        return self._consent_facts(consent)

    def orphan(self, said: Said) -> Said:
        """`{account, back}`: the bank no longer returns the account (or does again)."""
        consent, link = self._account(said)
        link.account.closed_at = None if said.get("back") else self.world.clock.now()
        return self._consent_facts(consent)

    def add_row(self, said: Said) -> Said:
        """`{account, amount, text, days_back, state}`: the bank makes a row now, perhaps dated back."""
        _, link = self._account(said)
        now = self.world.clock.now()
        self._made += 1
        ore = msgspec.convert(said.get("amount", "-100.00"), str).replace(",", ".")
        extra = Extra(
            key=f"extra{self._made}",
            at=now - timedelta(days=float(str(said.get("days_back", 0)))),
            created=now,
            ore=_ore(ore),
            text=str(said.get("text", "Ekstra")),
            state=str(said.get("state", "Booked")),
        )
        copies = int(str(said.get("copies", 1)))
        for copy in range(copies):
            link.account.extras.append(replace(extra, key=f"{extra.key}.{copy}"))
        return {"keys": [f"{extra.key}.{copy}" for copy in range(copies)]}

    def delete_row(self, said: Said) -> Said:
        """`{account, id}`: the bank takes a booked row back; without `id` the newest one."""
        _, link = self._account(said)
        now = self.world.clock.now()
        for view in views(link, now):
            if view.state == "Booked" and said.get("id") in (None, view.id):
                at, key = view.place
                link.account.deleted[key] = (now, at, view.ore)
                return {"id": view.id, "amount": str(money(view.ore)), "date": view.day.isoformat()}
        raise Problem(404, "NotFound", "Unknown row")

    def bar(self, said: Said) -> Said:
        """`{agreement, ledger_account, barred}`: a ledger account is barred, or no longer."""
        entry = (str(said.get("agreement")), str(said.get("ledger_account")))
        (self.inbox.barred.add if said.get("barred", True) else self.inbox.barred.discard)(entry)
        return {"barred": sorted(self.inbox.barred)}

    def lock_out(self, said: Said) -> Said:
        """`{agreement, locked}`: the agreement takes its grant back (403; situation 27), or gives it again."""
        change = self.inbox.locked_out.add if said.get("locked", True) else self.inbox.locked_out.discard
        change(str(said.get("agreement")))
        return {"locked_out": sorted(self.inbox.locked_out)}

    def _consent(self, said: Said) -> Consent:
        consent = self.world.consent(str(said.get("consent_id")))
        if consent is None:
            raise Problem(404, "NotFound", "Unknown consent")
        return consent

    def _account(self, said: Said) -> tuple[Consent, Link]:
        wanted = str(said.get("account"))
        if "consent_id" in said:
            consent = self._consent(said)
            found = [(consent, link) for link in consent.links if wanted in self.world.names_of(consent, link)]
        else:
            found = self.world.links_by_name(wanted)
        if not found:
            raise Problem(404, "NotFound", "Unknown account; name its consent_id too if nobody has looked at it yet")
        return found[-1]


def _ore(text: str) -> int:
    whole, dot, part = text.lstrip("-").partition(".")
    ore = int(whole) * 100 + int(f"{part:0<2}"[:2] if dot else 0)
    return -ore if text.startswith("-") else ore


def _one_of(words: type[Word], value: object) -> Word:
    try:
        return words(str(value))
    except ValueError as error:
        raise Problem(400, "InvalidInput", f"must be one of {', '.join(words)}") from error


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
    except (ValueError, msgspec.ValidationError) as error:
        return Problem(400, "InvalidInput", str(error)).response()

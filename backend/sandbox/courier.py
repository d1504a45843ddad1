"""Aiia's webhooks over real HTTP: signed, sent again when they are not taken, and spoilt on order (§1.10)."""

import asyncio
import hashlib
import heapq
import hmac
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import httpx

from backend.sandbox.aiia import is_loopback
from backend.sandbox.client import plain_async_client
from backend.sandbox.dice import uuid_of
from backend.sandbox.finder import Said
from backend.sandbox.shapes import instant
from backend.sandbox.watch import Watched, first_look, look, next_look
from backend.sandbox.web import Problem
from backend.sandbox.world import Consent, World

RETRIES = 20
FIRST_RETRY = timedelta(seconds=30)
TIMEOUT = 5.0
"""Seconds of the machine's time in which the receiver must answer."""

AT_ONCE = 8
MAX_LOG = 5_000
_LOOK_EVERY = 0.05
"""Seconds of the machine's time between two looks at what is due."""


class Spoil(StrEnum):
    """In what way a webhook goes wrong. REORDER: it waits until the next one has gone. STOP: as lose, for all."""

    LOSE = "lose"
    DUPLICATE = "duplicate"
    REORDER = "reorder"
    FORGE = "forge"
    STOP = "stop"


@dataclass(slots=True)
class Letter:
    """One event on its way. `status`: the last answer's, 0 for none, or a word for what became of it."""

    event_id: str
    event: str
    consent_id: str
    body: bytes
    made_at: datetime
    tries: int = 0
    status: int | str = ""
    forged: bool = False


class Courier:
    """Watches the consents that somebody has looked at, and tells the integrator what happens to them.

    Nothing is sent before an address is set; what happened until then is nobody's news.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.url, self.secret = "", uuid_of(world.seed, "webhook-secret")
        self.log: list[Letter] = []
        self._seen: dict[str, Watched] = {}
        self._touched: dict[str, Consent] = {}
        self._looks: list[tuple[datetime, int, str]] = []
        self._letters: list[tuple[datetime, int, Letter]] = []
        self._held: list[Letter] = []
        self._orders: list[tuple[Spoil, int | None]] = []
        self._made = 0
        self._aimed, self._busy = asyncio.Event(), asyncio.Lock()

    def aim(self, url: str, secret: str = "") -> None:
        """Send webhooks there from now on. Raises ValueError for an address that is not on this machine."""
        if not is_loopback(url):
            raise ValueError("the sandbox sends webhooks to addresses on this machine only")
        if not self.url:
            self.world.watcher = self._touch
            for user in self.world.known_users():
                for consent in user.consents.values():
                    self._touch(consent)
        self.url, self.secret = url, secret or self.secret
        self._aimed.set()

    def knob_aim(self, said: Said) -> Said:
        """`{url, secret}`: where webhooks go, and with what they are signed; answers the secret."""
        self.aim(str(said.get("url", "")), str(said.get("secret", "")))
        return {"url": self.url, "secret": self.secret}

    def knob_spoil(self, said: Said) -> Said:
        """`{how, times}`: the next `times` webhooks go wrong (null: until `{how: null}` lifts all orders)."""
        if said.get("how") is None:
            self._orders.clear()
        else:
            try:
                how = Spoil(str(said["how"]))
            except ValueError as error:
                raise Problem(400, "InvalidInput", f"how must be one of {', '.join(Spoil)}") from error
            times = said.get("times", None if how is Spoil.STOP else 1)
            self.spoil(how, None if times is None else int(str(times)))
        return {"orders": [{"how": how, "left": left} for how, left in self._orders]}

    def spoil(self, how: Spoil, times: int | None) -> None:
        """The next `times` webhooks go wrong (None: all of them, until the orders are lifted)."""
        self._orders.append((how, times))

    def listing(self) -> list[Said]:
        """What was told, oldest first."""
        return [
            {
                "event_id": letter.event_id,
                "event": letter.event,
                "consent_id": letter.consent_id,
                "made_at": instant(letter.made_at),
                "tries": letter.tries,
                "status": letter.status,
                "forged": letter.forged,
            }
            for letter in self.log
        ]

    async def run(self) -> None:
        """Tell what happens, as it happens, until cancelled."""
        await self._aimed.wait()
        while True:
            await self.flush()
            await self.world.machine.nap(_LOOK_EVERY)

    async def flush(self) -> Said:
        """Look at all that is due and send all that is due; gives how many went out and how many still wait."""
        async with self._busy:
            self._look()
            sent = 0
            while due := self._due():
                async with plain_async_client(TIMEOUT) as http:
                    for start in range(0, len(due), AT_ONCE):
                        await asyncio.gather(*(self._send(http, letter) for letter in due[start : start + AT_ONCE]))
                sent += len(due)
            return {"sent": sent, "waiting": len(self._letters), "held": len(self._held)}

    # -- looking -----------------------------------------------------------------------------------------------

    def _touch(self, consent: Consent) -> None:
        self._touched[consent.id] = consent

    def _look(self) -> None:
        now = self.world.clock.now()
        due: dict[str, Consent] = self._touched
        self._touched = {}
        while self._looks and self._looks[0][0] <= now:
            when, _, consent_id = heapq.heappop(self._looks)
            if self._seen[consent_id].next_at == when:
                due[consent_id] = self._seen[consent_id].consent
        for consent in due.values():
            seen = self._seen.get(consent.id)
            if seen is None:
                seen = self._seen[consent.id] = first_look(self.world, consent)
            for event, data in look(self.world, seen):
                self._post(event, consent.id, data)
            at = next_look(self.world, seen)
            if at is not None and at != seen.next_at:
                self._made += 1
                heapq.heappush(self._looks, (at, self._made, consent.id))
            seen.next_at = at

    # -- posting -----------------------------------------------------------------------------------------------

    def _post(self, event: str, consent_id: str, data: object) -> None:
        letter = self._letter(event, consent_id, data)
        how = self._order()
        if how in (Spoil.LOSE, Spoil.STOP):
            letter.status = "lost"
        elif how is Spoil.REORDER:
            letter.status = "held"
            self._held.append(letter)
        else:
            if how is Spoil.FORGE:
                forged = self._letter("ConsentRevoked", consent_id, None)
                forged.forged = True
                self._queue(forged)
            self._queue(letter)
            if how is Spoil.DUPLICATE:
                self._queue(letter)
            for held in self._held:
                self._queue(held)
            self._held.clear()

    def _letter(self, event: str, consent_id: str, data: object) -> Letter:
        self._made += 1
        wrapper = f"{event[0].lower()}{event[1:]}Webhook"
        body = json.dumps({wrapper: {"consentId": consent_id, "data": data, "event": event}}).encode()
        event_id = uuid_of(self.world.seed, "event", self._made)
        letter = Letter(event_id, event, consent_id, body, self.world.clock.now())
        self.log.append(letter)
        del self.log[:-MAX_LOG]
        return letter

    def _queue(self, letter: Letter, at: datetime | None = None) -> None:
        self._made += 1
        heapq.heappush(self._letters, (at or letter.made_at, self._made, letter))

    def _order(self) -> Spoil | None:
        if not self._orders:
            return None
        how, left = self._orders[0]
        if left is not None:
            self._orders[0] = how, left - 1
            if left <= 1:
                self._orders.pop(0)
        return how

    def _due(self) -> list[Letter]:
        now = self.world.clock.now()
        due = []
        while self._letters and self._letters[0][0] <= now:
            due.append(heapq.heappop(self._letters)[2])
        return due

    async def _send(self, http: httpx.AsyncClient, letter: Letter) -> None:
        """One try. The first carries the time of the event; a later one its own, or no receiver could believe it."""
        now = self.world.clock.now()
        stamp = str(int((now if letter.tries else letter.made_at).timestamp()))
        message = f"{stamp}|{letter.event_id}|{letter.event}|".encode() + letter.body
        secret = "somebody else's" if letter.forged else self.secret
        headers = {
            "Content-Type": "application/json",
            "X-Aiia-Event": letter.event,
            "X-Aiia-EventId": letter.event_id,
            "X-Aiia-TimeStamp": stamp,
            "X-Aiia-Signature": hmac.new(secret.encode(), message, hashlib.sha256).hexdigest(),
            "X-Aiia-Timeout": str(int(TIMEOUT * 1000)),
        }
        letter.tries += 1
        try:
            answer = await http.post(self.url, content=letter.body, headers=headers)
            letter.status = answer.status_code
        except httpx.HTTPError:
            letter.status = 0
        self.world.books.webhooks[f"{letter.event} {letter.status}"] += 1
        if letter.status != 200 and not letter.forged and letter.tries <= RETRIES:
            self._queue(letter, self.world.clock.now() + FIRST_RETRY * 2 ** (letter.tries - 1))

"""What can be turned in the world while it runs. Each knob takes a JSON object and answers one."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal, DecimalException
from enum import StrEnum
from typing import TypeVar

from backend.model.clock import SharedClock
from backend.sandbox import banks
from backend.sandbox.banks import Mood
from backend.sandbox.dice import uuid_of
from backend.sandbox.faults import KINDS, How
from backend.sandbox.finder import Finder, Said
from backend.sandbox.mailbox import Mailbox
from backend.sandbox.reconciliation import Reconciliation
from backend.sandbox.shapes import instant, money
from backend.sandbox.statement import Extra, views
from backend.sandbox.web import Problem
from backend.sandbox.world import World

Word = TypeVar("Word", bound=StrEnum)
Knob = Callable[[Said], object]

MAX_SKIP = 240
"""Hours that may pass at once: an agent that is there renews its tokens in time."""


class Knobs:
    """All of them. They raise Problem or ValueError for what they cannot do."""

    def __init__(self, world: World, mailbox: Mailbox, inbox: Reconciliation, find: Finder) -> None:
        self.world, self.mailbox, self.inbox, self._find = world, mailbox, inbox, find
        self._made = 0

    def table(self) -> dict[str, Knob]:
        """The knobs by their path on the control port."""
        return {
            "mood": self.mood,
            "clock/skip": self.skip,
            "client-secret": self.client_secret,
            "fault": self.fault,
            "lift": self.lift,
            "mailbox": self.set_mailbox,
            "unknown-enums": self.unknown_enums,
            "token-scope": self.token_scope,
            "redirect-uri": self.redirect_uri,
            "consent/revoke": self.revoke,
            "consent/expire": self.expire,
            "consent/sync": self.sync,
            "token/burn": self.burn,
            "account/renumber": self.renumber,
            "account/orphan": self.orphan,
            "account/rename": self.rename,
            "row/add": self.add_row,
            "row/delete": self.delete_row,
            "ledger/bar": self.bar,
            "ledger/lock-out": self.lock_out,
            "ledger/away": self.away,
            "consent/mend": self.mend,
            "consent/die": self.die,
        }

    def skip(self, said: Said) -> Said:
        """`{hours}`: so much time passes at once, for everybody who shares the world's clock."""
        clock, hours = self.world.clock, float(str(said.get("hours", 0)))
        if not isinstance(clock, SharedClock):
            raise Problem(400, "InvalidInput", "this world's clock is nobody else's: start it with --clock-file")
        if not 0 < hours <= MAX_SKIP:
            raise Problem(400, "InvalidInput", f"hours must be above 0 and at most {MAX_SKIP}: tokens live 14 days")
        clock.skip(hours * 3600)
        for user in self.world.known_users():
            for consent in user.consents.values():
                self.world.watcher(consent)
        return {"now": instant(clock.now())}

    def client_secret(self, said: Said) -> Said:
        """`{secret}`: Aiia knows us by another secret from now on; without one, by the first again (situation 23)."""
        self.world.client_secret = str(said.get("secret") or uuid_of(self.world.seed, "client-secret"))
        return {"changed": "secret" in said}

    def mend(self, said: Said) -> Said:
        """`{agreement}`: what a scenario broke about the customer's consents and accounts works again."""
        index = self.world.fleet.by_agreement(str(said.get("agreement")))
        user = None if index is None else self.world.user(self.world.fleet.customer(index).user_id)
        if user is None:
            raise Problem(404, "NotFound", "Unknown customer")
        for consent in user.consents.values():
            consent.trouble = consent.trouble_at_login = consent.asleep_since = consent.slowness = None
            consent.blind = False
            for link in consent.links:
                link.account.trouble = link.account.closed_at = link.account.quiet_since = None
            consent.queued.append((self.world.clock.now(), False))
            self.world.watcher(consent)
        return {"mended": len(user.consents)}

    def die(self, said: Said) -> Said:
        """`{consent_id}`: the bank ends the consent before its day."""
        consent = self._find.consent(said)
        self.world.sync(consent)
        consent.died_at = self.world.clock.now()
        self.world.watcher(consent)
        return self._find.consent_facts(consent)

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

    def token_scope(self, said: Said) -> Said:
        """`{scope: consent|user}`: whether a token shows its consent's accounts or all of its user's (§1.1)."""
        if said.get("scope") not in ("consent", "user"):
            raise Problem(400, "InvalidInput", "scope must be consent or user")
        self.world.whole_user = said["scope"] == "user"
        return {"scope": said["scope"]}

    def redirect_uri(self, said: Said) -> Said:
        """`{uri}`: register an address that is not on this machine."""
        self.world.redirect_uris.add(str(said.get("uri")))
        return {"registered": sorted(self.world.redirect_uris)}

    def revoke(self, said: Said) -> Said:
        """`{consent_id, by: customer|bank}`."""
        consent = self._find.consent(said)
        self.world.revoke(consent, str(said.get("by", "customer")))
        return self._find.consent_facts(consent)

    def expire(self, said: Said) -> Said:
        """`{consent_id, days}`: the consent ends so many days from now (0: now; it may be less than none)."""
        consent = self._find.consent(said)
        self.world.sync(consent)
        consent.expires_at = self.world.clock.now() + timedelta(days=float(str(said.get("days", 0))))
        self.world.watcher(consent)
        return self._find.consent_facts(consent)

    def sync(self, said: Said) -> Said:
        """`{consent_id}`: an automatic sync happens now, if the bank and the consent let it."""
        consent = self._find.consent(said)
        consent.queued.append((self.world.clock.now(), False))
        self.world.watcher(consent)
        return self._find.consent_facts(consent)

    def burn(self, said: Said) -> Said:
        """`{consent_id}`: all its refresh tokens stop working (situation 23)."""
        consent = self._find.consent(said)
        self.world.tokens.burn(consent.id)
        return self._find.consent_facts(consent)

    def renumber(self, said: Said) -> Said:
        """`{account}`: all its rows get new ids; with `account_too` the account as well."""
        consent, link = self._find.account(said)
        link.row_epoch += 1
        if said.get("account_too"):
            link.account_epoch += 1
        return self._find.consent_facts(consent)

    def orphan(self, said: Said) -> Said:
        """`{account, back}`: the bank no longer returns the account (or does again)."""
        consent, link = self._find.account(said)
        link.account.closed_at = None if said.get("back") else self.world.clock.now()
        return self._find.consent_facts(consent)

    def rename(self, said: Said) -> Said:
        """`{account, name}`: the bank calls the account something else, perhaps something hostile."""
        consent, link = self._find.account(said)
        link.account.kind = replace(link.account.kind, name=str(said.get("name")))
        return self._find.consent_facts(consent)

    def add_row(self, said: Said) -> Said:
        """`{account, amount, text, days_back, state}`: the bank makes a row now, perhaps dated back."""
        _, link = self._find.account(said)
        now = self.world.clock.now()
        self._made += 1
        extra = Extra(
            key=f"extra{self._made}",
            at=now - timedelta(days=float(str(said.get("days_back", 0)))),
            created=now,
            ore=_ore(said.get("amount", "-100.00")),
            text=str(said.get("text", "Ekstra")),
            state=str(said.get("state", "Booked")),
        )
        copies = int(str(said.get("copies", 1)))
        for copy in range(copies):
            link.account.extras.append(replace(extra, key=f"{extra.key}.{copy}"))
        return {"keys": [f"{extra.key}.{copy}" for copy in range(copies)]}

    def delete_row(self, said: Said) -> Said:
        """`{account, id}`: the bank takes a booked row back; without `id` the newest one."""
        _, link = self._find.account(said)
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

    def away(self, said: Said) -> Said:
        """`{agreement, away}`: the agreement's bank reconciliation does not answer, or does again."""
        change = self.inbox.away.add if said.get("away", True) else self.inbox.away.discard
        change(str(said.get("agreement")))
        return {"away": sorted(self.inbox.away)}


def _ore(amount: object) -> int:
    try:
        ore = Decimal(str(amount)) * 100
    except DecimalException as error:
        raise Problem(400, "InvalidInput", "amount must be a decimal") from error
    if ore != ore.to_integral_value():
        raise Problem(400, "InvalidInput", "amount must be whole hundredths")
    return int(ore)


def _one_of(words: type[Word], value: object) -> Word:
    try:
        return words(str(value))
    except ValueError as error:
        raise Problem(400, "InvalidInput", f"must be one of {', '.join(words)}") from error

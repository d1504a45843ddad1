"""The composition root: the only place where settings, store, adapters and agent meet."""

import os
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from backend.anchor import anchor_at
from backend.config import ConfigError, Secret, Settings
from backend.guard import GuardedDoor, whoami
from backend.model.audit import AuditReport
from backend.model.clock import Clock, StandingClock
from backend.model.facts import Attempt
from backend.model.people import Person, Role, signed
from backend.model.places import key_file
from backend.model.reminders import steps
from backend.model.views import AgentStatus
from backend.operations import Operations
from backend.ports import FleetReader, Ledger, Mailer, Provider
from backend.references import is_reference, resolve
from backend.rules.roles import read_roles, role_of
from backend.settings import as_text, require
from backend.terminal import whereabouts
from backend.texts import Say, texts_in

if TYPE_CHECKING:
    from backend.agent import Agent
    from backend.store import Store

T = TypeVar("T")

PROVIDER_SETTINGS = ("aiia_base_url", "aiia_client_id", "aiia_client_secret", "aiia_redirect_url")
LEDGER_SETTINGS = ("reconciliation_url", "reconciliation_token")


class Runtime:
    """One profile at work. Everything is made on first use; `close()` lets go of it."""

    def __init__(
        self, settings: Settings, clock: Clock, say: Say, env: Mapping[str, str], person: Person | None = None
    ) -> None:
        """`env` is where the references of this profile are looked up; `person` is who works (None: whom the system
        names). Where that matters, the system user stands behind the operator's chosen name from here on.
        """
        self.clock, self.say, self._env, self._person = clock, say, env, person
        self.settings = settings
        if settings.identified:
            self.settings = replace(settings, operator=signed(settings.operator, self.person.user))
        self.host = socket.gethostname()
        self._from: Runtime | None = None

    def as_of(self, at: datetime, connections: Sequence[str] | None = None) -> "Runtime":
        """This profile as it was known at `at`, or only these connections of it; nothing can be changed there.

        Close it instead of this one: that closes both.
        """
        from backend.store.past import past

        then = Runtime(self.settings, StandingClock(at), self.say, self._env, self._person)
        then.__dict__["store"] = past(self.present.store, at, connections)
        then._from = self
        return then

    @property
    def present(self) -> "Runtime":
        """This profile as it is, from wherever one looks back."""
        return self if self._from is None else self._from.present

    @property
    def place(self) -> Path | str:
        """Where the store is: a file's path, or a database's address. Raises ConfigError."""
        store = self.settings.store
        if isinstance(store, Path):
            return store
        text = store.reveal()
        return text if "://" in text else Path(text)

    @cached_property
    def store(self) -> "Store":
        """The store, brought up to date. Raises StoreError with a sentence."""
        from backend.rules.assess import assess
        from backend.store import open_store

        settings = self.settings
        store = open_store(
            self.place,
            assess=assess,
            clock=self.clock,
            stale_after=settings.stale_after,
            may_migrate=not settings.read_only and self.standing[0] >= Role.ADMIN,
        )
        store.read_only = settings.read_only
        if (key := settings.token_key) is not None:
            store.key = lambda: key.reveal().encode()
        store.operator, store.terminal = settings.operator, whereabouts(self._env)
        store.silence_after = settings.webhook_silence
        return store

    @property
    def reader(self) -> FleetReader:
        return self.store

    @cached_property
    def person(self) -> Person:
        """Who works here. The system may have to ask a server, so it is asked only where that matters."""
        return self._person or whoami()

    @cached_property
    def standing(self) -> tuple[Role, str]:
        """The role of whoever works here, and the name by which it was given (empty: by none)."""
        if not self.settings.roles:
            return Role.ADMIN, ""
        return role_of(self.person, read_roles(self.settings.roles))

    def standing_text(self) -> str:
        """Who works here with which role and why, and whether anything can be changed at all."""
        role, by = self.standing
        key = "guard.everybody" if not self.settings.roles else "guard.by" if by else "guard.unnamed"
        text = self.say(key, user=self.person.user, role=role.word, by=by)
        return f"{text} {self.say('guard.read_only')}" if self.settings.read_only else text

    @cached_property
    def door(self) -> GuardedDoor:
        """Through what operators change anything: the store's door, behind the rights of whoever works."""
        settings, role = self.settings, self.standing[0]
        return GuardedDoor(self.store, role, read_only=settings.read_only, second_pair_from=settings.second_pair_from)

    @cached_property
    def operations(self) -> Operations:
        """The four operations, in the name of the configured operator."""
        return Operations(
            self.store,
            self.door,
            self.clock,
            operator=self.settings.operator,
            host=self.host,
            provider=self.settings.provider,
            allowance=(self.settings.allowance, self.settings.allowance_reserve),
            undo=timedelta(seconds=self.settings.undo_window),
            say=self.say,
        )

    def agent_status(self) -> AgentStatus | None:
        """The agent that acts on this store, or acted last."""
        return self.store.agent_status()

    def verify_audit(self, progress: Callable[[int], None] = lambda checked: None) -> AuditReport:
        """Check the whole audit log, as it is now, with its seals and its anchor; `progress` hears of checked lines."""
        from backend.anchor import read_anchor

        store = self.present.store
        anchors, wrong = read_anchor(self.settings.audit_anchor, expected=store.last_seal() is not None)
        report = store.verify_audit(anchors, progress)
        return replace(report, findings=(*report.findings, *wrong))

    def audit_key(self) -> bytes | None:
        """The key behind the audit log's seals, where it is at hand; makes neither a store nor a key."""
        from backend.store.audit import key_bytes

        settings = self.settings
        beside = key_file(self.place)
        if settings.token_key is not None:
            return key_bytes(settings.token_key.reveal().encode())
        return key_bytes(beside.read_bytes()) if os.access(beside, os.R_OK) else None

    def record(self, attempt: Attempt) -> None:
        """Keep an attempt; it shares a commit with whatever else is being written, and a write with other attempts."""
        self.store.db.enqueue_among(self.store.record_attempts, attempt)

    def provider(self) -> Provider:
        """The aggregator's adapter. Raises ConfigError."""
        settings = self.settings
        require(settings, self.say, *PROVIDER_SETTINGS)
        from backend.providers.aiia import Aiia

        return _made(
            lambda: Aiia(
                base_url=settings.aiia_base_url,
                client_id=settings.aiia_client_id,
                client_secret=_value(settings.aiia_client_secret),
                redirect_url=settings.aiia_redirect_url,
                vault=self.store,
                clock=self.clock,
                record=self.record,
            )
        )

    def ledger(self) -> Ledger:
        """Where postings go. Raises ConfigError."""
        settings = self.settings
        require(settings, self.say, *LEDGER_SETTINGS)
        from backend.ledgers.inbox import Inbox

        return _made(
            lambda: Inbox(
                base_url=settings.reconciliation_url,
                token=_value(settings.reconciliation_token),
                clock=self.clock,
                record=self.record,
            )
        )

    def mailer(self) -> Mailer | None:
        """Mail to customers; None without a server: then links are handed over by hand. Raises ConfigError."""
        if not (url := self.settings.smtp_url):
            return None
        if is_reference(url):
            url = resolve(url, Path.cwd(), self._env, "smtp_url", self.say)
        from backend.mail import SmtpMailer

        return _made(lambda: SmtpMailer(url, sender=self.settings.mail_from, clock=self.clock, record=self.record))

    def check_agent_settings(self) -> None:
        """Raise ConfigError when the agent lacks a setting, before anything else is done."""
        require(self.settings, self.say, *PROVIDER_SETTINGS, *LEDGER_SETTINGS)

    @asynccontextmanager
    async def agent(self, kind: str) -> "AsyncIterator[Agent]":
        """An agent with the right to act on the store. `kind`: `agent`, `once`, `console` or `command`.

        Raises ConfigError, StoreError, NotAllowed, and AgentBusy while another process has the right.
        """
        from backend.agent import Agent
        from backend.rules.clusters import read_clusters

        self.check_agent_settings()
        self.door.need("agent")
        settings = self.settings
        with self.store.become_agent(kind):
            async with AsyncExitStack() as stack:
                provider, ledger = self.provider(), self.ledger()
                stack.push_async_callback(provider.aclose)
                stack.push_async_callback(ledger.aclose)
                yield Agent(
                    books=self.store,
                    provider=provider,
                    ledger=ledger,
                    mailer=self.mailer(),
                    clock=self.clock,
                    say=texts_in(self.settings.customer_language),
                    fetch_every=self.settings.fetch_every,
                    stale_after=self.settings.stale_after,
                    clusters=read_clusters(self.settings.clusters),
                    redirect_url=self.settings.aiia_redirect_url,
                    listen=self.settings.listen,
                    reminders=steps(self.settings.reminders),
                    public_url=self.settings.public_url,
                    webhook_secret=_value(self.settings.aiia_webhook_secret),
                    webhook_legacy=self.settings.aiia_webhook_legacy,
                    anchor=anchor_at(settings.audit_anchor, as_text(settings, "store"))
                    if settings.audit_anchor
                    else None,
                    allowance=(self.settings.allowance, self.settings.allowance_reserve),
                    most_at_once=self.settings.most_at_once,
                    calls_per_second=self.settings.calls_per_second,
                )

    def close(self) -> None:
        """Finish what is queued and let go of the store."""
        if "store" in self.__dict__:
            self.store.close()
        if self._from is not None:
            self._from.close()


def _value(secret: Secret | None) -> str:
    return secret.reveal() if secret else ""


def _made(make: Callable[[], T]) -> T:
    """An adapter; its complaint about a setting becomes ours."""
    try:
        return make()
    except ValueError as error:
        raise ConfigError(f"{error}.") from None

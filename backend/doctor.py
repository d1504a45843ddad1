"""Is everything in order? Each finding says so in words, with what to do when it is not."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from backend.config import ConfigError, Secret
from backend.model.audit import ANCHOR_FAILED, REWRITTEN
from backend.model.errors import OutsideError
from backend.model.people import Role
from backend.model.views import QUIET_AGENT
from backend.runtime import Runtime
from backend.setting_values import KINDS
from backend.settings import Loaded
from backend.texts import Say

OK, WARN, FAIL = "ok", "warn", "fail"

SKEW_WARN = 60.0
SKEW_FAIL = 300.0
"""Seconds between our clock and a server's: tokens and "days left" go wrong beyond (`facts/reliability.md` F8)."""

YOUNG_SEAL = 60.0
OLD_SEAL = 3600.0
"""Seconds that the anchor may take to hear of a seal, and that lines may go unsealed."""

_ADVISED = {"refused_credentials", "refused", "unreachable", "provider_down", "rate_limited", "malformed"}
"""Kinds of errors that have advice of their own (`doctor.todo.KIND`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the examination. `level` is `ok`, `warn` or `fail`; `todo` is empty when nothing need be done."""

    subject: str
    level: str
    text: str
    todo: str = ""


@dataclass(slots=True)
class _Examination:
    say: Say
    findings: list[Finding] = field(default_factory=list)

    def add(self, subject: str, level: str, key: str, values: dict[str, object] | None = None, todo: str = "") -> None:
        """Note a finding; `key` and `todo` are text keys that share their values."""
        text = self.say(key, **(values or {}))
        advice = self.say(todo, **(values or {})) if todo else ""
        self.findings.append(Finding(subject=subject, level=level, text=text, todo=advice))


async def examine(loaded: Loaded, runtime: Runtime, say: Say) -> list[Finding]:
    """All findings, in the order in which things depend on each other. Calls the outside, changes nothing there."""
    found = _Examination(say)
    if not _configuration(loaded, found):
        return found.findings
    if not _store(runtime, found):
        return found.findings
    _roles(loaded, runtime, found)
    _agent(runtime, found)
    _audit(runtime, found)
    _gates(runtime, found)
    await _provider(runtime, found)
    _webhooks(runtime, found)
    await _clock(runtime, found)
    await _ledger(runtime, found)
    await _mail(runtime, found)
    return found.findings


def _configuration(loaded: Loaded, found: _Examination) -> bool:
    for problem in loaded.problems:
        found.findings.append(Finding(subject="configuration", level=FAIL, text=problem))
    for warning in loaded.warnings:
        found.findings.append(Finding(subject="configuration", level=WARN, text=warning))
    for name in KINDS:
        secret = getattr(loaded.settings, name)
        if isinstance(secret, Secret):
            try:
                secret.reveal()
            except ConfigError as error:
                found.findings.append(Finding(subject="configuration", level=FAIL, text=str(error)))
    if not found.findings:
        found.add("configuration", OK, "config.valid", {"profile": loaded.settings.profile})
    return not loaded.problems


def _store(runtime: Runtime, found: _Examination) -> bool:
    from backend.store import StoreError

    try:
        engine, schema, connections = runtime.store.about()
        with runtime.store.db.write():
            pass
    except StoreError as error:
        found.findings.append(Finding(subject="store", level=FAIL, text=str(error)))
        return False
    path = runtime.store.db.name
    size = {"path": path, "count": connections, "mib": engine.bytes // 2**20 + 1}
    found.add("store", OK, "doctor.store", size)
    if engine.sound not in ("", "ok"):
        found.add("store", FAIL, "doctor.damaged", {"why": engine.sound}, "doctor.damaged_todo")
    values: dict[str, object] = {"engine": engine.kind, "journal": engine.journal, "schema": schema}
    if engine.good:
        found.add("store", OK, "doctor.engine", values)
    else:
        found.add(
            "store",
            WARN,
            "doctor.engine",
            values,
            "doctor.server_todo" if runtime.store.db.shared else "doctor.engine_todo",
        )
    if runtime.settings.token_key is None:
        try:
            runtime.store.check_own_key()
        except StoreError as error:
            found.findings.append(Finding(subject="store", level=FAIL, text=str(error)))
    if not engine.private:
        found.add("store", WARN, "doctor.not_private", {"path": path}, "doctor.not_private_todo")
    return True


def _roles(loaded: Loaded, runtime: Runtime, found: _Examination) -> None:
    """Who may do what, and whether that holds."""
    settings, level = runtime.settings, OK
    if settings.production and not settings.roles:
        level = WARN
    found.findings.append(Finding(subject="roles", level=level, text=runtime.standing_text()))
    if settings.roles and runtime.standing[0] < Role.ADMIN and os.access(loaded.path, os.W_OK):
        found.add("roles", WARN, "guard.own_file", {"path": loaded.path}, "guard.own_file_todo")
    if settings.second_pair_from:
        found.add("roles", OK, "guard.second_pair", {"count": settings.second_pair_from})


def _agent(runtime: Runtime, found: _Examination) -> None:
    status = runtime.agent_status()
    if status is None or not status.alive:
        found.add("agent", WARN, "doctor.no_agent", todo="doctor.no_agent_todo")
        return
    who: dict[str, object] = {"kind": status.kind, "pid": status.pid, "host": status.host}
    if status.trouble and status.trouble not in (REWRITTEN, ANCHOR_FAILED):
        who["trouble"] = status.trouble
        found.add("agent", FAIL, "doctor.agent_trouble", who, "doctor.agent_trouble_todo")
        return
    quiet = status.quiet_for(runtime.clock)
    if quiet > QUIET_AGENT:
        who["minutes"] = int(quiet // 60)
        found.add("agent", WARN, "doctor.agent_quiet", who, "doctor.agent_quiet_todo")
    else:
        found.add("agent", OK, "doctor.agent", who)


def _audit(runtime: Runtime, found: _Examination) -> None:
    """Is the audit log sealed, and are its seals told outside?"""
    from backend.anchor import read_anchor, syslog_address
    from backend.rules.audit import told
    from backend.rules.danish import moment

    now, where = runtime.clock.now(), runtime.settings.audit_anchor
    status, seal = runtime.agent_status(), runtime.store.last_seal()
    if status is not None and status.trouble in (REWRITTEN, ANCHOR_FAILED):
        found.add("audit", FAIL, status.trouble, todo="doctor.audit_todo")
    age = (now - seal.at).total_seconds() if seal else 0.0
    if seal is not None and age > OLD_SEAL and seal.seq < runtime.store.audit_head():
        found.add("audit", WARN, "doctor.seals_old", {"at": moment(seal.at)}, "doctor.seals_old_todo")
    if not where:
        found.add("audit", WARN, "doctor.no_anchor", todo="doctor.no_anchor_todo")
        return
    if syslog_address(where) is not None:
        found.add("audit", OK, "doctor.anchor_syslog")
        return
    anchors, wrong = read_anchor(where, expected=seal is not None)
    for one in wrong:
        found.findings.append(Finding(subject="audit", level=WARN, text=told(one, found.say)))
    reached = anchors[-1].seq if anchors else 0
    if seal is not None and reached < seal.seq and age > YOUNG_SEAL and not wrong:
        values: dict[str, object] = {"seq": reached, "sealed": seal.seq}
        found.add("audit", WARN, "doctor.anchor_behind", values, "doctor.audit_todo")
    elif not wrong:
        found.add("audit", OK, "doctor.anchor", {"seq": reached})


def _gates(runtime: Runtime, found: _Examination) -> None:
    """What nobody is asked at present, and until when."""
    from backend.rules.danish import moment

    for gate in runtime.store.shut_gates(runtime.clock.now()):
        assert gate.until is not None
        who = gate.bank or found.say("doctor.gate_all")
        values: dict[str, object] = {"who": who, "until": moment(gate.until), "why": found.say(gate.reason)}
        found.add("gates", WARN, "doctor.gate", values, "doctor.gate_todo")


async def _reach(subject: str, found: _Examination, call: Callable[[], Awaitable[str]]) -> None:
    """One call to the outside; its error becomes the finding."""
    try:
        found.findings.append(Finding(subject=subject, level=OK, text=await call()))
    except ConfigError as error:
        found.findings.append(Finding(subject=subject, level=FAIL, text=str(error)))
    except OutsideError as error:
        key = f"doctor.todo.{error.kind}" if error.kind in _ADVISED else "doctor.todo"
        found.findings.append(Finding(subject=subject, level=FAIL, text=str(error), todo=found.say(key)))


async def _provider(runtime: Runtime, found: _Examination) -> None:
    async def call() -> str:
        provider = runtime.provider()
        try:
            banks = await provider.banks()
        finally:
            await provider.aclose()
        return found.say("doctor.provider", url=runtime.settings.aiia_base_url, count=len(banks))

    await _reach("aiia", found, call)


def _webhooks(runtime: Runtime, found: _Examination) -> None:
    """Are events taken, can they arrive, and do they?"""
    from backend.agent.receiver import address
    from backend.rules.danish import moment

    settings = runtime.settings
    if settings.aiia_webhook_secret is None:
        found.add("webhooks", WARN, "doctor.no_webhooks", todo="doctor.no_webhooks_todo")
        return
    if address(settings.listen, settings.aiia_redirect_url) is None:
        found.add("webhooks", WARN, "doctor.deaf", todo="doctor.deaf_todo")
        return
    last = runtime.store.webhooks(1)
    if silence := runtime.store.webhook_silence(runtime.clock.now()):
        values: dict[str, object] = {"at": moment(silence.since), "count": silence.connections}
        found.add("webhooks", WARN, "doctor.webhooks_silent", values, "doctor.webhooks_silent_todo")
    elif last:
        found.add("webhooks", OK, "doctor.webhooks", {"at": moment(last[0].received_at)})
    else:
        found.add("webhooks", OK, "doctor.webhooks_none")


async def _ledger(runtime: Runtime, found: _Examination) -> None:
    async def call() -> str:
        ledger = runtime.ledger()
        try:
            await ledger.check()
        finally:
            await ledger.aclose()
        return found.say("doctor.ledger", url=runtime.settings.reconciliation_url)

    await _reach("reconciliation", found, call)


async def _mail(runtime: Runtime, found: _Examination) -> None:
    if not runtime.settings.smtp_url:
        found.add("mail", WARN, "config.no_mail", todo="doctor.no_mail_todo")
        return

    async def call() -> str:
        mailer = runtime.mailer()
        assert mailer is not None
        await mailer.check()
        return found.say("doctor.mail")

    await _reach("mail", found, call)


async def _clock(runtime: Runtime, found: _Examination) -> None:
    """Our clock against the `Date` of the first of our servers that tells it."""
    if runtime.settings.clock:
        found.add("clock", OK, "doctor.clock_scaled")
        return
    for url in (runtime.settings.aiia_base_url, runtime.settings.reconciliation_url):
        if not url or (theirs := await _date_of(url)) is None:
            continue
        skew = (runtime.clock.now() - theirs).total_seconds()
        values: dict[str, object] = {"seconds": round(abs(skew)), "url": url}
        if abs(skew) <= SKEW_WARN:
            found.add("clock", OK, "doctor.clock", values)
        else:
            level = FAIL if abs(skew) > SKEW_FAIL else WARN
            found.add("clock", level, "doctor.skew", values, "doctor.skew_todo")
        return
    found.add("clock", WARN, "doctor.clock_unknown")


async def _date_of(url: str) -> datetime | None:
    import httpx

    from backend.http import CONNECT, new_transport

    with suppress(httpx.HTTPError, OSError, ValueError, TypeError, KeyError):
        async with asyncio.timeout(CONNECT), new_transport() as way:
            answer = await way.handle_async_request(httpx.Request("GET", url))
            await answer.aclose()
        stamp = parsedate_to_datetime(answer.headers["Date"])
        return stamp.replace(tzinfo=UTC) if stamp.tzinfo is None else stamp
    return None

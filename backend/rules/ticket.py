"""The text of a ticket about one connection: what the other side asks for first, and nothing that is secret.

`facts/aiia-economic.md` §4, tail: environment, provider id, consentId, account ids, times in UTC, `X-Correlation-Id`,
last status, last webhook.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from backend.model.facts import Account, Attempt
from backend.model.health import Reason
from backend.model.problems import Note
from backend.model.text import clean
from backend.model.views import ConnectionView
from backend.model.webhooks import WebhookView
from backend.texts import Say

TO = ("mastercard", "bank", "team")
"""Whom a ticket is for. Only our own team is given the customer's name and the operators' notes."""

_PARTS = re.compile(
    r"(?P<uuid>(?<![0-9A-Za-z])[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?![0-9A-Za-z]))"
    r"|(?P<token>(?i:eyJ)[\w.~+/=-]*)"
    r"|(?P<auth>\b(?i:bearer|basic)\s+[^\s,;\"']+)"
    r"|(?P<link>\b[A-Za-z][A-Za-z0-9+.-]*://[^\s\"'<>]*)"
    r"|(?P<pair>[\w-]*(?i:token|secret|passw|pwd|authori[sz]ation|cookie|api[_-]?key)[\w-]*[\"']?\s*[:=]\s*"
    r"[\"']?[^\s,;&\"']+|(?i:\b(?:code|state))=[^\s,;&\"']+)"
    r"|(?P<mail>[^\s@,;:<>\"'(]+@[^\s@,;:<>\"')]+)"
    r"|(?P<iban>(?<![0-9A-Za-z])[A-Za-z]{2}[0-9]{2}(?:[\s-]?[0-9A-Z]{4}){2,7}(?:[\s-]?[0-9A-Z]{1,4})?(?![0-9A-Za-z]))"
    r"|(?P<digits>[0-9](?:[\s.-]?[0-9]){8,})"
    r"|(?P<opaque>[\w%+/=~-]{24,})"
)
"""What a text is taken apart into, from the left: nothing that is put in is read again."""

_WHOLE_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[0-9A-Z]{11,30}")
_ID_LIMIT = 100
"""Characters of an id that are shown."""


def redacted(text: str, *, ids: bool = False) -> str:
    """The text without what must not leave: tokens, links, secrets and mail addresses go, account numbers keep four.

    `ids`: the text is an id of the other side's, and to be long and strange is no reason to hide it.
    """

    def instead(match: re.Match[str]) -> str:
        kind, found = str(match.lastgroup), match.group()
        if kind == "uuid":
            return found
        if kind == "iban":
            return found if ids and not _WHOLE_IBAN.fullmatch(found) else masked(found)
        if kind == "digits":
            return found if ids else masked(found)
        if kind == "opaque" and (ids or (found.isalpha() and found[1:].islower())):
            return found
        return f"[{kind}]"

    return _PARTS.sub(instead, clean(text, _ID_LIMIT if ids else 500))


def masked(number: str) -> str:
    """An account number but for its last four characters: `…4567`."""
    return "…" + "".join(c for c in number if c.isalnum())[-4:]


def ticket(
    view: ConnectionView,
    attempts: Sequence[Attempt],
    notes: Sequence[Note],
    say: Say,
    now: datetime,
    *,
    to: str = "mastercard",
    environment: str = "",
    event: WebhookView | None = None,
) -> str:
    """Plain text for a ticket about what is wrong with one connection, in the language of `say`.

    `attempts` and `notes` newest first; `event` is the last webhook; `to` is one of `TO`. Ids stand as the other side
    knows them, times are UTC and end in Z. Tokens, links, mail addresses and whole account numbers never stand in it,
    whatever the texts hold that came from outside or from operators.
    """
    facts, found = view.facts, view.assessment
    situation = say(f"situation.{found.situation}") if found.situation else say("ticket.no_problem")
    lines = [say(f"ticket.title.{to}", bank=redacted(view.row.bank) or "-", situation=situation), ""]
    if to == "team":
        lines.append(_pair(say, "customer", f"{redacted(view.row.customer)} ({redacted(view.row.agreement_number)})"))
    lines += [
        _pair(say, "environment", redacted(environment)),
        _pair(say, "connection", view.row.id),
        _pair(say, "provider", redacted(view.row.provider)),
        _pair(say, "bank", _bank(view)),
        _pair(say, "consent", redacted(view.consent_id or "", ids=True)),
        *(_pair(say, "account", _account(account)) for account in view.accounts),
        _pair(say, "status", f"{found.consent} / {found.fetch} / {found.transfer}"),
        _pair(say, "last_fetched", _utc(facts.last_fetched)),
        _pair(say, "last_synchronized", _utc(facts.last_synchronized)),
        _pair(
            say,
            "event",
            f"{redacted(event.event)} {_utc(event.at)} {redacted(event.event_id, ids=True)}" if event else "",
        ),
        _pair(say, "written", _utc(now)),
        "",
        say("ticket.attempts"),
        *([_attempt(attempt) for attempt in attempts] or [say("ticket.nothing")]),
        "",
        say("ticket.facts"),
        *(_fact(say, reason) for reason in found.reasons),
    ]
    if to == "team" and notes:
        lines += ["", say("ticket.notes")]
        lines += [f"- {_utc(note.at)} {redacted(note.operator)}: {redacted(note.text)}" for note in notes]
    return "\n".join(lines) + "\n"


def _pair(say: Say, key: str, value: str) -> str:
    return f"{say(f'ticket.{key}')}: {value or '-'}"


def _utc(at: datetime | None) -> str:
    return "-" if at is None else f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _bank(view: ConnectionView) -> str:
    ids = dict.fromkeys(redacted(account.bank_id, ids=True) for account in view.accounts if account.bank_id)
    return " ".join([redacted(view.row.bank), *(f"({one})" for one in ids)])


def _account(account: Account) -> str:
    number = account.iban or account.bban
    shown = f" ({masked(clean(number, _ID_LIMIT))})" if number else ""
    return redacted(account.provider_account_id, ids=True) + shown


def _attempt(attempt: Attempt) -> str:
    """One call: when, what, how it ended, and what the other side can find it by."""
    told = [
        _utc(attempt.started_at),
        redacted(attempt.operation),
        redacted(attempt.outcome),
        f"HTTP {attempt.http_status}" if attempt.http_status else "",
        f"X-Correlation-Id {redacted(attempt.correlation_id, ids=True)}" if attempt.correlation_id else "",
        f"X-Request-Id {redacted(attempt.request_id, ids=True)}" if attempt.request_id else "",
        redacted(attempt.detail),
    ]
    return "- " + " ".join(part for part in told if part)


def _fact(say: Say, reason: Reason) -> str:
    text = say(reason.key, **{name: redacted(value) for name, value in reason.values})
    at = f"{_utc(reason.at)} " if reason.at else ""
    source = f" ({say(f'source.{reason.source}')})" if reason.source else ""
    return f"- {at}{text}{source}"

"""Mails to customers: plain, short, and honest about what happens next."""

import hashlib
from datetime import datetime

from backend.model.facts import Act, Case, Mail
from backend.rules.danish import day
from backend.texts import Say


def case_mail(say: Say, *, case: Case, bank: str, expires_at: datetime | None, learnt: bool = False) -> Mail:
    """The mail with a case's link: a renewal's, or a new connection's. `bank` may be empty.

    `learnt`: the day that is told was learnt from the bank's other customers, the bank has not stated it.

    The Message-ID belongs to the case, so that a repeat after a lost answer can be recognised (law 10).
    """
    kind = "connect" if case.kind is Act.CONNECT else "renew"
    values = _values(say, case, bank, kind)
    parts = [say("mail.greeting", **values), say(f"mail.{kind}.why", **values)]
    if kind == "renew" and expires_at is not None:
        parts.append(_until(say, expires_at, learnt, values["bank"]))
    parts += [say("mail.link", **values), say("mail.steps", **values), say("mail.after"), say("mail.ignore")]
    return Mail(
        to=case.email,
        subject=say(f"mail.{kind}.subject", **values),
        text="\n\n".join(parts) + "\n",
        message_id=message_id(case),
        connection=case.connection,
    )


def reminder_mail(say: Say, *, case: Case, bank: str, end: datetime, learnt: bool, message_id: str) -> Mail:
    """The mail before a consent ends, with the link of the renewal that it asks for."""
    values = _values(say, case, bank, "renew")
    parts = [
        say("mail.greeting", **values),
        say("reminder.why", **values),
        _until(say, end, learnt, values["bank"]),
        say("mail.link", **values),
        say("mail.steps", **values),
        say("mail.after"),
        say("reminder.ignore"),
    ]
    return Mail(
        to=case.email,
        subject=say("reminder.subject", **values),
        text="\n\n".join(parts) + "\n",
        message_id=message_id,
        connection=case.connection,
    )


def _values(say: Say, case: Case, bank: str, kind: str) -> dict[str, str]:
    return {
        "customer": case.customer,
        "agreement": case.agreement_number,
        "bank": bank or say("mail.your_bank"),
        "link": case.link,
        "choose": say(f"mail.{kind}.choose"),
    }


def _until(say: Say, end: datetime, learnt: bool, bank: str) -> str:
    """The day by which to act, and whose word it is."""
    return say("mail.renew.usually" if learnt else "mail.renew.until", day=day(end), bank=bank)


def message_id(case: Case) -> str:
    """`<case-12.…@forny.invalid>`: the same for the same case; its secret state goes in only as a digest."""
    digest = hashlib.sha256(f"{case.id}\x1f{case.state}".encode()).hexdigest()[:16]
    return f"<case-{case.id}.{digest}@forny.invalid>"

"""Mails to customers: plain, short, and honest about what happens next."""

import hashlib
from datetime import datetime

from backend.model.facts import Act, Case, Mail
from backend.rules.danish import day
from backend.texts import Say


def case_mail(say: Say, *, case: Case, bank: str, expires_at: datetime | None) -> Mail:
    """The mail with a case's link: a renewal's, or a new connection's. `bank` may be empty.

    The Message-ID belongs to the case, so that a repeat after a lost answer can be recognised (law 10).
    """
    kind = "connect" if case.kind is Act.CONNECT else "renew"
    values = {
        "customer": case.customer,
        "agreement": case.agreement_number,
        "bank": bank or say("mail.your_bank"),
        "link": case.link,
        "choose": say(f"mail.{kind}.choose"),
    }
    parts = [say("mail.greeting", **values), say(f"mail.{kind}.why", **values)]
    if kind == "renew" and expires_at is not None:
        parts.append(say("mail.renew.until", day=day(expires_at)))
    parts += [say("mail.link", **values), say("mail.steps", **values), say("mail.after"), say("mail.ignore")]
    return Mail(
        to=case.email,
        subject=say(f"mail.{kind}.subject", **values),
        text="\n\n".join(parts) + "\n",
        message_id=message_id(case),
    )


def message_id(case: Case) -> str:
    """`<case-12.…@forny.invalid>`: the same for the same case; its secret state goes in only as a digest."""
    digest = hashlib.sha256(f"{case.id}\x1f{case.state}".encode()).hexdigest()[:16]
    return f"<case-{case.id}.{digest}@forny.invalid>"

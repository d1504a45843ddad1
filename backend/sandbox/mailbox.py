"""Everybody's mailbox: takes mail over SMTP and shows it, links and all."""

import re
import smtplib
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.smtp import SMTP, Envelope, Session

from backend.model.clock import Clock
from backend.sandbox.books import Books

_LINK = re.compile(r"https?://[^\s<>\"]+")
KEEP = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One mail as it arrived."""

    number: int
    at: datetime
    sender: str
    to: tuple[str, ...]
    subject: str
    text: str
    message_id: str

    def links_at(self) -> list[tuple[int, int]]:
        """Where the addresses stand in the text."""
        found = ((match.start(), match.group().rstrip(".,)")) for match in _LINK.finditer(self.text))
        return [(begin, begin + len(link)) for begin, link in found]

    @property
    def links(self) -> list[str]:
        """The addresses in the text."""
        return [self.text[begin:end] for begin, end in self.links_at()]


class Mailbox:
    """The letters, and an aiosmtpd handler. Moods: `ok`, `down` (451 to all), `refuse` (550 to all)."""

    def __init__(self, clock: Clock, books: Books) -> None:
        self._clock, self._books = clock, books
        self.letters: list[Letter] = []
        self.mood = "ok"
        self.gone: set[str] = set()

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Accept an address, or not: its mailbox may be gone (§4 no. 18)."""
        if self.mood == "down":
            return "451 4.3.0 Try again later"
        if self.mood == "refuse" or address.casefold() in self.gone:
            return "550 5.1.1 No such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Keep a letter."""
        content = envelope.content or b""
        raw = content if isinstance(content, bytes) else content.encode()
        mail = message_from_bytes(raw, policy=policy.default)
        body = mail.get_body(("plain", "html")) if isinstance(mail, EmailMessage) else None
        self._books.mails += 1
        letter = Letter(
            number=self._books.mails,
            at=self._clock.now(),
            sender=str(mail.get("From", envelope.mail_from or "")),
            to=tuple(envelope.rcpt_tos),
            subject=str(mail.get("Subject", "")),
            text=str(body.get_content()).replace("\r\n", "\n") if isinstance(body, EmailMessage) else "",
            message_id=str(mail.get("Message-ID", "")),
        )
        self.letters.append(letter)
        del self.letters[:-KEEP]
        return "250 OK"

    def listing(self, to: str | None = None, limit: int = 200) -> list[Letter]:
        """The newest letters first, perhaps only one address's."""
        wanted = to.casefold() if to else None
        found = [letter for letter in reversed(self.letters) if wanted is None or wanted in _folded(letter.to)]
        return found[:limit]


def _folded(addresses: tuple[str, ...]) -> list[str]:
    return [address.casefold() for address in addresses]


def send(host: str, port: int, sender: str, to: str, subject: str, text: str) -> None:
    """Send a mail over real SMTP; blocks, so call it in a thread. Raises OSError or SMTPException."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, to, subject
    mail.set_content(text)
    with smtplib.SMTP(host, port, local_hostname="localhost", timeout=5) as server:
        server.send_message(mail)

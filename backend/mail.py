"""Mail to customers over SMTP, behind `ports.Mailer`.

Errors: an address that nobody takes mail for is RefusedAddress, content or a sender that the server will not have is
Refused, a wrong user or password RefusedCredentials, anything that a later try may mend Unreachable; `sent` is true
only when the whole mail had gone out and its answer was lost.
"""

import asyncio
import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from urllib.parse import parse_qsl, unquote, urlsplit

from backend.answers import plain
from backend.http import is_loopback
from backend.model.clock import Clock
from backend.model.errors import OutsideError, Refused, RefusedAddress, RefusedCredentials, Unreachable
from backend.model.facts import Attempt, Mail
from backend.model.text import clean
from backend.ports import Recorder

TIMEOUT = 30.0
"""Seconds of the machine's own clock that the server may be silent."""

_LOCAL = re.compile(r"[^\s\x00-\x1f\x7f-\x9f@<>()\[\],;:\\\"]{1,64}")
_DOMAIN = re.compile(r"(?=.{1,253}\Z)(?!-)[A-Za-z0-9-]{1,63}(?<!-)(?:\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*")
_MAILBOX = re.compile(rb"5\.(?:1\.(?:[1-6]|10)|2\.\d+)\b")
"""Enhanced status codes (RFC 3463) that speak of the recipient's mailbox."""

_OURS = re.compile(rb"5\.7\.\d+\b|.*\brelay", re.IGNORECASE | re.DOTALL)
"""Refusals of a recipient that are about who asks, not about the mailbox."""

_LINK = re.compile(r"https?://\S+")
_MESSAGE_ID = re.compile(r"<[!-;=?A-~]{1,200}@[!-;=?A-~]{1,200}>")


class SmtpMailer:
    """Hands mails to one SMTP server. TLS is required except on loopback."""

    def __init__(self, url: str, *, sender: str, clock: Clock, record: Recorder) -> None:
        """`smtp://user:password@host:port` or `smtps://…`. Raises ValueError, without the password, if unusable."""
        try:
            parts = urlsplit(url.strip())
            self._host, self._port = parts.hostname or "", parts.port or (465 if parts.scheme == "smtps" else 587)
        except ValueError:
            raise ValueError("smtp_url is not an address: write it like smtp://user:password@host:587") from None
        if parts.scheme not in ("smtp", "smtps") or not self._host or parts.path.strip("/") or parts.query:
            raise ValueError("smtp_url is not an address: write it like smtp://user:password@host:587")
        self._tls_at_once = parts.scheme == "smtps"
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        if not (self._user + self._password).isascii():
            raise ValueError("smtp_url holds a user or password with characters that cannot be sent")
        name, address = parseaddr(sender) if sender.isprintable() else ("", "")
        try:
            self._sender = _address(address, clean(name, 80))
        except Refused:
            raise ValueError("mail_from is not a mail address: write it like forny@example.org") from None
        self._clock, self._record = clock, record

    async def send(self, mail: Mail) -> None:
        """Hand the mail over, and leave an attempt. Raises `OutsideError`s only, without the mail's links."""
        started, outcome, detail = self._clock.now(), "ok", ""
        try:
            message, to = self._message(mail)
            await asyncio.to_thread(self._send, message, to)
        except OutsideError as error:
            outcome, detail = error.kind, _LINK.sub("[link]", plain(str(error), _secrets(mail.text)))
            error.args = (detail,)
            raise
        except BaseException:
            outcome, detail = Unreachable.kind, "ended by this program before the answer came"
            raise
        finally:
            self._record(
                Attempt(
                    connection=mail.connection,
                    operation="mail",
                    started_at=started,
                    ended_at=self._clock.now(),
                    outcome=outcome,
                    correlation_id=clean(mail.message_id, 200),
                    detail=detail,
                )
            )

    async def check(self) -> None:
        """Connect, log in and leave. Raises `OutsideError`s only."""
        await asyncio.to_thread(self._check)

    def _message(self, mail: Mail) -> tuple[EmailMessage, Address]:
        if not _MESSAGE_ID.fullmatch(mail.message_id):
            raise Refused("the mail has no usable Message-ID")
        to = _address(mail.to.strip())
        message = EmailMessage(policy=SMTP)
        message["From"], message["To"], message["Subject"] = self._sender, to, clean(mail.subject, 200)
        message["Date"], message["Message-ID"] = format_datetime(self._clock.now()), mail.message_id
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.text.encode("utf-8", "replace").decode(), charset="utf-8", cte="quoted-printable")
        return message, to

    def _check(self) -> None:
        with self._session() as server:
            _accepted(server.noop())

    def _send(self, message: EmailMessage, to: Address) -> None:
        international = not (to.username.isascii() and self._sender.username.isascii())
        body = message.as_bytes(policy=SMTP.clone(utf8=international))
        with self._session() as server:
            if international and not server.has_extn("smtputf8"):
                kind = Refused if to.username.isascii() else RefusedAddress
                raise kind("the mail server takes no addresses with letters such as æ, ø or å")
            options = ["SMTPUTF8", "BODY=8BITMIME"] if international else []
            _accepted(server.mail(self._sender.addr_spec, options))
            _accepted(server.rcpt(to.addr_spec), recipient=True)
            _accepted(server.docmd("DATA"), 354)
            server.send(re.sub(rb"(?m)^\.", b"..", body).rstrip(b"\r\n") + b"\r\n.\r\n")
            try:
                answer = server.getreply()
            except (smtplib.SMTPException, OSError) as error:
                # The end of the mail had gone out, so the server may have taken it.
                raise Unreachable(f"the mail server's answer was lost: {self._why(error)}", sent=True) from None
            _accepted(answer)

    @contextmanager
    def _session(self) -> Iterator[smtplib.SMTP]:
        try:
            server = self._connect()
            try:
                self._log_in(server)
                yield server
            finally:
                with suppress(smtplib.SMTPException, OSError):
                    server.quit()
                server.close()
        except smtplib.SMTPAuthenticationError as error:
            raise RefusedCredentials(f"the mail server refused our user or password: {self._why(error)}") from None
        except smtplib.SMTPNotSupportedError as error:
            raise Refused(f"the mail server cannot do what is needed: {self._why(error)}") from None
        except smtplib.SMTPResponseException as error:
            raise _judged(error.smtp_code, self._why(error)) from None
        except (smtplib.SMTPException, OSError) as error:
            raise Unreachable(f"the mail server gave no answer: {self._why(error)}", sent=False) from None

    def _connect(self) -> smtplib.SMTP:
        # The name in the greeting is the sender's domain: asking the system for one may wait for a name server.
        name = self._sender.domain
        if self._tls_at_once:
            return smtplib.SMTP_SSL(self._host, self._port, name, timeout=TIMEOUT, context=self._context())
        return smtplib.SMTP(self._host, self._port, name, timeout=TIMEOUT)

    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if is_loopback(self._host):
            # A mail server on this machine seldom has a certificate that anybody signed, and nobody is in between.
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context

    def _log_in(self, server: smtplib.SMTP) -> None:
        server.ehlo_or_helo_if_needed()
        if not self._tls_at_once:
            if server.has_extn("starttls"):
                server.starttls(context=self._context())
                server.ehlo()
            elif not is_loopback(self._host):
                raise Refused("the mail server offers no TLS, and mail does not leave this machine without it")
        if self._user:
            server.login(self._user, self._password)

    def _why(self, error: Exception) -> str:
        if isinstance(error, smtplib.SMTPResponseException):
            reply = error.smtp_error
            text = f"{error.smtp_code} {reply.decode('utf-8', 'replace') if isinstance(reply, bytes) else reply}"
        else:
            text = str(error) or type(error).__name__
        return plain(text, (self._password, self._user))


def _secrets(text: str) -> list[str]:
    """The links of a mail, and what stands in their queries: whoever has one can log in as the customer's case."""
    links = _LINK.findall(text)
    return [*links, *(value for link in links for _, value in parse_qsl(urlsplit(link).query) if len(value) > 7)]


def _accepted(answer: tuple[int, bytes], wanted: int = 250, *, recipient: bool = False) -> None:
    code, reply = answer
    if code != wanted and not (wanted == 250 and 200 <= code < 300):
        why = plain(f"{code} {reply.decode('utf-8', 'replace')}")
        asked = recipient and code not in (503, 530, 535, 538) and not _OURS.match(reply)
        if 500 <= code < 600 and (asked or (wanted != 354 and _MAILBOX.match(reply))):
            raise RefusedAddress(f"the mail server refused the address: {why}")
        raise _judged(code, why)


def _judged(code: int, why: str) -> OutsideError:
    """5xx is a no; 4xx (greylisting, full queues) and -1 (the line broke) mean that nothing was taken, try later."""
    if 500 <= code < 600:
        return Refused(f"the mail server refused: {why}")
    return Unreachable(f"the mail server could not take it now: {why}", sent=False)


def _address(text: str, name: str = "") -> Address:
    """One mail address. Raises Refused for anything else; a domain with other letters becomes its ASCII form."""
    local, at, domain = text.rpartition("@")
    try:
        domain = domain.encode("idna").decode() if domain else ""
    except UnicodeError:
        domain = ""
    if not at or not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(domain) or clean(local) != local:
        raise RefusedAddress(f"'{clean(text, 80)}' is not a mail address")
    return Address(name, local, domain)

"""Mail over SMTP, against a server of the tests' own that answers, refuses or breaks off as told."""

import asyncio
import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.mail import SmtpMailer
from backend.model.errors import OutsideError, Refused, RefusedAddress, RefusedCredentials, Unreachable
from backend.model.facts import Attempt, Mail
from tests.providers.loopback import StillClock, closed_port

DROP = "drop the line"
PASSWORD = "canary-Pass1"
REPLIES = {"DATA": "354 go on", "QUIT": "221 bye", "AUTH": "235 in", "STARTTLS": "220 go"}
MAIL = Mail(
    to="bogholderi@nordhavn.example",
    subject="Forny forbindelsen til Ærø Sparekasse",
    text="Kære Nordhavn Cykler\n\n.Tryk på linket:\nhttps://app.example.test/" + "x" * 120 + "\n",
    message_id="<case-7.1@forny.example>",
)


class Server:
    """One SMTP server for one test: `told` holds the reply (or DROP) to a verb; `END` is the end of the mail."""

    def __init__(self, told: dict[str, str], offers: tuple[str, ...], context: ssl.SSLContext | None, at_once: bool):
        self.told, self.offers, self.context, self.at_once = told, offers, context, at_once
        self.heard: list[str] = []
        self.mails: list[bytes] = []
        self.secure = at_once
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self) -> None:
        while True:
            try:
                line, _ = self.listener.accept()
            except OSError:
                return
            with contextlib.suppress(OSError), contextlib.closing(line):
                self.talk(line)

    def talk(self, line: socket.socket) -> None:
        line.settimeout(10)
        if self.at_once and self.context:
            line = self.context.wrap_socket(line, server_side=True)
        with contextlib.closing(line):
            line = self.greet(line)
            line.close()

    def greet(self, line: socket.socket) -> socket.socket:
        file = line.makefile("rb")
        if not self.say(line, "HELLO", "220 ready"):
            return line
        while words := file.readline().decode("utf-8", "replace").strip():
            verb = words.split()[0].upper()
            self.heard.append(words)
            if verb == "EHLO":
                lines = ["forny.test", *self.offers]
                reply = "\r\n".join(f"250{'-' if n + 1 < len(lines) else ' '}{w}" for n, w in enumerate(lines))
            else:
                reply = {"DATA": "354 go on", "QUIT": "221 bye", "AUTH": "235 in", "STARTTLS": "220 go"}.get(
                    verb, "250 ok"
                )
            if not self.say(line, verb, reply) or verb == "QUIT":
                return line
            if verb == "STARTTLS" and self.context and verb not in self.told:
                line = self.context.wrap_socket(line, server_side=True)
                file, self.secure = line.makefile("rb"), True
            if verb == "DATA" and verb not in self.told:
                body = b""
                while (part := file.readline()) != b".\r\n":
                    body += part[1:] if part.startswith(b"..") else part
                self.mails.append(body)
                if not self.say(line, "END", "250 taken"):
                    return line
        return line

    def say(self, line: socket.socket, verb: str, reply: str) -> bool:
        told = self.told.get(verb, reply)
        if told != DROP:
            line.sendall(told.encode() + b"\r\n")
        return told != DROP

    def message(self) -> EmailMessage:
        [body] = self.mails
        return message_from_bytes(body.replace(b"\r\n", b"\n"), policy=default)


@contextmanager
def smtp(
    told: dict[str, str] | None = None,
    *offers: str,
    context: ssl.SSLContext | None = None,
    at_once: bool = False,
) -> Iterator[Server]:
    server = Server(told or {}, offers, context, at_once)
    server.thread.start()
    try:
        yield server
    finally:
        with contextlib.suppress(OSError):
            server.listener.shutdown(socket.SHUT_RDWR)
        server.listener.close()
        server.thread.join(10)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """A certificate that nobody signed."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    start = datetime(2020, 1, 1, tzinfo=UTC).replace(tzinfo=None)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), start)
        .not_valid_after(start + timedelta(days=36500))
        .sign(key, hashes.SHA256())
    )
    file: Path = tmp_path_factory.mktemp("tls") / "both.pem"
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def mailer(
    server: Server | int, scheme: str = "smtp", user: str = "", sender: str = "forny <no-reply@x.example>"
) -> SmtpMailer:
    port = server if isinstance(server, int) else server.port
    return SmtpMailer(f"{scheme}://{user}127.0.0.1:{port}", sender=sender, clock=StillClock(), record=print)


def send(server: Server, mail: Mail = MAIL, **how: str) -> None:
    asyncio.run(mailer(server, **how).send(mail))


def test_a_mail_arrives_as_it_was_written() -> None:
    with smtp() as server:
        send(server)
        message = server.message()
        assert message["From"] == "forny <no-reply@x.example>"
        assert message["To"] == MAIL.to and message["Subject"] == MAIL.subject
        assert message["Message-ID"] == MAIL.message_id
        assert message["Date"] == "Wed, 11 Feb 2026 10:00:00 +0000"
        assert message.get_content() == MAIL.text
        assert server.heard[0] == "ehlo x.example"
        assert server.heard[1:3] == ["mail FROM:<no-reply@x.example>", f"rcpt TO:<{MAIL.to}>"]
        assert all(len(line) <= 998 for line in server.mails[0].split(b"\r\n"))


def test_the_line_is_made_secure_where_it_can_be(certificate: ssl.SSLContext) -> None:
    with smtp({}, "STARTTLS", "AUTH PLAIN LOGIN", context=certificate) as server:
        send(server, user=f"bo:{PASSWORD}@")
        assert server.secure and len(server.mails) == 1
        assert [words.split()[0].lower() for words in server.heard[:4]] == ["ehlo", "starttls", "ehlo", "auth"]
    with smtp({}, context=certificate, at_once=True) as server:
        send(server, scheme="smtps")
        assert len(server.mails) == 1


def test_off_this_machine_nothing_is_sent_without_tls(
    monkeypatch: pytest.MonkeyPatch, certificate: ssl.SSLContext
) -> None:
    monkeypatch.setattr("backend.mail.is_loopback", lambda host: False)
    with smtp() as server:
        with pytest.raises(Refused, match="TLS"):
            send(server, user=f"bo:{PASSWORD}@")
        assert not server.mails and not any("AUTH" in words.upper() for words in server.heard)
    with smtp({}, "STARTTLS", context=certificate) as server:
        with pytest.raises(Unreachable, match="certificate") as caught:
            send(server)
        assert not caught.value.sent and not server.mails


@pytest.mark.parametrize(
    ("told", "kind", "sent"),
    [
        ({"HELLO": DROP}, Unreachable, False),
        ({"HELLO": "421 too busy"}, Unreachable, False),
        ({"HELLO": "554 go away"}, Refused, False),
        ({"EHLO": DROP}, Unreachable, False),
        ({"MAIL": "451 later"}, Unreachable, False),
        ({"MAIL": "550 not you"}, Refused, False),
        ({"RCPT": "450 greylisted"}, Unreachable, False),
        ({"RCPT": "550 no such user"}, RefusedAddress, False),
        ({"RCPT": "550 5.7.1 not for you"}, Refused, False),
        ({"RCPT": "550 Relaying denied"}, Refused, False),
        ({"RCPT": "530 log in first"}, Refused, False),
        ({"END": "550 5.1.1 mailbox is gone"}, RefusedAddress, False),
        ({"MAIL": "550 5.1.8 bad sender"}, Refused, False),
        ({"RCPT": DROP}, Unreachable, False),
        ({"DATA": "451 later"}, Unreachable, False),
        ({"DATA": DROP}, Unreachable, False),
        ({"END": "452 full"}, Unreachable, False),
        ({"END": "554 spam"}, Refused, False),
        ({"END": DROP}, Unreachable, True),
        ({"END": "250 taken", "QUIT": DROP}, None, False),
    ],
)
def test_how_it_ends_says_whether_it_may_have_gone(
    told: dict[str, str], kind: type[OutsideError] | None, sent: bool
) -> None:
    with smtp(told) as server:
        if kind is None:
            return send(server)
        with pytest.raises(OutsideError) as caught:
            send(server)
        assert type(caught.value) is kind and caught.value.unknown == sent
        return None


def test_a_server_that_is_not_there_took_nothing() -> None:
    with pytest.raises(Unreachable) as caught:
        asyncio.run(mailer(closed_port()).send(MAIL))
    assert not caught.value.sent


def test_a_wrong_password_is_ours_and_never_said() -> None:
    for told in ({"AUTH": f"535 no, {PASSWORD} is wrong"}, {}):
        with smtp(told, *(["AUTH PLAIN"] if told else [])) as server:
            with pytest.raises(Refused) as caught:
                send(server, user=f"bo:{PASSWORD}@")
            assert isinstance(caught.value, RefusedCredentials) == bool(told)
            assert PASSWORD not in f"{caught.value!r} {mailer(server, user=f'bo:{PASSWORD}@')!r}"


def test_a_check_logs_in_and_sends_nothing() -> None:
    with smtp({}, "AUTH PLAIN") as server:
        asyncio.run(mailer(server, user=f"bo:{PASSWORD}@").check())
        assert [words.split()[0].lower() for words in server.heard] == ["ehlo", "auth", "noop", "quit"]
    with smtp({"NOOP": "421 closing"}) as server, pytest.raises(Unreachable):
        asyncio.run(mailer(server).check())


@pytest.mark.parametrize(
    "to",
    [
        "",
        "bo",
        "bo@",
        "@x.example",
        "bo@x.example\r\nBcc: all@x.example",
        "bo@x.example, eve@x.example",
        "Bo <bo@x.example>",
        "bo@x.example>",
        "b o@x.example",
        "bo\u202e@x.example",
        "bo@-x.example",
        "bo@x..example",
        "bo@" + "x" * 300 + ".example",
        "b" * 65 + "@x.example",
    ],
)
def test_what_is_no_address_is_refused_before_anything_is_sent(to: str) -> None:
    with smtp() as server:
        with pytest.raises(Refused, match="not a mail address"):
            send(server, Mail(to=to, subject="s", text="t", message_id="<a@b>"))
        assert server.heard == []


def test_a_danish_domain_is_written_in_ascii_and_a_danish_name_needs_a_server_for_it() -> None:
    with smtp() as server:
        send(server, Mail(to="bo@ærlig.example", subject="s", text="t", message_id="<a@b>"))
        assert "rcpt TO:<bo@xn--rlig-uoa.example>" in server.heard
        with pytest.raises(Refused, match="æ"):
            send(server, Mail(to="bø@x.example", subject="s", text="t", message_id="<a@b>"))
    with smtp({}, "SMTPUTF8", "8BITMIME") as server:
        send(server, Mail(to="bø@x.example", subject="sø", text="tø", message_id="<a@b>"))
        assert server.message()["To"] == "bø@x.example" and server.message().get_content() == "tø\n"


def test_every_mail_leaves_an_attempt_that_tells_its_link_to_nobody() -> None:
    kept: list[Attempt] = []
    state = "nonce-4711-abcdef"
    link = f"https://hub.example.test/connect?state={state}"
    mail = Mail(to="bo@x.example", subject="s", text=f"Her:\n{link}\n", message_id="<a@b>", connection="c7")

    def send_to(server: Server) -> None:
        one = SmtpMailer(
            f"smtp://127.0.0.1:{server.port}", sender="no-reply@x.example", clock=StillClock(), record=kept.append
        )
        asyncio.run(one.send(mail))

    with smtp() as server:
        send_to(server)
    for told in (f"554 spam: {link}", f"554 {'x' * 170} {link}", f"554 bad word {state}"):
        with smtp({"END": told}) as server, pytest.raises(Refused) as caught:
            send_to(server)
        assert "nonce" not in str(caught.value) and "554" in str(caught.value)
    assert [attempt.outcome for attempt in kept] == ["ok", "refused", "refused", "refused"]
    assert {(a.connection, a.operation, a.correlation_id) for a in kept} == {("c7", "mail", "<a@b>")}
    assert "nonce" not in repr(kept)


@given(st.text(max_size=60), st.text(max_size=60) | st.just("<x@y>\r\nBcc: z@z"), st.text(max_size=200))
def test_no_text_adds_a_header(subject: str, message_id: str, text: str) -> None:
    one = SmtpMailer("smtp://127.0.0.1", sender="no-reply@x.example", clock=StillClock(), record=print)
    try:
        message, _ = one._message(Mail(to="bo@x.example", subject=subject, text=text, message_id=message_id))
    except Refused:
        message, _ = one._message(Mail(to="bo@x.example", subject=subject, text=text, message_id="<a@b>"))
    read = message_from_bytes(message.as_bytes(), policy=default)
    assert read.keys() == [
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "Content-Type",
        "Content-Transfer-Encoding",
        "MIME-Version",
    ]


@pytest.mark.parametrize(
    ("url", "sender", "setting"),
    [
        ("", "a@b.example", "smtp_url"),
        ("mail.example", "a@b.example", "smtp_url"),
        ("http://mail.example", "a@b.example", "smtp_url"),
        ("smtp://:canary@", "a@b.example", "smtp_url"),
        ("smtp://bo:canary@mail.example:x", "a@b.example", "smtp_url"),
        ("smtp://bo:canary%C3%A6@mail.example", "a@b.example", "smtp_url"),
        ("smtp://mail.example", "forny", "mail_from"),
        ("smtp://mail.example", "", "mail_from"),
        ("smtp://mail.example", "x\r\nBcc: y@z.example <a@b.example>\n", "mail_from"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(url: str, sender: str, setting: str) -> None:
    with pytest.raises(ValueError, match=setting) as caught:
        SmtpMailer(url, sender=sender, clock=StillClock(), record=print)
    assert "canary" not in str(caught.value)

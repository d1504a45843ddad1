"""The bank reconciliation inbox of DESIGN §8, strict, and a mailbox behind real SMTP."""

import email
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from email.message import Message
from email.policy import default

from aiosmtpd.controller import Controller

from tests.blackbox.httpd import Reply, Request, Service, free_port

FIELDS = {"id", "iban", "date", "value_date", "amount", "currency", "text", "balance", "source_id"}
PATH = re.compile(r"/v1/agreements/(\w+)/ledger-accounts/(\w+)/postings")
DECIMAL = re.compile(r"-?\d+(\.\d+)?")


@dataclass(frozen=True)
class Arrived:
    """One posting that took effect, and where it was put."""

    agreement: str
    ledger: str
    posting: dict[str, object]

    @property
    def amount(self) -> Decimal:
        return Decimal(str(self.posting["amount"]))


class Inbox(Service):
    """Takes postings; every broken rule of the contract is a violation."""

    TOKEN = "inbox-t0ken-Kp4"

    def __init__(self, violations: list[str]) -> None:
        super().__init__(violations)
        self.arrived: list[Arrived] = []
        self.told: set[str] = set()
        self.keys: dict[str, tuple[str, bytes, Reply]] = {}
        self.judge: Callable[[dict[str, object]], str] = lambda posting: "acknowledged"

    def answer(self, request: Request) -> Reply:
        if request.headers.get("authorization") != f"Bearer {self.TOKEN}":
            return Reply(401, {"message": "wrong token"})
        match = PATH.fullmatch(request.path)
        if request.method != "POST" or match is None:
            self.violations.append(f"inbox: {request.method} {request.path}")
            return Reply(404, {"message": "no such place"})
        key = request.headers.get("idempotency-key")
        if not key:
            self.violations.append("inbox: no Idempotency-Key")
            return Reply(422, {"message": "no key"})
        with self.lock:
            if key in self.keys:
                path, body, reply = self.keys[key]
                if (path, body) != (request.path, request.body):
                    self.violations.append(f"inbox: key {key} again with another body or place")
                return reply
            reply = self._take(request, match.group(1), match.group(2))
            self.keys[key] = (request.path, request.body, reply)
            return reply

    def _take(self, request: Request, agreement: str, ledger: str) -> Reply:
        data = request.json()
        postings = data.get("postings")
        if set(data) != {"postings"} or not isinstance(postings, list):
            self.violations.append(f"inbox: body {sorted(data)}")
            return Reply(422, {"message": "postings"})
        verdicts: dict[str, list[object]] = {"acknowledged": [], "duplicates": [], "rejected": []}
        for posting in postings:
            self._check(posting)
            name = str(posting["id"])
            if name in self.told:
                self.violations.append(f"inbox: {name} came again after its answer, under a new key")
            verdict = self.judge(posting)
            if verdict == "silent":
                continue
            self.told.add(name)
            if verdict == "rejected":
                verdicts["rejected"].append({"id": name, "reason": "the account is barred \x1b[31m"})
                continue
            verdicts[verdict].append(name)
            if verdict == "acknowledged":
                self.arrived.append(Arrived(agreement, ledger, posting))
        return Reply(body=verdicts)

    def _check(self, posting: dict[str, object]) -> None:
        if set(posting) != FIELDS:
            self.violations.append(f"inbox: fields {sorted(set(posting) ^ FIELDS)} missing or too many")
        for name in ("amount", "balance"):
            value = posting.get(name)
            if value is not None and not (isinstance(value, str) and DECIMAL.fullmatch(value)):
                self.violations.append(f"inbox: {name} {value!r} is not a decimal string")
        if posting.get("amount") is None:
            self.violations.append("inbox: a posting without an amount")
        for name in ("date", "value_date"):
            value = posting.get(name)
            if value is not None and not re.fullmatch(r"\d{4}-\d\d-\d\d", str(value)):
                self.violations.append(f"inbox: {name} {value!r}")

    def amounts(self) -> list[Decimal]:
        """The amounts that took effect, sorted."""
        return sorted(one.amount for one in self.arrived)


class Mailbox:
    """Mail that came by SMTP."""

    def __init__(self) -> None:
        self.mails: list[Message] = []
        self.refuse = 0
        port = free_port()
        self.controller = Controller(self, hostname="127.0.0.1", port=port)
        self.controller.start()
        self.url = f"smtp://127.0.0.1:{port}"

    async def handle_DATA(self, server: object, session: object, envelope: "object") -> str:
        if self.refuse:
            self.refuse -= 1
            return "451 later"
        content = getattr(envelope, "content", b"")
        mail = email.message_from_bytes(content, policy=default)
        self.mails.append(mail)
        return "250 taken"

    def links(self) -> list[str]:
        """The links of every mail, oldest first."""
        return [link for mail in self.mails for link in re.findall(r"https?://[^\s<>\"]+", text_of(mail))]

    def close(self) -> None:
        self.controller.stop()


def text_of(mail: Message) -> str:
    """All text parts of a mail."""
    parts = [part for part in mail.walk() if part.get_content_maintype() == "text"]
    return "\n".join(payload.decode() for part in parts if isinstance(payload := part.get_payload(decode=True), bytes))

"""The outside and the program together: a world per test, and forny as a subprocess in an environment of its own."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.blackbox.aiia import Account, Aiia, Dialect, Grant, Person, Row
from tests.blackbox.httpd import Server, free_port
from tests.blackbox.inbox import Inbox, Mailbox

FORNY = os.environ.get("BLACKBOX_FORNY") or str(Path(sys.executable).with_name("forny"))


def wait_for(what: str, condition: Callable[[], object], seconds: float = 12) -> None:
    """Look until the condition holds; fail with `what` after the deadline."""
    look = threading.Event()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        look.wait(0.02)
    raise AssertionError(f"not within {seconds} s: {what}")


@dataclass
class Result:
    """What one run of forny left."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class World:
    """One directory, one outside, and forny."""

    home: Path
    dialect: Dialect = field(default_factory=Dialect)
    mail: bool = True

    def __post_init__(self) -> None:
        self.violations: list[str] = []
        self.redirect = f"http://127.0.0.1:{free_port()}/cb"
        self.aiia = Aiia(self.redirect, self.violations, self.dialect)
        self.inbox = Inbox(self.violations)
        self.servers = [Server(self.aiia), Server(self.inbox)]
        self.aiia.url = self.servers[0].url
        self.mailbox = Mailbox() if self.mail else None
        self.children: list[subprocess.Popen[str]] = []
        self.said: list[str] = []
        self.waiting: list[object] = []
        self.store = self.home / "store" / "forny.db"
        self.store.parent.mkdir()
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "FORNY_LANGUAGE": "en",
            "FORNY_UNDO_WINDOW": "off",
            "FORNY_STORE": str(self.store),
            "FORNY_PROVIDER": "aiia",
            "FORNY_AIIA_BASE_URL": self.servers[0].url,
            "FORNY_AIIA_CLIENT_ID": Aiia.CLIENT,
            "FORNY_AIIA_CLIENT_SECRET": Aiia.SECRET,
            "FORNY_AIIA_REDIRECT_URL": self.redirect,
            "FORNY_RECONCILIATION_URL": self.servers[1].url,
            "FORNY_RECONCILIATION_TOKEN": Inbox.TOKEN,
            "FORNY_SMTP_URL": self.mailbox.url if self.mailbox else "",
            "FORNY_OPERATOR": "evaluator",
        }

    # -- forny --------------------------------------------------------------------------------------------------------

    def run(
        self, *words: str, code: int | Sequence[int] | None = 0, stdin: str = "", patience: float = 30, **env: str
    ) -> Result:
        """Run one command; `code` is what it must exit with (None: any), within `patience` seconds."""
        self._settle()
        done = subprocess.run(
            [FORNY, *words],
            env=self.env | env,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=patience,
            check=False,
        )
        self.said += [done.stdout, done.stderr]
        result = Result(done.returncode, done.stdout, done.stderr)
        assert "Traceback" not in done.stdout + done.stderr, done.stderr
        if code is not None:
            allowed = [code] if isinstance(code, int) else code
            assert done.returncode in allowed, (
                f"forny {' '.join(words)}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
            )
        return result

    def start(self, *words: str, **env: str) -> subprocess.Popen[str]:
        """Start a command and let it run; it is ended with the world."""
        self._settle()
        pipe = subprocess.PIPE
        child = subprocess.Popen(
            [FORNY, *words], env=self.env | env, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True
        )
        self.children.append(child)
        return child

    def once(self, code: int | Sequence[int] | None = 0, patience: float = 30) -> Result:
        """One full round of the agent."""
        return self.run("agent", "--once", "--json", code=code, patience=patience)

    def listed(self) -> list[dict[str, Any]]:
        """`forny list --json`."""
        found: list[dict[str, Any]] = self.run("list", "--json", code=(0, 4)).json()
        return found

    def postings(self, *words: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.run("postings", *words, "--json", code=(0, 4)).json()
        return found

    def wait_until(self, what: str, condition: Callable[[], object], seconds: float = 12) -> None:
        """Look until the condition holds; fail with `what` after the deadline."""
        wait_for(what, condition, seconds)

    # -- the fleet ----------------------------------------------------------------------------------------------------

    def customer(self, number: int, rows: Sequence[Row] = (), **line: object) -> Grant:
        """One customer with one account and a consent at Aiia, imported before the next command."""
        account = Account(f"acc-{number}", f"DK69999900012345{number:02}", f"9999-00012345{number:02}", rows=list(rows))
        person = Person(f"kunde{number}@example.test", [account])
        grant = self.aiia.grant(person, f"consent-of-{number}")
        self.waiting.append(self.line(number, grant, **line))
        return grant

    def _settle(self) -> None:
        """Import the customers that wait, in one go."""
        if self.waiting:
            lines, self.waiting = self.waiting, []
            self.bring(*lines)

    def line(self, number: int, grant: Grant, **changes: object) -> dict[str, object]:
        """The import line of a customer, as DESIGN §8 has it."""
        accounts = [
            {"account_id": one.id, "iban": one.iban, "bban": one.bban, "name": one.name, "ledger_account": "5820"}
            for one in grant.person.accounts
        ]
        return {
            "agreement_number": str(1000 + number),
            "customer": f"Kunde {number} ApS",
            "email": grant.person.email,
            "provider": "aiia",
            "consent_id": grant.consent,
            "refresh_token": grant.refresh,
            "bank": grant.person.bank,
            "data_from": "2026-01-01",
            "expires_at": None,
            "accounts": accounts,
        } | changes

    def bring(self, *lines: object, code: int = 0) -> Result:
        """Import these lines (text goes in as it is)."""
        text = "".join((one if isinstance(one, str) else json.dumps(one)) + "\n" for one in lines)
        return self.run("import", "-", "--json", stdin=text, code=code)

    # -- a customer at the bank ---------------------------------------------------------------------------------------

    def follow(self, link: str) -> str:
        """Open a link as a customer's browser does, redirects and all; the last page's text."""
        try:
            with urllib.request.urlopen(link, timeout=20) as page:
                return str(page.read().decode())
        except urllib.error.HTTPError as error:
            with error:
                return str(error.read().decode())

    # -- the end ------------------------------------------------------------------------------------------------------

    def leaks(self) -> list[str]:
        """Where a secret or a token stands in the clear: output, or any file under home."""
        secrets = [Aiia.SECRET, Inbox.TOKEN, *self.aiia.tokens_issued]
        secrets += [one.rsplit(".", 1)[-1] for one in self.aiia.tokens_issued]
        places = [(f"output {text[:60]!r}", text.encode()) for text in self.said]
        places += [(str(path), path.read_bytes()) for path in self.home.rglob("*") if path.is_file()]
        return [where for where, text in places if any(one.encode() in text for one in secrets)]

    def close(self) -> None:
        for child in self.children:
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
        for child in self.children:
            try:
                out, err = child.communicate(timeout=15)
            except subprocess.TimeoutExpired:
                child.kill()
                out, err = child.communicate()
            self.said += [out, err]
        for server in self.servers:
            server.close()
        if self.mailbox:
            self.mailbox.close()

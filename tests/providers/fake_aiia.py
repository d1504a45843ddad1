"""An Aiia of the tests' own: the documented contract, kept small, and able to misbehave on demand."""

import base64
import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from backend.model.facts import Session, Tokens
from tests.providers.loopback import START, Asked, Fault, Reply

CLIENT_ID = "econ-fict-01"
CLIENT_SECRET = "canary-client-secret-4711"
REDIRECT = "https://bank.example.test/cb"
ACCOUNT_ID = "ZmljdC11c2VyfERLX0ZpY3RCYW5r/fGFiYzEyMy4x+x=:y"
SESSION = Session(connection="c7", consent=1, consent_id="3d0c7a52-5d1e-4b0e-9a35-1c1f6f0d9b21", customer="agr-1234567")

ACCOUNT: dict[str, Any] = {
    "id": ACCOUNT_ID,
    "accountProvider": {"id": "TestDataBank1", "name": "Test bank with data #1 DKK"},
    "name": "Driftskonto",
    "owner": "Nordhavn Cykler ApS",
    "type": "Consumption",
    "currency": "DKK",
    "number": {
        "bban": "9999-0001234567",
        "bbanType": "DK",
        "bbanParsed": {"bankCode": "9999", "accountNumber": "0001234567"},
        "iban": "DK6999990001234567",
        "card": None,
    },
    "booked": {"currency": "DKK", "value": 184233.15},
    "bookedBalance": 184233.15,
    "available": None,
    "availableBalance": None,
    "lastSynchronized": "2026-02-11T04:12:09.5816944Z",
    "isOrphaned": False,
    "nagApiAccountId": None,
}

ROW: dict[str, Any] = {
    "id": "8f6b6b78-6e97-43ba-a6de-4a732fcff09b",
    "accountId": ACCOUNT_ID,
    "date": "2026-02-10",
    "creationDate": "0001-01-01T00:00:00",
    "currency": "DKK",
    "amount": -291.0,
    "transactionAmount": {"currency": "DKK", "value": -291.0},
    "balance": {"currency": "DKK", "value": 184233.15},
    "text": "DSB Kastrup",
    "originalText": "DSB KASTRUP AUT    23228",
    "type": "Card",
    "state": "Booked",
    "isDeleted": False,
    "nagApiTransactionId": None,
    "categories": [{"id": "x", "setId": "y", "parentId": None, "score": 0.93, "names": {"da": "Transport"}}],
    "detail": {"executionDate": None, "valueDate": "2026-02-09", "message": None},
}

PROVIDERS = [
    {
        "id": "DK_TestBank",
        "name": "Test Bank",
        "countryCode": "DK",
        "status": {
            "syncMode": "Full",
            "tryAgain": None,
            "updated": "2026-02-11T13:00:03.4654973Z",
            "message": None,
        },
    },
    {"id": "TestDataBank5", "name": "Testipankki", "countryCode": "FI"},
]


def jwt(**claims: object) -> str:
    """An unsigned token with these claims, as the documentation's example shows them."""

    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'HS256'})}.{part(claims)}.canary-signature"


@dataclass(frozen=True)
class Before:
    """Break before anything was done; a bare fault on the token address breaks after the tokens were made."""

    fault: Fault


class FakeAiia:
    """Answers as documented. `told` holds replies for a path that come first, in order."""

    def __init__(self) -> None:
        self.told: dict[str, list[Reply | Fault | Before]] = defaultdict(list)
        self.generation = 0
        self.refresh_token = self._refresh()
        self.access_token = "canary-access-0"
        self.answered: dict[str, Reply] = {}
        self.burnt = 0
        self.spent: set[str] = set()
        self.accounts: list[Any] = [ACCOUNT]
        self.pages: dict[str, Any] = {"": {"pagingToken": None, "transactions": [ROW]}}
        self.update: dict[str, Any] = {"status": "AllQueued", "authUrl": None}
        self.providers: dict[str, Any] = {"/v2/providers": PROVIDERS, "/v1/providers": PROVIDERS}
        self.honours_request_ids = True

    def tokens(self) -> Tokens:
        """What a vault holds for the customer right now."""
        return Tokens(
            refresh_token=self.refresh_token,
            refresh_expires_at=START + timedelta(days=14),
            access_token=self.access_token,
            access_expires_at=START + timedelta(hours=1),
        )

    def _refresh(self) -> str:
        expires = int((START + timedelta(days=14)).timestamp())
        return jwt(consentId=SESSION.consent_id, exp=expires, canary=f"canary-refresh-{self.generation}")

    def secrets(self) -> list[str]:
        """Everything that must never show up anywhere."""
        basic = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        return [CLIENT_SECRET, "canary-", "eyJ", basic, "DK6999990001234567"]

    def __call__(self, asked: Asked) -> Reply | Fault:
        if self.told[asked.path]:
            told = self.told[asked.path].pop(0)
            if isinstance(told, Reply):
                return told
            if isinstance(told, Before):
                return told.fault
            if asked.path == "/v1/oauth/token":
                self._token(asked)  # the work was done, only its answer is lost
            return told
        if asked.path == "/v1/oauth/token":
            return self._token(asked)
        if asked.path in ("/v1/providers", "/v2/providers"):
            if not self._basic(asked):
                return Reply({"error": "invalid_client"}, 401)
            found = self.providers.get(asked.path)
            return Reply(found) if found is not None else Reply({}, 404)
        if asked.headers.get("authorization") != f"Bearer {self.access_token}":
            return Reply({"error": "Unauthorized"}, 401)
        return self._user(asked)

    def _user(self, asked: Asked) -> Reply:
        if asked.path == "/v1/accounts":
            return Reply({"accounts": self.accounts})
        if asked.path == "/v1/update" and asked.method == "POST":
            return self.answered.setdefault(asked.headers["x-request-id"], Reply(self.update))
        if asked.path.endswith("/all-accounts-selected"):
            return Reply({"allAccountsSelected": True})
        if asked.path.endswith("/transactions"):
            return Reply(self.pages[asked.query.get("pagingToken", "")])
        return Reply({"error": "NotFound"}, 404)

    def _basic(self, asked: Asked) -> bool:
        pair = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        return asked.headers.get("authorization") == f"Basic {pair}"

    def _token(self, asked: Asked) -> Reply:
        if not self._basic(asked):
            return Reply({"error": "Unauthorized"}, 401)
        request_id = asked.headers.get("x-request-id", "")
        if self.honours_request_ids and request_id in self.answered:
            return self.answered[request_id]
        body = asked.json()
        if body["grant_type"] == "authorization_code":
            good = body["code"] == "canary-code==" and "code" not in self.spent
            self.spent.add("code")
        else:
            good = body["refresh_token"] == self.refresh_token
        if not good:
            self.burnt += 1
            return Reply({"error": "invalid_grant"}, 400)
        self.generation += 1
        self.refresh_token, self.access_token = self._refresh(), f"canary-access-{self.generation}"
        answer = {
            "access_token": self.access_token,
            "expires_in": 3600,
            "redirect_uri": REDIRECT,
            "refresh_token": self.refresh_token,
            "token_type": "bearer",
        }
        self.answered[request_id] = Reply(answer)
        return self.answered[request_id]

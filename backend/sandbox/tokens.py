"""Aiia's tokens: JWT in shape, signed, and spent once (`facts/aiia-economic.md` §1.3)."""

import base64
import hmac
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from backend.model.clock import Clock
from backend.sandbox.dice import digest, uuid_of

ACCESS = timedelta(hours=1)
REFRESH = timedelta(days=14)
CODE_SECONDS = 60


class TokenError(Exception):
    """The token or code cannot be used; `reused` when it was good once."""

    def __init__(self, reason: str, *, reused: bool = False) -> None:
        super().__init__(reason)
        self.reused = reused


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says. `burns`: how often the consent's tokens had been made worthless before."""

    user_id: str
    consent_id: str
    session_id: str
    role: str
    id: str
    burns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """An authorization code that waits to be traded; `until` in the machine's own time."""

    user_id: str
    consent_id: str
    redirect_uri: str
    until: datetime


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


_HEAD = _b64(b'{"alg":"HS256","typ":"JWT"}')


class TokenOffice:
    """Issues and takes back. Nothing is stored for a token until it is spent.

    A fast clock makes an hour a blink, so tokens outlive their word by five of the machine's seconds, and the
    minute of a code is the machine's: people and sockets do not run faster with the world's clock.
    """

    def __init__(self, seed: int, client_id: str, clock: Clock, machine: Clock, speed: float) -> None:
        self._key = digest(seed, "signing").to_bytes(16)
        self._seed, self._client_id = seed, client_id
        self._clock, self._machine = clock, machine
        self._leeway = timedelta(seconds=5 * max(0.0, speed - 1))
        self._spent: set[str] = set()
        self._burns: dict[str, int] = {}
        self._codes: dict[str, Code] = {}
        self._made = 0

    def first(self, user_id: str, consent_id: str, session_id: str, token_id: str, issued: datetime) -> str:
        """A refresh token given out before the world began; the same arguments give the same token."""
        claims = Claims(user_id, consent_id, session_id, "RefreshToken", token_id, 0)
        return self._sign(claims, issued, REFRESH)

    def pair(self, user_id: str, consent_id: str, session_id: str) -> dict[str, object]:
        """A fresh access token and refresh token, as the token endpoint answers them."""
        now = self._clock.now()
        self._made += 1
        token_id = uuid_of(self._seed, "token", self._made, session_id)
        access = Claims(user_id, consent_id, session_id, "ClientUser", token_id, self._burns.get(consent_id, 0))
        return {
            "access_token": self._sign(access, now, ACCESS),
            "expires_in": int(ACCESS.total_seconds()),
            "redirect_uri": None,
            "refresh_token": self._sign(replace(access, role="RefreshToken"), now, REFRESH),
            "token_type": "bearer",
        }

    def new_code(self, user_id: str, consent_id: str, redirect_uri: str) -> str:
        """A code that lives for a minute and works once."""
        self._made += 1
        raw = b"yg\x00\x00" + digest(self._seed, "code", self._made, user_id).to_bytes(16)
        code = base64.b64encode(raw).decode()
        until = self._machine.now() + timedelta(seconds=CODE_SECONDS)
        self._codes[code] = Code(user_id=user_id, consent_id=consent_id, redirect_uri=redirect_uri, until=until)
        return code

    def take_code(self, code: str, redirect_uri: str) -> Code:
        """Trade a code in. Raises TokenError: unknown, used, older than a minute or for another address."""
        if f"code:{code}" in self._spent:
            raise TokenError("Code already used", reused=True)
        found = self._codes.pop(code, None)
        if found is None:
            raise TokenError("Unknown code")
        self._spent.add(f"code:{code}")
        if self._machine.now() > found.until:
            raise TokenError("Code expired")
        if redirect_uri != found.redirect_uri:
            raise TokenError("Redirect uri does not match")
        return found

    def spend(self, token: str) -> Claims:
        """Burn a refresh token and give its claims. Raises TokenError."""
        claims = self.read(token, "RefreshToken")
        if claims.burns != self._burns.get(claims.consent_id, 0):
            raise TokenError("Session is gone")
        if claims.id in self._spent:
            raise TokenError("Refresh token already used", reused=True)
        self._spent.add(claims.id)
        return claims

    def burn(self, consent_id: str) -> None:
        """Make worthless all refresh tokens of a consent that are out there."""
        self._burns[consent_id] = self._burns.get(consent_id, 0) + 1

    def read(self, token: str, role: str) -> Claims:
        """The claims of a good token of this role. Raises TokenError: forged, expired, of another kind."""
        try:
            head, body, signature = token.split(".")
            genuine = hmac.compare_digest(_unb64(signature), self._mac(f"{head}.{body}"))
            said = json.loads(_unb64(body))
        except (ValueError, UnicodeDecodeError) as error:
            raise TokenError("Malformed token") from error
        if not genuine or said["role"] != role:
            raise TokenError("Invalid token")
        expires = datetime.fromtimestamp(said["exp"], UTC)
        if self._clock.now() > expires + self._leeway:
            raise TokenError("Token expired")
        return Claims(
            user_id=said["userId"],
            consent_id=said["consentId"],
            session_id=said["sessionId"],
            role=role,
            id=said["jti"],
            burns=said.get("burns", 0),
        )

    def _sign(self, claims: Claims, issued: datetime, life: timedelta) -> str:
        begin = int(issued.timestamp())
        said = {
            "userId": claims.user_id,
            "clientId": self._client_id,
            "consentId": claims.consent_id,
            "sessionId": claims.session_id,
            "role": claims.role,
            "jti": claims.id,
            "burns": claims.burns,
            "nbf": begin,
            "exp": begin + int(life.total_seconds()),
            "iat": begin,
        }
        text = f"{_HEAD}.{_b64(json.dumps(said, separators=(',', ':')).encode())}"
        return f"{text}.{_b64(self._mac(text))}"

    def _mac(self, text: str) -> bytes:
        return hmac.new(self._key, text.encode(), sha256).digest()

"""Customers' tokens: encrypted at rest, refreshed through one door by all processes (DESIGN §11)."""

import base64
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from backend.model.facts import Tokens
from backend.store.codec import ms, when
from backend.store.engine import StoreError
from backend.store.tables import Tables

_POLL_SECONDS = 0.2
"""How often a process looks whether the other one has finished its refresh."""

_NONCE = 12
"""Bytes of a fresh random nonce before each sealed text (AES-256-GCM)."""


def read_key(file: Path) -> bytes:
    """What a key file (0600) holds, made on first use. Whoever may read it can read the tokens."""
    try:
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            fresh = file.with_name(file.name + f".{os.getpid()}")
            fd = os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(fd, "wb") as out:
                out.write(base64.urlsafe_b64encode(os.urandom(32)))
                out.flush()
                os.fsync(out.fileno())
            try:
                os.link(fresh, file)  # whoever comes first wins, and nobody ever sees half a key
            except FileExistsError:
                pass
            finally:
                fresh.unlink()
        return file.read_bytes()
    except OSError as error:
        raise StoreError(f"The key file {file} cannot be used: {error.strerror}. Check its owner and mode.") from error


class TokenBox(Tables):
    """Implements `ports.Vault`."""

    _cipher: Any = None

    def own_key(self) -> bytes:
        """The key of the key file, which is made on first use: `key` is this unless settings bring another one."""
        self.check_own_key()
        return read_key(self.db.key_file)

    def check_own_key(self) -> None:
        """Raises StoreError when something was sealed with a key file that another host has. Makes none."""
        file = self.db.key_file
        if (
            self.db.shared
            and not file.exists()
            and self.db.value("SELECT 1 FROM tokens UNION SELECT 1 FROM checkpoints")
        ):
            raise StoreError(
                f"The tokens in {self.db.name} were sealed with a key that this host has not. Set token_key on every"
                f" host, or copy the key file of one that has it to {file}."
            )

    def _aead(self) -> Any:
        if self._cipher is None:
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM

            try:
                self._cipher = AESGCM(base64.urlsafe_b64decode(self.key().strip()))
            except ValueError as error:
                raise StoreError("The token key is not 32 bytes in base64. Check token_key.") from error
        return self._cipher

    def _open(self, sealed: bytes | None, consent: int) -> str | None:
        """What `_seal` sealed for this consent; a row that was moved to another consent does not open."""
        if sealed is None:
            return None
        from cryptography.exceptions import InvalidTag

        try:
            nonce, box = sealed[:_NONCE], sealed[_NONCE:]
            return str(self._aead().decrypt(nonce, box, str(consent).encode()).decode())
        except InvalidTag as error:
            raise StoreError(
                "The tokens in this store were sealed with another key. Restore its key file"
                f" ({self.db.key_file}), or set token_key."
            ) from error

    def _seal(self, text: str | None, consent: int) -> bytes | None:
        if text is None:
            return None
        nonce = os.urandom(_NONCE)
        return bytes(nonce + self._aead().encrypt(nonce, text.encode(), str(consent).encode()))

    def keep_tokens(self, consent: int, tokens: Tokens) -> None:
        """Store tokens inside the transaction of the caller; any refresh under way is over."""
        self.db.run(
            "INSERT INTO tokens (consent, refresh, refresh_expires_at, access, access_expires_at)"
            " VALUES (?, ?, ?, ?, ?) ON CONFLICT (consent) DO UPDATE SET refresh = excluded.refresh,"
            " refresh_expires_at = excluded.refresh_expires_at, access = excluded.access,"
            " access_expires_at = excluded.access_expires_at, request_id = NULL, refreshing = NULL,"
            " refused_at = NULL",
            (
                consent,
                self._seal(tokens.refresh_token, consent),
                ms(tokens.refresh_expires_at),
                self._seal(tokens.access_token, consent),
                ms(tokens.access_expires_at),
            ),
        )

    def tokens(self, consent: int) -> Tokens | None:
        """The tokens of a consent as last stored."""
        return self.tokens_of([consent])[0]

    def tokens_of(self, consents: Sequence[int]) -> list[Tokens | None]:
        """The same for many, in their order."""
        marks = ",".join("?" * len(consents))
        rows = self.db.rows(f"SELECT * FROM tokens WHERE consent IN ({marks})", consents)
        found = {row["consent"]: self._opened(row) for row in rows}
        return [found.get(consent) for consent in consents]

    def _opened(self, row: Any) -> Tokens:
        consent = row["consent"]
        return Tokens(
            refresh_token=self._open(row["refresh"], consent) or "",
            refresh_expires_at=when(row["refresh_expires_at"]),
            access_token=self._open(row["access"], consent),
            access_expires_at=when(row["access_expires_at"]),
        )

    def _claim(self, consent: int, used: str, request_id: str) -> tuple[bool, str | None]:
        """(answered, request id): not answered while another living process holds the door."""
        me = self.sessions.open()
        with self.db.write():
            row = self.db.row("SELECT * FROM tokens WHERE consent = ?", (consent,))
            if row is None or self._open(row["refresh"], consent) != used:
                return True, None
            if row["refreshing"] not in (None, me) and self.sessions.alive(row["refreshing"]):
                return False, None
            kept = row["request_id"] or request_id
            self.db.run("UPDATE tokens SET request_id = ?, refreshing = ? WHERE consent = ?", (kept, me, consent))
            return True, kept

    async def read(self, consent: int) -> Tokens | None:
        return await self.among(self.tokens_of, consent)

    async def begin_refresh(self, consent: int, used: str, request_id: str) -> str | None:
        while True:
            answered, kept = await self.soon(lambda: self._claim(consent, used, request_id))
            if answered:
                return kept
            await self.clock.sleep(_POLL_SECONDS)

    async def end_refresh(self, consent: int, tokens: Tokens | None) -> None:
        def end() -> None:
            with self.db.write():
                if tokens is not None:
                    if self.db.value("SELECT 1 FROM tokens WHERE consent = ?", (consent,)):
                        self.keep_tokens(consent, tokens)  # else they were thrown away meanwhile, and stay so (law 8)
                else:
                    self.db.run(
                        "UPDATE tokens SET request_id = NULL, refreshing = NULL, refused_at = ? WHERE consent = ?",
                        (ms(self.clock.now()), consent),
                    )

        await self.soon(end)

"""Locks of a PostgreSQL server and its word of changes, both on one connection that a process keeps."""

import hashlib
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import psycopg

from backend.store.dialect import SCHEMA

if TYPE_CHECKING:
    from backend.store.postgres import PostgresEngine


def key_of(name: str) -> int:
    """The number of an advisory lock, of 64 bits."""
    return int.from_bytes(hashlib.blake2b(f"{SCHEMA} {name}".encode(), digest_size=8).digest(), "big", signed=True)


class Keeper:
    """One connection that holds this process's locks, and hears of changes once somebody asks for them."""

    def __init__(self, engine: "PostgresEngine") -> None:
        self._engine = engine
        self._guard = threading.RLock()
        self._connection: Any = None
        self._listens = False
        self._heard = 0
        self.held: set[str] = set()

    def connection(self) -> Any:
        """The connection, a new one when the old one is known to be gone; locks are gone with it."""
        with self._guard:
            if self._connection is None or self._connection.closed:
                self._connection = self._engine.connect()
                self._connection.add_notify_handler(self._hear)
                self.held.clear()
                self._heard += 1  # whatever was said meanwhile was not heard
                if self._listens:
                    self._connection.execute(f"LISTEN {SCHEMA}")
            return self._connection

    def _hear(self, _: object) -> None:
        self._heard += 1

    def ask(self, sql: str, values: Sequence[Any] = (), *, on: Any = None) -> Any:
        """The first column of the answer. `on`: only on that connection; None when it is not the one any more."""
        with self._guard:
            connection = self.connection() if on is None else self._connection
            if on is not None and (connection is not on or on.closed):
                return None
            row = connection.execute(sql, values).fetchone()
            return row[0]

    def changes(self) -> int:
        """A number that is another one after a commit; looks at what has arrived and waits for nothing."""
        with self._guard:
            try:
                connection = self.connection()
                if not self._listens:
                    connection.execute(f"LISTEN {SCHEMA}")
                    self._listens = True
                connection.pgconn.consume_input()
                while connection.pgconn.notifies():
                    self._heard += 1
            except psycopg.Error:
                self._connection.close()
                self.connection()
            return self._heard

    def close(self) -> None:
        with self._guard:
            if self._connection is not None:
                self._connection.close()


class AdvisoryLock:
    """A lock of the server, which drops it with the connection that holds it."""

    def __init__(self, engine: "PostgresEngine", name: str) -> None:
        self._engine, self._keeper, self._name, self._key = engine, engine.keeper, name, key_of(name)
        self._on: Any = None

    def acquire(self) -> bool:
        connection = self._keeper.connection()
        if self._name in self._keeper.held:
            return False  # the server would give it to us twice
        try:
            got = self._keeper.ask("SELECT pg_try_advisory_lock($1)", (self._key,), on=connection)
        except psycopg.Error as error:
            raise self._engine._lost(str(error).strip()) from error
        if got:
            self._on = connection
            self._keeper.held.add(self._name)
        return bool(got)

    def held(self) -> bool:
        """The connection that holds it answers, so at this moment the server has not dropped it."""
        if self._on is None:
            return False
        try:
            return bool(self._keeper.ask("SELECT 1", on=self._on) == 1)
        except psycopg.Error:
            return False

    def keep(self) -> bool:
        return self.held() or self.acquire()

    def release(self) -> None:
        if self._on is not None:
            with suppress(psycopg.Error):
                if self._keeper.ask("SELECT pg_advisory_unlock($1)", (self._key,), on=self._on):
                    self._keeper.held.discard(self._name)
            self._on = None

    def held_by_somebody(self) -> bool:
        found = self._engine.value(
            "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND granted AND database ="
            " (SELECT oid FROM pg_database WHERE datname = current_database()) AND classid = CAST(? AS oid)"
            " AND objid = CAST(? AS oid)",
            (self._key >> 32 & 0xFFFFFFFF, self._key & 0xFFFFFFFF),
        )
        return found is not None

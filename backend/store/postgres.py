"""The shared engine: a PostgreSQL database, for many hosts. Only it and `postgres_locks` know the driver.

Writers take turns by one advisory lock that each transaction holds, so that what is numbered in a transaction (events,
postings) is committed in that order, and whoever reads "what is newer than n" misses nothing. A read that finds its
connection gone is asked again on a new one; a write never is.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import no_result, scalar_row
from psycopg.types.numeric import Int8BinaryDumper

from backend.model.places import key_file, shown
from backend.store.dialect import COLLATIONS, SCHEMA, SETTINGS, functions, numbered, statements
from backend.store.engine import BUSY_SECONDS, Aside, Engine, EngineFacts, StoreError
from backend.store.postgres_locks import AdvisoryLock, Keeper, key_of

_BUSY = int(BUSY_SECONDS * 1000)

_SESSION = {
    "search_path": SCHEMA,
    "synchronous_commit": "on",
    "lock_timeout": _BUSY,
    "statement_timeout": 0,
    # A process that was stopped in the middle of a write must not hold up all others: who waits outlasts it.
    "idle_in_transaction_session_timeout": _BUSY // 2,
    "jit": "off",
    # How the server notices that a client's host is gone: locks go with it.
    "tcp_keepalives_idle": 10,
    "tcp_keepalives_interval": 5,
    "tcp_keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}
"""Milliseconds, but for the keepalives' seconds. They are set once a connection stands, and not with its address: a
pool in between lets no such settings pass."""

_SET = "; ".join(f"SET {name} = {value}" for name, value in _SESSION.items())

_CLIENT: dict[str, Any] = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
    "application_name": "forny",
    "client_encoding": "utf8",
}

_STATEMENTS = 1000
"""Statements that stay prepared on a connection."""


_BEGIN = f"BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock({key_of('write')})"
_COMMIT = f"SELECT pg_notify('{SCHEMA}', '') WHERE txid_current_if_assigned() IS NOT NULL; COMMIT"
"""Each in one message to the server. Who has written nothing tells nobody of a change."""


class _Truth(psycopg.adapt.Dumper):
    """Truth values are 0 or 1 in the store."""

    oid = psycopg.adapters.types["int8"].oid

    def dump(self, obj: Any) -> bytes:
        return b"1" if obj else b"0"


class _Whole(psycopg.adapt.Loader):
    """Sums of whole numbers come as numbers of any length."""

    def load(self, data: Any) -> int | float:
        text = bytes(data).decode()
        return float(text) if "." in text else int(text)


class _Row(dict[Any, Any]):
    """A row as SQLite gives it: read by name or by place, and iterated over its values."""

    def __missing__(self, place: int) -> Any:
        return list(self.values())[place]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.values())


def _rows(cursor: Any) -> Callable[[Sequence[Any]], Any]:
    """How rows are made. The driver's own `description` takes longer than most of our queries for a wide table."""
    found = cursor.pgresult
    if found is None or not found.nfields:
        return no_result
    names = [found.fname(place).decode() for place in range(found.nfields)]
    return lambda values: _Row(zip(names, values, strict=True))


class PostgresEngine(Engine):
    """Connections to one database; locks are the server's, held on a connection of their own."""

    error = psycopg.Error
    broken_rule = psycopg.IntegrityError
    shared = True

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url, self.name = _conninfo(url), shown(url)
        self.key_file = key_file(url)
        self.keeper = Keeper(self)

    # -- connections -------------------------------------------------------------------------------------------

    def connect(self) -> Any:
        """A new connection, not a thread's; raises StoreError."""
        try:
            connection = psycopg.connect(
                self._url, autocommit=True, row_factory=_rows, cursor_factory=psycopg.RawCursor
            )
            try:
                connection.execute(_SET, prepare=False)
            except BaseException:
                connection.close()
                raise
        except psycopg.Error as error:
            why = " ".join(str(error).split())
            raise StoreError(
                f"The store {self.name} cannot be reached: {why}. Check the address, the server and your role."
            ) from None
        connection.prepared_max = _STATEMENTS
        connection.adapters.register_dumper(int, Int8BinaryDumper)
        connection.adapters.register_dumper(bool, _Truth)
        connection.adapters.register_loader("numeric", _Whole)
        return connection

    _connect = connect

    @cached_property
    def login(self) -> str:  # type: ignore[override]
        return str(self.value("SELECT CAST(session_user AS text)"))

    def _drop(self) -> None:
        """Forget this thread's connection, which is gone."""
        connection = self._local.connection
        del self._local.connection
        with self._guard, suppress(ValueError):
            self._all.remove(connection)
        connection.close()

    def _again(self, ask: Callable[[], Any]) -> Any:
        """Ask; once more on a new connection when the old one turns out to be gone, or to remember the tables as they
        were before another process brought them up to date, and no transaction went with it."""
        try:
            return ask()
        except psycopg.errors.FeatureNotSupported:
            if self._depth:
                self._local.stale = True
                raise
        except psycopg.OperationalError:
            if self._depth or not self.raw.closed:
                raise
        self._drop()
        return ask()

    def _execute(self, sql: str, values: Sequence[Any]) -> Any:
        return self._again(lambda: self.raw.execute(numbered(sql), values))

    def _firsts(self, cursor: Any) -> list[Any]:
        cursor.row_factory = scalar_row
        return list(cursor.fetchall())

    def _execute_many(self, sql: str, values: Sequence[Sequence[Any]]) -> None:
        with self.raw.cursor() as cursor:
            cursor.executemany(numbered(sql), values)

    # -- transactions ------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        try:
            self._again(lambda: self.raw.execute(_BEGIN, prepare=False))
        except BaseException:  # an interrupt too: the lock may have come with it
            self._undo(0)
            raise

    def _commit(self) -> None:
        if self.raw.closed:
            raise self._lost("before the change was complete")
        try:
            self.raw.execute(_COMMIT, prepare=False)
        except psycopg.OperationalError as error:
            if not self.raw.closed:
                raise
            raise StoreError(
                f"The connection to {self.name} was lost while a change was being written: nobody knows whether it is"
                " there. Look before you do it again."
            ) from error

    def _undo(self, depth: int) -> None:
        with suppress(psycopg.Error):
            self.raw.execute("ROLLBACK" if depth == 0 else f"ROLLBACK TO s{depth}; RELEASE s{depth}", prepare=False)
        if depth == 0 and getattr(self._local, "stale", False):
            self._local.stale = False
            self._drop()

    def _sentence(self, error: Exception) -> StoreError:
        why = " ".join(str(error).split())
        match error:
            case psycopg.errors.LockNotAvailable():
                return StoreError(f"The store {self.name} is held by another process for too long. Try again.")
            case psycopg.errors.InsufficientPrivilege():
                return StoreError(f"Your role may not do that in {self.name} ({why}): docs/postgres.md.")
            case psycopg.errors.DiskFull():
                return StoreError(f"The disk under {self.name} is full. Nothing was sent. Make room, then try again.")
            case psycopg.errors.ReadOnlySqlTransaction():
                return StoreError(f"{self.name} only lets itself be read ({why}). Name the primary server.")
            case psycopg.errors.InvalidRegularExpression():
                return StoreError(f"The pattern is none that the store can look for: {why}.")
            case psycopg.errors.AdminShutdown() | psycopg.errors.CrashShutdown() | psycopg.errors.CannotConnectNow():
                return self._lost(why)
            case psycopg.OperationalError() if getattr(self._local, "connection", None) is None or self.raw.closed:
                return self._lost(why)
        return StoreError(f"The store {self.name} failed: {why}.")

    def _lost(self, why: str) -> StoreError:
        return StoreError(
            f"The connection to the store {self.name} was lost ({why}). What was under way is not written. "
            "Try again when the server is back."
        )

    # -- the schema --------------------------------------------------------------------------------------------

    def version(self) -> int:
        if self.value("SELECT to_regclass(?)", (f"{SCHEMA}.migrations",)) is None:
            if self.value("SELECT 1 FROM pg_tables WHERE schemaname = ? LIMIT 1", (SCHEMA,)):
                raise StoreError(
                    f"The schema {SCHEMA} in {self.name} is some other program's. Name another database with"
                    " FORNY_STORE."
                )
            return 0
        return int(self.value("SELECT count(*) FROM migrations"))

    def migrate(self, steps: Sequence[tuple[str, str]]) -> None:
        if self.value("SHOW server_encoding") != "UTF8":
            raise StoreError(f"The database {self.name} is not in UTF-8. Make one with ENCODING 'UTF8'.")
        with self.write():
            if (taken := self.version()) == 0:
                self._execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}", ())
                self._execute("CREATE TABLE migrations (number BIGINT PRIMARY KEY, name TEXT NOT NULL)", ())
            names = ",".join("?" * len(COLLATIONS))
            known = {
                row["name"]
                for row in self.rows(
                    f"SELECT collname AS name FROM pg_collation WHERE collname IN ({names})"
                    " AND collencoding IN (-1, pg_char_to_encoding('UTF8'))",
                    COLLATIONS,
                )
            }
            self.raw.execute(functions(next(name for name in COLLATIONS if name in known)), prepare=False)
            for number, (name, script) in enumerate(steps[taken:], start=taken + 1):
                for statement in statements(script):
                    self.raw.execute(statement, prepare=False)
                self.run("INSERT INTO migrations (number, name) VALUES (?, ?)", (number, name))
            self.raw.execute(SETTINGS, prepare=False)

    def about(self) -> EngineFacts:
        commit = str(self.value("SHOW synchronous_commit"))
        flushed = self.value("SHOW fsync") == "on" and self.value("SHOW full_page_writes") == "on"
        return EngineFacts(
            kind=f"PostgreSQL {self.value('SHOW server_version')}",
            journal=f"synchronous_commit {commit}" + ("" if flushed else ", fsync off"),
            good=flushed and commit != "off",
            bytes=int(self.value("SELECT pg_database_size(current_database())")),
        )

    # -- who lives, and what is new ----------------------------------------------------------------------------

    def lock(self, name: str) -> "AdvisoryLock":
        return AdvisoryLock(self, name)

    def sweep(self) -> None:
        """The server has cleared away itself."""

    def data_version(self) -> int:
        return self.keeper.changes()

    def aside(self) -> "PostgresAside":
        return PostgresAside(self)

    def close(self) -> None:
        super().close()
        self.keeper.close()


class PostgresAside(PostgresEngine, Aside):
    """Temporary tables of one session, which all threads share. They are gone with it."""

    own, live = "pg_temp", SCHEMA

    def __init__(self, store: PostgresEngine) -> None:
        Engine.__init__(self)
        self._url, self.name = store._url, store.name
        self.keeper = Keeper(self)
        self._session = self.connect()
        self._all.append(self._session)

    @property
    def raw(self) -> Any:
        return self._session

    def _again(self, ask: Callable[[], Any]) -> Any:
        return ask()

    def _begin(self) -> None:
        self._session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")  # all is filled from one and the same moment

    def _commit(self) -> None:
        self._session.execute("COMMIT")

    def copy(self, tables: Sequence[str]) -> None:
        for table in tables:
            self.run(f"CREATE TEMP TABLE {table} (LIKE {SCHEMA}.{table} INCLUDING DEFAULTS INCLUDING INDEXES)")

    def tables(self) -> list[str]:
        found = self.rows("SELECT tablename AS name FROM pg_tables WHERE schemaname = ?", (SCHEMA,))
        return [row["name"] for row in found if row["name"] != "migrations"]

    def columns(self, table: str) -> list[str]:
        found = self.rows(
            "SELECT attname AS name FROM pg_attribute WHERE attrelid = to_regclass(?) AND attnum > 0"
            " AND NOT attisdropped ORDER BY attnum",
            (f"{SCHEMA}.{table}",),
        )
        return [row["name"] for row in found]

    def show(self, views: Mapping[str, str]) -> None:
        for name, query in views.items():
            self._session.execute(f"CREATE TEMP VIEW {name} AS {query}")
        self._session.execute("ANALYZE")
        self._session.execute("SET default_transaction_read_only = on")


def _conninfo(url: str) -> str:
    """What the driver is told: the address with our settings, and with TLS wherever it leaves this machine."""
    try:
        given = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        raise StoreError(
            "The address of the store cannot be read. Write it like postgresql://user@host/database."
        ) from None
    host = str(given.get("host", ""))
    away = host and not host.startswith(("/", "@", "127.")) and host not in ("localhost", "::1")
    safe = {"sslmode": "require"} if away else {}
    return make_conninfo("", **{**_CLIENT, **safe, **given})

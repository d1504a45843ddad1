"""The embedded engine: one SQLite file, for a host with many operators.

SQLite up to 3.51.2 can corrupt a WAL that several processes checkpoint (`facts/reliability.md` finding 4), so WAL is
used only on a version without that bug; others get a rollback journal. Every read-then-write runs in our own
`BEGIN IMMEDIATE`; a library's deferred transaction loses to a second process (finding 5).
"""

import os
import re
import shutil
import uuid
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from backend.model.places import key_file
from backend.model.text import searchable
from backend.store.engine import BUSY_SECONDS, Aside, Engine, EngineFacts, StoreError
from backend.store.liveness import FileLock

try:
    from pysqlite3 import dbapi2 as sqlite
except ImportError:  # pragma: no cover - other systems than Linux bring their own, newer SQLite
    import sqlite3 as sqlite

_STATEMENTS = 1024
"""Statements that stay compiled. The driver's own number is less than one fetch needs: compiling took half its time."""

_CHECKED_BYTES = 200_000_000
"""The quick check reads the whole file, which takes seconds for each 100 MB (`facts/reliability.md` F21)."""

_FIXED_IN_LINE = {(3, 50): 7, (3, 44): 6}


def wal_is_safe(version: tuple[int, int, int]) -> bool:
    """Whether this SQLite is free of the WAL-reset bug."""
    return version >= (3, 51, 3) or version[2] >= _FIXED_IN_LINE.get(version[:2], 10**6)


class SqliteEngine(Engine):
    """Connections to one file; locks are files in a folder beside it."""

    error = sqlite.Error
    broken_rule = sqlite.IntegrityError
    shared = False

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path, self.name = path, str(path)
        self.locks = path.with_name(path.name + ".locks")
        self.key_file = key_file(path)
        self._create_private()

    def _create_private(self) -> None:
        """The file is made by us, readable by its owner only, before SQLite can make it otherwise."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not self.path.exists():
                os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
        except OSError as error:
            raise StoreError(
                f"The store {self.path} cannot be made: {error.strerror}. "
                "Choose a folder that you may write to with FORNY_STORE."
            ) from error
        if not os.access(self.path, os.R_OK | os.W_OK):
            raise StoreError(f"The store {self.path} may not be read and written by you. Check its owner and mode.")

    def _connect(self) -> Any:
        try:
            connection = sqlite.connect(
                str(self.path),
                timeout=BUSY_SECONDS,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=_STATEMENTS,
            )
            connection.row_factory = sqlite.Row
            journal = "WAL" if wal_is_safe(sqlite.sqlite_version_info) else "TRUNCATE"
            connection.execute(f"PRAGMA journal_mode={journal}")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA foreign_keys=ON")
            connection.execute("PRAGMA cache_size=-16000")
        except sqlite.Error as error:
            raise self._sentence(error) from error
        connection.create_function("regexp", 2, _regexp, deterministic=True)
        connection.create_function("fold", 1, searchable, deterministic=True)
        return connection

    def _sentence(self, error: Exception) -> StoreError:
        text = str(error)
        if "not a database" in text or "malformed" in text:
            return StoreError(f"{self.path} is damaged or not a store ({text}). Nothing was written. Restore a backup.")
        if "full" in text:
            return StoreError(f"The disk under {self.path} is full. Nothing was sent. Make room, then try again.")
        if "readonly" in text or "unable to open" in text:
            return StoreError(f"The store {self.path} cannot be written ({text}). Check its owner, mode and disk.")
        if "disk I/O" in text:
            return StoreError(f"The store {self.path} cannot be used ({text}): its disk is full, failing or gone.")
        if "locked" in text:
            return StoreError(f"The store {self.path} is held by another process for too long. Try again.")
        return StoreError(f"The store {self.path} failed: {text}.")

    def _execute(self, sql: str, values: Sequence[Any]) -> Any:
        return self.raw.execute(sql, values)

    def _execute_many(self, sql: str, values: Sequence[Sequence[Any]]) -> None:
        self.raw.executemany(sql, values)

    def _begin(self) -> None:
        self.raw.execute("BEGIN IMMEDIATE")

    def _commit(self) -> None:
        self.raw.execute("COMMIT")

    def _undo(self, depth: int) -> None:
        if not self.raw.in_transaction:
            return  # SQLite has rolled back by itself, as it does on a full disk
        if depth == 0:
            self.raw.execute("ROLLBACK")
        else:
            self.raw.execute(f"ROLLBACK TO s{depth}")
            self.raw.execute(f"RELEASE s{depth}")

    def version(self) -> int:
        version = int(self.value("PRAGMA user_version"))
        if version == 0:
            tables = {row["name"] for row in self.rows("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if tables and "_sqlite_migrations" not in tables:
                raise StoreError(f"{self.path} is some other program's database. Name another store with FORNY_STORE.")
        return version

    def migrate(self, steps: Sequence[tuple[str, str]]) -> None:
        from sqlite_utils import Database, Migrations

        known = Migrations("forny")
        for number, (name, script) in enumerate(steps, start=1):

            def step(db: Any, script: str = script, number: int = number) -> None:
                for statement in script.split(";\n"):
                    if statement.strip():
                        db.execute(statement)
                db.execute(f"PRAGMA user_version = {number}")

            known(name=name, transactional=False)(step)
        with self.write():
            known.apply(Database(self.raw))

    def lock(self, name: str) -> FileLock:
        return FileLock(self.locks / name)

    def sweep(self) -> None:
        for path in self.locks.glob("session-*"):
            if not FileLock(path).held_by_somebody():
                path.unlink(missing_ok=True)

    def data_version(self) -> int:
        return int(self.value("PRAGMA data_version"))

    def about(self) -> EngineFacts:
        files = [file for file in (self.path, self.path.with_name(self.path.name + "-wal")) if file.exists()]
        size = sum(file.stat().st_size for file in files)
        journal = str(self.value("PRAGMA journal_mode"))
        return EngineFacts(
            kind=f"SQLite {sqlite.sqlite_version}",
            journal=journal,
            good=journal == "wal",
            bytes=size,
            private=not any(file.stat().st_mode & 0o077 for file in files),
            sound=str(self.value("PRAGMA quick_check(1)")) if size <= _CHECKED_BYTES else "",
        )

    def aside(self) -> "SqliteAside":
        return SqliteAside(self)


class SqliteAside(SqliteEngine, Aside):
    """A private file in a folder of its own beside the store's, which is attached to it."""

    own, live = "main", "live"

    def __init__(self, store: SqliteEngine) -> None:
        self._store = store.path
        self._views: Mapping[str, str] | None = None
        self._folder, self._lock = _private(store)
        super().__init__(self._folder / "past.db")

    def _connect(self) -> Any:
        connection = super()._connect()
        connection.execute("ATTACH DATABASE ? AS live", (str(self._store),))
        connection.execute("PRAGMA foreign_keys=OFF")
        if self._views is None:
            connection.execute("PRAGMA synchronous=OFF")
        else:
            for name, query in self._views.items():
                connection.execute(f"CREATE TEMP VIEW {name} AS {query}")
            connection.execute("PRAGMA query_only=ON")
        return connection

    def copy(self, tables: Sequence[str]) -> None:
        names = ",".join("?" * len(tables))
        for row in self.rows(
            f"SELECT sql FROM live.sqlite_master WHERE tbl_name IN ({names}) AND sql IS NOT NULL ORDER BY type DESC",
            tables,
        ):
            self.run(row["sql"])

    def tables(self) -> list[str]:
        names = [row["name"] for row in self.rows("SELECT name FROM live.sqlite_master WHERE type = 'table'")]
        return [name for name in names if not name.startswith(("sqlite_", "_"))]

    def columns(self, table: str) -> list[str]:
        return [row["name"] for row in self.rows("SELECT name FROM pragma_table_info(?, 'live')", (table,))]

    def show(self, views: Mapping[str, str]) -> None:
        """Views are a connection's own: each one that is opened from now on makes them."""
        self._views = views
        self._all.remove(self.raw)
        self.raw.close()
        del self._local.connection

    def close(self) -> None:
        super().close()
        shutil.rmtree(self._folder, ignore_errors=True)
        self._lock.release()


def _private(store: SqliteEngine) -> tuple[Path, FileLock]:
    """A folder of our own beside the store; those whose process has died are swept away."""
    for left in store.locks.glob("past-*"):
        if (left / "lock").exists() and not FileLock(left / "lock").held_by_somebody():
            shutil.rmtree(left, ignore_errors=True)
    folder = store.locks / f"past-{uuid.uuid4().hex}"
    lock = FileLock(folder / "lock")
    try:
        lock.acquire()
    except OSError as error:
        raise StoreError(
            f"The past needs a file beside {store.name}, which cannot be made: {error.strerror}."
        ) from error
    return folder, lock


_patterns: dict[str, re.Pattern[str]] = {}


def _regexp(pattern: str, text: str | None) -> bool:
    if (compiled := _patterns.get(pattern)) is None:
        _patterns.clear()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # `[[a`: legal today, and the operator's own business
            compiled = _patterns[pattern] = re.compile(pattern, re.IGNORECASE)
    return text is not None and compiled.search(text) is not None

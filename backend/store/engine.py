"""The embedded engine: SQLite connections, one writer at a time, group commit. The only module that knows the driver.

SQLite up to 3.51.2 can corrupt a WAL that several processes checkpoint (`facts/reliability.md` finding 4), so WAL is
used only on a version without that bug; others get a rollback journal. Every read-then-write runs in our own
`BEGIN IMMEDIATE`; a library's deferred transaction loses to a second process (finding 5).
"""

import os
import queue
import re
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from backend.model.text import searchable

try:
    from pysqlite3 import dbapi2 as sqlite
except ImportError:  # pragma: no cover - other systems than Linux bring their own, newer SQLite
    import sqlite3 as sqlite

Row = Any
"""A row that can be read by column name."""

T = TypeVar("T")

BUSY_SECONDS = 30.0
"""How long a writer waits for another process; SQLite's own five seconds are too few (finding F14)."""

_GROUP = 500
"""At most so many writes share one commit."""

_STATEMENTS = 1024
"""Statements that stay compiled. The driver's own number is less than one fetch needs: compiling took half its time."""

_FIXED_IN_LINE = {(3, 50): 7, (3, 44): 6}


class StoreError(Exception):
    """The store cannot be used; the message says why and what to do."""


def wal_is_safe(version: tuple[int, int, int]) -> bool:
    """Whether this SQLite is free of the WAL-reset bug."""
    return version >= (3, 51, 3) or version[2] >= _FIXED_IN_LINE.get(version[:2], 10**6)


class Engine:
    """Connections to one file, one per thread, and the writer thread that commits in groups."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        self._all: list[Any] = []
        self._guard = threading.Lock()
        self._queue: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None] = queue.SimpleQueue()
        self._writer: threading.Thread | None = None
        self._closed = False
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
        with self._guard:
            if self._closed:
                connection.close()
                raise StoreError("The store is closed.")
            self._all.append(connection)
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

    @property
    def raw(self) -> Any:
        """This thread's connection, for schema work."""
        if (connection := getattr(self._local, "connection", None)) is None:
            connection = self._local.connection = self._connect()
            self._local.depth = 0
        return connection

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """All rows of a query."""
        try:
            found: list[Row] = self.raw.execute(sql, values).fetchall()
        except sqlite.Error as error:
            raise self._sentence(error) from error
        return found

    def row(self, sql: str, values: Sequence[Any] = ()) -> Row | None:
        """The first row of a query, or None."""
        try:
            return self.raw.execute(sql, values).fetchone()
        except sqlite.Error as error:
            raise self._sentence(error) from error

    def value(self, sql: str, values: Sequence[Any] = ()) -> Any:
        """The first column of the first row, or None."""
        row = self.row(sql, values)
        return None if row is None else row[0]

    def run(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Execute one statement inside `write()`; gives the number of rows it touched."""
        try:
            return int(self.raw.execute(sql, values).rowcount)
        except sqlite.IntegrityError:
            raise
        except sqlite.Error as error:
            raise self._sentence(error) from error

    def many(self, sql: str, values: Sequence[Sequence[Any]]) -> None:
        """Execute one statement for many rows inside `write()`."""
        try:
            self.raw.executemany(sql, values)
        except sqlite.Error as error:
            raise self._sentence(error) from error

    @contextmanager
    def write(self) -> Iterator[None]:
        """One immediate transaction; inside another one, a savepoint of it. Undone when the block raises."""
        connection = self.raw
        depth = self._local.depth
        try:
            connection.execute("BEGIN IMMEDIATE" if depth == 0 else f"SAVEPOINT s{depth}")
        except sqlite.Error as error:
            raise self._sentence(error) from error
        self._local.depth = depth + 1
        try:
            yield
            connection.execute("COMMIT" if depth == 0 else f"RELEASE s{depth}")
        except BaseException as error:
            self._undo(connection, depth)
            if isinstance(error, sqlite.Error) and not isinstance(error, sqlite.IntegrityError):
                raise self._sentence(error) from error
            raise
        finally:
            self._local.depth = depth

    @staticmethod
    def _undo(connection: Any, depth: int) -> None:
        if not connection.in_transaction:
            return  # SQLite has rolled back by itself, as it does on a full disk
        if depth == 0:
            connection.execute("ROLLBACK")
        else:
            connection.execute(f"ROLLBACK TO s{depth}")
            connection.execute(f"RELEASE s{depth}")

    def enqueue(self, work: Callable[[], T]) -> "Future[T]":
        """Run `work` on the writer thread; what waits there together shares one commit. The future ends after it."""
        future: Future[T] = Future()
        with self._guard:
            if self._closed:
                raise StoreError("The store is closed.")
            if self._writer is None:
                self._writer = threading.Thread(target=self._write_loop, name="store-writer", daemon=True)
                self._writer.start()
            self._queue.put((work, future))
        return future

    def _write_loop(self) -> None:
        while (item := self._queue.get()) is not None:
            done: list[tuple[Future[Any], Any, BaseException | None]] = []
            try:
                with self.write():
                    while True:
                        work, future = item
                        if future.set_running_or_notify_cancel():
                            done.append((future, *self._one(work)))
                        if len(done) >= _GROUP or self._queue.empty():
                            break
                        if (item := self._queue.get()) is None:
                            break
            except BaseException as error:  # noqa: BLE001 - whoever waits for these writes must hear of it
                for future, _, _ in done:
                    future.set_exception(error)
                if not done:
                    item[1].set_exception(error)  # type: ignore[index]
            else:
                for future, result, failure in done:
                    if failure is None:
                        future.set_result(result)
                    else:
                        future.set_exception(failure)
            if item is None:
                return

    def _one(self, work: Callable[[], Any]) -> tuple[Any, BaseException | None]:
        try:
            with self.write():
                return work(), None
        except Exception as error:  # noqa: BLE001 - handed to the waiting side
            return None, error

    def data_version(self) -> int:
        """Changes when another connection has committed."""
        return int(self.value("PRAGMA data_version"))

    def close(self) -> None:
        """Finish what is queued, then close every connection."""
        with self._guard:
            if self._closed:
                return
            self._closed = True
            self._queue.put(None)
        if self._writer is not None:
            self._writer.join()
        for connection in self._all:
            connection.close()


_patterns: dict[str, re.Pattern[str]] = {}


def _regexp(pattern: str, text: str | None) -> bool:
    if (compiled := _patterns.get(pattern)) is None:
        _patterns.clear()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # `[[a`: legal today, and the operator's own business
            compiled = _patterns[pattern] = re.compile(pattern, re.IGNORECASE)
    return text is not None and compiled.search(text) is not None

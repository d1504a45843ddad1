"""What the engines under the store share: one connection a thread, one writer at a time, group commit.

The engines differ in a handful of places: how they connect, begin, commit and undo, how a failure is put in words, who
lives, and how a change elsewhere is noticed. No driver's name stands outside `sqlite.py` and `postgres.py`.
"""

import asyncio
import queue
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from backend.store.liveness import Lock

Row = Any
"""A row that can be read by column name."""

A = TypeVar("A")
T = TypeVar("T")

BUSY_SECONDS = 30.0
"""How long a writer waits for another process; SQLite's own five seconds are too few (finding F14)."""

_GROUP = 500
"""At most so many writes share one commit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineFacts:
    """What `forny doctor` tells of an engine and its files.

    `good`: its journal is the one that we want. `sound` is what the engine's own quick check says (`ok`, or what is
    wrong); empty where there is none, or none that is quick enough. `private`: nobody else can read the files.
    """

    kind: str
    journal: str
    good: bool
    bytes: int
    private: bool = True
    sound: str = ""


class StoreError(Exception):
    """The store cannot be used; the message says why and what to do."""


class Engine(ABC):
    """Connections to one store, one per thread, and the writer thread that commits in groups.

    SQL is written once, in the subset that both engines understand, with `?` or `?1` where a value stands.
    """

    error: ClassVar[type[Exception]]
    broken_rule: ClassVar[type[Exception]]
    """What the driver raises; the second when a statement breaks a rule of the schema, which is our own mistake."""

    name: str
    """What the store is called where people read it: a path, or an address without its password."""

    key_file: Path
    """Where the key that seals tokens is, unless the settings bring one."""

    shared: ClassVar[bool]
    """Whether the store may be used from hosts that do not see `key_file`."""

    login = ""
    """By which name this process is known to the store's server; empty where there is none."""

    def __init__(self) -> None:
        self.acting: Lock | None = None
        """The right to act, while this process is the agent: nothing is written once it is lost."""
        self._local = threading.local()
        self._all: list[Any] = []
        self._guard = threading.Lock()
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._writer: threading.Thread | None = None
        self._closed = False

    # -- where engines differ ----------------------------------------------------------------------------------

    @abstractmethod
    def _connect(self) -> Any:
        """A new connection; raises StoreError."""

    @abstractmethod
    def _execute(self, sql: str, values: Sequence[Any]) -> Any:
        """Run a statement on this thread's connection; gives a cursor."""

    @abstractmethod
    def _execute_many(self, sql: str, values: Sequence[Sequence[Any]]) -> None:
        """Run a statement for each of the rows."""

    @abstractmethod
    def _begin(self) -> None:
        """Begin a transaction that no other writer can come between."""

    @abstractmethod
    def _commit(self) -> None:
        """End it, on disk."""

    @abstractmethod
    def _undo(self, depth: int) -> None:
        """Undo the transaction, or the savepoint of that depth; never raises."""

    @abstractmethod
    def _sentence(self, error: Exception) -> StoreError:
        """A failure of the driver in words."""

    @abstractmethod
    def version(self) -> int:
        """How many migrations the store has taken; raises StoreError for a store of somebody else."""

    @abstractmethod
    def migrate(self, steps: Sequence[tuple[str, str]]) -> None:
        """Take the steps that are missing; several processes may try at once."""

    @abstractmethod
    def lock(self, name: str) -> Lock:
        """A lock that the system drops with its process."""

    @abstractmethod
    def sweep(self) -> None:
        """Clear away what dead sessions have left."""

    @abstractmethod
    def data_version(self) -> int:
        """Changes when another connection has committed."""

    @abstractmethod
    def about(self) -> EngineFacts:
        """How it is set up."""

    @abstractmethod
    def aside(self) -> "Aside":
        """A private place beside the store, for tables that nobody else sees; close it to be rid of them."""

    # -- what they share ---------------------------------------------------------------------------------------

    @property
    def raw(self) -> Any:
        """This thread's connection, for schema work."""
        if (connection := getattr(self._local, "connection", None)) is None:
            connection = self._connect()
            with self._guard:
                if self._closed:
                    connection.close()
                    raise StoreError("The store is closed.")
                self._all.append(connection)
            self._local.connection = connection
        return connection

    @property
    def _depth(self) -> int:
        """How many `write()` this thread is in."""
        return getattr(self._local, "depth", 0)

    @property
    def writing(self) -> bool:
        """Whether this thread is in a transaction of its own."""
        return self._depth > 0

    def _fetch(self, sql: str, values: Sequence[Any], take: Callable[[Any], T]) -> T:
        try:
            return take(self._execute(sql, values))
        except self.broken_rule:
            raise
        except self.error as error:
            raise self._sentence(error) from error

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """All rows of a query."""
        return self._fetch(sql, values, lambda cursor: list(cursor.fetchall()))

    def column(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        """The first column of all rows of a query, of which there may be a million."""
        return self._fetch(sql, values, self._firsts)

    def _firsts(self, cursor: Any) -> list[Any]:
        return [row[0] for row in cursor]

    def row(self, sql: str, values: Sequence[Any] = ()) -> Row | None:
        """The first row of a query, or None."""
        return self._fetch(sql, values, lambda cursor: cursor.fetchone())

    def value(self, sql: str, values: Sequence[Any] = ()) -> Any:
        """The first column of the first row, or None."""
        row = self.row(sql, values)
        return None if row is None else row[0]

    def run(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Execute one statement inside `write()`; gives the number of rows it touched."""
        return self._fetch(sql, values, lambda cursor: int(cursor.rowcount))

    def many(self, sql: str, values: Sequence[Sequence[Any]]) -> None:
        """Execute one statement for many rows inside `write()`."""
        try:
            self._execute_many(sql, values)
        except self.error as error:
            raise self._sentence(error) from error

    @contextmanager
    def write(self) -> Iterator[None]:
        """One transaction, alone among writers; inside another one, a savepoint of it. Undone when the block raises.

        Raises StoreError when it cannot begin, when its end could not be told, and for an agent that has lost the
        right to act.
        """
        depth = self._depth
        try:
            self._begin() if depth == 0 else self._execute(f"SAVEPOINT s{depth}", ())
        except self.error as error:
            raise self._sentence(error) from error
        self._local.depth = depth + 1
        try:
            if depth == 0 and self.acting is not None and not self.acting.keep():
                raise StoreError(
                    "The right to act went with the connection, and another agent has it. Nothing is sent."
                )
            yield
            self._commit() if depth == 0 else self._execute(f"RELEASE s{depth}", ())
        except BaseException as error:
            self._undo(depth)
            if isinstance(error, self.error) and not isinstance(error, self.broken_rule):
                raise self._sentence(error) from error
            raise
        finally:
            self._local.depth = depth

    def enqueue(self, work: Callable[[], T]) -> "Future[T]":
        """Run `work` on the writer thread; what waits there together shares one commit. The future ends after it."""
        future: Future[T] = Future()
        self._put(_Waiting(future, work))
        return future

    async def soon(self, work: Callable[[], T]) -> T:
        """`enqueue` and wait, for coroutines: all that one commit has ended is told to their loop at once."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._put(_Waiting(future, work))
        return await future

    def enqueue_among(self, work: Callable[[Sequence[A]], Sequence[T] | None], one: A) -> "Future[T]":
        """`enqueue` for a work that takes many at once: all that wait for the same work are given to it together.

        It gives as many results as it was given things, in their order, or none at all. When it fails each is tried
        alone, and fails alone. It may come before or after other works that wait.
        """
        future: Future[T] = Future()
        self._put(_Waiting(future, work, one))
        return future

    async def among(self, work: Callable[[Sequence[A]], Sequence[T] | None], one: A) -> T:
        """`enqueue_among` and wait."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._put(_Waiting(future, work, one))
        return await future

    def _put(self, waiting: "_Waiting") -> None:
        with self._guard:
            if self._closed:
                raise StoreError("The store is closed.")
            if self._writer is None:
                self._writer = threading.Thread(target=self._write_loop, name="store-writer", daemon=True)
                self._writer.start()
            self._queue.put(waiting)

    def _write_loop(self) -> None:
        going = True
        while going:
            batch = [self._queue.get()]
            while len(batch) < _GROUP and not self._queue.empty():
                batch.append(self._queue.get())
            going = None not in batch  # nothing comes after it
            wanted = [waiting for waiting in batch if waiting is not None and waiting.wanted()]
            if wanted:
                _tell(self._do(wanted))

    def _do(self, wanted: "Sequence[_Waiting]") -> "list[_Ended]":
        """Do what waits, in one commit; how each of it ended."""
        ended: list[_Ended] = []
        together: dict[object, list[_Waiting]] = {}
        for waiting in wanted:
            together.setdefault(waiting if waiting.one is _ALONE else waiting.work, []).append(waiting)
        try:
            with self.write():
                for some in together.values():
                    ended += self._some(some)
        except BaseException as error:  # noqa: BLE001 - whoever waits for these writes must hear of it
            return [(waiting, None, error) for waiting in wanted]
        return ended

    def _some(self, some: "Sequence[_Waiting]") -> "list[_Ended]":
        """Do what is one work, or all that is done by the same work."""
        first, many = some[0], [waiting.one for waiting in some]
        try:
            with self.write():
                results = [first.work()] if first.one is _ALONE else first.work(many) or [None] * len(many)
                return [(waiting, result, None) for waiting, result in zip(some, results, strict=True)]
        except Exception as error:  # noqa: BLE001 - handed to the waiting side
            if len(some) == 1:
                return [(first, None, error)]
        return [ended for waiting in some for ended in self._some([waiting])]

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


_ALONE = object()
"""What a work is given that takes nothing."""


@dataclass(slots=True, eq=False)
class _Waiting:
    """A work that waits for the writer thread, and who waits for it."""

    future: "Future[Any] | asyncio.Future[Any]"
    work: Callable[..., Any]
    one: object = _ALONE

    def wanted(self) -> bool:
        """Whether somebody still waits; a future of a thread cannot be given up from then on."""
        future = self.future
        return future.set_running_or_notify_cancel() if isinstance(future, Future) else not future.cancelled()

    def end(self, result: Any, failure: BaseException | None) -> None:
        """Where its future lives: let it know."""
        if self.future.cancelled():
            return
        if failure is None:
            self.future.set_result(result)
        else:
            self.future.set_exception(failure)


_Ended = tuple[_Waiting, Any, BaseException | None]
"""A work, and its result or the error instead of it."""


def _tell(ended: Iterable[_Ended]) -> None:
    """Let all who wait know, each where it waits."""
    elsewhere: dict[asyncio.AbstractEventLoop, list[_Ended]] = {}
    for waiting, result, failure in ended:
        if isinstance(waiting.future, Future):
            waiting.end(result, failure)
        else:
            elsewhere.setdefault(waiting.future.get_loop(), []).append((waiting, result, failure))
    for loop, some in elsewhere.items():
        with suppress(RuntimeError):  # a loop that is closed has nobody who waits
            loop.call_soon_threadsafe(_end_all, some)


def _end_all(ended: Iterable[_Ended]) -> None:
    for waiting, result, failure in ended:
        waiting.end(result, failure)


class Aside(Engine):
    """Reads a store and a few tables of its own at once; nothing goes into the store by it."""

    own: ClassVar[str]
    live: ClassVar[str]
    """What stands before the names of its own tables, and before those of the store."""

    _sealed: str = ""

    @abstractmethod
    def copy(self, tables: Sequence[str]) -> None:
        """Make tables of its own, empty, with the columns and indexes of those of the store."""

    @abstractmethod
    def tables(self) -> list[str]:
        """The tables of the store."""

    @abstractmethod
    def columns(self, table: str) -> list[str]:
        """The columns of one of them."""

    @abstractmethod
    def show(self, views: Mapping[str, str]) -> None:
        """Let a query stand under each name from now on, and let nothing be written any more."""

    def seal(self, views: Mapping[str, str], sentence: str) -> None:
        """It is filled: `show` the views; whoever wants to write gets the sentence as StoreError."""
        self.show(views)
        self._sealed = sentence

    @contextmanager
    def write(self) -> Iterator[None]:
        if self._sealed:
            raise StoreError(self._sealed)
        with super().write():
            yield

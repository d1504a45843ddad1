"""Who lives? Proof of death instead of a lease (DESIGN §4): a lock that the system drops with its process."""

import fcntl
import os
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from backend.store.engine import Engine


class Lock(Protocol):
    """An exclusive lock, held until `release`, or until the process or its way to the store is gone."""

    def acquire(self) -> bool:
        """Take the lock if nobody holds it; never waits for another holder."""

    def held(self) -> bool:
        """Whether it is still ours at this moment."""

    def keep(self) -> bool:
        """Whether it is still ours, or ours again because nobody has taken it meanwhile."""

    def release(self) -> None:
        """Let it go; nothing happens when it is not ours."""

    def held_by_somebody(self) -> bool:
        """Whether a living process holds it."""


class FileLock:
    """A lock on one file. The kernel drops it with the process and never before, so what is taken is ours."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd: int | None = None

    def acquire(self) -> bool:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fd = os.open(self.path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(fd)
            return False
        if not self._stands(fd):  # somebody who cleared away had taken it for a dead one's, just before we got it
            os.close(fd)
            return self.acquire()
        self._fd = fd
        return True

    def _stands(self, fd: int) -> bool:
        try:
            return os.path.samestat(os.fstat(fd), self.path.stat())
        except OSError:
            return False

    def held(self) -> bool:
        return self._fd is not None

    keep = held

    def release(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def held_by_somebody(self) -> bool:
        """Asks with a shared lock, which is let go at once."""
        try:
            fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            os.close(fd)
        return False


class Sessions:
    """One lock per working process, so that others can tell whether the owner of a piece of work still lives."""

    def __init__(self, engine: "Engine") -> None:
        self._engine = engine
        self._mine: Lock | None = None
        self.name = ""

    def open(self) -> str:
        """This process's session name; its lock is taken on first use.

        Once the lock is lost the name is another one: work that was claimed under the old name is not ours any more,
        because others have had reason to take us for dead. Ask inside the transaction that depends on it.
        """
        if self._mine is None or not self._mine.held():
            name = uuid.uuid4().hex
            mine = self._lock(name)
            while not mine.acquire():
                pass  # nobody else has this name: somebody only looks whether it lives
            self._mine, self.name = mine, name
            self._engine.sweep()
        return self.name

    def alive(self, name: str) -> bool:
        """Whether that session's process still runs (our own counts)."""
        return name == self.name or self._lock(name).held_by_somebody()

    def _lock(self, name: str) -> Lock:
        return self._engine.lock(f"session-{name}")

    def close(self) -> None:
        if self._mine is not None:
            self._mine.release()
            self._mine = None
            self._engine.sweep()

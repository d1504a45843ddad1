"""Who lives? Proof of death instead of a lease (DESIGN §4): a lock that the system drops with its process."""

import contextlib
import fcntl
import os
import uuid
from pathlib import Path


class Lock:
    """An exclusive lock on one file, held until `release` or until the process is gone."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd: int | None = None

    def acquire(self) -> bool:
        """Take the lock if nobody holds it; never waits."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fd = os.open(self.path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(fd)
            return False
        self._fd = fd
        return True

    def release(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def held_by_somebody(self) -> bool:
        """Whether a living process holds it. Asks with a shared lock, which is let go at once."""
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
    """One lock file per working process, so that others can tell whether the owner of a piece of work still lives."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._mine: Lock | None = None
        self.name = ""

    def open(self) -> str:
        """This process's session name; its lock is taken on first use."""
        if self._mine is None:
            self.name = uuid.uuid4().hex
            self._mine = Lock(self._folder / f"session-{self.name}")
            self._mine.acquire()
            self._sweep()
        return self.name

    def alive(self, name: str) -> bool:
        """Whether that session's process still runs (our own counts)."""
        return name == self.name or Lock(self._folder / f"session-{name}").held_by_somebody()

    def _sweep(self) -> None:
        for path in self._folder.glob("session-*"):
            if path != self._mine_path and not Lock(path).held_by_somebody():
                path.unlink(missing_ok=True)

    @property
    def _mine_path(self) -> Path:
        return self._folder / f"session-{self.name}"

    def close(self) -> None:
        if self._mine is not None:
            with contextlib.suppress(OSError):
                self._mine_path.unlink()
            self._mine.release()
            self._mine = None

"""What can be said of a store without looking into it: for `forny doctor`."""

from dataclasses import dataclass

from backend.store import SqliteStore

CHECKED_BYTES = 200_000_000
"""The quick check reads the whole file, which takes seconds for each 100 MB (`facts/reliability.md` F21)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """The state of a store's file. `bytes` counts the write-ahead log too.

    `sound` is what SQLite's own quick check says (`ok`, or what is wrong); empty when the file is too large for it.
    """

    schema: int
    sqlite: str
    journal: str
    synchronous: int
    connections: int
    bytes: int
    private: bool
    sound: str


def about(store: SqliteStore) -> About:
    """Look at an open store."""
    path = store.db.path
    files = [file for file in (path, path.with_name(path.name + "-wal")) if file.exists()]
    size = sum(file.stat().st_size for file in files)
    return About(
        schema=int(store.db.value("PRAGMA user_version")),
        sqlite=str(store.db.value("SELECT sqlite_version()")),
        journal=str(store.db.value("PRAGMA journal_mode")),
        synchronous=int(store.db.value("PRAGMA synchronous")),
        connections=int(store.db.value("SELECT count(*) FROM connections")),
        bytes=size,
        private=not any(file.stat().st_mode & 0o077 for file in files),
        sound=str(store.db.value("PRAGMA quick_check(1)")) if size <= CHECKED_BYTES else "",
    )

"""The one store: customers, connections, postings, acts and the audit log. No SQL stands outside this folder."""

import socket
from pathlib import Path

from backend.model.clock import Clock
from backend.store.acceptance import Acceptance
from backend.store.deliveries import Deliveries
from backend.store.engine import Engine, StoreError
from backend.store.fleet import SORTS
from backend.store.forecast import Forecasts
from backend.store.handover import Handovers
from backend.store.postings import Postings
from backend.store.problems import Problems
from backend.store.records import AgentBusy, Records
from backend.store.registry import Registry
from backend.store.reminders import Reminders
from backend.store.schema import migrate
from backend.store.sqlite import SqliteEngine
from backend.store.tables import Assess

__all__ = ["SORTS", "AgentBusy", "Store", "StoreError", "open_store"]


class Store(Handovers, Postings, Reminders, Acceptance, Deliveries, Registry, Problems, Forecasts, Records):
    """Implements `FleetReader`, `Door`, `Books` and `Vault` of `backend.ports` on one engine. Thread-safe."""

    def close(self) -> None:
        """Finish what is queued and let go of everything."""
        self.db.close()
        self.sessions.close()


def open_store(
    place: Path | str,
    *,
    assess: Assess,
    clock: Clock,
    key: bytes | None = None,
    stale_after: int = 36 * 3600,
    may_migrate: bool = True,
) -> Store:
    """Open a store, made and brought up to date when need be: the file of a path, or the database of an address.

    `key` seals tokens; without it the key file does that stands beside the store's file, or in this user's folder.
    Raises StoreError, with a sentence, for a store that cannot be used or is newer than this program, or older where
    it may not be brought up to date.
    """
    engine = _engine(place)
    try:
        migrate(engine, may=may_migrate)
    except BaseException:
        engine.close()
        raise
    store = Store(engine, assess, clock, stale_after=stale_after)
    store.key = (lambda: key) if key is not None else store.own_key
    store.host = socket.gethostname()
    return store


def _engine(place: Path | str) -> Engine:
    if isinstance(place, Path):
        return SqliteEngine(place)
    try:
        from backend.store.postgres import PostgresEngine
    except ImportError as error:
        raise StoreError(
            f"PostgreSQL needs its driver, which is not installed ({error}). Run: pip install 'forny[postgres]'"
        ) from None
    return PostgresEngine(place)

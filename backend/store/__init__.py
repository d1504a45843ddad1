"""The one store: customers, connections, postings, acts and the audit log. No SQL stands outside this folder."""

import socket
from pathlib import Path

from backend.model.clock import Clock
from backend.store.acceptance import Acceptance
from backend.store.deliveries import Deliveries
from backend.store.engine import StoreError
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
from backend.store.tokens import key_beside

__all__ = ["SORTS", "AgentBusy", "Store", "StoreError", "open_store"]


class Store(Handovers, Postings, Reminders, Acceptance, Deliveries, Registry, Problems, Forecasts, Records):
    """Implements `FleetReader`, `Door`, `Books` and `Vault` of `backend.ports` on one engine. Thread-safe."""

    def close(self) -> None:
        """Finish what is queued and let go of everything."""
        self.db.close()
        self.sessions.close()


def open_store(
    path: Path, *, assess: Assess, clock: Clock, key: bytes | None = None, stale_after: int = 36 * 3600
) -> Store:
    """Open a store, made and brought up to date when need be. `key` seals tokens (default: the key file beside it).

    Raises StoreError, with a sentence, for a store that cannot be used or is newer than this program.
    """
    engine = SqliteEngine(path)
    try:
        migrate(engine)
    except BaseException:
        engine.close()
        raise
    store = Store(engine, assess, clock, stale_after=stale_after)
    store.key = (lambda: key) if key is not None else (lambda: key_beside(path))
    store.host = socket.gethostname()
    return store

"""Attempts, and the agent's own record."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from backend.model.facts import Attempt
from backend.model.views import AgentStatus
from backend.store.codec import at, ms, number, when
from backend.store.history import thin
from backend.store.limits import Limits
from backend.store.liveness import Lock


class AgentBusy(Exception):
    """Another process acts on this store already; `status` says which."""

    def __init__(self, status: AgentStatus | None) -> None:
        super().__init__("another agent is at work")
        self.status = status


class Records(Limits):
    """The rest of `ports.FleetReader`, and the right to act."""

    def attempts(self, connection: str, limit: int) -> list[Attempt]:
        rows = self.db.rows(
            "SELECT * FROM attempts WHERE connection = ? ORDER BY id DESC LIMIT ?", (number(connection), limit)
        )
        return [
            Attempt(
                connection=connection,
                operation=row["operation"],
                started_at=at(row["started_at"]),
                ended_at=at(row["ended_at"]),
                outcome=row["outcome"],
                http_status=row["http_status"],
                request_id=row["request_id"],
                correlation_id=row["correlation_id"],
                user_present=bool(row["user_present"]),
                detail=row["detail"],
                answer=row["answer"],
            )
            for row in rows
        ]

    def thin_history(self, now: datetime) -> int:
        """Thin what is kept of old routine fetches, some connections at a time; gives how many rows went."""
        with self.db.write():
            self.prune_spent(now)
            return thin(self.db, now)

    @property
    def _agent_lock(self) -> Lock:
        return self.db.lock("agent")

    @contextmanager
    def become_agent(self, kind: str) -> Iterator[None]:
        """Hold the right to act on this store; raises AgentBusy while another process has it.

        `kind` is `agent`, `once`, `console` or `command`. The system takes the right back with the process.
        """
        lock = self._agent_lock
        if not lock.acquire():
            raise AgentBusy(self.agent_status())
        now = self.clock.now()
        try:
            with self.db.write():
                before = self.db.row("SELECT coalesce(last_round_at, started_at) AS last FROM agent")
                data = {"kind": kind, "pid": os.getpid(), "last": before and at(before["last"]).isoformat()}
                self.log("agent.started", None, data, now)
                self.db.run(
                    "INSERT INTO agent (one, pid, host, kind, started_at) VALUES (1, ?, ?, ?, ?) ON CONFLICT (one)"
                    " DO UPDATE SET pid = excluded.pid, host = excluded.host, kind = excluded.kind,"
                    " started_at = excluded.started_at, trouble = ''",
                    (os.getpid(), socket.gethostname(), kind, ms(now)),
                )
            self.db.acting = lock
            yield
        finally:
            self.db.acting = None
            lock.release()

    def note_round(self, now: datetime, trouble: str = "") -> None:
        """The agent has been round once more; `trouble` is a text key when it could not work."""
        with self.db.write():
            before = self.db.value("SELECT trouble FROM agent")
            self.db.run("UPDATE agent SET last_round_at = ?, trouble = ?", (ms(now), trouble))
            if before is not None and before != trouble:
                self.log("agent.trouble", None, {"trouble": trouble, "before": before}, now)

    def agent_status(self) -> AgentStatus | None:
        row = self.db.row("SELECT * FROM agent")
        if row is None:
            return None
        return AgentStatus(
            pid=row["pid"],
            host=row["host"],
            kind=row["kind"],
            started_at=at(row["started_at"]),
            last_round_at=when(row["last_round_at"]),
            alive=self._agent_lock.held_by_somebody(),
            trouble=row["trouble"],
            silent_since=when(row["silent_since"]),
        )

"""What has been spent of banks' allowances, and the gates that an agent has shut: both outlive it (DESIGN §11)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from backend.model.limits import Gate
from backend.store.codec import at, ms, number, public, when
from backend.store.tables import Tables

SPENT_KEPT = timedelta(days=2)
"""Look-ups older than this count for nothing any more."""

_NO_ACCOUNT = 0
"""Where a look-up stands of a connection whose accounts we do not know yet."""


class Limits(Tables):
    """The ledger of look-ups by account and scope, and the gates as they were last written."""

    def spend(self, connections: Sequence[str], scope: str, now: datetime) -> None:
        """One unattended look-up of each account of these, against the banks' allowance (`facts/operations.md` §6)."""
        keys, instant = [number(connection) for connection in connections], ms(now)
        marks = ",".join("?" * len(keys)) or "NULL"
        with self.db.write():
            self.db.run(
                "INSERT INTO spent (connection, account, scope, at) SELECT connection, id, ?, ? FROM accounts"
                f" WHERE connection IN ({marks}) AND seen = 1 AND orphaned = 0",
                (scope, instant, *keys),
            )
            self.db.run(
                "INSERT INTO spent (connection, account, scope, at)"
                f" SELECT c.id, CAST(? AS INTEGER), ?, ? FROM connections c WHERE c.id IN ({marks}) AND NOT EXISTS"
                " (SELECT 1 FROM accounts a WHERE a.connection = c.id AND a.seen = 1 AND a.orphaned = 0)",
                (_NO_ACCOUNT, scope, instant, *keys),
            )

    def spent(self, ids: Sequence[str], scope: str, since: datetime) -> dict[str, tuple[datetime, ...]]:
        """By connection: when the account was looked up that was looked up most often after `since`, oldest first."""
        found: dict[tuple[int, int], list[datetime]] = {}
        for start in range(0, len(ids), 500):
            some = [number(connection) for connection in ids[start : start + 500]]
            marks = ",".join("?" * len(some))
            for row in self.db.rows(
                f"SELECT connection, account, at FROM spent WHERE connection IN ({marks}) AND scope = ? AND at > ?"
                " ORDER BY at",
                (*some, scope, ms(since)),
            ):
                found.setdefault((row["connection"], row["account"]), []).append(at(row["at"]))
        ascending = sorted(found.items(), key=lambda entry: len(entry[1]))
        return {public(connection): tuple(times) for (connection, _), times in ascending}

    def prune_spent(self, now: datetime) -> int:
        """Forget look-ups that count for nothing any more; gives how many."""
        with self.db.write():
            return self.db.run("DELETE FROM spent WHERE at < ?", (ms(now - SPENT_KEPT),))

    def gates(self) -> list[Gate]:
        """Every gate as it was last written, providers' own before their banks'."""
        rows = self.db.rows("SELECT * FROM gates ORDER BY provider, bank")
        return [
            Gate(
                provider=row["provider"],
                bank=row["bank"],
                until=when(row["until"]),
                reason=row["reason"],
                width=row["width"],
            )
            for row in rows
        ]

    def shut_gates(self, now: datetime) -> list[Gate]:
        """The gates through which nothing passes at this moment."""
        return [gate for gate in self.gates() if gate.until is not None and gate.until > now]

    def keep_gates(self, gates: Sequence[Gate], now: datetime) -> None:
        """Write gates down as they stand now; one that was written before is replaced."""
        with self.db.write():
            self.db.many(
                "INSERT INTO gates (provider, bank, until, reason, width, at) VALUES (?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (provider, bank) DO UPDATE SET until = excluded.until, reason = excluded.reason,"
                " width = excluded.width, at = excluded.at",
                [(gate.provider, gate.bank, ms(gate.until), gate.reason, gate.width, ms(now)) for gate in gates],
            )

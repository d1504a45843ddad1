"""What a renewal has left in doubt is let go by an operator, once, in one transaction (law 6)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from backend.model.facts import PROMISE
from backend.model.renewals import Accepted
from backend.store.codec import ms, number
from backend.store.journal import Journal


class Acceptance(Journal):
    """Implements `accept_renewal` of `ports.Door`."""

    def accept_renewal(
        self, connection: str, carry: Sequence[tuple[str, str]], now: datetime, *, operator: str, host: str
    ) -> Accepted:
        """Rows of the accounts in doubt go on, promised from now.

        A pair of `carry` makes two accounts one: its held rows are set aside, and the next fetch, which is due at
        once, compares all with what the old number brought, so that none is delivered twice (law 7).
        Raises LookupError for an unknown connection and ValueError for a pair that is none; then nothing is changed.
        """
        key = number(connection)
        with self.db.write():
            if self.db.value("SELECT id FROM connections WHERE id = ?", (key,)) is None:
                raise LookupError(connection)
            accounts = {row["key"]: row for row in self.db.rows("SELECT * FROM accounts WHERE connection = ?", (key,))}
            doubted = tuple(name for name, row in accounts.items() if row["doubt"])
            if not doubted:
                return Accepted(connection=connection)
            for new, old in carry:
                row = accounts.get(old)
                if new not in doubted or old in doubted or row is None or (row["seen"] > 0 and not row["orphaned"]):
                    raise ValueError(f"{new}={old}")
            if len({name for pair in carry for name in pair}) != 2 * len(carry):
                raise ValueError("one account in two pairs")
            for new, old in carry:
                self._join(accounts[new], accounts[old])
            released, waiting = self._let_go(key, [accounts[name] for name in doubted], now)
            self.db.run("UPDATE accounts SET doubt = '' WHERE connection = ?", (key,))
            self.db.run(
                "UPDATE cases SET accepted_at = ?, accepted_by = ? WHERE id ="
                " (SELECT max(id) FROM cases WHERE connection = ? AND diff IS NOT NULL)",
                (ms(now), operator, key),
            )
            if carry:
                self.db.run(
                    "UPDATE connections SET next_fetch_at = CASE WHEN last_outcome = 'rate_limited' AND last_until > ?1"
                    " THEN last_until ELSE ?1 END WHERE id = ?2 AND next_fetch_at IS NOT NULL",
                    (ms(now), key),
                )
            data: dict[str, object] = {"accounts": doubted, "carried": list(carry), "released": released}
            self.log("renew.accepted", key, data, now, operator=operator, host=host)
            self.reassess(key, now)
        return Accepted(
            connection=connection, accounts=doubted, carried=tuple(carry), released=released, waiting=waiting
        )

    def _join(self, new: Any, old: Any) -> None:
        """One account from now on: the new number with the old mapping, and its rows under one key.

        It gets an id of its own, so that a fetch that is under way and knows two accounts changes neither back.
        """
        seq = int(self.db.value("SELECT coalesce(max(seq), 0) FROM postings"))
        held = self.db.rows("SELECT id FROM postings WHERE account = ? AND state = 'held'", (new["id"],))
        self.db.many(
            "UPDATE postings SET state = 'dropped', seq = ? WHERE id = ?",
            [(seq + place, row["id"]) for place, row in enumerate(held, start=1)],
        )
        one = self.db.value(
            "INSERT INTO accounts (connection, provider_account_id, key, name) VALUES (?, '', '', '') RETURNING id",
            (new["connection"],),
        )
        self.db.run(
            "UPDATE postings SET account = ?, account_key = ? WHERE agreement ="
            " (SELECT agreement FROM connections WHERE id = ?) AND account_key IN (?, ?)",
            (one, new["key"], new["connection"], new["key"], old["key"]),
        )
        self.db.run("DELETE FROM accounts WHERE id IN (?, ?)", (old["id"], one))
        self.db.run(
            "UPDATE accounts SET id = ?, ledger_account = coalesce(?, ledger_account), last_fetched = ? WHERE id = ?",
            (one, old["ledger_account"], old["last_fetched"], new["id"]),
        )

    def _let_go(self, connection: int, accounts: Sequence[Any], now: datetime) -> tuple[int, int]:
        """Rows that waited for the acceptance are queued, or wait for their ledger account; gives how many of each."""
        counts = {True: 0, False: 0}
        seq = int(self.db.value("SELECT coalesce(max(seq), 0) FROM postings"))
        for account in accounts:
            ledger = account["ledger_account"]
            rows = self.db.rows(
                "SELECT id FROM postings WHERE connection = ? AND account = ? AND state = 'held'"
                " AND reason = 'renewal_not_accepted' ORDER BY date, seq",
                (connection, account["id"]),
            )
            state, reason, due = (
                ("held", "no_ledger_account", None) if ledger is None else ("queued", None, now + PROMISE)
            )
            self.db.many(
                "UPDATE postings SET state = ?, reason = ?, ledger_account = ?, due_at = ?, seq = ? WHERE id = ?",
                [(state, reason, ledger, ms(due), seq + at, row["id"]) for at, row in enumerate(rows, start=1)],
            )
            seq += len(rows)
            counts[ledger is not None] += len(rows)
        return counts[True], counts[False]

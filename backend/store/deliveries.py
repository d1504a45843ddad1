"""Postings on their way out: a batch and its key are on disk before it is sent, and settled under that key (law 7)."""

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta

from backend.model.facts import Delivery, Receipt
from backend.model.views import PostingFilter, PostingLine
from backend.store.codec import ms, number, posting_of
from backend.store.tables import Tables

BATCH = 200
"""Postings in one delivery at most."""

_FIRST_RETRY = timedelta(seconds=30)
_LONGEST_RETRY = timedelta(hours=1)


class Deliveries(Tables):
    """Implements the transfer half of `ports.Books`, and the log of postings."""

    def open_deliveries(
        self, limit: int, now: datetime, *, at_once: bool = False, without: Collection[str] = ()
    ) -> list[Delivery]:
        """Batches to send now: those without an answer first, under their old key, then new ones; none of `without`.

        One batch at a time for a ledger account, so that its rows arrive in order. `at_once` does not wait out our
        own pauses between tries; a time that the other side stated always counts.
        """
        with self.db.write():
            found = self.db.rows(
                "SELECT key FROM deliveries WHERE settled_at IS NULL"
                " AND (coalesce(retry_at, 0) <= ? OR (? = 1 AND outcome <> 'rate_limited'))"
                " ORDER BY created_at, key LIMIT ?",
                (ms(now), at_once, limit + len(without)),
            )
            keys = [row["key"] for row in found if row["key"] not in without][:limit]
            if len(keys) < limit:
                keys += self._form(limit - len(keys), now)
        return [self._delivery(key) for key in keys]

    def _form(self, limit: int, now: datetime) -> list[str]:
        pairs = self.db.rows(
            "SELECT agreement, ledger_account FROM postings p WHERE state = 'queued' AND delivery IS NULL"
            " AND ledger_account IS NOT NULL AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.settled_at IS NULL"
            "   AND d.agreement = p.agreement AND d.ledger_account = p.ledger_account)"
            " GROUP BY agreement, ledger_account ORDER BY min(fetched_at) LIMIT ?",
            (limit,),
        )
        keys = []
        for pair in pairs:
            key = str(uuid.uuid4())
            self.db.run(
                "INSERT INTO deliveries (key, agreement, ledger_account, created_at) VALUES (?, ?, ?, ?)",
                (key, pair["agreement"], pair["ledger_account"], ms(now)),
            )
            self.db.run(
                "UPDATE postings SET delivery = ? WHERE id IN (SELECT id FROM postings WHERE agreement = ?"
                " AND ledger_account = ? AND state = 'queued' AND delivery IS NULL ORDER BY date, seq LIMIT ?)",
                (key, pair["agreement"], pair["ledger_account"], BATCH),
            )
            keys.append(key)
        return keys

    def _delivery(self, key: str) -> Delivery:
        head = self.db.row("SELECT agreement, ledger_account FROM deliveries WHERE key = ?", (key,))
        rows = self.db.rows(
            "SELECT * FROM postings WHERE delivery = ? AND state = 'queued' ORDER BY date, position, id", (key,)
        )
        assert head is not None
        return Delivery(
            key=key,
            agreement_number=head["agreement"],
            ledger_account=head["ledger_account"],
            postings=tuple(map(posting_of, rows)),
        )

    def settle_delivery(self, key: str, receipt: Receipt, now: datetime) -> str | None:
        """Book the answer. Rows that it does not name travel under a new key, after a pause; gives that key."""
        with self.db.write():
            touched = self._touched(key)
            seq = int(self.db.value("SELECT coalesce(max(seq), 0) FROM postings"))
            taken = [*receipt.acknowledged, *receipt.duplicates]
            self.db.many(
                "UPDATE postings SET state = 'acknowledged', reason = NULL, acknowledged_at = ?, seq = ?"
                " WHERE id = ? AND delivery = ?",
                [(ms(now), seq + place, posting, key) for place, posting in enumerate(taken, start=1)],
            )
            seq += len(taken)
            self.db.many(
                "UPDATE postings SET state = 'rejected', reason = ?, seq = ?"
                " WHERE id = ? AND delivery = ? AND state = 'queued'",
                [(reason, seq + place, pid, key) for place, (pid, reason) in enumerate(receipt.rejected, start=1)],
            )
            self.db.run(
                "UPDATE deliveries SET settled_at = ?, outcome = 'ok', tries = tries + 1, retry_at = NULL"
                " WHERE key = ?",
                (ms(now), key),
            )
            again = self._unanswered(key, now)
            self._outcome(touched, "ok", now)
        return again

    def _unanswered(self, key: str, now: datetime) -> str | None:
        rest = self.db.value("SELECT count(*) FROM postings WHERE delivery = ? AND state = 'queued'", (key,))
        if not rest:
            return None
        again = str(uuid.uuid4())
        self.db.run(
            "INSERT INTO deliveries (key, agreement, ledger_account, created_at, outcome, retry_at)"
            " SELECT ?, agreement, ledger_account, ?, 'unanswered', ? FROM deliveries WHERE key = ?",
            (again, ms(now), ms(now + _FIRST_RETRY), key),
        )
        self.db.run("UPDATE postings SET delivery = ? WHERE delivery = ? AND state = 'queued'", (again, key))
        return again

    def fail_delivery(self, key: str, outcome: str, detail: str, until: datetime | None, now: datetime) -> None:
        """No answer that settles it: the same rows go again under the same key, later each time, or at `until`."""
        with self.db.write():
            touched = self._touched(key)
            tries = int(self.db.value("SELECT tries FROM deliveries WHERE key = ?", (key,)))
            pause = min(_FIRST_RETRY * 2 ** min(tries, 10), _LONGEST_RETRY)
            retry = until if until is not None and until > now else now + pause
            self.db.run(
                "UPDATE deliveries SET outcome = ?, detail = ?, tries = tries + 1, retry_at = ? WHERE key = ?",
                (outcome, detail, ms(retry), key),
            )
            self._outcome(touched, outcome, now)

    def _touched(self, key: str) -> list[int]:
        rows = self.db.rows("SELECT DISTINCT connection FROM postings WHERE delivery = ?", (key,))
        return [row["connection"] for row in rows]

    def _outcome(self, connections: list[int], outcome: str, now: datetime) -> None:
        for connection in connections:
            self.db.run("UPDATE connections SET delivery_outcome = ? WHERE id = ?", (outcome, connection))
            self.reassess(connection, now)

    # -- reading -----------------------------------------------------------------------------------------------

    def postings(self, query: PostingFilter, limit: int, *, newest_first: bool = False) -> list[PostingLine]:
        states = [str(state) for state in query.states]
        condition = f"p.state IN ({','.join('?' * len(states))})" if states else "p.state <> 'dropped'"
        values: list[object] = [query.after, *states]
        if query.connection is not None:
            condition += " AND p.connection = ?"
            values.append(number(query.connection))
        if query.changed:
            condition += " AND p.change IS NOT NULL AND p.decided_at IS NULL"
        if query.text:
            condition += " AND instr(fold(p.text || ' ' || p.amount || ' ' || c.customer || ' ' || p.agreement), ?) > 0"
            values.append(query.text)
        rows = self.db.rows(
            "SELECT p.*, c.customer, c.bank FROM postings p JOIN connections c ON c.id = p.connection"
            f" WHERE p.seq > ? AND {condition} ORDER BY p.seq {'DESC' if newest_first else 'ASC'} LIMIT ?",
            (*values, limit),
        )
        return [
            PostingLine(seq=row["seq"], posting=posting_of(row), customer=row["customer"], bank=row["bank"])
            for row in rows
        ]

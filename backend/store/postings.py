"""What operators decide about postings, written with its audit line in one transaction (laws 7 and 10)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from backend.model.facts import DISCARDED, PROMISE, Posting, PostingState
from backend.model.postings import Decided, Decision, Refusal, refusal
from backend.store.codec import ms, number, posting_of
from backend.store.journal import Journal

_SHORTEST = 8
"""Characters of an id that are enough when no other posting begins so; `p_` included."""


class Postings(Journal):
    """Implements the decisions of `ports.Door`."""

    def decide(
        self,
        postings: Sequence[str],
        decision: Decision,
        *,
        operator: str,
        host: str,
        now: datetime,
        dry_run: bool = False,
    ) -> Decided:
        """Accept or discard each posting; one that cannot be decided any more is told, not overruled.

        An id may be cut short where only one posting begins so. `dry_run` says what would be done, and does nothing.
        """
        done: dict[str, Posting] = {}
        refused: list[Refusal] = []
        with self.db.write():
            for name in dict.fromkeys(postings):
                rows = self._named(name)
                if len(rows) != 1:
                    refused.append(Refusal(posting=name, reason=f"decision.{'ambiguous' if rows else 'unknown'}"))
                    continue
                (row,) = rows
                posting = posting_of(row)
                if posting.id in done:
                    continue
                if (why := refusal(posting, row["mapped"], decision)) is not None:
                    refused.append(why)
                    continue
                after = done[posting.id] = _after(posting, decision, row["mapped"], operator, now)
                if not dry_run:
                    self._write(posting, after, operator, host, now)
            if not dry_run:
                for connection in {number(posting.connection) for posting in done.values()}:
                    self.reassess(connection, now)
        return Decided(done=tuple(done.values()), refused=tuple(refused))

    def _named(self, name: str) -> list[Any]:
        """The posting of that id, else those that begin so, two at most. What is cut too short names no single one."""
        select = "SELECT p.*, a.ledger_account AS mapped FROM postings p LEFT JOIN accounts a ON a.id = p.account"
        whole = self.db.rows(f"{select} WHERE p.id = ?", (name,))
        if whole or not name:
            return whole
        found = self.db.rows(f"{select} WHERE p.id > ? AND p.id < ? LIMIT 2", (name, name + "\x7f"))
        return found if len(name) >= _SHORTEST else found * 2

    def _write(self, before: Posting, after: Posting, operator: str, host: str, now: datetime) -> None:
        seq = int(self.db.value("SELECT coalesce(max(seq), 0) FROM postings")) + 1
        self.db.run(
            "UPDATE postings SET (state, reason, ledger_account, due_at, decided_at, decided_by, seq, delivery)"
            " = (?, ?, ?, ?, ?, ?, ?, iif(state IN ('held', 'rejected'), NULL, delivery)) WHERE id = ?",
            (
                after.state,
                after.reason,
                after.ledger_account,
                ms(after.due_at),
                ms(now),
                operator,
                seq,
                after.id,
            ),
        )
        word = "seen" if before.change else "accepted" if after.state is PostingState.QUEUED else "discarded"
        data: dict[str, object] = {
            "posting": after.id,
            "amount": format(after.amount, "f"),
            "currency": after.currency,
            "from": before.state,
            "to": after.state,
            "reason": before.change or before.reason,
        }
        self.log(f"posting.{word}", number(after.connection), data, now, operator=operator, host=host)


def _after(posting: Posting, decision: Decision, mapped: str | None, operator: str, now: datetime) -> Posting:
    """The posting once it is decided. What is accepted is promised from now on: it waited for a person until now."""
    decided = replace(posting, decided_at=now, decided_by=operator)
    if posting.change is not None:
        return decided
    if decision is Decision.DISCARD:
        return replace(decided, state=PostingState.DROPPED, reason=DISCARDED, due_at=None)
    return replace(decided, state=PostingState.QUEUED, reason=None, ledger_account=mapped, due_at=now + PROMISE)

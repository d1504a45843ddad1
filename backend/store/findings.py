"""What a fetch noticed beside its rows, written with them in one transaction, each news with a line of the log."""

from collections.abc import Sequence
from datetime import date, datetime

from backend.model.findings import Findings
from backend.store.codec import iso, ms
from backend.store.tables import Tables

ODD = "(state = 'rejected' OR reason = 'discarded' OR change IS NOT NULL)"
"""A row that the ledger and the bank do not both have, or not alike. The index `postings_odd` holds these only."""

_DAYS = 150
"""Days with rows that are enough to know an account's rhythm by."""


class Noticed(Tables):
    """Implements what `ports.Books` keeps of findings."""

    def odd_days(self, agreement: str) -> dict[str, date]:
        """By account key the newest day with a row that the ledger and the bank do not both have."""
        rows = self.db.rows(
            f"SELECT account_key, max(date) AS day FROM postings WHERE agreement = ? AND {ODD} GROUP BY account_key",
            (agreement,),
        )
        return {row["account_key"]: date.fromisoformat(row["day"]) for row in rows}

    def posting_days(self, agreement_number: str, account_keys: Sequence[str]) -> list[date]:
        """The newest days on which the bank had rows for an account, newest first; `_DAYS` at most."""
        rows = self.db.rows(
            f"SELECT DISTINCT date FROM postings WHERE agreement = ? AND account_key IN"
            f" ({','.join('?' * len(account_keys))}) AND (state <> 'dropped' OR reason = 'discarded')"
            " ORDER BY date DESC LIMIT ?",
            (agreement_number, *account_keys, _DAYS),
        )
        return [date.fromisoformat(row["date"]) for row in rows]

    def save_findings(self, connection: int, findings: Findings, now: datetime) -> None:
        """What is true of accounts now, and what the bank did to delivered rows: these wait for somebody to look."""
        for key, found in findings.accounts:
            values = (iso(found.silent_since), iso(found.gap_from), iso(found.gap_to), iso(found.missing_on))
            off = None if found.off_by is None else format(found.off_by, "f")
            names = ("silent_since", "gap_from", "gap_to", "missing_on", "off_by")
            self.db.run(
                f"UPDATE accounts SET ({', '.join(names)}) = (?, ?, ?, ?, ?) WHERE connection = ? AND key = ?",
                (*values, off, connection, key),
            )
            self.log(
                "account.findings", connection, {"account": key, **dict(zip(names, (*values, off), strict=True))}, now
            )
        for change in findings.changes:
            row = self.db.row(
                "UPDATE postings SET change = ?, changed_at = ?, decided_at = NULL, decided_by = NULL,"
                " seq = (SELECT max(seq) + 1 FROM postings) WHERE id = ?"
                " AND state IN ('acknowledged', 'queued') RETURNING date, amount, currency",
                (change.kind, ms(now), change.posting),
            )
            if row is not None:
                data: dict[str, object] = {"posting": change.posting, **dict(row)}
                data |= {"bank_date": iso(change.date), "bank_amount": change.amount and format(change.amount, "f")}
                self.log(f"posting.{change.kind}", connection, data, now)

"""Customers and connections as they come in from files and operators, and go out again."""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from backend.model.facts import PROMISE, Account, Tokens
from backend.model.text import fold
from backend.model.views import ImportRecord, ImportReport
from backend.store.codec import iso, ms, public, when
from backend.store.intake import Intake
from backend.store.lost import LostTokens
from backend.store.tokens import TokenBox

_BATCH = 2000
"""Import lines that share one transaction."""


class Registry(Intake, LostTokens, TokenBox):
    """Implements import, export and new connections of `ports.Door`."""

    def import_records(self, records: Iterable[ImportRecord], now: datetime, operator: str) -> ImportReport:
        """Take in lines, each batch in one transaction. A line that was taken before changes nothing.

        A refresh token is taken only when the line brings another one than the line before did: what the store
        has rotated since is newer than any file (DESIGN §8).
        """
        added = changed = unchanged = 0
        lines = iter(records)
        while batch := list(islice(lines, _BATCH)):
            with self.db.write():
                fates = [self._import(record, now) for record in batch]
                added += fates.count("added")
                changed += fates.count("changed")
                unchanged += fates.count("unchanged")
                if len(batch) != fates.count("unchanged"):
                    counts = {name: fates.count(name) for name in ("added", "changed", "unchanged")}
                    self.log("import", None, dict(counts), now, operator=operator)
        return ImportReport(added=added, changed=changed, unchanged=unchanged)

    def _import(self, record: ImportRecord, now: datetime) -> str:
        known = self._find(record)
        if known is not None and known["fingerprint"] == record.fingerprint:
            return "unchanged"
        self.db.run(
            "UPDATE connections SET mail_refused = 0 WHERE mail_refused = 1 AND agreement = ?1 AND ?2 <>"
            " (SELECT email FROM customers WHERE agreement = ?1)",
            (record.agreement_number, record.email),
        )
        self.db.run(
            "INSERT INTO customers (agreement, name, email) VALUES (?, ?, ?)"
            " ON CONFLICT (agreement) DO UPDATE SET name = excluded.name, email = excluded.email",
            (record.agreement_number, record.customer, record.email),
        )
        token = None if record.refresh_token is None else hashlib.sha256(record.refresh_token.encode()).hexdigest()
        if known is None:
            key = self._insert(record, token, now)
        else:
            key = known["id"]
            self.db.run(
                "UPDATE connections SET bank = ?, data_from = coalesce(?, data_from), fingerprint = ?,"
                " expires_at = CASE WHEN renewed_at IS NULL THEN ? ELSE expires_at END WHERE id = ?",
                (record.bank, iso(record.data_from), record.fingerprint, ms(record.expires_at), key),
            )
            self.db.run(
                "UPDATE connections SET customer = ?, name_fold = ? WHERE agreement = ?",
                (record.customer, fold(record.customer), record.agreement_number),
            )
            for sibling in self.db.rows(
                "SELECT id FROM connections WHERE agreement = ? AND id <> ?", (record.agreement_number, key)
            ):
                self.refresh_haystack(sibling["id"])
                self.reassess(sibling["id"], now)
            if token is not None and token != known["imported_token"] and known["removed_at"] is None:
                self._take_token(record, key, token, now)
        self._mappings(record, key, now)
        self.mind_twins(key, now)
        self.refresh_haystack(key)
        self.reassess(key, now)
        return "added" if known is None else "changed"

    def _find(self, record: ImportRecord) -> Any:
        """By any consent the connection ever had; without a consent, by agreement and bank."""
        if record.consent_id is not None:
            return self.db.row(
                "SELECT c.* FROM consents s JOIN connections c ON c.id = s.connection"
                " WHERE s.consent_id = ? AND c.agreement = ? AND c.provider = ? ORDER BY s.id LIMIT 1",
                (record.consent_id, record.agreement_number, record.provider),
            )
        return self.db.row(
            "SELECT * FROM connections WHERE agreement = ? AND provider = ? AND bank = ? AND consent IS NULL LIMIT 1",
            (record.agreement_number, record.provider, record.bank),
        )

    def _insert(self, record: ImportRecord, token: str | None, now: datetime) -> int:
        live = record.consent_id is not None
        key = int(
            self.db.value(
                "INSERT INTO connections (agreement, provider, bank, customer, name_fold, said, expires_at, data_from,"
                " connected_at, next_fetch_at, fingerprint, imported_token)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
                (
                    record.agreement_number,
                    record.provider,
                    record.bank,
                    record.customer,
                    fold(record.customer),
                    "valid" if live else "none",
                    ms(record.expires_at),
                    iso(record.data_from),
                    ms(now) if live else None,
                    ms(now) if live and token else None,
                    record.fingerprint,
                    token,
                ),
            )
        )
        self.join_incident(key)
        if live:
            consent = self.db.value(
                "INSERT INTO consents (connection, consent_id, state, expires_at, granted_at)"
                " VALUES (?, ?, 'live', ?, ?) RETURNING id",
                (key, record.consent_id, ms(record.expires_at), ms(now)),
            )
            self.db.run("UPDATE connections SET consent = ? WHERE id = ?", (consent, key))
            if record.refresh_token is not None:
                self.keep_tokens(consent, Tokens(refresh_token=record.refresh_token))
        return key

    def _take_token(self, record: ImportRecord, key: int, token: str, now: datetime) -> None:
        """A file brings new keys for a known connection: the next fetch uses them."""
        consent = self.db.value("SELECT consent FROM connections WHERE id = ?", (key,))
        if consent is None or record.refresh_token is None:
            return
        self.keep_tokens(consent, Tokens(refresh_token=record.refresh_token))
        self.db.run(
            "UPDATE connections SET imported_token = ?, said = 'valid', next_fetch_at = ? WHERE id = ?",
            (token, ms(now), key),
        )
        self.trust(key, ms(now))

    def _mappings(self, record: ImportRecord, key: int, now: datetime) -> None:
        for account in record.accounts:
            fact = Account(
                provider_account_id=account.account_id, iban=account.iban, bban=account.bban, name=account.name
            )
            self.db.run(
                "INSERT INTO accounts (connection, provider_account_id, key, iban, bban, name, ledger_account)"
                " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (connection, key) DO UPDATE SET name = excluded.name,"
                " ledger_account = coalesce(excluded.ledger_account, accounts.ledger_account)",
                (
                    key,
                    account.account_id,
                    fact.key,
                    account.iban,
                    account.bban,
                    account.name,
                    account.ledger_account,
                ),
            )
            if account.ledger_account is not None:
                self.release_mapped(key, fact.key, account.ledger_account, now)

    def release_mapped(self, connection: int, account_key: str, ledger_account: str, now: datetime) -> None:
        """Rows that waited for a ledger account go on once the account has one, promised from now on."""
        rows = self.db.rows(
            "SELECT id FROM postings WHERE connection = ? AND account_key = ? AND state = 'held'"
            " AND reason = 'no_ledger_account' ORDER BY date, seq",
            (connection, account_key),
        )
        if not rows:
            return
        seq = int(self.db.value("SELECT coalesce(max(seq), 0) FROM postings"))
        self.db.many(
            "UPDATE postings SET state = 'queued', reason = NULL, ledger_account = ?, due_at = ?, seq = ? WHERE id = ?",
            [(ledger_account, ms(now + PROMISE), seq + place, row["id"]) for place, row in enumerate(rows, start=1)],
        )

    def add_connection(
        self, agreement: str, bank: str, provider: str, now: datetime, *, operator: str, host: str
    ) -> str:
        """A connection that is yet to be made (*ny forbindelse*); one that waits already is taken again.

        Raises LookupError when there is no customer with that agreement number.
        """
        with self.db.write():
            customer = self.db.row("SELECT name FROM customers WHERE agreement = ?", (agreement,))
            if customer is None:
                raise LookupError(agreement)
            key = self.db.value(
                "SELECT id FROM connections WHERE agreement = ? AND bank = ? AND provider = ? AND consent IS NULL"
                " AND removed_at IS NULL",
                (agreement, bank, provider),
            )
            if key is None:
                name = customer["name"]
                key = self.db.value(
                    "INSERT INTO connections (agreement, provider, bank, customer, name_fold) VALUES (?, ?, ?, ?, ?)"
                    " RETURNING id",
                    (agreement, provider, bank, name, fold(name)),
                )
                told = {"agreement": agreement, "bank": bank, "provider": provider}
                self.log("connection.added", key, told, now, operator=operator, host=host)
                self.refresh_haystack(key)
                self.reassess(key, now)
        return public(key)

    def export(self) -> Iterator[dict[str, object]]:
        last = 0
        while rows := self.db.rows(
            "SELECT c.*, u.email, s.consent_id FROM connections c JOIN customers u ON u.agreement = c.agreement"
            " LEFT JOIN consents s ON s.id = c.consent WHERE c.id > ? ORDER BY c.id LIMIT 1000",
            (last,),
        ):
            for row in rows:
                last = row["id"]
                expires = when(row["expires_at"])
                accounts = self.db.rows("SELECT * FROM accounts WHERE connection = ? ORDER BY id", (last,))
                yield {
                    "agreement_number": row["agreement"],
                    "customer": row["customer"],
                    "email": row["email"],
                    "provider": row["provider"],
                    "consent_id": row["consent_id"],
                    "refresh_token": None,
                    "bank": row["bank"],
                    "data_from": row["data_from"],
                    "expires_at": None if expires is None else expires.isoformat().replace("+00:00", "Z"),
                    "accounts": [
                        {
                            "account_id": account["provider_account_id"],
                            "iban": account["iban"],
                            "bban": account["bban"],
                            "name": account["name"],
                            "ledger_account": account["ledger_account"],
                        }
                        for account in accounts
                    ],
                }

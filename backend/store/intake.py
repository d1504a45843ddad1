"""What a fetch brings in: accounts, postings, the outcome and the health that follows from it, in one transaction."""

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta

from backend.model.facts import PROMISE, Account, Attempt, Consent, Posting
from backend.model.findings import NO_FINDINGS, Findings
from backend.model.incidents import CAUSES
from backend.model.text import searchable
from backend.model.views import FetchContext
from backend.store.codec import account_of, day, iso, login_of, ms, number, posting_of, public, when
from backend.store.findings import Noticed
from backend.store.webhooks import Webhooks

_FAILURES_KEEP_RETRY = timedelta(minutes=30)
"""A fetch that failed for another reason than a stated time is tried again after this (law 5: never at once), and the
more rarely the longer it fails, up to its usual pause: a third try mends next to nothing (`facts/operations.md` §0.6).
"""

_CUSTOMER_RETRY = timedelta(hours=24)
"""While only the customer can help, asking more often is waste; his own renewal at the hub is noticed within a day."""

_AFTER_RENEWAL = timedelta(minutes=10)
"""Until the bank's first news after a renewal we look often: rows are promised within six hours (help page)."""

HOUR = 3_600_000
"""Milliseconds in which a bank's tries are counted together."""

_POSTING = (
    "id, seq, connection, agreement, account, account_key, iban, ledger_account, source_id, date, value_date, amount,"
    " currency, text, balance, position, state, reason, fetched_at, due_at, acknowledged_at"
)


_SETTLED = "(postings.state IN ('acknowledged', 'rejected', 'queued') OR coalesce(postings.reason, '') = 'discarded')"
"""What a fetch does not turn: it compared with what was known when it began, and an operator may have decided since."""


class Intake(Webhooks, Noticed):
    """Implements the fetching half of `ports.Books`."""

    def due(
        self,
        now: datetime,
        fetch_every: int,
        limit: int,
        after: str | None = None,
        *,
        without: Collection[str] = (),
    ) -> list[tuple[str, str]]:
        """Connections to fetch now and their banks, longest untried first; with `fetch_every` 0 all, by id.

        None at the banks in `without`: those that have enough to do never hide the others. Nobody is asked before a
        rate limit's own time, whatever `fetch_every` says (law 4), and nobody inside an incident: there one canary asks
        for all.
        """
        elsewhere = f" AND bank NOT IN ({','.join('?' * len(without))})" if without else ""
        if fetch_every:
            rows = self.db.rows(
                "SELECT id, bank FROM connections WHERE removed_at IS NULL AND next_fetch_at IS NOT NULL"
                f" AND incident IS NULL AND next_fetch_at <= ?{elsewhere} ORDER BY next_fetch_at, id LIMIT ?",
                (ms(now), *without, limit),
            )
        else:
            rows = self.db.rows(
                "SELECT id, bank FROM connections WHERE removed_at IS NULL AND next_fetch_at IS NOT NULL AND id > ?"
                " AND incident IS NULL"
                " AND NOT (last_outcome = 'rate_limited' AND coalesce(last_until, 0) > ?) ORDER BY id LIMIT ?",
                (number(after) if after else 0, ms(now), limit),
            )
        return [(public(row["id"]), row["bank"]) for row in rows]

    def fetch_context(self, connection: str) -> FetchContext | None:
        row = self.db.row(
            "SELECT c.*, s.consent_id, u.email FROM connections c JOIN customers u ON u.agreement = c.agreement"
            " LEFT JOIN consents s ON s.id = c.consent WHERE c.id = ?",
            (number(connection),),
        )
        if row is None:
            return None
        accounts = self.db.rows("SELECT * FROM accounts WHERE connection = ? ORDER BY id", (row["id"],))
        others = self.db.rows(
            "SELECT a.key, a.ledger_account, c.bank, c.consent_axis FROM accounts a"
            " JOIN connections c ON c.id = a.connection"
            " WHERE c.agreement = ? AND c.id <> ? AND c.removed_at IS NULL",
            (row["agreement"], row["id"]),
        )
        return FetchContext(
            connection=connection,
            login=login_of(row),
            agreement_number=row["agreement"],
            customer=row["customer"],
            provider=row["provider"],
            bank=row["bank"],
            consent=row["consent"] if row["removed_at"] is None else None,
            consent_id=row["consent_id"] or "",
            data_from=day(row["data_from"]),
            last_fetched=when(row["last_fetched"]),
            renewed_at=when(row["renewed_at"]),
            expires_at=when(row["expires_at"]),
            usual_end_at=when(row["usual_end_at"]),
            accounts=tuple(map(account_of, accounts)),
            elsewhere=frozenset(other["key"] for other in others),
            lapsed={
                other["key"]: other["ledger_account"]
                for other in others
                if other["consent_axis"] not in (Consent.VALID, Consent.EXPIRING) and row["bank"] in ("", other["bank"])
            },
            odd=self.odd_days(row["agreement"]),
            selected_at=when(row["selected_at"]),
            removed=row["removed_at"] is not None,
        )

    def known_rows(self, agreement_number: str, account_keys: Sequence[str], since: date | None) -> list[Posting]:
        """Postings of one bank account of a customer, whatever connection brought them; dropped ones too."""
        rows = self.db.rows(
            f"SELECT * FROM postings WHERE agreement = ? AND account_key IN ({','.join('?' * len(account_keys))})"
            " AND date >= ? ORDER BY date, position",
            (agreement_number, *account_keys, iso(since) or ""),
        )
        return list(map(posting_of, rows))

    def start_fetch(self, connection: str, now: datetime) -> None:
        with self.db.write():
            self.db.run("UPDATE connections SET running_since = ? WHERE id = ?", (ms(now), number(connection)))

    def save_fetch(
        self,
        connection: str,
        now: datetime,
        *,
        outcome: str,
        detail: str = "",
        until: datetime | None = None,
        accounts: Sequence[Account] = (),
        upserts: Sequence[Posting] = (),
        dropped: Sequence[str] = (),
        findings: Findings = NO_FINDINGS,
        fetch_every: int = 7200,
    ) -> None:
        """The end of one fetch. `last_fetched` moves only when the fetch worked, and no further than its data (law 3).

        Fresh data from the bank after the day that the consent was said to end disproves that day: the customer has
        renewed by himself, or the forecast was wrong (`facts/operations.md` §0 rule 2). An event that came while the
        fetch was under way may tell of more than it saw: then the next one follows at once.
        """
        key = number(connection)
        worked = outcome in ("ok", "ok_empty")
        with self.db.write():
            before = self.before_fetch(key)
            failing = None if before is None else when(before["failing_since"])
            following = ms(_next(outcome, until, now, fetch_every, failing))
            self.save_accounts(key, accounts, now)
            self.save_postings(key, upserts, dropped)
            self.save_findings(key, findings, now)
            self.db.run(
                """
                UPDATE connections SET last_attempt_at = ?1, last_outcome = ?2, last_detail = ?3, last_until = ?4,
                  running_since = NULL,
                  next_fetch_at = CASE WHEN ?6 = 1 AND news_at > running_since THEN ?1 ELSE ?5 END,
                  last_fetched = CASE WHEN ?6 = 1 THEN coalesce((SELECT max(a.last_fetched) FROM accounts a
                    WHERE a.connection = ?7 AND a.orphaned = 0), ?1) ELSE last_fetched END,
                  failing_since = CASE WHEN ?6 = 1 THEN NULL ELSE coalesce(failing_since, ?1) END,
                  sync_failed = CASE WHEN ?6 = 1 AND (SELECT max(last_synchronized) FROM accounts a
                    WHERE a.connection = ?7) > (SELECT max(sent_at) FROM actions a
                    WHERE a.connection = ?7 AND a.act = 'sync') THEN 0 ELSE sync_failed END,
                  expires_at = CASE WHEN ?6 = 1 AND expires_at < (SELECT max(last_synchronized) FROM accounts a
                    WHERE a.connection = ?7 AND a.orphaned = 0) THEN NULL ELSE expires_at END,
                  data_from = coalesce(data_from, (SELECT min(date) FROM postings WHERE connection = ?7))
                WHERE id = ?7
                """,
                (
                    ms(now),
                    outcome,
                    detail,
                    ms(until),
                    following,
                    worked,
                    key,
                ),
            )
            self._note_try(key, outcome, now)
            if outcome == "needs_customer":
                self.note_end(key, now)
            self.db.run(
                "UPDATE connections SET next_fetch_at = min(next_fetch_at, ?) WHERE id = ? AND renewed_at > ?"
                " AND NOT EXISTS (SELECT 1 FROM accounts a WHERE a.connection = connections.id"
                "   AND a.last_synchronized > renewed_at)",
                (ms(now + _AFTER_RENEWAL), key, ms(now - PROMISE)),
            )
            self.weigh(key)
            self.mend(key, before, worked, now)
            self.mind_successor(key, now)
            self.reassess(key, now)
            if not worked:
                self.db.run(
                    "UPDATE problems SET last_at = ?1, times = times + 1 WHERE connection = ?2 AND closed_at IS NULL"
                    " AND last_at < ?1 AND (SELECT incident FROM connections WHERE id = ?2) IS NULL",
                    (ms(now), key),
                )

    def _note_try(self, connection: int, outcome: str, now: datetime) -> None:
        """Count towards what is usual at the bank; what happens inside an incident is not usual."""
        self.db.run(
            "INSERT INTO bank_hours (bank, hour, tries, failures) SELECT bank, ?, 1, ? FROM connections"
            " WHERE id = ? AND bank <> '' AND incident IS NULL"
            " ON CONFLICT (bank, hour) DO UPDATE SET tries = bank_hours.tries + 1,"
            " failures = bank_hours.failures + excluded.failures",
            ((ms(now) or 0) // HOUR, outcome in CAUSES, connection),
        )

    def save_accounts(self, connection: int, accounts: Sequence[Account], now: datetime) -> None:
        """Known accounts are updated, new ones added. A mapping to the ledger is never taken away here, nor a doubt.

        These are all that were looked for, so one that was never `seen` is now known to be missing (`seen` is -1).
        """
        for account in accounts:
            values = (
                account.provider_account_id,
                account.iban,
                account.bban,
                account.name,
                account.owner,
                account.currency,
                account.kind,
                account.orphaned,
                account.bank_id,
                account.bank_name,
                None if account.booked_balance is None else str(account.booked_balance),
                ms(account.last_synchronized),
                ms(account.last_fetched),
                1 if account.seen else -1,
            )
            columns = (
                "provider_account_id, iban, bban, name, owner, currency, kind, orphaned, bank_id, bank_name,"
                " booked_balance, last_synchronized, last_fetched, seen"
            )
            if account.id is not None:
                self.db.run(
                    f"UPDATE accounts SET ({columns}, key) = ({','.join('?' * 15)}) WHERE id = ? AND connection = ?",
                    (*values, account.key, account.id, connection),
                )
            else:
                self.db.run(
                    f"INSERT INTO accounts ({columns}, connection, key, ledger_account, doubt)"
                    f" VALUES ({','.join('?' * 18)})"
                    " ON CONFLICT (connection, key) DO UPDATE SET provider_account_id = excluded.provider_account_id,"
                    " name = excluded.name, orphaned = excluded.orphaned, seen = excluded.seen,"
                    " last_synchronized = excluded.last_synchronized",
                    (*values, connection, account.key, account.ledger_account, account.doubt),
                )
        if accounts:
            self.refresh_haystack(connection)
            self.mind_twins(connection, now)

    def refresh_haystack(self, connection: int) -> None:
        """What a word in a filter is looked for in: customer, agreement, bank, account numbers."""
        row = self.db.row("SELECT customer, agreement, bank FROM connections WHERE id = ?", (connection,))
        assert row is not None
        accounts = self.db.rows("SELECT iban, bban FROM accounts WHERE connection = ? ORDER BY id", (connection,))
        words = [row["customer"], row["agreement"], row["bank"]]
        words += [word for account in accounts for word in (account["iban"], account["bban"]) if word]
        self.db.run("UPDATE connections SET haystack = ? WHERE id = ?", (searchable(" ".join(words)), connection))

    def save_postings(self, connection: int, upserts: Sequence[Posting], dropped: Sequence[str]) -> None:
        """New and changed postings; each change gets a place at the end of the log.

        A row that is on its way stays as it was sent, because a repeat must say the same; one that has arrived
        is never turned back (law 7).
        The account is found again by its key: it may have come in with this very fetch.
        """
        if not upserts and not dropped:
            return
        rows = self.db.rows("SELECT key, id FROM accounts WHERE connection = ?", (connection,))
        accounts = {row["key"]: row["id"] for row in rows}
        seq = int(self.db.value("SELECT coalesce(max(seq), 0) FROM postings"))
        lines = [
            _line(posting, seq + place, accounts.get(posting.account_key, posting.account_id))
            for place, posting in enumerate(upserts, start=1)
        ]
        self.db.many(
            f"INSERT INTO postings ({_POSTING}) VALUES ({','.join('?' * 21)}) ON CONFLICT (id) DO UPDATE SET"
            " seq = excluded.seq, account = excluded.account, account_key = excluded.account_key,"
            " iban = excluded.iban, source_id = excluded.source_id,"
            " date = excluded.date, value_date = excluded.value_date, text = excluded.text,"
            " balance = excluded.balance, fetched_at = excluded.fetched_at,"
            f" ledger_account = iif({_SETTLED}, postings.ledger_account, excluded.ledger_account),"
            f" due_at = iif({_SETTLED}, postings.due_at, excluded.due_at),"
            f" state = iif({_SETTLED}, postings.state, excluded.state),"
            f" reason = iif({_SETTLED}, postings.reason, excluded.reason)"
            " WHERE NOT (postings.state = 'queued' AND postings.delivery IS NOT NULL)",
            lines,
        )
        seq += len(lines)
        self.db.many(
            "UPDATE postings SET state = 'dropped', seq = ? WHERE id = ?"
            " AND state IN ('held', 'queued') AND delivery IS NULL",
            [(seq + place, posting) for place, posting in enumerate(dropped, start=1)],
        )

    def record_attempts(self, attempts: Sequence[Attempt]) -> None:
        with self.db.write():
            self.db.many(
                "INSERT INTO attempts (connection, operation, started_at, ended_at, outcome, http_status, request_id,"
                " correlation_id, user_present, detail, answer) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        None if a.connection is None else number(a.connection),
                        a.operation,
                        ms(a.started_at),
                        ms(a.ended_at),
                        a.outcome,
                        a.http_status,
                        a.request_id,
                        a.correlation_id,
                        a.user_present,
                        a.detail,
                        a.answer,
                    )
                    for a in attempts
                ],
            )


def _next(outcome: str, until: datetime | None, now: datetime, fetch_every: int, failing: datetime | None) -> datetime:
    """When to come again. `failing`: since when no fetch has worked."""
    usual = timedelta(seconds=fetch_every)
    if until is not None and until > now:
        return until
    if outcome in ("ok", "ok_empty"):
        return now + usual
    if outcome in ("needs_customer", "suspended"):
        return now + _CUSTOMER_RETRY
    return now + max(_FAILURES_KEEP_RETRY, min(now - (failing or now), usual))


def _line(posting: Posting, seq: int, account: int) -> tuple[object, ...]:
    return (
        posting.id,
        seq,
        number(posting.connection),
        posting.agreement_number,
        account,
        posting.account_key,
        posting.iban,
        posting.ledger_account,
        posting.source_id,
        posting.date.isoformat(),
        iso(posting.value_date),
        str(posting.amount),
        posting.currency,
        posting.text,
        None if posting.balance is None else str(posting.balance),
        posting.position,
        posting.state,
        posting.reason,
        ms(posting.fetched_at),
        ms(posting.due_at),
        ms(posting.acknowledged_at),
    )

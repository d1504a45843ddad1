"""Incidents: what they are seen from, who stands in them, what waits behind them, and how their members go on.

A member carries its incident's number, so that holding its fetches and telling its verdict cost nothing per look.
Opening and closing mark members for reassessment (`next_change_at`) in one statement; `catch_up` does the rest.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from backend.model.facts import Bank
from backend.model.incidents import (
    CAUSES,
    BankWord,
    Count,
    IncidentView,
    OpenIncident,
    Opening,
    Restart,
    Scope,
    Usual,
)
from backend.store.codec import at, ms, number, public, when
from backend.store.intake import HOUR
from backend.store.lifetimes import Lifetimes

_KEPT_HOURS = 14 * 24
"""Hours of tries that are kept; more than any baseline looks back."""

_OUTAGE = tuple(CAUSES)
_LEDGER = ("refused_credentials", "provider_down", "unreachable", "malformed")
_BELONGS = {
    Scope.BANK: "bank = ?",
    Scope.CLUSTER: "bank IN (SELECT value FROM json_each(?))",
    Scope.PROVIDER: "provider = ?",
}

_MEMBERS = "c.incident = ?"
_BEHIND = {
    Scope.BANK: _MEMBERS,
    Scope.CLUSTER: _MEMBERS,
    Scope.PROVIDER: _MEMBERS,
    Scope.OWN: "c.removed_at IS NULL AND c.next_fetch_at IS NOT NULL AND ? IS NOT NULL",
    Scope.LEDGER: f"c.queued > 0 AND c.delivery_outcome IN {_LEDGER} AND ? IS NOT NULL",
}
"""Which connections stand behind an open incident, by its scope; the value is its number."""

STANDS_IN = f"""
coalesce(c.incident, (SELECT i.id FROM incidents i WHERE i.closed_at IS NULL AND (
  i.scope = 'own' AND c.last_outcome = 'refused_credentials'
  OR i.scope = 'ledger' AND p.cause IN ('ledger_refuses', 'transfer_late') AND c.delivery_outcome IN {_LEDGER})
  LIMIT 1))
"""
"""The open incident in which problem `p` of connection `c` stands: its bank's, or ours or bank reconciliation's where
that is its cause. Those two take in nobody, for they hold the whole fleet."""


STILL_IN = """
(SELECT i.id FROM incidents i WHERE i.closed_at IS NULL AND (
  i.scope = 'bank' AND i.key = connections.bank OR i.scope = 'provider' AND i.key = connections.provider
  OR i.scope = 'cluster' AND connections.bank IN (SELECT value FROM json_each(i.banks))) LIMIT 1)
"""
"""The open incident that a connection belongs to by where it is; what one incident lets go may stand in another."""


class Incidents(Lifetimes):
    """Implements the incident half of `ports.Books` and `ports.FleetReader`."""

    # -- what is seen ------------------------------------------------------------------------------------------

    def tries(self, since: datetime, least: int) -> list[Count]:
        """How the newest tries since then ended, at the banks (or aggregators) that fail; none below `least`."""
        marks = ",".join("?" * len(_OUTAGE))
        bad = self.db.rows(
            "SELECT provider, bank, last_outcome, count(*) AS n FROM connections WHERE failing_since IS NOT NULL"
            f" AND last_attempt_at >= ? AND last_outcome IN ({marks}) AND removed_at IS NULL AND incident IS NULL"
            " GROUP BY provider, bank, last_outcome",
            (ms(since), *_OUTAGE),
        )
        if sum(row["n"] for row in bad) < least:
            return []
        banks = sorted({row["bank"] for row in bad})
        providers = sorted({row["provider"] for row in bad if row["last_outcome"] != "bank_down"})
        whole = self.db.rows(
            "SELECT provider, bank, coalesce(last_outcome, '') AS outcome, count(*) AS n FROM connections"
            " WHERE last_attempt_at >= ? AND removed_at IS NULL AND incident IS NULL"
            f" AND (bank IN ({','.join('?' * len(banks))}) OR provider IN ({','.join('?' * len(providers))}))"
            " GROUP BY provider, bank, outcome",
            (ms(since), *banks, *providers),
        )
        return [
            Count(provider=row["provider"], bank=row["bank"], outcome=row["outcome"], connections=row["n"])
            for row in whole
        ]

    def calm(self, since: datetime, until: datetime) -> dict[str, Usual]:
        """By bank: tries and failures between two instants, without those inside incidents."""
        rows = self.db.rows(
            "SELECT bank, sum(tries) AS tries, sum(failures) AS failures FROM bank_hours"
            " WHERE hour >= ? AND hour < ? GROUP BY bank",
            ((ms(since) or 0) // HOUR, (ms(until) or 0) // HOUR),
        )
        return {row["bank"]: Usual(tries=row["tries"], failures=row["failures"]) for row in rows}

    def delivery_tries(self, since: datetime) -> list[Count]:
        """How the newest tries to deliver to bank reconciliation ended: open ones by outcome, settled ones as `ok`."""
        rows = self.db.rows(
            "SELECT outcome, count(*) AS n FROM deliveries WHERE settled_at IS NULL AND outcome IS NOT NULL"
            " GROUP BY outcome"
        )
        settled = self.db.value(
            "SELECT count(DISTINCT agreement || ':' || ledger_account) FROM deliveries WHERE settled_at >= ?",
            (ms(since),),
        )
        counts = [Count(provider="", bank="", outcome=row["outcome"], connections=row["n"]) for row in rows]
        return [*counts, Count(provider="", bank="", outcome="ok", connections=int(settled))]

    def hear(self, banks: Sequence[Bank], now: datetime) -> None:
        """Keep the aggregator's word on each bank; a word that stays the same keeps its beginning."""
        rows = self.db.rows("SELECT bank, health, audiences FROM bank_words")
        audiences = {bank.name: json.dumps(bank.audiences) for bank in banks}
        told = {(row["bank"], row["health"], row["audiences"]) for row in rows}
        news = [bank for bank in banks if bank.name and (bank.name, bank.health, audiences[bank.name]) not in told]
        if not news:
            return
        with self.db.write():
            self.db.many(
                "INSERT INTO bank_words (bank, health, message, since, audiences) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (bank) DO UPDATE SET audiences = excluded.audiences, message = excluded.message,"
                " since = iif(bank_words.health = excluded.health, bank_words.since, excluded.since),"
                " health = excluded.health",
                [(bank.name, bank.health, bank.message, ms(now), audiences[bank.name]) for bank in news],
            )

    def bank_words(self) -> list[BankWord]:
        rows = self.db.rows("SELECT * FROM bank_words")
        return [
            BankWord(
                bank=row["bank"],
                health=row["health"],
                message=row["message"],
                since=at(row["since"]),
                audiences=tuple(json.loads(row["audiences"])),
            )
            for row in rows
        ]

    def members(self, banks: Sequence[str]) -> dict[str, int]:
        """How many connections of these banks could stand in an incident."""
        rows = self.db.rows(
            "SELECT bank, count(*) AS n FROM connections WHERE removed_at IS NULL AND next_fetch_at IS NOT NULL"
            f" AND bank IN ({','.join('?' * len(banks))}) GROUP BY bank",
            tuple(banks),
        )
        return {row["bank"]: row["n"] for row in rows}

    def last_closed(self) -> dict[str, datetime]:
        """By bank: when its newest incident was over, its own or its data centre's."""
        rows = self.db.rows(
            "SELECT bank, max(closed_at) AS closed_at FROM (SELECT key AS bank, closed_at FROM incidents"
            " WHERE scope = 'bank' UNION ALL SELECT b.value, i.closed_at FROM incidents i, json_each(i.banks) b) x"
            " WHERE closed_at IS NOT NULL GROUP BY bank"
        )
        return {row["bank"]: at(row["closed_at"]) for row in rows}

    def banks(self) -> list[str]:
        """The names of all banks that the fleet has connections at."""
        return [row["bank"] for row in self.db.rows("SELECT DISTINCT bank FROM connections ORDER BY bank")]

    # -- opening, asking, closing ------------------------------------------------------------------------------

    def open_incidents(self) -> list[OpenIncident]:
        """Oldest first."""
        rows = self.db.rows("SELECT * FROM incidents WHERE closed_at IS NULL ORDER BY opened_at, id")
        return [
            OpenIncident(
                id=row["id"],
                scope=Scope(row["scope"]),
                key=row["key"],
                cause=row["cause"],
                opened_at=at(row["opened_at"]),
                canary=None if row["canary"] is None else public(row["canary"]),
                canary_at=when(row["canary_at"]),
                heard=bool(row["heard"]),
                banks=_banks(row),
            )
            for row in rows
        ]

    def open_incident(self, opening: Opening, now: datetime, *, heard: bool = False) -> int | None:
        """Open it and take its members in; None when one is open already. `heard`: on the aggregator's word alone."""
        with self.db.write():
            incident = self.db.value(
                "INSERT INTO incidents (scope, key, cause, opened_at, note, heard, failed, tried, usual, banks)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING id",
                (
                    opening.scope,
                    opening.key,
                    opening.cause,
                    ms(now),
                    opening.note,
                    heard,
                    opening.failed,
                    opening.tried,
                    opening.usual,
                    json.dumps(opening.banks, ensure_ascii=False),
                ),
            )
            if incident is None:
                return None
            for bank in opening.banks:
                self._merge(bank, incident, now)
            if (belongs := _BELONGS.get(opening.scope)) is not None:
                self.db.run(
                    f"UPDATE connections SET incident = ?, next_change_at = ? WHERE {belongs}"
                    " AND removed_at IS NULL AND incident IS NULL",
                    (incident, ms(now), json.dumps(opening.banks) if opening.banks else opening.key),
                )
            if opening.cause == "tokens_lost":
                # Who has not just shown that his token works rests: calls stop at once, before more are refused.
                self.db.run(
                    "UPDATE connections SET incident = ?1, next_change_at = ?2 WHERE incident IS NULL AND removed_at"
                    " IS NULL AND said = 'valid' AND next_fetch_at IS NOT NULL AND NOT (coalesce(last_attempt_at, 0)"
                    " >= ?2 - ?3 AND last_outcome IN ('ok', 'ok_empty', 'partial'))",
                    (incident, ms(now), HOUR),
                )
                self.not_theirs(incident)
            data = {"incident": incident, "scope": opening.scope, "key": opening.key, "cause": opening.cause}
            seen = {"failed": opening.failed, "tried": opening.tried, "heard": heard, "note": opening.note}
            self.log("incident.opened", None, {**data, **seen}, now)
        return int(incident)

    def not_theirs(self, incident: int) -> None:
        """What our own fault has done to its members: it ended nothing, and nobody mends anything by himself."""
        self.unlearn("c.incident = ?", incident)
        self.db.run("UPDATE connections SET needed_at = NULL WHERE incident = ? AND needed_at IS NOT NULL", (incident,))

    def _merge(self, bank: str, into: int, now: datetime) -> None:
        """A bank's own incident is over when its data centre's takes its members in."""
        row = self.db.row("SELECT * FROM incidents WHERE scope = 'bank' AND key = ? AND closed_at IS NULL", (bank,))
        if row is None:
            return
        behind = self._behind(row)
        self.db.run(
            "UPDATE incidents SET closed_at = ?, connections = ?, customers = ?, note = trim(note || ' merged')"
            " WHERE id = ?",
            (ms(now), behind["connections"], behind["customers"], row["id"]),
        )
        self.db.run(
            "UPDATE connections SET incident = ?, next_change_at = ? WHERE incident = ?", (into, ms(now), row["id"])
        )
        data = {"incident": row["id"], "scope": "bank", "key": bank, "note": "merged", "into": into}
        self.log("incident.closed", None, {**data, "connections": behind["connections"]}, now)

    def join_incident(self, connection: int) -> None:
        """A connection that comes in while its bank or aggregator is in an incident is a member at once."""
        self.db.run(
            f"UPDATE connections SET incident = {STILL_IN}"
            " WHERE id = ? AND EXISTS (SELECT 1 FROM incidents WHERE closed_at IS NULL)",
            (connection,),
        )

    def next_canary(self, incident: int, now: datetime) -> str | None:
        """The member whose turn it is to be asked for all: one after another, so that no customer's allowance goes."""
        found = self.db.value(
            "SELECT c.id FROM connections c JOIN incidents i ON i.id = c.incident WHERE c.incident = ?"
            " AND c.removed_at IS NULL AND c.next_fetch_at IS NOT NULL AND c.consent_axis IN ('valid', 'expiring')"
            " AND coalesce(c.last_outcome, '') NOT IN ('needs_customer', 'gone')"
            " AND NOT (c.last_outcome = 'rate_limited' AND coalesce(c.last_until, 0) > ?)"
            " ORDER BY c.id <= coalesce(i.canary, 0), c.id LIMIT 1",
            (incident, ms(now)),
        )
        return None if found is None else public(found)

    def ask_canary(self, incident: int, connection: str, now: datetime) -> None:
        """On disk, and in the audit log, before the member is asked (law 10)."""
        with self.db.write():
            self.db.run(
                "UPDATE incidents SET canary = ?, canary_at = ? WHERE id = ?", (number(connection), ms(now), incident)
            )
            self.log("incident.canary", number(connection), {"incident": incident}, now)

    def close_incident(self, incident: int, now: datetime, restart: Restart, *, note: str = "") -> None:
        """It is over: members stand for themselves again and are due in stages, the longest untried first."""
        with self.db.write():
            row = self.db.row("SELECT * FROM incidents WHERE id = ? AND closed_at IS NULL", (incident,))
            if row is None:
                return
            behind = self._behind(row)
            self.db.run(
                "UPDATE incidents SET closed_at = ?, connections = ?, customers = ?, note = trim(note || ' ' || ?)"
                " WHERE id = ?",
                (ms(now), behind["connections"], behind["customers"], note, incident),
            )
            self._stages(incident, now, restart, "TRUE")
            self.db.run(
                f"UPDATE connections SET next_change_at = ?, incident = {STILL_IN} WHERE incident = ?",
                (ms(now), incident),
            )
            data = {"incident": incident, "scope": row["scope"], "key": row["key"], "note": note}
            self.log("incident.closed", row["canary"], {**data, "connections": behind["connections"]}, now)
            self.db.run("DELETE FROM bank_hours WHERE hour < ?", ((ms(now) or 0) // HOUR - _KEPT_HOURS,))

    def _stages(self, incident: int, now: datetime, restart: Restart, who: str) -> None:
        """A stated time (a rate limit's, or simply not due yet) is never brought forward. `who`: which members."""
        pause, spread = (int(span.total_seconds() * 1000) for span in (restart.pause, restart.spread))
        self.db.run(
            "UPDATE connections SET next_fetch_at = CASE WHEN p.place < ?1 THEN ?2 WHEN p.place < ?1 + ?3 THEN ?2 + ?4"
            "  ELSE ?2 + ?4 + ?5 * (p.place - ?1 - ?3 + 1) / (p.n - ?1 - ?3) END"
            " FROM (SELECT id AS one, row_number() OVER (ORDER BY next_fetch_at, id) - 1 AS place,"
            "  count(*) OVER () AS n FROM connections c WHERE incident = ?6 AND next_fetch_at <= ?2 + ?5"
            "  AND removed_at IS NULL AND NOT (last_outcome = 'rate_limited' AND coalesce(last_until, 0) > ?2)"
            f" AND {who}) p"
            " WHERE connections.id = p.one",
            (restart.few, ms(now), restart.some, pause, spread, incident),
        )

    # -- reading -----------------------------------------------------------------------------------------------

    def _behind(self, row: Any) -> Any:
        return self.db.row(
            "SELECT count(*) AS connections, count(DISTINCT agreement) AS customers, coalesce(sum(pending), 0) AS"
            " pending, min((SELECT min(fetched_at) FROM postings p WHERE p.connection = c.id"
            " AND p.state IN ('held', 'queued', 'rejected'))) AS oldest,"
            " count(*) FILTER (WHERE failing_since IS NOT NULL) AS failing"
            f" FROM connections c WHERE {_MEMBERS if row['cause'] == 'tokens_lost' else _BEHIND[Scope(row['scope'])]}",
            (row["id"],),
        )

    def incidents(self, limit: int) -> list[IncidentView]:
        """Those that are open, oldest first, then those that are over, newest first."""
        rows = self.db.rows(
            "SELECT i.*, w.health FROM incidents i LEFT JOIN bank_words w ON w.bank = i.key AND i.scope = 'bank'"
            " ORDER BY closed_at IS NOT NULL, coalesce(-closed_at, opened_at), id LIMIT ?",
            (limit,),
        )
        return [self._view(row) for row in rows]

    def _view(self, row: Any) -> IncidentView:
        is_open = row["closed_at"] is None
        behind = self._behind(row) if is_open else row
        return IncidentView(
            id=row["id"],
            scope=Scope(row["scope"]),
            key=row["key"],
            cause=row["cause"],
            opened_at=at(row["opened_at"]),
            closed_at=when(row["closed_at"]),
            note=row["note"],
            failed=row["failed"],
            tried=row["tried"],
            usual=row["usual"],
            canary_at=when(row["canary_at"]),
            connections=behind["connections"],
            customers=behind["customers"],
            failing=behind["failing"] if is_open else 0,
            pending=behind["pending"] if is_open else 0,
            oldest_at=when(behind["oldest"]) if is_open else None,
            health=row["health"] or "",
            banks=_banks(row),
        )


def _banks(row: Any) -> tuple[str, ...]:
    return (row["key"],) if row["scope"] == Scope.BANK else tuple(json.loads(row["banks"]))

"""What consoles and commands read of the fleet: windows, counts, one connection whole."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from backend.model.facts import Account, Act, Case, Stage
from backend.model.filters import Filter
from backend.model.health import Assessment, HealthFacts, Reason
from backend.model.plans import ActionState
from backend.model.views import ConnectionView, FleetRow, LastAct, PendingTotals
from backend.store.codec import account_of, action_of, at, day, diff_of, facts_of, ms, number, public, when
from backend.store.engine import EngineFacts
from backend.store.query import where
from backend.store.tables import CONNECTION_COLUMNS, CONNECTION_TABLES, SELECT_CONNECTION, Tables

SORTS = {
    "customer": "name_fold",
    "agreement": "agreement",
    "bank": "bank",
    "status": "status",
    "consent": "consent_axis",
    "fetch": "fetch_axis",
    "transfer": "transfer_axis",
    "verdict": "severity",
    "expires": "expires_at",
    "fetched": "last_fetched",
    "pending": "pending",
    "id": "id",
}
"""Names by which a list may be ordered, and their columns. Equal rows go by customer, then id."""

LATELY = timedelta(minutes=15)
"""How long the list tells how an act has ended, before it tells again what to do next."""

SELECT_ACTION = """
SELECT a.*, c.agreement, c.customer, c.bank, u.email, coalesce(nullif(p.run_by, ''), p.operator) AS operator
FROM actions a JOIN connections c ON c.id = a.connection JOIN customers u ON u.agreement = c.agreement
JOIN plans p ON p.id = a.plan
"""

_WHOLE = f"""
SELECT {CONNECTION_COLUMNS}, u.email, s.consent_id
FROM {CONNECTION_TABLES} JOIN customers u ON u.agreement = c.agreement LEFT JOIN consents s ON s.id = c.consent
"""

SELECT_CASE = """
SELECT k.*, c.agreement, c.customer, u.email FROM cases k
JOIN connections c ON c.id = k.connection JOIN customers u ON u.agreement = c.agreement
"""


class Fleet(Tables):
    """Implements the reading half of `ports.FleetReader`."""

    _counted = (0, 0)
    """The newest connection that was counted, and how many there were up to it."""

    def fleet(
        self, query: Filter, sort: str, descending: bool, offset: int, limit: int, now: datetime
    ) -> list[FleetRow]:
        """`limit` rows from `offset` on; `sort` is a name of `SORTS`."""
        self.catch_up(now)
        condition, values = where(query)
        offset, limit, backward = max(0, offset), max(0, limit), False
        if not query.terms and 0 < self._counted[1] < 2 * offset:
            # What stands before a window is walked over, so the second half is read from its end.
            left, backward = max(0, self._count_all() - offset), True
            offset, limit = max(0, left - limit), min(limit, left)
        found = self.db.column(
            f"SELECT id FROM connections c WHERE {condition} ORDER BY {_order(sort, descending, backward)}"
            " LIMIT ? OFFSET ?",
            (*values, limit, offset),
        )
        return self._by_number(found[::-1] if backward else found, now)

    def rows(self, ids: Sequence[str], now: datetime) -> list[FleetRow]:
        return self._by_number([number(connection) for connection in ids], now)

    def health(self, ids: Sequence[str], now: datetime) -> list[tuple[FleetRow, HealthFacts]]:
        found = self._read([number(connection) for connection in ids])
        return [(self._fleet_row(row, now), facts_of(row, self.stale_after)) for row in found]

    def _by_number(self, numbers: Sequence[int], now: datetime) -> list[FleetRow]:
        last = self._last_acts(numbers, now)
        return [replace(self._fleet_row(row, now), last=last.get(row["id"])) for row in self._read(numbers)]

    def _last_acts(self, numbers: Sequence[int], now: datetime) -> dict[int, LastAct]:
        """By connection: the act that is under way, else the one that ended last in the latest minutes (`LATELY`)."""
        found: dict[int, LastAct] = {}
        for start in range(0, len(numbers), 500):
            some = numbers[start : start + 500]
            rows = self.db.rows(
                "SELECT connection, plan, act, state, reason, not_before, finished_at FROM actions"
                f" WHERE connection IN ({','.join('?' * len(some))})"
                " AND (state IN ('intent', 'sent', 'unknown') OR finished_at > ?)"
                " ORDER BY CASE WHEN finished_at IS NULL THEN 1 ELSE 0 END, finished_at, id",
                (*some, ms(now - LATELY)),
            )
            for row in rows:
                found[row["connection"]] = LastAct(
                    plan=row["plan"],
                    act=row["act"],
                    state=ActionState(row["state"]),
                    reason=row["reason"],
                    until=when(row["not_before"]),
                    at=when(row["finished_at"]),
                )
        return found

    def _read(self, numbers: Sequence[int]) -> list[Any]:
        """Rows of `SELECT_CONNECTION`, in the order of their numbers."""
        found: dict[int, Any] = {}
        for start in range(0, len(numbers), 500):
            some = numbers[start : start + 500]
            marks = ",".join("?" * len(some))
            found |= {row["id"]: row for row in self.db.rows(f"{SELECT_CONNECTION} WHERE c.id IN ({marks})", some)}
        return [found[n] for n in numbers if n in found]

    def _fleet_row(self, row: Any, now: datetime) -> FleetRow:
        change = row["next_change_at"]
        fresh = self.assess(facts_of(row, self.stale_after), now) if change and change <= (ms(now) or 0) else None
        return FleetRow(
            id=public(row["id"]),
            agreement_number=row["agreement"],
            customer=row["customer"],
            bank=row["bank"],
            provider=row["provider"],
            status=fresh.status if fresh else row["status"],
            consent=fresh.consent if fresh else row["consent_axis"],
            fetch=fresh.fetch if fresh else row["fetch_axis"],
            transfer=fresh.transfer if fresh else row["transfer_axis"],
            verdict=fresh.verdict if fresh else row["verdict"],
            situation=fresh.situation if fresh else row["situation"],
            action=fresh.action if fresh else row["action"],
            wait_until=fresh.wait_until if fresh else when(row["wait_until"]),
            expires_at=when(row["expires_at"]),
            data_from=day(row["data_from"]),
            last_fetched=when(row["last_fetched"]),
            pending=row["pending"],
            running=row["running"] or "",
        )

    def fleet_count(self, query: Filter, now: datetime) -> int:
        self.catch_up(now)
        if not query.terms:
            return self._count_all()
        condition, values = where(query)
        return int(self.db.value(f"SELECT count(*) FROM connections c WHERE {condition}", values))

    def _count_all(self) -> int:
        """How many connections there are. One is never deleted, and later ones have higher numbers: those that were
        counted are not counted again, unless the newest of them is gone (a store that lost what it had last)."""
        newest, known = self._counted
        more, last = self._count_after(newest)
        if last < newest:
            known, (more, last) = 0, self._count_after(0)
        if not self.db.writing:  # what a transaction sees of its own may be undone
            self._counted = (last, known + more)
        return known + more

    def _count_after(self, newest: int) -> tuple[int, int]:
        after = "WHERE id > ?" if newest else ""  # without a condition each engine counts what is smallest
        row = self.db.row(
            f"SELECT (SELECT count(*) FROM connections {after}) AS more, (SELECT max(id) FROM connections) AS newest",
            (newest,) if newest else (),
        )
        assert row is not None
        return row["more"], row["newest"] or 0

    def fleet_ids(self, query: Filter, now: datetime) -> list[str]:
        """In the order of customers' names."""
        self.catch_up(now)
        condition, values = where(query)
        found = self.db.column(f"SELECT id FROM connections c WHERE {condition} ORDER BY name_fold, id", values)
        return [public(connection) for connection in found]

    def fleet_position(self, connection: str, query: Filter, sort: str, descending: bool, now: datetime) -> int | None:
        self.catch_up(now)
        condition, values = where(query)
        place = self.db.value(
            f"SELECT place FROM (SELECT id, row_number() OVER (ORDER BY {_order(sort, descending)}) AS place"
            f" FROM connections c WHERE {condition}) placed WHERE id = ?",
            (*values, number(connection)),
        )
        return None if place is None else int(place) - 1

    def resolve(self, reference: str) -> list[str]:
        known = self.db.row("SELECT id FROM connections WHERE id = ?", (number(reference),))
        if known is not None:
            return [public(known["id"])]
        rows = self.db.rows(
            "SELECT id FROM connections WHERE agreement = ? ORDER BY removed_at IS NOT NULL, id", (reference,)
        )
        return [public(row["id"]) for row in rows]

    def connection(self, connection: str, now: datetime) -> ConnectionView | None:
        row = self.db.row(f"{_WHOLE} WHERE c.id = ?", (number(connection),))
        if row is None:
            return None
        facts = facts_of(row, self.stale_after)
        accounts = self.db.rows("SELECT * FROM accounts WHERE connection = ? ORDER BY id", (row["id"],))
        actions = self.db.rows(
            f"{SELECT_ACTION} WHERE a.connection = ? AND a.state NOT IN ('planned', 'refused')"
            " ORDER BY a.id DESC LIMIT 20",
            (row["id"],),
        )
        case = self.db.row(f"{SELECT_CASE} WHERE k.connection = ? ORDER BY k.id DESC LIMIT 1", (row["id"],))
        return ConnectionView(
            row=self._fleet_row(row, now),
            email=row["email"],
            consent_id=row["consent_id"],
            accounts=tuple(account_of(account) for account in accounts),
            assessment=self._with_heard(self.assess(facts, now), row["id"]),
            facts=facts,
            case=case_of(case) if case else None,
            actions=tuple(action_of(action) for action in actions),
        )

    def _with_heard(self, found: Assessment, connection: int) -> Assessment:
        """The newest event that was heard of the connection belongs to the chain, before what it all adds up to."""
        event = self.db.row(
            "SELECT event, at, applied_at, effect FROM webhooks WHERE consent_id IN"
            " (SELECT consent_id FROM consents WHERE connection = ? AND consent_id <> '')"
            " ORDER BY at DESC, event_id DESC LIMIT 1",
            (connection,),
        )
        if event is None:
            return found
        key = f"why.heard.{event['effect'] if event['applied_at'] else 'waiting'}"
        heard = Reason(key=key, values=(("event", event["event"]),), at=at(event["at"]), source="provider")
        place = next((i for i, r in enumerate(found.reasons) if r.key.startswith("situation.")), len(found.reasons))
        return replace(found, reasons=(*found.reasons[:place], heard, *found.reasons[place:]))

    def accounts(self, ids: Sequence[str]) -> dict[str, tuple[Account, ...]]:
        found: dict[str, list[Account]] = {}
        for start in range(0, len(ids), 500):
            some = [number(connection) for connection in ids[start : start + 500]]
            marks = ",".join("?" * len(some))
            for row in self.db.rows(f"SELECT * FROM accounts WHERE connection IN ({marks}) ORDER BY id", some):
                found.setdefault(public(row["connection"]), []).append(account_of(row))
        return {connection: tuple(accounts) for connection, accounts in found.items()}

    def pending_totals(self, now: datetime) -> PendingTotals:
        row = self.db.row(
            "SELECT coalesce(sum(queued), 0) AS queued, coalesce(sum(held), 0) AS held,"
            " min(oldest_queued_at) AS oldest FROM connections WHERE pending > 0"
        )
        late = self.db.value("SELECT count(*) FROM postings WHERE state = 'queued' AND due_at <= ?", (ms(now),))
        assert row is not None
        return PendingTotals(queued=row["queued"], held=row["held"], late=late, oldest_at=when(row["oldest"]))

    def data_version(self) -> int:
        return self.db.data_version()

    def about(self) -> tuple[EngineFacts, int, int]:
        """For `forny doctor`: the engine, the number of its schema, and how many connections there are."""
        return self.db.about(), self.db.version(), int(self.db.value("SELECT count(*) FROM connections"))


def case_of(row: Any) -> Case:
    """A row of `SELECT_CASE`."""
    return Case(
        id=row["id"],
        kind=Act(row["kind"]),
        connection=public(row["connection"]),
        agreement_number=row["agreement"],
        customer=row["customer"],
        email=row["email"],
        action=row["action"],
        state=row["state"],
        stage=Stage(row["stage"]),
        link=row["link"],
        consent_id=row["consent_id"],
        consent=row["consent"],
        note=row["note"],
        created_at=at(row["created_at"]),
        sent_at=when(row["sent_at"]),
        opened_at=when(row["opened_at"]),
        authorised_at=when(row["authorised_at"]),
        closed_at=when(row["closed_at"]),
        diff=diff_of(row["diff"]),
        accepted_at=when(row["accepted_at"]),
        accepted_by=row["accepted_by"] or "",
    )


def _order(sort: str, descending: bool, backward: bool = False) -> str:
    """`backward`: the very same order, from its end."""
    column = SORTS[sort]
    way = "DESC" if descending != backward else "ASC"
    others = [] if sort == "id" else ["id"] if sort == "customer" else ["name_fold", "id"]
    tail = "".join(f", {name}{' DESC' if backward else ''}" for name in others)
    nulls = f" NULLS {'FIRST' if backward else 'LAST'}" if column in ("expires_at", "last_fetched") else ""
    return f"{column} {way}{nulls}{tail}"

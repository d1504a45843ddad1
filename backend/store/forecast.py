"""What a forecast of renewals is made from: stated ends, beginnings, and who answered last time."""

from datetime import datetime

from backend.model.forecast import Answers, Expiries
from backend.store.codec import ms, when
from backend.store.intake import HOUR
from backend.store.tables import BEGAN, Tables


class Forecasts(Tables):
    """Implements the forecasting half of `ports.FleetReader`."""

    def expiries(self, now: datetime, until: datetime) -> list[Expiries]:
        """Live connections by bank, stated end and beginning, to the hour; ends after `until` only where we learn."""
        rows = self.db.rows(
            f"SELECT bank, expires_at / {HOUR} AS stated, {BEGAN} / {HOUR} AS began, count(*) AS n FROM connections"
            " WHERE removed_at IS NULL AND said IN ('valid', 'expiring') AND (expires_at IS NULL OR expires_at >= ?1"
            "  AND (expires_at < ?2 OR bank IN (SELECT bank FROM lifetimes))) GROUP BY bank, stated, began",
            (ms(now), ms(until)),
        )
        return [
            Expiries(
                bank=row["bank"],
                stated=None if row["stated"] is None else when(row["stated"] * HOUR),
                began=None if row["began"] is None else when(row["began"] * HOUR),
                connections=row["n"],
            )
            for row in rows
        ]

    def answers(self, since: datetime, settled_before: datetime) -> list[Answers]:
        """By bank: customers that got a renewal link since then, and how many of them logged in.

        A link younger than `settled_before` counts only if it was answered: the others may still be.
        """
        rows = self.db.rows(
            "SELECT c.bank, count(*) AS asked, sum(one.answered) AS answered FROM (SELECT connection,"
            "  max(CASE WHEN authorised_at IS NULL THEN 0 ELSE 1 END) AS answered FROM cases"
            "  WHERE kind = 'renew' AND created_at >= ? AND (authorised_at IS NOT NULL OR created_at < ?)"
            "  GROUP BY connection) one"
            " JOIN connections c ON c.id = one.connection GROUP BY c.bank",
            (ms(since), ms(settled_before)),
        )
        return [Answers(bank=row["bank"], asked=row["asked"], answered=row["answered"]) for row in rows]

"""Open problems, one a connection: what it is, since when, and how often it came back."""

from backend.model.filters import Filter
from backend.model.views import ProblemView
from backend.store.codec import at, public
from backend.store.query import where
from backend.store.tables import Tables


class Problems(Tables):
    """Implements the problem half of `ports.FleetReader`."""

    def problems(self, query: Filter, limit: int) -> list[ProblemView]:
        """Open problems of the connections that match: those an operator can act on first, then the oldest."""
        condition, values = where(query)
        rows = self.db.rows(
            "SELECT p.*, c.agreement, c.customer, c.bank, c.verdict, c.action, c.incident FROM problems p"
            " JOIN connections c ON c.id = p.connection"
            f" WHERE p.closed_at IS NULL AND {condition} ORDER BY c.severity, p.opened_at, p.id LIMIT ?",
            (*values, limit),
        )
        return [
            ProblemView(
                connection=public(row["connection"]),
                agreement_number=row["agreement"],
                customer=row["customer"],
                bank=row["bank"],
                cause=row["cause"],
                verdict=row["verdict"],
                action=row["action"],
                since=at(row["opened_at"]),
                last_at=at(row["last_at"]),
                times=row["times"],
                incident=row["incident"],
            )
            for row in rows
        ]

"""Customers' tokens that are refused to many at once, or that nobody renews: an incident of our own."""

from datetime import datetime, timedelta

from backend.model.incidents import Restart, TokenCount
from backend.store.codec import ms, public
from backend.store.incidents import STILL_IN, Incidents
from backend.store.intake import HOUR

_REFUSED = """
(c.last_outcome = 'needs_customer' AND c.said = 'valid' AND c.removed_at IS NULL AND EXISTS (
  SELECT 1 FROM tokens t WHERE t.consent = c.consent AND t.refused_at IS NOT NULL))
"""
"""Connection `c` whose token was refused although nobody has said that its consent is over."""


_JOINS_FOR = 24 * HOUR
"""Who is refused so long after it began is a case of his own: most of the fleet has been asked by then."""


class LostTokens(Incidents):
    """Implements what `ports.Books` says of tokens."""

    def token_tries(self, since: datetime, now: datetime, least: int) -> TokenCount:
        """Who was refused a new token since then although his consent holds; counts nothing below `least`."""
        row = self.db.row(
            "SELECT count(*) AS refused, count(DISTINCT c.bank) AS banks, count(*) FILTER (WHERE EXISTS (SELECT 1"
            " FROM tokens t WHERE t.consent = c.consent AND t.refresh_expires_at <= t.refused_at)) AS past"
            " FROM connections c"
            f" WHERE c.failing_since IS NOT NULL AND c.last_attempt_at >= ? AND c.incident IS NULL AND {_REFUSED}"
            " AND coalesce(c.expires_at > ?, TRUE)",
            (ms(since), ms(now)),
        )
        assert row is not None
        if row["refused"] < least:
            return TokenCount()
        tried = self.db.value(
            "SELECT count(*) FROM connections WHERE last_attempt_at >= ? AND removed_at IS NULL AND incident IS NULL",
            (ms(since),),
        )
        return TokenCount(refused=row["refused"], tried=tried, banks=row["banks"], past=row["past"])

    def tokens_near(self, now: datetime, until: datetime, least: int) -> tuple[int, int]:
        """Live connections whose refresh token ends by `until`, and all live ones; (0, 0) below `least`."""
        live = "c.said = 'valid' AND c.removed_at IS NULL AND c.incident IS NULL AND c.next_fetch_at IS NOT NULL"
        near = self.db.value(
            "SELECT count(*) FROM tokens t JOIN consents s ON s.id = t.consent JOIN connections c ON c.id ="
            " s.connection AND c.consent = s.id WHERE t.refresh_expires_at > ? AND t.refresh_expires_at <= ? AND"
            f" t.refused_at IS NULL AND coalesce(c.last_outcome, '') <> 'needs_customer' AND {live}",
            (ms(now - timedelta(days=1)), ms(until)),
        )
        if near < least:
            return 0, 0
        return near, int(self.db.value(f"SELECT count(*) FROM connections c WHERE {live}"))

    def mind_tokens(self, incident: int, now: datetime) -> int:
        """Who was refused meanwhile joins, who works again leaves; gives how many stand there that were refused."""
        with self.db.write():
            self.db.run(
                "UPDATE connections AS c SET incident = ?1, next_change_at = ?2 WHERE c.incident IS NULL"
                f" AND {_REFUSED} AND c.last_attempt_at BETWEEN (SELECT opened_at - ?3 FROM incidents WHERE id = ?1)"
                "  AND (SELECT opened_at + ?4 FROM incidents WHERE id = ?1)",
                (incident, ms(now), HOUR, _JOINS_FOR),
            )
            self.not_theirs(incident)
            self.db.run(
                f"UPDATE connections SET incident = {STILL_IN}, next_change_at = ?1 FROM incidents w WHERE w.id = ?2"
                " AND incident = w.id AND (coalesce(renewed_at, 0) > w.opened_at OR removed_at IS NOT NULL OR"
                " last_attempt_at > w.opened_at AND last_outcome IN ('ok', 'ok_empty', 'partial'))",
                (ms(now), incident),
            )
        return int(
            self.db.value(f"SELECT count(*) FROM connections c WHERE c.incident = ? AND {_REFUSED}", (incident,))
        )

    def next_refused(self, incident: int) -> str | None:
        """The member whose turn it is to be asked for those that were refused."""
        found = self.db.value(
            f"SELECT c.id FROM connections c JOIN incidents i ON i.id = c.incident WHERE c.incident = ? AND {_REFUSED}"
            " ORDER BY c.id <= coalesce(i.canary, 0), c.id LIMIT 1",
            (incident,),
        )
        return None if found is None else public(found)

    def release_untried(self, incident: int, now: datetime, restart: Restart) -> None:
        """One who had not been tried works: the others go on in stages, and those who were refused stay."""
        with self.db.write():
            self._stages(incident, now, restart, f"NOT {_REFUSED}")
            freed = self.db.run(
                "UPDATE connections AS c SET incident = NULL, next_change_at = ? WHERE c.incident = ? AND NOT"
                f" {_REFUSED}",
                (ms(now), incident),
            )
            self.log("incident.released", None, {"incident": incident, "connections": freed}, now)

"""What the fleet teaches of consents: how long those lived whose beginning we saw ourselves."""

from collections.abc import Mapping
from datetime import datetime

from backend.model.lifetimes import Ending, Lifespan, Lives
from backend.store.codec import ms
from backend.store.tables import BEGAN, USUAL, USUAL_END, Tables

_DAY = 86_400_000


class Lifetimes(Tables):
    """Implements the learning half of law 12."""

    def note_end(self, connection: int, now: datetime, *, renewed: bool = False) -> None:
        """The live consent has ended now, once: by a renewal, or because the bank wants the customer again.

        Only a consent that was granted here counts: of an imported one nobody knows when it began. What our own fault,
        the customer himself or another consent of his has ended says nothing of the bank.
        """
        row = self.db.row(
            "SELECT s.id, s.granted_at, c.bank, c.expires_at FROM connections c JOIN consents s ON s.id = c.consent"
            " WHERE c.id = ? AND c.bank <> '' AND s.lived IS NULL AND c.removed_at IS NULL"
            " AND c.said NOT IN ('superseded', 'revoked_by_customer') AND NOT EXISTS"
            " (SELECT 1 FROM incidents i WHERE i.id = c.incident AND i.scope = 'own')"
            " AND EXISTS (SELECT 1 FROM cases k WHERE k.consent = s.id)",
            (connection,),
        )
        if row is None:
            return
        granted, stated, ended = row["granted_at"], row["expires_at"], ms(now) or 0
        how = Ending.RENEWED if renewed else Ending.EXPIRED if stated and stated <= ended else Ending.DIED
        days, told = max(0, ended - granted) // _DAY, -1 if stated is None else (stated - granted) // _DAY
        self.db.run("UPDATE consents SET lived = ? WHERE id = ?", (f"{how} {days} {told}", row["id"]))
        self.db.run(
            "INSERT INTO lifetimes (bank, days, how, stated, n) VALUES (?, ?, ?, ?, 1)"
            " ON CONFLICT (bank, days, how, stated) DO UPDATE SET n = lifetimes.n + 1",
            (row["bank"], days, how, told),
        )

    def unlearn(self, which: str, value: object) -> None:
        """It was not the bank that ended these live consents: what they have taught is taken back.

        `which`: a condition on connection `c` with one value.
        """
        for row in self.db.rows(
            "SELECT s.id, s.lived, c.bank FROM connections c JOIN consents s ON s.id = c.consent"
            f" WHERE s.lived IS NOT NULL AND {which}",
            (value,),
        ):
            how, days, stated = row["lived"].split()
            self.db.run("UPDATE consents SET lived = NULL WHERE id = ?", (row["id"],))
            self.db.run(
                "UPDATE lifetimes SET n = n - 1 WHERE bank = ? AND days = ? AND how = ? AND stated = ?",
                (row["bank"], int(days), how, int(stated)),
            )
        self.db.run("DELETE FROM lifetimes WHERE n <= 0")

    def lives(self, bank: str | None = None) -> dict[str, tuple[Lives, ...]]:
        """By bank: how long consents lived there and how they ended; of one bank, or of all."""
        rows = self.db.rows("SELECT * FROM lifetimes WHERE bank = coalesce(?, bank) ORDER BY bank, days", (bank,))
        found: dict[str, list[Lives]] = {}
        for row in rows:
            stated = None if row["stated"] < 0 else row["stated"]
            life = Lives(days=row["days"], how=Ending(row["how"]), stated=stated, n=row["n"])
            found.setdefault(row["bank"], []).append(life)
        return {name: tuple(some) for name, some in found.items()}

    def alive(self, now: datetime) -> dict[str, tuple[Lives, ...]]:
        """By bank where some have died: how long those live by now whose beginning we saw, as if renewed today."""
        rows = self.db.rows(
            f"SELECT bank, (?1 - {BEGAN}) / {_DAY} AS days, count(*) AS n FROM connections"
            f" WHERE bank IN (SELECT bank FROM lifetimes WHERE how <> '{Ending.RENEWED}') AND {BEGAN} <= ?1"
            " AND said = 'valid' AND removed_at IS NULL AND coalesce(last_outcome, '') <> 'needs_customer'"
            " GROUP BY bank, days",
            (ms(now),),
        )
        found: dict[str, list[Lives]] = {}
        for row in rows:
            life = Lives(days=row["days"], how=Ending.RENEWED, stated=None, n=row["n"])
            found.setdefault(row["bank"], []).append(life)
        return {name: tuple(some) for name, some in found.items()}

    def usual(self, bank: str | None = None) -> dict[str, Lifespan]:
        """By bank, of one or of all: what was learnt last."""
        rows = self.db.rows("SELECT * FROM usual_lives WHERE bank = coalesce(?, bank)", (bank,))
        return {r["bank"]: Lifespan(day=r["day"], cases=r["cases"], wrong=bool(r["wrong"])) for r in rows}

    def learn(self, spans: Mapping[str, Lifespan], now: datetime) -> None:
        """Keep what is usual at each bank, and with it when its live consents are expected to end.

        Connections whose expected end moves are reassessed by `catch_up`; a further case alone changes no answer.
        """
        known = self.usual()
        changed = sorted(bank for bank in {*known, *spans} if known.get(bank) != spans.get(bank))
        if not changed:
            return
        with self.db.write():
            for bank in changed:
                self.db.run("DELETE FROM usual_lives WHERE bank = ?", (bank,))
                if (span := spans.get(bank)) is not None:
                    self.db.run(
                        "INSERT INTO usual_lives (bank, day, cases, wrong) VALUES (?, ?, ?, ?)",
                        (bank, span.day, span.cases, span.wrong),
                    )
                self.db.run(
                    f"UPDATE connections SET {USUAL}, next_change_at = CASE WHEN usual_end_at IS NOT DISTINCT FROM"
                    f" {USUAL_END} THEN next_change_at ELSE min(coalesce(next_change_at, ?1), ?1) END"
                    " WHERE bank = ?2 AND removed_at IS NULL",
                    (ms(now), bank),
                )

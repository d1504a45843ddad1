"""What the fleet teaches of consents: how long those lived whose beginning we saw ourselves."""

from datetime import datetime

from backend.model.lifetimes import Ending, Lives
from backend.store.codec import ms
from backend.store.tables import Tables

_DAY = 86_400_000


class Lifetimes(Tables):
    """Implements the learning half of law 12."""

    def note_end(self, connection: int, now: datetime, *, renewed: bool = False) -> None:
        """The live consent has ended now, once: by a renewal, or because the bank wants the customer again.

        Only a consent that was granted here counts: of an imported one nobody knows when it began.
        """
        row = self.db.row(
            "SELECT s.id, s.granted_at, c.bank, c.expires_at FROM connections c JOIN consents s ON s.id = c.consent"
            " WHERE c.id = ? AND c.bank <> '' AND s.lived IS NULL"
            " AND EXISTS (SELECT 1 FROM cases k WHERE k.consent = s.id)",
            (connection,),
        )
        if row is None:
            return
        granted, stated, ended = row["granted_at"], row["expires_at"], ms(now) or 0
        how = Ending.RENEWED if renewed else Ending.EXPIRED if stated and stated <= ended else Ending.DIED
        self.db.run("UPDATE consents SET lived = ? WHERE id = ?", (how, row["id"]))
        self.db.run(
            "INSERT INTO lifetimes (bank, days, how, stated, n) VALUES (?, ?, ?, ?, 1)"
            " ON CONFLICT (bank, days, how, stated) DO UPDATE SET n = n + 1",
            (row["bank"], max(0, ended - granted) // _DAY, how, -1 if stated is None else (stated - granted) // _DAY),
        )

    def lives(self, bank: str | None = None) -> dict[str, tuple[Lives, ...]]:
        """By bank: how long consents lived there and how they ended; of one bank, or of all."""
        rows = self.db.rows("SELECT * FROM lifetimes WHERE bank = coalesce(?, bank) ORDER BY bank, days", (bank,))
        found: dict[str, list[Lives]] = {}
        for row in rows:
            stated = None if row["stated"] < 0 else row["stated"]
            life = Lives(days=row["days"], how=Ending(row["how"]), stated=stated, n=row["n"])
            found.setdefault(row["bank"], []).append(life)
        return {name: tuple(some) for name, some in found.items()}

"""Connections that have to do with each other: the same account twice, or one bank user for several customers."""

from datetime import datetime, timedelta
from typing import Any

from backend.model.facts import Consent
from backend.model.plans import ActionState
from backend.model.renewals import Rival
from backend.store.codec import ms, number, public
from backend.store.journal import Journal
from backend.store.lifetimes import Lifetimes

FRESH = "(SELECT max(last_synchronized) FROM accounts a WHERE a.connection = c.id)"
"""When the bank last gave data under connection `c`, by the provider's word."""

_SHORTLY = timedelta(days=2)
"""A consent that ends so soon after another one of the same bank user began was probably ended by it."""

_RIVALS = 4
"""At most so many are named; a bookkeeper may stand behind hundreds."""

_BEGAN = "coalesce({0}.renewed_at, {0}.connected_at, 0)"
_WITH_CUSTOMER = "('link_made', 'sent', 'opened', 'at_bank')"
_OVER = (
    *(Consent.EXPIRED, Consent.REVOKED_BY_CUSTOMER, Consent.REVOKED_BY_BANK),
    *(Consent.SUPERSEDED, Consent.REJECTED, Consent.AWAITING_CUSTOMER),
)

_TWINS = f"""
SELECT c.id, c.twin, CASE WHEN c.removed_at IS NULL THEN (
  SELECT o.id FROM accounts a JOIN accounts b ON b.key = a.key JOIN connections o ON o.id = b.connection
  WHERE a.connection = c.id AND o.agreement = c.agreement AND o.id <> c.id AND a.orphaned = 0 AND b.orphaned = 0
    AND o.removed_at IS NULL AND o.consent IS NOT NULL
    AND ({_BEGAN.format("o")}, o.id) > ({_BEGAN.format("c")}, c.id)
  ORDER BY {_BEGAN.format("o")} DESC, o.id DESC LIMIT 1) END AS found
FROM connections c WHERE c.agreement = ?
"""

_SAME_LOGIN = """
SELECT o.*, 'login' AS how FROM customers u CROSS JOIN customers v CROSS JOIN connections o
WHERE u.agreement = ?1 AND u.email <> '' AND lower(v.email) = lower(u.email)
  AND o.agreement = v.agreement AND coalesce(o.bank, '') = ?2 AND o.id <> ?3 AND o.removed_at IS NULL
"""

_SAME_ACCOUNT = """
SELECT o.*, 'account' AS how FROM accounts a CROSS JOIN accounts b CROSS JOIN connections o
WHERE a.connection = ?3 AND b.key = a.key AND b.connection <> a.connection AND b.orphaned = 0
  AND o.id = b.connection AND o.bank = ?2 AND o.removed_at IS NULL AND o.agreement <> ?1
"""
"""Both are asked for every line of a plan. CROSS JOIN and coalesce keep their order: by itself the engine goes through
all connections of the bank, thousands for one line."""


class Kin(Journal, Lifetimes):
    """Twins, rivals and successors of a connection; and consents that their customers mend themselves."""

    # -- the same account twice --------------------------------------------------------------------------------

    def mind_twins(self, connection: int, now: datetime) -> None:
        """Mark the older of two connections of a customer that bring the same account, and unmark what is over.

        Costs one index look-up for a customer with one connection (`facts/aiia-economic.md` §4 no. 20).
        """
        agreement = self.db.value("SELECT agreement FROM connections WHERE id = ?", (connection,))
        if self.db.value("SELECT count(*) FROM connections WHERE agreement = ?", (agreement,)) < 2:
            return
        for row in self.db.rows(_TWINS, (agreement,)):
            if row["twin"] != row["found"]:
                self.db.run("UPDATE connections SET twin = ? WHERE id = ?", (row["found"], row["id"]))
                self.reassess(row["id"], now)

    # -- one bank user behind several customers ----------------------------------------------------------------

    def rivals(self, agreement: str, bank: str, connection: str = "") -> tuple[Rival, ...]:
        """Live connections of *other* customers at this bank that stand on the same bank user, as far as we know.

        The bank user is known by the login at the aggregator (the mail address), or by an account that both have.
        A new recurring consent of his may end theirs (`facts/operations.md` §0 rule 10).
        """
        if not bank:
            return ()
        live = f"o.consent_axis IN ('{Consent.VALID}', '{Consent.EXPIRING}') AND o.agreement <> ?1"
        rows = self.db.rows(
            f"SELECT * FROM ({_SAME_ACCOUNT} AND {live} LIMIT {_RIVALS}) x UNION ALL"
            f" SELECT * FROM ({_SAME_LOGIN} AND {live} LIMIT {_RIVALS}) y",
            (agreement, bank, number(connection)),
        )
        found: dict[int, Rival] = {}
        for row in rows:
            found.setdefault(
                row["id"],
                Rival(
                    connection=public(row["id"]),
                    agreement_number=row["agreement"],
                    customer=row["customer"],
                    bank=row["bank"],
                    how=row["how"],
                ),
            )
        return tuple(found.values())[:_RIVALS]

    def mind_successor(self, connection: int, now: datetime) -> None:
        """A consent that is over, and gave its last data before another one of the same bank user began shortly ago,
        was ended by that one: nobody withdrew it, and renewing it may end the other in turn.
        """
        row = self.db.row(f"SELECT c.*, {FRESH} AS fresh FROM connections c WHERE id = ?", (connection,))
        if row is None or row["consent"] is None or not row["bank"]:
            return
        over = row["said"] in _OVER or (row["said"] == Consent.VALID and row["last_outcome"] == "needs_customer")
        if not over or (row["expires_at"] is not None and row["expires_at"] <= (ms(now) or 0)):
            return
        began = "coalesce(o.renewed_at, 0)"  # when an imported consent began nobody knows
        other = self.db.value(
            f"SELECT id FROM (SELECT * FROM ({_SAME_ACCOUNT}) x UNION ALL SELECT * FROM ({_SAME_LOGIN}) y) o"
            f" WHERE {began} > max(?4, ?5) AND ({began} >= ?6 OR o.id = ?7) ORDER BY {began} DESC LIMIT 1",
            (
                *(row["agreement"], row["bank"], connection),
                *(row["fresh"] or 0, row["renewed_at"] or row["connected_at"] or 0),
                *(ms(now - _SHORTLY), row["superseded_by"]),
            ),
        )
        if other is not None:
            self.db.run(
                "UPDATE connections SET said = 'superseded', superseded_by = ? WHERE id = ?", (other, connection)
            )
            self.unlearn("c.id = ?", connection)

    # -- what customers mend themselves ------------------------------------------------------------------------

    def before_fetch(self, connection: int) -> Any:
        """What `mend` compares a fetch with."""
        return self.db.row(
            f"SELECT c.consent_axis, c.last_outcome, c.renewed_at, c.failing_since, {FRESH} AS fresh"
            " FROM connections c WHERE id = ?",
            (connection,),
        )

    def mend(self, connection: int, before: Any, worked: bool, now: datetime) -> None:
        """A consent that was over gives fresh data, and no renewal of ours made it so: the customer did it himself.

        His open case is over then, and so is what the operator asked for (`facts/operations.md` §2.2, healed by
        itself). Any later failure ends the state of being healed.
        """
        if not worked:
            self.db.run(
                "UPDATE connections SET healed_at = NULL, needed_at = CASE WHEN last_outcome = 'needs_customer'"
                " AND incident IS NULL THEN coalesce(needed_at, ?) ELSE needed_at END"
                " WHERE id = ? AND last_outcome <> 'rate_limited'",
                (ms(now), connection),
            )
            return
        row = self.db.row(f"SELECT c.*, {FRESH} AS fresh FROM connections c WHERE id = ?", (connection,))
        if row is None:
            return
        over = before["consent_axis"] in _OVER or row["needed_at"] is not None
        ours = row["renewed_at"] is not None and row["renewed_at"] != before["renewed_at"]
        # Of a connection that was never tried nobody can say that it works again.
        over = over and before["last_outcome"] is not None
        known = max(before["fresh"] or 0, row["needed_at"] or 0)
        if not over or ours or row["renewed_at"] == ms(now) or (row["fresh"] or 0) <= known:
            return
        if row["said"] == Consent.SUPERSEDED:
            self.db.run("UPDATE connections SET said = 'valid', superseded_by = NULL WHERE id = ?", (connection,))
        elif row["said"] != Consent.VALID or (row["expires_at"] is not None and row["expires_at"] <= (ms(now) or 0)):
            return
        self.db.run("UPDATE connections SET healed_at = ?, needed_at = NULL WHERE id = ?", (ms(now), connection))
        self.log("healed", connection, {"was": before["consent_axis"]}, now)
        case = self.db.row(
            f"SELECT k.id, k.action, a.state FROM cases k LEFT JOIN actions a ON a.id = k.action"
            f" WHERE k.connection = ? AND k.closed_at IS NULL AND k.stage IN {_WITH_CUSTOMER}",
            (connection,),
        )
        if case is None:
            return
        self.db.run(
            "UPDATE cases SET stage = 'abandoned', note = 'healed', closed_at = ? WHERE id = ?", (ms(now), case["id"])
        )
        self.db.run("UPDATE connections SET open_case = NULL WHERE id = ?", (connection,))
        self.log("case.abandoned", connection, {"case": case["id"], "note": "healed"}, now)
        if case["state"] == ActionState.AWAITING_CUSTOMER:
            self.settle_action(case["action"], ActionState.DONE, now, reason="healed")

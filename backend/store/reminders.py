"""Reminders on record: each is on disk before its mail goes out, once for a step of a consent's end (law 10)."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Any

from backend.model.facts import Case, Consent, Stage
from backend.model.filters import Filter
from backend.model.reminders import Mailing, Outlook, Past, Reminder, ReminderFacts
from backend.store.cases import Cases
from backend.store.codec import at, ms, number, public, when
from backend.store.fleet import SELECT_CASE, case_of
from backend.store.query import where

_LIVE = "c.removed_at IS NULL AND c.consent IS NOT NULL AND c.said IN ('valid', 'expiring')"
_NEVER = 2**62
_END = (
    f"min(CASE WHEN c.expires_at > ?1 THEN c.expires_at ELSE {_NEVER} END,"
    f" CASE WHEN c.usual_end_at > ?1 THEN c.usual_end_at ELSE {_NEVER} END)"
)
"""The end that is nearest ahead, as `backend.rules.lifetimes.next_end` tells it; ?1 is now."""

_FACTS = """
SELECT c.*, u.email, k.stage AS case_stage, k.note AS case_note,
  nullif(max(coalesce(k.sent_at, 0), coalesce(k.opened_at, 0), coalesce(k.authorised_at, 0)), 0) AS link_at,
  c.incident IS NOT NULL OR EXISTS (SELECT 1 FROM incidents i WHERE i.scope = 'own' AND i.key = c.provider
    AND i.closed_at IS NULL) AS hit,
  EXISTS (SELECT 1 FROM connections t WHERE t.id = c.twin AND t.removed_at IS NULL AND t.said IN ('valid', 'expiring')
    AND (coalesce(t.renewed_at, t.connected_at, 0), t.id) > (coalesce(c.renewed_at, c.connected_at, 0), c.id)) AS old,
  EXISTS (SELECT 1 FROM actions a WHERE a.connection = c.id AND a.state IN ('intent', 'sent', 'unknown')) AS acting
FROM connections c JOIN customers u ON u.agreement = c.agreement LEFT JOIN cases k ON k.id = c.open_case
"""

_SELECT = """
SELECT r.*, c.agreement, c.customer, c.bank FROM reminders r JOIN connections c ON c.id = r.connection
"""

Judge = Callable[[ReminderFacts], Outlook]


class Reminders(Cases):
    """Implements the reminding half of `ports.Books` and `ports.FleetReader`."""

    # -- the agent's side --------------------------------------------------------------------------------------

    def reminder_candidates(
        self, schedule: tuple[int, ...], now: datetime, limit: int, after: str | None = None
    ) -> list[ReminderFacts]:
        """Connections that a step of the schedule has reached and no mail has answered, by id; the rule decides."""
        until = (ms(now) or 0) + max(schedule) * 1000
        step = " ".join(f"WHEN ending <= ?1 + {one * 1000} THEN {one * 1000}" for one in sorted(schedule))
        rows = self.db.rows(
            f"{_FACTS} WHERE c.id IN (SELECT id FROM (SELECT c.id, c.consent, {_END} AS ending FROM connections c"
            f"  WHERE {_LIVE} AND c.incident IS NULL AND c.id > ?2 AND c.id IN ("
            "   SELECT id FROM connections WHERE expires_at > ?1 AND expires_at <= ?3 UNION"
            "   SELECT id FROM connections WHERE usual_end_at > ?1 AND usual_end_at <= ?3))"
            " x WHERE NOT EXISTS (SELECT 1 FROM reminders r WHERE r.consent = x.consent AND r.state IN"
            f"  ('intent', 'sent', 'unknown') AND r.created_at >= x.ending - CASE {step} END)"
            " ORDER BY id LIMIT ?4) ORDER BY c.id",
            (ms(now), number(after) if after else 0, until, limit),
        )
        return list(map(self._facts, rows))

    def begin_reminder(self, fresh: Case, judge: Judge, now: datetime) -> tuple[Reminder, Outlook, Case] | None:
        """Put one on record as intent, or as skipped when there is no address; None when it is not due any more.

        `judge` sees the facts of this very moment, inside the transaction. The mail carries the link of the renewal
        that is open; where none is, `fresh` is opened.
        """
        connection = number(fresh.connection)
        with self.db.write():
            row = self.db.row(f"{_FACTS} WHERE c.id = ?", (connection,))
            facts = None if row is None else self._facts(row)
            seen = None if facts is None else judge(facts)
            if facts is None or seen is None or seen.due is None or seen.day is None:
                return None
            state = Mailing.SKIPPED if seen.reason else Mailing.INTENT
            case = fresh
            if facts.case is not None and facts.case_stage not in (Stage.MATCHED, Stage.FETCHED):
                case = case_of(self.db.row(f"{SELECT_CASE} WHERE k.id = ?", (facts.case,)))
            elif state is Mailing.INTENT:
                case = self.open_case(fresh, now)
            key = f"{connection}:{facts.consent}:{ms(seen.day)}:{seen.due}"
            digest = hashlib.sha256(key.encode()).hexdigest()[:16]
            settled = ms(now) if seen.reason else None
            reminder = self.db.value(
                "INSERT INTO reminders (connection, consent, expires_at, step, state, reason, mail_to, message_id,"
                " kase, created_at, settled_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (consent, expires_at, step)"
                " DO UPDATE SET state = excluded.state, reason = excluded.reason, mail_to = excluded.mail_to,"
                " kase = excluded.kase, created_at = excluded.created_at, settled_at = excluded.settled_at"
                " WHERE reminders.state = 'failed' RETURNING id",
                (
                    connection,
                    facts.consent,
                    ms(seen.day),
                    seen.due,
                    state,
                    seen.reason,
                    facts.email,
                    f"<reminder-{connection}.{digest}@forny.invalid>",
                    case.id or None,
                    ms(now),
                    settled,
                ),
            )
            if reminder is None:
                return None
            self._tell(reminder, state, seen.reason, now)
        return self._one(reminder), seen, case

    def settle_reminder(self, reminder: int, state: Mailing, now: datetime, *, reason: str = "") -> None:
        """The outcome, beside the intent. One that was taken also tells that the address works and the link is out."""
        with self.db.write():
            self.db.run(
                "UPDATE reminders SET state = ?, reason = ?, settled_at = ? WHERE id = ?",
                (state, reason, ms(now), reminder),
            )
            self._tell(reminder, state, reason, now)
            if state is Mailing.SENT:
                self.db.run(
                    "UPDATE cases SET sent_at = ?1, note = iif(stage = ?2, '', note),"
                    " stage = iif(stage = ?2, ?3, stage)"
                    " WHERE id = (SELECT kase FROM reminders WHERE id = ?4) AND closed_at IS NULL",
                    (ms(now), Stage.LINK_MADE, Stage.SENT, reminder),
                )
            elif state is not Mailing.SKIPPED:
                self.db.run(
                    "UPDATE cases SET note = ? WHERE id = (SELECT kase FROM reminders WHERE id = ?) AND stage = ?",
                    (reason, reminder, Stage.LINK_MADE),
                )
            connection = self.db.value("SELECT connection FROM reminders WHERE id = ?", (reminder,))
            self.reassess(connection, now)

    def lost_reminders(self, now: datetime) -> int:
        """What a dead process left as intent may have gone out: `unknown`, and never sent again by itself."""
        lost = self.db.rows("SELECT id FROM reminders WHERE state = 'intent'")
        if lost:
            with self.db.write():
                for row in lost:
                    self.settle_reminder(row["id"], Mailing.UNKNOWN, now, reason="cut_off")
        return len(lost)

    def note_mail(self, connection: str, now: datetime, *, taken: bool) -> None:
        """The customer's address took mail, or nobody does for it (`facts/aiia-economic.md` §4 no. 18).

        The address is the customer's, so that all his connections have the news.
        """
        rows = self.db.rows(
            "SELECT id FROM connections WHERE mail_refused = ? AND removed_at IS NULL AND agreement ="
            " (SELECT agreement FROM connections WHERE id = ?)",
            (taken, number(connection)),
        )
        if rows:
            with self.db.write():
                for row in rows:
                    self.db.run("UPDATE connections SET mail_refused = ? WHERE id = ?", (not taken, row["id"]))
                    self.reassess(row["id"], now)

    def _tell(self, reminder: int, state: Mailing, reason: str, now: datetime) -> None:
        row = self.db.row("SELECT connection, expires_at, step FROM reminders WHERE id = ?", (reminder,))
        assert row is not None
        data = {"reminder": reminder, "end": at(row["expires_at"]), "step": row["step"], "reason": reason}
        self.log(f"reminder.{state}", row["connection"], data, now)

    # -- reading -----------------------------------------------------------------------------------------------

    def reminders(self, connection: str, limit: int) -> list[Reminder]:
        """What a connection's customer was reminded of, newest first."""
        rows = self.db.rows(f"{_SELECT} WHERE c.id = ? ORDER BY r.id DESC LIMIT ?", (number(connection), limit))
        return list(map(_reminder, rows))

    def reminded(self, query: Filter, limit: int) -> list[Reminder]:
        """Reminders of the connections that match, newest first."""
        condition, values = where(query)
        rows = self.db.rows(f"{_SELECT} WHERE {condition} ORDER BY r.id DESC LIMIT ?", (*values, limit))
        return list(map(_reminder, rows))

    def reminder_facts(self, query: Filter, now: datetime, limit: int) -> list[ReminderFacts]:
        """Of the live connections that match and whose end lies ahead, the first to end first."""
        condition, values = where(query)
        rows = self.db.rows(
            f"WITH ends AS (SELECT c.id, {_END} AS ending FROM connections c WHERE {_LIVE})"
            f" {_FACTS} JOIN ends e ON e.id = c.id WHERE e.ending < {_NEVER} AND {condition} ORDER BY e.ending, c.id"
            " LIMIT ?",
            (ms(now), *values, limit),
        )
        return list(map(self._facts, rows))

    def _one(self, reminder: int) -> Reminder:
        return _reminder(self.db.row(f"{_SELECT} WHERE r.id = ?", (reminder,)))

    def _facts(self, row: Any) -> ReminderFacts:
        """A row of `_FACTS` with the reminders of its consent."""
        past = self.db.rows("SELECT * FROM reminders WHERE consent = ? ORDER BY id", (row["consent"],))
        return ReminderFacts(
            connection=public(row["id"]),
            agreement_number=row["agreement"],
            customer=row["customer"],
            bank=row["bank"],
            email=row["email"],
            consent=row["consent"],
            said=Consent(row["said"]),
            expires_at=when(row["expires_at"]),
            usual_end_at=when(row["usual_end_at"]),
            removed=row["removed_at"] is not None,
            incident=bool(row["hit"]),
            twin=bool(row["old"]),
            acting=bool(row["acting"]),
            case=row["open_case"],
            case_stage=None if row["case_stage"] is None else Stage(row["case_stage"]),
            case_note=row["case_note"] or "",
            link_at=when(row["link_at"]),
            past=tuple(
                Past(
                    end=at(one["expires_at"]),
                    step=one["step"],
                    state=Mailing(one["state"]),
                    reason=one["reason"],
                    at=at(one["created_at"]),
                )
                for one in past
            ),
        )


def _reminder(row: Any) -> Reminder:
    """A row of `_SELECT`."""
    return Reminder(
        id=row["id"],
        connection=public(row["connection"]),
        agreement_number=row["agreement"],
        customer=row["customer"],
        bank=row["bank"],
        expires_at=at(row["expires_at"]),
        step=row["step"],
        state=Mailing(row["state"]),
        reason=row["reason"],
        mail_to=row["mail_to"],
        message_id=row["message_id"],
        case=row["kase"],
        created_at=at(row["created_at"]),
        settled_at=when(row["settled_at"]),
    )

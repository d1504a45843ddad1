"""Events from outside: kept as they came, and what they change.

What a consent's events say is worked out anew from all of them, in the order of the sender's times, and weighed
against what polling knows. So neither their order of arrival nor their repeats can matter (`facts/reliability.md` F23).
"""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from backend.model.facts import Consent
from backend.model.webhooks import Arrived, Effect, Notice, Said, Silence, WebhookView
from backend.store.codec import at, ms, number, public, when
from backend.store.kin import FRESH, Kin

_CLOCKS = 5 * 60_000
"""Milliseconds by which the sender's clock and ours may differ: the receiver refuses what is further off."""

_SECOND = 1000
"""Milliseconds: the sender's times are whole seconds, those of its syncs are not."""

_LIMIT_UNSAID = timedelta(hours=1)
"""How long a rate limit counts that comes without a time."""

_WORDS = (Said.CONSENT_REVOKED, Said.CONNECTION_REMOVED, Said.CONSENT_NEEDS_UPDATE, Said.CONNECTION_UPDATE_REQUIRED)
_KNOWN = frozenset(said.value for said in Said)
_ORPHANS = (Said.ACCOUNTS_ORPHANED, Said.ACCOUNTS_UNORPHANED)

_STRENGTH = {Consent.REVOKED_BY_CUSTOMER: 3, Consent.REVOKED_BY_BANK: 2, Consent.EXPIRED: 1}
"""Which word stands when several do: what the customer did says more than that he is needed."""

_MEANS = {
    Said.CONSENT_REVOKED: Consent.REVOKED_BY_CUSTOMER,
    Said.CONNECTION_REMOVED: Consent.REVOKED_BY_BANK,
    Said.CONSENT_NEEDS_UPDATE: Consent.EXPIRED,
    Said.CONNECTION_UPDATE_REQUIRED: Consent.EXPIRED,
}


class Webhooks(Kin):
    """Implements the hearing half of `ports.Books`. `silence_after`: seconds without events before that is news."""

    silence_after: int = 12 * 3600

    # -- keeping -----------------------------------------------------------------------------------------------

    def keep_webhook(self, arrived: Arrived, notice: Notice, now: datetime) -> bool:
        """An event on disk; False when it was there before, which is counted and changes nothing else."""
        with self.db.write():
            fresh = self.db.run(
                "INSERT INTO webhooks (event_id, event, consent_id, at, received_at, body) VALUES (?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (event_id) DO NOTHING",
                (arrived.event_id, notice.event, notice.consent_id, ms(arrived.at), ms(now), arrived.body),
            )
            if not fresh:
                self.db.run("UPDATE webhooks SET repeats = repeats + 1 WHERE event_id = ?", (arrived.event_id,))
        return bool(fresh)

    def open_webhooks(self, limit: int) -> list[Arrived]:
        """Events that are yet to be applied, in the order in which they were sent."""
        rows = self.db.rows("SELECT * FROM webhooks WHERE applied_at IS NULL ORDER BY at, id LIMIT ?", (limit,))
        return [
            Arrived(event_id=row["event_id"], event=row["event"], at=at(row["at"]), body=row["body"]) for row in rows
        ]

    def webhooks(self, limit: int) -> list[WebhookView]:
        """Newest first; `limit` 0 gives all."""
        return [
            _view(row) for row in self.db.rows("SELECT * FROM webhooks ORDER BY id DESC LIMIT ?", (limit or 2**62,))
        ]

    def last_webhook(self, connection: str) -> WebhookView | None:
        """The newest event that came for a connection's consents, by the sender's time."""
        row = self.db.row(
            "SELECT w.* FROM webhooks w JOIN consents s ON s.consent_id = w.consent_id WHERE s.connection = ?"
            " ORDER BY w.at DESC, w.id DESC LIMIT 1",
            (number(connection),),
        )
        return None if row is None else _view(row)

    def replay_webhooks(self, ids: Sequence[str], since: datetime | None, now: datetime) -> int:
        """Have events applied again: those named, and those received since then. Gives how many there are."""
        with self.db.write():
            marked = 0
            for one in dict.fromkeys(ids):
                marked += self.db.run("UPDATE webhooks SET applied_at = NULL WHERE event_id = ?", (one,))
            if since is not None:
                marked += self.db.run(
                    f"UPDATE webhooks SET applied_at = NULL WHERE received_at >= ?"
                    f" AND event_id NOT IN ({','.join('?' * len(ids))})",
                    (ms(since), *ids),
                )
            if marked:
                told = {"events": marked, "since": since, "ids": list(ids)[:20]}
                self.log("webhooks.replay", None, told, now, operator=self.operator)
        return marked

    def prune_webhooks(self, before: datetime, limit: int) -> int:
        """Delete at most `limit` applied events received before then; gives how many.

        Those that say how a live consent stands are kept, because that is worked out from all of them, and so is the
        newest of all, by which silence is noticed.
        """
        with self.db.write():
            return self.db.run(
                "DELETE FROM webhooks WHERE id IN (SELECT id FROM webhooks w WHERE w.received_at < ?"
                " AND w.applied_at IS NOT NULL AND w.id < (SELECT max(id) FROM webhooks)"
                f" AND NOT (w.event IN ({_marks(_WORDS)}) AND EXISTS (SELECT 1 FROM consents s JOIN connections c"
                "  ON c.consent = s.id WHERE s.consent_id = w.consent_id AND c.removed_at IS NULL))"
                " ORDER BY w.received_at LIMIT ?)",
                (ms(before), *_WORDS, limit),
            )

    # -- applying ----------------------------------------------------------------------------------------------

    def apply_webhook(self, event_id: str, notice: Notice, now: datetime) -> Effect | None:
        """What the event says changes what is known, unless something newer is known. None: it was applied before.

        An event that names nothing we know is kept and shown, and is no error.
        """
        with self.db.write():
            row = self.db.row("SELECT * FROM webhooks WHERE event_id = ? AND applied_at IS NULL", (event_id,))
            if row is None:
                return None
            self.db.run(
                "UPDATE webhooks SET event = ?, consent_id = ?, until = ?, accounts = ?, reason = ?, applied_at = ?"
                " WHERE id = ?",
                (
                    notice.event,
                    notice.consent_id,
                    ms(notice.until),
                    json.dumps(notice.accounts),
                    notice.reason,
                    ms(now),
                    row["id"],
                ),
            )
            effect, meant = self._meant(notice)
            for connection in meant:
                if effect is Effect.APPLIED:
                    self._take(connection, notice, row, now)
                    self.mind_successor(connection, now)
                    self.reassess(connection, now)
            self.db.run(
                "UPDATE webhooks SET effect = ?, connection = ? WHERE id = ?",
                (effect, min(meant, default=None), row["id"]),
            )
            data = {"event": notice.event, "event_id": event_id, "effect": effect, "reason": notice.reason}
            for about in (*meant,) or (None,):
                self.log("webhook", about, data, now)
        return effect

    def _meant(self, notice: Notice) -> tuple[Effect, list[int]]:
        """The connections that stand on the event's consent now; else those that once did, or may come to."""
        rows = self.db.rows(
            "SELECT c.id, c.consent = s.id AS live, s.state, c.removed_at FROM consents s"
            " JOIN connections c ON c.id = s.connection WHERE s.consent_id = ?",
            (notice.consent_id,),
        )
        known = sorted({row["id"] for row in rows})
        if notice.event not in _KNOWN:
            return Effect.UNKNOWN_EVENT, known
        if not rows or not notice.consent_id:
            return Effect.UNKNOWN_CONSENT, []
        if live := sorted({row["id"] for row in rows if row["live"] and row["removed_at"] is None}):
            return Effect.APPLIED, live
        if any(row["live"] for row in rows):
            return Effect.REMOVED, known
        return Effect.CANDIDATE if any(row["state"] == "candidate" for row in rows) else Effect.ENDED_CONSENT, known

    def _take(self, connection: int, notice: Notice, row: Any, now: datetime) -> None:
        self.db.run(
            "UPDATE connections SET heard_at = max(coalesce(heard_at, 0), ?), silent_since = NULL WHERE id = ?",
            (row["received_at"], connection),
        )
        if notice.event == Said.SYNC_PROGRESS_UPDATE:
            return
        if notice.event in _WORDS:
            self.heed(connection, again=row["event_id"])
        elif notice.event == Said.CONNECTION_RATE_LIMITED:
            self._limit(connection, notice.until or at(row["at"]) + _LIMIT_UNSAID, row["at"], now)
        elif notice.event in _ORPHANS:
            self._orphans(connection, notice)
        # What an event says is best read again where it comes from; a rate limit's own time still counts (law 4).
        self.db.run(
            "UPDATE connections SET news_at = ?1, next_fetch_at = CASE"
            " WHEN last_outcome = 'rate_limited' AND last_until > ?1 THEN last_until"
            " ELSE min(next_fetch_at, ?1) END WHERE id = ?2",
            (ms(now), connection),
        )

    def heed(self, connection: int, *, again: str = "") -> None:
        """What the events say of the consent and its end, weighed against grants and fresh data.

        A word that is older than the last login or the last data from the bank says nothing any more. An end that
        lay ahead when it was told is a forecast; one that did not, or none, says that the customer is needed.
        The end is taken when its event is newer than the one it was taken from before, or is applied `again`.
        """
        row = self.db.row(
            f"SELECT c.told, c.told_expiry, coalesce(c.trusted_from, 0) AS since, coalesce({FRESH}, 0) AS fresh,"
            " s.consent_id FROM connections c JOIN consents s ON s.id = c.consent WHERE c.id = ?",
            (connection,),
        )
        if row is None:
            return
        events = self.db.rows(
            f"SELECT event, event_id, at, until FROM webhooks WHERE consent_id = ? AND event IN ({_marks(_WORDS)})"
            " AND at >= ? AND applied_at IS NOT NULL ORDER BY at, event_id",
            (row["consent_id"], *_WORDS, row["since"] - _CLOCKS),
        )
        words = [
            event for event in events if not _ahead(event) and event["at"] + _SECOND > max(row["since"], row["fresh"])
        ]
        if words:
            said = max((_MEANS[Said(word["event"])] for word in words), key=_STRENGTH.__getitem__)
            if said is Consent.EXPIRED:
                self.note_end(connection, at(words[0]["at"]))
            elif said is Consent.REVOKED_BY_CUSTOMER:
                self.unlearn("c.id = ?", connection)
            self.db.run("UPDATE connections SET said = ?, told = 1 WHERE id = ?", (said, connection))
        elif row["told"]:
            self.db.run("UPDATE connections SET said = 'valid', told = 0 WHERE id = ?", (connection,))
        ends = [
            event
            for event in events
            if event["until"] is not None and event["until"] > row["since"] and event["until"] >= row["fresh"]
        ]
        if not ends:
            return
        mark = f"{ends[-1]['at']:014}:{ends[-1]['event_id']}"
        if mark > row["told_expiry"] or ends[-1]["event_id"] == again:
            self.db.run(
                "UPDATE connections SET expires_at = ?, told_expiry = ? WHERE id = ?",
                (ends[-1]["until"], mark, connection),
            )

    def trust(self, connection: int, since: int | None) -> None:
        """The customer logged in at `since` (milliseconds): what was said before is over, what came early counts."""
        self.db.run(
            "UPDATE connections SET trusted_from = ?, told_expiry = '' WHERE id = ?",
            (since, connection),
        )
        self.heed(connection)
        self.db.run(
            "UPDATE webhooks SET applied_at = NULL WHERE effect IN ('unknown_consent', 'candidate') AND consent_id ="
            " (SELECT s.consent_id FROM consents s JOIN connections c ON c.consent = s.id WHERE c.id = ?)",
            (connection,),
        )

    def _limit(self, connection: int, until: datetime, told: int, now: datetime) -> None:
        """The bank's clock; a limit that is over, or after which the bank has given data, is none."""
        if until > now:
            self.db.run(
                "UPDATE connections AS c SET last_outcome = 'rate_limited', last_detail = '', last_until ="
                " max(CASE WHEN last_outcome = 'rate_limited' THEN coalesce(last_until, 0) ELSE 0 END, ?)"
                f" WHERE id = ? AND coalesce({FRESH}, 0) < ?",
                (ms(until), connection, told + _SECOND),
            )

    def _orphans(self, connection: int, notice: Notice) -> None:
        """The newest event about each account decides, unless polling has seen a later sync."""
        fresh = self.db.value(f"SELECT coalesce({FRESH}, 0) FROM connections c WHERE id = ?", (connection,))
        events = self.db.rows(
            f"SELECT event, accounts FROM webhooks WHERE consent_id = ? AND event IN ({_marks(_ORPHANS)})"
            " AND at > ? AND applied_at IS NOT NULL ORDER BY at, event_id",
            (notice.consent_id, *_ORPHANS, fresh - _SECOND),
        )
        newest = {account: event["event"] for event in events for account in json.loads(event["accounts"])}
        for account in notice.accounts:
            if account in newest:
                self.db.run(
                    "UPDATE accounts SET orphaned = ? WHERE connection = ? AND provider_account_id = ?",
                    (newest[account] == Said.ACCOUNTS_ORPHANED, connection, account),
                )

    # -- silence -----------------------------------------------------------------------------------------------

    def weigh(self, connection: int) -> None:
        """After a fetch: fresh data may disprove what events said, and may be news that no event told of."""
        row = self.db.row("SELECT told, heard_at FROM connections WHERE id = ?", (connection,))
        if row is None or row["heard_at"] is None:
            return
        if row["told"]:
            self.heed(connection)
        self.db.run(
            f"UPDATE connections AS c SET silent_since = heard_at WHERE id = ? AND {FRESH} > heard_at + ?",
            (connection, self.silence_after * 1000),
        )

    def webhook_silence(self, now: datetime) -> Silence | None:
        """Events came and have stopped, everybody's, while polling finds news; None while all is well."""
        quiet = self.db.value("SELECT count(*) FROM connections WHERE silent_since IS NOT NULL AND removed_at IS NULL")
        if not quiet:
            return None
        last = self.db.value("SELECT max(received_at) FROM webhooks")
        if last is None or last + self.silence_after * 1000 > (ms(now) or 0):
            return None
        return Silence(since=at(last), connections=quiet)

    def mind_silence(self, now: datetime) -> None:
        """Note when events have stopped coming, and when they come again; each is a line of the audit log."""
        silence = self.webhook_silence(now)
        noted = self.db.value("SELECT silent_since FROM agent")
        since = ms(silence.since) if silence else None
        if since == noted:
            return
        with self.db.write():
            self.db.run("UPDATE agent SET silent_since = ?", (since,))
            if silence is not None:
                self.log("webhooks.silent", None, {"since": silence.since, "connections": silence.connections}, now)
            else:
                self.log("webhooks.back", None, {}, now)


def _ahead(event: Any) -> bool:
    """The end that the event tells lay in the future when it was told."""
    return event["until"] is not None and event["until"] > event["at"]


def _marks(values: Sequence[object]) -> str:
    return ",".join("?" * len(values))


def _view(row: Any) -> WebhookView:
    return WebhookView(
        event_id=row["event_id"],
        event=row["event"],
        consent_id=row["consent_id"],
        connection=None if row["connection"] is None else public(row["connection"]),
        at=at(row["at"]),
        received_at=at(row["received_at"]),
        applied_at=when(row["applied_at"]),
        effect=row["effect"],
        repeats=row["repeats"],
        reason=row["reason"],
        body=row["body"],
    )

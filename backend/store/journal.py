"""The agent's side of plans: every act is on disk before it happens and again when its outcome is known (law 10)."""

import json
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from backend.model.facts import Act, Session
from backend.model.plans import LEFT_TO_HUMANS, Action, ActionState, Outcome, PlanState
from backend.ports.door import Judge
from backend.store.audit import Entry
from backend.store.codec import action_of, login_of, ms, public
from backend.store.fleet import SELECT_ACTION
from backend.store.limits import Limits
from backend.store.plans import LIVE
from backend.store.stages import Stages
from backend.store.tokens import TokenBox

_LOOK = 256
"""Acts of one plan that are looked at together."""

_OTHERS_TURN = (ActionState.WAITING, ActionState.AWAITING_CUSTOMER)

_NOT_BEGUN = "('planned', 'intent', 'refused', 'cancelled')"

_TRUSTED = 60_000
"""Milliseconds for which what was judged when a plan was run needs no second look before an act begins."""


class Journal(Stages, Limits, TokenBox):
    """Which acts are to be done, that they are being done, and how they ended."""

    # -- whose turn it is --------------------------------------------------------------------------------------

    def ready_actions(self, limit: int, now: datetime, *, without: Collection[str] = ()) -> list[tuple[int, str]]:
        """Acts that may begin and their banks, in fair turns between plans; those at banks in `without` are left out.

        Each plan's first comes before any plan's second, however far the plans are. Nothing of a paused plan, before
        an act's time or beyond its plan's stage is ready.
        """
        found: list[tuple[int, int, int, str]] = []
        elsewhere = f" AND c.bank NOT IN ({_marks(without)})" if without else ""
        for plan in self.db.rows("SELECT id, allowed FROM plans WHERE state = 'running' ORDER BY id"):
            rows = self.db.rows(
                "SELECT a.id, c.bank FROM actions a JOIN connections c ON c.id = a.connection"
                " WHERE a.plan = ? AND a.state = 'intent' AND a.owner IS NULL"
                f" AND coalesce(a.not_before, 0) <= ?{elsewhere} ORDER BY a.position LIMIT ?",
                (plan["id"], ms(now), *without, min(limit, _LOOK, self._places(plan))),
            )
            found += [(turn, plan["id"], row["id"], row["bank"]) for turn, row in enumerate(rows)]
        return [(action, bank) for _, _, action, bank in sorted(found)[:limit]]

    def _places(self, plan: Any) -> int:
        """How many more acts of a plan may begin at its stage. What was refused or put off has not begun."""
        if plan["allowed"] is None:
            return _LOOK
        begun = self.db.value(
            f"SELECT count(*) FROM actions WHERE plan = ? AND (state NOT IN {_NOT_BEGUN}"
            " OR (state = 'intent' AND owner IS NOT NULL))",
            (plan["id"],),
        )
        return max(0, int(plan["allowed"]) - int(begun))

    def claim_actions(self, actions: Sequence[int], judge: Callable[[Act], Judge], now: datetime) -> list[Action]:
        """Make these acts ours; gives those that can be begun.

        What was judged a while ago, or stands in an incident by now, is judged again: it may be refused, or wait.
        """
        with self.db.write():
            rows = self.db.rows(
                "SELECT a.id, a.act, a.connection, a.not_before, a.seen, p.run_at, c.incident, c.removed_at"
                " FROM actions a JOIN plans p ON p.id = a.plan JOIN connections c ON c.id = a.connection"
                f" WHERE a.id IN ({_marks(actions)}) AND a.state = 'intent' AND a.owner IS NULL"
                " AND p.state = 'running'",
                actions,
            )
            mine = [row["id"] for row in rows if _fresh(row, now) or self._still(row, judge(Act(row["act"])), now)]
            self.db.run(f"UPDATE actions SET owner = ? WHERE id IN ({_marks(mine)})", (self.sessions.open(), *mine))
        return self._actions(mine)

    def _still(self, row: Any, judge: Judge, now: datetime) -> bool:
        """Whether the act may begin after all; when not, it is written what became of it."""
        from dataclasses import replace

        ((fleet, facts),) = self.health([public(row["connection"])], now)
        (item,) = judge([(replace(fleet, running=""), facts)])
        if item.fate == "wait":
            self._postpone(row["id"], ms(item.until), item.reason)
            return False
        reason = (
            item.reason if item.fate == "refused" else "changed_since" if row["seen"] not in ("", item.seen) else ""
        )
        if reason:
            self.db.run("UPDATE actions SET owner = ? WHERE id = ?", (self.sessions.open(), row["id"]))
            self.settle_action(row["id"], ActionState.REFUSED, now, reason=reason)
        return not reason

    def orphaned_actions(self, limit: int, now: datetime) -> list[Action]:
        """What a dead process left behind, now ours: its `sent` becomes `unknown`, its intents are free again."""
        me = self.sessions.open()
        lost: list[int] = []
        with self.db.write():
            rows = self.db.rows(
                f"SELECT id, state, owner FROM actions WHERE state IN {LIVE} AND owner IS NOT NULL AND owner <> ?"
                " ORDER BY id",
                (me,),
            )
            alive: dict[str, bool] = {}
            for row in rows:
                if alive.setdefault(row["owner"], self.sessions.alive(row["owner"])):
                    continue
                if row["state"] == "intent":
                    self.db.run("UPDATE actions SET owner = NULL WHERE id = ?", (row["id"],))
                elif len(lost) < limit:
                    self.db.run("UPDATE actions SET owner = ?, state = 'unknown' WHERE id = ?", (me, row["id"]))
                    self._log_action(row["id"], "unknown", {"reason": "owner_died"}, now)
                    lost.append(row["id"])
        return self._actions(lost)

    def _actions(self, ids: Sequence[int]) -> list[Action]:
        return list(map(action_of, self.db.rows(f"{SELECT_ACTION} WHERE a.id IN ({_marks(ids)}) ORDER BY a.id", ids)))

    def is_mine(self, action: int) -> bool:
        begun = "SELECT 1 FROM actions WHERE id = ? AND owner = ? AND state IN ('sent', 'unknown')"
        return self.db.value(begun, (action, self.sessions.open())) is not None

    # -- one act -----------------------------------------------------------------------------------------------

    def mark_sent(self, action: int, now: datetime) -> bool:
        """False when the act is not ours to send, or its plan was paused or cancelled meanwhile; then it is let go."""
        with self.db.write():
            return bool(self._mark_sent([action], now))

    def send_syncs(self, asked: Sequence[tuple[int, datetime]]) -> list[tuple[bool, Session | None]]:
        """For many syncs that are about to be asked for, each at its moment: whether it may be sent, and the session.

        Those that may are marked as sent, and their look-ups are spent (law 10): once, since a repeat under the same
        key asks no bank again. The session brings its tokens; without a consent there is none.
        """
        now = max(moment for _, moment in asked)
        ids = [action for action, _ in asked]
        with self.db.write():
            again = self.db.rows(f"SELECT id FROM actions WHERE id IN ({_marks(ids)}) AND sent_at IS NOT NULL", ids)
            mine = self._mark_sent(ids, now)
            rows = self.db.rows(
                "SELECT a.id, a.connection, c.agreement, u.email, c.consent, s.consent_id FROM actions a"
                " JOIN connections c ON c.id = a.connection JOIN customers u ON u.agreement = c.agreement"
                f" JOIN consents s ON s.id = c.consent WHERE a.id IN ({_marks(mine)})",
                [*mine],
            )
            repeats = {row["id"] for row in again}
            self.spend([public(row["connection"]) for row in rows if row["id"] not in repeats], "sync", now)
            tokens = self.tokens_of([row["consent"] for row in rows])
        sessions = {
            row["id"]: Session(
                connection=public(row["connection"]),
                consent=row["consent"],
                consent_id=row["consent_id"],
                customer=login_of(row),
                tokens=keys,
            )
            for row, keys in zip(rows, tokens, strict=True)
        }
        return [(action in mine, sessions.get(action)) for action, _ in asked]

    def _mark_sent(self, actions: Sequence[int], now: datetime) -> set[int]:
        """Mark those that are ours to send, and let go of the others; a sync into an incident is not (law 5)."""
        rows = self.db.rows(
            "UPDATE actions SET state = 'sent', sent_at = coalesce(sent_at, ?), news_at = CASE WHEN sent_at IS NULL"
            " THEN (SELECT max(last_synchronized) FROM accounts b WHERE b.connection = actions.connection)"
            " ELSE news_at END"
            f" WHERE id IN ({_marks(actions)})"
            " AND owner = ? AND (state IN ('sent', 'unknown') OR (state = 'intent'"
            " AND EXISTS (SELECT 1 FROM plans p WHERE p.id = actions.plan AND p.state = 'running')"
            " AND (act <> 'sync' OR NOT EXISTS (SELECT 1 FROM connections c WHERE c.id = actions.connection"
            "  AND c.incident IS NOT NULL)))) RETURNING id",
            (ms(now), *actions, self.sessions.open()),
        )
        mine = {row["id"] for row in rows}
        self._log_actions({action: ("sent", {}) for action in actions if action in mine}, now)
        for action in actions:
            if action not in mine:
                self._postpone(action, None, "")
        return mine

    def postpone_action(self, action: int, until: datetime | None, reason: str) -> None:
        """The act had no chance to be sent: it begins later, not before `until`. It is no failure of anybody."""
        with self.db.write():
            self._postpone(action, ms(until), reason)

    def try_again(
        self, action: int, until: datetime, reason: str, now: datetime, *, count: str = "tried", detail: str = ""
    ) -> None:
        """The act was sent, surely not done, and is to be tried again: an intent again, under its own key.

        What is known of it counts that as one more of `count`. It has not been sent by now: its key's life begins anew,
        and so does the wait for the bank. In a plan that was cancelled meanwhile it is cancelled too.
        """
        with self.db.write():
            row = self.db.row(
                "SELECT a.result, p.state, p.note FROM actions a JOIN plans p ON p.id = a.plan"
                " WHERE a.id = ? AND a.state = 'sent'",
                (action,),
            )
            if row is None:
                return
            if row["state"] == PlanState.CANCELLED:
                self.settle_action(action, ActionState.CANCELLED, now, reason=row["note"])
                return
            known = json.loads(row["result"])
            told = {count: str(int(known.get(count, "0")) + 1)} | ({"detail": detail} if detail else {})
            self.db.run(
                "UPDATE actions SET state = 'intent', owner = NULL, not_before = ?, reason = ?, result = ?,"
                " sent_at = NULL WHERE id = ?",
                (ms(until), reason, json.dumps(known | told), action),
            )
            self._log_action(action, "intent", {"reason": reason, **told}, now)

    def _postpone(self, action: int, until: int | None, reason: str) -> None:
        self.db.run(
            "UPDATE actions SET owner = NULL, not_before = coalesce(?, not_before), reason = ?"
            " WHERE id = ? AND state = 'intent' AND (owner IS NULL OR owner = ?)",
            (until, reason, action, self.sessions.open()),
        )

    def settle_action(
        self, action: int, state: ActionState, now: datetime, *, reason: str = "", result: dict[str, str] | None = None
    ) -> None:
        """The outcome, beside the intent. `result` is added to what is known of it already.

        Nothing is written of an act that has ended, or that another process has taken up: its word counts. That it is
        done may be told by whoever has seen it.
        """
        self.settle_actions([Outcome(action=action, state=state, at=now, reason=reason, result=result or {})])

    def settle_actions(self, outcomes: Sequence[Outcome]) -> None:
        """The same for many at once."""
        if len({outcome.action for outcome in outcomes}) < len(outcomes):
            for outcome in outcomes:  # what the first has changed decides about the second
                self.settle_actions([outcome])
            return
        with self.db.write():
            rows = self.db.rows(
                "SELECT a.id, a.state, a.owner, a.result, a.connection, a.act, c.sync_failed FROM actions a"
                f" JOIN connections c ON c.id = a.connection WHERE a.id IN ({_marks(outcomes)})",
                [outcome.action for outcome in outcomes],
            )
            known = {row["id"]: row for row in rows}
            told = [
                (outcome, row)
                for outcome in outcomes
                if (row := known.get(outcome.action)) is not None and self._believed(row, outcome.state)
            ]
            self.db.many(
                "UPDATE actions SET state = ?, reason = ?, result = ?, finished_at = ? WHERE id = ?",
                [
                    (one.state, one.reason, json.dumps(json.loads(row["result"]) | one.result), ms(one.at), one.action)
                    for one, row in told
                ],
            )
            now = max(outcome.at for outcome in outcomes)
            words = {one.action: (one.state.value, {"reason": one.reason, **one.result}) for one, _ in told}
            self._log_actions(words, now)
            for outcome, row in told:
                if row["act"] != Act.SYNC or self._note_sync(row, outcome):
                    self.reassess(row["connection"], now)

    def _note_sync(self, row: Any, outcome: Outcome) -> bool:
        """How the connection's last sync ended; False when that is what was known: then its health is what it was.

        Only a bank that takes a sync, or brings data, takes back that it wanted the customer; an outage tells nothing.
        """
        failed = outcome.state == ActionState.AWAITING_CUSTOMER or outcome.reason == "renew_first"
        works = outcome.state in (ActionState.WAITING, ActionState.DONE)
        if failed == bool(row["sync_failed"]) or not (failed or works):
            return False
        self.db.run("UPDATE connections SET sync_failed = ? WHERE id = ?", (1 if failed else 0, row["connection"]))
        return True

    def _believed(self, row: Any, state: ActionState) -> bool:
        was = ActionState(row["state"])
        if state == ActionState.DONE:
            return not was.settled or was in (*_OTHERS_TURN, ActionState.FAILED)
        return was in _OTHERS_TURN or (not was.settled and row["owner"] == self.sessions.open())

    def _log_action(self, action: int, state: str, data: dict[str, object], now: datetime) -> None:
        self._log_actions({action: (state, data)}, now)

    def _log_actions(self, words: Mapping[int, tuple[str, Mapping[str, object]]], now: datetime) -> None:
        """A line for each act: its new state, and what else is to be told of it."""
        rows = self.db.rows(
            "SELECT a.id, a.connection, a.act, a.plan, p.run_by, p.run_host FROM actions a"
            f" JOIN plans p ON p.id = a.plan WHERE a.id IN ({_marks(words)}) ORDER BY a.id",
            [*words],
        )
        lines: dict[tuple[str, str], list[Entry]] = {}
        for row in rows:
            state, data = words[row["id"]]
            line = (f"{row['act']}.{state}", row["connection"], {"plan": row["plan"], **data})
            lines.setdefault((row["run_by"], row["run_host"]), []).append(line)
        for (operator, host), some in lines.items():
            self.log_many(some, now, operator=operator, host=host)

    def unknown_actions(self, limit: int, after: int = 0) -> list[Action]:
        """This agent's actions whose outcome is not known and that are looked at, by id, those behind `after`."""
        rows = self.db.rows(
            f"{SELECT_ACTION} WHERE a.state = 'unknown' AND a.owner = ? AND a.id > ?"
            f" AND a.reason NOT IN ({_marks(LEFT_TO_HUMANS)}) ORDER BY a.id LIMIT ?",
            (self.sessions.open(), after, *LEFT_TO_HUMANS, limit),
        )
        return list(map(action_of, rows))

    def waiting_actions(self, act: Act, limit: int, after: int = 0) -> list[Action]:
        """Actions of one kind that the bank has queued, by id, those behind `after`."""
        rows = self.db.rows(
            f"{SELECT_ACTION} WHERE a.act = ? AND a.state = 'waiting' AND a.id > ? ORDER BY a.id LIMIT ?",
            (act, after, limit),
        )
        return list(map(action_of, rows))

    def follow_up(self, action: int, now: datetime) -> None:
        """The second step of "renew first, then synchronise", once the first is done."""
        with self.db.write():
            row = self.db.row(
                "SELECT a.* FROM actions a JOIN plans p ON p.id = a.plan"
                " WHERE a.id = ? AND a.then_sync = 1 AND p.state <> 'cancelled'",
                (action,),
            )
            if row is None or self._busy([row["connection"]]):
                return
            second = self.db.value(
                "INSERT INTO actions (plan, connection, act, state, key, created_at, position)"
                " VALUES (?, ?, 'sync', 'intent', ?, ?, ?) RETURNING id",
                (row["plan"], row["connection"], str(uuid.uuid4()), ms(now), row["position"]),
            )
            self._log_action(second, "intent", {}, now)
            self.db.run(
                "UPDATE plans SET state = 'running', ended_at = NULL WHERE id = ? AND state = 'ended'", (row["plan"],)
            )


def _marks(many: Collection[object]) -> str:
    """What stands in `IN (…)` for so many values."""
    return ",".join("?" * len(many)) or "NULL"


def _fresh(row: Any, now: datetime) -> bool:
    """What was judged at the run still holds, as far as one can see without looking again."""
    return (
        (ms(now) or 0) - row["run_at"] < _TRUSTED
        and row["not_before"] is None
        and row["incident"] is None
        and row["removed_at"] is None
    )

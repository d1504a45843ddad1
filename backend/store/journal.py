"""Plans and actions: every act is on disk before it happens and again when its outcome is known (law 10)."""

import json
import uuid
from datetime import datetime

from backend.model.facts import Act
from backend.model.plans import Action, ActionState, Plan, PlanView, Submitted
from backend.store.codec import action_of, at, ms, number
from backend.store.fleet import SELECT_ACTION
from backend.store.tables import Tables

LIVE = "('intent', 'sent', 'unknown')"


class Journal(Tables):
    """The door for operators and the agent's side of their acts."""

    def submit(self, plan: Plan, host: str) -> Submitted:
        """Write the plan's runnable items as intents, all in one transaction.

        A connection on which another act is still under way is not touched; the answer names that act, who
        asked for it and since when. `PlanItem`s that were refused or must wait are kept with the plan, as told.
        """
        refused = [(item.connection, item.reason) for item in plan.items if item.fate != "run"]
        now = plan.created_at
        with self.db.write():
            plan_id = self.db.value(
                "INSERT INTO plans (act, operator, host, created_at, then_sync, state, run_at, run_by, run_host)"
                " VALUES (?, ?, ?, ?, ?, 'running', ?, ?, ?) RETURNING id",
                (plan.act, plan.operator, host, ms(now), plan.then_sync, ms(now), plan.operator, host),
            )
            for item in plan.with_fate("run"):
                if blocked := self._blocked_by(number(item.connection)):
                    refused.append((item.connection, blocked))
                    continue
                key = str(uuid.uuid4())
                self.db.run(
                    "INSERT INTO actions (plan, connection, act, state, key, then_sync, created_at)"
                    " VALUES (?, ?, ?, 'intent', ?, ?, ?)",
                    (plan_id, number(item.connection), plan.act, key, plan.then_sync, ms(now)),
                )
                told = {"plan": plan_id}
                self.log(f"{plan.act}.intent", number(item.connection), told, now, operator=plan.operator, host=host)
            self.db.many(
                "INSERT INTO actions (plan, connection, act, state, key, reason, created_at, position)"
                " VALUES (?, ?, ?, 'refused', ?, ?, ?, ?)",
                [
                    (plan_id, number(connection), plan.act, str(uuid.uuid4()), reason, ms(now), place)
                    for place, (connection, reason) in enumerate(refused, 1_000_000)
                ],
            )
        actions = tuple(
            map(
                action_of,
                self.db.rows(f"{SELECT_ACTION} WHERE a.plan = ? AND a.state <> 'refused' ORDER BY a.id", (plan_id,)),
            )
        )
        return Submitted(plan=plan_id, actions=actions, refused=tuple(refused))

    def _blocked_by(self, connection: int) -> str:
        row = self.db.row(f"{SELECT_ACTION} WHERE a.connection = ? AND a.state IN {LIVE}", (connection,))
        if row is None:
            return ""
        return f"in_work:{row['act']}:{row['operator']}:{at(row['created_at']).isoformat()}"

    # -- the agent's side --------------------------------------------------------------------------------------

    def claim_actions(self, limit: int, now: datetime) -> list[Action]:
        """Intents nobody works on, and what a dead process left behind (its `sent` becomes `unknown`)."""
        me = self.sessions.open()
        claimed: list[int] = []
        with self.db.write():
            rows = self.db.rows(
                f"SELECT id, state, owner FROM actions WHERE state IN {LIVE} AND owner IS NOT ? ORDER BY id", (me,)
            )
            alive: dict[str, bool] = {}
            for row in rows:
                owner = row["owner"]
                if owner is not None and alive.setdefault(owner, self.sessions.alive(owner)):
                    continue
                state = "unknown" if row["state"] == "sent" else row["state"]
                self.db.run("UPDATE actions SET owner = ?, state = ? WHERE id = ?", (me, state, row["id"]))
                claimed.append(row["id"])
                if len(claimed) >= limit:
                    break
        marks = ",".join("?" * len(claimed))
        return list(map(action_of, self.db.rows(f"{SELECT_ACTION} WHERE a.id IN ({marks}) ORDER BY a.id", claimed)))

    def mark_sent(self, action: int, now: datetime) -> bool:
        with self.db.write():
            mine = self.db.run(
                f"UPDATE actions SET state = 'sent', sent_at = coalesce(sent_at, ?)"
                f" WHERE id = ? AND owner = ? AND state IN {LIVE}",
                (ms(now), action, self.sessions.open()),
            )
            if mine:
                self._log_action(action, "sent", {}, now)
        return bool(mine)

    def settle_action(
        self, action: int, state: ActionState, now: datetime, *, reason: str = "", result: dict[str, str] | None = None
    ) -> None:
        """The outcome, beside the intent. `result` is added to what is known of it already."""
        with self.db.write():
            row = self.db.row("SELECT result, connection, act, then_sync FROM actions WHERE id = ?", (action,))
            if row is None:
                return
            known = json.loads(row["result"]) | (result or {})
            self.db.run(
                "UPDATE actions SET state = ?, reason = ?, result = ?, finished_at = ? WHERE id = ?",
                (state, reason, json.dumps(known), ms(now), action),
            )
            if row["act"] == Act.SYNC:
                failed = state == ActionState.AWAITING_CUSTOMER or reason == "renew_first"
                self.db.run("UPDATE connections SET sync_failed = ? WHERE id = ?", (failed, row["connection"]))
            self._log_action(action, state, {"reason": reason, **(result or {})}, now)
            self.reassess(row["connection"], now)

    def _log_action(self, action: int, state: str, data: dict[str, object], now: datetime) -> None:
        row = self.db.row(
            "SELECT a.connection, a.act, a.plan, p.operator, p.host FROM actions a JOIN plans p ON p.id = a.plan"
            " WHERE a.id = ?",
            (action,),
        )
        if row is not None:
            data = {"plan": row["plan"], **data}
            self.log(f"{row['act']}.{state}", row["connection"], data, now, operator=row["operator"], host=row["host"])

    def unknown_actions(self, limit: int) -> list[Action]:
        """This agent's actions whose outcome is not known, oldest first."""
        rows = self.db.rows(
            f"{SELECT_ACTION} WHERE a.state = 'unknown' AND a.owner = ? ORDER BY a.id LIMIT ?",
            (self.sessions.open(), limit),
        )
        return list(map(action_of, rows))

    def waiting_actions(self, act: Act, limit: int) -> list[Action]:
        rows = self.db.rows(
            f"{SELECT_ACTION} WHERE a.act = ? AND a.state = 'waiting' ORDER BY a.id LIMIT ?", (act, limit)
        )
        return list(map(action_of, rows))

    def follow_up(self, action: int, now: datetime) -> None:
        """The second step of "renew first, then synchronise", once the first is done."""
        with self.db.write():
            row = self.db.row("SELECT * FROM actions WHERE id = ? AND then_sync = 1", (action,))
            if row is None or self._blocked_by(row["connection"]):
                return
            self.db.run(
                "INSERT INTO actions (plan, connection, act, state, key, created_at)"
                " VALUES (?, ?, 'sync', 'intent', ?, ?)",
                (row["plan"], row["connection"], str(uuid.uuid4()), ms(now)),
            )

    # -- reading -----------------------------------------------------------------------------------------------

    def plan(self, plan: int) -> PlanView | None:
        row = self.db.row("SELECT * FROM plans WHERE id = ?", (plan,))
        if row is None:
            return None
        told = tuple(map(action_of, self.db.rows(f"{SELECT_ACTION} WHERE a.plan = ? ORDER BY a.id", (plan,))))
        actions = tuple(action for action in told if action.state != ActionState.REFUSED)
        counts: dict[ActionState, int] = {}
        for action in actions:
            counts[action.state] = counts.get(action.state, 0) + 1
        return PlanView(
            id=plan,
            act=Act(row["act"]),
            operator=row["operator"],
            host=row["host"],
            created_at=at(row["created_at"]),
            counts=counts,
            actions=actions,
            refused=tuple((action.connection, action.reason) for action in told if action.state == ActionState.REFUSED),
        )

    def plans(self, limit: int) -> list[PlanView]:
        """Newest first."""
        rows = self.db.rows("SELECT id FROM plans ORDER BY id DESC LIMIT ?", (limit,))
        return [view for row in rows if (view := self.plan(row["id"])) is not None]

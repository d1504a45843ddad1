"""The stages of running plans: one act, a few, the rest; and where they stop by themselves (DESIGN §6)."""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

from backend.model.plans import Progress, Step
from backend.store.codec import ms
from backend.store.plans import Plans


class Stages(Plans):
    """Moves plans on."""

    def step_plans(self, rule: Callable[[Progress], Step], own: Collection[str], now: datetime) -> int:
        """Open the next stage of running plans, stop those that fail, end those that are over; gives how many moved.

        `own` are reasons that say something about one connection only: they do not count as failures of the plan.
        """
        moved = 0
        with self.db.write():
            for plan in self.db.rows(
                "SELECT id, state, allowed, forgiven, forgiven_unknown FROM plans"
                " WHERE state IN ('running', 'paused') ORDER BY id"
            ):
                moved += self._step(plan, rule, own, now)
        return moved

    def _step(self, plan: Any, rule: Callable[[Progress], Step], own: Collection[str], now: datetime) -> bool:
        seen = self.db.rows(
            "SELECT state, CASE WHEN state = 'failed' THEN reason ELSE '' END AS reason,"
            " CASE WHEN owner IS NULL THEN 0 ELSE 1 END AS owned, count(*) AS many"
            " FROM actions WHERE plan = ? AND state <> 'refused' GROUP BY 1, 2, 3",
            (plan["id"],),
        )

        def count(*states: str, only: Callable[[Any], bool] = lambda _: True) -> int:
            return sum(row["many"] for row in seen if row["state"] in states and only(row))

        if not count("intent", "sent", "unknown"):
            self.db.run("UPDATE plans SET state = 'ended', note = '', ended_at = ? WHERE id = ?", (ms(now), plan["id"]))
            return True
        if plan["state"] == "paused":
            return False
        failed = count("failed", only=lambda row: row["reason"] not in own)
        step = rule(
            Progress(
                size=sum(row["many"] for row in seen),
                allowed=plan["allowed"],
                open=count("sent") + count("intent", only=lambda row: row["owned"]),
                good=count("done", "waiting", "awaiting_customer") + count("failed") - failed,
                failed=failed,
                unknown=count("unknown"),
                forgiven=plan["forgiven"],
                forgiven_unknown=plan["forgiven_unknown"],
            )
        )
        if step.stop:
            # Who lets it go on has seen these: they do not stop it a second time.
            self.db.run(
                "UPDATE plans SET state = 'paused', note = ?, forgiven = ?, forgiven_unknown = ? WHERE id = ?",
                (step.stop, failed, count("unknown"), plan["id"]),
            )
            self.log("plan.stopped", None, {"plan": plan["id"], "reason": step.stop}, now)
        elif step.allowed != plan["allowed"]:
            self.db.run("UPDATE plans SET allowed = ? WHERE id = ?", (step.allowed, plan["id"]))
        else:
            return False
        return True

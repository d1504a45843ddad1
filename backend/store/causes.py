"""When a connection's problem opens, is renewed, comes back and closes. Every opening and closing is an event."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from backend.model.facts import Verdict
from backend.model.health import Assessment
from backend.model.problems import COMES_BACK
from backend.store.codec import ms

if TYPE_CHECKING:
    from backend.store.tables import Tables

SEVERITY = {
    Verdict.OPERATOR: 0,
    Verdict.CUSTOMER: 1,
    Verdict.INCIDENT: 2,
    Verdict.WAIT: 3,
    Verdict.FINE: 4,
}
"""The order of the triage: what an operator can do something about comes first."""


def judged(found: Assessment) -> dict[str, Any]:
    """An assessment as columns of `connections`."""
    return {
        "status": found.status,
        "consent_axis": found.consent,
        "fetch_axis": found.fetch,
        "transfer_axis": found.transfer,
        "verdict": found.verdict,
        "severity": SEVERITY[found.verdict],
        "situation": found.situation,
        "action": found.action,
        "wait_until": ms(found.wait_until),
        "next_change_at": ms(found.next_change_at),
    }


def note_cause(store: "Tables", connection: int, found: Assessment, now: datetime, *, again: bool) -> None:
    """One open problem per connection: the same cause is renewed, another cause replaces it, none closes it.

    A cause that comes back within `COMES_BACK` opens the same problem again (times + 1), with whose it was and until
    when it was snoozed. `again`: what was found differs from what was known, so the same cause counts once more.
    A first fetch that is still to come is no problem: nothing is wrong, and an import would open one for each line.
    """
    cause = None if found.verdict == Verdict.FINE or found.situation == "first_fetch" else found.situation
    severity = SEVERITY[found.verdict]
    is_open = store.db.row("SELECT * FROM problems WHERE connection = ? AND closed_at IS NULL", (connection,))
    if is_open is not None and is_open["cause"] == cause:
        if again:
            store.db.run("UPDATE problems SET last_at = ?, times = times + 1 WHERE id = ?", (ms(now), is_open["id"]))
            _worse(store, is_open, severity, now)
        return
    if is_open is not None:
        _close(store, is_open, now)
    if cause is not None:
        _open(store, connection, cause, severity, now)


def _close(store: "Tables", row: Any, now: datetime) -> None:
    """A snooze that waits for a condition ends with its cause; one until a time holds if the same problem returns."""
    store.db.run(
        "UPDATE problems SET closed_at = ?, snoozed_for = '', snoozed_mark = '',"
        " snoozed_until = CASE WHEN snoozed_for = '' THEN snoozed_until END WHERE id = ?",
        (ms(now), row["id"]),
    )
    lasted = max(0, (ms(now) or 0) - row["opened_at"]) // 1000
    data = {"problem": row["id"], "cause": row["cause"], "seconds": lasted, "times": row["times"]}
    store.log("problem.closed", row["connection"], data, now)


def _open(store: "Tables", connection: int, cause: str, severity: int, now: datetime) -> None:
    last = store.db.row(
        "SELECT * FROM problems WHERE connection = ? AND cause = ? AND closed_at IS NOT NULL ORDER BY id DESC LIMIT 1",
        (connection, cause),
    )
    if last is not None and last["closed_at"] > (ms(now - COMES_BACK) or 0):
        store.db.run(
            "UPDATE problems SET closed_at = NULL, last_at = ?, times = times + 1 WHERE id = ?", (ms(now), last["id"])
        )
        data = {"problem": last["id"], "cause": cause, "times": last["times"] + 1}
        store.log("problem.opened", connection, data, now)
        _worse(store, last, severity, now)
        return
    muted = last is not None and last["muted_by"] is not None and severity >= last["muted_severity"]
    problem = store.db.value(
        "INSERT INTO problems (connection, cause, opened_at, last_at, muted_by, muted_severity)"
        " VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
        (
            connection,
            cause,
            ms(now),
            ms(now),
            last["muted_by"] if last is not None and muted else None,
            last["muted_severity"] if last is not None and muted else None,
        ),
    )
    store.log("problem.opened", connection, {"problem": problem, "cause": cause, "times": 1}, now)


def _worse(store: "Tables", row: Any, severity: int, now: datetime) -> None:
    """A muted cause that is now worse than when it was muted is heard again: who must act has moved towards us."""
    if row["muted_by"] is not None and severity < row["muted_severity"]:
        store.db.run("UPDATE problems SET muted_by = NULL, muted_severity = NULL WHERE id = ?", (row["id"],))
        data = {"problem": row["id"], "cause": row["cause"], "muted_by": row["muted_by"]}
        store.log("problem.worse", row["connection"], data, now)

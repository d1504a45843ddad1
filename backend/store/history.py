"""What was known of each connection, moment by moment: the log from which `past` rebuilds any moment (issue "Why").

Facts have a log of their own, beside the audit events, because of its volume. Every fetch moves times, and a line in
the hash chain costs a hash over all before it and is kept for ever; here most moments cost some fifty bytes, old ones
are thinned, and the chain stays short enough to be read and verified.

A *whole* row has everything that health is computed from (but running fetches) and what a list shows beside it, less
what is empty. A *routine* row, written when nothing but times moved, has those times alone. So a moment is the last
whole row at or before it, with the times of the last row of any kind. Rows are only ever added; what is thinned are
routine rows. What the log does not hold is the judgement: `assess` makes it anew, with the rules and settings of today.
"""

import json
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

from backend.store.codec import ms
from backend.store.engine import Engine

ROUTINE = ("last_attempt_at", "last_fetched", "last_synchronized", "next_fetch_at")
"""Times that every fetch moves."""

COUNTS = (
    *("sync_failed", "accounts", "orphaned", "unmapped", "queued", "held", "rejected", "unseen", "silent"),
    *("rows_missing", "balance_off", "unselected", "changed_rows", "doubted", "mail_refused", "usual_cases"),
)
"""Facts that are 0 when there is nothing to tell."""

TOLD = (
    *("said", "expires_at", "connected_at", "renewed_at", "removed_at", "data_from", "last_outcome", "last_detail"),
    *("last_until", "failing_since", "case_kind", "case_stage", "case_note", "case_opened_at", "oldest_queued_at"),
    *("oldest_due_at", "held_reason", "delivery_outcome", "incident_scope", "incident_since", "gap_from", "gap_to"),
    *("twin", "superseded_by", "healed_at", "usual_end_at", "silent_since"),
    *COUNTS,
    *("bank", "customer", "consent"),
)
"""Columns of `SELECT_CONNECTION` that a whole row keeps: facts, and at the end what a list shows beside them."""

BLANK: dict[str, Any] = dict.fromkeys(TOLD) | dict.fromkeys(COUNTS, 0) | {"last_detail": "", "running_since": None}
"""The values that a whole row leaves out."""

KEPT_WHOLE = timedelta(days=30)
"""For so long every fetch can be told from the next; of older routine rows the last of each `GRAIN` is kept."""

GRAIN = timedelta(hours=6)
"""Less than any sensible `stale_after`, so that a thinned past never looks as if nothing had been fetched."""

THINNED_AT_ONCE = 50
"""Connections whose routine rows are thinned in one go of the agent's housekeeping, once a minute."""


def remember(db: Engine, row: Any, now: datetime) -> None:
    """Add to the log what a row of `SELECT_CONNECTION` says anew, in the transaction of the change.

    A clock that went backwards does not unsettle the order: the row then stands at the time of the one before it.
    """
    told = [row[name] for name in TOLD]
    times = [row[name] for name in ROUTINE]
    digest = blake2b(repr(told).encode("utf-8", "replace"), digest_size=8).digest()
    facts_print = int.from_bytes(digest, "big", signed=True)
    known, key, instant, seq = row["facts_print"], row["id"], ms(now) or 0, 0
    if known is not None:
        last = db.row(
            "SELECT at, seq, facts FROM history WHERE connection = ? ORDER BY at DESC, seq DESC LIMIT 1", (key,)
        )
        if last is not None:
            if known == facts_print and _times(last["at"], last["facts"]) == times:
                return
            if last["at"] >= instant:
                instant, seq = last["at"], last["seq"] + 1
    text = json.dumps([None if time is None else time - instant for time in times], separators=(",", ":"))
    if whole := known != facts_print:
        kept = {name: value for name, value in zip(TOLD, told, strict=True) if value != BLANK[name]}
        text = f"{text}\n{json.dumps(kept, ensure_ascii=False, separators=(',', ':'))}"
        db.run("UPDATE connections SET facts_print = ? WHERE id = ?", (facts_print, key))
    db.run(
        "INSERT INTO history (connection, at, seq, whole, facts) VALUES (?, ?, ?, ?, ?)",
        (key, instant, seq, whole, text),
    )


def known(whole: str, last_at: int, last: str) -> dict[str, Any]:
    """The columns as they were: of the last whole row, and the last row of any kind with its time."""
    facts: dict[str, Any] = json.loads(whole.partition("\n")[2])
    return BLANK | facts | dict(zip(ROUTINE, _times(last_at, last), strict=True))


def thin(db: Engine, now: datetime) -> int:
    """Thin the old routine rows of some connections, the next ones each minute; gives how many went.

    Whose turn it is follows from the time alone, so that short runs of the agent come round too.
    """
    rounds = int(db.value("SELECT coalesce(max(id), 0) FROM connections")) // THINNED_AT_ONCE + 1
    first = (ms(now) or 0) // 60_000 % rounds * THINNED_AT_ONCE
    return db.run(
        "DELETE FROM history AS h WHERE connection >= ?1 AND connection < ?1 + ?2 AND at < ?3 AND whole = 0"
        " AND EXISTS (SELECT 1 FROM history n WHERE n.connection = h.connection AND n.at < (h.at / ?4 + 1) * ?4"
        "   AND (n.at > h.at OR n.at = h.at AND n.seq > h.seq))",
        (first, THINNED_AT_ONCE, ms(now - KEPT_WHOLE), int(GRAIN.total_seconds() * 1000)),
    )


def _times(instant: int, text: str) -> list[int | None]:
    spans = json.loads(text.partition("\n")[0])
    return [None if span is None else instant + span for span in spans]

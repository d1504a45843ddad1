"""Open problems, one a connection, and what operators do about them; and the notes that they leave.

A snooze is never woken by a writer: whether it still holds is asked when the list is read, so that time, an incident
that ends or a customer who logs in bring a problem back by themselves, with no agent at work.
"""

from datetime import datetime
from typing import Any

from backend.model.filters import Filter
from backend.model.problems import Condition, Handled, Note, ProblemError, name_text, note_text
from backend.model.views import ProblemView
from backend.store.causes import SEVERITY
from backend.store.codec import at, ms, number, public, when
from backend.store.incidents import STANDS_IN
from backend.store.query import RENEWED_MARK, SNOOZED, where
from backend.store.tables import Tables

_SELECT = f"""
SELECT p.*, c.agreement, c.customer, c.bank, c.verdict, c.action, {STANDS_IN} AS stands_in, {SNOOZED} AS snoozed
FROM problems p JOIN connections c ON c.id = p.connection
"""
"""Problems with what they are shown with; the first value is the moment of reading."""

_WAKING = f"FROM ({_SELECT} WHERE p.closed_at IS NULL AND p.snoozed_until > ? AND p.snoozed_until <= ?) p WHERE snoozed"


class Problems(Tables):
    """Implements the problem half of `ports.FleetReader` and of `ports.Door`."""

    # -- reading -----------------------------------------------------------------------------------------------

    def problems(self, query: Filter, limit: int, *, hidden: bool = False) -> list[ProblemView]:
        """Open problems of the connections that match: those an operator can act on first, then the oldest."""
        now = self.clock.now()
        self.catch_up(now)
        condition, values = where(query)
        shown = "TRUE" if hidden else "NOT snoozed AND muted_by IS NULL AND stands_in IS NULL"
        rows = self.db.rows(
            f"SELECT * FROM ({_SELECT} WHERE p.closed_at IS NULL AND {condition} ORDER BY c.severity, p.opened_at,"
            f" p.id) p WHERE {shown} LIMIT ?",
            (ms(now), *values, limit),
        )
        return [_view(row) for row in rows]

    def waking(self, now: datetime, until: datetime, limit: int) -> list[ProblemView]:
        """Open problems whose snooze ends between the two moments by its time, the first to end first."""
        rows = self.db.rows(
            f"SELECT * {_WAKING} ORDER BY snoozed_until, id LIMIT ?", (ms(now), ms(now), ms(until), limit)
        )
        return [_view(row) for row in rows]

    def wakings(self, now: datetime, until: datetime) -> int:
        """How many those are."""
        return int(self.db.value(f"SELECT count(*) {_WAKING}", (ms(now), ms(now), ms(until))))

    def notes(self, connection: str, limit: int) -> list[Note]:
        rows = self.db.rows(
            "SELECT * FROM notes WHERE connection = ? ORDER BY id DESC LIMIT ?", (number(connection), limit)
        )
        return [
            Note(
                id=row["id"],
                connection=public(row["connection"]),
                at=at(row["at"]),
                operator=row["operator"],
                text=row["text"],
            )
            for row in rows
        ]

    # -- what operators do -------------------------------------------------------------------------------------

    def add_note(self, connection: str, text: str, operator: str, host: str, now: datetime) -> Note:
        line = note_text(text)
        with self.db.write():
            known = self.db.value("SELECT id FROM connections WHERE id = ?", (number(connection),))
            if known is None:
                raise ProblemError("problem.no_connection", id=connection)
            note = self.db.value(
                "INSERT INTO notes (connection, at, operator, text) VALUES (?, ?, ?, ?) RETURNING id",
                (known, ms(now), operator, line),
            )
            self.log("note.added", known, {"note": note, "text": line}, now, operator=operator, host=host)
        return Note(id=note, connection=connection, at=now, operator=operator, text=line)

    def snooze(
        self, connection: str, until: datetime | None, condition: str, operator: str, host: str, now: datetime
    ) -> Handled:
        if condition and condition not in tuple(Condition):
            raise ProblemError("problem.no_condition", given=condition, known=", ".join(Condition))
        if until is None and not condition:
            raise ProblemError("problem.snooze_what", known=", ".join(Condition))
        if until is not None and until <= now:
            raise ProblemError("problem.time_is_past")
        with self.db.write():
            row = self._open_problem(connection, now)
            mark = ""
            if condition == Condition.LIMIT_END:
                over = self._limit_end(row, now)
                until = min(over, until) if until is not None else over
            elif condition == Condition.INCIDENT_END:
                if row["stands_in"] is None:
                    raise ProblemError("problem.no_incident", id=connection)
                mark = str(row["stands_in"])
            elif condition == Condition.RENEWED:
                mark = str(
                    self.db.value(f"SELECT {RENEWED_MARK} FROM connections c WHERE c.id = ?", (row["connection"],))
                )
            self.db.run(
                "UPDATE problems SET snoozed_until = ?, snoozed_for = ?, snoozed_mark = ?, snoozed_by = ? WHERE id = ?",
                (ms(until), condition, mark, operator, row["id"]),
            )
            before = (row["snoozed_by"] or "") if row["snoozed"] else ""
            ends = None if until is None else until.isoformat()
            data = {"until": ends, "condition": condition, "mark": mark, "before": before}
            return self._handled("problem.snoozed", row, data, operator, host, now, before=before, until=until)

    def wake(self, connection: str, operator: str, host: str, now: datetime) -> Handled:
        with self.db.write():
            row = self._open_problem(connection, now)
            if not row["snoozed"]:
                raise ProblemError("problem.not_snoozed", id=connection)
            self.db.run(
                "UPDATE problems SET snoozed_until = NULL, snoozed_for = '', snoozed_mark = '' WHERE id = ?",
                (row["id"],),
            )
            before = row["snoozed_by"] or ""
            return self._handled("problem.woken", row, {"before": before}, operator, host, now, before=before)

    def mute(self, connection: str, operator: str, host: str, now: datetime, *, muted: bool = True) -> Handled:
        with self.db.write():
            row = self._open_problem(connection, now)
            before = row["muted_by"] or ""
            if not muted and not before:
                raise ProblemError("problem.not_muted", id=connection)
            self.db.run(
                "UPDATE problems SET muted_by = ?, muted_severity = ? WHERE id = ?",
                (operator if muted else None, SEVERITY[row["verdict"]] if muted else None, row["id"]),
            )
            kind = "problem.muted" if muted else "problem.unmuted"
            return self._handled(kind, row, {"before": before}, operator, host, now, before=before)

    def assign(self, connection: str, to: str, operator: str, host: str, now: datetime) -> Handled:
        name = name_text(to)
        with self.db.write():
            row = self._open_problem(connection, now)
            before = row["assigned_to"] or ""
            self.db.run("UPDATE problems SET assigned_to = ? WHERE id = ?", (name or None, row["id"]))
            data = {"to": name, "before": before}
            return self._handled("problem.assigned", row, data, operator, host, now, before=before)

    def _open_problem(self, connection: str, now: datetime) -> Any:
        row = self.db.row(f"{_SELECT} WHERE p.connection = ? AND p.closed_at IS NULL", (ms(now), number(connection)))
        if row is None:
            raise ProblemError("problem.none", id=connection)
        return row

    def _limit_end(self, row: Any, now: datetime) -> datetime:
        until = when(
            self.db.value(
                "SELECT coalesce(wait_until, last_until) FROM connections WHERE id = ? AND last_outcome ="
                " 'rate_limited'",
                (row["connection"],),
            )
        )
        if until is None or until <= now:
            raise ProblemError("problem.no_limit", id=public(row["connection"]))
        return until

    def _handled(
        self,
        kind: str,
        row: Any,
        data: dict[str, object],
        operator: str,
        host: str,
        now: datetime,
        *,
        before: str,
        until: datetime | None = None,
    ) -> Handled:
        told = {"problem": row["id"], "cause": row["cause"], **data}
        self.log(kind, row["connection"], told, now, operator=operator, host=host)
        return Handled(
            connection=public(row["connection"]), problem=row["id"], cause=row["cause"], before=before, until=until
        )


def _view(row: Any) -> ProblemView:
    return ProblemView(
        id=row["id"],
        connection=public(row["connection"]),
        agreement_number=row["agreement"],
        customer=row["customer"],
        bank=row["bank"],
        cause=row["cause"],
        verdict=row["verdict"],
        action=row["action"],
        since=at(row["opened_at"]),
        last_at=at(row["last_at"]),
        times=row["times"],
        incident=row["stands_in"],
        snoozed_until=when(row["snoozed_until"]) if row["snoozed"] else None,
        snoozed_for=row["snoozed_for"] if row["snoozed"] else "",
        snoozed_by=(row["snoozed_by"] or "") if row["snoozed"] else "",
        muted_by=row["muted_by"],
        assigned_to=row["assigned_to"],
    )

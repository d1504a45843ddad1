"""Renewals and new connections as cases; the live consent is untouched until the new one has proved itself (law 6)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from backend.model.facts import Account, Case, Grant, Posting, Session, Stage
from backend.model.findings import NO_FINDINGS, Findings
from backend.model.renewals import RenewalDiff
from backend.store.codec import login_of, ms, number, public
from backend.store.fleet import SELECT_CASE, case_of
from backend.store.intake import Intake
from backend.store.journal import Journal
from backend.store.tokens import TokenBox


class Cases(Intake, Journal, TokenBox):
    """Implements the renewal half of `ports.Books`."""

    def open_case(self, case: Case, now: datetime) -> Case:
        """Write a case (its `id` is given here). An older open case is abandoned for it, or over."""
        with self.db.write():
            key = number(case.connection)
            self.db.run(
                "UPDATE cases SET closed_at = ?, note = iif(stage IN ('matched', 'fetched'), note, 'replaced'),"
                " stage = iif(stage IN ('matched', 'fetched'), stage, 'abandoned')"
                " WHERE connection = ? AND closed_at IS NULL",
                (ms(now), key),
            )
            case_id = self.db.value(
                "INSERT INTO cases (kind, connection, action, state, stage, link, consent_id, created_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
                (case.kind, key, case.action, case.state, case.stage, case.link, case.consent_id, ms(now)),
            )
            self.db.run("UPDATE connections SET open_case = ? WHERE id = ?", (case_id, key))
            asked = self.db.row(
                "SELECT p.id, p.operator, p.host FROM actions a JOIN plans p ON p.id = a.plan WHERE a.id = ?",
                (case.action,),
            )
            told: dict[str, object] = {"case": case_id, "kind": case.kind}
            if asked is None:  # a reminder's
                self.log("case.link_made", key, told, now)
            else:
                told["plan"] = asked["id"]
                self.log("case.link_made", key, told, now, operator=asked["operator"], host=asked["host"])
            self.reassess(key, now)
        row = self.db.row(f"{SELECT_CASE} WHERE k.id = ?", (case_id,))
        return case_of(row)

    def open_cases(self) -> list[Case]:
        """Oldest first."""
        return list(map(case_of, self.db.rows(f"{SELECT_CASE} WHERE k.closed_at IS NULL ORDER BY k.id")))

    def case_of(self, action: int) -> Case | None:
        """The open case that this act has made."""
        row = self.db.row(
            f"{SELECT_CASE} WHERE k.closed_at IS NULL AND k.action = ?1"
            " AND k.connection = (SELECT connection FROM actions WHERE id = ?1)",
            (action,),
        )
        return None if row is None else case_of(row)

    def move_case(
        self, case: int, stage: Stage, now: datetime, *, note: str = "", consent_id: str | None = None
    ) -> None:
        """Note how far the case has come; a stage that is not open closes it."""
        with self.db.write():
            self.db.run(
                "UPDATE cases SET stage = ?1, note = ?2, consent_id = coalesce(?3, consent_id),"
                " sent_at = CASE WHEN ?1 = 'sent' THEN coalesce(sent_at, ?4) ELSE sent_at END,"
                " opened_at = CASE WHEN ?1 = 'opened' THEN coalesce(opened_at, ?4) ELSE opened_at END,"
                " authorised_at = CASE WHEN ?1 = 'authorised' THEN coalesce(authorised_at, ?4) ELSE authorised_at END,"
                " closed_at = CASE WHEN ?5 = 1 THEN NULL ELSE ?4 END WHERE id = ?6",
                (stage, note, consent_id, ms(now), stage.open, case),
            )
            connection = self.db.value("SELECT connection FROM cases WHERE id = ?", (case,))
            if not stage.open:
                self.db.run(
                    "UPDATE connections SET open_case = NULL WHERE id = ? AND open_case = ?", (connection, case)
                )
            self.log(f"case.{stage}", connection, {"case": case, "note": note}, now)
            self.reassess(connection, now)

    def follow_link(self, state: str, now: datetime, *, seen: bool = True) -> str | None:
        """Where the link that carries this state, or the one in its place, leads; None when there is none any more.

        `seen`: a person follows it, and the case has been opened by that, once and only forward.
        """
        with self.db.write():
            row = self.db.row(
                "SELECT o.id, o.stage, o.link FROM cases k JOIN cases o ON o.connection = k.connection"
                " WHERE k.state = ?1 AND o.closed_at IS NULL AND (o.state = ?1 OR k.stage = 'abandoned')",
                (state,),
            )
            if row is None or Stage(row["stage"]) in (Stage.MATCHED, Stage.FETCHED):
                return None
            if seen and row["stage"] in (Stage.LINK_MADE, Stage.SENT):
                self.move_case(row["id"], Stage.OPENED, now)
        return str(row["link"])

    def take_up(self, state: str, now: datetime, *, finished: bool) -> Case | None:
        """The case that the login with an abandoned case's link belongs to: the newer one of its connection.

        Without a newer one the case itself is opened again, when its login is `finished`: what the customer has given
        at the bank may have ended what he gave before, so it is never thrown away. None when there is nothing to renew.
        """
        with self.db.write():
            row = self.db.row(
                "SELECT k.id, k.connection, c.open_case, o.stage FROM cases k JOIN connections c ON c.id = k.connection"
                " LEFT JOIN cases o ON o.id = c.open_case"
                " WHERE k.state = ? AND k.stage = 'abandoned' AND c.removed_at IS NULL",
                (state,),
            )
            if row is None or row["stage"] in (Stage.MATCHED, Stage.FETCHED):
                return None
            if row["open_case"] is None:
                if not finished:
                    return None
                self.db.run("UPDATE cases SET stage = 'sent', closed_at = NULL WHERE id = ?", (row["id"],))
                self.db.run("UPDATE connections SET open_case = ? WHERE id = ?", (row["id"], row["connection"]))
                self.log("case.taken_up", row["connection"], {"case": row["id"]}, now)
            found = row["open_case"] or row["id"]
        return case_of(self.db.row(f"{SELECT_CASE} WHERE k.id = ?", (found,)))

    def grant(self, case: int, grant: Grant, now: datetime) -> Session:
        """Keep fresh tokens beside the live consent, as a candidate. Raises LookupError for an unknown case."""
        with self.db.write():
            row = self._case(case)
            consent_id = grant.consent_id or row["consent_id"] or ""
            consent = self.db.value(
                "INSERT INTO consents (connection, consent_id, state, granted_at) VALUES (?, ?, 'candidate', ?)"
                " RETURNING id",
                (row["connection"], consent_id, ms(now)),
            )
            self.keep_tokens(consent, grant.tokens)
            self._assign(consent, consent_id, case, now)
        return _session(row, consent, consent_id)

    def regrant(self, session: Session, case: int, now: datetime) -> Session:
        """The candidate turned out to belong to another case."""
        with self.db.write():
            row = self._case(case)
            self.db.run("UPDATE cases SET consent = NULL, stage = 'sent' WHERE consent = ?", (session.consent,))
            self.db.run("UPDATE consents SET connection = ? WHERE id = ?", (row["connection"], session.consent))
            self._assign(session.consent, session.consent_id, case, now)
        return _session(row, session.consent, session.consent_id)

    def drop_grant(self, session: Session, now: datetime) -> None:
        """The candidate belongs to nobody we know: its keys are thrown away, its case waits on."""
        with self.db.write():
            self.db.run("UPDATE cases SET consent = NULL, stage = 'sent' WHERE consent = ?", (session.consent,))
            self.db.run("DELETE FROM tokens WHERE consent = ?", (session.consent,))
            self.db.run("UPDATE consents SET state = 'ended', ended_at = ? WHERE id = ?", (ms(now), session.consent))
            self.reassess(number(session.connection), now)

    def candidate(self, case: int) -> Session | None:
        """How to speak to the provider for a candidate that is still to prove itself; None when there is none."""
        row = self.db.row(
            "SELECT k.connection, c.agreement, u.email, s.id, s.consent_id FROM cases k"
            " JOIN consents s ON s.id = k.consent JOIN connections c ON c.id = k.connection"
            " JOIN customers u ON u.agreement = c.agreement WHERE k.id = ? AND k.stage = 'authorised'",
            (case,),
        )
        return None if row is None else _session(row, row["id"], row["consent_id"])

    def _case(self, case: int) -> Any:
        if (row := self.db.row(f"{SELECT_CASE} WHERE k.id = ?", (case,))) is None:
            raise LookupError(f"no case {case}")
        return row

    def _assign(self, consent: int, consent_id: str, case: int, now: datetime) -> None:
        earlier = self.db.value("SELECT consent FROM cases WHERE id = ? AND consent <> ?", (case, consent))
        if earlier is not None:
            self.db.run("DELETE FROM tokens WHERE consent = ?", (earlier,))
            self.db.run("UPDATE consents SET state = 'ended', ended_at = ? WHERE id = ?", (ms(now), earlier))
        self.db.run("UPDATE cases SET consent = ? WHERE id = ?", (consent, case))
        self.move_case(case, Stage.AUTHORISED, now, consent_id=consent_id)

    def released(self, connection: str) -> bool:
        """Whether none of the connection's rows waits in the queue or for an acceptance any more."""
        return not self.db.value("SELECT queued + doubted FROM connections WHERE id = ?", (number(connection),))

    def email(self, connection: str) -> str:
        """Where the connection's customer gets mail; empty when nobody told."""
        return str(
            self.db.value(
                "SELECT u.email FROM customers u JOIN connections c ON c.agreement = u.agreement WHERE c.id = ?",
                (number(connection),),
            )
            or ""
        )

    def complete_case(
        self,
        case: int,
        now: datetime,
        *,
        consent: int,
        accounts: Sequence[Account],
        upserts: Sequence[Posting],
        dropped: Sequence[str],
        outcome: str,
        diff: RenewalDiff | None = None,
        findings: Findings = NO_FINDINGS,
        fetch_every: int = 7200,
    ) -> bool:
        """The candidate `consent` has proved itself: it, accounts and first rows change over in one transaction.

        The old day of expiry is dropped, it is no fact any more (law 12); what events have told since the login stands.
        False, and nothing is touched, when the case waits for this candidate no more: it may be the live one (law 6).
        """
        with self.db.write():
            key = self.db.value(
                "SELECT connection FROM cases WHERE id = ? AND consent = ? AND stage = 'authorised'", (case, consent)
            )
            if key is None:
                return False
            old = self.db.value("SELECT consent FROM connections WHERE id = ?", (key,))
            if old is not None:
                self.note_end(key, now, renewed=True)
                self.db.run("UPDATE consents SET state = 'superseded', ended_at = ? WHERE id = ?", (ms(now), old))
                self.db.run("DELETE FROM tokens WHERE consent = ?", (old,))
            self.db.run("UPDATE consents SET state = 'live' WHERE id = ?", (consent,))
            bank = next((a.bank_name for a in accounts if a.bank_name), "")
            self.db.run(
                "UPDATE connections SET consent = ?1, said = 'valid', expires_at = NULL, sync_failed = 0,"
                " healed_at = NULL, needed_at = NULL, superseded_by = NULL, unselected = 0, selected_at = NULL,"
                " renewed_at = ?2,"
                " connected_at = coalesce(connected_at, ?2), removed_at = NULL,"
                " bank = CASE WHEN bank = '' THEN ?3 ELSE bank END WHERE id = ?4",
                (consent, ms(now), bank, key),
            )
            self.trust(key, self.db.value("SELECT granted_at FROM consents WHERE id = ?", (consent,)))
            self.move_case(case, Stage.MATCHED, now)
            if diff is not None:
                self._keep_diff(case, key, diff, accounts, now)
            self.save_fetch(
                public(key),
                now,
                outcome=outcome,
                accounts=accounts,
                upserts=upserts,
                dropped=dropped,
                findings=findings,
                fetch_every=fetch_every,
            )
            self.move_case(case, Stage.FETCHED, now)
        return True

    def _keep_diff(
        self, case: int, connection: int, diff: RenewalDiff, accounts: Sequence[Account], now: datetime
    ) -> None:
        """What the renewal brought, and what of it is in doubt; new accounts bring their doubt along."""
        import msgspec

        self.db.run("UPDATE cases SET diff = ? WHERE id = ?", (msgspec.json.encode(diff).decode(), case))
        unsure = [(account.doubt, account.id, connection) for account in accounts if account.id and account.doubt]
        self.db.many("UPDATE accounts SET doubt = ? WHERE id = ? AND connection = ?", unsure)
        data: dict[str, object] = {name: len(getattr(diff, name)) for name in ("matched", "new", "vanished", "doubted")}
        self.log("case.diff", connection, {"case": case, **data}, now)

    def note_selected(self, connection: str, selected: bool | None, now: datetime) -> None:
        """Whether the customer ticked all his accounts, as asked for now; None: the provider may not be asked."""
        key = number(connection)
        with self.db.write():
            self.db.run(
                "UPDATE connections SET selected_at = ?1, unselected = coalesce(?2, unselected) WHERE id = ?3",
                (ms(now), None if selected is None else not selected, key),
            )
            self.reassess(key, now)

    def remove(self, connection: str, now: datetime) -> None:
        """Cut the link: no more fetches, our keys thrown away. The bank's consent lives on to its own end (law 8)."""
        key = number(connection)
        with self.db.write():
            self.db.run("DELETE FROM tokens WHERE consent IN (SELECT id FROM consents WHERE connection = ?)", (key,))
            self.db.run(
                "UPDATE cases SET stage = 'abandoned', note = 'removed', closed_at = ?"
                " WHERE connection = ? AND closed_at IS NULL",
                (ms(now), key),
            )
            self.db.run(
                "UPDATE connections SET removed_at = ?, next_fetch_at = NULL, open_case = NULL WHERE id = ?",
                (ms(now), key),
            )
            self.reassess(key, now)
            self.mind_twins(key, now)


def _session(row: Any, consent: int, consent_id: str) -> Session:
    return Session(connection=public(row["connection"]), consent=consent, consent_id=consent_id, customer=login_of(row))

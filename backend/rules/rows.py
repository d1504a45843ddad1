"""Bank rows become postings, each exactly once (law 7, DESIGN §9).

Identity is account + date + amount + currency + text + position among equals. The provider's id is a hint: it
tells equal rows apart from changed ones, but a renewal or a bank may renumber everything. Rows that are equal in
all of identity are interchangeable, so it is their *number* that has to agree with the bank's.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date as Day
from datetime import datetime, timedelta
from decimal import Decimal

from backend.model.facts import DISCARDED, PROMISE, Account, BankRow, HeldReason, Posting, PostingState
from backend.model.findings import Change
from backend.model.text import fold

OVERLAP = timedelta(days=7)
"""What is fetched again each time (`facts/aiia-economic.md` §1.6: polling overlap)."""

NEAR = timedelta(days=3)
"""How far a bank moves a row that is still the same one."""

_Identity = tuple[Day, Decimal, str, str]
_Rest = tuple[list[BankRow], list[Posting]]
_NEVER_TURNED = (PostingState.ACKNOWLEDGED, PostingState.REJECTED, PostingState.QUEUED)
_OUT = (PostingState.ACKNOWLEDGED, PostingState.QUEUED)
_KEEP_FIRST = {state: place for place, state in enumerate((*_NEVER_TURNED, PostingState.HELD, PostingState.DROPPED))}


@dataclass(frozen=True, slots=True, kw_only=True)
class RowContext:
    """What is said of all rows of one fetch of one account.

    `since` is the day that the fetch asked from (None: all there is): older rows are ignored, and a known row
    is missed only when it is not older. `data_from` is the customer's own first day. `accepted` is False while
    the renewal that these rows came through has not proved itself (law 6).
    """

    connection: str
    agreement_number: str
    account: Account
    since: Day | None = None
    data_from: Day | None = None
    renewed_at: datetime | None = None
    accepted: bool = True

    @property
    def floor(self) -> Day:
        """The first day that counts."""
        return max(self.since or Day.min, self.data_from or Day.min)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowChanges:
    """What one fetch changes. `after_delivery`: what the bank has done to rows that the ledger has already.

    `recognised` counts the rows that were known already.
    """

    upserts: tuple[Posting, ...] = ()
    dropped: tuple[str, ...] = ()
    after_delivery: tuple[Change, ...] = ()
    new: int = 0
    recognised: int = field(default=0, compare=False)


def fetch_since(
    data_from: Day | None, last_fetched: datetime | None, now: datetime, back_to: Day | None = None
) -> Day | None:
    """The first day to ask for: a week before the last success, however long ago that was; None: all there is.

    A lapse widens the span by itself, so that no gap is left behind it (`facts/aiia-economic.md` §4 no. 8), and so
    does `back_to`: from there on rows are known to be missing.
    """
    if last_fetched is None:
        return data_from
    since = min(last_fetched, now).date() - OVERLAP
    since = since if back_to is None else min(since, back_to)
    return since if data_from is None else max(since, data_from)


def known_since(since: Day | None) -> Day | None:
    """The first day of the known rows to hand to `match_rows`: a row may have moved across the edge."""
    return None if since is None else since - NEAR


def posting_id(
    agreement_number: str, account_key: str, date: Day, amount: Decimal, currency: str, text: str, position: int
) -> str:
    """The same row gets the same id from anybody who computes it: `p_` and 32 hexadecimal digits."""
    figure = format(amount, "f")
    if "." in figure:
        figure = figure.rstrip("0").rstrip(".")
    if figure == "-0":
        figure = "0"
    parts = (agreement_number, account_key, date.isoformat(), figure, currency, fold(text), str(position))
    return "p_" + hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]


def match_rows(
    known: Sequence[Posting], fetched: Sequence[BankRow], *, context: RowContext, now: datetime
) -> RowChanges:
    """Compare what the bank reports with what we have, and say what changes.

    `known` are the postings of this account from `known_since(context.since)` on, dropped ones included. Every
    state that an acknowledged, rejected, queued or discarded posting has is left alone; what is queued leaves that
    state only by being deleted at the bank.
    """
    return _Matching(known, context, now).run(fetched)


class _Matching:
    """One comparison. The steps stand in `run` in their order; each leaves less for the next."""

    def __init__(self, known: Sequence[Posting], context: RowContext, now: datetime) -> None:
        self.context, self.now, self.floor = context, now, context.floor
        self.ids = {posting.id for posting in known}
        self.groups: dict[_Identity, list[Posting]] = {}
        self.dropped_before: dict[_Identity, list[Posting]] = {}
        self.outside: list[Posting] = []
        for posting in known:
            if posting.state is PostingState.DROPPED and not _discarded(posting):
                self.dropped_before.setdefault(_identity(posting), []).append(posting)
            elif posting.date < self.floor:
                self.outside.append(posting)
            else:
                self.groups.setdefault(_identity(posting), []).append(posting)
        self.pairs: list[tuple[Posting, BankRow]] = []
        self.fresh: list[tuple[_Identity, BankRow]] = []
        self.missing: list[Posting] = []
        self.next_position: dict[_Identity, int] = {}
        self.replaced: dict[str, Posting] = {}

    def run(self, fetched: Sequence[BankRow]) -> RowChanges:
        live, deleted = self._distinct(fetched)
        self._pair_equals(live)
        self._pair_changed()
        gone = self._deleted(deleted)
        self._pair_dropped()
        gone_quietly = [posting for posting in self.missing if not _reserved(posting)]
        untold = self._unexplained(gone_quietly)
        self.replaced = {posting.source_id: posting for posting in gone_quietly if posting.source_id}
        upserts = [
            changed for posting, row in self.pairs if (changed := self._changed(posting, row, untold)) is not None
        ]
        upserts += [self._new(identity, row, untold) for identity, row in self.fresh]
        upserts.sort(key=lambda posting: posting.date)
        lapsed = [posting.id for posting in self.missing if _reserved(posting)]
        taken_back = [posting.id for posting in gone if posting.state in (PostingState.HELD, PostingState.QUEUED)]
        return RowChanges(
            upserts=tuple(upserts),
            dropped=tuple(dict.fromkeys(lapsed + taken_back)),
            after_delivery=self._after_delivery(gone),
            new=len(self.fresh),
            recognised=len(self.pairs),
        )

    def _after_delivery(self, gone: Sequence[Posting]) -> tuple[Change, ...]:
        """Delivered rows that the bank has deleted, moved to another day, or shows with another amount under their id.

        What has been delivered stays as it is (law 7); somebody has to look at it, and put the ledger right.
        """
        delivered = [p for p in gone if p.state is PostingState.ACKNOWLEDGED and p.change != "deleted"]
        found = {posting.id: Change(posting=posting.id, kind="deleted") for posting in delivered}
        moved = [(p, row) for p, row in self.pairs if p.state is PostingState.ACKNOWLEDGED and p.date != row.date]
        other = [(p, row) for _, row in self.fresh if (p := self.replaced.get(row.source_id)) and p.state in _OUT]
        for posting, row in (*moved, *other):
            change = Change(posting=posting.id, kind="changed", date=row.date, amount=row.amount)
            found.setdefault(posting.id, change)
        return tuple(found.values())

    def _distinct(self, fetched: Sequence[BankRow]) -> tuple[dict[_Identity, list[BankRow]], list[BankRow]]:
        """Rows that count, each once: pages may overlap. Of two versions, deleted beats booked beats reserved."""
        seen: dict[tuple[str, _Identity], BankRow] = {}
        nameless: list[BankRow] = []
        for row in fetched:
            if row.date < self.floor:
                continue
            if not row.source_id:
                nameless.append(row)
                continue
            name = (row.source_id, _identity(row))
            before = seen.setdefault(name, row)
            if before is not row and (row.deleted, row.booked) > (before.deleted, before.booked):
                seen[name] = row
        live: dict[_Identity, list[BankRow]] = {}
        deleted: list[BankRow] = []
        for (_, identity), row in seen.items():
            deleted.append(row) if row.deleted else live.setdefault(identity, []).append(row)
        for row in nameless:
            deleted.append(row) if row.deleted else live.setdefault(_identity(row), []).append(row)
        return live, deleted

    def _pair_equals(self, live: dict[_Identity, list[BankRow]]) -> None:
        """Rows equal in all of identity: as many as there are on both sides, whichever ids they carry."""
        for identity, rows in live.items():
            known = self.groups.pop(identity, None)
            if known is None:
                self.fresh.extend((identity, row) for row in rows)
            elif len(rows) == len(known) == 1:
                self.pairs.append((known[0], rows[0]))
            else:
                self._pair_group(identity, rows, known)
        for rest in self.groups.values():
            self.missing.extend(rest)

    def _pair_group(self, identity: _Identity, rows: list[BankRow], known: list[Posting]) -> None:
        """Booked rows take the booked postings first, so that none that has gone out goes out again."""
        settled = sorted((p for p in known if not _reserved(p)), key=lambda p: (_KEEP_FIRST[p.state], p.position))
        waiting = sorted((p for p in known if _reserved(p)), key=lambda p: p.position)
        booked = [row for row in rows if row.booked]
        reserved = [row for row in rows if not row.booked]
        booked, settled = self._take_same_id(booked, settled)
        booked, settled = self._take_in_order(booked, settled)
        reserved, waiting = self._take_same_id(reserved, waiting)
        booked, waiting = self._take_same_id(booked, waiting)
        reserved, waiting = self._take_in_order(reserved, waiting)
        booked, waiting = self._take_in_order(booked, waiting)
        reserved, settled = self._take_in_order(reserved, settled)
        self.fresh.extend((identity, row) for row in booked + reserved)
        self.missing.extend(settled + waiting)

    def _take_same_id(self, rows: list[BankRow], known: list[Posting]) -> _Rest:
        """Pair those that carry the same id; gives what is left of both."""
        if not rows or not known:
            return rows, known
        by_id = {row.source_id: row for row in rows if row.source_id}
        left: list[Posting] = []
        for posting in known:
            row = by_id.pop(posting.source_id, None)
            if row is None:
                left.append(posting)
            else:
                self.pairs.append((posting, row))
        return [row for row in rows if not row.source_id or row.source_id in by_id], left

    def _take_in_order(self, rows: list[BankRow], known: list[Posting]) -> _Rest:
        """Pair as many as there are of both; gives what is left."""
        both = min(len(rows), len(known))
        self.pairs.extend(zip(known[:both], rows[:both], strict=True))
        return rows[both:], known[both:]

    def _pair_changed(self) -> None:
        """What is left and carries the same id, amount and nearly the same day has only been reworded."""
        by_id: dict[str, list[Posting]] = {}
        for posting in (*self.missing, *self.outside):
            if posting.source_id:
                by_id.setdefault(posting.source_id, []).append(posting)
        if not by_id:
            return
        fresh: list[tuple[_Identity, BankRow]] = []
        for identity, row in self.fresh:
            candidates = by_id.get(row.source_id, [])
            found = next((p for p in candidates if _same_money(p, row) and abs(p.date - row.date) <= NEAR), None)
            if found is None:
                fresh.append((identity, row))
            else:
                candidates.remove(found)
                self.pairs.append((found, row))
        paired = {posting.id for posting, _ in self.pairs}
        self.missing = [posting for posting in self.missing if posting.id not in paired]
        self.fresh = fresh

    def _deleted(self, deleted: Sequence[BankRow]) -> list[Posting]:
        """The missing postings that the bank says it has deleted; told by the same id, or else by identity."""
        if not deleted:
            return []
        by_id = {(p.source_id, p.amount, p.currency): p for p in self.missing if p.source_id}
        equal: dict[_Identity, list[Posting]] = {}
        for posting in self.missing:
            equal.setdefault(_identity(posting), []).append(posting)
        gone: dict[str, Posting] = {}
        for row in deleted:
            found = by_id.get((row.source_id, row.amount, row.currency))
            if found is None or found.id in gone:
                found = next((p for p in equal.get(_identity(row), ()) if p.id not in gone), None)
            if found is not None:
                gone[found.id] = found
        # What may be out with the ledger already still counts against a row that looks like it.
        self.missing = [p for p in self.missing if p.id not in gone or p.state in _NEVER_TURNED]
        return list(gone.values())

    def _pair_dropped(self) -> None:
        """A reservation that comes back is the one that went."""
        if not self.dropped_before:
            return
        fresh: list[tuple[_Identity, BankRow]] = []
        for identity, row in self.fresh:
            before = self.dropped_before.get(identity)
            if before:
                self.pairs.append((before.pop(0), row))
            else:
                fresh.append((identity, row))
        self.fresh = fresh

    def _unexplained(self, missing: Sequence[Posting]) -> dict[tuple[Decimal, str], list[Day]]:
        """Days of booked postings that the bank no longer reports, where more of them are gone than rows are held.

        Which of the missing ones a held row stands for cannot be known, so any of them may be what a fresh row is.
        """
        untold: dict[tuple[Decimal, str], list[Day]] = {}
        for posting in missing:
            untold.setdefault((posting.amount, posting.currency), []).append(posting.date)
        if untold:
            held = Counter(
                (posting.amount, posting.currency)
                for posting, _ in self.pairs
                if posting.reason in (HeldReason.SUSPECTED_DUPLICATE, DISCARDED)
            )
            untold = {money: days for money, days in untold.items() if len(days) > held[money]}
        return untold

    def _standing(
        self, row: BankRow, untold: dict[tuple[Decimal, str], list[Day]]
    ) -> tuple[PostingState, HeldReason | None, datetime | None]:
        """Where a row stands that has not been queued yet, and when it is promised."""
        days = untold.get((row.amount, row.currency), ()) if untold else ()
        if not row.booked:
            return PostingState.HELD, HeldReason.RESERVED, None
        if row.source_id in self.replaced or any(abs(day - row.date) <= NEAR for day in days):
            return PostingState.HELD, HeldReason.SUSPECTED_DUPLICATE, None
        if not self.context.accepted:
            return PostingState.HELD, HeldReason.RENEWAL_NOT_ACCEPTED, None
        if self.context.account.ledger_account is None:
            return PostingState.HELD, HeldReason.NO_LEDGER_ACCOUNT, None
        return PostingState.QUEUED, None, due_at(self.now, self.context.renewed_at)

    def _changed(self, posting: Posting, row: BankRow, untold: dict[tuple[Decimal, str], list[Day]]) -> Posting | None:
        """The posting as it is now, or None when nothing about it has changed."""
        state, reason, due = posting.state, posting.reason, posting.due_at
        came_alive = _reserved(posting) and row.booked
        came_alive |= state is PostingState.DROPPED and not _discarded(posting)
        waits = reason in (HeldReason.NO_LEDGER_ACCOUNT, HeldReason.RENEWAL_NOT_ACCEPTED)
        if state not in _NEVER_TURNED and (came_alive or (waits and row.booked)):
            state, reason, due = self._standing(row, untold if came_alive else {})
        if (
            state is posting.state
            and reason == posting.reason
            and row.source_id == posting.source_id
            and row.text == posting.text
            and row.date == posting.date
            and row.value_date == posting.value_date
            and row.balance == posting.balance
            and posting.account_key == self.context.account.key
        ):
            return None
        return replace(
            posting,
            source_id=row.source_id,
            date=row.date,
            value_date=row.value_date,
            text=row.text,
            balance=row.balance,
            account_key=self.context.account.key,
            iban=self.context.account.iban or posting.iban,
            ledger_account=posting.ledger_account if state is posting.state else self.context.account.ledger_account,
            state=state,
            reason=reason,
            due_at=due,
            fetched_at=self.now if came_alive else posting.fetched_at,
        )

    def _new(self, identity: _Identity, row: BankRow, untold: dict[tuple[Decimal, str], list[Day]]) -> Posting:
        state, reason, due = self._standing(row, untold)
        account, agreement = self.context.account, self.context.agreement_number
        position = self.next_position.get(identity, 0)
        while True:
            name = posting_id(agreement, account.key, row.date, row.amount, row.currency, row.text, position)
            if name not in self.ids:
                break
            position += 1
        self.next_position[identity] = position + 1
        return Posting(
            id=name,
            connection=self.context.connection,
            agreement_number=agreement,
            account_id=account.id or 0,
            account_key=account.key,
            iban=account.iban,
            ledger_account=account.ledger_account,
            source_id=row.source_id,
            date=row.date,
            value_date=row.value_date,
            amount=row.amount,
            currency=row.currency,
            text=row.text,
            balance=row.balance,
            position=position,
            state=state,
            reason=reason,
            fetched_at=self.now,
            due_at=due,
        )


def due_at(fetched_at: datetime, renewed_at: datetime | None) -> datetime:
    """Until when a row is promised: six hours after the renewal that it came with, else after its fetch."""
    if renewed_at is not None and timedelta(0) <= fetched_at - renewed_at <= PROMISE:
        return renewed_at + PROMISE
    return fetched_at + PROMISE


def _identity(row: Posting | BankRow) -> _Identity:
    return (row.date, row.amount, row.currency, fold(row.text))


def _reserved(posting: Posting) -> bool:
    return posting.state is PostingState.HELD and posting.reason == HeldReason.RESERVED


def _discarded(posting: Posting) -> bool:
    """An operator has called it a duplicate: the row stays known, and out, for good."""
    return posting.state is PostingState.DROPPED and posting.reason == DISCARDED


def _same_money(posting: Posting, row: BankRow) -> bool:
    return posting.amount == row.amount and posting.currency == row.currency

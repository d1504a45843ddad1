"""What proves the audit log: how its lines are chained, and what a check of chain and witnesses finds. No I/O.

A hash chain alone sees neither a tail that was cut off nor a log that was written anew (`facts/reliability.md` §3.5).
So the agent leaves witnesses: seals, made with a key that a mere writer of the database has not, and an anchor
outside. A witness says that line n had this hash at this time.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from backend.model.clock import millis, moment

GENESIS = "0" * 64
"""What the first line is chained to."""

AGENT = "agent"
"""Who is named for what the program did and saw by itself."""

REWRITTEN, ANCHOR_FAILED = "audit_rewritten", "audit_anchor_failed"
"""What can be wrong with the log while the agent runs (text keys): it is still able to work."""

MOST_FINDINGS = 100
"""A check ends with so many findings: more of them tell nothing more."""

_REACH = 20_000
"""How far from its place a line that was moved is looked for."""

_PATIENCE = 2_000_000
"""Numbers that are tried for moved lines in one check: a few seconds."""


class Damage(StrEnum):
    """What a check can find."""

    EDITED = "edited"
    DELETED = "deleted"
    MOVED = "moved"
    RENUMBERED = "renumbered"
    INSERTED = "inserted"
    REWRITTEN = "rewritten"
    CUT_OFF = "cut_off"
    OTHER_KEY = "other_key"
    NO_ANCHOR = "no_anchor"
    BAD_ANCHOR = "bad_anchor"
    BAD_FILE = "bad_file"
    NO_MANIFEST = "no_manifest"


@dataclass(frozen=True, slots=True)
class Witness:
    """Line `seq` had this hash at `at`, as a seal in the store or the anchor outside says. `seal` is empty there."""

    seq: int
    at: datetime
    hash: str
    seal: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """Damage to lines `first` to `last`. `before` is when the last sound line before it was written, `seen_at` when a
    witness saw the lines as they were; of an anchor or export that cannot be read, `first` is its line."""

    damage: Damage
    first: int
    last: int
    before: datetime | None = None
    seen_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """The outcome of a check: lines that were looked at, what was found, and up to which line witnesses vouch."""

    checked: int
    findings: tuple[Finding, ...] = ()
    sealed: int = 0
    sealed_at: datetime | None = None
    anchored: int = 0
    anchored_at: datetime | None = None

    @property
    def whole(self) -> bool:
        return not self.findings


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Which lines of the audit log are meant; what is empty does not matter.

    `operator` is a whole name, or one half of a signed one (`Eva Holm (eva)`); `kind` is a kind (`sync.done`) or the
    first part of some (`sync`); `before` leaves out lines from that number on.
    """

    operator: str = ""
    kind: str = ""
    plan: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None


EVERY_EVENT = EventFilter()


def chain(prev: str, line: Sequence[Any]) -> str:
    """The hash of one line (seq, ms, kind, connection's number, operator, host, data) on top of the one before it."""
    seq, at, kind, connection, operator, host, data = line
    text = f"{prev}\x1f{seq}\x1f{at}\x1f{kind}\x1f{connection}\x1f{operator}\x1f{host}\x1f{data}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def seal(key: bytes, seq: int, at: datetime, digest: str) -> str:
    """The seal on a line's hash. Its key is derived, so that it tells nothing of the key that it comes from."""
    return _sealed(key, b"forny audit seals", (seq, millis(at), digest))


def export_seal(key: bytes, lines: int, at: datetime, operator: str, host: str, digest: str) -> str:
    """The seal on an export as a whole; a seal of the store cannot stand in its place."""
    return _sealed(key, b"forny audit exports", (lines, millis(at), operator, host, digest))


def _sealed(key: bytes, label: bytes, values: Iterable[object]) -> str:
    text = "\x1f".join(map(str, values)).encode("utf-8", "surrogatepass")
    return hmac.new(hmac.digest(key, label, "sha256"), text, "sha256").hexdigest()


class Checker:
    """Takes the lines in their order, and keeps what does not fit.

    A line tells by its hash under which number it was written. From that follows what happened: a number that never
    comes was deleted, one that comes late was moved, one that comes twice has had a line put in before it.
    """

    def __init__(self, witnesses: Iterable[Witness]) -> None:
        self.checked = 0
        self.findings: list[Finding] = []
        self._witnesses: dict[int, list[Witness]] = {}
        for witness in witnesses:
            self._witnesses.setdefault(witness.seq, []).append(witness)
        self._next, self._prev = 1, GENESIS
        self._shift = 0
        """By how much lines stand behind the number under which they were written."""
        self._missing: list[tuple[int, int, datetime | None]] = []
        self._edited: dict[int, Finding] = {}
        self._patience = _PATIENCE
        self._vouched = 0
        self._disputed: tuple[Witness, Finding] | None = None
        self._last_at: int | None = None
        self._renumbered: Finding | None = None
        """The first line that has another number and is otherwise whole. What else is found explains it."""

    @property
    def full(self) -> bool:
        """Enough was found; the rest need not be looked at."""
        return len(self.findings) + len(self._missing) >= MOST_FINDINGS

    def take(self, rows: Iterable[Sequence[Any]]) -> None:
        """Rows (seq, at, kind, connection, operator, host, data, prev, hash) that follow those taken before."""
        witnesses = self._witnesses
        for row in rows:
            seq, at, kind, connection, operator, host, data, prev, digest = row
            line = (seq, at, kind, connection, operator, host, data)
            self.checked += 1
            if seq == self._next and prev == self._prev and digest == chain(prev, line) and _as_written(line):
                self._next += 1
                self._prev = digest
                if seq in witnesses:
                    self._compare(seq, digest)
            elif self.full:
                return
            else:
                self._odd(line, prev, digest)
            self._last_at = at

    def _odd(self, line: Sequence[Any], prev: str, digest: str) -> None:
        written = self._written(line, prev, digest) if _as_written(line) else None
        if written is None:
            self._edit(line[0], line[0] - self._shift)
            return
        if written < self._next and written not in self._edited:
            self._late(line[0], written, digest)
            return
        if (foreign := self._edited.pop(written, None)) is not None:
            # What stood in its place was no edit of it: it is here, so that one was put in.
            self.findings[self.findings.index(foreign)] = Finding(
                Damage.INSERTED, foreign.first, foreign.last, foreign.before
            )
        elif written > self._next:
            self._missing.append((self._next, written - 1, self._before()))
        elif self._prev and prev != self._prev:
            # It holds by itself and does not follow from the one before: that one was hashed anew.
            place = max(line[0] - 1, 1)
            self.findings.append(Finding(Damage.EDITED, place, place, self._before()))
        elif line[0] - written != self._shift and self._renumbered is None:
            self._renumbered = Finding(Damage.RENUMBERED, written, line[0], self._before())
        self._shift = line[0] - written
        self._next, self._prev = written + 1, digest
        self._compare(written, digest)

    def _edit(self, seq: int, written: int) -> None:
        """No number fits: the line was changed. It is taken for the one whose place it has."""
        if written > self._next:
            self._missing.append((self._next, written - 1, self._before()))
        found = Finding(Damage.EDITED, seq, seq, self._before())
        self.findings.append(found)
        self._edited[written] = found
        self._next, self._prev = max(self._next, written + 1), ""

    def _late(self, seq: int, written: int, digest: str) -> None:
        """A number that has been passed: its line was moved back, or another line has taken its place."""
        for place, (first, last, before) in enumerate(self._missing):
            if first <= written <= last:
                parts = ((first, written - 1, before), (written + 1, last, before))
                self._missing[place : place + 1] = [part for part in parts if part[0] <= part[1]]
                self.findings.append(Finding(Damage.MOVED, written, seq, before))
                return
        place = written + self._shift
        self.findings.append(Finding(Damage.INSERTED, place, place, self._before()))
        self._shift, self._prev = seq - written, digest
        if self._disputed is not None and self._disputed[0].hash == digest:  # a witness meant this one
            self.findings.remove(self._disputed[1])
            self._disputed, self._vouched = None, written

    def _written(self, line: Sequence[Any], prev: str, digest: str) -> int | None:
        """The number under which the line has its hash; None when it has it under none that is near."""
        seq = line[0]
        start = hashlib.sha256(f"{prev}\x1f".encode("utf-8", "surrogatepass"))
        rest = "".join(f"\x1f{value}" for value in line[1:])

        def fits(number: int) -> bool:
            hashed = start.copy()
            hashed.update(f"{number}{rest}".encode("utf-8", "surrogatepass"))
            return hashed.hexdigest() == digest

        for likely in (seq, seq - self._shift, self._next):
            if fits(likely):
                return int(likely)
        for away in range(1, _REACH):
            if self._patience <= 0:
                return None
            self._patience -= 2
            for number in (seq - away, seq + away):
                if number > 0 and fits(number):
                    return int(number)
        return None

    def _compare(self, written: int, digest: str) -> None:
        for witness in self._witnesses.pop(written, ()):
            if witness.hash == digest:
                self._vouched = written
            elif self._disputed is None:
                found = Finding(Damage.REWRITTEN, self._vouched + 1, written, self._before(), witness.at)
                self._disputed = witness, found
                self.findings.append(found)

    def _before(self) -> datetime | None:
        try:
            return None if self._last_at is None else moment(self._last_at)
        except (OverflowError, TypeError):  # somebody has put anything there
            return None

    def finish(self) -> tuple[Finding, ...]:
        """All that was found, in the order of the lines.

        `first` of what was moved or renumbered is its number, `last` its place.
        """
        found = [*self.findings, *(Finding(Damage.DELETED, *one) for one in self._missing)]
        beyond = [one for seq, many in self._witnesses.items() if seq >= self._next for one in many]
        if beyond and not self.full:
            furthest = max(beyond, key=lambda one: one.seq)
            found.append(Finding(Damage.CUT_OFF, self._next, furthest.seq, self._before(), furthest.at))
        if not found and self._renumbered is not None:
            found.append(self._renumbered)
        return tuple(sorted(found, key=lambda one: (one.first, one.last)))


def _as_written(line: Sequence[Any]) -> bool:
    """Whether the numbers are numbers: a text in their place can have the same hash, as `None` for no connection."""
    return type(line[1]) is int and (line[3] is None or type(line[3]) is int)


def verify(
    batches: Iterable[Sequence[Sequence[Any]]],
    seals: Iterable[Witness],
    key: bytes | None,
    *,
    anchors: Sequence[Witness] = (),
    progress: Callable[[int], None] = lambda checked: None,
) -> AuditReport:
    """Check lines, in batches as `Checker.take` wants them, with the seals upon them and what `anchors` vouch for.

    Without a `key` the seals are taken as they are, and vouch for nothing. `progress` hears of the lines checked.
    """
    ours, foreign = list[Witness](), list[Witness]()
    for one in seals:
        sound = key is None or seal(key, one.seq, one.at, one.hash) == one.seal
        (ours if sound else foreign).append(one)
    checker = Checker([*ours, *anchors])
    for batch in batches:
        checker.take(batch)
        progress(checker.checked)
        if checker.full:
            break
    found = checker.finish()
    if foreign:
        found = (*found, Finding(Damage.OTHER_KEY, foreign[0].seq, foreign[-1].seq, seen_at=foreign[-1].at))
    vouched = ours[-1] if ours and key is not None else None
    anchored = anchors[-1] if anchors else None
    return AuditReport(
        checked=checker.checked,
        findings=found,
        sealed=vouched.seq if vouched else 0,
        sealed_at=vouched.at if vouched else None,
        anchored=anchored.seq if anchored else 0,
        anchored_at=anchored.at if anchored else None,
    )

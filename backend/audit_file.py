"""The audit log as a file for an auditor, and the check of such a file without the store.

JSON Lines: each line of the log with all that its hash is made of, and a manifest as the last line. The hash of a line
is SHA-256, in hex, over these, joined by the character U+001F: the hash before (`prev`; 64 zeros before the first),
`seq`, `at` in milliseconds since 1970 UTC, `kind`, the connection's number without its `c` (`None` without one),
`operator`, `host`, `data` as it stands.
"""

import csv
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any, Protocol

from backend.model.audit import AuditReport, Checker, Damage, Finding, Witness, millis, moment, seal

_COLUMNS = ("seq", "at", "kind", "connection", "operator", "host", "data", "prev", "hash")
_BATCH = 5_000


class Source(Protocol):
    """What a store says of its audit log."""

    operator: str
    host: str

    def audit_head(self) -> int: ...

    def audit_rows(self, head: int) -> Iterator[list[Sequence[Any]]]: ...

    def audit_seals(self, head: int | None = None) -> list[Witness]: ...

    def audit_key(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Export:
    """The log as it stood when this was made: what is added later is not in it."""

    source: Source
    head: int
    made_at: datetime

    def _rows(self) -> Iterator[Sequence[Any]]:
        return chain.from_iterable(self.source.audit_rows(self.head))

    def json_lines(self) -> Iterator[bytes]:
        digest = ""
        for row in self._rows():
            digest = row[8]
            yield _json(dict(zip(_COLUMNS, _shown(row), strict=True)))
        seals = [
            {"seq": one.seq, "at": _iso(one.at), "hash": one.hash, "seal": one.seal}
            for one in self.source.audit_seals(self.head)
        ]
        last = {"seq": self.head, "at": _iso(self.made_at), "hash": digest}
        own = seal(self.source.audit_key(), self.head, self.made_at, digest)
        about = {"lines": self.head, "operator": self.source.operator, "host": self.source.host}
        yield _json({"manifest": {**about, "seals": [*seals, {**last, "seal": own}]}})

    def csv_lines(self, cell: Callable[[object], str]) -> Iterator[bytes]:
        """For a spreadsheet; `cell` makes a value safe there. The last line tells their number, and the last hash."""
        yield _csv(_COLUMNS)
        digest = ""
        for row in self._rows():
            digest = row[8]
            yield _csv([cell(value) for value in _shown(row)])
        about = (self.source.operator, self.source.host, f"{self.head} lines", "", digest)
        yield _csv([cell(value) for value in ("manifest", _iso(self.made_at), "", "", *about)])


def export(source: Source, now: datetime) -> Export:
    return Export(source, source.audit_head(), moment(millis(now)))


def write_private(path: Path, lines: Iterable[bytes], *, replace: bool) -> None:
    """Write a file that only its owner can read, whole or not at all.

    Raises FileExistsError when it is there and may not be replaced, and OSError for all else that is in the way.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}")
    file = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(file, "wb") as out:
            out.writelines(lines)
            out.flush()
            os.fsync(out.fileno())
        if replace:
            part.replace(path)
        else:
            os.link(part, path)
    finally:
        with suppress(FileNotFoundError):
            part.unlink()


def check_file(path: Path, key: bytes | None, progress: Callable[[int], None]) -> AuditReport:
    """Check an export as JSON Lines. Without a `key` the seals are taken as they are. Raises OSError."""
    seals, end = _manifest(path)
    ours = [one for one in seals if key is None or seal(key, one.seq, one.at, one.hash) == one.seal]
    checker, wrong = Checker(ours), list[Finding]()
    with path.open("rb") as file:
        batch: list[Sequence[Any]] = []
        for place, line in enumerate(file, 1):
            if seals and place == end:
                break
            if (row := _row(line)) is None:
                wrong.append(Finding(Damage.BAD_FILE, place, place))
            else:
                batch.append(row)
            if len(batch) == _BATCH:
                checker.take(batch)
                batch.clear()
                progress(checker.checked)
            if checker.full or len(wrong) > _BATCH:
                break
        checker.take(batch)
    if not seals:
        wrong.append(Finding(Damage.NO_MANIFEST, end, end))
    if foreign := [one for one in seals if one not in ours]:
        wrong.append(Finding(Damage.OTHER_KEY, foreign[0].seq, foreign[-1].seq, seen_at=foreign[-1].at))
    vouched = ours[-1] if ours and key is not None else None
    return AuditReport(
        checked=checker.checked,
        findings=(*checker.finish(), *wrong),
        sealed=vouched.seq if vouched else 0,
        sealed_at=vouched.at if vouched else None,
    )


def _manifest(path: Path) -> tuple[list[Witness], int]:
    """The seals that the last line tells of (none when it is no manifest), and how many lines there are."""
    line, count = b"", 0
    with path.open("rb") as file:
        for count, line in enumerate(file, 1):  # noqa: B007 - the last one is what we want
            pass
    try:
        seals = [
            Witness(int(one["seq"]), datetime.fromisoformat(one["at"]), str(one["hash"]), str(one["seal"]))
            for one in json.loads(line)["manifest"]["seals"]
        ]
    except (ValueError, KeyError, TypeError, RecursionError):
        return [], count
    return seals, count


def _row(line: bytes) -> Sequence[Any] | None:
    """A line of the file as a row of the store; None when it is none."""
    try:
        found = json.loads(line)
        row = [found[name] for name in _COLUMNS]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    with suppress(ValueError, TypeError):
        row[1] = millis(datetime.fromisoformat(row[1]))
    if isinstance(row[3], str):
        row[3] = row[3].removeprefix("c")
    return row if isinstance(row[0], int) else None


def _shown(row: Sequence[Any]) -> list[Any]:
    seq, at, kind, connection, *rest = row
    return [seq, _iso(moment(at)), kind, None if connection is None else f"c{connection}", *rest]


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _json(item: object) -> bytes:
    return json.dumps(item, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def _csv(values: Sequence[object]) -> bytes:
    line = io.StringIO()
    csv.writer(line).writerow(values)
    return line.getvalue().encode("utf-8", "replace")

"""The audit log as a file for an auditor, and the check of such a file without the store.

JSON Lines: each line of the log with all that its hash is made of, and a manifest as the last line. The hash of a line
is SHA-256, in hex, over these, joined by the character U+001F: the hash before (`prev`; 64 zeros before the first),
`seq`, `at` in milliseconds since 1970 UTC, `kind`, the connection's number without its `c` (`None` without one),
`operator`, `host`, `data` as it stands. The manifest has the seals of the store, and one of its own upon all that it
says of the file, so that a file that was cut off at an earlier seal cannot pass for a whole one.
"""

import csv
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backend.model.audit import (
    MOST_FINDINGS,
    AuditReport,
    Damage,
    Finding,
    Witness,
    export_seal,
    verify,
)
from backend.model.clock import millis, moment

if TYPE_CHECKING:
    from backend.store.audit import AuditLog

_COLUMNS = ("seq", "at", "kind", "connection", "operator", "host", "data", "prev", "hash")
_BATCH = 5_000


@dataclass(frozen=True, slots=True)
class Export:
    """The log as it stood when this was made: what is added later is not in it."""

    source: "AuditLog"
    head: int
    made_at: datetime

    def _rows(self) -> Iterator[Sequence[Any]]:
        return chain.from_iterable(self.source.audit_rows(self.head))

    def json_lines(self) -> Iterator[bytes]:
        digest = ""
        for row in self._rows():
            digest = row[8]
            yield _line(row)
        source = self.source
        seals = tuple(source.audit_seals(self.head))
        about = _Manifest(self.head, self.made_at, source.operator, source.host, digest, "", seals)
        yield replace(about, seal=about.sealed(source.audit_key())).line()

    def csv_lines(self, cell: Callable[[object], str]) -> Iterator[bytes]:
        """For a spreadsheet; `cell` makes a value safe there. The last line tells their number, and the last hash."""
        yield _csv(_COLUMNS)
        digest = ""
        for row in self._rows():
            digest = row[8]
            yield _csv([cell(value) for value in _shown(row)])
        about = (self.source.operator, self.source.host, f"{self.head} lines", "", digest)
        yield _csv([cell(value) for value in ("manifest", _iso(self.made_at), "", "", *about)])


@dataclass(frozen=True, slots=True)
class _Manifest:
    """The last line of an export: so many lines, the last with this hash, made then, by whom and where."""

    lines: int
    at: datetime
    operator: str
    host: str
    hash: str
    seal: str
    seals: tuple[Witness, ...]

    def sealed(self, key: bytes) -> str:
        return export_seal(key, self.lines, self.at, self.operator, self.host, self.hash)

    def line(self) -> bytes:
        about = {"lines": self.lines, "at": _iso(self.at), "operator": self.operator, "host": self.host}
        seals = [{"seq": one.seq, "at": _iso(one.at), "hash": one.hash, "seal": one.seal} for one in self.seals]
        return _json({"manifest": {**about, "hash": self.hash, "seal": self.seal, "seals": seals}})

    def witness(self) -> Witness:
        return Witness(self.lines, self.at, self.hash, self.seal)


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
    """Check an export as JSON Lines. Without a `key` the seals are taken as they are.

    Raises OSError, and ValueError for a file that is no export at all: that is a mistake of the caller, no damage.
    """
    manifest, end = _manifest(path)
    with path.open("rb") as file:
        if manifest is None and not any(line.startswith(b"{") for line in islice(file, _BATCH)):
            raise ValueError(path)
    wrong = list[Finding]()

    def batches() -> Iterator[list[Sequence[Any]]]:
        with path.open("rb") as file:
            lines = enumerate(islice(file, end - (manifest is not None)), 1)
            while some := list(islice(lines, _BATCH)):
                rows = []
                for place, line in some:
                    if (row := _row(line)) is None:
                        wrong.append(Finding(Damage.BAD_FILE, place, place))
                    else:
                        rows.append(row)
                yield rows
                if len(wrong) >= MOST_FINDINGS:
                    return

    vouching = manifest is not None and (key is None or manifest.sealed(key) == manifest.seal)
    anchors = [manifest.witness()] if manifest is not None and vouching else []
    report = verify(batches(), manifest.seals if manifest else (), key, anchors=anchors, progress=progress)
    if manifest is None:
        wrong.append(Finding(Damage.NO_MANIFEST, end, end))
    elif not vouching:
        wrong.append(Finding(Damage.OTHER_KEY, manifest.lines, manifest.lines, seen_at=manifest.at))
    elif report.checked > manifest.lines and report.whole:
        wrong.append(Finding(Damage.INSERTED, manifest.lines + 1, report.checked))
    vouched = manifest if manifest is not None and vouching and key is not None else None
    return replace(
        report,
        findings=(*report.findings, *wrong),
        sealed=vouched.lines if vouched else report.sealed,
        sealed_at=vouched.at if vouched else report.sealed_at,
        anchored=0,
        anchored_at=None,
    )


def _manifest(path: Path) -> tuple[_Manifest | None, int]:
    """The manifest in the last line (None when it is none, or not as we write it), and how many lines there are."""
    line, count = b"", 0
    with path.open("rb") as file:
        for count, line in enumerate(file, 1):  # noqa: B007 - the last one is what we want
            pass
    try:
        found = json.loads(line)["manifest"]
        seals = tuple(
            Witness(one["seq"], datetime.fromisoformat(one["at"]), one["hash"], one["seal"]) for one in found["seals"]
        )
        operator, host, digest, own = (found[name] for name in ("operator", "host", "hash", "seal"))
        at = datetime.fromisoformat(found["at"])
        manifest = _Manifest(found["lines"], at, operator, host, digest, own, seals)
        sound = type(manifest.lines) is int and manifest.line() == line
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):
        return None, count
    return manifest if sound else None, count


def _row(line: bytes) -> Sequence[Any] | None:
    """A line of the file as a row of the store; None when it is none, or is not written as we write it."""
    try:
        found = json.loads(line)
        row = [found[name] for name in _COLUMNS]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    with suppress(ValueError, TypeError, OverflowError):
        row[1] = millis(datetime.fromisoformat(row[1]))
    if isinstance(row[3], str) and row[3][:1] == "c" and row[3][1:].isdecimal():
        row[3] = int(row[3][1:])
    return row if isinstance(row[0], int) and _line(row) == line else None


def _line(row: Sequence[Any]) -> bytes:
    return _json(dict(zip(_COLUMNS, _shown(row), strict=True)))


def _shown(row: Sequence[Any]) -> list[Any]:
    """A row for the file. What is no time and no connection, because somebody has put it there, is shown as it is."""
    seq, at, kind, connection, *rest = row
    if type(at) is int:
        with suppress(OverflowError):
            at = _iso(moment(at))
    return [seq, at, kind, f"c{connection}" if type(connection) is int else connection, *rest]


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _json(item: object) -> bytes:
    return json.dumps(item, ensure_ascii=False, default=str).encode("utf-8", "replace") + b"\n"


def _csv(values: Sequence[object]) -> bytes:
    line = io.StringIO()
    csv.writer(line).writerow(values)
    return line.getvalue().encode("utf-8", "replace")

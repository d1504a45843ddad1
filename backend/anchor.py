"""The anchor of the audit log: a place outside the store that is told each seal, and cannot be made to forget it.

A file that the agent may only add to (on another machine's disk, or `chattr +a`), or syslog, which sends it away.
"""

import os
import re
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from backend.model.audit import Damage, Finding, Witness

_LINE = re.compile(r"(\d{1,18}) ([0-9a-f]{64}) (\S{10,40})")
_NOTICE = 13 * 8 + 5
"""Syslog's number for: audit, normal but significant (RFC 5424)."""

_PORT = 514


def line_of(witness: Witness) -> str:
    """`seq hash time`, the time in UTC with milliseconds."""
    return f"{witness.seq} {witness.hash} {witness.at.astimezone(UTC).isoformat(timespec='milliseconds')}"


def anchor_at(where: str, store: Path | str) -> Callable[[Witness], None]:
    """How to tell the anchor of a seal, for a setting as `anchor_place` accepts it. The call raises OSError."""
    if (address := syslog_address(where)) is not None:
        return lambda witness: _send(address, f"<{_NOTICE}>forny-audit: {line_of(witness)} {store}".encode())
    return lambda witness: _append(Path(where), f"{line_of(witness)}\n".encode())


def syslog_address(where: str) -> str | tuple[str, int] | None:
    """This machine's syslog socket for `syslog`, host and port for `syslog://HOST[:PORT]`; None for a file."""
    if where == "syslog":
        return "/dev/log"
    host, colon, port = where.removeprefix("syslog://").rpartition(":")
    if not where.startswith("syslog://"):
        return None
    return (host, int(port)) if colon and port.isdigit() else (where.removeprefix("syslog://"), _PORT)


def _append(path: Path, line: bytes) -> None:
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    file = os.open(path, flags, 0o600)
    try:
        if os.write(file, line) != len(line):
            raise OSError(f"{path} took only a part of the line")
        os.fsync(file)
    finally:
        os.close(file)


def _send(address: str | tuple[str, int], message: bytes) -> None:
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as out:
        out.settimeout(5)
        out.sendto(message, address)


def read_anchor(where: str, *, expected: bool) -> tuple[list[Witness], list[Finding]]:
    """What the anchor's file says, and what is wrong with it. Syslog cannot be read from here: it says nothing.

    `expected`: something was sealed, so that there must be a file that says so.
    """
    if not where or syslog_address(where) is not None:
        return [], []
    try:
        lines = Path(where).read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return [], [Finding(Damage.NO_ANCHOR, 0, 0)] if expected else []
    witnesses, wrong = [], []
    for place, line in enumerate(lines, 1):
        match = _LINE.fullmatch(line)
        try:
            if match is None:
                raise ValueError
            witnesses.append(Witness(int(match[1]), datetime.fromisoformat(match[3]).astimezone(UTC), match[2]))
        except ValueError:
            wrong.append(Finding(Damage.BAD_ANCHOR, place, place))
    if expected and not witnesses and not wrong:
        wrong.append(Finding(Damage.NO_ANCHOR, 0, 0))
    return sorted(witnesses, key=lambda one: one.seq), wrong

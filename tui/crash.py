"""What is written down when the program stops by a fault of its own: for its maintainers, without customers' data."""

import os
import sys
import traceback
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType

from backend.model.text import clean
from backend.redaction import redact


def told(text: str) -> str:
    """The text on one line, without what looks like a secret, an account number, a CPR number or a mail address."""
    return clean(redact(text), 1000)


def crash_report(error: BaseException, now: datetime) -> str:
    """Where it happened and what kind of error: file, line and function of each frame, no values of variables."""
    lines = [f"forny, {now:%Y-%m-%dT%H:%M:%SZ}, Python {sys.version.split()[0]}"]
    seen: BaseException | None = error
    while seen is not None:
        lines.append(f"{type(seen).__module__}.{type(seen).__qualname__}: {told(str(seen))}")
        lines.extend(_frames(seen.__traceback__))
        seen = seen.__cause__ or seen.__context__
    return "\n".join(lines) + "\n"


def _frames(tb: TracebackType | None) -> list[str]:
    return [f"  {Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(tb)]


def write_crash(error: BaseException, folder: Path, now: datetime) -> Path | None:
    """Write the report for its owner's eyes only (0600); None when even that does not work."""
    path = folder / f"crash-{now:%Y%m%dT%H%M%SZ}-{os.getpid()}.txt"
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(crash_report(error, now))
        return path
    return None

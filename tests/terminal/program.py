"""A console over the fakes, as a program of its own: `program.py MODE CRASH_DIR`."""

import sys
from dataclasses import replace
from pathlib import Path
from time import monotonic

from tests.tui.fakes import FakeReader, make_desk
from tests.tui.records import make_line, make_problem, make_row
from tui.app import Console, run_console

SECRET = "Bearer abcdef0123456789abcdef0123456789"
HOSTILE = (
    "\x1b]52;c;aGVq\x07Vejle",
    "\x1b[2J\x1b[31mTømrer",
    "a\x9b31mb\x85c",
    "[/]A [b]bold[/b] [link=http://evil]x[/link]",
    "\u202eevil\u2066\u200b\u200f",
    "\x00\x08\x7f\r\n\x0e",
    "\x1b]0;title\x1b\\name",
    "日本語のお客様 e\u0301\u0301 🏦",
)


def hostile_reader() -> FakeReader:
    """A fleet whose every text wants something of the terminal, as if no layer before this one existed."""
    rows = [
        replace(make_row(n), customer=text, bank=text, agreement_number=text[:9]) for n, text in enumerate(HOSTILE * 4)
    ]
    reader = FakeReader(fleet_rows=rows)
    reader.problems_known = [make_problem(row, cause=row.customer) for row in rows]
    reader.posting_lines = [
        make_line(n, row, text=row.customer, reason=row.customer, currency=row.customer[:3])
        for n, row in enumerate(rows, start=1)
    ]
    return reader


class Crashing(Console):
    """Breaks on the first key, with a secret in a local variable and in the message."""

    def quieten(self) -> None:
        token = SECRET
        raise RuntimeError(f"no answer for {token} of DK5000400440116243")


def main(mode: str, folder: str) -> int:
    reader = hostile_reader() if mode == "hostile" else FakeReader()
    if mode == "blocked":
        reader.gate.clear()
    desk = make_desk(reader, crash_dir=Path(folder))
    if mode == "clock":
        desk = replace(desk, monotonic=monotonic)
    if mode == "crash":
        import tui.app

        tui.app.Console = Crashing  # type: ignore[misc]
    return run_console(desk)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))

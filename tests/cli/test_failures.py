"""Bad input and bad surroundings: one sentence with the next step, the right exit code, no traceback."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import Run, line, lines
from tui.commands.failures import guarded
from tui.crash import told


def test_an_unknown_command_names_the_nearest(forny: Run) -> None:
    ran = forny("lisst")
    assert ran.code == 2 and "`list`" in ran.err and "Traceback" not in ran.err


def test_wrong_options_are_2(forny: Run) -> None:
    assert forny("list", "--nonsense").code == 2
    assert forny("list", "--limit", "0").code == 2
    assert forny("show").code == 2


@pytest.mark.parametrize("digits", ["9223372036854775808", "9" * 400])
def test_an_id_longer_than_any_is_of_no_connection(fleet: Run, digits: str) -> None:
    for words in (("why",), ("show", "--json"), ("problem", "mute"), ("problem", "ticket"), ("accept",), ("sync",)):
        ran = fleet(*words, f"c{digits}")
        assert ran.code == 4 and "There is no connection" in ran.err


@pytest.mark.parametrize("language", ["en", "da"])
def test_broken_configuration_is_2_and_one_sentence(forny: Run, tmp_path: Path, language: str) -> None:
    file = tmp_path / "broken.toml"
    file.write_text("[profiles.default]\nstore = [1]\n")
    ran = forny("--config", str(file), "list", extra={"FORNY_LANGUAGE": language, "FORNY_STORE": ""})
    assert ran.code == 2 and len(ran.err.strip().splitlines()) == 1
    assert "broken.toml" in ran.err and "2" in ran.err


def test_a_store_that_cannot_be_made(forny: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ran = forny("list", extra={"FORNY_STORE": str(tmp_path / "file" / "forny.db")})
    assert ran.code == 1 and "FORNY_STORE" in ran.err and "Traceback" not in ran.err


def test_a_store_from_a_newer_version_is_left_alone(fleet: Run, env: dict[str, str]) -> None:
    with closing(sqlite3.connect(env["FORNY_STORE"])) as raw, raw:
        raw.execute("PRAGMA user_version = 999")
    ran = fleet("list")
    assert ran.code == 1 and "newer forny" in ran.err


def test_a_file_that_is_no_store(forny: Run, env: dict[str, str]) -> None:
    Path(env["FORNY_STORE"]).write_bytes(b"this is a letter, not a database" * 100)
    ran = forny("list")
    assert ran.code == 1 and "forny.db" in ran.err and "Traceback" not in ran.err


def test_without_a_terminal_the_console_refuses_and_says_what_to_use(program: Run) -> None:
    ran = program()
    assert (ran.code, ran.out) == (2, "") and "forny list" in ran.err and "\x1b" not in ran.err
    ran = program(extra={"FORNY_STORE": ""})
    assert ran.code == 2 and "forny demo" in ran.err


def test_the_agent_without_settings_names_the_first(program: Run) -> None:
    ran = program("agent", "--once")
    assert ran.code == 2 and "FORNY_AIIA_BASE_URL" in ran.err


def test_an_unexpected_error_becomes_a_private_redacted_note(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("FORNY_LANGUAGE", "en")

    def fail() -> None:
        secret = "rt-canary-in-a-local"
        raise KeyError(f"token={secret} DK5000400440116243 010190-1234")

    assert guarded(fail) == 1
    told = capsys.readouterr().err
    (note,) = (tmp_path / "forny").iterdir()
    assert str(note) in told and "KeyError" in told
    text = note.read_text()
    assert "test_failures.py" in text and "fail" in text
    for canary in ("canary", "DK5000400440116243", "010190"):
        assert canary not in text + told
    assert note.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "text",
    [
        "Bearer abc.def",
        "refresh_token: 'abc.def'",
        "smtp://me:abc.def@host",
        "eyJhbGciOiJIUzI1NiJ9.abc.def",
        "code=abc.def",
    ],
)
def test_secrets_are_recognised(text: str) -> None:
    assert "abc.def" not in told(text)


def test_interrupting_is_130() -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    assert guarded(interrupt) == 130


@pytest.fixture
def many(forny: Run) -> None:
    forny("import", "-", stdin=lines(*(line(number) for number in range(1, 400))))


def shell(
    env: dict[str, str], command: str, extra: dict[str, str] | None = None
) -> "subprocess.CompletedProcess[bytes]":
    forny = f"{sys.executable} -m tui.cli"
    whole = {"PATH": os.environ["PATH"], "HOME": env["XDG_DATA_HOME"], **env, **(extra or {})}
    return subprocess.run(["bash", "-c", command.replace("forny", forny)], capture_output=True, env=whole, timeout=60)


def test_a_reader_that_goes_away_is_no_error(env: dict[str, str], many: None) -> None:
    done = shell(env, "set -o pipefail; forny list --json | head -n 1")
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_full_disk_is_a_sentence(env: dict[str, str], many: None) -> None:
    done = shell(env, "forny list --json > /dev/full")
    assert done.returncode == 1 and b"Traceback" not in done.stderr and done.stderr.strip()


def test_the_c_locale_is_no_trouble(env: dict[str, str], forny: Run) -> None:
    forny("import", "-", stdin=lines(line(1, customer="Ærø Østers ApS 🦪")))
    bare = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = shell(env, "forny list", bare)
    assert done.returncode == 0 and b"Traceback" not in done.stderr
    done = shell(env, "forny list --json", bare)
    assert "Ærø" in done.stdout.decode("utf-8")


def test_a_quick_command_imports_nothing_slow(env: dict[str, str], forny: Run) -> None:
    forny("import", "-", stdin=lines(line(1)))
    probe = (
        "import sys; from tui.cli import main; code = main(ARGS);"
        " slow = {'textual', 'httpx', 'aiohttp', 'starlette', 'uvicorn', 'sqlite_utils', 'cryptography', 'rich'};"
        " sys.stderr.write(','.join(sorted(slow & set(sys.modules)))); sys.exit(code)"
    )
    whole = {"PATH": os.environ["PATH"], "HOME": env["XDG_DATA_HOME"], **env}
    for arguments in (["--version"], ["list"], ["list", "--json"], ["show", "c1"]):
        done = subprocess.run(
            [sys.executable, "-c", probe.replace("ARGS", repr(arguments))], capture_output=True, env=whole, timeout=60
        )
        assert (done.returncode, done.stderr.decode()) == (0, ""), arguments


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_a_caller_that_has_closed_a_stream_is_served_all_the_same(env: dict[str, str], closed: str) -> None:
    """Cron and daemons do so; were the number given to the store, what is said would be written into it."""
    run = [sys.executable, "-m", "tui.cli"]
    whole = {"PATH": os.environ["PATH"], "HOME": env["XDG_DATA_HOME"], **env}
    for words, code in ((["list", "--json"], 4), (["show", "c1"], 4), (["import", "-"], 0)):
        shell = ["sh", "-c", f'exec "$@" {closed}', "sh", *run, *words]
        done = subprocess.run(shell, capture_output=True, env=whole, timeout=60)
        assert done.returncode == code and b"unexpected" not in done.stderr, done.stderr
    assert Path(env["FORNY_STORE"]).read_bytes()[:15] == b"SQLite format 3"
    assert not list(Path(env["XDG_STATE_HOME"]).rglob("crash-*"))

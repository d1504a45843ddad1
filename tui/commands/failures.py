"""How a command ends when something goes wrong: one sentence with the next step, never a traceback."""

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import click

from tui.commands.context import ALL_DONE, FAILED, WRONG_USAGE, ReaderGone, talk

INTERRUPTED = 130

_SECRETS = re.compile(
    r"(?i)\bey[\w-]{8,}\.[\w-]+\.?[\w-]*"
    r"|\b(bearer|basic)\s+\S+"
    r"|(token|secret|password|code|key)(['\"]?\s*[=:]\s*)\S+"
    r"|://[^/\s@]+@"
    r"|\b[A-Z]{2}\d{2}[A-Z0-9]{11,30}\b"
    r"|\b\d{6}-?\d{4}\b"
)


def redacted(text: str) -> str:
    """The text without anything that looks like a token, a password, an account number or a CPR number."""
    from backend.model.text import clean

    return clean(_SECRETS.sub("[…]", text), 1000)


def guarded(run: Callable[[], object]) -> int:
    """Run a command line; whatever happens, give an exit code."""
    try:
        code = run()
        sys.stdout.flush()
        return code if isinstance(code, int) else ALL_DONE
    except click.exceptions.Abort:
        return INTERRUPTED
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (BrokenPipeError, ReaderGone):
        _silence_stdout()
        return ALL_DONE
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last line of defence: every error becomes a sentence
        return _told(error)


def _told(error: Exception) -> int:
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    from backend.config import ConfigError
    from backend.model.errors import OutsideError
    from backend.store import StoreError

    if isinstance(error, ConfigError):
        talk(str(error))
        return WRONG_USAGE
    if isinstance(error, StoreError | OutsideError):
        talk(str(error))
        return FAILED
    if isinstance(error, OSError) and error.strerror:
        _silence_stdout()
        talk(_say("cli.os_error", what=error.strerror, where=error.filename or "-"))
        return FAILED
    note = _note(error)
    talk(_say("cli.crash", kind=type(error).__name__, note=note or "-"))
    return FAILED


def _say(key: str, **values: object) -> str:
    from backend.settings import pick_language
    from backend.texts import texts_in

    return texts_in(pick_language(os.environ))(key, **values)


def _silence_stdout() -> None:
    """Nobody reads our stdout any more; what is still buffered must not raise again at exit."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        sys.stdout = None


def _note(error: Exception) -> Path | None:
    """Write where it happened, without values, to a file that only its owner can read."""
    import traceback

    from platformdirs import user_state_path

    frames = traceback.extract_tb(error.__traceback__)
    lines = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
    text = "\n".join([f"{type(error).__name__}: {redacted(str(error))}", *lines, ""])
    path = user_state_path("forny", appauthor=False) / f"crash-{os.getpid()}.txt"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
    except OSError:
        return None
    return path

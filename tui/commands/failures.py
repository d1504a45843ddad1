"""How a command ends when something goes wrong: one sentence with the next step, never a traceback."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import click

from tui.commands.context import ALL_DONE, FAILED, WRONG_USAGE, ReaderGone, talk

INTERRUPTED = 130


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
    from datetime import UTC, datetime

    from platformdirs import user_state_path

    from tui.crash import write_crash

    return write_crash(error, user_state_path("forny", appauthor=False), datetime.now(UTC))

"""Opening the console, with an agent of its own when none runs."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING

import click

from backend.config import ConfigError
from tui.commands.context import WRONG_USAGE, Context, leave, on_a_terminal, refuse, talk
from tui.commands.looking_back import look_back

if TYPE_CHECKING:
    from backend.runtime import Runtime
    from tui.desk import Desk

PROGRAM = (sys.executable, "-P", "-m", "tui.cli")
"""This program for a child process; -P: a folder called `tui` where the operator stands is not taken for ours."""

_LOOK_EVERY = 3.0
"""Seconds between two looks whether an agent lives."""

_END_SECONDS = 20.0
"""What a child gets to finish what is in flight."""

_PATIENCE = 60.0
"""At most so many seconds between two tries of an agent that fails at once."""


def open_console(context: Context) -> None:
    """Run the console until the operator leaves it; the exit code is the console's."""
    say = context.say
    if not (sys.stdin.isatty() and sys.stdout.isatty()) or os.environ.get("TERM", "dumb") == "dumb":
        refuse(say("cli.no_terminal" if context.loaded.configured else "cli.not_configured"))
    if not context.loaded.configured:
        _offer_demo(context)
        return
    from tui.app import run_console

    look_back(context, context.at)
    # Opens the store, before the companion's thread may want it too.
    desk = desk_of(context.runtime, context.as_of, context.warnings)
    if desk.as_of is not None:
        leave(run_console(desk))
    with own_agent(context):
        code = run_console(desk)
    leave(code)


def desk_of(runtime: "Runtime", as_of: datetime | None = None, warnings: tuple[str, ...] = ()) -> "Desk":
    """What a console on this profile is given; `as_of` is the moment of a runtime that looks back."""
    from tui.desk import Desk

    return Desk(
        reader=runtime.reader,
        operations=runtime.operations,
        clock=runtime.clock,
        settings=runtime.settings,
        say=runtime.say,
        operator=runtime.settings.operator,
        agent_status=runtime.agent_status,
        verify_audit=runtime.verify_audit,
        as_of=as_of,
        warnings=warnings,
    )


def _offer_demo(context: Context) -> None:
    talk(context.say("cli.not_configured"))
    if not on_a_terminal() or not click.confirm(context.say("cli.open_demo"), default=True, err=True):
        leave(WRONG_USAGE)
    from tui.demo import DEFAULT_CUSTOMERS, DEFAULT_SPEED, Demo

    with Demo(context.env, context.say, customers=DEFAULT_CUSTOMERS, seed=1, speed=DEFAULT_SPEED) as demo:
        code = demo.console()
    leave(code)


@contextmanager
def own_agent(context: Context) -> Iterator[None]:
    """While the block runs there is an agent: somebody else's, or a child of this process that ends with it."""
    try:
        context.runtime.check_agent_settings()
    except ConfigError:
        yield  # the console still shows what is known; the status line says that no agent lives
        return
    if context.runtime.door.may("agent") is not None:
        yield
        return
    companion = Companion(context)
    companion.start()
    try:
        yield
    finally:
        companion.end()


class Companion:
    """Keeps an agent alive beside a console, as a child process, whenever no other one lives."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._over = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None
        self._pause = _LOOK_EVERY
        self._thread = threading.Thread(target=self._mind, name="companion", daemon=True)

    def start(self) -> None:
        """Begin to mind; returns at once."""
        self._thread.start()

    def end(self) -> None:
        """Let the child finish what is in flight, and wait for its end."""
        self._over.set()
        self._thread.join()
        if self._child is not None:
            end_child(self._child)

    def _mind(self) -> None:
        while True:
            if self._child is None or self._child.poll() is not None:
                self._replace()
            else:
                self._pause = _LOOK_EVERY
            if self._over.wait(self._pause):
                return

    def _replace(self) -> None:
        if self._child is not None:
            failed = self._child.returncode != 0
            self._pause = min(_PATIENCE, self._pause * 2) if failed else _LOOK_EVERY
            if self._child.stdin is not None:
                self._child.stdin.close()
            self._child = None
        status = self._context.runtime.agent_status()
        if status is None or not status.alive:
            self._child = start_agent(self._context.child_environment(), "--until-stdin-closes")


def start_agent(env: dict[str, str], *options: str, keeps: int | None = None) -> "subprocess.Popen[bytes]":
    """An agent as a process of its own that a closed terminal does not touch; it ends when its standard input does.

    `keeps`: a file descriptor that it has as long as it lives.
    """
    return subprocess.Popen(  # noqa: S603 - our own program, by its own interpreter
        [*PROGRAM, "agent", *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=env,
        start_new_session=True,
        pass_fds=() if keeps is None else (keeps,),
    )


def end_child(child: "subprocess.Popen[bytes]") -> None:
    """Close the standard streams of a child that has a session of its own, let it finish, and wait for its end.

    One that does not end in time is killed, with all that it has begun.
    """
    for stream in (child.stdin, child.stdout):
        if stream is not None:
            with suppress(OSError):
                stream.close()
    try:
        child.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()

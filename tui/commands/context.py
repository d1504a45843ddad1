"""What every command is given: the settings that were chosen, the language, the clock, and the store when asked for."""

import os
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, NoReturn

import click

from backend.model.text import clean

if TYPE_CHECKING:
    from backend.config import Settings
    from backend.model.clock import Clock
    from backend.runtime import Runtime
    from backend.settings import Loaded
    from backend.texts import Say

ALL_DONE, FAILED, WRONG_USAGE, SOME_REFUSED, NOTHING_MATCHED, NEEDS_CUSTOMER = range(6)
"""Exit codes (DESIGN §8): a contract with those who write scripts."""


class ReaderGone(Exception):
    """Whoever read our standard output has gone: `forny list | head`."""


class Context:
    """One invocation. Everything is made on first use, so that a command pays only for what it needs."""

    def __init__(self, env: Mapping[str, str] | None = None) -> None:
        self.env = os.environ if env is None else env
        self.flags: dict[str, str] = {}
        self.as_of: datetime | None = None
        self.at: str | None = None
        self.config: str | None = None
        self.profile: str | None = None

    def choose(
        self, flags: Mapping[str, str | None], *, profile: str | None, config: str | None, at: str | None
    ) -> None:
        """Take what stands before the command; `flags` are settings by their names."""
        self.profile, self.config, self.at = profile, config, at
        self.flags = {name: value for name, value in flags.items() if value}

    @cached_property
    def loaded(self) -> "Loaded":
        """Settings with their origins and everything that is wrong with them."""
        from backend.settings import read

        return read(self.flags, self.env, config=self.config, profile=self.profile)

    @cached_property
    def settings(self) -> "Settings":
        """The settings. Raises ConfigError when something is wrong with them."""
        from backend.config import ConfigError

        if self.loaded.problems:
            more = len(self.loaded.problems) - 1
            raise ConfigError(self.loaded.problems[0] + (self.say("config.more", count=more) if more else ""))
        return self.loaded.settings

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is doubtful about the settings, and what is missing without which less is done."""
        no_mail = () if self.loaded.settings.smtp_url else (self.say("config.no_mail"),)
        return (*self.loaded.warnings, *no_mail)

    @cached_property
    def say(self) -> "Say":
        """Texts in the language that was asked for."""
        from backend.settings import pick_language
        from backend.texts import texts_in

        return texts_in(pick_language(self.env, self.flags.get("language") or self.loaded.settings.language))

    @cached_property
    def clock(self) -> "Clock":
        from backend.model.clock import parse_clock

        return parse_clock(self.settings.clock)

    @cached_property
    def runtime(self) -> "Runtime":
        """The store and what stands on it. Raises StoreError when the store cannot be used."""
        from backend.runtime import Runtime

        return Runtime(self.settings, self.clock, self.say, self.env)

    def look_back(self, at: datetime, connections: Sequence[str] | None) -> None:
        """From here on `runtime` and `clock` are those of that moment (`tui.commands.looking_back`)."""
        then = self.runtime.as_of(at, connections)
        self.as_of, self.__dict__["runtime"], self.__dict__["clock"] = at, then, then.clock

    def close(self) -> None:
        """Let go of the store, if it was opened."""
        if "runtime" in self.__dict__:
            self.runtime.close()

    def child_environment(self) -> dict[str, str]:
        """The environment in which a child process finds the same settings."""
        chosen = {f"FORNY_{name.upper()}": value for name, value in self.flags.items()}
        if self.config:
            chosen["FORNY_CONFIG"] = self.config
        if self.profile:
            chosen["FORNY_PROFILE"] = self.profile
        return {**self.env, **chosen}


pass_context = click.make_pass_decorator(Context)


def talk(text: str) -> None:
    """Say something to the person, on stderr: stdout is for data."""
    click.echo(text, err=True)


def talk_of_environment(context: Context) -> None:
    """Say where one is about to act, in words and in colour, as the console's band does; before every question."""
    from tui.wording import environment

    settings = context.settings
    band = f" {environment(settings, context.say)} "
    if not context.env.get("NO_COLOR"):
        band = click.style(band, fg="bright_white", bg="red" if settings.production else "green", bold=True)
    talk(f"{band} forny, {settings.profile}")


def leave(code: int) -> NoReturn:
    """End the command with an exit code."""
    raise click.exceptions.Exit(code)


def refuse(text: str) -> NoReturn:
    """End the command because of how it was called."""
    talk(text)
    leave(WRONG_USAGE)


def meant(context: Context, reference: str) -> list[str]:
    """The ids of the connections that a reference means now. Leaves with exit code 4 when it means none."""
    found = context.runtime.present.reader.resolve(reference)
    if not found:
        talk(context.say("cli.no_such_connection", reference=clean(reference, 60)))
        leave(NOTHING_MATCHED)
    return found


def on_a_terminal() -> bool:
    """Whether a person can be asked: keys come from a terminal, and talk goes to one."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()

"""`forny doctor` and `config`: is everything in order, and what is set where."""

import asyncio
import dataclasses

import click

from tui.commands.context import FAILED, WRONG_USAGE, Context, leave, pass_context, talk
from tui.commands.output import json_option, put_json, put_table


@click.command(short_help="Is everything in order? If not: what to do.")
@json_option
@pass_context
def doctor(context: Context, as_json: bool) -> None:
    """Check configuration, store, agent, aggregator, bank reconciliation, mail and clock; say what to do."""
    from backend.doctor import FAIL, examine

    findings = asyncio.run(examine(context.loaded, context.runtime, context.say))
    if as_json:
        put_json([dataclasses.asdict(finding) for finding in findings])
    else:
        for finding in findings:
            level = context.say(f"doctor.{finding.level}")
            click.echo(f"{level:<5} {finding.subject}: {finding.text}")
            if finding.todo:
                click.echo(f"      -> {finding.todo}")
    if any(finding.level == FAIL for finding in findings):
        leave(FAILED)


@click.group()
def config() -> None:
    """Look at the configuration."""


@config.command()
@pass_context
def where(context: Context) -> None:
    """Print where the configuration file is, or would be."""
    click.echo(context.loaded.path)
    if not context.loaded.exists:
        talk(context.say("config.not_there"))


@config.command()
@json_option
@pass_context
def show(context: Context, as_json: bool) -> None:
    """Print every setting with its value and where it came from. Secrets stay references."""
    from backend.setting_values import KINDS
    from backend.settings import as_text

    loaded = context.loaded
    values = {name: as_text(loaded.settings, name) if value_of(loaded.settings, name) else None for name in KINDS}
    if as_json:
        settings = {name: {"value": value, "from": loaded.origins[name]} for name, value in values.items()}
        file = {"file": str(loaded.path), "exists": loaded.exists, "profiles": list(loaded.profiles)}
        put_json({"profile": loaded.settings.profile, **file, "settings": settings})
    else:
        rows = [[name, value or "-", loaded.origins[name]] for name, value in values.items()]
        put_table(context.say("config.header").split("|"), rows, stretch=1)
    _complain(context)


def value_of(settings: object, name: str) -> object:
    """One setting, by its name."""
    return getattr(settings, name)


@config.command()
@pass_context
def validate(context: Context) -> None:
    """Check the configuration, and that every secret that it refers to is there."""
    from backend.config import ConfigError, Secret
    from backend.setting_values import KINDS

    loaded = context.loaded
    problems = list(loaded.problems)
    for name in KINDS:
        secret = value_of(loaded.settings, name)
        if isinstance(secret, Secret):
            try:
                secret.reveal()
            except ConfigError as error:
                problems.append(str(error))
    for warning in loaded.warnings:
        talk(warning)
    for problem in problems:
        talk(problem)
    if problems:
        talk(context.say("config.wrong_count", count=len(problems)))
        leave(WRONG_USAGE)
    click.echo(context.say("config.valid", profile=loaded.settings.profile))


@config.command()
@pass_context
def schema(context: Context) -> None:
    """Print a JSON Schema of the configuration file."""
    from backend.settings import schema as make

    put_json(make(context.say))


def _complain(context: Context) -> None:
    for problem in (*context.loaded.problems, *context.loaded.warnings):
        talk(problem)
    if context.loaded.problems:
        leave(WRONG_USAGE)

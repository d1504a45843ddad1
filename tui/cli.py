"""`forny` and its commands: the headless twin of the console. Nothing slow is imported before it is needed."""

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import click

from backend.model.people import NotAllowed
from tui.commands.context import SOME_REFUSED, Context, ReaderGone, leave, talk

COMMANDS = {
    "demo": "demo:demo",
    "agent": "engine:agent",
    "list": "fleet:list_",
    "show": "fleet:show",
    "why": "why:why",
    "connect": "acts:connect",
    "renew": "acts:renew",
    "sync": "acts:sync",
    "remove": "acts:remove",
    "accept": "renewals:accept",
    "plans": "plans:plans",
    "plan": "plans:plan",
    "postings": "postings:postings",
    "problems": "problems:problems",
    "problem": "problem:problem",
    "incidents": "incidents:incidents",
    "forecast": "forecast:forecast",
    "reminders": "reminders:reminders",
    "handover": "handover:handover",
    "import": "data:import_",
    "export": "data:export",
    "audit": "audit:audit",
    "webhooks": "webhooks:webhooks",
    "doctor": "checks:doctor",
    "sandbox": "sandbox:sandbox",
    "config": "checks:config",
    "roles": "roles:roles",
}
"""Command to `module:attribute` in `tui.commands`, in the order in which help lists them."""

EXITS = """Exit codes: 0 all done, 1 failed, 2 wrong usage or configuration, 3 some refused or failed,
4 nothing matched, 5 needs a customer."""


class Commands(click.Group):
    """A group that imports a command when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if (place := COMMANDS.get(cmd_name)) is None:
            return None
        module, attribute = place.split(":")
        command: click.Command = getattr(import_module(f"tui.commands.{module}"), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        from difflib import get_close_matches

        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            near = get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean `{near[0]}`?" if near else " `forny --help` lists the commands."
            raise click.UsageError(f"There is no command `{args[0]}`.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        """Click would end a command whose reader goes away with 1; to us it is no failure.

        What the operator may not do is told in his language, and counts as refused.
        """
        try:
            return super().invoke(ctx)
        except NotAllowed as error:
            talk(error.sentence(ctx.obj.say))
            leave(SOME_REFUSED)
        except BrokenPipeError:
            raise ReaderGone from None


@click.group(
    cls=Commands,
    invoke_without_command=True,
    epilog=EXITS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option("--profile", metavar="NAME", help="The profile of the configuration file to use.")
@click.option("--config", metavar="FILE", help="The configuration file (else FORNY_CONFIG, else the platform's place).")
@click.option("--store", metavar="PATH", help="The store to work on (else FORNY_STORE).")
@click.option(
    "--operator", metavar="NAME", help="Who acts, for the audit log (else FORNY_OPERATOR, else the login name)."
)
@click.option(
    "--language", type=click.Choice(["da", "en"]), help="The language of talk (else FORNY_LANGUAGE or the locale)."
)
@click.option("--read-only", is_flag=True, help="Nothing can be changed by this command (else FORNY_READ_ONLY).")
@click.option("--at", metavar="TIME", help="Read everything as it was known then; nothing can be changed.")
@click.version_option(package_name="forny", prog_name="forny", message="%(prog)s %(version)s")
@click.pass_context
def cli(
    ctx: click.Context,
    profile: str | None,
    config: str | None,
    store: str | None,
    operator: str | None,
    language: str | None,
    read_only: bool,
    at: str | None,
) -> None:
    """Keep customers' bank connections alive, and see who is stuck, why, who must act and what to press.

    Without a command it opens the console. `forny demo` shows everything on a world of its own.
    """
    context = ctx.obj = ctx.obj or Context()
    flags = {"store": store, "operator": operator, "language": language, "read_only": "true" if read_only else None}
    context.choose(flags, profile=profile, config=config, at=at)
    ctx.call_on_close(context.close)
    if ctx.invoked_subcommand is None:
        from tui.commands.console import open_console

        open_console(context)
    elif at is not None:
        from tui.commands.looking_back import look_back

        look_back(context, at)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and give its exit code. No error leaves it as a traceback."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # closed by our caller; a file of ours must not be given its number
            setattr(sys, name, Path(os.devnull).open(mode))  # noqa: SIM115 - it is open as long as we run
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    from tui.commands.failures import guarded

    return guarded(lambda: cli.main(args=None if arguments is None else list(arguments), standalone_mode=False))


if __name__ == "__main__":
    sys.exit(main())

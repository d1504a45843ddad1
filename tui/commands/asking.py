"""Asking a person before something happens: one rule for every command (DESIGN §6)."""

import sys
from collections.abc import Callable
from contextlib import suppress

import click

from backend.model.facts import Act
from tui.commands.context import SOME_REFUSED, Context, leave, on_a_terminal, refuse, talk, talk_of_environment
from tui.wording import act_word

if sys.platform != "win32":
    import termios


def confirm(
    context: Context,
    question: str,
    show: Callable[[], object] | None = None,
    *,
    number: int | None = None,
    nobody: str = "cli.add_yes",
    left: str = "cli.nothing_done",
) -> None:
    """Go on when the person says so; else leave with 3, and with 2 when nobody is there to be asked.

    `show` tells what it is about; with a `number` that has to be typed. `nobody` and `left` are text keys.
    """
    if not on_a_terminal():
        refuse(context.say(nobody))
    if show is not None:
        show()
    talk_of_environment(context)
    _forget_what_was_typed()
    if number is None:
        prompt = f"{question} [{context.say('cli.yes_or_no')}]"
        answer = click.prompt(prompt, default="", show_default=False, err=True)
        agreed = answer.strip().casefold() in context.say("cli.words_for_yes").split()
    else:
        agreed = click.prompt(question, default="", show_default=False, err=True).strip() == str(number)
    if not agreed:
        talk(context.say(left))
        leave(SOME_REFUSED)


def confirm_act(context: Context, act: Act, count: int, show: Callable[[], object]) -> None:
    """Harm decides how an act on so many connections is asked about: to remove wants their number typed."""
    if act == Act.REMOVE:
        confirm(context, context.say("cli.type_number", n=count), show, number=count)
    else:
        confirm(context, context.say("cli.confirm", act=act_word(act, context.say), n=count), show)


def _forget_what_was_typed() -> None:
    """Keys pressed before the question was on screen do not answer it (DESIGN §6)."""
    if sys.platform != "win32":
        with suppress(OSError, ValueError, termios.error):
            termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)

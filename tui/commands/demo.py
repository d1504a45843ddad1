"""`forny demo`: everything at once on this machine, and nothing outside it is touched."""

import os
import signal
import sys
import threading
from collections.abc import Callable

import click

from tui.commands.context import ALL_DONE, FAILED, Context, leave, pass_context, refuse, talk
from tui.commands.output import put_line


@click.command(short_help="A whole world on this machine, and the console on it.")
@click.option("--customers", type=click.IntRange(1, 1_000_000), default=250, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed makes the same world.")
@click.option("--speed", type=click.FloatRange(0.01, 100_000), default=60.0, show_default=True, help="Of its clock.")
@click.option("--headless", is_flag=True, help="No console: print one line of JSON (store, addresses, environment).")
@click.option("--for", "seconds", type=click.FloatRange(min=0), metavar="SECONDS", help="End after so long.")
@pass_context
def demo(context: Context, customers: int, seed: int, speed: float, headless: bool, seconds: float | None) -> None:
    """Start a sandbox world with a fleet, an agent and the console; leaving it ends and sweeps all of it."""
    from tui.demo import Demo, DemoError, Ended

    say = context.say
    if not headless and not (sys.stdin.isatty() and sys.stdout.isatty()):
        refuse(say("demo.no_terminal"))
    talk(say("demo.starting", customers=customers))
    code = ALL_DONE
    try:
        with Demo(context.env, say, customers=customers, seed=seed, speed=speed) as world:
            if headless:
                put_line(world.told())
                threading.Event().wait(seconds)
            else:
                code = _console(world.console, seconds)
    except DemoError as error:
        talk(str(error))
        leave(FAILED)
    except Ended as ended:
        code = 128 + ended.number
    leave(code)


def _console(run: Callable[[], int], seconds: float | None) -> int:
    """The console's exit code; after `seconds` it is asked to end, which is then no failure."""
    if seconds is None:
        return run()
    timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGTERM))
    timer.daemon = True
    timer.start()
    code = run()
    on_time = not timer.is_alive()
    timer.cancel()
    return ALL_DONE if on_time and code == 128 + signal.SIGTERM else code

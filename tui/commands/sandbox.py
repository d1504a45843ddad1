"""`forny sandbox`: the world to try everything in, and being a customer, a bank or a bystander in it."""

import asyncio
import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from backend.model.clock import ScaledClock
from tui.commands.context import FAILED, NOTHING_MATCHED, Context, leave, pass_context, refuse, talk
from tui.commands.finding import found_connections
from tui.commands.output import put_json

if TYPE_CHECKING:
    from backend.sandbox.client import SandboxClient

_SWEEP_AFTER = 25.0
"""Seconds that an agent gets to end before the folder of a demo is taken away under it."""


@click.group(invoke_without_command=True, short_help="The sandbox world alone, and being a customer in it.")
@click.option("--customers", type=click.IntRange(1, 1_000_000), default=250, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed makes the same world.")
@click.option("--speed", type=click.FloatRange(0.01, 100_000), default=1.0, show_default=True, help="Of its clock.")
@click.option("--port", type=click.IntRange(1024, 65_000), help="The first of six ports in a row (else free ones).")
@click.option("--webhook-url", metavar="URL", default="", help="Where Aiia sends its webhooks, on this machine.")
@click.option("--webhook-secret", metavar="SECRET", default="", help="With what it signs them (else one of its own).")
@click.option("--clock-file", type=click.Path(path_type=Path), help="Keep the clock here, so that time can be skipped.")
@click.option("--at", "url", metavar="URL", help="For the commands below: the world's `control` address.")
@click.option("--until-stdin-closes", is_flag=True, hidden=True)
@click.option("--sweep", type=click.Path(path_type=Path), hidden=True, help="Take this folder away at the end.")
@click.pass_context
def sandbox(
    ctx: click.Context,
    customers: int,
    seed: int,
    speed: float,
    port: int | None,
    webhook_url: str,
    webhook_secret: str,
    clock_file: Path | None,
    url: str | None,
    until_stdin_closes: bool,
    sweep: Path | None,
) -> None:
    """Run a sandbox world: Aiia, its pages, banks with moods, bank reconciliation and a mailbox, all on this machine.

    It prints its addresses as one line of JSON and runs until it is interrupted. The commands below act in a world
    that runs: they find it by --at, by FORNY_SANDBOX_URL, or by the profile's sandbox_url.
    """
    context = ctx.find_object(Context)
    assert context is not None
    if ctx.invoked_subcommand is not None:
        ctx.meta["sandbox_url"] = url or context.settings.sandbox_url
        return
    from backend.sandbox.serve import serve

    try:
        serve(
            customers=customers,
            seed=seed,
            speed=speed,
            announce=click.echo,
            port_base=port,
            parent_pipe=until_stdin_closes,
            webhook_url=webhook_url,
            webhook_secret=webhook_secret,
            clock_file=clock_file,
        )
    except ValueError as error:
        refuse(str(error))
    except OSError as error:
        talk(context.say("cli.ports_taken", port=port or 0, why=error.strerror or error))
        leave(FAILED)
    finally:
        if sweep is not None:
            _sweep(sweep)


def _sweep(folder: Path) -> None:
    """Take a demo's folder away once its agent has ended: the demo itself may have died without a chance to."""
    from backend.store.liveness import FileLock

    def working() -> bool:
        return any(FileLock(lock).held_by_somebody() for lock in folder.glob("*.locks/agent"))

    async def wait() -> None:
        left = _SWEEP_AFTER
        while left > 0 and working():
            await ScaledClock().nap(0.2)
            left -= 0.2

    asyncio.run(wait())
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def world(context: Context) -> "Iterator[SandboxClient]":
    """A client of the world that runs. Leaves with a sentence when none answers."""
    import httpx

    from backend.sandbox.client import SandboxClient, WalkError

    url = str(click.get_current_context().meta.get("sandbox_url") or "")
    if not url:
        refuse(context.say("cli.no_sandbox"))
    try:
        with SandboxClient({"control": url.rstrip("/")}) as client:
            yield client
    except httpx.HTTPStatusError as error:
        talk(context.say("cli.sandbox_refused", why=error.response.text[:300]))
        leave(NOTHING_MATCHED if error.response.status_code == 404 else FAILED)
    except httpx.HTTPError:
        talk(context.say("cli.sandbox_gone", url=url))
        leave(FAILED)
    except (WalkError, ValueError) as error:
        talk(str(error))
        leave(FAILED)


@sandbox.command()
@click.option("--to", metavar="ADDRESS", help="Only this address's.")
@pass_context
def mails(context: Context, to: str | None) -> None:
    """The mails that came, the newest first, as JSON."""
    with world(context) as client:
        put_json(client.mails(to))


@sandbox.command()
@click.argument("what", metavar="LINK|ADDRESS|ID")
@click.option("--cancel", is_flag=True, help="Give up at the bank.")
@click.option("--accounts", metavar="NUMBERS", help="Tick only these accounts (IBAN or BBAN, comma between).")
@click.option("--bank", help="For a new connection: the provider's id of the bank.")
@pass_context
def walk(context: Context, what: str, cancel: bool, accounts: str | None, bank: str | None) -> None:
    """Go through a mailed link as the customer: log in with the mailed code, renew at the bank, consent.

    Name the link itself, the mail address that it was sent to, or a connection with an open case.
    """
    with world(context) as client:
        link, email = _link(context, client, what)
        ticked = accounts.split(",") if accounts else None
        walked = client.walk(link, cancel=cancel, accounts=ticked, bank=bank, email=email)
    put_json(
        {
            "url": walked.url,
            "code": walked.code is not None,
            "consent_id": walked.consent_id,
            "status": walked.status,
            "pages": list(walked.pages),
        }
    )


def _link(context: Context, client: "SandboxClient", what: str) -> tuple[str, str | None]:
    """The link that is meant, and whose it is if that is known."""
    if what.startswith(("http://", "https://")):
        return what, None
    if "@" in what:
        for mail in client.mails(what):
            if found := re.search(r"https?://\S+/(?:oauth/connect|go/)\S*", mail["text"]):
                return found.group(), what
        talk(context.say("cli.no_mailed_link", address=what))
        leave(NOTHING_MATCHED)
    for view in found_connections(context, what):
        if view.case is not None and view.case.stage.open:
            return view.case.link, view.email
    talk(context.say("cli.no_case", reference=what))
    leave(NOTHING_MATCHED)


@sandbox.command()
@click.argument("email")
@click.option("--bank", help="The connection at this bank (else the first).")
@pass_context
def login(context: Context, email: str, bank: str | None) -> None:
    """The customer goes to the hub unasked: log in, *Muligheder*, *Opdater konto*."""
    with world(context) as client:
        client.update_in_hub(email, bank=bank)


def _shows(name: str, told: str, ask: "Callable[[SandboxClient], object]") -> None:
    """A command that prints what the world answers to one question."""

    @sandbox.command(name, help=told)
    @pass_context
    def show(context: Context) -> None:
        with world(context) as client:
            put_json(ask(client))


_shows("books", "What the world saw of its callers, as JSON.", lambda client: client.books())
_shows(
    "postings",
    "Every posting that bank reconciliation received, and how often, as JSON.",
    lambda client: client.postings(),
)
_shows("banks", "The banks and their moods, as JSON.", lambda client: client.banks())
_shows(
    "scenarios",
    "The situations that the world can be brought into, as JSON: docs/situations.md tells what operators then see.",
    lambda client: client.scenarios(),
)


@sandbox.command()
@click.argument("bank")
@click.argument("new")
@pass_context
def mood(context: Context, bank: str, new: str) -> None:
    """Give BANK (name or id) another mood: ok, down, slow, rate_limited, …"""
    with world(context) as client:
        put_json(client.set_mood(bank, new))


@sandbox.command()
@click.argument("reference", metavar="AGREEMENT|ADDRESS")
@pass_context
def customer(context: Context, reference: str) -> None:
    """The truth about one customer, as JSON."""
    with world(context) as client:
        named = {"email": reference} if "@" in reference else {"agreement": reference}
        put_json(client.customer(**named))


@sandbox.command()
@click.option("--limit", type=click.IntRange(min=1), help="At most so many customers.")
@click.option("--agreement", metavar="NUMBER", help="This customer alone.")
@pass_context
def fleet(context: Context, limit: int | None, agreement: str | None) -> None:
    """The fleet as lines for `forny import`."""
    with world(context) as client:
        for line in client.fleet(limit, agreement):
            click.echo(line)


@sandbox.command()
@click.argument("id")
@click.option("--customer", "agreement", metavar="AGREEMENT", help="On whom (else on one whom nothing is wrong with).")
@pass_context
def scenario(context: Context, id: str, agreement: str | None) -> None:
    """Bring a customer into situation ID. The answer names him, and in `then` what must still be done, in order."""
    with world(context) as client:
        put_json(client.turn("scenario", id=id, agreement=agreement))


@sandbox.command()
@click.argument("span", metavar="HOURS[h]|DAYSd")
@pass_context
def skip(context: Context, span: str) -> None:
    """Let time pass at once, for everybody who shares the world's clock: `40h`, `5d`; at most ten days."""
    found = re.fullmatch(r"(\d{1,3}(?:\.\d+)?)([hd]?)", span)
    if found is None:
        refuse(context.say("cli.want_span", span=span[:40]))
    hours = float(found[1]) * (24 if found[2] == "d" else 1)
    with world(context) as client:
        put_json(client.turn("clock/skip", hours=hours))


@sandbox.command()
@click.argument("knob")
@click.argument("said", nargs=-1, metavar="[NAME=VALUE]...")
@pass_context
def turn(context: Context, knob: str, said: tuple[str, ...]) -> None:
    """Turn any knob of the world, such as `consent/expire consent_id=… days=0` or `fault kind=… how=…`."""
    values: dict[str, object] = {}
    for pair in said:
        name, _, text = pair.partition("=")
        try:
            values[name] = json.loads(text)
        except ValueError:
            values[name] = text
    with world(context) as client:
        put_json(client.turn(knob, **values))

"""`forny webhooks`: the events that Aiia sent, what came of each, and applying them again."""

import json
from functools import partial

import click

from backend.model.text import clean
from backend.model.webhooks import KEPT, WebhookView
from tui.commands.context import NOTHING_MATCHED, Context, leave, pass_context, refuse, talk
from tui.commands.looking_back import moment_said
from tui.commands.output import iso, json_option, put_found, put_json
from tui.commands.words import moment


@click.group(invoke_without_command=True, short_help="The events that Aiia sent, and applying them again.")
@click.option("--limit", type=click.IntRange(min=0), default=50, show_default=True, help="The newest so many; 0: all.")
@json_option
@click.pass_context
def webhooks(ctx: click.Context, limit: int, as_json: bool) -> None:
    """Show the events that Aiia sent, newest first, and what came of each.

    An event that names no connection we know is kept and shown all the same.
    """
    if ctx.invoked_subcommand is not None:
        return
    context = ctx.find_object(Context)
    assert context is not None
    found = context.runtime.store.webhooks(limit)
    if silence := context.runtime.store.webhook_silence(context.clock.now()):
        talk(context.say("doctor.webhooks_silent", at=moment(silence.since), count=silence.connections))
    row, none = partial(_columns, context), "cli.no_webhooks"
    put_found(context, found, as_json, _event, "cli.webhooks_header", row, stretch=4, none=none)


@webhooks.command()
@click.argument("ids", metavar="[EVENT_ID]...", nargs=-1)
@click.option("--since", metavar="TIME", help="Those received since then: 2026-03-01, 2026-03-01T06:00Z, or 6h (ago).")
@json_option
@pass_context
def replay(context: Context, ids: tuple[str, ...], since: str | None, as_json: bool) -> None:
    """Have the agent apply events again: those named, or those received since TIME.

    That is safe at any time: what is known to be newer is not undone, and an event applied twice says the same.
    TIME is on a Danish clock unless it names its zone. Events are kept for 30 days after they came, those about the
    end of a live consent for as long as it lives.
    """
    if not ids and since is None:
        refuse(context.say("cli.replay_what"))
    door = context.runtime.door
    began = None if since is None else moment_said(context, since)
    marked = door.replay_webhooks(ids, began, context.clock.now())
    if as_json:
        put_json({"events": marked})
    else:
        click.echo(context.say("cli.replayed", count=marked))
    if began is not None and began < context.clock.now() - KEPT:
        talk(context.say("cli.replay_reach", days=KEPT.days))
    if not marked:
        leave(NOTHING_MATCHED)
    status = context.runtime.agent_status()
    if status is None or not status.alive:
        talk(context.say("cli.no_agent"))


def _columns(context: Context, item: WebhookView) -> list[str]:
    effect = context.say(f"cli.effect.{item.effect}") if item.applied_at else context.say("cli.effect_waiting")
    return [
        moment(item.received_at),
        item.event,
        item.connection or "-",
        effect,
        item.reason or "-",
        item.event_id,
    ]


def _event(item: WebhookView) -> dict[str, object]:
    return {
        "event_id": item.event_id,
        "event": item.event,
        "consent_id": item.consent_id or None,
        "connection": item.connection,
        "at": iso(item.at),
        "received_at": iso(item.received_at),
        "applied_at": iso(item.applied_at),
        "effect": item.effect or None,
        "repeats": item.repeats,
        "reason": item.reason,
        "body": _body(item.body),
    }


def _body(raw: bytes) -> object:
    """The event as it came; what is no JSON as one cleaned text. Its texts are cleaned in either case."""
    try:
        return _cleaned(json.loads(raw))
    except (ValueError, RecursionError):
        return clean(raw.decode("utf-8", "replace"))


def _cleaned(value: object) -> object:
    if isinstance(value, dict):
        return {clean(name): _cleaned(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_cleaned(inner) for inner in value]
    return clean(value) if isinstance(value, str) else value

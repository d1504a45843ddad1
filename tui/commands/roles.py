"""`forny roles`: who I am here, which role that gives me and why, and what each role may do."""

import click

from backend.rules.roles import RIGHTS, Right
from tui.commands.context import Context, pass_context
from tui.commands.output import json_option, put_json, put_table


@click.command(short_help="Your role here, and what each role may do.")
@json_option
@pass_context
def roles(context: Context, as_json: bool) -> None:
    """Show your role, how you come by it, and what each role may do.

    The setting `roles` gives them to system users and groups; where it is not set, everybody is an admin.
    """
    runtime, say = context.runtime, context.say
    role, by = runtime.standing
    if as_json:
        settings = runtime.settings
        me = {"user": runtime.person.user, "role": role.word, "by": by or None, "operator": settings.operator}
        terms = {"read_only": settings.read_only, "second_pair_from": settings.second_pair_from}
        put_json({**me, **terms, "rights": [_shape(context, right) for right in RIGHTS.values()]})
        return
    click.echo(runtime.standing_text())
    click.echo()
    rows = ([say(f"guard.right.{one.name}"), _who(context, one), _mine(context, one)] for one in RIGHTS.values())
    put_table(say("cli.roles_header").split("|"), rows, stretch=0)


def _who(context: Context, right: Right) -> str:
    if right.most is None:
        return right.role.word
    return context.say("cli.roles_beyond", role=right.role.word, most=right.most, beyond=right.beyond.word)


def _mine(context: Context, right: Right) -> str:
    """Yes, no, or up to how many at once."""
    may = context.runtime.door.may
    if may(right.name) is not None:
        return context.say("cli.roles_no")
    if right.most is not None and may(right.name, right.most + 1) is not None:
        return context.say("cli.roles_most", most=right.most)
    return context.say("cli.roles_yes")


def _shape(context: Context, right: Right) -> dict[str, object]:
    may = context.runtime.door.may
    needs = {"role": right.role.word, "most": right.most, "beyond": right.beyond.word if right.most else None}
    return {"right": right.name, **needs, "you": may(right.name) is None}

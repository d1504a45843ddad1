"""A plan as commands show it, and the exit code that tells how it stands."""

from datetime import datetime

import click

from backend.model.plans import Action, ActionState, PlanState, PlanView
from tui.commands.context import ALL_DONE, NEEDS_CUSTOMER, SOME_REFUSED, Context, talk
from tui.commands.output import put_pairs, put_table
from tui.commands.shapes import reason_text
from tui.commands.words import moment
from tui.wording import act_word, consent_until, state_word

_BAD = (ActionState.FAILED, ActionState.REFUSED, ActionState.UNKNOWN)
_LEFT = (ActionState.PLANNED, ActionState.INTENT, ActionState.SENT, ActionState.WAITING)
_UNSETTLED = (ActionState.PLANNED, ActionState.INTENT)


def exit_code(view: PlanView, *, waited: bool, stopped: bool = False) -> int:
    """0 when what was wanted is done, 3 when some failed, was refused or awaits approval, 5 when a customer must act.

    Who has `waited` for the end is also told, with 3, when some of it is left. What was cancelled counts as refused
    unless it was meant to be `stopped`.
    """
    bad = _BAD if stopped else (*_BAD, ActionState.CANCELLED)
    if view.refused or view.state == PlanState.APPROVAL:
        return SOME_REFUSED
    if waited and any(view.counts.get(state) for state in (*bad, *_LEFT)):
        return SOME_REFUSED
    return NEEDS_CUSTOMER if waited and view.counts.get(ActionState.AWAITING_CUSTOMER) else ALL_DONE


def counted(context: Context, view: PlanView) -> str:
    """`3 done, 1 failed, 1 refused`."""
    told = (f"{many} {state_word(state, context.say)}" for state, many in view.counts.items() if many)
    return ", ".join(told) or "-"


def put_plan(context: Context, view: PlanView, *, to_stderr: bool = False) -> None:
    """A plan for people."""
    say = context.say
    who = view.run_by or view.operator
    who = f"{who}@{view.host}" if view.host else who
    pairs = [
        (say("console.plans.plan"), f"{view.id} ({act_word(view.act, say)}), {say(f'plan.state.{view.state}')}"),
        (say("cli.word.operator"), f"{who}, {moment(view.run_at or view.created_at)}"),
        (say("console.plans.outcome"), counted(context, view)),
    ]
    if view.note:
        pairs.append((say("cli.word.note"), reason_text(say, view.note)))
    put_pairs(pairs, err=to_stderr)
    click.echo(err=to_stderr)
    rows = [
        [
            *(item.connection, item.agreement_number, item.customer, item.bank),
            say("cli.waits", until=moment(item.not_before))
            if item.not_before and item.state in _UNSETTLED
            else state_word(item.state, say),
            ". ".join(part for part in (reason_text(say, item.reason), _lives(context, item)) if part),
        ]
        for item in view.actions
    ]
    refused, word = dict(view.refused), state_word(ActionState.REFUSED, say)
    rows += [
        [row.id, row.agreement_number, row.customer, row.bank, word, reason_text(say, refused[row.id])]
        for row in context.runtime.reader.rows(list(refused), context.clock.now())
    ]
    put_table(say("cli.plan_header").split("|"), rows, stretch=2, err=to_stderr)
    for item in view.actions:
        if link := item.result.get("link"):
            click.echo(f"{item.connection}  {link}", err=to_stderr)
    if view.undo_until is not None:
        talk(say("cli.undo_until", plan=view.id, until=moment(view.undo_until)))


def _lives(context: Context, item: Action) -> str:
    told = item.result.get("consent_lives_until", "")
    ends = datetime.fromisoformat(told) if told[:1].isdigit() else None
    return consent_until(ends, context.clock.now(), context.say)

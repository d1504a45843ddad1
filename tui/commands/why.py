"""`forny why`: the facts behind a connection's verdict, and what the provider answered."""

import click

from backend.model.facts import Attempt
from backend.model.views import ConnectionView
from backend.rules.explain import sentence
from backend.texts import texts_in
from tui.commands.context import Context, pass_context
from tui.commands.finding import found_connections
from tui.commands.fleet import gate_before, life_of, next_step, put_reasons, usually
from tui.commands.looking_back import at_option, look_back
from tui.commands.output import iso, json_option, put_json
from tui.commands.shapes import attempt, gate, life, reason
from tui.commands.words import moment
from tui.wording import verdict_word

_FEW, _MANY = 8, 50
"""Attempts that are told of, without and with `--raw`."""


@click.command(short_help="The facts behind a connection's verdict.")
@click.argument("reference", metavar="ID")
@click.option("--raw", is_flag=True, help="More attempts, each with what was answered.")
@json_option
@at_option
@pass_context
def why(context: Context, reference: str, raw: bool, as_json: bool, at: str | None) -> None:
    """Say why a connection stands where it stands: the facts that decided, in order, and the last attempts.

    What the provider answered is shown without secrets, cut, and with account numbers and addresses masked.
    """
    look_back(context, at, reference)
    views = found_connections(context, reference)
    limit = _MANY if raw else _FEW
    told = [(view, context.runtime.reader.attempts(view.row.id, limit)) for view in views]
    if as_json:
        items = [_json(context, view, attempts) for view, attempts in told]
        put_json(items[0] if len(items) == 1 else items)
        return
    for view, attempts in told:
        _chain(context, view)
        _attempts(context, attempts, raw=raw)


def newest_failure(attempts: list[Attempt]) -> Attempt | None:
    """The newest of them that did not work; they come newest first."""
    return next((attempt for attempt in attempts if attempt.outcome != "ok"), None)


def _json(context: Context, view: ConnectionView, attempts: list[Attempt]) -> dict[str, object]:
    say = {language: texts_in(language) for language in ("da", "en")}
    failed = newest_failure(attempts)
    return {
        "id": view.row.id,
        "agreement_number": view.row.agreement_number,
        "customer": view.row.customer,
        "as_of": iso(context.as_of),
        "verdict": view.row.verdict,
        "situation": view.row.situation,
        "action": view.row.action,
        "wait_until": iso(view.row.wait_until),
        "reasons": [reason(item, context.say) for item in view.assessment.reasons],
        "sentence": {language: sentence(view.assessment, say[language], bank=view.row.bank) for language in say},
        "gate": gate(gate_before(context.runtime.reader.shut_gates(context.clock.now()), view.row)),
        "next_change_at": iso(view.assessment.next_change_at),
        "usual_life": life(life_of(context, view)),
        "attempts": [attempt(item) for item in attempts],
        "answer": (failed.answer or failed.detail) if failed else None,
    }


def _chain(context: Context, view: ConnectionView) -> None:
    row, now = view.row, context.clock.now()
    step = next_step(context, row, now, context.runtime.reader.shut_gates(now))
    verdict = verdict_word(row.verdict, context.say)
    click.echo(context.say("cli.why", id=row.id, customer=row.customer, verdict=verdict, step=step))
    put_reasons(context, view)
    if told := usually(context, view):
        click.echo(f"- {told.removeprefix('; ')}")
    click.echo(context.say("cli.sentence", text=sentence(view.assessment, context.say, bank=row.bank)))


def _attempts(context: Context, attempts: list[Attempt], *, raw: bool) -> None:
    """The last attempts, with what was answered to the newest that failed, or to all of them."""
    if not attempts:
        return
    click.echo()
    click.echo(context.say("cli.why_attempts"))
    failed, worked = newest_failure(attempts), next((one for one in attempts if one.outcome == "ok"), None)
    for one in attempts:
        click.echo(f"- {_line(one)}")
        if raw or one in (failed, worked):
            told = one.answer or one.detail or context.say("cli.why_no_answer")
            click.echo(f"  {told}")


def _line(attempt: Attempt) -> str:
    """`02.03.26, 13:00: transactions: rate_limited, 429, |0f3a.`"""
    told = [attempt.outcome, str(attempt.http_status or ""), attempt.correlation_id or ""]
    return f"{moment(attempt.ended_at)}: {attempt.operation}: {', '.join(part for part in told if part)}"

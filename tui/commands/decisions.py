"""`forny postings accept` and `discard`: what operators decide about held postings, and about changed ones."""

from collections.abc import Callable, Sequence
from typing import Any

import click

from backend.model.postings import Decided, Decision, Refusal
from backend.model.text import clean
from tui.commands.asking import confirm
from tui.commands.context import (
    ALL_DONE,
    NOTHING_MATCHED,
    SOME_REFUSED,
    Context,
    leave,
    pass_context,
    refuse,
    talk,
)
from tui.commands.output import json_option, put_json
from tui.commands.shapes import decided
from tui.commands.words import moment

Command = Callable[..., None]


def _deciding(command: Command) -> Command:
    for option in (
        json_option,
        click.option("--yes", is_flag=True, help="Do not ask."),
        click.option("--dry-run", is_flag=True, help="Say what would become of each, and change nothing."),
        click.option("--filter", "words", metavar="FILTER", help="Those that `forny postings FILTER` lists, too."),
        click.argument("ids", nargs=-1, metavar="[ID]..."),
    ):
        command = option(command)
    return command


@click.command(short_help="Deliver held postings.")
@_deciding
@pass_context
def accept(context: Context, /, ids: tuple[str, ...], **how: Any) -> None:
    """Deliver held postings that are no duplicates, rejected ones again, and mark changes at the bank as seen.

    ID is a posting's id, or its beginning. Rows that are only reserved, or that have no ledger account, are refused.
    """
    _decide(context, Decision.ACCEPT, ids, **how)


@click.command(short_help="Keep duplicates out for good.")
@_deciding
@pass_context
def discard(context: Context, /, ids: tuple[str, ...], **how: Any) -> None:
    """Keep held or rejected postings out: they are never delivered, whatever the bank shows later.

    ID is a posting's id, or its beginning.
    """
    _decide(context, Decision.DISCARD, ids, **how)


DECISIONS = {"accept": accept, "discard": discard}


def asks_to_decide(arguments: Sequence[str]) -> bool:
    """Whether `forny postings …` names postings to decide; else these words are a filter, as they always were."""
    if not arguments or arguments[0] not in DECISIONS:
        return False
    options = ("--help", "-h", "--yes", "--dry-run", "--filter")
    return any(word.startswith("p_") or word in options for word in arguments[1:])


def _decide(
    context: Context,
    decision: Decision,
    ids: Sequence[str],
    *,
    words: str | None,
    yes: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    operations, say = context.runtime.operations, context.say
    if words is not None:
        from tui.commands.postings import listed  # which hands over to us, so that it knows us first

        ids = [*ids, *(line.posting.id for line in listed(context, (words,)))]
        if not ids:
            talk(say("cli.nothing_matched"))
            leave(NOTHING_MATCHED)
    elif not ids:
        refuse(say("decision.which"))
    found: Decided = operations.decide(ids, decision, dry_run=True)
    if found.done and not dry_run:
        if not yes:
            question = say(f"decision.ask.{decision}", **_counts(found))
            confirm(context, question, lambda: _put_refused(context, found.refused), left="decision.left")
        # What was shown is what is decided (law 9): those that were refused are not asked for again.
        now = operations.decide([posting.id for posting in found.done], decision)
        found = Decided(done=now.done, refused=(*found.refused, *now.refused))
    if as_json:
        put_json(decided(found, say, decision=decision, dry_run=dry_run))
    else:
        if yes or dry_run or not found.done:
            _put_refused(context, found.refused)
        word = "would" if dry_run else "done"
        talk(say(f"decision.{word}.{decision}", **_counts(found)) if found.done else say("decision.none"))
    if found.refused and all(item.reason == "decision.unknown" for item in found.refused) and not found.done:
        leave(NOTHING_MATCHED)
    leave(SOME_REFUSED if found.refused else ALL_DONE)


def _counts(found: Decided) -> dict[str, int]:
    seen = sum(posting.change is not None for posting in found.done)
    return {"count": len(found.done) - seen, "seen": seen}


def _put_refused(context: Context, refused: Sequence[Refusal]) -> None:
    for item in refused:
        reason = context.say(item.reason, by=item.by, at=moment(item.at))
        talk(f"{clean(item.posting, 40)}: {reason}")

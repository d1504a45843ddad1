"""`forny postings`: bank rows on their way to bank reconciliation, as a list or as a log that goes on."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

import click

from backend.model.facts import Posting, PostingState
from backend.model.text import searchable
from backend.model.views import PostingFilter, PostingLine
from backend.rules.danish import money
from tui.commands.context import NOTHING_MATCHED, Context, leave, pass_context, refuse, talk
from tui.commands.decisions import DECISIONS, asks_to_decide
from tui.commands.output import put_array, put_csv, put_rows, put_table
from tui.commands.shapes import POSTING_FIELDS, posting, posting_line, reason_text
from tui.commands.waiting import follow_store
from tui.commands.words import day, moment

_PAGE = 2_000
_SHOWN = 200


class _Postings(click.Command):
    """Lists, unless what follows names postings to `accept` or `discard`: then that command takes over."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        if asks_to_decide(args):
            return DECISIONS[args[0]].make_context(f"{info_name} {args[0]}", args[1:], parent=parent, **extra)
        return super().make_context(info_name, args, parent=parent, **extra)


@click.command(cls=_Postings, short_help="Postings on their way to bank reconciliation.")
@click.argument("words", nargs=-1, metavar="[FILTER]...")
@click.option("--limit", type=click.IntRange(min=1), help=f"The newest so many (for people: {_SHOWN}; else all).")
@click.option("--follow", is_flag=True, help="Go on with what changes, until interrupted.")
@click.option("--json", "form", flag_value="json", help="One JSON array (with --follow: one object a line).")
@click.option("--csv", "form", flag_value="csv", help="Comma-separated values with a header line.")
@pass_context
def postings(context: Context, words: tuple[str, ...], limit: int | None, follow: bool, form: str | None) -> None:
    """List postings, oldest change first, all or those that FILTER matches.

    FILTER: words of the text, state:held|queued|acknowledged|rejected|dropped, connection:ID, agreement:NUMBER,
    is:changed (the bank changed or deleted it after delivery, and nobody has looked). Without a state, dropped
    ones are left out.

    `forny postings accept ID...` delivers held postings, `forny postings discard ID...` keeps duplicates out.
    """
    queries = _queries(context, words)
    if follow and form == "csv":
        refuse(context.say("cli.follow_csv"))
    if follow and queries:  # a connection that is not there would be followed in silence for ever
        _follow(context, queries, limit, form == "json")
        return
    if form is None and limit is None:
        limit = _SHOWN
    lines: Iterator[PostingLine] | list[PostingLine]
    lines = _every(context, queries) if limit is None else _newest(context, queries, limit)

    if form == "json":
        found = put_array(map(posting_line, lines))
    elif form == "csv":
        rows = (posting(line.posting) for line in lines)
        found = put_csv(POSTING_FIELDS, ([row[name] for name in POSTING_FIELDS] for row in rows))
    else:
        header = context.say("cli.postings_header").split("|")
        found = put_table(header, (_columns(context, line) for line in lines), stretch=5)
        if found == _SHOWN:
            talk(context.say("cli.postings_cut", count=found))
    if not found:
        talk(context.say("cli.nothing_matched"))
        if words and words[0] in DECISIONS:
            talk(context.say("decision.hint", act=words[0]))
        leave(NOTHING_MATCHED)


def listed(context: Context, words: tuple[str, ...]) -> Iterator[PostingLine]:
    """The postings that `forny postings WORDS` lists, all of them."""
    return _every(context, _queries(context, words))


def _queries(context: Context, words: tuple[str, ...]) -> list[PostingFilter]:
    """One query for each connection that was named, or one for all."""
    text: list[str] = []
    states: list[PostingState] = []
    connections: list[str] | None = None
    changed = False
    for word in " ".join(words).split():
        field, colon, value = word.partition(":")
        if word == "is:changed":
            changed = True
        elif not colon or field not in ("state", "connection", "agreement", "id"):
            if colon and field.isalpha():
                refuse(context.say("cli.posting_field", field=field))
            text.append(word)
        elif field == "state":
            try:
                states += [PostingState(name) for name in value.split(",")]
            except ValueError:
                refuse(context.say("cli.posting_state", known=", ".join(PostingState), state=value))
        else:
            connections = [*(connections or []), *context.runtime.reader.resolve(value)]
    whole = PostingFilter(states=tuple(states), text=searchable(" ".join(text)), changed=changed)
    return [whole] if connections is None else [replace(whole, connection=name) for name in dict.fromkeys(connections)]


def _every(context: Context, queries: list[PostingFilter]) -> Iterator[PostingLine]:
    reader = context.runtime.reader
    for query in queries:
        after = query.after
        while page := reader.postings(replace(query, after=after), _PAGE):
            yield from page
            after = page[-1].seq


def _newest(context: Context, queries: list[PostingFilter], limit: int) -> list[PostingLine]:
    found = [line for query in queries for line in context.runtime.reader.postings(query, limit, newest_first=True)]
    return sorted(found, key=lambda line: line.seq)[-limit:]


def _follow(context: Context, queries: list[PostingFilter], limit: int | None, as_json: bool) -> None:
    """What there is, then every change, until somebody interrupts."""

    def put(lines: list[PostingLine]) -> None:
        put_rows(lines, as_json, posting_line, partial(_columns, context))

    def begin() -> None:
        nonlocal queries
        put(shown := _newest(context, queries, limit or _SHOWN))
        queries = [replace(query, after=shown[-1].seq if shown else 0) for query in queries]

    def look() -> None:
        nonlocal queries
        pages = [list(_every(context, [query])) for query in queries]
        put(sorted((line for page in pages for line in page), key=lambda line: line.seq))
        # Each query has its own place: a row may come between reading one and reading the next.
        queries = [replace(q, after=page[-1].seq) if page else q for q, page in zip(queries, pages, strict=True)]

    follow_store(context, begin, look)


def _columns(context: Context, line: PostingLine) -> list[str]:
    posting, reason = line.posting, line.posting.reason or ""
    if posting.change is not None and posting.decided_at is None:
        reason = f"decision.change.{posting.change}"
    return [
        moment(posting.fetched_at),
        line.posting.connection,
        line.customer,
        posting.ledger_account or "-",
        day(posting.date),
        posting.text,
        f"{money(posting.amount)} {posting.currency}",
        context.say(f"console.posting.{posting.state}"),
        reason_text(context.say, reason),
        _promise(context, posting, context.clock.now()),
        posting.id[:10],
    ]


def _promise(context: Context, posting: Posting, now: datetime) -> str:
    """How long until the promise of six hours, or since (hours and minutes); empty for what is not on its way."""
    if posting.due_at is None or posting.state is not PostingState.QUEUED:
        return ""
    late = posting.due_at <= now
    minutes = int(abs(posting.due_at - now).total_seconds() // 60)
    word = "late" if late else "left"
    return context.say(f"decision.span.{word}", span=f"{minutes // 60}:{minutes % 60:02}")

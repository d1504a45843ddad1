"""Which connections are meant: by a filter, by their ids, or by an agreement number."""

from backend.model.filters import Filter
from backend.model.text import clean
from backend.model.views import ConnectionView
from backend.rules.filters import FilterError, parse
from tui.commands.context import NOTHING_MATCHED, Context, leave, refuse, talk


def parsed(context: Context, text: str) -> Filter:
    """The filter, or exit code 2 with what is wrong with it."""
    try:
        return parse(text, context.clock.now(), context.runtime.settings.operator)
    except FilterError as error:
        refuse(error.sentence(context.say))


def found_connections(context: Context, reference: str) -> list[ConnectionView]:
    """The connections that a reference means. Leaves with exit code 4 when it means none."""
    reader, now = context.runtime.reader, context.clock.now()
    views = [view for name in reader.resolve(reference) if (view := reader.connection(name, now))]
    if not views:
        talk(context.say("cli.no_such_connection", reference=clean(reference, 60)))
        leave(NOTHING_MATCHED)
    return views

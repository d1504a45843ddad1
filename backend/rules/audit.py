"""The audit log for people: what a check has found, in a sentence, and the filter over its lines."""

import re
from datetime import datetime

from backend.model.audit import Damage, EventFilter, Finding
from backend.model.text import clean
from backend.rules.danish import moment
from backend.rules.filters import FilterError
from backend.rules.moments import moment_of
from backend.texts import Say

FIELDS = {
    "by": "by:eva",
    "kind": "kind:sync",
    "plan": "plan:12",
    "since": "since:6h",
    "until": "until:02:10",
    "id": "c12",
}
"""The fields of the filter, each with an example."""

_TERM = re.compile(r'(?:([^\W\d_]\w*):)?("[^"]*"?|\S*)\s*')
_ID = re.compile(r"[cC][0-9]{1,15}")


def told(found: Finding, say: Say) -> str:
    """One finding as a sentence: what, where, and between which times."""
    many = found.last > found.first and found.damage not in (Damage.MOVED, Damage.RENUMBERED)
    lines = say("audit.lines", first=found.first, last=found.last) if many else say("audit.line", first=found.first)
    before = moment(found.before) if found.before else say("audit.beginning")
    seen = moment(found.seen_at) if found.seen_at else "–"
    return say(f"audit.found.{found.damage}", lines=lines, first=found.first, last=found.last, before=before, seen=seen)


def parse_events(text: str, now: datetime) -> tuple[EventFilter, str | None]:
    """The lines that a text means, and the connection whose they must be: `by:eva kind:sync plan:12 since:6h c12`.

    A word without a field is a kind, or the first part of some. Raises FilterError, as the fleet's filter does.
    """
    chosen: dict[str, object] = {}
    connection: str | None = None
    at = 0
    source = clean(text).strip()
    while at < len(source):
        match = _TERM.match(source, at)
        assert match is not None, "it matches anything"
        name, value = match[1], match[2].strip('"')
        if name is None and _ID.fullmatch(value):
            name = "id"
        if name not in (None, *FIELDS):
            raise FilterError("filter.unknown_field", {"field": name, "known": ", ".join(FIELDS)}, at)
        if name is not None and not value:
            raise FilterError("filter.no_value", {"field": name, "example": FIELDS[name]}, at)
        try:
            match name or "kind":
                case "id":
                    connection = value.lower()
                    if not _ID.fullmatch(value):
                        raise ValueError(value)
                case "plan":
                    chosen["plan"] = int(value)
                case "by":
                    chosen["operator"] = value
                case "since" | "until" as which:
                    chosen[which] = moment_of(value, now)
                case _ if value != "*":
                    chosen["kind"] = value
        except ValueError:
            example = FIELDS[name or "kind"]
            raise FilterError(
                "filter.bad_value", {"field": str(name), "value": value, "example": example}, at
            ) from None
        at = match.end()
    return EventFilter(**chosen), connection  # type: ignore[arg-type]

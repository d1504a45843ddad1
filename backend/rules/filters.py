"""The filter language, the same in console and commands (DESIGN §7): texts become `backend.model.filters` trees.

`nord` words, `"nord syd"`, `!word`, `/regex/`, `field:value`, `pending>0`, `expires<14d`, `fetched>6h`, `is:late`,
`plan:17`, `plan:last failed`; all terms must hold; `*` or nothing is everything. A quote or pattern that is not
closed runs to the end, so that a list can be filtered while it is typed.
"""

import re
import warnings
from collections.abc import Callable
from datetime import datetime
from difflib import get_close_matches
from enum import StrEnum

from backend.model.facts import Act, Consent, Fetch, Status, Transfer, Verdict
from backend.model.filters import Compare, Filter, Not, OfPlan, Pattern, Term, Word
from backend.model.plans import ActionState
from backend.model.text import clean, searchable
from backend.rules.catalogue import IDS
from backend.texts import texts_in

MAX_LENGTH = 400
"""Characters of a filter; no person types more."""


class Kind(StrEnum):
    """How the values of a field are written and compared."""

    TEXT = "text"
    CHOICE = "choice"
    NUMBER = "number"
    AHEAD = "ahead"
    AGE = "age"
    ID = "id"
    PLAN = "plan"


FIELDS: dict[str, Kind] = {
    "agreement": Kind.TEXT,
    "customer": Kind.TEXT,
    "bank": Kind.TEXT,
    "provider": Kind.TEXT,
    "status": Kind.CHOICE,
    "consent": Kind.CHOICE,
    "fetch": Kind.CHOICE,
    "transfer": Kind.CHOICE,
    "verdict": Kind.CHOICE,
    "situation": Kind.CHOICE,
    "action": Kind.CHOICE,
    "expires": Kind.AHEAD,
    "fetched": Kind.AGE,
    "pending": Kind.NUMBER,
    "assigned": Kind.TEXT,
    "incident": Kind.NUMBER,
    "id": Kind.ID,
    "plan": Kind.PLAN,
    "state": Kind.CHOICE,
    "is": Kind.CHOICE,
}
"""Every field, for the parser and for completion. `expires` looks ahead in time, `fetched` is an age;
`state` is the outcome in the plan that `plan` names."""

CHOICES: dict[str, tuple[str, ...]] = {
    "status": tuple(Status),
    "consent": tuple(Consent),
    "fetch": tuple(Fetch),
    "transfer": tuple(Transfer),
    "verdict": tuple(Verdict),
    "situation": IDS,
    "action": tuple(Act),
    "state": tuple(ActionState),
    "is": (
        *("late", "held", "queued", "rejected", "pending", "open_case", "orphaned"),
        *("unmapped", "empty", "never", "removed", "failing", "running"),
        *("gap", "silent", "changed", "doubted", "twin", "snoozed", "muted", "mine"),
    ),
}
"""The values of the fields that have a fixed set, as they stand in the tree."""

_SECONDS = {"m": 60, "h": 3600, "t": 3600, "d": 86_400, "w": 604_800, "u": 604_800}
"""Units of a duration; Danish `t` (timer) and `u` (uger) too."""

_FIELD = re.compile(r"([^\W\d_]\w*)(<=|>=|[:=<>])")
_DURATION = re.compile(r"([0-9]{1,6})([mhtdwu])", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]{1,15}")
_ID = re.compile(r"c?([0-9]{1,15})", re.IGNORECASE)
_LAST = "last"
_STATES = frozenset(ActionState)
_PATTERN_END = re.compile(r"(?:[^/\\]|\\.?)*")
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


class FilterError(ValueError):
    """A filter that cannot be understood: a text key with its values, and where (characters from 0)."""

    def __init__(self, message_key: str, values: dict[str, str], position: int) -> None:
        super().__init__(message_key, values, position)
        self.message_key, self.values, self.position = message_key, values, position

    def sentence(self, say: Callable[..., str]) -> str:
        """What is wrong, in the language of `say`."""
        return say(self.message_key, **self.values)

    def __str__(self) -> str:
        return self.sentence(texts_in("en"))


def parse(text: str, now: datetime, operator: str = "") -> Filter:
    """The tree of a filter text. `now` (aware) is what `expires<14d`, `fetched>6h` and `is:snoozed` are counted from,
    and `operator` whose problems `is:mine` finds (nobody's when it is empty).

    Only an empty text and `*` are everything: a term that says nothing must not turn an act for one into one for all.
    Raises FilterError for that, for an unknown field or value, with the nearest one that exists, and nothing else.
    """
    if len(text) > MAX_LENGTH:
        raise FilterError("filter.too_long", {"limit": str(MAX_LENGTH)}, MAX_LENGTH)
    source = clean(text).rstrip()
    terms: list[Term] = []
    states: list[tuple[int, int]] = []
    plan: OfPlan | None = None
    named = at = 0
    starred = False
    while at < len(source):
        if source[at].isspace():
            at += 1
            continue
        start = at
        while at < len(source) and source[at] == "!":
            at += 1
        turned = (at - start) % 2 == 1
        if at > start and (at == len(source) or source[at].isspace()):
            raise FilterError("filter.nothing_to_negate", {}, start)
        begin, (term, at) = at, _term(source, at, now)
        if term is None and turned:
            raise FilterError("filter.nothing_to_negate", {}, start)
        starred = starred or source[begin:at] == "*"
        if isinstance(term, Word) and named and source[named:begin].strip(" !") == "" and source[begin:at] in _STATES:
            term = Compare("state", "=", source[begin:at])  # `plan:last failed`
        named = at if isinstance(term, Compare) and term.field == "plan" else 0
        if isinstance(term, Compare) and term.field == "plan":
            plan = term = OfPlan(None if term.value == _LAST else int(term.value))
        elif isinstance(term, Compare) and term.field == "state":
            states.append((len(terms), start))
        if term == Compare("is", "=", "snoozed"):
            term = Compare("snoozed", ">", int(now.timestamp()))
        elif term == Compare("is", "=", "mine"):
            term = Compare("assigned", "=", searchable(operator))
        if term is not None:
            terms.append(Not(term) if turned else term)
    if not terms and source and not starred:
        raise FilterError("filter.says_nothing", {}, 0)
    for place, start in states:
        if plan is None:
            raise FilterError("filter.state_of_no_plan", {}, start)
        terms[place] = _in_plan(terms[place], plan)
    return Filter(tuple(terms), source.lstrip())


def _in_plan(term: Term, plan: OfPlan) -> Term:
    """A term about a state, about that state in this plan."""
    if isinstance(term, Not):
        return Not(_in_plan(term.term, plan))
    assert isinstance(term, Compare)
    return OfPlan(plan.plan, str(term.value))


def _term(source: str, at: int, now: datetime) -> tuple[Term | None, int]:
    """One term without its `!`, and where it ends; None when it says nothing (`*`, a dash between two words)."""
    if source[at] == '"':
        value, end = _quoted(source, at)
        if (word := _word(value)) is None:
            raise FilterError("filter.says_nothing", {}, at)
        return word, end
    if source[at] == "/":
        return _pattern(source, at)
    if (match := _FIELD.match(source, at)) is not None:
        value, end = _value(source, match.end())
        name, op = match.group(1).lower(), match.group(2).replace(":", "=")
        return _compare(name, op, value, (at, match.end()), now), end
    value, end = _bare(source, at)
    return None if value == "*" else _word(value), end


def _value(source: str, at: int) -> tuple[str, int]:
    return _quoted(source, at) if source[at : at + 1] == '"' else _bare(source, at)


def _quoted(source: str, at: int) -> tuple[str, int]:
    end = source.find('"', at + 1)
    return (source[at + 1 :], len(source)) if end < 0 else (source[at + 1 : end], end + 1)


def _bare(source: str, at: int) -> tuple[str, int]:
    end = at
    while end < len(source) and not source[end].isspace():
        end += 1
    return source[at:end], end


def _word(value: str) -> Word | None:
    text = searchable(value)
    return Word(text) if text else None


def _pattern(source: str, at: int) -> tuple[Pattern, int]:
    match = _PATTERN_END.match(source, at + 1)
    end = len(source) if match is None else match.end()
    pattern = source[at + 1 : end]
    if not pattern:
        raise FilterError("filter.says_nothing", {}, at)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise FilterError("filter.bad_pattern", {"error": str(error)}, at) from None
    return Pattern(pattern), end + 1


def _compare(name: str, op: str, value: str, where: tuple[int, int], now: datetime) -> Compare:
    """A comparison with its value made ready. `where`: positions of the field and of the value."""
    kind = FIELDS.get(name)
    if kind is None:
        raise _unknown("filter.unknown_field", name, {"field": name}, FIELDS, where[0])
    if not value:
        raise FilterError("filter.no_value", {"field": name, "example": _example(name, kind)}, where[1])
    if op != "=" and kind in (Kind.TEXT, Kind.CHOICE, Kind.ID, Kind.PLAN):
        raise FilterError("filter.only_equal", {"field": name, "op": op}, where[0])
    match kind:
        case Kind.TEXT:
            ready = value.strip() if name == "agreement" else searchable(value)
            if not ready:
                raise FilterError("filter.no_value", {"field": name, "example": _example(name, kind)}, where[1])
            return Compare(name, op, ready)
        case Kind.CHOICE:
            return Compare(name, op, _choice(name, value, where[1]))
        case Kind.NUMBER if _NUMBER.fullmatch(value):
            return Compare(name, op, int(value))
        case Kind.PLAN if value.lower() == _LAST or _NUMBER.fullmatch(value):
            return Compare(name, op, value.lower())
        case Kind.ID if (match := _ID.fullmatch(value)) is not None:
            return Compare(name, op, f"c{match.group(1)}")
        case Kind.AHEAD | Kind.AGE if op != "=" and (span := duration(value)) is not None:
            here = int(now.timestamp())
            if kind is Kind.AHEAD:
                return Compare(name, op, here + span)
            return Compare(name, _FLIPPED[op], here - span)
    raise FilterError("filter.bad_value", {"field": name, "value": value, "example": _example(name, kind)}, where[1])


def duration(text: str) -> int | None:
    """Seconds of `90m`, `6h`, `14d` or `2w`; None for a text that is no duration."""
    match = _DURATION.fullmatch(text.strip())
    return None if match is None else int(match.group(1)) * _SECONDS[match.group(2).lower()]


def _choice(name: str, value: str, position: int) -> str:
    known = {choice.lower(): choice for choice in CHOICES[name]}
    found = known.get(value.lower())
    if found is None:
        raise _unknown("filter.unknown_value", value, {"field": name, "value": value}, known, position)
    return str(found)


def _unknown(
    key: str, word: str, values: dict[str, str], known: dict[str, str] | dict[str, Kind], at: int
) -> FilterError:
    """The error for a word that is none of the known ones, with the nearest of them, or all when none is near."""
    near = get_close_matches(word.lower(), known, n=1, cutoff=0.5)
    starts = [name for name in known if word and name.startswith(word.lower())]
    return FilterError(key, {**values, "known": ", ".join(starts or near or known)}, at)


def _example(name: str, kind: Kind) -> str:
    match kind:
        case Kind.CHOICE:
            return f"{name}:{CHOICES[name][0]}"
        case Kind.NUMBER:
            return f"{name}>0"
        case Kind.AHEAD:
            return f"{name}<14d"
        case Kind.AGE:
            return f"{name}>6h"
        case Kind.ID:
            return f"{name}:c12"
        case Kind.PLAN:
            return f"{name}:17 / {name}:{_LAST}"
        case Kind.TEXT:
            return f'{name}:"nord"'

"""The filter language's syntax tree. `backend.rules.filters` parses texts into it; the store turns it into a query."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Word:
    """A folded word that must occur in customer, agreement number, bank or an account number."""

    text: str


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression over the same texts, case ignored."""

    pattern: str


@dataclass(frozen=True, slots=True)
class Compare:
    """`field op value`. `op` is one of `= < <= > >=`; values are ready to be compared (see `rules.filters.FIELDS`)."""

    field: str
    op: str
    value: str | int


@dataclass(frozen=True, slots=True)
class OfPlan:
    """Connections of a plan (None: of the newest that was run) whose act there is in `state` (empty: in any)."""

    plan: int | None
    state: str = ""


@dataclass(frozen=True, slots=True)
class Not:
    """Everything that the term does not match."""

    term: "Term"


Term = Word | Pattern | Compare | OfPlan | Not


@dataclass(frozen=True, slots=True)
class Filter:
    """All terms must hold; none means everything. `text` is what the operator wrote."""

    terms: tuple[Term, ...] = ()
    text: str = ""


EVERYTHING = Filter()

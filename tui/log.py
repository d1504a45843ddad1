"""The live log of postings as data: bounded, one line a posting, in the order in which they first came."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence

from backend.model.facts import PostingState
from backend.model.views import PostingLine

KEPT = 2000
"""Lines that are held; older ones are dropped, and the screen says how many."""

PENDING = (PostingState.HELD, PostingState.QUEUED, PostingState.REJECTED)
KINDS: tuple[tuple[str, tuple[PostingState, ...]], ...] = (
    ("pending", PENDING),
    ("queued", (PostingState.QUEUED,)),
    ("held", (PostingState.HELD,)),
    ("rejected", (PostingState.REJECTED,)),
    ("acknowledged", (PostingState.ACKNOWLEDGED,)),
    ("all", ()),
)
"""What the log can be narrowed to: a name, and the states that enter (none: all but dropped ones)."""


class Log:
    """Postings by id. A posting that is here and changes is replaced in place, so that nothing moves."""

    def __init__(self, states: Sequence[PostingState], kept: int = KEPT) -> None:
        self.states = tuple(states)
        self.last_seq = 0
        self.dropped = 0
        self._kept = kept
        self._lines: OrderedDict[str, PostingLine] = OrderedDict()

    def take(self, lines: Iterable[PostingLine]) -> int:
        """Add and replace; gives how many are new here."""
        new = 0
        for line in lines:
            self.last_seq = max(self.last_seq, line.seq)
            posting = line.posting
            if posting.id in self._lines:
                self._lines[posting.id] = line
            elif not self.states or posting.state in self.states:
                self._lines[posting.id] = line
                new += 1
        while len(self._lines) > self._kept:
            self._lines.popitem(last=False)
            self.dropped += 1
        return new

    def lines(self) -> tuple[PostingLine, ...]:
        """Oldest first."""
        return tuple(self._lines.values())

    def __len__(self) -> int:
        return len(self._lines)

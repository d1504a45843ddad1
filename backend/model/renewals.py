"""What a renewal brought: accounts that are the same, new or gone, and the rows that came with them (law 6)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One account of a diff. `key` is its number now, `was` the number it had when that has changed.

    `reissued`: the provider calls it by another id than before. `doubt` is a text key: why nobody can be sure which
    account it is, and its rows wait for an operator; empty when there is no doubt.
    """

    key: str
    name: str
    ledger_account: str | None = None
    was: str = ""
    reissued: bool = False
    doubt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewalDiff:
    """Accounts before and after a renewal. Of the rows that came with it, `recognised` were there already and would
    have been imported again by their ids; `rows_new` were not there, and `rows_held` of these wait for the acceptance.
    """

    matched: tuple[Shown, ...] = ()
    new: tuple[Shown, ...] = ()
    vanished: tuple[Shown, ...] = ()
    recognised: int = 0
    rows_new: int = 0
    rows_held: int = 0

    @property
    def doubted(self) -> tuple[Shown, ...]:
        """The accounts that an operator has to accept before their rows flow."""
        return tuple(shown for shown in (*self.matched, *self.new) if shown.doubt)

    @property
    def suggested(self) -> tuple[str, str] | None:
        """The keys (new, old) of what is probably one account under a new number: one is new and one has vanished."""
        if len(self.new) != 1 or len(self.vanished) != 1 or not self.new[0].doubt:
            return None
        return self.new[0].key, self.vanished[0].key


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """A live connection of another customer on the same bank user. `how` we know: by `login` or by `account`."""

    connection: str
    agreement_number: str
    customer: str
    bank: str
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """What an acceptance did. `carried` are keys (new, old) of accounts that are one; their rows come with the next
    fetch, which compares them with what the old number brought. `released` rows go to bank reconciliation now, and
    `waiting` rows wait on for a ledger account. Without `accounts` there was nothing in doubt.
    """

    connection: str
    accounts: tuple[str, ...] = ()
    carried: tuple[tuple[str, str], ...] = ()
    released: int = 0
    waiting: int = 0

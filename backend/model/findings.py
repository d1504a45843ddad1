"""What a fetch notices beside its rows: silence, gaps, missing rows, balances, rows that the bank has changed."""

from dataclasses import dataclass
from datetime import date as Day
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What is noticed about one account.

    `silent_since`: the first day of a quiet stretch that its own history makes improbable. `gap_from` to `gap_to`:
    the days that a lapse has left without rows. `missing_on`: the day of a row whose balance does not follow from the
    row before it. `off_by`: the bank's balance less what the ledger has or will have.
    """

    silent_since: Day | None = None
    gap_from: Day | None = None
    gap_to: Day | None = None
    missing_on: Day | None = None
    off_by: Decimal | None = None


NOTHING_FOUND = Found()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The bank has `deleted` or `changed` a delivered row; `date` and `amount` are as the bank has them now."""

    posting: str
    kind: str
    date: Day | None = None
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """All that one fetch noticed anew: by account key what is true of it now, and the changes after delivery."""

    accounts: tuple[tuple[str, Found], ...] = ()
    changes: tuple[Change, ...] = ()


NO_FINDINGS = Findings()

"""Whatever order, ids and pages the bank's truth comes in, the postings agree with it (law 7)."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from backend.model.facts import Account, BankRow, Posting, PostingState
from backend.rules.rows import RowChanges, RowContext, match_rows

START = datetime(2026, 2, 11, 12, tzinfo=UTC)
DAY = date(2026, 2, 1)
ACCOUNT = Account(id=4, provider_account_id="a1", iban="DK6999990001234567", bban=None, name="D", ledger_account="5820")
CONTEXT = RowContext(connection="c1", agreement_number="1", account=ACCOUNT, since=DAY)


@dataclass(frozen=True)
class Fact:
    """One row at the bank. Few values, so that equal rows are common."""

    day: int
    amount: int
    text: str
    booked: bool

    @property
    def identity(self) -> tuple[int, int, str]:
        return (self.day, self.amount, self.text)


FACTS = st.lists(
    st.builds(Fact, st.integers(0, 4), st.integers(1, 2), st.sampled_from(["A", "B"]), st.booleans()), max_size=12
)


def report(facts: list[Fact], ids: list[str], random: Random, again: int) -> list[BankRow]:
    """The truth as the bank may tell it: in any order, some rows on two pages."""
    rows = [
        BankRow(
            source_id=name,
            date=DAY + timedelta(days=fact.day),
            amount=Decimal(fact.amount),
            currency="DKK",
            text=fact.text if random.random() < 0.8 else f" {fact.text.lower()}  ",
            booked=fact.booked,
        )
        for fact, name in zip(facts, ids, strict=True)
    ]
    rows += random.choices(rows, k=again) if rows else []
    random.shuffle(rows)
    return rows


class Books:
    """What the store keeps, and what the ledger was given."""

    def __init__(self) -> None:
        self.postings: dict[str, Posting] = {}
        self.delivered: list[str] = []

    def fetch(self, rows: list[BankRow], step: int) -> RowChanges:
        now = START + timedelta(hours=2 * step)
        changes = match_rows(list(self.postings.values()), rows, context=CONTEXT, now=now)
        for posting in changes.upserts:
            before = self.postings.get(posting.id)
            assert before is None or before.state is not PostingState.ACKNOWLEDGED or posting.state is before.state
            self.postings[posting.id] = posting
        for name in changes.dropped:
            assert self.postings[name].state is not PostingState.ACKNOWLEDGED
            self.postings[name] = replace(self.postings[name], state=PostingState.DROPPED)
        return changes

    def deliver(self, random: Random) -> None:
        for name, posting in self.postings.items():
            if posting.state is PostingState.QUEUED and random.random() < 0.6:
                self.delivered.append(name)
                self.postings[name] = replace(posting, state=PostingState.ACKNOWLEDGED)

    def counts(self, booked: bool) -> Counter[tuple[int, int, str]]:
        out = (PostingState.QUEUED, PostingState.ACKNOWLEDGED)
        return Counter(
            ((p.date - DAY).days, int(p.amount), p.text.strip().upper())
            for p in self.postings.values()
            if (p.state in out if booked else p.state is PostingState.HELD)
        )


def agree(books: Books, facts: list[Fact]) -> None:
    assert books.counts(booked=True) == Counter(f.identity for f in facts if f.booked)
    assert books.counts(booked=False) == Counter(f.identity for f in facts if not f.booked)
    assert len(set(books.delivered)) == len(books.delivered)


@given(FACTS, st.randoms(use_true_random=False), st.integers(1, 5))
def test_the_same_truth_told_again_creates_and_loses_nothing(facts: list[Fact], random: Random, times: int) -> None:
    books = Books()
    ids = [str(n) for n in range(len(facts))]
    for step in range(times):
        if random.random() < 0.5:
            random.shuffle(ids)
        if random.random() < 0.3:
            ids = [f"{step}-{n}" for n in range(len(facts))]
        changes = books.fetch(report(facts, ids, random, again=random.randrange(4)), step)
        assert (changes.dropped, changes.after_delivery) == ((), ())
        assert changes.new == (len(facts) if step == 0 else 0)
        agree(books, facts)
        books.deliver(random)


@settings(max_examples=150)
@given(st.lists(FACTS, min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_a_truth_that_grows_books_and_lets_go_is_followed_row_by_row(more: list[list[Fact]], random: Random) -> None:
    books, facts, ids = Books(), list[Fact](), list[str]()
    for step, fresh in enumerate(more):
        for place, fact in reversed(list(enumerate(facts))):
            fate = random.random()
            if not fact.booked and fate < 0.3:
                facts[place] = replace(fact, booked=True, text=random.choice("AB"), day=random.randrange(5))
                ids[place] = random.choice([ids[place], f"booked-{step}-{place}"])
            elif not fact.booked and fate < 0.5:
                del facts[place], ids[place]
        facts += fresh
        ids += [f"{step}-{n}" for n in range(len(fresh))]
        if random.random() < 0.3:
            random.shuffle(ids)
        books.fetch(report(facts, ids, random, again=random.randrange(4)), step)
        agree(books, facts)
        books.deliver(random)


@settings(max_examples=150)
@given(st.lists(FACTS, min_size=2, max_size=5), st.randoms(use_true_random=False))
def test_a_bank_that_rewrites_and_renumbers_at_once_never_has_a_row_delivered_twice(
    more: list[list[Fact]], random: Random
) -> None:
    """Each booked row stays one row, but its text, day (by up to three) and id may all change between fetches."""
    books, facts, first = Books(), list[Fact](), list[int]()
    for step, fresh in enumerate(more):
        facts = [
            replace(f, text=random.choice("AB"), day=min(4, day + 3, f.day + random.randrange(2)))
            if random.random() < 0.3
            else f
            for f, day in zip(facts, first, strict=True)
        ] + [replace(f, booked=True) for f in fresh]
        first += [f.day for f in fresh]
        ids = [f"{step}-{n}" for n in range(len(facts))]
        books.fetch(report(facts, ids, random, again=0), step)
        books.deliver(random)
        live = [p for p in books.postings.values() if p.state in (PostingState.QUEUED, PostingState.ACKNOWLEDGED)]
        truth = Counter(f.amount for f in facts)
        assert all(n <= truth[amount] for amount, n in Counter(int(p.amount) for p in live).items())
        assert len(set(books.delivered)) == len(books.delivered)

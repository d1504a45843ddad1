"""Many failures are one incident, or they are not: boundaries, baselines, and no meaning in their order."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.model.incidents import BankWord, Count, Opening, Scope, TokenCount, Usual
from backend.rules.clusters import CLUSTERS, cluster_of, read_clusters
from backend.rules.incidents import (
    CANARY_EVERY,
    LEAST,
    canary_due,
    delivers,
    detect,
    exceeds,
    heard,
    ledger,
    says_down,
    tokens_lost,
    tokens_stalled,
    usual_share,
)
from tests.fakes import NOON


def count(bank: str, outcome: str, n: int, provider: str = "aiia") -> Count:
    return Count(provider=provider, bank=bank, outcome=outcome, connections=n)


def found(*counts: Count, calm: dict[str, Usual] | None = None) -> list[tuple[str, str, str]]:
    return [(o.scope.value, o.key, o.cause) for o in detect(counts, calm or {}, ())]


@pytest.mark.parametrize(("failed", "opens"), [(LEAST - 1, False), (LEAST, True), (LEAST + 1, True)])
def test_fewer_than_the_least_are_single_cases(failed: int, opens: bool) -> None:
    assert bool(found(count("Nordea", "bank_down", failed))) is opens


@pytest.mark.parametrize(("fine", "opens"), [(9, True), (10, True), (11, False)])
def test_the_share_decides_at_its_very_boundary(fine: int, opens: bool) -> None:
    assert bool(found(count("Nordea", "bank_down", 10), count("Nordea", "ok", fine))) is opens


@pytest.mark.parametrize(("failed", "opens"), [(59, False), (60, True), (61, True)])
def test_a_bank_that_often_fails_is_measured_by_itself(failed: int, opens: bool) -> None:
    calm = {"Nordea": Usual(tries=1000, failures=200)}
    seen = found(count("Nordea", "bank_down", failed), count("Nordea", "ok", 100 - failed), calm=calm)
    assert bool(seen) is opens


def test_a_bank_that_always_fails_still_can_have_an_incident() -> None:
    always = Usual(tries=9, failures=9)
    assert exceeds(LEAST, LEAST, always) and not exceeds(LEAST, LEAST + 1, always)


@pytest.mark.parametrize("outcome", ["needs_customer", "rate_limited", "ok", "ok_empty", "partial", "gone", "strange"])
def test_what_tells_nothing_of_the_bank_never_opens_one(outcome: str) -> None:
    assert found(count("Nordea", outcome, 1000), count("Lunar", outcome, 1000)) == []


def test_one_class_has_to_reach_the_share_by_itself_but_silence_and_faults_are_one_class() -> None:
    assert found(count("Nordea", "bank_down", 4), count("Nordea", "malformed", 4)) == []
    assert found(count("Nordea", "unreachable", 3), count("Nordea", "provider_down", 3)) == [
        ("bank", "Nordea", "provider_down")
    ]


def test_two_banks_failing_for_the_aggregator_are_one_incident_of_the_aggregator() -> None:
    both = (count("Nordea", "provider_down", 6), count("Lunar", "unreachable", 2))
    assert found(*both) == [("provider", "aiia", "provider_down")]
    assert found(*both, count("Jyske Bank", "ok", 100)) == [("bank", "Nordea", "provider_down")]


def test_two_banks_that_are_down_are_two_incidents() -> None:
    assert found(count("Nordea", "bank_down", 6), count("Lunar", "bank_down", 6)) == [
        ("bank", "Lunar", "bank_down"),
        ("bank", "Nordea", "bank_down"),
    ]


BANKDATA = {"Bankdata": ("Jyske", "Sydbank", "Skjern"), "BEC": ("Spar Nord", "Nykredit")}


def shared(*counts: Count, is_open: tuple[tuple[Scope, str], ...] = ()) -> list[tuple[str, str, int, int]]:
    return [(o.scope.value, o.key, o.failed, o.tried) for o in detect(counts, {}, is_open, BANKDATA)]


@pytest.mark.parametrize("cause", ["bank_down", "provider_down"])
def test_banks_of_one_data_centre_that_fail_together_are_one_incident(cause: str) -> None:
    both = (count("Jyske Bank", cause, 6), count("Sydbank", cause, 3), count("Nordea", "ok", 4))
    assert shared(*both) == [("cluster", "Bankdata", 9, 9)]
    assert shared(*both, count("Sydbank", "ok", 4)) == [("bank", "Jyske Bank", 6, 6)], "most of Sydbank works"


def test_small_banks_of_one_data_centre_are_seen_together_where_each_alone_would_not_be() -> None:
    small = [
        count("Jyske Bank", "bank_down", 2),
        count("Sydbank", "bank_down", 2),
        count("Skjern Bank", "bank_down", 1),
    ]
    assert shared(*small) == [("cluster", "Bankdata", 5, 5)] and shared(*small[:2]) == []


def test_banks_of_two_data_centres_stay_apart() -> None:
    assert shared(count("Jyske Bank", "bank_down", 6), count("Spar Nord", "bank_down", 6)) == [
        ("bank", "Jyske Bank", 6, 6),
        ("bank", "Spar Nord", 6, 6),
    ]
    everywhere = [count("Jyske Bank", "provider_down", 6), count("Spar Nord", "provider_down", 6)]
    assert shared(*everywhere) == [("provider", "aiia", 12, 12)]


def test_a_bank_whose_own_incident_is_open_counts_towards_its_data_centre() -> None:
    alone = (Scope.BANK, "Jyske Bank")
    assert shared(count("Sydbank", "bank_down", 5), is_open=(alone,)) == [("cluster", "Bankdata", 5, 5)]
    assert shared(count("Sydbank", "bank_down", 4), is_open=(alone,)) == []
    assert shared(is_open=(alone, (Scope.BANK, "Sydbank"))) == [("cluster", "Bankdata", 0, 0)]
    assert shared(is_open=(alone, (Scope.BANK, "Sydbank"), (Scope.CLUSTER, "Bankdata"))) == []


@pytest.mark.parametrize(
    ("bank", "cluster"),
    [
        ("Jyske Bank", "Bankdata"),
        ("JYSKE BANK ERHVERV", "Bankdata"),
        ("Ringkjøbing Landbobank", "Bankdata"),
        ("Ringkjoebing Landbobank", "Bankdata"),
        ("Sydbank", "Bankdata"),
        ("Sydbanken", None),
        ("Nordea", None),
        ("", None),
    ],
)
def test_a_banks_data_centre_is_known_by_its_name(bank: str, cluster: str | None) -> None:
    assert cluster_of(bank, CLUSTERS) == cluster


def test_the_setting_adds_replaces_and_ends_data_centres() -> None:
    assert read_clusters("") == CLUSTERS
    told = read_clusters(" BEC = Spar Nord, Nykredit ;SDC=Klitbanken;")
    assert told == {**CLUSTERS, "BEC": ("Spar Nord", "Nykredit"), "SDC": ("Klitbanken",)}
    assert read_clusters("bankdata=") == {} and read_clusters("BANKDATA=Lunar") == {"BANKDATA": ("Lunar",)}
    for wrong in ("Lunar", "=Lunar", "A=Lunar;B=lunar", "X=Jyske"):
        with pytest.raises(ValueError):
            read_clusters(wrong)


def test_a_bank_without_a_name_has_no_incident() -> None:
    assert found(count("", "bank_down", 600)) == []


def test_what_is_open_is_not_opened_again() -> None:
    counts = [count("Nordea", "bank_down", 9)]
    assert detect(counts, {}, {(Scope.BANK, "Nordea")}) == ()
    assert detect(counts, {}, {(Scope.PROVIDER, "aiia")}) == ()
    assert len(detect(counts, {}, {(Scope.BANK, "Lunar"), (Scope.PROVIDER, "other")})) == 1


def test_one_bank_has_one_incident_by_its_most_frequent_cause() -> None:
    calm = {"Nordea": Usual(tries=0, failures=0)}
    seen = detect([count("Nordea", "bank_down", 6), count("Nordea", "malformed", 6)], calm, ())
    assert len(seen) == 1 and seen[0].share == 0.5


OUTCOMES = ["ok", "bank_down", "provider_down", "unreachable", "malformed", "needs_customer", "rate_limited", "xx"]
COUNTS = st.lists(
    st.builds(
        count,
        st.sampled_from(["Nordea", "Lunar", "Jyske Bank", ""]),
        st.sampled_from(OUTCOMES),
        st.integers(0, 12),
        st.sampled_from(["aiia", "other"]),
    ),
    max_size=14,
)
CALM = st.dictionaries(
    st.sampled_from(["Nordea", "Lunar"]),
    st.builds(lambda a, b: Usual(tries=a, failures=b), st.integers(-2, 90), st.integers(-2, 99)),
)


@given(COUNTS, CALM, st.data())
def test_the_order_of_outcomes_and_how_they_are_bundled_mean_nothing(
    counts: list[Count], calm: dict[str, Usual], data: st.DataObject
) -> None:
    whole = detect(counts, calm, ())
    ones = [count(c.bank, c.outcome, 1, c.provider) for c in counts for _ in range(c.connections)]
    assert detect(data.draw(st.permutations(counts)), calm, ()) == whole
    # A count of none still names a bank, and a bank without tries has no say.
    assert detect(data.draw(st.permutations(ones)), calm, ()) == whole


@given(COUNTS, CALM)
def test_every_opening_is_earned_and_no_bank_has_two(counts: list[Count], calm: dict[str, Usual]) -> None:
    seen = detect(counts, calm, ())
    for opening in seen:
        assert exceeds(opening.failed, opening.tried, None) and opening.failed <= opening.tried
    keys = [(o.scope, o.key) for o in seen if o.scope is Scope.PROVIDER]
    assert len(keys) == len(set(keys))


def test_the_usual_share_is_a_share() -> None:
    assert usual_share(None) == usual_share(Usual()) == 0.0
    assert usual_share(Usual(tries=4, failures=1)) == 0.25
    assert usual_share(Usual(tries=1, failures=5)) == 1.0


# -- what the aggregator says ----------------------------------------------------------------------------------


def word(health: str = "None", bank: str = "Klitbanken") -> BankWord:
    return BankWord(bank=bank, health=health, message="svarer ikke", since=NOON)


def test_the_aggregators_word_opens_one_where_we_have_members() -> None:
    assert heard([word()], {}, {}, ()) == ()
    assert heard([word("Full")], {"Klitbanken": 3}, {}, ()) == ()
    assert heard([word("Drømmende")], {"Klitbanken": 3}, {}, ()) == ()
    (opening,) = heard([word()], {"Klitbanken": 3}, {}, ())
    assert (opening.scope, opening.key, opening.note) == (Scope.BANK, "Klitbanken", "svarer ikke")
    assert heard([word()], {"Klitbanken": 3}, {}, {(Scope.BANK, "Klitbanken")}) == ()


def test_a_word_that_a_canary_has_disproved_is_not_believed_until_it_changes() -> None:
    members = {"Klitbanken": 3}
    assert heard([word()], members, {"Klitbanken": NOON}, ()) == ()
    assert len(heard([word()], members, {"Klitbanken": NOON - timedelta(seconds=1)}, ())) == 1


def test_words_for_down() -> None:
    assert says_down("None") and says_down(" offline ")
    assert not says_down("Full") and not says_down("")


def test_the_canary_is_slow_unless_the_aggregator_takes_its_word_back() -> None:
    soon, later = NOON + CANARY_EVERY / 2, NOON + CANARY_EVERY
    assert not canary_due(NOON, None, later - timedelta(seconds=1), good_since=None)
    assert canary_due(NOON, None, later, good_since=None)
    assert not canary_due(NOON, None, soon, good_since=NOON), "it was good before, and that was no proof"
    assert canary_due(NOON, None, soon, good_since=soon)
    assert canary_due(NOON, NOON, soon, good_since=soon)
    assert not canary_due(NOON, soon, soon, good_since=soon)


@pytest.mark.parametrize(
    ("failed", "fine", "cause"), [(4, 0, ""), (5, 5, "ledger_down"), (5, 6, ""), (6, 6, "ledger_down")]
)
def test_bank_reconciliation_fails_for_many_or_for_few(failed: int, fine: int, cause: str) -> None:
    opening = ledger([count("", "unreachable", failed), count("", "ok", fine), count("", "refused", 0)])
    assert (opening.cause if opening else "") == cause


def test_one_agreement_that_is_refused_is_its_own_case_and_an_arrival_is_a_proof() -> None:
    assert ledger([count("", "refused", 50)]) is None and ledger([]) is None
    assert delivers([count("", "ok", 1)]) and not delivers([count("", "ok", 0), count("", "refused", 4)])


def test_a_share_of_nothing_is_nothing() -> None:
    assert Opening(scope=Scope.OWN, key="", cause="x", failed=0, tried=0, usual=0.0).share == 0.0


@pytest.mark.parametrize(
    ("refused", "tried", "banks", "past", "ours"),
    [
        (LEAST, 2 * LEAST, 2, 0, True),
        (LEAST, 2 * LEAST + 1, 2, 0, False),
        (LEAST - 1, LEAST - 1, 2, 9, False),
        (LEAST, LEAST, 1, LEAST - 1, False),
        (LEAST, LEAST, 1, LEAST, True),
        (0, 0, 0, 0, False),
    ],
)
def test_tokens_are_lost_by_us_when_many_are_refused_at_more_than_one_bank(
    refused: int, tried: int, banks: int, past: int, ours: bool
) -> None:
    opening = tokens_lost(TokenCount(refused=refused, tried=tried, banks=banks, past=past))
    assert (opening is not None) is ours
    assert opening is None or (opening.scope, opening.cause) == (Scope.OWN, "tokens_lost")


@pytest.mark.parametrize(("near", "live", "stalled"), [(5, 10, True), (5, 11, False), (4, 4, False), (0, 0, False)])
def test_tokens_that_half_of_the_fleet_leaves_to_their_end(near: int, live: int, stalled: bool) -> None:
    assert (tokens_stalled(near, live) is not None) is stalled

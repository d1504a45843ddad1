"""The filter language: each form of a term, each mistake in its place, and no text that breaks it."""

from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from backend.model.facts import Act, Consent, Fetch, Status, Transfer, Verdict
from backend.model.filters import Compare, Filter, Not, OfPlan, Pattern, Term, Word
from backend.model.text import searchable
from backend.rules.catalogue import CATALOGUE, IDS, OWN
from backend.rules.filters import CHOICES, FIELDS, MAX_LENGTH, FilterError, Kind, parse
from backend.texts import LANGUAGES, texts_in

NOW = datetime(2026, 2, 11, 12, tzinfo=UTC)
UNIX = int(NOW.timestamp())
DAY = 86_400


def terms(text: str) -> list[Term]:
    return list(parse(text, NOW, "Eva Ø").terms)


@pytest.mark.parametrize("text", ["", "  ", "*", " * "])
def test_nothing_and_a_star_are_everything(text: str) -> None:
    assert parse(text, NOW).terms == ()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Nordhavn", [Word("nordhavn")]),
        ("nordhavn CYKLER", [Word("nordhavn"), Word("cykler")]),
        ('"Nordhavn  cykler"', [Word("nordhavn cykler")]),
        ('"ikke lukket', [Word("ikke lukket")]),
        ("Sønderjysk Ærø Åbyhøj", [Word("soenderjysk"), Word("aeroe"), Word("aabyhoej")]),
        ("!nord", [Not(Word("nord"))]),
        ("!!nord", [Word("nord")]),
        ('!"nord syd"', [Not(Word("nord syd"))]),
        ("/nord|syd/", [Pattern("nord|syd")]),
        ("/a b\\/c/ d", [Pattern("a b\\/c"), Word("d")]),
        ("!/^nord", [Not(Pattern("^nord"))]),
        ("[[a/", [Word("[[a/")]),
        ("/[[a]/", [Pattern("[[a]")]),
        ("12:30", [Word("12:30")]),
        ("1234567", [Word("1234567")]),
        ("bank:Danske", [Compare("bank", "=", "danske")]),
        ('bank:"Danske Bank"', [Compare("bank", "=", "danske bank")]),
        ("BANK:Sparekassen-Ø", [Compare("bank", "=", "sparekassen-oe")]),
        ("agreement:1234567", [Compare("agreement", "=", "1234567")]),
        ("provider:Aiia", [Compare("provider", "=", "aiia")]),
        ("status:aktiv", [Compare("status", "=", "AKTIV")]),
        ("consent:expired", [Compare("consent", "=", "expired")]),
        ("!verdict:Operator", [Not(Compare("verdict", "=", "operator"))]),
        ("action=renew", [Compare("action", "=", "renew")]),
        ("situation:rate_limited", [Compare("situation", "=", "rate_limited")]),
        ("is:late", [Compare("is", "=", "late")]),
        ("pending>0", [Compare("pending", ">", 0)]),
        ("pending:3", [Compare("pending", "=", 3)]),
        ("pending<=12", [Compare("pending", "<=", 12)]),
        ("expires<14d", [Compare("expires", "<", UNIX + 14 * DAY)]),
        ("expires>=2w", [Compare("expires", ">=", UNIX + 14 * DAY)]),
        ("expires<0d", [Compare("expires", "<", UNIX)]),
        ("fetched>6h", [Compare("fetched", "<", UNIX - 6 * 3600)]),
        ("fetched<=90m", [Compare("fetched", ">=", UNIX - 90 * 60)]),
        ("fetched>6t", [Compare("fetched", "<", UNIX - 6 * 3600)]),
        ("assigned:Søren", [Compare("assigned", "=", "soeren")]),
        ("is:mine", [Compare("assigned", "=", "eva oe")]),
        ("!is:snoozed", [Not(Compare("snoozed", ">", UNIX))]),
        ("incident:7", [Compare("incident", "=", 7)]),
        ("id:c12", [Compare("id", "=", "c12")]),
        ("id:12", [Compare("id", "=", "c12")]),
        ("nord bank:danske !is:held", [Word("nord"), Compare("bank", "=", "danske"), Not(Compare("is", "=", "held"))]),
    ],
)
def test_every_form_of_a_term(text: str, found: list[Term]) -> None:
    assert terms(text) == found


@pytest.mark.parametrize(
    ("text", "key", "position", "hint"),
    [
        ("nord bnak:danske", "filter.unknown_field", 5, "bank"),
        ("!konsent:x", "filter.unknown_field", 1, "consent"),
        ("zzz:1", "filter.unknown_field", 0, "agreement"),
        ("consent:expird", "filter.unknown_value", 8, "expired"),
        ("fetch:rate", "filter.unknown_value", 6, "rate_limited"),
        ("is:xyz", "filter.unknown_value", 3, "late, held"),
        ("bank:", "filter.no_value", 5, "bank:"),
        ('bank:""', "filter.no_value", 5, "bank:"),
        ("consent<expired", "filter.only_equal", 0, "<"),
        ("pending>many", "filter.bad_value", 8, "pending>0"),
        ("pending>9999999999999999", "filter.bad_value", 8, "pending>0"),
        ("expires<14", "filter.bad_value", 8, "expires<14d"),
        ("expires:14d", "filter.bad_value", 8, "expires<14d"),
        ("fetched>²h", "filter.bad_value", 8, "fetched>6h"),
        ("id:x", "filter.bad_value", 3, "id:c12"),
        ("a !", "filter.nothing_to_negate", 2, "!"),
        ("! a", "filter.nothing_to_negate", 0, "!"),
        ("/(/", "filter.bad_pattern", 0, ""),
        *((text, "filter.says_nothing", 0, "*") for text in ('""', '"', '"  "', "/", "//")),
        ('"" bank:danske', "filter.says_nothing", 0, "*"),
        ("nord //", "filter.says_nothing", 5, "*"),
        *((text, "filter.nothing_to_negate", 0, "!") for text in ("!*", "!* bank:danske")),
        ('bank:" "', "filter.no_value", 5, "bank:"),
        ("x" * (MAX_LENGTH + 1), "filter.too_long", MAX_LENGTH, str(MAX_LENGTH)),
    ],
)
def test_every_mistake_is_told_in_its_place(text: str, key: str, position: int, hint: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse(text, NOW)
    error = caught.value
    assert (error.message_key, error.position) == (key, position)
    for language in LANGUAGES:
        assert hint in error.sentence(texts_in(language))
    assert hint in str(error)


@given(st.one_of(st.text(), st.text(alphabet='abis:<>=!/"\\* 0149dhæø[](){}?+|^$,', max_size=60)))
@example("!" * MAX_LENGTH)
@example("/" + "(" * (MAX_LENGTH - 1))
@example("/a{99999999999999999999}/")
@example("\ud800 \x00 \u202e")
def test_any_text_is_a_filter_or_a_filter_error(text: str) -> None:
    try:
        found = parse(text, NOW)
    except FilterError as error:
        assert str(error)
        assert 0 <= error.position <= len(text)
    else:
        assert isinstance(found, Filter)
        assert all(isinstance(term, Word | Pattern | Compare | Not) for term in found.terms)
        assert parse(found.text, NOW) == found


@given(st.lists(st.text(alphabet="abcæøåÆØÅÉ123", min_size=1, max_size=8), min_size=1, max_size=4))
def test_plain_words_come_out_as_they_are_searched(words: list[str]) -> None:
    assert terms(" ".join(words)) == [Word(searchable(word)) for word in words]


def test_all_choices_can_be_asked_for() -> None:
    for name, choices in CHOICES.items():
        assert FIELDS[name] is Kind.CHOICE
        for choice in choices:
            if name == "state":  # it is an outcome in a plan
                assert terms(f"plan:1 state:{choice}")[1] == OfPlan(1, choice)
            elif choice not in ("snoozed", "mine"):  # these two ask for the moment, and for who asks
                assert terms(f"{name}:{choice}") == [Compare(name, "=", choice)]
    assert {n for n, kind in FIELDS.items() if kind is Kind.CHOICE} == set(CHOICES)


def test_the_axes_words_are_the_choices() -> None:
    for name, axis in [
        ("status", Status),
        ("consent", Consent),
        ("fetch", Fetch),
        ("transfer", Transfer),
        ("verdict", Verdict),
        ("action", Act),
    ]:
        assert CHOICES[name] == tuple(axis)


def test_the_catalogue_has_the_27_situations_once_each() -> None:
    assert [situation.number for situation in CATALOGUE] == list(range(1, 28))
    assert len(set(IDS)) == len(IDS) == len(CATALOGUE) + len(OWN)


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("plan:17", (OfPlan(17),)),
        ("plan:last", (OfPlan(None),)),
        ("PLAN:LAST", (OfPlan(None),)),
        ("plan:17 state:failed", (OfPlan(17), OfPlan(17, "failed"))),
        ("state:failed nord plan:17", (OfPlan(17, "failed"), Word("nord"), OfPlan(17))),
        ("plan:last failed", (OfPlan(None), OfPlan(None, "failed"))),
        ("plan:last !done", (OfPlan(None), Not(OfPlan(None, "done")))),
        ("!plan:17", (Not(OfPlan(17)),)),
        ('plan:17 "failed"', (OfPlan(17), Word("failed"))),
        ("plan:17 nord failed", (OfPlan(17), Word("nord"), Word("failed"))),
        ("failed", (Word("failed"),)),
    ],
)
def test_a_plan_and_an_outcome_in_it_can_be_asked_for(text: str, terms: tuple[Term, ...]) -> None:
    assert parse(text, NOW).terms == terms


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("state:failed", "filter.state_of_no_plan"),
        ("plan:x", "filter.bad_value"),
        ("plan:", "filter.no_value"),
        ("plan>17", "filter.only_equal"),
        ("plan:17 state:dancing", "filter.unknown_value"),
    ],
)
def test_a_plan_that_cannot_be_meant_is_an_error(text: str, key: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse(text, NOW)
    assert caught.value.message_key == key

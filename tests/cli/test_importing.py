"""Import: each line is judged on its own, named with field and reason, and never told by its values."""

import io
import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.importing import MAX_LINE, BadLine, Reader
from backend.model.views import ImportRecord
from backend.texts import texts_in

SAY = texts_in("en")


def line(**changes: Any) -> dict[str, Any]:
    """A good line with some fields changed; a field set to `...` is left out."""
    whole = {
        "agreement_number": "1001",
        "customer": "Nordhavn Cykler ApS",
        "email": "bogholder@nordhavn.example",
        "provider": "aiia",
        "consent_id": "consent-1",
        "refresh_token": "rt-secret-1",
        "bank": "Danske Bank",
        "data_from": "2024-08-10",
        "expires_at": "2026-03-01T06:00:00Z",
        "accounts": [
            {"account_id": "acc-1", "iban": "DK6999990001234567", "bban": "9999-0001234567", "name": "Drift",
             "ledger_account": "5820"},
        ],
    } | changes  # fmt: skip
    return {key: value for key, value in whole.items() if value is not ...}


def read(*lines: object) -> list[ImportRecord | BadLine]:
    raw = b"".join((item if isinstance(item, bytes) else json.dumps(item).encode()) + b"\n" for item in lines)
    return list(Reader(SAY, ["aiia"]).read(io.BytesIO(raw)))


def record(**changes: Any) -> ImportRecord:
    (item,) = read(line(**changes))
    assert isinstance(item, ImportRecord), item
    return item


def bad(**changes: Any) -> BadLine:
    (item,) = read(line(**changes))
    assert isinstance(item, BadLine)
    return item


def test_a_good_line() -> None:
    item = record()
    assert item.agreement_number == "1001" and item.customer == "Nordhavn Cykler ApS"
    assert item.data_from == date(2024, 8, 10)
    assert item.expires_at == datetime(2026, 3, 1, 6, tzinfo=UTC)
    assert item.accounts[0].ledger_account == "5820"
    assert item.refresh_token == "rt-secret-1"


@pytest.mark.parametrize("field", ["expires_at", "data_from", "email", "refresh_token", "consent_id"])
def test_these_may_be_null(field: str) -> None:
    changes: dict[str, Any] = {field: None}
    if field == "consent_id":
        changes["refresh_token"] = None
    item = record(**changes)
    assert getattr(item, field) == ("" if field == "email" else None)


def test_an_exported_line_without_token_or_dates_is_good() -> None:
    assert record(refresh_token=..., data_from=..., expires_at=..., email=...).refresh_token is None


def test_unknown_fields_are_tolerated_and_numbers_for_numbers() -> None:
    item = record(agreement_number=1001, note={"deep": [1]}, accounts=[{"account_id": 7, "ledger_account": 5820}])
    assert item.agreement_number == "1001"
    assert item.accounts[0].ledger_account == "5820" and item.accounts[0].account_id == "7"


@pytest.mark.parametrize("text", ["2026-03-01T06:00:00.5816944Z", "2026-03-01T07:00:00+01:00", "2026-03-01T06:00:00"])
def test_instants_are_read_in_all_their_forms(text: str) -> None:
    found = record(expires_at=text).expires_at
    assert found is not None and found.replace(microsecond=0) == datetime(2026, 3, 1, 6, tzinfo=UTC)


def test_the_year_one_means_never() -> None:
    assert record(expires_at="0001-01-01T00:00:00").expires_at is None


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"agreement_number": ...}, "agreement_number", "missing"),
        ({"customer": ...}, "customer", "missing"),
        ({"accounts": ...}, "accounts", "missing"),
        ({"consent_id": ...}, "consent_id", "missing"),
        ({"agreement_number": "  "}, "agreement_number", "empty"),
        ({"agreement_number": True}, "agreement_number", "got bool"),
        ({"customer": 7}, "customer", "expected str"),
        ({"provider": "tink"}, "provider", "known: aiia"),
        ({"email": "nobody"}, "email", "mail address"),
        ({"email": "a@b\r\nBcc: x@y"}, "email", "mail address"),
        ({"data_from": "10.08.17"}, "data_from", "ISO 8601"),
        ({"expires_at": "soon"}, "expires_at", "ISO 8601"),
        ({"expires_at": "9999-12-31T23:59:59-05:00"}, "expires_at", "ISO 8601"),
        ({"consent_id": None}, "consent_id", "consent"),
        ({"refresh_token": "a\nb"}, "refresh_token", "token"),
        ({"accounts": [{}]}, "accounts[0].account_id", "missing"),
        ({"accounts": [{"account_id": ""}]}, "accounts[0].account_id", "empty"),
        ({"accounts": [{"account_id": "a", "iban": 5}]}, "accounts[0].iban", "expected"),
        ({"accounts": [{"account_id": "a"}, {"account_id": "a"}]}, "accounts[1]", "twice"),
    ],
)
def test_a_bad_line_names_field_and_reason(changes: dict[str, Any], field: str, reason: str) -> None:
    item = bad(**changes)
    assert (item.line, item.field) == (1, field)
    assert reason in item.reason


def test_what_is_no_json_object_is_told_and_the_rest_goes_on() -> None:
    items = read(b"{broken", b"[]", b"", b"   ", b"\xff\xfe", b'{"x":' + b"[" * 5000, line())
    told = [(item.line, item.field) for item in items if isinstance(item, BadLine)]
    assert told == [(1, ""), (2, ""), (5, ""), (6, "")]
    assert isinstance(items[-1], ImportRecord) and items[-1].line == 7


def test_a_line_without_an_end_is_cut_off_and_the_next_is_read() -> None:
    items = read(b'{"x": "' + b"a" * (2 * MAX_LINE) + b'"}', line())
    assert isinstance(items[0], BadLine) and "longer" in items[0].reason
    assert isinstance(items[1], ImportRecord)


def test_a_mark_at_the_start_of_the_file_is_no_error() -> None:
    items = read(b"\xef\xbb\xbf" + json.dumps(line()).encode())
    assert isinstance(items[0], ImportRecord)


def test_the_same_agreement_and_consent_twice_is_reported_and_the_first_kept() -> None:
    items = read(line(), line(customer="Another"), line(consent_id="consent-2"), line(agreement_number="1002"))
    assert [isinstance(item, ImportRecord) for item in items] == [True, False, True, True]
    assert isinstance(items[1], BadLine) and "line 1" in items[1].reason


def test_a_line_that_was_bad_does_not_stand_in_the_way_of_its_correction() -> None:
    items = read(line(email="nobody"), line())
    assert isinstance(items[1], ImportRecord)


def test_foreign_text_is_cleaned() -> None:
    item = record(customer="A\x1b]52;c;eA==\x07B", bank="B\u202ek", accounts=[{"account_id": "a", "name": "x\x9bz"}])
    assert "\x1b" not in item.customer and "␛" in item.customer
    assert "\u202e" not in item.bank
    assert "\x9b" not in item.accounts[0].name


def test_the_fingerprint_is_of_what_the_line_says_not_of_how_it_is_written() -> None:
    one = record()
    (two,) = read(json.dumps(dict(reversed(line().items())), indent=None, separators=(", ", " : ")).encode())
    assert isinstance(two, ImportRecord)
    assert two.fingerprint == one.fingerprint
    assert record(bank="Nordea").fingerprint != one.fingerprint
    assert "rt-secret-1" not in one.fingerprint


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(), lambda part: st.lists(part) | st.dictionaries(st.text(), part)
)


@settings(max_examples=40)
@given(ANYTHING)
def test_no_value_of_any_kind_gets_past_or_is_told(value: object) -> None:
    secret = "rt-secret-1"
    for field in line():
        for item in read(line(**{field: value})):
            if isinstance(item, BadLine):
                assert secret not in item.reason

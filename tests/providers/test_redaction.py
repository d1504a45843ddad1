"""No secret comes out of a redacted answer: wherever it stands, however deep, under whatever name, however written."""

import base64
import json
import random
import string
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.answers import MAX_KEPT, kept_answer
from backend.model.text import clean
from backend.redaction import redact

NAMES = (
    *("access token", "refresh token", "id token", "token", "client secret", "password", "authorization", "api key"),
    *("session id", "auth code", "code", "state", "login url", "code verifier", "set cookie", "nonce"),
)
UNKNOWN = st.builds(
    lambda letters, digit, tail: letters + digit + tail,
    st.text(string.ascii_letters + string.digits + "-_~", min_size=7, max_size=40),
    st.sampled_from(string.digits),
    st.text(string.ascii_letters + string.digits, min_size=1, max_size=40),
)
"""A value that nobody told us is secret: only its name does."""

KNOWN = st.text(string.ascii_letters + string.digits + "-_~+/=!&?%\"' æ", min_size=8, max_size=40).filter(
    lambda text: text == text.strip() and len(set(text)) > 5
)


def spelt(name: str, case: int) -> str:
    words = name.split()
    return (
        "".join(words[:1] + [word.title() for word in words[1:]]),
        "_".join(words),
        "-".join(words).upper(),
        "".join(word.title() for word in words),
        " ".join(words).title(),
        "".join(char.upper() if place % 2 else char for place, char in enumerate("_".join(words))),
    )[case]


def nested(name: str, value: object, ways: list[int]) -> str:
    """The pair inside lists, objects and texts of JSON, as deep as there are `ways`."""
    whole: object = {"before": "x", name: value}
    for way in ways:
        whole = ([whole, 1], {"inner": whole}, json.dumps(whole), {"note": json.dumps(whole)}, {"a": [None, whole]})[
            way
        ]
    return json.dumps(whole)


PLACES = st.lists(st.integers(0, 4), max_size=5)


@given(st.sampled_from(NAMES), st.integers(0, 5), UNKNOWN, PLACES)
def test_a_value_under_a_telling_name_never_comes_out_of_json(
    name: str, case: int, secret: str, ways: list[int]
) -> None:
    assert secret not in redact(nested(spelt(name, case), secret, ways))
    assert secret not in redact(nested(spelt(name, case), secret, ways)[:-1]), "cut off, it is no JSON any more"


@given(st.sampled_from(NAMES[:4]), UNKNOWN, PLACES)
def test_nor_does_what_is_inside_it(name: str, secret: str, ways: list[int]) -> None:
    assert secret not in redact(nested(name, {"value": secret, "kind": [secret]}, ways))


@given(st.sampled_from(NAMES), st.integers(0, 3), UNKNOWN, st.integers(0, 2))
def test_nor_out_of_forms_and_links_encoded_or_not(name: str, case: int, secret: str, times: int) -> None:
    form = urlencode({"a": "b", spelt(name, case): secret, "c": "d"})
    link = f"https://hub.example.test/connect/start?{form}"
    for text in (form, link):
        for _ in range(times):
            text = quote_plus(text)
        for shown in (text, f"see {text} there", json.dumps({"info": text}), f"<a href='{text}'>here</a>"):
            assert secret not in redact(shown)


@given(UNKNOWN, st.sampled_from(("Bearer", "bearer", "BASIC")))
def test_nor_out_of_a_header(secret: str, scheme: str) -> None:
    for text in (f"Authorization: {scheme} {secret}", f"x {scheme} {secret} y", f"X-Api-Key: {secret}"):
        assert secret not in redact(text)


@given(KNOWN, st.sampled_from((str, quote, quote_plus, json.dumps, str.upper, str.lower)), PLACES, st.text(max_size=20))
def test_a_known_secret_comes_out_in_no_position(secret: str, write: object, ways: list[int], around: str) -> None:
    written = write(secret)  # type: ignore[operator]
    for text in (f"{around} {written} {around}", nested("note", f"a {written} b", ways), nested(secret, "x", ways)):
        told = redact(text, (secret,)).lower()
        assert secret.lower() not in told and quote(secret, safe="").lower() not in told.replace(around.lower(), "")


@given(KNOWN)
def test_a_known_secret_comes_out_in_no_base64(secret: str) -> None:
    hidden = base64.b64encode(secret.encode()).decode()
    assert hidden not in redact(f"x {hidden} y", (secret,))


def test_a_secret_with_its_letters_escaped_is_seen() -> None:
    escaped = "".join(f"\\u{ord(char):04x}" for char in "hunter2-abc")
    for text in (f'{{"note":"{escaped}"}}', f'broken "note":"{escaped}"'):
        assert "hunter2" not in redact(text, ("hunter2-abc",))


def test_the_first_of_two_equal_names_is_seen_too() -> None:
    assert "abc1" not in redact('{"token":"abc1","token":null}')


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("mail to bogholderi@example.test now", "mail to b…@example.test now"),
        ("eva%40example.test", "e…@example.test"),
        ('{"account":"9999 0001234567"}', '{"account":"…4567"}'),
        ('{"number":99990001234567}', '{"number":"…4567"}'),
        ("card 4571 1234 5678 9010.", "card …9010."),
        ("https://hub.example.test/s/8fA3kd93kdk2kd92kdkw?state=1", "https://hub.example.test/s/[secret]?[secret]"),
        ("at 2026-03-02 12:00:05 and 2026-03-02T12:00Z", "at 2026-03-02 12:00:05 and 2026-03-02T12:00Z"),
        ('{"amount":-291.00,"state":"Booked","count":42}', '{"amount":-291.00,"state":"Booked","count":42}'),
        ("InvalidLoginToken: The login has expired", "InvalidLoginToken: The login has expired"),
        ('{"code":"482913"}', '{"code":"[secret]"}'),
        ("it was 0a1b2c3d4e5f60718293a4b5c6d7e8f9 so", "it was [secret] so"),
        ('{"tokens":null,"hasToken":true}', '{"tokens":null,"hasToken":true}'),
    ],
)
def test_people_and_accounts_are_masked_and_the_rest_can_be_read(text: str, told: str) -> None:
    assert redact(text) == told


def test_no_text_takes_long_to_redact() -> None:
    dice = random.Random(4)
    for seed in ("1 ", "a1", "token", '"token":{', "a@b.", "http://", "%25", "<code ", "&amp;", "\\u0025", "a-"):
        text = (seed * 16_000)[:16_000]
        assert len(redact(text)) <= 80_000
    assert redact("".join(dice.choices(string.printable, k=16_000)))


@given(st.binary(max_size=400), st.integers(100, 599))
def test_a_kept_answer_is_one_bounded_clean_line(body: bytes, status: int) -> None:
    told = kept_answer("GET /v1/accounts", status, {"Retry-After": "6\x1b[2J0"}, body)
    assert told.startswith(f"GET /v1/accounts · HTTP {status} · Retry-After: 6")
    assert clean(told, MAX_KEPT) == told and "\n" not in told and len(told) <= MAX_KEPT


def test_a_kept_answer_has_what_a_ticket_needs() -> None:
    headers = {
        "Content-Type": "application/json",
        "Retry-After": "3600",
        "X-Correlation-Id": "|ab.",
        "Set-Cookie": "s=1",
    }
    body = b'{"error": "ConnectionRateLimited",\n "details": {"authUrl": "https://x.test/s?state=abc1"}}'
    assert kept_answer("POST /v1/update", 429, headers, body) == (
        "POST /v1/update · HTTP 429 · Content-Type: application/json · Retry-After: 3600 · X-Correlation-Id: |ab."
        ' · {"error":"ConnectionRateLimited","details":{"authUrl":"[secret]"}}'
    )

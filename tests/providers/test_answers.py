"""Reading foreign answers: what is kept of them, and what never is."""

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.answers import decode, excerpt, retry_after, said
from backend.model.errors import Malformed
from backend.model.text import MAX_TEXT, clean
from backend.redaction import redact
from tests.providers.loopback import START

SECRET = 'canary/secret+"value"=='


@pytest.mark.parametrize(
    "text",
    [
        f"it was {SECRET}!",
        f"https://x/?code={quote(SECRET, safe='')}&a=b",
        json.dumps({"echo": SECRET}),
        json.dumps({"echo": SECRET}).replace("/", "\\/"),
        f"Basic {base64.b64encode(SECRET.encode()).decode()}",
    ],
)
def test_a_known_secret_is_taken_out_in_every_form(text: str) -> None:
    told = redact(text, (SECRET,))
    assert "canary" not in told and "secret]" in told
    assert base64.b64encode(SECRET.encode()).decode() not in told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Bearer abcdefgh12345678", "Bearer [secret]"),
        ("authorization: basic QWxhZGRpbjpvcGVu", "authorization: basic [secret]"),
        ("token eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjF9.c2ln end", "token [token] end"),
        ('{"access_token":"abc","expires_in":3600}', '{"access_token":"[secret]","expires_in":3600}'),
        ('{"refreshToken" : "a\\"b"}', '{"refreshToken":"[secret]"}'),
        ("?code=abc&consentId=1", "?code=[secret]&consentId=1"),
        ("client_secret=hunter2&x=1", "client_secret=[secret]&x=1"),
        ("account DK6999990001234567 is closed", "account DK…4567 is closed"),
        ("account DK50 0040 0440 1162 43 is closed", "account DK…6243 is closed"),
        ("iban dk5000400440116243.", "iban DK…6243."),
        ("cpr 010180-1234", "cpr [cpr]"),
        ('{"error":"InvalidLoginToken","code":"E04300"}', '{"error":"InvalidLoginToken","code":"E04300"}'),
        ("3d0c7a52-5d1e-4b0e-9a35-1c1f6f0d9b21", "3d0c7a52-5d1e-4b0e-9a35-1c1f6f0d9b21"),
    ],
)
def test_what_looks_secret_is_taken_out_and_the_rest_stays(text: str, told: str) -> None:
    assert redact(text) == told


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_an_excerpt_never_holds_the_secret_and_is_bounded(before: bytes, after: bytes) -> None:
    kept = excerpt(before + b" " + SECRET.encode() + b" " + after, (SECRET,))
    assert "canary" not in kept and len(kept) <= MAX_TEXT and clean(kept) == kept


def test_a_secret_on_the_cut_is_not_half_kept() -> None:
    body = b"x " * (8 * 1024 - 3) + SECRET.encode()
    assert "can" not in excerpt(body, (SECRET,))


def test_redacting_a_hostile_text_takes_no_time_worth_telling() -> None:
    for text in ("a-" * 8000, "DK99 " * 3000, '"token":"' * 2000, "eyJ" * 5000, "\\" * 16000):
        assert len(redact(text)) <= 40_000


@given(st.binary(max_size=200))
def test_decode_gives_a_value_or_malformed(data: bytes) -> None:
    try:
        assert isinstance(decode(data, dict[str, object]), dict)
    except Malformed as error:
        assert clean(error) == str(error)


@given(st.text(max_size=80))
def test_any_retry_after_gives_a_moment_ahead_or_nothing(value: str) -> None:
    moment = retry_after(value, START)
    assert moment is None or moment > START


@pytest.mark.parametrize(
    ("body", "code", "reason"),
    [
        (b'{"error":"InvalidInput","details":{"reason":"Unknown code"}}', "InvalidInput", "Unknown code"),
        (b'{"error":"invalid_grant","error_description":"gone"}', "invalid_grant", "gone"),
        (b'{"error":{"code":"E1","message":"m"}}', "E1", "m"),
        (b'{"message":"Update conflict","errorCode":"E04300"}', "E04300", "Update conflict"),
        (b'{"title":"Not Found","status":404}', "", "Not Found"),
        (b"<html>", "", ""),
        (b'{"error":7,"details":[1]}', "", ""),
        (b"", "", ""),
    ],
)
def test_an_error_body_is_understood_in_its_usual_shapes(body: bytes, code: str, reason: str) -> None:
    assert said(body) == (code, reason)

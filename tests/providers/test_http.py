"""The one way out over HTTP: every outcome is an answer or a typed error, and every call leaves an attempt."""

import asyncio
import gzip
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

import backend.http
from backend.answers import LONGEST_WAIT, UNSAID_WAIT
from backend.http import Call, Caller, checked_secret, checked_url, new_transport, segment
from backend.model.errors import Malformed, OutsideError, RateLimited, Refused, Unreachable
from tests.providers.loopback import (
    START,
    Attempts,
    Fault,
    Handler,
    Reply,
    Served,
    StillClock,
    closed_port,
    serving,
)


@asynccontextmanager
async def caller(handler: Handler) -> AsyncIterator[tuple[Caller, Served, Attempts]]:
    async with serving(handler) as served, new_transport() as way:
        attempts = Attempts()
        yield Caller("They", way, StillClock(), attempts), served, attempts


def get(url: str) -> Call:
    return Call(operation="look", method="GET", url=url, connection="c1")


def post(url: str) -> Call:
    return Call(operation="do", method="POST", url=url, body=b"{}", request_id="r1", connection="c1")


async def failed(handler: Handler, method: str = "POST") -> tuple[OutsideError, Attempts]:
    """The error that a call to this server ends in."""
    async with caller(handler) as (one, served, attempts):
        with pytest.raises(OutsideError) as caught:
            await one.call(post(served.url) if method == "POST" else get(served.url), dict[str, object])
        return caught.value, attempts


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("fault", list(Fault))
def test_a_broken_answer_may_have_been_sent(fault: Fault, method: str) -> None:
    error, attempts = asyncio.run(failed(lambda asked: fault, method))
    assert isinstance(error, Unreachable) and error.sent and error.unknown
    assert [attempt.outcome for attempt in attempts] == ["unreachable"]


@pytest.mark.parametrize("fault", [Fault.DROP, Fault.RESET])
def test_a_kept_connection_that_breaks_may_have_sent(fault: Fault) -> None:
    async def go() -> None:
        answers: list[Reply | Fault] = [Reply(), fault]
        async with caller(lambda asked: answers.pop(0)) as (one, served, _):
            await one.call(post(served.url), dict[str, object])
            with pytest.raises(Unreachable) as caught:
                await one.call(post(served.url), dict[str, object])
            assert caught.value.sent
            assert len(served.asked) == 2, "a request that changes something is never repeated below us"

    asyncio.run(go())


@pytest.mark.parametrize("host", ["127.0.0.1", "nowhere.invalid"])
def test_what_never_connected_was_never_sent(host: str) -> None:
    async def go() -> None:
        async with new_transport() as way:
            attempts = Attempts()
            with pytest.raises(Unreachable) as caught:
                url = f"http://{host}:{closed_port()}/"
                await Caller("They", way, StillClock(), attempts).call(post(url), dict[str, object])
            assert not caught.value.sent and not caught.value.unknown
            assert attempts[0].http_status is None and attempts[0].correlation_id

    asyncio.run(go())


def test_a_server_that_cannot_prove_its_name_is_told_nothing(tmp_path: Path) -> None:
    async def go() -> None:
        async with serving(lambda asked: Reply(), _self_signed(tmp_path)) as served, new_transport() as way:
            with pytest.raises(Unreachable) as caught:
                url = served.url.replace("http://127.0.0.1", "https://localhost")
                await Caller("They", way, StillClock(), Attempts()).call(post(url), dict[str, object])
            assert not caught.value.sent and "certificate" in str(caught.value) and served.asked == []

    asyncio.run(go())


def _self_signed(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, START, START + timedelta(days=36500))
    signed = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    pem = signed.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
    pem += key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "server.pem").write_bytes(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    return context


def test_a_connection_that_the_server_has_closed_meanwhile_is_not_used() -> None:
    async def go() -> None:
        async with caller(lambda asked: Reply()) as (one, served, _):
            await one.call(post(served.url), dict[str, object])
            await served.hang_up()
            await one.call(post(served.url), dict[str, object])
            assert len(served.asked) == 2

    asyncio.run(go())


def test_silence_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend.http, "DEADLINE", 0.05)

    async def never(_: object) -> Reply:
        await asyncio.Event().wait()
        return Reply()

    error, _ = asyncio.run(failed(never))
    assert isinstance(error, Unreachable) and error.sent


def test_a_call_that_is_cancelled_leaves_an_attempt() -> None:
    async def go() -> None:
        arrived = asyncio.Event()

        async def hold(_: object) -> Reply:
            arrived.set()
            await asyncio.Event().wait()
            return Reply()

        async with caller(hold) as (one, served, attempts):
            task = asyncio.create_task(one.call(post(served.url), dict[str, object]))
            await arrived.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert attempts.outcomes == ["do:unreachable"]

    asyncio.run(go())


STATUSES = {
    302: "malformed",
    400: "refused",
    401: "refused_credentials",
    403: "refused",
    404: "gone",
    408: "provider_down",
    409: "in_progress",
    410: "gone",
    418: "refused",
    422: "refused",
    429: "rate_limited",
    500: "provider_down",
    502: "provider_down",
    503: "provider_down",
    504: "provider_down",
}


@pytest.mark.parametrize(("status", "kind"), STATUSES.items())
def test_a_status_has_one_meaning(status: int, kind: str) -> None:
    body = {"error": "TheCode", "details": {"reason": "the reason"}}
    error, attempts = asyncio.run(
        failed(lambda asked: Reply(body, status, {"X-Correlation-Id": "|abc.1.", "Location": "/x"}))
    )
    assert error.kind == kind and error.http_status == status and error.correlation_id == "|abc.1."
    assert "TheCode: the reason" in str(error)
    [attempt] = attempts
    assert (attempt.outcome, attempt.http_status, attempt.request_id) == (kind, status, "r1")
    assert attempt.correlation_id == "|abc.1." and "the reason" in attempt.detail


def test_what_may_have_happened_is_unknown() -> None:
    unknown = {
        status: asyncio.run(failed(lambda asked, status=status: Reply({}, status)))[0].unknown  # type: ignore[misc]
        for status in (400, 404, 409, 422, 429, 500, 502, 503, 504)
    }
    assert [status for status, so in unknown.items() if so] == [409, 500, 502, 504]


NOON = datetime(2026, 2, 11, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "until"),
    [
        ("3600", START + timedelta(hours=1)),
        ("90.5", START + timedelta(seconds=90.5)),
        ("0", START + timedelta(seconds=1)),
        ("-1", START + timedelta(seconds=1)),
        ("99999999999999999999999999", START + LONGEST_WAIT),
        ("Wed, 11 Feb 2026 12:00:00 GMT", NOON),
        ("Wed, 11 Feb 2026 13:00:00 +0100", NOON),
        ("Tue, 10 Feb 2026 12:00:00 GMT", START + timedelta(seconds=1)),
        ("Fri, 11 Feb 2056 12:00:00 GMT", START + LONGEST_WAIT),
        ("soon", START + UNSAID_WAIT),
        ("", START + UNSAID_WAIT),
        ("nan", START + UNSAID_WAIT),
        ("Wed, 99 Feb 2026 99:00:00 GMT", START + UNSAID_WAIT),
        ("9" * 7000, START + LONGEST_WAIT),
    ],
)
def test_retry_after_is_obeyed_in_both_forms_and_clamped(header: str, until: datetime) -> None:
    error, _ = asyncio.run(failed(lambda asked: Reply({}, 429, {"Retry-After": header})))
    assert isinstance(error, RateLimited) and error.until == until


def test_a_daily_limit_without_a_time_ends_at_midnight() -> None:
    error, _ = asyncio.run(failed(lambda asked: Reply({"error": "Limit", "message": "Daily limit reached"}, 429)))
    assert error.until == datetime(2026, 2, 12, tzinfo=UTC)


def test_a_503_keeps_its_retry_after() -> None:
    error, _ = asyncio.run(failed(lambda asked: Reply({}, 503, {"Retry-After": "120"})))
    assert error.kind == "provider_down" and error.until == START + timedelta(minutes=2) and not error.unknown


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>502 Bad Gateway</html>",
        b"{",
        b"[]",
        b'"text"',
        b'{"a": NaN}',
        b'{"a": 1e999}',
        b'{"a": 1e99999999999}',
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a": "\xff\xfe"}',
        b"\x00" * 1000,
    ],
)
def test_an_answer_that_cannot_be_read_is_malformed(body: bytes) -> None:
    error, attempts = asyncio.run(failed(lambda asked: Reply(body)))
    assert isinstance(error, Malformed) and error.unknown and error.http_status == 200
    assert attempts.outcomes == ["do:malformed"]


def test_a_lone_surrogate_becomes_visible_and_a_pair_stays() -> None:
    async def go() -> dict[str, object]:
        body = rb'{"a": "x\ud800y", "b": "\ud83d\ude00", "c": "\\ud800", "d": "\udc00"}'
        async with caller(lambda asked: Reply(body)) as (one, served, _):
            return await one.call(get(served.url), dict[str, object])

    assert asyncio.run(go()) == {"a": "x\ufffdy", "b": "\U0001f600", "c": "\\ud800", "d": "\ufffd"}


def test_a_huge_answer_is_left_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend.http, "MAX_ANSWER", 1 << 20)
    plain, packed = b" " * (5 << 20), gzip.compress(b" " * (5 << 20))
    for reply in (Reply(plain), Reply(packed, headers={"Content-Encoding": "gzip"})):
        error, _ = asyncio.run(failed(lambda asked, reply=reply: reply))  # type: ignore[misc]
        assert isinstance(error, Malformed) and "larger" in str(error)


def test_a_packed_answer_is_unpacked_and_a_broken_one_malformed() -> None:
    async def go() -> None:
        packed = Reply(gzip.compress(b'{"a": 1}'), headers={"Content-Encoding": "gzip"})
        broken = Reply(b"{}", headers={"Content-Encoding": "gzip"})
        answers = [packed, broken]
        async with caller(lambda asked: answers.pop(0)) as (one, served, _):
            assert await one.call(get(served.url), dict[str, int]) == {"a": 1}
            with pytest.raises(Malformed):
                await one.call(get(served.url), dict[str, int])

    asyncio.run(go())


def test_nothing_is_carried_from_one_answer_to_the_next_call() -> None:
    async def go() -> None:
        reply = Reply(headers={"Set-Cookie": "session=of-another-customer; Path=/"})
        async with caller(lambda asked: reply) as (one, served, _):
            await one.call(get(served.url), dict[str, object])
            await one.call(get(served.url), dict[str, object])
            assert "cookie" not in served.asked[1].headers

    asyncio.run(go())


def test_a_redirect_is_not_followed() -> None:
    async def go() -> None:
        async with caller(lambda asked: Reply({}, 307, {"Location": "/elsewhere"})) as (one, served, _):
            with pytest.raises(Malformed):
                await one.call(post(served.url), dict[str, object])
            assert len(served.asked) == 1

    asyncio.run(go())


def test_the_environment_names_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port()}")

    async def go() -> None:
        async with caller(lambda asked: Reply({"a": 1})) as (one, served, _):
            assert await one.call(get(served.url), dict[str, int]) == {"a": 1}

    asyncio.run(go())


def test_no_more_connections_than_the_limit() -> None:
    async def go() -> None:
        busy, most, gate = 0, 0, asyncio.Event()

        async def hold(_: object) -> Reply:
            nonlocal busy, most
            busy += 1
            most = max(most, busy)
            if busy == 3:
                gate.set()
            await gate.wait()
            busy -= 1
            return Reply()

        async with serving(hold) as served, new_transport(3) as way:
            one = Caller("They", way, StillClock(), Attempts())
            await asyncio.gather(*(one.call(get(served.url), dict[str, object]) for _ in range(12)))
            assert most == 3

    asyncio.run(go())


def test_a_whole_url_is_never_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def go() -> None:
        async with caller(lambda asked: Reply()) as (one, served, _):
            await one.call(get(f"{served.url}/?code=canary-code"), dict[str, object])

    asyncio.run(go())
    assert "canary-code" not in caplog.text


@pytest.mark.parametrize("value", ["with\r\nX-Evil: 1", "æ", "tab\t"])
def test_a_header_cannot_be_broken_out_of(value: str) -> None:
    async def go() -> None:
        async with caller(lambda asked: Reply()) as (one, served, attempts):
            with pytest.raises(Refused):
                await one.call(Call(operation="do", method="POST", url=served.url, request_id=value), dict[str, object])
            assert served.asked == [] and attempts.outcomes == ["do:refused"]

    asyncio.run(go())


def test_defects_are_recorded_and_the_answer_kept() -> None:
    async def go() -> None:
        async with caller(lambda asked: Reply({"a": 1})) as (one, served, attempts):
            answer = await one.call(get(served.url), dict[str, int], lambda answer: "left out 1 of 2")
            assert answer == {"a": 1}
            assert (attempts[0].outcome, attempts[0].detail) == ("malformed", "left out 1 of 2")

    asyncio.run(go())


def test_raw_answers_are_possible() -> None:
    async def go() -> None:
        async with caller(lambda asked: Reply(b"[1]")) as (one, served, _):
            assert bytes(await one.call(get(served.url), msgspec.Raw)) == b"[1]"

    asyncio.run(go())


@pytest.mark.parametrize(
    "url",
    ["https://api.aiia.eu", "https://api.aiia.eu/base/", "http://127.0.0.1:8080", "http://localhost", "http://[::1]:1"],
)
def test_a_base_address_may_be(url: str) -> None:
    assert checked_url(url, "aiia_base_url") == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.aiia.eu",
        "ftp://api.aiia.eu",
        "http://api.aiia.eu",
        "http://localhost.evil.test",
        "http://127.0.0.1.evil.test",
        "https://user:canary-pass@api.aiia.eu",
        "https://canary-pass@api.aiia.eu",
        "https://",
        "https://api.aiia.eu:99999",
        "https://api.aiia.eu/?a=b",
        "https://[::1",
    ],
)
def test_a_base_address_may_not_be(url: str) -> None:
    with pytest.raises(ValueError, match="aiia_base_url") as caught:
        checked_url(url, "aiia_base_url")
    assert "canary" not in str(caught.value)


def test_a_secret_is_checked_without_being_said() -> None:
    for value in ("", " x", "canary\n", "canaryæ"):
        with pytest.raises(ValueError, match="the_setting") as caught:
            checked_secret(value, "the_setting")
        assert "canary" not in str(caught.value)


def test_a_segment_stays_in_its_place() -> None:
    assert segment("a/b+c=d:e æ") == "a%2Fb%2Bc%3Dd%3Ae%20%C3%A6"
    for text in ("", ".", ".."):
        with pytest.raises(Refused):
            segment(text)

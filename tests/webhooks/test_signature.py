"""Only Aiia's own, only fresh, and whatever it says is read without complaint."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.agent.webhooks import Forged, Key, check, read
from backend.model.webhooks import Arrived

SECRET = "fictional-webhook-secret"
STAMP = "1772323200"
NOW = datetime.fromtimestamp(int(STAMP), UTC)
EVENT_ID = "5b0f2b3e-7a52-4a43-8f0b-0d3b7d1c2a10"
EVENT = "ConnectionUpdateRequired"
BODY = (
    b'{"connectionUpdateRequiredWebhook":{"consentId":"3d0c7a52-5d1e-4b0e-9a35-1c1f6f0d9b21","data":{"accountIds":'
    b'["acc-fict-0001"],"expiresAt":"2026-03-01T06:00:00Z","reason":null},"event":"ConnectionUpdateRequired"}}'
)
WHOLE = "9e86102b06dc323d16ee1785211ea76c8609b088e7dd3639540bd6a3dca3c5e0"
ALONE = "03f7665a9e9c2f142fb8cb4523f419baca76127040ed10bba1215037d9652e7b"
PRESENT, OLD_TOO = Key(SECRET), Key(SECRET, legacy=True)


def headers(**changes: str) -> dict[str, str]:
    fields = {"timestamp": STAMP, "eventid": EVENT_ID, "event": EVENT, "signature": WHOLE} | changes
    return {f"x-aiia-{name}": value for name, value in fields.items()}


def sign(stamp: str, event_id: str, event: str, body: bytes) -> str:
    return hmac.new(SECRET.encode(), f"{stamp}|{event_id}|{event}|".encode() + body, hashlib.sha256).hexdigest()


def test_the_documented_vector() -> None:
    arrived = check(headers(), BODY, PRESENT, NOW)
    assert (arrived.event_id, arrived.event, arrived.at, arrived.body) == (EVENT_ID, EVENT, NOW, BODY)
    notice = read(arrived)
    assert (notice.event, notice.accounts) == (EVENT, ("acc-fict-0001",))
    assert notice.consent_id == "3d0c7a52-5d1e-4b0e-9a35-1c1f6f0d9b21"
    assert notice.until == datetime(2026, 3, 1, 6, tzinfo=UTC) and notice.reason == ""


def test_the_old_form_only_when_it_is_wanted() -> None:
    assert check(headers(signature=ALONE), BODY, OLD_TOO, NOW).event_id == EVENT_ID
    assert check({"x-viia-signature": ALONE}, BODY, OLD_TOO, NOW).at == NOW
    assert check(headers(), BODY, OLD_TOO, NOW).event_id == EVENT_ID
    for told in (headers(signature=ALONE), {"x-viia-signature": ALONE}):
        with pytest.raises(Forged):
            check(told, BODY, PRESENT, NOW)


def test_the_old_form_without_an_id_is_known_again_by_its_body() -> None:
    first = check({"x-viia-signature": ALONE}, BODY, OLD_TOO, NOW)
    again = check({"x-viia-signature": ALONE}, BODY, OLD_TOO, NOW + timedelta(hours=1))
    assert first.event_id == again.event_id != ""


@pytest.mark.parametrize(("off", "taken"), [(-301, False), (-300, True), (0, True), (300, True), (301, False)])
@pytest.mark.parametrize("key", [PRESENT, OLD_TOO])
def test_what_is_old_or_from_the_future_is_refused(off: int, taken: bool, key: Key) -> None:
    now = NOW - timedelta(seconds=off)
    if taken:
        assert check(headers(), BODY, key, now)
    else:
        with pytest.raises(Forged):
            check(headers(), BODY, key, now)


@given(st.integers(min_value=0, max_value=len(BODY) * 8 - 1))
def test_one_changed_bit_of_the_body_is_refused(bit: int) -> None:
    changed = bytearray(BODY)
    changed[bit // 8] ^= 1 << bit % 8
    for told, key in ((headers(), PRESENT), (headers(), OLD_TOO), (headers(signature=ALONE), OLD_TOO)):
        with pytest.raises(Forged):
            check(told, bytes(changed), key, NOW)


@given(st.sampled_from(["timestamp", "eventid", "event", "signature"]), st.data())
def test_one_changed_bit_of_a_header_is_refused(name: str, data: st.DataObject) -> None:
    text = bytearray(headers()[f"x-aiia-{name}"].encode())
    bit = data.draw(st.integers(min_value=0, max_value=len(text) * 8 - 1))
    text[bit // 8] ^= 1 << bit % 8
    with pytest.raises(Forged):
        check(headers(**{name: text.decode("latin-1")}), BODY, PRESENT, NOW)


@given(st.dictionaries(st.sampled_from(["timestamp", "eventid", "event", "signature"]), st.text()), st.binary())
def test_no_header_and_no_body_breaks_the_check(changes: dict[str, str], body: bytes) -> None:
    for key in (PRESENT, OLD_TOO):
        try:
            arrived = check(headers(**changes), body, key, NOW)
        except Forged:
            continue
        assert (arrived.body, arrived.event) == (BODY, EVENT)


@pytest.mark.parametrize(
    ("event_id", "event"),
    [("a|b", "c"), ("a", "b|c"), ("", "c"), ("x" * 201, "c")],
    ids=["id", "event", "no id", "long"],
)
def test_a_signature_covers_one_reading_only(event_id: str, event: str) -> None:
    told = headers(eventid=event_id, event=event, signature=sign(STAMP, event_id, event, BODY))
    with pytest.raises(Forged):
        check(told, BODY, PRESENT, NOW)


@pytest.mark.parametrize("stamp", ["", "-1", "1e9", "１７７２３２３２００", "9" * 12, " 1772323200"])
def test_a_time_stamp_that_is_none_is_refused_although_signed(stamp: str) -> None:
    signature = hmac.new(SECRET.encode(), f"{stamp}|{EVENT_ID}|{EVENT}|".encode() + BODY, hashlib.sha256).hexdigest()
    with pytest.raises(Forged):
        check(headers(timestamp=stamp, signature=signature), BODY, PRESENT, NOW)


def arrived(body: bytes, event: str = EVENT) -> Arrived:
    return Arrived(event_id=EVENT_ID, event=event, at=NOW, body=body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["data", "event", "consentId", "accountIds"]), inner)
    ),
)


@given(JSON)
def test_whatever_a_body_holds_is_read(said: object) -> None:
    for whole in (said, {"someWebhook": said}, {"someWebhook": {"data": said, "event": said, "consentId": said}}):
        notice = read(arrived(json.dumps(whole).encode()))
        assert notice.event and all(isinstance(account, str) for account in notice.accounts)


@given(st.binary())
def test_a_body_that_is_no_json_still_has_its_name(body: bytes) -> None:
    assert read(arrived(b"\xff" + body)).event == EVENT


def test_every_documented_body_is_read() -> None:
    def said(event: str, data: object) -> bytes:
        wrapper = event[0].lower() + event[1:] + "Webhook"
        return json.dumps({wrapper: {"consentId": "c", "data": data, "event": event}}).encode()

    changed = [{"accountId": "a", "transactionsChanged": True}, {"accountId": "b"}]
    for event, data, accounts in (
        ("AccountsUpdated", {"changedAccounts": changed}, ("a", "b")),
        ("SyncDone", {"syncedAccountIds": ["a", "a"]}, ("a",)),
        ("SyncProgressUpdate", {"accountId": "a"}, ("a",)),
        ("AccountsOrphaned", {"accountIds": ["a", None, 7]}, ("a",)),
        ("ConsentRevoked", None, ()),
    ):
        notice = read(arrived(said(event, data)))
        assert (notice.event, notice.consent_id, notice.accounts) == (event, "c", accounts)
    limited = read(arrived(said("ConnectionRateLimited", {"rateLimitedUntil": "2026-02-12T00:00:00.1234567Z"})))
    assert limited.until is not None and limited.until.day == 12
    for nothing in ("0001-01-01T00:00:00", "soon", "", 5, "9999-12-31T23:59:59-14:00"):
        assert read(arrived(said(EVENT, {"expiresAt": nothing}))).until is None


def test_hostile_text_is_cleaned_on_entry() -> None:
    body = json.dumps(
        {"w": 1, "xWebhook": {"event": "E\x1b]0;x\x07", "consentId": "c\x9b", "data": {"reason": "\u202e"}}}
    )
    notice = read(arrived(body.encode()))
    assert "\x1b" not in notice.event and "\x9b" not in notice.consent_id and "\u202e" not in notice.reason

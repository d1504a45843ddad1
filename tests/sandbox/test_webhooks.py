"""Aiia's webhooks from the sandbox: what happens in the world is told, signed, repeated, and spoilt on order."""

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from backend.sandbox.serve import Running, running_world
from tests.sandbox.clocks import StillClock

SECRET = "shared"
FINE, EXPIRING, ALONE = 0, 1, 4
"""Customers of the showcase: all is well; near the end; a bank that wants the customer each time."""


class Taker(ThreadingHTTPServer):
    """Takes webhooks as an integrator would, and notes them; it answers `status`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 200
        self.got: list[tuple[dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/webhooks"

    def told(self) -> list[tuple[str, Any]]:
        """Event and data of each one that came, in order."""
        said = [next(iter(json.loads(body).values())) for _, body in self.got]
        return [(one["event"], one["data"]) for one in said]

    def names(self) -> list[str]:
        return [event for event, _ in self.told()]


class _Handler(BaseHTTPRequestHandler):
    server: Taker

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


class Scene:
    """A world whose time is moved by hand, and one who takes its webhooks."""

    def __init__(self, world: Running, taker: Taker, clock: StillClock) -> None:
        self.world, self.taker, self.clock = world, taker, clock

    def see(self, index: int) -> str:
        """Look at a customer, so that Aiia begins to tell of him; gives the consent's id."""
        consent = str(self.world.client.customer(index=index)["consents"][0]["consent_id"])
        self.flush()
        self.taker.got.clear()
        return consent

    def flush(self) -> list[str]:
        self.world.client.turn("webhooks/flush")
        return self.taker.names()

    def turn(self, knob: str, **said: object) -> list[str]:
        self.world.client.turn(knob, **said)
        return self.flush()


@pytest.fixture
def scene() -> Iterator[Scene]:
    clock, taker = StillClock(), Taker()
    serving = threading.Thread(target=taker.serve_forever, kwargs={"poll_interval": 0.02})
    serving.start()
    try:
        with running_world(customers=10, seed=7, clock=clock, webhook_url=taker.url, webhook_secret=SECRET) as world:
            yield Scene(world, taker, clock)
    finally:
        taker.shutdown()
        serving.join()
        taker.server_close()


def test_a_sync_is_told_with_what_it_changed_and_signed(scene: Scene) -> None:
    consent = scene.see(FINE)
    scene.clock.move(hours=6)
    assert sorted(scene.flush()) == ["AccountsUpdated", "SyncDone"], "two calls at once: either may come first"
    told = dict(scene.taker.told())
    updated, done = told["AccountsUpdated"], told["SyncDone"]
    assert {one["accountId"] for one in updated["changedAccounts"]} <= set(done["syncedAccountIds"])
    for headers, body in scene.taker.got:
        assert json.loads(body)[next(iter(json.loads(body)))]["consentId"] == consent
        head = "|".join(headers[f"x-aiia-{name}"] for name in ("timestamp", "eventid", "event"))
        message = head.encode() + b"|" + body
        assert headers["x-aiia-signature"] == hmac.new(SECRET.encode(), message, hashlib.sha256).hexdigest()
        assert int(headers["x-aiia-timeout"]) > 0
        assert datetime.fromtimestamp(int(headers["x-aiia-timestamp"]), UTC) == scene.clock.now()
    assert sorted(scene.flush()) == ["AccountsUpdated", "SyncDone"], "told once"


def test_the_end_of_a_consent_is_told_before_it_and_when_it_is_there(scene: Scene) -> None:
    consent = scene.see(FINE)
    scene.world.client.turn("consent/expire", consent_id=consent, days=3)
    scene.flush()
    (event, data) = scene.taker.told()[-1]
    ahead = datetime.fromisoformat(data["expiresAt"])
    assert event == "ConnectionUpdateRequired" and ahead - scene.clock.now() == timedelta(days=3)
    scene.clock.move(days=3)
    scene.flush()
    ends = [data["expiresAt"] for event, data in scene.taker.told() if event == "ConnectionUpdateRequired"]
    assert len(ends) >= 2, "told before the end and when it is there, among the syncs of three days"
    assert datetime.fromisoformat(ends[-1]) <= scene.clock.now()


def test_who_is_near_the_end_when_the_world_begins_is_told_of(scene: Scene) -> None:
    scene.world.client.customer(index=EXPIRING)
    assert scene.flush() == ["ConnectionUpdateRequired"]


@pytest.mark.parametrize(("by", "event"), [("customer", "ConsentRevoked"), ("bank", "ConnectionRemoved")])
def test_a_consent_that_is_taken_back(scene: Scene, by: str, event: str) -> None:
    consent = scene.see(FINE)
    assert scene.turn("consent/revoke", consent_id=consent, by=by) == [event]
    scene.clock.move(days=1)
    assert scene.flush() == [event]


def test_accounts_that_go_and_come_back(scene: Scene) -> None:
    consent = scene.see(FINE)
    account = scene.world.client.customer(index=FINE)["consents"][0]["accounts"][0]
    scene.turn("account/orphan", account=account["account_id"], consent_id=consent)
    assert scene.taker.names() == [], "the bank's word comes with the next sync"
    scene.clock.move(minutes=1)
    assert "AccountsOrphaned" in scene.turn("consent/sync", consent_id=consent)
    assert ("AccountsOrphaned", {"accountIds": [account["account_id"]]}) in scene.taker.told()
    scene.turn("account/orphan", account=account["account_id"], consent_id=consent, back=True)
    scene.clock.move(minutes=1)
    assert "AccountsUnorphaned" in scene.turn("consent/sync", consent_id=consent)


@pytest.mark.parametrize(
    ("mood", "event"),
    [
        ("rate_limited", "ConnectionRateLimited"),
        ("supervised_only", "ConnectionUpdateRequired"),
        ("early_death", "ConsentNeedsUpdate"),
    ],
)
def test_a_banks_mood_is_told_when_a_sync_meets_it(scene: Scene, mood: str, event: str) -> None:
    scene.see(FINE)
    bank = scene.world.client.customer(index=FINE)["consents"][0]["bank"]
    scene.world.client.set_mood(bank, mood)
    for _ in range(8):
        scene.clock.move(hours=1)
        scene.flush()
        if event in scene.taker.names():
            break
    assert event in scene.taker.names()
    data = dict(scene.taker.told())[event]
    if event == "ConnectionRateLimited":
        assert datetime.fromisoformat(data["rateLimitedUntil"]) > scene.clock.now() - timedelta(hours=1)
    if event == "ConnectionUpdateRequired":
        assert data["expiresAt"] is None and data["reason"]


def test_what_is_not_taken_is_sent_again_later_and_later_and_given_up(scene: Scene) -> None:
    consent = scene.see(FINE)
    scene.taker.status = 503
    scene.turn("consent/revoke", consent_id=consent)
    waits = []
    for place in range(20):
        seconds = 30 * 2**place
        scene.clock.move(seconds=seconds - 1)
        before = len(scene.flush())
        scene.clock.move(seconds=1)
        waits.append(len(scene.flush()) - before)
    assert set(waits) == {1} and len(scene.taker.got) == 21
    scene.clock.move(days=400)
    scene.flush()
    ids = [headers["x-aiia-eventid"] for headers, _ in scene.taker.got]
    stamps = [headers["x-aiia-timestamp"] for headers, _ in scene.taker.got]
    assert ids.count(ids[0]) == 21 and len(set(stamps[:21])) == 21, "each try is signed at its own time"


def test_webhooks_go_wrong_on_order(scene: Scene) -> None:
    first, second, third = scene.see(FINE), scene.see(EXPIRING), scene.see(ALONE)
    client, got = scene.world.client, scene.taker.got
    client.turn("webhooks/fault", how="lose")
    assert scene.turn("consent/revoke", consent_id=first) == []
    client.turn("webhooks/fault", how="reorder")
    assert scene.turn("consent/revoke", consent_id=second, by="bank") == []
    client.turn("webhooks/fault", how="duplicate")
    # What was held back goes after the next one, which is ordered to be sent twice, but carries its own time.
    scene.clock.move(seconds=7)
    scene.turn("consent/revoke", consent_id=third)
    assert sorted(scene.taker.names()) == ["ConnectionRemoved", "ConsentRevoked", "ConsentRevoked"]
    assert len({headers["x-aiia-eventid"] for headers, _ in got}) == 2
    stamps = {headers["x-aiia-event"]: int(headers["x-aiia-timestamp"]) for headers, _ in got}
    assert stamps["ConsentRevoked"] - stamps["ConnectionRemoved"] == 7


def test_forged_ones_and_a_stop(scene: Scene) -> None:
    consent = scene.see(FINE)
    scene.world.client.turn("webhooks/fault", how="forge")
    scene.clock.move(minutes=1)
    scene.turn("consent/expire", consent_id=consent, days=2)
    by_event = {headers["x-aiia-event"]: (headers, body) for headers, body in scene.taker.got}
    assert set(by_event) == {"ConsentRevoked", "ConnectionUpdateRequired"}
    headers, body = by_event["ConsentRevoked"]
    head = "|".join(headers[f"x-aiia-{name}"] for name in ("timestamp", "eventid", "event"))
    right = hmac.new(SECRET.encode(), head.encode() + b"|" + body, hashlib.sha256).hexdigest()
    assert headers["x-aiia-signature"] != right
    scene.taker.got.clear()
    scene.world.client.turn("webhooks/fault", how="stop")
    scene.clock.move(hours=6)
    assert scene.flush() == []
    scene.world.client.turn("webhooks/fault", how=None)
    scene.clock.move(hours=6)
    assert "SyncDone" in scene.flush()


def test_only_addresses_on_this_machine_and_known_faults(scene: Scene) -> None:
    for knob, said in (("webhooks", {"url": "https://example.test/x"}), ("webhooks/fault", {"how": "sing"})):
        with pytest.raises(ValueError):
            scene.world.client.turn(knob, **said)

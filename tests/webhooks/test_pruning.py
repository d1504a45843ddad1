"""Old events are deleted in small batches, but for those that say how a live consent stands."""

from datetime import timedelta
from pathlib import Path

from backend.model.facts import Consent
from backend.model.webhooks import KEPT, Arrived, Notice, Said
from backend.rules.assess import assess
from backend.store import open_store
from tests.fakes import NOON, HandClock, record


def test_old_events_go_and_what_still_counts_stays(tmp_path: Path) -> None:
    store = open_store(tmp_path / "forny.db", assess=assess, clock=HandClock())
    store.import_records([record(1)], NOON, "test")
    later = NOON + timedelta(hours=1)

    def tell(name: str, event: Said, consent: str, *, apply: bool = True) -> None:
        notice = Notice(event=event, consent_id=consent, accounts=(), until=None, reason="")
        store.keep_webhook(Arrived(event_id=name, event=event, at=later, body=b"{}"), notice, later)
        if apply:
            store.apply_webhook(name, notice, later)

    for number in range(5):
        tell(f"sync{number}", Said.SYNC_DONE, "consent-1")
    tell("revoked", Said.CONSENT_REVOKED, "consent-1")
    tell("ended", Said.CONSENT_REVOKED, "somebody-elses")
    tell("waiting", Said.SYNC_DONE, "consent-1", apply=False)
    tell("newest", Said.SYNC_DONE, "consent-1")
    now = later + KEPT
    assert store.prune_webhooks(now - KEPT, 500) == 0, "not older than that"
    now += timedelta(seconds=1)
    assert [store.prune_webhooks(now - KEPT, 4), store.prune_webhooks(now - KEPT, 4)] == [4, 2]
    assert [event.event_id for event in store.webhooks(0)] == ["newest", "waiting", "revoked"]
    assert store.prune_webhooks(now - KEPT, 4) == 0
    store.replay_webhooks(["revoked"], None, now)
    assert store.webhook_silence(now) is None
    view = store.connection("c1", now)
    assert view is not None and view.facts.consent is Consent.REVOKED_BY_CUSTOMER
    store.close()

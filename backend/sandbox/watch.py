"""What Aiia would tell of a consent: its state at one look against its state at the last (§1.10)."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from backend.sandbox.banks import Mood
from backend.sandbox.shapes import instant
from backend.sandbox.statement import Link, views
from backend.sandbox.world import BANK_PAUSE, SYNC_EVERY, Consent, World

NEAR = timedelta(days=7)
"""How long before its end a consent is told of."""

Data = dict[str, object] | None
News = tuple[str, Data]
"""An event's name and its `data`."""


@dataclass(slots=True)
class Watched:
    """One consent as it was at the last look. `ahead`: the end that was told; `over`: its end was told."""

    consent: Consent
    looked_at: datetime
    authorised_at: datetime | None
    synced_at: datetime | None
    over: bool = False
    fresh: bool = False
    ahead: datetime | None = None
    next_at: datetime | None = None
    limited: datetime | None = None
    asked: bool = False
    orphaned: set[str] = field(default_factory=set)


def first_look(world: World, consent: Consent) -> Watched:
    """A consent that comes into sight. What was before the world began is taken as told; a new one is all news."""
    now = world.clock.now()
    if consent.authorised_at >= world.start:
        return Watched(consent, now, None, None)
    synced = world.sync(consent)
    over, orphaned = consent.ended(now) is not None, _orphaned(world, consent, synced)
    return Watched(consent, now, consent.authorised_at, synced, over, orphaned=orphaned)


def look(world: World, seen: Watched) -> list[News]:
    """What has happened since the last look, in the order in which Aiia would tell it."""
    consent, now = seen.consent, world.clock.now()
    news: list[News] = []
    if consent.authorised_at != seen.authorised_at:
        seen.authorised_at, seen.over, seen.fresh, seen.asked, seen.ahead = (
            consent.authorised_at,
            False,
            True,
            False,
            None,
        )
        news += [("SyncProgressUpdate", {"accountId": one}) for one in _ids(world, consent)]
    before, synced = seen.synced_at, world.sync(consent)
    if synced is not None and (before is None or synced > before):
        news += _synced(world, seen, before, synced)
    if not seen.over:
        news += _ending(world, seen, now)
    if not seen.over:
        news += _failed_tick(world, seen, now)
    if consent.limited_until is not None and consent.limited_until != seen.limited and consent.limited_until > now:
        seen.limited = consent.limited_until
        until: Data = {"rateLimitedUntil": instant(consent.limited_until), "accountIds": _ids(world, consent)}
        news.append(("ConnectionRateLimited", until))
    seen.looked_at = now
    return news


def next_look(world: World, seen: Watched) -> datetime | None:
    """When something may happen by itself; None while only somebody's act can make it."""
    consent, now = seen.consent, world.clock.now()
    coming = [at for at, _ in consent.queued]
    if consent.ended(now) is None:
        coming += [consent.expires_at - NEAR, consent.expires_at]
        if consent.bank.kind.unattended:
            coming.append(world.tick_before(consent, now) + SYNC_EVERY)
    return min((at for at in coming if at > now), default=None)


def _synced(world: World, seen: Watched, before: datetime | None, synced: datetime) -> list[News]:
    consent = seen.consent
    seen.synced_at, seen.asked = synced, False
    news: list[News] = []
    changed = [_changed(world, consent, link, before or consent.authorised_at, synced) for link in consent.links]
    if found := [one for one in changed if one is not None]:
        news.append(("AccountsUpdated", {"changedAccounts": found}))
    gone = _orphaned(world, consent, synced)
    for name, ids in (("AccountsOrphaned", gone - seen.orphaned), ("AccountsUnorphaned", seen.orphaned - gone)):
        if ids:
            news.append((name, {"accountIds": sorted(ids)}))
    seen.orphaned = gone
    news.append(("SyncDone", {"syncedAccountIds": _ids(world, consent)}))
    if seen.fresh:
        seen.fresh, seen.ahead = False, consent.expires_at
        news.append(_update_required(world, consent, consent.expires_at, None))
    return news


def _ending(world: World, seen: Watched, now: datetime) -> list[News]:
    """The end of a consent: near, there, or made by somebody."""
    consent = seen.consent
    ended = consent.ended(now)
    if ended is None:
        if consent.expires_at - NEAR > now or seen.ahead == consent.expires_at:
            return []
        seen.ahead = consent.expires_at
        return [_update_required(world, consent, consent.expires_at, "Samtykket udløber snart")]
    seen.over = True
    if consent.revoked_at is not None and consent.revoked_at <= now:
        if consent.revoked_by == "customer":
            return [("ConsentRevoked", None)]
        return [("ConnectionRemoved", {"accountIds": _ids(world, consent)})]
    if ended < consent.expires_at:
        return [("ConsentNeedsUpdate", {"reason": "Banken kræver et nyt samtykke"})]
    return [_update_required(world, consent, consent.expires_at, "Samtykket er udløbet")]


def _failed_tick(world: World, seen: Watched, now: datetime) -> list[News]:
    """An automatic sync that the bank did not let through."""
    consent = seen.consent
    tick = world.tick_before(consent, now)
    if tick <= seen.looked_at or not consent.bank.kind.unattended:
        return []
    mood = consent.bank.mood(tick)
    if mood is Mood.RATE_LIMITED:
        consent.limited_until = tick + BANK_PAUSE
    if (mood is Mood.SUPERVISED_ONLY or consent.wants_user(tick)) and not seen.asked:
        seen.asked = True
        return [_update_required(world, consent, None, "Banken beder kunden om at logge ind")]
    return []


def _update_required(world: World, consent: Consent, expires: datetime | None, reason: str | None) -> News:
    said = None if expires is None else instant(expires)
    return "ConnectionUpdateRequired", {"accountIds": _ids(world, consent), "expiresAt": said, "reason": reason}


def _ids(world: World, consent: Consent) -> list[str]:
    return [world.account_id(consent, link) for link in consent.links]


def _orphaned(world: World, consent: Consent, synced: datetime | None) -> set[str]:
    """The accounts that the bank no longer returned at the last sync."""
    return {
        world.account_id(consent, link)
        for link in consent.links
        if synced is not None and link.account.closed_at is not None and link.account.closed_at <= synced
    }


def _changed(world: World, consent: Consent, link: Link, before: datetime, synced: datetime) -> Data:
    """The account's part in `AccountsUpdated`; None when nothing changed."""
    oldest = None
    for view in views(link, synced, deleted=True):
        if view.place[0] <= before:
            break
        oldest = view.place[0]
    late = [extra.at for extra in link.account.extras if before < extra.created <= synced]
    taken = [row_at for gone_at, row_at, _ in link.account.deleted.values() if before < gone_at <= synced]
    oldest = min((at for at in (oldest, *late, *taken) if at is not None), default=None)
    if oldest is None:
        return None
    return {
        "accountId": world.account_id(consent, link),
        "transactionsChanged": True,
        "oldestTransactionChangedAt": instant(oldest),
        "transactionSpan": f"{instant(oldest)}/{instant(synced)}",
    }

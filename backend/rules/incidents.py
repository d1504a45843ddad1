"""When many failures are one incident, and how one ends. Pure: counts in, openings out; their order means nothing.

`facts/operations.md` §4 no. 2: k of n connections of a bank fail with one class in a window; a canary closes it.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

from backend.model.incidents import (
    CAUSES,
    TOKENS,
    BankWord,
    Count,
    IncidentView,
    Opening,
    Restart,
    Scope,
    TokenCount,
    Usual,
)
from backend.rules.clusters import Clusters, cluster_of, together

WINDOWS = (timedelta(minutes=10), timedelta(hours=1))
"""A big bank shows its outage within minutes; a small one is tried too seldom for that and needs the longer look."""

LEAST = 5
"""Fewer failing connections than this are single cases, each told by its own verdict."""

ONE_IN = 2
"""At least one in so many of the bank's recently tried connections must fail."""

TIMES = 3
"""And at least so many times its own usual share: a bank that often fails is not news until it is worse."""

CALM = timedelta(days=7)
"""How far back the usual share is counted; hours inside an incident are left out."""

CANARY_EVERY = timedelta(minutes=10)
"""One member is asked so often while an incident is open: unattended look-ups are few (`facts/operations.md` §0.6)."""

RESTART = Restart(few=5, some=50, pause=timedelta(minutes=1), spread=timedelta(minutes=10))
"""A bank that has just come up is not met by everybody at once."""

TOKENS_NEAR = timedelta(days=2)
"""A refresh token that ends so soon has not been renewed for most of its life (`facts/aiia-economic.md` §1.3)."""

_EVERYWHERE = ("provider_down", "internal")
"""Causes that may be the aggregator's own; `bank_down` is a bank's by its name."""

_LEDGER = {
    "refused_credentials": "refused_credentials",
    "provider_down": "ledger_down",
    "unreachable": "ledger_down",
    "malformed": "internal",
}
"""How a delivery failed, and what that is the cause of. A single agreement that is refused is its own case."""

_SAID_DOWN = frozenset({"none", "down", "offline", "unavailable"})
"""Words of the aggregator for a bank that it cannot reach. Only `Full` was ever seen in the wild; the rest is doubt."""


def usual_share(usual: Usual | None) -> float:
    """The bank's own failure share in calmer times, 0 to 1; 0 while nothing is known."""
    if usual is None or usual.tries <= 0:
        return 0.0
    return min(1.0, max(0.0, usual.failures / usual.tries))


def exceeds(failed: int, tried: int, usual: Usual | None) -> bool:
    """Whether so many failures among so many tries are more than single cases and more than usual. Exact: no floats."""
    if failed < LEAST or failed * ONE_IN < tried:
        return False
    if usual is None or usual.tries <= 0:
        return True
    return failed * usual.tries >= min(TIMES * usual.failures, usual.tries) * tried


def detect(
    counts: Iterable[Count],
    calm: Mapping[str, Usual],
    is_open: Collection[tuple[Scope, str]],
    clusters: Clusters | None = None,
) -> tuple[Opening, ...]:
    """The incidents that one window's counts ask for, beside those that are open.

    `calm` is by bank. Two banks or more in trouble of the aggregator's kind, and enough of its whole fleet, are one
    incident of the aggregator instead of many of banks. So are two banks of one data centre, whatever the cause
    (`facts/aiia-economic.md` §1.15); a bank's own incident that is open already counts as one of the two.
    """
    clusters = clusters or {}
    tried: dict[tuple[str, str], int] = defaultdict(int)
    failed: dict[tuple[str, str, str], int] = defaultdict(int)
    for count in (count for count in counts if count.connections > 0):
        tried[count.provider, count.bank] += count.connections
        if (cause := CAUSES.get(count.outcome)) is not None:
            failed[count.provider, count.bank, cause] += count.connections
    found = _providers(tried, failed, calm, is_open, clusters)
    taken = {key for scope, key in is_open if scope is Scope.PROVIDER} | {opening.key for opening in found}
    rest = {key: n for key, n in tried.items() if key[0] not in taken}
    shared = _clusters(rest, failed, calm, is_open, clusters)
    found += shared
    for (provider, bank, cause), n in sorted(failed.items(), key=lambda item: (item[0][:2], -item[1], item[0])):
        usual = calm.get(bank)
        known = (Scope.BANK, bank) in is_open or any(o.scope is Scope.BANK and o.key == bank for o in found)
        known = known or any(o.key == cluster_of(bank, clusters) for o in shared)
        if bank and provider not in taken and not known and exceeds(n, tried[provider, bank], usual):
            total = tried[provider, bank]
            share = usual_share(usual)
            found.append(Opening(scope=Scope.BANK, key=bank, cause=cause, failed=n, tried=total, usual=share))
    return tuple(found)


def _providers(
    tried: Mapping[tuple[str, str], int],
    failed: Mapping[tuple[str, str, str], int],
    calm: Mapping[str, Usual],
    is_open: Collection[tuple[Scope, str]],
    clusters: Clusters,
) -> list[Opening]:
    found: list[Opening] = []
    for provider in sorted({provider for provider, _ in tried}):
        banks = sorted(bank for known, bank in tried if known == provider)
        known = [calm[bank] for bank in banks if bank in calm]
        whole = Usual(tries=sum(u.tries for u in known), failures=sum(u.failures for u in known))
        total = sum(tried[provider, bank] for bank in banks)
        for cause in _EVERYWHERE:
            hit = {bank: failed.get((provider, bank, cause), 0) for bank in banks}
            bad = [bank for bank, n in hit.items() if n and n * ONE_IN >= tried[provider, bank]]
            n = sum(hit.values())
            centres = {cluster_of(bank, clusters) or bank for bank in bad}
            apart = len(centres) > 1 and (Scope.PROVIDER, provider) not in is_open
            if apart and exceeds(n, total, whole):
                share = usual_share(whole)
                found.append(
                    Opening(scope=Scope.PROVIDER, key=provider, cause=cause, failed=n, tried=total, usual=share)
                )
                break
    return found


def _clusters(
    tried: Mapping[tuple[str, str], int],
    failed: Mapping[tuple[str, str, str], int],
    calm: Mapping[str, Usual],
    is_open: Collection[tuple[Scope, str]],
    clusters: Clusters,
) -> list[Opening]:
    """The data centres of which two banks or more are in trouble at once."""
    found: list[Opening] = []
    alone = {key for scope, key in is_open if scope is Scope.BANK}
    banks = dict.fromkeys([*sorted(bank for _, bank in tried), *sorted(alone)])
    for name, members in together([*banks], clusters).items():
        if (Scope.CLUSTER, name) in is_open:
            continue
        total: dict[str, int] = defaultdict(int)
        hit: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for (_, bank), n in tried.items():
            if bank in members:
                total[bank] += n
        for (_, bank, cause), n in failed.items():
            if bank in total:
                hit[cause][bank] += n
        cause = max(sorted(hit), key=lambda one: sum(hit[one].values()), default="bank_down")
        bad = {bank: n for bank, n in hit[cause].items() if n * ONE_IN >= total[bank]}
        known = [calm[bank] for bank in bad if bank in calm]
        usual = Usual(tries=sum(u.tries for u in known), failures=sum(u.failures for u in known))
        n, of = sum(bad.values()), sum(total[bank] for bank in bad)
        before = alone & set(members)
        if len(before) > 1 or (len(bad.keys() | before) > 1 and exceeds(n, of, usual)):
            share = usual_share(usual)
            found.append(Opening(scope=Scope.CLUSTER, key=name, cause=cause, failed=n, tried=of, usual=share))
    return found


def heard(
    words: Iterable[BankWord],
    members: Mapping[str, int],
    closed: Mapping[str, datetime],
    is_open: Collection[tuple[Scope, str]],
) -> tuple[Opening, ...]:
    """Incidents that the aggregator itself tells of, for banks where we have `members`.

    A word that was there before a canary proved it wrong (`closed`, by bank) is not believed again until it changes.
    """
    found = []
    for word in sorted(words, key=lambda word: word.bank):
        n, over = members.get(word.bank, 0), closed.get(word.bank)
        stale = over is not None and over >= word.since
        if n and says_down(word.health) and not stale and (Scope.BANK, word.bank) not in is_open:
            found.append(
                Opening(
                    scope=Scope.BANK,
                    key=word.bank,
                    cause="bank_down",
                    failed=0,
                    tried=0,
                    usual=0.0,
                    note=word.message,
                )
            )
    return tuple(found)


def says_down(health: str) -> bool:
    """Whether the aggregator's word for a bank means that it cannot be reached; an unknown word means nothing."""
    return health.strip().casefold() in _SAID_DOWN


def ledger(counts: Iterable[Count]) -> Opening | None:
    """The incident that bank reconciliation's answers ask for: `counts` are of ledger accounts, not connections."""
    tried, failed = 0, dict.fromkeys(dict.fromkeys(_LEDGER.values()), 0)
    for count in counts:
        tried += count.connections
        if (cause := _LEDGER.get(count.outcome)) is not None:
            failed[cause] += count.connections
    cause, n = max(failed.items(), key=lambda item: item[1])
    if not exceeds(n, tried, None):
        return None
    return Opening(scope=Scope.LEDGER, key="", cause=cause, failed=n, tried=tried, usual=0.0)


def tokens_lost(count: TokenCount) -> Opening | None:
    """Many customers' tokens refused at once while their consents hold is our own fault (`facts` §4 no. 23).

    One bank alone may have ended its customers' sessions itself, so either two banks are hit, or every token that was
    refused had outlived itself: nobody had renewed it in time.
    """
    ours = count.banks > 1 or count.past >= count.refused
    if not ours or not exceeds(count.refused, count.tried, None):
        return None
    return Opening(scope=Scope.OWN, key=TOKENS, cause="tokens_lost", failed=count.refused, tried=count.tried, usual=0.0)


def tokens_stalled(near: int, live: int) -> Opening | None:
    """Tokens live for days and are renewed by the hour: when half of them are `near` their end, nothing renews them."""
    if not exceeds(near, live, None):
        return None
    return Opening(scope=Scope.OWN, key=TOKENS, cause="tokens_stalled", failed=near, tried=live, usual=0.0)


def delivers(counts: Iterable[Count]) -> bool:
    """Whether something has arrived in bank reconciliation lately."""
    return any(count.outcome == "ok" and count.connections for count in counts)


def canary_due(opened_at: datetime, asked_at: datetime | None, now: datetime, *, good_since: datetime | None) -> bool:
    """Whether it is time to ask a member again: after a pause, or at once when the aggregator has taken its word back.

    `good_since` is when it began to say that the bank is well; None while it does not.
    """
    if good_since is not None and good_since > (asked_at or opened_at):
        return True
    return now - (asked_at or opened_at) >= CANARY_EVERY


def bank_filter(bank: str) -> str:
    """The filter that shows a bank; the language knows no quote inside quotes, so a name ends before one."""
    name = bank.split('"')[0].strip()
    return f'bank:"{name}"' if name else ""


def members_filter(view: IncidentView) -> str:
    """The filter that shows who stands behind an incident."""
    if view.scope is Scope.BANK:
        members = bank_filter(view.key)
    elif view.scope is Scope.CLUSTER:
        names = "|".join(re.escape(bank).replace("/", "\\/") for bank in view.banks)
        return f"incident:{view.id}" if view.closed_at is None else f"/({names})$/"
    elif view.scope is Scope.PROVIDER:
        members = f'provider:"{view.key}"'
    else:
        return "is:queued" if view.scope is Scope.LEDGER else ""
    return f"{members} verdict:incident".strip() if view.closed_at is None else members

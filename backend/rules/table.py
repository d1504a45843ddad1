"""The table of situations: ordered rows over one connection's facts, the first that holds decides (laws 1 to 5)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from backend.model.facts import PROMISE, Act, Consent, Fetch, HeldReason, Stage, Transfer, Verdict
from backend.model.health import HealthFacts
from backend.rules import axes


@dataclass(slots=True)
class View:
    """One connection at one moment: its facts, its axes, and the time. `outcome` is how the last ended fetch went."""

    facts: HealthFacts
    now: datetime
    consent: Consent
    outcome: Fetch
    fetch: Fetch
    transfer: Transfer

    def before(self, until: datetime | None) -> bool:
        """That instant is known and still to come."""
        return until is not None and self.now < until

    @property
    def live(self) -> bool:
        return self.consent in axes.LIVE

    @property
    def just_renewed(self) -> bool:
        """The renewal is less than six hours old: rows may be under way (`facts/help-page.da.txt`)."""
        return self.live and self.before(axes.promised_until(self.facts))


Holds = Callable[[View], bool]
Until = Callable[[View], datetime | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table. `situation` is a catalogue id or None; `act` may depend on what is known.

    It holds for a consent that is one of `said` and an outcome that is one of `ended` (empty: any), when `holds`.
    """

    situation: str | None
    verdict: Verdict
    holds: Holds | None = None
    act: Callable[[View], Act | None] | None = None
    until: Until | None = None
    said: tuple[Consent, ...] = ()
    ended: tuple[Fetch, ...] = ()


_SUPERVISED_PROOF = timedelta(days=1)
"""A bank that gave data so long after the login has shown that it can do without the customer."""

_FAILING = (Fetch.BANK_DOWN, Fetch.PROVIDER_DOWN, Fetch.INTERNAL_ERROR, Fetch.PARTIAL)
_WORKS = (Fetch.OK, Fetch.OK_EMPTY)
_LEDGER_SAYS_NO = ("refused", "gone")
_LEDGER_AWAY = ("provider_down", "unreachable", "rate_limited", "in_progress", "malformed")
_ENDED = tuple(consent for consent in Consent if consent not in (*axes.LIVE, Consent.REMOVED))
"""Without a live consent only the customer can bring one, whatever else is true."""


# -- what may be pressed ---------------------------------------------------------------------------------------


def _invite(view: View) -> Act | None:
    """Renew, or connect where nothing ever was connected; not beside a young link, nor so soon after a renewal."""
    if axes.case_is_young(view.facts, view.now) or view.just_renewed:
        return None
    never = view.consent is Consent.NONE or view.facts.case_kind is Act.CONNECT
    return Act.CONNECT if never and axes.began_at(view.facts) is None else Act.RENEW


def _sync(view: View) -> Act | None:
    """Synchronise; but what was renewed a moment ago is left in peace."""
    return None if view.just_renewed else Act.SYNC


# -- what is seen ----------------------------------------------------------------------------------------------


def _both(first: Holds | None, second: Holds) -> Holds:
    return second if first is None else lambda view: first(view) and second(view)


def _last(*kinds: str) -> Holds:
    return lambda view: view.facts.last_outcome in kinds


def _held(reason: HeldReason) -> Holds:
    return lambda view: view.facts.held > 0 and view.facts.held_reason == reason


def _inside(*scopes: str) -> Holds:
    return lambda view: view.facts.incident in scopes


def _ledger(*outcomes: str) -> Holds:
    return lambda view: view.facts.queued > 0 and view.facts.delivery_outcome in outcomes


def _noted(*notes: str) -> Holds:
    """The customer has logged in, but not at what the connection needs (law 6)."""
    return lambda view: view.facts.case_stage is Stage.AUTHORISED and view.facts.case_note in notes


def _bank_alive(view: View) -> bool:
    """Removed here, but by the bank's forecast its consent lives on (law 8)."""
    return view.before(view.facts.expires_at)


def _proving(view: View) -> bool:
    """The customer has logged in and we have not yet seen that it works (law 6)."""
    return not view.live and view.facts.case_stage in (Stage.AUTHORISED, Stage.MATCHED, Stage.FETCHED)


def _proving_until(view: View) -> datetime | None:
    opened = view.facts.case_opened_at
    return None if opened is None else axes.plus(opened, PROMISE)


def _proof_is_due(view: View) -> bool:
    return _proving(view) and view.before(_proving_until(view))


def _twin(view: View) -> bool:
    """Another connection brings the same account: this one is to be tidied up, not renewed."""
    return view.facts.twin is not None and not _proving(view)


def _no_mail(view: View) -> bool:
    """The customer has to log in, and neither the link nor the code can reach him."""
    return view.facts.mail_refused and not _proving(view)


def _rows_under_way(view: View) -> bool:
    """Renewed less than six hours ago, and nothing has come since (`facts/aiia-economic.md` §4 no. 5)."""
    facts = view.facts
    if facts.renewed_at is None or not view.just_renewed:
        return False
    if facts.last_fetched is None or facts.last_fetched < facts.renewed_at:
        return True
    if facts.last_synchronized is not None and facts.last_synchronized < facts.renewed_at:
        return True
    return facts.sync_failed or facts.last_outcome != "ok"


def _limit_grace(view: View) -> datetime:
    return axes.plus(axes.limited_until(view.facts), axes.RETRY_GRACE)


_limit_over = _last("rate_limited")
"""A rate limit has ended, and the fetch that should follow it has not come."""


def _not_tried_lately(view: View) -> bool:
    """A failure that nothing has tried again for too long; an error needs a way out (`facts/operations.md` §0.7)."""
    failed = view.outcome in _FAILING or _limit_over(view)
    return failed and not view.before(axes.tried_until(view.facts))


def _starved(view: View) -> bool:
    """The next fetch was due long ago and nobody came; no failure and no missing login explains that."""
    facts = view.facts
    if facts.sync_failed or facts.last_outcome in ("rate_limited", "gone"):
        return False
    starved = axes.starved_from(facts)
    return starved is not None and not view.before(starved)


def _ahead(view: View) -> bool:
    """The forecast end, or the usual one where the bank states none, is more than a renewal's lead away."""
    facts = view.facts
    end = facts.usual_end_at if facts.expires_at is None else facts.expires_at
    return end is not None and view.before(axes.plus(end, -axes.EXPIRING_LEAD))


def _usually_over(view: View) -> bool:
    """By experience the consent soon ends, and no day that the bank has stated comes before that (law 12)."""
    facts = view.facts
    usual = axes.usual_from(facts)
    return usual is not None and not view.before(usual)


def _dies_early(view: View) -> bool:
    return view.facts.expires_at is not None and _usually_over(view)


def _asked(view: View) -> bool:
    """The bank, or Aiia, goes on only with the customer."""
    return view.facts.sync_failed or view.outcome is Fetch.CUSTOMER_ACTION or view.outcome is Fetch.SUSPENDED


def _asked_soon(view: View) -> bool:
    """A link is out, or one will be needed in a few days."""
    return view.consent is Consent.EXPIRING or view.facts.case_stage in axes.WITH_CUSTOMER or _usually_over(view)


def _sync_failed(view: View) -> bool:
    return view.facts.sync_failed


def _never_unattended(view: View) -> bool:
    """A sync wanted the customer, and since he last logged in the bank has never given data without him."""
    facts, began = view.facts, axes.began_at(view.facts)
    if not facts.sync_failed or began is None or facts.last_synchronized is None:
        return False
    return facts.last_synchronized < axes.plus(began, _SUPERVISED_PROOF)


def _overdue(view: View) -> bool:
    """Nothing has come for too long, counted from the last data, else from the consent's beginning (law 3)."""
    facts = view.facts
    if facts.last_fetched is not None:
        return not view.before(axes.fresh_until(facts))
    if view.outcome in _WORKS:
        return True
    began = axes.began_at(facts)
    return began is not None and not view.before(axes.plus(began, timedelta(seconds=facts.stale_after)))


def _starting(view: View) -> bool:
    """Nothing has been tried yet, and that is no wonder."""
    return not _overdue(view)


def _start_until(view: View) -> datetime | None:
    began = axes.began_at(view.facts)
    until = None if began is None else axes.plus(began, PROMISE)
    return until if view.before(until) else None


def _late(view: View) -> bool:
    return view.transfer is Transfer.LATE


def _doubted(view: View) -> bool:
    return view.facts.doubted > 0 or (view.facts.held > 0 and view.facts.held_reason == HeldReason.RENEWAL_NOT_ACCEPTED)


def _none_shown(view: View) -> bool:
    """The consent lives, and the bank shows none of the accounts that it was given for."""
    return 0 < view.facts.accounts <= view.facts.orphaned


# -- the table -------------------------------------------------------------------------------------------------

_C, _W, _O, _I, _F = Verdict.CUSTOMER, Verdict.WAIT, Verdict.OPERATOR, Verdict.INCIDENT, Verdict.FINE


def _rather(when: Holds | None = None, said: tuple[Consent, ...] = ()) -> tuple[Rule, ...]:
    """Where the customer has to log in: what makes it useless, or wrong, to ask him for the same once more."""
    return (
        Rule("wrong_connector", _C, _both(when, _noted("wrong_entry")), _invite, said=said),
        Rule("missing_rights", _C, _both(when, _noted("no_accounts")), _invite, said=said),
        Rule("renewal_unproven", _O, _both(when, _noted("no_account_matched")), said=said),
        Rule("second_connection", _O, _both(when, lambda v: _twin(v) or _noted("accounts_elsewhere")(v)), said=said),
    )


RULES: tuple[Rule, ...] = (
    Rule("removed_consent_alive", _F, _bank_alive, said=(Consent.REMOVED,)),
    Rule(None, _F, said=(Consent.REMOVED,)),
    Rule("own_credentials", _I, _last("refused_credentials"), ended=(Fetch.INTERNAL_ERROR,)),
    # Without a live consent nothing else matters, inside an incident or not.
    *_rather(said=_ENDED),
    Rule("first_fetch", _W, _proof_is_due, until=_proving_until, said=_ENDED),
    Rule("renewal_unproven", _O, _proving, said=_ENDED),
    Rule("hub_locked_out", _O, _no_mail, said=_ENDED),
    Rule("awaiting_customer", _C, act=_invite, said=(Consent.AWAITING_CUSTOMER,)),
    Rule("consent_revoked", _C, act=_invite, said=(Consent.REVOKED_BY_CUSTOMER, Consent.REVOKED_BY_BANK)),
    Rule("renewal_refused", _C, act=_invite, said=(Consent.REJECTED,)),
    Rule("superseded", _C, act=_invite, said=(Consent.SUPERSEDED,)),
    Rule("not_connected", _O, act=_invite, said=(Consent.NONE,)),
    Rule("sync_before_renew", _C, _sync_failed, _invite, said=(Consent.EXPIRED,)),
    Rule("renewal_early", _C, _ahead, _invite, said=(Consent.EXPIRED,)),
    Rule("renewal_due", _C, act=_invite, said=(Consent.EXPIRED,)),
    # A live consent: what stops the data, and who can do something about it.
    Rule("rate_limited", _W, until=lambda v: axes.limited_until(v.facts), ended=(Fetch.RATE_LIMITED,)),
    # Inside an incident nobody is asked, and what follows from that is nobody's but the bank's or Aiia's (law 5).
    Rule("bank_outage", _I, _inside("bank", "cluster")),
    Rule("provider_fault", _I, _inside("provider")),
    Rule("own_credentials", _I, _inside("own")),
    # What is not tried any more says nothing of how the bank is now.
    Rule("stuck_in_error", _O, _not_tried_lately, _sync),
    Rule("starved", _O, _starved, ended=(*_WORKS, *_FAILING)),
    Rule("bank_outage", _I, ended=(Fetch.BANK_DOWN,)),
    Rule("provider_fault", _I, ended=(Fetch.PROVIDER_DOWN,)),
    Rule("renewed_wait", _W, _rows_under_way, until=lambda v: axes.promised_until(v.facts)),
    # Only the customer can go on.
    *_rather(_asked),
    Rule("hub_locked_out", _O, _both(_asked, _no_mail)),
    Rule("suspended", _C, act=_invite, ended=(Fetch.SUSPENDED,)),
    Rule("sync_before_renew", _C, _sync_failed, _invite, ended=(Fetch.CUSTOMER_ACTION,)),
    Rule("renewal_early", _C, _ahead, _invite, said=(Consent.VALID,), ended=(Fetch.CUSTOMER_ACTION,)),
    Rule("renewal_due", _C, act=_invite, ended=(Fetch.CUSTOMER_ACTION,)),
    Rule("supervised_only", _C, _never_unattended, _invite),
    Rule("sync_before_renew", _C, _sync_failed, _invite),
    Rule("consent_gone", _O, _last("gone"), _invite, ended=(Fetch.INTERNAL_ERROR,)),
    Rule("unexplained_error", _O, act=_sync, ended=(Fetch.INTERNAL_ERROR,)),
    Rule("rate_limited", _W, lambda v: _limit_over(v) and v.before(_limit_grace(v)), until=_limit_grace),
    Rule("stuck_in_error", _O, _limit_over, _sync),
    # The data come; do the rows arrive?
    Rule("ledger_refuses", _I, _ledger("refused_credentials")),
    Rule("ledger_refuses", _O, _ledger(*_LEDGER_SAYS_NO)),
    Rule("transfer_late", _I, _both(_late, _ledger(*_LEDGER_AWAY))),
    Rule("transfer_late", _O, _late),
    Rule("renewal_doubted", _O, _doubted),
    Rule("no_ledger_account", _O, _held(HeldReason.NO_LEDGER_ACCOUNT)),
    Rule("suspected_duplicates", _O, _held(HeldReason.SUSPECTED_DUPLICATE)),
    Rule("rows_rejected", _O, lambda v: v.facts.rejected > 0),
    # Nothing is broken that says so.
    Rule("first_fetch", _W, _starting, until=_start_until, ended=(Fetch.NEVER,)),
    *_rather(),
    Rule("missing_rights", _C, _none_shown, _invite),
    Rule("stale_silent", _O, _overdue, _sync),
    Rule("partly_fetched", _O, act=_sync, ended=(Fetch.PARTIAL,)),
    # The customer will be needed.
    Rule("hub_locked_out", _O, _both(_asked_soon, _no_mail)),
    Rule("renewal_due", _C, act=_invite, said=(Consent.EXPIRING,)),
    Rule("early_death", _C, _dies_early, _invite),
    Rule("renewal_due", _C, _usually_over, _invite),
    Rule("account_vanished", _C, lambda v: v.facts.orphaned > 0, _invite),
    # All works; a person at leisure looks at what has come, what makes the books wrong first.
    Rule("gap_after_lapse", _O, lambda v: v.facts.gap_from is not None and v.facts.gap_to is not None),
    Rule("rows_missing", _O, lambda v: v.facts.rows_missing > 0, _sync),
    Rule("row_changed", _O, lambda v: v.facts.changed_rows > 0),
    Rule("balance_differs", _O, lambda v: v.facts.balance_off > 0),
    Rule("ok_empty", _O, lambda v: v.facts.silent > 0, ended=_WORKS),
    Rule("events_missed", _O, lambda v: v.facts.events_silent_since is not None),
    Rule("account_not_offered", _O, lambda v: v.facts.unseen > 0, ended=_WORKS),
    Rule("new_account_absent", _C, lambda v: v.facts.unselected, _invite),
    Rule("self_healed", _F, lambda v: v.before(axes.healed_until(v.facts)), ended=_WORKS),
    Rule(None, _F, said=axes.LIVE, ended=_WORKS),
    Rule("unexplained_error", _O, act=_sync),
)
"""Order is priority: what makes other things pointless stands first; the last row makes the table total."""


@cache
def rules_for(consent: Consent, outcome: Fetch) -> tuple[Rule, ...]:
    """The rows that may hold for these two, in order; the last of them holds without a condition."""
    found: list[Rule] = []
    for rule in RULES:
        if (not rule.said or consent in rule.said) and (not rule.ended or outcome in rule.ended):
            found.append(rule)
            if rule.holds is None:
                break
    return tuple(found)

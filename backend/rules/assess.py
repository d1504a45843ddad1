"""Health is computed, with its reasons (laws 1 to 5): one ordered table, the first row that holds decides."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from backend.model.facts import PROMISE, Act, Consent, Fetch, HeldReason, Stage, Status, Transfer, Verdict
from backend.model.health import Assessment, HealthFacts
from backend.rules import axes
from backend.rules.reasons import chain


@dataclass(frozen=True, slots=True)
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


Until = Callable[[View], datetime | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table. `situation` is a catalogue id or None; `act` may depend on what is known."""

    situation: str | None
    holds: Callable[[View], bool]
    verdict: Verdict
    act: Callable[[View], Act | None] | None = None
    until: Until | None = None


_SUPERVISED_PROOF = timedelta(days=1)
"""A bank that gave data so long after the login has shown that it can do without the customer."""

_FAILING = (Fetch.BANK_DOWN, Fetch.PROVIDER_DOWN, Fetch.INTERNAL_ERROR, Fetch.PARTIAL)
_LEDGER_SAYS_NO = ("refused", "gone")
_LEDGER_AWAY = ("provider_down", "unreachable", "rate_limited", "in_progress", "malformed")


def _invite(view: View) -> Act | None:
    """Renew, or connect where nothing ever was connected; not beside a young link, nor so soon after a renewal."""
    if axes.case_is_young(view.facts, view.now) or view.just_renewed:
        return None
    never = view.consent is Consent.NONE or view.facts.case_kind is Act.CONNECT
    return Act.CONNECT if never and axes.began_at(view.facts) is None else Act.RENEW


def _sync(view: View) -> Act | None:
    """Synchronise; but what was renewed a moment ago is left in peace."""
    return None if view.just_renewed else Act.SYNC


def _said(*consents: Consent) -> Callable[[View], bool]:
    return lambda view: view.consent in consents


def _ended(*outcomes: Fetch) -> Callable[[View], bool]:
    return lambda view: view.outcome in outcomes


def _outcome(*kinds: str) -> Callable[[View], bool]:
    return lambda view: view.facts.last_outcome in kinds


def _held(reason: HeldReason) -> Callable[[View], bool]:
    return lambda view: view.facts.held > 0 and view.facts.held_reason == reason


def _inside(scope: str) -> Callable[[View], bool]:
    return lambda view: view.facts.incident == scope


def _proving(view: View) -> bool:
    """The customer has logged in and we have not yet seen that it works (law 6)."""
    return not view.live and view.facts.case_stage in (Stage.AUTHORISED, Stage.MATCHED, Stage.FETCHED)


def _wrong_login(view: View) -> bool:
    """The customer has logged in, but at other accounts than the connection's, or at none (law 6)."""
    facts = view.facts
    return facts.case_stage is Stage.AUTHORISED and facts.case_note in ("no_accounts", "no_account_matched")


def _proving_until(view: View) -> datetime | None:
    opened = view.facts.case_opened_at
    return None if opened is None else axes.plus(opened, PROMISE)


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


def _limit_over(view: View) -> bool:
    """A rate limit has ended, and the fetch that should follow it has not come."""
    return view.facts.last_outcome == "rate_limited"


def _limit_grace(view: View) -> datetime:
    return axes.plus(axes.limited_until(view.facts), axes.RETRY_GRACE)


def _not_tried_lately(view: View) -> bool:
    """A failure that nothing has tried again for too long; an error needs a way out (`facts/operations.md` §0.7)."""
    failed = _limit_over(view) or view.outcome in _FAILING
    return failed and not view.before(axes.tried_until(view.facts))


def _asks_early(view: View) -> bool:
    """The bank wants the customer although its own forecast says that the consent still holds."""
    return view.consent is Consent.VALID and view.facts.expires_at is not None


def _login_needed(view: View) -> bool:
    return view.outcome is Fetch.CUSTOMER_ACTION


def _never_unattended(view: View) -> bool:
    """A sync wanted the customer, and since he last logged in the bank has never given data without him."""
    facts, began = view.facts, axes.began_at(view.facts)
    if not facts.sync_failed or _login_needed(view) or began is None or facts.last_synchronized is None:
        return False
    return facts.last_synchronized < axes.plus(began, _SUPERVISED_PROOF)


def _starting(view: View) -> bool:
    """Nothing has been tried yet, and that is no wonder."""
    return view.outcome is Fetch.NEVER and not _overdue(view)


def _overdue(view: View) -> bool:
    """Nothing has come for too long, counted from the last data, else from the consent's beginning."""
    facts = view.facts
    if facts.last_fetched is not None:
        return not view.before(axes.fresh_until(facts))
    began = axes.began_at(facts)
    return began is not None and not view.before(axes.plus(began, timedelta(seconds=facts.stale_after)))


def _start_until(view: View) -> datetime | None:
    began = axes.began_at(view.facts)
    until = None if began is None else axes.plus(began, PROMISE)
    return until if view.before(until) else None


def _ledger(*outcomes: str) -> Callable[[View], bool]:
    return lambda view: view.facts.queued > 0 and view.facts.delivery_outcome in outcomes


def _late(view: View) -> bool:
    return view.transfer is Transfer.LATE


def _both(first: Callable[[View], bool], second: Callable[[View], bool]) -> Callable[[View], bool]:
    return lambda view: first(view) and second(view)


def _limit_until(view: View) -> datetime:
    return axes.limited_until(view.facts)


def _bank_alive(view: View) -> bool:
    """Removed here, but by the bank's forecast its consent lives on (law 8)."""
    return view.consent is Consent.REMOVED and view.before(view.facts.expires_at)


_C, _W, _O, _I, _F = Verdict.CUSTOMER, Verdict.WAIT, Verdict.OPERATOR, Verdict.INCIDENT, Verdict.FINE

RULES: tuple[Rule, ...] = (
    Rule("removed_consent_alive", _bank_alive, _F),
    Rule(None, _said(Consent.REMOVED), _F),
    Rule("own_credentials", _outcome("refused_credentials"), _I),
    Rule("renewal_unproven", _wrong_login, _O),
    # Without a live consent nothing else matters.
    Rule("awaiting_customer", _said(Consent.AWAITING_CUSTOMER), _C, _invite),
    Rule("first_fetch", lambda v: _proving(v) and v.before(_proving_until(v)), _W, until=_proving_until),
    Rule("renewal_unproven", _proving, _O),
    Rule("consent_revoked", _said(Consent.REVOKED_BY_CUSTOMER, Consent.REVOKED_BY_BANK), _C, _invite),
    Rule("renewal_refused", _said(Consent.REJECTED), _C, _invite),
    Rule("second_connection", _said(Consent.SUPERSEDED), _O),
    Rule("not_connected", _said(Consent.NONE), _O, _invite),
    Rule("sync_before_renew", lambda v: v.consent is Consent.EXPIRED and v.facts.sync_failed, _C, _invite),
    Rule("renewal_due", _said(Consent.EXPIRED), _C, _invite),
    # A live consent: what stops the data, and who can do something about it.
    Rule("rate_limited", _ended(Fetch.RATE_LIMITED), _W, until=_limit_until),
    # Inside an incident nobody is asked, and what follows from that is nobody's but the bank's or Aiia's (law 5).
    Rule("bank_outage", _inside("bank"), _I),
    Rule("provider_fault", _inside("provider"), _I),
    Rule("stuck_in_error", _not_tried_lately, _O, _sync),
    Rule("bank_outage", _ended(Fetch.BANK_DOWN), _I),
    Rule("provider_fault", _ended(Fetch.PROVIDER_DOWN), _I),
    Rule("renewed_wait", _rows_under_way, _W, until=lambda v: axes.promised_until(v.facts)),
    Rule("sync_before_renew", lambda v: _login_needed(v) and v.facts.sync_failed, _C, _invite),
    Rule("renewal_early", _both(_login_needed, _asks_early), _C, _invite),
    Rule("renewal_due", _login_needed, _C, _invite),
    Rule("supervised_only", _never_unattended, _C, _invite),
    Rule("sync_before_renew", lambda v: v.facts.sync_failed, _C, _invite),
    Rule("consent_gone", _outcome("gone"), _O, _invite),
    Rule("unexplained_error", _ended(Fetch.INTERNAL_ERROR), _O, _sync),
    Rule("rate_limited", lambda v: _limit_over(v) and v.before(_limit_grace(v)), _W, until=_limit_grace),
    Rule("stuck_in_error", _limit_over, _O, _sync),
    # The data come; do the rows arrive?
    Rule("ledger_refuses", _ledger("refused_credentials"), _I),
    Rule("ledger_refuses", _ledger(*_LEDGER_SAYS_NO), _O),
    Rule("transfer_late", _both(_late, _ledger(*_LEDGER_AWAY)), _I),
    Rule("transfer_late", _late, _O),
    Rule("no_ledger_account", _held(HeldReason.NO_LEDGER_ACCOUNT), _O),
    Rule("suspected_duplicates", _held(HeldReason.SUSPECTED_DUPLICATE), _O),
    Rule("rows_rejected", lambda v: v.facts.rejected > 0, _O),
    # Nothing is broken that says so.
    Rule("first_fetch", _starting, _W, until=_start_until),
    Rule("stale_silent", _overdue, _O, _sync),
    Rule("partly_fetched", _ended(Fetch.PARTIAL), _O, _sync),
    Rule("renewal_due", _said(Consent.EXPIRING), _C, _invite),
    Rule("account_vanished", lambda v: v.facts.orphaned > 0, _C, _invite),
    Rule(None, lambda v: v.live and _ended(Fetch.OK, Fetch.OK_EMPTY)(v), _F),
    Rule("unexplained_error", lambda v: True, _O, _sync),
)
"""Order is priority: what makes other things pointless stands first; the last row makes the table total."""


def assess(facts: HealthFacts, now: datetime) -> Assessment:
    """What is true of a connection at `now` (aware): three axes, who must act, what to press or until when to wait.

    The answer stays the same until `next_change_at` as long as the facts do.
    """
    view, rule, act, until = found = _decide(facts, now)
    told = _told(found)
    later = sorted({at for at in axes.turning_points(facts) if at > now})
    return Assessment(
        status=Status.AKTIV if view.live else Status.INAKTIV,
        consent=view.consent,
        fetch=view.fetch,
        transfer=view.transfer,
        verdict=rule.verdict,
        action=act,
        wait_until=until,
        situation=rule.situation,
        reasons=chain(facts, view.consent, view.fetch, view.transfer, rule.situation, until),
        next_change_at=next((at for at in later if _told(_decide(facts, at)) != told), None),
    )


_Decision = tuple[View, Rule, Act | None, datetime | None]


def _decide(facts: HealthFacts, now: datetime) -> _Decision:
    """The row of the table that holds, and what it says: all of the answer but its words."""
    outcome = axes.outcome_of(facts, now)
    view = View(
        facts=facts,
        now=now,
        consent=axes.consent_of(facts, now),
        outcome=outcome,
        fetch=Fetch.RUNNING if axes.is_running(facts, now) else outcome,
        transfer=axes.transfer_of(facts, now),
    )
    rule = next(rule for rule in RULES if rule.holds(view))
    return view, rule, rule.act(view) if rule.act else None, rule.until(view) if rule.until else None


def _told(decision: _Decision) -> tuple[object, ...]:
    """What two moments have to have in common to be told alike."""
    view, rule, act, until = decision
    return view.consent, view.fetch, view.transfer, rule.situation, rule.verdict, act, until

"""What happens in the world for each situation that operators meet (`facts/aiia-economic.md` §4), from outside.

A play does to a customer's consents, accounts, bank, mailbox or ledger what would make the situation true. It knows
nothing of forny's rules: it only says which commands must still run, as people or customers would give them.
"""

from datetime import timedelta

from backend.sandbox import banks
from backend.sandbox.banks import Mood
from backend.sandbox.courier import Spoil
from backend.sandbox.dice import share
from backend.sandbox.fleet import Customer
from backend.sandbox.stage import AWAY, PLAYS, SEEN, Outcome, Stage, play
from backend.sandbox.statement import Link, Trouble, views
from backend.sandbox.world import LOGINS_A_DAY

__all__ = ["PLAYS", "may_be_asked"]

# -- the consent -----------------------------------------------------------------------------------------------


@play("renewal_due")
def _due(stage: Stage) -> Outcome:
    """The consent ends in three days, and Aiia tells so."""
    stage.end(days=3)
    return (), stage.renewed


@play("renewal_early")
def _early(stage: Stage) -> Outcome:
    """The bank wants the customer again, weeks before the day that it had named."""
    stage.world.sync(stage.consent)
    stage.consent.died_at = stage.now
    stage.news()
    return (), stage.renewed


@play("supervised_only", bank=banks.FIRST_SUPERVISED, days=1)
def _supervised(stage: Stage) -> Outcome:
    """The bank has never let anybody in without the customer, and somebody synchronises."""
    return (f"forny sync {stage.agreement} --yes",), ()


@play("sync_before_renew")
def _sync_first(stage: Stage) -> Outcome:
    """After a day of data the bank wants the customer, and somebody synchronises instead of renewing."""
    # Just after one of Aiia's own syncs, so that it is the sync by hand, and no event, that finds it out.
    since = stage.world.tick_before(stage.consent, stage.now + timedelta(hours=34)) + timedelta(minutes=1)
    stage.consent.supervised_since = since
    hours = (since - stage.now) // timedelta(hours=1) + 3
    return (*stage.wait(hours, step=18), f"forny sync {stage.agreement} --yes"), stage.renewed


@play("renewed_wait")
def _wait(stage: Stage) -> Outcome:
    """The customer renews, and his bank takes four hours to deliver."""
    stage.end()
    stage.consent.slowness = timedelta(hours=4)
    return stage.renewed, stage.wait(5)


@play("consent_revoked")
def _revoked(stage: Stage) -> Outcome:
    """The customer withdraws his consent in the hub."""
    stage.world.revoke(stage.consent, "customer")
    return (), stage.renewed


@play("awaiting_customer")
def _link(stage: Stage) -> Outcome:
    """The consent ends, and the customer lets the mailed link lie."""
    stage.end()
    return (f"forny renew {stage.agreement} --yes",), (stage.walk,)


@play("renewal_refused")
def _refused(stage: Stage) -> Outcome:
    """The consent ends, and the customer breaks the renewal off at his bank."""
    stage.end()
    return (f"forny renew {stage.agreement} --yes", f"{stage.walk} --cancel"), stage.renewed


@play("not_connected")
def _unconnected(stage: Stage) -> Outcome:
    """The accounting system knows a bank of the customer's that nobody has connected."""
    stage.claim(None, stage.other_bank().name, [])
    return (stage.imported(),), ()


@play("first_fetch")
def _first(stage: Stage) -> Outcome:
    """The customer renews; his bank takes half a day to deliver, and Aiia fails at the first fetch."""
    stage.end()
    stage.consent.slowness = timedelta(hours=12)
    stage.consent.trouble_at_login = Trouble(500, "InternalError", "Something went wrong")
    return stage.renewed, stage.mended


@play("renewal_unproven")
def _unproven(stage: Stage) -> Outcome:
    """The customer renews; his bank takes half a day to deliver, and Aiia fails at every fetch for seven hours."""
    return (*_first(stage)[0], *stage.wait(7)), stage.mended


@play("removed_consent_alive")
def _removed(stage: Stage) -> Outcome:
    """Somebody removes the connection; its consent at the bank has weeks to live."""
    return (f"forny remove {stage.agreement} --yes",), ()


@play("consent_gone")
def _gone(stage: Stage) -> Outcome:
    """Aiia answers 410 to everything about the consent."""
    stage.trouble(410, "Gone", "The connection no longer exists")
    return (), stage.mended


@play("suspended")
def _suspended(stage: Stage) -> Outcome:
    """Aiia answers 403 `ConnectionSuspended`. The word is an assumption: no document that we know names it."""
    stage.trouble(403, "ConnectionSuspended", "The connection is suspended after too many failed logins")
    return (), stage.mended


@play("superseded")
def _superseded(stage: Stage) -> Outcome:
    """The customer's user also connects another company at this bank, and the bank ends the consent before."""
    bank, other = stage.consent.bank.kind, stage.neighbour(stage.consent.bank.kind.id)
    stage.consent.exclusive = True
    stage.claim(None, bank.name, [], other)
    connect = f'forny connect {other.agreement_number} --bank "{bank.name}" --yes'
    return (stage.imported(other), connect, f"{stage.walk} --bank {bank.id}"), ()


@play("early_death", bank="DK_Nykredit")
def _dies_early(stage: Stage) -> Outcome:
    """Three of the bank's customers renew, and their consents die nine days later; this one renewed in between."""
    bank = stage.consent.bank.kind.id
    others = [stage.neighbour(bank) for _ in range(3)]
    numbers = " ".join(other.agreement_number for other in others)
    imports = tuple(stage.imported(other) for other in others)
    walks = tuple(f"forny sandbox walk {other.email}" for other in others)
    deaths = tuple(f"forny sandbox turn consent/die consent_id={other.connections[0].consent_id}" for other in others)
    first = (*imports, f"forny renew {numbers} --yes", *walks, *stage.wait(72, step=72))
    return (*first, *stage.renewed, *stage.wait(144, step=72), *deaths), stage.renewed


@play("self_healed")
def _healed(stage: Stage) -> Outcome:
    """The bank wants the customer before the day, and he logs in at the hub without being asked."""
    stage.world.sync(stage.consent)
    stage.consent.died_at = stage.now
    stage.news()
    return (SEEN, f"forny sandbox login {stage.customer.email} --bank {stage.consent.bank.kind.id}"), ()


# -- fetching --------------------------------------------------------------------------------------------------


@play("rate_limited")
def _limited(stage: Stage) -> Outcome:
    """The bank's logins without the customer are used up for today, and somebody synchronises."""
    stage.consent.logins = [stage.now] * LOGINS_A_DAY
    return (f"forny sync {stage.agreement} --yes",), stage.wait(25, step=25)


@play("bank_outage", bank="DK_RingkjobingLandbobank")
def _outage(stage: Stage) -> Outcome:
    """The bank is down, and Aiia's list of banks says so."""
    bank = stage.consent.bank
    bank.moods.append((stage.now, Mood.DOWN))
    return (), (f"forny sandbox mood {bank.kind.id} ok", *stage.wait(1))


@play("provider_fault")
def _provider(stage: Stage) -> Outcome:
    """Aiia answers 500 to everything about this one consent."""
    stage.trouble(500, "InternalError", "Something went wrong")
    return (), stage.mended


@play("unexplained_error")
def _unexplained(stage: Stage) -> Outcome:
    """Aiia answers 422 with a code that nobody knows."""
    stage.trouble(422, "E7031", "Unexpected state of aggregate")
    return (), stage.mended


@play("partly_fetched", accounts=2)
def _partly(stage: Stage) -> Outcome:
    """Aiia gives one account's rows and fails at another's."""
    stage.consent.links[-1].account.trouble = Trouble(500, "InternalError", "Something went wrong")
    return (), stage.mended


@play("stale_silent")
def _silent(stage: Stage) -> Outcome:
    """Aiia's own syncs of this consent stop; its store goes on answering, and nothing says a word."""
    stage.world.sync(stage.consent)
    stage.consent.asleep_since = stage.now
    return stage.wait(40, step=20), stage.mended


@play("stuck_in_error")
def _stuck(stage: Stage) -> Outcome:
    """An unknown failure, and then nobody tries again for two days."""
    stage.trouble(422, "E7031", "Unexpected state of aggregate")
    return (SEEN, AWAY, *stage.wait(48, step=48)), stage.mended


@play("starved", everybody=True)
def _starved(stage: Stage) -> Outcome:
    """All is well outside, but no agent comes to fetch for two days."""
    return (SEEN, AWAY, *stage.wait(48, step=48)), ("# with the agent running",)


@play("own_credentials", everybody=True)
def _own(stage: Stage) -> Outcome:
    """Aiia does not know our client secret any more: somebody rotated it."""
    stage.world.client_secret = "rotated-elsewhere"  # noqa: S105 - what the sandbox wants, known to nobody
    return stage.wait(2), ("forny sandbox turn client-secret", *stage.wait(1))


@play("events_missed", everybody=True)
def _missed(stage: Stage) -> Outcome:
    """Webhooks are lost from now on, while there is news at the banks."""
    stage.courier.spoil(Spoil.STOP, None)
    return stage.wait(26, step=13), ("forny sandbox turn webhooks/fault how=null", *stage.wait(7))


# -- accounts --------------------------------------------------------------------------------------------------


@play("account_vanished", accounts=2)
def _vanished(stage: Stage) -> Outcome:
    """The bank no longer gives out one of two accounts."""
    stage.consent.links[-1].account.closed_at = stage.now
    stage.sync()
    return (), stage.mended


@play("new_account_absent")
def _unticked(stage: Stage) -> Outcome:
    """The customer gets a new account at his bank, and Aiia says that not all are ticked; it is asked once a day."""
    stage.new_account("Ny driftskonto")
    stage.consent.all_selected = False
    stage.sync()
    return stage.wait(25, step=25), stage.renewed


@play("no_ledger_account")
def _unmapped(stage: Stage) -> Outcome:
    """The customer ticks another account in the hub, and the accounting system has no ledger account for it."""
    kind = stage.new_account("Ny konto")
    made = stage.there[-1]
    stage.consent.links.append(Link(made))
    stage.row(125_000, "Indbetaling på ny konto", account=made)
    stage.sync()
    stage.claim(stage.consent.id, stage.consent.bank.kind.name, [kind])
    return (), (stage.imported(),)


@play("account_not_offered")
def _not_offered(stage: Stage) -> Outcome:
    """The accounting system expects rows of a loan account, which banks do not give out."""
    stage.claim(stage.consent.id, stage.consent.bank.kind.name, [stage.new_account("Erhvervslån", offered=False)])
    return (stage.imported(),), ()


@play("wrong_connector")
def _retail(stage: Stage) -> Outcome:
    """The customer is to connect another bank, and chooses the entry for private customers there."""
    kind = stage.new_account("Driftskonto", offered=False)
    stage.claim(None, "Danske Bank", [kind])
    connect = f'forny connect {stage.agreement} --bank "Danske Bank" --yes'
    return (stage.imported(), connect, f"{stage.walk} --bank DK_DanskeBank_Privat"), ()


@play("missing_rights")
def _rights(stage: Stage) -> Outcome:
    """The customer logs in, and Aiia shows none of the accounts: his user lacks rights in the company's netbank."""
    stage.end()
    stage.consent.blind = True
    return stage.renewed, (*stage.mended, *stage.renewed)


@play("renewal_doubted", accounts=2)
def _doubted(stage: Stage) -> Outcome:
    """The customer renews, and one of two accounts has become another."""
    stage.end()
    stage.consent.links[-1].account.closed_at = stage.now
    stage.new_account("Ny driftskonto")
    return (*stage.renewed, *stage.wait(7)), ()


@play("second_connection")
def _second(stage: Stage) -> Outcome:
    """The consent ends, and the customer connects the same bank anew instead of renewing."""
    stage.end()
    bank = stage.consent.bank.kind
    return stage.connected(bank), (f'forny remove --filter "agreement:{stage.agreement} is:twin" --yes',)


# -- rows ------------------------------------------------------------------------------------------------------


@play("gap_after_lapse", history=70)
def _gap(stage: Stage) -> Outcome:
    """The consent lapses for twenty days, and after the renewal the bank gives the last week only."""
    for link in stage.consent.links:
        link.account.forgets = True
    stage.end()
    return (*stage.wait(480, step=120), *stage.renewed, *stage.wait(7)), ()


@play("suspected_duplicates")
def _duplicates(stage: Stage) -> Outcome:
    """The bank replaces a row that was delivered by one with another text and id, and does not say so."""
    link, account = stage.consent.links[0], stage.first
    old = next(view for view in views(link, stage.now) if view.state == "Booked")
    at, key = old.place
    account.deleted[key] = (stage.now, at, old.ore)
    account.withheld.add(key)
    stage.row(old.ore, f"{old.text} rettet", at=at)
    stage.sync()
    return (), ()


@play("rows_missing")
def _missing(stage: Stage) -> Outcome:
    """Of seven new rows Aiia gets all but the fourth; the balances count it."""
    # A reserved row has no balance, and among such nobody can tell; so a day without them is taken.
    link = stage.consent.links[0]
    dark = {view.day for view in views(link, stage.now) if view.state == "Reserved"}
    days = [stage.now - timedelta(days=back, minutes=10) for back in range(4)]
    day = next((at for at in days if at.date() not in dark), days[0])
    keys = [
        stage.row(-12_500 - 100 * place, f"Nr. {place} af 7", at=day + timedelta(minutes=place))
        for place in range(1, 8)
    ]
    stage.first.withheld.add(keys[3])
    stage.sync()
    return (), ()


@play("row_changed")
def _changed(stage: Stage) -> Outcome:
    """The bank takes a row back that was delivered."""
    link = stage.consent.links[0]
    view = next(view for view in views(link, stage.now) if view.state == "Booked")
    at, key = view.place
    stage.first.deleted[key] = (stage.now, at, view.ore)
    stage.sync()
    return (), ()


@play("balance_differs", history=30)
def _balance(stage: Stage) -> Outcome:
    """Bank reconciliation rejects a row, its ledger account is barred; an operator leaves the row out for good."""
    _barred(stage)
    return (SEEN, f'forny postings discard --filter "state:rejected agreement:{stage.agreement}" --yes'), ()


@play("ok_empty", days=45, history=70)
def _quiet(stage: Stage) -> Outcome:
    """An account that had rows every week has none any more."""
    for link in stage.consent.links:
        link.account.quiet_since = stage.now
    return stage.wait(480, step=120), stage.mended


@play("ledger_refuses")
def _locked(stage: Stage) -> Outcome:
    """The agreement takes its grant back, and a row is to be delivered."""
    stage.inbox.locked_out.add(stage.agreement)
    stage.row(-31_400, "Til en låst aftale")
    stage.sync()
    return (), (f"forny sandbox turn ledger/lock-out agreement={stage.agreement} locked=false", *stage.wait(1))


@play("transfer_late")
def _late(stage: Stage) -> Outcome:
    """Bank reconciliation does not answer for this agreement for seven hours."""
    stage.inbox.away.add(stage.agreement)
    stage.row(-31_400, "Kommer for sent")
    stage.sync()
    back = f"forny sandbox turn ledger/away agreement={stage.agreement} away=false"
    return (SEEN, *stage.wait(7)), (back, *stage.wait(1))


@play("rows_rejected")
def _barred(stage: Stage) -> Outcome:
    """The ledger account is barred, and a row is to be delivered."""
    ledger = stage.customer.connections[0].ledger[0]
    stage.inbox.barred.add((stage.agreement, str(ledger)))
    stage.row(-31_400, "Til en spærret konto")
    stage.sync()
    free = f"forny sandbox turn ledger/bar agreement={stage.agreement} ledger_account={ledger} barred=false"
    again = f'forny postings accept --filter "state:rejected agreement:{stage.agreement}" --yes'
    return (), (free, again, *stage.wait(1))


# -- the mail --------------------------------------------------------------------------------------------------


@play("hub_locked_out")
def _no_mail(stage: Stage) -> Outcome:
    """The consent ends, and the customer's mail address does not exist any more."""
    stage.end()
    stage.mailbox.gone.add(stage.customer.email.casefold())
    return (f"forny renew {stage.agreement} --yes",), ()


def may_be_asked(customer: Customer) -> bool:
    """Whether Aiia answers which accounts are ticked (§1.8)."""
    return share(customer.connections[0].consent_id, "may-not-ask") >= 0.1

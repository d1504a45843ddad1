"""The situations that operators meet, each with an id that stays the same: 1 to 27 are `facts/aiia-economic.md` §4.

An id stands in the store, in JSON and in filters (`situation:rate_limited`); it is never renamed. `assess` names each
of them from the facts of one connection; what to say to the customer stands in `backend.texts.situations`.
"""

from dataclasses import dataclass

from backend.model.facts import Verdict

_C, _W, _O, _I, _F = Verdict.CUSTOMER, Verdict.WAIT, Verdict.OPERATOR, Verdict.INCIDENT, Verdict.FINE


@dataclass(frozen=True, slots=True)
class Situation:
    """One row of the catalogue: the number in the facts, the id, and for operators, each in a line of plain text:

    what it means, who must act (more than one where it depends), the signal that is observed, and the remedy.
    """

    number: int
    id: str
    meaning: str
    verdicts: tuple[Verdict, ...]
    signal: str
    remedy: str


CATALOGUE: tuple[Situation, ...] = (
    Situation(
        *(1, "renewal_due", "The consent has run out or soon will, and the feed stops.", (_C,)),
        "The stated end (or the usual one, where the bank states none) is near or past, or the bank wants a login.",
        "Renew: the customer follows the link; then wait up to six hours.",
    ),
    Situation(
        *(2, "renewal_early", "The bank asks for a renewal long before the forecast day.", (_C,)),
        "ConnectionUpdateRequired or a refused login while the stated or usual end is more than a week away.",
        "Renew, and tell the customer that it is up to the bank.",
    ),
    Situation(
        *(3, "supervised_only", "The bank lets nobody fetch without the customer.", (_C,)),
        "A synchronise wanted the customer, and no data ever came a day after a login or later.",
        "Explain; the customer logs in by the link each time data are to be fetched.",
    ),
    Situation(
        *(4, "sync_before_renew", "Synchronise was tried where only a renewal helps.", (_C,)),
        "A synchronise failed because the bank wants the customer.",
        "Renew first, then synchronise.",
    ),
    Situation(
        *(5, "renewed_wait", "Renewed less than six hours ago; rows are on their way.", (_W,)),
        "The renewal is younger than six hours, and nothing has come since.",
        "Wait until the stated time; do not renew again.",
    ),
    Situation(
        *(6, "rate_limited", "The bank's allowance is spent until a stated time.", (_W,)),
        "ConnectionRateLimited or status 429; the time stands in the answer.",
        "Wait until the stated time; the next fetch comes by itself.",
    ),
    Situation(
        *(7, "bank_outage", "The bank or its data centre is down; no customer can help.", (_I,)),
        "The bank does not answer Aiia, or many connections of it fail for one cause.",
        "Nothing for the customer to do; the fetches go on by themselves when the bank answers.",
    ),
    Situation(
        *(8, "gap_after_lapse", "Days are missing between the last row before a lapse and the first after it.", (_O,)),
        "No rows between two days, around a time without a working consent.",
        "Fetch the missing days from Aiia's store (up to two years), or from a CSV file; then check the balance.",
    ),
    Situation(
        *(9, "account_vanished", "An account that was connected is no longer given by the bank.", (_C,)),
        "AccountsOrphaned, or the account is listed as orphaned.",
        "Renew and choose the new account; then map it to the ledger account.",
    ),
    Situation(
        *(10, "new_account_absent", "A new account was not ticked at the bank.", (_C,)),
        "Aiia says that not all accounts are selected.",
        "Renew and tick all accounts, if the customer misses one.",
    ),
    Situation(
        *(11, "wrong_connector", "The bank's retail entry was chosen instead of its business entry.", (_C,)),
        "The customer logged in, and only private accounts of the same bank appear.",
        "Renew by a new link, and choose the bank's business entry.",
    ),
    Situation(
        *(12, "missing_rights", "The user lacks rights in the company's netbank.", (_C,)),
        "The login gave no account, or the bank shows none of the connection's accounts any more.",
        "The company's netbank administrator grants access; or, if the account was closed, renew with the new one.",
    ),
    Situation(
        *(13, "account_not_offered", "The account is of a kind that banks do not give out.", (_O,)),
        "An imported account was never shown by the bank, although the fetches work.",
        "Explain that it is no payment account; bring its rows by a CSV file.",
    ),
    Situation(
        *(14, "no_ledger_account", "Rows wait because their account has no ledger account.", (_O,)),
        "Rows are held, and their account has no ledger account.",
        "Choose the ledger account; the rows go on by themselves.",
    ),
    Situation(
        *(15, "suspected_duplicates", "Rows look like ones that are there already, and are held.", (_O,)),
        "Same account, day, amount and text under another id.",
        "Look at the held rows: accept, or discard as duplicates.",
    ),
    Situation(
        *(16, "rows_missing", "The bank shows single rows that the feed does not bring.", (_O,)),
        "An account's balance does not follow from the rows before it.",
        "Wait a day, synchronise, and renew, in that order.",
    ),
    Situation(
        *(17, "row_changed", "The bank changed or deleted a row that was delivered.", (_O,)),
        "A row that bank reconciliation has is different, or deleted, at the bank.",
        "Compare the two, correct the books where they were reconciled, and mark it as seen.",
    ),
    Situation(
        *(18, "hub_locked_out", "The customer cannot log in at Aiia: the mail with the code does not arrive.", (_O,)),
        "The customer's mail server refuses his address while he has to log in.",
        "Find the right address; Mastercard's support moves the profile, given the old and the new one.",
    ),
    Situation(
        *(19, "consent_revoked", "The customer or the bank has withdrawn the consent.", (_C,)),
        "ConsentRevoked or ConnectionRemoved.",
        "Ask whether it was meant; if not, renew.",
    ),
    Situation(
        *(20, "second_connection", "Another connection of the customer brings the same account.", (_O,)),
        "Two connections of one customer with the same IBAN.",
        "Keep the one that works, and remove the other; no row is delivered twice.",
    ),
    Situation(
        *(21, "stale_silent", "Everything looks fine, but nothing has been fetched for too long.", (_O,)),
        "AKTIV, no failure, and the newest data are older than the limit.",
        "Synchronise; if that brings nothing, renew.",
    ),
    Situation(
        *(22, "stuck_in_error", "An old failure is not tried again by anything.", (_O,)),
        "The last fetch failed, and no attempt came after it for too long.",
        "Synchronise.",
    ),
    Situation(
        *(23, "own_credentials", "Our own keys are refused; the whole fleet stands still.", (_I,)),
        "Aiia refuses our client, or the keys of many customers at once.",
        "Put the credentials right (`forny doctor`); if the customers' keys are lost, renew them all.",
    ),
    Situation(
        *(24, "events_missed", "Events from the aggregator did not reach us.", (_O,)),
        "Polling finds news that no webhook told of.",
        "Check the webhook's address and secret at Aiia (`forny doctor`); polling goes on meanwhile.",
    ),
    Situation(
        *(25, "balance_differs", "The bank's balance and what was delivered do not agree.", (_O,)),
        "The bank's balance is not what the delivered and the waiting rows add up to.",
        "Find the last day on which they agree, and work forward from there.",
    ),
    Situation(
        *(26, "unexplained_error", "A failure without a cause that a person can use.", (_O,)),
        "The fetch fails with an answer that means nothing to forny.",
        "Read the answer (`forny why`); synchronise; then ask Mastercard with its ids and times.",
    ),
    Situation(
        *(27, "ledger_refuses", "Bank reconciliation does not take the rows.", (_O, _I)),
        "Deliveries are answered with 401, 403 or 404.",
        "The customer grants the app again; if it is everybody's, put our own token right.",
    ),
)

OWN: tuple[Situation, ...] = (
    Situation(
        *(28, "not_connected", "The customer has not connected the bank yet.", (_O,)),
        "There is no consent and no link.",
        "Make a new connection: a link is sent.",
    ),
    Situation(
        *(29, "awaiting_customer", "A link has been sent and the customer has not finished.", (_C,)),
        "There is no live consent, and a link is out.",
        "Wait for the customer; after three days send a new link.",
    ),
    Situation(
        *(30, "renewal_refused", "The customer broke the login off, or the bank said no.", (_C,)),
        "The customer came back without a consent.",
        "Send a new link.",
    ),
    Situation(
        *(31, "first_fetch", "Connected, and the first fetch is still to come.", (_W,)),
        "The login is done, and nothing has been fetched with it yet.",
        "Wait until the stated time.",
    ),
    Situation(
        *(32, "transfer_late", "Fetched rows have not arrived in time.", (_O, _I)),
        "Rows wait longer than six hours for bank reconciliation.",
        "See what bank reconciliation answers; they are sent again by themselves.",
    ),
    Situation(
        *(33, "provider_fault", "The aggregator fails or does not answer.", (_I,)),
        "Aiia answers with a fault of its own, or not at all.",
        "Nothing for the customer to do; the fetches go on by themselves when Aiia answers.",
    ),
    Situation(
        *(34, "removed_consent_alive", "Removed here, but the consent at the bank still lives.", (_F,)),
        "The connection was removed, and the stated end lies ahead.",
        "Nothing; the customer can withdraw it in Aiia's hub or at the bank.",
    ),
    Situation(
        *(35, "rows_rejected", "Bank reconciliation has rejected single rows.", (_O,)),
        "Bank reconciliation took a delivery but not all of its rows.",
        "Look at the rejected rows and the reason.",
    ),
    Situation(
        *(36, "renewal_unproven", "The customer has logged in, but the new consent does not prove itself.", (_O,)),
        "No account matches the old ones, or the first fetch does not work within six hours.",
        "Look at the renewal; the old consent stays as it is.",
    ),
    Situation(
        *(37, "partly_fetched", "Some accounts were fetched and some were not.", (_O,)),
        "One account failed or could not be read while others could.",
        "Synchronise; then read the answer (`forny why`).",
    ),
    Situation(
        *(38, "consent_gone", "The aggregator does not know the connection any more.", (_O,)),
        "Aiia answers 404 or 410.",
        "Renew; ask Mastercard if many are gone.",
    ),
    Situation(
        *(39, "ok_empty", "Every fetch works, and an account that always has rows brings none.", (_O,)),
        "Fetches succeed without rows on weekdays on which the account always had some.",
        "Ask the customer whether the account is still used.",
    ),
    Situation(
        *(40, "superseded", "The bank ended this consent because the same user gave another one.", (_C,)),
        "This consent ended when another customer's, given by the same bank user, began.",
        "Renew: the customer logs in again.",
    ),
    Situation(
        *(41, "starved", "Nobody has come to fetch it although it was due long ago.", (_O,)),
        "The next fetch is more than twelve hours late.",
        "See that the agent runs (`forny doctor`), and whether the bank's lane is full.",
    ),
    Situation(
        *(42, "suspended", "The aggregator has suspended the connection after too many failures.", (_C,)),
        "Aiia's answer says that it is suspended.",
        "Renew: nothing else brings it back.",
    ),
    Situation(
        *(43, "early_death", "Consents of this bank die before their stated day, and this one is near.", (_C,)),
        "The bank's usual end, learnt from the fleet, is near or past and comes before the stated one.",
        "Renew now, before the feed stops.",
    ),
    Situation(
        *(44, "self_healed", "The customer has mended it himself; nobody has to act.", (_F,)),
        "A consent that was over has brought fresh data within the last day, without a link of ours.",
        "Nothing.",
    ),
    Situation(
        *(45, "renewal_doubted", "A renewal brought other accounts than before, and a person must accept them.", (_O,)),
        "Accounts came new or vanished with the renewal; their rows are held.",
        "Look at the accounts, and accept the renewal.",
    ),
)
"""What forny tells apart beside the facts' table."""

IDS: tuple[str, ...] = tuple(situation.id for situation in (*CATALOGUE, *OWN))

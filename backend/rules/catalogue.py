"""The 27 situations that operators meet (`facts/aiia-economic.md` §4), each with an id that stays the same.

An id stands in the store, in JSON and in filters (`situation:rate_limited`); it is never renamed.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Situation:
    """One row of the catalogue: the number in the facts, the id, what it means in one line.

    `named` tells whether health alone can name it: `assess` does so from the facts of one connection.
    """

    number: int
    id: str
    meaning: str
    named: bool = False


CATALOGUE: tuple[Situation, ...] = (
    Situation(1, "renewal_due", "The consent has run out or soon will, and the feed stops.", named=True),
    Situation(2, "renewal_early", "The bank asks for a renewal long before the forecast day.", named=True),
    Situation(3, "supervised_only", "The bank lets nobody fetch without the customer.", named=True),
    Situation(4, "sync_before_renew", "Synchronise was tried where only a renewal helps.", named=True),
    Situation(5, "renewed_wait", "Renewed less than six hours ago; rows are on their way.", named=True),
    Situation(6, "rate_limited", "The bank's allowance is spent until a stated time.", named=True),
    Situation(7, "bank_outage", "The bank or the aggregator is down; no customer can help.", named=True),
    Situation(8, "gap_after_lapse", "Days are missing between the last row before a lapse and the first after it."),
    Situation(9, "account_vanished", "An account that was connected is no longer given by the bank.", named=True),
    Situation(10, "new_account_absent", "A new account was not ticked at the bank."),
    Situation(11, "wrong_connector", "The bank's retail entry was chosen instead of its business entry."),
    Situation(12, "missing_rights", "The user lacks rights in the company's netbank."),
    Situation(13, "account_not_offered", "The account is of a kind that banks do not give out."),
    Situation(14, "no_ledger_account", "Rows wait because their account has no ledger account.", named=True),
    Situation(15, "suspected_duplicates", "Rows look like ones that are there already, and are held.", named=True),
    Situation(16, "rows_missing", "The bank shows single rows that the feed does not bring."),
    Situation(17, "row_changed", "The bank changed or deleted a row that was delivered."),
    Situation(18, "hub_locked_out", "The customer cannot log in at Aiia: the mail with the code does not arrive."),
    Situation(19, "consent_revoked", "The customer or the bank has withdrawn the consent.", named=True),
    Situation(20, "second_connection", "A renewal made a second connection to the same account.", named=True),
    Situation(21, "stale_silent", "Everything looks fine, but nothing has been fetched for too long.", named=True),
    Situation(22, "stuck_in_error", "An old failure is not tried again by anything.", named=True),
    Situation(23, "own_credentials", "Our own keys are refused; the whole fleet stands still.", named=True),
    Situation(24, "events_missed", "Events from the aggregator did not reach us."),
    Situation(25, "balance_differs", "The bank's balance and the ledger's do not agree."),
    Situation(26, "unexplained_error", "A failure without a cause that a person can use.", named=True),
    Situation(27, "ledger_refuses", "Bank reconciliation does not take the rows.", named=True),
)

OWN: tuple[Situation, ...] = (
    Situation(28, "not_connected", "The customer has not connected the bank yet.", named=True),
    Situation(29, "awaiting_customer", "A link has been sent and the customer has not finished.", named=True),
    Situation(30, "renewal_refused", "The customer broke the login off, or the bank said no.", named=True),
    Situation(31, "first_fetch", "Connected, and the first fetch is still to come.", named=True),
    Situation(32, "transfer_late", "Fetched rows have not arrived in time.", named=True),
    Situation(33, "provider_fault", "The aggregator fails or does not answer.", named=True),
    Situation(34, "removed_consent_alive", "Removed here, but the consent at the bank still lives.", named=True),
    Situation(35, "rows_rejected", "Bank reconciliation has rejected single rows.", named=True),
    Situation(
        36, "renewal_unproven", "The customer has logged in, but the new consent does not prove itself.", named=True
    ),
    Situation(37, "partly_fetched", "Some accounts were fetched and some were not.", named=True),
    Situation(38, "consent_gone", "The aggregator does not know the connection any more.", named=True),
    Situation(39, "ok_empty", "Every fetch works, and an account that always has rows brings none."),
    Situation(40, "superseded", "The bank ended this consent because the same user gave another one."),
    Situation(41, "starved", "Nobody has come to fetch it although it was due long ago."),
    Situation(42, "suspended", "The aggregator has suspended the connection after too many failures."),
    Situation(43, "early_death", "Consents of this bank die before their stated day, and this one is near."),
    Situation(44, "self_healed", "The customer has mended it himself; nobody has to act."),
    Situation(45, "renewal_doubted", "A renewal brought other accounts than before, and a person must accept them."),
)
"""What forny tells apart beside the facts' table."""

IDS: tuple[str, ...] = tuple(situation.id for situation in (*CATALOGUE, *OWN))

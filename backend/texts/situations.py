"""Texts of the situations: name, sentence for the customer, next step (key: Danish, English)."""

TEXTS: dict[str, tuple[str, str]] = {
    # -- situations
    "situation.renewal_due": ("Forbindelsen skal fornyes", "The connection needs a renewal"),
    "situation.renewal_early": ("Banken kræver fornyelse før tid", "The bank asks for a renewal before its time"),
    "situation.supervised_only": (
        "Banken henter kun med kunden logget ind",
        "The bank gives data only with the customer logged in",
    ),
    "situation.sync_before_renew": ("Forny først, synkroniser derefter", "Renew first, then synchronise"),
    "situation.renewed_wait": (
        "Fornyet; posteringer kan være op til 6 timer undervejs",
        "Renewed; rows may take up to 6 hours",
    ),
    "situation.rate_limited": (
        "Intet er i stykker; banken vil ikke spørges igen endnu",
        "Nothing is broken; the bank will not be asked again yet",
    ),
    "situation.bank_outage": ("Driftsforstyrrelse i banken", "An outage at the bank"),
    "situation.provider_fault": ("Driftsforstyrrelse hos Aiia", "An outage at Aiia"),
    "situation.account_vanished": (
        "En bankkonto er forsvundet fra forbindelsen",
        "A bank account has vanished from the connection",
    ),
    "situation.no_ledger_account": ("En bankkonto mangler konto fra kontoplan", "A bank account has no ledger account"),
    "situation.suspected_duplicates": (
        "Mulige dubletter venter på et menneske",
        "Possible duplicates wait for a person",
    ),
    "situation.consent_revoked": ("Samtykket er trukket tilbage", "The consent has been withdrawn"),
    "situation.second_connection": (
        "Kunden har en nyere forbindelse til samme bank",
        "The customer has a newer connection to the same bank",
    ),
    "situation.stale_silent": ("Alt ser rigtigt ud, men der kommer ingen data", "All looks well, but no data come"),
    "situation.stuck_in_error": (
        "Fejlen er ikke forsøgt rettet længe",
        "The failure has not been tried again for long",
    ),
    "situation.own_credentials": ("Vores egen adgang til Aiia er afvist", "Our own access to Aiia is refused"),
    "situation.unexplained_error": ("Hentningen fejler uden en kendt årsag", "The fetch fails without a known cause"),
    "situation.ledger_refuses": ("Bankafstemningen tager ikke imod", "Bank reconciliation does not take the rows"),
    "situation.not_connected": ("Banken er ikke forbundet", "The bank is not connected"),
    "situation.awaiting_customer": ("Det er kundens tur", "It is the customer's turn"),
    "situation.renewal_refused": ("Kunden eller banken afbrød", "The customer or the bank broke off"),
    "situation.first_fetch": ("Første hentning er på vej", "The first fetch is on its way"),
    "situation.transfer_late": (
        "Posteringer er forsinkede til bankafstemningen",
        "Postings are late for bank reconciliation",
    ),
    "situation.removed_consent_alive": (
        "Fjernet her, men samtykket lever i banken",
        "Removed here, but the consent lives at the bank",
    ),
    "situation.rows_rejected": ("Bankafstemningen har afvist posteringer", "Bank reconciliation has rejected postings"),
    "situation.renewal_unproven": (
        "Kunden har logget ind, men fornyelsen virker ikke",
        "The customer has logged in, but the renewal does not work",
    ),
    "situation.partly_fetched": ("Nogle konti kom ikke med", "Some accounts did not come along"),
    "situation.consent_gone": ("Aiia kender ikke forbindelsen længere", "Aiia does not know the connection any more"),
    # -- what support can say
    "sentence.the_bank": ("banken", "the bank"),
    "sentence.soon": ("om kort tid", "shortly"),
    "sentence.link_is_out": ("Vi har sendt dig en mail med et link.", "We have sent you a mail with a link."),
    "sentence.fine": (
        "Forbindelsen til {bank} virker, og der er hentet data.",
        "The connection to {bank} works, and data have been fetched.",
    ),
    "sentence.removed": (
        "Forbindelsen til {bank} er fjernet hos os.",
        "The connection to {bank} has been removed here.",
    ),
    "sentence.removed_consent_alive": (
        "Forbindelsen til {bank} er fjernet hos os, men dit samtykke lever i banken, til det "
        "udløber. Din Aiia-konto slettes ikke.",
        "The connection to {bank} has been removed here, but your consent lives at the bank until "
        "it ends. Your Aiia account is not deleted.",
    ),
    "sentence.renewal_due": (
        "Forbindelsen til {bank} skal fornyes: følg linket, log ind hos Aiia med mail og talkode, og godkend i banken.",
        "The connection to {bank} has to be renewed: follow the link, log in at Aiia with mail and "
        "code, and approve at the bank.",
    ),
    "sentence.renewal_early": (
        "{bank} beder om en fornyelse før tid. Det er banken, der bestemmer; følg linket og forny forbindelsen.",
        "{bank} asks for a renewal before its time. That is up to the bank; follow the link and renew the connection.",
    ),
    "sentence.supervised_only": (
        "{bank} giver kun data, når du selv logger ind. Følg linket, hver gang der skal hentes.",
        "{bank} gives data only when you log in yourself. Follow the link each time data are to be fetched.",
    ),
    "sentence.sync_before_renew": (
        "Forbindelsen til {bank} skal fornyes først. Derefter kan bankkonti synkroniseres igen.",
        "The connection to {bank} has to be renewed first. After that the accounts can be synchronised again.",
    ),
    "sentence.renewed_wait": (
        "Fornyelsen er på plads. Der kan gå op til 6 timer, før posteringer er i bankafstemningen: "
        "vent til {until}, og forny ikke igen.",
        "The renewal is in place. It may take up to 6 hours before rows are in bank "
        "reconciliation: wait until {until}, and do not renew again.",
    ),
    "sentence.rate_limited": (
        "Forbindelsen virker, men {bank} kan først spørges igen: {until}. Du skal ikke gøre noget.",
        "The connection works, but {bank} can be asked again only then: {until}. You need not do anything.",
    ),
    "sentence.bank_outage": (
        "{bank} har driftsforstyrrelser. Du skal ikke gøre noget; vi henter, så snart banken svarer.",
        "{bank} has an outage. You need not do anything; we fetch as soon as the bank answers.",
    ),
    "sentence.provider_fault": (
        "Aiia har driftsforstyrrelser. Du skal ikke gøre noget; vi henter, så snart de svarer.",
        "Aiia has an outage. You need not do anything; we fetch as soon as they answer.",
    ),
    "sentence.account_vanished": (
        "{bank} viser ikke længere en af dine konti. Er den lukket eller flyttet, så forny og vælg den nye konto.",
        "{bank} no longer shows one of your accounts. If it was closed or moved, renew and choose the new account.",
    ),
    "sentence.no_ledger_account": (
        "En bankkonto mangler konto fra kontoplan. Når den er valgt, kommer posteringerne i bankafstemningen.",
        "A bank account has no ledger account. Once it is chosen, the rows come to bank reconciliation.",
    ),
    "sentence.suspected_duplicates": (
        "Nogle posteringer fra {bank} ligner nogle, du har. Vi holder dem tilbage, til de er set efter.",
        "Some rows from {bank} look like ones you have. We hold them back until somebody has looked.",
    ),
    "sentence.consent_revoked": (
        "Samtykket hos {bank} er trukket tilbage. Var det ikke meningen, så følg linket og forny.",
        "The consent at {bank} has been withdrawn. If that was not meant, follow the link and renew.",
    ),
    "sentence.second_connection": (
        "Du har en nyere forbindelse til {bank}; den gamle bruges ikke længere.",
        "You have a newer connection to {bank}; the old one is no longer used.",
    ),
    "sentence.stale_silent": (
        "Der er ikke kommet data fra {bank} længe. Vi prøver at synkronisere nu.",
        "No data have come from {bank} for long. We try to synchronise now.",
    ),
    "sentence.stuck_in_error": (
        "Hentningen fra {bank} har fejlet og er ikke prøvet igen. Vi prøver nu.",
        "The fetch from {bank} has failed and was not tried again. We try now.",
    ),
    "sentence.own_credentials": (
        "Fejlen er hos os, ikke hos dig eller {bank}. Vi arbejder på den.",
        "The fault is ours, not yours or {bank}'s. We are working on it.",
    ),
    "sentence.unexplained_error": (
        "Hentningen fra {bank} fejler. Vi undersøger hvorfor; du skal ikke gøre noget.",
        "The fetch from {bank} fails. We find out why; you need not do anything.",
    ),
    "sentence.ledger_refuses": (
        "Data fra {bank} er hentet, men bankafstemningen tager ikke imod. Vi ser på det.",
        "Data from {bank} have been fetched, but bank reconciliation does not take them. We look into it.",
    ),
    "sentence.not_connected": (
        "{bank} er ikke forbundet endnu. Vi kan sende dig et link.",
        "{bank} is not connected yet. We can send you a link.",
    ),
    "sentence.awaiting_customer": (
        "Vi venter på, at du følger linket og logger ind hos {bank}.",
        "We are waiting for you to follow the link and log in at {bank}.",
    ),
    "sentence.renewal_refused": (
        "Login hos {bank} blev afbrudt. Følg et nyt link og prøv igen.",
        "The login at {bank} was broken off. Follow a new link and try again.",
    ),
    "sentence.first_fetch": (
        "{bank} er forbundet; de første data er på vej.",
        "{bank} is connected; the first data are on their way.",
    ),
    "sentence.transfer_late": (
        "Data fra {bank} er hentet, men forsinket til bankafstemningen. Vi ser på det.",
        "Data from {bank} have been fetched, but are late for bank reconciliation. We look into it.",
    ),
    "sentence.rows_rejected": (
        "Bankafstemningen har afvist nogle posteringer fra {bank}. Vi ser på dem.",
        "Bank reconciliation has rejected some rows from {bank}. We look at them.",
    ),
    "sentence.renewal_unproven": (
        "Du har logget ind hos {bank}, men vi kan ikke hente med det nye samtykke. Vi ser på det.",
        "You have logged in at {bank}, but we cannot fetch with the new consent. We look into it.",
    ),
    "sentence.partly_fetched": (
        "Nogle af dine konti hos {bank} blev ikke hentet. Vi prøver igen.",
        "Some of your accounts at {bank} were not fetched. We try again.",
    ),
    "sentence.consent_gone": (
        "Forbindelsen til {bank} findes ikke længere hos Aiia og skal laves igen.",
        "The connection to {bank} no longer exists at Aiia and has to be made again.",
    ),
    # -- the next step, 28 characters at most
    "next.renew": ("r forny", "r renew"),
    "next.sync": ("s synkroniser", "s synchronise"),
    "next.remove": ("x fjern", "x remove"),
    "next.connect": ("n ny forbindelse", "n new connection"),
    "next.renew_then_sync": ("r forny, så synkroniser", "r renew, then synchronise"),
    "next.wait_until": ("vent til {at}", "wait until {at}"),
    "next.wait": ("vent", "wait"),
    "next.customer": ("afvent kunden", "await the customer"),
    "next.incident": ("driftsforstyrrelse: vent", "outage: wait"),
    "next.fine": ("–", "–"),
    "next.no_ledger_account": ("vælg konto fra kontoplan", "choose a ledger account"),
    "next.suspected_duplicates": ("se mulige dubletter", "look at the duplicates"),
    "next.transfer_late": ("se overførslen", "look at the transfer"),
    "next.ledger_refuses": ("se bankafstemningen", "look at reconciliation"),
    "next.rows_rejected": ("se afviste posteringer", "look at rejected rows"),
    "next.second_connection": ("to forbindelser: ryd op", "two connections: tidy up"),
    "next.renewal_unproven": ("se fornyelsen", "look at the renewal"),
    "next.operator": ("se efter hvorfor", "look into why"),
}

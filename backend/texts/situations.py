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
        "To forbindelser henter den samme bankkonto",
        "Two connections bring the same account",
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
    "situation.gap_after_lapse": ("Der mangler dage efter en afbrydelse", "Days are missing after a lapse"),
    "situation.new_account_absent": (
        "Kunden har ikke valgt alle sine konti",
        "The customer has not ticked all accounts",
    ),
    "situation.wrong_connector": (
        "Kunden valgte privatindgangen i stedet for erhverv",
        "The customer chose the private entry instead of business",
    ),
    "situation.missing_rights": ("Kunden mangler rettigheder i netbanken", "The customer lacks rights in the netbank"),
    "situation.account_not_offered": ("Banken udleverer ikke en af kontiene", "The bank does not give out an account"),
    "situation.rows_missing": ("Enkelte posteringer mangler", "Single rows are missing"),
    "situation.row_changed": (
        "Banken har ændret en overført postering",
        "The bank has changed a posting that was delivered",
    ),
    "situation.hub_locked_out": (
        "Kundens mail virker ikke, og uden den intet login",
        "The customer's mail does not work, and without it no login",
    ),
    "situation.events_missed": ("Webhooks fra Aiia når os ikke", "Webhooks from Aiia do not reach us"),
    "situation.balance_differs": ("Bankens saldo passer ikke", "The bank's balance does not agree"),
    "situation.ok_empty": ("Alt virker, men en konto er blevet tavs", "All works, but an account has gone silent"),
    "situation.superseded": (
        "Et nyere samtykke fra samme bruger har afløst dette",
        "A newer consent of the same user has replaced this one",
    ),
    "situation.starved": ("Ingen har hentet, selv om det er tid", "Nobody has fetched although it is due"),
    "situation.suspended": ("Aiia har sat forbindelsen på pause", "Aiia has suspended the connection"),
    "situation.early_death": ("Samtykket dør nok før sin dato", "The consent will likely die before its day"),
    "situation.self_healed": ("Kunden har selv fornyet", "The customer has renewed by himself"),
    "situation.renewal_doubted": ("Fornyelsen skal godkendes", "The renewal has to be accepted"),
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
        "Du har to forbindelser, der henter samme konto hos {bank}. Vi beholder den ene; intet kommer dobbelt.",
        "Two connections of yours bring the same account at {bank}. We keep one of them; nothing comes twice.",
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
    "sentence.gap_after_lapse": (
        "Der mangler posteringer fra {bank} efter en afbrydelse. Vi henter dem; du skal ikke gøre noget.",
        "Postings from {bank} are missing after a lapse. We fetch them; you need not do anything.",
    ),
    "sentence.new_account_absent": (
        "Du har ikke givet adgang til alle dine konti hos {bank}. Mangler du en, så forny og vælg dem alle.",
        "You have not given access to all your accounts at {bank}. If you miss one, renew and tick them all.",
    ),
    "sentence.wrong_connector": (
        "Du valgte {bank} for private. Følg et nyt link, og vælg bankens indgang for erhverv.",
        "You chose {bank} for private persons. Follow a new link, and choose the bank's entry for business.",
    ),
    "sentence.missing_rights": (
        "{bank} viser os ingen af dine konti. Bed virksomhedens administrator i netbanken om at give dig adgang; "
        "er kontoen lukket, så forny og vælg den nye.",
        "{bank} shows us none of your accounts. Ask your company's netbank administrator to give you access; "
        "if the account was closed, renew and choose the new one.",
    ),
    "sentence.account_not_offered": (
        "{bank} udleverer ikke den konto, fordi den ikke er en betalingskonto. Brug en CSV-fil fra netbanken.",
        "{bank} does not give out that account, because it is no payment account. Use a CSV file from the netbank.",
    ),
    "sentence.rows_missing": (
        "Enkelte posteringer fra {bank} mangler. De kan være forsinkede; vi synkroniserer igen.",
        "Single rows from {bank} are missing. They may be delayed; we synchronise again.",
    ),
    "sentence.row_changed": (
        "{bank} har ændret eller slettet en postering, som du har fået. Vi ser på den.",
        "{bank} has changed or deleted a posting that you have got. We look at it.",
    ),
    "sentence.hub_locked_out": (
        "Vores mails til dig kommer retur, og så når Aiias talkode dig heller ikke. Hvilken mailadresse bruger du?",
        "Our mails to you come back, so Aiia's code will not reach you either. Which mail address do you use?",
    ),
    "sentence.events_missed": (
        "Forbindelsen til {bank} virker; data kan være lidt forsinkede. Vi ser på det.",
        "The connection to {bank} works; data may be a little delayed. We look into it.",
    ),
    "sentence.balance_differs": (
        "Saldoen hos {bank} passer ikke med posteringerne. Vi finder den sidste dag, hvor den passede.",
        "The balance at {bank} does not agree with the postings. We find the last day on which it did.",
    ),
    "sentence.ok_empty": (
        "Hentningen fra {bank} virker, men en konto har ingen nye posteringer. Bruger du den stadig?",
        "The fetch from {bank} works, but an account has no new postings. Do you still use it?",
    ),
    "sentence.superseded": (
        "Du har givet {bank} et nyt samtykke, som afløste dette. Følg linket og forny også her.",
        "You have given {bank} a new consent, which replaced this one. Follow the link and renew here as well.",
    ),
    "sentence.starved": (
        "Vi har ikke fået hentet fra {bank}. Fejlen er hos os, og du skal ikke gøre noget.",
        "We have not come to fetch from {bank}. The fault is ours, and you need not do anything.",
    ),
    "sentence.suspended": (
        "Aiia har sat forbindelsen til {bank} på pause efter mange fejl. Følg linket og forny, så virker den igen.",
        "Aiia has suspended the connection to {bank} after many failures. Follow the link and renew to bring it back.",
    ),
    "sentence.early_death": (
        "{bank} plejer at kræve fornyelse før datoen. Følg linket og forny nu, så kommer der intet hul.",
        "{bank} usually asks for a renewal before the date. Follow the link and renew now, so that no days are missed.",
    ),
    "sentence.self_healed": (
        "Du har selv fornyet forbindelsen til {bank}, og den virker igen.",
        "You have renewed the connection to {bank} yourself, and it works again.",
    ),
    "sentence.renewal_doubted": (
        "Fornyelsen hos {bank} gav andre konti end før. Vi ser på dem, før posteringerne sendes videre.",
        "The renewal at {bank} gave other accounts than before. We look at them before postings are passed on.",
    ),
    # -- the next step, 28 characters at most
    "next.renew": ("r forny", "r renew"),
    "next.sync": ("s synkroniser", "s synchronise"),
    "next.remove": ("x fjern", "x remove"),
    "next.connect": ("n ny forbindelse", "n new connection"),
    "next.renew_then_sync": ("r forny, så synkroniser", "r renew, then synchronise"),
    "next.renew_business": ("r forny, vælg erhverv", "r renew, choose business"),
    "next.renew_all": ("r forny, vælg alle konti", "r renew, tick all accounts"),
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
    "next.gap_after_lapse": ("hent de manglende dage", "fetch the missing days"),
    "next.missing_rights": ("netbank: giv adgang", "netbank: grant access"),
    "next.account_not_offered": ("forklar; brug CSV-fil", "explain; use a CSV file"),
    "next.row_changed": ("se ændrede posteringer", "look at the changed rows"),
    "next.hub_locked_out": ("find kundens rigtige mail", "find the right mail address"),
    "next.events_missed": ("se webhooks", "look at the webhooks"),
    "next.balance_differs": ("find dagen, saldoen passede", "find the day it last agreed"),
    "next.ok_empty": ("spørg: bruges kontoen?", "ask: is the account used?"),
    "next.starved": ("kører agenten?", "is the agent running?"),
    "next.renewal_doubted": ("godkend fornyelsen", "accept the renewal"),
    "next.operator": ("se efter hvorfor", "look into why"),
}

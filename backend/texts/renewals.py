"""Texts of a renewal as a case: stages, what it brought, what it would end (key: Danish, English)."""

TEXTS: dict[str, tuple[str, str]] = {
    # -- what it brought
    "renewal.matched": ("{n} konti er de samme som før", "{n} accounts are the same as before"),
    "renewal.known": ("samme: {account}", "same: {account}"),
    "renewal.new": ("ny: {account}", "new: {account}"),
    "renewal.vanished": ("væk: {account}", "gone: {account}"),
    "renewal.was": ("før {was}", "before {was}"),
    "renewal.booked_on": ("konto fra kontoplan {ledger_account}", "ledger account {ledger_account}"),
    "renewal.rows": (
        "posteringer: {known} genkendt, {new} nye, {held} holdt tilbage",
        "rows: {known} recognised, {new} new, {held} held",
    ),
    "renewal.suggested": (
        "{new} er måske {old} under et nyt nummer; spørg kunden",
        "{new} may be {old} under a new number; ask the customer",
    ),
    "doubt.maybe_renumbered": (
        "måske en kendt konto under nyt nummer",
        "maybe a known account under a new number",
    ),
    "doubt.only_by_id": (
        "uden kontonummer; kun Aiias id er det samme",
        "without an account number; only Aiia's id is the same",
    ),
    # -- what it would end
    "renewal.supersedes": (
        "kan afslutte andres samtykke: {rivals}",
        "may end others' consent: {rivals}",
    ),
    "renewal.rival.login": (
        "{connection} {customer} i {bank} (samme login)",
        "{connection} {customer} at {bank} (same login)",
    ),
    "renewal.rival.account": (
        "{connection} {customer} i {bank} (samme konto)",
        "{connection} {customer} at {bank} (same account)",
    ),
    "healed": ("kunden har selv fornyet", "the customer has renewed by himself"),
    "cancelled": ("kunden brød af", "the customer broke off"),
    "login_failed": ("kundens login kunne ikke bruges", "the customer's login could not be used"),
    # -- accepting it
    "renewal.nothing": ("{id}: der er intet at godkende.", "{id}: there is nothing to accept."),
    "renewal.already": ("{id}: godkendt allerede, {at} af {by}.", "{id}: accepted already, {at} by {by}."),
    "renewal.doubted": ("{id} {customer}: fornyelsen efterlader tvivl.", "{id} {customer}: the renewal leaves doubt."),
    "renewal.how_to_join": (
        "Er det samme konto: `forny accept {id} --map {new}={old}`. Ellers godkendes de som to konti.",
        "If it is the same account: `forny accept {id} --map {new}={old}`. Else they are accepted as two accounts.",
    ),
    "renewal.confirm": ("Godkend {n} konti?", "Accept {n} accounts?"),
    "renewal.add_yes": (
        "Her er ingen at spørge. Tilføj --yes for at godkende.",
        "There is nobody to ask here. Add --yes to accept.",
    ),
    "renewal.bad_pair": (
        "{pair} er ikke en ny konto i tvivl og en, der er væk. Skriv NY=GAMMEL med kontonumre fra `forny show {id}`.",
        "{pair} is not a new account in doubt and one that is gone. Write NEW=OLD with numbers from `forny show {id}`.",
    ),
    "renewal.several": (
        "{reference} har flere bankforbindelser med tvivl: {ids}. Nævn én.",
        "{reference} has several connections in doubt: {ids}. Name one.",
    ),
    "renewal.accepted": (
        "{id}: {n} konti godkendt. {released} posteringer går til bankafstemningen, {waiting} venter på konto fra "
        "kontoplan.",
        "{id}: {n} accounts accepted. {released} rows go to bank reconciliation, {waiting} wait for a ledger account.",
    ),
    "renewal.carried": (
        "{new} fortsætter {old}; dens posteringer kommer med næste hentning, der sker nu.",
        "{new} goes on where {old} ended; its rows come with the next fetch, which happens now.",
    ),
    # -- where it hangs, and what helps
    "stalled.not_sent": (
        "Linket er ikke sendt. Giv det videre selv, eller ret mailadressen og forny igen.",
        "The link has not been sent. Pass it on yourself, or correct the address and renew again.",
    ),
    "stalled.not_used": (
        "Linket er sendt, men ikke brugt i flere dage. Ring til kunden, eller forny igen.",
        "The link was sent and not used for days. Call the customer, or renew again.",
    ),
    "stalled.not_at_bank": (
        "Kunden åbnede linket, men kom ikke videre. Ring: kom talkoden på mail, og kan kunden logge ind hos Aiia?",
        "The customer opened the link and got no further. Call: did the code arrive, and can he log in at Aiia?",
    ),
    "stalled.at_bank": (
        "Kunden brød af hos Aiia eller i banken. Ring og hør, hvor det gik galt; linket kan bruges igen.",
        "The customer broke off at Aiia or at the bank. Call and ask where it went wrong; the link can be used again.",
    ),
    "stalled.no_accounts": (
        "Kunden gav ikke adgang til nogen konto. Bed om at vælge konti i banken; mangler de, mangler rettigheder.",
        "The customer gave access to no account. Ask to tick them at the bank; if none is offered, rights are missing.",
    ),
    "stalled.accounts_elsewhere": (
        "Kontiene er forbundet i forvejen og virker. Fjern denne forbindelse; den anden bliver.",
        "The accounts are connected already, and work. Remove this connection; the other one stays.",
    ),
    "stalled.no_account_matched": (
        "Kunden valgte andre konti end før. Bed om at vælge de samme, eller lav en ny forbindelse.",
        "The customer chose other accounts than before. Ask to choose the same, or make a new connection.",
    ),
    "stalled.wrong_entry": (
        "Kunden valgte bankens privatindgang. Bed om at vælge erhvervsindgangen.",
        "The customer chose the bank's entry for private people. Ask to choose the one for business.",
    ),
    "stalled.unproven": (
        "Kunden har logget ind, men der kan ikke hentes. Se forsøgene; den hidtidige forbindelse er uændret.",
        "The customer has logged in, but nothing can be fetched. See the attempts; the former consent is unchanged.",
    ),
    "stalled.not_accepted": (
        "Konti er nye og andre er væk. Spørg kunden, og godkend: `forny accept`.",
        "Accounts are new and others are gone. Ask the customer, and accept: `forny accept`.",
    ),
    "stalled.not_released": (
        "Fornyet, men posteringer er ikke nået frem. Se overførslen.",
        "Renewed, but rows have not arrived. Look at the transfer.",
    ),
}

"""Texts of problems, triage, notes and tickets (key: Danish, English)."""

TEXTS: dict[str, tuple[str, str]] = {
    # what cannot be done, and what to do
    "problem.none": (
        "{id} har intet åbent problem. `forny problems` viser, hvem der har.",
        "{id} has no open problem. `forny problems` shows which have.",
    ),
    "problem.no_connection": ("Der er ingen bankforbindelse {id}.", "There is no connection {id}."),
    "problem.which": (
        "Aftale {id} har flere bankforbindelser: {known}. Nævn den, du mener.",
        "Agreement {id} has several connections: {known}. Name the one you mean.",
    ),
    "problem.note_empty": ("Notatet er tomt. Skriv, hvad du vil huske.", "The note is empty. Write what to remember."),
    "problem.note_long": (
        "Notatet har {length} tegn, og der er plads til {limit}. Del det i flere.",
        "The note has {length} characters, and there is room for {limit}. Split it into several.",
    ),
    "problem.name_long": (
        "Navnet er længere end {limit} tegn. Brug et kortere.",
        "The name is longer than {limit} characters. Use a shorter one.",
    ),
    "problem.no_condition": (
        "{given} er ikke noget, der kan ventes på. Vælg en af: {known}.",
        "{given} is nothing to wait for. Choose one of: {known}.",
    ),
    "problem.snooze_what": (
        "Sig hvor længe: et tidspunkt, en varighed eller en af: {known}.",
        "Say for how long: a time, a duration or one of: {known}.",
    ),
    "problem.one_time": ("Brug enten --until eller --for.", "Use either --until or --for."),
    "problem.time_is_past": (
        "Det tidspunkt er allerede passeret. Vælg et senere.",
        "That time is past already. Choose a later one.",
    ),
    "problem.no_time": (
        "{text} er ikke et tidspunkt. Skriv fx 02.03.26, 14:00 eller 2026-03-02T14:00.",
        "{text} is no time. Write for example 02.03.26, 14:00 or 2026-03-02T14:00.",
    ),
    "problem.no_duration": (
        "{text} er ikke en varighed. Skriv fx 30m, 6h, 2d eller 1w.",
        "{text} is no duration. Write for example 30m, 6h, 2d or 1w.",
    ),
    "problem.no_incident": (
        "{id} er ikke ramt af en åben hændelse, så der er intet at vente på. Vælg et tidspunkt.",
        "{id} stands in no open incident, so there is nothing to wait for. Choose a time.",
    ),
    "problem.no_limit": (
        "{id} har ingen grænse, der udløber. Vælg et tidspunkt.",
        "{id} has no rate limit that will end. Choose a time.",
    ),
    "problem.not_snoozed": ("{id} er ikke udsat.", "{id} is not snoozed."),
    "problem.not_muted": ("{id} er ikke dæmpet.", "{id} is not muted."),
    # what was done
    "problem.did_snooze": ("{id}: {cause} er {how}", "{id}: {cause} is {how}"),
    "problem.did_wake": ("{id}: {cause} er vækket", "{id}: {cause} is awake"),
    "problem.did_mute": ("{id}: {cause} er dæmpet", "{id}: {cause} is muted"),
    "problem.did_unmute": ("{id}: {cause} vises igen", "{id}: {cause} is shown again"),
    "problem.did_assign": ("{id}: {cause} er nu {to}s", "{id}: {cause} is now with {to}"),
    "problem.did_release": ("{id}: {cause} er nu ingens", "{id}: {cause} is now with nobody"),
    "problem.did_note": ("{id}: notatet er gemt", "{id}: the note is kept"),
    "problem.before": (" (før: {name})", " (before: {name})"),
    # how it rests
    "problem.in_incident": ("i hændelse {id}", "in incident {id}"),
    "problem.muted_by": ("dæmpet af {name}", "muted by {name}"),
    "problem.snoozed_until": ("udsat til {at}", "snoozed until {at}"),
    "problem.when.incident_end": ("udsat, til hændelsen er slut", "snoozed until the incident is over"),
    "problem.when.limit_end": ("udsat, til banken må spørges igen", "snoozed until the bank may be asked again"),
    "problem.when.renewed": ("udsat, til kunden har logget ind", "snoozed until the customer has logged in"),
    "problem.when.changed": ("udsat, til årsagen er en anden", "snoozed until the cause is another"),
    "problem.assigned_to": ("hos {name}", "with {name}"),
    "problem.notes_header": ("Tid|Hvem|Notat", "Time|Who|Note"),
    "problem.no_notes": ("Ingen notater.", "No notes."),
    # tickets
    "ticket.title.mastercard": ("Til Mastercard om {bank}: {situation}", "For Mastercard, about {bank}: {situation}"),
    "ticket.title.bank": ("Til banken ({bank}): {situation}", "For the bank ({bank}): {situation}"),
    "ticket.title.team": ("Intern sag om {bank}: {situation}", "Internal case about {bank}: {situation}"),
    "ticket.no_problem": ("intet er galt lige nu", "nothing is wrong right now"),
    "ticket.customer": ("Kunde", "Customer"),
    "ticket.environment": ("Miljø", "Environment"),
    "ticket.connection": ("Bankforbindelse", "Connection"),
    "ticket.provider": ("Udbyder", "Provider"),
    "ticket.bank": ("Bank (providerId)", "Bank (providerId)"),
    "ticket.consent": ("consentId", "consentId"),
    "ticket.account": ("Konto (accountId)", "Account (accountId)"),
    "ticket.status": ("Samtykke / hentning / overførsel", "Consent / fetch / transfer"),
    "ticket.last_fetched": ("Data sidst hentet", "Data last fetched"),
    "ticket.last_synchronized": ("Sidst nyt fra banken", "Last news from the bank"),
    "ticket.event": ("Sidste webhook", "Last webhook"),
    "ticket.written": ("Skrevet", "Written"),
    "ticket.attempts": ("Seneste forsøg (UTC):", "Last attempts (UTC):"),
    "ticket.nothing": ("- ingen", "- none"),
    "ticket.facts": (
        "Det ved vi (tider med Z er UTC, andre er dansk tid):",
        "What we know (times with a Z are UTC, others are Danish time):",
    ),
    "ticket.notes": ("Notater:", "Notes:"),
}

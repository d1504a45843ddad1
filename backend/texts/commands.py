"""Texts of the commands (key: Danish, English)."""

TEXTS: dict[str, tuple[str, str]] = {
    # -- reading commands ------------------------------------------------------------------------------------
    "cli.nothing_matched": ("Ingen svarer til det.", "Nothing matched."),
    "cli.no_such_connection": (
        "Der er ingen bankforbindelse {reference}. `forny list` viser dem.",
        "There is no connection {reference}. `forny list` shows them.",
    ),
    "cli.no_such_customer": (
        "Der er ingen kunde med aftalenummer {agreement}. `forny list` viser dem.",
        "There is no customer with agreement number {agreement}. `forny list` shows them.",
    ),
    "cli.no_such_plan": (
        "Der er ingen plan {id}. `forny plans` viser dem.",
        "There is no plan {id}. `forny plans` shows them.",
    ),
    "cli.sort_unknown": (
        "Der kan ikke sorteres efter {field}. Kendte: {known}.",
        "The list cannot be sorted by {field}. Known: {known}.",
    ),
    "cli.list_header": (
        "Id|Aftale|Kunde|Bank|Status|Samtykke|Sidst hentet|Dage|Venter|Næste",
        "Id|Agreement|Customer|Bank|Status|Consent|Last fetched|Days|Pending|Next",
    ),
    "cli.accounts_header": (
        "Bankkonto|Data hentet fra|Data sidst hentet|Konto fra kontoplan|Status",
        "Bank account|Data from|Last fetched|Ledger account|Status",
    ),
    "cli.no_ledger_account": ("(ingen)", "(none)"),
    "cli.orphaned": ("væk fra banken", "gone at the bank"),
    "cli.running": ("{act} i gang", "{act} under way"),
    "cli.wait_until": ("vent til {until}", "wait until {until}"),
    "cli.expires_unknown": ("udløb ukendt", "end unknown"),
    "cli.expired": ("udløb {at}", "ended {at}"),
    "cli.sentence": ("Til kunden: {text}", "For the customer: {text}"),
    "cli.expires_in": ("udløber {at} ({days} dage)", "expires {at} ({days} days)"),
    "cli.case_open": (
        "Åben sag: {kind}, {stage}, siden {at}. Link til kunden:",
        "Open case: {kind}, {stage}, since {at}. Link for the customer:",
    ),
    "cli.why": ("{id} {customer}: {verdict}, næste: {step}", "{id} {customer}: {verdict}, next: {step}"),
    "cli.word.id": ("Id", "Id"),
    "cli.word.customer": ("Kunde", "Customer"),
    "cli.word.email": ("Mail", "Mail"),
    "cli.word.bank": ("Bank", "Bank"),
    "cli.word.status": ("Status", "Status"),
    "cli.word.consent": ("Samtykke", "Consent"),
    "cli.word.fetch": ("Hentning", "Fetch"),
    "cli.word.transfer": ("Overførsel", "Transfer"),
    "cli.word.verdict": ("Hvem", "Who acts"),
    "cli.word.next": ("Næste", "Next"),
    "cli.word.plan": ("Plan", "Plan"),
    "cli.word.operator": ("Af", "By"),
    "cli.word.outcome": ("Udfald", "Outcome"),
    "cli.postings_header": (
        "Hentet|Forbindelse|Kunde|Konto|Dato|Tekst|Beløb|Tilstand|Grund|Frist|Id",
        "Fetched|Connection|Customer|Account|Date|Text|Amount|State|Reason|Promise|Id",
    ),
    "cli.postings_cut": (
        "De nyeste {count}. Flere: --limit N; alle: --json.",
        "The newest {count}. More: --limit N; all: --json.",
    ),
    "cli.follow_csv": ("--follow kan ikke give CSV. Brug --json.", "--follow cannot give CSV. Use --json."),
    "cli.posting_field": (
        "Posteringer har intet felt {field}. Kendte: state, connection, agreement.",
        "Postings have no field {field}. Known: state, connection, agreement.",
    ),
    "cli.posting_state": (
        "Der er ingen tilstand {state}. Kendte: {known}.",
        "There is no state {state}. Known: {known}.",
    ),
    "cli.exported": ("{count} bankforbindelser skrevet, uden tokens.", "{count} connections written, without tokens."),
    # -- acts ------------------------------------------------------------------------------------------------
    "cli.ids_or_filter": (
        "Sig hvilke: `forny {act} ID…` eller `forny {act} --filter FILTER`, ét af dem.",
        "Say which: `forny {act} ID…` or `forny {act} --filter FILTER`, one of the two.",
    ),
    "cli.empty_filter": (
        "Et tomt filter ville tage alt. Skriv '*', hvis det er meningen.",
        "An empty filter would take everything. Write '*' if that is meant.",
    ),
    "cli.add_yes": (
        "Her er ingen at spørge. Se planen med --dry-run, og tilføj --yes for at udføre den.",
        "There is nobody to ask here. Look at the plan with --dry-run, and add --yes to run it.",
    ),
    "cli.confirm": ("{act} {count} bankforbindelser?", "{act} {count} connections?"),
    "cli.type_number": (
        "Det fjerner {count} bankforbindelser. Skriv antallet for at fortsætte",
        "This removes {count} connections. Type their number to go on",
    ),
    "cli.nothing_done": ("Intet er gjort.", "Nothing was done."),
    "cli.new": ("(ny)", "(new)"),
    "cli.fate.run": ("kører", "runs"),
    "cli.fate.wait": ("venter til {until}", "waits until {until}"),
    "cli.fate.refused": ("afvist", "refused"),
    "cli.items_header": ("Id|Aftale|Kunde|Bank|Plan|Grund", "Id|Agreement|Customer|Bank|Plan|Reason"),
    "cli.plan_counts": (
        "{act}: {run} kører, {wait} venter, {refused} afvist; {calls} opslag i banken af {left} tilbage i døgnet.",
        "{act}: {run} run, {wait} wait, {refused} refused; {calls} look-ups at the bank of {left} left for the day.",
    ),
    "cli.plan_counts_free": (
        "{act}: {run} kører, {wait} venter, {refused} afvist.",
        "{act}: {run} run, {wait} wait, {refused} refused.",
    ),
    "cli.submitted": (
        "Plan {plan}: {count} sat i gang ({act}). Følg den: `forny plan {plan}`.",
        "Plan {plan}: {count} under way ({act}). Follow it: `forny plan {plan}`.",
    ),
    "cli.kept": (
        "Gemt som plan {plan}; intet er gjort. Udfør den: `forny plan {plan} run`.",
        "Kept as plan {plan}; nothing was done. Run it: `forny plan {plan} run`.",
    ),
    "cli.ends_at": ("Det sidste begynder omkring {at}.", "The last of it begins at about {at}."),
    "cli.approved": ("Plan {plan}: godkendt", "Plan {plan}: approved"),
    "cli.approval_asked": (
        "Plan {plan}: {count} ({act}) afventer, at en anden operatør godkender: `forny plan {plan} approve`.",
        "Plan {plan}: {count} ({act}) await another operator's approval: `forny plan {plan} approve`.",
    ),
    "cli.not_as_shown": (
        "{connection}: ikke som vist, derfor ikke sat i gang: {reason}",
        "{connection}: not as it was shown, so not under way: {reason}",
    ),
    "cli.undo_until": (
        "Kan fortrydes til {until}: `forny plan {plan} undo`.",
        "Can be undone until {until}: `forny plan {plan} undo`.",
    ),
    "cli.plan_steered": ("Plan {plan}: {state}. {counts}", "Plan {plan}: {state}. {counts}"),
    "cli.word.note": ("Bemærk", "Note"),
    "cli.nothing_runs": ("Intet kan køre nu; intet er skrevet.", "Nothing can run now; nothing was written."),
    "cli.renew_first": (
        "Forny først, synkroniser derefter, i ét: `forny renew {ids} --then-sync`.",
        "Renew first, then synchronise, as one step: `forny renew {ids} --then-sync`.",
    ),
    "cli.not_submitted": ("{connection}: ikke sat i gang: {reason}", "{connection}: not under way: {reason}"),
    "cli.roles_header": ("Ret|Kræver|Du", "Right|Needs|You"),
    "cli.roles_beyond": ("{role}; over {most} ad gangen: {beyond}", "{role}; over {most} at once: {beyond}"),
    "cli.roles_yes": ("ja", "yes"),
    "cli.roles_no": ("nej", "no"),
    "cli.roles_most": ("højst {most}", "up to {most}"),
    "cli.in_work": ("{operator} er i gang med {act} siden {since}", "{operator} has {act} under way since {since}"),
    "cli.no_agent": (
        "Ingen agent kører; det udføres, når en starter (`forny agent`), eller med --wait.",
        "No agent is running; it is done when one starts (`forny agent`), or with --wait.",
    ),
    "cli.plans_header": ("Plan|Hvad|Hvem|Tid|Tilstand|Udfald", "Plan|What|Who|At|State|Outcome"),
    "cli.plan_header": ("Id|Aftale|Kunde|Bank|Tilstand|Grund", "Id|Agreement|Customer|Bank|State|Reason"),
    "cli.waits": ("venter til {until}", "waits until {until}"),
    "cli.incidents_header": (
        "Hvis|Navn|Årsag|Siden|Slut|Forbindelser|Kunder|Fejl (normalt)|Afventer|Ældste",
        "Whose|Name|Cause|Since|Over|Connections|Customers|Failed (usual)|Pending|Oldest",
    ),
    "cli.no_incidents": ("Ingen åbne hændelser.", "No open incidents."),
    "cli.problems_header": (
        "Id|Aftale|Kunde|Bank|Årsag|Siden|Sidst|Gange|Næste|Hviler",
        "Id|Agreement|Customer|Bank|Cause|Since|Last|Times|Next|Rests",
    ),
    "cli.reminders_header": (
        "Tid|Id|Aftale|Kunde|Bank|Udløber|Før|Status|Til|Grund",
        "Time|Id|Agreement|Customer|Bank|Ends|Before|State|To|Reason",
    ),
    "cli.reminders": ("Påmindelser:", "Reminders:"),
    "cli.no_reminders": (
        "Ingen påmindelser: der er ikke sendt nogen, og ingen er planlagt.",
        "No reminders: none was sent, and none is planned.",
    ),
    "cli.usually_dies": ("dør oftest på dag {day} ({cases} tilfælde)", "usually dies on day {day} ({cases} cases)"),
    "cli.forecast_weeks_header": ("Uge|Fra|Forfalder|Tavse|", "Week|From|Due|Dark|"),
    "cli.forecast_banks_header": ("Bank|Forfalder|Svarede sidst|Tavse", "Bank|Due|Answered last time|Dark"),
    "cli.forecast_unknown": (
        "{count} forbindelser har ingen kendt udløbsdag.",
        "{count} connections have no known day of expiry.",
    ),
    "cli.nothing_due": ("Intet skal fornyes de næste {weeks} uger.", "Nothing is due in the next {weeks} weeks."),
    "cli.working": (
        "Ingen agent kører; denne kommando gør arbejdet selv …",
        "No agent is running; this command does the work itself …",
    ),
    # -- webhooks --------------------------------------------------------------------------------------------
    "cli.webhooks_header": (
        "Modtaget|Hændelse|Forbindelse|Udfald|Grund|Id",
        "Received|Event|Connection|Outcome|Reason|Id",
    ),
    "cli.no_webhooks": ("Der er ikke kommet nogen webhooks.", "No webhooks have come."),
    "cli.effect_waiting": ("venter på agenten", "waits for the agent"),
    "cli.effect.applied": ("brugt", "applied"),
    "cli.effect.unknown_event": ("ukendt hændelse", "unknown event"),
    "cli.effect.unknown_consent": ("ukendt samtykke", "unknown consent"),
    "cli.effect.candidate": ("venter på fornyelsen", "waits for the renewal"),
    "cli.effect.ended_consent": ("samtykket er afløst", "the consent was superseded"),
    "cli.effect.removed": ("forbindelsen er fjernet", "the connection was removed"),
    "cli.replay_what": (
        "Sig hvilke: `forny webhooks replay HÆNDELSES-ID…` eller `--since TID`.",
        "Say which: `forny webhooks replay EVENT_ID…` or `--since TIME`.",
    ),
    "cli.replayed": ("{count} hændelser bruges igen.", "{count} events are applied again."),
    "cli.replay_reach": (
        "Ældre end {days} dage er kun de hændelser bevaret, som siger noget om et samtykke, der stadig gælder.",
        "Older than {days} days, only those events are kept that say something about a consent which still holds.",
    ),
    # -- agent, console, sandbox, demo -----------------------------------------------------------------------
    "cli.agent_started": (
        "Agenten arbejder på {store} (pid {pid}). Ctrl+C afslutter det, der er i gang, og stopper.",
        "The agent works on {store} (pid {pid}). Ctrl+C finishes what is in flight and ends.",
    ),
    "cli.agent_waits": (
        "{why} Agenten prøver igen om {seconds} sekunder.",
        "{why} The agent tries again in {seconds} seconds.",
    ),
    "cli.agent_busy": (
        "En agent arbejder allerede på lageret: {kind}, pid {pid} på {host}, siden {since}. Afslut den først.",
        "An agent works on this store already: {kind}, pid {pid} on {host}, since {since}. End that one first.",
    ),
    "cli.agent_busy_unknown": (
        "En anden proces arbejder allerede på lageret. Afslut den først.",
        "Another process works on this store already. End that one first.",
    ),
    "cli.listen_taken": (
        "Adressen {where}, hvor kunder kommer tilbage fra Aiia, kan ikke bruges: {why}. Vælg med FORNY_LISTEN.",
        "The address {where}, where customers come back from Aiia, cannot be used: {why}. Choose with FORNY_LISTEN.",
    ),
    "cli.round": (
        "Runde: {fetched} hentet, {needs_customer} kræver kunden, {waiting} venter, {failed} fejlede;"
        " {new_postings} nye posteringer, {delivered} leveret, {rejected} afvist,"
        " {deliveries_failed} leveringer fejlede; {actions_done} handlinger udført, {actions_failed} fejlede,"
        " {awaiting_customer} venter på kunden; {reminded} påmindet om udløb.",
        "Round: {fetched} fetched, {needs_customer} need the customer, {waiting} wait, {failed} failed;"
        " {new_postings} new postings, {delivered} delivered, {rejected} rejected,"
        " {deliveries_failed} deliveries failed; {actions_done} actions done, {actions_failed} failed,"
        " {awaiting_customer} await the customer; {reminded} reminded of the end.",
    ),
    "cli.round_trouble": (
        "Runden stoppede: {trouble}. `forny doctor` siger, hvad der er galt.",
        "The round stopped: {trouble}. `forny doctor` says what is wrong.",
    ),
    "cli.round_nothing": (
        "Ikke én forbindelse kunne hentes. `forny doctor` siger, hvad der er galt.",
        "Not one connection could be fetched. `forny doctor` says what is wrong.",
    ),
    "cli.round_cut": (
        "Runden blev afbrudt; det, der var i gang, er gjort færdigt. Resten tages i næste runde.",
        "The round was cut short; what was in flight is finished. The rest is for the next round.",
    ),
    "cli.no_terminal": (
        "Konsollen kræver en terminal (TERM er dumb, eller der er ingen). Brug `forny list`.",
        "The console needs a terminal (TERM is dumb, or there is none). Use `forny list`.",
    ),
    "cli.not_configured": (
        "Intet er sat op endnu. Sæt FORNY_STORE og FORNY_AIIA_BASE_URL, eller skriv en konfigurationsfil"
        " (`forny config where`). `forny demo` viser det hele på en verden for sig selv.",
        "Nothing is configured yet. Set FORNY_STORE and FORNY_AIIA_BASE_URL, or write a configuration file"
        " (`forny config where`). `forny demo` shows everything on a world of its own.",
    ),
    "cli.open_demo": ("Vil du se demoen?", "Open the demo?"),
    "cli.ports_taken": (
        "Sandkassen kan ikke få sine porte fra {port}: {why}. Vælg andre med --port.",
        "The sandbox cannot have its ports from {port} on: {why}. Choose others with --port.",
    ),
    "cli.want_span": (
        "{span} er ikke et tidsrum: skriv 40h eller 5d.",
        "{span} is no span of time: write 40h or 5d.",
    ),
    "cli.no_sandbox": (
        "Hvilken sandkasse? Giv dens control-adresse med --at eller FORNY_SANDBOX_URL.",
        "Which sandbox? Give its control address with --at or FORNY_SANDBOX_URL.",
    ),
    "cli.sandbox_gone": (
        "Ingen sandkasse svarer på {url}. Start en: `forny sandbox`.",
        "No sandbox answers at {url}. Start one: `forny sandbox`.",
    ),
    "cli.sandbox_refused": ("Sandkassen sagde nej: {why}", "The sandbox said no: {why}"),
    "cli.no_mailed_link": (
        "Der er ikke kommet noget link til {address}.",
        "No link has come to {address}.",
    ),
    "cli.no_case": (
        "{reference} har ingen åben sag. `forny renew {reference}` laver et link.",
        "{reference} has no open case. `forny renew {reference}` makes a link.",
    ),
    "demo.starting": (
        "Starter en verden med {customers} kunder på denne maskine …",
        "Starting a world with {customers} customers on this machine …",
    ),
    "demo.no_terminal": (
        "Demoen åbner konsollen og kræver en terminal. Uden: `forny demo --headless`.",
        "The demo opens the console and needs a terminal. Without one: `forny demo --headless`.",
    ),
    "demo.no_world": ("Sandkassen startede ikke: {why}", "The sandbox did not start: {why}"),
    # -- failures --------------------------------------------------------------------------------------------
    "cli.os_error": ("Det gik ikke: {what} ({where}).", "That did not work: {what} ({where})."),
    "cli.crash": (
        "Der skete noget uventet ({kind}). Send noten {note} til dem, der vedligeholder forny.",
        "Something unexpected happened ({kind}). Send the note {note} to those who maintain forny.",
    ),
}

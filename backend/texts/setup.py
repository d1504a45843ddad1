"""Texts of setting forny up: configuration, import, doctor (key: Danish, English)."""

TEXTS: dict[str, tuple[str, str]] = {
    # -- configuration ---------------------------------------------------------------------------------------
    "config.at": ("{path}, linje {line}", "{path}, line {line}"),
    "config.more": (
        " (og {count} fejl mere: `forny config validate`)",
        " (and {count} more: `forny config validate`)",
    ),
    "config.wrong": ("{where}: {setting} kan ikke bruges: {what}.", "{where}: {setting} cannot be used: {what}."),
    "config.unknown": ("{where}: ukendt indstilling {setting}.{hint}", "{where}: unknown setting {setting}.{hint}"),
    "config.unknown_variable": (
        "Miljøvariablen {setting} hører ikke til nogen indstilling og bruges ikke.{hint}",
        "The variable {setting} belongs to no setting and is not used.{hint}",
    ),
    "config.near": (" Mentes {setting}?", " Did you mean {setting}?"),
    "config.no_file": (
        "Konfigurationsfilen {path} findes ikke. Ret stien i --config eller FORNY_CONFIG.",
        "There is no configuration file {path}. Correct the path in --config or FORNY_CONFIG.",
    ),
    "config.unreadable": (
        "Konfigurationsfilen {path} kan ikke læses: {why}.",
        "The configuration file {path} cannot be read: {why}.",
    ),
    "config.syntax": ("{path} er ikke gyldig TOML: {why}.", "{path} is not valid TOML: {why}."),
    "config.profiles_shape": (
        "{path}: profiler skrives som afsnit, [profiles.NAVN].",
        "{path}: profiles are written as sections, [profiles.NAME].",
    ),
    "config.no_profile": (
        "Der er ingen profil {name} i {path}. Kendte: {known}.",
        "There is no profile {name} in {path}. Known: {known}.",
    ),
    "config.which_profile": (
        "Der er flere profiler ({known}). Vælg en: `--profile {first}`, FORNY_PROFILE, eller profile = i toppen.",
        "There are several profiles ({known}). Choose one: `--profile {first}`, FORNY_PROFILE, or profile = on top.",
    ),
    "config.missing": (
        "{setting} er ikke sat. Sæt {variable}, eller {setting} under profilen {profile} i konfigurationsfilen"
        " (`forny config where`).",
        "{setting} is not set. Set {variable}, or {setting} in profile {profile} of the configuration file"
        " (`forny config where`).",
    ),
    "config.want_text": ("det skal være en tekst i anførselstegn", "it must be a text in quotes"),
    "config.want_printable": (
        "teksten rummer styretegn eller er for lang",
        "the text holds control characters or is too long",
    ),
    "config.want_printable_secret": ("hemmeligheden rummer styretegn", "the secret holds control characters"),
    "config.want_word": (
        "det skal være ét ord af bogstaver, tal, punktum og bindestreg",
        "it must be one word of letters, digits, dots and hyphens",
    ),
    "config.want_one_of": ("vælg mellem {choices}", "choose from {choices}"),
    "config.want_store": (
        "det skal være en sti til en fil, eller en adresse som postgresql://bruger@vært/database",
        "it must be the path of a file, or an address like postgresql://user@host/database",
    ),
    "config.want_store_reference": (
        "adressen rummer en adgangskode; læg den i FORNY_STORE, eller skriv env:NAVN, file:STI eller keyring:NAVN",
        "the address holds a password; put it into FORNY_STORE, or write env:NAME, file:PATH or keyring:NAME",
    ),
    "config.want_url": (
        "det skal være en adresse som https://api.example.com",
        "it must be an address like https://api.example.com",
    ),
    "config.want_no_userinfo": (
        "der må ikke stå navn eller adgangskode i adressen",
        "there must be no name or password in the address",
    ),
    "config.want_no_query": ("adressen må ikke have ? eller #", "the address must have no ? or #"),
    "config.want_https": (
        "uden for denne maskine bruges kun https",
        "outside this machine only https is used",
    ),
    "config.want_smtp": (
        "det skal være en adresse som smtp://mail.example.com:587",
        "it must be an address like smtp://mail.example.com:587",
    ),
    "config.want_smtp_reference": (
        "adressen rummer en adgangskode; læg den i FORNY_SMTP_URL, eller skriv env:NAVN, file:STI eller keyring:NAVN",
        "the address holds a password; put it into FORNY_SMTP_URL, or write env:NAME, file:PATH or keyring:NAME",
    ),
    "config.want_reference": (
        "en hemmelighed skrives som henvisning ({schemes}), fx env:MIT_NAVN, aldrig som værdi",
        "a secret is written as a reference ({schemes}), such as env:MY_NAME, never as a value",
    ),
    "config.want_listen": (
        "det skal være VÆRT:PORT, fx 127.0.0.1:8080",
        "it must be HOST:PORT, such as 127.0.0.1:8080",
    ),
    "config.want_schedule": (
        "skriv dage eller timer før udløb med komma imellem, fx 7d,3d,1d (højst 10), eller off for ingen",
        "write days or hours before expiry with commas between, such as 7d,3d,1d (10 at most), or off for none",
    ),
    "config.want_duration": (
        "det skal være sekunder eller en varighed som 90s, 30m, 2h, 3d",
        "it must be seconds or a duration such as 90s, 30m, 2h, 3d",
    ),
    "config.want_count": ("det skal være et helt tal fra {least}", "it must be a whole number from {least} on"),
    "config.reserve": (
        "allowance_reserve ({reserve}) skal være mindre end allowance ({allowed}); ellers kan ingen synkronisere",
        "allowance_reserve ({reserve}) must be less than allowance ({allowed}); else nobody can synchronise",
    ),
    "config.want_clusters": (
        "{part} kan ikke bruges. Skriv fx BEC=Spar Nord,Nykredit; SDC=Klitbanken, hver bank kun ét sted",
        "{part} cannot be used. Write for example BEC=Spar Nord,Nykredit; SDC=Klitbanken, each bank in one place only",
    ),
    "config.want_flag": ("det skal være true eller false", "it must be true or false"),
    "config.want_roles": (
        "{part} kan ikke læses. Skriv rolle=bruger,@gruppe med semikolon imellem, hver rolle én gang:"
        " admin=eva; oncall=@vagt; support=@support; view=*",
        "{part} cannot be read. Write role=user,@group with semicolons between, each role once:"
        " admin=eva; oncall=@oncall; support=@support; view=*",
    ),
    "config.guarded": (
        "konfigurationsfilen siger {standing}, og det kan kun rettes dér",
        "the configuration file says {standing}, and it can only be changed there",
    ),
    "config.want_anchor": (
        "det skal være en fil, syslog eller syslog://VÆRT[:PORT]",
        "it must be a file, syslog or syslog://HOST[:PORT]",
    ),
    "config.want_clock": (
        "det skal være tre tal med kolon imellem, eller @ og en fil, hvor de står",
        "it must be three numbers with colons between, or @ and a file that holds them",
    ),
    "config.secret_empty": (
        "{setting} henviser til {reference}, og der er ingen værdi der. Læg hemmeligheden der, eller ret henvisningen.",
        "{setting} refers to {reference}, and there is no value there. Put the secret there, or correct the reference.",
    ),
    "config.secret_file": (
        "{setting}: filen {path} kan ikke læses: {why}.",
        "{setting}: the file {path} cannot be read: {why}.",
    ),
    "config.no_keyring": (
        "{setting} henviser til en nøglering, men keyring mangler. Installér forny[keyring], eller brug env:, file:.",
        "{setting} refers to a keyring, but keyring is not installed. Install forny[keyring], or use env: or file:.",
    ),
    "config.keyring_failed": (
        "{setting}: nøgleringen gav ikke {name} ({why}). Lås den op, eller brug env: eller file:.",
        "{setting}: the keyring did not give {name} ({why}). Unlock it, or use env: or file:.",
    ),
    "config.valid": (
        "Konfigurationen er i orden (profil {profile}).",
        "The configuration is in order (profile {profile}).",
    ),
    "config.wrong_count": ("{count} fejl i konfigurationen.", "{count} things wrong with the configuration."),
    "config.not_there": ("(findes ikke endnu)", "(does not exist yet)"),
    "config.header": ("Indstilling|Værdi|Fra", "Setting|Value|From"),
    "setting.environment": (
        "Hvad der står i båndet: production, eller test, demo, sandbox, …; et ukendt ord er produktion",
        "What the band says: production, or test, demo, sandbox, …; an unknown word is production",
    ),
    "setting.roles": (
        "Hvem der må hvad: admin=eva; oncall=@vagt; support=@support; view=* (systembrugere og grupper)",
        "Who may do what: admin=eva; oncall=@oncall; support=@support; view=* (system users and groups)",
    ),
    "setting.read_only": (
        "true: intet kan ændres gennem denne profil",
        "true: nothing can be changed through this profile",
    ),
    "setting.second_pair_from": (
        "Fra hvor mange fjernelser i én plan en anden operatør skal godkende; 0: aldrig",
        "From how many removals in one plan another operator must approve; 0: never",
    ),
    "setting.store": (
        "Lageret: stien til en SQLite-fil, eller en adresse som postgresql://bruger@vært/database",
        "The store: the path of an SQLite file, or an address like postgresql://user@host/database",
    ),
    "setting.undo_window": (
        "Hvor længe en fjernelse kan fortrydes, før den sker: 10m; off: slet ikke",
        "How long a removal can be undone before it happens: 10m; off: not at all",
    ),
    "setting.provider": ("Aggregatoren", "The aggregator"),
    "setting.aiia_base_url": ("Adressen på Aiia Data API", "Address of the Aiia Data API"),
    "setting.aiia_client_id": ("Vores klient-id hos Aiia", "Our client id at Aiia"),
    "setting.aiia_client_secret": ("Vores hemmelighed hos Aiia, som henvisning", "Our secret at Aiia, as a reference"),
    "setting.aiia_redirect_url": (
        "Hvor Aiia sender kunden hen efter login; den skal være tilladt hos Aiia",
        "Where Aiia sends the customer after the login; it must be allowed at Aiia",
    ),
    "setting.aiia_webhook_secret": (
        "Hemmeligheden, som Aiia underskriver webhooks med, som henvisning; uden den modtages ingen",
        "The secret with which Aiia signs webhooks, as a reference; without it none are taken",
    ),
    "setting.aiia_webhook_legacy": (
        "Modtag også webhooks med den gamle underskrift, som kun dækker indholdet: true eller false",
        "Also take webhooks with the old signature, which covers the body alone: true or false",
    ),
    "setting.reconciliation_url": (
        "Adressen på bankafstemningens indbakke",
        "Address of the bank reconciliation inbox",
    ),
    "setting.reconciliation_token": ("Nøglen til indbakken, som henvisning", "The inbox's token, as a reference"),
    "setting.smtp_url": ("Mailserver, smtp:// eller smtps://", "Mail server, smtp:// or smtps://"),
    "setting.mail_from": ("Afsender på mails til kunder", "Sender of mail to customers"),
    "setting.operator": ("Hvem der handler, til revisionssporet", "Who acts, for the audit log"),
    "setting.language": ("Operatørens sprog, da eller en", "The operator's language, da or en"),
    "setting.customer_language": ("Sproget i mails til kunder, da eller en", "Of mail to customers, da or en"),
    "setting.reminders": (
        "Hvornår før udløb kunden får en påmindelse på mail, fx 7d,3d,1d; off: aldrig",
        "When before expiry the customer is reminded by mail, such as 7d,3d,1d; off: never",
    ),
    "setting.listen": (
        "VÆRT:PORT, hvor agenten tager imod kunder, der kommer fra Aiia",
        "HOST:PORT where the agent takes customers who come from Aiia",
    ),
    "setting.public_url": (
        "hvor kunder når agenten udefra; så går linket i mails derom, og det ses, om det er åbnet",
        "where customers reach the agent from outside; links in mails then go by way of it, and opening is seen",
    ),
    "setting.token_key": (
        "Nøglen, der krypterer tokens i lageret, som henvisning (ellers en fil ved siden af lageret)",
        "The key that encrypts tokens in the store, as a reference (else a file beside the store)",
    ),
    "setting.fetch_every": ("Så ofte hentes en forbindelse", "How often a connection is fetched"),
    "setting.stale_after": (
        "Så gamle må data blive, før det er et problem",
        "How old data may grow before it is a problem",
    ),
    "setting.webhook_silence": (
        "Så længe må webhooks udeblive, mens der er nyt fra banken, før det er værd at sige",
        "How long webhooks may stay away while banks have news before that is worth saying",
    ),
    "setting.allowance": (
        "Så mange opslag uden kunden tillader en bank på 24 timer",
        "How many look-ups without the customer a bank allows in 24 hours",
    ),
    "setting.allowance_reserve": (
        "Så mange af dem gemmes til nattens hentning; en operatør kan ikke bruge dem",
        "How many of them are kept for the nightly round; an operator cannot use them",
    ),
    "setting.most_at_once": (
        "Så mange forbindelser tales der højst for på én gang",
        "For how many connections the provider is asked at once, at most",
    ),
    "setting.calls_per_second": (
        "Så mange kald i sekundet får udbyderen højst",
        "How many calls a second the provider gets at most",
    ),
    "setting.clusters": (
        "Hvilke banker der deler datacenter",
        "Which banks share a data centre",
    ),
    "setting.audit_anchor": (
        "Hvor agenten noterer revisionssporets segl uden for lageret: en fil, syslog eller syslog://VÆRT",
        "Where the agent notes the audit log's seals outside the store: a file, syslog or syslog://HOST",
    ),
    "setting.clock": (
        "Et ur, der går hurtigere end maskinens (demo)",
        "A clock that runs faster than the machine's (demo)",
    ),
    "setting.sandbox_url": ("Adressen på sandkassens egne sider", "Address of the sandbox's own pages"),
    # -- import ----------------------------------------------------------------------------------------------
    "import.bad_line": ("Linje {line}, {field}: {reason}.", "Line {line}, {field}: {reason}."),
    "import.bad_line_whole": ("Linje {line}: {reason}.", "Line {line}: {reason}."),
    "import.more_bad": ("… og {count} fejlbehæftede linjer mere.", "… and {count} more bad lines."),
    "import.done": (
        "{added} tilføjet, {changed} ændret, {unchanged} uændret",
        "{added} added, {changed} changed, {unchanged} unchanged",
    ),
    "import.left_out": (
        "{count} linjer blev udeladt. Ret dem, og importér igen.",
        "{count} lines were left out. Correct them and import again.",
    ),
    "import.progress": ("{count} linjer læst …", "{count} lines read …"),
    "import.no_file": ("Filen {file} kan ikke læses: {why}.", "The file {file} cannot be read: {why}."),
    "import.too_long": ("linjen er længere end {limit} byte", "the line is longer than {limit} bytes"),
    "import.not_json": ("det er ikke gyldig JSON", "it is not valid JSON"),
    "import.not_object": ("linjen er ikke et JSON-objekt", "the line is not a JSON object"),
    "import.too_deep": ("der er for mange lag", "it is nested too deeply"),
    "import.missing": ("feltet mangler", "the field is missing"),
    "import.empty": ("feltet er tomt", "the field is empty"),
    "import.type": ("forventede {want}, fik {got}", "expected {want}, got {got}"),
    "import.provider": ("ukendt aggregator; kendte: {known}", "unknown provider; known: {known}"),
    "import.token": ("det er ikke et token (tegn eller længde)", "that is no token (characters or length)"),
    "import.token_without_consent": (
        "et token uden consent_id hører ikke til noget samtykke",
        "a token without a consent_id belongs to no consent",
    ),
    "import.email": ("det er ikke en mailadresse", "that is no mail address"),
    "import.date": ("det er ikke en dato (ISO 8601)", "that is no date (ISO 8601)"),
    "import.too_many": ("der er flere end {limit} konti", "there are more than {limit} accounts"),
    "import.account_twice": ("samme konto står der to gange", "the same account stands there twice"),
    "import.twice": (
        "samme aftale og samtykke som i linje {first}",
        "the same agreement and consent as in line {first}",
    ),
    # -- doctor ----------------------------------------------------------------------------------------------
    "config.no_mail": (
        "ingen mailserver er sat op (smtp_url)",
        "no mail server is configured (smtp_url)",
    ),
    "doctor.ok": ("ok", "ok"),
    "doctor.warn": ("pas på", "warn"),
    "doctor.fail": ("fejl", "fail"),
    "doctor.store": (
        "{path}: {count} bankforbindelser, {mib} MiB",
        "{path}: {count} connections, {mib} MiB",
    ),
    "doctor.damaged": ("filen er beskadiget: {why}", "the file is damaged: {why}"),
    "doctor.damaged_todo": (
        "Stop agenten, og læg en sikkerhedskopi tilbage.",
        "Stop the agent and restore a backup.",
    ),
    "doctor.engine": (
        "{engine}, journal {journal}, skema {schema}",
        "{engine}, journal {journal}, schema {schema}",
    ),
    "doctor.engine_todo": (
        "Uden WAL venter læsere på skrivere. Installér en SQLite fra 3.51.3 (pysqlite3).",
        "Without WAL readers wait for writers. Install an SQLite from 3.51.3 on (pysqlite3).",
    ),
    "doctor.server_todo": (
        "Serveren svarer, før det står på disken: et strømsvigt kan tage det. Slå fsync og synchronous_commit til.",
        "The server answers before it is on disk: a power cut may take it. Turn on fsync and synchronous_commit.",
    ),
    "doctor.not_private": ("andre kan læse {path}", "others can read {path}"),
    "doctor.not_private_todo": ("chmod 600 '{path}'*", "chmod 600 '{path}'*"),
    "doctor.no_agent": (
        "ingen kører: intet hentes eller leveres",
        "none is running: nothing is fetched or delivered",
    ),
    "doctor.no_agent_todo": ("Start en: `forny agent`.", "Start one: `forny agent`."),
    "doctor.agent": ("{kind}, pid {pid} på {host}, i live", "{kind}, pid {pid} on {host}, alive"),
    "doctor.agent_trouble": (
        "{kind}, pid {pid} på {host}, kan ikke arbejde: {trouble}",
        "{kind}, pid {pid} on {host}, cannot work: {trouble}",
    ),
    "doctor.agent_trouble_todo": (
        "Se linjerne om aggregatoren herunder.",
        "See the lines about the aggregator below.",
    ),
    "doctor.agent_quiet": (
        "{kind}, pid {pid} på {host}, har været stille i {minutes} minutter",
        "{kind}, pid {pid} on {host}, has been quiet for {minutes} minutes",
    ),
    "doctor.agent_quiet_todo": (
        "Se, om den hænger; den kan stoppes og startes uden tab.",
        "See whether it hangs; it can be stopped and started without loss.",
    ),
    "doctor.no_webhooks": (
        "webhooks fra Aiia modtages ikke (aiia_webhook_secret); agenten spørger kun med mellemrum",
        "webhooks from Aiia are not taken (aiia_webhook_secret); the agent only asks at intervals",
    ),
    "doctor.no_webhooks_todo": (
        "Sæt FORNY_AIIA_WEBHOOK_SECRET til den hemmelighed, der står i Aiias portal, og dér adressen"
        " https://…/webhooks på agenten.",
        "Set FORNY_AIIA_WEBHOOK_SECRET to the secret that stands in Aiia's portal, and there the address"
        " https://…/webhooks of the agent.",
    ),
    "doctor.deaf": (
        "agenten lytter ikke nogen steder, så webhooks når den ikke",
        "the agent listens nowhere, so webhooks do not reach it",
    ),
    "doctor.deaf_todo": ("Sæt FORNY_LISTEN.", "Set FORNY_LISTEN."),
    "doctor.webhooks_none": ("der er ikke kommet nogen webhook endnu", "no webhook has come yet"),
    "doctor.webhooks": ("den seneste webhook kom {at}", "the last webhook came {at}"),
    "doctor.webhooks_silent": (
        "webhooks er holdt op med at komme: den seneste kom {at}, og siden er der fundet nyt på {count}"
        " bankforbindelser ved at spørge",
        "webhooks have stopped coming: the last one came {at}, and since then asking has found news on {count}"
        " connections",
    ),
    "doctor.webhooks_silent_todo": (
        "Se adressen og hemmeligheden i Aiias portal, og om adressen kan nås udefra.",
        "Look at the address and the secret in Aiia's portal, and whether the address can be reached from outside.",
    ),
    "doctor.provider": (
        "{url} svarer, vores nøgler virker, {count} banker",
        "{url} answers, our credentials work, {count} banks",
    ),
    "doctor.ledger": ("{url} svarer og lukker os ind", "{url} answers and lets us in"),
    "doctor.mail": ("mailserveren svarer", "the mail server answers"),
    "doctor.no_mail_todo": (
        "Links vises kun; de sendes ikke. Sæt FORNY_SMTP_URL.",
        "Links are only shown, not sent. Set FORNY_SMTP_URL.",
    ),
    "doctor.clock": (
        "{seconds} s fra {url}",
        "{seconds} s from {url}",
    ),
    "doctor.clock_scaled": ("demoens eget ur", "the demo's own clock"),
    "doctor.clock_unknown": (
        "ingen server sagde, hvad klokken er",
        "no server told the time",
    ),
    "doctor.skew": (
        "uret er {seconds} s fra {url}",
        "the clock is {seconds} s from {url}",
    ),
    "doctor.skew_todo": (
        "Stil maskinens ur (NTP); udløb og dage regnes forkert.",
        "Set the machine's clock (NTP); expiries and days are counted wrong.",
    ),
    "doctor.todo": ("Se loggen hos den anden side.", "See the log of the other side."),
    "doctor.todo.refused_credentials": (
        "Ret klient-id og hemmelighed eller nøgle; indtil da står hele flåden stille.",
        "Correct the client id and secret, or the token; until then the whole fleet stands still.",
    ),
    "doctor.todo.refused": (
        "De svarede, men sagde nej: se rettigheder og adresse.",
        "They answered and said no: look at rights and address.",
    ),
    "doctor.todo.unreachable": (
        "Se efter adresse, net og firewall; prøv igen om lidt.",
        "Check address, network and firewall; try again in a while.",
    ),
    "doctor.todo.provider_down": (
        "Fejlen er deres. Vent, og prøv igen; intet er tabt.",
        "The fault is theirs. Wait and try again; nothing is lost.",
    ),
    "doctor.gate": ("{who} spørges ikke før {until}: {why}", "{who} is not asked before {until}: {why}"),
    "doctor.gate_all": ("Aiia, for alle banker,", "Aiia, for all banks,"),
    "doctor.gate_todo": (
        "Vent: hentning og handlinger går selv i gang igen til tiden.",
        "Wait: fetches and acts go on by themselves when the time comes.",
    ),
    "doctor.todo.rate_limited": (
        "Intet er i stykker. Prøv igen efter det tidspunkt.",
        "Nothing is broken. Try again after that time.",
    ),
    "doctor.todo.malformed": (
        "Adressen peger nok på noget andet; ret den.",
        "The address probably points at something else; correct it.",
    ),
}

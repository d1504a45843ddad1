"""Texts of reminders before a consent ends (key: Danish, English)."""

TEXTS: dict[str, tuple[str, str]] = {
    "reminder.subject": (
        "Påmindelse: forny forbindelsen til {bank}",
        "Reminder: renew the connection to {bank}",
    ),
    "reminder.why": (
        "Af sikkerhedsmæssige årsager skal du løbende forny forbindelsen til din bank, og nu er det tid.\n"
        "Kun du kan gøre det. Når forbindelsen er udløbet, overføres der ingen posteringer, før den er fornyet.",
        "For security reasons you have to renew the connection to your bank from time to time, and now it is due.\n"
        "Only you can do it. Once the connection has expired, no rows are transferred until it is renewed.",
    ),
    "reminder.ignore": (
        "Har du fornyet forbindelsen inden for det seneste døgn, skal du ikke gøre noget.",
        "If you have renewed the connection within the last day, you need not do anything.",
    ),
    "reminder.state.intent": ("på vej", "on its way"),
    "reminder.state.sent": ("sendt", "sent"),
    "reminder.state.failed": ("fejlede", "failed"),
    "reminder.state.skipped": ("sprunget over", "skipped"),
    "reminder.state.unknown": ("uvist, sendes ikke igen", "unknown, not sent again"),
    "reminder.state.planned": ("planlagt", "planned"),
    "reminder.state.held": ("venter", "waits"),
    "reminder.reason.no_email": ("kunden har ingen mailadresse", "the customer has no mail address"),
    "reminder.reason.refused_address": ("ingen tager imod post til adressen", "nobody takes mail for the address"),
    "reminder.reason.incident": ("hændelse: kunden får ingen mail", "incident: the customer gets no mail"),
    "reminder.reason.twin": (
        "kunden har en nyere forbindelse med samme bankkonto",
        "the customer has a newer connection with the same bank account",
    ),
    "reminder.reason.under_way": ("kunden er i gang med at forny", "the customer is renewing"),
    "reminder.reason.acting": ("en handling er i gang", "an act is under way"),
    "reminder.reason.young_link": ("kunden har lige fået et link", "the customer has just got a link"),
    "reminder.reason.retry": ("prøves igen", "tried again"),
    "reminder.reason.off": ("påmindelser er slået fra", "reminders are switched off"),
    "reminder.reason.no_mail_server": ("ingen mailserver er sat op", "no mail server is set up"),
}

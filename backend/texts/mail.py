"""Texts of the mails to customers (key: Danish, English)."""

TEXTS: dict[str, tuple[str, str]] = {
    "mail.your_bank": ("din bank", "your bank"),
    "mail.greeting": ("Til {customer} (aftale {agreement})", "To {customer} (agreement {agreement})"),
    "mail.renew.subject": ("Forny forbindelsen til {bank}", "Renew the connection to {bank}"),
    "mail.renew.why": (
        "Forbindelsen mellem dit regnskab og {bank} skal fornyes. Det kræver banken af hensyn til sikkerheden.\n"
        "Kun du kan gøre det. Er forbindelsen udløbet, overføres der ingen posteringer, før den er fornyet.",
        "The connection between your accounts and {bank} has to be renewed. The bank requires it for security.\n"
        "Only you can do it. If the connection has expired, no rows are transferred until it is renewed.",
    ),
    "mail.renew.until": (
        "Banken har oplyst, at samtykket gælder til {day}.",
        "The bank has stated that the consent holds until {day}.",
    ),
    "mail.renew.usually": (
        "{bank} beder ofte om en ny godkendelse tidligere end aftalt: regn med, at samtykket gælder til omkring {day}.",
        "{bank} often asks for a new approval early: expect the consent to hold until about {day}.",
    ),
    "mail.connect.subject": ("Forbind {bank} med dit regnskab", "Connect {bank} with your accounts"),
    "mail.connect.why": (
        "Med dette link forbinder du {bank} med dit regnskab, så posteringerne kommer af sig selv i bankafstemningen.",
        "With this link you connect {bank} with your accounts, so that rows reach bank reconciliation by themselves.",
    ),
    "mail.renew.choose": (
        "Vælg de samme bankkonti som før, og nye, hvis der er nogle.",
        "Choose the same bank accounts as before, and new ones if there are any.",
    ),
    "mail.connect.choose": (
        "Vælg de bankkonti, som skal med i dit regnskab.",
        "Choose the bank accounts that belong to your accounts.",
    ),
    "mail.link": ("Begynd her:\n{link}", "Begin here:\n{link}"),
    "mail.steps": (
        "Sådan foregår det:\n"
        "1. Log ind hos Aiia med din mail og den talkode på 6 cifre, som du får på mail.\n"
        "2. Vælg {bank}, og log ind i banken.\n"
        "3. {choose}\n"
        "4. Giv dit samtykke.",
        "What happens:\n"
        "1. Log in at Aiia with your mail address and the six-digit code that is mailed to you.\n"
        "2. Choose {bank}, and log in at the bank.\n"
        "3. {choose}\n"
        "4. Give your consent.",
    ),
    "mail.after": (
        "Derefter kan der gå op til 6 timer, før posteringerne er i bankafstemningen. Du skal ikke gøre mere.",
        "After that it may take up to 6 hours before the rows are in bank reconciliation. You need not do more.",
    ),
    "mail.ignore": (
        "Venter du ikke denne mail, så lad linket ligge: der sker intet, før du selv logger ind.",
        "If you do not expect this mail, leave the link alone: nothing happens until you log in yourself.",
    ),
}

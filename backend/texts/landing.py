"""Texts of the page where the customer lands after logging in (key: Danish, English)."""

TEXTS: dict[str, tuple[str, str]] = {
    "landing.done.title": ("Forbindelsen er fornyet", "The connection is renewed"),
    "landing.done.text": (
        "Du kan lukke denne side. Der kan gå op til 6 timer, før posteringerne er i bankafstemningen.",
        "You can close this page. It can take up to 6 hours before the postings are in bank reconciliation.",
    ),
    "landing.pending.title": ("Tak, vi har modtaget dit login", "Thank you, we have received your login"),
    "landing.pending.text": (
        "Vi kontrollerer bankkontiene. Den hidtidige forbindelse er uændret, indtil det er gjort. Du kan lukke siden.",
        "We are checking the bank accounts. The present connection is unchanged until then. You can close this page.",
    ),
    "landing.cancelled.title": ("Fornyelsen blev afbrudt", "The renewal was cancelled"),
    "landing.cancelled.text": (
        "Intet er ændret. Brug linket i mailen igen, når du er klar.",
        "Nothing has changed. Use the link in the mail again when you are ready.",
    ),
    "landing.unclaimed.title": ("Vi kender ikke dette login", "We do not know this login"),
    "landing.unclaimed.text": (
        "Linket er brugt eller for gammelt. Kontakt supporten og bed om et nyt link.",
        "The link has been used or is too old. Contact support and ask for a new link.",
    ),
    "landing.failed.title": ("Det lykkedes ikke", "That did not work"),
    "landing.failed.text": (
        "Intet er ændret. Vent et øjeblik, og brug linket i mailen igen.",
        "Nothing has changed. Wait a moment, then use the link in the mail again.",
    ),
}

"""Texts of what operators decide about postings, of gaps and of silence (key: Danish, English)."""

TEXTS: dict[str, tuple[str, str]] = {
    # -- why a decision was not taken
    "decision.unknown": (
        "den postering findes ikke; se `forny postings`",
        "there is no such posting; see `forny postings`",
    ),
    "decision.ambiguous": (
        "det er for lidt af et id til at pege på én postering; skriv mere af det",
        "that is too little of an id to name one posting; write more of it",
    ),
    "decision.already": ("{by} har afgjort den {at}", "{by} decided it {at}"),
    "decision.delivered": (
        "den er leveret og kan ikke tages tilbage; ret den i bankafstemningen, og marker den så som set (accept)",
        "it is delivered and cannot be taken back; correct it in bank reconciliation, then mark it as seen (accept)",
    ),
    "decision.reserved": (
        "den er kun reserveret i banken; den kommer videre af sig selv, når banken bogfører den",
        "it is only reserved at the bank; it goes on by itself once the bank books it",
    ),
    "decision.no_ledger_account": (
        "dens bankkonto har ingen konto fra kontoplan; sæt den først, så kommer posteringen videre af sig selv",
        "its bank account has no ledger account; set that first, and the posting goes on by itself",
    ),
    "decision.queued": (
        "den er allerede på vej til bankafstemningen",
        "it is on its way to bank reconciliation already",
    ),
    "decision.acknowledged": ("bankafstemningen har den allerede", "bank reconciliation has it already"),
    "decision.which": (
        "Hvilke posteringer? Skriv id'er, eller --filter som i `forny postings FILTER`.",
        "Which postings? Write ids, or --filter as in `forny postings FILTER`.",
    ),
    "decision.dropped": ("den er bortfaldet i banken", "the bank has taken it back"),
    # -- beside a posting in the list
    "discarded": ("kasseret som dublet", "discarded as a duplicate"),
    "decision.change.deleted": ("slettet i banken efter levering", "deleted at the bank after delivery"),
    "decision.change.changed": ("ændret i banken efter levering", "changed at the bank after delivery"),
    "decision.span.left": ("{span} t tilbage", "{span} h left"),
    "decision.span.late": ("{span} t forsinket", "{span} h late"),
    # -- the command
    "decision.done.accept": (
        "{count} kommer i bankafstemningen inden seks timer, {seen} markeret som set.",
        "{count} will be in bank reconciliation within six hours, {seen} marked as seen.",
    ),
    "decision.done.discard": (
        "{count} kasseret som dubletter; de leveres aldrig.",
        "{count} discarded as duplicates; they are never delivered.",
    ),
    "decision.would.accept": (
        "{count} ville blive leveret, {seen} markeret som set. Intet er ændret.",
        "{count} would be delivered, {seen} marked as seen. Nothing was changed.",
    ),
    "decision.would.discard": (
        "{count} ville blive kasseret. Intet er ændret.",
        "{count} would be discarded. Nothing was changed.",
    ),
    "decision.ask.accept": (
        "Lever {count} tilbageholdte posteringer, og marker {seen} som set?",
        "Deliver {count} held postings, and mark {seen} as seen?",
    ),
    "decision.ask.discard": (
        "Kasser {count} posteringer for altid som dubletter?",
        "Discard {count} postings as duplicates, for good?",
    ),
    "decision.left": ("Intet er ændret.", "Nothing was changed."),
    "decision.none": ("Ingen af dem kan afgøres.", "None of them can be decided."),
    "decision.hint": (
        "For at afgøre posteringer: forny postings {act} ID... (id'er begynder med p_).",
        "To decide postings: forny postings {act} ID... (ids begin with p_).",
    ),
}

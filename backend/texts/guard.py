"""Texts of the guard: roles, rights, what may not be done and whom to ask (key: Danish, English)."""

TEXTS: dict[str, tuple[str, str]] = {
    "read_only": ("denne profil læser kun", "this profile only reads"),
    "role.support": ("din rolle må det ikke: spørg supporten", "your role may not do this: ask support"),
    "role.oncall": ("din rolle må det ikke: spørg vagten", "your role may not do this: ask on-call"),
    "role.admin": ("din rolle må det ikke: spørg en administrator", "your role may not do this: ask an admin"),
    "role_many.oncall": (
        "din rolle må det ikke for så mange ad gangen: tag færre, eller spørg vagten",
        "your role may not do this to so many at once: take fewer, or ask on-call",
    ),
    "role_many.admin": (
        "din rolle må det ikke for så mange ad gangen: tag færre, eller spørg en administrator",
        "your role may not do this to so many at once: take fewer, or ask an admin",
    ),
    "guard.read_only": (
        "Denne profil læser kun: intet kan ændres her. Vælg en anden profil for at handle.",
        "This profile only reads: nothing can be changed here. Choose another profile to act.",
    ),
    "guard.role": (
        "Din rolle ({have}) må ikke {what}: spørg {who}.",
        "Your role ({have}) may not {what}: ask {who}.",
    ),
    "guard.many": (
        "Din rolle ({have}) må højst {what} {most} ad gangen: tag færre, eller spørg {who}.",
        "Your role ({have}) may {what} at most {most} at a time: take fewer, or ask {who}.",
    ),
    "guard.everybody": (
        "{user}: {role}. Indstillingen roles er ikke sat, så alle må alt.",
        "{user}: {role}. The setting roles is not set, so everybody may do everything.",
    ),
    "guard.by": ("{user}: {role}, ved {by} i roles.", "{user}: {role}, by {by} in roles."),
    "guard.unnamed": (
        "{user}: {role}. Indstillingen roles nævner hverken brugeren eller en af hans grupper.",
        "{user}: {role}. The setting roles names neither the user nor one of his groups.",
    ),
    "guard.second_pair": (
        "Fra {count} fjernelser i én plan skal en anden operatør godkende.",
        "From {count} removals in one plan another operator must approve.",
    ),
    "guard.own_file": (
        "{path} siger, hvem der må hvad, og du kan selv skrive i den",
        "{path} says who may do what, and you can write in it yourself",
    ),
    "guard.own_file_todo": (
        "Lad en administrator eje filen: chown root '{path}' og chmod 644 '{path}'.",
        "Have an administrator own the file: chown root '{path}' and chmod 644 '{path}'.",
    ),
    "guard.ask.support": ("supporten", "support"),
    "guard.ask.oncall": ("vagten", "on-call"),
    "guard.ask.admin": ("en administrator", "an admin"),
    "guard.right.note": ("skrive noter", "write notes"),
    "guard.right.snooze": ("udsætte problemer", "snooze problems"),
    "guard.right.assign": ("tildele problemer", "assign problems"),
    "guard.right.hand_over": ("overdrage vagten", "hand over the shift"),
    "guard.right.connect": ("oprette nye bankforbindelser", "make new connections"),
    "guard.right.renew": ("forny", "renew"),
    "guard.right.sync": ("synkronisere", "synchronise"),
    "guard.right.accept_posting": ("godkende posteringer", "accept postings"),
    "guard.right.discard_posting": ("kassere posteringer", "discard postings"),
    "guard.right.steer": ("styre sine planer", "steer one's own plans"),
    "guard.right.agent": ("køre agenten", "run the agent"),
    "guard.right.mute": ("dæmpe problemer", "mute problems"),
    "guard.right.accept_renewal": ("godkende en fornyelses konti", "accept a renewal's accounts"),
    "guard.right.replay": ("afspille webhooks igen", "replay webhooks"),
    "guard.right.steer_others": ("styre andres planer", "steer others' plans"),
    "guard.right.approve": ("godkende andres planer", "approve others' plans"),
    "guard.right.remove": ("fjerne", "remove"),
    "guard.right.import": ("importere", "import"),
}

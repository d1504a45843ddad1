"""Texts of looking back in time, and of raw answers (key: Danish, English)."""

TEXTS: dict[str, tuple[str, str]] = {
    "cli.as_of": ("Som det var kendt {at}.", "As it was known {at}."),
    "cli.at_ahead": (
        "{at} er endnu ikke kommet: vælg et tidspunkt, der er gået.",
        "{at} is yet to come: name a moment that has passed.",
    ),
    "cli.at_before": (
        "Så tidligt var intet kendt; det første er fra {at}.",
        "Nothing was known so early; the first is from {at}.",
    ),
    "cli.at_nothing": (
        "Intet er skrevet ned endnu: kør `forny agent`, så kan der ses tilbage fra da af.",
        "Nothing has been written down yet: run `forny agent`, and from then on there is something to look back at.",
    ),
    "cli.why_attempts": ("De seneste forsøg, nyeste først:", "The last attempts, newest first:"),
    "cli.why_no_answer": ("intet svar", "no answer"),
    "why.heard.applied": ("Aiia meldte {event}: brugt", "Aiia told {event}: applied"),
    "why.heard.candidate": (
        "Aiia meldte {event}: venter på fornyelsen",
        "Aiia told {event}: waits for the renewal",
    ),
    "why.heard.ended_consent": (
        "Aiia meldte {event} om et samtykke, der er afløst",
        "Aiia told {event} about a consent that was superseded",
    ),
    "why.heard.removed": (
        "Aiia meldte {event}; forbindelsen er fjernet",
        "Aiia told {event}; the connection was removed",
    ),
    "why.heard.unknown_consent": (
        "Aiia meldte {event} om et samtykke, der ikke var kendt",
        "Aiia told {event} about a consent that was not known",
    ),
    "why.heard.unknown_event": ("Aiia meldte {event}, som vi ikke kender", "Aiia told {event}, which is unknown to us"),
    "why.heard.waiting": ("Aiia meldte {event}: venter på agenten", "Aiia told {event}: waits for the agent"),
    "cli.at_unreadable": (
        "`{text}` er intet tidspunkt. Skriv 2026-03-01T02:10, 02:10 (i dag), `12.04.22, 09:58` eller 6h (siden).",
        "`{text}` is no moment. Write 2026-03-01T02:10, 02:10 (today), `12.04.22, 09:58` or 6h (ago).",
    ),
}

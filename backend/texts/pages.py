"""Texts of the console's pages about one problem and one connection, and of copying (key: Danish, English)."""

TEXTS: dict[str, tuple[str, str]] = {
    # header
    "console.as_of": ("SOM DET VAR {at}", "AS IT WAS {at}"),
    "console.incidents.open": ("åbne hændelser: {n}", "open incidents: {n}"),
    "console.webhooks.silent": ("webhooks tavse siden {at}", "webhooks silent since {at}"),
    "console.why.past": (
        "Du ser fleden som den var {at}; der kan intet gøres. Luk, og åbn forny uden --at.",
        "You see the fleet as it was {at}; nothing can be done. Quit, and open forny without --at.",
    ),
    # copying
    "console.copy.done": ("Kopieret: {what} ({n} tegn)", "Copied: {what} ({n} characters)"),
    "console.copy.too_long": ("For langt til at kopiere: {what}", "Too long to copy: {what}"),
    "console.copy.no_terminal": (
        "Der er ingen terminal at kopiere til. Brug: forny show ID",
        "There is no terminal to copy to. Use: forny show ID",
    ),
    "console.copy.sentence": ("sætningen til kunden", "the sentence for the customer"),
    # panels
    "console.choose.keys": ("↑↓ vælg   Enter svar   Esc fortryd", "↑↓ choose   Enter answer   Esc cancel"),
    "console.write.keys": ("Enter gem   Esc fortryd", "Enter save   Esc cancel"),
    # triage
    "console.triage.position": ("Problem {n} af {of}", "Problem {n} of {of}"),
    "console.triage.over": ("Løst ({of} tilbage)", "Over ({of} left)"),
    "console.triage.none": ("Ingen problemer", "No problems"),
    "console.triage.in_incidents": ("{n} i hændelser", "{n} in incidents"),
    "console.triage.is_over": (
        "Problemet er løst eller har fået en anden årsag, siden du kom hertil. n går til det næste.",
        "The problem is over or has another cause since you came here. n goes to the next one.",
    ),
    "console.triage.empty": ("Ingen problemer venter på nogen.", "No problem waits for anybody."),
    "console.triage.empty_filter": (
        "Ingen problemer hos de forbindelser, som filteret viser. Esc går tilbage til listen.",
        "No problems among the connections that the filter shows. Esc goes back to the list.",
    ),
    "console.triage.first": ("Det var det første problem.", "That was the first problem."),
    "console.triage.last": ("Det var det sidste problem i køen.", "That was the last problem of the queue."),
    "console.triage.since": ("siden {at} ({age})", "since {at} ({age})"),
    "console.triage.times": ("{n} gange, sidst {at}", "{n} times, last {at}"),
    "console.triage.more_reasons": ("og {n} mere (y viser alle)", "and {n} more (y shows all)"),
    "console.triage.no_key": (
        "Der er ingen tast for dette problem nu; siden siger hvad der ventes på.",
        "There is no key for this problem now; the page says what is waited for.",
    ),
    "console.triage.do.renew": ("Forny forbindelsen", "Renew the connection"),
    "console.triage.do.sync": ("Synkroniser bankkonti", "Synchronise the accounts"),
    "console.triage.do.remove": ("Fjern bankintegrationen", "Remove the bank integration"),
    "console.triage.do.connect": ("Ny forbindelse", "New connection"),
    "console.action.triage": ("Problemer, ét ad gangen", "Problems, one at a time"),
    "console.action.triage.short": ("problemer", "triage"),
    "console.action.primary": ("Det, siden foreslår (viser først en plan)", "What the page proposes (a plan first)"),
    "console.action.primary.short": ("gør det", "do it"),
    "console.action.next": ("Næste problem", "Next problem"),
    "console.action.next.short": ("næste", "next"),
    "console.action.open_problem": ("Åbn problemets forbindelse", "Open the problem's connection"),
    "console.help.title.triage": ("Hjælp: problemer, ét ad gangen", "Help: problems, one at a time"),
    "console.help.intro.triage": (
        "Ét problem fylder skærmen: hvem der skal handle, hvorfor, den ene tast, og hvad man kan sige til kunden."
        " Efter en handling kommer det næste. Intet flytter sig, før du gør: er problemet løst imens, står det der.",
        "One problem fills the screen: who must act, why, the one key, and what to tell the customer. After an act"
        " comes the next one. Nothing moves until you do: if the problem is over meanwhile, the page says so.",
    ),
    # a renewal in doubt
    "console.case.accepted": ("godkendt {at} af {by}", "accepted {at} by {by}"),
    "console.accept.nothing": ("Der er ingen fornyelse i tvivl at godkende.", "No renewal is in doubt here."),
    "console.accept.title": ("Godkend {n} konti efter fornyelsen for {who}?", "Accept {n} accounts of {who}?"),
    "console.accept.about": (
        "Spørg kunden, hvis du er i tvivl. Godkendte kontis posteringer går til bankafstemningen.",
        "Ask the customer if in doubt. Rows of accepted accounts go to bank reconciliation.",
    ),
    "console.accept.new": ("Godkend {n} som nye konti", "Accept {n} as new accounts"),
    "console.accept.same": ("Samme konto: {new} fortsætter {old}", "One account: {new} goes on as {old}"),
    "console.action.accept": ("Godkend fornyelsens konti", "Accept the renewal's accounts"),
    # postings
    "console.change.changed": ("ændret i bank", "bank changed"),
    "console.change.deleted": ("slettet i bank", "bank deleted"),
    "console.decide.accept": ("Lever {what}?", "Deliver {what}?"),
    "console.decide.accept.many": ("Lever {n} posteringer til bankafstemningen?", "Deliver {n} postings?"),
    "console.decide.accept.about": (
        "Den kommer i bankafstemningen inden seks timer. En ændring i banken efter levering markeres som set.",
        "It comes to bank reconciliation within six hours. A change at the bank after delivery is marked as seen.",
    ),
    "console.decide.accept.do": ("Godkend {n}", "Accept {n}"),
    "console.decide.discard": ("Kasser {what} som dublet?", "Discard {what} as a duplicate?"),
    "console.decide.discard.many": ("Kasser {n} posteringer som dubletter?", "Discard {n} postings as duplicates?"),
    "console.decide.discard.about": (
        "En kasseret postering leveres aldrig, heller ikke når banken viser den igen.",
        "What is discarded is never delivered, also when the bank shows it again.",
    ),
    "console.decide.discard.do": ("Kasser {n} for altid", "Discard {n} for good"),
    "console.decided.accept": ("{n} godkendt, på vej til bankafstemningen", "{n} accepted, on the way"),
    "console.decided.discard": ("{n} kasseret som dublet", "{n} discarded as duplicates"),
    "console.action.accept_posting": ("Godkend den tilbageholdte postering", "Accept the held posting"),
    "console.action.accept_posting.short": ("godkend", "accept"),
    "console.action.discard_posting": ("Kasser som dublet", "Discard as a duplicate"),
    "console.action.discard_posting.short": ("kasser", "discard"),
    "console.action.mark_posting": (
        "Marker posteringen, eller fjern mærket",
        "Mark it, or take the mark away",
    ),
    "console.action.unmark_postings": ("Fjern alle mærker", "Take all marks away"),
    # why
    "console.why.title": ("Hvorfor", "Why"),
    "console.why.situation": ("situation: {id}", "situation: {id}"),
    "console.why.next_change": ("tiden alene ændrer dette {at}", "time alone changes this {at}"),
    "console.why.answer": ("Det nyeste svar", "The newest answer"),
    "console.action.why": ("Hvorfor: hele kæden og det rå svar", "Why: the whole chain and the raw answer"),
    "console.action.why.short": ("hvorfor", "why"),
    "console.help.title.why": ("Hjælp: hvorfor", "Help: why"),
    "console.help.intro.why": (
        "Kæden af kendsgerninger bag svaret, hver med tid og kilde, og det nyeste svar udefra uden hemmeligheder.",
        "The chain of facts behind the answer, each with time and source, and the newest answer without secrets.",
    ),
    # connection
    "console.action.copy": ("Kopier sætningen til kunden", "Copy the sentence for the customer"),
    "console.action.copy.short": ("kopier", "copy"),
    "console.action.next_section": ("Næste afsnit", "Next section"),
    "console.action.previous_section": ("Forrige afsnit", "Previous section"),
    "console.action.postings_here": ("Forbindelsens posteringer, løbende", "The connection's postings, live"),
}

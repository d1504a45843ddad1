"""Texts of the audit log: what a check has found, on the command line and on screen."""

TEXTS: dict[str, tuple[str, str]] = {
    "audit.line": ("linje {first}", "line {first}"),
    "audit.lines": ("linje {first} til {last}", "lines {first} to {last}"),
    "audit.beginning": ("begyndelsen", "the beginning"),
    "audit.found.edited": ("Ændret: {lines}.", "Changed: {lines}."),
    "audit.found.deleted": (
        "Slettet: {lines}, skrevet efter {before}.",
        "Deleted: {lines}, written after {before}.",
    ),
    "audit.found.moved": (
        "Flyttet: linje {first} står nu som linje {last}.",
        "Moved: line {first} now stands as line {last}.",
    ),
    "audit.found.inserted": (
        "Sat ind: {lines} er ikke skrevet af forny.",
        "Put in: {lines}, which forny did not write.",
    ),
    "audit.found.rewritten": (
        "Skrevet om: et sted fra linje {first} til {last}; de er ikke, som de var {seen}.",
        "Written anew: somewhere from line {first} to {last}; they are not what they were on {seen}.",
    ),
    "audit.found.cut_off": (
        "Skåret af: {lines} mangler til sidst. De fandtes {seen}; den sidste, der er tilbage, er fra {before}.",
        "Cut off: {lines} are gone from the end. They were there on {seen}; the last one left is from {before}.",
    ),
    "audit.found.other_key": (
        "Forseglet med en anden nøgle: seglene på {lines}. Er lagerets nøglefil skiftet, eller er seglene falske?",
        "Sealed with another key: the seals on {lines}. Was the store's key file replaced, or are they forged?",
    ),
    "audit.found.no_anchor": (
        "Ankerfilen mangler eller kan ikke læses (audit_anchor). Find den; den viser, om noget er skåret af.",
        "The anchor file is missing or cannot be read (audit_anchor). Find it; it shows whether anything was cut off.",
    ),
    "audit.found.bad_anchor": (
        "Ankerfilens {lines} kan ikke læses.",
        "The anchor file's {lines} cannot be read.",
    ),
    "audit.found.bad_file": (
        "Filens {lines} kan ikke læses som en linje i revisionssporet.",
        "The file's {lines} cannot be read as a line of the audit log.",
    ),
    "audit.found.no_manifest": (
        "Filens sidste linje, der siger hvor meget den rummer, mangler: filen er skåret af efter linje {first}.",
        "The file's last line, which says how much it holds, is missing: the file was cut off after line {first}.",
    ),
    # -- the command -----------------------------------------------------------------------------------------
    "cli.audit_header": (
        "Nr|Tid|Hvem|Fra|Hvad|Plan|Forbindelse|Data",
        "No|At|Who|From|What|Plan|Connection|Data",
    ),
    "cli.audit_whole": (
        "{count} linjer kontrolleret; kæden er hel.",
        "{count} lines checked; the chain is whole.",
    ),
    "cli.audit_checking": ("{count} linjer kontrolleret …", "{count} lines checked …"),
    "cli.audit_broken": (
        "Revisionssporet er ikke, som det blev skrevet ({checked} linjer kontrolleret). "
        "Gem lageret, som det er, og sammenlign med en sikkerhedskopi.",
        "The audit log is not as it was written ({checked} lines checked). "
        "Keep the store as it is, and compare with a backup.",
    ),
    "cli.audit_sealed": (
        "Forseglet til og med linje {seq}, {at}.",
        "Sealed up to line {seq}, {at}.",
    ),
    "cli.audit_unsealed": (
        "Der er ingen segl endnu: agenten sætter dem. Uden dem kan slutningen være skåret af uden spor.",
        "There are no seals yet: the agent makes them. Without them the end may have been cut off without a trace.",
    ),
    "cli.audit_anchored": (
        "Ankeret uden for lageret rækker til linje {seq}, {at}.",
        "The anchor outside the store reaches to line {seq}, {at}.",
    ),
    "cli.audit_no_key": (
        "Seglene er ikke prøvet: lagerets nøgle er ikke her. Kæden og seglenes linjer er.",
        "The seals were not tried: the store's key is not here. The chain and the lines of the seals were.",
    ),
    "cli.audit_no_file": ("{file} kan ikke læses: {why}.", "{file} cannot be read: {why}."),
    "cli.audit_file_only": (
        "--file hører til --verify.",
        "--file goes with --verify.",
    ),
    "cli.audit_is_there": (
        "{file} er der allerede. Brug --force, hvis den skal erstattes.",
        "{file} is there already. Use --force to replace it.",
    ),
    "cli.audit_not_written": ("{file} kan ikke skrives: {why}.", "{file} cannot be written: {why}."),
    "cli.audit_exported": (
        "{count} linjer skrevet til {file}. Kontrollér dem med: forny audit --verify --file {file}",
        "{count} lines written to {file}. Check them with: forny audit --verify --file {file}",
    ),
    "cli.audit_exported_csv": (
        "{count} linjer skrevet til {file}. Til kontrol: eksportér også som .jsonl.",
        "{count} lines written to {file}. To be checked, export as .jsonl too.",
    ),
    # -- the screen ------------------------------------------------------------------------------------------
    "console.action.audit": ("Revisionssporet: hvem gjorde hvad", "The audit log: who did what"),
    "console.action.open_line": ("Vis hele linjen", "Show the whole line"),
    "console.action.open_line.short": ("vis", "show"),
    "console.action.open_connection": ("Åbn linjens forbindelse", "Open the line's connection"),
    "console.action.open_connection.short": ("forbindelse", "connection"),
    "console.action.verify": (
        "Kontrollér hele revisionssporet (tager sekunder pr. million linjer)",
        "Check the whole audit log (takes seconds per million lines)",
    ),
    "console.action.verify.short": ("kontrollér", "check"),
    "console.help.title.audit": ("Hjælp: revisionssporet", "Help: the audit log"),
    "console.help.intro.audit": (
        "Hvad operatører har gjort, og hvad agenten selv har gjort og set, det nyeste øverst. Filteret: "
        "by:eva, kind:sync eller bare sync, plan:12, since:6h, until:02:10 og c12. Linjer kan ikke rettes; V "
        "kontrollerer, at ingen har gjort det alligevel.",
        "What operators did, and what the agent did and saw by itself, newest first. The filter: by:eva, kind:sync or "
        "just sync, plan:12, since:6h, until:02:10 and c12. Lines cannot be changed; V checks that nobody has done so "
        "all the same.",
    ),
    "console.help.title.event": ("Hjælp: en linje i revisionssporet", "Help: a line of the audit log"),
    "console.help.intro.event": ("Alt, hvad der står på linjen.", "All that stands on the line."),
    "console.audit.title": ("Revisionsspor", "Audit log"),
    "console.audit.newest": ("de nyeste {n}; filtrér for flere", "the newest {n}; filter for more"),
    "console.audit.unchecked": ("ikke kontrolleret (V)", "not verified (V)"),
    "console.audit.checking": ("kontrollerer …", "verifying …"),
    "console.audit.whole": ("helt {at}: {n} linjer", "whole at {at}: {n} lines"),
    "console.audit.whole_unsealed": (
        "helt {at}: {n} linjer, ingen segl",
        "whole at {at}: {n} lines, no seals",
    ),
    "console.audit.broken": ("BRUDT {at}: {n} fund (m)", "BROKEN at {at}: {n} found (m)"),
    "console.audit.none": ("Ingen linjer.", "No lines."),
    "console.audit.no_connection": ("Linjen handler ikke om én forbindelse.", "The line is not about one connection."),
    "console.audit.at": ("Tid", "At"),
    "console.audit.who": ("Hvem", "Who"),
    "console.audit.from": ("Fra", "From"),
    "console.audit.what": ("Hvad", "What"),
    "console.audit.plan": ("Plan", "Plan"),
    "console.audit.connection": ("Forb.", "Conn."),
    "console.audit.data": ("Data", "Data"),
    "console.event.title": ("Linje {seq} i revisionssporet", "Line {seq} of the audit log"),
    "console.event.hash": ("Hash", "Hash"),
}
"""Key to (Danish, English)."""

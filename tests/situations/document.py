"""Writes docs/situations.md from the catalogue, the texts and the scenarios: `make situations`."""

from pathlib import Path

from backend.rules.catalogue import CATALOGUE, OWN, Situation
from backend.sandbox.plays import PLAYS
from backend.texts import texts_in

PLACE = Path(__file__).parents[2] / "docs" / "situations.md"

HEAD = """\
# The situations that operators meet

Each connection in `forny list` stands in at most one of these situations; `forny why ID` tells the facts that decided.
Filters know them by name: `forny list situation:rate_limited`. The names stay the same.

Who must act: **customer**, **operator**, **wait** (nobody, until a stated time), **incident** (the bank, Aiia or we
have a fault that no customer can mend), **fine** (nobody). The sentences are what support can say to the customer.

To see one for yourself, open a demo (`forny demo --headless` prints the environment for the commands) and play it:
`forny sandbox scenario ID` picks a customer (or `--customer AGREEMENT`), brings about what is described under *In the
sandbox*, and answers which commands must still be given (`then`) and which end it again (`remedy`).

This page is made by `make situations` from the catalogue and the program's texts; do not edit it.
"""


def document() -> str:
    """The whole page, in Markdown."""
    situations = (*CATALOGUE, *OWN)
    table = ["| No. | Id | What it means | Who must act |", "|---|---|---|---|"]
    for one in situations:
        table.append(f"| {one.number} | [`{one.id}`](#{one.number}-{one.id}) | {one.meaning} | {_who(one)} |")
    return "\n".join([HEAD, *table, "", *(_chapter(one) for one in situations)])


def _who(situation: Situation) -> str:
    return ", ".join(verdict.value for verdict in situation.verdicts)


def _chapter(situation: Situation) -> str:
    name = texts_in("da")(f"situation.{situation.id}")
    lines = [
        f"## {situation.number} {situation.id}",
        "",
        f"{situation.meaning} ({name}.)",
        "",
        f"- Signal: {situation.signal}",
        f"- Who must act: {_who(situation)}",
        f"- Remedy: {situation.remedy}",
        f"- Dansk: »{_sentence(situation, 'da')}«",
        f"- English: “{_sentence(situation, 'en')}”",
    ]
    if (played := PLAYS.get(situation.id)) is not None:
        lines.append(f"- In the sandbox (`forny sandbox scenario {situation.id}`): {played.does}")
    return "\n".join([*lines, ""])


def _sentence(situation: Situation, language: str) -> str:
    say = texts_in(language)
    return say(f"sentence.{situation.id}", bank=say("sentence.the_bank"), until="12.04.22, 09:58")


if __name__ == "__main__":
    PLACE.write_text(document(), encoding="utf-8")

"""Which banks share a data centre, and so go down together. Pure, and data with their source.

`facts/aiia-economic.md` §1.15 names members of Bankdata alone; which banks are with BEC and SDC is not in a source that
was read, so those two are left to the setting `clusters`. A bank that no cluster names stands alone.
"""

from collections.abc import Mapping, Sequence

from backend.model.text import searchable

Clusters = Mapping[str, tuple[str, ...]]
"""A data centre's name, and the names of its banks; `Jyske` also means `Jyske Bank` and `Jyske Bank Erhverv`."""

CLUSTERS: Clusters = {
    "Bankdata": ("Jyske", "Sydbank", "Ringkjøbing", "Djurslands", "Skjern", "Kreditbanken", "Nordfyns"),
}
"""`docs.yapily.com/institution-configurations/nordics/BankData`, as read for the facts."""


def read_clusters(text: str) -> dict[str, tuple[str, ...]]:
    """`BEC=Spar Nord,Nykredit; SDC=…` over what is known: a name takes the place of ours, without banks it ends it.

    Raises ValueError for a text of another form, and for a bank that stands in two clusters.
    """
    found = dict(CLUSTERS)
    for part in filter(str.strip, text.split(";")):
        name, equals, banks = (piece.strip() for piece in part.partition("="))
        if not name or not equals:
            raise ValueError(part.strip())
        found.pop(next((known for known in found if known.casefold() == name.casefold()), ""), None)
        if members := tuple(bank for bank in map(str.strip, banks.split(",")) if bank):
            found[name] = members
    named = [searchable(bank) for members in found.values() for bank in members]
    if twice := next((bank for bank in named if named.count(bank) > 1), None):
        raise ValueError(twice)
    return found


def cluster_of(bank: str, clusters: Clusters) -> str | None:
    """The data centre of a bank by its name; None for one that stands alone."""
    words = searchable(bank) + " "
    return next(
        (name for name, members in clusters.items() if any(words.startswith(f"{searchable(m)} ") for m in members)),
        None,
    )


def together(banks: Sequence[str], clusters: Clusters) -> dict[str, list[str]]:
    """These banks by their data centre, in their order; those that stand alone are left out."""
    found: dict[str, list[str]] = {}
    for bank in banks:
        if (name := cluster_of(bank, clusters)) is not None:
            found.setdefault(name, []).append(bank)
    return found

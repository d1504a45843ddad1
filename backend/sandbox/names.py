"""Danish names of companies, people, accounts and what they pay for. All fictional; mail ends in `.example`."""

from backend.sandbox.dice import pick, share

_PLACES = (
    "Nordhavn", "Vesterbro", "Skagen", "Ærø", "Østerå", "Fjordby", "Klitmøller", "Rågeleje", "Bøgebjerg", "Lindholm",
    "Hasselø", "Sønderskov", "Bakkegård", "Strandby", "Ålykke", "Nørreport", "Kastrup", "Møllevang", "Havnegade",
    "Egeskov", "Solbakken", "Tårnby", "Dragør", "Gråsten", "Ringsted", "Thy", "Djursland", "Kløvermark", "Vindeby",
    "Hvidsten", "Præstø", "Faaborg", "Højbro", "Lyngby", "Rosenlund", "Søborg", "Tranekær", "Ulvedal", "Væver",
)  # fmt: skip
_TRADES = (
    "Cykler", "Bageri", "Tømrer", "VVS", "El-service", "Tandklinik", "Revision", "Blomster", "Autoværksted", "Kaffe",
    "Arkitekter", "Murerfirma", "Rengøring", "Transport", "Fysioterapi", "Bogtryk", "Fiskehus", "Ejendomme", "Catering",
    "Optik", "Møbler", "Smedje", "Gartneri", "Maskinudlejning", "Webbureau", "Dyreklinik", "Frisør", "Bryghus",
    "Malerfirma", "Advokater",
)  # fmt: skip
_FORMS = ("ApS", "ApS", "ApS", "A/S", "A/S", "I/S", "IVS", "P/S")
_PEOPLE = (
    "Anne Sørensen", "Søren Kjær", "Mette Holm", "Jens Østergaard", "Åse Lund", "Peter Bæk", "Line Krogh",
    "Ole Nygaard", "Kirsten Møller", "Niels Ravn", "Maja Toft", "Bo Winther", "Freja Juhl", "Karl Åberg",
    "Inger Dahl", "Tom Skov",
)  # fmt: skip
_BOXES = ("bogholderi", "faktura", "kontor", "post", "info", "regnskab", "mail")
_ASCII = str.maketrans({"æ": "ae", "ø": "oe", "å": "aa", "Æ": "ae", "Ø": "oe", "Å": "aa", " ": "-"})


def company(seed: int, index: int) -> str:
    """The company of customer `index`; two customers may bear one name, as in life."""
    key = (seed, "company", index)
    name = f"{pick(_PLACES, *key, 'place')} {pick(_TRADES, *key, 'trade')}"
    if share(*key, "person") < 0.06:
        return f"{name} v/ {pick(_PEOPLE, *key, 'who')}"
    return f"{name} {pick(_FORMS, *key, 'form')}"


def email(seed: int, index: int) -> str:
    """The mail address of customer `index`; it ends in the number, so that `index_of_email` needs no list."""
    key = (seed, "company", index)
    host = f"{pick(_PLACES, *key, 'place')}-{pick(_TRADES, *key, 'trade')}".translate(_ASCII).casefold()
    return f"{pick(_BOXES, *key, 'box')}@{host}-{index}.example"


def index_of_email(seed: int, address: str) -> int | None:
    """The customer whose address this is, or None."""
    stem, dot, tail = address.strip().casefold().rpartition(".")
    number = stem.rpartition("-")[2]
    if not dot or tail != "example" or not number.isdecimal() or len(number) > 10:
        return None
    index = int(number)
    return index if email(seed, index) == address.strip().casefold() else None


def person(*key: object) -> str:
    """Somebody who pays or is paid."""
    return pick(_PEOPLE, *key)


def trader(*key: object) -> str:
    """Another company, as the other side of a payment."""
    return f"{pick(_PLACES, *key, 'p')} {pick(_TRADES, *key, 't')} {pick(_FORMS, *key, 'f')}"

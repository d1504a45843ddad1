"""Texts of health, filters and plans' reasons (key: Danish, English)."""

TEXTS: dict[str, tuple[str, str]] = {
    # -- filters
    "filter.too_long": ("Filteret er længere end {limit} tegn.", "The filter is longer than {limit} characters."),
    "filter.nothing_to_negate": ("Der står intet efter !.", "Nothing follows the !."),
    "filter.bad_pattern": ("Mønsteret kan ikke læses: {error}.", "The pattern cannot be read: {error}."),
    "filter.unknown_field": (
        "Feltet “{field}” findes ikke. Mente du: {known}?",
        "There is no field “{field}”. Did you mean: {known}?",
    ),
    "filter.unknown_value": (
        "{field} kan ikke være “{value}”. Mente du: {known}?",
        "{field} cannot be “{value}”. Did you mean: {known}?",
    ),
    "filter.no_value": ("{field} mangler en værdi, fx {example}.", "{field} needs a value, such as {example}."),
    "filter.only_equal": ("{field} kan ikke sammenlignes med {op}.", "{field} cannot be compared with {op}."),
    "filter.bad_value": (
        "{field} forstår ikke “{value}”; skriv fx {example}.",
        "{field} does not understand “{value}”; write for example {example}.",
    ),
}

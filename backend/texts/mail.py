"""Texts of the mail (key: Danish, English)."""

TEXTS: dict[str, tuple[str, str]] = {}

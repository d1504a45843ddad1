"""Texts of the console (key: Danish, English)."""

TEXTS: dict[str, tuple[str, str]] = {}

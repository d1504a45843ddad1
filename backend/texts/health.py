"""Texts of the health (key: Danish, English)."""

TEXTS: dict[str, tuple[str, str]] = {}

"""Texts of the commands (key: Danish, English)."""

TEXTS: dict[str, tuple[str, str]] = {}

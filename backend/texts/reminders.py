"""Texts of reminders before a consent ends (key: Danish, English)."""

TEXTS: dict[str, tuple[str, str]] = {}

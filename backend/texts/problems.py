"""Texts of problems, triage, notes and tickets (key: Danish, English)."""

TEXTS: dict[str, tuple[str, str]] = {}

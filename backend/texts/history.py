"""Texts of looking back in time, and of raw answers (key: Danish, English)."""

TEXTS: dict[str, tuple[str, str]] = {}

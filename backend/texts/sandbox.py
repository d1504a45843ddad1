"""Texts of the sandbox (key: Danish, English)."""

TEXTS: dict[str, tuple[str, str]] = {}

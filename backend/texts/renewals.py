"""Texts of a renewal as a case: stages, what it brought, what it would end (key: Danish, English)."""

TEXTS: dict[str, tuple[str, str]] = {}

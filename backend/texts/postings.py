"""Texts of what operators decide about postings, of gaps and of silence (key: Danish, English)."""

TEXTS: dict[str, tuple[str, str]] = {}

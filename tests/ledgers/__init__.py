"""Adapters of ledgers, against a server of the tests' own."""

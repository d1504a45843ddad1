"""Adapters of aggregators, against a server of the tests' own."""

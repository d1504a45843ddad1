"""Frozen facts: what the store keeps, the adapters report and the screens show. No I/O."""

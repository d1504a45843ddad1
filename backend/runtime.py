"""The composition root: builds store, adapters and agent from the settings of one profile."""

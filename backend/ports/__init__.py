"""The protocols between the rooms: adapters and the store implement them; agent, console and commands use them."""

from backend.ports.books import Books, Vault
from backend.ports.door import Door
from backend.ports.outside import Ledger, Mailer, Provider, Recorder
from backend.ports.reading import FleetReader

__all__ = ["Books", "Door", "FleetReader", "Ledger", "Mailer", "Provider", "Recorder", "Vault"]

"""Settings of one profile, as the rest of the program sees them. Where they come from: `backend.settings`."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from backend.model.limits import ALLOWANCE

NOT_PRODUCTION = frozenset(
    {"ci", "demo", "dev", "development", "local", "preprod", "qa", "sandbox", "stage", "staging", "test", "uat"}
)
"""Environments that are not production, by the first word of their name (`test-eu`). Everything else is production:
a word that nobody knows must not look harmless."""


class ConfigError(Exception):
    """A setting that cannot be used; the message names it and says what to do. Exit code 2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """A secret value and the reference it came from. Only `reveal()` gives the value; `repr` shows the reference."""

    reference: str
    value: str = field(repr=False)

    def reveal(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One profile, complete and checked. Durations are seconds; URLs carry no trailing slash."""

    profile: str = "default"
    environment: str = "production"
    roles: str = ""
    read_only: bool = False
    second_pair_from: int = 0
    store: Path | Secret = Path("forny.db")
    provider: str = "aiia"
    aiia_base_url: str = ""
    aiia_client_id: str = ""
    aiia_client_secret: Secret | None = None
    aiia_redirect_url: str = ""
    aiia_webhook_secret: Secret | None = None
    aiia_webhook_legacy: bool = False
    reconciliation_url: str = ""
    reconciliation_token: Secret | None = None
    smtp_url: str = ""
    mail_from: str = "forny@localhost"
    operator: str = ""
    language: str = ""
    customer_language: str = "da"
    reminders: str = "7d,3d,1d"
    listen: str = ""
    public_url: str = ""
    token_key: Secret | None = None
    fetch_every: int = 2 * 3600
    stale_after: int = 36 * 3600
    webhook_silence: int = 12 * 3600
    allowance: int = ALLOWANCE[0]
    allowance_reserve: int = ALLOWANCE[1]
    most_at_once: int = 64
    calls_per_second: int = 100
    undo_window: int = 10 * 60
    clusters: str = ""
    audit_anchor: str = ""
    clock: str = ""
    sandbox_url: str = ""

    @property
    def production(self) -> bool:
        """Whether real customers are behind this profile, as far as one can know."""
        return re.split(r"[-_.]", self.environment.lower())[0] not in NOT_PRODUCTION

    @property
    def identified(self) -> bool:
        """Whether it matters which system user acts, so that his name stands on record."""
        return bool(self.roles or self.second_pair_from)

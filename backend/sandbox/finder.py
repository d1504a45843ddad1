"""Finds customers, consents and accounts by the names that people give them, and tells the truth about them."""

from backend.sandbox.shapes import instant
from backend.sandbox.statement import Link
from backend.sandbox.web import Problem
from backend.sandbox.world import Consent, World

Said = dict[str, object]


class Finder:
    """What the control port looks things up with. Raises Problem 404 for what is not there."""

    def __init__(self, world: World) -> None:
        self.world = world

    def index(self, asked: Said) -> int | None:
        """The fleet's customer by `index`, `agreement` or `email`, or None."""
        if "index" in asked:
            index = int(str(asked["index"]))
            return index if 0 <= index < self.world.fleet.size else None
        if "agreement" in asked:
            return self.world.fleet.by_agreement(str(asked["agreement"]))
        return self.world.fleet.by_email(str(asked.get("email", "")))

    def consent_facts(self, consent: Consent) -> Said:
        """The truth about a consent, which no endpoint of Aiia's tells whole."""
        synced = self.world.sync(consent)
        ended = consent.ended(self.world.clock.now())
        return {
            "consent_id": consent.id,
            "bank": consent.bank.kind.name,
            "provider_id": consent.bank.kind.id,
            "authorised_at": instant(consent.authorised_at),
            "expires_at": instant(consent.expires_at),
            "ended_at": None if ended is None else instant(ended),
            "revoked_by": consent.revoked_by,
            "last_synchronized": None if synced is None else instant(synced),
            "group": consent.group,
            "accounts": [
                {
                    "account_id": self.world.account_id(consent, link),
                    "iban": link.account.kind.iban,
                    "bban": link.account.kind.bban,
                    "name": link.account.kind.name,
                }
                for link in consent.links
            ],
        }

    def consent(self, said: Said) -> Consent:
        """The consent of `consent_id`."""
        consent = self.world.consent(str(said.get("consent_id")))
        if consent is None:
            raise Problem(404, "NotFound", "Unknown consent")
        return consent

    def account(self, said: Said) -> tuple[Consent, Link]:
        """The account of `account` (IBAN, BBAN or id), under `consent_id` if that is given."""
        wanted = str(said.get("account"))
        if "consent_id" in said:
            consent = self.consent(said)
            found = [(consent, link) for link in consent.links if wanted in self.world.names_of(consent, link)]
        else:
            found = self.world.links_by_name(wanted)
        if not found:
            raise Problem(404, "NotFound", "Unknown account; name its consent_id too if nobody has looked at it yet")
        return found[-1]

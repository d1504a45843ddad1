"""What can go wrong with the outside, as a small typed tree.

OutsideError                 anything an adapter may raise; carries what a ticket needs
├── NeedsCustomer            only the customer can go on (log in, renew); `auth_url` may say where
├── Suspended                the provider has put the connection aside; only a renewal brings it back
├── RateLimited              nothing is broken, wait until `until` (law 4)
├── BankDown                 the bank does not answer the provider (law 5)
├── ProviderDown             the provider or bank reconciliation has a fault of its own (5xx)
├── Refused                  they understood and said no: our credentials, rights or request
│   ├── RefusedCredentials   our own keys are not accepted: a fault of the whole fleet, stop
│   └── RefusedAddress       nobody takes mail for the customer's address
├── Gone                     the thing asked for no longer exists there
├── InProgress               the same idempotency key is still in work (409): ask again later
├── Malformed                an answer that cannot be read; what it did is unknown
└── Unreachable              no answer; `sent` says whether the request may have arrived
"""

from datetime import datetime
from enum import StrEnum


class OutsideError(Exception):
    """Base of the tree. `kind` is a stable word for records; the message is already cleaned and redacted."""

    kind = "outside_error"

    def __init__(
        self,
        message: str,
        *,
        http_status: int | None = None,
        correlation_id: str | None = None,
        until: datetime | None = None,
    ) -> None:
        super().__init__(message)
        self.http_status = http_status
        self.correlation_id = correlation_id
        self.until = until

    @property
    def unknown(self) -> bool:
        """Whether a mutation that ended so may have happened all the same (`facts/reliability.md` §2.1)."""
        return False


class NeedsCustomer(OutsideError):
    kind = "needs_customer"

    def __init__(self, message: str, *, auth_url: str | None = None, http_status: int | None = None) -> None:
        super().__init__(message, http_status=http_status)
        self.auth_url = auth_url


class Suspended(OutsideError):
    kind = "suspended"


class LimitOf(StrEnum):
    """Whose limit a rate limit is: that of all our calls, of one connection's look-ups, or nobody said."""

    PROVIDER = "provider"
    CONNECTION = "connection"
    UNSAID = "unsaid"


class RateLimited(OutsideError):
    """`until` is always there from an adapter; `stated` tells whether the other side said it."""

    kind = "rate_limited"

    def __init__(
        self,
        message: str,
        *,
        http_status: int | None = None,
        correlation_id: str | None = None,
        until: datetime | None = None,
        of: LimitOf = LimitOf.UNSAID,
        stated: bool = True,
    ) -> None:
        super().__init__(message, http_status=http_status, correlation_id=correlation_id, until=until)
        self.of, self.stated = of, stated


class BankDown(OutsideError):
    kind = "bank_down"

    @property
    def unknown(self) -> bool:
        """A gateway's word for an answer that did not come; the request may have got through all the same."""
        return self.http_status in (502, 504)


class ProviderDown(OutsideError):
    kind = "provider_down"

    @property
    def unknown(self) -> bool:
        return self.http_status != 503


class Refused(OutsideError):
    kind = "refused"


class RefusedCredentials(Refused):
    kind = "refused_credentials"


class RefusedAddress(Refused):
    kind = "refused_address"


class Gone(OutsideError):
    kind = "gone"


class InProgress(OutsideError):
    kind = "in_progress"

    @property
    def unknown(self) -> bool:
        return True


class Malformed(OutsideError):
    kind = "malformed"

    @property
    def unknown(self) -> bool:
        return True


class Unreachable(OutsideError):
    kind = "unreachable"

    def __init__(self, message: str, *, sent: bool) -> None:
        super().__init__(message)
        self.sent = sent

    @property
    def unknown(self) -> bool:
        return self.sent

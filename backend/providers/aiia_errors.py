"""What a failed answer of Aiia means. `None` leaves it to the general rules of `backend.http.general`."""

import re

from backend.answers import limit_ends
from backend.http import Failure
from backend.model.errors import BankDown, LimitOf, NeedsCustomer, OutsideError, RateLimited, Refused, Suspended

WHO = "Aiia"

_CUSTOMER_CODE = re.compile(
    r"login(token|required|expired|needed)|consent(needs|expired|revoked|withdrawn|missing|notfound|invalid|removed)"
    r"|(invalid|expired|revoked|no|missing|needs)(login|consent|session)|session(expired|closed|invalid)"
    r"|supervised|reconnect|reauthenticat|sca(required|expired)|connectionupdaterequired"
)
_CUSTOMER_REASON = re.compile(
    r"\b(consent|login|login token|login session)\b.{0,40}\b(expired|revoked|withdrawn|renewed|no longer valid)\b"
    r"|\b(must|has to|needs to) (log ?in|renew|reconnect)\b|supervised login|\blogin (is )?(required|needed)\b",
    re.IGNORECASE,
)
_SUSPENDED_CODE = re.compile(r"suspended", re.IGNORECASE)
"""After too many failures an aggregator may put a connection aside (`facts/operations.md` §0.5)."""

_BANK_CODE = re.compile(r"bank|provider|institution|aspsp", re.IGNORECASE)
_BANK_REASON = re.compile(r"\b(bank|provider|institution|aspsp)\b", re.IGNORECASE)
_BANK_FIELD = re.compile(r'"(bank|provider|institution)(id|name)?"\s*:\s*"', re.IGNORECASE)
_LIMIT_WORDS = re.compile(r"too ?many ?requests|rate.?limit|^429$|\b(status|error)( code)? 429\b", re.IGNORECASE)
_LIMIT_FIELD = re.compile(r'"[a-z_]*(status|code)"\s*:\s*"?429\b', re.IGNORECASE)

_CONNECTIONS_LIMIT = re.compile(
    r"connection|consent|bank|institution|aspsp|psu|login|unattended|\bdaily\b|\b(per|a) day\b", re.IGNORECASE
)
"""Words of a bank's four look-ups a day (`facts/aiia-economic.md` §1.11, `facts/operations.md` §2.3)."""

_OUR_LIMIT = re.compile(r"\b(api|client|application|app|integrator)\b", re.IGNORECASE)
"""Words of a limit of all our calls."""


class AccessRefused(Refused):
    """The access token is not accepted. One refresh may help, so this never leaves the adapter."""


class GrantRefused(Refused):
    """A code or refresh token is not accepted, or we are not (`ours`: they say so). It never leaves the adapter."""

    ours = False


def of_access(failure: Failure) -> OutsideError | None:
    """A 401 on a customer's access token: it may only be old."""
    return AccessRefused(failure.words(WHO), http_status=401) if failure.status == 401 else None


def of_fresh_access(failure: Failure) -> OutsideError | None:
    """A 401 on an access token that is brand new: now it is about the customer's login."""
    if failure.status == 401:
        return NeedsCustomer(f"{failure.words(WHO)}, with a fresh token as well", http_status=401)
    return None


def of_token_call(failure: Failure) -> OutsideError | None:
    """`POST /v1/oauth/token`: a 400 or 401 is about the grant or about us; the adapter finds out which."""
    if failure.status in (400, 401, 403, 422):
        error = GrantRefused(failure.words(WHO), http_status=failure.status)
        error.ours = names_our_client(failure)
        return error
    return of_fixed_address(failure)


def of_fixed_address(failure: Failure) -> OutsideError | None:
    """An address that holds nothing of a customer's: a 404 there is a wrong base address, and nobody is gone."""
    if failure.status == 404:
        return Refused(f"{failure.words(WHO)}: there is no such address, check aiia_base_url", http_status=404)
    return of_any_call(failure)


def of_update(failure: Failure) -> OutsideError | None:
    """`POST /v1/update`: the one call that has Aiia ask a bank, so a limit that names nobody may be either's."""
    return _limited(failure, LimitOf.UNSAID) if failure.status == 429 else of_fixed_address(failure)


def _limited(failure: Failure, unsaid: LimitOf) -> RateLimited:
    """Whose limit it is, by its words. Aiia reports a bank's limit as `ConnectionRateLimited`, and its own by HTTP 429.

    A call that reads Aiia's own store has no bank in it, so there a 429 without words is the limit of our calls; only
    the number of them can be too many.
    """
    said = f"{failure.code} {failure.reason}"
    ours = LimitOf.PROVIDER if _OUR_LIMIT.search(said) else unsaid
    of = LimitOf.CONNECTION if _CONNECTIONS_LIMIT.search(said) else ours
    until = limit_ends(failure.until, failure.text, failure.now)
    stated = failure.until is not None
    return RateLimited(failure.words(WHO), http_status=failure.status, until=until, of=of, stated=stated)


def names_our_client(failure: Failure) -> bool:
    """OAuth's words for wrong client credentials (RFC 6749 §5.2)."""
    return failure.code.lower().replace("_", "") in ("invalidclient", "unauthorizedclient")


def of_any_call(failure: Failure) -> OutsideError | None:
    """What a body says beyond its status."""
    words, status = failure.words(WHO), failure.status
    if status in (400, 403, 409, 422, 423) and _SUSPENDED_CODE.search(failure.code):
        return Suspended(words, http_status=status)
    if status in (400, 403, 422) and _names_the_customer(failure):
        return NeedsCustomer(words, http_status=status)
    if status == 500 and _names_a_limit(failure):
        # Some aggregators wrap a 429 (`facts/operations.md` T32), of a bank as likely as of their own.
        return _limited(failure, LimitOf.UNSAID)
    if status == 429:
        return _limited(failure, LimitOf.PROVIDER)
    if status in (502, 503, 504) and _names_the_bank(failure):
        return BankDown(words, http_status=status, until=failure.until)
    return None


def _names_the_customer(failure: Failure) -> bool:
    code = "".join(char for char in failure.code.lower() if char.isalnum())
    return bool(_CUSTOMER_CODE.search(code) or _CUSTOMER_REASON.search(failure.reason))


def _names_a_limit(failure: Failure) -> bool:
    said = (failure.code, failure.reason, failure.text)
    return any(_LIMIT_WORDS.search(part) for part in said) or bool(_LIMIT_FIELD.search(failure.text))


def _names_the_bank(failure: Failure) -> bool:
    return bool(
        _BANK_CODE.search(failure.code) or _BANK_REASON.search(failure.reason) or _BANK_FIELD.search(failure.text)
    )

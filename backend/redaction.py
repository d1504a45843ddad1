"""Foreign answers without what must not be kept: secrets, links into somebody's session, addresses, account numbers.

One function decides, for error texts, attempts' raw answers and everything made of them (DESIGN §11). It goes too far
rather than not far enough: a value under a name that tells of secrets goes whatever it is, and so does any long word
of letters and digits that is not a UUID, because tokens of unknown kinds look like that.
"""

import base64
import html
import json
import re
from collections.abc import Iterable
from urllib.parse import quote, unquote

GONE = "[secret]"

_NAME = (
    r"token|secret|passw|passphrase|pwd|authori[sz]ation|bearer|cookie|credential|api[ _.+-]?key|private[ _.+-]?key"
    r"|signature|assertion|jwt|nonce|otp|session|verifier|challenge|cvv|cvc|auth[ _.+-]?code"
    r"|login[ _.+-]?url|auth[ _.+-]?ur[il]"
)
_NAMES_SECRET = re.compile(_NAME, re.IGNORECASE)
_MAY_BE_SECRET = frozenset(("code", "state", "pin", "key"))
"""Names that stand for a secret in one place and for a word like `InvalidLoginToken` or `Booked` in another."""

_PLAIN_WORD = re.compile(r"[A-Za-z_. -]{1,40}|[A-Z]{1,4}[-_]?\d{1,6}|\d{1,5}")

_UUID = re.compile(r"(\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b)")
_URL = re.compile(
    r"(\b[a-z][a-z0-9+.-]{1,20}://[^\s/?#\"'<>\\]{1,300})([^\s?#\"'<>\\]*)([?#][^\s\"'<>\\]*)?", re.IGNORECASE
)
_ELEMENT = re.compile(rf"<[^<>]{{0,200}}(?:{_NAME}|\bcode\b|\bstate\b)[^<>]*>[^<]*", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z]{2,8});", re.IGNORECASE)
_ESCAPE = re.compile(r"\\u00([0-9a-fA-F]{2})")
_QUOTE = re.compile(r"(?<!\\)\\++([\"'/])")
_VALUE = r"""("(?:[^"\\]|\\.)*"?|'[^']*'?|\{[^{}]*\}?|\[[^\[\]]*\]?|[^\s,;&"'}\]]+)"""

_PATTERNS = (
    (re.compile(r"\beyJ[\w-]{6,}(?:\.[\w-]*)*"), "[token]"),
    (re.compile(r"\b(bearer|basic|digest)(\s+)[\w.~+/=-]{4,}", re.IGNORECASE), rf"\1\2{GONE}"),
    (
        re.compile(rf"""(["'][\w .-]{{0,40}}?(?:{_NAME})[\w .-]{{0,40}}["']\s*[:=]\s*){_VALUE}""", re.IGNORECASE),
        rf"\1{GONE}",
    ),
    (
        re.compile(
            rf"((?<![\w-])(?:[\w-]{{0,40}}?(?:{_NAME})[\w-]{{0,40}}|code|state)=)(?!\[secret\])[^\s&,;\"'}}]+",
            re.IGNORECASE,
        ),
        rf"\1{GONE}",
    ),
    (
        re.compile(
            rf"((?<![\w-])[\w-]{{0,40}}?(?:{_NAME})[\w-]{{0,40}}:[ \t]*)(?![\"'\s]|\[secret\])"
            r"(?=[^\s,;]*\d|[^\s,;]{20})[^\s,;]+",
            re.IGNORECASE,
        ),
        rf"\1{GONE}",
    ),
    (
        re.compile(
            rf"""((?<![\w-])[\w-]{{0,40}}?(?:{_NAME})[\w-]{{0,40}}[:=][ \t]*)("(?:[^"\\]|\\.)*"?|'[^']*'?)""",
            re.IGNORECASE,
        ),
        rf"\1{GONE}",
    ),
    (re.compile(r"\b\d{6}-\d{4}\b"), "[cpr]"),
)
_MAYBE = re.compile(r"""(["'](?:code|state|pin|key)["']\s*:\s*)"([^"]*)"?""", re.IGNORECASE)
_IBAN = re.compile(
    r"\b(?:[A-Z]{2}\d{2}(?:[A-Z0-9]{11,30}|(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,3})?)|[a-z]{2}\d{2}[a-z0-9]{11,30})\b"
)
_EMAIL = re.compile(r"([\w+%-])[\w.+%-]{0,63}@([\w-]{1,63}(?:\.[\w-]{1,63}){1,8})")
_DIGITS = re.compile(r"(?<![\w.-])(?!\d{4}-\d\d-\d\d)\d(?:[ -]?\d){8,}+")
_OPAQUE = re.compile(r"(?<![\w~+=-])(?=[\w~+=-]*\d)(?=[\w~+=-]*[A-Za-z])[\w~+=-]{24,}+")


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without the given secrets, in whatever form, and without what looks like one, an address or a CPR
    number; IBANs, account and card numbers are cut to their last four. JSON is read and written anew, at every depth.
    """
    # A secret is no shorter in any of its forms, so one that is longer than the text cannot stand in it.
    return _Redaction(secret for secret in secrets if len(secret) <= len(text)).whole(text) if text else ""


class _Number(str):
    """A JSON number as it was written."""


class _Pairs(list[tuple[str, object]]):
    """A JSON object with every name that it has, twice or not."""


class _Redaction:
    """One text's redaction, which knows the secrets that must be gone."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms: set[str] = set()
        for secret in secrets:
            if len(secret) >= 4:
                raw, escaped = secret.encode(errors="replace"), json.dumps(secret)[1:-1]
                forms |= {secret, quote(secret, safe=""), quote(secret), escaped, escaped.replace("/", "\\/")}
                forms |= {base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode()}
        self._forms = sorted(forms, key=len, reverse=True)
        self._known: re.Pattern[str] | None = None

    def whole(self, text: str, depth: int = 0) -> str:
        """A text that may be JSON."""
        if text.lstrip()[:1] in ("{", "[", '"') and depth < 8:
            try:
                value = json.loads(text, object_pairs_hook=_Pairs, parse_int=_Number, parse_float=_Number)
                return self._json(value, depth)
            except (ValueError, RecursionError):
                pass
        return self._plain(text)

    def _json(self, value: object, depth: int) -> str:
        if isinstance(value, _Pairs):
            return "{" + ",".join(f"{_quoted(self._plain(k))}:{self._named(k, v, depth)}" for k, v in value) + "}"
        if isinstance(value, list):
            return "[" + ",".join(self._json(inner, depth) for inner in value) + "]"
        if isinstance(value, _Number):
            told = self._plain(value)
            return str(value) if told == value else _quoted(told)
        if isinstance(value, str):
            return _quoted(self.whole(value, depth + 1))
        return json.dumps(value)

    def _named(self, name: str, value: object, depth: int) -> str:
        if value is None or isinstance(value, bool) or value == "":
            return json.dumps(value)
        bare = _decoded(name).strip().lower()
        if _NAMES_SECRET.search(bare) or _NAMES_SECRET.search(re.sub(r"[\W_]", "", bare)):
            return _quoted(GONE)
        if bare in _MAY_BE_SECRET and isinstance(value, str) and not _PLAIN_WORD.fullmatch(value):
            return _quoted(GONE)
        return self._json(value, depth)

    def _plain(self, text: str) -> str:
        """A text that is no JSON; percent signs, entities and escapes are read first, so that none hides anything."""
        text = _named(self._unknown(text))
        for _ in range(3):
            if (decoded := _decoded(text)) == text:
                break
            text = _named(self._unknown(decoded))
        text = _ELEMENT.sub(f"<{GONE}>", text)
        text = _URL.sub(_short_url, text)
        text = _named(text)
        text = _EMAIL.sub(r"\1…@\2", text)
        text = _IBAN.sub(_short_iban, text)
        parts = _UUID.split(text)
        parts[::2] = [_OPAQUE.sub(GONE, _DIGITS.sub(_last_four, part)) for part in parts[::2]]
        return "".join(parts)

    def _unknown(self, text: str) -> str:
        lower = text.lower()
        if not self._forms or (text.isascii() and not any(form.lower() in lower for form in self._forms)):
            return text
        # Compiled when there is need only: for long secrets that takes longer than the call that they belong to.
        if self._known is None:
            self._known = re.compile("|".join(map(re.escape, self._forms)), re.IGNORECASE)
        return self._known.sub(GONE, text)


def _named(text: str) -> str:
    """Without the values that stand beside a telling name, and what announces itself as a token."""
    for pattern, instead in _PATTERNS:
        text = pattern.sub(instead, text)
    return _MAYBE.sub(lambda match: match.group() if _PLAIN_WORD.fullmatch(match[2]) else f"{match[1]}{GONE}", text)


def _decoded(text: str) -> str:
    if "\\" in text:
        text = _QUOTE.sub(r"\1", text)
    if "%" in text:
        text = unquote(text)
    if "\\u00" in text:
        text = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
    return _ENTITY.sub(lambda match: html.unescape(match.group()), text) if "&" in text else text


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _short_url(match: re.Match[str]) -> str:
    """Where a link leads, without what it carries: it may open somebody's session."""
    base, path, rest = match.groups()
    host = re.sub(r"//[^/@]*@", f"//{GONE}@", base)
    kept = "/".join(
        segment if len(segment) < 16 or _UUID.fullmatch(segment) or segment.isalpha() else GONE
        for segment in path.split("/")
    )
    return f"{host}{kept}" + (f"?{GONE}" if rest else "")


def _short_iban(match: re.Match[str]) -> str:
    bare = match.group().replace(" ", "").upper()
    if match.group().islower():
        # Ids in lower case hexadecimal look alike; the check digits tell.
        digits = "".join(str(int(char, 36)) for char in bare[4:] + bare[:4])
        if int(digits) % 97 != 1:
            return match.group()
    return f"{bare[:2]}…{bare[-4:]}"


def _last_four(match: re.Match[str]) -> str:
    return f"…{re.sub(r'[ -]', '', match.group())[-4:]}"

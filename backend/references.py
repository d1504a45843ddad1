"""Secrets by reference: `env:NAME`, `file:PATH` and `keyring:NAME` name where a value is, and are safe to share."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from backend.config import ConfigError, Secret
from backend.texts import Say

SCHEMES = ("env", "file", "keyring")
KEYRING_SERVICE = "forny"
_MAX_SECRET_BYTES = 16_384


def is_reference(text: str) -> bool:
    """Whether the text names a secret rather than being one."""
    scheme, colon, rest = text.partition(":")
    return bool(colon and rest) and scheme in SCHEMES


def resolve(reference: str, base: Path, env: Mapping[str, str], setting: str, say: Say) -> str:
    """The value that a reference names; relative files are looked for in `base`. Raises ConfigError."""
    scheme, _, name = reference.partition(":")
    if scheme == "env":
        value = env.get(name, "").strip()
    elif scheme == "file":
        value = _from_file(base / Path(name).expanduser(), setting, say)
    else:
        value = _from_keyring(name, setting, say)
    if not value:
        raise ConfigError(say("config.secret_empty", setting=setting, reference=reference))
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference(Secret):
    """A secret that is looked up when it is needed, so that commands which need none work without it."""

    base: Path
    env: Mapping[str, str] = field(repr=False)
    say: Say = field(repr=False)
    setting: str

    def reveal(self) -> str:
        """The value. Raises ConfigError when the reference leads nowhere."""
        return resolve(self.reference, self.base, self.env, self.setting, self.say)


def _from_file(path: Path, setting: str, say: Say) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_MAX_SECRET_BYTES).decode().strip()
    except OSError as error:
        raise ConfigError(say("config.secret_file", setting=setting, path=path, why=error.strerror)) from None
    except UnicodeDecodeError:
        raise ConfigError(say("config.secret_file", setting=setting, path=path, why="UTF-8")) from None


def _from_keyring(name: str, setting: str, say: Say) -> str:
    from importlib import import_module

    try:
        keyring = import_module("keyring")
    except ImportError:
        raise ConfigError(say("config.no_keyring", setting=setting)) from None
    try:
        value = keyring.get_password(KEYRING_SERVICE, name)
    except Exception as error:  # noqa: BLE001 - a keyring's back end may raise anything; the reason is only its name
        raise ConfigError(say("config.keyring_failed", setting=setting, name=name, why=type(error).__name__)) from None
    return str(value or "")

"""Where a store is: the path of a file, or the address of a PostgreSQL database."""

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

SCHEMES = ("postgresql", "postgres")


def is_address(text: str) -> bool:
    """Whether it is an address that names a database. Raises ValueError when it cannot be read as one."""
    parts = urlsplit(text)
    _ = parts.port
    return parts.scheme in SCHEMES and text.startswith(f"{parts.scheme}://")


def has_password(address: str) -> bool:
    parts = urlsplit(address)
    return parts.password is not None or "password" in parse_qs(parts.query)


def shown(address: str) -> str:
    """An address as it may be shown: who, where and which database; no password, and no options."""
    parts = urlsplit(address)
    user = f"{parts.username}@" if parts.username else ""
    return f"postgresql://{user}{_server(address)}{f':{parts.port}' if parts.port else ''}{parts.path}"


def key_file(place: Path | str) -> Path:
    """The file that holds the key of a store's tokens, unless settings bring one.

    It stands beside a file; for a database it is this user's own on this host, in the platform's data directory.
    """
    if isinstance(place, Path):
        return place.with_name(place.name + ".key")
    from platformdirs import user_data_path

    name = re.sub(r"[^\w.-]", "_", f"{_server(place) or 'local'}-{urlsplit(place).path.strip('/') or 'forny'}")
    return user_data_path("forny", appauthor=False) / f"{name}.key"


def _server(address: str) -> str:
    parts = urlsplit(address)
    return parts.hostname or ",".join(parse_qs(parts.query).get("host", []))

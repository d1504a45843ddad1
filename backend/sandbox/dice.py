"""Everything that looks like chance, drawn from the seed: the same seed and day give the same world."""

import random
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import TypeVar
from uuid import UUID

T = TypeVar("T")


def digest(*parts: object) -> int:
    """A 128-bit number that depends on all parts and on nothing else."""
    return int.from_bytes(blake2b(repr(parts).encode(), digest_size=16).digest())


def uuid_of(*parts: object) -> str:
    """A stable id in the shape of a UUID."""
    return str(UUID(int=digest(*parts)))


def dice(*parts: object) -> random.Random:
    """A generator of its own for the parts. Reproducible by intention, so not for secrets."""
    return random.Random(digest(*parts))  # noqa: S311


def share(*parts: object) -> float:
    """A stable number from 0 up to 1."""
    return (digest(*parts) >> 64) / 2**64


def pick(choices: Sequence[T], *parts: object) -> T:
    """A stable choice."""
    return choices[digest(*parts) % len(choices)]


@lru_cache(maxsize=16)
def _space(seed: int, kind: str) -> tuple[int, int]:
    whole = digest(seed, kind)
    return whole >> 32, whole & 0xFFFFFFFF


def hide(seed: int, kind: str, number: int) -> str:
    """A UUID-shaped id that gives `number` (below 2**32) back to `reveal`, so that nothing need be remembered."""
    _, mask = _space(seed, kind)
    low = number ^ mask
    return str(UUID(int=(digest(seed, kind, number) >> 32 << 32) | low))


def reveal(seed: int, kind: str, text: str) -> int | None:
    """The number that `hide` was given, or None when this id is not of its making."""
    try:
        value = UUID(text).int
    except ValueError:
        return None
    number = (value & 0xFFFFFFFF) ^ _space(seed, kind)[1]
    return number if hide(seed, kind, number) == text else None

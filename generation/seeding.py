"""Seeded draws: an independent random stream per purpose, the same in every process and on every platform."""

import hashlib
import random
from collections.abc import Iterable, Sequence
from typing import TypeVar

T = TypeVar("T")


def digest(*parts: object) -> int:
    """Return a 63-bit hash of the text of the parts, independent of PYTHONHASHSEED."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> 1


def stream(*parts: object) -> random.Random:
    """Return the random stream of a purpose, e.g. `stream(seed, "medical", 42, "facts")`."""
    return random.Random(digest(*parts))


def shuffled(items: Iterable[T], *parts: object) -> list[T]:
    """Return the items in the order drawn from the stream of a purpose."""
    order = list(items)
    stream(*parts).shuffle(order)
    return order


def fill(rng: random.Random, pattern: str) -> str:
    """Draw a code from a pattern: `#` is a digit, `@` a capital consonant, so that codes do not spell words."""
    letters = "BCDFGHJKLMNPRTVWXZ"
    return "".join(rng.choice("0123456789") if c == "#" else rng.choice(letters) if c == "@" else c for c in pattern)


def rotation(seed: int, name: str, index: int, items: Sequence[T]) -> T:
    """Return the item at an index of an endless sequence of shuffled rounds.

    Each item occurs once in every round of `len(items)`, so the first n hold every item about equally often.
    """
    turn, position = divmod(index, len(items))
    return shuffled(items, seed, name, "rotation", turn)[position]

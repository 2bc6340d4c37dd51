"""Seeded draws: a random stream per purpose, the same in every process and on every platform."""

import hashlib
import random
from collections.abc import Sequence


def digest(*parts: object) -> int:
    """A 63-bit number that depends on nothing but the text of the parts (never on PYTHONHASHSEED)."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> 1


def stream(*parts: object) -> random.Random:
    """A random stream of its own for this purpose, e.g. `stream(seed, "medical", 42, "facts")`."""
    return random.Random(digest(*parts))


def fill(rng: random.Random, pattern: str) -> str:
    """A code from a pattern: `#` becomes a digit, `@` a consonant in capitals, so that no word comes about."""
    letters = "BCDFGHJKLMNPRTVWXZ"
    return "".join(rng.choice("0123456789") if c == "#" else rng.choice(letters) if c == "@" else c for c in pattern)


def rotation(seed: int, name: str, index: int, items: Sequence) -> object:
    """The item at a place in an endless row of shuffled rounds: any first n hold every item about equally often.

    Args:
        index: the place, counted from 0.

    Returns:
        One of `items`; each of them once in every `len(items)` places.
    """
    turn, place = divmod(index, len(items))
    order = list(range(len(items)))
    stream(seed, name, "rotation", turn).shuffle(order)
    return items[order[place]]

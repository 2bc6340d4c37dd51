"""Keep digests of a build's rows in little memory: a hash table in two arrays, and a hash over sorted digests."""

from array import array
from collections.abc import Iterable
from hashlib import blake2b, sha256

import numpy as np

_SMALLEST = 1 << 10


def digest_of(*texts: str) -> int:
    """Return 64 bits of a hash of texts; of a million of them, two agree with a probability of 3e-8."""
    state = blake2b(digest_size=8)
    for text in texts:
        encoded = text.encode("utf-8", "surrogatepass")
        state.update(len(encoded).to_bytes(8, "little") + encoded)
    return int.from_bytes(state.digest(), "little")


class DigestTable:
    """Digest -> number, in 12 bytes a slot: a dictionary of a million row ids would take ten times as much."""

    def __init__(self) -> None:
        self._keys, self._numbers = array("Q", bytes(8 * _SMALLEST)), array("I", bytes(4 * _SMALLEST))
        self._count = 0

    def get(self, digest: int) -> int | None:
        """Return the number of a digest, None if it has none."""
        slot = self._slot(digest)
        return self._numbers[slot] if self._keys[slot] else None

    def put(self, digest: int, number: int) -> None:
        """Set the number of a digest, below 2**32."""
        slot = self._slot(digest)
        self._count += not self._keys[slot]
        self._keys[slot], self._numbers[slot] = digest or 1, number
        if self._count > len(self._keys) * 3 // 4:
            self._grow()

    def _slot(self, digest: int) -> int:
        """Return where a digest is, or the free slot where it would be; a key of 0 marks a free slot."""
        key, mask = digest or 1, len(self._keys) - 1
        slot = key & mask
        while self._keys[slot] not in (0, key):
            slot = (slot + 1) & mask
        return slot

    def _grow(self) -> None:
        keys, numbers = self._keys, self._numbers
        self._keys, self._numbers = array("Q", bytes(16 * len(keys))), array("I", bytes(8 * len(keys)))
        for key, number in zip(keys, numbers, strict=True):
            if key:
                slot = self._slot(key)
                self._keys[slot], self._numbers[slot] = key, number


def joined_hash(parts: Iterable[bytes | bytearray]) -> str:
    """Return `content_hash` of row digests that are joined in each of `parts`."""
    digests = np.frombuffer(bytearray().join(parts), "S32")
    digests.sort()
    return sha256(digests.data).hexdigest()

"""Hash a file's bytes, and a split's rows in any order.

The content hash of a split is the SHA-256 over its sorted row digests; a row digest is the SHA-256 of the row as JSON
(keys sorted, no spaces, UTF-8), each picture replaced by the SHA-256 of its bytes. It can be computed from a loaded
dataset, so a copy can be compared with the original without comparing files:

    rows = load_dataset(path, "continual", split="forget").cast_column("images", List(Image(decode=False)))
    content_hash(map(row_digest, rows)) == manifest["splits"]["continual"]["forget"]["content_hash"]
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any


def row_digest(row: Mapping) -> bytes:
    """Return the SHA-256 of a row; pictures must be mappings with a key `bytes`.

    Raises:
        TypeError: a value is not plain data, e.g. a decoded picture.
    """
    text = json.dumps(_plain(row), sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=_refuse)
    return hashlib.sha256(text.encode()).digest()


def content_hash(digests: Iterable[bytes]) -> str:
    """Return the hash of a set of rows from their digests, in any order; hexadecimal."""
    total = hashlib.sha256()
    for digest in sorted(digests):
        total.update(digest)
    return total.hexdigest()


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        if isinstance(value.get("bytes"), bytes):
            return {"sha256": hashlib.sha256(value["bytes"]).hexdigest()}
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _refuse(value: Any) -> None:
    raise TypeError(f"cannot hash a {type(value).__name__}: load pictures with Image(decode=False)")

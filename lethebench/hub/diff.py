"""What a push would change: local files compared with the Hub's by hash, without downloading them."""

import difflib
import hashlib
import mmap
import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lethebench.contract.secrets import NAMES, holds
from lethebench.errors import UserError
from lethebench.hub.repository import RemoteFile

Content = Path | bytes
TEXTS = (".md", ".json", ".yaml", ".py", ".txt", ".jinja")
CHANGES = ("added", "changed", "deleted", "unchanged")


@dataclass(frozen=True)
class Plan:
    """Paths by what happens to them, and the `diff` of the card, line by line."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    deleted: tuple[str, ...]
    unchanged: tuple[str, ...]
    diff: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        return not (self.added or self.changed or self.deleted)

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as `--json` prints it."""
        return {name: list(getattr(self, name)) for name in CHANGES} | {"card_diff": "\n".join(self.diff)}

    def render(self) -> str:
        """Return one line per file that changes, then the diff of the card."""
        signs = (("+", self.added), ("~", self.changed), ("-", self.deleted))
        lines = [f"{sign} {path}" for sign, paths in signs for path in paths]
        counts = ", ".join(f"{len(getattr(self, name))} {name}" for name in CHANGES)
        return "\n".join([*lines, counts, *(["", *self.diff] if self.diff else [])])


def compare(
    local: Mapping[str, Content], remote: Mapping[str, RemoteFile], stale: Iterable[str], card: str | None
) -> Plan:
    """Return the changes that make the Hub hold `local`, without `stale`; `card` is its present README.md."""
    same = {path for path in local if path in remote and is_same(local[path], remote[path])}
    diff: list[str] = []
    if "README.md" not in same and isinstance(text := local.get("README.md"), bytes):
        names = ("README.md on the Hub", "README.md to push")
        diff = list(
            difflib.unified_diff((card or "").splitlines(), text.decode().splitlines(), *names, n=1, lineterm="")
        )
    return Plan(
        added=tuple(sorted(local.keys() - remote.keys())),
        changed=tuple(sorted((local.keys() & remote.keys()) - same)),
        deleted=tuple(sorted((set(stale) & remote.keys()) - local.keys())),
        unchanged=tuple(sorted(same)),
        diff=tuple(diff),
    )


def is_same(content: Content, remote: RemoteFile) -> bool:
    """Return whether the Hub's file has these bytes, by its hash."""
    size = len(content) if isinstance(content, bytes) else content.stat().st_size
    if size != remote.size:
        return False
    if remote.sha256 is not None:
        return _hash(content, hashlib.sha256()) == remote.sha256
    return _hash(content, hashlib.sha1(b"blob %d\0" % size)) == remote.oid


def refuse_leaks(files: Mapping[str, Content], token: str | None, paths: Collection[str]) -> None:
    """Raise if a file holds the token or an API key in any encoding, or a text file a path of this machine.

    Raises:
        UserError: Names the file and what it holds.
    """
    secrets = {os.environ.get(name) or "": f"the value of {name}" for name in NAMES} | {token or "": "the token"}
    ends = "|".join(re.escape(path) for path in paths) or "(?!)"
    # A path inside a longer path or URL is another path: /data is not in https://host/data.
    local = re.compile(rf"(?<![\w.-])(?:{ends})(?![\w.-])".encode())
    for path, content in files.items():
        is_text = path.endswith(TEXTS)
        with _opened(content) as view:
            leaks = [name for secret, name in secrets.items() if holds(view, secret, text=is_text)]
            if is_text and (match := local.search(view)):
                leaks.append(f"the path {match[0].decode()}")
        if leaks:
            raise UserError(f"{path} holds {leaks[0]}, which would be published; remove it and push again")


@contextmanager
def _opened(content: Content) -> Iterator[bytes | mmap.mmap]:
    if isinstance(content, bytes) or content.stat().st_size == 0:
        yield content if isinstance(content, bytes) else b""
    else:
        with content.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
            yield view


def _hash(content: Content, state: Any) -> str:
    if isinstance(content, bytes):
        state.update(content)
    else:
        with content.open("rb") as file:
            while piece := file.read(1 << 20):
                state.update(piece)
    return state.hexdigest()

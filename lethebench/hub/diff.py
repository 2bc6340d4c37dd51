"""What a push would change: files compared with what the Hub says of its own, without reading them from there."""

import difflib
import hashlib
import mmap
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lethebench.errors import UserError
from lethebench.hub.repository import Remote

Content = Path | bytes
TEXTS = (".md", ".json", ".yaml", ".py", ".txt", ".jinja")


@dataclass(frozen=True)
class Plan:
    """Paths by what happens to them; `diff` are the lines by which the card changes."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    deleted: tuple[str, ...]
    unchanged: tuple[str, ...]
    diff: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        return not (self.added or self.changed or self.deleted)

    def to_dict(self) -> dict:
        """As `--json` prints it."""
        names = ("added", "changed", "deleted", "unchanged")
        return {name: list(getattr(self, name)) for name in names} | {"card_diff": "\n".join(self.diff)}

    def render(self) -> str:
        """For people: a line per file that changes, then the card's lines."""
        signs = (("+", self.added), ("~", self.changed), ("-", self.deleted))
        lines = [f"{sign} {path}" for sign, paths in signs for path in paths]
        words = ("added", "changed", "deleted", "unchanged")
        counts = ", ".join(f"{len(getattr(self, word))} {word}" for word in words)
        return "\n".join([*lines, f"{counts}", *(["", *self.diff] if self.diff else [])])


def compare(ours: Mapping[str, Content], remote: Mapping[str, Remote], stale: Iterable[str], card: str | None) -> Plan:
    """The plan that makes the Hub hold `ours`, without `stale`; `card` is the README.md that is there now."""
    same = {path for path in ours if path in remote and is_same(ours[path], remote[path])}
    diff: list[str] = []
    if "README.md" not in same and isinstance(text := ours.get("README.md"), bytes):
        names = ("README.md on the Hub", "README.md to push")
        diff = list(
            difflib.unified_diff((card or "").splitlines(), text.decode().splitlines(), *names, n=1, lineterm="")
        )
    return Plan(
        added=tuple(sorted(ours.keys() - remote.keys())),
        changed=tuple(sorted((ours.keys() & remote.keys()) - same)),
        deleted=tuple(sorted((set(stale) & remote.keys()) - ours.keys())),
        unchanged=tuple(sorted(same)),
        diff=tuple(diff),
    )


def is_same(content: Content, remote: Remote) -> bool:
    """Whether the Hub's file has these bytes, by the hash that the Hub gives."""
    size = len(content) if isinstance(content, bytes) else content.stat().st_size
    if size != remote.size:
        return False
    if remote.sha256 is not None:
        return _hash(content, hashlib.sha256()) == remote.sha256
    return _hash(content, hashlib.sha1(b"blob %d\0" % size)) == remote.oid


def refuse_leaks(files: Mapping[str, Content], token: str, places: Collection[str]) -> None:
    """Refuses files that hold the token or a path of this machine.

    Raises:
        UserError: naming the file and what it holds.
    """
    ends = "|".join(re.escape(place) for place in places)
    anywhere = re.compile(re.escape(token).encode())
    # A place inside a longer path or address is another place: /data is not in https://host/data.
    in_text = re.compile(rf"{re.escape(token)}|(?<![\w.-])(?:{ends})(?![\w.-])".encode())
    for path, content in files.items():
        found = _search(in_text if path.endswith(TEXTS) else anywhere, content)
        if found:
            what = "the token" if found == token.encode() else f"the path {found.decode()}"
            raise UserError(f"{path} holds {what}, which would be published: take it out and push again")


def _search(pattern: re.Pattern[bytes], content: Content) -> bytes | None:
    if isinstance(content, bytes):
        match = pattern.search(content)
        return match and match[0]
    if content.stat().st_size == 0:
        return None
    with content.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
        match = pattern.search(view)
        return match and bytes(match[0])


def _hash(content: Content, state) -> str:
    if isinstance(content, bytes):
        state.update(content)
    else:
        with content.open("rb") as file:
            while piece := file.read(1 << 20):
                state.update(piece)
    return state.hexdigest()

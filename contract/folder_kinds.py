"""Kinds of folders that commands write, each with the list of files by which a folder proves to be its own."""

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

MARKER = ".lethe.json"


@dataclass(frozen=True)
class Kind:
    """A kind of folder that commands write.

    Attributes:
        name: in words, with its article.
        marker: the file that lists the others: `files` is a list or mapping of their paths. "" for a kind that is
            never replaced.
        unlisted: files that it does not list.
        keys: what the marker holds.
    """

    name: str
    marker: str = MARKER
    unlisted: frozenset[str] = frozenset()
    keys: frozenset[str] = frozenset({"kind", "id", "files"})

    def own_files(self, folder: Path) -> set[str] | None:
        """Return the paths that the marker of a folder lists, None if it has no marker of this kind."""
        try:
            content = json.loads((folder / self.marker).read_text("utf-8"))
        except (OSError, ValueError, RecursionError):
            return None
        if not isinstance(content, dict) or not self.keys <= content.keys():
            return None
        if "kind" in self.keys and content["kind"] != self.name:
            return None
        files = content["files"]
        return {self.marker, *self.unlisted, *map(str, files)} if isinstance(files, list | dict) else None

    def mark(self, folder: Path, files: Sequence[str] | None = None) -> None:
        """Write the marker, unless the kind has one of its own; it lists `files` or everything that is there."""
        if self.marker != MARKER:
            return
        files = listing(folder) if files is None else files
        identity = hashlib.sha256("\n".join(files).encode("utf-8", "surrogateescape")).hexdigest()[:32]
        (folder / MARKER).write_text(json.dumps({"kind": self.name, "id": identity, "files": files}, indent=2) + "\n")


BUILD = Kind("a build", "manifest.json", frozenset({"README.md"}), frozenset({"benchmark", "version", "files"}))
EXPORT = Kind("an export", "")
STAGE = Kind("a stage of a run")
EVALUATION = Kind("an evaluation folder")
REPORT = Kind("a report")
SPACE = Kind("a Space")
KINDS = (BUILD, STAGE, EVALUATION, REPORT, SPACE)


def listing(folder: Path, prefix: str = "") -> list[str]:
    """Return the files below a folder, and its empty folders with a slash at the end, sorted."""
    names = []
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.is_dir(follow_symlinks=False):
                name = f"{prefix}{entry.name}/"
                names += listing(Path(entry.path), name) or [name]
            else:
                names.append(prefix + entry.name)
    return names

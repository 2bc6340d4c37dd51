"""Recognize a download in the Hub's cache, whose files are links to `blobs` beside it."""

import re
from pathlib import Path

_SNAPSHOT = re.compile(r"datasets--(?P<owner>[^/]+?)--(?P<name>[^/]+)/snapshots/(?P<commit>[0-9a-f]{40})")


def hub_source(folder: Path) -> str | None:
    """Return ORG/NAME@COMMIT of the download of a dataset, None for other folders."""
    match = _SNAPSHOT.search(folder.absolute().as_posix())
    return f"{match['owner']}/{match['name']}@{match['commit']}" if match else None


def is_inside(path: Path, folder: Path) -> bool:
    """Return whether a path leads to something in a folder, or in the blobs of a download."""
    root = folder.resolve()
    roots = [root, *([root.parents[1] / "blobs"] if root.parent.name == "snapshots" else [])]
    return any(path.resolve().is_relative_to(each) for each in roots)

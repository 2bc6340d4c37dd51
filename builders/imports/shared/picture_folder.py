"""Find the pictures in a user's folder, however another system spelled their names, and count the files passed over."""

import logging
import os
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from lethebench.builders.errors import BuildError
from lethebench.contract.errors import border

logger = logging.getLogger(__name__)

ENDINGS = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif", ".jp2", ".j2k")
UNSUPPORTED = (".heic", ".heif", ".jxl")
"""Endings of pictures that cannot be read: reported rather than passed over."""
_LISTED = 3


def readable(name: str) -> str:
    """Return a file name in the composed form of Unicode; bytes that are not UTF-8 are read as Latin-1."""
    try:
        name.encode()
    except UnicodeEncodeError:
        name = os.fsencode(name).decode("latin-1")
    return unicodedata.normalize("NFC", name)


class PictureFolder:
    """All files below the folder that an option names. Links out of it are listed, but not followed.

    Attributes:
        root: the folder, resolved.
        names: file -> its readable path relative to the folder, in the order of these paths.
    """

    def __init__(self, root: Path, option: str = "pictures") -> None:
        self.root = root.resolve()
        self._label = f"{option}={root.name}"
        with border(self._label, "make the folder readable", error_type=BuildError):
            names = {path: readable(path.relative_to(root).as_posix()) for path in _walk(root, self.root)}
        self.names = dict(sorted(names.items(), key=lambda item: item[1]))
        self._by_key: dict[str, list[Path]] = defaultdict(list)
        for path, name in self.names.items():
            self._by_key[name.casefold()].append(path)

    def find(self, name: str) -> Sequence[Path]:
        """Return the files at a relative path in any case and normal form, those spelled so first; or a link above."""
        paths = self._by_key.get(readable(name).casefold()) or self._above(name)
        return [path for path in paths if path.as_posix().endswith(f"/{name}")] or paths

    def pictures(self, folder: str) -> list[Path]:
        """Return the files with the ending of a picture below a relative folder, in any case and normal form.

        A link that stands for the folder, or for one above it, is among them.
        """
        key = readable(folder).casefold() + "/"
        inside = [
            path
            for path, name in self.names.items()
            if name.casefold().startswith(key) and (is_picture(path) or (path.is_dir() and self.leads_out(path)))
        ]
        return self._above(folder) + inside

    def _above(self, name: str) -> list[Path]:
        """Return what is no folder, though a relative path leads through it or ends there: a link."""
        parts = readable(name).casefold().split("/")
        return [path for end in range(1, len(parts) + 1) for path in self._by_key.get("/".join(parts[:end]), ())]

    def leads_out(self, path: Path) -> bool:
        """Return whether a file is a link out of the folder."""
        return not path.resolve().is_relative_to(self.root)

    def log_unused(self, used: Collection[Path], reason: str) -> None:
        """Warn about the files that are not used: those that are no pictures by their name, and others for `reason`."""
        rest = [path for path in self.names if path not in used]
        other = [path for path in rest if not is_picture(path)]
        kinds = {"no pictures by their name": other, reason: [path for path in rest if is_picture(path)]}
        texts = [f"{len(paths):,} {kind} ({self._listed(paths)})" for kind, paths in kinds.items() if paths]
        if texts:
            logger.warning("%s: files passed over: %s", self._label, "; ".join(texts))

    def _listed(self, paths: Sequence[Path]) -> str:
        names = [repr(self.names[path])[1:-1][:80] for path in paths[:_LISTED]]
        return ", ".join(names + ["..."] * (len(paths) > _LISTED))


def is_picture(path: Path) -> bool:
    """Return whether a file has the ending of a picture and is not hidden, as the resource files of macOS are."""
    return path.suffix.lower() in (*ENDINGS, *UNSUPPORTED) and not path.name.startswith(".")


def _walk(folder: Path, root: Path, above: tuple[Path, ...] = ()) -> Iterator[Path]:
    """Yield files, links out of the root, and links to a folder above themselves."""
    resolved = folder.resolve()
    for path in folder.iterdir():
        target = path.resolve() if path.is_symlink() else None
        leaves = target is not None and (not target.is_relative_to(root) or target in (*above, resolved))
        if path.is_dir() and not leaves:
            yield from _walk(path, root, (*above, resolved))
        else:
            yield path

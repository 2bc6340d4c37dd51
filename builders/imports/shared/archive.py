"""Read the files of a release, a zip or its unpacked folder, without unpacking the zip to disk.

An archive is untrusted. Names that lead outside, links, and sizes beyond any release's are refused before a byte is
unpacked, and what is read is bounded whatever the archive declares.
"""

import stat
import struct
import zipfile
from collections.abc import Sequence
from contextlib import AbstractContextManager
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Protocol

from lethebench.builders.errors import BuildError
from lethebench.builders.imports.shared.problems import Problems
from lethebench.builders.write.digest import file_hash
from lethebench.contract.errors import border
from lethebench.contract.hub_cache import is_inside
from lethebench.contract.text import clean_text

MOST_FILES = 100_000
MOST_BYTES = 16 << 20
"""The largest text file that is read; the largest of MLUBench has 1.6 MB."""
MOST_RATIO = 200
"""The highest compression ratio of a file; 43 at most in MLUBench."""
_DIRECTORY = 16 << 20  # bytes of a zip's list of files
_TAIL = 22 + 0xFFFF  # the longest end record of a zip


class Files(Protocol):
    """The files of a release; `source` is its name in messages."""

    source: str

    @property
    def names(self) -> Sequence[str]:
        """The files, relative to the release, with forward slashes."""

    def read(self, name: str) -> bytes:
        """Return the bytes of a file, at most MOST_BYTES."""
        ...

    def provenance(self) -> dict:
        """Return where the release was read from, without the folders above it."""
        ...


def open_files(source: Path) -> Files:
    """Return the files of a zip or a folder; raise BuildError if it is absent, damaged, or could do harm."""
    if source.is_dir():
        return Folder(source)
    if not source.is_file():
        raise BuildError(f"--from {source}: no such file or folder; give the release's zip or its folder")
    return Zip(source)


class Folder:
    """The files under a folder; links that lead out of it are refused."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self.source = clean_text(self._root.name or str(root))
        self.names = sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if not path.is_dir())
        self._hashes: dict[str, str] = {}

    def read(self, name: str) -> bytes:
        """Return the bytes of a file."""
        path = (self._root / name).resolve()
        if not is_inside(path, self._root):
            raise BuildError(f"{self.source}: {name} is a link out of the folder: put the file itself there")
        if not path.is_file():
            raise BuildError(f"{self.source}: {name} is not a file: put the release's own there")
        if path.stat().st_size > MOST_BYTES:
            raise BuildError(_too_large(self.source, name, path.stat().st_size))
        with _border(f"{self.source}: {name} cannot be read"):
            content = path.read_bytes()
        self._hashes[name] = sha256(content).hexdigest()
        return content

    def provenance(self) -> dict:
        """Return name, number of files read and a hash over theirs."""
        lines = "".join(f"{name}\0{digest}\n" for name, digest in sorted(self._hashes.items()))
        total = sha256(lines.encode("utf-8", "surrogateescape"))
        return {"name": self.source, "files": len(self._hashes), "sha256": total.hexdigest()}


class Zip:
    """The files of a zip."""

    def __init__(self, path: Path) -> None:
        self.source = clean_text(path.name)
        self._path = path
        _check_directory(path)
        with _border(f"{self.source}: cannot be read as a zip"), zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
        self._infos = self._safe(infos)
        self.names = list(self._infos)

    def read(self, name: str) -> bytes:
        """Return the bytes of a file."""
        info = self._infos[name]
        with (
            _border(f"{self.source}: {name} cannot be unpacked"),
            zipfile.ZipFile(self._path) as archive,
            archive.open(info) as file,
        ):
            content = file.read(min(MOST_BYTES, info.file_size) + 1)  # never more than was declared
        if len(content) > MOST_BYTES:
            raise BuildError(_too_large(self.source, name, len(content)))
        return content

    def provenance(self) -> dict:
        """Return name, number of files and the hash of the zip."""
        return {"name": self.source, "files": len(self.names), "sha256": file_hash(self._path)}

    def _safe(self, infos: Sequence[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
        """Return the files by name; raise BuildError listing every entry that could do harm."""
        problems = Problems(self.source, "download the release from its authors again")
        files: dict[str, zipfile.ZipInfo] = {}
        if len(infos) > MOST_FILES:
            problems.add(f"{len(infos):,} files; the limit is {MOST_FILES:,}")
            problems.check()
        for info in infos:
            if reason := _harm(info):
                problems.add(reason, file=repr(info.filename))
            elif info.filename in files:
                problems.add("occurs twice", file=repr(info.filename))
            elif not info.is_dir():
                files[info.filename] = info
        problems.check()
        return files


def _harm(info: zipfile.ZipInfo) -> str | None:
    """Return why an entry of a zip is refused, None if it is not."""
    name, parts = info.orig_filename, PurePosixPath(info.filename).parts
    if name.startswith(("/", "\\")) or name[1:2] == ":":
        return "an absolute path"
    if "\\" in name or "\0" in name:
        return "a path with a backslash or a zero byte"
    if ".." in parts:
        return "a path that leads out of the archive"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "a link"
    if info.flag_bits & 1:
        return "encrypted"
    if info.file_size > MOST_BYTES:
        return f"{info.file_size:,} bytes unpacked; the limit is {MOST_BYTES:,}"
    if info.file_size > MOST_RATIO * max(info.compress_size, 1024):
        return f"compressed {info.file_size // max(info.compress_size, 1):,} to 1, like a zip bomb"
    return None


def _border(subject: str) -> AbstractContextManager[None]:
    """Return the border for zipfile, which raises errors of many types for damaged archives."""
    return border(subject, "download the release again", error_type=BuildError)


def _check_directory(path: Path) -> None:
    """Refuse a zip whose list of files is larger than any release's, before Python loads it into memory."""
    with _border(f"{path.name}: cannot be read"), path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _TAIL))
        tail = file.read()
    at = tail.rfind(b"PK\5\6")
    if at < 0 or at + 22 > len(tail):
        raise BuildError(f"{path.name}: not a whole zip file: download the release again, or give its unpacked folder")
    if tail[max(0, at - 20) : at].startswith(b"PK\6\7"):
        raise BuildError(f"{path.name}: a zip64 archive, unlike the release: give its unpacked folder")
    (declared,) = struct.unpack_from("<L", tail, at + 12)
    if declared > _DIRECTORY:
        raise BuildError(f"{path.name}: its list of files takes {declared:,} bytes; the limit is {_DIRECTORY:,}")


def _too_large(source: str, name: str, size: int) -> str:
    return f"{source}: {name} has {size:,} bytes or more; the limit is {MOST_BYTES:,}: download the release again"

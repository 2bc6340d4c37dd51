"""A build appears whole or not at all: it grows in a hidden folder beside its place and is renamed at the end."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from lethebench.builders.errors import BuildError

UNLISTED = ("README.md", "manifest.json")
"""Files of a build whose hash the manifest does not list."""


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """A folder to fill, which becomes `out` when the block ends well and vanishes when it does not.

    An earlier build at `out` stays as it is until then. What a killed build left behind is cleaned up first.

    Args:
        out: a path that is free, empty, or holds an earlier build and nothing else.

    Raises:
        BuildError: `out` holds something else, or another process is building there.
        OSError: the disk is full or not writable; nothing is left behind.
    """
    out = out.resolve()
    refuse_foreign(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    growing, replaced, lock_path = (out.parent / f".{out.name}.{end}" for end in ("building", "replaced", "lock"))
    lock = FileLock(lock_path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise BuildError(f"{out}: another process is building there; wait for it or give another --out") from None
    try:
        _clean(out, growing, replaced)
        growing.mkdir()
        yield growing
        _swap(growing, out, replaced)
    finally:
        shutil.rmtree(growing, ignore_errors=True)
        lock_path.unlink(missing_ok=True)
        lock.release()


def refuse_foreign(out: Path) -> None:
    """Raises BuildError unless a build may be put at `out` without losing anything else."""
    above = next((parent for parent in out.parents if parent.exists()), out)
    if not above.is_dir():
        raise BuildError(f"{out} would lie in {above}, which is a file: give another --out")
    if not out.exists():
        return
    if not out.is_dir():
        raise BuildError(f"{out} is a file: give another --out")
    if out.is_mount():
        raise BuildError(
            f"{out} is a mount point, which no build can replace: give a folder in it, e.g. {out / 'build'}"
        )
    ours = listed(out)
    if ours is None:
        present = min((path.name for path in out.iterdir()), default=None)
        if present is not None:
            raise BuildError(
                f"{out} holds something that is not a build (e.g. {present}): give another --out or empty it"
            )
        return
    present = sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if not path.is_dir())
    foreign = [name for name in present if name not in ours]
    if foreign:
        raise BuildError(
            f"{out} is a build that also holds {foreign[0]}, which would be lost: move it or give another --out"
        )


def listed(folder: Path) -> set[str] | None:
    """The files that belong to the build in a folder, None where its manifest says it is not a build."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(manifest, dict) or not {"benchmark", "version", "files"} <= manifest.keys():
        return None
    return {*manifest["files"], *UNLISTED}


def _clean(out: Path, growing: Path, replaced: Path) -> None:
    """Ends what a killed build began: a half-made folder goes, a build moved aside comes back or goes."""
    if growing.exists():
        shutil.rmtree(growing)
    if replaced.exists() and not out.exists():
        replaced.rename(out)
    elif replaced.exists():
        shutil.rmtree(replaced)


def _swap(growing: Path, out: Path, replaced: Path) -> None:
    if out.exists():
        out.rename(replaced)
        try:
            growing.rename(out)
        except OSError:
            replaced.rename(out)
            raise
        shutil.rmtree(replaced, ignore_errors=True)
    else:
        growing.rename(out)

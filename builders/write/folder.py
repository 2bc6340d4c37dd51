"""Make a build appear complete or not at all: write it to a hidden folder beside `out` and rename that at the end."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from lethebench.builders.errors import BuildError

UNLISTED = ("README.md", "manifest.json")
"""Files of a build that the manifest does not list."""


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """Yield a folder to fill. It becomes `out` when the block succeeds and is deleted when it fails.

    An earlier build at `out` stays as it is until then. The remains of a killed build are cleaned up first.

    Raises:
        BuildError: `out` holds something other than an earlier build, or another process is building there.
    """
    out = out.resolve()
    refuse_foreign(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    unfinished, replaced, lock_path = (out.parent / f".{out.name}.{end}" for end in ("building", "replaced", "lock"))
    lock = FileLock(lock_path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise BuildError(f"{out}: another process is building there; wait for it or choose another --out") from None
    try:
        _clean(out, unfinished, replaced)
        unfinished.mkdir()
        yield unfinished
        _swap(unfinished, out, replaced)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
        lock_path.unlink(missing_ok=True)
        lock.release()


def refuse_foreign(out: Path) -> None:
    """Raise BuildError unless a build can be written to `out` without losing anything else."""
    parent = next((parent for parent in out.parents if parent.exists()), out)
    if not parent.is_dir():
        raise BuildError(f"{out} would be in {parent}, which is a file: choose another --out")
    if not out.exists():
        return
    if not out.is_dir():
        raise BuildError(f"{out} is a file: choose another --out")
    if out.is_mount():
        raise BuildError(
            f"{out} is a mount point, which cannot be replaced: choose a folder in it, e.g. {out / 'build'}"
        )
    listed = listed_files(out)
    if listed is None:
        example = min((path.name for path in out.iterdir()), default=None)
        if example is not None:
            raise BuildError(f"{out} is not empty and not a build (e.g. {example}): choose another --out or empty it")
        return
    names = sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if not path.is_dir())
    foreign = [name for name in names if name not in listed]
    if foreign:
        raise BuildError(
            f"{out} is a build that also holds {foreign[0]}, which would be lost: move it or choose another --out"
        )


def listed_files(folder: Path) -> set[str] | None:
    """Return the files that belong to the build in a folder, None if it is not a build."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(manifest, dict) or not {"benchmark", "version", "files"} <= manifest.keys():
        return None
    return {*manifest["files"], *UNLISTED}


def _clean(out: Path, unfinished: Path, replaced: Path) -> None:
    """Remove the remains of a killed build; a build that it had moved aside comes back unless a new one is in place."""
    if unfinished.exists():
        shutil.rmtree(unfinished)
    if replaced.exists() and not out.exists():
        replaced.rename(out)
    elif replaced.exists():
        shutil.rmtree(replaced)


def _swap(unfinished: Path, out: Path, replaced: Path) -> None:
    if out.exists():
        out.rename(replaced)
        try:
            unfinished.rename(out)
        except OSError:
            replaced.rename(out)
            raise
        shutil.rmtree(replaced, ignore_errors=True)
    else:
        unfinished.rename(out)

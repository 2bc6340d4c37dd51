"""The run folder: stages are written whole or not at all, by one process at a time.

A stage is filled in a temporary sibling folder, `done.json` last, which is then renamed. A killed process leaves at
most a folder named `.NAME.partial`.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from lethebench.errors import UserError

DONE = "done.json"
RECORD = "run.json"


def stage_name(stage: int) -> str:
    """Return the folder name of a stage: `t003` after the third task."""
    return f"t{stage:03d}"


def read_json(path: Path) -> dict[str, Any]:
    """Return the content of a JSON file of a run.

    Raises:
        UserError: The file is missing or not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path} does not exist: {path.parent} is not a finished part of a run") from None
    except json.JSONDecodeError as error:
        raise UserError(f"{path} is not valid JSON ({error}): remove the folder and run again") from None


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write a JSON file atomically, by a temporary file beside it."""
    temporary = path.with_name(f".{path.name}.partial")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(value, file, indent=2, ensure_ascii=False, allow_nan=False)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def is_done(stage: Path) -> bool:
    """Return whether the stage is finished."""
    return (stage / DONE).is_file()


@contextmanager
def new_stage(stage: Path, record: Mapping[str, Any]) -> Iterator[Path]:
    """Yield a temporary folder that becomes `stage` when the block ends without an error.

    On an error the temporary folder is removed, and its parent if it was created for it; `stage` is untouched.

    Args:
        stage: The folder of the stage.
        record: Content of done.json; may be filled inside the block.
    """
    parent_existed = stage.parent.exists()
    stage.parent.mkdir(parents=True, exist_ok=True)
    temporary = stage.with_name(f".{stage.name}.partial")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    try:
        yield temporary
        write_json(temporary / DONE, record)
        if stage.exists():
            shutil.rmtree(stage)
        temporary.rename(stage)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        if not parent_existed:
            with suppress(OSError):
                stage.parent.rmdir()  # fails unless it is empty


@contextmanager
def locked(run: Path) -> Iterator[None]:
    """Hold the lock of a run folder; the operating system frees it when the process ends.

    Raises:
        UserError: Another process holds it.
    """
    run.mkdir(parents=True, exist_ok=True)
    lock = FileLock(run / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise UserError(f"{run} is in use by another process: wait until it ends, or use another folder") from None
    try:
        yield
    finally:
        lock.release()


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

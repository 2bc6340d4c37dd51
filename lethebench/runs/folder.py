"""The run folder: stages that exist whole or not at all, one process at a time.

A stage is a folder whose `done.json` was written last, inside a temporary sibling that is then renamed. So a stage
without `done.json` never happened, and a kill at any moment leaves at most a folder named `.NAME.partial`.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from lethebench.errors import UserError

DONE = "done.json"
RECORD = "run.json"


def stage_name(stage: int) -> str:
    """`t003` after the third task."""
    return f"t{stage:03d}"


def read_json(path: Path) -> dict:
    """Reads a JSON file of a run.

    Raises:
        UserError: the file is absent or not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path} does not exist: {path.parent} is not a finished part of a run") from None
    except json.JSONDecodeError as error:
        raise UserError(f"{path} is not valid JSON ({error}): remove the folder and run again") from None


def write_json(path: Path, value: dict) -> None:
    """Writes a JSON file in one step: to a temporary name beside it, then renamed."""
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
    """Whether the stage happened."""
    return (stage / DONE).is_file()


@contextmanager
def new_stage(stage: Path, record: dict) -> Iterator[Path]:
    """Gives a temporary folder to fill; it becomes `stage`, with `record` as its done.json, if the block ends well.

    `record` may be filled inside the block. On any error the temporary folder is removed, with a folder that was made
    for it and holds nothing else; `stage` is untouched.
    """
    was_there = stage.parent.exists()
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
        if not was_there:
            with suppress(OSError):
                stage.parent.rmdir()  # which only an empty folder allows


@contextmanager
def locked(run: Path) -> Iterator[None]:
    """Holds the run folder; the operating system gives it back when the process ends, however it ends.

    Raises:
        UserError: another process holds it.
    """
    run.mkdir(parents=True, exist_ok=True)
    lock = FileLock(run / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise UserError(f"{run} is in use by another process: wait until it has ended, or use another folder") from None
    try:
        yield
    finally:
        lock.release()


def file_hash(path: Path) -> str:
    """The sha256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

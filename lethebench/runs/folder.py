"""The run folder: stages are written whole or not at all, by one process at a time (see `contract.own_folder`)."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lethebench.contract import own_folder
from lethebench.contract.folder_kinds import STAGE, Kind
from lethebench.contract.own_folder import new_file, new_folder
from lethebench.errors import UserError

DONE = "done.json"
RECORD = "run.json"
LOCK = ".lock"
ROWS = "rows.parquet"
"""Scores of a stage."""
HELD_OUT = "held_out.parquet"
"""Scores of a stage on new pictures and wordings; absent where the build has none."""


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
    """Write a JSON file whole or not at all."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    try:
        content = text.encode()
    except UnicodeEncodeError:  # a lone surrogate, as in the path of a file whose name is not UTF-8
        content = json.dumps(value, indent=2, allow_nan=False).encode()
    with new_file(path) as unfinished:
        unfinished.write_bytes(content + b"\n")


def is_done(stage: Path) -> bool:
    """Return whether the stage is finished."""
    return (stage / DONE).is_file()


@contextmanager
def new_stage(stage: Path, record: Mapping[str, Any], kind: Kind = STAGE) -> Iterator[Path]:
    """Yield a folder that becomes `stage` when the block ends without an error; see `new_folder`.

    Args:
        stage: The folder of the stage.
        record: Content of done.json; may be filled inside the block.
        kind: The kind of folder: an evaluation is written like a stage.
    """
    with new_folder(stage, kind) as folder:
        yield folder
        write_json(folder / DONE, record)


@contextmanager
def locked(run: Path) -> Iterator[None]:
    """Hold the lock of a run folder, and remove what a killed process left in it.

    Raises:
        UserError: Another process holds it.
    """
    busy = f"{run} is in use by another process: wait until it ends, or use another folder"
    with own_folder.lock(run / LOCK, busy):
        yield


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

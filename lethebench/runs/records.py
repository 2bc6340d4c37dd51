"""Read the JSON records of a run folder: run.json, and those of its stages and methods."""

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, get_type_hints

from pydantic import Field, create_model

from lethebench.contract.errors import UserError
from lethebench.contract.records import Done, Gate, GoldSummary, MethodName, Record, Run, Summary, read_record
from lethebench.runs.folder import DONE, RECORD, file_hash
from lethebench.runs.options import RunOptions, option_names

GATE = "gate.json"
SUMMARY = "summary.json"
MATRIX = "matrix.parquet"
RESUME = "resume the run with --resume, which writes it again"
REPAIR = "resume with --resume --repair, which runs this stage and what depends on it again"


def new_record(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record with its own SHA-256 as last entry."""
    content = {name: value for name, value in record.items() if name != "sha256"}
    text = json.dumps(json.loads(json.dumps(content)), sort_keys=True)
    return content | {"sha256": hashlib.sha256(text.encode()).hexdigest()}


def read_run(folder: Path) -> dict[str, Any]:
    """Return run.json.

    Raises:
        UserError: It is missing, does not fit, or was changed after it was written.
    """
    path = folder / RECORD
    if not path.is_file():
        raise UserError(f"{folder} is not a run: it has no {RECORD}; give a folder of `lethe run` or `lethe demo`")
    record = read_record(path, _run_type(), cure="restore the file or run again")
    count = len(record["task_order"])
    if record["tasks"] != count or len(set(record["task_order"])) < count:
        raise UserError(f"{path}: task_order must hold {record['tasks']} different tasks; restore the file")
    return _whole(path, record, "restore the file") if "id" in record else record


@cache
def _run_type() -> type[Record]:
    """Return the type of run.json: its own entries, and one for each option that a run records."""
    names = option_names("result", "seed", "extent", "engine", "settings")
    hints = get_type_hints(RunOptions)
    options: dict[str, Any] = {}
    for name in names:
        field = RunOptions.__dataclass_fields__[name]
        shape = field.metadata["shape"]
        kind = (
            Annotated[hints[name], Field(ge=shape.get("min"), le=shape.get("max"))] if "min" in shape else hints[name]
        )
        options[name] = (kind, field.default if name not in ("methods", "model", "tasks", "seed") else ...)
    options["methods"] = (list[MethodName], ...)
    options["checkpoints"] = (list[str], [])
    return create_model("RunRecord", __base__=Run, **options)


def read_done(run: Path, stage: str) -> dict[str, Any]:
    """Return done.json of a stage; raise UserError if it cannot be read or was changed."""
    path = run / stage / DONE
    done = read_record(path, Done, cure=REPAIR)
    if "proof" not in done:
        raise UserError(f"{path} has no hashes: it was made by an older version of lethebench; {REPAIR}, or run anew")
    return _whole(path, done, REPAIR)


def read_sealed(path: Path, kind: type[Record], *, cure: str) -> dict[str, Any]:
    """Return a record that ends with its own SHA-256; raise UserError if it was changed."""
    return _whole(path, read_record(path, kind, cure=cure), cure)


def _whole(path: Path, record: dict[str, Any], cure: str) -> dict[str, Any]:
    if new_record(record) != record:
        raise UserError(f"{path} was changed after it was written (its SHA-256 differs); {cure}")
    return record


def read_gate(run: Path) -> dict[str, Any]:
    """Return gate.json."""
    return read_record(run / "learnt" / GATE, Gate, cure=REPAIR)


def read_gold_summary(run: Path) -> dict[str, Any] | None:
    """Return gold/summary.json, None if there is none."""
    path = run / "gold" / SUMMARY
    return read_sealed(path, GoldSummary, cure=RESUME) if path.is_file() else None


def read_summary(run: Path, method: str) -> dict[str, Any] | None:
    """Return the summary.json of a method, None if there is none."""
    path, matrix = run / method / SUMMARY, run / method / MATRIX
    if not path.is_file():
        return None
    summary = read_sealed(path, Summary, cure=RESUME)
    if not matrix.is_file() or file_hash(matrix) != summary["matrix_sha256"]:
        raise UserError(f"{matrix} is missing or was changed after it was written; {RESUME}")
    return summary

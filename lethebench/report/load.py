"""Read a run folder into plain records; what the run has not reached yet is None."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from lethebench.errors import UserError

REQUIRED = ("data", "methods", "tasks", "seed")
PER_STAGE = {"retain_knowledge": 1, "utility": 1, "forget": 0, "exposure": 0}
"""Series of a summary -> number of entries beyond T."""
MODALITIES = {"image_text": "picture and text", "text": "text only"}
"""Modality -> how the report names it."""


class ReportError(UserError):
    """A path is not a run, or a run cannot be read; the message is one line and says what to do."""


@dataclass(frozen=True)
class Method:
    """One unlearning method of a run.

    Attributes:
        name: Its name on the command line.
        summary: Its summary.json, None until the method is finished.
        stages_done: Number of finished stages.
        settings: Training settings of its stages, {} before the first one.
    """

    name: str
    summary: dict[str, Any] | None
    stages_done: int
    settings: dict[str, Any]


@dataclass(frozen=True)
class RunRecord:
    """One run folder.

    Attributes:
        path: The folder.
        record: Its run.json.
        gate: learnt/gate.json, None before stage 1 is done.
        gold: gold/summary.json, None if no gold model was trained.
        methods: The methods in the order of run.json.
    """

    path: Path
    record: dict[str, Any]
    gate: dict[str, Any] | None
    gold: dict[str, Any] | None
    methods: tuple[Method, ...]

    @property
    def name(self) -> str:
        return str(self.record.get("name") or self.path.name)

    @property
    def seed(self) -> int:
        return self.record["seed"]

    @property
    def order(self) -> list[int]:
        """Task ids in the order of unlearning."""
        return list(self.record.get("task_order") or range(self.record["tasks"]))

    @property
    def last_gold(self) -> dict[str, Any] | None:
        """Scores of the gold model retrained without any of the tasks, None if there is none."""
        stages = (self.gold or {}).get("stages") or {}
        return stages.get(str(len(self.order)))

    def rows(self, stage: str, columns: Sequence[str]) -> list[dict[str, Any]] | None:
        """Return columns of a stage's per-row scores, None if the stage is not done; `stage` as in `npo/t003`.

        Raises:
            ReportError: The file cannot be read or lacks a column.
        """
        path = self.path / stage / "rows.parquet"
        if not path.is_file():
            return None
        try:
            return pq.read_table(path, columns=list(columns)).to_pylist()
        except (pa.ArrowException, OSError, KeyError) as error:
            raise ReportError(f"{path} cannot be read ({error}); remove {path.parent} and resume the run") from None

    @property
    def build(self) -> Path | None:
        """The build: run.json's path from here or from the run folder, or RUN/data; None if it is missing."""
        path = Path(str(self.record["data"].get("path") or "data"))
        candidates = (path, self.path / path, self.path / "data")
        return next((folder for folder in candidates if any(folder.glob("qa/*.parquet"))), None)

    @cached_property
    def learnt_rows(self) -> list[dict[str, Any]] | None:
        """The columns of the initial model's rows that the report counts."""
        return self.rows("learnt", ("profile_id", "task_id", "modality", "exposure", "exposure_normalised"))


def load_run(path: Path) -> RunRecord:
    """Open a run folder.

    Raises:
        ReportError: The path is not a run, or one of its JSON files cannot be read.
    """
    path = Path(path)
    if not path.is_dir():
        problem = "is a file" if path.exists() else "does not exist"
        raise ReportError(f"{path} {problem}; give a run folder, such as the runs/demo of `lethe demo`")
    if not (path / "run.json").is_file():
        raise ReportError(f"{path} is not a run: it has no run.json; give a folder of `lethe run` or `lethe demo`")
    record = _read(path / "run.json")
    if missing := [key for key in REQUIRED if key not in record]:
        raise ReportError(f"{path / 'run.json'} lacks {', '.join(missing)}, so it is not a run record; run again")
    methods = tuple(_method(path / name, name) for name in record["methods"])
    return RunRecord(path, record, _read_if(path / "learnt/gate.json"), _read_if(path / "gold/summary.json"), methods)


def _method(folder: Path, name: str) -> Method:
    done = sorted(folder.glob("t[0-9]*/done.json"))
    settings = _read(done[0]).get("settings") if done else None
    summary = _read_if(folder / "summary.json")
    if summary is not None:
        _check(folder / "summary.json", summary)
    return Method(name, summary, len(done), settings or {})


def _check(path: Path, summary: dict[str, Any]) -> None:
    """Raise if the series of a summary do not fit its number of tasks."""
    try:
        count = summary["T"]
        shape = [len(row) for row in summary["knowledge"]]
        lengths = {name: len(summary[name]) - more for name, more in PER_STAGE.items()}
        final = dict(summary["final"])
    except (KeyError, TypeError, ValueError) as error:
        raise ReportError(f"{path} is not a method's summary ({error!r}); remove it and resume the run") from None
    wrong = [name for name, length in lengths.items() if length != count]
    if shape != [count] * (count + 1) or wrong or not final:
        names = ", ".join(wrong) or "knowledge"
        raise ReportError(f"{path}: {names} does not fit T = {count} tasks; remove the file and resume the run")


def _read_if(path: Path) -> dict[str, Any] | None:
    return _read(path) if path.is_file() else None


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ReportError(f"{path} cannot be read ({error}); restore the file or run again") from None
    if not isinstance(content, dict):
        raise ReportError(f"{path} must hold an object, not a {type(content).__name__}; restore it or run again")
    return content

"""Reads a run folder into plain records. What a run has not reached yet is None here, and said on the page."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

REQUIRED = ("data", "methods", "tasks", "seed")
PER_STAGE = {"retain_knowledge": 1, "utility": 1, "forget": 0, "exposure": 0}
"""Series of a summary -> entries beyond T."""


class ReportError(ValueError):
    """A path that is no run, or a run that cannot be read. One line: what was given, why it is wrong, what to do."""


@dataclass(frozen=True)
class Method:
    """One unlearning method of a run.

    Attributes:
        name: as on the command line.
        summary: its summary.json, None while the method is not finished.
        stages_done: how many of its stages happened.
        settings: training settings of its stages, {} where no stage happened.
    """

    name: str
    summary: dict | None
    stages_done: int
    settings: dict


@dataclass(frozen=True)
class Run:
    """One run folder.

    Attributes:
        path: the folder.
        record: its run.json.
        gate: learnt/gate.json, None before stage 1 is done.
        gold: gold/summary.json, None where no gold model was trained.
        methods: in the order of run.json.
    """

    path: Path
    record: dict
    gate: dict | None
    gold: dict | None
    methods: tuple[Method, ...]

    @property
    def name(self) -> str:
        return str(self.record.get("name") or self.path.name)

    @property
    def seed(self) -> int:
        return self.record["seed"]

    @property
    def order(self) -> list[int]:
        """The data's task ids, in the order they were asked."""
        return list(self.record.get("task_order") or range(self.record["tasks"]))

    @property
    def last_gold(self) -> dict | None:
        """The gold model that was retrained without every task, None where there is none."""
        stages = (self.gold or {}).get("stages") or {}
        return stages.get(str(len(self.order)))

    def rows(self, stage: str, columns: Sequence[str]) -> list[dict] | None:
        """Columns of a stage's per-row scores, None where the stage did not happen; `stage` as in `npo/t003`.

        Raises:
            ReportError: the file is there and cannot be read, or lacks a column.
        """
        path = self.path / stage / "rows.parquet"
        if not path.is_file():
            return None
        try:
            return pq.read_table(path, columns=list(columns)).to_pylist()
        except (pa.ArrowException, OSError, KeyError) as error:
            raise ReportError(
                f"{path} cannot be read ({error}): remove the folder {path.parent} and resume the run"
            ) from None

    @property
    def build(self) -> Path | None:
        """Where the build lies: as run.json says, seen from here or from the run folder; None where it is gone."""
        path = Path(str(self.record["data"].get("path") or "data"))
        places = (path, self.path / path, self.path / "data")
        return next((place for place in places if any(place.glob("qa/*.parquet"))), None)

    @cached_property
    def learnt_rows(self) -> list[dict] | None:
        """What the report counts over the learnt model's rows."""
        return self.rows("learnt", ("profile_id", "task_id", "modality", "exposure", "exposure_normalised"))


def load_run(path: Path) -> Run:
    """Opens a run folder.

    Raises:
        ReportError: the path is not a run, or one of its JSON files cannot be read.
    """
    path = Path(path)
    if not path.is_dir():
        what = "is a file" if path.exists() else "does not exist"
        raise ReportError(f"{path} {what}: give a run folder, such as the runs/demo that `lethe demo` writes")
    if not (path / "run.json").is_file():
        raise ReportError(
            f"{path} is not a run (it has no run.json): give a folder that `lethe run` or `lethe demo` wrote"
        )
    record = _read(path / "run.json")
    missing = [key for key in REQUIRED if key not in record]
    if missing:
        raise ReportError(
            f"{path / 'run.json'} lacks {', '.join(missing)}: it is not the record of a run, run it again"
        )
    methods = tuple(_method(path / name, name) for name in record["methods"])
    return Run(path, record, _read_if(path / "learnt/gate.json"), _read_if(path / "gold/summary.json"), methods)


def _method(folder: Path, name: str) -> Method:
    done = sorted(folder.glob("t[0-9]*/done.json"))
    settings = _read(done[0]).get("settings") if done else None
    summary = _read_if(folder / "summary.json")
    if summary is not None:
        _check(folder / "summary.json", summary)
    return Method(name, summary, len(done), settings or {})


def _check(path: Path, summary: dict) -> None:
    """Refuses a summary whose series do not fit its number of tasks."""
    try:
        count = summary["T"]
        shape = [len(row) for row in summary["knowledge"]]
        lengths = {name: len(summary[name]) - more for name, more in PER_STAGE.items()}
        final = dict(summary["final"])
    except (KeyError, TypeError, ValueError) as error:
        raise ReportError(f"{path} is not a method's summary ({error!r}): remove it and resume the run") from None
    wrong = [name for name, length in lengths.items() if length != count]
    if shape != [count] * (count + 1) or wrong or not final:
        found = ", ".join(wrong) or "knowledge"
        raise ReportError(f"{path}: {found} does not fit T = {count} tasks: remove the file and resume the run")


def _read_if(path: Path) -> dict | None:
    return _read(path) if path.is_file() else None


def _read(path: Path) -> dict:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ReportError(f"{path} cannot be read ({error}): restore the file or run again") from None
    if not isinstance(value, dict):
        raise ReportError(
            f"{path} holds a {type(value).__name__} where an object is expected: restore the file or run again"
        )
    return value

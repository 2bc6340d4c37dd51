"""Read a run folder into plain records; what the run has not reached yet is None."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from statistics import fmean
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel

from lethebench.attacks.records import read_attacks
from lethebench.errors import UserError, one_line
from lethebench.runs.folder import ROWS, file_hash, stage_name
from lethebench.runs.proof import LEARNT, check_run, gold_names, stages_of
from lethebench.runs.records import RESUME, SUMMARY, read_done, read_gate, read_gold_summary, read_summary

SCORES_FILE = "scores.json"
PER_STAGE = {
    "retain_knowledge": 1,
    "in_sample_utility": 1,
    "forget": 0,
    "indistinguishable": 0,
    "keep": 0,
    "exposure": 0,
}
"""Series of a summary -> number of entries beyond T."""


class JudgedBlock(BaseModel):
    """A block of `task_blocks`."""

    name: str
    forget: float | None
    utility: float | None


class Judged(BaseModel):
    """What the report reads of `judges` in scores.json."""

    names: list[str]
    rubrics: list[str]
    repeats: int
    sample: int | None
    failed: int
    agreement: dict[str, dict[str, dict[str, Any]]]
    blocks: dict[str, list[JudgedBlock]]
    scores: dict[str, dict[str, float | None]]
    rows_sha256: dict[str, str]


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
        proofs: Finished stage -> what it was made from, with what.
    """

    path: Path
    record: dict[str, Any]
    gate: dict[str, Any] | None
    gold: dict[str, Any] | None
    methods: tuple[Method, ...]
    proofs: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return str(self.record.get("name") or self.path.name)

    @property
    def seed(self) -> int:
        return self.record["seed"]

    @property
    def order(self) -> list[int]:
        """Task ids in the order of unlearning."""
        return list(self.record["task_order"])

    @property
    def last_gold(self) -> dict[str, Any] | None:
        """Scores of the gold model retrained without any of the tasks, None if there is none."""
        return self.gold["stages"].get(str(len(self.order))) if self.gold else None

    def table(self, stage: str, columns: Sequence[str], file: str = ROWS) -> pa.Table | None:
        """Return columns of a stage's per-row scores, None if there is no such file; `stage` as in `npo/t003`.

        Raises:
            ReportError: The file cannot be read or lacks a column.
        """
        path = self.path / stage / file
        if not path.is_file():
            return None
        try:
            return pq.read_table(path, columns=list(columns))
        except (pa.ArrowException, OSError, KeyError) as error:
            raise ReportError(f"{path} cannot be read ({error}); remove {path.parent} and resume the run") from None

    def rows(self, stage: str, columns: Sequence[str]) -> list[dict[str, Any]] | None:
        """Return columns of a stage's per-row scores as dictionaries, see `table`."""
        table = self.table(stage, columns)
        return None if table is None else table.to_pylist()

    @property
    def build(self) -> Path | None:
        """The build: run.json's path from here or from the run folder, or RUN/data; None if it is missing."""
        path = Path(self.record["data"]["path"])
        candidates = (path, self.path / path, self.path / "data")
        try:
            return next((folder for folder in candidates if any(folder.glob("qa/*.parquet"))), None)
        except OSError:  # a path that no file system takes
            return None

    @cached_property
    def gold_exposures(self) -> list[float]:
        """Mean exposure of the run's tasks in the last gold model of each seed, as far as they are finished."""
        means = []
        for name in gold_names(self.record):
            rows = self.rows(f"{name}/{stage_name(len(self.order))}", ("task_id", "exposure")) or []
            bits = [row["exposure"] for row in rows if row["task_id"] in self.order and row["exposure"] is not None]
            means += [fmean(bits)] if bits else []
        return means

    @cached_property
    def judges(self) -> dict[str, Any] | None:
        """What judges said about the run: `judges` of evaluation/scores.json; None if nobody judged these rows.

        Raises:
            ReportError: The file cannot be read.
        """
        path = self.path / "evaluation" / SCORES_FILE
        if not path.is_file():
            return None
        try:
            content = json.loads(path.read_text("utf-8")).get("judges")
            judged = None if content is None else Judged.model_validate(content)
        except (OSError, ValueError, AttributeError, RecursionError) as error:
            raise ReportError(
                f"{path} cannot be read ({one_line(error)}); evaluate the run again or remove it"
            ) from None
        if judged is None:
            return None
        hashes = {stage: file_hash(self.path / stage / "rows.parquet") for stage in self.proofs}
        return judged.model_dump() if judged.rows_sha256 == hashes else None

    @cached_property
    def attacks(self) -> dict[str, Any] | None:
        """What attacks recovered after the last stage, see `read_attacks`; None if nobody attacked it.

        Raises:
            ReportError: The file cannot be read.
        """
        try:
            return read_attacks(self.path, len(self.order))
        except UserError as error:
            raise ReportError(str(error)) from error

    @cached_property
    def learnt_rows(self) -> list[dict[str, Any]] | None:
        """The columns of the initial model's rows that the report counts."""
        return self.rows("learnt", ("profile_id", "task_id", "modality", "exposure", "exposure_normalised"))


def load_run(path: Path) -> RunRecord:
    """Open a run folder; its stages must fit their hashes (weights their size), and its figures the rows.

    Raises:
        ReportError: The path is not a run, one of its files cannot be read, or was changed.
    """
    path = Path(path)
    if not path.is_dir():
        problem = "is a file" if path.exists() else "does not exist"
        raise ReportError(f"{path} {problem}; give a run folder, such as the runs/demo of `lethe demo`")
    try:
        record = check_run(path)
        gate = read_gate(path) if LEARNT in stages_of(path, record) else None
        gold = read_gold_summary(path)
        methods = tuple(_method(path, record, name) for name in record["methods"])
        proofs = {stage: read_done(path, stage)["proof"] for stage in stages_of(path, record)}
        _check_figures(path, record)
    except UserError as error:
        raise ReportError(str(error)) from error
    return RunRecord(path, record, gate, gold, methods, proofs)


def _check_figures(path: Path, record: dict[str, Any]) -> None:
    """Compute the figures again where the metrics' packages are installed."""
    if all(find_spec(name) for name in ("scipy", "rouge_score")):
        from lethebench.runs.figures import check_figures

        check_figures(path, record)


def _method(run: Path, record: dict[str, Any], name: str) -> Method:
    done = [stage for stage in stages_of(run, record) if stage.startswith(f"{name}/")]
    settings = read_done(run, done[0])["settings"] if done else None
    summary = read_summary(run, name)
    if summary is not None:
        _check(run / name / SUMMARY, summary)
    if summary is not None and summary["T"] != len(record["task_order"]):
        summary = None  # tasks were added to the run since
    return Method(name, summary, len(done), settings or {})


def _check(path: Path, summary: dict[str, Any]) -> None:
    """Raise if the series of a summary do not fit its number of tasks."""
    count = summary["T"]
    wrong = [name for name, more in PER_STAGE.items() if len(summary[name]) != count + more]
    if [len(row) for row in summary["knowledge"]] != [count] * (count + 1) or wrong:
        names = ", ".join(wrong) or "knowledge"
        raise ReportError(f"{path}: {names} does not fit T = {count} tasks; {RESUME}")

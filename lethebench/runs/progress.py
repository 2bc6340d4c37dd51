"""How far a run is, from the files of its folder: finished stages, what they scored, and the time that is left."""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from statistics import fmean
from typing import Any

from lethebench.baselines.presets import Preset, load_preset
from lethebench.baselines.registry import method_entry
from lethebench.contract.errors import UserError
from lethebench.contract.own_folder import NEW, work_folder
from lethebench.runs.folder import is_done, stage_name
from lethebench.runs.options import RunOptions
from lethebench.runs.proof import GOLD, LEARNT, gold_names, is_gold
from lethebench.runs.records import read_run

LOG = "log.jsonl"
"""Log of a stage; see `lethebench.runs.stage_log`."""
GAP = "gap"
"""Phase of the representation gap in a log."""
CANDIDATES_PER_ROW = 20
"""Candidates that take as long to score as one row without any."""
KNOWN = 0.3
"""Cost of ranking among candidates a fact that the model knows, where 1 is that of one that was asked to be forgotten.

Only where runs are over their budget: candidates are then scored until they cannot reach the true one.
"""
PREPARED_AGAIN = 0.6
"""Share of the preparation of all rows that a stage repeats which is scored whole, in a run over its budget."""
RECENT = 3
"""Finished stages of a method from which the time of its next ones is estimated."""


def read_log(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a stage's log; [] if there is none, and without a last line that is being written.

    Raises:
        UserError: A line is not a JSON object.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    try:
        lines = [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]
    except ValueError as error:
        raise UserError(f"{path} is not valid JSON ({error}): remove the stage and run it again") from None
    if not all(isinstance(line, dict) for line in lines):
        raise UserError(f"{path} holds a line that is not a JSON object: remove the stage and run it again")
    return lines


@dataclass(frozen=True)
class StageProgress:
    """What the log of a stage says.

    Attributes:
        steps: Lines of its training.
        phases: Finished phase -> its line.
    """

    steps: list[dict[str, Any]] = field(default_factory=list)
    phases: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, log: Path) -> "StageProgress":
        lines = read_log(log)
        phases = {line["phase"]: line for line in lines if "phase" in line}
        return cls([line for line in lines if "step" in line], phases)

    def seconds(self, phase: str) -> float | None:
        """Return how long a finished phase took, without the preparation of rows that later stages share."""
        line = self.phases.get(phase)
        return None if line is None else max(0.0, line["seconds"] - line.get("prepared", 0.0))


class RunProgress:
    """The progress of a run; finished stages are read once.

    Args:
        folder: The run folder.
        record: run.json; None = read it.
    """

    def __init__(self, folder: Path, record: dict[str, Any] | None = None) -> None:
        self.folder = folder
        self.record = read_run(folder) if record is None else record
        self.options = RunOptions.from_record(self.record, out=folder)
        self.order: list[int] = list(self.record["task_order"])
        self.stages: dict[str, StageProgress] = {}

    @property
    def planned(self) -> list[str]:
        """The stages of the run, in the order in which they run; of `lethe learn` only the first."""
        numbers = range(1, len(self.order) + 1)
        methods = self.record["methods"]
        names = [LEARNT, *(f"{method}/{stage_name(number)}" for method in methods for number in numbers)]
        gold = self.options.gold_stages(len(self.order)) if methods else []
        return [*names, *(f"{name}/{stage_name(number)}" for name in gold_names(self.record) for number in gold)]

    def refresh(self) -> None:
        """Read the logs of stages that were finished since."""
        for stage in self.planned:
            if stage not in self.stages and is_done(self.folder / stage):
                self.stages[stage] = StageProgress.of(self.folder / stage / LOG)

    @property
    def running(self) -> str | None:
        """The unfinished stage whose folder is being written, None if there is none."""
        unfinished = (stage for stage in self.planned if stage not in self.stages)
        return next((stage for stage in unfinished if (work_folder(self.folder / stage) / NEW).is_dir()), None)

    def current(self) -> StageProgress:
        """Return what the log of the running stage says."""
        running = self.running
        return StageProgress() if running is None else StageProgress.of(work_folder(self.folder / running) / NEW / LOG)

    def knowledge(self, method: str) -> list[list[float | None]]:
        """Return K of a method's finished stages, t = 0, 1, ...: knowledge of each task and of what stays, in 0..1."""
        names = [LEARNT, *(f"{method}/{stage_name(number)}" for number in range(1, len(self.order) + 1))]
        finished = [self.stages[name] for name in names if name in self.stages]
        columns = [str(task) for task in (*self.order, -1)]
        by_stage = [stage.phases.get("score", {}).get("knowledge", {}) for stage in finished]
        return [[scores.get(task) for task in columns] for scores in by_stage]

    def seconds_left(self) -> float | None:
        """Return the time that the unfinished stages will take, None before stage 1 is finished."""
        learnt = self.stages.get(LEARNT)
        if learnt is None or learnt.seconds("train") is None or learnt.seconds("score") is None:
            return None
        return sum(self._train_seconds(stage) + self._score_seconds(stage) for stage in self._unfinished())

    def _unfinished(self) -> Iterator[str]:
        return (stage for stage in self.planned if stage not in self.stages)

    def _recent(self, name: str) -> list[StageProgress]:
        """Return the last finished stages of a method, or gold models, that have a log."""
        stages = [stage for key, stage in self.stages.items() if key.partition("/")[0] == name and stage.phases]
        return stages[-RECENT:]

    def _train_seconds(self, stage: str) -> float:
        name = stage.partition("/")[0]
        learnt = self.stages[LEARNT]
        if is_gold(name):
            others = self._recent(GOLD) or [learnt]
            return fmean(one.seconds("train") or 0.0 for one in others)
        if recent := self._recent(name):
            return fmean(one.seconds("train") or 0.0 for one in recent)
        return self._predicted(name) * self._slower

    def _predicted(self, method: str) -> float:
        """Return how long the training of a stage takes by the rows that it passes through the model."""
        line = next(iter(self.stages[LEARNT].steps[-1:]), {})
        rows = line.get("steps", 0) * line.get("rows", 0)
        return line.get("seconds", 0.0) * self._rows_trained(method) / rows if rows else 0.0

    @property
    def _slower(self) -> float:
        """How much longer the first stages of methods took than their rows said."""
        firsts = {name: self._recent(name)[:1] for name in self.record["methods"]}
        took = {name: stages[0].seconds("train") or 0.0 for name, stages in firsts.items() if stages}
        predicted = sum(map(self._predicted, took))
        return sum(took.values()) / predicted if predicted else 1.0

    def _rows_trained(self, method: str) -> float:
        """Return how many rows one stage of a method passes through the model, by its settings."""
        entry = method_entry(method)
        if not entry.trains:
            return 0
        arguments = self._preset.method_arguments(method) | dict(self.options.settings.get(method, {}))
        batch = arguments.get("per_device_train_batch_size", 8) * arguments.get("gradient_accumulation_steps", 1)
        forget = fmean(self.stages[LEARNT].phases["score"]["tasks"].get(str(task), 0) for task in self.order)
        steps = arguments.get("max_steps", -1)
        pairs = steps * batch if steps > 0 else forget * arguments.get("num_train_epochs", 3)
        return 2 * pairs if entry.needs.startswith("retain rows") else pairs

    @cached_property
    def _preset(self) -> Preset:
        return load_preset(self.options.preset, self.options.model)

    def _score_seconds(self, stage: str) -> float:
        logged = [name for name, one in self.stages.items() if one.seconds("score") is not None]
        alike = [name for name in logged if name.partition("/")[0] == stage.partition("/")[0]]
        latest = (alike or logged)[-1]
        seconds = (self.stages[latest].seconds("score") or 0.0) / self._work_done(latest) * self._work(stage)
        if self._is_over_budget and self._is_whole(stage):
            seconds += PREPARED_AGAIN * self.stages[LEARNT].phases["score"].get("prepared", 0.0)
        return seconds + self._gap_seconds

    @property
    def _gap_seconds(self) -> float:
        """How long the representation gap of the last stages took; 0 without it."""
        gaps = [seconds for one in self.stages.values() if (seconds := one.seconds(GAP)) is not None]
        return fmean(gaps[-RECENT:]) if gaps else 0.0

    @property
    def _is_over_budget(self) -> bool:
        """Whether most stages are scored on a sample."""
        line = self.stages[LEARNT].phases["score"]
        ever = sum(count for task, count in line["ranked"].items() if int(task) in self.order)
        return line["rows"] > self.options.score_rows or ever > self.options.rank_rows

    def _is_whole(self, stage: str) -> bool:
        """Return whether all rows of a stage are scored, and all with candidates ranked."""
        return stage == LEARNT or is_gold(stage) or _number(stage) == len(self.order) or not self._is_over_budget

    def _work_done(self, stage: str) -> float:
        """Return what a finished stage scored, in rows without candidates; at least 1."""
        line = self.stages[stage].phases["score"]
        return max(1.0, self._weighed(line, line["rows"], line["ranked"], self.order[: _number(stage)]))

    def _work(self, stage: str) -> float:
        """Return what a stage will score, in rows without candidates."""
        line, number, options = self.stages[LEARNT].phases["score"], _number(stage), self.options
        asked = self.order[:number]
        if self._is_whole(stage):
            return self._weighed(line, line["rows"], line["ranked"], asked)
        ranked = {task: count for task, count in line["ranked"].items() if int(task) in asked}
        if number == 1 or (options.score_every and number % options.score_every == 0):
            return self._weighed(line, line["rows"], ranked, asked)
        share = min(1.0, options.rank_rows / max(1, sum(ranked.values())))
        sample = {task: share * count for task, count in ranked.items()}
        return self._weighed(line, min(line["rows"], options.score_rows), sample, asked)

    def _weighed(
        self, line: Mapping[str, Any], rows: int, ranked: Mapping[str, float], asked: Collection[int]
    ) -> float:
        """Return the work of some rows, `ranked` of each task among as many candidates each as in a line of a log."""
        known_cost = KNOWN if self._is_over_budget else 1.0
        weights = sum(count if int(task) in asked else known_cost * count for task, count in ranked.items())
        return rows + weights * line["candidates"] / max(1, sum(line["ranked"].values())) / CANDIDATES_PER_ROW


def _number(stage: str) -> int:
    """Return the number of a stage: 0 of the initial model."""
    return int(stage.partition("/t")[2] or 0)


def words_for(seconds: float) -> str:
    """Return a duration as a person would say it: `40 s`, `12 min`, `3.5 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def scores_line(rows: Sequence[Mapping[str, Any]], held_out: int, order: Sequence[int]) -> dict[str, Any]:
    """Return what the log of a stage says about its scores.

    Args:
        rows: The scored rows.
        held_out: The number of scored held-out rows.
        order: The tasks of the run.

    Returns:
        `knowledge`: task -> mean keyword match of its rows in 0..1, -1 for rows that no request asks to forget; None
        if no row of it was scored. `tasks`: task -> scored rows. `rows`: all of them, held-out ones included.
        `candidates`: their candidates. `ranked`: task -> rows that were ranked.
    """
    ranked = Counter(row["task_id"] for row in rows if row.get("num_candidates"))
    by_task: dict[int, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_task.setdefault(max(row["task_id"], -1), []).append(row)
    return {
        "knowledge": {str(task): _knowledge(by_task.get(task, ())) for task in (*order, -1)},
        "tasks": {str(task): len(by_task[task]) for task in order if task in by_task},
        "rows": len(rows) + held_out,
        "candidates": sum(row.get("num_candidates") or 0 for row in rows),
        "ranked": {str(task): count for task, count in sorted(ranked.items())},
    }


def _knowledge(rows: Iterable[Mapping[str, Any]]) -> float | None:
    values = [row["keyword_match"] for row in rows if row["keyword_match"] is not None]
    return fmean(values) if values else None

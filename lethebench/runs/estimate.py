"""`lethe run --dry-run`: the hours and gigabytes of a run, from a short calibration with its model, rows and method."""

import os
import resource
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from datasets import Dataset

from lethebench.cli.output import text_table
from lethebench.console import Console
from lethebench.evaluation.answers.prepare import ANSWERS
from lethebench.runs.build import Build
from lethebench.runs.calibration import Calibration, spread
from lethebench.runs.elsewhere import checkpoints_of
from lethebench.runs.folder import is_done, stage_name
from lethebench.runs.inside import rows_inside, times_inside
from lethebench.runs.options import RunOptions
from lethebench.runs.proof import LEARNT, gold_names
from lethebench.runs.stage import Run

ANSWER_BYTES = 5_500
"""Memory of a candidate while it is scored: tokens, plan and scores."""
KNOWN, ASKED = 0.3, 1.0
"""Cost of candidates of facts that a model knows, and of facts that were asked, where only their ranks are needed.

Where 1 is the cost of scoring them to their end. 0.25 to 0.35 and 0.8 to 1.2 in runs of npo on icu.
"""
READ_TWICE = 2
"""The summary and the report read the rows of every stage."""


@dataclass(frozen=True)
class Part:
    """A part of a run.

    Attributes:
        name: What is done.
        stages: How often.
        seconds: For all of them.
    """

    name: str
    stages: int
    seconds: float


@dataclass(frozen=True)
class Plan:
    """What a run takes.

    Attributes:
        parts: Its parts, finished stages left out.
        memory_gb: Peak of resident memory.
        mapped_gb: How much of it are rows on disk, which the system drops where memory is short.
        disk_gb: Size of the run folder.
    """

    parts: tuple[Part, ...]
    memory_gb: float
    mapped_gb: float
    disk_gb: float

    @property
    def seconds(self) -> float:
        """The duration of all parts."""
        return sum(part.seconds for part in self.parts)

    def record(self) -> dict[str, Any]:
        """Return the plan for `--json`."""
        return {**asdict(self), "seconds": self.seconds}

    def text(self) -> str:
        """Return the plan as a table."""
        lines = [
            [part.name, str(part.stages), duration(part.seconds / max(part.stages, 1)), duration(part.seconds)]
            for part in self.parts
        ]
        titles = ["Stages", "Each", "In all"]
        return "\n".join(
            [
                text_table(["Part", *titles], lines, right=titles),
                f"in all {duration(self.seconds)} on this machine as it is now, {self.memory_gb:.1f} GB of memory "
                f"({self.mapped_gb:.1f} GB of it rows on disk, dropped where memory is short) and "
                f"{self.disk_gb:.1f} GB of disk; estimated from a few steps and rows, nothing was written",
            ]
        )


def duration(seconds: float) -> str:
    """Return seconds as text, such as 12 s, 7.5 min or 3.2 h."""
    if seconds < 90:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def plan_run(run: Run, source: Path | None = None, clock: Callable[[], float] = time.perf_counter) -> Plan:
    """Return what the rest of a run takes.

    Args:
        run: The run.
        source: A run whose initial and gold models are taken over.
        clock: As of `Calibration`.
    """
    models = [folder / LEARNT for folder in (run.folder, source) if folder is not None]
    initial = next((model for model in models if is_done(model)), None)
    with tempfile.TemporaryDirectory() as scratch:
        return Planner(run, source, Calibration(run, initial, Path(scratch), clock)).plan()


def dry_run(build: Build, options: RunOptions, *, seeds: int, source: Path | None) -> tuple[dict[str, Any], str]:
    """Return the plan of a run as a record and as text; nothing is written to its folder.

    Args:
        build: The benchmark.
        options: Checked options.
        seeds: Number of runs.
        source: A run whose initial and gold models are taken over.
    """
    plan = plan_run(Run(build, options, options.folder(build), Console()), source)
    text = plan.text() + (f"\neach of {seeds} seeds takes as much" if seeds > 1 else "")
    return {"plan": plan.record(), "seeds": seeds}, text


class Planner:
    """Adds up what a calibration says over the stages of a run.

    Args:
        run: The run.
        source: A run whose initial and gold models are taken over.
        calibration: Of the run; used for no part of which all stages are finished.
    """

    def __init__(self, run: Run, source: Path | None, calibration: Calibration) -> None:
        self.run = run
        self.source = source
        self.costs = calibration
        attributes = run.scored["attribute"]
        self.candidates = [len(run.build.candidates.get(attribute, ())) for attribute in attributes]
        self.rows = sum(len(part.rows) for part in run.parts.values())
        self.work: list[tuple[int, int]] = []  # rows and candidates of every stage of the finished run

    def missing(self, stages: Iterable[str]) -> list[str]:
        """Return the stages that are neither finished nor taken over."""
        folders = [folder for folder in (self.run.folder, self.source) if folder is not None]
        return [stage for stage in stages if not any(is_done(folder / stage) for folder in folders)]

    def plan(self) -> Plan:
        """Return the plan; each kind of stage is calibrated once, and only if there is one to run."""
        run = self.run
        count = len(run.order)
        numbers = run.options.gold_stages(count)
        golds = [f"{name}/{stage_name(number)}" for name in gold_names(run.options.record()) for number in numbers]
        whole = (self.rows, sum(self.candidates))
        self.work = [whole] * (1 + len(golds))
        parts = []
        learnt, golds = self.missing([LEARNT]), self.missing(golds)
        if learnt:
            parts.append(Part(f"train {run.options.model}", 1, sum(self.costs.training[:2])))
            parts.append(
                Part(
                    "score the initial model",
                    1,
                    self.scored(*whole, new=whole[1], share=self.share(0)) + self.first_rows(run.rows),
                )
            )
        for method in run.options.methods:
            parts += self.of_method(method, count)
        if golds:
            parts.append(Part("train gold models", len(golds), len(golds) * self.costs.training[0]))
            again, share = self.again(whole[1]), self.share(count)
            seconds = self.scored(*whole, new=again, share=share)
            parts.append(Part("score gold models", len(golds), len(golds) * seconds))
        parts += self.represented(len(golds))
        reading, row_bytes, candidate_bytes = self.costs.stored
        rows = sum(rows for rows, _ in self.work)
        parts.append(Part("summaries and report", 1, READ_TWICE * reading * rows))
        weights = self.costs.saved[2] * len(self.work)
        disk = weights + rows * row_bytes + sum(candidates for _, candidates in self.work) * candidate_bytes
        mapped = self.mapped()
        return Plan(tuple(parts), (self.memory() + mapped) / 1e9, mapped / 1e9, disk / 1e9)

    def of_method(self, method: str, count: int) -> list[Part]:
        """Return the parts of a method."""

        def stage_of(stage: int) -> str:
            return f"{method}/{stage_name(stage)}"

        missing = set(self.missing(map(stage_of, range(1, count + 1))))
        work = {stage: self.scored_at(stage) for stage in spread(count + 1, 12) if stage} | {
            stage: self.scored_at(stage) for stage in (1, 2, count) if stage <= count
        }
        inner = sorted(set(work) - {1, count})
        total = 0.0
        for stage in range(1, count + 1):
            if stage in work:
                rows, candidates = work[stage]
            else:
                pairs = np.array([work[number] for number in inner])
                rows, candidates = (int(np.interp(stage, inner, pairs[:, column])) for column in (0, 1))
            self.work.append((rows, candidates))
            if stage_of(stage) in missing:
                is_whole = stage == count
                again = self.again(candidates if is_whole else self.own_candidates)
                total += self.scored(rows, candidates, new=again, share=self.share(stage))
        parts = []
        if missing and not checkpoints_of(self.run.options.checkpoints):
            seconds, steps = self.costs.unlearning(method)
            parts.append(Part(f"{method}: unlearn", len(missing), len(missing) * seconds))
            if inside := self.inside(steps, [stage for stage in range(1, count + 1) if stage_of(stage) in missing]):
                parts.append(Part(f"{method}: score inside stages", len(missing), inside))
        if missing:
            parts.append(Part(f"{method}: score", len(missing), total))
        return parts

    def inside(self, steps: int, stages: Sequence[int]) -> float:
        """Return the seconds of `--score-steps` in stages of some optimizer steps; 0 without it."""
        every = self.run.options.score_steps
        if every is None or not steps:
            return 0.0
        tasks, cost = self.run.scored["task_id"][:], self.costs.scoring
        rows = sum(rows_inside(tasks, self.run.order, stage) for stage in stages)
        return rows * (cost.new_row + times_inside(steps, every) * cost.row)

    def represented(self, golds: int) -> list[Part]:
        """Return the part of `--representation-rows`, where models of methods or gold models are missing."""
        run = self.run
        stages = [
            f"{method}/{stage_name(stage + 1)}" for method in run.options.methods for stage in range(len(run.order))
        ]
        models = golds + len(self.missing(stages))
        if run.representation is None or not models:
            return []
        models += 1  # the initial model, in this process
        return [Part("representation gap", models, models * run.representation.count * self.costs.represented)]

    def first_rows(self, encoded: Dataset) -> float:
        """Return the seconds to prepare the rows that training has not encoded."""
        return max(0, self.rows - len(encoded)) * self.costs.scoring.new_row

    def again(self, candidates: int) -> int:
        """Return of how many candidates texts are tokenized again; small runs keep all."""
        return candidates if self.run.sampler.reduces else 0

    @cached_property
    def own_candidates(self) -> int:
        """Candidates of the rows of one request."""
        tasks = np.array(self.run.scored["task_id"])
        return int(np.array(self.candidates)[tasks >= 0].sum() / max(1, len(set(tasks[tasks >= 0].tolist()))))

    def scored_at(self, stage: int) -> tuple[int, int]:
        """Return the rows and candidates that a stage is scored on."""
        sample = self.run.sampler.sample(stage)
        if sample is None:
            return self.rows, sum(self.candidates)
        return sample.facts["rows"], sum(self.candidates[index] for index in sample.ranked)

    def share(self, stage: int) -> float:
        """Return the cost of the candidates of a stage, where 1 is that of scoring them to their end."""
        if not self.run.sampler.reduces:
            return 1.0
        if 0 < stage < len(self.run.order):
            return ASKED
        tasks = np.isin(self.run.scored["task_id"], self.run.order[:stage])
        return KNOWN + (ASKED - KNOWN) * float(np.array(self.candidates)[tasks].sum() / max(1, sum(self.candidates)))

    def scored(self, rows: int, candidates: int, *, new: int, share: float) -> float:
        """Return the seconds of scoring rows and candidates, `new` of which are prepared for this stage."""
        cost = self.costs.scoring
        return cost.stage + rows * cost.row + share * candidates * cost.candidate + new * cost.new_candidate

    def memory(self) -> float:
        """Return the peak of memory in bytes: the calibration's, all pictures, and the largest batch of answers.

        The calibration reads few rows, so that those which `mapped` counts are not in it.
        """
        now = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        prompts = self.costs.encoder.prompts
        each = prompts.used_bytes / max(1, len(prompts.pictures))
        pictured = sum(self._pictured(part.rows) for part in self.run.parts.values())
        pictures = min(prompts.limit_bytes, each * pictured) - prompts.used_bytes
        return now + max(0.0, pictures) + min(ANSWERS, sum(self.candidates)) * ANSWER_BYTES

    def mapped(self) -> int:
        """Return the bytes of the files that rows are read from, which are mapped into memory."""
        files = {file["filename"] for part in self.run.parts.values() for file in part.rows.cache_files}
        return sum(os.path.getsize(file) for file in files)

    @staticmethod
    def _pictured(rows: Dataset) -> int:
        modalities: Sequence[Any] = rows["modality"]
        feature = rows.features["modality"]
        text = feature.str2int("text") if hasattr(feature, "str2int") else "text"
        return sum(modality != text for modality in modalities)

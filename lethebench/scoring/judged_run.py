"""Judge every stage of a run: verdicts, judged scores, and each task block after each request."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from lethebench.evaluation.judges.blocks import task_blocks
from lethebench.evaluation.judges.rows import Judgments
from lethebench.runs.build import Build
from lethebench.runs.folder import HELD_OUT, file_hash, stage_name
from lethebench.runs.summary import ROWS, read_rows, summarize_method
from lethebench.scoring.judging import VERDICTS_FILE, Judging, Questions, sampled, write_verdicts


class JudgedRun:
    """The verdicts on a run's stages.

    Args:
        judging: The judges.
        folder: A folder with the scored rows of each stage.
        stages: Their names, such as `npo/t003`.
        order: Task ids in the order of the requests.
        questions: Keywords and options of the rows.
        retained: Task id -> ids of its retain rows, see `task_blocks`.
        sample: Judge at most this many rows of each task and set; None = all.
    """

    def __init__(
        self,
        judging: Judging,
        folder: Path,
        stages: Sequence[str],
        order: Sequence[int],
        *,
        questions: Questions,
        retained: Mapping[int, Collection[str]] | None = None,
        sample: int | None = None,
    ) -> None:
        self.judging, self.folder, self.stages, self.order, self.sample = judging, folder, stages, order, sample
        self.questions, self.retained = questions, retained
        self._judgments: dict[str, Judgments] = {}

    def judge(self) -> None:
        """Let the judges judge the rows of every stage."""
        for stage in self.stages:
            chosen = [row for rows in self._rows(stage).values() for row in sampled(rows, self.sample)]
            title = f"judge {len(chosen)} answers of {stage}"
            self._judgments[stage] = self.judging.judge(chosen, self.questions, title)

    def write(self) -> None:
        """Write the judges' figures into the rows of the stages, and every verdict to a file of its own."""
        from lethebench.runs.stage import write_rows

        verdicts, names = [], []
        for stage, judgments in self._judgments.items():
            files = self._rows(stage)
            figures = iter(judgments.columns)
            empty = dict.fromkeys(judgments.columns[0]) if judgments.columns else {}
            for file, rows in files.items():
                ids = {row["id"] for row in sampled(rows, self.sample)}
                write_rows(
                    self.folder / stage / file,
                    [row | (next(figures) if row["id"] in ids else empty) for row in rows],
                )
            verdicts += judgments.verdicts
            names += [stage] * len(judgments.verdicts)
        write_verdicts(self.folder / VERDICTS_FILE, verdicts, names)

    def result(self, run: Path, methods: Sequence[str], gold: dict | None, gate: dict) -> dict[str, Any]:
        """Return what scores.json records.

        Args:
            run: The run folder, whose rows the verdicts belong to.
            methods: Those with every stage.
            gold: The summary of the gold models; None without.
            gate: The verdict of the memorization gate.
        """
        scores = {}
        if (
            gold is not None
            and self.sample is None
            and all("fluency" in one.summary for one in self._judgments.values())
        ):
            for method in methods:
                final = summarize_method(self.folder, method, self.order, gold, gate)[0]["final"]
                scores[method] = {name: final[name] for name in ("fluent", "score", "score_last")}
        return self.judging.record() | {
            "sample": self.sample,
            "agreement": {stage: judgments.summary for stage, judgments in self._judgments.items()},
            "blocks": {method: [block._asdict() for block in self._blocks(method)] for method in methods},
            "scores": scores,
            "rows_sha256": {stage: file_hash(run / stage / ROWS) for stage in self.stages},
        }

    def _blocks(self, method: str) -> Sequence[Any]:
        stages = [f"{method}/{stage_name(number)}" for number in range(1, len(self.order) + 1)]
        return task_blocks([read_rows(self.folder / stage) for stage in stages], self.order, self.retained)

    def _rows(self, stage: str) -> dict[str, list[dict]]:
        return stage_rows(self.folder / stage)


def stage_rows(folder: Path) -> dict[str, list[dict]]:
    """Return file -> scored rows of a stage's folder."""
    return {name: read_rows(folder, name) for name in (ROWS, HELD_OUT) if (folder / name).is_file()}


def questions_of(build: Build) -> Questions:
    """Return the questions of every split that a run scores."""
    parts = [build.forget, build.retain, build.neighbour, build.held_out]
    return Questions(*(part for part in parts if part is not None))


def retained_of(build: Build) -> dict[int, set[str]] | None:
    """Return task id -> ids of the retain rows that were released with it; None where none were."""
    rows = build.retain.select_columns(["id", "retain_task_id"]).to_list()
    tasks: dict[int, set[str]] = defaultdict(set)
    for row in rows:
        if row["retain_task_id"] >= 0:
            tasks[row["retain_task_id"]].add(row["id"])
    return dict(tasks) or None

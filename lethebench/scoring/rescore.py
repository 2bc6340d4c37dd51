"""`lethe evaluate RUN`: score every saved model of a run again, or let judges judge the answers that the run has."""

import math
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lethebench.console import Console
from lethebench.contract.folder_kinds import EVALUATION
from lethebench.contract.own_folder import kept_file, remove_kept
from lethebench.errors import UserError
from lethebench.evaluation.metrics.measures import Evidence
from lethebench.evaluation.registry import METRICS
from lethebench.runs.build import Build
from lethebench.runs.folder import (
    DONE,
    HELD_OUT,
    file_hash,
    is_done,
    locked,
    new_stage,
    stage_name,
    write_json,
)
from lethebench.runs.options import RunOptions
from lethebench.runs.proof import check_run, stages_of
from lethebench.runs.quiet import open_quietly, quiet_libraries
from lethebench.runs.records import GATE, read_done, read_gold_summary, read_summary
from lethebench.scoring.aggregate import aggregate
from lethebench.scoring.asked import Asked
from lethebench.scoring.judging import REPLIES_FILE, Judging, block_lines, sampled
from lethebench.scoring.judging import dry_run as judging_dry_run
from lethebench.scoring.options import SCORES_FILE, EvaluateOptions
from lethebench.scoring.output import full_table

if TYPE_CHECKING:
    from lethebench.runs.stage import Run

IN_SUMMARY = ("indistinguishable", "keep")
"""Metrics of a checkpoint that a run has by stage in summary.json."""


@dataclass
class Comparison:
    """Differences between new rows and those of the run.

    Attributes:
        largest, where: the largest difference of a number, and its stage, column and row, or those of the first text.
        texts, rows: how many texts differ, and how many rows were compared.
        problems: stages whose rows are not the same questions.
    """

    largest: float = 0.0
    where: str | None = None
    texts: int = 0
    rows: int = 0
    problems: list[str] = field(default_factory=list)

    def add(self, stage: str, old_rows: list[dict], new_rows: list[dict]) -> None:
        """Compare the rows of a stage by the columns that both have."""
        old_by_id = {row["id"]: row for row in old_rows}
        if old_by_id.keys() != {row["id"] for row in new_rows}:
            self.problems.append(f"{stage}: the run scored other rows")
        for row in new_rows:
            if (old := old_by_id.get(row["id"])) is None:
                continue
            self.rows += 1
            for name in row.keys() & old.keys():
                self._add(f"{stage}: {name} of {row['id']}", old[name], row[name])

    def _add(self, where: str, old: Any, new: Any) -> None:
        if not isinstance(old, int | float) or not isinstance(new, int | float):
            self.texts += old != new
            self.where = self.where or (where if old != new else None)
        elif not abs(new - old) <= self.largest:
            self.largest, self.where = abs(new - old), where

    @property
    def same(self) -> bool:
        """Whether every number and every text is the same, bit for bit."""
        return self.largest == 0.0 and self.texts == 0 and not self.problems


def evaluate_run(options: EvaluateOptions, *, full: bool = False) -> tuple[dict, str]:
    """Score every saved model of a run again; return the content of scores.json and the text to print.

    With judges, the scored rows of the run are judged, and no model is loaded.

    Raises:
        UserError: the run is in use, did not finish training, or its build is missing.
    """
    folder = options.target
    with locked(folder):
        record = check_run(folder, hashed=() if options.judges.names else None)
        if not is_done(folder / "learnt"):
            raise UserError(f"{folder} did not finish training: there is no model to score")
        build = build_of(folder, record)
        if options.dry_run:
            return _dry_run(options, build, record)
        result, lines = _rescore(options, build, record)
    if full:
        tables = {stage: full_table({**scores, "notes": []}) for stage, scores in result["stages"].items()}
        lines = [*(f"{stage}\n{text}\n" for stage, text in tables.items()), *lines]
    return result, "\n".join(lines)


def _dry_run(options: EvaluateOptions, build: Build, record: dict) -> tuple[dict, str]:
    """Return what judging the run's own answers is likely to take."""
    from lethebench.scoring.judged_run import questions_of, stage_rows

    questions = questions_of(build)
    items = [
        questions.item(row)
        for stage in stages_of(options.target, record)
        for rows in stage_rows(options.target / stage).values()
        for row in sampled(rows, options.judges.sample)
    ]
    usage, text = judging_dry_run(options.judges, items, kept_file(options.folder(), REPLIES_FILE))
    return {"judges": usage}, text


def build_of(folder: Path, record: dict) -> Build:
    """Return the build that the run was made on, at its recorded path or in the run's own folder."""
    for path in (Path(record["data"]["path"]), folder / "data"):
        manifest = path / "manifest.json"
        if manifest.is_file() and file_hash(manifest) == record["data"]["manifest_sha256"]:
            return open_quietly(path)
    raise UserError(
        f"{folder}: its build {record['data']['path']} is missing or has changed: restore it there or at "
        f"{folder / 'data'}"
    )


def _rescore(options: EvaluateOptions, build: Build, record: dict) -> tuple[dict, list[str]]:
    from lethebench.runs.continual import headline
    from lethebench.runs.gate import gate
    from lethebench.runs.summary import ROWS, gold_summary, method_summary, read_rows
    from lethebench.scoring.judged_run import JudgedRun, questions_of, retained_of

    folder, order = options.target, record["task_order"]
    stages = list(stages_of(folder, record))
    judges = options.judges
    run_options = RunOptions.from_record(record, data=build.path, out=folder)
    build = build.by_request(run_options.tasks_per_request)
    console = Console(phases=len(stages) + 1)
    run = None if judges.names else _run_to_score(folder, run_options, build, console)
    recorded = {name: read_summary(folder, name) for name in record["methods"]}
    recorded_gold = read_gold_summary(folder)
    comparison = Comparison()
    notes: list[str] = []
    out = options.folder()
    judging = Judging(judges, kept_file(out, REPLIES_FILE), console) if judges.names else None
    judged = None
    with new_stage(out, {}, EVALUATION) as out_dir:
        if judging is not None:
            judging.probe()
        for stage in stages:
            (out_dir / stage).mkdir(parents=True)
            shutil.copy(folder / stage / DONE, out_dir / stage / DONE)
            if run is None:
                _copy_rows(folder, stage, out_dir)
            elif not _score(run, stage, out_dir):
                notes.append(f"{stage}: its weights are gone; the rows of the run are used")
            for name in (ROWS, HELD_OUT):
                if run is not None and (folder / stage / name).is_file():
                    rows = [read_rows(part / stage, name) for part in (folder, out_dir)]
                    comparison.add(stage, *rows)
        if judging is not None:
            judged = JudgedRun(
                judging,
                out_dir,
                stages,
                order,
                questions=questions_of(build),
                retained=retained_of(build),
                sample=judges.sample,
            )
            judged.judge()
            notes += judging.notes()
        verdict = gate(out_dir / "learnt", read_done(folder, "learnt"), record["threshold"])
        write_json(out_dir / "learnt" / GATE, verdict)
        with console.phase("aggregate"):
            gold_stages = [int(stage[-3:]) for stage in stages if stage.startswith("gold/")]
            seeds = None
            if recorded_gold is not None:  # without gold models that the run trained since
                gold_stages = [stage for stage in gold_stages if str(stage) in recorded_gold["stages"]]
                seeds = recorded_gold["seeds"]
            gold = gold_summary(out_dir, gold_stages, order, seeds) if len(order) in gold_stages else None
            complete = [name for name in record["methods"] if f"{name}/{stage_name(len(order))}" in stages]
            summaries = {}
            if gold is not None:
                summaries = {name: method_summary(out_dir, name, order, gold, verdict) for name in complete}
            not_measured = {
                name: "the run has no gold model after its last task" if name in complete else "it did not finish"
                for name in record["methods"]
                if name not in summaries
            }
            judges_result = None
            if judged is not None:
                judged.write()
                judges_result = judged.result(folder, complete, gold, verdict)
            last_stages = _last_stages(record, stages)
            aggregates = {stage: _aggregates(out_dir, stage, gold_stages, order) for stage in last_stages}
        compared = _compared(comparison, recorded, summaries)
        result = {
            "run": str(folder),
            "gate": {name: verdict[name] for name in ("image_text", "text", "passed")},
            "methods": {name: summary["final"] for name, summary in summaries.items()},
            "gold": gold["stages"][str(len(order))] if gold else None,
            "stages": aggregates,
            "judges": judges_result,
            "not_measured": not_measured,
            "notes": notes,
            "compared": compared,
        }
        write_json(out_dir / SCORES_FILE, result)
    if judging is not None and not judging.failed:
        remove_kept(out, REPLIES_FILE)
    lines = [headline(result)] if gold else []
    lines += block_lines(judges_result) if judges_result is not None else []
    lines += [f"not measured: {name}: {reason}" for name, reason in not_measured.items()]
    return result, [*lines, *notes, _verdict(compared), f"scores: {out / SCORES_FILE}"]


def _run_to_score(folder: Path, options: RunOptions, build: Build, console: Console) -> "Run":
    quiet_libraries(training=False)
    from lethebench.runs.by_vllm import engine_arguments
    from lethebench.runs.stage import Run
    from lethebench.scoring.models import has_weights

    if options.generate_with is not None:
        engine_arguments(options.generate_with)
    if not has_weights(folder / "learnt"):
        raise UserError(f"{folder}/learnt: model weights and processor are missing")
    return Run(build, options, folder, console)


def _copy_rows(folder: Path, stage: str, out_dir: Path) -> None:
    for path in (folder / stage).glob("*.parquet"):
        shutil.copy(path, out_dir / stage / path.name)


def _score(run: "Run", stage: str, out_dir: Path) -> bool:
    """Score one stage's model and return True; without weights copy the run's rows and return False."""
    from lethebench.runs.stage import write_rows
    from lethebench.scoring.models import has_weights, load

    folder = run.folder / stage
    if not has_weights(folder):
        _copy_rows(run.folder, stage, out_dir)
        return False
    with run.console.phase(f"score {stage} again") as tick:
        loaded = load(str(folder))
        sampled = read_done(run.folder, stage).get("sampled")
        sample = run.sampler.sample(int(stage[-3:])) if sampled else None
        for name, rows in run.score(loaded, folder, tick, sample).items():
            write_rows(out_dir / stage / name, rows)
    return True


def _last_stages(record: dict, stages: list[str]) -> list[str]:
    """Return the stage of the initial model and the last stage of every method."""
    last = ["learnt"]
    for method in record["methods"]:
        last += [stage for stage in stages if stage.startswith(f"{method}/")][-1:]
    return last


def _aggregates(out_dir: Path, stage: str, gold_stages: list[int], order: list[int]) -> dict:
    """Return the aggregates of one stage; rows of tasks not asked up to then count as retained."""
    from lethebench.runs.summary import read_rows

    unlearned = "/" in stage
    count = int(stage[-3:]) if unlearned else len(order)
    asked = Asked(order[:count])

    def rows(name: str) -> list[dict]:
        return asked.relabel(read_rows(out_dir / name))

    excluded = {"stages", "holdout", "samples"} if unlearned else {"stages", "holdout", "samples", "before", "gold"}
    metrics = [name for name, entry in METRICS.items() if not excluded & set(entry.needs) and name not in IN_SUMMARY]
    gold = rows(f"gold/{stage_name(count)}") if count in gold_stages else None
    evidence = Evidence(rows=rows(stage), gold=gold, before=rows("learnt") if unlearned else None)
    scores = aggregate(evidence, metrics)
    return {"metrics": scores.values, "flags": scores.flags, "not_measured": scores.not_measured}


def _compared(rows: Comparison, recorded: Mapping[str, dict | None], summaries: Mapping[str, dict]) -> dict:
    """Return the comparison of the rows, and of every method's final scores with those in summary.json."""
    largest = 0.0
    for name, summary in summaries.items():
        if (before := recorded[name]) is None:
            continue
        old = before["final"]
        for key, value in summary["final"].items():
            if isinstance(value, float) and isinstance(old.get(key), float):
                largest = max(largest, abs(value - old[key]))
            elif value != old.get(key):
                largest = math.inf
    return {
        "same": rows.same and largest == 0.0,
        "rows": rows.rows,
        "largest_difference_in_rows": rows.largest,
        "largest_difference_in_summaries": None if math.isinf(largest) else largest,
        "texts_that_differ": rows.texts,
        "where": rows.where,
        "problems": rows.problems,
    }


def _verdict(compared: dict) -> str:
    if compared["same"] and not compared["rows"]:
        return "judged are the run's own rows; lethe evaluate RUN without --judge scores its models again and compares"
    if compared["same"]:
        return f"the same as the run's own numbers, in each of {compared['rows']:,} scored rows and every summary"
    differences = [
        f"rows by up to {compared['largest_difference_in_rows']:.3g}",
        f"{compared['texts_that_differ']} texts",
        f"summaries by up to {compared['largest_difference_in_summaries']}",
        *compared["problems"],
    ]
    return f"NOT the same as the run's own numbers: {', '.join(differences)}; the largest: {compared['where']}"

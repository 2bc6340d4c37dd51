"""A run scored again: every saved model anew on the run's own rows, and the numbers beside those that the run has."""

import math
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lethebench.cli.train import opened, quiet
from lethebench.console import Console
from lethebench.errors import UserError
from lethebench.runs.build import Build
from lethebench.runs.folder import (
    DONE,
    RECORD,
    file_hash,
    is_done,
    locked,
    new_stage,
    read_json,
    stage_name,
    write_json,
)
from lethebench.runs.options import RunOptions
from lethebench.scoring.aggregate import METRICS, Evidence, aggregate
from lethebench.scoring.options import SCORES, EvaluateOptions

NOT_OF_A_RUN = ("privacy_leakage",)  # a run scores no holdout rows


@dataclass
class Comparison:
    """How far the new rows are from the run's: the largest difference of a number and where, and texts that differ."""

    largest: float = 0.0
    where: str | None = None
    texts: int = 0
    rows: int = 0
    problems: list[str] = field(default_factory=list)

    def add(self, stage: str, before: list[dict], now: list[dict]) -> None:
        """Compares a stage's rows, by the columns that both have."""
        was = {row["id"]: row for row in before}
        if was.keys() != {row["id"] for row in now}:
            self.problems.append(f"{stage}: the run scored other rows")
        for row in now:
            if (old := was.get(row["id"])) is None:
                continue
            self.rows += 1
            for name in row.keys() & old.keys():
                self._add(f"{stage}: {name} of {row['id']}", old[name], row[name])

    def _add(self, where: str, was: object, now: object) -> None:
        numbers = isinstance(was, int | float) and isinstance(now, int | float)
        difference = abs(now - was) if numbers else 0.0
        if not numbers:
            self.texts += was != now
            self.where = self.where or (where if was != now else None)
        elif not difference <= self.largest:
            self.largest, self.where = difference, where

    @property
    def same(self) -> bool:
        """Whether every number and every text is the same, bit for bit."""
        return self.largest == 0.0 and self.texts == 0 and not self.problems


def evaluate_run(options: EvaluateOptions) -> tuple[dict, str]:
    """Scores every saved model of a run again; gives scores.json and what to print.

    Raises:
        UserError: the run is in use, did not finish learning, or its build is not there.
    """
    folder = options.target
    record = read_json(folder / RECORD)
    with locked(folder):
        if not is_done(folder / "learnt"):
            raise UserError(f"{folder} did not finish learning: there is no model to score")
        build = _build_of(folder, record)
        quiet()
        from lethebench.scoring.models import has_weights

        if not has_weights(folder / "learnt"):
            raise UserError(f"{folder}: the weights of its learnt model are gone, and its processor with them")
        result, text = _evaluate(options, build, record)
    return result, text


def _build_of(folder: Path, record: dict) -> Build:
    """The build that the run was made on, at its old place or in the run's own folder."""
    for path in (Path(record["data"]["path"]), folder / "data"):
        manifest = path / "manifest.json"
        if manifest.is_file() and file_hash(manifest) == record["data"]["manifest_sha256"]:
            return opened(path)
    raise UserError(
        f"{folder}: the build it was made on, {record['data']['path']}, is not there or has changed: put it back, "
        f"there or at {folder / 'data'}"
    )


def _stages(folder: Path, record: dict) -> Iterator[str]:
    """The finished stages of a run, as paths in it."""
    yield "learnt"
    for name in (*record["methods"], "gold"):
        for stage in range(1, record["tasks"] + 1):
            if is_done(folder / name / stage_name(stage)):
                yield f"{name}/{stage_name(stage)}"


def _evaluate(options: EvaluateOptions, build: Build, record: dict) -> tuple[dict, str]:
    from lethebench.runs.continual import headline
    from lethebench.runs.stage import Run, gate
    from lethebench.runs.summary import gold_summary, method_summary, read_rows

    folder = options.target
    names = ("model", "preset", "tasks", "retain", "learn_neighbour", "gold", "seed", "order_seed", "threshold")
    of_run = RunOptions(data=build.path, out=folder, **{name: record[name] for name in names})
    stages = list(_stages(folder, record))
    console = Console(phases=len(stages) + 1)
    run = Run(build, of_run, folder, console)
    compared, notes, not_measured = Comparison(), [], {}
    target = options.folder()
    done: dict = {}
    with new_stage(target, done) as place:
        for stage in stages:
            (place / stage).mkdir(parents=True)
            shutil.copy(folder / stage / DONE, place / stage / DONE)
            if not _score(run, stage, place):
                notes.append(f"{stage}: its weights are gone; its own rows stand for it")
            compared.add(stage, read_rows(folder / stage), read_rows(place / stage))
        verdict = gate(place / "learnt", read_json(folder / "learnt" / "gate.json"), record["threshold"])
        write_json(place / "learnt" / "gate.json", verdict)
        with console.phase("aggregate"):
            order = record["task_order"]
            golds = [int(stage[-3:]) for stage in stages if stage.startswith("gold/")]
            last = max(golds, default=0) == len(order)
            gold = gold_summary(place, golds, order) if last else None
            complete = [name for name in record["methods"] if f"{name}/{stage_name(len(order))}" in stages]
            found = {name: method_summary(place, name, order, gold, verdict) for name in complete} if last else {}
            not_measured |= {
                name: "the run has no gold model after its last task" if name in complete else "it did not finish"
                for name in record["methods"]
                if name not in found
            }
            sets = {stage: _aggregates(place, stage, golds, order) for stage in _last_stages(record, stages)}
        result = {
            "run": str(folder),
            "gate": {name: verdict[name] for name in ("image_text", "text", "passed")},
            "methods": {name: summary["final"] for name, summary in found.items()},
            "gold": gold["stages"][str(len(order))] if gold else None,
            "stages": sets,
            "not_measured": not_measured,
            "notes": notes,
            "compared": _compared(compared, folder, found),
        }
        write_json(place / SCORES, result)
    lines = [headline({**result, "report": ""}).rsplit("\n", 1)[0]] if gold else []
    lines += [f"not measured: {name}: {reason}" for name, reason in not_measured.items()]
    return result, "\n".join([*lines, *notes, _verdict(result["compared"]), f"scores: {target / SCORES}"])


def _score(run, stage: str, place: Path) -> bool:
    """Scores one stage's model; without weights copies the run's rows. Tells whether there were weights."""
    from lethebench.runs.score import score_stage
    from lethebench.runs.stage import HELD_OUT, ROWS, write_rows
    from lethebench.scoring.models import has_weights, load, score

    folder = run.folder / stage
    if not has_weights(folder):
        for path in folder.glob("*.parquet"):
            shutil.copy(path, place / stage / path.name)
        return False
    with run.console.phase(f"score {stage} again") as tick:
        loaded = load(str(folder))

        write_rows(place / stage / ROWS, score_stage(run, loaded, tick))
        if stage == "learnt" and run.build.held_out is not None:
            rows = score(loaded, run.build.held_out, progress=lambda share: tick(round(1000 * share), 1000))
            write_rows(place / stage / HELD_OUT, rows)
    return True


def _last_stages(record: dict, stages: list[str]) -> list[str]:
    """The learnt model and the last stage of every method."""
    found = ["learnt"]
    for method in record["methods"]:
        found += [stage for stage in stages if stage.startswith(f"{method}/")][-1:]
    return found


def _aggregates(place: Path, stage: str, golds: list[int], order: list[int]) -> dict:
    """Every metric of one stage with n and interval, over what was asked up to then and what is never asked."""
    from lethebench.runs.summary import read_rows

    count = int(stage[-3:]) if "/" in stage else len(order)
    asked = set(order[:count])

    def rows(name: str) -> list[dict]:
        return [row for row in read_rows(place / name) if row["task_id"] < 0 or row["task_id"] in asked]

    gold = rows(f"gold/{stage_name(count)}") if count in golds else None
    before = rows("learnt") if "/" in stage else None
    metrics = [name for name in METRICS if name not in NOT_OF_A_RUN]
    if before is None:
        metrics = [name for name in metrics if name not in ("forget", "forget_quality")]
    scores = aggregate(Evidence(rows=rows(stage), gold=gold, before=before), metrics)
    return {"metrics": scores.values, "flags": scores.flags, "not_measured": scores.not_measured}


def _compared(rows: Comparison, folder: Path, found: dict) -> dict:
    """The comparison of rows, and of every method's headline with the run's own summary.json."""
    largest = 0.0
    for name, summary in found.items():
        if not (folder / name / "summary.json").is_file():
            continue
        was = read_json(folder / name / "summary.json")["final"]
        for key, value in summary["final"].items():
            if isinstance(value, float) and isinstance(was.get(key), float):
                largest = max(largest, abs(value - was[key]))
            elif value != was.get(key):
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
    if compared["same"]:
        return f"the same as the run's own numbers, in each of {compared['rows']:,} scored rows and every summary"
    found = [
        f"rows by up to {compared['largest_difference_in_rows']:.3g}",
        f"{compared['texts_that_differ']} texts",
        f"summaries by up to {compared['largest_difference_in_summaries']}",
        *compared["problems"],
    ]
    return f"NOT the same as the run's own numbers: {', '.join(found)}; the largest: {compared['where']}"

"""Summaries of a run folder, computed from the per-row scores of its stages; readers compute them again."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from lethebench.contract.errors import border
from lethebench.contract.records import Done, read_record
from lethebench.evaluation.metrics import gold_knowledge
from lethebench.evaluation.metrics.rows import Rows, mean, of_tasks
from lethebench.evaluation.metrics.run_scores import Run as ScoredRun
from lethebench.evaluation.metrics.tables import ModelRows
from lethebench.runs.folder import DONE, HELD_OUT, ROWS, file_hash, is_done, stage_name, write_json
from lethebench.runs.inside_figures import worst_inside
from lethebench.runs.records import MATRIX, REPAIR, SUMMARY, new_record
from lethebench.scoring.aggregate import gold_aggregates, run_aggregates

MATRIX_COLUMNS = ("keyword_match", "probability", "rouge_l_recall", "truth_ratio", "exposure", "exposure_normalised")


def read_rows(stage: Path, name: str = ROWS) -> list[dict]:
    """Return the per-row scores of a stage's folder; raise UserError if they cannot be read."""
    with border(f"{stage / name} cannot be read", REPAIR):
        return pq.read_table(stage / name).to_pylist()


def gold_summary(run: Path, stages: Sequence[int], order: Sequence[int], seeds: int | None = None) -> dict:
    """Write and return gold/summary.json, see `summarize_gold`; `seeds` None = all that have every stage."""
    summary = new_record(summarize_gold(run, stages, order, gold_seeds(run, stages) if seeds is None else seeds))
    write_json(run / "gold" / SUMMARY, summary)
    return summary


def gold_seeds(run: Path, stages: Sequence[int]) -> int:
    """Return of how many seeds a run has finished gold models of all these stages: gold, gold-2, gold-3, ..."""
    count = 1
    while all(is_done(_gold_folder(run, stage, count + 1)) for stage in stages):
        count += 1
    return count


def _gold_folder(run: Path, stage: int, number: int) -> Path:
    return run / ("gold" if number == 1 else f"gold-{number}") / stage_name(stage)


def summarize_gold(run: Path, stages: Sequence[int], order: Sequence[int], seeds: int) -> dict:
    """Return what the gold models know and how exposed the forgotten values are to them.

    Returns:
        `stages`: stage -> `gold_aggregates` and seconds; `knowledge`: G[i] of the earliest gold stage without task i;
        `seeds`: how many gold models of each stage the scores of methods are measured against.
    """
    initial = read_rows(run / "learnt")
    by_stage = {}
    gaps: dict[str, dict] = {}
    for stage in stages:
        folder = run / "gold" / stage_name(stage)
        aggregates = gold_aggregates(initial, read_rows(folder), stage, order)
        done = read_record(folder / DONE, Done, cure=REPAIR)
        by_stage[stage] = aggregates | {"seconds": done["seconds"]}
        gaps |= {str(stage): done["representation"]} if done.get("representation") else {}
    return {
        **({"representation": gaps} if gaps else {}),
        "stages": {str(stage): aggregates for stage, aggregates in by_stage.items()},
        "knowledge": gold_knowledge({stage: part["knowledge"] for stage, part in by_stage.items()}, len(order)),
        "seeds": seeds,
    }


def method_summary(run: Path, method: str, order: Sequence[int], gold: dict, gate: dict) -> dict:
    """Write a method's matrix.parquet and summary.json, and return the latter, see `summarize_method`."""
    summary, matrix = summarize_method(run, method, order, gold, gate)
    pq.write_table(pa.Table.from_pylist(matrix), run / method / MATRIX)
    summary = new_record(summary | {"matrix_sha256": file_hash(run / method / MATRIX)})
    write_json(run / method / SUMMARY, summary)
    return summary


def summarize_method(run: Path, method: str, order: Sequence[int], gold: dict, gate: dict) -> tuple[dict, list[dict]]:
    """Return the summary of a method and the lines of its matrix.

    The run has every stage of the method and the last one of gold; `gold` is from `gold_summary`, `gate` is gate.json.
    """
    folders = [run / "learnt", *(run / method / stage_name(stage) for stage in range(1, len(order) + 1))]
    stages = [read_models(folder) for folder in folders]
    records = [read_record(folder / DONE, Done, cure=REPAIR) for folder in folders]
    flags = [] if gate["passed"] else ["not_memorised"]
    flags += ["diverged"] if any(record.get("diverged") for record in records) else []
    sampled = frozenset(number for number, record in enumerate(records) if record.get("sampled"))
    models = gold_models(run, map(int, gold["stages"]), gold["seeds"])
    summary = {
        "method": method,
        "T": len(order),
        **run_aggregates(ScoredRun(stages, models, order, sampled), gold, flags),
        **_optional(records[1:]),
        "seconds": [record["seconds"] for record in records[1:]],
        "peak_memory_mb": max(record["peak_memory_mb"] for record in records),
    }
    return summary, _matrix([stage.rows for stage in stages], order)


def _optional(records: Sequence[dict]) -> dict:
    """Return what only some runs measure: scores inside stages, and the representation gap of each task by stage."""
    inside = worst_inside([record.get("inside", []) for record in records])
    stages = [record.get("representation", {}) for record in records]
    tasks = dict.fromkeys(task for gaps in stages for task in gaps)
    gaps = {task: [stage.get(task, {}) for stage in stages] for task in tasks}
    measured = any(value is not None for values in inside.values() for value in values)
    return ({"inside": inside} if measured else {}) | ({"representation": gaps} if gaps else {})


def read_models(stage: Path) -> ModelRows:
    """Return the scored rows of a stage's folder, held-out ones apart."""
    held_out = read_rows(stage, HELD_OUT) if (stage / HELD_OUT).is_file() else []
    return ModelRows(read_rows(stage), held_out)


def gold_models(run: Path, stages: Iterable[int], seeds: int) -> dict[int, list[ModelRows]]:
    """Return stage -> rows of its gold models, one per seed."""
    return {
        stage: [read_models(_gold_folder(run, stage, number)) for number in range(1, seeds + 1)] for stage in stages
    }


def _matrix(stages: Sequence[Rows], order: Sequence[int]) -> list[dict]:
    """Return one line per stage t = 0 .. T and task; task -1 is every row that is never asked to be forgotten."""
    lines = []
    for stage, rows in enumerate(stages):
        for task in (*order, -1):
            members = of_tasks(rows, [task])
            means = {name: mean(members, name) for name in MATRIX_COLUMNS}
            lines.append({"stage": stage, "task_id": task, "rows": len(members), **means})
    return lines

"""Runs whose scores of texts are those of their texts, as results need, and a repository of their results."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from synthetic_run import summarize, write_run

from lethebench.evaluation.answers.row_scores import compare
from lethebench.results.recompute import TEXTS

SMALL = {"methods": ("npo",), "tasks": 2, "per_task": 2, "retain": 6}


def honest_run(folder: Path, **options) -> Path:
    """Write a run as `write_run`, small and with consistent texts."""
    write_run(folder, **(SMALL | options))
    for path in [*folder.glob("*/*/*.parquet"), *folder.glob("learnt/*.parquet")]:
        if path.parent.parent.name == "data" or path.parent.name == "data":
            continue
        rows = pq.read_table(path).to_pylist()
        for row in rows:
            scores = compare(row["generated"], row["answer"], [row["answer"]])
            row |= {name: scores[name] for name in TEXTS} | {"exact_match": scores["exact_match"]}
        pq.write_table(pa.Table.from_pylist(rows), path)
    summarize(folder)
    return folder


def honest_runs(folder: Path, seeds: Sequence[int] = (0, 1, 2), **options) -> list[Path]:
    """Write one run per seed, all on one build."""
    return [honest_run(folder / f"s{seed}", seed=seed, data=folder / "data", **options) for seed in seeds]


def edit(path: Path, change: Callable[[dict], object]) -> None:
    """Change the content of a JSON file."""
    content = json.loads(path.read_text("utf-8"))
    change(content)
    path.write_text(json.dumps(content), "utf-8")

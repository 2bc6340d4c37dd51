"""From the per-row scores of every stage to a method's summary: a pure reading of the run folder, to redo at will."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from lethebench.evaluation.metrics import (
    bootstrap_mean,
    continual_summary,
    exposure_chance,
    forget_score,
    forget_value,
    gold_knowledge,
    model_utility,
    unlearning_score,
)
from lethebench.runs.folder import read_json, write_json

ROWS = "rows.parquet"
Rows = list[dict]


def read_rows(stage: Path) -> Rows:
    """The per-row scores of a stage."""
    return pq.read_table(stage / ROWS).to_pylist()


def mean(rows: Rows, column: str) -> float | None:
    """Mean of a column over the rows that have it; None where none has."""
    found = [row[column] for row in rows if row[column] is not None]
    return float(np.mean(found)) if found else None


def of_tasks(rows: Rows, tasks: Sequence[int]) -> Rows:
    """The forget rows of the given tasks."""
    return [row for row in rows if row["task_id"] in set(tasks)]


def not_in_tasks(rows: Rows) -> Rows:
    """The rows that are never asked to be forgotten, neighbours among them."""
    return [row for row in rows if row["task_id"] < 0]


def retained(rows: Rows) -> Rows:
    """The rows of the retain set."""
    return [row for row in rows if row["role"] == "retain"]


def utility_of(rows: Rows, known: Mapping[str, float], before: float | None) -> dict:
    """Utility of a stage over the rows that are never asked to be forgotten, grouped by role."""
    kept = not_in_tasks(rows)
    columns = {name: [row[name] for row in kept] for name in ("probability", "rouge_l_recall", "truth_ratio")}
    return model_utility(
        **columns,
        groups=[row["role"] for row in kept],
        known=known,
        before=before,
        profile_ids=[row["profile_id"] for row in kept],
    )


def gold_summary(run: Path, stages: Sequence[int], order: Sequence[int]) -> dict:
    """What the retrained models know: per task, on what they kept, and how exposed the forgotten values are to them.

    Writes and returns gold/summary.json. `knowledge` holds G[i], of the earliest gold stage that had not seen task i.
    """
    found = {}
    learnt = read_rows(run / "learnt")
    before = _utility_or_why_not(learnt, _known(learnt), None)["utility"]
    for stage in stages:
        folder = run / "gold" / f"t{stage:03d}"
        rows = read_rows(folder)
        forgotten = of_tasks(rows, order[:stage])
        sizes = [row["num_candidates"] for row in forgotten if row["num_candidates"]]
        kept = [row for row in rows if row["role"] != "neighbour" and row["task_id"] not in set(order[:stage])]
        utility = _utility_or_why_not(rows, _known(learnt), before or None)
        found[stage] = {
            "knowledge": [mean(of_tasks(rows, [task]), "keyword_match") for task in order],
            "retain_knowledge": mean(kept, "keyword_match"),
            **{name: utility[name] for name in ("utility", "utility_relative")},
            "exposure": mean(forgotten, "exposure"),
            "exposure_normalised": mean(forgotten, "exposure_normalised"),
            "exposure_retain": mean(kept, "exposure"),
            "exposure_retain_normalised": mean(kept, "exposure_normalised"),
            "exposure_chance": float(np.mean([exposure_chance(size) for size in sizes])) if sizes else None,
            "seconds": read_json(folder / "done.json")["seconds"],
        }
    summary = {
        "stages": {str(stage): value for stage, value in found.items()},
        "knowledge": gold_knowledge({stage: value["knowledge"] for stage, value in found.items()}, len(order)),
    }
    write_json(run / "gold" / "summary.json", summary)
    return summary


def method_summary(run: Path, method: str, order: Sequence[int], gold: dict, gate: dict) -> dict:
    """Everything about one method over a whole run. Writes matrix.parquet and summary.json, and returns the latter.

    Args:
        run: the run folder, with every stage of the method and gold's last one.
        method: its name.
        order: the tasks, in the order they were asked.
        gold: of `gold_summary`.
        gate: the run's gate.json.
    """
    folders = [run / "learnt", *(run / method / f"t{stage:03d}" for stage in range(1, len(order) + 1))]
    stages = [read_rows(folder) for folder in folders]
    records = [read_json(folder / "done.json") for folder in folders]
    knowledge = [[mean(of_tasks(rows, [task]), "keyword_match") for task in order] for rows in stages]
    kept = [mean(retained(rows), "keyword_match") for rows in stages]

    known = _known(stages[0])
    utilities = [_utility_or_why_not(stages[0], known, None)]
    utilities += [_utility_or_why_not(rows, known, utilities[0]["utility"] or None) for rows in stages[1:]]
    parts = _or_not_measured(continual_summary, knowledge, [stage["utility"] for stage in utilities])
    forget = _forget(stages[0], stages[-1], read_rows(run / "gold" / f"t{len(order):03d}"), order)
    exposed = of_tasks(stages[-1], order)
    last_gold = gold["stages"][str(len(order))]
    flags = [] if gate["passed"] else ["not_memorised"]
    final = {
        "forget": forget.get("forget"),
        "utility": utilities[-1]["utility"],
        "utility_relative": utilities[-1]["utility_relative"],
        "stability": parts.get("stability"),
        "exposure": mean(exposed, "exposure"),
        "exposure_normalised": mean(exposed, "exposure_normalised"),
    }
    final["exposure_excess"] = _difference(final["exposure"], last_gold["exposure"])
    overall = unlearning_score(
        final["forget"],
        final["utility"],
        final["stability"],
        final["exposure_normalised"],
        last_gold["exposure_normalised"],
        utility_relative=final["utility_relative"],
        flags=[*flags, *forget.get("flags", []), *utilities[-1]["flags"], *parts.get("flags", [])],
    )
    final |= {"score": overall["score"], "flags": overall["flags"]}
    summary = {
        "method": method,
        "T": len(order),
        "knowledge": knowledge,
        "retain_knowledge": kept,
        "utility": [stage["utility"] for stage in utilities],
        "forget": _forget_so_far(knowledge, gold["knowledge"]),
        "exposure": [mean(of_tasks(rows, order[:stage]), "exposure") for stage, rows in enumerate(stages) if stage],
        "final": final,
        "stability_parts": {name: value for name, value in parts.items() if name not in ("stability", "flags")},
        "utility_parts": {
            key: value for key, value in utilities[-1].items() if key.startswith(("retain_", "neighbour_"))
        },
        "intervals": {
            "forget": [forget.get("ci_low"), forget.get("ci_high")],
            "utility": [utilities[-1]["ci_low"], utilities[-1]["ci_high"]],
            "exposure": list(_interval(exposed, "exposure")),
        },
        "seconds": [record["seconds"] for record in records[1:]],
        "peak_memory_mb": max(record["peak_memory_mb"] for record in records),
        "not_measured": [*utilities[-1]["not_measured"], *forget.get("reason", []), *parts.get("reason", [])],
    }
    _write_matrix(run / method / "matrix.parquet", stages, order)
    write_json(run / method / "summary.json", summary)
    return summary


def _utility_or_why_not(rows: Rows, known: Mapping[str, float], before: float | None) -> dict:
    """`utility_of`, or its keys without figures where the learnt model knew too little to have a utility."""
    try:
        return utility_of(rows, known, before)
    except ValueError as error:
        figures = dict.fromkeys(("utility", "utility_relative", "ci_low", "ci_high"))
        return {**figures, "not_measured": [str(error)], "flags": ["not_measured"]}


def _known(learnt: Rows) -> dict[str, float]:
    kept = not_in_tasks(learnt)
    return {
        role: mean([row for row in kept if row["role"] == role], "keyword_match") for role in {r["role"] for r in kept}
    }


def _or_not_measured(function, *arguments) -> dict:
    """A metric's result, or why there is none: what the learnt model never knew must not stop a run."""
    try:
        return function(*arguments)
    except ValueError as error:
        return {"flags": ["not_measured"], "reason": [str(error)]}


def _forget(before: Rows, after: Rows, gold: Rows, order: Sequence[int]) -> dict:
    sets = [sorted(of_tasks(rows, order), key=lambda row: row["id"]) for rows in (after, before, gold)]
    columns = [[row["keyword_match"] for row in rows] for rows in sets]
    profiles = [row["profile_id"] for row in sets[0]]
    return _or_not_measured(lambda: forget_score(*columns, profile_ids=profiles))


def _forget_so_far(knowledge: Sequence[Sequence[float]], gold: Sequence[float]) -> list[float | None]:
    """Per stage t >= 1, the forget score of the tasks asked so far; None where they were never known."""
    found = []
    for stage in range(1, len(knowledge)):
        values = [float(np.mean(row[:stage])) for row in (knowledge[stage], knowledge[0], gold)]
        found.append(_or_not_measured(lambda values=values: {"forget": forget_value(*values)}).get("forget"))
    return found


def _interval(rows: Rows, column: str) -> tuple[float | None, float | None]:
    kept = [row for row in rows if row[column] is not None]
    if not kept:
        return None, None
    return bootstrap_mean([row[column] for row in kept], clusters=[row["profile_id"] for row in kept])


def _difference(left: float | None, right: float | None) -> float | None:
    return None if left is None or right is None else left - right


def _write_matrix(path: Path, stages: Sequence[Rows], order: Sequence[int]) -> None:
    """Long form: one row per stage t = 0..T and task (-1 = rows never asked to be forgotten)."""
    columns = ("keyword_match", "probability", "rouge_l_recall", "truth_ratio", "exposure", "exposure_normalised")
    table = []
    for stage, rows in enumerate(stages):
        for task in (*order, -1):
            found = of_tasks(rows, [task])
            table.append(
                {"stage": stage, "task_id": task, "rows": len(found), **{name: mean(found, name) for name in columns}}
            )
    pq.write_table(pa.Table.from_pylist(table), path)

"""From per-row scores to every aggregate: of one model by the metrics' registry, and of a run stage by stage.

What cannot be measured is not left out silently: it is listed in `not_measured` with the reason.
"""

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from lethebench.evaluation.metrics import bootstrap_mean, exposure_chance, forget_value, unlearning_score
from lethebench.evaluation.metrics.measures import Cell, Evidence, Measured
from lethebench.evaluation.metrics.rows import (
    Rows,
    column,
    forget_of,
    group_knowledge,
    having,
    mean,
    mean_of,
    never_forgotten,
    not_measured,
    of_tasks,
    stability_of,
    stage_matrix,
    utility_by_stage,
)
from lethebench.evaluation.registry import MetricEntry, metric_entry

UNMEASURED_UTILITY = dict.fromkeys(("utility", "utility_relative", "ci_low", "ci_high"))


@dataclass
class Aggregates:
    """`values` metric -> result -> cell; flags; and metric -> reason for what was not measured."""

    values: dict[str, dict[str, Cell]] = field(default_factory=dict)
    flags: list[str] = field(default_factory=list)
    not_measured: dict[str, str] = field(default_factory=dict)


def aggregate(evidence: Evidence, metrics: Sequence[str]) -> Aggregates:
    """Return the aggregates of the metrics, names in the registry, and why one is missing."""
    aggregates = Aggregates()
    for name in metrics:
        try:
            cells, flags = measure_of(metric_entry(name))(evidence)
        except ValueError as error:
            aggregates.not_measured[name] = str(error)
            continue
        aggregates.values[name] = {key: value for key, value in cells.items() if value is not None}
        aggregates.flags += [flag for flag in dict.fromkeys(flags) if flag not in aggregates.flags]
    return aggregates


def measure_of(entry: MetricEntry) -> Callable[[Evidence], Measured]:
    """Return the function that computes a metric from one model's rows; raise ValueError if it needs a whole run."""
    if entry.measure is None:
        raise ValueError("it compares the stages of a run: evaluate the run folder itself")
    module, _, function = entry.measure.partition(":")
    return getattr(importlib.import_module(module), function)


def stage_utilities(stages: Mapping[int, Rows]) -> dict[int, dict]:
    """Return stage -> utility over rows never asked to be forgotten; without figures where no group was known."""
    rows_by_stage = {stage: never_forgotten(rows) for stage, rows in stages.items()}
    utilities = not_measured(utility_by_stage, rows_by_stage, group_knowledge(rows_by_stage[0]))
    if "reasons" not in utilities:
        return utilities
    unmeasured = {**UNMEASURED_UTILITY, "not_measured": utilities["reasons"], "flags": utilities["flags"]}
    return {stage: dict(unmeasured) for stage in stages}


def gold_aggregates(initial: Rows, gold: Rows, stage: int, order: Sequence[int]) -> dict:
    """Return what the model retrained without the first `stage` tasks of `order` knows and exposes."""
    forgotten = of_tasks(gold, order[:stage])
    retained = [row for row in gold if row["role"] != "neighbour" and row["task_id"] not in set(order[:stage])]
    utility = stage_utilities({0: initial, stage: gold})[stage]
    chances = [exposure_chance(row["num_candidates"]) for row in forgotten if row["num_candidates"]]
    return {
        "knowledge": stage_matrix([gold], order)[0],
        "retain_knowledge": mean(retained, "keyword_match"),
        **{name: utility[name] for name in ("utility", "utility_relative")},
        "exposure": mean(forgotten, "exposure"),
        "exposure_normalised": mean(forgotten, "exposure_normalised"),
        "exposure_retain": mean(retained, "exposure"),
        "exposure_retain_normalised": mean(retained, "exposure_normalised"),
        "exposure_chance": mean_of(chances),
    }


def run_aggregates(
    stages: Sequence[Rows], gold: Rows, gold_summary: Mapping, order: Sequence[int], flags: Sequence[str] = ()
) -> dict:
    """Return the aggregates of one method over a whole run: the scores after the last stage and their series.

    Args:
        stages: rows after stages 0 .. T; 0 is the initial model.
        gold: rows of the model retrained without every task.
        gold_summary: `knowledge` and `stages` as in gold/summary.json.
        order: task ids in the order in which they are asked to be forgotten.
        flags: of the run, passed on.
    """
    last = stages[-1]
    numbered = dict(enumerate(stages))
    utilities = stage_utilities(numbered)
    stability = not_measured(stability_of, numbered, utilities, order)
    forget = not_measured(forget_of, sorted(of_tasks(last, order), key=lambda row: row["id"]), stages[0], gold)
    utility = utilities[len(order)]
    exposed = of_tasks(last, order)
    final = {
        "forget": forget.get("forget"),
        "utility": utility["utility"],
        "utility_relative": utility["utility_relative"],
        "stability": stability.get("stability"),
        "exposure": mean(exposed, "exposure"),
        "exposure_normalised": mean(exposed, "exposure_normalised"),
    }
    last_gold = gold_summary["stages"][str(len(order))]
    final["exposure_excess"] = _difference(final["exposure"], last_gold["exposure"])
    overall = unlearning_score(
        final["forget"],
        final["utility"],
        final["stability"],
        final["exposure_normalised"],
        last_gold["exposure_normalised"],
        utility_relative=final["utility_relative"],
        flags=[flag for part in ({"flags": flags}, forget, utility, stability) for flag in part.get("flags", [])],
    )
    knowledge = stage_matrix(stages, order)
    retained = [[row for row in rows if row["role"] == "retain"] for rows in stages]
    return {
        "knowledge": knowledge,
        "retain_knowledge": [mean(rows, "keyword_match") for rows in retained],
        "utility": [part["utility"] for part in utilities.values()],
        "forget": _forget_by_stage(knowledge, gold_summary["knowledge"]),
        "exposure": [mean(of_tasks(rows, order[:stage]), "exposure") for stage, rows in numbered.items() if stage],
        "final": final | {"score": overall["score"], "flags": overall["flags"]},
        "stability_parts": {
            name: value for name, value in stability.items() if name not in ("stability", "flags", "reasons")
        },
        "utility_parts": {name: value for name, value in utility.items() if name.startswith(("retain_", "neighbour_"))},
        "intervals": {
            "forget": [forget.get("ci_low"), forget.get("ci_high")],
            "utility": [utility["ci_low"], utility["ci_high"]],
            "exposure": list(_interval(exposed, "exposure")),
        },
        "not_measured": [*utility["not_measured"], *forget.get("reasons", []), *stability.get("reasons", [])],
    }


def _forget_by_stage(knowledge: Sequence[Sequence[float | None]], gold: Sequence[float | None]) -> list[float | None]:
    """Return, for stages 1 .. T, the forget score of the tasks asked so far; None where they were never known."""
    scores = []
    for stage in range(1, len(knowledge)):
        means = [mean_of(row[:stage]) for row in (knowledge[stage], knowledge[0], gold)]
        scores.append(not_measured(lambda *values: {"forget": forget_value(*values)}, *means).get("forget"))
    return scores


def _interval(rows: Rows, name: str) -> tuple[float | None, float | None]:
    rows = having(rows, name)
    return bootstrap_mean(column(rows, name), clusters=column(rows, "profile_id")) if rows else (None, None)


def _difference(left: float | None, right: float | None) -> float | None:
    return None if left is None or right is None else left - right

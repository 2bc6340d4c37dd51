"""From per-row scores to every aggregate: of one model by the metrics' registry, and of a run stage by stage.

What cannot be measured is not left out silently: it is listed in `not_measured` with the reason.
"""

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from lethebench.evaluation.metrics import bootstrap_mean, exposure_chance
from lethebench.evaluation.metrics.measures import Cell, Evidence, Measured
from lethebench.evaluation.metrics.rows import (
    Rows,
    column,
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
from lethebench.evaluation.metrics.run_scores import Run, run_scores
from lethebench.evaluation.metrics.score import PARTS
from lethebench.evaluation.registry import MetricEntry, metric_entry

SERIES = ("forget", "indistinguishable", "keep", "fluent")
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
    if "attacks" in entry.needs:
        raise ValueError("attacks measure it: run `lethe attack` on the run folder")
    if entry.measure is None:
        raise ValueError("it compares the stages of a run: evaluate the run folder itself")
    module, _, function = entry.measure.partition(":")
    return getattr(importlib.import_module(module), function)


def stage_utilities(stages: Mapping[int, Rows]) -> dict[int, dict]:
    """Return stage -> utility over rows never asked to be forgotten; without figures where no group was known."""
    rows_by_stage = {stage: never_forgotten(rows) for stage, rows in stages.items()}
    utilities = not_measured(utility_by_stage, rows_by_stage, group_knowledge(rows_by_stage[0]))
    if "reasons" not in utilities:
        texts_alone = {stage for stage, rows in rows_by_stage.items() if None in column(rows, "probability")}
        if 0 in texts_alone:
            return utilities
        reason = "in_sample_utility: the model gives no probabilities, of which the initial model's consists too"
        unmeasured = {**UNMEASURED_UTILITY, "not_measured": [reason], "flags": ["not_measured"]}
        return utilities | dict.fromkeys(texts_alone, unmeasured)
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
        "in_sample_utility": utility["utility"],
        "in_sample_utility_relative": utility["utility_relative"],
        "exposure": mean(forgotten, "exposure"),
        "exposure_normalised": mean(forgotten, "exposure_normalised"),
        "exposure_retain": mean(retained, "exposure"),
        "exposure_retain_normalised": mean(retained, "exposure_normalised"),
        "exposure_chance": mean_of(chances),
    }


def run_aggregates(run: Run, gold_summary: Mapping, flags: Sequence[str] = ()) -> dict:
    """Return the aggregates of one method over a whole run: the scores, their series and the parts behind them.

    Args:
        run: the rows of the method's stages and of gold models.
        gold_summary: `knowledge` and `stages` as in gold/summary.json.
        flags: of the run, passed on.
    """
    order = run.order
    stages = [stage.rows for stage in run.stages]
    scores = run_scores(run)
    in_sample = stage_utilities(dict(enumerate(stages)))
    stability = not_measured(stability_of, stages, scores, gold_summary["knowledge"], order, run.sampled)
    exposed, utility = of_tasks(stages[-1], order), in_sample[len(order)]
    exposure = mean(exposed, "exposure")
    retained = [[row for row in rows if row["role"] == "retain"] for rows in stages]
    reasons = scores["reasons"] | ({"stability": stability["reasons"][0]} if "reasons" in stability else {})
    final = {
        **{name: scores[name] for name in (*PARTS, "fluent", "score", "score_last")},
        "stability": stability.get("stability"),
        "in_sample_utility": utility["utility"],
        "in_sample_utility_relative": utility["utility_relative"],
        "exposure": exposure,
        "exposure_normalised": mean(exposed, "exposure_normalised"),
        "exposure_excess": _difference(exposure, gold_summary["stages"][str(len(order))]["exposure"]),
    }
    all_flags = [*flags, *scores["flags"], *stability.get("flags", []), *utility["flags"]]
    return {
        "knowledge": stage_matrix(stages, order),
        "retain_knowledge": [mean(rows, "keyword_match") for rows in retained],
        "in_sample_utility": [part["utility"] for part in in_sample.values()],
        **{name: scores["series"].get(name) or [None] * len(order) for name in SERIES},
        "exposure": [mean(of_tasks(rows, order[:stage]), "exposure") for stage, rows in enumerate(stages) if stage],
        "final": final | {"flags": list(dict.fromkeys(all_flags))},
        **({"sampling": _by_stage(scores["sampling"])} if scores["sampling"] else {}),
        "parts": scores["parts"],
        "worst_profile": scores["worst_profile"],
        "stability_parts": {
            name: value for name, value in stability.items() if name not in ("stability", "flags", "reasons")
        },
        "in_sample_parts": {
            name: value for name, value in utility.items() if name.startswith(("retain_", "neighbour_"))
        },
        "intervals": {
            **scores["intervals"],
            "in_sample_utility": [utility["ci_low"], utility["ci_high"]],
            "exposure": list(_interval(exposed, "exposure")),
        },
        "gold_spread": scores["gold_spread"],
        "gold_seeds": scores["gold_seeds"],
        "assumes": scores["assumes"],
        "reasons": reasons,
        "not_measured": [*(f"{name}: {reason}" for name, reason in reasons.items()), *utility["not_measured"]],
    }


def _by_stage(sampling: Mapping[str, Mapping[int, list[float]]]) -> dict[str, dict[str, list[float]]]:
    """Return the intervals of sampled stages, with stages as JSON has keys."""
    return {name: {str(stage): limits for stage, limits in stages.items()} for name, stages in sampling.items()}


def _interval(rows: Rows, name: str) -> tuple[float | None, float | None]:
    rows = having(rows, name)
    return bootstrap_mean(column(rows, name), clusters=column(rows, "profile_id")) if rows else (None, None)


def _difference(left: float | None, right: float | None) -> float | None:
    return None if left is None or right is None else left - right

"""Measure the metrics themselves: do they tell models with the forget set from models without it, and do they last?

    python perf/metric_validity.py [--pool 30] [--folder FOLDER] [--write]

Faithfulness is the AUC of a metric between two pools of models of the small `icu`, trained with the forget set and
without it, that differ in seed, order, learning rate, number of steps and wording of the answers. Robustness compares
unlearned models with gold models of other seeds after the same change: 10 steps of training on a third of the facts,
whose others are scored (relearning), or weights rounded to 8 and 4 bits; evaluation/VALIDITY.md has the formulas.
`--folder` keeps the build, the run and scored rows, and a second call continues what it holds; `--write` writes the
tables into evaluation/VALIDITY.md.
"""

import argparse
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

import numpy as np
from scipy import stats
from validity_models import MEASURED, METHODS, REFERENCES, Models, Scored, Variation, fact
from validity_robustness import (
    CHANGES,
    INITIAL,
    RELEARNED,
    UNCHANGED,
    Measured,
    definitions,
    recovered,
    robustness,
    stability,
)

from lethebench.builders import build
from lethebench.evaluation.metrics.membership import auc
from lethebench.evaluation.metrics.run_scores import Run, run_scores
from lethebench.evaluation.metrics.tables import ModelRows
from lethebench.runs.quiet import open_quietly, quiet_libraries
from lethebench.runs.summary import read_models

ROW_METRICS = (
    "exact_match",
    "keyword_match",
    "rouge_l_recall",
    "probability",
    "option_probability",
    "exact_memorization",
    "extraction_strength",
    "exposure_normalised",
)
PARTS = ("forget", "indistinguishable", "score")
COMPARED = ("exact_match", "rouge_l_recall", "truth_ratio", "score")
PAGE = Path(__file__).parents[1] / "evaluation" / "VALIDITY.md"
MARK = "<!-- written by perf/metric_validity.py -->"
FAITHFUL, ROBUST = 0.9, 0.5  # metrics below these carry a note
USEFUL = 0.8  # methods that keep less are left out


def forget_rows(model: Scored) -> list[dict]:
    return [row for row in model["rows"] if row["role"] == "forget"]


def mean_of(name: str) -> Callable[[Scored], float]:
    """Return the metric that is the mean of a column over the forget rows that have it."""

    def metric(model: Scored) -> float:
        return float(np.mean([row[name] for row in forget_rows(model) if row[name] is not None]))

    return metric


def truth(name: str) -> Callable[[Scored], float]:
    """Return the mean of max(0, 1 - R) for a truth ratio."""

    def metric(model: Scored) -> float:
        ratios = [row[name] for row in forget_rows(model) if row[name] is not None]
        return float(np.mean([max(0.0, 1.0 - ratio) for ratio in ratios]))

    return metric


def membership(attack: str) -> Callable[[Scored], float]:
    """Return the AUC of an attack between forget and holdout rows."""

    def metric(model: Scored) -> float:
        inside = [row[attack] for row in forget_rows(model)]
        outside = [row[attack] for row in model["holdout"]]
        return auc(inside + outside, [1] * len(inside) + [0] * len(outside))

    return metric


def only(model: Scored, facts: set[tuple[str, str]]) -> Scored:
    """Return a model's rows without those of the forget set, held-out ones included, that ask other facts."""
    return {
        part: [row for row in rows if row["role"] != "forget" or fact(row) in facts] for part, rows in model.items()
    }


def model_rows(model: Scored) -> ModelRows:
    """Return the rows of a model as one request for the whole forget set."""
    rows, held_out = (
        [{**row, "task_id": min(row["task_id"], 0)} for row in part] for part in (forget_rows(model), model["held_out"])
    )
    return ModelRows(rows, held_out)


def values_of(models: Mapping[str, Scored], references: Mapping[str, Scored]) -> dict[str, dict[str, float]]:
    """Return metric -> model -> value, all turned so that higher means more knowledge of the forget set.

    Args:
        models: The models to measure.
        references: The initial model and gold models that the parts of the score compare with.
    """
    metrics = {name: mean_of(name) for name in ROW_METRICS}
    metrics |= {name: truth(name) for name in ("truth_ratio", "truth_ratio_arithmetic")}
    metrics |= {f"{attack}/auc": membership(attack) for attack in ("loss", "min_k_20", "min_k_plus_plus_20")}
    values = {name: {model: metric(rows) for model, rows in models.items()} for name, metric in metrics.items()}
    initial, *golds = (model_rows(references[name]) for name in (INITIAL, *REFERENCES))
    scores = {model: run_scores(Run([initial, model_rows(rows)], {1: golds}, [0])) for model, rows in models.items()}
    for name in (*PARTS, "keep"):
        values[name] = {model: _turned(score[name]) for model, score in scores.items()}
    return values


def _turned(value: float | None) -> float:
    return float("nan") if value is None else 1.0 - value


def measure(changed: Mapping[str, Mapping[str, Scored]], relearned: set[tuple[str, str]]) -> Measured:
    """Return the values of all metrics for state -> model -> rows."""
    facts = {fact(row) for row in forget_rows(changed[UNCHANGED][INITIAL])}
    others, trained = (
        {state: {name: only(rows, chosen) for name, rows in models.items()} for state, models in changed.items()}
        for chosen in (facts - relearned, relearned)
    )
    alike = {state: values_of(models, models) for state, models in others.items()}
    useful = [name for name in METHODS if 1.0 - alike[UNCHANGED]["keep"][name] >= USEFUL]
    return Measured(
        alike=alike,
        fixed={state: values_of(models, others[UNCHANGED]) for state, models in others.items()},
        trained_alike={state: values_of(models, models) for state, models in trained.items()},
        trained_fixed={state: values_of(models, trained[UNCHANGED]) for state, models in trained.items()},
        useful=useful,
        methods=METHODS,
        golds=MEASURED,
        reference=REFERENCES[0],
    )


def faithfulness(pools: Mapping[bool, Sequence[Scored]], references: Mapping[str, Scored]) -> dict[str, float]:
    """Return metric -> AUC between the models with the forget set (True) and those without it."""
    names = {f"{trained} {number}": rows for trained, pool in pools.items() for number, rows in enumerate(pool)}
    members = [int(name.startswith("True")) for name in names]
    return {metric: auc(list(values.values()), members) for metric, values in values_of(names, references).items()}


def table(faithful: Mapping[str, float], measured: Measured) -> list[str]:
    """Return the lines of the table of all metrics."""
    lines = [
        "| metric | faithfulness | relearning | 8 bits | 4 bits | robustness | gold | published | note |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---|",
    ]
    for metric in (name for name in faithful if name != "keep"):
        of_state = {
            state: stability(measured.alike, metric, state, measured.useful, measured.golds) for state in CHANGES
        }
        of_gold = {state: stability(measured.alike, metric, state, measured.golds, measured.golds) for state in CHANGES}
        own = robustness(of_state.__getitem__)
        other = definitions(measured, metric)["published"]
        notes = ["unfaithful"] * (faithful[metric] < FAITHFUL) + ["not robust"] * (min(own, other) < ROBUST)
        cells = (faithful[metric], *of_state.values(), own, robustness(of_gold.__getitem__), other)
        lines.append(f"| `{metric}` | " + " | ".join(f"{cell:.3f}" for cell in cells) + f" | {', '.join(notes)} |")
    return lines


def comparison(head: str, rows: Mapping[str, Sequence[float]], form: str) -> list[str]:
    """Return the lines of a table of COMPARED metrics."""
    lines = [
        f"| {head} | " + " | ".join(f"`{metric}`" for metric in COMPARED) + " |",
        "|---|" + "---:|" * len(COMPARED),
    ]
    return lines + [
        f"| {name} | " + " | ".join(format(cell, form) for cell in cells) + " |" for name, cells in rows.items()
    ]


def page(models: Models, size: int) -> str:
    """Train and score what is missing, and return the tables as Markdown."""
    pools = {forget: [models.pool(Variation(seed, forget)) for seed in range(size)] for forget in (True, False)}
    changed = models.changed()
    measured = measure(changed, models.relearned_facts)
    faithful = faithfulness(pools, changed[UNCHANGED])
    by_definition = [definitions(measured, metric) for metric in COMPARED]
    by_name = {name: [values[name] for values in by_definition] for name in by_definition[0]}
    shares = {
        name: [recovered(measured.alike, metric, RELEARNED, name, measured.golds) for metric in COMPARED]
        for name in (*measured.methods, *measured.golds)
    }
    lost = [name for name in METHODS if name not in measured.useful]
    left_out = f" (without {', '.join(f'`{name}`' for name in lost)}, which keep less than {USEFUL} of the utility)"
    return "\n".join(
        [
            f"Version {models.build.manifest['version']} of `icu`, {size} + {size} models in the pools, "
            f"{len(measured.useful)} methods{left_out if lost else ''}:",
            "",
            *table(faithful, measured),
            "",
            rank_correlation(changed[UNCHANGED], models.stages),
            "",
            "Robustness by other definitions, from the same rows:",
            "",
            *comparison("definition", by_name, ".3f"),
            "",
            "What 10 steps on other facts bring back beyond gold, as a share of the range:",
            "",
            *comparison("model", shares, "+.2f"),
        ]
    )


def rank_correlation(models: Mapping[str, Scored], stages: Mapping[str, Path]) -> str:
    """Return Spearman's correlation of the score with the distance to gold over the methods, as a sentence.

    The distance is the mean over all rows that the run scored and the gold models that the score does not compare with
    of |p - p of gold|, p the length-normalized probability of the answer.

    Args:
        models: Unchanged models, scored on the forget set and held-out rows.
        stages: Model -> the folder of its stage, scored on retain rows as well.
    """
    names = (*METHODS, INITIAL)
    rows = {name: read_models(stages[name]) for name in (*names, *MEASURED)}
    likely = {name: np.array([row["probability"] for row in (*own.rows, *own.held_out)]) for name, own in rows.items()}
    distances = [np.mean([np.abs(likely[name] - likely[gold]).mean() for gold in MEASURED]) for name in names]
    scores = values_of({name: models[name] for name in names}, models)["score"]
    rho = stats.spearmanr([scores[name] for name in names], distances).statistic
    return f"Spearman's correlation of `score` with closeness to gold over {len(names)} models: {rho:.2f}."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pool", type=int, default=30, help="models per pool")
    parser.add_argument("--folder", type=Path, help="keeps the build, the run and scored rows")
    parser.add_argument("--write", action="store_true", help="write the tables into evaluation/VALIDITY.md")
    args = parser.parse_args()
    quiet_libraries()
    with tempfile.TemporaryDirectory() as scratch:
        folder = args.folder or Path(scratch)
        if not (folder / "icu").exists():
            build("icu", folder / "icu", size="small")
        text = page(Models(open_quietly(folder / "icu"), folder), args.pool)
    print(text)
    if args.write:
        before, _, after = PAGE.read_text("utf-8").split(MARK)
        PAGE.write_text(f"{before}{MARK}\n\n{text}\n\n{MARK}{after}", "utf-8")


if __name__ == "__main__":
    main()

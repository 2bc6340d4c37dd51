"""Measure the metrics themselves: do they tell models with the forget set from models without it, and do they last?

    python perf/metric_validity.py [--pool 32] [--folder FOLDER] [--write]

Faithfulness is the AUC of a metric between two pools of models of the small `icu`, trained with the forget set and
without it, that differ in seed, order, learning rate, number of steps and wording of the answers. Robustness compares
an unlearned model with gold after the same change: 10 steps of training on a third of the forget rows, whose others are
scored (relearning), or weights rounded to 8 and 4 bits. With d the change of the metric, it is
1 - clip(|d unlearned - d gold| / (|d unlearned| + |d gold|), 0, 1), averaged over methods; the last column is the
harmonic mean of both. Source: the meta-evaluation of unlearning depth score, arXiv 2605.24614. `--folder` keeps scored
rows and continues what it holds; `--write` writes the table into evaluation/VALIDITY.md.
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
from validity_models import BITS, EVERY, METHODS, Models, Variation

from lethebench.builders import build
from lethebench.evaluation.metrics.membership import auc
from lethebench.evaluation.metrics.run_scores import Run, run_scores
from lethebench.evaluation.metrics.tables import ModelRows
from lethebench.evaluation.metrics.validation import harmonic_mean
from lethebench.runs.quiet import open_quietly, quiet_libraries

Scored = Mapping[str, list[dict]]
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
PAGE = Path(__file__).parents[1] / "evaluation" / "VALIDITY.md"
MARK = "<!-- written by perf/metric_validity.py -->"
FAITHFUL, ROBUST = 0.9, 0.5  # metrics below these carry a note


def forget_rows(model: Scored, *, unseen: bool = False) -> list[dict]:
    """Return the rows of the forget set; `unseen` leaves out those that relearning trains on."""
    rows = [row for row in model["rows"] if row["role"] == "forget"]
    return [row for index, row in enumerate(rows) if index % EVERY] if unseen else rows


def mean_of(name: str) -> Callable[[Scored, bool], float]:
    """Return the metric that is the mean of a column over the forget rows that have it."""

    def metric(model: Scored, unseen: bool) -> float:
        return float(np.mean([row[name] for row in forget_rows(model, unseen=unseen) if row[name] is not None]))

    return metric


def truth(name: str) -> Callable[[Scored, bool], float]:
    """Return the mean of max(0, 1 - R) for a truth ratio."""

    def metric(model: Scored, unseen: bool) -> float:
        ratios = [row[name] for row in forget_rows(model, unseen=unseen) if row[name] is not None]
        return float(np.mean([max(0.0, 1.0 - ratio) for ratio in ratios]))

    return metric


def membership(attack: str) -> Callable[[Scored, bool], float]:
    """Return the AUC of an attack between forget and holdout rows."""

    def metric(model: Scored, unseen: bool) -> float:
        inside = [row[attack] for row in forget_rows(model, unseen=unseen)]
        outside = [row[attack] for row in model["holdout"]]
        return auc(inside + outside, [1] * len(inside) + [0] * len(outside))

    return metric


def as_one_task(rows: Sequence[dict]) -> list[dict]:
    return [{**row, "task_id": min(row["task_id"], 0)} for row in rows]


def model_rows(model: Scored, *, unseen: bool) -> ModelRows:
    """Return the rows of a model as one request for the whole forget set."""
    forget = forget_rows(model, unseen=unseen)
    others = [row for row in model["rows"] if row["role"] != "forget"]
    return ModelRows(as_one_task([*forget, *others]), as_one_task(model["held_out"]))


def scores_against(learnt: Scored, golds: Sequence[Scored]) -> dict[str, Callable[[Scored, bool], float]]:
    """Return the parts of the score and the score, turned so that higher means more knowledge."""
    results: dict[tuple[int, bool], dict] = {}

    def result(model: Scored, unseen: bool) -> dict:
        if (id(model), unseen) not in results:
            initial, *references = (model_rows(other, unseen=unseen) for other in (learnt, *golds))
            run = Run([initial, model_rows(model, unseen=unseen)], {1: references}, [0])
            results[id(model), unseen] = run_scores(run)
        return results[id(model), unseen]

    def part(name: str) -> Callable[[Scored, bool], float]:
        def metric(model: Scored, unseen: bool) -> float:
            value = result(model, unseen)[name]
            return float("nan") if value is None else 1.0 - value

        return metric

    return {name: part(name) for name in ("forget", "indistinguishable", "score")}


def robustness(changes: Sequence[tuple[float, float]]) -> float:
    """Return the mean over methods of how alike a metric changes for an unlearned model and for gold, in [0, 1].

    Args:
        changes: per method, the change of the metric of the unlearned model, and that of gold.
    """
    values = []
    for unlearned, gold in changes:
        total = abs(unlearned) + abs(gold)
        values.append(1.0 - min(1.0, abs(unlearned - gold) / total) if total else 1.0)
    return float(np.mean(values))


def table(models: Models, size: int) -> str:
    """Train and score what is missing, and return the table as Markdown."""
    pools = {forget: [models.pool(Variation(seed, forget)) for seed in range(size)] for forget in (True, False)}
    folders = dict(models.unlearned())
    unlearned = {
        name: models.rows(f"after-{name}", lambda path=path: models.loaded(path)) for name, path in folders.items()
    }
    changed = {
        "relearned": {
            name: models.rows(f"relearned-{name}", lambda path=path: models.relearned(path))
            for name, path in folders.items()
        }
    }
    for bits in BITS:
        changed[f"{bits} bits"] = {
            name: models.rows(f"{bits}-bits-{name}", lambda path=path, bits=bits: models.rounded(path, bits))
            for name, path in folders.items()
        }
    metrics = {name: mean_of(name) for name in ROW_METRICS}
    metrics |= {name: truth(name) for name in ("truth_ratio", "truth_ratio_arithmetic")}
    metrics |= {f"{attack}/auc": membership(attack) for attack in ("loss", "min_k_20", "min_k_plus_plus_20")}
    golds = pools[False][-2:]  # the last two models without the forget set are references, and in no pool
    metrics |= scores_against(unlearned["learnt"], [unlearned["gold"], *golds])
    lines = []
    for name, metric in metrics.items():
        values = {forget: [metric(model, False) for model in pool[: size - 2]] for forget, pool in pools.items()}
        faithful = auc(values[True] + values[False], [1] * (size - 2) + [0] * (size - 2))
        before = {model: metric(scored, True) for model, scored in unlearned.items()}
        robust = {}
        for change, scored in changed.items():
            after = {model: metric(rows, True) for model, rows in scored.items()}
            robust[change] = robustness(
                [(after[method] - before[method], after["gold"] - before["gold"]) for method in METHODS]
            )
        rounding = float(np.mean([robust[f"{bits} bits"] for bits in BITS]))
        both = harmonic_mean([robust["relearned"], rounding])
        notes = ["unfaithful"] * (faithful < FAITHFUL) + ["not robust"] * (both < ROBUST)
        cells = (faithful, robust["relearned"], *(robust[f"{bits} bits"] for bits in BITS), both)
        lines.append(f"| `{name}` | " + " | ".join(f"{value:.3f}" for value in cells) + f" | {', '.join(notes)} |")
    head = (
        "| metric | faithfulness | relearning | "
        + " | ".join(f"{bits} bits" for bits in BITS)
        + " | robustness | note |"
    )
    return "\n".join(
        [head, "|---|" + "---:|" * (3 + len(BITS)) + "---|", *lines, "", rank_correlation(unlearned, metrics)]
    )


def rank_correlation(unlearned: Mapping[str, Scored], metrics: Mapping[str, Callable[[Scored, bool], float]]) -> str:
    """Return Spearman's correlation of the score with the distance to gold over the methods, as a sentence.

    The distance is the mean over all scored rows of |p - p of gold|, p the length-normalized probability of the answer.
    """

    def distance(model: Scored) -> float:
        pairs = [
            (row["probability"], other["probability"])
            for part in ("rows", "held_out")
            for row, other in zip(model[part], unlearned["gold"][part], strict=True)
        ]
        return float(np.mean([abs(own - gold) for own, gold in pairs]))

    names = (*METHODS, "learnt")
    scores = [1.0 - metrics["score"](unlearned[name], False) for name in names]
    rho = stats.spearmanr(scores, [-distance(unlearned[name]) for name in names]).statistic
    return f"Spearman's correlation of `score` with closeness to gold over {len(names)} models: {rho:.2f}."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pool", type=int, default=32, help="models per pool, two of them references")
    parser.add_argument("--folder", type=Path, help="keeps the build, the run and scored rows")
    parser.add_argument("--write", action="store_true", help="write the table into evaluation/VALIDITY.md")
    args = parser.parse_args()
    quiet_libraries()
    with tempfile.TemporaryDirectory() as scratch:
        folder = args.folder or Path(scratch)
        if not (folder / "icu").exists():
            build("icu", folder / "icu", size="small")
        text = table(Models(open_quietly(folder / "icu"), folder), args.pool)
    print(text)
    if args.write:
        before, _, after = PAGE.read_text("utf-8").split(MARK)
        PAGE.write_text(f"{before}{MARK}\n\n{text}\n\n{MARK}{after}", "utf-8")


if __name__ == "__main__":
    main()

"""From per-row scores to aggregates, each with its number of rows and a 95 % interval: pure functions of rows.

A metric that cannot be measured is not left out in silence: it stands in `not_measured` with the reason.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from lethebench.contract.columns import MODALITIES
from lethebench.evaluation.harness.general import General
from lethebench.evaluation.metrics import (
    bootstrap,
    bootstrap_mean,
    exposure_chance,
    forget_quality,
    forget_score,
    memorization_summary,
    modality_gap,
    model_utility,
    privacy_leakage,
)

Rows = list[dict]
TEXTS = ("exact_match", "rouge_l", "keyword_match")
COMPONENTS = ("probability", "rouge_l_recall", "truth_ratio")
MEMBERSHIP = ("loss", "zlib", "min_k_10", "min_k_20", "min_k_40", "min_k_plus_plus_20")
"""The membership scores that privacy leakage is given for; rows.parquet holds every one."""
SETS = ("forget", "retain", "neighbour", "test", "holdout")


@dataclass(frozen=True)
class Evidence:
    """All that the aggregates are made from.

    Attributes:
        rows: per-row scores of the model; `split` says to which set each belongs.
        gold: of the gold model, on the same rows; None where none is given.
        before: of the model before unlearning, likewise.
        general: of a general harness.
    """

    rows: Rows
    gold: Rows | None = None
    before: Rows | None = None
    general: General | None = None


@dataclass
class Scores:
    """What came out: `values` metric -> name -> cell, flags, and what was not measured with the reason."""

    values: dict[str, dict] = field(default_factory=dict)
    flags: list[str] = field(default_factory=list)
    not_measured: dict[str, str] = field(default_factory=dict)


def of_set(rows: Rows, name: str) -> Rows:
    """The rows of one split."""
    return [row for row in rows if row["split"] == name]


def mean_cell(rows: Rows, column: str) -> dict | None:
    """Mean of a column over the rows that have it, with n and interval; None where none has."""
    kept = _having(rows, column)
    if not kept:
        return None
    values = _column(kept, column)
    low, high = bootstrap_mean(values, clusters=_column(kept, "profile_id"))
    return cell(float(np.mean(values)), len(values), low, high)


def cell(value: float | None, n: int, low: float | None, high: float | None) -> dict:
    """One aggregate."""
    return {"value": value, "n": n, "ci_low": low, "ci_high": high}


def memorization(evidence: Evidence) -> tuple[dict, list[str]]:
    """Exact match, ROUGE-L and keyword match of every set, per modality and hop count; multiple choice and Min-K %."""
    found = {}
    for name in _present(evidence.rows):
        rows = _having(of_set(evidence.rows, name), "exact_match")
        if not rows:
            continue
        hops = _column(rows, "hops")
        summary = memorization_summary(
            *(_column(rows, column) for column in TEXTS),
            modality=_column(rows, "modality"),
            hops=hops if max(hops) > 1 else None,
            profile_ids=_column(rows, "profile_id"),
        )
        for group, count in {"": len(rows), **summary["rows"]}.items():
            for column in TEXTS:
                key, where = (f"{group}_{column}", f"{column}/{group}") if group else (column, column)
                found[f"{name}/{where}"] = cell(summary[key], count, *summary["intervals"][key])
        if summary["multi_hop_gap"] is not None:
            interval = summary["intervals"]["multi_hop_gap"]
            found[f"{name}/multi_hop_gap"] = cell(summary["multi_hop_gap"], len(rows), *interval)
        found |= {f"{name}/{column}": mean_cell(rows, column) for column in ("choice_match", "min_k_20")}
    return found, []


def modalities(evidence: Evidence) -> tuple[dict, list[str]]:
    """Knowledge by picture questions less knowledge by text questions, and facts known one way, both or none."""
    found = {}
    for name in _present(evidence.rows):
        rows = _having(of_set(evidence.rows, name), "keyword_match")
        if {row["modality"] for row in rows} != set(MODALITIES):
            continue
        result = modality_gap(
            _column(rows, "keyword_match"),
            _column(rows, "modality"),
            [(row["profile_id"], row["attribute"]) for row in rows],
            profile_ids=_column(rows, "profile_id"),
        )
        found[f"{name}/modality_gap"] = cell(result["modality_gap"], result["n"], result["ci_low"], result["ci_high"])
        for kind, interval in result["intervals"].items():
            found[f"{name}/{kind}"] = cell(result[kind], result["facts"], *interval)
    if not found:
        raise ValueError("no set has both picture questions and text questions")
    return found, []


def utility(evidence: Evidence) -> tuple[dict, list[str]]:
    """Harmonic mean over retain, neighbour and, from a general harness, `general`.

    A general sample has one score, which stands for all three components, so that general weighs as each other group.
    """
    rows = [row for row in _having(evidence.rows, "rouge_l_recall") if row["split"] in ("retain", "neighbour")]
    if not rows and evidence.general is None:
        raise ValueError("no rows of retain or neighbour, and no general tasks")
    result = model_utility(**_utility_columns(rows, evidence.general), **_known(evidence, rows))
    found = {"utility": cell(result["utility"], result["n"], result["ci_low"], result["ci_high"])}
    if result["utility_relative"] is not None:
        found["utility_relative"] = cell(result["utility_relative"], result["n"], None, None)
    for group in ("retain", "neighbour"):
        some = [{**row, "truth": _truth(row)} for row in of_set(rows, group)]
        columns = {"probability": "probability", "rouge_l_recall": "rouge_l_recall", "truth_ratio": "truth"}
        found |= {f"{group}/{name}": mean_cell(some, column) for name, column in columns.items() if some}
    if evidence.general is not None:
        scores = evidence.general.scores
        found["general"] = cell(float(np.mean(scores)), len(scores), *bootstrap_mean(scores))
        for task, values in evidence.general.found.items():
            count = evidence.general.tasks.count(task)
            found |= {f"general/{task}/{name}": cell(value, count, None, None) for name, value in values.items()}
    return found, result["flags"]


def _truth(row: Mapping) -> float | None:
    return None if row["truth_ratio"] is None else max(0.0, 1.0 - row["truth_ratio"])


def _utility_columns(rows: Rows, general: General | None) -> dict:
    likely = _column(rows, "probability")
    measured = all(value is not None for value in likely)
    scores = list(general.scores) if general is not None else []
    return {
        "probability": [*likely, *scores] if measured else None,
        "rouge_l_recall": _column(rows, "rouge_l_recall") + scores,
        "truth_ratio": _column(rows, "truth_ratio") + [1.0 - score for score in scores],
        "groups": _column(rows, "split") + ["general"] * len(scores),
        "profile_ids": _column(rows, "profile_id") + [("general", at) for at in range(len(scores))],
    }


def _known(evidence: Evidence, rows: Rows) -> dict:
    """What model_utility asks of the model before unlearning: which groups it knew, and its utility.

    Its utility is over the rows and components that `rows` have: of a model behind an API that is ROUGE-L alone.
    """
    if evidence.before is None:
        return {}
    pairs = zip(_aligned(evidence.before, rows), rows, strict=True)
    before = [then | {name: None for name in COMPONENTS if now[name] is None} for then, now in pairs]
    groups = set(_column(rows, "split"))
    known = {group: float(np.mean(_column(of_set(before, group), "keyword_match"))) for group in groups}
    if evidence.general is not None:  # not measured before
        return {"known": known | {"general": 1.0}}
    return {"known": known, "before": model_utility(**_utility_columns(before, None), known=known)["utility"] or None}


def exposure(evidence: Evidence) -> tuple[dict, list[str]]:
    """Exposure of every set in bits and normalised, beside chance and, for the forget set, beside gold."""
    found = {}
    for name in _present(evidence.rows):
        rows = _having(of_set(evidence.rows, name), "exposure")
        if not rows:
            continue
        marked = [
            {**row, "rank1_share": float(row["rank"] == 1), "exposure_chance": exposure_chance(row["num_candidates"])}
            for row in rows
        ]
        columns = ("exposure", "exposure_normalised", "exposure_chance", "rank1_share")
        found |= {f"{name}/{column}": mean_cell(marked, column) for column in columns}
        if evidence.gold is not None and name == "forget":
            gold = {row["id"]: row["exposure"] for row in evidence.gold}
            pairs = [{**row, "gold": gold[row["id"]], "excess": row["exposure"] - gold[row["id"]]} for row in rows]
            found[f"{name}/exposure_gold"] = mean_cell(pairs, "gold")
            found[f"{name}/exposure_excess"] = mean_cell(pairs, "excess")
    if not found:
        raise ValueError("no row has candidates")
    return found, [] if evidence.gold is not None else ["no_gold"]


def truth_ratio(evidence: Evidence) -> tuple[dict, list[str]]:
    """Per set the geometric mean of the truth ratio R (below 1 = prefers the truth) and the mean of max(0, 1 - R)."""
    found = {}
    for name in _present(evidence.rows):
        rows = _having(of_set(evidence.rows, name), "truth_ratio")
        if rows:
            logs = mean_cell([{**row, "log": float(np.log(row["truth_ratio"]))} for row in rows], "log")
            count = logs.pop("n")
            ratio = {key: None if value is None else float(np.exp(value)) for key, value in logs.items()}
            found[f"{name}/truth_ratio"] = cell(ratio["value"], count, ratio["ci_low"], ratio["ci_high"])
            found[f"{name}/truth"] = mean_cell([{**row, "truth": _truth(row)} for row in rows], "truth")
    if not found:
        raise ValueError("no row has perturbed answers")
    return found, []


def forget(evidence: Evidence) -> tuple[dict, list[str]]:
    """The forget score: from the model before unlearning (0) to gold (1)."""
    if evidence.before is None:
        raise ValueError("it compares with the model before unlearning: give --before")
    rows = _having(of_set(evidence.rows, "forget"), "keyword_match")
    if not rows:
        raise ValueError("no rows of forget")
    others = [None if some is None else _aligned(some, rows) for some in (evidence.before, evidence.gold)]
    columns = [None if some is None else _column(some, "keyword_match") for some in (rows, *others)]
    result = forget_score(*columns, profile_ids=_column(rows, "profile_id"))
    found = {"forget": cell(result["forget"], result["n"], result["ci_low"], result["ci_high"])}
    for name, some in zip(("after", "before", "gold"), (rows, *others), strict=True):
        if some is not None:
            found[f"knowledge_{name}"] = mean_cell(some, "keyword_match")
    return found, result["flags"]


def quality(evidence: Evidence) -> tuple[dict, list[str]]:
    """Forget quality: do the truth ratios of the forget set look like gold's?"""
    if evidence.gold is None:
        raise ValueError("it compares with a retrained model: give --gold")
    rows = _having(of_set(evidence.rows, "forget"), "truth_ratio")
    if not rows:
        raise ValueError("no forget row has perturbed answers")
    ours, gold = (_column(some, "truth_ratio") for some in (rows, _aligned(evidence.gold, rows)))

    def ks(which: np.ndarray) -> float:
        return forget_quality(np.array(ours)[which], np.array(gold)[which])["ks"]

    result = forget_quality(ours, gold)
    low, high = bootstrap(ks, len(rows), clusters=_column(rows, "profile_id"), resamples=200)
    found = {name: cell(value, len(rows), None, None) for name, value in result.items()}
    return found | {"ks": cell(result["ks"], len(rows), low, high)}, []


def privacy(evidence: Evidence) -> tuple[dict, list[str]]:
    """Privacy leakage: can the forget set be told from the holdout set, and better than gold can?"""
    rows = [row for row in evidence.rows if row["split"] in ("forget", "holdout")]
    if not of_set(rows, "forget") or not of_set(rows, "holdout"):
        raise ValueError("it compares the splits forget and holdout, and needs rows of both")
    gold = None if evidence.gold is None else _aligned(evidence.gold, rows)
    found, flags = {}, []
    for name in MEMBERSHIP:
        if rows[0].get(name) is None:
            continue
        scores = [None if some is None else _column(some, name) for some in (rows, gold)]
        result = privacy_leakage(
            scores[0],
            [int(row["split"] == "forget") for row in rows],
            scores[1],
            profile_ids=_column(rows, "profile_id"),
        )
        found[f"{name}/auc"] = cell(result["auc"], result["n"], result["ci_low"], result["ci_high"])
        for part in ("auc_gold", "privacy_leakage", "privleak_muse"):
            if result[part] is not None:
                found[f"{name}/{part}"] = cell(result[part], result["n"], None, None)
        flags += result["flags"]
    if not found:
        raise ValueError("no row has membership scores")
    return found, flags


METRICS: dict[str, Callable[[Evidence], tuple[dict, list[str]]]] = {
    "memorization": memorization,
    "utility": utility,
    "exposure": exposure,
    "truth_ratio": truth_ratio,
    "forget": forget,
    "forget_quality": quality,
    "privacy_leakage": privacy,
    "modality_gap": modalities,
}
"""Metric -> its aggregates and flags; a ValueError says why it cannot be measured."""


def aggregate(evidence: Evidence, metrics: Sequence[str]) -> Scores:
    """Every named metric of METRICS, and why it is missing where it is."""
    scores = Scores()
    for name in metrics:
        try:
            found, flags = METRICS[name](evidence)
        except ValueError as error:
            scores.not_measured[name] = str(error)
            continue
        scores.values[name] = {key: value for key, value in found.items() if value is not None}
        scores.flags += [flag for flag in dict.fromkeys(flags) if flag not in scores.flags]
    return scores


def _present(rows: Rows) -> list[str]:
    names = {row["split"] for row in rows}
    return [*(name for name in SETS if name in names), *sorted(names - set(SETS))]


def _column(rows: Rows, name: str) -> list:
    return [row[name] for row in rows]


def _having(rows: Rows, column: str) -> Rows:
    """The rows that have a value in a column: a failed call has none."""
    return [row for row in rows if row.get(column) is not None]


def _aligned(others: Rows, rows: Rows) -> Rows:
    """The other model's scores of the same rows, in the same order."""
    by_id = {row["id"]: row for row in others}
    return [by_id[row["id"]] for row in rows]

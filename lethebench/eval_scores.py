"""From per-row scores to aggregates, each with its number of rows and a 95 % interval: pure functions of rows.

A metric that cannot be measured is not left out in silence: it stands in `not_measured` with the reason.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from .evaluation.general import General
from .evaluation.scores import (
    bootstrap,
    bootstrap_mean,
    exposure_chance,
    forget_quality,
    forget_score,
    model_utility,
    privacy_leakage,
)

Rows = list[dict]
TEXTS = ("exact_match", "rouge_l", "keyword_match", "choice_match")
MEMBERSHIP = ("loss", "zlib", "min_k_10", "min_k_20", "min_k_40", "min_k_plus_plus_20")
"""The membership scores that privacy leakage is given for; rows.parquet holds every one."""
SETS = ("forget", "retain", "neighbour", "test", "holdout")
KNOWN = 0.5


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
    kept = [row for row in rows if row.get(column) is not None]
    if not kept:
        return None
    values = [row[column] for row in kept]
    low, high = bootstrap_mean(values, clusters=[row["profile_id"] for row in kept])
    return cell(float(np.mean(values)), len(values), low, high)


def cell(value: float | None, n: int, low: float | None, high: float | None) -> dict:
    """One aggregate."""
    return {"value": value, "n": n, "ci_low": low, "ci_high": high}


def memorization(evidence: Evidence) -> tuple[dict, list[str]]:
    """Exact match, ROUGE-L, keyword match and multiple choice of every set, per modality and hop count."""
    found = {}
    for name in _present(evidence.rows):
        rows = of_set(evidence.rows, name)
        parts = {"": rows}
        parts |= {f"/{kind}": [row for row in rows if row["modality"] == kind] for kind in ("image_text", "text")}
        one, more = [row for row in rows if row["hops"] == 1], [row for row in rows if row["hops"] > 1]
        parts |= {"/1_hop": one, "/2+_hops": more} if more else {}
        for part, some in parts.items():
            found |= {f"{name}/{column}{part}": mean_cell(some, column) for column in TEXTS}
        if one and more:
            found[f"{name}/multi_hop_gap"] = _gap(one, more, "keyword_match")
    return found, []


def modality_gap(evidence: Evidence) -> tuple[dict, list[str]]:
    """Knowledge by picture questions minus knowledge by text questions, and facts that both ways agree on."""
    found = {}
    for name in _present(evidence.rows):
        rows = of_set(evidence.rows, name)
        seen, read = ([row for row in rows if row["modality"] == kind] for kind in ("image_text", "text"))
        if not seen or not read:
            continue
        found[f"{name}/modality_gap"] = _gap(seen, read, "keyword_match")
        known: dict[tuple, dict[str, list[float]]] = {}
        for row in rows:
            if row["keyword_match"] is not None:
                key = (row["profile_id"], row["attribute"])
                known.setdefault(key, {}).setdefault(row["modality"], []).append(row["keyword_match"])
        pairs = []
        for (profile, _), kinds in known.items():
            if len(kinds) == 2:
                means = [float(np.mean(values)) for values in kinds.values()]
                shares = {"both_forgotten": float(max(means) < KNOWN), "both_retained": float(min(means) >= KNOWN)}
                pairs.append({"profile_id": profile, **shares})
        found |= {f"{name}/{share}": mean_cell(pairs, share) for share in ("both_forgotten", "both_retained")}
    if not found:
        raise ValueError("no set has both picture questions and text questions")
    return found, []


def utility(evidence: Evidence) -> tuple[dict, list[str]]:
    """Harmonic mean over retain, neighbour and, from a general harness, `general`.

    A general sample has one score, which stands for all three components, so that general weighs as each other group.
    """
    rows = [row for row in evidence.rows if row["split"] in ("retain", "neighbour")]
    rows = [row for row in rows if row["rouge_l_recall"] is not None]
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
    likely = [row["probability"] for row in rows]
    measured = all(value is not None for value in likely)
    scores = list(general.scores) if general is not None else []
    return {
        "probability": [*likely, *scores] if measured else None,
        "rouge_l_recall": [row["rouge_l_recall"] for row in rows] + scores,
        "truth_ratio": [row["truth_ratio"] for row in rows] + [1.0 - score for score in scores],
        "groups": [row["split"] for row in rows] + ["general"] * len(scores),
        "profile_ids": [row["profile_id"] for row in rows] + [("general", at) for at in range(len(scores))],
    }


def _known(evidence: Evidence, rows: Rows) -> dict:
    """What model_utility asks of the model before unlearning: which groups it knew, and its utility."""
    if evidence.before is None:
        return {}
    before = [row for row in evidence.before if row["split"] in ("retain", "neighbour")]
    groups = {row["split"] for row in rows}
    known = {group: _mean(of_set(before, group), "keyword_match") for group in groups}
    known |= {"general": 1.0} if evidence.general is not None else {}
    if evidence.general is not None or any(value is None for value in known.values()):
        return {"known": {group: value or 0.0 for group, value in known.items()}}  # general was not measured before
    return {"known": known, "before": model_utility(**_utility_columns(before, None), known=known)["utility"] or None}


def exposure(evidence: Evidence) -> tuple[dict, list[str]]:
    """Exposure of every set in bits and normalised, beside chance and, for the forget set, beside gold."""
    found = {}
    for name in _present(evidence.rows):
        rows = [row for row in of_set(evidence.rows, name) if row["exposure"] is not None]
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
        rows = [row for row in of_set(evidence.rows, name) if row["truth_ratio"] is not None]
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
    rows = [row for row in of_set(evidence.rows, "forget") if row["keyword_match"] is not None]
    others = [None if some is None else _aligned(some, rows) for some in (evidence.before, evidence.gold)]
    columns = [None if some is None else [row["keyword_match"] for row in some] for some in (rows, *others)]
    result = forget_score(*columns, profile_ids=[row["profile_id"] for row in rows])
    found = {"forget": cell(result["forget"], result["n"], result["ci_low"], result["ci_high"])}
    for name, some in zip(("after", "before", "gold"), (rows, *others), strict=True):
        if some is not None:
            found[f"knowledge_{name}"] = mean_cell(some, "keyword_match")
    return found, result["flags"]


def quality(evidence: Evidence) -> tuple[dict, list[str]]:
    """Forget quality: do the truth ratios of the forget set look like gold's?"""
    if evidence.gold is None:
        raise ValueError("it compares with a retrained model: give --gold")
    rows = [row for row in of_set(evidence.rows, "forget") if row["truth_ratio"] is not None]
    if not rows:
        raise ValueError("no forget row has perturbed answers")
    ours, gold = ([row["truth_ratio"] for row in some] for some in (rows, _aligned(evidence.gold, rows)))

    def ks(which: np.ndarray) -> float:
        return forget_quality(np.array(ours)[which], np.array(gold)[which])["ks"]

    result = forget_quality(ours, gold)
    low, high = bootstrap(ks, len(rows), clusters=[row["profile_id"] for row in rows], resamples=200)
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
        scores = [None if some is None else [row[name] for row in some] for some in (rows, gold)]
        result = privacy_leakage(
            scores[0],
            [int(row["split"] == "forget") for row in rows],
            scores[1],
            profile_ids=[row["profile_id"] for row in rows],
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
    "modality_gap": modality_gap,
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
        scores.flags += [flag for flag in flags if flag not in scores.flags]
    return scores


def _present(rows: Rows) -> list[str]:
    names = {row["split"] for row in rows}
    return [*(name for name in SETS if name in names), *sorted(names - set(SETS))]


def _mean(rows: Rows, column: str) -> float | None:
    values = [row[column] for row in rows if row[column] is not None]
    return float(np.mean(values)) if values else None


def _aligned(others: Rows, rows: Rows) -> Rows:
    """The other model's scores of the same rows, in the same order."""
    by_id = {row["id"]: row for row in others}
    return [by_id[row["id"]] for row in rows]


def _gap(left: Rows, right: Rows, column: str) -> dict | None:
    """Mean of the left rows minus that of the right ones, with an interval over profiles; None without a side."""
    rows = [(row, side) for side, some in enumerate((left, right)) for row in some if row[column] is not None]
    values, sides = np.array([row[column] for row, _ in rows]), np.array([side for _, side in rows])

    def difference(which: np.ndarray) -> float | None:
        parts = [values[which][sides[which] == side] for side in (0, 1)]
        return float(parts[0].mean() - parts[1].mean()) if all(len(part) for part in parts) else None

    if not rows or (value := difference(np.arange(len(rows)))) is None:
        return None
    return cell(value, len(rows), *bootstrap(difference, len(rows), clusters=[row["profile_id"] for row, _ in rows]))

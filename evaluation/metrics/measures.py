"""The metrics of `lethe evaluate`: from the rows of one model to aggregates, each with number of rows and interval.

A function takes `Evidence` and returns name -> cell and flags; it raises a ValueError that says why it has no result.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lethebench.contract.columns import MODALITIES
from lethebench.evaluation.harness.general import General
from lethebench.evaluation.metrics import (
    bootstrap,
    bootstrap_mean,
    exposure_chance,
    forget_quality,
    memorization_summary,
    modality_gap,
    privacy_leakage,
)
from lethebench.evaluation.metrics.rows import (
    COMPONENTS,
    Row,
    Rows,
    aligned,
    column,
    forget_of,
    group_knowledge,
    having,
    utility_of,
)

TEXT_SCORES = ("exact_match", "rouge_l", "keyword_match")
ATTACKS = ("loss", "zlib", "min_k_10", "min_k_20", "min_k_40", "min_k_plus_plus_20")
"""The membership scores that privacy leakage is computed from; rows.parquet holds every one."""
SPLITS = ("forget", "retain", "neighbour", "test", "holdout")


@dataclass(frozen=True)
class Evidence:
    """What the aggregates are computed from.

    Attributes:
        rows: per-row scores of the model; `split` names the set of each row.
        gold: per-row scores of the gold (retrained) model on the same rows; None without one.
        before: per-row scores of the initial model on the same rows; None without one.
        general: scores of general tasks.
    """

    rows: Rows
    gold: Rows | None = None
    before: Rows | None = None
    general: General | None = None


Cell = dict[str, float | int | None]
"""`value`, `n` (rows), `ci_low`, `ci_high`."""


class Measured(NamedTuple):
    """Result name -> cell, None where there is no value; and flags."""

    cells: dict[str, Cell | None]
    flags: list[str]


def cell(value: float | None, n: int, interval: Sequence[float | None] = (None, None)) -> Cell:
    """Return one aggregate."""
    return {"value": value, "n": n, "ci_low": interval[0], "ci_high": interval[1]}


def result_cell(result: Mapping, name: str) -> Cell:
    """Return the aggregate that a metric's result holds with `n`, `ci_low` and `ci_high`."""
    return cell(result[name], result["n"], (result["ci_low"], result["ci_high"]))


def mean_cell(rows: Rows, name: str) -> Cell | None:
    """Return the mean of a column over the rows that have it; None where no row has."""
    rows = having(rows, name)
    if not rows:
        return None
    values = column(rows, name)
    return cell(float(np.mean(values)), len(values), bootstrap_mean(values, clusters=column(rows, "profile_id")))


def of_split(rows: Rows, name: str) -> list[Row]:
    """Return the rows of one split."""
    return [row for row in rows if row["split"] == name]


def splits_of(rows: Rows) -> list[str]:
    """Return the splits that occur, the known ones first."""
    names = {row["split"] for row in rows}
    return [*(name for name in SPLITS if name in names), *sorted(names - set(SPLITS))]


def rows_by_split(rows: Rows, name: str) -> Iterator[tuple[str, list[Row]]]:
    """Yield each split with the rows that have a column, where there are any."""
    for split in splits_of(rows):
        if members := having(of_split(rows, split), name):
            yield split, members


def memorization(evidence: Evidence) -> Measured:
    """Exact match, ROUGE-L and keyword match of every set, by modality and hops; multiple choice and Min-K %."""
    cells: dict[str, Cell | None] = {}
    flags: list[str] = []
    for split, rows in rows_by_split(evidence.rows, "exact_match"):
        hops = column(rows, "hops")
        summary = memorization_summary(
            *(column(rows, score) for score in TEXT_SCORES),
            modality=column(rows, "modality"),
            hops=hops if max(hops) > 1 else None,
            profile_ids=column(rows, "profile_id"),
        )
        flags += [flag for flag in summary["flags"] if flag == "rouge_not_measured"]
        for group in ("", *summary["rows"]):
            members = [row for row in rows if group in ("", row["modality"], f"hops_{row['hops']}")]
            for score in TEXT_SCORES:
                key, name = (f"{group}_{score}", f"{score}/{group}") if group else (score, score)
                count = len(having(members, score))
                cells[f"{split}/{name}"] = cell(summary[key], count, summary["intervals"][key]) if count else None
        if summary["multi_hop_gap"] is not None:
            interval = summary["intervals"]["multi_hop_gap"]
            cells[f"{split}/multi_hop_gap"] = cell(summary["multi_hop_gap"], len(rows), interval)
        cells |= {f"{split}/{score}": mean_cell(rows, score) for score in ("choice_match", "min_k_20")}
    return Measured(cells, flags)


def modalities(evidence: Evidence) -> Measured:
    """Knowledge by picture questions minus by text questions, and shares of facts known one way, both or none."""
    cells: dict[str, Cell | None] = {}
    for split, rows in rows_by_split(evidence.rows, "keyword_match"):
        if {row["modality"] for row in rows} != set(MODALITIES):
            continue
        result = modality_gap(
            column(rows, "keyword_match"),
            column(rows, "modality"),
            [(row["profile_id"], row["attribute"]) for row in rows],
            profile_ids=column(rows, "profile_id"),
        )
        cells[f"{split}/modality_gap"] = result_cell(result, "modality_gap")
        for kind, interval in result["intervals"].items():
            cells[f"{split}/{kind}"] = cell(result[kind], result["facts"], interval)
    if not cells:
        raise ValueError("no set has both picture questions and text questions")
    return Measured(cells, [])


def utility(evidence: Evidence) -> Measured:
    """Harmonic mean over retain, neighbour and, from a general harness, `general`."""
    rows = [row for row in having(evidence.rows, "keyword_match") if row["split"] in ("retain", "neighbour")]
    general = evidence.general
    if not rows and general is None:
        raise ValueError("no rows of retain or neighbour, and no general tasks")
    knowledge, before = _initial_utility(evidence, rows)
    result = utility_of(rows, knowledge, before, by="split", general=general.scores if general is not None else ())
    cells: dict[str, Cell | None] = {"utility": result_cell(result, "utility")}
    if result["utility_relative"] is not None:
        cells["utility_relative"] = cell(result["utility_relative"], result["n"])
    for group in ("retain", "neighbour"):
        members = [{**row, "truth": _truth(row)} for row in of_split(rows, group)]
        columns = {"probability": "probability", "rouge_l_recall": "rouge_l_recall", "truth_ratio": "truth"}
        cells |= {f"{group}/{name}": mean_cell(members, source) for name, source in columns.items() if members}
    if general is not None:
        cells["general"] = cell(float(np.mean(general.scores)), len(general.scores), bootstrap_mean(general.scores))
        for task, values in general.aggregates.items():
            count = general.tasks.count(task)
            cells |= {f"general/{task}/{name}": cell(value, count) for name, value in values.items()}
    return Measured(cells, result["flags"])


def _truth(row: Row) -> float | None:
    return None if row["truth_ratio"] is None else max(0.0, 1.0 - row["truth_ratio"])


def _initial_utility(evidence: Evidence, rows: Rows) -> tuple[dict[str, float | None] | None, float | None]:
    """Return the groups that the initial model knew and its utility over the rows and components that `rows` have.

    General tasks are not scored before unlearning: with them utility has no relative value.
    """
    if evidence.before is None:
        return None, None
    pairs = zip(aligned(evidence.before, rows), rows, strict=True)
    before = [{**then, **{name: None for name in COMPONENTS if now[name] is None}} for then, now in pairs]
    knowledge = group_knowledge(before, "split")
    if evidence.general is not None:
        return knowledge | {"general": 1.0}, None
    return knowledge, utility_of(before, knowledge, None, by="split")["utility"] or None


def exposure(evidence: Evidence) -> Measured:
    """Exposure of every set in bits and normalized, with chance and, for the forget set, gold."""
    cells: dict[str, Cell | None] = {}
    for split, rows in rows_by_split(evidence.rows, "exposure"):
        extended = [
            {**row, "rank1_share": float(row["rank"] == 1), "exposure_chance": exposure_chance(row["num_candidates"])}
            for row in rows
        ]
        names = ("exposure", "exposure_normalised", "exposure_chance", "rank1_share")
        cells |= {f"{split}/{name}": mean_cell(extended, name) for name in names}
        if evidence.gold is not None and split == "forget":
            gold = column(aligned(evidence.gold, rows), "exposure")
            pairs = [
                {**row, "gold": bits, "excess": row["exposure"] - bits} for row, bits in zip(rows, gold, strict=True)
            ]
            cells[f"{split}/exposure_gold"] = mean_cell(pairs, "gold")
            cells[f"{split}/exposure_excess"] = mean_cell(pairs, "excess")
    if not cells:
        raise ValueError("no row has candidates")
    return Measured(cells, [] if evidence.gold is not None else ["no_gold"])


def truth_ratio(evidence: Evidence) -> Measured:
    """Geometric mean of the truth ratio R of every set (below 1 = prefers the truth) and mean of max(0, 1 - R).

    `truth_ratio` averages a row's wrong answers geometrically, `truth_ratio_arithmetic` as TOFU's model utility does.
    """
    cells: dict[str, Cell | None] = {}
    for name, truth in (("truth_ratio", "truth"), ("truth_ratio_arithmetic", "truth_arithmetic")):
        for split, rows in rows_by_split(evidence.rows, name):
            logs = [float(np.log(row[name])) for row in rows]
            low, high = bootstrap_mean(logs, clusters=column(rows, "profile_id"))
            interval = [None if bound is None else float(np.exp(bound)) for bound in (low, high)]
            cells[f"{split}/{name}"] = cell(float(np.exp(np.mean(logs))), len(rows), interval)
            cells[f"{split}/{truth}"] = mean_cell([{**row, truth: max(0.0, 1.0 - row[name])} for row in rows], truth)
    if not cells:
        raise ValueError("no row has perturbed answers")
    return Measured(cells, [])


def forget(evidence: Evidence) -> Measured:
    """Forget score: from the initial model (0) to gold (1)."""
    if evidence.before is None:
        raise ValueError("it compares with the model before unlearning: give --before")
    rows = having(of_split(evidence.rows, "forget"), "keyword_match")
    if not rows:
        raise ValueError("no rows of forget")
    result = forget_of(rows, evidence.before, evidence.gold)
    cells: dict[str, Cell | None] = {"forget": result_cell(result, "forget")}
    for name, model in (("after", rows), ("before", evidence.before), ("gold", evidence.gold)):
        if model is not None:
            cells[f"knowledge_{name}"] = mean_cell(aligned(model, rows), "keyword_match")
    return Measured(cells, result["flags"])


def quality(evidence: Evidence) -> Measured:
    """Forget quality: whether the truth ratios of the forget set are distributed as those of gold."""
    if evidence.gold is None:
        raise ValueError("it compares with a retrained model: give --gold")
    rows = having(of_split(evidence.rows, "forget"), "truth_ratio")
    if not rows:
        raise ValueError("no forget row has perturbed answers")
    ratios, gold_ratios = (np.array(column(model, "truth_ratio")) for model in (rows, aligned(evidence.gold, rows)))

    def ks(indices: np.ndarray) -> float:
        return forget_quality(ratios[indices], gold_ratios[indices])["ks"]

    result = forget_quality(ratios, gold_ratios)
    interval = bootstrap(ks, len(rows), clusters=column(rows, "profile_id"), resamples=200)
    cells: dict[str, Cell | None] = {name: cell(value, len(rows)) for name, value in result.items()}
    return Measured(cells | {"ks": cell(result["ks"], len(rows), interval)}, [])


def privacy(evidence: Evidence) -> Measured:
    """Privacy leakage: how well each attack tells the forget set from holdout rows, and how well for gold."""
    rows = [row for row in evidence.rows if row["split"] in ("forget", "holdout")]
    if not of_split(rows, "forget") or not of_split(rows, "holdout"):
        raise ValueError("it compares the splits forget and holdout, and needs rows of both")
    gold = None if evidence.gold is None else aligned(evidence.gold, rows)
    members = [int(row["split"] == "forget") for row in rows]
    cells: dict[str, Cell | None] = {}
    flags: list[str] = []
    for attack in ATTACKS:
        if rows[0].get(attack) is None:
            continue
        result = privacy_leakage(
            column(rows, attack),
            members,
            None if gold is None else column(gold, attack),
            profile_ids=column(rows, "profile_id"),
        )
        cells[f"{attack}/auc"] = result_cell(result, "auc")
        for name in ("auc_gold", "privacy_leakage", "privleak_muse"):
            if result[name] is not None:
                cells[f"{attack}/{name}"] = cell(result[name], result["n"])
        flags += result["flags"]
    if not cells:
        raise ValueError("no row has membership scores")
    return Measured(cells, flags)

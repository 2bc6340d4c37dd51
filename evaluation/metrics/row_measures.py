"""More metrics of `lethe evaluate`, as `measures`: kinds of answers, fluency, extraction, profiles, sampled answers."""

from collections import Counter

from lethebench.evaluation.metrics.answer_kind import ANSWER_KINDS
from lethebench.evaluation.metrics.fluency import fluency_threshold, is_fluent
from lethebench.evaluation.metrics.leak import leak_summary
from lethebench.evaluation.metrics.measures import (
    ATTACKS,
    Cell,
    Evidence,
    Measured,
    cell,
    mean_cell,
    of_split,
    rows_by_split,
)
from lethebench.evaluation.metrics.profile_membership import profile_membership
from lethebench.evaluation.metrics.rows import Row, Rows, aligned, column, having

FLUENCY_LIMIT = 0.9
"""Below this share of the initial model's fluent answers on kept rows, fluency is lost."""
RESAMPLES = 200
"""Bootstrap resamples of each attack on profiles, of which there are dozens."""
KEPT_SPLITS = ("retain", "neighbour", "test")


def answer_kinds(evidence: Evidence) -> Measured:
    """Shares of right, wrong, refused and invalid answers of every set; by judges where they judged a row."""
    cells: dict[str, Cell | None] = {}
    for split, rows in rows_by_split(evidence.rows, "answer_kind"):
        for kind in ANSWER_KINDS:
            marked = [{**row, "is_kind": float((row.get("judged_kind") or row["answer_kind"]) == kind)} for row in rows]
            cells[f"{split}/{kind}"] = mean_cell(marked, "is_kind")
    if not cells:
        raise ValueError("no row has an answer_kind: score the model again")
    return Measured(cells, [])


def fluency(evidence: Evidence) -> Measured:
    """Share of answers of every set that are language; `fluency_lost` where it falls on kept rows.

    `likely` is the share of answers to kept rows that the initial model finds no less likely than the 1st percentile of
    its own. It enters no score, since answers that only differ from the initial model's are as unlikely as broken ones:
    compare it with `likely_gold`.
    """
    cells: dict[str, Cell | None] = _likely(evidence)
    shares: Counter[str] = Counter()
    for split, rows in rows_by_split(evidence.rows, "generated"):
        cells[f"{split}/fluent"] = mean_cell(_with_fluency(rows), "fluent")
        if evidence.before is not None:
            initial = _with_fluency(aligned(evidence.before, rows))
            cells[f"{split}/fluent_before"] = mean_cell(initial, "fluent")
            if split in KEPT_SPLITS:
                shares["after"] += sum(row["fluent"] for row in _with_fluency(rows))
                shares["before"] += sum(row["fluent"] for row in initial)
    if not cells:
        raise ValueError("no row has an answer")
    lost = shares["after"] < FLUENCY_LIMIT * shares["before"]
    return Measured(cells, ["fluency_lost"] if lost else [])


def likely_threshold(initial: Rows | None) -> float | None:
    """Return the `fluency_threshold` of an initial model's rows by their `answer_logprob`; None where none has one."""
    own = column(having(initial or (), "answer_logprob"), "answer_logprob")
    return fluency_threshold(own) if own else None


def _likely(evidence: Evidence) -> dict[str, Cell | None]:
    """Return the shares of likely answers of the model and of gold; none where no initial model scored the answers."""
    threshold = likely_threshold(evidence.before)
    if threshold is None:
        return {}
    cells: dict[str, Cell | None] = {}
    for suffix, rows in (("", evidence.rows), ("_gold", evidence.gold or ())):
        for split, members in rows_by_split(rows, "answer_logprob"):
            likely = [{**row, "likely": float(row["answer_logprob"] >= threshold)} for row in members]
            cells[f"{split}/likely{suffix}"] = mean_cell(likely, "likely")
    return cells


def _with_fluency(rows: list[Row]) -> list[dict]:
    return [{**row, "fluent": float(is_fluent(row))} for row in rows]


def extraction(evidence: Evidence) -> Measured:
    """Extraction strength and token-wise exact memorization of every set, and those of gold on the forget set."""
    cells: dict[str, Cell | None] = {}
    for split, rows in rows_by_split(evidence.rows, "extraction_strength"):
        for name in ("extraction_strength", "exact_memorization"):
            cells[f"{split}/{name}"] = mean_cell(rows, name)
            if evidence.gold is not None and split == "forget":
                cells[f"{split}/{name}_gold"] = mean_cell(aligned(evidence.gold, rows), name)
    if not cells:
        raise ValueError("no row has an extraction_strength: score the model again")
    return Measured(cells, [])


def option_probability(evidence: Evidence) -> Measured:
    """Mean probability of the right answer among the options of every set, or among wrong answers of its form."""
    cells: dict[str, Cell | None] = {}
    for split, rows in rows_by_split(evidence.rows, "option_probability"):
        cells[f"{split}/option_probability"] = mean_cell(rows, "option_probability")
    if not cells:
        raise ValueError("no row has options or perturbed answers")
    return Measured(cells, [])


def profile_attacks(evidence: Evidence) -> Measured:
    """AUC and true-positive rate at 1 % false positives of attacks on whole profiles: forget and retain, to holdout."""
    holdout = of_split(evidence.rows, "holdout")
    cells: dict[str, Cell | None] = {}
    flags: list[str] = []
    for split in ("forget", "retain"):
        inside = of_split(evidence.rows, split)
        rows = [*inside, *holdout]
        if not inside or not holdout:
            continue
        models = {"": rows} | ({} if evidence.gold is None else {"_gold": aligned(evidence.gold, rows)})
        for attack in ATTACKS:
            for model, scored in models.items():
                if any(row.get(attack) is None for row in scored):
                    continue
                members = [1] * len(inside) + [0] * len(holdout)
                result = profile_membership(
                    column(scored, attack), members, column(scored, "profile_id"), resamples=RESAMPLES
                )
                for name, title in (("auc", "auc"), ("tpr", "tpr_at_1_fpr")):
                    cells[f"{split}/{attack}/{title}{model}"] = cell(
                        result[name], result["n"], result["intervals"][name]
                    )
                flags += result["flags"]
    if not cells:
        raise ValueError("it compares forget or retain with holdout, and needs membership scores of both")
    return Measured(cells, flags)


def leak(evidence: Evidence) -> Measured:
    """leak@k of every set, and that of gold on the forget set."""
    cells: dict[str, Cell | None] = {}
    for split, rows in rows_by_split(evidence.rows, "leaks"):
        models = {"": rows}
        if evidence.gold is not None and split == "forget":
            models["_gold"] = aligned(evidence.gold, rows)
        for model, scored in models.items():
            if any(row.get("leaks") is None for row in scored):
                continue
            summary = leak_summary(
                *(column(scored, name) for name in ("leaks", "num_samples")), profile_ids=column(scored, "profile_id")
            )
            for name, interval in summary["intervals"].items():
                cells[f"{split}/{name}{model}"] = cell(summary[name], summary["n"], interval)
    if not cells:
        raise ValueError("no answers were sampled: give --samples")
    return Measured(cells, [])

"""The headline table: every method beside the initial model, the gold model and chance; and the same for each seed."""

from collections.abc import Sequence
from typing import Any

from lethebench.report.load import RunRecord
from lethebench.report.seeds import Group, Stat, stat
from lethebench.report.tables import ABSENT, SPREAD, Cell, Column, Table, stat_cell

FIGURES = (
    Column("forget", "Forget", "higher", SPREAD),
    Column("forget_worst", "Forget, worst tenth", "higher", SPREAD),
    Column("indistinguishable", "As gold to attackers", "higher", SPREAD),
    Column("keep", "Keep", "higher", SPREAD),
    Column("keep_worst", "Keep, worst tenth", "higher", SPREAD),
    Column("fluent", "Fluent", "higher", SPREAD),
    Column("stability", "Stability", "higher", SPREAD),
    Column("exposure", "Exposure, bits", "gold", SPREAD),
    Column("exposure_excess", "Above gold, bits", "zero", SPREAD),
    Column("score", "Score", "higher", SPREAD),
    Column("score_last", "Score, last stage", "higher", SPREAD),
)
"""Figures of a method by their name in summary.json: over all stages; exposure and `score_last` after the last one."""
KNOWLEDGE = (
    Column("knows_forgotten", "Knowledge, forget set", "gold", ("sd",)),
    Column("knows_retained", "Knowledge, retain set", "higher", ("sd",)),
)
NONE = Stat(None, n=0)
INITIAL, GOLD, CHANCE = "before unlearning", "gold (retrained)", "chance"
FLAGS = {
    "collapsed": "The model lost more than half of its utility: what it no longer answers is broken, not forgotten.",
    "fluency_lost": "Of the answers to kept questions that were language before, more than a tenth no longer are.",
    "one_gold_seed": "There is one gold model per stage, so how far gold models differ is unknown: distances to it "
    "count from 0. Train several with --gold-seeds.",
    "not_memorized": "Some profiles were known no better than by a gold model; they are left out of forget.",
    "not_memorised": "Stage 1 failed the memorization gate, so there was little to forget; do not rely on the figures "
    "after it.",
    "over_unlearned": "The model answers fewer questions of the forget set than a model that never saw it, which is "
    "itself a trace of the removed data.",
    "no_gold": "There is no retrained model to compare with: forget is measured against zero, and exposure has no "
    "reference.",
    "not_measured": "Some figures could not be measured; the reasons are listed below the table.",
    "rouge_not_measured": "Some answers, such as emoji, have no word for ROUGE-L; they are left out of it.",
    "sampled": "Measured on a sample of the rows.",
    "not_finished": "The run stopped before the last stage of this method; resume it to fill this row.",
}


def headline(group: Group) -> Table:
    """Return one row per method, with the initial model above and the gold model and chance below."""
    columns = [Column("model", "Model"), *FIGURES, *KNOWLEDGE, Column("flags", "Flags")]
    rows = [[Cell(INITIAL), *_initial(group), Cell("")]]
    rows += [[Cell(name), *_method(group, name), _flags(group, name)] for name in group.methods]
    rows += [[Cell(GOLD), *_gold(group), Cell("")], [Cell(CHANCE, "random ranking"), *_chance(group), Cell("")]]
    last = len(rows) - 1
    return Table("headline", f"After the last of {group.tasks} tasks", columns, rows, frozenset({0, last - 1, last}))


def per_seed(group: Group) -> Table:
    """Return the figures of each seed, from which the headline takes mean and standard deviation."""
    rows = []
    for method in group.methods:
        for run in group.runs:
            final = (_summary(run, method) or {}).get("final", {})
            cells = [stat_cell(stat([final.get(column.key)])) for column in FIGURES]
            rows.append([Cell(method), Cell(str(run.seed)), *cells, Cell(", ".join(final.get("flags") or []))])
    figures = [Column(column.key, column.title, column.better) for column in FIGURES]
    columns = [Column("model", "Model"), Column("seed", "Seed"), *figures, Column("flags", "Flags")]
    return Table("seeds", "The same for each seed", columns, rows)


def flags_of(group: Group, method: str) -> dict[str, int]:
    """Return flag -> number of runs in which a method has it; an unfinished method has `not_finished`."""
    counts: dict[str, int] = {}
    for run in group.runs:
        summary = _summary(run, method)
        for flag in ["not_finished"] if summary is None else dict.fromkeys(summary["final"].get("flags") or []):
            counts[flag] = counts.get(flag, 0) + 1
    return counts


def explained_flags(group: Group) -> list[tuple[str, str]]:
    """Return each flag of the headline with its meaning."""
    flags = dict.fromkeys(flag for method in group.methods for flag in flags_of(group, method))
    return [(flag, FLAGS.get(flag, "A flag of the run; see the documentation of the metrics.")) for flag in flags]


def unmeasured(group: Group) -> list[tuple[str, str]]:
    """Return (method, reason) for figures that a finished method could not measure."""
    pairs: dict[tuple[str, str], None] = {}
    for method in group.methods:
        for summary in group.summaries(method):
            pairs |= {(method, str(reason)): None for reason in summary.get("not_measured") or []}
    return list(pairs)


def unfinished(group: Group) -> list[str]:
    """Return one sentence for each part that a run has not reached."""
    sentences = []
    for run in group.runs:
        name = f"{run.name} (seed {run.seed})" if len(group.runs) > 1 else "This run"
        if run.gate is None:
            sentences.append(f"{name}: stage 1 is not finished, so there are no gate and no initial model.")
        for method in run.methods:
            if method.summary is None:
                sentences.append(
                    f"{name}: {method.name} is not finished, {method.stages_done} of {len(run.order)} stages done."
                )
        if run.gold is None:
            sentences.append(f"{name}: no gold model was retrained, so there is nothing to compare with.")
        elif run.last_gold is None:
            sentences.append(f"{name}: no gold model was retrained without all {len(run.order)} tasks.")
    return sentences


def _summary(run: RunRecord, method: str) -> dict[str, Any] | None:
    return next(entry.summary for entry in run.methods if entry.name == method)


def _method(group: Group, method: str) -> list[Cell]:
    summaries = group.summaries(method)
    forgotten = stat([mean(summary["knowledge"][-1]) for summary in summaries])
    retained = stat([summary["retain_knowledge"][-1] for summary in summaries])
    figures = [group.final(method, column.key) for column in FIGURES]
    return [stat_cell(value) for value in (*figures, forgotten, retained)]


def _initial(group: Group) -> list[Cell]:
    knowledge = []
    for run in group.runs:
        first = [entry.summary["knowledge"][0] for entry in run.methods if entry.summary is not None]
        knowledge.append(mean(first[0]) if first else None)
    forgotten = stat(knowledge)
    exposure, gold = group.initial_score("exposure"), group.gold("exposure").value
    excess = Stat(exposure.value - gold) if exposure.value is not None and gold is not None else NONE
    figures = {
        "forget": _defined(0.0, forgotten),
        "exposure": stat_cell(exposure),
        "exposure_excess": stat_cell(excess),
    }
    cells = [figures.get(column.key, stat_cell(NONE)) for column in FIGURES]
    return [*cells, stat_cell(forgotten), stat_cell(group.before("retain_knowledge"))]


def _gold(group: Group) -> list[Cell]:
    stages = [run.last_gold for run in group.runs]
    forgotten = stat([mean(stage["knowledge"]) if stage and stage.get("knowledge") else None for stage in stages])
    exposure = group.gold("exposure")
    figures = {"exposure": stat_cell(exposure), "exposure_excess": _defined(0.0, exposure)}
    figures |= {name: _defined(1.0, forgotten) for name in ("forget", "indistinguishable")}
    cells = [figures.get(column.key, stat_cell(NONE)) for column in FIGURES]
    return [*cells, stat_cell(forgotten), stat_cell(group.gold("retain_knowledge"))]


def _defined(value: float, measured: Stat) -> Cell:
    """Return a cell with a value that holds by definition, as soon as its base was measured."""
    return stat_cell(NONE) if measured.value is None else stat_cell(Stat(value), note="by definition")


def _chance(group: Group) -> list[Cell]:
    stats = {"exposure": group.gold("exposure_chance")}
    return [stat_cell(stats.get(column.key, NONE)) for column in (*FIGURES, *KNOWLEDGE)]


def _flags(group: Group, method: str) -> Cell:
    runs = len(group.runs)
    flags = (f"{flag} ({count} of {runs})" if runs > 1 else flag for flag, count in flags_of(group, method).items())
    return Cell(", ".join(flags) or ABSENT)


def mean(values: Sequence[float | None]) -> float | None:
    """Return the mean of the values that are not None; None if there is none."""
    present = [value for value in values if value is not None]
    return sum(present) / len(present) if present else None

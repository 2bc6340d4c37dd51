"""The headline table: every method beside the initial and the gold model; the figures behind it and of each seed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from lethebench.evaluation.metrics.utility import GROUPS
from lethebench.evaluation.validity import notes_on
from lethebench.report.load import RunRecord
from lethebench.report.seeds import Group, Stat, stat
from lethebench.report.tables import ABSENT, SPREAD, Cell, Column, Table, number, stat_cell

SCORES = (
    Column("score", "Score", "higher", SPREAD),
    Column("score_last", "Score, last stage", "higher", SPREAD),
    Column("forget", "Forget", "higher", SPREAD),
    Column("indistinguishable", "As gold to attackers", "higher", SPREAD),
    Column("keep", "Keep", "higher", SPREAD),
    Column("fluent", "Fluent", "higher", SPREAD),
    Column("stability", "Stability", "higher", SPREAD),
)
"""Figures of a method over all stages, by their name in summary.json; `score_last` is of the last stage alone."""
BEHIND = (
    Column("forget_worst", "Forget, worst tenth", "higher", SPREAD),
    Column("keep_worst", "Keep, worst task", "higher", SPREAD),
    Column("exposure", "Exposure, bits", "gold", SPREAD),
    Column("exposure_excess", "Above gold, bits", "zero", SPREAD),
    Column("in_sample_utility", "In-sample utility", "higher", SPREAD),
    Column("in_sample_utility_relative", "In-sample utility, relative", "higher", SPREAD),
)
"""Further figures: the worst ones over all stages, the others after the last one."""
FIGURES = SCORES + BEHIND
KNOWLEDGE = (
    Column("knows_forgotten", "Knowledge, forget set", "gold", ("sd",)),
    Column("knows_retained", "Knowledge, retain set", "higher", ("sd",)),
)
NONE = Stat(None, n=0)
INITIAL, GOLD, CHANCE = "before unlearning", "gold (retrained)", "chance"
FLAGS = {
    "collapsed": "The model lost more than half of its utility: what it no longer answers is broken, not forgotten.",
    "diverged": "At a stage a loss was not finite, so that the model before it was kept, or the model answered no kept "
    "question any more.",
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


_PARTS = {
    "probability": "there are no probabilities of answers",
    "rouge_l_recall": "no answer has a word that ROUGE-L compares",
    "truth_ratio": "the rows have no wrong answers to compare with",
}
"""Part of in-sample utility -> why it has no value, where summary.json has its name alone."""


def headline(group: Group) -> Table:
    """Return the scores of every method, with the initial model above and the gold model below."""
    rows = [[Cell(INITIAL), *_cells(SCORES, _initial(group)), Cell("")]]
    rows += [[Cell(name), *_cells(SCORES, _method(group, name)), _flags(group, name)] for name in group.methods]
    rows += [[Cell(GOLD), *_cells(SCORES, _gold(group)), Cell("")]]
    columns = [Column("model", "Model"), *SCORES, Column("flags", "Flags")]
    caption = f"Over the stages of {group.tasks} tasks" if group.tasks > 1 else "After the task"
    return Table("headline", caption, columns, rows, frozenset({0, len(rows) - 1}))


def behind(group: Group) -> Table:
    """Return the figures that are not in the headline, with the gold model and chance below."""
    columns = (*BEHIND, *KNOWLEDGE)
    rows = [[Cell(INITIAL), *_cells(columns, _initial(group))]]
    rows += [[Cell(name), *_cells(columns, _method(group, name))] for name in group.methods]
    rows += [[Cell(GOLD), *_cells(columns, _gold(group))]]
    rows += [[Cell(CHANCE, "random ranking"), *_cells(columns, _chance(group))]]
    last = len(rows) - 1
    caption = "Worst profiles over the stages; exposure, in-sample utility and knowledge after the last one"
    return Table("behind", caption, [Column("model", "Model"), *columns], rows, frozenset({0, last - 1, last}))


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


def weak_metrics() -> list[str]:
    """Return a line for each figure that VALIDITY.md measured to be weak; knowledge is `keyword_match`."""
    return notes_on([*(column.key for column in FIGURES), "keyword_match", "exact_match"])


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
            pairs |= {(method, _reason(str(reason))): None for reason in summary.get("not_measured") or []}
            if summary["final"].get("exposure") is None:
                pairs[method, "exposure: no row has candidates among which its true value is ranked"] = None
    return list(pairs)


def _reason(text: str) -> str:
    """Return why a figure is missing; for the name of a part of in-sample utility, or of a group, in words."""
    group, _, part = text.partition("_")
    if text in GROUPS:
        return f"in-sample utility of {text} rows: the initial model knew too few of them"
    return f"{text}, a part of in-sample utility: {_PARTS[part]}" if group in GROUPS and part in _PARTS else text


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


def _cells(columns: Sequence[Column], cells: Mapping[str, Cell]) -> list[Cell]:
    return [cells.get(column.key, stat_cell(NONE)) for column in columns]


def _method(group: Group, method: str) -> dict[str, Cell]:
    summaries = group.summaries(method)
    cells = {column.key: stat_cell(group.final(method, column.key)) for column in FIGURES}
    if len(summaries) == 1:
        for name, (profile, value) in (summaries[0].get("worst_profile") or {}).items():
            key = "forget_worst" if name == "forget" else name
            if cells[key].exact:
                cells[key] = replace(cells[key], note=f"{profile}: {number(value)}")
    return cells | {
        "knows_forgotten": stat_cell(stat([mean(summary["knowledge"][-1]) for summary in summaries])),
        "knows_retained": stat_cell(stat([summary["retain_knowledge"][-1] for summary in summaries])),
    }


def _initial(group: Group) -> dict[str, Cell]:
    knowledge = []
    for run in group.runs:
        first = [entry.summary["knowledge"][0] for entry in run.methods if entry.summary is not None]
        knowledge.append(mean(first[0]) if first else None)
    forgotten, utility = stat(knowledge), group.before("in_sample_utility")
    exposure, gold = group.initial_score("exposure"), group.gold("exposure").value
    excess = Stat(exposure.value - gold) if exposure.value is not None and gold is not None else NONE
    return {
        "forget": _defined(0.0, forgotten),
        "keep": _defined(1.0, forgotten),
        "fluent": _defined(1.0, forgotten),
        "exposure": stat_cell(exposure),
        "exposure_excess": stat_cell(excess),
        "in_sample_utility": stat_cell(utility),
        "in_sample_utility_relative": _defined(1.0, utility),
        "knows_forgotten": stat_cell(forgotten),
        "knows_retained": stat_cell(group.before("retain_knowledge")),
    }


def _gold(group: Group) -> dict[str, Cell]:
    stages = [run.last_gold for run in group.runs]
    forgotten = stat([mean(stage["knowledge"]) if stage and stage.get("knowledge") else None for stage in stages])
    exposure = group.gold("exposure")
    return {
        "forget": _defined(1.0, forgotten),
        "indistinguishable": _defined(1.0, forgotten),
        "exposure": stat_cell(exposure),
        "exposure_excess": _defined(0.0, exposure),
        **{name: stat_cell(group.gold(name)) for name in ("in_sample_utility", "in_sample_utility_relative")},
        "knows_forgotten": stat_cell(forgotten),
        "knows_retained": stat_cell(group.gold("retain_knowledge")),
    }


def _defined(value: float, measured: Stat) -> Cell:
    """Return a cell with a value that holds by definition, as soon as its base was measured."""
    return stat_cell(NONE) if measured.value is None else stat_cell(Stat(value), note="by definition")


def _chance(group: Group) -> dict[str, Cell]:
    return {"exposure": stat_cell(group.gold("exposure_chance"))}


def _flags(group: Group, method: str) -> Cell:
    runs = len(group.runs)
    flags = (f"{flag} ({count} of {runs})" if runs > 1 else flag for flag, count in flags_of(group, method).items())
    return Cell(", ".join(flags) or ABSENT)


def mean(values: Sequence[float | None]) -> float | None:
    """Return the mean of the values that are not None; None if there is none."""
    present = [value for value in values if value is not None]
    return sum(present) / len(present) if present else None

"""Every metric by name: what it measures, what it needs and where it is computed. Imports no numerical package.

`lethe list metrics`, `lethe evaluate --metrics`, `lethe push-metric`, the documentation and the tests read this table.
"""

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Need = Literal[
    "text", "logprobs", "candidates", "membership", "holdout", "samples", "judge", "before", "gold", "attacks", "stages"
]
NEEDS: dict[Need, str] = {
    "text": "answers",
    "logprobs": "logprobs",
    "candidates": "candidate logprobs",
    "membership": "token logprobs",
    "holdout": "holdout rows",
    "samples": "--samples",
    "judge": "--judge",
    "before": "--before",
    "gold": "--gold",
    "attacks": "lethe attack",
    "stages": "a run",
}
_MEASURES = "lethebench.evaluation.metrics.measures"
_JUDGE_MEASURES = "lethebench.evaluation.judges.measures"
_ROW_MEASURES = "lethebench.evaluation.metrics.row_measures"
_CHECKPOINT = "lethebench.evaluation.metrics.checkpoint"


@dataclass(frozen=True)
class MetricEntry:
    """One metric.

    Attributes:
        name: as in `--metrics`; of a module also its folder in `evaluation/`.
        summary: what it measures, in a line.
        needs: keys of NEEDS without which it cannot be measured.
        range: of its main result.
        direction: which way is better, or what a high value means.
        measure: `package.module:function` from `Evidence` to cells and flags; None for a metric of a whole run.
        takes: what a module's predictions are: texts, numbers or lists of numbers.
        headline: the results that `lethe evaluate` prints; of a metric per split, without the split.
        module: whether `evaluation/<name>/` is a module of the `evaluate` library.
    """

    name: str
    summary: str
    needs: tuple[Need, ...]
    range: str = "0 .. 1"
    direction: str = "higher is better"
    measure: str | None = None
    headline: tuple[str, ...] = ()
    module: bool = True
    takes: str | None = None

    @property
    def from_text(self) -> bool:
        """Whether generated answers suffice, as those of a model behind an API."""
        return not {"logprobs", "candidates", "membership", "samples"} & set(self.needs)


METRICS: dict[str, MetricEntry] = {
    entry.name: entry
    for entry in (
        MetricEntry(
            "memorization",
            "Share of the training answers that the model repeats",
            needs=("text",),
            direction="higher = more memorized",
            measure=f"{_MEASURES}:memorization",
            headline=("exact_match",),
            takes="texts",
        ),
        MetricEntry(
            "utility",
            "Utility outside the forget set; in-sample on rows that were trained on",
            needs=("text",),
            measure=f"{_MEASURES}:utility",
            headline=("utility", "utility_relative"),
            takes="texts",
        ),
        MetricEntry(
            "exposure",
            "Bits of a fact that the model gives away",
            needs=("candidates",),
            range="from 0 bits",
            direction="as gold is best",
            measure=f"{_MEASURES}:exposure",
            headline=("exposure", "exposure_gold"),
            takes="lists of numbers",
        ),
        MetricEntry(
            "truth_ratio",
            "Likelihood of wrong answers relative to right ones",
            needs=("logprobs",),
            range="above 0",
            direction="below 1 = prefers the truth",
            measure=f"{_MEASURES}:truth_ratio",
            headline=("truth_ratio",),
            module=False,
        ),
        MetricEntry(
            "option_probability",
            "Probability of the right answer among options or wrong answers",
            needs=("logprobs",),
            measure=f"{_ROW_MEASURES}:option_probability",
            headline=("option_probability",),
            module=False,
        ),
        MetricEntry(
            "extraction",
            "Extraction strength and share of an answer's tokens reproduced",
            needs=("logprobs",),
            direction="higher = more memorized",
            measure=f"{_ROW_MEASURES}:extraction",
            headline=("extraction_strength", "exact_memorization"),
            module=False,
        ),
        MetricEntry(
            "answer_kinds",
            "Shares of right, wrong, refused and invalid answers",
            needs=("text",),
            direction="as gold is best",
            measure=f"{_ROW_MEASURES}:answer_kinds",
            headline=("refusal", "invalid"),
            module=False,
        ),
        MetricEntry(
            "fluency",
            "Share of answers that are language; with --judge, how fluent they are",
            needs=("text",),
            range="share 0 .. 1; verdicts 1 .. 10",
            measure=f"{_JUDGE_MEASURES}:fluency",
            headline=("fluent", "fluency"),
            takes="texts",
        ),
        MetricEntry(
            "rejection",
            "How clearly answers decline, by judges (MLUBench)",
            needs=("text", "judge"),
            direction="higher = declines more",
            measure=f"{_JUDGE_MEASURES}:rejection",
            headline=("rejection",),
            takes="texts",
        ),
        MetricEntry(
            "correctness",
            "Whether answers state the fact, by judges (MLUBench)",
            needs=("text", "judge"),
            measure=f"{_JUDGE_MEASURES}:correctness",
            headline=("correctness",),
            takes="texts",
        ),
        MetricEntry(
            "factuality",
            "How far answers agree with the facts, by judges (MLLMU-Bench)",
            needs=("text", "judge"),
            range="1 .. 10",
            measure=f"{_JUDGE_MEASURES}:factuality",
            headline=("factuality",),
            takes="texts",
        ),
        MetricEntry(
            "forget",
            "How much of the forget set is gone",
            needs=("text", "before"),
            measure=f"{_MEASURES}:forget",
            headline=("forget",),
            takes="numbers",
        ),
        MetricEntry(
            "indistinguishable",
            "Closeness to the gold model on the asked facts",
            needs=("candidates", "before", "gold"),
            measure=f"{_CHECKPOINT}:indistinguishable",
            headline=("indistinguishable",),
            module=False,
        ),
        MetricEntry(
            "keep",
            "Utility kept on rows that no model was trained on",
            needs=("logprobs", "before", "gold"),
            measure=f"{_CHECKPOINT}:keep",
            headline=("keep", "keep_worst"),
            module=False,
        ),
        MetricEntry(
            "forget_quality",
            "Match of the truth ratios with those of the gold model",
            needs=("logprobs", "gold"),
            range="p-value, 0 .. 1",
            direction="higher = closer to gold",
            measure=f"{_MEASURES}:quality",
            headline=("forget_quality",),
            module=False,
        ),
        MetricEntry(
            "privacy_leakage",
            "How well an attack tells the forget set from unseen rows",
            needs=("membership", "holdout"),
            range="from -100 %",
            direction="0 is best",
            measure=f"{_MEASURES}:privacy",
            headline=("min_k_20/auc", "min_k_20/privacy_leakage"),
            takes="numbers",
        ),
        MetricEntry(
            "profile_membership",
            "How well an attack tells whole profiles from unseen ones",
            needs=("membership", "holdout"),
            direction="as gold is best",
            measure=f"{_ROW_MEASURES}:profile_attacks",
            headline=("min_k_20/auc", "min_k_20/tpr_at_1_fpr"),
            module=False,
        ),
        MetricEntry(
            "leak_at_k",
            "Share of facts that any of k sampled answers gives away",
            needs=("samples",),
            direction="lower = less leaks",
            measure=f"{_ROW_MEASURES}:leak",
            headline=("leak_at_1",),
            takes="numbers",
        ),
        MetricEntry(
            "modality_gap",
            "Knowledge by pictures minus knowledge by text",
            needs=("text",),
            range="-1 .. 1",
            direction="0 is best",
            measure=f"{_MEASURES}:modalities",
            headline=("modality_gap",),
            module=False,
        ),
        MetricEntry(
            "stability",
            "Whether a run forgets and keeps at every stage",
            needs=("text", "stages"),
            takes="lists of numbers",
        ),
        MetricEntry(
            "robustness",
            "What attacks recover of the forget set, beyond gold under the same attacks",
            needs=("text", "before", "gold", "attacks", "stages"),
            direction="0 as gold, 1 as before; lower is better",
            takes="numbers",
        ),
        MetricEntry(
            "unlearning",
            "One score of a run: forget, indistinguishable, keep",
            needs=("logprobs", "candidates", "before", "gold", "stages"),
            takes="texts",
        ),
    )
}


def metric_entry(name: str) -> MetricEntry:
    """Return the entry of a metric; raise ValueError with the nearest names if it is unknown."""
    if name in METRICS:
        return METRICS[name]
    nearest = difflib.get_close_matches(name, METRICS, n=1)
    hint = f"did you mean {nearest[0]!r}? " if nearest else ""
    raise ValueError(f"unknown metric {name!r}; {hint}the metrics are {', '.join(METRICS)}")


def folder_of(entry: MetricEntry) -> Path:
    """Return the folder of a metric that is a module of the evaluate library."""
    return Path(__file__).parent / entry.name

"""How far training and rounding move a metric on unlearned models beyond gold models, by several definitions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lethebench.evaluation.metrics.validation import harmonic_mean

UNCHANGED, RELEARNED, ROUNDED = "unchanged", "relearned", ("8 bits", "4 bits")
STATES = (UNCHANGED, RELEARNED, *ROUNDED)
INITIAL = "learnt"
Values = Mapping[str, Mapping[str, Mapping[str, float]]]
"""State -> metric -> model -> value; higher = more knowledge of the forget set."""


@dataclass(frozen=True)
class Measured:
    """The values of all metrics, and the models to compare.

    Attributes:
        alike: Values on facts that were not relearned; a metric that compares with gold and initial models compares
            with models of the same state.
        fixed: The same, compared with unchanged models, the first gold model being one of them.
        trained: As `fixed`, on the facts that were relearned.
        kept: Methods whose models kept their utility.
        methods: All methods.
        golds: Gold models of seeds that no metric compares with.
        reference: The gold model that `fixed` and `trained` compare with.
    """

    alike: Values
    fixed: Values
    trained: Values
    kept: Sequence[str]
    methods: Sequence[str]
    golds: Sequence[str]
    reference: str


def change(values: Values, metric: str, state: str, model: str) -> float:
    """Return what relearning or rounding adds to a metric of a model."""
    return values[state][metric][model] - values[UNCHANGED][metric][model]


def recovered(values: Values, metric: str, state: str, model: str, golds: Sequence[str]) -> float:
    """Return the change of a metric beyond that of gold models, as a share of its range from gold to the initial model.

    The range is that of the unchanged models. A gold model is compared with the others.
    """
    others = [gold for gold in golds if gold != model]
    unchanged = values[UNCHANGED][metric]
    span = unchanged[INITIAL] - np.mean([unchanged[gold] for gold in others])
    excess = change(values, metric, state, model) - np.mean([change(values, metric, state, gold) for gold in others])
    return float(excess / span)


def stability(
    values: Values,
    metric: str,
    state: str,
    models: Sequence[str],
    golds: Sequence[str],
    average: Callable[[Sequence[float]], np.floating] = np.mean,
) -> float:
    """Return 1 - the average over models of |recovered|, at most 1: 1 where a change moves no model beyond gold."""
    moved = [min(1.0, abs(recovered(values, metric, state, model, golds))) for model in models]
    return 1.0 - float(average(moved))


def robustness(of_state: Callable[[str], float]) -> float:
    """Return the harmonic mean of the value of relearning and the mean of those of both roundings."""
    return harmonic_mean([of_state(RELEARNED), float(np.mean([of_state(state) for state in ROUNDED]))])


def alike(first: float, second: float) -> float:
    """Return 1 - |first - second| / (|first| + |second|), 1 where both are 0."""
    total = abs(first) + abs(second)
    return 1.0 - min(1.0, abs(first - second) / total) if total else 1.0


def published(
    values: Values, metric: str, state: str, models: Sequence[str], golds: Sequence[str], *, floor: bool = False
) -> float:
    """Return R (relearning) or Q (rounding) of the meta-evaluation of unlearning depth score, mean over models.

    R compares the changes of a model and of gold, Q the values of a model before and after.

    Args:
        floor: Count a difference as none if it is at most the range of the gold models' changes.

    Source: arXiv 2605.24614.
    """
    gold_changes = [change(values, metric, state, gold) for gold in golds]
    resolution = np.ptp(gold_changes) if floor else -1.0
    results = []
    for model in models:
        before, after = values[UNCHANGED][metric][model], values[state][metric][model]
        pair = (after - before, float(np.mean(gold_changes))) if state == RELEARNED else (after, before)
        results.append(1.0 if abs(pair[0] - pair[1]) <= resolution else alike(*pair))
    return float(np.mean(results))


def definitions(measured: Measured, metric: str) -> dict[str, float]:
    """Return definition -> robustness of a metric; the first is that of the page's table."""
    kept, golds, reference = measured.kept, measured.golds, [measured.reference]
    shares = measured.alike
    return {
        "share of the range": robustness(lambda state: stability(shares, metric, state, kept, golds)),
        "the same, median of the methods": robustness(
            lambda state: stability(shares, metric, state, kept, golds, average=np.median)
        ),
        "the same, with methods that lost utility": robustness(
            lambda state: stability(shares, metric, state, measured.methods, golds)
        ),
        "the same, references left as they were": robustness(
            lambda state: stability(measured.fixed, metric, state, kept, golds)
        ),
        "published": robustness(lambda state: published(measured.fixed, metric, state, kept, reference)),
        "published, with methods that lost utility": robustness(
            lambda state: published(measured.fixed, metric, state, measured.methods, reference)
        ),
        "published, scored on the facts relearned": robustness(
            lambda state: published(measured.trained, metric, state, kept, reference)
        ),
        "published, gold of other seeds, references changed alike": robustness(
            lambda state: published(shares, metric, state, kept, golds)
        ),
        "the same, differences within the spread of gold count as none": robustness(
            lambda state: published(shares, metric, state, kept, golds, floor=True)
        ),
    }
